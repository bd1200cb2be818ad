"""What is estimated of a photo, and who estimates it.

H, W of the photo.
"""

from __future__ import annotations

from typing import NamedTuple, Protocol

import cv2
import numpy as np
from numpy.typing import NDArray

from viton.images import Pixels
from viton.keypoints import Keypoints


class PoseFound(NamedTuple):
    """Somebody's joints."""

    joints: Keypoints  # (18, 3) px
    people: int = 1  # whom the estimator saw; the largest is taken


class Pose(Protocol):
    """Finds the joints of the largest person."""

    @property
    def source(self) -> dict[str, object]:
        """What it is, for provenance: name, digest of weights."""

    def joints(self, name: str, photo: Pixels) -> PoseFound:
        """photo (H,W,3), called `name`; raises InputError when it shows nobody."""


class Parser(Protocol):
    """Labels every pixel."""

    @property
    def source(self) -> dict[str, object]:
        """What it is, for provenance."""

    def labels(self, name: str, photo: Pixels) -> Pixels:
        """photo (H,W,3), called `name` -> CIHP labels (H,W); raises InputError when it shows nobody."""


def of_person(labels: Pixels, joints: Keypoints) -> Pixels:
    """Labels (H,W) of the one person whose joints are given; other people become background.

    A connected part is kept that holds a joint, or that is nearer to a kept one than a hand's breadth.
    """
    person = (labels > 0).astype(np.uint8)
    count, parts = cv2.connectedComponents(person, connectivity=8)
    if count <= 2:
        return labels
    held = parts[_pixels_of(joints, labels.shape)]
    kept = np.isin(parts, np.unique(held[held > 0]))
    if not kept.any():
        kept = parts == 1 + np.bincount(parts[parts > 0] - 1).argmax()
    reach = 0.02 * max(labels.shape)
    near = cv2.distanceTransform((~kept).astype(np.uint8), cv2.DIST_L2, 5) <= reach
    kept |= np.isin(parts, np.unique(parts[near & (person > 0)]))
    return np.where(kept, labels, 0).astype(np.uint8)


def _pixels_of(joints: Keypoints, shape: tuple[int, ...]) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Rows and columns of seen joints, within the picture."""
    seen = joints[joints[:, 2] > 0, :2].round().astype(np.intp)
    return seen[:, 1].clip(0, shape[0] - 1), seen[:, 0].clip(0, shape[1] - 1)
