"""Figures of a whole dataset: many pictures on one sheet, its attributes, its poses, and one truth shown large.

H, W, N.  Arrays in, Figure or pixels out; nothing is shown or saved here.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator
from numpy.typing import NDArray

from viton.coordinates import Size
from viton.data.sample import Sample, Truth
from viton.figures import FONT, INK, SOURCE, TARGET, coloured_labels, map_colours, picture_grid, quiet
from viton.images import Pixels
from viton.keypoints import COCO18, Keypoints

NAMED = 12  # values of an attribute that get a bar of their own
DARKEST = 64  # difference, of 255, from which on it is drawn black
JOINT_COLOURS = {"right": SOURCE, "left": TARGET, "": INK}


def contact_sheet(pictures: Sequence[Pixels], across: int, gap: int = 2) -> Pixels:
    """Pictures (H,W,3) of one size in rows, in their order, on white."""
    if not pictures:
        raise ValueError("contact_sheet: expected at least one picture, got none")
    height, width = pictures[0].shape[:2]
    down = -(-len(pictures) // across)
    sheet = np.full((down * (height + gap) - gap, across * (width + gap) - gap, 3), 255, np.uint8)
    for number, picture in enumerate(pictures):
        top, left = number // across * (height + gap), number % across * (width + gap)
        sheet[top : top + height, left : left + width] = picture
    return sheet


def attribute_histograms(attributes: Mapping[str, Sequence[object]], across: int = 4) -> Figure:
    """How often each value of each attribute occurs: bars for names, a histogram for numbers."""
    down = max(1, -(-len(attributes) // across))
    figure = Figure(figsize=(2.3 * across, 1.75 * down), layout="constrained")
    axes = figure.subplots(down, across, squeeze=False).ravel()
    for axis, (name, values) in zip(axes, attributes.items(), strict=False):
        axis.set_title(f"{name} (n = {len(values)})", fontsize=FONT, color=INK)
        quiet(axis)
        if all(isinstance(value, int | float) and not isinstance(value, bool) for value in values):
            axis.hist(np.asarray(values, float), bins=20, color=TARGET, alpha=0.75)
        else:
            _bars(axis, Counter(str(value) or "(none)" for value in values))
        axis.xaxis.set_major_locator(MaxNLocator(4))
        axis.tick_params(labelsize=FONT - 1)
    for axis in axes[len(attributes) :]:
        axis.set_axis_off()
    return figure


def _bars(axis: Axes, counts: Counter[str]) -> None:
    """A bar a value, most frequent on top; rare ones together."""
    named = counts.most_common(NAMED)
    rest = counts.total() - sum(count for _, count in named)
    if rest:
        named.append((f"{len(counts) - NAMED} others", rest))
    names, heights = zip(*reversed(named), strict=True)
    axis.barh(range(len(names)), heights, color=TARGET, alpha=0.75)
    axis.set_yticks(range(len(names)), names)


def pose_scatter(poses: Sequence[Keypoints], others: Sequence[Keypoints], size: Size) -> Figure:
    """Every seen joint of `poses`, as it lies in the picture, and with the neck at 0 and a torso of length 1.

    poses, others: (18,3) in px of `size`.  The person's right is orange, the left blue, what lies on neither side dark;
    joints of `others`, if there are any, are rings.
    """
    figure = Figure(figsize=(9.2, 5.2), layout="constrained")
    raw, scaled = figure.subplots(1, 2)
    for shown, ring in ((poses, False), (others, True)):
        if shown:
            _joints(raw, np.stack(shown)[..., :2], np.stack(shown)[..., 2] > 0, ring)
            _joints(scaled, *_by_torso(np.stack(shown)), ring)
    raw.set(xlim=(0, size[1]), ylim=(size[0], 0), aspect="equal", title=f"in the picture ({len(poses)} people)")
    scaled.invert_yaxis()
    scaled.set(aspect="equal", title="from the neck, in torso lengths")
    for axis in (raw, scaled):
        axis.title.set_fontsize(FONT + 1)
        quiet(axis)
    return figure


def _by_torso(poses: NDArray[np.float32]) -> tuple[NDArray[np.floating], NDArray[np.bool_]]:
    """(N,18,3) -> places (N,18,2) from the neck in lengths from neck to the middle of the hips, and which are seen.

    Of somebody whose neck or hip is unseen, nothing is.
    """
    neck, right, left = (COCO18.index(name) for name in ("neck", "right_hip", "left_hip"))
    torso = np.linalg.norm((poses[:, right, :2] + poses[:, left, :2]) / 2 - poses[:, neck, :2], axis=1)
    whole = (poses[:, [neck, right, left], 2] > 0).all(axis=1, keepdims=True) & (torso[:, None] > 0)  # (N, 1)
    places = (poses[..., :2] - poses[:, None, neck, :2]) / np.where(whole, torso[:, None], 1)[..., None]
    return places, (poses[..., 2] > 0) & whole


def _joints(axis: Axes, places: NDArray[np.floating], seen: NDArray[np.bool_], ring: bool) -> None:
    """Joints (N,18,2) where they are seen."""
    for joint, name in enumerate(COCO18):
        x, y = places[seen[:, joint], joint].T
        if ring:
            axis.plot(x, y, "o", mfc="none", mec="black", markersize=5, mew=0.9, zorder=3)
        else:
            side = name.split("_")[0] if "_" in name else ""
            axis.plot(x, y, ".", color=JOINT_COLOURS[side], markersize=5, alpha=0.4, mew=0)


def difference_colours(a: Pixels, b: Pixels, where: NDArray[np.bool_]) -> Pixels:
    """The mean difference of (H,W,3) pictures over their channels, grey (H,W); white elsewhere, as where there is none.

    where: (H,W,1).
    """
    difference = np.abs(a.astype(np.float64) - b).mean(axis=2)
    return np.where(where[..., 0], 255 - (difference / DARKEST).clip(0, 1) * 255, 255).round().astype(np.uint8)


def truth_panels(sample: Sample, truth: Truth, parsing: Pixels, rebuilt: Pixels) -> Figure:
    """One try-on whose truth is known, large: what is given, what is true, and the garment rebuilt from the true map.

    parsing: (H,W) true labels.   rebuilt: (H,W,3), the product looked up through the map.
    """
    worn = np.asarray(np.isfinite(truth.map_px).all(axis=2, keepdims=True))
    alone = np.where(worn, truth.image, 255).astype(np.uint8)
    rows: list[list[Pixels | None]] = [
        [sample.person.image, sample.clothing.image, truth.image, coloured_labels(parsing)],
        [map_colours(truth.map_px), rebuilt, alone, difference_colours(rebuilt, truth.image, worn)],
    ]
    captions = [
        ["person", "product", "true picture", "true parsing"],
        ["true map", "product through the map", "garment of the true picture", f"difference (black: {DARKEST}/255)"],
    ]
    return picture_grid(rows, captions=captions, cell=2.7)
