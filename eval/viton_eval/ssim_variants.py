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

from collections.abc import Mapping
from typing import Literal, get_args

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image

from viton.images import Pixels
from viton_eval.measures import K1, K2, Windowed, similarity_map, windowed

Ssim = Literal["rgb-gaussian-mirrored", "grey-gaussian-inner", "rgb-gaussian-inner", "grey-uniform-inner"]
Map = NDArray[np.float64]
SIGMA = 1.5  # px
RADIUS: Mapping[Ssim, int] = {  # px, of the window, to each side of its middle
    "rgb-gaussian-mirrored": 5,
    "grey-gaussian-inner": 5,
    "rgb-gaussian-inner": 5,
    "grey-uniform-inner": 3,
}


def ssim_by(variant: Ssim, made: Pixels, truth: Pixels) -> float:
    """Structural similarity in [-1,1] by a variant's name, the same for swapped pictures.

    Raises ValueError for an unknown variant, for other arrays, and for pictures smaller than the window.
    """
    if variant not in RADIUS:
        raise ValueError(f"ssim: expected one of {', '.join(get_args(Ssim))}, got {variant!r}")
    least = 2 * RADIUS[variant] + 1
    for each in (made, truth):
        if each.ndim != 3 or each.shape[2] != 3 or each.shape != made.shape or each.dtype != np.uint8:
            raise ValueError(f"pictures: expected uint8 (H, W, 3) twice, got {each.dtype} {each.shape}")
    if min(made.shape[:2]) < least:
        raise ValueError(f"pictures: expected at least {least} pixels a side, got {made.shape[:2]}")
    return ssim_of_map(variant, ssim_map_by(variant, windowed_by(variant, made), windowed_by(variant, truth)))


def windowed_by(variant: Ssim, picture: Pixels) -> Windowed:
    """What a variant's window sees of a picture (H,W,3): (H,W) each of grey variants, else (H,W,3)."""
    if variant == "rgb-gaussian-mirrored":
        return windowed(picture)
    values = picture.astype(np.float64) if variant == "rgb-gaussian-inner" else _grey(picture)
    return Windowed(values, _window(variant, values), _window(variant, values * values))


def ssim_map_by(variant: Ssim, one: Windowed, other: Windowed) -> Map:
    """Similarity at each pixel (H,W), in [-1,1]; less than RADIUS from the edge the window sticks out."""
    if variant == "rgb-gaussian-mirrored":
        return similarity_map(one, other)
    count = (2 * RADIUS[variant] + 1) ** 2
    across = _window(variant, one.values * other.values)
    similar = _similarity(one, other, across, count / (count - 1) if variant == "grey-uniform-inner" else 1.0)
    return np.asarray(similar.mean(axis=2)) if similar.ndim == 3 else similar


def ssim_of_map(variant: Ssim, similar: Map) -> float:
    """The mean of what counts of a map (H,W): all of it, or what is RADIUS and more from the edge."""
    edge = 0 if variant == "rgb-gaussian-mirrored" else RADIUS[variant]
    return float(similar[edge : similar.shape[0] - edge, edge : similar.shape[1] - edge].mean())


def ssim_grey_gaussian(made: Pixels, truth: Pixels) -> float:
    """`grey-gaussian-inner` of (H,W,3), in [-1,1]."""
    return ssim_by("grey-gaussian-inner", made, truth)


def ssim_rgb_gaussian(made: Pixels, truth: Pixels) -> float:
    """`rgb-gaussian-inner` of (H,W,3), in [-1,1]."""
    return ssim_by("rgb-gaussian-inner", made, truth)


def ssim_grey_uniform(made: Pixels, truth: Pixels) -> float:
    """`grey-uniform-inner` of (H,W,3), in [-1,1]."""
    return ssim_by("grey-uniform-inner", made, truth)


def _window(variant: Ssim, values: Map) -> Map:
    side = 2 * RADIUS[variant] + 1
    if variant == "grey-uniform-inner":
        return np.asarray(cv2.blur(values, (side, side)), np.float64)
    return np.asarray(cv2.GaussianBlur(values, (side, side), SIGMA), np.float64)


def _similarity(one: Windowed, other: Windowed, across: Map, correction: float) -> Map:
    """The formula, from the windows' means.   correction: of variances for their n - 1."""
    product = one.mean * other.mean
    variances = correction * (one.square - one.mean**2 + other.square - other.mean**2)
    covariance = correction * (across - product)
    light = (2 * product + (K1 * 255) ** 2) / (one.mean**2 + other.mean**2 + (K1 * 255) ** 2)
    return np.asarray(light * (2 * covariance + (K2 * 255) ** 2) / (variances + (K2 * 255) ** 2))


def _grey(pixels: Pixels) -> Map:
    """Pillow's grey, rounded to 8 bits, as float64 in 0..255."""
    return np.asarray(Image.fromarray(pixels).convert("L"), np.float64)
