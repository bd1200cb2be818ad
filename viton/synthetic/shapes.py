"""Curves and tubes to draw bodies and garments from. Points (N,2) are (x, y) in units of the picture's height."""

from __future__ import annotations

from typing import Literal, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.interpolate import CubicSpline, PchipInterpolator

Floats = NDArray[np.floating]


def as_points(values: ArrayLike) -> Floats:
    """Points from plain numbers."""
    return np.asarray(values, np.float32)


def closed_curve(points: ArrayLike, count: int = 64) -> Floats:
    """Smooth closed curve through (N,2) points, sampled at `count` places."""
    ring = np.asarray(points, np.float64)
    ring = np.concatenate([ring, ring[:1]])
    return _spline(ring, count, "periodic")


def open_curve(points: ArrayLike, count: int = 32) -> Floats:
    """Smooth curve through (N,2) points from the first to the last, sampled at `count` places."""
    return _spline(np.asarray(points, np.float64), count, "natural")


def _spline(points: NDArray[np.float64], count: int, ends: Literal["periodic", "natural"]) -> Floats:
    steps = np.sqrt(np.linalg.norm(np.diff(points, axis=0), axis=1)) + 1e-6  # centripetal: no loops at close points
    knots = np.concatenate([[0.0], np.cumsum(steps)])
    return CubicSpline(knots, points, bc_type=ends)(np.linspace(0, knots[-1], count)).astype(np.float32)


def ellipse(centre: ArrayLike, radii: tuple[float, float], count: int = 48) -> Floats:
    """Points of an upright ellipse."""
    angle = np.linspace(0, 2 * np.pi, count, endpoint=False)
    return (np.asarray(centre) + np.stack([np.cos(angle), np.sin(angle)], 1) * radii).astype(np.float32)


class Profile:
    """A length that changes smoothly with position, without overshoot, and is constant beyond its ends."""

    def __init__(self, at: ArrayLike, values: ArrayLike) -> None:
        knots = np.asarray(at, np.float64)
        fine = PchipInterpolator(knots, np.asarray(values, np.float64))(np.linspace(knots[0], knots[-1], 257))
        self._start, self._step = float(knots[0]), float(knots[-1] - knots[0]) / 256
        self._values, self._rise = fine.astype(np.float32), np.append(np.diff(fine), 0).astype(np.float32)

    def __call__(self, at: ArrayLike) -> Floats:
        place = np.clip((np.asarray(at, np.float32) - self._start) / self._step, 0, 256)
        before = place.astype(np.int32)  # a table with equal steps: several times faster than a search for the knots
        return self._values[before] + (place - before) * self._rise[before]


class Along(NamedTuple):
    """Where pixels lie beside a limb: `along` its axis and `across` it, both in units of height."""

    along: Floats
    across: Floats


class Axis(NamedTuple):
    """A limb's centre line with a rounded bend."""

    points: Floats  # (K,2)
    tangents: Floats  # (K,2)
    lengths: Floats  # (K,) from the start

    @classmethod
    def through(cls, start: ArrayLike, bend: ArrayLike, end: ArrayLike, count: int = 40) -> Axis:
        """The line start-bend-end; a quarter of each bone gives way to a round bend."""
        a, b, c = (np.asarray(p, np.float64) for p in (start, bend, end))
        before, after = b + (a - b) * 0.22, b + (c - b) * 0.22
        t = np.linspace(0, 1, 24)[:, None]
        corner = (1 - t) ** 2 * before + 2 * t * (1 - t) * b + t**2 * after
        line = np.concatenate([a[None], corner, c[None]])
        travelled = np.concatenate([[0.0], np.cumsum(np.linalg.norm(np.diff(line, axis=0), axis=1))])
        lengths = np.linspace(0, travelled[-1], count)
        points = np.stack([np.interp(lengths, travelled, line[:, i]) for i in (0, 1)], 1)
        tangents = np.gradient(points, axis=0)
        tangents /= np.linalg.norm(tangents, axis=1, keepdims=True)
        return cls(points.astype(np.float32), tangents.astype(np.float32), lengths.astype(np.float32))

    def locate(self, x: Floats, y: Floats, side: int) -> Along:
        """Place pixels x (1,w), y (h,1) beside the axis; `across` is negative on the outer side of a limb of `side`."""
        far = (x - self.points[:, 0, None, None]) ** 2 + (y - self.points[:, 1, None, None]) ** 2  # (K,h,w)
        nearest = far.argmin(axis=0)
        dx, dy = x - self.points[nearest, 0], y - self.points[nearest, 1]
        tx, ty = self.tangents[nearest, 0], self.tangents[nearest, 1]
        return Along(self.lengths[nearest] + dx * tx + dy * ty, side * (dy * tx - dx * ty))
