"""Warped-mask IoU on the pairs whose score with the authors' own code is known.

    python -m benchmarks.reference --data DIR [--seeds 10] [--json FILE]

DIR holds `reference/` (masks.npz, shape_context_iou.json: what the authors' MATLAB code reached under Octave) and, for
matching above 64 pixels, `vitonhd_sample/`, the photographs that the masks were made from. Measured as there: at 64x48,
the warped garment > 0.5 against the target > 0.5. Masks from the photographs are measured on those same masks, averaged
over area to 64x48: the archive's garments are sampled (nearest), and matching one while warping the other would blame
the warp for the half pixel between them. A pair that cannot be matched counts as IoU 0.
"""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Iterable
from pathlib import Path
from statistics import mean, median
from typing import NamedTuple

import numpy as np
import torch

from viton.config import ShapeContextConfig, WarpConfig
from viton.data.framing import fit_mask
from viton.data.layouts import open_dataset
from viton.data.sample import Pair
from viton.figures import lattice
from viton.images import load_labels, load_mask, to_pixels, to_unit
from viton.parsing import CIHP, clothing_region
from viton.shape_context import Array, MatchError
from viton.warp import apply_warp, fit_sample, fit_warp, warp_sample

AUTHORS = WarpConfig(match=ShapeContextConfig(height=64, points=100))  # what their test script has
DEFAULTS = WarpConfig()
SIZE = (64, 48)


class Row(NamedTuple):
    """One pair, warped once."""

    pair: str
    seed: int
    iou: float
    folds: float  # share of warped garment pixels
    matched: int  # outline points with a partner; 0 when the warp failed
    milliseconds: float  # matching, splines, and pixels at 64x48


def measure(reference: Path, sample: Path | None, config: WarpConfig, seeds: Iterable[int]) -> list[Row]:
    """Warp every pair of `reference` once a seed; masks come from the photographs of `sample` where it is given."""
    rows = []
    drawn = list(seeds)
    with np.load(reference / "masks.npz", allow_pickle=False) as archive:
        for name in sorted({key.split("/")[0] for key in archive.files}):
            at_64 = archive[f"{name}/clothing"].astype(np.float64), archive[f"{name}/target"].astype(np.float64)
            matched_on = at_64
            if sample:
                matched_on = _photographed(sample, name)
                at_64 = _reduced(matched_on[0]), _reduced(matched_on[1])
            rows += [_measured(name, seed, at_64, matched_on, config) for seed in drawn]
    return rows


def refused(reference: Path) -> set[str]:
    """The pairs that the authors' code gives up on."""
    with np.load(reference / "masks.npz", allow_pickle=False) as archive:
        return {key.split("/")[0] for key in archive.files} - set(authors_iou(reference))


def authors_iou(reference: Path) -> dict[str, float]:
    """What the authors' code reaches, by pair."""
    content = json.loads((reference / "shape_context_iou.json").read_text())
    return {row["pair"]: row["iou_dense"] for row in content["pairs"]}


def _measured(
    name: str, seed: int, at_64: tuple[Array, Array], matched_on: tuple[Array, Array], config: WarpConfig
) -> Row:
    clothing, target = (torch.from_numpy(mask).float()[None, None] for mask in at_64)  # (1, 1, 64, 48)
    started = time.perf_counter()
    try:
        fit = fit_warp(*matched_on, config, np.random.default_rng(seed))
    except MatchError:
        return Row(name, seed, 0.0, 0.0, 0, 1000 * (time.perf_counter() - started))
    report = apply_warp([fit], torch.ones(1, 3, *clothing.shape[2:]), clothing, target).reports[0]
    return Row(name, seed, report.iou, report.folds, report.matched, 1000 * (time.perf_counter() - started))


def _photographed(sample: Path, name: str) -> tuple[Array, Array]:
    """The masks of a pair at the photographs' own size."""
    data, pair = open_dataset(sample, "test"), Pair(*name.split("__"))
    labels = load_labels(data.parsing_path(pair.person))
    target = clothing_region(labels, CIHP, DEFAULTS.fidelity)
    return load_mask(data.mask_path(pair.clothing)).astype(np.float64), target.astype(np.float64)


def _reduced(mask: Array) -> Array:
    return to_unit(fit_mask(mask.astype(np.uint8), SIZE))


def table(label: str, rows: list[Row], authors: dict[str, float]) -> str:
    """Plain text: a line a person, one for all, and one a pair, best first."""
    lines = [f"{label}: {len({row.pair for row in rows})} pairs, {len({row.seed for row in rows})} seeds"]
    lines.append(f"  {'':<16} {'IoU':>7} {'authors':>8} {'folds':>8} {'matched':>8} {'ms':>7}")
    known = [row for row in rows if row.pair in authors]
    groups: list[tuple[str, list[Row]]] = [
        (person, [row for row in rows if row.pair.startswith(person)])
        for person in sorted({row.pair.split("__")[0] for row in rows})
    ]
    for name, group in [*groups, ("where both can", known), ("all", rows)]:
        theirs = [authors[row.pair] for row in group if row.pair in authors]
        shown = f"{mean(theirs):8.4f}" if len(theirs) == len(group) else f"{'-':>8}"
        lines.append(
            f"  {name:<16} {mean(row.iou for row in group):7.4f} {shown} {_percent(group):>8}"
            f" {mean(row.matched for row in group):8.1f} {median(row.milliseconds for row in group):7.1f}"
        )
    by_pair = iou_by_pair(rows)
    theirs_of = {name: f"{iou:.4f}" for name, iou in authors.items()}
    lines += [
        f"    {name}  {iou:.4f}  authors' code: {theirs_of.get(name, 'refused')}" for name, iou in by_pair.items()
    ]
    return "\n".join(lines)


def iou_by_pair(rows: list[Row]) -> dict[str, float]:
    """Mean IoU over seeds of each pair, best first."""
    names = {row.pair for row in rows}
    means = {name: mean(row.iou for row in rows if row.pair == name) for name in names}
    return dict(sorted(means.items(), key=lambda item: -item[1]))


def draw_extremes(sample: Path, config: WarpConfig, by_pair: dict[str, float], folder: Path) -> None:
    """The best and the worst pair under their lattices, at 256x192 with seed 0."""
    data, names = open_dataset(sample, "test"), list(by_pair)
    for word, name in (("best", names[0]), ("worst", names[-1])):
        loaded = data.sample(Pair(*name.split("__")), (256, 192))
        fitted, warped = fit_sample(loaded, config, CIHP, 0), warp_sample(loaded, config, CIHP, 0)
        title = f"{word}: {name}, IoU {by_pair[name]:.3f}"
        figure = lattice(fitted, loaded.clothing.image, to_pixels(warped.image), title)
        folder.mkdir(parents=True, exist_ok=True)
        figure.savefig(folder / f"{word}.png", dpi=150)


def _percent(rows: list[Row]) -> str:
    return f"{100 * mean(row.folds for row in rows):.2f}%"


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.reference", description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, required=True, help="folder with reference/ and vitonhd_sample/")
    parser.add_argument("--seeds", type=int, default=10)
    parser.add_argument("--json", type=Path, help="also write every row here")
    parser.add_argument("--figures", type=Path, help="folder for the best and the worst, drawn")
    options = parser.parse_args()
    reference, sample = options.data / "reference", options.data / "vitonhd_sample"
    settings = [
        ("authors' settings, matching height 64", AUTHORS, None),
        ("defaults, matching height 128", DEFAULTS, sample),
    ]
    collected = {}
    for label, config, photographs in settings:
        rows = measure(reference, photographs, config, range(options.seeds))
        print(table(label, rows, authors_iou(reference)), flush=True)
        collected[label] = [row._asdict() for row in rows]
        if options.figures and photographs:
            draw_extremes(photographs, config, iou_by_pair(rows), options.figures)
    if options.json:
        options.json.write_text(json.dumps(collected, indent=1) + "\n")


if __name__ == "__main__":
    main()
