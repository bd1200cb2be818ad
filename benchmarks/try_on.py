"""`make bench`, try-on: milliseconds a pair of each part of VITON at 256x192 and the paper's widths, on all cores.

    python -m benchmarks.try_on [--rounds 10] [--json]

The networks are not trained, which costs what trained ones do; so the clothing is warped onto the parsed mask, an
outline as a trained network would draw it. The paper: 27 ms, 180 ms and 20 ms on a K40 and its CPU (section 4.2).
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
from collections import defaultdict
from pathlib import Path
from statistics import median

import torch

from viton.coarse import coarse_network
from viton.config import RepresentationConfig, WarpConfig
from viton.data.layouts import open_dataset
from viton.methods.viton import timed
from viton.refine import refinement_network
from viton.stage_config import CoarseConfig, RefineConfig
from viton.synthetic.config import WorldConfig
from viton.synthetic.dataset import write_world
from viton.trained import TrainedCoarse
from viton.tryon import Viton

SIZE = (256, 192)
PAPER_MS = {"encoder-decoder": 27, "warp": 180, "refinement": 20}


def untrained() -> Viton:
    """Both networks at the paper's widths."""
    config, representation = CoarseConfig(steps=1), RepresentationConfig()
    network = coarse_network(config, representation, SIZE).eval()
    refine = refinement_network(RefineConfig(steps=1)).eval()
    return Viton(TrainedCoarse(network, config, representation, SIZE), refine, RefineConfig(steps=1), WarpConfig())


def measure(root: Path, rounds: int) -> dict[str, float]:
    """Median milliseconds of each part, a pair at a time, over the pairs of a made-up world."""
    write_world(root, WorldConfig(people=32, garments=0, seed=0, height=256, width=192))
    data, viton = open_dataset(root, "test"), untrained()
    samples = [data.sample(pair, SIZE) for pair in data.pairs("test_pairs.txt")]
    taken: dict[str, list[float]] = defaultdict(list)
    for number in range(rounds + 1):
        seconds: dict[str, float] = {}
        sample = samples[number % len(samples)]
        with torch.inference_mode():
            batch = timed(seconds, "representation", lambda sample=sample: viton.represented([sample]))
            coarse = timed(seconds, "encoder-decoder", lambda batch=batch: viton.coarse(batch.generator_input))
            warps = timed(seconds, "warp", lambda batch=batch: viton.warped(batch, batch.worn_mask))
            timed(seconds, "refinement", lambda coarse=coarse, warps=warps: viton.refined(coarse, warps))
        for part, value in seconds.items() if number else ():  # the first round warms up
            taken[part].append(1000 * value)
    return {part: median(values) for part, values in taken.items()}


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.try_on", description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=10)
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        found = measure(Path(folder) / "world", options.rounds)
    if options.json:
        print(json.dumps(found))
    for part, milliseconds in found.items():
        print(f"{part:16} {milliseconds:8.1f} ms a pair   paper, K40: {PAPER_MS.get(part, '-')} ms")
    print(f"{'together':16} {sum(found.values()):8.1f} ms a pair   paper, K40: {sum(PAPER_MS.values())} ms")
    return 0


if __name__ == "__main__":
    sys.exit(main())
