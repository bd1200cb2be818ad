"""What a garment's shape says of itself: worn, by parsing and joints, and on its product picture, by its outline. H, W.

An outline tells how far the sleeves reach and how long the garment is, and whether it is open or closed at the top. It
does not tell how deep the front's neckline is: the back's inner collar fills it. Nor does it tell a sleeve that is
folded over the trunk, or cloth that can be seen through.
"""

from __future__ import annotations

from typing import NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray

from viton.data.framing import fit_labels
from viton.data.sample import Clothing, Person
from viton.keypoints import COCO18, Keypoints
from viton.parsing import CLOTHING, LabelMap
from viton_eval.photographs import sleeve_share

Mask = NDArray[np.bool_]

NECK, HIPS = COCO18.index("neck"), [COCO18.index("right_hip"), COCO18.index("left_hip")]
SOLID = 128  # of 255: what of a product's mask is garment
BESIDE = 1.12  # widths of the trunk, from which on a row of an outline shows sleeves beside it
CENTRE = 0.2  # torsos: how wide the strip below the neck is, in which hem and neckline are looked for
TOP = 0.03  # of a garment's height: how far below its top the opening is measured


class Shape(NamedTuple):
    """How a garment is worn; NaN where joints or labels do not show it."""

    sleeve: float  # share of the arm that it covers, the lesser of both arms
    hem: float  # how far below the neck joint it ends, in torsos (neck to hips)
    neckline: float  # how far below the neck joint skin ends, in torsos; negative for a high collar


class Outline(NamedTuple):
    """What the outline of a product picture shows, in widths of its trunk; NaN of an empty mask."""

    sleeve: float  # how far below its top sleeves lie beside the trunk
    hem: float  # its height
    neckline: float  # how wide it is just below its top: narrow for a high collar, wide between straps


def torso(keypoints: Keypoints) -> float:
    """Distance from the neck to the middle of the hips in px; NaN where they are not seen.   keypoints: (18,3)."""
    if (keypoints[[NECK, *HIPS], 2] <= 0).any():
        return float("nan")
    found = float(np.linalg.norm(keypoints[HIPS, :2].mean(axis=0) - keypoints[NECK, :2]))
    return found if found > 0 else float("nan")


def worn_shape(person: Person, label_map: LabelMap) -> Shape:
    """The shape of what somebody wears."""
    labels = fit_labels(person.parsing, (person.image.shape[0], person.image.shape[1]))
    share, long = sleeve_share(person, label_map), torso(person.keypoints)
    sleeve = float("nan") if share is None else share
    if not np.isfinite(long):
        return Shape(sleeve, float("nan"), float("nan"))
    x, y = person.keypoints[NECK, :2]
    strip = labels[:, max(0, round(x - CENTRE / 2 * long)) : round(x + CENTRE / 2 * long) + 1]
    cloth, skin = (np.isin(strip, label_map.ids(names)) for names in (CLOTHING["paper"], ("neck",)))
    return Shape(sleeve, (_end(cloth) - y) / long, (_end(skin) - y) / long)


def _end(region: Mask) -> float:
    """The row below the last one of a region, the median over its columns; NaN where it is empty."""
    columns = region[:, region.any(axis=0)]
    return float(np.median(region.shape[0] - columns[::-1].argmax(axis=0))) if columns.size else float("nan")


def outline_of(clothing: Clothing) -> Outline:
    """The shape of a product by the outline of its mask alone."""
    mask = _largest(clothing.mask >= SOLID)
    rows = np.flatnonzero(mask.any(axis=1))
    if not len(rows):
        return Outline(float("nan"), float("nan"), float("nan"))
    top, high = rows[0], rows[-1] - rows[0] + 1
    middle = round(float(np.median(np.nonzero(mask[top + high // 2 :])[1])))
    runs = [length for row in mask[top + high // 3 : top + high] if (length := _run(row, middle))]
    trunk = float(np.quantile(runs, 0.3)) if runs else 0.0  # folds and sleeves that touch it make some rows wider
    if trunk == 0:
        return Outline(float("nan"), float("nan"), float("nan"))
    across = np.array([_span(row) for row in mask[top : top + high]])
    hem = _end(mask[:, middle : middle + 1]) - top
    return Outline(_reach(across > BESIDE * trunk) / trunk, hem / trunk, float(across[round(TOP * high)]) / trunk)


def _reach(beside: NDArray[np.bool_]) -> float:
    """Rows from the top to the end of the sleeves: the first piece that begins in the upper half, not a flared hem."""
    if not beside[: len(beside) // 2].any():
        return 0.0
    first = int(beside.argmax())
    return float(first + (~beside[first:]).argmax() if not beside[first:].all() else len(beside))


def _largest(mask: Mask) -> Mask:
    number, pieces, stats, _ = cv2.connectedComponentsWithStats(mask.astype(np.uint8))
    return mask if number < 3 else np.asarray(pieces == 1 + int(np.argmax(stats[1:, cv2.CC_STAT_AREA])))


def _span(row: NDArray[np.bool_]) -> int:
    """From the first to the last pixel of a row's garment, 0 without one."""
    seen = np.flatnonzero(row)
    return int(seen[-1] - seen[0] + 1) if len(seen) else 0


def _run(row: NDArray[np.bool_], at: int) -> int:
    """The length of the unbroken piece of a row that holds a column, 0 without one."""
    if not row[at]:
        return 0
    gaps = np.flatnonzero(~row)
    left, right = gaps[gaps < at], gaps[gaps > at]
    return int((right[0] if len(right) else len(row)) - (left[-1] + 1 if len(left) else 0))
