"""The same picture twice: in two splits, where it makes numbers too good, or in one.

Candidates by the signs of brightness differences (256 bits, after Krawetz's dHash), then by the pictures themselves at
32x32: only what is equal there up to compression is called the same. 32 bytes a picture are kept.
"""

from __future__ import annotations

from array import array
from collections import OrderedDict
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray

from viton.errors import InputError
from viton.images import Pixels, load_rgb

WORDS = 4  # of 64 bits
ZONE = 2  # grey levels; smaller differences are noise of compression
NEAR = 24  # bits of 256 that may differ between candidates
MOST = 64  # candidates of a picture that are compared
SIDE = 32
FURTHEST, MEAN = 16, 2.0  # grey levels between the same pictures at SIDE, of 99 in 100 values and on average: real ones
# after JPEG of quality 50 and a quarter of the size have 11 and 1.7, the closest of 250 made-up garments 51 and 6.9
ROWS = 32  # pictures compared with all at a time
KEPT = 256  # small pictures that are kept


class Twice(NamedTuple):
    """A picture, and an earlier one that is the same."""

    path: Path
    split: str
    earlier: Path
    earlier_split: str


def fingerprint(picture: Pixels) -> NDArray[np.uint64]:
    """(H,W,3) -> (4,) words: whether brightness falls from each place of a 16x16 raster to the next on its right."""
    grey = cv2.cvtColor(cv2.resize(picture, (17, 16), interpolation=cv2.INTER_AREA), cv2.COLOR_RGB2GRAY).astype(int)
    return np.packbits(grey[:, :-1] > grey[:, 1:] + ZONE).view(np.uint64)


def small(picture: Pixels) -> NDArray[np.int16]:
    """(H,W,3) -> (32,32,3)."""
    return cv2.resize(picture, (SIDE, SIDE), interpolation=cv2.INTER_AREA).astype(np.int16)


def are_same(one: NDArray[np.int16], other: NDArray[np.int16]) -> bool:
    """Whether two pictures, small, differ by no more than compression and resizing do."""
    apart = np.abs(one - other)
    return bool(np.percentile(apart, 99) <= FURTHEST and apart.mean() <= MEAN)


class Pictures:
    """The pictures of one kind, over all splits."""

    def __init__(self) -> None:
        self._words = array("Q")
        self._paths: list[Path] = []
        self._splits: list[str] = []
        self._small: OrderedDict[int, NDArray[np.int16] | None] = OrderedDict()

    def add(self, path: Path, split: str, words: NDArray[np.uint64]) -> None:
        self._words.extend(words.tolist())
        self._paths.append(path)
        self._splits.append(split)

    def twice(self) -> Iterator[Twice]:
        """Every picture that an earlier one is the same as; a file that two splits name is one, too."""
        words = np.frombuffer(self._words, np.uint64).reshape(-1, WORDS)
        for start in range(0, len(words), ROWS):
            rows = words[start : start + ROWS]
            apart = np.bitwise_count(rows[:, None, 0] ^ words[None, : start + len(rows), 0])
            for row, column in _grouped(apart <= NEAR, start):
                near = np.bitwise_count(rows[row] ^ words[column]).sum(axis=1)
                order = column[np.argsort(near, kind="stable")][: (near <= NEAR).sum()][:MOST]
                yield from self._first_same(start + row, order)

    def _first_same(self, number: int, candidates: NDArray[np.int64]) -> Iterator[Twice]:
        for other in map(int, candidates):
            if self._paths[number] == self._paths[other] or self._same(number, other):
                yield Twice(self._paths[number], self._splits[number], self._paths[other], self._splits[other])
                return

    def _same(self, number: int, other: int) -> bool:
        one, two = self._at(number), self._at(other)
        return one is not None and two is not None and are_same(one, two)

    def _at(self, number: int) -> NDArray[np.int16] | None:
        if number in self._small:
            self._small.move_to_end(number)
            return self._small[number]
        try:
            found = small(load_rgb(self._paths[number]))
        except InputError:  # it was there a moment ago
            found = None
        self._small[number] = found
        if len(self._small) > KEPT:
            self._small.popitem(last=False)
        return found


def _grouped(near: NDArray[np.bool_], start: int) -> Iterator[tuple[int, NDArray[np.int64]]]:
    """Rows with the earlier columns that are near them."""
    for row in range(len(near)):
        columns = np.flatnonzero(near[row, : start + row])
        if len(columns):
            yield row, columns
