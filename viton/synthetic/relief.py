"""Smooth random reliefs of worn cloth, as heights over its own coordinates, and soft steps to place them by."""

from __future__ import annotations

from typing import NamedTuple

import cv2
import numpy as np

from viton.synthetic.shapes import Floats

SIDE = 96  # samples along a relief's side


class Relief(NamedTuple):
    """Random hills of about unit height (SIDE,SIDE) over [0,1] x [0,1]."""

    hills: Floats

    def at(self, a: Floats, b: Floats) -> Floats:
        """Height at a across and b down, (h,w) both; mirrored outside [0,1]."""
        a, b = np.broadcast_arrays(np.asarray(a, np.float32), np.asarray(b, np.float32))
        scale = np.float32(SIDE - 1)
        return np.asarray(
            cv2.remap(self.hills, a * scale, b * scale, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REFLECT_101), np.float32
        )


def sample_relief(rng: np.random.Generator, rows: int, columns: int, sharp: float = 0.0) -> Relief:
    """Draw hills, about `rows` down and `columns` across; `sharp` from 0 (round) to 1 (ridges with soft valleys)."""
    noise = rng.normal(0, 1, (rows, columns)).astype(np.float32)
    smooth = np.asarray(cv2.resize(noise, (SIDE, SIDE), interpolation=cv2.INTER_CUBIC), np.float32)
    ridges = 1.2 - 2 * np.sqrt(smooth**2 + 0.04)
    return Relief((smooth * (1 - sharp) + ridges * sharp).astype(np.float32))


def bell(values: Floats, middle: Floats | float, width: float) -> Floats:
    """A soft bump, 1 at `middle`."""
    return np.asarray(np.exp(-(((values - np.float32(middle)) / np.float32(width)) ** 2)), np.float32)


def step(values: Floats, start: float, end: float) -> Floats:
    """A smooth step from 0 at `start` to 1 at `end`."""
    share = np.clip((values - np.float32(start)) / np.float32(end - start), 0, 1)
    return np.asarray(share * share * (3 - 2 * share), np.float32)
