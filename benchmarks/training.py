"""`make bench`, training: a step of stage 1 at 256x192 with a VGG-19-shaped loss, and what reading its batch costs.

    python -m benchmarks.training [--rounds 3] [--json]

Every way is timed in turn, round by round, on all cores; the ratios hold when the machine's speed drifts. Weights are
random: they cost what trained ones do. Exits 1 when a budget is missed.
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

import torch

from viton.coarse import CoarseStage
from viton.config import RepresentationConfig
from viton.perceptual import PerceptualLoss
from viton.stage import Terms
from viton.stage_config import CoarseConfig
from viton.synthetic.config import WorldConfig
from viton.synthetic.dataset import write_world
from viton.training_data import TryOnBatch, open_training_data
from viton.vgg import VggFeatures

SIZE, BATCH = (256, 192), 8
WAYS = {"fp32": (False, False), "fp32, channels_last": (False, True), "bf16, channels_last": (True, True)}
FASTER, LOADER = 2.5, 0.05  # times plain fp32, and share of the fastest step that reading may take


def stage_of(root: Path) -> CoarseStage:
    """Stage 1 at the paper's widths on a made-up world, with VGG-19's shape for its loss."""
    write_world(root, WorldConfig(people=32, garments=0, seed=0, height=256, width=192))
    data = open_training_data(root, SIZE, RepresentationConfig())
    perceptual = PerceptualLoss(VggFeatures(64), [1.0] * 6, "random")
    return CoarseStage(CoarseConfig(steps=1, batch=BATCH), data, SIZE, perceptual)


def step_of(stage: CoarseStage, batch: TryOnBatch, bf16: bool, channels_last: bool) -> Callable[[], None]:
    """One update of fresh networks on one batch."""
    torch.manual_seed(0)
    layout = torch.channels_last if channels_last else torch.contiguous_format
    networks = {name: network.to(memory_format=layout) for name, network in stage.networks().items()}  # type: ignore[call-overload]
    optimizers = {name: torch.optim.Adam(network.parameters(), 2e-4, fused=True) for name, network in networks.items()}

    def apply(name: str, terms: Terms) -> None:
        terms["total"].backward()
        optimizers[name].step()
        optimizers[name].zero_grad(set_to_none=True)

    def step() -> None:
        stage.perceptual.to(memory_format=layout)  # type: ignore[call-overload]
        with torch.autocast("cpu", torch.bfloat16, enabled=bf16):
            stage.update(networks, batch, apply)

    return step


def measure(root: Path, rounds: int) -> dict[str, float]:
    """Median seconds of a step each way, and of reading and representing its batch."""
    stage = stage_of(root)
    items = stage.items()
    batch = stage.batch([items[number] for number in range(BATCH)], torch.device("cpu"))
    runs: dict[str, Callable[[], object]] = {name: step_of(stage, batch, *way) for name, way in WAYS.items()}
    runs["read and represent"] = lambda: stage.batch([items[number] for number in range(BATCH)], torch.device("cpu"))
    taken: dict[str, list[float]] = {name: [] for name in runs}
    for number in range(rounds + 1):
        for name, run in runs.items():
            started = time.perf_counter()
            run()
            if number:  # the first round warms up
                taken[name].append(time.perf_counter() - started)
    return {name: median(seconds) for name, seconds in taken.items()}


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.training", description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        seconds = measure(Path(folder) / "world", options.rounds)
    fastest = seconds["bf16, channels_last"]
    ratio, share = seconds["fp32"] / fastest, seconds["read and represent"] / fastest
    if options.json:
        print(json.dumps({"seconds": seconds, "fp32_to_bf16": ratio, "loader_share": share}))
    for name, value in seconds.items():
        print(f"{name:22} {1000 * value:9.1f} ms a batch of {BATCH}   {seconds['fp32'] / value:6.2f} x fp32's speed")
    print(f"bf16 and channels_last: {ratio:.2f} x plain fp32 (at least {FASTER})")
    print(f"its ratio to fp32 and channels_last: {seconds['fp32, channels_last'] / fastest:.2f}")
    print(f"reading and representing, nothing cached: {share:.1%} of that step (below {LOADER:.0%})")
    return 0 if ratio >= FASTER and share < LOADER else 1


if __name__ == "__main__":
    sys.exit(main())
