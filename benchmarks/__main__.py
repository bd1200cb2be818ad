"""`make bench`: milliseconds of the steps that have budgets. One core, medians over rounds; exits 1 when one is missed.

Each thing is timed in turn with a fixed calibration kernel, round by round, so that its ratio to the kernel holds when
the machine's speed drifts; milliseconds are of this machine, on this day.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from statistics import median
from typing import NamedTuple

import numpy as np
import torch

from viton.config import RepresentationConfig, ShapeContextConfig, WarpConfig
from viton.data.dataset import Dataset
from viton.data.layouts import open_dataset
from viton.data.sample import Sample
from viton.person import represent, represent_people
from viton.synthetic.config import WorldConfig
from viton.synthetic.dataset import write_world
from viton.warp import apply_warp, fit_sample, fit_warp, warp_sample

ROUNDS = 25


class Timed(NamedTuple):
    """One thing measured; milliseconds a unit, and the ratio to the calibration kernel."""

    what: str
    ms: float
    ratio: float
    budget_ms: float | None


def calibration_kernel() -> None:
    """Fixed arithmetic of the kind that a warp does: matrix products, exponentials, sorting, in numpy."""
    rng = np.random.default_rng(0)
    a = rng.random((200, 200))
    for _ in range(4):
        a = np.exp(-(a @ a.T) / 200)
    np.sort(rng.random(50_000))


def timed(what: str, run: Callable[[], object], units: int = 1, budget_ms: float | None = None) -> Timed:
    """Median milliseconds a unit of `run`, taken in turn with the calibration kernel."""
    run()
    times, ratios = [], []
    for _ in range(ROUNDS):
        kernel, this = _seconds(calibration_kernel), _seconds(run)
        times.append(1000 * this / units)
        ratios.append(this / units / kernel)
    return Timed(what, median(times), median(ratios), budget_ms)


def measure(root: Path) -> list[Timed]:
    """Time the library's steps on a made-up world written under `root`."""
    write_world(root, WorldConfig(people=64, garments=0, seed=0, height=256, width=192), workers=1)
    data, size = open_dataset(root, "test"), (256, 192)
    pairs = data.pairs("test_pairs.txt")[:16]
    people, samples = [data.person(pair.person, size) for pair in pairs], [data.sample(pair, size) for pair in pairs]
    small, full = WarpConfig(match=ShapeContextConfig(height=64)), WarpConfig()
    masks = [fit_sample(sample, small, data.label_map, 0)[1:] for sample in samples]
    reduced = [tuple(_reduced(mask) for mask in both) for both in masks]
    images = torch.rand(len(people), 3, *size) * 2 - 1
    parsings = torch.stack([torch.from_numpy(person.parsing) for person in people])
    keypoints = torch.stack([torch.from_numpy(person.keypoints) for person in people])
    plain, batch, out = RepresentationConfig(), (images, parsings, keypoints), torch.empty(16, 22, *size)
    return [
        timed(
            "warp at 64x48, 100 points, 6 iterations: match and pixels",
            lambda: _warp_small(reduced, small),
            len(pairs),
            20,
        ),
        timed("match at 128x96 (the default)", lambda: _match(masks, full), len(pairs)),
        timed("try-on's warp at 256x192, read from memory", lambda: _warp_full(samples, full, data), len(pairs)),
        timed(
            "represent, 256x192, batch of 16, into fresh memory", lambda: represent(*batch, plain, data.label_map), 16
        ),
        timed("the same into a buffer, as a loop does", lambda: represent(*batch, plain, data.label_map, out), 16, 2),
        timed("read and represent a sample, 256x192, into a buffer", lambda: _read(data, size, plain, out), 16, 3),
    ]


def _warp_small(masks: list[tuple[np.ndarray, ...]], config: WarpConfig) -> None:
    for clothing, target in masks:
        fit = fit_warp(clothing, target, config, np.random.default_rng(0))
        tensors = [torch.from_numpy(mask).float()[None, None] for mask in (clothing, target)]
        apply_warp([fit], tensors[0].expand(-1, 3, -1, -1), *tensors)


def _match(masks: list[tuple[np.ndarray, ...]], config: WarpConfig) -> None:
    for clothing, target in masks:
        fit_warp(clothing, target, config, np.random.default_rng(0))


def _warp_full(samples: list[Sample], config: WarpConfig, data: Dataset) -> None:
    for sample in samples:
        warp_sample(sample, config, data.label_map, 0)


def _read(data: Dataset, size: tuple[int, int], config: RepresentationConfig, out: torch.Tensor) -> None:
    names = list(data.people)[:16]
    represent_people([data.person(name, size) for name in names], config, data.label_map, out)
    for name in names:
        data.clothing(name, size)


def _reduced(mask: np.ndarray) -> np.ndarray:
    """A (256,192) mask at 64x48, averaged over area."""
    return mask.reshape(64, 4, 48, 4).mean(axis=(1, 3))


def _seconds(run: Callable[[], object]) -> float:
    started = time.perf_counter()
    run()
    return time.perf_counter() - started


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description="Time the steps that have budgets.")
    parser.add_argument("--json", action="store_true", help="print the rows as JSON")
    options = parser.parse_args()
    torch.set_num_threads(1)
    with tempfile.TemporaryDirectory() as folder:
        rows = measure(Path(folder) / "world")
    missed = any(row.budget_ms and row.ms > row.budget_ms for row in rows)
    if options.json:
        print(json.dumps([row._asdict() for row in rows], indent=1))
        sys.exit(missed)
    print(f"one core, median of {ROUNDS} rounds; ratio to the calibration kernel, timed in turn\n")
    for row in rows:
        budget = (
            f"  budget {row.budget_ms:g} ms: {'met' if row.ms <= row.budget_ms else 'NOT MET'}" if row.budget_ms else ""
        )
        print(f"{row.ms:8.2f} ms  {row.ratio:6.2f} kernels  {row.what}{budget}")
    sys.exit(missed)


if __name__ == "__main__":
    main()
