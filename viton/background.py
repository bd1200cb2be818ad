"""The plain background of a product photo: a smooth surface through its colours, and what differs from it. H, W."""

from __future__ import annotations

from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

F = TypeVar("F", np.float32, np.float64)
Floats = NDArray[np.float32]
Bools = NDArray[np.bool_]
Background = tuple[Floats, Floats]  # its colours (H,W,3), and its noise (3,) in levels

QUIETEST = 0.9  # levels of noise that are assumed at least, for JPEG and rounding


def fitted(smooth: Floats, where: Bools, order: int) -> Background:
    """A polynomial surface through the colours where it is told, robust against a minority that lies off it."""
    height, width = where.shape
    rows, columns = np.nonzero(where)
    step = max(1, len(rows) // 20_000)
    rows, columns = rows[::step], columns[::step]
    colours, terms = smooth[rows, columns].astype(np.float64), _terms(columns / width, rows / height, order)
    start = np.median(colours, axis=0)
    near = most(np.abs(colours - start))
    weights = (near <= max(2.0, 2.0 * float(np.median(near)))).astype(np.float64)
    for _ in range(6):
        weighted = terms * weights[:, None]  # the normal equations: a tenth of the time, and well conditioned here
        solved = np.linalg.lstsq(weighted.T @ weighted, weighted.T @ (colours * weights[:, None]), rcond=None)[0]
        off = np.abs(colours - terms @ solved)
        noise = np.maximum(QUIETEST, 1.4826 * np.median(off[weights > 0], axis=0))
        weights = np.clip(1 - most(off / (4 * noise)) ** 2, 0, 1)
        if (weights > 0).sum() < 4 * terms.shape[1]:
            break
    return _surface(np.asarray(solved, np.float64), (height, width), order), noise.astype(np.float32)


def _terms(x: NDArray[np.float64], y: NDArray[np.float64], order: int) -> NDArray[np.float64]:
    """The monomials up to an order at N places, (N,terms)."""
    x, y = 2 * x - 1, 2 * y - 1
    return np.stack([x**i * y**j for i in range(order + 1) for j in range(order + 1 - i)], axis=1)


def _surface(factors: NDArray[np.float64], size: tuple[int, int], order: int) -> Floats:
    """The colours (H,W,3) of a surface with `factors` (terms,3), a power of x and one of y at a time."""
    x, y = (2 * np.arange(count) / count - 1 for count in size[::-1])
    by_x = np.zeros((order + 1, size[1], 3))
    powers = [(i, j) for i in range(order + 1) for j in range(order + 1 - i)]  # as `_terms` has them
    for (i, j), factor in zip(powers, factors, strict=True):
        by_x[j] += x[:, None] ** i * factor
    rows = np.stack([y**j for j in range(order + 1)], axis=1)
    surface = rows @ by_x.reshape(order + 1, -1)
    return surface.reshape(*size, 3).clip(0, 255).astype(np.float32)


def most(values: NDArray[F]) -> NDArray[F]:
    """The largest of the channels (...,3); numpy's own maximum over a short last axis takes ten times as long."""
    return np.asarray(np.maximum(np.maximum(values[..., 0], values[..., 1]), values[..., 2]))


def contrast_of(smooth: Floats, background: Background) -> Floats:
    """How many times its noise a pixel (H,W) differs from the background, in its most different channel."""
    return most(np.abs(smooth - background[0]) / background[1])
