"""Distances to the truth that only the made-up world knows. H, W."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from viton.data.sample import Truth
from viton.images import Pixels


def end_point_error_px(source_px: NDArray[np.float64], warped_mask: NDArray[np.bool_], truth: Truth) -> float:
    """Median distance in product pixels between where a warp takes a worn pixel from and where it truly comes from.

    source_px: (H,W,2), warped_mask: (H,W).  Over the pixels that are garment in both; NaN when there are none.
    """
    both = warped_mask & np.isfinite(truth.map_px).all(axis=2)
    if not both.any():
        return float("nan")
    return float(np.median(np.linalg.norm(source_px[both] - truth.map_px[both], axis=1)))


def rebuilt_garment(clothing: Pixels, truth: Truth) -> Pixels:
    """The product picture (H,W,3) looked up, bilinearly, through the true map; white where nothing is worn.

    What it differs in from the true picture is light, folds' shadows and what the edge of the garment mixes with.
    """
    worn = np.isfinite(truth.map_px).all(axis=2, keepdims=True)
    x, y = np.moveaxis(np.where(worn, truth.map_px, 0).astype(np.float32), 2, 0)
    looked_up = cv2.remap(clothing, x, y, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    return np.where(worn, looked_up, 255).astype(np.uint8)


def l1_in_garment(result: Pixels, truth: Truth) -> float:
    """Mean absolute difference in [0,1] to the true picture, over the pixels where the garment is truly worn."""
    worn = np.isfinite(truth.map_px).all(axis=2)
    return float(np.abs(result[worn].astype(np.float64) - truth.image[worn]).mean() / 255)
