"""A painted canvas to a photograph with its truth."""

from __future__ import annotations

from typing import NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import distance_transform_edt

from viton.synthetic.canvas import LABEL, Canvas
from viton.synthetic.cut import PANELS
from viton.synthetic.garment import Product
from viton.synthetic.shapes import Floats

ROW = 256  # OpenCV looks up pictures, not long lists


class Picture(NamedTuple):
    """A photograph with its truth.

    image: uint8 (H,W,3).   labels: uint8 (H,W), CIHP.   map: float32 (H,W,2), product pixels, NaN where nothing worn
    shows.   shade: float32 (H,W), the factor on the product's colour there.   cover: float32 (H,W) in [0,1], how
    much of a pixel is worn cloth.
    """

    image: NDArray[np.uint8]
    labels: NDArray[np.uint8]
    map: Floats
    shade: Floats
    cover: Floats


def develop(canvas: Canvas, product: Product) -> Picture:
    """Sub-pixels to pixels, with the product coordinate of each worn pixel."""
    worn = canvas.panel > 0
    places = _places(canvas, product.panel)
    cover = canvas.pixels(worn)
    shade = canvas.pixels(canvas.shade * worn) / np.maximum(cover, 1e-6)
    image = canvas.pixels(np.clip(canvas.colour * canvas.shade[..., None], 0, 255))
    labels = canvas.labels()
    places[labels != LABEL["upper_clothes"]] = np.nan
    return Picture(np.clip(image + 0.5, 0, 255).astype(np.uint8), labels, places, shade, cover)


def _places(canvas: Canvas, shown: NDArray[np.uint8]) -> Floats:
    """Product coordinate (H,W,2) of the panel that fills most of each pixel; `shown` are the product's panels."""
    best = np.zeros(canvas.size, np.float32)
    places = np.zeros((*canvas.size, 2), np.float32)
    for panel in PANELS:
        of_panel = canvas.panel == panel
        share = canvas.pixels(of_panel)
        chosen = share > best
        if chosen.any():
            mean = canvas.pixels(cv2.copyTo(canvas.product, of_panel.astype(np.uint8)))[chosen]
            places[chosen] = settle(mean / share[chosen][:, None], shown == panel)
            best[chosen] = share[chosen]
    return places


def settle(places: Floats, cloth: NDArray[np.bool_]) -> Floats:
    """Move (N,2) product coordinates that fall on the very rim of a panel's cloth inward, by what the seam hides.

    Pixels on the rim of a product picture are half white paper, and a seam turns them to the inside.
    """
    inside = cloth.astype(np.uint8)
    depth = np.subtract(*(cv2.distanceTransform(part, cv2.DIST_L2, 5) for part in (inside, 1 - inside)))
    down, right = (np.asarray(part, np.float32) for part in np.gradient(cv2.GaussianBlur(depth, (0, 0), 1.0)))
    rows = -(-len(places) // ROW)
    x, y = np.resize(places, (rows * ROW, 2)).T.reshape(2, rows, ROW)
    for _ in range(3):
        here, gx, gy = (_at(field, x, y) for field in (depth, right, down))
        step = np.clip(1.2 - here, 0, 2) / np.maximum(np.hypot(gx, gy), 1e-3)
        x, y = x + gx * step, y + gy * step
    return _onto(np.stack([x.ravel(), y.ravel()], 1)[: len(places)], cloth)


def _at(field: Floats, x: Floats, y: Floats) -> Floats:
    """Values of a field (H,W) at x, y (h,w)."""
    return np.asarray(cv2.remap(field, x, y, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE), np.float32)


def _onto(places: Floats, cloth: NDArray[np.bool_]) -> Floats:
    """Take what no short step brings back to the nearest cloth: corners, and cloth that another panel hides."""
    height, width = cloth.shape
    column, row = np.clip(np.round(places).astype(int), 0, (width - 1, height - 1)).T
    off = ~cloth[row, column]
    if off.any():
        rows, columns = distance_transform_edt(~cloth, return_distances=False, return_indices=True)
        places[off] = np.stack([columns[row, column], rows[row, column]], 1)[off]
    return places
