"""Colours that clothes are sold in, and which of them go together."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Paint = NDArray[np.float64]  # RGB (3,) in 0..255

# How often each is a garment's ground, and its colour.
LIGHT = {
    "white": (10, (252, 252, 251)), "off white": (6, (240, 236, 228)), "cream": (3, (237, 227, 207)),
    "light grey": (2, (207, 208, 210)), "blush": (2, (237, 209, 203)), "powder blue": (2.5, (184, 203, 224)),
    "mint": (1, (193, 219, 206)), "lilac": (1.2, (203, 189, 219)), "butter": (1.2, (245, 229, 169)),
    "peach": (1, (246, 198, 168)),
}  # fmt: skip
DARK = {
    "black": (9, (16, 16, 18)), "navy": (7, (28, 35, 62)), "charcoal": (2.5, (66, 67, 72)),
    "burgundy": (2, (98, 34, 48)), "forest": (1.2, (42, 76, 62)), "plum": (0.8, (92, 54, 84)),
    "teal": (1, (32, 92, 102)), "royal": (1.2, (44, 70, 148)), "brown": (0.8, (88, 60, 46)),
}  # fmt: skip
MIDDLE = {
    "grey": (3, (160, 161, 164)), "beige": (2.5, (209, 189, 162)), "camel": (1.2, (184, 143, 101)),
    "red": (2.2, (201, 42, 42)), "rust": (1.8, (172, 80, 52)), "brick": (1, (156, 56, 52)),
    "dusty pink": (2, (214, 163, 160)), "rose": (1, (194, 94, 112)), "denim": (1.5, (94, 120, 158)),
    "sky": (1.2, (146, 181, 217)), "sage": (1.2, (163, 176, 152)), "olive": (1.2, (108, 109, 70)),
    "khaki": (0.8, (142, 134, 104)), "mustard": (1.2, (208, 162, 64)), "coral": (1, (231, 124, 102)),
    "emerald": (0.7, (30, 122, 92)), "fuchsia": (0.6, (190, 56, 114)), "orange": (0.6, (222, 118, 54)),
}  # fmt: skip

# What is printed on light, dark and middle grounds, and the mixed colours of flowers.
ON_LIGHT = [(36, 43, 69), (34, 34, 37), (168, 44, 46), (84, 112, 156), (46, 92, 74), (176, 96, 66), (66, 67, 72)]
ON_LIGHT += [(206, 164, 76), (196, 116, 124)]
ON_DARK = [(244, 243, 239), (237, 227, 207), (184, 203, 224), (236, 200, 192), (216, 176, 96), (203, 189, 219)]
ON_DARK += [(201, 74, 66)]
ON_MIDDLE = [(246, 245, 241), (36, 43, 69), (34, 34, 37), (239, 230, 212)]
BOUQUETS = [
    [(240, 220, 140), (150, 168, 206), (240, 236, 222), (176, 142, 118)],
    [(212, 84, 78), (240, 160, 130), (112, 148, 192), (238, 226, 210)],
    [(228, 150, 160), (246, 214, 208), (196, 84, 108), (232, 190, 110)],
    [(96, 124, 184), (168, 192, 226), (240, 240, 240), (70, 84, 140)],
    [(200, 70, 60), (232, 132, 76), (242, 204, 130), (140, 44, 60)],
    [(160, 128, 188), (210, 190, 224), (240, 226, 196), (108, 92, 156)],
    [(238, 232, 220), (206, 190, 166), (170, 150, 124), (224, 180, 160)],
    [(226, 176, 72), (238, 226, 200), (178, 84, 54), (120, 132, 150)],
]
GREENS = [(72, 104, 78), (112, 138, 98), (58, 92, 94), (140, 148, 104), (46, 74, 62), (120, 146, 132)]


def light_of(colour: Paint) -> float:
    """How light a colour looks, 0..255."""
    return float(np.asarray(colour) @ (0.3, 0.59, 0.11))


def varied(rng: np.random.Generator, colour: tuple[float, float, float] | Paint) -> Paint:
    """A dye lot of its own: the colour, a little moved."""
    dye = np.asarray(colour, np.float64)
    return np.clip(dye * rng.normal(1, 0.025) + rng.normal(0, 1, 3) * (0.6 + 0.02 * np.ptp(dye)), 8, 254)


def ground(rng: np.random.Generator) -> Paint:
    """A garment's own colour."""
    every = [*LIGHT.values(), *DARK.values(), *MIDDLE.values()]
    weights = np.array([weight for weight, _ in every])
    return varied(rng, every[rng.choice(len(every), p=weights / weights.sum())][1])


def printed_ground(rng: np.random.Generator) -> Paint:
    """The ground of a print: light or dark, seldom in between."""
    group = (LIGHT, DARK, MIDDLE)[rng.choice(3, p=[0.45, 0.4, 0.15])]
    weights = np.array([weight for weight, _ in group.values()])
    return varied(rng, list(group.values())[rng.choice(len(group), p=weights / weights.sum())][1])


def accents(rng: np.random.Generator, base: Paint) -> tuple[Paint, Paint]:
    """Two colours that go with a ground and stand out on it; at times they are its own, darker or lighter."""
    light = light_of(base)
    if rng.random() < 0.16:
        return tone_of(base, 0.62 if light > 110 else 1.7), tone_of(base, 0.8 if light > 110 else 1.35)
    choices = ON_LIGHT if light > 178 else ON_DARK if light < 98 else ON_MIDDLE
    apart = [c for c in choices if np.abs(np.subtract(c, base)).sum() > 130 and not clashes(np.asarray(c), base)]
    first, second = (varied(rng, apart[i]) for i in rng.choice(len(apart), 2, replace=False))
    return first, second


def clashes(first: Paint, second: Paint) -> bool:
    """Whether two strong colours are of quite different hues."""
    a, b = first - first.mean(), second - second.mean()
    sizes = float(np.linalg.norm(a)), float(np.linalg.norm(b))
    return sizes[0] > 28 and sizes[1] > 14 and float(a @ b) < 0.35 * sizes[0] * sizes[1]


def tone_of(base: Paint, factor: float) -> Paint:
    """The same colour, darker (factor < 1) or lighter (above 1)."""
    if factor <= 1:
        return np.asarray(base * factor)
    return np.asarray(base + (255 - base) * (1 - 1 / factor))


def bouquet(rng: np.random.Generator, base: Paint) -> tuple[list[Paint], list[Paint]]:
    """Colours of flowers, and of leaves, on a ground."""
    colours = [varied(rng, colour) for colour in BOUQUETS[rng.integers(len(BOUQUETS))]]
    petals = [c for c in colours if np.abs(c - base).sum() > 110] or [tone_of(base, 0.6)]
    greens = [varied(rng, GREENS[i]) for i in rng.choice(len(GREENS), 2, replace=False)]
    if light_of(base) < 98:
        greens = [tone_of(green, 1.3) for green in greens]
    return petals, greens
