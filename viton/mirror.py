"""Samples as a mirror shows them: twice as many people to learn from, with left and right still told apart."""

from __future__ import annotations

import numpy as np

from viton.data.sample import Clothing, Sample
from viton.images import Pixels
from viton.keypoints import COCO18, Keypoints
from viton.parsing import LabelMap


def mirrored(sample: Sample, label_map: LabelMap) -> Sample:
    """Person and product with left and right exchanged; what was the left arm is labelled the right one."""
    person, clothing, own = sample
    parsing = _exchanged_labels(label_map)[person.parsing]
    flipped = person._replace(
        image=_flipped(person.image),
        parsing=_flipped(parsing),
        keypoints=_mirrored_joints(person.keypoints, person.image.shape[1]),
    )
    return Sample(flipped, _mirrored_clothing(clothing), own and _mirrored_clothing(own))


def other_side(names: tuple[str, ...]) -> list[int]:
    """For each name the place of its counterpart on the other side; its own where it has no side."""
    sides = {"left": "right", "right": "left"}
    parts = [name.partition("_") for name in names]
    return [names.index(f"{sides[side]}_{part}") if side in sides else at for at, (side, _, part) in enumerate(parts)]


def _exchanged_labels(label_map: LabelMap) -> Pixels:
    """(256,) label by label, what it is called in a mirror."""
    table = np.arange(256, dtype=np.uint8)
    table[: len(label_map.labels)] = other_side(label_map.labels)
    return table


def _mirrored_joints(keypoints: Keypoints, width: int) -> Keypoints:
    """(18,3) px; pixel centres are whole numbers, and an unseen joint stays at 0."""
    joints = keypoints[other_side(COCO18)]
    joints[:, 0] = np.where(joints[:, 2] > 0, width - 1 - joints[:, 0], 0)
    return joints


def _mirrored_clothing(clothing: Clothing) -> Clothing:
    return clothing._replace(image=_flipped(clothing.image), mask=_flipped(clothing.mask))


def _flipped(pixels: Pixels) -> Pixels:
    return np.ascontiguousarray(pixels[:, ::-1])
