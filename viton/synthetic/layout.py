"""Where the panels of a flat garment lie in its product picture."""

from __future__ import annotations

from typing import NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray

from viton.synthetic.cut import Cut, Frame
from viton.synthetic.shapes import Floats, Profile
from viton.synthetic.tailor import ARM

STEPS = 33  # points along a sleeve's edge
CENTRE = 0.375  # the middle of a picture that is three quarters as wide as it is high
WIDEST, TALLEST = 0.71, 0.92
LARGEST = 0.51 * 2 * CENTRE  # area of a garment, the picture being 2 * CENTRE wide
LONGER = 1.2
DROP = 0.33  # how much lower the shoulder tips are than the neck
LEAN = {"none": 0.0, "cap": 46.0, "short": 29.0, "half": 15.0, "long": 8.0}  # degrees from straight down


class Sleeve(NamedTuple):
    """A flat sleeve between its outer edge and its inner edge, each (K,2) from shoulder to cuff at even steps of v."""

    outer: Floats
    inner: Floats

    def to_xy(self, u: Floats, v: Floats) -> tuple[Floats, Floats]:
        """(x, y) of u across (-1 on the outer edge) and v from shoulder to cuff."""
        at = np.linspace(0, 1, len(self.outer))
        share = (np.asarray(u) + 1) / 2
        x, y = (
            np.interp(v, at, self.outer[:, i]) * (1 - share) + np.interp(v, at, self.inner[:, i]) * share
            for i in (0, 1)
        )
        return np.asarray(x, np.float32), np.asarray(y, np.float32)

    def outline(self) -> Floats:
        return np.concatenate([self.outer, self.inner[::-1]])


class Layout(NamedTuple):
    """Panels in units of the picture's height; `unit` is the half-width of the shoulders."""

    unit: float
    front: Frame
    sleeves: dict[int, Sleeve]  # by side
    high_collar: Frame | None


def flat(cut: Cut) -> Cut:
    """The same cut as it lies on a table, in half-widths of its own shoulders, which are narrower than the wearer's."""
    return cut._replace(ratio=cut.ratio * LONGER, rise=cut.rise * LONGER)


def lay_out(cut: Cut, size: float, lean: float) -> Layout:
    """Panels of a flat cut in the middle of the picture.

    size: half-width of the shoulders as far as it fits.   lean: degrees by which sleeves spread more than is usual.
    """
    sleeves = {side: _sleeve(cut, side, lean) for side in (1, -1)} if cut.sleeve_length else {}
    reach = max([float(np.abs(s.outer[:, 0] - CENTRE).max()) for s in sleeves.values()] + [1.0, cut.hem])
    low = max([float(s.outline()[:, 1].max()) for s in sleeves.values()] + [cut.ratio + 0.03])
    head = min([float(s.outer[:, 1].min()) for s in sleeves.values()] + [-cut.rise])
    area = 1.9 * cut.ratio + sum(cv2.contourArea(s.outline()) for s in sleeves.values())
    unit = min(size, WIDEST / 2 / reach, TALLEST / (low - head), float(np.sqrt(LARGEST / area)))
    top = float(0.5 - (low + head) / 2 * unit)
    middle = np.array([CENTRE, 0], np.float32)
    placed = {
        k: Sleeve(*((edge - middle) * np.float32(unit) + middle + (0, top) for edge in s)) for k, s in sleeves.items()
    }
    return Layout(unit, _front(cut, unit, top), placed, _high_collar(cut, unit, top) if cut.rise else None)


def _front(cut: Cut, unit: float, top: float) -> Frame:
    down = np.array([DROP / cut.ratio, 0.6 * cut.armhole, cut.armhole, 0.58, 1.0]) * cut.ratio
    waist, hem = cut.waist, cut.hem
    half = (
        np.array([1, 0.95, _chest(cut), waist, hem])
        if cut.strap == 1
        else np.array([1, 0.99, min(0.955, 0.5 + 0.5 * waist), waist, hem])
    )
    profile = Profile(top + unit * down, unit * half)
    return Frame(CENTRE, top, top + unit * cut.ratio, DROP * unit, profile, sag=0.03 * unit)


def _chest(cut: Cut) -> float:
    """Half-width at the armpits of a garment with sleeves."""
    return 0.955 + 0.3 * max(0.0, cut.waist - 0.95)


def _high_collar(cut: Cut, unit: float, top: float) -> Frame:
    wide = unit * (cut.neckline.half_width + 0.02)
    base = Profile(top + unit * np.array([-cut.rise, -0.4 * cut.rise, 0.12]), wide * np.array([0.96, 0.95, 1.1]))
    return Frame(CENTRE, top - cut.rise * unit, top + 0.1 * unit, 0.06 * unit, base, sag=0.08 * unit)


def _sleeve(cut: Cut, side: int, lean: float) -> Sleeve:
    """A sleeve that goes on from the shoulder's slope and then falls, in half-widths of the shoulders."""
    shoulder = np.array([CENTRE + side, DROP])
    armpit = np.array([CENTRE + side * _chest(cut), DROP + cut.armhole * (cut.ratio - DROP)])
    angle = np.radians(LEAN[cut.sleeve] + lean * (0.3 if cut.sleeve == "long" else 1))
    way = np.array([side * np.sin(angle), np.cos(angle)])
    out = np.array([side * way[1], -side * way[0]])  # away from the trunk
    arm, hanging = cut.sleeve_length * ARM * LONGER, np.cos(angle) ** 4  # a hanging sleeve is set off by its own width
    tip = shoulder + way * arm + out * (0.14 * hanging + 0.06 * cut.puff)
    level = out * (1, 1 - 0.6 * hanging)  # the end of a hanging sleeve is nearly level
    cuff = tip - level * 2 * cut.cuff
    below = cuff - armpit
    if below @ way < 0.08:  # a cap sleeve ends no higher than the armpit
        cuff = armpit + way * 0.08
        below = cuff - armpit
    inner = _curve(np.array([armpit, armpit + 0.5 * below + out * 0.02, cuff]))
    full = 2 * cut.cuff + 0.08 + (0.03 + 0.14 * cut.puff) * hanging
    shares = (0.16, 0.6) if cut.sleeve == "long" else (0.5,)
    widths = (full, 0.7 * full + 0.6 * cut.cuff) if cut.sleeve == "long" else (full,)
    bulge = [armpit + share * below + out * wide for share, wide in zip(shares, widths, strict=True)]
    if cut.sleeve in ("cap", "short"):
        bulge = [(shoulder + tip) / 2 + out * 0.045]
    head = shoulder + np.array([side * (0.1 + 0.05 * cut.puff), 0.09 - 0.1 * cut.puff])
    return Sleeve(_curve(np.array([shoulder, head, *bulge, tip])), inner)


def _curve(points: NDArray[np.float64]) -> Floats:
    """A smooth line (STEPS,2) through the points, at even steps of its length."""
    ends = np.concatenate([2 * points[:1] - points[1:2], points, 2 * points[-1:] - points[-2:-1]])
    gaps = np.linalg.norm(np.diff(points, axis=0), axis=1)
    at = np.concatenate([[0], np.cumsum(gaps)])
    wide = np.concatenate([gaps[:1], gaps, gaps[-1:]])
    slope = (ends[2:] - ends[:-2]) / (wide[1:] + wide[:-1])[:, None]
    fine = np.linspace(0, at[-1], 4 * STEPS)
    k = np.clip(np.searchsorted(at, fine, "right") - 1, 0, len(gaps) - 1)
    gap = gaps[k][:, None]
    t = (fine - at[k])[:, None] / gap
    line = (1 + 2 * t) * (1 - t) ** 2 * points[k] + t * (1 - t) ** 2 * gap * slope[k]
    line += t * t * (3 - 2 * t) * points[k + 1] - t * t * (1 - t) * gap * slope[k + 1]
    far = np.concatenate([[0], np.cumsum(np.linalg.norm(np.diff(line, axis=0), axis=1))])
    even = np.linspace(0, far[-1], STEPS)
    return np.stack([np.interp(even, far, line[:, i]) for i in (0, 1)], 1).astype(np.float32)
