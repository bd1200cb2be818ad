"""Trousers: a seat and two legs as one surface, with the folds of the crotch, and worn denim."""

from __future__ import annotations

import numpy as np

from viton.synthetic.body import Person
from viton.synthetic.canvas import Canvas, Patch
from viton.synthetic.legs import BAND, even, find_legs, paint_waistband
from viton.synthetic.light import joined, slopes
from viton.synthetic.pose import SIDES
from viton.synthetic.relief import bell, sample_relief, step
from viton.synthetic.shapes import Floats, Profile, open_curve
from viton.synthetic.surface import FAR, Limb, Surface, lay, trunk_surface, trunk_window, tube

CROTCH = 1.19  # t
PALE_DENIM = np.array([205, 214, 226], np.float32)


def paint_trousers(canvas: Canvas, person: Person) -> None:
    """Paint them from the waistband to the edge of the picture."""
    b, legs = person.build, find_legs(canvas, person)
    window = trunk_window(canvas, person.trunk, person.lower.rise, 2.4, 0.5 * b.hip)
    ease = even(Profile([0.6, 1], [0.007 * b.torso, 0.014 * b.torso]))
    surface = trunk_surface(canvas, person.trunk, b, window, ease)
    inside, height = _shape(canvas, person, surface, legs)
    height = height + _folds(person, surface)
    shade = canvas.enlarge(person.light.lit(height, canvas.scale / canvas.coarse), window)
    colour = _colour(canvas, person, surface, legs, height)
    canvas.paint(Patch(window, canvas.enlarge(inside, window) > 0), "pants", colour, shade, shadow=0.1)
    paint_waistband(canvas, person, surface)
    _paint_seams(canvas, person)


def _shape(canvas: Canvas, person: Person, surface: Surface, legs: list[Limb]) -> tuple[Floats, Floats]:
    """How far within the trousers blocks lie, and the height of the cloth without folds."""
    torso, t = person.build.torso, surface.t
    narrowing = 1 - 0.4 * step(t, 0.86, CROTCH + 0.04)  # where the thighs take over from the seat
    inside = np.minimum.reduce([narrowing - np.abs(surface.seen), t - person.lower.rise, CROTCH - t])
    height = np.where(np.abs(surface.seen) < 1.2, surface.height, FAR) - 0.35 * torso * step(t, 0.95, CROTCH + 0.1)
    for leg in legs:
        radius = _radius(person, leg)
        within = lay(canvas, leg.window, leg.inside(radius, leg.whole) / torso, surface.window)
        inside = np.maximum(inside, np.minimum(within, t - 0.84))
        of_leg = lay(canvas, leg.window, tube(leg, radius), surface.window)
        height = joined(height, of_leg - 0.3 * torso * step(1.1 - t, 0.0, 0.3), 0.035 * torso)
    return inside, height


def _radius(person: Person, leg: Limb) -> Floats:
    """Half-width of a trouser leg (h,w): skinny follows the leg, straight and wide hang from the thigh."""
    down, widest = leg.beside.along / leg.whole, 0.47 * person.build.hip
    hang = {"skinny": 0.0, "straight": 0.72, "wide": 0.98}[person.lower.style]
    ease = 0.012 * person.build.torso
    return np.asarray(np.maximum(leg.radius + ease, hang * widest * step(down, -0.1, 0.22)), np.float32)


def _folds(person: Person, surface: Surface) -> Floats:
    """Heights of folds that fan out from the crotch, lie across the hips and hang down the legs."""
    rng = np.random.default_rng(person.lower.seed)
    out, low = surface.across / person.build.torso, surface.t - CROTCH
    far = np.hypot(out, low)
    angle = np.arctan2(np.abs(out) + 0.02, low + 0.05) / np.pi
    fan = sample_relief(rng, 12, 5, 0.3).at(0.3 + 2 * far, angle * 2.2) * np.exp(-((far / 0.26) ** 2))
    lying = sample_relief(rng, 8, 8).at(0.5 + out, surface.t * 0.8) * step(surface.t, 0.8, 1.0)
    hanging = sample_relief(rng, 3, 12).at(0.5 + 0.9 * out, 0.6 * surface.t) * step(surface.t, 1.1, 1.5)
    loose = {"skinny": 0.35, "straight": 0.7, "wide": 1.0}[person.lower.style]
    return np.asarray(person.build.torso * (0.009 * fan + 0.006 * lying + 0.011 * loose * hanging), np.float32)


def _colour(canvas: Canvas, person: Person, surface: Surface, legs: list[Limb], height: Floats) -> Floats:
    """Colour (h,w,3) of the cloth: denim is worn pale on the thighs and along its folds."""
    colour, window, lower = np.asarray(person.lower.colour, np.float32), surface.window, person.lower
    if lower.cloth == "denim":
        pale = canvas.enlarge(_paleness(canvas, person, surface, legs, height), window)
        noise = np.random.default_rng(lower.seed).normal(0, 0.035, pale.shape).astype(np.float32)
        return np.asarray(colour + np.clip(pale + noise, -0.3, 0.6)[..., None] * (PALE_DENIM - colour), np.float32)
    if lower.cloth == "pinstripe":
        across = canvas.enlarge(surface.across, window)
        line = (np.mod(across / person.build.torso * 22, 1) < 0.14)[..., None]
        return np.asarray(colour + 0.35 * line * (225 - colour), np.float32)
    return colour


def _paleness(canvas: Canvas, person: Person, surface: Surface, legs: list[Limb], height: Floats) -> Floats:
    """How worn denim is, (h,w): on the front of the thighs, and where it stands out."""
    place = np.full_like(surface.t, FAR)
    for leg in legs:
        ours = lay(canvas, leg.window, leg.beside.across, surface.window)
        place = np.where(surface.across * leg.side > 0, ours, place)
    thighs = bell(place / (0.4 * person.build.hip), 0.0, 0.5) * step(surface.t, 0.95, 1.3)
    right, down = slopes(height, canvas.scale / canvas.coarse)
    return np.asarray(0.3 * thighs - 0.25 * np.clip(np.hypot(right, down) - 0.25, -0.2, 0.4), np.float32)


def _paint_seams(canvas: Canvas, person: Person) -> None:
    """Fly and pockets, with pale stitches on denim."""
    trunk, rise, b = person.trunk, person.lower.rise + BAND, person.build
    shift = 0.12 * b.hip * float(np.sin(person.yaw))
    lines = [open_curve([trunk.place(shift, rise), trunk.place(shift, 1.05), trunk.place(shift * 0.6, CROTCH)])]
    for side in SIDES.values():
        corners = ((0.5, rise), (0.6, rise + 0.085), (0.8, rise + 0.125), (1.0, rise + 0.115))
        lines.append(open_curve([trunk.place(side * share * b.hip, t) for share, t in corners]))
    canvas.darken(canvas.strokes(lines, 0.0026), 0.42, 0.0014, ("pants",))
    if person.lower.cloth == "denim":
        beside = shift + 0.05 * b.hip
        fly = open_curve([trunk.place(beside, rise + 0.005), trunk.place(beside, 1.04)])
        stitches = [fly, *(line + np.float32(0.0035) for line in lines[1:])]
        canvas.tint(canvas.strokes(stitches, 0.0012), (186, 140, 88), 0.5, within=("pants",))
