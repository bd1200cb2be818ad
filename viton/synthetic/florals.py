"""Flowers and leaves, drawn across a tile's edges so that it repeats."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from viton.synthetic.palette import Paint, bouquet, light_of, tone_of, varied

Tile = NDArray[np.uint8]  # (N,N,3)
Points = NDArray[np.float64]  # (K,2) in pixels of the tile

HALF_LEAF = np.sin(np.linspace(0, np.pi, 9)) ** 0.9


def stamp(tile: Tile, outline: Points, colour: Paint) -> None:
    """Fill a closed outline, again at the other side of every edge of the tile that it crosses."""
    side = len(tile)
    low, high = outline.min(axis=0), outline.max(axis=0)
    steps = [[k * side for k in (-1, 0, 1) if low[i] + k * side < side and high[i] + k * side > 0] for i in (0, 1)]
    paint = [float(round(channel)) for channel in colour]
    for dx in steps[0]:
        for dy in steps[1]:
            fixed = np.round((outline + np.array([dx, dy])) * 16).astype(np.int32)
            cv2.fillPoly(tile, [fixed], paint, cv2.LINE_AA, shift=4)


def leaf(root: Points, angle: float, length: float, width: float, bend: float = 0.0) -> Points:
    """A lens from `root`, pointed at both ends, `bend` to one side; y runs down."""
    along = np.linspace(0, 1, 9)
    spine = bend * np.sin(along * np.pi)
    edge = HALF_LEAF * width * (1.15 - 0.4 * along)
    shape = np.concatenate([np.stack([along, spine + edge], 1), np.stack([along, spine - edge], 1)[-2:0:-1]]) * length
    return root + _turned(shape, angle)


def petal(root: Points, angle: float, length: float, width: float) -> Points:
    """A drop from `root`, broad and round at its outer end."""
    t = np.linspace(0, 2 * np.pi, 14, endpoint=False)
    along = (1 - np.cos(t)) / 2
    shape = np.stack([along * length, np.sin(t) * width * length * (0.25 + 0.75 * along)], 1)
    return root + _turned(shape, angle)


def _turned(shape: Points, angle: float) -> Points:
    cos, sin = np.cos(angle), np.sin(angle)
    return shape @ np.array([[cos, sin], [-sin, cos]])


def _places(rng: np.random.Generator, side: int, count: int) -> Points:
    """Places spread evenly over a tile, but not in rows."""
    rows = max(1, round(np.sqrt(count)))
    columns = -(-count // rows)
    grid = np.stack(np.meshgrid(np.arange(columns) / columns, np.arange(rows) / rows), -1)
    grid[1::2, :, 0] += 0.5 / columns
    cells = grid.reshape(-1, 2) + rng.uniform(-0.26, 0.26, (rows * columns, 2)) / (columns, rows)
    return rng.permutation(np.mod(cells, 1) * side)


def _bloom(rng: np.random.Generator, tile: Tile, at: Points, size: float, colour: Paint, heart: Paint) -> None:
    """A flower of five or six petals, each with a lighter or darker inside."""
    number, turn = int(rng.integers(5, 7)), rng.uniform(0, 2 * np.pi)
    inner = tone_of(colour, 0.8) if light_of(colour) > 150 else tone_of(colour, 1.35)
    tilt = rng.uniform(0.7, 1.0)  # seen a little from the side
    squeeze = np.array([1, tilt])
    for k in range(number):
        angle, long = turn + 2 * np.pi * k / number, size * rng.uniform(0.88, 1.08)
        stamp(tile, at + (petal(np.zeros(2), angle, long, 0.42)) * squeeze, tone_of(colour, rng.uniform(0.92, 1.06)))
        stamp(tile, at + (petal(np.zeros(2), angle, long * 0.62, 0.22)) * squeeze, inner)
    stamp(tile, at + petal(np.array([-0.15 * size, 0]), 0, 0.3 * size, 0.5), heart)


def _sprig(rng: np.random.Generator, tile: Tile, at: Points, size: float, colours: list[Paint], leaves: int) -> None:
    """A bent stem with leaves on both sides."""
    angle, bend = rng.uniform(0, 2 * np.pi), rng.uniform(-0.5, 0.5)
    colour = colours[rng.integers(len(colours))]
    stamp(tile, leaf(at, angle, 1.9 * size, 0.02, bend * 0.3), colour)
    for k in range(leaves):
        share, side = (k + 1) / leaves, 1 if k % 2 else -1
        offset = _turned(np.array([[share, bend * 0.3 * np.sin(share * np.pi)]]) * 1.9 * size, angle)[0]
        slant = angle + (0 if k == leaves - 1 else side * rng.uniform(0.6, 0.95))
        tint = tone_of(colour, rng.uniform(0.85, 1.15))
        stamp(tile, leaf(at + offset, slant, size * rng.uniform(0.6, 0.85), 0.17, side * 0.06), tint)


def ditsy(rng: np.random.Generator, tile: Tile, base: Paint) -> None:
    """Many small flowers with a leaf or two."""
    petals, greens = bouquet(rng, base)
    side, heart = len(tile), varied(rng, (238, 204, 110))
    for number, at in enumerate(_places(rng, side, int(rng.integers(16, 27)))):
        size = side * rng.uniform(0.05, 0.07)
        turn = rng.uniform(0, 6.28)
        for k in (0.0, 2.3):
            stamp(tile, leaf(at, turn + k, 2.2 * size, 0.16, 0.1), greens[number % 2])
        _bloom(rng, tile, at, size, petals[number % len(petals)], heart)


def blooms(rng: np.random.Generator, tile: Tile, base: Paint) -> None:
    """Large painterly flowers among sprigs and buds."""
    petals, greens = bouquet(rng, base)
    side, heart = len(tile), tone_of(petals[0], 0.55)
    places, number = _places(rng, side, 25), int(rng.integers(9, 14))
    for at in places[number:]:
        _sprig(rng, tile, at, side * rng.uniform(0.1, 0.15), [*greens, petals[-1]], int(rng.integers(4, 7)))
    for k, at in enumerate(places[:number]):
        _bloom(rng, tile, at, side * rng.uniform(0.06, 0.14), petals[k % len(petals)], heart)


def foliage(rng: np.random.Generator, tile: Tile, base: Paint) -> None:
    """Leaves alone: on sprigs, or strewn."""
    petals, greens = bouquet(rng, base)
    side, colours = len(tile), petals if rng.random() < 0.6 else greens
    if rng.random() < 0.5:
        for at in _places(rng, side, int(rng.integers(14, 21))):
            _sprig(rng, tile, at, side * rng.uniform(0.1, 0.14), colours, int(rng.integers(5, 8)))
        return
    for number, at in enumerate(_places(rng, side, 30)):
        turn, size = rng.uniform(0, 6.28), side * rng.uniform(0.09, 0.13)
        at = at - 0.5 * size * np.array([np.cos(turn), np.sin(turn)])
        for k, long in ((-0.8, 0.8), (0.8, 0.75), (0.0, 1.25)):
            stamp(tile, leaf(at, turn + k, size * long, 0.15, k * 0.12), colours[number % min(2, len(colours))])
