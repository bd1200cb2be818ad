"""Figures of noise: what estimators get wrong of a person, level by level, and what that does to each method.

A method's colour is that of every other figure; since some look alike to some eyes, each has a marker of its own too,
and its name stands at the end of its line.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy.typing import NDArray
from torch import Tensor

from viton.data.framing import fit_labels
from viton.data.sample import Person
from viton.figures import FAINT, FONT, INK, coloured_labels, picture_grid, quiet, skeleton, spread
from viton.images import Pixels
from viton.try_on_figures import CELL, WHOLE, colour_of, representation_picture

MARKERS = "osDv^P*Xhp"
APART = 0.022  # how far methods are set apart beside a level, as a share of the largest one
GAP = 0.075  # between names, a share of the panel's height


class Line(NamedTuple):
    """A method's curve: a value a level, rising, with its interval; NaN where there is none."""

    levels: Sequence[float]
    values: NDArray[np.float64]
    low: NDArray[np.float64]
    high: NDArray[np.float64]


def noise_sheet(people: Mapping[str, Person], channels: Tensor) -> Figure:
    """One person by title, as estimators see them: joints over the photo, label map, person representation.

    channels: (B,C,H,W) representations, one a title; shown where they are whole.
    """
    shown = list(people.values())
    size = (shown[0].image.shape[0], shown[0].image.shape[1])
    rows: list[list[Pixels | None]] = [[person.image for person in shown]]
    rows.append([coloured_labels(fit_labels(person.parsing, size)) for person in shown])
    if channels.shape[1] == WHOLE:
        rows.append([representation_picture(each) for each in channels])
    figure = picture_grid(rows, list(people), cell=CELL)
    for axis, person in zip(figure.axes, shown, strict=False):
        skeleton(axis, person.keypoints)
        axis.set_xlim(-0.5, size[1] - 0.5)  # joints may lie outside
        axis.set_ylim(size[0] - 0.5, -0.5)
    return figure


def noise_curves(panels: Mapping[str, Mapping[str, Line]], label: str, zero: bool = False) -> Figure:
    """Lines over levels of noise: a panel a kind of noise, by title, and in each a line a method.

    zero: with a line at 0, for differences.   label: of the values.
    """
    figure = Figure(figsize=(2.35 * len(panels) + 1.3, 3.0), layout="constrained")
    axes = figure.subplots(1, len(panels), sharey=True, squeeze=False)[0]
    methods = list(dict.fromkeys(name for lines in panels.values() for name in lines))
    for axis, (title, lines) in zip(axes, panels.items(), strict=True):
        if zero:
            axis.axhline(0, color=FAINT, linewidth=1)
        for name, line in lines.items():
            _draw(axis, line, methods.index(name), colour_of(name, methods), len(methods))
        axis.set_title(title, fontsize=FONT + 1, color=INK)
        axis.set(xlabel="level of noise", xticks=sorted({level for line in lines.values() for level in line.levels}))
        axis.xaxis.set_major_formatter("{x:g}")
        quiet(axis)
    axes[0].set_ylabel(label)
    axes[0].yaxis.label.set_fontsize(FONT)
    _name(axes[-1], list(panels.values())[-1], methods)
    return figure


def _draw(axis: Axes, line: Line, place: int, colour: str, number: int) -> None:
    """A line with its marker, and its intervals, where there are some, set a little apart from the others'."""
    levels = np.asarray(line.levels, np.float64)
    shift = APART * max(line.levels) * (place - (number - 1) / 2) if np.isfinite(line.low).any() else 0
    x = levels + np.where(levels > 0, shift, 0)
    axis.vlines(x, line.low, line.high, color=colour, linewidth=1.1, alpha=0.8)
    axis.plot(
        x, line.values, color=colour, linewidth=1.2, marker=MARKERS[place % len(MARKERS)],
        markersize=4.5, markerfacecolor="none",  # so that a mark beneath another is seen
    )  # fmt: skip


def _name(axis: Axes, lines: Mapping[str, Line], methods: Sequence[str]) -> None:
    """Each method's name at the right, level with the end of its line or as near as names beside it let it be."""
    ends = {name: line.values[-1] for name, line in lines.items() if np.isfinite(line.values[-1])}
    bottom, top = axis.get_ylim()
    names = sorted(ends, key=lambda name: ends[name])
    places = spread(np.array([(ends[name] - bottom) / (top - bottom) for name in names]), GAP)
    for name, place in zip(names, places, strict=True):
        colour = colour_of(name, methods)
        end = (max(lines[name].levels) * (1 + APART * (len(methods) - 1) / 2), ends[name])
        leader = {"arrowstyle": "-", "color": colour, "linewidth": 0.5, "shrinkA": 1, "shrinkB": 3}
        axis.annotate(
            name, end, (1.12, place), xycoords="data", textcoords="axes fraction", fontsize=FONT, color=colour,
            va="center", annotation_clip=False, arrowprops=leader,
        )  # fmt: skip
