"""Legs, and the waistband of what is worn on them."""

from __future__ import annotations

import numpy as np

from viton.synthetic.body import Person
from viton.synthetic.canvas import Canvas, Patch
from viton.synthetic.pose import JOINT
from viton.synthetic.shapes import Axis, Profile, ellipse
from viton.synthetic.surface import Ease, Limb, Surface

BAND = 0.085  # height of a waistband, in torsos


def even(ease: Profile) -> Ease:
    """The same ease on both sides."""
    return Ease(ease, ease)


def find_legs(canvas: Canvas, person: Person) -> list[Limb]:
    """Place the canvas's blocks beside both legs."""
    return [_find_leg(canvas, person, name, side) for name, side in (("left", 1), ("right", -1))]


def _find_leg(canvas: Canvas, person: Person, name: str, side: int) -> Limb:
    b = person.build
    hip, knee, ankle = person.joints[[JOINT[f"{name}_{part}"] for part in ("hip", "knee", "ankle")]]
    hip = hip + np.array([-0.06 * side * b.hip, 0])  # the joint that estimators mark lies outside the thigh's middle
    axis = Axis.through(hip, knee, ankle, 24)
    window = canvas.window(np.stack([hip, knee, ankle]), 0.9 * b.hip)
    beside = axis.locate(*canvas.coarse_grid(window), side)
    whole = float(axis.lengths[-1])
    at = np.array([0.0, 0.12, 0.3, 0.5, 0.62, 0.8, 1.0]) * whole
    radius = Profile(at, b.hip * np.array([0.45, 0.5, 0.43, 0.31, 0.31, 0.25, 0.17]))(beside.along)
    return Limb(side, window, beside, b.thigh, whole, radius, np.zeros_like(radius))


def paint_waistband(canvas: Canvas, person: Person, surface: Surface) -> None:
    """Waistband or belt, with its button."""
    lower, trunk, only = person.lower, person.trunk, ("pants", "skirt")
    down = canvas.enlarge(surface.t, surface.window) - np.float32(lower.rise)
    if lower.belt:
        canvas.tint(Patch(surface.window, (down > -0.004) & (down < BAND)), (48, 34, 26), 0.92, within=only)
    canvas.darken(Patch(surface.window, np.abs(down - BAND) < 0.006), 0.4, 0.0014, only)
    at, below = (trunk.place(0.0, lower.rise + part * BAND) for part in (0.5, 0.54))
    canvas.darken(canvas.polygon(ellipse(below, (0.0075, 0.0075))), 0.4, 0.001, only)
    button = canvas.polygon(ellipse(at, (0.0062, 0.0062)))
    canvas.tint(button, np.asarray(lower.colour) * 0.3 + 140, 0.85, within=only)
