"""Figures of masks from product photos: each picture with its outline, beside the mask that it should have.

H, W.  Arrays in, Figure out; nothing is shown or saved here.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from matplotlib.figure import Figure

from viton.figures import TARGET, picture_grid
from viton.images import Pixels
from viton.option_figures import mask_against


class Masked(NamedTuple):
    """A product photo (H,W,3), the mask found and, where there is one, the given mask, (H,W) in {0,1}."""

    name: str
    picture: Pixels
    found: Pixels
    given: Pixels | None = None


def overlap(found: Pixels, given: Pixels) -> float:
    """Intersection over union of two masks (H,W) in {0,1}, in [0,1]; 1 where both are empty."""
    union = int((found | given).sum())
    return int((found & given).sum()) / union if union else 1.0


def mask_sheet(shown: Sequence[Masked], across: int = 2) -> Figure:
    """Photo, photo with the found outline and, where masks are given, both compared, with IoU; `across` photos a row.

    In the comparison grey is in both masks, orange in the found one alone, blue in the given one alone.
    """
    cells = [_cells(each) for each in shown]
    wide = max(len(row) for row, _ in cells)
    rows: list[list[Pixels | None]] = []
    captions: list[list[str]] = []
    for number in range(0, len(cells), across):
        group = cells[number : number + across]
        rows.append([cell for row, _ in group for cell in [*row, *[None] * (wide - len(row))]])
        captions.append([text for row, texts in group for text in [*texts, *[""] * (wide - len(row))]])
    figure = picture_grid(rows, captions=captions, cell=1.7)
    places = [(i // across, i % across * wide + 1) for i in range(len(shown))]
    columns = max(len(row) for row in rows)
    for each, (row, column) in zip(shown, places, strict=True):
        axis = figure.axes[row * columns + column]
        framed = np.pad(each.found, 1)
        height, width = each.found.shape
        steps = np.arange(-1, width + 1), np.arange(-1, height + 1)
        axis.contour(*steps, framed, [0.5], colors=TARGET, linewidths=0.8)
        axis.set(xlim=(-0.5, width - 0.5), ylim=(height - 0.5, -0.5))
    return figure


def _cells(each: Masked) -> tuple[list[Pixels | None], list[str]]:
    row: list[Pixels | None] = [each.picture, each.picture]
    captions = [each.name, "outline found"]
    if each.given is not None:
        row.append(mask_against(each.found > 0, each.given > 0))
        captions.append(f"IoU {overlap(each.found, each.given):.4f}")
    return row, captions
