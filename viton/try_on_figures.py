"""Figures of try-ons: stages of one, methods side by side, enlargements, training curves, means with intervals.

H, W.  Pictures are drawn pixel by pixel; every method has one colour and every gallery the order of its pairs.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import cycle

import cv2
import matplotlib
import numpy as np
from matplotlib.colors import to_hex
from matplotlib.figure import Figure
from numpy.typing import NDArray
from torch import Tensor

from viton.data.sample import Sample
from viton.figures import FAINT, FONT, INK, picture_grid, quiet
from viton.images import Pixels, to_pixels

COLOURS = {
    "viton": "#c2410c",
    "encoder-decoder": "#1d4ed8",
    "crn": "#0f766e",
    "prgan": "#7c3aed",
    "cagan": "#a16207",
    "non-parametric": "#475569",
}
STAGES = ("person", "representation", "product", "coarse", "mask M", "warped", "alpha", "try-on")
CELL = 1.18  # inches across a picture where many stand side by side
JOINTS = 18


def colour_of(method: str, methods: Sequence[str] = ()) -> str:
    """A method's colour, the same in every figure; methods of other packages get theirs by place."""
    others = [name for name in methods if name not in COLOURS]
    if method in COLOURS or method not in others:
        return COLOURS.get(method, FAINT)
    return to_hex(matplotlib.colormaps["tab10"](others.index(method) % 10))


WHOLE = JOINTS + 4  # channels of a representation with all its parts: joints, body shape, face and hair


def representation_picture(channels: Tensor) -> Pixels:
    """A whole person representation (22,H,W) as one picture (H,W,3): body shape grey, face and hair, joints on top."""
    body = 1 - 0.35 * channels[JOINTS : JOINTS + 1].expand(3, -1, -1)  # (3, H, W)
    seen = channels[JOINTS + 1 :].abs().sum(dim=0) > 0
    picture = np.where(seen[..., None], to_pixels(channels[JOINTS + 1 :]), to_pixels(body * 2 - 1))
    shades = (matplotlib.colormaps["turbo"](np.linspace(0.05, 0.95, JOINTS))[:, :3] * 255).astype(np.uint8)
    for joint, shade in zip(channels[:JOINTS], shades, strict=True):
        picture[joint.numpy() > 0] = shade
    return np.asarray(picture, np.uint8)


def stage_sheet(rows: Sequence[Mapping[str, Pixels]]) -> Figure:
    """Stages of one try-on, a pair a row (paper, Fig. 5), in the order of STAGES and then whatever else there is."""
    present = {name for row in rows for name in row}
    columns = [name for name in STAGES if name in present]
    columns += [name for row in rows[:1] for name in row if name not in STAGES]
    return picture_grid([[row.get(name) for name in columns] for row in rows], columns, cell=CELL)


def comparison_sheet(
    samples: Sequence[Sample], results: Mapping[str, Sequence[Pixels | None]], truths: Sequence[Pixels | None]
) -> Figure:
    """Person, garment, every method's result and, where it is known, the true try-on: a pair a row (paper, Fig. 6).

    A result that is not there is a gap.
    """
    rows: list[list[Pixels | None]] = []
    known = any(truth is not None for truth in truths)
    for place, (sample, truth) in enumerate(zip(samples, truths, strict=True)):
        made = [pictures[place] for pictures in results.values()]
        rows.append([sample.person.image, sample.clothing.image, *made, *([truth] if known else [])])
    return _with_gaps(rows, ["person", "garment", *results, *(["truth"] if known else [])], CELL)


def _with_gaps(rows: Sequence[Sequence[Pixels | None]], columns: Sequence[str], cell: float) -> Figure:
    """A grid in which a picture that is not there is told, not drawn."""
    shape = next(picture.shape for row in rows for picture in row if picture is not None)
    blank = np.full(shape, 255, np.uint8)
    filled = [[blank if picture is None else picture for picture in row] for row in rows]
    figure = picture_grid(filled, columns, cell=cell)
    for axis, picture in zip(figure.axes, (picture for row in rows for picture in row), strict=True):
        if picture is None:
            axis.text(0.5, 0.5, "no result", transform=axis.transAxes, fontsize=FONT, color=FAINT, ha="center")
    return figure


def enlarged(picture: Pixels, box: tuple[slice, slice], height: int) -> Pixels:
    """A part of a picture in whole pixels, repeated until it is at least `height` pixels high."""
    part = picture[box]
    times = max(1, -(-height // part.shape[0]))
    return np.ascontiguousarray(part.repeat(times, axis=0).repeat(times, axis=1))


def marked(picture: Pixels, box: tuple[slice, slice]) -> Pixels:
    """A picture (H,W,3) with a thin frame around a part of it."""
    rows, columns = box
    corners = (columns.start, rows.start), (columns.stop - 1, rows.stop - 1)
    return np.asarray(cv2.rectangle(picture.copy(), *corners, color=(194, 65, 12), thickness=1))


def enlargements(
    wholes: Sequence[Pixels], boxes: Sequence[tuple[slice, slice]], parts: Mapping[str, Sequence[Pixels | None]]
) -> Figure:
    """A pair a row: the whole picture with its part framed, and that part of each of several pictures, enlarged.

    wholes: (H,W,3), one a row.   parts: by title, one picture a row.
    """
    rows: list[list[Pixels | None]] = []
    for place, (whole, box) in enumerate(zip(wholes, boxes, strict=True)):
        shown = [pictures[place] for pictures in parts.values()]
        cut = [enlarged(each, box, whole.shape[0]) if each is not None else None for each in shown]
        rows.append([marked(whole, box), *cut])
    return _with_gaps(rows, ["where", *parts], 1.45)


Curve = tuple[Sequence[float], Sequence[float]]  # steps, values


def training_curves(curves: Mapping[str, Mapping[str, Sequence[Curve]]]) -> Figure:
    """Validation measures of stages over their steps of training: a stage a row, a measure a panel, a seed a line."""
    across = max(len(measures) for measures in curves.values())
    figure = Figure(figsize=(2.5 * across, 1.75 * len(curves)), layout="constrained")
    axes = figure.subplots(len(curves), across, squeeze=False)
    for row, (stage, measures) in zip(axes, curves.items(), strict=True):
        for axis in row[len(measures) :]:
            axis.set_axis_off()
        for axis, (name, seeds) in zip(row, measures.items(), strict=False):
            for (steps, values), shade in zip(seeds, cycle((INK, *COLOURS.values())), strict=False):
                axis.plot(steps, values, color=shade, linewidth=1.0, marker="." if len(steps) < 30 else "")
            axis.set_title(f"{stage}: {name.replace('_', ' ')}", fontsize=FONT, color=INK)
            axis.ticklabel_format(axis="x", style="plain")
            axis.locator_params(axis="x", nbins=4)
            quiet(axis)
    for axis in axes[-1]:
        axis.set_xlabel("step")
        axis.xaxis.label.set_fontsize(FONT)
    return figure


def means(
    names: Sequence[str], values: NDArray[np.float64], label: str, zero: bool = False, told: Sequence[str] = ()
) -> Figure:
    """Means with their intervals, a name a row.

    values: (N,3) mean, low, high.   zero: with a line at 0, for differences.   told: what stands at the right of each.
    """
    figure = Figure(figsize=(6.4, 0.32 * len(names) + 0.75), layout="constrained")
    axis = figure.subplots()
    places = np.arange(len(names))[::-1]
    if zero:
        axis.axvline(0, color=FAINT, linewidth=1)
    for place, name, (mean, low, high) in zip(places, names, values, strict=True):
        colour = colour_of(name, names)
        axis.plot([low, high], [place, place], color=colour, linewidth=2, solid_capstyle="butt")
        axis.plot(mean, place, "o", color=colour, markersize=5)
    for place, text in zip(places, told, strict=False):
        axis.annotate(text, (1.01, place), xycoords=("axes fraction", "data"), fontsize=FONT, va="center", color=INK)
    axis.set(yticks=places, yticklabels=names, xlabel=label, ylim=(-0.6, len(names) - 0.4))
    quiet(axis)
    return figure
