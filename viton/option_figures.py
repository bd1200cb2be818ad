"""Figures of the paper's options: predicted masks against the true ones (Fig. 7), garment sizes, necks close up.

H, W.  Pictures are drawn pixel by pixel.  In every mask the same colours say what agrees and what does not.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib.colors import to_rgb
from matplotlib.figure import Figure
from numpy.typing import NDArray

from viton.figures import FAINT, FONT, INK, SOURCE, TARGET, picture_grid, quiet
from viton.images import Pixels
from viton.try_on_figures import CELL, enlarged

Mask = NDArray[np.bool_]

AGREED, TOO_MUCH, MISSED = "#64748b", SOURCE, TARGET  # grey, orange, blue
MASK = ": mask"  # ends the title of a mask
PALE = 0.6  # how far a picture under a painted region is faded towards white


def mask_against(found: Mask, true: Mask) -> Pixels:
    """Two regions (H,W) as one picture (H,W,3): grey where they agree, orange found alone, blue missed, else white."""
    return _coloured(np.full((*true.shape, 3), 255, np.uint8), found, true)


def painted(picture: Pixels, found: Mask, true: Mask | None = None) -> Pixels:
    """A picture (H,W,3), faded, with a found region (H,W) in orange; with the true one, coloured as `mask_against`."""
    pale = np.rint(picture + (255.0 - picture) * PALE).astype(np.uint8)
    return _coloured(pale, found, np.zeros_like(found) if true is None else true)


def _coloured(picture: Pixels, found: Mask, true: Mask) -> Pixels:
    drawn = picture.copy()
    for region, colour in ((found & true, AGREED), (found & ~true, TOO_MUCH), (true & ~found, MISSED)):
        drawn[region] = np.rint(np.array(to_rgb(colour)) * 255)
    return drawn


def ablation_sheet(rows: Sequence[tuple[Mapping[str, Pixels], Mapping[str, str]]]) -> Figure:
    """A pair a row (paper, Fig. 7): its pictures by title, and captions under some of them; one not there is a gap.

    A mask, whose title ends in MASK, is to stand at the right of the picture that it belongs to.
    """
    columns = list(dict.fromkeys(name for pictures, _ in rows for name in pictures))
    titles = ["its mask" if name.endswith(MASK) else name for name in columns]
    told = [[captions.get(name, "") for name in columns] for _, captions in rows]
    return picture_grid([[pictures.get(name) for name in columns] for pictures, _ in rows], titles, told, cell=CELL)


def close_up(rows: Sequence[Mapping[str, tuple[Pixels, tuple[slice, slice]]]], high: int = 128) -> Figure:
    """A pair a row: of each picture only a box, enlarged in whole pixels to at least `high` of them."""
    cut = [{name: enlarged(picture, box, high) for name, (picture, box) in row.items()} for row in rows]
    columns = list(dict.fromkeys(name for row in cut for name in row))
    return picture_grid([[row.get(name) for name in columns] for row in cut], columns, cell=CELL)


def sizes(panels: Mapping[str, tuple[NDArray[np.float64], NDArray[np.float64]]]) -> Figure:
    """Predicted over true areas of the garment, shares of the picture, a panel an option, a dot a pair.

    On the line the size is right; dots that lie level do not follow the body.
    """
    figure = Figure(figsize=(2.3 * len(panels), 2.5), layout="constrained")
    most = max(float(np.max(values)) for both in panels.values() for values in both) * 1.05
    axes = figure.subplots(1, len(panels), squeeze=False)[0]
    for axis, (name, (true, predicted)) in zip(axes, panels.items(), strict=True):
        axis.plot([0, most], [0, most], color=FAINT, linewidth=1)
        axis.plot(true, predicted, ".", color=INK, markersize=4, alpha=0.6)
        axis.set(xlim=(0, most), ylim=(0, most), aspect="equal", xlabel="true area")
        axis.set_title(name, fontsize=FONT, color=INK)
        axis.xaxis.label.set_fontsize(FONT)
        quiet(axis)
    figure.axes[0].set_ylabel("predicted area", fontsize=FONT)
    return figure
