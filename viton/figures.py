"""Figures of notebooks and reports: arrays in, Figure out; nothing is shown or saved here.

H, W, N.  Pictures are drawn pixel by pixel, without interpolation.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import zip_longest

import numpy as np
import torch
from matplotlib.axes import Axes
from matplotlib.collections import LineCollection
from matplotlib.figure import Figure
from numpy.typing import NDArray
from torch import Tensor

from viton.coordinates import Size, rescale_px
from viton.data.framing import fit_labels
from viton.data.sample import Person, Sample, Truth
from viton.images import Pixels, to_pixels
from viton.keypoints import LIMBS, Keypoints
from viton.parsing import PALETTE
from viton.warp import SampleFit, WarpFit

INK, FAINT, SOURCE, TARGET = "#1f2933", "#9aa5b1", "#c2410c", "#1d4ed8"
FONT = 8  # points
CELL = 1.45  # inches across a picture of a grid


def picture_grid(
    rows: Sequence[Sequence[Pixels | None]],
    columns: Sequence[str] = (),
    captions: Sequence[Sequence[str]] = (),
    cell: float = CELL,
) -> Figure:
    """Pictures (H,W,3) or grey (H,W) in rows, with titles over the columns and a caption under each; None is a gap.

    cell: inches across one picture; captions grow with it.
    """
    height, width = next(picture.shape[:2] for row in rows for picture in row if picture is not None)
    across = max(len(row) for row in rows)
    scale = cell / CELL
    below = 0.22 * scale if captions else 0.04
    figure = Figure(figsize=(cell * across, (cell * height / width + below) * len(rows) + 0.25))
    axes = figure.subplots(len(rows), across, squeeze=False)
    for i, row in enumerate(rows):
        for j in range(across):
            show(axes[i, j], row[j] if j < len(row) else None)
            if captions and j < len(captions[i]):
                axes[i, j].set_xlabel(captions[i][j], fontsize=(FONT - 1) * scale, color=INK, labelpad=2)
    for axis, title in zip(axes[0], columns, strict=False):
        axis.set_title(title, fontsize=FONT, color=INK, pad=4)
    inch = 1 / figure.get_figheight()
    figure.subplots_adjust(
        0.005, (0.2 * scale if captions else 0.03) * inch, 0.995, 1 - 0.22 * inch, 0.03, 0.12 if captions else 0.03
    )
    return figure


def show(axis: Axes, picture: Pixels | None, alpha: float = 1.0) -> None:
    """One picture without ticks or frame."""
    axis.set_xticks([])
    axis.set_yticks([])
    axis.set_frame_on(False)
    if picture is not None:
        axis.imshow(picture, cmap="gray", vmin=0, vmax=255, interpolation="nearest", alpha=alpha)


def coloured_labels(parsing: Pixels) -> Pixels:
    """A label map (H,W) in the colours of its palette, (H,W,3)."""
    return np.array(PALETTE, np.uint8)[np.minimum(parsing, len(PALETTE) - 1)]


def skeleton(axis: Axes, keypoints: Keypoints) -> None:
    """Joints and the limbs between seen ones over a picture; the person's right is warm, the left cool."""
    seen = keypoints[:, 2] > 0
    lines = [keypoints[[a, b], :2] for a, b in LIMBS if seen[a] and seen[b]]
    right = {2, 3, 4, 8, 9, 10, 14, 16}
    colours = [SOURCE if b in right else TARGET for a, b in LIMBS if seen[a] and seen[b]]
    axis.add_collection(LineCollection(lines, colors=colours, linewidths=1.2))
    axis.plot(*keypoints[seen, :2].T, ".", color=INK, markersize=3)


def people(shown: Sequence[Person]) -> Figure:
    """Photos with their joints, over label maps."""
    size = (shown[0].image.shape[0], shown[0].image.shape[1])
    labels = [coloured_labels(fit_labels(person.parsing, size)) for person in shown]
    figure = picture_grid([[person.image for person in shown], labels])
    for axis, person in zip(figure.axes, shown, strict=False):
        skeleton(axis, person.keypoints)
    return figure


def truth_sheet(samples: Sequence[Sample], truths: Sequence[Truth]) -> Figure:
    """Person, garment, the true picture of both, and where on the product each worn pixel lies."""
    rows = [
        [sample.person.image, sample.clothing.image, truth.image, map_colours(truth.map_px)]
        for sample, truth in zip(samples, truths, strict=True)
    ]
    return picture_grid(rows, ["person", "garment", "true try-on", "true map"])


def method_sheet(
    samples: Sequence[Sample], results: Sequence[Pixels], truths: Sequence[Truth | None], method: str
) -> Figure:
    """Person, garment, result and, where it is known, the true try-on: two pairs a row."""
    cells: list[list[Pixels | None]] = []
    for sample, result, truth in zip(samples, results, truths, strict=True):
        known = [truth.image if truth else None] if any(truths) else []
        cells.append([sample.person.image, sample.clothing.image, result, *known])
    rows = [[*left, *(right or [])] for left, right in zip_longest(cells[::2], cells[1::2])]
    titles = ["person", "garment", method, *(["truth"] if any(truths) else [])]
    return picture_grid(rows, titles * 2)


def matches(fit: WarpFit, clothing: Pixels, person: Pixels, title: str) -> Figure:
    """Both outlines on their pictures, and lines between the points that were matched last; unmatched ones hollow."""
    step, (height, width) = fit.match.steps[-1], clothing.shape[:2]
    source = rescale_px(fit.match.source.points, fit.size, (height, width))
    target = rescale_px(fit.match.target.points, fit.size, (height, width)) + np.array([width, 0])
    figure = Figure(figsize=(6.4, 6.4 * height / width / 2 + 0.3), layout="constrained")
    axis = figure.subplots()
    axis.set_title(title, fontsize=FONT + 1, color=INK)
    show(axis, np.concatenate([clothing, person], axis=1), alpha=0.45)
    lines = np.stack([source[step.source], target[step.target]], axis=1)
    axis.add_collection(LineCollection(list(lines), colors=FAINT, linewidths=0.6))
    for points, matched, colour in ((source, step.source, SOURCE), (target, step.target, TARGET)):
        free = np.setdiff1d(np.arange(len(points)), matched)
        axis.plot(*points[matched].T, ".", color=colour, markersize=5)
        axis.plot(*points[free].T, "o", mfc="white", mec=colour, markersize=4)
    return figure


def lattice_lines(fit: WarpFit, size: Size, spacing: int = 8) -> list[NDArray[np.float64]]:
    """What becomes of a square lattice on the product picture under the forward spline: polylines in px of `size`."""
    rows, columns = np.arange(0, size[0], spacing), np.arange(0, size[1], spacing)
    fine_y, fine_x = np.arange(size[0], dtype=float), np.arange(size[1], dtype=float)
    lines = [np.stack([fine_x, np.full_like(fine_x, row)], axis=1) for row in rows]
    lines += [np.stack([np.full_like(fine_y, column), fine_y], axis=1) for column in columns]
    return [_mapped(fit, line, size) for line in lines]


def _mapped(fit: WarpFit, points: NDArray[np.float64], size: Size) -> NDArray[np.float64]:
    there = fit.forward(torch.from_numpy(rescale_px(points, size, fit.size)))[0].numpy()
    return rescale_px(there, fit.size, size)


def lattice(fitted: SampleFit, clothing: Pixels, warped: Pixels, title: str) -> Figure:
    """The product under a square lattice, and the warped clothing under the bent one with the target's outline."""
    height, width = clothing.shape[:2]
    figure = picture_grid([[clothing, warped]], ["product", title])
    figure.set_size_inches(5.6, 5.6 * height / width / 2 + 0.25)
    left, right = figure.axes
    straight = [[(0, y), (width, y)] for y in range(0, height, 8)] + [[(x, 0), (x, height)] for x in range(0, width, 8)]
    left.add_collection(LineCollection(straight, colors=SOURCE, linewidths=0.4, alpha=0.7))
    bent = lattice_lines(fitted.fit, (height, width))
    right.add_collection(LineCollection(bent, colors=SOURCE, linewidths=0.4, alpha=0.7))
    right.contour(fitted.target_mask, [0.5], colors=TARGET, linewidths=1.0)
    for axis in (left, right):
        axis.set_xlim(-0.5, width - 0.5)
        axis.set_ylim(height - 0.5, -0.5)
    return figure


def iou_by_iteration(values: NDArray[np.float64]) -> Figure:
    """How the overlap grows, (pairs, iterations): a faint line a pair, their mean and middle half drawn strong."""
    figure = Figure(figsize=(5.2, 3.0), layout="constrained")
    axis = figure.subplots()
    rounds = np.arange(1, values.shape[1] + 1)
    axis.plot(rounds, values.T, color=FAINT, linewidth=0.6, alpha=0.6)
    low, high = np.quantile(values, [0.25, 0.75], axis=0)
    axis.fill_between(rounds, low, high, color=TARGET, alpha=0.15, label="middle half of the pairs")
    axis.plot(rounds, values.mean(axis=0), color=TARGET, marker="o", label=f"mean of {len(values)} pairs")
    axis.set(xlabel="iteration of matching", ylabel="IoU with the target mask", xticks=rounds, ylim=(None, 1))
    quiet(axis)
    axis.legend(fontsize=FONT, frameon=False)
    return figure


def histogram(values: Sequence[float], label: str, bins: int = 20) -> Figure:
    """How often each value occurs, with the median marked."""
    figure = Figure(figsize=(4.2, 2.4), layout="constrained")
    axis = figure.subplots()
    axis.hist(values, bins=bins, color=TARGET, alpha=0.75)
    median = float(np.median(values))
    axis.axvline(median, color=SOURCE, linewidth=1.2, label=f"median {median:.3g}")
    axis.set(xlabel=label, ylabel="pairs")
    quiet(axis)
    axis.legend(fontsize=FONT, frameon=False)
    return figure


def representation_sheet(shown: Sequence[Person], channels: Tensor) -> Figure:
    """Photo, the pose maps laid over each other, body shape, and face and hair of (B,22,H,W) representations."""
    rows = []
    for person, each in zip(shown, channels, strict=True):
        pose = (255 * (1 - each[:18].amax(0))).byte().numpy()
        body = (255 * each[18]).round().byte().numpy()
        rows.append([person.image, pose, body, to_pixels(each[19:22])])
    return picture_grid(rows, ["photo", "pose (18)", "body shape (1)", "face and hair (3)"])


def map_colours(map_px: NDArray[np.float32]) -> Pixels:
    """A product map (H,W,2) as colours: red grows across the product, green down it; white where nothing is worn."""
    H, W = map_px.shape[:2]
    worn = np.isfinite(map_px).all(axis=2, keepdims=True)
    filled = np.where(worn, map_px, 0)
    colours = np.stack([filled[..., 0] / W, filled[..., 1] / H, np.full((H, W), 0.45)], axis=2)
    return np.where(worn, (colours.clip(0, 1) * 255).round(), 255).astype(np.uint8)


def quiet(axis: Axes) -> None:
    """Fewer lines: only the axes that carry numbers."""
    axis.spines[["top", "right"]].set_visible(False)
    axis.tick_params(labelsize=FONT)
    axis.xaxis.label.set_fontsize(FONT + 1)
    axis.yaxis.label.set_fontsize(FONT + 1)


def spread(places: NDArray[np.float64], gap: float) -> NDArray[np.float64]:
    """Rising places moved so that neighbours are at least `gap` apart, each group about its own mean."""
    groups: list[list[float]] = []
    for place in places:
        groups.append([float(place)])
        while len(groups) > 1 and _first(groups[-1], gap) - _last(groups[-2], gap) < gap:
            groups[-2:] = [groups[-2] + groups[-1]]
    return np.array([_first(group, gap) + gap * number for group in groups for number in range(len(group))])


def _first(group: Sequence[float], gap: float) -> float:
    return float(np.mean(group)) - gap * (len(group) - 1) / 2


def _last(group: Sequence[float], gap: float) -> float:
    return float(np.mean(group)) + gap * (len(group) - 1) / 2
