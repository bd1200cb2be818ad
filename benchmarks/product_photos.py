"""Made-up product photos whose masks are known exactly, under the conditions that shops' photos come in.

H, W.  Every photo is fixed by its condition, size and seed.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from typing import NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray

from viton.images import Pixels
from viton.synthetic.garment import Garment, draw_product, sample_garment

Floats = NDArray[np.float32]
WHITE, OFF_WHITE, GREY = (255, 255, 255), (240, 245, 238), (222, 222, 226)


class Photo(NamedTuple):
    """A product photo uint8 (H,W,3), its garment (H,W) in {0,1}, and how much of each pixel is garment, in [0,1]."""

    picture: Pixels
    mask: Pixels
    share: Floats

    def on(self, background: Floats) -> Photo:
        """The garment on another background, (H,W,3) or (3,)."""
        share = self.share[..., None]
        mixed = share * self.picture + (1 - share) * background
        return self._replace(picture=np.rint(mixed.clip(0, 255)).astype(np.uint8))

    def without(self, region: Pixels) -> Photo:
        """The photo with a region (H,W) in {0,1} cut out of the garment; to be put on a background after that."""
        share = self.share * (1 - cv2.GaussianBlur(region.astype(np.float32), (0, 0), 0.6))
        return self._replace(mask=self.mask * (1 - region), share=share)


def photo(condition: str, size: tuple[int, int], seed: int) -> Photo:
    """A made-up photo (H,W) under one of `CONDITIONS`; raises KeyError for another name."""
    return CONDITIONS[condition](size, seed)


def _garment(seed: int) -> Garment:
    return sample_garment(np.random.default_rng([seed, 1]), seed)


def _drawn(garment: Garment, size: tuple[int, int], seed: int) -> Photo:
    product = draw_product(garment, size, np.random.default_rng([seed, 2]))
    share = cv2.GaussianBlur(product.mask.astype(np.float32), (0, 0), 0.6)
    return Photo(product.image, product.mask, share)


@lru_cache(maxsize=4)  # many conditions begin with the same photo, which nobody writes into
def _any(size: tuple[int, int], seed: int) -> Photo:
    return _drawn(_garment(seed), size, seed)


@lru_cache(maxsize=4)
def _pale(size: tuple[int, int], seed: int) -> Photo:
    """A garment of white cloth, whose folds and edges are all that shows it."""
    white = _garment(seed)
    white = white._replace(fabric=white.fabric.in_one_colour((252.0, 252.0, 250.0)), emblem=None, logo="")
    return _drawn(white, size, seed)


def _flat(colour: tuple[int, int, int]) -> Floats:
    return np.array(colour, np.float32)


def _vignette(size: tuple[int, int], depth: float) -> Floats:
    """White that falls off towards the corners and, less, from left to right."""
    y, x = (np.mgrid[: size[0], : size[1]].T / np.array(size)).T.astype(np.float32) - np.float32(0.5)
    return (250 - depth * 2 * (x**2 + y**2) - 0.2 * depth * x)[..., None] * np.ones(3, np.float32)


def _shadowed(shown: Photo, background: Floats, depth: float) -> Floats:
    """A background with the soft shadow that the garment casts down and to the right."""
    height, width = shown.mask.shape
    moved = np.array([[1, 0, 0.015 * height], [0, 1, 0.025 * height]], np.float32)
    cast = cv2.warpAffine(shown.share, moved, (width, height))
    soft = cv2.GaussianBlur(cast, (0, 0), 0.025 * height)
    return background * (1 - depth * soft[..., None])


def _jpeg(shown: Photo, quality: int) -> Photo:
    done = cv2.imencode(".jpg", shown.picture[..., ::-1], [cv2.IMWRITE_JPEG_QUALITY, quality])[1]
    return shown._replace(picture=np.ascontiguousarray(cv2.imdecode(done, cv2.IMREAD_COLOR)[..., ::-1]))


def _noisy(shown: Photo, level: float, seed: int) -> Photo:
    noise = np.random.default_rng([seed, 3]).normal(0, level, shown.picture.shape)
    return shown._replace(picture=np.rint((shown.picture + noise).clip(0, 255)).astype(np.uint8))


def _ellipse(size: tuple[int, int], centre: tuple[float, float], axes: tuple[float, float]) -> Pixels:
    """1 inside an upright ellipse; its centre (x, y) and half-axes in px."""
    y, x = np.mgrid[: size[0], : size[1]]
    return (((x - centre[0]) / axes[0]) ** 2 + ((y - centre[1]) / axes[1]) ** 2 <= 1).astype(np.uint8)


def _chest(mask: Pixels, down: float) -> tuple[float, float]:
    rows, columns = np.flatnonzero(mask.any(axis=1)), np.flatnonzero(mask.any(axis=0))
    return float(columns.mean()), float(rows[0] + down * (rows[-1] - rows[0]))


def _with_holes(size: tuple[int, int], seed: int) -> Photo:
    """A keyhole in the chest and two cut-outs at the waist."""
    shown, height = _any(size, seed), size[0]
    x, y = _chest(shown.mask, 0.36)
    region = _ellipse(size, (x, y), (0.014 * height, 0.045 * height))
    for side in (-1, 1):
        region |= _ellipse(size, (x + side * 0.1 * height, y + 0.2 * height), (0.02 * height, 0.03 * height))
    return shown.without(region & cv2.erode(shown.mask, np.ones((5, 5), np.uint8)))


def _with_prints(size: tuple[int, int], seed: int) -> Photo:
    """White dots printed on dark cloth; they take its folds."""
    dark = _garment(seed)
    dark = dark._replace(fabric=dark.fabric.in_one_colour((200.0, 40.0, 50.0)), emblem=None, logo="")
    shown, height = _drawn(dark, size, seed), size[0]
    x, y = _chest(shown.mask, 0.45)
    places = [(x, y, 0.05), (x - 0.09 * height, y + 0.08 * height, 0.02), (x + 0.08 * height, y + 0.1 * height, 0.03)]
    ink = sum(_ellipse(size, (a, b), (r * height, r * height)) for a, b, r in places) > 0
    cloth = shown.picture.astype(np.float32)
    shade = cv2.GaussianBlur(cloth[..., 0] / np.median(cloth[ink][:, 0]), (0, 0), 1)[..., None]
    weight = cv2.GaussianBlur((ink & (shown.mask > 0)).astype(np.float32), (0, 0), 0.6)[..., None]
    printed = (1 - weight) * cloth + weight * (250 * shade).clip(0, 255)
    return shown._replace(picture=np.rint(printed).astype(np.uint8))


def _with_hook(size: tuple[int, int], seed: int) -> Photo:
    """A wire hook above the neck, which belongs to the hanger and not to the garment."""
    shown, height = _any(size, seed).on(_flat((246, 246, 246))), size[0]
    x, _ = _chest(shown.mask, 0)
    below = int(np.flatnonzero(shown.mask[:, round(x)])[0])
    scale, bend = height / 512, 0.02 * height
    turns = np.linspace(np.pi / 2, -np.pi, 24)
    arc = np.stack([x - bend * np.cos(turns), below - 2.6 * bend - bend * np.sin(turns)], axis=1)
    line = np.concatenate([[[x, below + 1], [x, below - 1.6 * bend]], arc])
    ink = np.zeros(size, np.uint8)
    cv2.polylines(ink, [np.rint(line * 16).astype(np.int32)], False, 255, max(2, round(4 * scale)), cv2.LINE_AA, 4)
    weight = (ink / np.float32(255) * (1 - shown.share))[..., None]
    wire = (1 - weight) * shown.picture + weight * np.array((120, 120, 125), np.float32)
    return shown._replace(picture=np.rint(wire).astype(np.uint8))


def _in_two_parts(size: tuple[int, int], seed: int) -> Photo:
    """A top and what goes with it below, apart from each other."""
    shown, height = _any(size, seed), size[0]
    row = round(_chest(shown.mask, 0.7)[1])
    gap = np.zeros(size, np.uint8)
    gap[row : row + round(0.03 * height)] = 1
    return shown.without(gap)


Maker = Callable[[tuple[int, int], int], Photo]

CONDITIONS: dict[str, Maker] = {
    "on white": lambda size, seed: _any(size, seed).on(_flat(WHITE)),
    "on off-white": lambda size, seed: _any(size, seed).on(_flat(OFF_WHITE)),
    "on grey": lambda size, seed: _any(size, seed).on(_flat(GREY)),
    "vignette": lambda size, seed: _any(size, seed).on(_vignette(size, 40)),
    "shadow": lambda size, seed: (shown := _any(size, seed)).on(_shadowed(shown, _flat((248, 248, 248)), 0.22)),
    "vignette and shadow": lambda size, seed: (shown := _any(size, seed)).on(
        _shadowed(shown, _vignette(size, 25), 0.15)
    ),
    "JPEG of quality 75": lambda size, seed: _jpeg(_any(size, seed).on(_flat(OFF_WHITE)), 75),
    "noise": lambda size, seed: _noisy(_any(size, seed).on(_flat(OFF_WHITE)), 2.5, seed),
    "white garment on grey": lambda size, seed: _pale(size, seed).on(_flat(GREY)),
    "white garment on off-white": lambda size, seed: _pale(size, seed).on(_flat(OFF_WHITE)),
    "white garment on white": lambda size, seed: _pale(size, seed).on(_flat(WHITE)),
    "white garment with shadow": lambda size, seed: (shown := _pale(size, seed)).on(
        _shadowed(shown, _flat((246, 246, 246)), 0.15)
    ),
    "white garment, JPEG": lambda size, seed: _jpeg(_pale(size, seed).on(_flat(OFF_WHITE)), 75),
    "holes": lambda size, seed: _with_holes(size, seed).on(_flat((246, 246, 246))),
    "holes on white, JPEG": lambda size, seed: _jpeg(_with_holes(size, seed).on(_flat(WHITE)), 75),
    "white prints": lambda size, seed: _with_prints(size, seed).on(_flat((246, 246, 246))),
    "white prints on white": lambda size, seed: _with_prints(size, seed).on(_flat(WHITE)),
    "hook": _with_hook,
    "two parts": lambda size, seed: _in_two_parts(size, seed).on(_flat((246, 246, 246))),
}
