"""How far estimated joints and labels are from given ones: pure functions of arrays.

H, W.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from viton.images import Pixels
from viton.keypoints import COCO18, Keypoints
from viton.parsing import LabelMap

Bools = NDArray[np.bool_]

NEAR = 0.1  # of the torso: a joint this near is found
NOMINAL = 256  # px of the height that errors are told at


class JointScore(NamedTuple):
    """One joint over several people."""

    name: str
    given: int  # people in whom it is given
    missed: int  # of them, those in whom none was estimated
    error: float  # px at a height of 256, median of the estimated ones; NaN without any
    found: float  # share of the given ones within NEAR of the torso; NaN without any


class LabelScore(NamedTuple):
    """One label over several people."""

    name: str
    share: float  # of the given labels' pixels
    iou: float  # intersection over union of all pixels together; NaN where neither has it


def joint_scores(found: Sequence[Keypoints], given: Sequence[Keypoints], heights: Sequence[int]) -> list[JointScore]:
    """A row a joint, and last of all together; joints (18,3) px of photos of those heights.

    Whoever has no torso given (neck and a hip) counts for the error, not for what is found.
    """
    seen = np.stack([joints[:, 2] > 0 for joints in given])  # (people, 18)
    there = np.stack([joints[:, 2] > 0 for joints in found]) & seen
    off = np.stack([np.hypot(*(a[:, :2] - b[:, :2]).T) for a, b in zip(found, given, strict=True)]).astype(np.float64)
    error = off * NOMINAL / np.array(heights, np.float64)[:, None]
    torso = np.array([torso_of(joints) for joints in given])[:, None]
    near = there & (off < NEAR * torso)
    known = seen & np.isfinite(torso)
    parts = [(name, [number]) for number, name in enumerate(COCO18)]
    return [
        _joint_score(name, error[:, part], seen[:, part], there[:, part], near[:, part], known[:, part])
        for name, part in [*parts, ("all", list(range(len(COCO18))))]
    ]


def _joint_score(
    name: str, error: NDArray[np.float64], seen: Bools, there: Bools, near: Bools, known: Bools
) -> JointScore:
    """From errors and what holds of each joint, (people, joints)."""
    median = float(np.median(error[there])) if there.any() else float("nan")
    found = float((near & known).sum() / known.sum()) if known.any() else float("nan")
    return JointScore(name, int(seen.sum()), int((seen & ~there).sum()), median, found)


def torso_of(joints: Keypoints) -> float:
    """From the neck to the middle of the seen hips, px; NaN without one of them."""
    hips = joints[[8, 11]]
    hips = hips[hips[:, 2] > 0]
    if not len(hips) or not joints[1, 2] > 0:
        return float("nan")
    return float(np.hypot(*(hips[:, :2].mean(axis=0) - joints[1, :2])))


def label_scores(found: Sequence[Pixels], given: Sequence[Pixels], label_map: LabelMap) -> list[LabelScore]:
    """A row a label that is in either, and last the mean over those given; labels (H,W) of equal sizes in pairs."""
    count = len(label_map.labels)
    table = np.zeros((count, count), np.int64)
    for a, b in zip(found, given, strict=True):
        table += np.bincount(b.astype(np.int64).ravel() * count + a.ravel(), minlength=count * count).reshape(
            count, count
        )
    rows = [LabelScore(name, *_score(table, number)) for number, name in enumerate(label_map.labels)]
    named = [row.iou for row in rows if row.share > 0]
    return [*(row for row in rows if not np.isnan(row.iou)), LabelScore("mean", 1.0, float(np.mean(named)))]


def _score(table: NDArray[np.int64], number: int) -> tuple[float, float]:
    """Share and IoU of a label, from pixels of (given, found)."""
    both = table[number, number]
    either = table[number].sum() + table[:, number].sum() - both
    return float(table[number].sum() / table.sum()), float(both / either) if either else float("nan")
