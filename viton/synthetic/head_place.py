"""Where a head is in the picture, and how it is held."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from viton.synthetic.shapes import Floats


class HeadPlace(NamedTuple):
    """A head's frame: `across` runs to the picture's right in half-widths, `up` from the chin (0) to the crown (1).

    chin: (x, y) in units of the picture's height.   roll: radians, positive tilts the crown to the picture's right.
    turn: -1 to 1, positive looks to the picture's right (1 is about 60 degrees).   nod: -1 (up) to 1 (down).
    """

    chin: tuple[float, float]
    half_width: float
    height: float  # from chin to crown
    roll: float = 0.0
    turn: float = 0.0
    nod: float = 0.0

    def put(self, points: ArrayLike) -> Floats:
        """(N,2) points (across, up) to the picture's (x, y)."""
        across, up = np.asarray(points, np.float64).reshape(-1, 2).T * [[self.half_width], [self.height]]
        cos, sin = np.cos(self.roll), np.sin(self.roll)
        x, y = self.chin[0] + across * cos + up * sin, self.chin[1] + across * sin - up * cos
        return np.stack([x, y], 1).astype(np.float32)

    def locate(self, x: Floats, y: Floats) -> tuple[Floats, Floats]:
        """(across, up) of pixels x (1,w), y (h,1)."""
        dx, dy = x - self.chin[0], y - self.chin[1]
        cos, sin = np.float32(np.cos(self.roll)), np.float32(np.sin(self.roll))
        return (dx * cos + dy * sin) / self.half_width, (dx * sin - dy * cos) / self.height
