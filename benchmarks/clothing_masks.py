"""Masks from product photos against the masks that a dataset gives, and on made-up photos of known mask.

    python -m benchmarks.clothing_masks --data ROOT [--split test] [--figure FILE.png] [--made-up N]

ROOT is a folder in the layout of VITON-HD. Prints IoU of every product photo, worst first, and the mean; `--made-up N`
adds mean and least IoU over N photos under each condition of `benchmarks/product_photos.py`.
"""

from __future__ import annotations

import argparse
from pathlib import Path
from statistics import mean

import numpy as np

from benchmarks.product_photos import CONDITIONS, photo
from viton.clothing_mask import MaskError, clothing_mask
from viton.data.layouts import open_dataset
from viton.images import Pixels, load_rgb
from viton.mask_figures import Masked, mask_sheet, overlap

SIZE = (512, 384)


def mask_or_none(name: str, picture: Pixels) -> Pixels:
    """The mask (H,W) of a picture; an empty one, said aloud, where none can be had."""
    try:
        return clothing_mask(picture)
    except MaskError as error:
        print(f"  {name}: {error.reason}: {error}")
        return np.zeros(picture.shape[:2], np.uint8)


def measure(root: Path, split: str = "test") -> list[Masked]:
    """Every product photo of a split with the mask found and the given one, worst first."""
    rows = []
    data = open_dataset(root, split)
    for name, path in sorted(data.clothings.items()):
        picture = load_rgb(path)
        rows.append(Masked(name, picture, mask_or_none(name, picture), data.read_mask(name)))
    return sorted(rows, key=_iou)


def made_up(condition: str, count: int, size: tuple[int, int] = SIZE) -> list[float]:
    """IoU of `count` made-up photos under a condition, seeds 0 to count - 1."""
    photos = [photo(condition, size, seed) for seed in range(count)]
    return [overlap(mask_or_none(f"{condition} {seed}", each.picture), each.mask) for seed, each in enumerate(photos)]


def _iou(row: Masked) -> float:
    assert row.given is not None
    return overlap(row.found, row.given)


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.clothing_masks", description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, required=True, help="dataset folder in the layout of VITON-HD")
    parser.add_argument("--split", default="test")
    parser.add_argument("--figure", type=Path, help="draw every photo here, worst first")
    parser.add_argument("--made-up", type=int, default=0, metavar="N", help="also N made-up photos a condition")
    options = parser.parse_args()
    rows = measure(options.data, options.split)
    for row in rows:
        print(f"  {row.name}  {_iou(row):.4f}")
    print(f"mean {mean(map(_iou, rows)):.4f} of {len(rows)}; worst {rows[0].name}, {_iou(rows[0]):.4f}", flush=True)
    if options.figure:
        mask_sheet(rows).savefig(options.figure, dpi=150)
    for condition in CONDITIONS if options.made_up else ():
        values = made_up(condition, options.made_up)
        print(f"  {condition:<28} mean {mean(values):.4f}  least {min(values):.4f}", flush=True)


if __name__ == "__main__":
    main()
