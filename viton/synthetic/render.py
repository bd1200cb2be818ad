"""A person in a garment: every part in its order from back to front, then the picture with its truth."""

from __future__ import annotations

from typing import NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import distance_transform_edt, map_coordinates

from viton.synthetic import figure, head, wear
from viton.synthetic.body import Person
from viton.synthetic.canvas import LABEL, Canvas
from viton.synthetic.garment import Garment, Product
from viton.synthetic.shapes import Floats
from viton.synthetic.wear import Fit, Piece


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


def dress(person: Person, garment: Garment, product: Product, fit: Fit) -> Picture:
    """The photograph of a person wearing a garment, at the size of the product picture."""
    canvas = Canvas(product.mask.shape)
    arms = {side: wear.find_arm(canvas, person, side) for side in (1, -1)}
    behind, before = figure.arms_behind(person), figure.arms_in_front(person)

    def arm(side: int) -> None:
        figure.paint_arm(canvas, person, arms[side], bool(product.sleeves))
        if product.sleeves:
            _paint_piece(canvas, wear.wear_sleeve(canvas, person, garment, product, fit, arms[side]), 0.1)

    figure.paint_wall(canvas, person)
    head.paint_back_hair(canvas, person)
    for side in sorted(behind - before):
        arm(side)
    figure.paint_trunk(canvas, person)
    front = wear.wear_front(canvas, person, garment, product, fit)
    if person.lower.tucks:
        _paint_piece(canvas, front, 0.3)
        figure.paint_lower(canvas, person)
    else:
        figure.paint_lower(canvas, person)
        _paint_piece(canvas, front, 0.3)
    collar = wear.wear_high_collar(canvas, person, product)
    if collar:
        _paint_piece(canvas, collar, 0.3)
    for side in sorted({1, -1} - behind - before):
        arm(side)
    head.paint_head(canvas, person)
    head.paint_front_hair(canvas, person)
    for side in sorted(before):
        arm(side)
    return develop(canvas, product)


def _paint_piece(canvas: Canvas, piece: Piece, shadow: float) -> None:
    canvas.paint(piece.patch, "upper_clothes", (0, 0, 0), piece.shade, shadow, piece.cloth)


def develop(canvas: Canvas, product: Product) -> Picture:
    """Sub-pixels to pixels; worn pixels are looked up in the product picture through the very map that is kept."""
    worn = canvas.panel > 0
    places = _places(canvas, product.panel)
    cover = canvas.pixels(worn)
    shade = canvas.pixels(canvas.shade * worn) / np.maximum(cover, 1e-6)
    bare = canvas.pixels(canvas.colour * (canvas.shade * ~worn)[..., None])
    cloth = cv2.remap(product.image.astype(np.float32), places[..., 0], places[..., 1], cv2.INTER_LINEAR)
    image = bare + cover[..., None] * np.clip(cloth * shade[..., None], 0, 255)
    labels = canvas.labels()
    places[labels != LABEL["upper_clothes"]] = np.nan
    return Picture(np.clip(image + 0.5, 0, 255).astype(np.uint8), labels, places, shade, cover)


def _places(canvas: Canvas, shown: NDArray[np.uint8]) -> Floats:
    """Product coordinate (H,W,2) of the panel that fills most of each pixel; `shown` are the product's panels."""
    best = np.zeros(canvas.size, np.float32)
    places = np.zeros((*canvas.size, 2), np.float32)
    for panel in np.unique(canvas.panel[canvas.panel > 0]):
        of_panel = canvas.panel == panel
        share = canvas.pixels(of_panel)
        mean = canvas.pixels(canvas.product * of_panel[..., None]) / np.maximum(share, 1e-6)[..., None]
        chosen = share > best
        places[chosen], best[chosen] = settle(mean[chosen], shown == panel), share[chosen]
    return places


def settle(places: Floats, cloth: NDArray[np.bool_]) -> Floats:
    """Move (N,2) product coordinates that fall on the very rim of a panel's cloth inward, by what the seam hides.

    Pixels on the rim of a product picture are half white paper, and a seam turns them to the inside.
    """
    inside, outside = cloth.astype(np.uint8), 1 - cloth.astype(np.uint8)
    depth = np.subtract(*(cv2.distanceTransform(part, cv2.DIST_L2, 5) for part in (inside, outside)))
    down, right = np.gradient(cv2.GaussianBlur(depth, (0, 0), 1.0))
    x, y = places.T.copy()
    for _ in range(3):
        here, gx, gy = (map_coordinates(field, (y, x), order=1, mode="nearest") for field in (depth, right, down))
        step = np.clip(1.2 - here, 0, 2) / np.maximum(np.hypot(gx, gy), 1e-3)
        x, y = x + gx * step, y + gy * step
    rows, columns = distance_transform_edt(outside, return_distances=False, return_indices=True)
    height, width = cloth.shape
    near = np.clip(np.round(y).astype(int), 0, height - 1), np.clip(np.round(x).astype(int), 0, width - 1)
    off = ~cloth[near]  # what no short step brings back: corners, and cloth that another panel hides on the product
    x[off], y[off] = columns[near][off], rows[near][off]
    return np.stack([x, y], -1)
