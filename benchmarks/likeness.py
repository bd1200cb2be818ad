"""How a made-up world looks in numbers, beside real photographs, and which of their values it does not cover.

    python -m benchmarks.likeness --data REFERENCE --world ROOT [--split test] [--number 400] [--csv FILE] [--no-warps]

REFERENCE and ROOT are folders in the viton-hd layout; of ROOT all splits are measured. With a few photographs, a value
that the world does not cover is a gap to look at, and all of them covered prove little. Warps are the default ones of
the unpaired pairs in REFERENCE/SPLIT_pairs.txt and, of the world, of its unpaired pairs and of everyone in the own
garment.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterable
from itertools import islice
from pathlib import Path

import pandas as pd

from viton.config import WarpConfig
from viton.data.dataset import SPLITS, Dataset
from viton.data.layouts import open_dataset
from viton.data.sample import Pair
from viton.errors import InputError
from viton.shape_context import MatchError
from viton.warp import warp_sample
from viton_eval.likeness import SIZE, likeness, likeness_by_group, measure, not_covered

MEASURES = ("iou", "folds", "matched", "bending_energy")


def splits_of(root: Path) -> list[Dataset]:
    """Every split that a folder has; raises InputError when it has none."""
    found = [open_dataset(root, split) for split in SPLITS if (root / split).is_dir()]
    if not found:
        raise InputError(root, f"a folder with {', '.join(SPLITS)}, or some of them", "none of them")
    return found


def measure_warps(pairs: Iterable[tuple[Dataset, Pair]], number: int) -> pd.DataFrame:
    """What the shape-context warp reaches on the first pairs; one that cannot be matched counts as IoU 0."""
    rows = {}
    for data, pair in islice(pairs, number):
        try:
            report = warp_sample(data.sample(pair, SIZE), WarpConfig(), data.label_map, 0).reports[0]._asdict()
        except MatchError:
            report = {"iou": 0.0}
        rows[pair.name] = {("shape-context warp", name): report.get(name) for name in MEASURES}
    return pd.DataFrame.from_dict(rows, orient="index")


def measured(world: list[Dataset], reference: Dataset, number: int, warps: bool) -> list[pd.DataFrame]:
    """The table, with unpaired warps where wanted; then a table of the world's own-garment warps.

    The second stands apart: photographs are seldom paired with their own product, so the reference's warps in it are
    unpaired ones.
    """
    ours, theirs = measure(world, number), measure([reference], number)
    pairs = [(data, pair) for data in world for pair in data.pairs(f"{data.split}_pairs.txt")]
    unpaired, own = ([each for each in pairs if (each[1].person == each[1].clothing) == same] for same in (False, True))
    if not warps:
        return [likeness(ours, theirs)]
    there = measure_warps([(reference, pair) for pair in reference.pairs(f"{reference.split}_pairs.txt")], number)
    if unpaired:
        ours["unpaired warps"], theirs["unpaired warps"] = measure_warps(unpaired, number), there
    tables = [likeness(ours, theirs)]
    if own:
        name = "own-garment warps, beside unpaired ones of the reference"
        tables.append(likeness({name: measure_warps(own, number)}, {name: there}))
    return tables


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.likeness", description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, required=True, help="the reference, a folder of photographs")
    parser.add_argument("--world", type=Path, required=True, help="the world, a folder that viton data synth wrote")
    parser.add_argument("--split", default="test", choices=SPLITS, help="of the reference")
    parser.add_argument("--number", type=int, default=400, help="at most so many people, garments and pairs of each")
    parser.add_argument("--csv", type=Path, help="also write the table here")
    parser.add_argument("--no-warps", action="store_true", help="leave the warps out, which take longest")
    options = parser.parse_args()
    try:
        reference = open_dataset(options.data, options.split)
        tables = measured(splits_of(options.world), reference, options.number, not options.no_warps)
    except InputError as error:
        sys.exit(str(error))
    with pd.option_context("display.max_rows", None, "display.width", 200, "display.max_columns", None):
        for table in tables:
            print(table.to_string(float_format="%.4f"), "\n")
        print(
            not_covered(tables[0])[["world least", "world most", "reference least", "reference most", "beyond"]], "\n"
        )
        print(likeness_by_group(tables[0]))
    if options.csv:
        pd.concat(tables).reset_index().to_csv(options.csv, index=False)


if __name__ == "__main__":
    main()
