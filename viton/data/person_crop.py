"""Which part of a photo is cropped for a person, and who is not taken; the paper gives no rule (Fig. 9). H, W.

The crop is framed as catalogue photos are, which the networks are trained on: from the head to the thighs.

1. The box holds the outline and all labelled joints, down to `BELOW_HIPS` torsos below the hips at most.
2. A margin of `MARGIN` of its height is added on all sides.
3. It grows to 4:3 (height to width), to both sides alike, or downwards and upwards alike.
4. It moves into the photo as far as it can; what still sticks out is white.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from viton.coordinates import Size

BELOW_HIPS = 0.75  # torsos (middle of the shoulders to middle of the hips)
MARGIN = 0.05  # of the box's height
ASPECT = 4 / 3
LEAST_HEIGHT = 128  # px of the crop: of fewer the methods would see upscaled pixels
LEAST_JOINTS = 8  # of 17 that are labelled
UPRIGHT = 0.8  # least share of the torso's length that it spans downwards
MOST_OUTSIDE = 0.15  # share of the crop that lies outside the photo
MOST_CUT = 0.02  # share of the box's outline that may lie on the photo's left, right or upper edge

# Why somebody is not taken, in the order in which it is asked.
REASONS = {
    "crowd": "an annotation of a crowd",
    "no_outline": "no outline",
    "few_joints": f"fewer than {LEAST_JOINTS} of 17 joints labelled",
    "no_torso": "a shoulder or a hip not labelled",
    "no_face": "nose not visible: from behind, turned away or hidden",
    "not_upright": f"the torso spans less than {UPRIGHT} of its length downwards, or head below shoulders",
    "too_small": f"a crop of fewer than {LEAST_HEIGHT} px in height",
    "truncated": f"more than {MOST_OUTSIDE:.0%} of the crop outside the photo, or head or a side of the body cut off",
}
NOSE, SHOULDERS, HIPS = 0, (5, 6), (11, 12)  # of COCO's seventeen


class Crop(NamedTuple):
    """A box of whole pixels in a photo; parts of it may lie outside."""

    top: int
    left: int
    height: int
    width: int

    @property
    def size(self) -> Size:
        return self.height, self.width


def refused(joints: NDArray[np.float64]) -> str | None:
    """Why somebody with these joints (17,3) is not taken; None where they are no reason."""
    if (joints[:, 2] > 0).sum() < LEAST_JOINTS:
        return "few_joints"
    if not (joints[[*SHOULDERS, *HIPS], 2] > 0).all():
        return "no_torso"
    if joints[NOSE, 2] < 2:
        return "no_face"
    neck, middle = joints[list(SHOULDERS), :2].mean(axis=0), joints[list(HIPS), :2].mean(axis=0)
    is_upright = middle[1] - neck[1] >= UPRIGHT * np.linalg.norm(middle - neck) > 0 and joints[NOSE, 1] < neck[1]
    return None if is_upright else "not_upright"


def crop_of(joints: NDArray[np.float64], mask: NDArray[np.uint8]) -> Crop | str:
    """The crop of somebody with these joints (17,3) and this outline (H,W) in {0,1}; else why there is none."""
    if (reason := refused(joints)) is not None:
        return reason
    neck, middle = joints[list(SHOULDERS), :2].mean(axis=0), joints[list(HIPS), :2].mean(axis=0)
    lowest = middle[1] + BELOW_HIPS * np.linalg.norm(middle - neck)
    rows, columns = np.nonzero(mask)
    if not len(rows):
        return "no_outline"
    seen = joints[(joints[:, 2] > 0) & (joints[:, 1] <= lowest), :2]
    kept = rows <= lowest
    x, y = np.append(columns[kept] + 0.5, seen[:, 0] + 0.5), np.append(rows[kept] + 0.5, seen[:, 1] + 0.5)
    box = np.array([y.min() - 0.5, x.min() - 0.5, y.max() + 0.5, x.max() + 0.5])
    crop = _framed(box, mask.shape)
    if crop.height < LEAST_HEIGHT:
        return "too_small"
    return "truncated" if _is_truncated(crop, mask, lowest) else crop


def _framed(box: NDArray[np.float64], size: Size) -> Crop:
    """A box (top, left, bottom, right) with margins, at the aspect ratio, moved into a photo of that size."""
    margin = MARGIN * (box[2] - box[0])
    tall, wide = box[2] - box[0] + 2 * margin, box[3] - box[1] + 2 * margin
    width = int(np.ceil(max(wide, tall / ASPECT) / 3)) * 3
    height = width * 4 // 3
    places = []
    for middle, side, whole in ((box[0] + box[2], height, size[0]), (box[1] + box[3], width, size[1])):
        start = round(middle / 2 - side / 2)
        places.append(min(max(start, 0), whole - side) if side <= whole else (whole - side) // 2)
    return Crop(places[0], places[1], height, width)


def _is_truncated(crop: Crop, mask: NDArray[np.uint8], lowest: float) -> bool:
    height, width = mask.shape
    inside = [
        max(0, min(start + side, whole) - max(start, 0))
        for start, side, whole in ((crop.top, crop.height, height), (crop.left, crop.width, width))
    ]
    outside = 1 - inside[0] * inside[1] / (crop.height * crop.width)
    shown = mask[: max(1, int(lowest) + 1)]
    cut = shown[0].sum() + shown[:, 0].sum() + shown[:, -1].sum()
    return bool(outside > MOST_OUTSIDE or cut > MOST_CUT * 2 * (crop.height + crop.width))


def cropped(pixels: NDArray[np.uint8], crop: Crop, fill: int) -> NDArray[np.uint8]:
    """The crop of a picture (h,w) or (h,w,3); what lies outside it is `fill`."""
    found = np.full((*crop.size, *pixels.shape[2:]), fill, np.uint8)
    top, left = max(0, crop.top), max(0, crop.left)
    part = pixels[top : crop.top + crop.height, left : crop.left + crop.width]
    found[top - crop.top :, left - crop.left :][: part.shape[0], : part.shape[1]] = part
    return found
