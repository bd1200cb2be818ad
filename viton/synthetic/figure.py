"""A person's bare body: the studio wall behind it, trunk, neck and arms, lit by their shape."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from viton.synthetic.body import Person, skin_tone
from viton.synthetic.canvas import Canvas, Patch, Window
from viton.synthetic.hand import paint_hand
from viton.synthetic.light import joined
from viton.synthetic.relief import bell, step
from viton.synthetic.shapes import Floats
from viton.synthetic.surface import (
    Limb,
    below_seam,
    from_armhole,
    shoulder_line,
    to_shoulder,
    trunk_surface,
    trunk_window,
)
from viton.synthetic.wear import beside_neck


def paint_wall(canvas: Canvas, person: Person) -> None:
    """The studio: a wall lit from one side, a little darker towards its corners."""
    whole = slice(0, canvas.label.shape[0]), slice(0, canvas.label.shape[1])
    x, y = canvas.coarse_grid(whole)
    canvas.colour[:] = person.wall
    glow = (
        1.01
        - person.vignette * ((x - 0.375) ** 2 / 0.14 + (y - 0.35) ** 2 / 0.36)
        + 0.045 * person.light.side * (x - 0.375)
    )
    canvas.shade[:] = canvas.enlarge(np.clip(glow, 0, 1.04), whole)


MODELLING = 1.4  # skin shines a little, which makes its roundness plainer


class Shape(NamedTuple):
    """A part before its light: where it is, and its height over the coarse blocks."""

    patch: Patch
    height: Floats


def trunk_skin(canvas: Canvas, person: Person) -> Shape:
    """The skin of trunk, shoulders and neck, most of which a garment will hide."""
    b, trunk = person.build, person.trunk
    window = trunk_window(canvas, trunk, -0.5, 0.95, 0.02)
    surface = trunk_surface(canvas, trunk, b, window)
    shoulder = shoulder_line(to_shoulder(surface.across, trunk, b), b)
    inside = np.minimum.reduce([0.33 * (1 - np.abs(surface.seen)), surface.t - shoulder, 0.9 - surface.t])
    fallen = surface.height - 0.5 * b.torso * np.clip(0.1 + shoulder - surface.t, 0, 1) ** 1.2
    neck, of_neck = _neck(canvas, person, window)
    height = joined(np.asarray(fallen, np.float32), neck, 0.03 * b.torso)
    height = height + _collar_bones(surface.across, surface.t, b.torso)
    return Shape(Patch(window, canvas.enlarge(joined(inside, of_neck, 0.06), window) > 0), height)


def _collar_bones(across: Floats, t: Floats, torso: float) -> Floats:
    """Their relief, and the hollow between them."""
    out = np.abs(across) / torso
    line = -0.055 - 0.12 * (out - 0.05) * step(out, 0.05, 0.25)
    bone = bell(t - line, 0.0, 0.018) * step(out, 0.02, 0.06) * step(0.3 - out, 0.0, 0.1)
    hollow = bell(out, 0.0, 0.025) * bell(t, -0.065, 0.03)
    return np.asarray(torso * (0.005 * bone - 0.006 * hollow), np.float32)


def _neck(canvas: Canvas, person: Person, window: Window) -> tuple[Floats, Floats]:
    """Height of the neck up to under the jaw, with the muscles down to the collar bones, and how far within it."""
    along, across = beside_neck(canvas, person, window)
    b, turn = person.build, person.head.turn
    half = b.neck * (0.97 + 0.6 * np.clip(0.5 - along, 0, 1) ** 1.6 + 0.06 * np.clip(along - 0.8, 0, 1))
    share = np.clip(across / half, -1, 1)
    out = 0.2 + 0.45 * along
    cord = bell(share, out + 0.3 * turn * along, 0.2) + bell(share, 0.3 * turn * along - out, 0.2)
    height = half * np.sqrt(1 - share * share) + 0.015 * b.torso - 0.04 * b.torso * step(0.55 - along, 0, 0.5)
    height = height + 0.005 * b.torso * cord * step(along, 0.1, 0.5)
    beside = np.abs(across) - half
    inside = np.minimum.reduce([-beside / b.torso, along - 0.1, 1.7 - along])
    return np.where(beside < 0, height, height - 3 * beside).astype(np.float32), inside


def paint_skin(canvas: Canvas, person: Person, shape: Shape, label: str) -> None:
    """Lay skin on the canvas in the light of its height."""
    shade = person.light.lit(shape.height, canvas.scale / canvas.coarse, MODELLING)
    lit = canvas.enlarge(skin_tone(person, shade) * shade[..., None], shape.patch.window)
    canvas.paint(shape.patch, label, lit)


def paint_arm(canvas: Canvas, person: Person, limb: Limb, height: Floats, sleeved: bool) -> None:
    """The arm with its hand, from the shoulder's seam on."""
    label = "left_arm" if limb.side > 0 else "right_arm"
    inside = limb.inside(limb.radius, limb.whole)
    if person.arms[limb.side].kind == "raised":
        inside = from_armhole(canvas, person.trunk, person.build, limb, inside)
    elif sleeved:  # a bare arm lies before the garment's side from the top of the shoulder on
        inside = np.minimum(inside, below_seam(limb, person.build, limb.radius))
    patch = Patch(limb.window, canvas.enlarge(inside, limb.window) > 0)
    cast_arm_shadow(canvas, person, limb, patch)
    paint_skin(canvas, person, Shape(patch, height), label)
    paint_hand(canvas, person, limb.side, label)


def cast_arm_shadow(canvas: Canvas, person: Person, limb: Limb, patch: Patch) -> None:
    """Darken what lies beside and behind an arm, but not the shoulder that it grows from."""
    free = canvas.enlarge(limb.beside.along, limb.window) > 0.3 * person.build.torso
    near, strength = (0.006, 0.3) if person.arms[limb.side].depth == "beside" else (0.014, 0.34)
    canvas.cast_shadow(Patch(limb.window, patch.mask & free), strength, near)
