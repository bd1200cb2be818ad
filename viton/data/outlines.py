"""Outlines of COCO's annotations as masks: polygons, and run lengths, plain or compressed. H, W.

A polygon's points are in pixels from the picture's corner, so that the first pixel's centre is at 0.5; a pixel is
inside when its centre is. Run lengths go down the columns, background first.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from viton.coordinates import Size
from viton.errors import InputError
from viton.images import Pixels
from viton.keypoints import LIMIT


def mask_of_outline(outline: object, size: Size, where: str) -> Pixels:
    """What COCO has under `segmentation`, as a mask (H,W) in {0,1}.

    Raises InputError, naming `where` it stands, for what is neither polygons nor run lengths of that size.
    """
    if isinstance(outline, dict):
        return _of_runs(outline, size, where)
    mask = np.zeros(size, np.uint8)
    for polygon in polygons_of(outline, where):
        mask |= of_polygon(polygon, size)
    return mask


def polygons_of(outline: object, where: str) -> list[NDArray[np.float64]]:
    """Polygons, (N,2) points each; raises InputError for anything else."""
    if not isinstance(outline, list) or not outline:
        raise InputError(where, "polygons, or run lengths with 'size' and 'counts'", _kind(outline))
    found = []
    for numbers in outline:
        good = isinstance(numbers, list) and len(numbers) >= 6 and len(numbers) % 2 == 0
        if not good or not all(isinstance(value, (int, float)) and abs(value) < LIMIT for value in numbers):
            raise InputError(where, f"polygons of at least 3 points, numbers below {LIMIT:g}", "something else")
        found.append(np.array(numbers, np.float64).reshape(-1, 2))
    return found


def of_polygon(points: NDArray[np.float64], size: Size) -> Pixels:
    """The pixels (H,W) in {0,1} whose centres lie inside a polygon (N,2), by crossings to their left."""
    height, width = size
    crossings = np.zeros((height, width + 1), np.int32)
    for (x0, y0), (x1, y1) in zip(points, np.roll(points, -1, axis=0), strict=True):
        if y0 == y1:
            continue
        first, last = (int(np.clip(np.ceil(y - 0.5), 0, height)) for y in sorted((y0, y1)))
        rows = np.arange(first, last)
        x = x0 + (rows + 0.5 - y0) * (x1 - x0) / (y1 - y0)
        np.add.at(crossings, (rows, np.ceil(x - 0.5).clip(0, width).astype(int)), 1)
    return (crossings.cumsum(axis=1)[:, :width] % 2).astype(np.uint8)


def _of_runs(outline: dict[str, object], size: Size, where: str) -> Pixels:
    counts, given = outline.get("counts"), outline.get("size")
    if given != list(size):
        raise InputError(where, f"run lengths of size {list(size)}, as its picture's", _kind(given))
    if isinstance(counts, str):
        counts = unpacked(counts, where)
    if not isinstance(counts, list) or not all(isinstance(count, int) and count >= 0 for count in counts):
        raise InputError(where, "run lengths, whole numbers or a string, under 'counts'", _kind(counts))
    if sum(counts) != size[0] * size[1]:
        raise InputError(where, f"run lengths that add up to {size[0] * size[1]}", str(sum(counts)))
    values = np.repeat(np.arange(len(counts)) % 2, counts).astype(np.uint8)
    return np.ascontiguousarray(values.reshape(size[1], size[0]).T)


def unpacked(text: str, where: str) -> list[int]:
    """Run lengths of a compressed string: 5 bits a character from 48 on, the lowest first, a sixth for `more follows`.

    From the third on it holds the difference to the one before the last, in two's complement.
    """
    counts: list[int] = []
    value, shift = 0, 0
    for letter in text:
        bits = ord(letter) - 48
        if not 0 <= bits < 64 or shift > 40:
            raise InputError(where, "compressed run lengths", f"the character {letter!r}")
        value |= (bits & 31) << shift
        shift += 5
        if bits & 32:
            continue
        if bits & 16:
            value -= 1 << shift
        counts.append(value + (counts[-2] if len(counts) > 2 else 0))
        value, shift = 0, 0
    if shift:
        raise InputError(where, "compressed run lengths", "a string that was cut off")
    return counts


def packed(counts: Sequence[int]) -> str:
    """Run lengths as a compressed string, which `unpacked` reads."""
    letters = []
    for place, count in enumerate(counts):
        value, more = count - (counts[place - 2] if place > 2 else 0), True
        while more:
            bits, value = value & 31, value >> 5
            more = value != (-1 if bits & 16 else 0)
            letters.append(chr(48 + bits + 32 * more))
    return "".join(letters)


def _kind(value: object) -> str:
    return "nothing" if value is None else f"{str(value)[:40]}"
