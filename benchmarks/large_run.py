"""An experiment of any number of pairs as a finished run leaves it: a few made-up pictures under many names.

Nothing is trained, tried on or scored: every picture of a result is the true one of some pair, and scores are drawn at
random. So a report of it measures how reports are made and read, and says nothing of any method.
"""

from __future__ import annotations

import csv
import json
import os
import random
from collections.abc import Iterable
from pathlib import Path

import yaml

from viton.synthetic.config import WorldConfig
from viton.synthetic.dataset import write_world
from viton_eval.commands import resolved_run
from viton_eval.measure_labels import MEASURES
from viton_eval.plan import plan
from viton_eval.trainings import TryOn, try_ons

METHODS = ("non-parametric", "encoder-decoder", "crn", "prgan", "cagan", "viton")
PARTS = {"viton": (".coarse", ".mask", ".warped", ".alpha"), "encoder-decoder": (".mask",)}
FAILS = 50  # each so many-th pair of the non-parametric method has failed


class LargeRun:
    """An experiment in runs/large of the working directory, whose commands name files relative to that."""

    def __init__(self, num_pairs: int, size: tuple[int, int], distinct: int = 48) -> None:
        """size: (H, W).   distinct: people that are drawn, of whom a quarter are in the test split and shown."""
        self.folder = Path("runs/large")
        self.folder.mkdir(parents=True)
        (self.folder / "config.yaml").write_text(yaml.safe_dump(_content(num_pairs, size)))
        self.run = resolved_run(self.folder / "config.yaml", "", "runs", "")
        self.pairs = [(f"{n:05}_00", f"{(7 * n + 3) % num_pairs:05}_00") for n in range(num_pairs)]
        self._pictures = self._data(WorldConfig(people=distinct, garments=0, seed=0, height=size[0], width=size[1]))
        self._made(self.run.warps, "warps.jsonl", "", 1)
        for number, one in enumerate(try_ons(self.run.config)):
            self._made(self.run.results_of(one), "manifest.jsonl", one.method, number)
            self._scored(one)
        self._steps()

    def _data(self, world: WorldConfig) -> list[Path]:
        """People and garments under many names; returns the true try-ons."""
        few, test = Path("few"), self.run.data_root / "test"
        write_world(few, world, workers=1)
        for kind in ("image", "image-parse-v3", "openpose_json", "cloth", "cloth-mask"):
            sources = sorted((few / "test" / kind).iterdir())
            names = sorted({pair["cloth" in kind] for pair in self.pairs})
            ends = [source.name[len("00000_00") :] for source in sources]
            _link(test / kind, ((sources[n % len(sources)], name + ends[0]) for n, name in enumerate(names)))
        truths = sorted((few / "test/image-truth").iterdir())
        _link(test / "image-truth", ((truths[n % len(truths)], f"{p}__{c}.png") for n, (p, c) in enumerate(self.pairs)))
        (self.run.data_root / "test_pairs.txt").write_text("".join(f"{p}.jpg {c}.jpg\n" for p, c in self.pairs))
        return truths

    def _made(self, folder: Path, manifest: str, method: str, number: int) -> None:
        """What a step leaves: pictures with their parts, and a manifest."""
        links, rows = list[tuple[Path, str]](), list[dict[str, object]]()
        for n, (person, clothing) in enumerate(self.pairs):
            row = {"person": person, "clothing": clothing, "iou": 0.5 + 0.5 * (n % 97) / 97}
            if method == "non-parametric" and n % FAILS == 0:
                rows.append(row | {"status": "warp_failed:few_contour_points", "message": "3 points", "iou": None})
                continue
            stem = f"{person}__{clothing}"
            for part in ("", *PARTS.get(method, ())):
                links.append((self._pictures[(n + number) % len(self._pictures)], f"{stem}{part}.png"))
            rows.append(row | {"status": "ok", "file": f"{stem}.png", "sha256": 64 * "0"})
        _link(folder, links)
        (folder / manifest).write_text("".join(json.dumps(row) + "\n" for row in rows))
        times = ({"person": p, "clothing": c, "seconds": 0.1} for p, c in self.pairs)
        (folder / "timing.jsonl").write_text("".join(json.dumps(row) + "\n" for row in times))

    def _scored(self, one: TryOn) -> None:
        path, drawn = self.run.scores_of(one), random.Random(one.label)
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("w", newline="") as stream:
            writer = csv.writer(stream)
            writer.writerow(["person", "clothing", *MEASURES])
            writer.writerows([*pair, *(round(drawn.random(), 5) for _ in MEASURES)] for pair in self.pairs)

    def _steps(self) -> None:
        self.run.steps.mkdir()
        times = {"started": "2026-01-02T03:04:05+00:00", "finished": "2026-01-02T03:04:06+00:00"}
        for step in plan(self.run).values():
            record = {"step": step.name, "command": list(step.command), "key": step.key, "inputs": {}, "error": ""}
            record |= {"status": "ok", "seconds": 1.0, "peak_mib": 100, "commit": "made up"} | times
            (self.run.steps / f"{step.name}.status.json").write_text(json.dumps(record))
            (self.run.steps / f"{step.name}.done.json").write_text("{}")
            (self.run.steps / f"{step.name}.log").write_text("a log\n")
        (self.run.steps / "check.json").write_text('{"problems": []}')


def _content(num_pairs: int, size: tuple[int, int]) -> dict[str, object]:
    height, width = size
    world = {"people": num_pairs, "garments": 0, "seed": 0, "height": height, "width": width}
    reader = {"steps": 5, "world": world}
    stages = {name: {"steps": 20} for name in ("coarse", "refine", "crn", "prgan", "cagan")}
    return {
        "name": "large",
        "purpose": "Pictures under many names, to see how a report of this size is made and read.",
        "data": {"kind": "world", "world": world},
        "height": height,
        "width": width,
        "methods": list(METHODS),
        "perceptual": {"weights": "proxy"},
        "stages": stages | {"proxy": reader, "judge": reader},
        "notebooks": ["comparison"],
    }


def _link(folder: Path, links: Iterable[tuple[Path, str]]) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    for source, name in links:
        os.link(source, folder / name)
