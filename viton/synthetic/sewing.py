"""What is sewn on a panel: bands, hems, cuffs, ribs, plackets with buttons, collars and pockets.

A detail raises `relief`, moves the cloth's `tone` or colour, and may cast a small shadow; all work in place.
"""

from __future__ import annotations

from typing import NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray

from viton.synthetic.canvas import Bools
from viton.synthetic.cut import Cut
from viton.synthetic.layout import DROP
from viton.synthetic.shapes import Floats
from viton.synthetic.tailor import Trim

SEAM = 0.013  # half-width of a line of stitches


class Panel(NamedTuple):
    """Pixels of a panel in its window, arrays (h,w); lengths in half-widths of the shoulders.

    colour: uint8 (h,w,3).   tone: a factor on it.   relief: height above the cloth.   dark: shadow, a factor on the
    shade.   across, down: fabric coordinates.   pixel: the length of a pixel's side.
    """

    colour: NDArray[np.uint8]
    tone: Floats
    relief: Floats
    dark: Floats
    across: Floats
    down: Floats
    pixel: float

    def part(self, rows: slice, columns: slice) -> Panel:
        """The same arrays in a smaller window."""
        at = rows, columns
        tone, relief, dark = self.tone[at], self.relief[at], self.dark[at]
        return Panel(self.colour[at], tone, relief, dark, self.across[at], self.down[at], self.pixel)

    def stitch(self, far: Floats, at: float, strength: float = 1.0) -> None:
        """A line of stitches where the distance `far` is `at`."""
        near = np.abs(far - at) < 2.5 * SEAM
        line = np.exp(-(((far[near] - at) / SEAM) ** 2)) * strength
        self.tone[near] *= 1 - 0.1 * line
        self.relief[near] -= 0.006 * line

    def raise_(self, inside: Floats, height: float) -> None:
        """A second layer of cloth; `inside` is the distance from its edge, negative outside."""
        self.relief[:] += height * np.clip(inside / 0.022 + 0.5, 0, 1)


def distance_to(mask: Bools, pixel: float) -> Floats:
    """Distance (h,w) of every pixel from the nearest one in `mask`, 0 within."""
    if not mask.any():
        return np.full(mask.shape, 99, np.float32)
    return np.asarray(cv2.distanceTransform((~mask).astype(np.uint8), cv2.DIST_L2, 5) * pixel, np.float32)


def lowered(soft: NDArray[np.generic], by: float) -> Floats:
    """The same marks (h,w) further down by so many pixels, as a shadow falls."""
    move = np.array([[1, 0, 0], [0, 1, by]], np.float32)
    return np.asarray(cv2.warpAffine(np.asarray(soft, np.float32), move, (soft.shape[1], soft.shape[0])), np.float32)


def sew_front(panel: Panel, cut: Cut, trim: Trim, u: Floats, v: Floats) -> None:
    """All details of a front."""
    if cut.strap < 1:
        _bind_armholes(panel, cut, u, v)
    low = (cut.hem_edge(u) - v) * cut.ratio
    _finish(panel, low, panel.across, trim.hem, None)
    if trim.pocket:
        _pocket(panel, cut)
    rows = slice(0, int(np.searchsorted(v[:, v.shape[1] // 2], cut.neckline.front + 0.45 / cut.ratio)))
    neck, across, at = panel.part(rows, slice(None)), u[rows], v[rows]
    if trim.closure != "none":
        _placket(panel, cut, trim)
    opening = (at < cut.neckline.edge(across)) & (np.abs(across) < cut.neckline.half_width)
    if trim.flap in ("none", "stand") and cut.neckline.kind != "high":
        _neckband(neck, trim, distance_to(opening, panel.pixel), cut.neckline.kind)
    elif trim.flap != "none":
        _collar(neck, cut, trim)


def sew_sleeve(panel: Panel, cut: Cut, trim: Trim, length: float) -> None:
    """The details of a sleeve, whose fabric coordinates run across it and down from its head."""
    high = length - panel.down
    if trim.cuff == "buttoned" and cut.sleeve == "long":
        panel.raise_(0.3 - high, 0.012)
        panel.stitch(high, 0.27)
        panel.stitch(high, 0.03)
        return
    if trim.cuff == "gathered":
        gather = np.sin(panel.across * 46 + 2 * np.sin(panel.across * 9)) * np.exp(-np.clip(high - 0.1, 0, 9) / 0.16)
        panel.relief[:] += 0.012 * gather
        panel.stitch(high, 0.1)
        return
    _finish(panel, high, panel.across, trim.cuff, trim.band)


def _finish(panel: Panel, far: Floats, along: Floats, how: str, colour: tuple[float, float, float] | None) -> None:
    """The end of a panel at distance `far`: turned up and stitched, or ribbed."""
    if how == "ribbed":
        inside = 0.17 - far
        panel.raise_(-inside, 0.016)  # the cloth swells over the tighter rib
        ribs = np.clip(inside / 0.02, 0, 1)
        panel.relief[:] += 0.007 * ribs * np.sin(along * (2 * np.pi / 0.075))
        panel.tone[:] *= 1 - 0.03 * ribs
        if colour:
            panel.colour[far < 0.17] = np.round(colour)
        return
    if colour:
        panel.colour[far < 0.075] = np.round(colour)
    panel.stitch(far, 0.075)
    panel.relief[:] += 0.004 * np.clip(1 - far / 0.07, 0, 1)


def _bind_armholes(panel: Panel, cut: Cut, u: Floats, v: Floats) -> None:
    narrow = cut.neckline.kind == "strap"
    far = (cut.side(v) - np.abs(u)) * np.where(v < cut.armhole, 1.0, 99.0)
    panel.raise_(0.02 - np.abs(far - 0.02), 0.006)
    if not narrow:
        panel.stitch(far, 0.05)


def _neckband(panel: Panel, trim: Trim, far: Floats, kind: str) -> None:
    width = 0.035 if kind == "strap" else trim.band_width * (1.5 if trim.flap == "stand" else 1)
    inside = width - far
    panel.raise_(inside, 0.011)
    if trim.band and kind != "strap":
        panel.colour[inside > 0] = np.round(trim.band)
    if trim.ribbed and width > 0.05:
        on = inside > 0
        x, y = panel.across[on], panel.down[on]
        along = np.arctan2(y + 0.05, x) * 0.45 if kind != "v" else y + 0.4 * np.abs(x)
        panel.relief[on] += 0.004 * np.sin(along * (2 * np.pi / 0.066))
    panel.stitch(far, width + 0.008, 1.2)
    if not trim.ribbed:
        panel.stitch(far, width + 0.045, 0.6)


def _placket(panel: Panel, cut: Cut, trim: Trim) -> None:
    """A strip of two layers down the middle with its buttons, or a slit with one button."""
    top = cut.neckline.front * cut.ratio
    if trim.closure == "keyhole":
        slit = np.hypot(panel.across / 0.03, np.clip(np.abs(panel.down - top - 0.2) - 0.12, 0, 9) / 0.03)
        panel.tone[:] *= 1 - 0.55 * np.clip(1.6 - slit, 0, 1)
        _button(panel, 0.0, top + 0.035, trim)
        return
    end = 99.0 if trim.closure == "full" else top + 0.75
    middle = slice(*np.searchsorted(panel.across[0], (-0.2, 0.2)))
    strip = panel.part(slice(None), middle)
    inside = np.minimum(0.1 - np.abs(strip.across), end - strip.down)
    strip.raise_(inside, 0.01)
    strip.tone[:] *= 1 - 0.14 * np.exp(-((inside / 0.012) ** 2))
    strip.stitch(inside, 0.03, 0.7)
    last = cut.ratio - 0.2 if trim.closure == "full" else end - 0.08
    for at in np.arange(top + 0.1, last, 0.36 if trim.closure == "full" else 0.26):
        _button(panel, 0.0, float(at), trim)


def _button(panel: Panel, x: float, y: float, trim: Trim, radius: float = 0.036) -> None:
    reach = 3 * radius
    rows = slice(*np.searchsorted(panel.down[:, 0], (y - reach, y + reach)))
    columns = slice(*np.searchsorted(panel.across[0], (x - reach, x + reach)))
    spot = panel.part(rows, columns)
    if not spot.tone.size:
        return
    far = np.hypot(spot.across - x, spot.down - y)
    below = np.hypot(spot.across - x, spot.down - y - 0.4 * radius)
    spot.dark[:] *= 1 - 0.4 * np.clip(1.3 - below / radius, 0, 1) * (far > radius)
    spot.colour[far <= radius] = np.round(trim.buttons)
    spot.tone[far <= radius] = 1.0
    spot.tone[:] *= 1 - 0.35 * np.clip(1 - far / (0.35 * radius), 0, 1)
    spot.relief[:] += 0.012 * np.clip((radius - far) / (0.4 * radius), 0, 1) - 0.006 * (far < 0.55 * radius)


def _filled(panel: Panel, outline: NDArray[np.float64]) -> Bools:
    """The inside of an outline in fabric coordinates, on an unturned panel."""
    corner = np.array([panel.across[0, 0], panel.down[0, 0]])
    mask = np.zeros(panel.tone.shape, np.uint8)
    cv2.fillPoly(mask, [np.round((outline - corner) / panel.pixel * 16).astype(np.int32)], 1, shift=4)
    return mask.astype(bool)


def _lay_over(panel: Panel, mask: Bools, height: float, hem: float) -> None:
    """A piece of cloth over the rest: its edge, its stitches, and the shadow below it."""
    inside = distance_to(~mask, panel.pixel)
    panel.relief[:] += height * np.clip(inside / 0.02, 0, 1)
    blur = max(0.6, 0.035 / panel.pixel)
    soft = cv2.GaussianBlur(mask.astype(np.float32), (0, 0), blur)
    panel.dark[:] *= 1 - 0.42 * lowered(soft, 0.03 / panel.pixel) * ~mask
    panel.tone[:] *= np.where(mask, 1 - 0.1 * np.exp(-(((inside - hem) / SEAM) ** 2)), 1)


def _pocket(panel: Panel, cut: Cut) -> None:
    left, right, top = 0.2, 0.62, 0.78
    outline = np.array([[left, top], [right, top], [right, top + 0.36], [0.41, top + 0.44], [left, top + 0.36]])
    rows = slice(*np.searchsorted(panel.down[:, 0], (top - 0.1, top + 0.6)))
    columns = slice(*np.searchsorted(panel.across[0], (left - 0.1, right + 0.1)))
    spot = panel.part(rows, columns)
    mask = _filled(spot, outline)
    spot.tone[mask] = 1.0
    _lay_over(spot, mask, 0.007, 0.03)
    spot.stitch(np.where(mask, spot.down - top, 9), 0.08)


def _collar(panel: Panel, cut: Cut, trim: Trim) -> None:
    """Two flaps that lie on either side of the opening."""
    hw, front = cut.neckline.half_width, cut.neckline.front * cut.ratio
    slope = DROP * hw**1.5
    u = np.linspace(hw - 0.005, 0.02, 9)
    edge = cut.neckline.edge(u.astype(np.float32)) * cut.ratio + DROP * u**1.5
    inner = np.stack([u, np.maximum(edge, slope) - 0.03], 1)
    tip = np.array([[0.3, front + 0.16], [0.36, front + 0.1]])
    if trim.flap == "round":
        t = np.linspace(0.1, 0.5 * np.pi, 10)[:, None]
        low, far = np.array([0.06, front + 0.17]), np.array([hw + 0.13, slope + 0.2])
        tip = np.concatenate([low + (far - low) * np.concatenate([np.sin(t), 1 - np.cos(t)], 1) * (1, 1)])
    outer = np.array([[hw + 0.14, slope + 0.16], [hw + 0.1, slope - 0.03]])
    flap = np.concatenate([inner, tip, outer])
    mask = _filled(panel, flap) | _filled(panel, flap * (-1, 1))
    panel.tone[mask] = 1.0
    _lay_over(panel, mask, 0.014, 0.035)
