"""Figures of failure cases: galleries by severity, how often each rule fires, two poses on one photo.

H, W.  Pictures are drawn pixel by pixel.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import cv2
import numpy as np
from matplotlib.colors import to_rgb
from matplotlib.figure import Figure
from numpy.typing import NDArray

from viton.figures import FAINT, FONT, INK, SOURCE, TARGET, picture_grid, quiet
from viton.images import Pixels
from viton.keypoints import LIMBS
from viton.option_figures import PALE
from viton.try_on_figures import CELL


class Case(NamedTuple):
    """A pair in a gallery: its pictures (H,W,3) by title, and what stands below the first."""

    pictures: Mapping[str, Pixels]
    told: str


def gallery(rows: Mapping[str, Sequence[Case]], title: str) -> Figure:
    """Cases in rows, "worst" above "best", side by side; all have pictures of the same titles."""
    columns = [name for case in max(rows.values(), key=len) for name in case.pictures]
    grid = [[picture for case in row for picture in case.pictures.values()] for row in rows.values()]
    below = [
        [text for case in row for text in (f"{name}: {case.told}", *[""] * (len(case.pictures) - 1))]
        for name, row in rows.items()
    ]
    figure = picture_grid(grid, columns, below, CELL)
    top = 0.24 / figure.get_figheight()  # room for the title
    figure.suptitle(title, fontsize=FONT + 2, color=INK, x=0.005, y=0.99, ha="left", va="top")
    figure.subplots_adjust(top=1 - 0.22 / figure.get_figheight() - top)
    return figure


def two_poses(picture: Pixels, pose: NDArray[np.float64], other: NDArray[np.float64]) -> Pixels:
    """A faded photo (H,W,3) with a pose in orange and another one in blue.   pose, other: (18,3) px."""
    drawn = np.rint(picture + (255.0 - picture) * PALE).astype(np.uint8)
    for joints, colour in ((other, TARGET), (pose, SOURCE)):
        shade = tuple(round(255 * part) for part in to_rgb(colour))
        for a, b in LIMBS:
            if joints[a, 2] > 0 and joints[b, 2] > 0:
                ends = [(round(float(x)), round(float(y))) for x, y in joints[[a, b], :2]]
                drawn = np.asarray(cv2.line(drawn, ends[0], ends[1], shade, 1), np.uint8)
    return drawn


def severities(panels: Mapping[str, tuple[NDArray[np.float64], float]]) -> Figure:
    """How severe each rule finds the pairs: a dot a pair, a rule a row, in the rule's threshold; beyond 1 it fires.

    panels: severities (N,) and threshold by rule.   Severities beyond four thresholds are drawn there.
    """
    figure = Figure(figsize=(6.4, 0.36 * len(panels) + 0.7), layout="constrained")
    axis, rng = figure.subplots(), np.random.default_rng(0)
    places = np.arange(len(panels))[::-1]
    axis.axvline(1, color=FAINT, linewidth=1)
    for place, (values, threshold) in zip(places, panels.values(), strict=True):
        scaled = (values / threshold).clip(-1, 4)
        spread = place + rng.uniform(-0.22, 0.22, len(scaled))
        for part, colour in ((scaled <= 1, FAINT), (scaled > 1, SOURCE)):
            axis.plot(scaled[part], spread[part], ".", color=colour, markersize=3.5, alpha=0.7)
        axis.annotate(
            f"{(scaled > 1).sum()} of {len(scaled)}", (1.01, place), xycoords=("axes fraction", "data"),
            fontsize=FONT, va="center", color=INK,
        )  # fmt: skip
    axis.set(yticks=places, yticklabels=list(panels), xlim=(-1.1, 4.15), ylim=(-0.6, len(panels) - 0.4))
    axis.set_xlabel("severity, in thresholds of the rule (cut at -1 and 4)")
    quiet(axis)
    return figure
