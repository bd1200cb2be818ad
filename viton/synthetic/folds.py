"""The surface of a garment laid out for its product picture: how high the cloth stands, before its sewn details."""

from __future__ import annotations

import cv2
import numpy as np

from viton.synthetic.cut import Cut
from viton.synthetic.shapes import Floats

COARSE = 4  # folds are smooth: they are made at every fourth sub-pixel of a small picture
DETAIL = 512  # rows of a small picture's canvas
HANG = 0.25  # v from which cloth hangs freely


def front_height(cut: Cut, drape: float, u: Floats, v: Floats, rng: np.random.Generator) -> Floats:
    """Height (h,w) of a front in half-widths of the shoulders, at (u, v).

    drape: 0 for a stiff or clinging cloth, 1 for one that falls in deep folds.
    """
    step = _step(u.shape)
    rough = _folds(cut, drape, u[::step, ::step], v[::step, ::step], rng)
    height = _enlarged(rough, u.shape, step)
    side = np.abs(u) / cut.side(v) if cut.strap < 1 else np.abs(u)
    below = np.clip((v / cut.armhole - 0.25) / 1.1, 0, 1)  # a shoulder with a sleeve has no edge of its own
    round_ = below * below * (3 - 2 * below) if cut.strap == 1 else np.float32(1)
    side = np.minimum(side, 1)
    edge = side * np.sqrt(side) * round_
    height += np.float32(0.32) * np.sqrt(1.004 - edge * edge)
    top = slice(0, int((v < 0.35 / cut.ratio).any(axis=1).sum()))  # it rolls over the shoulders
    height[top] -= 0.035 * np.exp(-v[top] * cut.ratio / 0.05)
    return height


def sleeve_height(swollen: Floats, down: Floats, length: float, drape: float, rng: np.random.Generator) -> Floats:
    """Height (h,w) of a sleeve from that of a cushion of its shape, with creases across its bend."""
    step = _step(swollen.shape)
    d = down[::step, ::step]
    creases = _crumple(rng, d.shape, (max(3, round(length * 3.4)), 1))
    long = _crumple(rng, d.shape, (2, 5))
    strength = (0.012 + 0.016 * drape) * np.clip(d / 0.5, 0.25, 1)
    return np.asarray(
        np.float32(0.5) * swollen + _enlarged(strength * (creases + long), swollen.shape, step), np.float32
    )


def _step(shape: tuple[int, ...]) -> int:
    return max(COARSE, COARSE * shape[0] // DETAIL)


def _enlarged(rough: Floats, shape: tuple[int, ...], step: int) -> Floats:
    """Coarse values brought back to every sub-pixel."""
    tall, wide = (n * step for n in rough.shape)
    fine = cv2.resize(np.asarray(rough, np.float32), (wide, tall), interpolation=cv2.INTER_LINEAR)
    fine = cv2.blur(cv2.blur(fine, (step + 1, step + 1)), (step + 1, step + 1))  # a spline's smoothness, cheaply
    return np.asarray(fine[: shape[0], : shape[1]], np.float32)


def _crumple(rng: np.random.Generator, shape: tuple[int, ...], cells: tuple[int, int]) -> Floats:
    """Smooth noise of about unit size with so many cells (down, across)."""
    noise = rng.standard_normal((cells[0] + 3, cells[1] + 3)).astype(np.float32)
    return np.asarray(cv2.resize(noise, shape[::-1], interpolation=cv2.INTER_CUBIC), np.float32)


def _folds(cut: Cut, drape: float, u: Floats, v: Floats, rng: np.random.Generator) -> Floats:
    down = v * cut.ratio
    height = (0.009 + 0.012 * drape) * _crumple(rng, u.shape, (5, 4))
    creased = np.abs(_crumple(rng, u.shape, (6, 6)) + 0.5 * _crumple(rng, u.shape, (3, 5)))
    height -= (0.009 + 0.009 * drape) * np.sqrt(creased + 0.02) * np.clip(1.4 - v, 0, 1)  # soft ridges where they meet
    height += 0.07 * np.exp(-(((np.abs(u) - 0.42) / 0.3) ** 2) - ((down - 1.0) / 0.34) ** 2)  # the bust
    start = int((v[:, v.shape[1] // 2] < HANG).sum())
    height[start:] += _hanging(drape, u[start:], v[start:], rng)
    armpit = cut.armhole * cut.ratio
    near = slice(*np.searchsorted(down[:, down.shape[1] // 2], (armpit - 0.6, armpit + 0.9)))
    height[near] += _pulls(armpit, u[near], down[near], rng)
    slack = np.clip(0.95 - cut.waist, 0, 0.2)  # a waist that is taken in gathers cloth above and below it
    across = np.sin(9 * down + 3 * np.abs(u) + rng.uniform(0, 6))
    return np.asarray(height + 0.06 * slack * across * np.exp(-(((v - 0.55) / 0.14) ** 2)) * np.abs(u), np.float32)


def _hanging(drape: float, u: Floats, v: Floats, rng: np.random.Generator) -> Floats:
    """Folds that start below the bust and deepen towards the hem, a little fanned out."""
    height = np.zeros_like(u)
    count = 3 + round(4 * drape)
    places = (np.arange(count) + rng.uniform(0.2, 0.8, count)) / count * 1.8 - 0.9
    for at in places.tolist():
        start, width = rng.uniform(HANG, 0.6), rng.uniform(0.045, 0.1) * (1.5 - 0.4 * drape)
        fan = 1 + rng.uniform(0.0, 0.25) * (v - 0.5)
        sway = rng.uniform(-0.05, 0.05) * np.sin(5 * v + rng.uniform(0, 6))
        grown = np.clip((v - start) / (1.05 - start), 0, 1)
        ridge = np.exp(-(((u - at * fan - sway) / (width * (0.6 + 0.7 * grown))) ** 2))
        height += rng.uniform(0.4, 1.0) * (0.022 + 0.06 * drape) * np.sqrt(grown) * ridge
    return height


def _pulls(armpit: float, u: Floats, down: Floats, rng: np.random.Generator) -> Floats:
    """Small folds that run from the armpits towards the bust, and from the shoulders down."""
    height = np.zeros_like(u)
    for side in (-1, 1):
        for _ in range(3):
            angle, long = rng.uniform(0.35, 1.25), rng.uniform(0.25, 0.5)
            out, low = side * u - rng.uniform(0.92, 1.02), down - armpit - rng.uniform(-0.16, 0.14)
            along = -out * np.cos(angle) + low * np.sin(angle)
            across = out * np.sin(angle) + low * np.cos(angle)
            ridge = np.exp(-((across / rng.uniform(0.035, 0.065)) ** 2) - ((along - 0.1) / long) ** 2)
            height += rng.uniform(0.006, 0.02) * ridge * np.clip(along * 4 + 0.2, 0, 1)
    return height
