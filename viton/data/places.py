"""Where joints lie on a label map: what tells one label map, frame or orientation from another.

A nose lies on a face, a wrist on an arm or a sleeve, a knee on a leg or trousers. Read with the wrong table, at the
wrong scale or on its side, a map has other things there. One picture may mislead; a folder does not.

J joints, H, W.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from typing import NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray

from viton.coordinates import Size
from viton.images import Pixels
from viton.keypoints import COCO18, Keypoints
from viton.parsing import ATR, CIHP, LIP, LIP_NECK, LabelMap

# What circulates and is not read here. An empty name: what the number means is not published.
ACGPN = LabelMap("ACGPN", (
    "background", "hair", "", "", "upper_clothes", "left_shoe", "right_shoe", "", "pants", "left_leg", "right_leg",
    "left_arm", "face", "right_arm",
))  # fmt: skip
GP_VTON = LabelMap("GP-VTON", (  # its loader: 21, 24 and 22, 25 are sleeves, 11 neck, 14 face, 15 and 16 arms
    "background", "", "hair", "", "", "upper_clothes", "dress", "", "", "", "", "neck", "", "", "face", "left_arm",
    "right_arm", "", "", "", "", "upper_clothes", "upper_clothes", "", "upper_clothes", "upper_clothes",
))  # fmt: skip
MAPS = (CIHP, LIP, LIP_NECK, ATR, ACGPN, GP_VTON)

BODICE = ("upper_clothes", "dress", "coat", "jumpsuits")
TRUNK = (*BODICE, "neck", "scarf", "hair", "face")
LOWER = ("pants", "skirt", "dress", "jumpsuits", "coat")
ENOUGH = 0.8  # share of the joints that lie where they should when a table, frame or orientation is right
DOUBTFUL = 0.7  # below it the others are tried
BETTER = 3  # joints more than as it stands, and a quarter of all
FEWEST = 6  # joints that must have a say


def expected_at(joint: str) -> tuple[str, ...]:
    """The labels on which a joint of COCO-18 may lie."""
    side, _, part = joint.rpartition("_")
    if part in ("nose", "eye"):
        return ("face", "sunglasses")
    if part == "ear":
        return ("face", "hair", "hat")
    if part == "neck":
        return TRUNK
    if part == "shoulder":
        return (*TRUNK, f"{side}_arm")
    if part in ("elbow", "wrist"):
        return (*BODICE, f"{side}_arm", "glove")
    if part == "hip":
        return (*LOWER, "upper_clothes", "belt")
    return (*LOWER, f"{side}_leg", f"{side}_shoe", "socks")


@cache
def _table(label_map: LabelMap) -> NDArray[np.int8]:
    """(18,256): 1 where a joint may lie on a label, 0 where not, -1 where the label's meaning is not known."""
    table = np.zeros((len(COCO18), 256), np.int8)
    for row, joint in enumerate(COCO18):
        for number, name in enumerate(label_map.labels):
            table[row, number] = -1 if not name else name in expected_at(joint)
    return table


class Fit(NamedTuple):
    """How many joints have a say, and how many of them lie where they should."""

    agree: int
    counted: int

    def is_enough(self) -> bool:
        return self.counted >= FEWEST and self.agree >= ENOUGH * self.counted

    def is_doubtful(self) -> bool:
        return self.agree < DOUBTFUL * self.counted

    def beats(self, other: Fit) -> bool:
        return self.is_enough() and self.agree - other.agree >= max(BETTER, other.counted / 4)


def labels_at(labels: Pixels, joints: Keypoints) -> NDArray[np.uint8]:
    """The label (J,) under each joint; 0 outside the map."""
    height, width = labels.shape
    columns, rows = np.floor(np.clip(joints[:, :2], -1, 1e6) + 0.5).astype(int).T
    inside = (columns >= 0) & (columns < width) & (rows >= 0) & (rows < height)
    found = np.zeros(len(joints), np.uint8)
    found[inside] = labels[rows[inside], columns[inside]]
    return found


def fit(labels: Pixels, joints: Keypoints, label_map: LabelMap) -> Fit:
    """How joints (18,3) lie on labels (H,W) read by a table."""
    seen = joints[:, 2] > 0
    verdicts = _table(label_map)[np.arange(len(joints)), labels_at(labels, joints)][seen]
    return Fit(int((verdicts == 1).sum()), int((verdicts >= 0).sum()))


def share_on_person(labels: Pixels, joints: Keypoints) -> float:
    """The share of the seen joints within a fortieth of the height of anything but background."""
    radius = max(1, labels.shape[0] // 40)
    near = cv2.dilate((labels > 0).astype(np.uint8), np.ones((2 * radius + 1, 2 * radius + 1), np.uint8))
    return float((labels_at(np.asarray(near, np.uint8), joints)[joints[:, 2] > 0] > 0).mean())


def other_map(labels: Pixels, joints: Keypoints, declared: LabelMap) -> LabelMap | None:
    """A table that joints fit clearly better than the one that is declared."""
    stands = fit(labels, joints, declared)
    if not stands.is_doubtful() and labels.max() < len(declared.labels):
        return None
    fits = [(fit(labels, joints, each), each) for each in MAPS if labels.max() < len(each.labels) and each != declared]
    better = [(found.agree, each) for found, each in fits if found.beats(stands)]
    return max(better, key=lambda entry: entry[0])[1] if better else None


def frames(size: Size, layout: str) -> Iterator[tuple[str, float, float]]:
    """Frames that joints may be in by mistake: what it is called, and what x and y are to be multiplied with."""
    height, width = size
    if layout == "dresscode":
        yield "the photo's own pixels, where the layout has 384x512", 384 / width, 512 / height
    for high, wide in ((512, 384), (1024, 768), (256, 192), (640, 480)):
        if (high, wide) != size:
            yield f"a frame of {wide}x{high}", width / wide, height / high
    yield "shares of the width and height, 0 to 1", float(width), float(height)
    for times in (2, 3, 4):
        yield f"a picture of a {('half', 'third', 'quarter')[times - 2]} of the size", float(times), float(times)
        yield f"a picture {times} times as large", 1 / times, 1 / times


def other_frame(labels: Pixels, joints: Keypoints, label_map: LabelMap, layout: str) -> str | None:
    """What frame joints are in, if they lie in the right places once they are scaled from it."""
    stands = fit(labels, joints, label_map)
    if not stands.is_doubtful():
        return None
    best, name = stands, None
    for called, times_x, times_y in frames((labels.shape[0], labels.shape[1]), layout):
        scaled = joints * np.array([times_x, times_y, 1], np.float32)
        found = fit(labels, scaled, label_map)
        if found.beats(stands) and found.agree > best.agree:
            best, name = found, called
    return name


def middle_label(labels: Pixels, joints: Keypoints) -> str:
    """What number 10 is on this map, by its place: `neck` (CIHP), `jumpsuits` (LIP), or `` where it cannot be told."""
    rows = np.flatnonzero((labels == 10).any(axis=1))
    neck, hips = joints[1], joints[[8, 11]]
    if not len(rows) or neck[2] <= 0 or not (hips[:, 2] > 0).any():
        return ""
    low = float(hips[hips[:, 2] > 0, 1].mean())
    counts = (labels == 10).sum(axis=1)
    below = counts[min(len(counts), max(0, int(low))) :].sum() / counts.sum()
    middle = float(np.average(np.arange(len(counts)), weights=counts))
    if below > 0.25:
        return "jumpsuits"
    return "neck" if middle < neck[1] + 0.3 * (low - neck[1]) else ""


def looks_like_body25(joints: Keypoints) -> bool | None:
    """Whether what is read as COCO-18 is the first 18 joints of BODY_25; None where it cannot be told.

    There 8 is the middle of the hips, between 9 and 12; as COCO-18 it would be a hip, and 9 and 12 would be knees.
    """
    first, left, right = joints[[8, 9, 12]]
    if (joints[[8, 9, 12], 2] <= 0).any():
        return None
    wide = float(np.hypot(*(left - right)[:2]))
    apart = float(np.hypot(*(first - (left + right) / 2)[:2]))
    return wide > 0 and apart < 0.35 * wide
