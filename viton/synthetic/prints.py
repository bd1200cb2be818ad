"""The repeat of a print, painted on a square tile: stripes, checks, dots; flowers are in `florals`."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import cv2
import numpy as np

from viton.synthetic.florals import Tile, blooms, ditsy, foliage
from viton.synthetic.palette import Paint, accents, light_of, tone_of

TILE = 256  # pixels along a tile's side
FINEST = 0.05  # half-widths of the shoulders: about 2.5 pixels of a small picture


class Print(NamedTuple):
    """A tile (TILE,TILE,3) that repeats every `period` half-widths of the shoulders; with `fade` it runs down v."""

    style: str
    accent: Paint
    period: float
    tile: Tile
    fade: bool = False


def plain(base: Paint) -> Tile:
    """A tile of one colour."""
    return np.full((TILE, TILE, 3), np.round(base), np.uint8)


def _bands(tile: Tile, edges: list[tuple[float, float, Paint]]) -> None:
    """Fill rows between shares of the tile's height."""
    for start, stop, colour in edges:
        tile[round(start * TILE) : round(stop * TILE)] = np.round(colour)


def _upright(tile: Tile) -> Tile:
    return np.ascontiguousarray(tile.transpose(1, 0, 2))


def stripes(rng: np.random.Generator, base: Paint) -> Print:
    """Breton, pin, shirt, uneven or block stripes."""
    style = str(rng.choice(["breton", "pin", "shirt", "uneven", "block"], p=[0.36, 0.16, 0.2, 0.13, 0.15]))
    draw = {"breton": _breton, "pin": _pin, "shirt": _shirt, "uneven": _uneven, "block": _block}[style]
    accent, third = accents(rng, base)
    period, tile = draw(rng, plain(base), accent, third)
    return Print(style, accent, period, tile, style == "block")


def _breton(rng: np.random.Generator, tile: Tile, accent: Paint, third: Paint) -> tuple[float, Tile]:
    share = rng.uniform(0.28, 0.5)
    _bands(tile, [(0.1, 0.1 + share, accent)])
    return rng.uniform(0.17, 0.36), tile


def _pin(rng: np.random.Generator, tile: Tile, accent: Paint, third: Paint) -> tuple[float, Tile]:
    period = rng.uniform(0.15, 0.24)
    ground = tile[0, 0].astype(np.float64)
    _bands(tile, [(0.3, 0.3 + FINEST / period, ground + 0.62 * (accent - ground))])
    return period, _upright(tile) if rng.random() < 0.75 else tile


def _shirt(rng: np.random.Generator, tile: Tile, accent: Paint, third: Paint) -> tuple[float, Tile]:
    ground = tile[0, 0].astype(np.float64)
    share = rng.uniform(0.3, 0.52)
    bands = [(0.0, share, accent)]
    if rng.random() < 0.4:
        bands = [(0.0, 0.26, accent), (0.5, 0.64, ground + 0.6 * (third - ground))]
    _bands(tile, bands)
    return rng.uniform(0.16, 0.3) * (1 if len(bands) == 1 else 1.8), _upright(tile)


def _uneven(rng: np.random.Generator, tile: Tile, accent: Paint, third: Paint) -> tuple[float, Tile]:
    cuts = np.cumsum(rng.uniform(0.5, 1.6, 10))
    cuts /= cuts[-1]
    _bands(tile, [(cuts[k], cuts[k + 1], (accent, third, accent, tone_of(accent, 0.85))[k // 2]) for k in (0, 2, 4, 6)])
    return rng.uniform(0.8, 1.3), _upright(tile) if rng.random() < 0.2 else tile


def _block(rng: np.random.Generator, tile: Tile, accent: Paint, third: Paint) -> tuple[float, Tile]:
    """Broad bands at their own heights: across the chest, or the lower part in another colour."""
    start = rng.uniform(0.26, 0.42)
    if rng.random() < 0.5:
        wide = rng.uniform(0.05, 0.09)
        _bands(tile, [(start, start + wide, accent), (start + 1.35 * wide, start + 2.2 * wide, third)])
    else:
        _bands(tile, [(start, start + 0.2, accent), (start + 0.2, 1, third)])
    return 1.0, tile


def checks(rng: np.random.Generator, base: Paint) -> Print:
    """Gingham, windowpane or tartan."""
    style = str(rng.choice(["gingham", "windowpane", "tartan"], p=[0.4, 0.22, 0.38]))
    accent, third = accents(rng, base)
    tile = np.broadcast_to(base, (TILE, TILE, 3)).astype(np.float64)
    if style == "gingham":
        period, lines = rng.uniform(0.2, 0.42), [(0.0, 0.5, accent, 0.5)]
    elif style == "windowpane":
        period = rng.uniform(0.36, 0.62)
        lines = [(0.2, 0.2 + FINEST / period, accent, 0.7)]
    else:
        period, at = rng.uniform(0.62, 1.0), rng.uniform(0.0, 0.1)
        lines = [(at, at + 0.34, accent, 0.5), (at + 0.12, at + 0.2, tone_of(base, 0.7), 0.5)]
        lines += [(at + 0.6, at + 0.67, third, 0.6), (at + 0.78, at + 0.84, accent, 0.45)]
    for start, stop, colour, weight in lines:
        span = slice(round(start * TILE), round(stop * TILE))
        tile[span] += weight * (colour - tile[span])
        tile[:, span] += weight * (colour - tile[:, span])
    return Print(style, accent, period, np.round(tile).astype(np.uint8))


def dots(rng: np.random.Generator, base: Paint) -> Print:
    """Small or large dots in a lattice, or scattered ones."""
    style = str(rng.choice(["small", "large", "scattered"], p=[0.45, 0.3, 0.25]))
    accent, third = accents(rng, base)
    tile = plain(base)
    if style == "scattered":
        _scatter(rng, tile, accent, third)
        return Print(style, accent, rng.uniform(0.9, 1.3), tile)
    period = rng.uniform(0.2, 0.32) if style == "small" else rng.uniform(0.42, 0.72)
    radius = TILE * rng.uniform(0.13, 0.19)
    for share in (0.25, 0.75):
        _dot(tile, share * TILE, share * TILE, radius, accent)
    return Print(style, accent, period, tile)


def _dot(tile: Tile, x: float, y: float, radius: float, colour: Paint) -> None:
    paint = [float(round(channel)) for channel in colour]
    for dx in (-TILE, 0, TILE):
        for dy in (-TILE, 0, TILE):
            if -radius < x + dx < TILE + radius and -radius < y + dy < TILE + radius:
                at = (round((x + dx) * 16), round((y + dy) * 16))
                cv2.circle(tile, at, round(radius * 16), paint, -1, cv2.LINE_AA, shift=4)


def _scatter(rng: np.random.Generator, tile: Tile, accent: Paint, third: Paint) -> None:
    """Dots of several sizes, none over another."""
    placed: list[tuple[float, float, float]] = []
    small = rng.uniform(0.022, 0.04) * TILE
    for _ in range(140):
        x, y = rng.uniform(0, TILE, 2)
        radius = small * rng.choice([1.0, 1.0, 1.5])
        gaps = (
            np.hypot(min(abs(x - a), TILE - abs(x - a)), min(abs(y - b), TILE - abs(y - b))) - r for a, b, r in placed
        )
        if all(gap > radius * 1.7 for gap in gaps):
            placed.append((x, y, radius))
            _dot(tile, x, y, radius, accent if len(placed) % 4 else third)
        if len(placed) == 26:
            return


def floral(rng: np.random.Generator, base: Paint) -> Print:
    """Small flowers, large ones, or leaves."""
    style = str(rng.choice(["ditsy", "blooms", "leaves"], p=[0.34, 0.38, 0.28]))
    tile = plain(base)
    draw: Callable[[np.random.Generator, Tile, Paint], None]
    draw, period = {
        "ditsy": (ditsy, rng.uniform(0.85, 1.25)), "blooms": (blooms, rng.uniform(1.4, 2.0)),
        "leaves": (foliage, rng.uniform(1.0, 1.5)),
    }[style]  # fmt: skip
    draw(rng, tile, base)
    return Print(style, tone_of(base, 0.7), period, tile)


def gradient(rng: np.random.Generator, base: Paint) -> Print:
    """A dye that runs from one colour to another, along the whole length or near an end."""
    style = str(rng.choice(["ombre", "dip dye", "two tone"], p=[0.45, 0.35, 0.2]))
    accent = accents(rng, base)[0] if style != "ombre" else tone_of(base, 0.45 if light_of(base) > 110 else 2.6)
    start, stop = {"ombre": (0.1, 0.95), "dip dye": (0.55, 0.8), "two tone": (0.3, 0.46)}[style]
    wave = 2 * np.pi * np.arange(TILE) / TILE
    uneven = sum(rng.normal(0, 0.008) * np.sin(k * wave + rng.uniform(0, 6.28)) for k in range(1, 6))
    height = (np.arange(TILE)[:, None] + 0.5) / TILE + uneven  # the dye's edge is never quite level
    share = np.clip((height - start) / (stop - start), 0, 1)
    mix = (share * share * (3 - 2 * share))[..., None]
    return Print(style, accent, 2.0, np.round(base + mix * (accent - base)).astype(np.uint8), True)
