"""Reads a whole photo by the small network: several framed looks at it, averaged in the photo's own frame.

h, w of the network's picture; H, W of the working picture, the photo with a longer side of WORKING at most; K labels.
"""

from __future__ import annotations

from typing import NamedTuple

import cv2
import numpy as np
import torch
from numpy.typing import NDArray

from viton.coordinates import Size
from viton.estimate.network import BodyReader, Read
from viton.estimate.settings import HEIGHT, WIDTH
from viton.estimate.stage import joints_of
from viton.images import Pixels, to_signed
from viton.keypoints import COCO18, Keypoints
from viton.mirror import other_side
from viton.parsing import CIHP

Floats = NDArray[np.float32]
WORKING = 512  # px of the longer side
LOOKS = (1.0, 1.15, 1.3)  # sizes of the framed part, in the least that holds the photo
SEEN = 0.5  # least chance that a joint is seen
SMALL = 0.6  # share of the frame's height below which a person is looked at again from nearer
FILLS = 0.85  # of the frame's height, in that nearer look


class Box(NamedTuple):
    """A part of the working picture, of the network's aspect ratio; it may reach beyond."""

    top: float
    left: float
    height: float

    @property
    def scale(self) -> float:
        """Working pixels a pixel of the network's."""
        return self.height / HEIGHT


class Reading(NamedTuple):
    """What the network says of a working picture."""

    chances: Floats  # (K, H, W), sums of 1
    joints: Keypoints  # (18, 3) px of it; the third is the chance of being seen, 0 where it is not


def working(photo: Pixels) -> Pixels:
    """The photo, reduced to WORKING where it is larger."""
    factor = min(1.0, WORKING / max(photo.shape[:2]))
    size = (max(1, round(photo.shape[1] * factor)), max(1, round(photo.shape[0] * factor)))
    return photo if factor == 1 else np.asarray(cv2.resize(photo, size, interpolation=cv2.INTER_AREA), np.uint8)


def read(network: BodyReader, picture: Pixels) -> Reading:
    """Read a working picture (H,W,3); where the person is small in it, from nearer."""
    size = picture.shape[:2]
    whole = max(size[0], size[1] * HEIGHT / WIDTH)
    middle = (size[1] - 1) / 2, (size[0] - 1) / 2
    found = _looked(network, picture, [_about(middle, whole * factor) for factor in LOOKS])
    rows, columns = np.nonzero(found.chances[0] < 0.5)
    if not len(rows):
        return found
    tall = max(np.ptp(rows) + 1, (np.ptp(columns) + 1) * HEIGHT / WIDTH)
    if tall >= SMALL * whole:
        return found
    middle = (columns.min() + columns.max()) / 2, (rows.min() + rows.max()) / 2
    return _looked(network, picture, [_about(middle, tall * factor / FILLS) for factor in LOOKS])


def _about(middle: tuple[float, float], height: float) -> Box:
    width = height * WIDTH / HEIGHT
    return Box(middle[1] + 0.5 - height / 2, middle[0] + 0.5 - width / 2, height)


def _looked(network: BodyReader, picture: Pixels, boxes: list[Box]) -> Reading:
    """The mean of what is read in some boxes, each also in a mirror."""
    total = np.zeros((len(CIHP.labels), *picture.shape[:2]), np.float32)
    joints = []
    for box in boxes:
        for mirrored in (False, True):
            chances, places = _one_look(network, _framed(picture, box), mirrored)
            total += _laid_back(chances, box, picture.shape[:2])
            places[:, :2] = (places[:, :2] + 0.5) * box.scale + np.array([box.left, box.top]) - 0.5
            joints.append(places)
    return Reading(total / total.sum(axis=0), _agreed(np.stack(joints), picture.shape[:2]))


def _one_look(network: BodyReader, framed: Pixels, mirrored: bool) -> tuple[Floats, Floats]:
    """Chances (K,h,w) and joints (18,3) px of a framed picture (h,w,3)."""
    seen = np.ascontiguousarray(framed[:, ::-1]) if mirrored else framed
    with torch.no_grad():
        found: Read = network(to_signed(torch.from_numpy(seen).permute(2, 0, 1)[None]))
        chances = found.labels[0].float().softmax(dim=0).numpy()
        joints = joints_of(found, (HEIGHT, WIDTH))[0].numpy()
    if mirrored:
        chances, joints = chances[other_side(CIHP.labels)][:, :, ::-1], joints[other_side(COCO18)]
        joints[:, 0] = WIDTH - 1 - joints[:, 0]
    return chances, joints


def _affine(box: Box) -> NDArray[np.float64]:
    """Network's pixels -> working pixels, for OpenCV."""
    scale = box.scale
    return np.array([[scale, 0, box.left + scale / 2 - 0.5], [0, scale, box.top + scale / 2 - 0.5]])


def _framed(picture: Pixels, box: Box) -> Pixels:
    """What lies in a box, (h,w,3), averaged over area; beyond the picture its border goes on."""
    fine = max(1, int(box.scale))  # samples a side that are averaged for a pixel
    step = box.scale / fine
    move = np.array([[step, 0, box.left + step / 2 - 0.5], [0, step, box.top + step / 2 - 0.5]])
    flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
    large = cv2.warpAffine(picture, move, (WIDTH * fine, HEIGHT * fine), flags=flags, borderMode=cv2.BORDER_REPLICATE)
    return np.asarray(cv2.resize(large, (WIDTH, HEIGHT), interpolation=cv2.INTER_AREA), np.uint8)


def _laid_back(chances: Floats, box: Box, size: Size) -> Floats:
    """Chances (K,h,w) at the working size (K,H,W); outside the box it is background."""
    planes = []
    for number, plane in enumerate(chances):
        planes.append(
            cv2.warpAffine(
                np.ascontiguousarray(plane), _affine(box), size[::-1], flags=cv2.INTER_LINEAR,
                borderMode=cv2.BORDER_CONSTANT, borderValue=1.0 if number == 0 else 0.0,
            )
        )  # fmt: skip
    return np.stack(planes)


def _agreed(joints: Floats, size: Size) -> Keypoints:
    """Joints (looks,18,3) -> (18,3): the median place of the looks that see a joint, if it is seen on average."""
    found = np.zeros((len(COCO18), 3), np.float32)
    for number in range(len(COCO18)):
        each = joints[:, number]
        chance = float(each[:, 2].mean())
        if chance < SEEN:
            continue
        x, y = np.median(each[each[:, 2] >= SEEN / 2, :2], axis=0)
        if 0 <= x <= size[1] - 1 and 0 <= y <= size[0] - 1:
            found[number] = x, y, chance
    return found
