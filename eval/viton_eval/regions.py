"""Where a try-on is judged: regions of a pair's true picture, the same for every method. H, W.

All are made from the truth of the made-up world (its map, its labels) and the product picture; nothing that a method
made changes them. `garment`, `occluders` and `outside` share no pixel and fill the picture; `print` and
`garment_inside` lie in `garment`; hair that falls over the garment is both occluder and hair.
"""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray

from viton.coordinates import Size
from viton.data.framing import fit_labels, padded
from viton.data.sample import Clothing, Truth
from viton.images import Pixels, load_labels
from viton.parsing import FACE_AND_HAIR, TROUSERS, LabelMap

Mask = NDArray[np.bool_]

WINDOW_RADIUS = 5  # px of SSIM's window of 11 at every size: what lies further inside sees garment alone
OCCLUDING = ("hair", "left_arm", "right_arm", "glove")  # CIHP counts hands to arms
AXES = 12  # lines through a pixel, evenly spread, on which the garment is looked for
BRIDGED = 4  # lines that must find it at both ends; beside a trunk, below a sleeve, up to three do
REACH = 0.25  # of the height: how far an end may lie; no arm or lock is half as wide
CONTRAST_RADIUS = 3 / 256  # of the height: the neighbourhood in which a print differs from itself
CONTRAST = 12.0  # of 255: standard deviation there above which it counts as print; folds and ribs stay below


class Regions(NamedTuple):
    """Regions of one true try-on, each (H,W) bool."""

    garment: Mask  # worn pixels: the true map is known
    garment_inside: Mask  # worn pixels whose whole SSIM window is worn, too
    print: Mask  # worn pixels that show a print of the product
    occluders: Mask  # arms, hands and hair in front of the garment
    face_hair: Mask
    neck: Mask
    lower: Mask  # trousers, skirt, legs
    outside: Mask  # neither garment nor in front of it
    whole: Mask  # every pixel


class Seen(NamedTuple):
    """Regions that any picture with a parsing has, each (H,W) bool."""

    garment: Mask
    face_hair: Mask
    occluders: Mask  # arms, hands and hair in front of the garment


def regions_of(truth: Truth, parsing: Pixels, clothing: Clothing, label_map: LabelMap) -> Regions:
    """The regions of a pair; parsing: the labels of the true try-on, (H,W) like its picture."""
    seen = seen_regions(worn_pixels(truth), parsing, label_map)
    worn, occluders = seen.garment, seen.occluders
    return Regions(
        garment=worn,
        garment_inside=inside(worn),
        print=looked_up(printed(clothing), truth),
        occluders=occluders,
        face_hair=seen.face_hair,
        neck=np.isin(parsing, label_map.ids(("neck",))) & ~worn,
        lower=np.isin(parsing, label_map.ids((*TROUSERS, "left_leg", "right_leg"))) & ~worn,
        outside=~worn & ~occluders,
        whole=np.ones_like(worn),
    )


def seen_regions(worn: Mask, parsing: Pixels, label_map: LabelMap) -> Seen:
    """What labels (H,W) say of a picture in which these pixels (H,W) are the garment; ValueError for unlike shapes."""
    if parsing.shape != worn.shape:
        raise ValueError(f"parsing: expected {worn.shape} like the picture, got {parsing.shape}")
    return Seen(
        garment=worn,
        face_hair=np.isin(parsing, label_map.ids(FACE_AND_HAIR["paper"])) & ~worn,
        occluders=in_front(worn, np.isin(parsing, label_map.ids(OCCLUDING))),
    )


def labels_at(path: Path, size: Size) -> Pixels:
    """A parsing at `size` (H,W), padded with background as its photo is with white; raises InputError."""
    return fit_labels(padded(load_labels(path), size, 0), size)


def worn_pixels(truth: Truth) -> Mask:
    """Where the true map is known, (H,W)."""
    return np.asarray(np.isfinite(truth.map_px).all(axis=2))


def inside(region: Mask, radius: int = WINDOW_RADIUS) -> Mask:
    """Pixels whose square of 2 `radius` + 1 lies in the region; beyond the picture's edge there is none."""
    framed = cv2.copyMakeBorder(region.astype(np.uint8), *(radius,) * 4, cv2.BORDER_CONSTANT, value=(0,))
    eroded = cv2.erode(framed, np.ones((2 * radius + 1,) * 2, np.uint8))
    return np.asarray(eroded[radius:-radius, radius:-radius] > 0)


def in_front(worn: Mask, candidates: Mask) -> Mask:
    """Pixels of arms and hair that lie in front of the worn garment, from what is seen alone.

    Of 12 lines through such a pixel at least 4 must come upon the garment on both sides: each first pixel that is
    neither arm nor hair is worn, and no further away than a quarter of the height.  So a forearm across the trunk
    counts, and a lock that falls on it; a bare arm that hangs beside it does not, nor what covers only its edge.
    """
    found = np.zeros_like(worn)
    if not worn.any():
        return found
    outline = cv2.convexHull(np.argwhere(worn)[:, None, ::-1].astype(np.int32))
    between = cv2.fillConvexPoly(np.zeros(worn.shape, np.uint8), outline, 1) > 0  # nothing else can be bridged
    y, x = np.nonzero(candidates & ~worn & between)
    bridged = np.zeros(len(x), int)
    kind = np.pad(np.where(worn, 1, np.where(candidates, 2, 0)), 1)  # a frame of 0 stops every line
    for angle in np.arange(AXES) * np.pi / AXES:
        bridged += _meets(kind, x, y, angle) & _meets(kind, x, y, angle + np.pi)
    found[y, x] = bridged >= BRIDGED
    return found


def _meets(kind: NDArray[np.int_], x: NDArray[np.int_], y: NDArray[np.int_], angle: float) -> NDArray[np.bool_]:
    """Whether the line from each place (N,) leaves the candidates (2) onto the garment (1); `kind` has a frame."""
    steps = np.arange(1, round(REACH * kind.shape[0]) + 1)
    right, down = (_whole(direction(angle) * steps) for direction in (np.cos, np.sin))
    columns = (x[:, None] + 1 + right).clip(0, kind.shape[1] - 1)
    rows = (y[:, None] + 1 + down).clip(0, kind.shape[0] - 1)
    passed = kind[rows, columns]  # (N, steps)
    first = (passed != 2).argmax(axis=1)
    return np.asarray(passed[np.arange(len(x)), first] == 1)


def _whole(offsets: NDArray[np.float64]) -> NDArray[np.int_]:
    """Rounded away from 0, so that a mirrored picture has mirrored lines."""
    return np.asarray(np.sign(offsets) * np.floor(np.abs(offsets).round(9) + 0.5), int)


def printed(clothing: Clothing) -> Mask:
    """Where a product picture (H,W) has a print: its colour varies within a few pixels, its outline left aside.

    Standard deviation of each of R, G, B over the garment's pixels in a square of 7 (at height 256), the root of their
    mean square; above 12 of 255 is print.  Stripes, dots, words, bands and buttons are; folds, ribs and gradients not.
    """
    side = 2 * max(1, round(CONTRAST_RADIUS * clothing.image.shape[0])) + 1
    cloth = inside(clothing.mask >= 250, side // 2).astype(np.float64)  # an outline is shaded in every garment
    colour = clothing.image * cloth[..., None]
    share = cv2.blur(cloth, (side, side)).clip(1e-9)[..., None]
    mean, square = cv2.blur(colour, (side, side)) / share, cv2.blur(colour**2, (side, side)) / share
    variance = (square - mean**2).clip(0).mean(axis=2)
    return np.asarray((variance > CONTRAST**2) & (cloth > 0))


def looked_up(region: Mask, truth: Truth) -> Mask:
    """A region of the product picture (H,W) as it is seen on the person, by the true map's nearest pixel."""
    worn = worn_pixels(truth)
    x, y = np.moveaxis(np.where(worn[..., None], truth.map_px, 0), 2, 0)
    columns = np.rint(x).astype(int).clip(0, region.shape[1] - 1)
    rows = np.rint(y).astype(int).clip(0, region.shape[0] - 1)
    return np.asarray(region[rows, columns] & worn)


def box_of(region: Mask, margin: float, size: Size) -> tuple[slice, slice]:
    """Rows and columns around a region with a margin, a share of its longer side, in the shape of (H,W) `size`.

    Raises ValueError for an empty region.
    """
    rows, columns = (np.flatnonzero(region.any(axis=axis)) for axis in (1, 0))
    if not len(rows):
        raise ValueError("box_of: expected a region with pixels, got none")
    high, wide = (float(span[-1] - span[0] + 1) for span in (rows, columns))
    scale = min(1.0, max(high / size[0], wide / size[1]) * (1 + 2 * margin))
    slices = []
    for span, whole in ((rows, size[0]), (columns, size[1])):
        long = max(1, round(scale * whole))
        start = round((span[0] + span[-1] + 1 - long) / 2)
        start = min(max(0, start), whole - long)
        slices.append(slice(start, start + long))
    return slices[0], slices[1]
