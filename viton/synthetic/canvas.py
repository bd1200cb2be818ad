"""A picture painted part by part at a multiple of its size, with labels, shading and product coordinates beside it."""

from __future__ import annotations

from typing import NamedTuple

import cv2
import numpy as np
from numpy.typing import ArrayLike, NDArray

from viton.parsing import CIHP
from viton.synthetic.shapes import Floats

LABEL = {name: number for number, name in enumerate(CIHP.labels)}
Bools = NDArray[np.bool_]
Window = tuple[slice, slice]


def sampling_of(height: int) -> int:
    """Sub-pixels along a pixel's side: at least 2, and at least about 512 rows for small pictures."""
    return max(2, 512 // height)


class Patch(NamedTuple):
    """The pixels of one part: a window of the canvas and the part's mask in it."""

    window: Window
    mask: Bools


class Cloth(NamedTuple):
    """What makes a part a piece of garment: which panel (from 1) it is, and its product pixels (h,w,2)."""

    panel: int
    product: Floats


class Canvas:
    """Sub-pixels of a picture: colour (h,w,3) in 0..255, shade (a factor), label, panel and product coordinate."""

    def __init__(self, size: tuple[int, int]) -> None:
        self.size, self.sampling = size, sampling_of(size[0])
        rows, columns = size[0] * self.sampling, size[1] * self.sampling
        self.scale = rows
        self.coarse = max(1, round(rows / 256))  # smooth fields are made at every so many sub-pixels, and enlarged
        self.colour = np.zeros((rows, columns, 3), np.float32)
        self.shade = np.ones((rows, columns), np.float32)
        self.label = np.zeros((rows, columns), np.uint8)
        self.panel = np.zeros((rows, columns), np.uint8)
        self.product = np.zeros((rows, columns, 2), np.float32)

    def window(self, points: Floats, margin: float = 0.0) -> Window:
        """The smallest window that holds (N,2) points and a margin."""
        step = self.coarse  # windows begin at the blocks of the coarse grid
        low = np.floor((points.min(axis=0) - margin) * self.scale / step).astype(int) * step
        high = (np.ceil((points.max(axis=0) + margin) * self.scale / step).astype(int) + 1) * step
        rows, columns = self.label.shape
        left, top = np.clip(low, 0, ((columns - 1) // step * step, (rows - 1) // step * step))
        right, bottom = np.clip(high, (left + 1, top + 1), (columns, rows))
        return slice(int(top), int(bottom)), slice(int(left), int(right))

    def grid(self, window: Window) -> tuple[Floats, Floats]:
        """x (1,w) and y (h,1) of the window's sub-pixel centres."""
        rows, columns = window
        x = (np.arange(columns.start, columns.stop, dtype=np.float32) + 0.5) / self.scale
        y = (np.arange(rows.start, rows.stop, dtype=np.float32) + 0.5) / self.scale
        return x[None], y[:, None]

    def coarse_grid(self, window: Window) -> tuple[Floats, Floats]:
        """x (1,w) and y (h,1) of the centres of the window's coarse blocks."""
        rows, columns = window
        x = (np.arange(columns.start, columns.stop, self.coarse, dtype=np.float32) + 0.5 * self.coarse) / self.scale
        y = (np.arange(rows.start, rows.stop, self.coarse, dtype=np.float32) + 0.5 * self.coarse) / self.scale
        return x[None], y[:, None]

    def enlarge(self, field: Floats, window: Window) -> Floats:
        """A smooth field of the window's coarse blocks at its sub-pixels."""
        height, width = window[0].stop - window[0].start, window[1].stop - window[1].start
        if self.coarse == 1:
            return field
        size = field.shape[1] * self.coarse, field.shape[0] * self.coarse
        large = cv2.resize(np.asarray(field, np.float32), size, interpolation=cv2.INTER_LINEAR)
        return np.asarray(large, np.float32)[:height, :width]

    def polygon(self, points: Floats) -> Patch:
        """The inside of a closed outline (N,2)."""
        window = self.window(points)
        mask = self._blank(window)
        cv2.fillPoly(mask, [self._fixed(points, window)], 1, shift=4)
        return Patch(window, mask.astype(bool))

    def strokes(self, lines: list[Floats], width: float) -> Patch:
        """Round-ended lines, each (N,2), of one width."""
        window = self.window(np.concatenate(lines), width)
        mask = self._blank(window)
        thick = max(1, round(width * self.scale))
        cv2.polylines(mask, [self._fixed(line, window) for line in lines], False, 1, thick, shift=4)
        return Patch(window, mask.astype(bool))

    def _blank(self, window: Window) -> NDArray[np.uint8]:
        rows, columns = window
        return np.zeros((rows.stop - rows.start, columns.stop - columns.start), np.uint8)

    def _fixed(self, points: Floats, window: Window) -> NDArray[np.int32]:
        """Sub-pixel indices within the window, in OpenCV's 1/16 fixed point."""
        corner = np.array([window[1].start, window[0].start])
        return np.round((points * self.scale - 0.5 - corner) * 16).astype(np.int32)

    def paint(
        self,
        patch: Patch,
        label: str,
        colour: ArrayLike,
        shade: ArrayLike = 1.0,
        shadow: float = 0.0,
        cloth: Cloth | None = None,
    ) -> None:
        """Lay a part over what is there; `shadow` is how much it darkens the person just around it."""
        if not patch.mask.any():
            return
        if shadow:
            self.cast_shadow(patch, shadow)
        window, mask = patch
        np.copyto(self.label[window], np.uint8(LABEL[label]), where=mask)
        np.copyto(self.colour[window], np.asarray(colour, np.float32), where=mask[..., None])
        np.copyto(self.shade[window], np.asarray(shade, np.float32), where=mask)
        np.copyto(self.panel[window], np.uint8(cloth.panel if cloth else 0), where=mask)
        if cloth:
            np.copyto(self.product[window], cloth.product, where=mask[..., None])

    def tint(
        self, patch: Patch, colour: ArrayLike, strength: float, blur: float = 0.0, within: tuple[str, ...] = ()
    ) -> None:
        """Mix a colour into what is there, softly, without changing labels; only on the labels `within`, if any."""
        margin = round(blur * self.scale * 2)
        window, mask = self._grown(patch, margin)
        soft = cv2.GaussianBlur(mask, (0, 0), blur * self.scale) if blur else mask
        if within:
            soft = soft * self._is(window, within)
        weight = (soft * strength)[..., None]
        self.colour[window] += weight * (np.asarray(colour, np.float32) - self.colour[window])

    def darken(self, patch: Patch, strength: float, blur: float, within: tuple[str, ...]) -> None:
        """Shade what is there by a soft mark, on the labels `within` only."""
        window, mask = self._grown(patch, round(blur * self.scale * 2))
        soft = cv2.GaussianBlur(mask, (0, 0), blur * self.scale)
        soft *= self._is(window, within)
        self.shade[window] *= 1 - strength * soft

    def cast_shadow(self, patch: Patch, strength: float, reach: float = 0.009) -> None:
        """Darken what a part stands before, softly within about `reach` of it."""
        if not patch.mask.any():
            return
        margin = round(reach * self.scale * 2)
        window, mask = self._grown(patch, margin)
        soft = cv2.GaussianBlur(mask, (0, 0), reach * self.scale)
        soft *= self.label[window] != LABEL["background"]  # the studio wall is far behind
        self.shade[window] *= 1 - strength * soft

    def _is(self, window: Window, names: tuple[str, ...]) -> Bools:
        """Where a window's sub-pixels (h,w) have one of some labels."""
        wanted = np.zeros(256, bool)
        wanted[[LABEL[name] for name in names]] = True
        return wanted[self.label[window]]

    def _grown(self, patch: Patch, margin: int) -> tuple[Window, Floats]:
        """The patch as float (h,w) in a window larger by `margin` sub-pixels, as far as the canvas goes."""
        (rows, columns), mask = patch
        top, left = max(0, rows.start - margin), max(0, columns.start - margin)
        window = (
            slice(top, min(self.label.shape[0], rows.stop + margin)),
            slice(left, min(self.label.shape[1], columns.stop + margin)),
        )
        grown = np.zeros((window[0].stop - top, window[1].stop - left), np.float32)
        grown[rows.start - top : rows.stop - top, columns.start - left : columns.stop - left] = mask
        return window, grown

    def pixels(self, values: NDArray[np.generic]) -> Floats:
        """Mean of sub-pixel values (h,w) or (h,w,C) over each pixel."""
        small = cv2.resize(values.astype(np.float32), self.size[::-1], interpolation=cv2.INTER_AREA)
        return np.asarray(small, np.float32)

    def labels(self) -> NDArray[np.uint8]:
        """The label that fills most of each pixel, (H,W)."""
        present = np.flatnonzero(np.bincount(self.label.ravel(), minlength=256)).astype(np.uint8)
        shares = [
            cv2.resize((self.label == number) * np.uint8(255), self.size[::-1], interpolation=cv2.INTER_AREA)
            for number in present
        ]
        return present[np.argmax(shares, axis=0)]
