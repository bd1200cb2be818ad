"""Structural similarity as the field computes it: one formula (Wang et al. 2004), four settings, four numbers. H, W.

Pictures are (H,W,3) uint8, data range 255, K1 0.01, K2 0.03; names say channels, window, and what of the map counts:

    rgb-gaussian-mirrored   torchmetrics' default with data_range=1 on [0,1]: R, G and B, gaussian window 11, sigma 1.5,
                            the whole map, the picture mirrored at its edges.  `measures.ssim`, this project's own
    grey-gaussian-inner     scikit-image on Pillow's 8-bit grey, gaussian_weights=True, use_sample_covariance=False:
                            window 11, sigma 1.5, the map without 5 pixels on each side, of which the window sticks out
    rgb-gaussian-inner      the same on R, G and B (channel_axis=2), the mean of the three
    grey-uniform-inner      scikit-image's default on grey: means of 7x7 pixels, covariances by n - 1, 3 pixels less
"""

from __future__ import annotations

from typing import Literal, get_args

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image

from viton.images import Pixels
from viton_eval.measures import K1, K2, ssim

Ssim = Literal["rgb-gaussian-mirrored", "grey-gaussian-inner", "rgb-gaussian-inner", "grey-uniform-inner"]
Map = NDArray[np.float64]
GAUSSIAN, SIGMA, UNIFORM = 11, 1.5, 7  # px


def ssim_by(variant: Ssim, made: Pixels, truth: Pixels) -> float:
    """Structural similarity in [-1,1] by a variant's name, the same for swapped pictures.

    Raises ValueError for an unknown variant, for other arrays, and for pictures smaller than the window.
    """
    least = UNIFORM if variant == "grey-uniform-inner" else GAUSSIAN
    for each in (made, truth):
        if each.ndim != 3 or each.shape[2] != 3 or each.shape != made.shape or each.dtype != np.uint8:
            raise ValueError(f"pictures: expected uint8 (H, W, 3) twice, got {each.dtype} {each.shape}")
    if min(made.shape[:2]) < least:
        raise ValueError(f"pictures: expected at least {least} pixels a side, got {made.shape[:2]}")
    match variant:
        case "rgb-gaussian-mirrored":
            return ssim(made, truth)
        case "grey-gaussian-inner":
            return ssim_grey_gaussian(made, truth)
        case "rgb-gaussian-inner":
            return ssim_rgb_gaussian(made, truth)
        case "grey-uniform-inner":
            return ssim_grey_uniform(made, truth)
    raise ValueError(f"ssim: expected one of {', '.join(get_args(Ssim))}, got {variant!r}")


def ssim_grey_gaussian(made: Pixels, truth: Pixels) -> float:
    """`grey-gaussian-inner` of (H,W,3), in [-1,1]."""
    return _gaussian(_grey(made), _grey(truth))


def ssim_rgb_gaussian(made: Pixels, truth: Pixels) -> float:
    """`rgb-gaussian-inner` of (H,W,3), in [-1,1]."""
    return _gaussian(made.astype(np.float64), truth.astype(np.float64))


def ssim_grey_uniform(made: Pixels, truth: Pixels) -> float:
    """`grey-uniform-inner` of (H,W,3), in [-1,1]."""
    x, y, count = _grey(made), _grey(truth), UNIFORM**2
    means = [np.asarray(cv2.blur(each, (UNIFORM, UNIFORM)), np.float64) for each in (x, y, x * x, y * y, x * y)]
    return _inner(_similarity(means, count / (count - 1)), UNIFORM // 2)


def _gaussian(x: Map, y: Map) -> float:
    means = [
        np.asarray(cv2.GaussianBlur(each, (GAUSSIAN, GAUSSIAN), SIGMA), np.float64)
        for each in (x, y, x * x, y * y, x * y)
    ]
    return _inner(_similarity(means, 1.0), GAUSSIAN // 2)


def _similarity(means: list[Map], correction: float) -> Map:
    """The formula, from the windows' means of x, y, xx, yy and xy.   correction: of variances for their n - 1."""
    mean_x, mean_y, mean_xx, mean_yy, mean_xy = means
    variances = correction * (mean_xx - mean_x**2 + mean_yy - mean_y**2)
    covariance = correction * (mean_xy - mean_x * mean_y)
    light = (2 * mean_x * mean_y + (K1 * 255) ** 2) / (mean_x**2 + mean_y**2 + (K1 * 255) ** 2)
    return np.asarray(light * (2 * covariance + (K2 * 255) ** 2) / (variances + (K2 * 255) ** 2))


def _inner(similar: Map, edge: int) -> float:
    return float(similar[edge:-edge, edge:-edge].mean())


def _grey(pixels: Pixels) -> Map:
    """Pillow's grey, rounded to 8 bits, as float64 in 0..255."""
    return np.asarray(Image.fromarray(pixels).convert("L"), np.float64)
