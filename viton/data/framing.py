"""Bringing pictures of any size to the working size.

The rule: a picture of another aspect ratio is padded, centred, to the working one (photographs with white, label maps
with background), and then resized: never squeezed. Photographs and masks are averaged over area when they shrink;
label maps take the nearest label.
"""

from __future__ import annotations

import cv2
import numpy as np

from viton.coordinates import Size, rescale_px
from viton.images import Pixels
from viton.keypoints import Keypoints


def padding(of: Size, to: Size) -> tuple[int, int, int, int]:
    """Rows above and below, columns left and right that give a picture of size `of` the aspect ratio of `to`."""
    height = max(of[0], round(of[1] * to[0] / to[1]))
    width = max(of[1], round(of[0] * to[1] / to[0]))
    above, left = (height - of[0]) // 2, (width - of[1]) // 2
    return above, height - of[0] - above, left, width - of[1] - left


def padded(pixels: Pixels, to: Size, fill: int) -> Pixels:
    """The picture padded with `fill` to the aspect ratio of `to`, at its own scale."""
    sides = padding(pixels.shape[:2], to)
    if not any(sides):
        return pixels
    return np.asarray(cv2.copyMakeBorder(pixels, *sides, cv2.BORDER_CONSTANT, value=(fill,) * 3), np.uint8)


def fit_photo(pixels: Pixels, size: Size) -> Pixels:
    """(h,w,3) -> (H,W,3), padded with white."""
    return _resize(padded(pixels, size, 255), size)


def fit_mask(mask: Pixels, size: Size) -> Pixels:
    """(h,w) in {0,1} -> (H,W) in 0..255, the share of each pixel that the mask covers."""
    return _resize(padded(mask * np.uint8(255), size, 0), size)


def fit_labels(labels: Pixels, size: Size) -> Pixels:
    """(h,w) labels, already of the aspect ratio -> (H,W), each pixel the nearest label."""
    rows, columns = (((np.arange(n) + 0.5) * m / n).astype(int) for n, m in zip(size, labels.shape, strict=True))
    return labels[rows][:, columns]


def fit_keypoints(keypoints: Keypoints, of: Size, size: Size) -> Keypoints:
    """Joints in pixels of a picture of size `of` -> in pixels of it at `size`; unseen ones stay zeros."""
    above, below, left, right = padding(of, size)
    whole = (of[0] + above + below, of[1] + left + right)
    fitted = keypoints.copy()
    seen = keypoints[:, 2] > 0
    fitted[seen, :2] = rescale_px(keypoints[seen, :2] + np.array([left, above], np.float32), whole, size)
    return fitted


def _resize(pixels: Pixels, size: Size) -> Pixels:
    if pixels.shape[:2] == size:
        return pixels
    shrinks = size[0] < pixels.shape[0]
    interpolation = cv2.INTER_AREA if shrinks else cv2.INTER_LINEAR
    return np.asarray(cv2.resize(pixels, size[::-1], interpolation=interpolation), np.uint8)
