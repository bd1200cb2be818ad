"""Measures of one try-on against its true picture: arrays in, a float64 number out. H, W.

Pictures are (H,W,3) uint8, regions (H,W) bool. A region of less than a thousandth of the picture gives NaN: a dozen
pixels of a lock say nothing.
"""

from __future__ import annotations

from typing import NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray

from viton.images import Pixels, to_unit

Mask = NDArray[np.bool_]
Map = NDArray[np.float64]

LEAST_SHARE = 1e-3  # of the picture, below which a region is too small to be measured
ROUNDING = 1 / 12 / 255**2  # mean square error of rounding to 8 bits, in [0,1]
K1, K2 = 0.01, 0.03  # of SSIM
SOLID = 0.5  # of a mask in [0,1]: what counts as inside


def mean_in(values: Map, region: Mask) -> float:
    """The mean of values (H,W) over a region; NaN where that is smaller than a thousandth of the picture."""
    if region.sum() < LEAST_SHARE * region.size:
        return float("nan")
    return float(values[region].mean(dtype=np.float64))


def l1_map(made: Pixels, truth: Pixels) -> Map:
    """Absolute difference at each pixel (H,W), in [0,1], the mean of R, G and B."""
    return np.asarray(np.abs(made.astype(np.float64) - truth).mean(axis=2) / 255)


class Windowed(NamedTuple):
    """A picture's colours and what SSIM's window sees of them, (H,W,3) each: made once for all that stand beside it."""

    values: Map
    mean: Map
    square: Map  # the mean of the squares


def windowed(picture: Pixels) -> Windowed:
    """Of a picture (H,W,3); values in [0,1]."""
    values = picture / 255  # float64
    return Windowed(values, _window(values), _window(values * values))


def similarity_map(one: Windowed, other: Windowed) -> Map:
    """Structural similarity at each pixel (H,W), in [-1,1], the mean of R, G and B; its mean is `ssim`.

    Gaussian window 11, sigma 1.5, data range 1, K1 0.01, K2 0.03, mirrored at the picture's edge, variances of the
    window's weights (Wang et al. 2004).
    """
    x, y, mean_x, mean_y = one.values, other.values, one.mean, other.mean
    var_x, var_y = one.square - mean_x**2, other.square - mean_y**2
    covariance = _window(x * y) - mean_x * mean_y
    light = (2 * mean_x * mean_y + K1**2) / (mean_x**2 + mean_y**2 + K1**2)
    structure = (2 * covariance + K2**2) / (var_x.clip(0) + var_y.clip(0) + K2**2)
    return np.asarray((light * structure).mean(axis=2))


def ssim_map(made: Pixels, truth: Pixels) -> Map:
    """`similarity_map` of two pictures (H,W,3)."""
    return similarity_map(windowed(made), windowed(truth))


def ssim(made: Pixels, truth: Pixels) -> float:
    """Structural similarity of (H,W,3) pictures, in [-1,1], that torchmetrics gives too, to 1e-9."""
    return float(ssim_map(made, truth).mean())


def _window(values: Map) -> Map:
    return np.asarray(cv2.GaussianBlur(values, (11, 11), 1.5, borderType=cv2.BORDER_REFLECT_101))


def psnr(made: Pixels, truth: Pixels) -> float:
    """Peak signal-to-noise ratio of whole pictures in dB; the peak is 255, the mean over pixels, R, G and B.

    At most 58.9: of 8-bit pictures no more can be known, and equal ones would be infinitely good.
    """
    square = ((made.astype(np.float64) - truth) ** 2).mean() / 255**2
    return float(-10 * np.log10(max(square, ROUNDING)))


def gradient_map(picture: Pixels) -> Map:
    """|dx| + |dy| to the next pixel right and below (H,W), >= 0, the mean of R, G, B; 0 in the last row and column."""
    values = picture.astype(np.float64) / 255
    slope = np.zeros(picture.shape)
    slope[:, :-1] += np.abs(np.diff(values, axis=1))
    slope[:-1] += np.abs(np.diff(values, axis=0))
    slope[-1], slope[:, -1] = 0, 0
    return np.asarray(slope.mean(axis=2))


def mask_iou(mask: Pixels, region: Mask) -> float:
    """Overlap of a mask (H,W) in 0..255, inside from 128 on, with a region: intersection over union, in [0,1]."""
    inside = to_unit(mask) >= SOLID
    union = (inside | region).sum()
    return float((inside & region).sum() / union) if union else float("nan")


def size_error(mask: Pixels, region: Mask) -> float:
    """How far the area of a mask is off that of a region, as a share of the region's, >= 0; NaN for an empty region."""
    area = float((to_unit(mask) >= SOLID).sum())
    return abs(area / region.sum() - 1) if region.any() else float("nan")


def lab_difference(one: Pixels, one_region: Mask, other: Pixels, other_region: Mask) -> float:
    """CIE76 colour difference of the mean colours of two regions, >= 0; 2.3 is just noticed.

    OpenCV's L*a*b* of sRGB under D65, averaged over the region's pixels; the two pictures need not be aligned.  NaN
    where a region is smaller than a thousandth of its picture.
    """
    means = []
    for picture, region in ((one, one_region), (other, other_region)):
        lab = cv2.cvtColor((picture / 255).astype(np.float32), cv2.COLOR_RGB2LAB)
        means.append([mean_in(lab[..., channel].astype(np.float64), region) for channel in range(3)])
    return float(np.linalg.norm(np.array(means[0]) - np.array(means[1])))
