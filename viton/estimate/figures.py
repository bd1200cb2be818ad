"""Figures of what was estimated of photos. Arrays in, Figure out; nothing is shown or saved here.

H, W.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from matplotlib.figure import Figure

from viton.coordinates import Size
from viton.data.framing import fit_keypoints, fit_labels, fit_photo, padded
from viton.figures import FONT, INK, coloured_labels, picture_grid, skeleton
from viton.images import Pixels
from viton.keypoints import Keypoints

SHOWN: Size = (256, 192)
LEAST_ACROSS = 3  # columns, so that a title has room
ABOVE = 0.3  # inches for it


class Estimated(NamedTuple):
    """A photo (H,W,3) with what is said of it and, where it is known, what is given."""

    name: str
    photo: Pixels
    joints: Keypoints  # (18, 3) px
    labels: Pixels  # (H, W)
    given_joints: Keypoints | None = None
    given_labels: Pixels | None = None


def estimate_sheet(shown: Sequence[Estimated], title: str) -> Figure:
    """A column a photo: with its joints, and its labels; below, where they are known, those given."""
    gaps = [None] * max(0, LEAST_ACROSS - len(shown))
    rows: list[list[Pixels | None]] = [
        [*map(_photo, shown), *gaps],
        [*(_labels(each, each.labels) for each in shown), *gaps],
    ]
    captions = [[each.name for each in shown], ["labels"] * len(shown)]
    joints = [[each.joints for each in shown]]
    if any(each.given_labels is not None for each in shown):
        rows += [list(rows[0]), [*(_labels(each, each.given_labels) for each in shown), *gaps]]
        captions[1] = ["estimated labels"] * len(shown)
        captions += [["given joints"] * len(shown), ["given labels"] * len(shown)]
        joints.append([each.joints if each.given_joints is None else each.given_joints for each in shown])
    figure = picture_grid(rows, captions=captions)
    figure.set_size_inches(figure.get_figwidth(), figure.get_figheight() + ABOVE)
    figure.subplots_adjust(top=1 - ABOVE / figure.get_figheight())
    figure.suptitle(title, fontsize=FONT + 1, color=INK, y=1 - 0.05 / figure.get_figheight(), va="top")
    for band, found in enumerate(joints):
        for axis, each, points in zip(figure.axes[2 * band * len(rows[0]) :], shown, found, strict=False):
            skeleton(axis, fit_keypoints(points, each.photo.shape[:2], SHOWN))
    return figure


def _photo(each: Estimated) -> Pixels:
    return fit_photo(each.photo, SHOWN)


def _labels(each: Estimated, labels: Pixels | None) -> Pixels | None:
    return None if labels is None else coloured_labels(fit_labels(padded(labels, SHOWN, 0), SHOWN))
