"""Where a warp took each pixel from, kept as a PNG of 16 bits, so that its error can be measured. H, W.

A place on the product is stored as a share of the product's sides, from -1 to 3, in steps of 1/16384; the third
channel is 65535 where the warped clothing is, 0 elsewhere.
"""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray
from torch import Tensor

from viton.coordinates import Size
from viton.errors import InputError

STEPS = 16384  # of a side
MOST = 65535


def encoded_map(source_px: Tensor, mask: Tensor) -> NDArray[np.uint16]:
    """(H,W,3) for a PNG.   source_px: (1,H,W,2) px of the product.   mask: (1,1,H,W) in [0,1], kept where > 0.5."""
    sides = np.array(source_px.shape[2:0:-1], np.float64)  # (W, H), as x comes first
    shares = source_px[0].double().cpu().numpy() / sides
    inside = mask[0, 0].cpu().numpy() > 0.5
    steps = np.rint((shares + 1) * STEPS).clip(0, MOST)
    return np.dstack([np.where(inside[..., None], steps, 0), np.where(inside, MOST, 0)]).astype(np.uint16)


def read_map(path: Path, size: Size) -> NDArray[np.float64]:
    """(H,W,2) px of the product, NaN where there is no warped clothing; raises InputError for another kind of file."""
    expected = f"a map of a warp, 16 bits, 3 channels, {size[0]}x{size[1]}"
    if not path.is_file():
        raise InputError(path, expected, "no such file")
    data = np.frombuffer(path.read_bytes(), np.uint8)
    stored = cv2.imdecode(data, cv2.IMREAD_UNCHANGED) if len(data) else None  # Pillow has no 16 bits in colour
    if stored is None or stored.dtype != np.uint16 or stored.shape != (*size, 3):
        got = "no picture" if stored is None else f"{stored.dtype} {stored.shape}"
        raise InputError(path, expected, got)
    inside, steps = stored[..., :1] > 0, stored[..., :0:-1].astype(np.float64)  # OpenCV: third channel first
    return np.asarray(np.where(inside, (steps / STEPS - 1) * np.array(size[::-1], np.float64), np.nan))
