"""Figures on metrics themselves: how well they agree with the truth, and how far they move by protocol."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy.typing import ArrayLike, NDArray

from viton.figures import FAINT, FONT, INK, SOURCE, TARGET, quiet, spread
from viton.robustness_figures import MARKERS
from viton.try_on_figures import colour_of

SERIES = ((TARGET, "o"), (SOURCE, "D"), ("#0f766e", "s"), ("#7c3aed", "^"))  # told apart by colour and by shape
APART = 0.16  # between series of one row
MARK = 5.5  # points across


def correlations(
    names: Sequence[str], series: Mapping[str, NDArray[np.float64]], label: str, told: Sequence[str] = ()
) -> Figure:
    """Correlations in [-1,1] with their intervals, a name a row and at most four series in it.

    series: (N,3) value, low, high by what is correlated with; NaN is left out.   told: what stands right of each row.
    """
    figure = Figure(figsize=(7.2, 0.38 * len(names) + 1.15), layout="constrained")
    axis = figure.subplots()
    axis.axvline(0, color=FAINT, linewidth=1)
    places = np.arange(len(names))[::-1]
    for number, ((name, values), (colour, shape)) in enumerate(zip(series.items(), SERIES, strict=False)):
        offset = APART * ((len(series) - 1) / 2 - number)
        for place, (value, low, high) in zip(places, values, strict=True):
            axis.plot([low, high], [place + offset] * 2, color=colour, linewidth=1.6, solid_capstyle="butt")
            axis.plot(value, place + offset, shape, color=colour, markersize=4.5)
        axis.plot([], [], shape, color=colour, linestyle="-", markersize=4.5, label=name)
    for place, text in zip(places, told, strict=False):
        axis.annotate(text, (1.01, place), xycoords=("axes fraction", "data"), fontsize=FONT, va="center", color=INK)
    axis.set(yticks=places, yticklabels=names, xlabel=label, xlim=(-1.05, 1.05), ylim=(-0.6, len(names) - 0.4))
    axis.grid(axis="y", color=FAINT, alpha=0.25, linewidth=0.6)
    figure.legend(loc="outside upper left", ncols=len(series), fontsize=FONT, frameon=False)
    quiet(axis)
    return figure


def by_number(curves: Mapping[str, tuple[Sequence[float], Sequence[float]]], across: str, up: str) -> Figure:
    """A line a set of pictures over a small number on a logarithmic axis, each named at its right end."""
    figure = Figure(figsize=(6.4, 3.4), layout="constrained")
    axis = figure.subplots()
    names = list(curves)
    for number, (name, (numbers, values)) in enumerate(curves.items()):
        marked(axis, numbers, values, colour_of(name, names), MARKERS[number % len(MARKERS)], "-")
    ends = {name: (numbers[-1], values[-1]) for name, (numbers, values) in curves.items() if len(numbers)}
    low, high = axis.get_ylim()
    order = sorted(ends, key=lambda name: float(ends[name][1]))
    places = spread(np.array([ends[name][1] for name in order]), 0.055 * (high - low))
    for name, place in zip(order, places, strict=True):
        axis.annotate(
            name, (ends[name][0], ends[name][1]), (1.02, place), ("data"), ("axes fraction", "data"),
            fontsize=FONT, va="center", color=colour_of(name, names),
            arrowprops={"arrowstyle": "-", "color": FAINT, "linewidth": 0.5},
        )  # fmt: skip
    numbers = sorted({number for curve, _ in curves.values() for number in curve})
    axis.set_xscale("log")
    axis.minorticks_off()
    axis.set(xlabel=across, ylabel=up, xticks=numbers, xticklabels=[f"{number:g}" for number in numbers])
    quiet(axis)
    return figure


def moves(names: Sequence[str], series: Mapping[str, NDArray[np.float64]], label: str) -> Figure:
    """One measure by several protocols: a name a row, a mark a protocol, and a line from the least to the most.

    series: (N,) by protocol, at most four, each at its own height of the row: equal values do not hide each other.
    """
    figure = Figure(figsize=(6.4, 0.58 * len(names) + 1.15), layout="constrained")
    axis = figure.subplots()
    places = np.arange(len(names))[::-1]
    whole = np.stack(list(series.values()))
    axis.hlines(places, whole.min(axis=0), whole.max(axis=0), color=FAINT, linewidth=1.4)
    for number, ((name, values), (colour, shape)) in enumerate(zip(series.items(), SERIES, strict=False)):
        height = places + 1.25 * APART * ((len(series) - 1) / 2 - number)
        marked(axis, values, height, colour, shape, label=name)
    axis.set(yticks=places, yticklabels=names, xlabel=label, ylim=(-0.6, len(names) - 0.4))
    figure.legend(loc="outside upper left", ncols=len(series), fontsize=FONT, frameon=False)
    quiet(axis)
    return figure


def marked(
    axis: Axes,
    across: ArrayLike,
    up: ArrayLike,
    colour: str,
    shape: str,
    line: str = "none",
    label: str = "",
) -> None:
    """Draw hollow marks, through which others that lie at the same place are seen."""
    axis.plot(
        across, up, color=colour, linestyle=line, linewidth=1.4, label=label or None,
        marker=shape, markersize=MARK, markerfacecolor="none", markeredgewidth=1.3,
    )  # fmt: skip
