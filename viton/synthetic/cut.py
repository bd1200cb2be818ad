"""How a garment is cut: the coordinates of its front, and its outline in them, the same flat and worn.

u runs across the front from -1 to 1 (towards the wearer's left), v down it from 0 at the shoulders to 1 at the hem.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from viton.synthetic.shapes import Floats, Profile

FRONT, HIGH_COLLAR = 1, 4  # panels
SLEEVE_OF = {1: 2, -1: 3}  # panels, by side
PANELS = (FRONT, *SLEEVE_OF.values(), HIGH_COLLAR)


class Frame(NamedTuple):
    """Where a flat front lies in a picture."""

    centre: float
    top: float
    bottom: float
    drop: float  # how much lower the shoulder tips are than the neck
    half_width: Profile  # by y
    sag: float = 0.0  # how much lower the middle of the hem is than its sides

    def _ends(self, u: Floats) -> tuple[Floats, Floats]:
        across = np.minimum(np.abs(u), 1.3)
        return self.top + self.drop * across * np.sqrt(across), self.bottom + self.sag * (1 - across**2)

    def to_uv(self, x: Floats, y: Floats) -> tuple[Floats, Floats]:
        """(u, v) of points seen at (x, y); outside the front |u| > 1 or v is outside [0,1]."""
        seen: Floats = np.divide(x - self.centre, self.half_width(y), dtype=np.float32, casting="same_kind")
        shoulder, hem = self._ends(seen)
        v = (y - shoulder) / (hem - shoulder)
        return seen, v

    def to_xy(self, u: Floats, v: Floats) -> tuple[Floats, Floats]:
        """(x, y) of points on a flat front."""
        shoulder, hem = self._ends(u)
        y = shoulder + v * (hem - shoulder)
        return self.centre + u * self.half_width(y), y


class Neckline(NamedTuple):
    """The opening at the neck: half-width in u, depth of front and back in v."""

    kind: str  # "crew", "wide", "scoop", "v", "high", "collar" or "strap"
    half_width: float
    front: float
    back: float
    bust: float = 0.0  # v where straps meet the front; 0 where there are none

    def edge(self, u: Floats) -> Floats:
        """v of the front edge at u, and -1 beside the opening."""
        return self._edge(u, self.front)

    def back_edge(self, u: Floats) -> Floats:
        """v of the back edge at u, and -1 beside the opening."""
        return self._edge(u, self.back, round_=not self.bust)

    def _edge(self, u: Floats, depth: float, round_: bool = False) -> Floats:
        share = np.clip(1 - np.abs(u) / self.half_width, 0, 1)
        if self.kind in ("v", "collar") and not round_:
            curve = share**0.86
        elif self.bust:
            curve = 1 - (1 - share) ** 1.5
        else:
            curve = (share * (2 - share)) ** (0.4 if self.kind == "scoop" else 0.5)
        return np.where(share > 0, self.bust + (depth - self.bust) * curve, -1.0).astype(np.float32)


class Cut(NamedTuple):
    """Outline of a garment in (u, v), and its proportions in half-widths of its shoulders."""

    sleeve: str  # "none", "cap", "short", "half" or "long"
    neckline: Neckline
    ratio: float  # length
    waist: float
    hem: float
    armhole: float  # v at the armpit
    strap: float  # |u| of the shoulder's outer end
    sleeve_length: float  # share of the arm that is covered, from shoulder to wrist
    cuff: float  # half-width of the sleeve's end
    scye: float = 3.0  # how late the armhole of a sleeveless garment widens towards the armpit
    tail: float = 0.0  # how much higher the hem is at the sides than in the middle, in v
    puff: float = 0.0  # how full the sleeve's head is
    rise: float = 0.0  # height of a turtleneck's collar

    def side(self, v: Floats) -> Floats:
        """|u| of the outer edge at v."""
        return np.asarray(self.strap + (1 - self.strap) * np.clip(v / self.armhole, 0, 1) ** self.scye, np.float32)

    def hem_edge(self, u: Floats) -> Floats:
        """v of the hem at u."""
        across = np.minimum(np.abs(u), 1)
        return np.asarray(1 - self.tail * across * across * (1.6 - 0.6 * across), np.float32)

    def covers(self, u: Floats, v: Floats) -> NDArray[np.bool_]:
        """Whether the front has cloth at (u, v); the opening at the neck has none."""
        u, v = np.broadcast_arrays(u, v)
        cloth = np.asarray((v >= 0) & (v <= (self.hem_edge(u) if self.tail else 1)) & (np.abs(u) <= 1))
        high = cloth & (v < max(self.armhole, self.neckline.front))
        cloth[high] = (np.abs(u[high]) <= self.side(v[high])) & (v[high] >= self.neckline.edge(u[high]))
        return cloth

    def inner_collar(self, u: Floats, v: Floats) -> NDArray[np.bool_]:
        """Whether the inside of the back shows at (u, v) on the flat product."""
        u, v = np.broadcast_arrays(u, v)
        inside = np.asarray((v >= 0) & (v < self.neckline.front) & (np.abs(u) < self.neckline.half_width))
        back, front = self.neckline.back_edge(u[inside]), self.neckline.edge(u[inside])
        inside[inside] = (v[inside] >= back) & (v[inside] < front)
        return inside


COLLAR_RIM = 0.3  # v on a turtleneck's collar of its front rim's lowest point


def collar_covers(u: Floats, v: Floats) -> NDArray[np.bool_]:
    """Whether a turtleneck's collar, in its own (u, v), shows its outside there."""
    return (np.abs(u) <= 1) & (v <= 1) & (v >= COLLAR_RIM * np.sqrt(np.clip(1 - u**2, 0, 1)))
