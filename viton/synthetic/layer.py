"""Soft-edged pictures laid over a canvas."""

from __future__ import annotations

from typing import NamedTuple

import cv2
import numpy as np
from numpy.typing import ArrayLike

from viton.synthetic.canvas import LABEL, Canvas, Patch, Window
from viton.synthetic.head_place import HeadPlace
from viton.synthetic.shapes import Floats


class Layer(NamedTuple):
    """A window of the canvas, how much of each sub-pixel is covered (h,w), colour (h,w,3) or (3,), and shade (h,w)."""

    window: Window
    cover: Floats
    colour: ArrayLike
    shade: Floats

    def patch(self) -> Patch:
        """The sub-pixels that are more than half covered."""
        return Patch(self.window, self.cover > 0.5)


def lay(canvas: Canvas, layer: Layer, label: str) -> None:
    """Mix a layer into the canvas; what it covers by more than half takes its label.

    Cloth has its colour from the product picture, so upon cloth the layer's edge is hard.
    """
    window, cover, colour, shade = _trimmed(layer)
    most = cover > 0.5
    weight = np.where(canvas.panel[window] > 0, most, cover).astype(np.float32)
    before = canvas.shade[window]
    after = before + weight * (shade - before)
    share = (weight * shade / np.maximum(after, 1e-3))[..., None]  # it is lit colours that mix
    canvas.colour[window] += share * (np.asarray(colour, np.float32) - canvas.colour[window])
    canvas.shade[window] = after
    canvas.label[window][most] = LABEL[label]
    canvas.panel[window][most] = 0


def _trimmed(layer: Layer) -> Layer:
    """Only as much of the window as the layer covers."""
    window, cover, colour, shade = layer
    seen = cv2.boundingRect((cover > 0).astype(np.uint8)) if cover.size else (0, 0, 0, 0)
    left, top, width, height = seen
    part = slice(top, top + height), slice(left, left + width)
    moved = tuple(
        slice(whole.start + own.start, whole.start + own.stop) for whole, own in zip(window, part, strict=True)
    )
    tones = np.asarray(colour, np.float32)
    return Layer((moved[0], moved[1]), cover[part], tones[part] if tones.ndim == 3 else tones, shade[part])


def shadow(canvas: Canvas, patch: Patch, strength: float, reach: float, down: float, within: tuple[str, ...]) -> None:
    """Darken what lies below a part that stands in front of it; `reach` and `down` in units of the picture's height."""
    move = round(down * canvas.scale)
    (rows, columns), mask = patch
    stop = min(canvas.label.shape[0], rows.stop + move)
    start = min(rows.start + move, stop)
    moved = Patch((slice(start, stop), columns), mask[: stop - start])
    if moved.mask.any():
        canvas.darken(moved, strength, reach, within)


def thin(canvas: Canvas, lines: list[Floats], colour: ArrayLike, strength: float) -> None:
    """Lines (N,2) as fine as a single hair: they tint what is there, but no cloth, and change no label."""
    window = canvas.window(np.concatenate(lines), 0.004)
    mask = np.zeros(canvas.label[window].shape, np.uint8)
    if not mask.size:
        return
    corner = np.array([window[1].start, window[0].start])
    places = [np.round((line * canvas.scale - 0.5 - corner) * 16).astype(np.int32) for line in lines]
    cv2.polylines(mask, places, False, 255, 1, cv2.LINE_AA, 4)
    weight = mask * np.float32(strength / 255) * (canvas.panel[window] == 0)
    canvas.colour[window] += weight[..., None] * (np.asarray(colour, np.float32) - canvas.colour[window])


def filled(canvas: Canvas, points: Floats) -> Patch:
    """The inside of a closed outline (N,2), which may lie outside the canvas."""
    window = canvas.window(points)
    size = window[0].stop - window[0].start, window[1].stop - window[1].start
    return canvas.polygon(points) if min(size) else Patch(window, np.zeros(size, bool))


class Frame(NamedTuple):
    """A picture of a head before it is tilted: a sub-pixel's `across` (w,) and `up` (h,), in the head's units."""

    across: Floats
    up: Floats
    place: HeadPlace
    scale: float

    @classmethod
    def around(cls, place: HeadPlace, scale: float, half: float, low: float, high: float) -> Frame:
        """From -half to half across and from `low` to `high` up, at the canvas's resolution."""
        fine_across, fine_up = 1 / (place.half_width * scale), 1 / (place.height * scale)
        across = np.arange(-half, half, fine_across, dtype=np.float32)
        return cls(across, np.arange(high, low, -fine_up, dtype=np.float32), place, scale)

    def part(self, left: float, right: float, low: float, high: float) -> Frame:
        """Only what lies between these places."""
        across = self.across[(self.across > left) & (self.across < right)]
        return self._replace(across=across, up=self.up[(self.up > low) & (self.up < high)])

    def window(self, canvas: Canvas) -> Window:
        """The part of the canvas that holds the tilted picture."""
        a, u = self.across[[0, -1]], self.up[[0, -1]]
        return canvas.window(self.place.put([(a[0], u[0]), (a[1], u[0]), (a[0], u[1]), (a[1], u[1])]))

    def tilted(self, canvas: Canvas, cover: Floats, colour: Floats, shade: Floats) -> Layer:
        """The picture (h,w), (h,w,3), (h,w) as a layer of the canvas."""
        window = self.window(canvas)
        size = (window[1].stop - window[1].start, window[0].stop - window[0].start)
        if not size[0] * size[1]:
            return Layer(window, np.zeros(size[::-1], np.float32), (0, 0, 0), np.ones(size[::-1], np.float32))
        cos, sin = np.cos(self.place.roll), np.sin(self.place.roll)
        x = window[1].start + 0.5 - self.place.chin[0] * self.scale
        y = window[0].start + 0.5 - self.place.chin[1] * self.scale
        left = self.across[0] * self.place.half_width * self.scale
        top = self.up[0] * self.place.height * self.scale
        matrix = np.array([[cos, sin, x * cos + y * sin - left], [-sin, cos, top - x * sin + y * cos]])
        how = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
        clear = cv2.warpAffine(cover, matrix, size, flags=how, borderMode=cv2.BORDER_CONSTANT)
        paint = np.dstack([colour, shade]).astype(np.float32)
        laid = np.asarray(cv2.warpAffine(paint, matrix, size, flags=how, borderMode=cv2.BORDER_REPLICATE), np.float32)
        return Layer(window, np.asarray(clear, np.float32), laid[..., :3], laid[..., 3])
