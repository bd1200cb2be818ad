"""`make bench`, scoring: `viton-eval score` beside the plain way to the same numbers, on all cores.

    python -m benchmarks.scoring [--methods 6] [--pairs 256] [--rounds 1] [--json]

The plain way takes one method after another: one call of torch-fidelity for Inception Score, FID and KID together, with
the judge as its feature extractor, and torchmetrics for SSIM, PSNR and L1 in batches of 32, in which the judge's
distance is measured too. Ours is the command itself, as in a shell but for its start: with intervals, paired
differences and digests of every file, which the plain way has not. Both let idle threads sleep (OMP_WAIT_POLICY): on a
machine that does other work too, threads that spin make either several times as slow. The pictures are made up at
256x192, the judge is as wide as the benchmark's and not trained, which costs what a trained one does. Both ways must
agree.
"""

from __future__ import annotations

import os

os.environ.setdefault("OMP_WAIT_POLICY", "passive")  # as the command has it; before torch, of both ways
import argparse
import json
import sys
import tempfile
import time
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path
from statistics import median
from typing import NamedTuple

import cv2
import numpy as np
import pandas as pd
import torch
from torch import Tensor

from viton.checkpoint import StageFolder
from viton.extractors import AttributeReader
from viton.images import Pixels, load_rgb, save_png, to_signed
from viton.judge import JudgeFeatures
from viton.synthetic.config import WorldConfig
from viton.synthetic.dataset import write_world
from viton_eval.judge import Judge
from viton_eval.judge_features import JudgeExtractor
from viton_eval.score_request import Request, score_folders

SIZE = (256, 192)
BATCH = 32  # of the plain way's torchmetrics
MEASURES = ("ssim", "psnr", "l1", "judge", "fid", "kid", "proxy_inception_score")
TOLERANCE = {"psnr": 1e-5, "l1": 1e-5, "fid": 1e-3, "kid": 1e-3}  # else 1e-4: torchmetrics stays in float32
LEAST = 1e-3  # of a number, by which a difference is divided: KID goes through 0
GOAL = 2.0  # times faster
Scores = dict[tuple[str, str], float]  # by method and measure


class Made(NamedTuple):
    """What is scored."""

    root: Path  # of the dataset
    truths: Path
    results: dict[str, Path]
    judge: Path


def make(folder: Path, methods: int, pairs: int) -> Made:
    """Write a dataset of true pictures, each method's pictures, and a judge."""
    root, truths = folder / "data", folder / "data/test/image-truth"
    pictures = list(_pictures(folder / "world", pairs))
    for name in ("cloth", "cloth-mask", "image-parse-v3", "openpose_json"):
        (root / "test" / name).mkdir(parents=True)
    names = [(f"p{number:04}", f"c{number % 64:04}") for number in range(pairs)]
    (root / "pairs.txt").write_text("".join(f"{person}.png {clothing}.png\n" for person, clothing in names))
    results = {f"method-{number}": folder / f"method-{number}" for number in range(methods)}
    for number, ((person, clothing), picture) in enumerate(zip(names, pictures, strict=True)):
        save_png(root / "test/image" / f"{person}.png", picture[:16, :16])
        save_png(root / "test/cloth" / f"{clothing}.png", picture[:16, :16])
        save_png(truths / f"{person}__{clothing}.png", picture)
        for strength, path in enumerate(results.values(), 1):
            save_png(path / f"{person}__{clothing}.png", _spoilt(picture, strength, number))
    return Made(root, truths, results, _judge(folder / "judge"))


def _pictures(world: Path, count: int) -> Iterator[Pixels]:
    """True pictures of a small made-up world, again and again in other light."""
    write_world(world, WorldConfig(people=64, garments=0, seed=0, height=SIZE[0], width=SIZE[1]))
    known = [load_rgb(path) for path in sorted((world / "test/image-truth").iterdir())]
    rng = np.random.default_rng(0)
    for number in range(count):
        light = known[number % len(known)] * rng.uniform(0.7, 1, 3) + rng.uniform(0, 40, 3)
        yield light.clip(0, 255).astype(np.uint8)


def _spoilt(picture: Pixels, strength: int, seed: int) -> Pixels:
    """A picture as a method might leave it: blurred, moved and a little noisy."""
    rng = np.random.default_rng((strength, seed))
    blurred = np.roll(cv2.GaussianBlur(picture, (0, 0), 0.5 * strength), strength, axis=1)
    return (blurred + rng.normal(0, 2, picture.shape)).clip(0, 255).astype(np.uint8)


def _judge(folder: Path) -> Path:
    torch.manual_seed(0)
    reader = AttributeReader(JudgeFeatures(16))
    torch.nn.init.normal_(reader.heads.weight)  # else every verdict is alike
    StageFolder(folder).finish({"judge": reader}, {"stage": "judge", "steps": 1})
    return folder


def ours(made: Made) -> Scores:
    """By `viton-eval score`."""
    results = [f"{name}={folder}" for name, folder in made.results.items()]
    pattern, judge = "{person}__{clothing}.png", f"judge={made.judge}"
    request = Request(
        results, made.root, "pairs.txt", "test", pattern, "ours", made.judge, "", [judge], "", False, "cpu"
    )
    rows: pd.DataFrame = score_folders(request, made.root.parent / "scores.csv")
    return {(row.method, row.measure): row.value for row in rows.itertuples() if row.measure in MEASURES}


def plain(made: Made) -> Scores:
    """By torch-fidelity and torchmetrics, a method at a time."""
    judge, found = Judge.of_stage(made.judge), Scores()
    for name, folder in made.results.items():
        sets = _of_sets(folder, made.truths, JudgeExtractor.of_stage(made.judge))
        found |= {
            (name, measure): value for measure, value in (sets | _of_pictures(folder, made.truths, judge)).items()
        }
    return found


def _of_sets(folder: Path, truths: Path, extractor: JudgeExtractor) -> dict[str, float]:
    """One call of torch-fidelity; KID's one subset holds every picture, as ours does."""
    from torch_fidelity import calculate_metrics
    from torch_fidelity.feature_extractor_base import FeatureExtractorBase
    from torch_fidelity.registry import FEATURE_EXTRACTORS_REGISTRY

    class Registered(FeatureExtractorBase):  # type: ignore[misc]
        def __init__(self, name: str, features_list: list[str], **_: object) -> None:
            super().__init__(name, features_list)
            self.reader = extractor.reader

        @staticmethod
        def get_provided_features_list() -> tuple[str, ...]:
            return ("features", "proxy_logits")

        @staticmethod
        def get_default_feature_layer_for_metric(metric: str) -> str:
            return "proxy_logits" if metric == "isc" else "features"

        def forward(self, images: Tensor) -> tuple[Tensor, ...]:
            said = extractor(images.float())
            return tuple(said[name].double() for name in self.features_list)  # else KID is summed in float32

    FEATURE_EXTRACTORS_REGISTRY["judge"] = Registered
    warnings.filterwarnings("ignore", message="This DataLoader will create")  # more workers than cores, as it does
    count = len(list(folder.iterdir()))
    told = calculate_metrics(
        input1=str(folder), input2=str(truths), feature_extractor="judge", isc=True, fid=True, kid=True, cuda=False,
        cache=False, verbose=False, kid_subsets=1, kid_subset_size=count,
    )  # fmt: skip
    return {
        "fid": told["frechet_inception_distance"],
        "kid": told["kernel_inception_distance_mean"],
        "proxy_inception_score": told["inception_score_mean"],
    }


def _of_pictures(folder: Path, truths: Path, judge: Judge) -> dict[str, float]:
    """By torchmetrics, in batches; of PSNR the mean over pictures."""
    from torchmetrics.image import PeakSignalNoiseRatio, StructuralSimilarityIndexMeasure
    from torchmetrics.regression import MeanAbsoluteError

    ssim, l1 = StructuralSimilarityIndexMeasure(data_range=1.0), MeanAbsoluteError()
    psnr = PeakSignalNoiseRatio(data_range=1.0, dim=(1, 2, 3), reduction="elementwise_mean")
    paths, distances = sorted(folder.iterdir()), list[float]()
    for start in range(0, len(paths), BATCH):
        some = paths[start : start + BATCH]
        one, other = (_stacked([where / path.name for path in some]) for where in (folder, truths))
        for metric in (ssim, psnr, l1):
            metric.update(one / 255, other / 255)
        distances += judge.distance_maps(to_signed(one), to_signed(other)).mean(dim=(1, 2, 3)).tolist()
    values = {"ssim": ssim, "psnr": psnr, "l1": l1}
    return {name: float(metric.compute()) for name, metric in values.items()} | {"judge": float(np.mean(distances))}


def _stacked(paths: list[Path]) -> Tensor:
    return torch.from_numpy(np.stack([load_rgb(path) for path in paths])).permute(0, 3, 1, 2).float().contiguous()


def apart(one: Scores, other: Scores) -> dict[str, float]:
    """The largest relative difference of each measure; raises ValueError for one above its tolerance."""
    if set(one) != set(other):
        raise ValueError(f"scores: expected the same on both sides, got {set(one) ^ set(other)}")
    found = dict.fromkeys(MEASURES, 0.0)
    for (method, measure), value in one.items():
        found[measure] = float(
            np.maximum(found[measure], abs(value - other[method, measure]) / max(abs(other[method, measure]), LEAST))
        )  # NaN stays NaN
    for measure, difference in found.items():
        if not difference <= TOLERANCE.get(measure, 1e-4):
            raise ValueError(f"{measure}: expected the same on both sides, got {difference:.1e} of the value apart")
    return found


class Spent(NamedTuple):
    """What a way took."""

    wall: float  # seconds
    cpu: float  # seconds of all cores, this process' and those of its workers that have ended


class Round(NamedTuple):
    """One round of both, in turn."""

    ours: Spent
    plain: Spent
    apart: dict[str, float]


def timed(way: Callable[[Made], Scores], made: Made) -> tuple[Spent, Scores]:
    """One way's time, and what it found."""
    before = time.perf_counter(), os.times()
    found = way(made)
    after = time.perf_counter(), os.times()
    return Spent(after[0] - before[0], sum(after[1][:4]) - sum(before[1][:4])), found


def round_of(made: Made) -> Round:
    """Both ways; raises ValueError where their numbers disagree."""
    (ours_took, mine), (plain_took, theirs) = timed(ours, made), timed(plain, made)
    return Round(ours_took, plain_took, apart(mine, theirs))


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.scoring", description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--methods", type=int, default=6)
    parser.add_argument("--pairs", type=int, default=256)
    parser.add_argument("--rounds", type=int, default=1, help="of which the median ratio counts")
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        warm, made = (
            make(Path(folder) / n, *of) for n, of in (("a", (1, 16)), ("b", (options.methods, options.pairs)))
        )
        round_of(warm)  # imports, and what torch prepares
        rounds = [round_of(made) for _ in range(options.rounds)]
    ratio = median(one.plain.wall / one.ours.wall for one in rounds)
    if options.json:
        print(json.dumps({"rounds": rounds, "ratio": ratio}))
        return int(ratio < GOAL)
    print(f"{options.methods} methods x {options.pairs} pairs at 256x192, {torch.get_num_threads()} threads\n")
    for one in rounds:
        for what, own, theirs in zip(("wall", "CPU"), one.ours, one.plain, strict=True):
            print(f"{what:4}  viton-eval score {own:7.1f} s   plain way {theirs:7.1f} s   ratio {theirs / own:.2f}")
    print(f"\nmedian ratio {ratio:.2f}, goal {GOAL:g}: {'met' if ratio >= GOAL else 'NOT MET'}")
    told = (f"{name} {value:.0e}" for name, value in rounds[-1].apart.items())
    print(f"largest relative difference of the numbers: {', '.join(told)}")
    return int(ratio < GOAL)


if __name__ == "__main__":
    sys.exit(main())
