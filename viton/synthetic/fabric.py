"""Fabrics: the repeating print of a garment, drawn once as a tile."""

from __future__ import annotations

import colorsys
from typing import NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray

from viton.synthetic.shapes import Floats

PATTERNS = {"solid": 0.3, "stripes": 0.18, "checks": 0.13, "dots": 0.12, "floral": 0.15, "gradient": 0.12}
TILE = 160  # pixels along a tile's side


class Fabric(NamedTuple):
    """A print: `tile` (TILE,TILE,3) repeats every `period` half-widths of the shoulders; `fade` runs to the accent."""

    pattern: str
    base: tuple[float, float, float]
    accent: tuple[float, float, float]
    period: float
    tile: Floats
    fade: bool

    def colours(self, across: Floats, down: Floats, v: Floats) -> Floats:
        """RGB (h,w,3) at fabric coordinates in half-widths of the shoulders; `v` in [0,1] drives a gradient."""
        if self.fade:
            mix = np.clip(v, 0, 1)[..., None]
            return (np.asarray(self.base) * (1 - mix) + np.asarray(self.accent) * mix).astype(np.float32)
        step = TILE / self.period
        column = np.ascontiguousarray(np.mod(across * step, TILE), np.float32)
        row = np.ascontiguousarray(np.mod(down * step, TILE), np.float32)
        print_ = cv2.remap(self.tile, column, row, cv2.INTER_LINEAR, borderMode=cv2.BORDER_WRAP)
        return np.asarray(print_, np.float32)


def sample_fabric(rng: np.random.Generator) -> Fabric:
    """Draw a print of its own: colours, period and placing are the garment's alone."""
    pattern = str(rng.choice(list(PATTERNS), p=list(PATTERNS.values())))
    base, accent, third = _colours(rng)
    period = {"stripes": rng.uniform(0.18, 0.5), "checks": rng.uniform(0.28, 0.6), "dots": rng.uniform(0.24, 0.5)}.get(
        pattern, rng.uniform(1.0, 1.5)
    )
    draw = {"stripes": _stripes, "checks": _checks, "dots": _dots, "floral": _floral}.get(pattern, _plain)
    tile = draw(rng, np.full((TILE, TILE, 3), base, np.float32), accent, third)
    return Fabric(pattern, _rgb(base), _rgb(accent), float(period), tile, pattern == "gradient")


Paint = NDArray[np.float64]


def _rgb(colour: Paint) -> tuple[float, float, float]:
    r, g, b = colour.tolist()
    return r, g, b


def _colours(rng: np.random.Generator) -> tuple[Paint, Paint, Paint]:
    """A base colour and two that stand out on it."""
    hue = rng.random()
    light = rng.random() < 0.4
    strength, value = (
        (rng.uniform(0.03, 0.3), rng.uniform(0.82, 0.96)) if light else (rng.uniform(0.3, 0.85), rng.uniform(0.25, 0.8))
    )
    other = (hue + rng.choice([0.08, 0.4, 0.5, 0.6])) % 1
    base = np.array(colorsys.hsv_to_rgb(hue, strength, value)) * 255
    accent = (
        np.array(
            colorsys.hsv_to_rgb(other, rng.uniform(0.3, 0.9), rng.uniform(0.2, 0.6) if light else rng.uniform(0.8, 1.0))
        )
        * 255
    )
    third = np.array(colorsys.hsv_to_rgb((other + 0.3) % 1, 0.5, 0.5 if light else 0.95)) * 255
    return base, accent, third


def _plain(rng: np.random.Generator, tile: Floats, accent: Paint, third: Paint) -> Floats:
    return tile


def _stripes(rng: np.random.Generator, tile: Floats, accent: Paint, third: Paint) -> Floats:
    width = int(TILE * rng.uniform(0.25, 0.5))
    tile[:width] = accent
    if rng.random() < 0.4:
        tile[width + 20 : width + 34] = third
    return np.ascontiguousarray(tile.transpose(1, 0, 2)) if rng.random() < 0.3 else tile


def _checks(rng: np.random.Generator, tile: Floats, accent: Paint, third: Paint) -> Floats:
    width = int(TILE * rng.uniform(0.35, 0.55))
    for rows in (slice(0, width), slice(None)):
        columns = slice(None) if rows.stop else slice(0, width)
        tile[rows, columns] = tile[rows, columns] * 0.5 + accent * 0.5
    if rng.random() < 0.5:
        line = slice(width + 24, width + 32)
        tile[line], tile[:, line] = third, third
    return tile


def _dots(rng: np.random.Generator, tile: Floats, accent: Paint, third: Paint) -> Floats:
    radius = int(TILE * rng.uniform(0.13, 0.2))
    quarter = TILE // 4
    for centre in ((quarter, quarter), (3 * quarter, 3 * quarter)):
        cv2.circle(tile, centre, radius, accent.tolist(), -1, cv2.LINE_AA)
    return tile


def _floral(rng: np.random.Generator, tile: Floats, accent: Paint, third: Paint) -> Floats:
    """Flowers and leaves at random places, drawn across the tile's edges so that it repeats."""
    leaf = np.array((70, 120, 70)) * rng.uniform(0.6, 1.4)
    for number in range(9):
        place, size, angle = rng.integers(0, TILE, 2), rng.uniform(9, 17), rng.uniform(0, 2 * np.pi)
        petals = accent if number % 2 else third
        for shift in np.stack(np.meshgrid((-TILE, 0, TILE), (-TILE, 0, TILE)), -1).reshape(-1, 2):
            _flower(tile, place + shift, size, angle, petals, leaf)
    return tile


def _flower(tile: Floats, place: NDArray[np.int64], size: float, angle: float, petals: Paint, leaf: Paint) -> None:
    for turn in (angle + 0.5, angle + 2.4):
        tip = place + 1.7 * size * np.array([np.cos(turn), np.sin(turn)])
        axes = (int(size * 0.7), int(size * 0.28))
        cv2.ellipse(
            tile, tip.astype(int).tolist(), axes, float(np.degrees(turn)), 0, 360, leaf.tolist(), -1, cv2.LINE_AA
        )
    for petal in range(5):
        turn = angle + petal * 2 * np.pi / 5
        centre = place + 0.6 * size * np.array([np.cos(turn), np.sin(turn)])
        cv2.circle(tile, centre.astype(int).tolist(), int(size * 0.45), petals.tolist(), -1, cv2.LINE_AA)
    cv2.circle(tile, place.tolist(), int(size * 0.3), (240.0, 214.0, 120.0), -1, cv2.LINE_AA)
