"""Fabrics: what a garment's cloth is, how it is printed and how it falls."""

from __future__ import annotations

from typing import NamedTuple

import cv2
import numpy as np
from numpy.typing import ArrayLike, NDArray

from viton.synthetic import palette, prints
from viton.synthetic.palette import Paint
from viton.synthetic.prints import Print
from viton.synthetic.shapes import Floats

PATTERNS = {"solid": 0.36, "stripes": 0.17, "checks": 0.1, "dots": 0.1, "floral": 0.18, "gradient": 0.09}
KNITS = ("rib", "cable", "pointelle")
KNOT = 64  # pixels along the side of a knit's tile


class Fabric(NamedTuple):
    """A cloth and its print; colours are RGB in 0..255, lengths in half-widths of the shoulders.

    tile: uint8 (N,N,3), repeats every `period`, or with `fade` runs once from the shoulders to the hem.   knit: float32
    (M,M) heights in [-1,1] of the surface, repeating every `gauge`; flat unless `texture` names a knit.   melange:
    strength of the yarn's specks.   drape: 0 stiff or clinging to 1 flowing.   sheen: 0 dull to 1 satin.
    """

    pattern: str
    style: str
    base: tuple[float, float, float]
    accent: tuple[float, float, float]
    period: float
    tile: NDArray[np.uint8]
    fade: bool
    texture: str
    knit: Floats
    gauge: float
    melange: float
    drape: float
    sheen: float

    def colours(self, place: Floats, shape: tuple[int, int], length: float) -> NDArray[np.uint8]:
        """RGB (h,w,3) of a piece; `place` (2,3) takes its pixels (x, y, 1) to fabric coordinates (across, down).

        length: from top to hem, along which a fade runs once.
        """
        if self.style in ("plain", "melange", *KNITS):
            return filled(shape, self.tile[0, 0])
        if not self.fade:
            return laid(self.tile, place / self.period, shape)
        ramp = place * np.array([[1 / self.period], [1 / length]])
        columns, rows = (np.arange(n, dtype=np.float32) for n in (shape[1], shape[0]))
        across, down = (
            ramp[i, 0] * columns[None] + ramp[i, 1] * rows[:, None] + np.float32(ramp[i, 2]) for i in (0, 1)
        )
        side = len(self.tile)
        column = np.mod(across * side, side - 1).astype(np.float32)
        row = np.clip(down * side - 0.5, 0, side - 1).astype(np.float32)
        return np.asarray(cv2.remap(self.tile, column, row, cv2.INTER_LINEAR), np.uint8)

    def in_one_colour(self, colour: tuple[float, float, float]) -> Fabric:
        """The same cloth without its print."""
        return self._replace(style="plain", base=colour, tile=prints.plain(np.asarray(colour)), fade=False)

    def surface(self, place: Floats, shape: tuple[int, int]) -> Floats:
        """Heights (h,w) in [-1,1] of a knit at the same places."""
        return laid(self.knit, place / self.gauge, shape)


def filled(shape: tuple[int, ...], colour: ArrayLike) -> NDArray[np.uint8]:
    """An image (h,w,3) of one colour."""
    image = np.empty((*shape, 3), np.uint8)
    image[:] = np.tile(np.round(np.asarray(colour)).astype(np.uint8), (shape[1], 1))  # whole rows are quickest
    return image


def laid(tile: NDArray, place: Floats, shape: tuple[int, int]) -> NDArray:
    """A repeating tile over (h,w) pixels; `place` (2,3) takes pixels (x, y, 1) to repeats of the tile.

    The tile is first brought to the size at which it is seen, so that fine prints do not alias.
    """
    seen = int(np.clip(round(1 / np.hypot(place[0, 0], place[1, 0])), 4, len(tile)))
    small = tile if seen == len(tile) else cv2.resize(tile, (seen, seen), interpolation=cv2.INTER_AREA)
    ends = np.array([[0, 0, 1], [shape[1], 0, 1], [0, shape[0], 1], [shape[1], shape[0], 1]]) @ place.T
    first = np.floor(ends.min(axis=0)) - 1
    across, down = (np.ceil(ends.max(axis=0)) + 1 - first).astype(int)
    sheet = np.tile(small, (down, across) + (1,) * (tile.ndim - 2))
    matrix = place * seen
    matrix[:, 2] -= first * seen + 0.5
    flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
    return np.asarray(cv2.warpAffine(sheet, matrix, shape[::-1], flags=flags), tile.dtype)


def sample_fabric(rng: np.random.Generator, knitted: float = 0.2, flowing: bool = False) -> Fabric:
    """Draw a cloth of its own. knitted: how often a plain one is a knit.   flowing: woven and soft, as for blouses."""
    pattern = str(rng.choice(list(PATTERNS), p=list(PATTERNS.values())))
    base = palette.ground(rng) if pattern in ("solid", "gradient") else palette.printed_ground(rng)
    draw = {
        "solid": _solid, "stripes": prints.stripes, "checks": prints.checks, "dots": prints.dots,
        "floral": prints.floral, "gradient": prints.gradient,
    }[pattern]  # fmt: skip
    print_ = draw(rng, base)
    texture = str(rng.choice(KNITS, p=[0.5, 0.25, 0.25])) if pattern == "solid" and rng.random() < knitted else "plain"
    melange = rng.uniform(0.02, 0.035) if print_.style == "melange" else rng.uniform(0.005, 0.011)
    drape = rng.uniform(0.45, 1.0) if flowing or pattern == "floral" else rng.uniform(0.05, 0.75)
    sheen = rng.uniform(0.3, 1.0) if flowing and rng.random() < 0.35 else rng.uniform(0.0, 0.25)
    gauge = {"plain": 1.0, "rib": rng.uniform(0.08, 0.13)}.get(texture, rng.uniform(0.3, 0.42))
    return Fabric(
        pattern, print_.style if texture == "plain" else texture, _rgb(base), _rgb(print_.accent),
        float(print_.period), print_.tile, print_.fade, texture, _knit(texture), gauge, melange, drape, sheen,
    )  # fmt: skip


def _solid(rng: np.random.Generator, base: Paint) -> Print:
    dull = np.ptp(base) < 60
    style = "melange" if dull and 70 < palette.light_of(base) < 225 and rng.random() < 0.6 else "plain"
    return Print(style, palette.accents(rng, base)[0], 1.0, prints.plain(base))


def _rgb(colour: Paint) -> tuple[float, float, float]:
    r, g, b = colour.tolist()
    return r, g, b


def _knit(texture: str) -> Floats:
    """Heights of one repeat of a knit."""
    x = (np.arange(KNOT, dtype=np.float32)[None] + 0.5) / KNOT
    y = x.T
    if texture == "rib":
        return np.asarray(np.sin(2 * np.pi * x) + 0 * y, np.float32)
    if texture == "cable":
        sway = 0.13 * np.sin(2 * np.pi * y)
        ropes = sum(np.exp(-(((x - 0.5 - sign * sway) / 0.09) ** 2)) for sign in (-1, 1))
        ditch = np.exp(-(((np.abs(x - 0.5) - 0.36) / 0.05) ** 2))
        return np.asarray(np.clip(ropes - ditch, -1, 1), np.float32)
    if texture == "pointelle":
        lozenge = np.abs(np.abs(x - 0.5) + np.abs(y - 0.5) - 0.5)
        hole = np.exp(-(((x - 0.5) / 0.09) ** 2) - ((y - 0.5) / 0.09) ** 2)
        stitches = 0.25 * np.sin(10 * np.pi * x) * np.sin(8 * np.pi * y)
        return np.asarray(np.clip(np.exp(-((lozenge / 0.06) ** 2)) + stitches - 1.2 * hole, -1, 1), np.float32)
    return np.zeros((KNOT, KNOT), np.float32)
