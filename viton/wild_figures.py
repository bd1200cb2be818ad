"""Figures of try-ons in the wild: scenes with their crops, and sheets on which every guess is marked as one. H, W.

Arrays in, Figure out; nothing is shown or saved here.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import cv2
import numpy as np
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

from viton.data.person_crop import Crop
from viton.figures import FONT, INK, SOURCE, TARGET, picture_grid, skeleton
from viton.images import Pixels
from viton.keypoints import Keypoints

CELL = 1.3  # inches across a picture of a sheet
APPROXIMATE = "APPROXIMATE"


class Place(NamedTuple):
    """A whole photograph (h,w,3), the person's outline in the crop (h,w) and where the crop is."""

    photo: Pixels
    outline: Pixels
    crop: Crop
    name: str


class Shown(NamedTuple):
    """A picture of a sheet, (H,W,3) or None where there is none; what stands below it; whether it rests on a guess."""

    picture: Pixels | None
    told: str = ""
    guessed: bool = False
    joints: Keypoints | None = None


def scenes(shown: Sequence[Place], across: int = 4) -> Figure:
    """Whole photographs, the crop that the rule takes in blue and the given outline in orange."""
    rows = [list(shown[start : start + across]) for start in range(0, len(shown), across)]
    captions = [[place.name for place in row] for row in rows]
    figure = picture_grid([[place.photo for place in row] for row in rows], captions=captions, cell=1.9)
    width = max(map(len, rows))
    for number, place in enumerate(shown):
        axis, crop = figure.axes[number // across * width + number % across], place.crop
        corner = (crop.left - 0.5, crop.top - 0.5)
        axis.add_patch(Rectangle(corner, crop.width, crop.height, fill=False, edgecolor=TARGET, linewidth=1.4))
        edges, _ = cv2.findContours(place.outline, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE)
        for edge in edges:
            points = edge.reshape(-1, 2) + np.array([crop.left, crop.top])
            axis.plot(*points.T, color=SOURCE, linewidth=0.7)
    return figure


def sheet(rows: Sequence[Sequence[Shown]], columns: Sequence[str]) -> Figure:
    """Pictures in rows; one that rests on approximate labels has an orange frame and says so."""
    captions = [[each.told for each in row] for row in rows]
    figure = picture_grid([[each.picture for each in row] for row in rows], columns, captions, CELL)
    width = max(map(len, rows))
    for number, row in enumerate(rows):
        for place, each in enumerate(row):
            axis = figure.axes[number * width + place]
            if each.joints is not None:
                skeleton(axis, each.joints)
            if each.guessed:
                axis.set_frame_on(True)
                for spine in axis.spines.values():
                    spine.set(visible=True, color=SOURCE, linewidth=1.6)
                box = {"facecolor": SOURCE, "edgecolor": "none", "pad": 1.2}
                where = (0.02, 0.985)
                axis.text(
                    *where, APPROXIMATE, transform=axis.transAxes, fontsize=FONT - 3, color="white", va="top", bbox=box
                )
            if each.picture is None and each.told:
                axis.text(0.5, 0.5, "no picture", transform=axis.transAxes, ha="center", fontsize=FONT - 1, color=INK)
    return figure
