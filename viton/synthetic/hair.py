"""A sampled head of hair, and the look of its strands."""

from __future__ import annotations

from typing import NamedTuple

import cv2
import numpy as np

from viton.synthetic.shapes import Floats

Colour = tuple[float, float, float]  # RGB in 0..255

STYLES = {"long": 0.25, "wavy": 0.28, "curly": 0.07, "bob": 0.13, "tied": 0.15, "crop": 0.07, "pixie": 0.05}
LOOSE = ("long", "wavy", "curly")  # long enough to touch the shoulders
HANGING = (*LOOSE, "bob")

# Black, browns, auburn, blondes, red, grey; natural shares.
_COLOURS = (
    (30, 24, 23), (44, 32, 27), (64, 44, 33), (88, 60, 42), (118, 82, 54), (112, 58, 38), (158, 118, 78),
    (192, 156, 110), (214, 184, 140), (150, 80, 50), (136, 130, 126),
)  # fmt: skip
_SHARES = (0.17, 0.16, 0.16, 0.13, 0.09, 0.05, 0.08, 0.07, 0.04, 0.04, 0.01)


class Hair(NamedTuple):
    """Cut, colour and fall of the hair; lengths in head heights or half-widths of the head."""

    style: str  # one of STYLES
    colour: Colour
    in_front: tuple[bool, bool]  # whether locks on the person's left and right fall in front of the shoulders
    fall: tuple[float, float]  # how far the locks on the person's left and right reach below the chin
    parting: float  # -1 to 1 across the head, 0 in the middle
    volume: float  # how far the hair stands off the skull, in half-widths
    wave: float  # 0 straight to 1
    fringe: bool
    bun: float  # radius of a knot on tied hair, in half-widths; 0 where it is tied low, out of sight
    strands: int  # seed of what differs from strand to strand


def sample_hair(rng: np.random.Generator, skin: Colour | None = None) -> Hair:
    """Draw a head of hair, of a colour that is usual with the skin if that is given.

    The same generator state gives the same hair.
    """
    style = str(rng.choice(list(STYLES), p=list(STYLES.values())))
    pick = int(rng.choice(len(_COLOURS), p=_SHARES))
    if skin is not None and np.mean(skin) < 165 and rng.random() < 0.93:
        pick %= 4  # dark skin rarely comes with fair hair
    base = np.array(_COLOURS[pick], float)
    red, green, blue = np.clip(base * rng.uniform(0.88, 1.12) * rng.uniform(0.97, 1.03, 3), 0, 255).tolist()
    front = _sides(rng) if style in LOOSE else (False, False)
    longest = {"long": 1.25, "wavy": 1.15, "curly": 0.55, "bob": 0.12}.get(style, 0.0)
    shortest = {"long": 0.55, "wavy": 0.5, "curly": 0.3, "bob": -0.12}.get(style, 0.0)
    fall = rng.uniform(shortest, longest)
    left, right = (fall * rng.uniform(0.94, 1.06, 2)).tolist()
    thick = {"crop": 0.1, "pixie": 0.12, "tied": 0.06, "curly": 0.24, "bob": 0.12}.get(style, 0.1)
    return Hair(
        style,
        (red, green, blue),
        front,
        (left, right),
        parting=float(rng.uniform(-0.9, 0.9)) if rng.random() < 0.6 else float(rng.uniform(-0.1, 0.1)),
        volume=thick * rng.uniform(0.85, 1.25),
        wave=_wave(rng, style),
        fringe=bool(style in ("long", "bob") and rng.random() < 0.2),
        bun=float(rng.uniform(0.34, 0.46)) if style == "tied" and rng.random() < 0.4 else 0.0,
        strands=int(rng.integers(2**31)),
    )


def _sides(rng: np.random.Generator) -> tuple[bool, bool]:
    kind = rng.random()
    if kind < 0.27:
        return True, True
    return (False, False) if kind > 0.58 else (kind < 0.43, kind >= 0.43)


def _wave(rng: np.random.Generator, style: str) -> float:
    low, high = {"wavy": (0.5, 1.0), "curly": (0.8, 1.0), "bob": (0.0, 0.4), "long": (0.0, 0.2)}.get(style, (0.0, 0.1))
    return float(rng.uniform(low, high))


class Strands:
    """Noise about 0 that runs in streaks: fine across the hair, slow along it."""

    def __init__(self, seed: int) -> None:
        rng = np.random.default_rng(seed)
        rough = rng.standard_normal((24, 192), dtype=np.float32)
        for axis, share in ((0, 0.65), (0, 0.3), (1, 0.2)):  # smoothed all round, so that it has no seam
            rough = rough + share * (np.roll(rough, 1, axis) + np.roll(rough, -1, axis))
        self._table = np.asarray(rough / rough.std(), np.float32)

    def __call__(self, across: Floats, along: Floats, cells: float, length: float = 1.0) -> Floats:
        """Noise (h,w): `cells` streaks in one unit of `across`, which change within `length` of `along`."""
        u = np.empty(np.broadcast_shapes(np.shape(across), np.shape(along)), np.float32)
        v = np.empty_like(u)
        u[:], v[:] = across * cells, along * (1 / length)
        return np.asarray(cv2.remap(self._table, u, v, cv2.INTER_LINEAR, None, cv2.BORDER_WRAP), np.float32)

    def shade(self, across: Floats, along: Floats, finest: float) -> Floats:
        """Factor (h,w) on the hair's light: locks, strands and single hairs, none finer than `finest` of `across`."""
        clumps = 0.16 * self(across + 3.1, along, 6.0, 0.9)
        strands = 0.16 * self(across + 1.7, along, min(22.0, 0.5 / finest), 0.7)
        hairs = 0.13 * self(across, along, min(64.0, 0.7 / finest), 0.5)
        return np.asarray(1 + clumps + strands + hairs, np.float32)


def curls(across: Floats, down: Floats, strands: Strands) -> Floats:
    """How far (h,w) curly strands are moved aside: each lock winds at its own pace."""
    own = strands(across, down, 3.2, 0.9)
    tight = strands(across + 9.1, down, 6.5, 0.45)
    return np.asarray(0.06 * np.sin(30 * down + 5.0 * own) + 0.035 * own + 0.03 * tight, np.float32)
