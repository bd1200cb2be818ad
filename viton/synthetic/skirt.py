"""A skirt over bare legs."""

from __future__ import annotations

import numpy as np

from viton.synthetic.body import Person
from viton.synthetic.canvas import Canvas, Patch
from viton.synthetic.figure import Shape, paint_skin
from viton.synthetic.legs import even, find_legs, paint_waistband
from viton.synthetic.relief import bell, sample_relief, step
from viton.synthetic.shapes import Floats, Profile
from viton.synthetic.surface import Ease, Surface, trunk_surface, trunk_window, tube


def paint_skirt(canvas: Canvas, person: Person) -> None:
    """Paint the legs, and the skirt over them."""
    _paint_legs(canvas, person)
    lower, torso = person.lower, person.build.torso
    hem = 1.0 + lower.length
    window = trunk_window(canvas, person.trunk, lower.rise, hem + 0.1, 0.45 * torso)
    surface = trunk_surface(canvas, person.trunk, person.build, window, _ease(person))
    low = hem + 0.04 * (1 - np.minimum(surface.seen**2, 1))
    inside = np.minimum.reduce([1 - np.abs(surface.seen), surface.t - lower.rise, low - surface.t])
    lit = person.light.lit(surface.height + _folds(person, surface, hem), canvas.scale / canvas.coarse)
    shade = canvas.enlarge(lit * (1 - 0.18 * bell(surface.t - low, -0.035, 0.008)), window)
    canvas.paint(Patch(window, canvas.enlarge(inside, window) > 0), "skirt", lower.colour, shade, shadow=0.3)
    paint_waistband(canvas, person, surface)


def _paint_legs(canvas: Canvas, person: Person) -> None:
    """The legs' skin, from somewhat above the hem on."""
    covered = person.trunk.place(0.0, 1.0 + 0.6 * person.lower.length)[1]
    for leg in find_legs(canvas, person):
        inside = np.minimum(leg.inside(leg.radius, leg.whole), canvas.coarse_grid(leg.window)[1] - np.float32(covered))
        patch = Patch(leg.window, canvas.enlarge(inside, leg.window) > 0)
        canvas.cast_shadow(patch, 0.15)
        paint_skin(canvas, person, Shape(patch, tube(leg, leg.radius)), "left_leg" if leg.side > 0 else "right_leg")


def _ease(person: Person) -> Ease:
    """How far the cloth stands off: a pencil skirt follows the thighs, an A-line one stands away from them."""
    torso, t = person.build.torso, np.linspace(0.4, 2.0, 33)
    flare = {"pencil": -0.03, "a_line": 0.22}[person.lower.style] * np.clip(t - 0.85, 0, 1)
    hips, thighs = np.clip((t - 0.7) / 0.3, 0, 1), np.clip((t - 0.8) / 0.5, 0, 1)
    return even(Profile(t, torso * (0.008 + 0.016 * hips + 0.02 * thighs + np.maximum(flare, -0.05))))


def _folds(person: Person, surface: Surface, hem: float) -> Floats:
    """Heights of the folds that fall to the hem, and of those across the hips."""
    rng, a = np.random.default_rng(person.lower.seed), 0.5 + 0.5 * surface.seen
    flutes = sample_relief(rng, 3, 12).at(a, 0.4 * surface.t) * step(surface.t, 0.95, hem)
    rings = sample_relief(rng, 10, 4, 0.3).at(a, surface.t - 0.5) * bell(surface.t, 1.0, 0.2)
    deep = 0.02 if person.lower.style == "a_line" else 0.006
    return np.asarray(person.build.torso * (deep * flutes + 0.006 * rings), np.float32)
