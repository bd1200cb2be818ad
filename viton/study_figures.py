"""Figures of a human study: who is preferred, and by how much to whom."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from matplotlib.figure import Figure
from numpy.typing import NDArray

from viton.figures import FAINT, FONT, INK, quiet
from viton.try_on_figures import colour_of

APART = 0.17  # between the two intervals of a row


def preferences(
    names: Sequence[str], kept: NDArray[np.float64], everything: NDArray[np.float64], title: str = ""
) -> Figure:
    """Shares of votes won with their intervals, a method a row; hollow: with those whom the rules leave out.

    kept, everything: (N,3) value, low, high in [0,1]; an interval of NaN is not drawn. Equal ones, where nobody is left
    out, are drawn once.
    """
    figure = Figure(figsize=(7.2, 0.46 * len(names) + 1.2), layout="constrained")
    axis = figure.subplots()
    axis.axvline(50, color=FAINT, linewidth=1)
    places = np.arange(len(names))[::-1]
    alike = np.array_equal(kept, everything, equal_nan=True)
    rows = [(kept, 0.0, None)] if alike else [(kept, APART, None), (everything, -APART, "white")]
    for values, offset, face in rows:
        for place, name, (value, low, high) in zip(places, names, 100 * values, strict=True):
            colour = colour_of(name, list(names))
            axis.plot([low, high], [place + offset] * 2, color=colour, linewidth=1.8, solid_capstyle="butt")
            axis.plot(value, place + offset, "o", color=colour, markersize=5.5, markerfacecolor=face or colour)
    for face, label in [] if alike else [(INK, "after the rules"), ("white", "everybody")]:
        axis.plot([], [], "o", color=INK, markerfacecolor=face, markersize=5.5, label=label)
    axis.set(yticks=places, yticklabels=names, xlim=(0, 100), ylim=(-0.6, len(names) - 0.4))
    axis.set_xlabel("votes won against the others, %; 95% clustered by rater and pair; 50 is chance", fontsize=FONT)
    if not alike:
        figure.legend(loc="outside upper right", ncols=2, fontsize=FONT, frameon=False)
    if title:
        figure.suptitle(title, fontsize=FONT + 1, color="#b91c1c", x=0.02, ha="left")
    quiet(axis)
    return figure


def matrix(names: Sequence[str], shares: NDArray[np.float64], title: str = "") -> Figure:
    """How often the row's method was preferred to the column's, (M,M) in [0,1]; NaN where nobody was asked."""
    side = 0.78 * len(names) + 1.6
    figure = Figure(figsize=(side + 0.6, side), layout="constrained")
    axis = figure.subplots()
    axis.imshow(shares, cmap="PuOr", vmin=0, vmax=1)
    for row, column in zip(*np.nonzero(np.isfinite(shares)), strict=True):
        share = shares[row, column]
        ink = "white" if abs(share - 0.5) > 0.3 else INK
        axis.text(column, row, f"{100 * share:.0f}", ha="center", va="center", fontsize=FONT + 1, color=ink)
    axis.set_xticks(range(len(names)), names, rotation=35, ha="right", fontsize=FONT)
    axis.set_yticks(range(len(names)), names, fontsize=FONT)
    axis.set_xlabel("% of votes that the row won against the column", fontsize=FONT)
    axis.tick_params(length=0)
    for spine in axis.spines.values():
        spine.set_visible(False)
    if title:
        figure.suptitle(title, fontsize=FONT + 1, color="#b91c1c", x=0.02, ha="left")
    return figure
