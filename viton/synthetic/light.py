"""Soft studio light: how bright a surface is, from its height towards the camera."""

from __future__ import annotations

from typing import NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray

from viton.synthetic.shapes import Floats

WRAP = 0.4  # a large soft box also lights what is turned a little away from it


class Light(NamedTuple):
    """Where the key light stands: `side` from -1 (picture's left) to 1 (right), `above` from 0 to 1, and its fill."""

    side: float
    above: float = 0.5
    fill: float = 0.42  # share of the light that comes from everywhere

    def lit(self, height: Floats, scale: float, relief: float = 1.0) -> Floats:
        """Shade (h,w), 1 where a surface faces the camera, from heights (h,w) in units of the picture's height.

        scale: sub-pixels in the picture's height.   relief: factor on the slopes.
        """
        right, down = slopes(height, scale)
        return self.shade(right * relief, down * relief)

    def shade(self, right: Floats, down: Floats) -> Floats:
        """Shade (h,w) of a surface with these slopes to the right and down."""
        key = np.array([0.55 * self.side, -0.5 * self.above, 0.85])
        kx, ky, kz = (key / np.linalg.norm(key)).tolist()
        towards = (kz - kx * right - ky * down) / np.sqrt(1 + right * right + down * down)
        key_light = np.maximum(towards + WRAP, 0) / (kz + WRAP)
        return np.asarray(self.fill + (1 - self.fill) * key_light, np.float32)


def slopes(height: Floats, scale: float) -> tuple[Floats, Floats]:
    """Slope of heights (h,w) to the right and down."""
    values = np.ascontiguousarray(height, np.float32)
    right = cv2.Sobel(values, cv2.CV_32F, 1, 0, scale=scale / 8, borderType=cv2.BORDER_REPLICATE)
    down = cv2.Sobel(values, cv2.CV_32F, 0, 1, scale=scale / 8, borderType=cv2.BORDER_REPLICATE)
    return np.asarray(right, np.float32), np.asarray(down, np.float32)


def swell(mask: NDArray[np.bool_], scale: float, reach: float) -> Floats:
    """Height (h,w) of a cushion of this shape: round within `reach` of its edge, flat in the middle."""
    framed = cv2.copyMakeBorder(mask.astype(np.uint8), 1, 1, 1, 1, cv2.BORDER_REPLICATE)
    far = cv2.distanceTransform(framed, cv2.DIST_L2, 5)[1:-1, 1:-1] / scale
    inside = np.minimum(far, reach)
    return np.asarray(np.sqrt(inside * (2 * reach - inside)), np.float32)


def joined(first: Floats, second: Floats, softness: Floats | float) -> Floats:
    """The higher of two heights, with the crease between them rounded over about `softness`."""
    apart = np.clip(0.5 + (first - second) / (2 * softness), 0, 1)
    return second + (first - second) * apart + softness * apart * (1 - apart)
