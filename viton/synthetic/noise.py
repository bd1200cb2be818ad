"""What estimators would get wrong: joints that jitter or are missed, labels that erode, leak or swap."""

from __future__ import annotations

from collections.abc import Callable

import cv2
import numpy as np
from numpy.typing import NDArray

from viton.keypoints import Keypoints
from viton.synthetic.canvas import LABEL

Labels = NDArray[np.uint8]
Draws = Callable[[int], np.random.Generator]  # what draws for a part, by its label

BORDERS, SWAP = LABEL["background"], len(LABEL)  # parts of the noise that belong to no part of a body


def noisy_keypoints(keypoints: Keypoints, height: int, level: float, rng: np.random.Generator) -> Keypoints:
    """(18,3) with joints moved by about `level` hundredths of the height, and some missed.

    The draws are as many whatever the level: with equal generators a joint moves twice as far, the same way, at twice
    the level, and one that is missed is missed at every larger level too.
    """
    moved = keypoints.copy()
    moved[:, :2] += rng.normal(0, 0.01 * level * height, (len(keypoints), 2))
    missed = rng.random(len(keypoints)) < min(0.04 * level, 0.5)
    outside = (moved[:, :2] < 0).any(axis=1) | (moved[:, 0] > 0.75 * height - 1) | (moved[:, 1] > height - 1)
    moved[:, 2] *= rng.uniform(max(0.0, 1 - 0.3 * level), 1.0, len(keypoints))
    moved[missed | outside | (keypoints[:, 2] <= 0)] = 0
    return moved


def noisy_labels(labels: Labels, level: float, rng: np.random.Generator) -> Labels:
    """(H,W) with borders that waver, patches that leak into a neighbour, and now and then arms swapped."""
    return _noisy(labels, level, lambda part: rng)


def nested_labels(labels: Labels, level: float, seed: int) -> Labels:
    """(H,W) as `noisy_labels` has them, each part with draws of its own, so that levels of one seed can be compared.

    Borders waver the same way and farther at a larger level; what leaks or is swapped at a level is so at every larger.
    """
    return _noisy(labels, level, lambda part: np.random.default_rng([seed, part]))


def _noisy(labels: Labels, level: float, draws: Draws) -> Labels:
    noisy = _waver(labels, level, draws(BORDERS))
    present = [int(number) for number in np.unique(noisy) if number != LABEL["background"]]
    for number in present:
        rng = draws(number)
        if rng.random() < 0.25 * level:
            noisy = _leak(noisy, number, level, rng)
    if draws(SWAP).random() < 0.06 * level:
        left, right = noisy == LABEL["left_arm"], noisy == LABEL["right_arm"]
        noisy[left], noisy[right] = LABEL["right_arm"], LABEL["left_arm"]
    return noisy


def _waver(labels: Labels, level: float, rng: np.random.Generator) -> Labels:
    """Look each pixel's label up a little beside itself, so that parts grow here and shrink there."""
    height, width = labels.shape
    reach = 0.006 * height * level
    x, y = np.meshgrid(np.arange(width, dtype=np.float32), np.arange(height, dtype=np.float32))
    shifts = [
        cv2.resize(rng.normal(0, reach, (height // 8 + 1, width // 8 + 1)), (width, height)).astype(np.float32)
        for _ in range(2)
    ]
    x, y = x + shifts[0], y + shifts[1]
    return np.asarray(cv2.remap(labels, x, y, cv2.INTER_NEAREST, borderMode=cv2.BORDER_REPLICATE), np.uint8)


def _leak(labels: Labels, number: int, level: float, rng: np.random.Generator) -> Labels:
    """Let one part spill over a round patch at its border."""
    part = (labels == number).astype(np.uint8)
    border = np.argwhere(cv2.dilate(part, np.ones((3, 3), np.uint8)) & ~part & 1)
    if not len(border):
        return labels
    row, column = border[rng.integers(len(border))]
    patch = np.zeros_like(part)
    cv2.circle(patch, (int(column), int(row)), max(1, round(0.012 * level * len(labels))), 1, -1)
    return np.where(patch > 0, np.uint8(number), labels)
