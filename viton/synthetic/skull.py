"""The surface of a head in space, and how it shows when the head is turned and nods.

A head's own frame: `across` to its left in half-widths, `up` from the chin (0) to the crown (1), `depth` towards where
it looks, in half-widths from the axis that it turns on.
"""

from __future__ import annotations

from typing import NamedTuple

import cv2
import numpy as np
from numpy.typing import ArrayLike

from viton.synthetic.head_place import HeadPlace
from viton.synthetic.shapes import Floats, Profile

TURN, NOD = np.radians(60), np.radians(24)  # angles at turn 1 and nod 1
CHIN_DEPTH = 1.05

_UP = (
    0,
    0.004,
    0.012,
    0.03,
    0.06,
    0.1,
    0.15,
    0.2,
    0.26,
    0.33,
    0.4,
    0.5,
    0.6,
    0.68,
    0.76,
    0.84,
    0.9,
    0.95,
    0.98,
    0.995,
    1,
)
_WIDE = (
    0,
    0.13,
    0.22,
    0.33,
    0.43,
    0.53,
    0.635,
    0.725,
    0.81,
    0.875,
    0.925,
    0.97,
    0.995,
    1,
    0.965,
    0.875,
    0.745,
    0.55,
    0.36,
    0.19,
    0,
)
_FRONT = (0.0, 0.03, 0.06, 0.12, 0.2, 0.3, 0.4, 0.5, 0.58, 0.68, 0.78, 0.86, 0.92, 0.97, 1.0)
_FRONT_DEPTH = (1.05, 1.12, 1.16, 1.13, 1.2, 1.2, 1.19, 1.17, 1.22, 1.2, 1.1, 0.94, 0.75, 0.48, 0.05)
WIDTH = Profile(_UP, _WIDE)
FRONT = Profile(_FRONT, _FRONT_DEPTH)
# Where the surface is widest: the jaw runs from the ears forward to the chin.
MIDDLE = Profile((0, 0.03, 0.06, 0.1, 0.15, 0.2, 0.3, 0.4, 0.5), (1.05, 0.88, 0.75, 0.58, 0.42, 0.3, 0.12, 0.03, 0))
BACK = Profile((0.25, 0.4, 0.6, 0.75, 0.86, 0.94, 1), (-0.75, -1.05, -1.25, -1.2, -1.0, -0.68, -0.05))

_BRIDGE = Profile(
    (0.27, 0.298, 0.312, 0.322, 0.336, 0.352, 0.4, 0.46, 0.51, 0.56),
    (0, 0.045, 0.125, 0.18, 0.215, 0.21, 0.15, 0.09, 0.05, 0),
)
_BRIDGE_WIDTH = Profile((0.28, 0.33, 0.37, 0.44, 0.52, 0.56), (0.18, 0.16, 0.135, 0.12, 0.135, 0.16))


class Build(NamedTuple):
    """What differs between skulls."""

    jaw: float = 1.0  # factor on the width of the jaw
    nose: float = 1.0  # factor on the width of the nose
    lips: float = 1.0  # factor on the fullness of the lips
    cheeks: float = 1.0


class Surface(NamedTuple):
    """A surface unrolled into a table: columns run round the head, rows from the chin up.

    across, up, depth: (R,C) in the head's own frame.
    """

    across: Floats
    up: Floats
    depth: Floats


class View(NamedTuple):
    """Where each pixel of a head's picture finds its surface: column and row of the table (h,w), and cover (h,w)."""

    columns: Floats
    rows: Floats
    cover: Floats

    def look(self, table: Floats) -> Floats:
        """The values (h,w) or (h,w,C) of a table (R,C) or (R,C,C) as they are seen."""
        seen = cv2.remap(
            np.ascontiguousarray(table), self.columns, self.rows, cv2.INTER_LINEAR, None, cv2.BORDER_REPLICATE
        )
        return np.asarray(seen, np.float32)


def bump(across: Floats, up: Floats, centre: tuple[float, float], size: tuple[float, float]) -> Floats:
    """A soft hill of height 1 at `centre`, of half-widths `size`."""
    return np.asarray(np.exp(-(((across - centre[0]) / size[0]) ** 2) - ((up - centre[1]) / size[1]) ** 2), np.float32)


def relief(across: Floats, up: Floats, build: Build) -> Floats:
    """How far the features stand out of the plain oval of the face, in half-widths."""
    side = np.abs(across)
    wide = _BRIDGE_WIDTH(up) * (1 + (build.nose - 1) * np.clip((0.45 - up) / 0.1, 0, 1))
    out = _BRIDGE(up) * np.exp(-((across / wide) ** 2))
    out += 0.055 * bump(side, up, (0.15 * build.nose, 0.322), (0.08, 0.026))
    out -= 0.1 * bump(side, up, (0.38, 0.515), (0.2, 0.042))
    out += 0.05 * bump(side, up, (0.42, 0.5), (0.17, 0.03))
    out += 0.02 * bump(side, up, (0.4, 0.58), (0.3, 0.035))
    out += 0.06 * build.cheeks * bump(side, up, (0.58, 0.39), (0.26, 0.07))
    out -= 0.03 * bump(side, up, (0.62, 0.22), (0.2, 0.07))
    out += 0.05 * build.lips * bump(across, up, (0, 0.225), (0.24, 0.017))
    out += 0.06 * build.lips * bump(across, up, (0, 0.178), (0.22, 0.02))
    out -= 0.045 * bump(across, up, (0, 0.203), (0.3, 0.008))
    out -= 0.045 * bump(across, up, (0, 0.128), (0.24, 0.022))
    out += 0.05 * bump(across, up, (0, 0.055), (0.2, 0.035))
    return np.asarray(out, np.float32)


def depth_at(across: float, up: float) -> float:
    """Depth of the face of an average skull."""
    x, u = np.array([across], np.float32), np.array([up], np.float32)
    level = np.sqrt(np.maximum(1 - (x / WIDTH(u)) ** 2, 0))
    return float((MIDDLE(u) + (FRONT(u) - MIDDLE(u)) * level + relief(x, u, Build()))[0])


def unroll(rows: int, columns: int, reach: float, build: Build | None = None) -> Surface:
    """The surface from `reach` radians on one side to the other.

    build: with the features of a face; a smooth skull without.
    """
    up = 1 - np.linspace(1, 0, rows, dtype=np.float32)[:, None] ** 1.3  # closer where the crown closes
    angle = np.linspace(-reach, reach, columns, dtype=np.float32)[None]
    sin, cos = np.sin(angle), np.cos(angle)
    wide, middle = WIDTH(up), MIDDLE(up)
    if build is not None:
        wide = wide * (1 + (build.jaw - 1) * np.clip((0.5 - up) / 0.25, 0, 1))
    behind = (middle - np.minimum(BACK(up), middle)) * np.clip((up - 0.3) / 0.1, 0, 1)  # the jaw has no back
    far = np.where(cos > 0, FRONT(up) - middle, behind)
    across = wide * sin
    depth = middle + far * cos
    if build is not None:
        half = (columns + 1) // 2  # both halves of a face are alike
        out = relief(across[:, :half], up, build) * (cos[:, :half] > 0)
        depth = depth + np.concatenate([out, out[:, : columns - half][:, ::-1]], axis=1)
    full = np.broadcast_to(up, across.shape)
    return Surface(*(np.asarray(part, np.float32) for part in (across, full, depth)))


def raised(surface: Surface, reach: float, thick: Floats) -> Surface:
    """A surface, unrolled as far as `reach`, under hair that is `thick` (R,C), in half-widths."""
    angle = np.linspace(-reach, reach, surface.up.shape[1], dtype=np.float32)[None]
    rise = np.clip((surface.up[:, :1] - 0.6) / 0.4, 0, 1)  # towards the crown hair stands upward
    flat = thick * np.sqrt(1 - rise * rise)
    whole = surface.across + flat * np.sin(angle), surface.up + rise * thick / 2.8, surface.depth + flat * np.cos(angle)
    return Surface(*(np.asarray(part, np.float32) for part in whole))


def project(place: HeadPlace, across: ArrayLike, up: ArrayLike, depth: ArrayLike) -> tuple[Floats, Floats]:
    """(across, up) in the picture's frame of the head, which turns and nods, of places in the head's own frame.

    The chin stays at up 0 and the crown at 1; the axis that the head turns on is at across 0.
    """
    turn, nod = place.turn * TURN, place.nod * NOD
    lean = np.sin(nod) * place.half_width / place.height
    seen = np.asarray(up) * np.cos(nod) - (np.asarray(depth) - CHIN_DEPTH) * lean
    x = np.asarray(across) * np.cos(turn) + np.asarray(depth) * np.sin(turn)
    return np.asarray(x, np.float32), np.asarray(seen / (np.cos(nod) + CHIN_DEPTH * lean), np.float32)


def facing(place: HeadPlace, surface: Surface) -> Floats:
    """How near (R,C) the surface is to the camera, in half-widths."""
    turn, nod = place.turn * TURN, place.nod * NOD
    forward = surface.depth * np.cos(nod) + surface.up * np.sin(nod) * place.height / place.half_width
    return np.asarray(forward * np.cos(turn) - surface.across * np.sin(turn), np.float32)


def view(place: HeadPlace, surface: Surface, across: Floats, up: Floats) -> View:
    """How the surface shows at the regular places `across` (w,) and `up` (h,), from left to right and downward."""
    x, seen_up = project(place, surface.across, surface.up, surface.depth)
    table = np.arange(len(x), dtype=np.float32)[:, None] + np.zeros_like(x)
    rising = np.maximum.accumulate(seen_up, axis=0).T
    rows = _inverse(rising, np.broadcast_to(table[:, :1].T, rising.shape), up[::-1]).T[::-1]  # (h,C)
    columns = np.broadcast_to(np.arange(x.shape[1], dtype=np.float32), rows.shape)
    rows = np.ascontiguousarray(rows, np.float32)
    x = np.asarray(cv2.remap(x, np.ascontiguousarray(columns), rows, cv2.INTER_LINEAR), np.float32)
    low, high = x.min(axis=1, keepdims=True), x.max(axis=1, keepdims=True)
    at, cover = _visible(x, place.turn), _cover(across, up, low, high, rising)
    found = np.clip(_inverse(at, columns, across), x.argmin(axis=1)[:, None], x.argmax(axis=1)[:, None])
    found_rows = cv2.remap(
        rows,
        found.astype(np.float32),
        np.broadcast_to(np.arange(len(up), dtype=np.float32)[:, None], found.shape).copy(),
        cv2.INTER_LINEAR,
    )
    return View(np.asarray(found, np.float32), np.asarray(found_rows, np.float32), cover)


def _visible(x: Floats, turn: float) -> Floats:
    """Where columns show (h,C), never falling: what is behind something nearer takes the place of its edge."""
    number = np.arange(x.shape[1])[None]
    first, last = x.argmin(axis=1)[:, None], x.argmax(axis=1)[:, None]
    low, high = x.min(axis=1, keepdims=True), x.max(axis=1, keepdims=True)
    # What the head itself hides goes far out to the side, so that nothing in the picture finds it.
    inside = np.where(
        number < first, low - 0.5 * (first - number), np.where(number > last, high + 0.5 * (number - last), x)
    )
    if turn >= 0:
        return np.asarray(np.maximum.accumulate(inside, axis=1))
    return np.asarray(np.minimum.accumulate(inside[:, ::-1], axis=1)[:, ::-1])


def _cover(across: Floats, up: Floats, low: Floats, high: Floats, rising: Floats) -> Floats:
    """Share (h,w) of each pixel that the surface covers."""
    step = across[1] - across[0]
    cover = np.clip((across - low) / step + 0.5, 0, 1) * np.clip((high - across) / step + 0.5, 0, 1)
    cover *= np.clip((high - low) / (2 * step), 0, 1)
    fine = up[0] - up[1]
    bottom, top = rising[:, 0].min(), rising[:, -1].max()
    ends = np.clip((up - bottom) / fine + 0.5, 0, 1) * np.clip((top - up) / fine + 0.5, 0, 1)
    return np.asarray(cover * ends[:, None], np.float32)


def _inverse(at: Floats, values: Floats, wanted: Floats) -> Floats:
    """For each row the value (N,M) where a never falling `at` (N,K) reaches each of `wanted` (M,)."""
    count, apart = len(at), 512.0
    shift = np.arange(count)[:, None] * apart
    tie = np.arange(at.shape[1]) * 1e-6
    places = np.clip(at, -200, 200).astype(np.float64) + tie + shift
    asked = wanted.astype(np.float64)[None] + shift
    found = np.interp(asked.ravel(), places.ravel(), values.ravel())
    return np.asarray(np.clip(found.reshape(count, -1), values[:, :1], values[:, -1:]), np.float32)
