"""The garment worn: its own cloth carried onto the body by panels that follow trunk, arms and neck.

Each panel gives every worn sub-pixel its place (u, v) on the cut, and from there its product coordinate. Looseness and
length belong to a person in a garment, not to the body alone, and no thin-plate spline is used anywhere.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from viton.synthetic.body import JOINT, SIDES, Person
from viton.synthetic.canvas import Canvas, Cloth, Patch
from viton.synthetic.cut import FRONT, HIGH_COLLAR, SLEEVE_OF, Frame, collar_covers
from viton.synthetic.garment import Garment, Product
from viton.synthetic.shapes import Along, Axis, Floats, Profile, as_points

ARMPIT = 0.07  # below the shoulder joint, along the arm


class Fold(NamedTuple):
    """A soft ridge across a panel: its middle, direction and size in (u, v), and its height."""

    u: float
    v: float
    angle: float
    width: float
    length: float
    height: float


class Fit(NamedTuple):
    """How a garment sits on a person."""

    looseness: float  # 0 follows the body, 1 hangs from the widest place
    stretch: float  # length worn over length as cut
    folds: tuple[Fold, ...]


class Arm(NamedTuple):
    """An arm's pixels: a window of the canvas, where they lie beside the arm, and its lengths in units of height."""

    side: int
    window: tuple[slice, slice]
    beside: Along
    upper: float
    whole: float  # to the wrist


class Piece(NamedTuple):
    """A worn panel, ready to be painted."""

    patch: Patch
    cloth: Cloth
    shade: Floats


def sample_fit(rng: np.random.Generator) -> Fit:
    """Draw how a garment is worn."""
    looseness = float(rng.beta(1.3, 1.3))
    folds = []
    for _ in range(6):
        side = rng.choice([-1, 1])
        place = side * rng.uniform(0.15, 0.8), rng.uniform(0.3, 0.95)
        angle, width, length = side * rng.uniform(-0.2, 0.75), rng.uniform(0.05, 0.12), rng.uniform(0.15, 0.4)
        folds.append(Fold(*place, angle, width, length, rng.uniform(0.4, 1.0) * (0.35 + 0.65 * looseness)))
    return Fit(looseness, float(rng.uniform(0.93, 1.09)), tuple(folds))


def body_frame(person: Person, garment: Garment, fit: Fit) -> Frame:
    """Where the front of the garment lies on the trunk."""
    b, (centre, neck) = person.build, person.joint("neck").tolist()
    top = neck - 0.034
    bottom = top + garment.cut.ratio * fit.stretch * b.shoulder * 0.98
    y = np.linspace(top, max(bottom, top + 0.1), 33)
    close = person.half_width()
    below_bust = y > neck + 0.2 * b.torso
    hanging = np.where(below_bust, np.maximum.accumulate(np.where(below_bust, close(y), 0)), close(y))
    hanging += 0.012 * np.linspace(0, 1, 33)
    width = (close(y) + 0.004) * (1 - fit.looseness) + (hanging + 0.004) * fit.looseness
    if person.lower.tucks:
        width = np.minimum(width, close(y) + 0.006 + 0.35 * np.clip(person.waist_y() - y, 0, None))
    wobble = 0.0022 * fit.looseness * np.sin(31 * y / b.torso + 9 * fit.stretch)
    half = Profile(y, width + wobble * np.clip((y - top) / b.torso * 2 - 0.6, 0, 1))
    return Frame(centre, top, bottom, 0.03, half, sag=0.012, curl=0.86, turn=-0.22 * person.yaw)


def wear_front(canvas: Canvas, person: Person, garment: Garment, product: Product, fit: Fit) -> Piece:
    """The front panel on the trunk."""
    frame = body_frame(person, garment, fit)
    wide = float(frame.half_width(np.linspace(frame.top, frame.bottom, 16)).max())
    corners = as_points([[frame.centre - wide, frame.top], [frame.centre + wide, frame.bottom + 0.02]])
    window = canvas.window(corners, 0.01)
    x, y = canvas.grid(window)
    u, v = frame.to_uv(x, y)
    covered = garment.cut.covers(u, v)
    if person.lower.tucks:
        covered &= y < person.waist_y() + 0.02
    slope, pull = _folded(u, v, fit)
    inside = np.clip(1 - u**2, 0, 1) * np.clip(v * (1 - v) * 4, 0, 1)
    px, py = product.front.to_xy(np.clip(u + pull * inside, -1, 1), np.clip(v, 0, 1))
    seen = (x - frame.centre) / frame.half_width(y)
    shade = 1.02 - 0.3 * np.abs(seen) ** 3.5 + 0.07 * person.light * seen + slope
    return Piece(Patch(window, covered), Cloth(FRONT, _pixels(product, px, py)), np.clip(shade, 0.4, 1.12))


def _folded(u: Floats, v: Floats, fit: Fit) -> tuple[Floats, Floats]:
    """The change of shade, and the sideways pull of the cloth in u, that the folds make."""
    shade, pull = np.zeros_like(u), np.zeros_like(u)
    for fold in fit.folds:
        across = np.cos(fold.angle) * (u - fold.u) + np.sin(fold.angle) * (v - fold.v)
        along = np.cos(fold.angle) * (v - fold.v) - np.sin(fold.angle) * (u - fold.u)
        ridge = np.exp(-((across / fold.width) ** 2) - (along / fold.length) ** 2)
        shade += 0.32 * fold.height * ridge * across / fold.width
        pull += 0.022 * fold.height * ridge
    return shade, pull


def _pixels(product: Product, x: Floats, y: Floats) -> Floats:
    """Product coordinates in pixels (h,w,2) of points in units of height."""
    height = product.image.shape[0]
    return np.stack(np.broadcast_arrays(x * height - 0.5, y * height - 0.5), -1).astype(np.float32)


def arm_radius(person: Person, along: Floats, whole: float) -> Floats:
    """Half-width of the bare arm at a distance from the shoulder."""
    at = np.array([0.0, 0.2, 0.45, 0.56, 0.68, 1.0]) * whole
    return Profile(at, person.build.arm * np.array([0.92, 1.0, 0.84, 0.8, 0.86, 0.56]))(along)


def below_seam(arm: Arm, radius: Floats, cap: float) -> Floats:
    """How far down the arm a pixel lies from the seam of the shoulder, which runs from its top to the armpit."""
    share = np.clip((arm.beside.across / radius + 0.4) / 1.4, 0, 1)
    return arm.beside.along + cap - share * (cap + ARMPIT)


def find_arm(canvas: Canvas, person: Person, side: int) -> Arm:
    """Place the canvas's pixels beside one arm."""
    name = next(name for name, sign in SIDES.items() if sign == side)
    points = person.joints[[JOINT[f"{name}_{part}"] for part in ("shoulder", "elbow", "wrist")]]
    axis = Axis.through(*points)
    window = canvas.window(points, 2.2 * person.build.arm)
    upper = float(np.linalg.norm(points[1] - points[0]))
    return Arm(side, window, axis.locate(*canvas.grid(window), side), upper, float(axis.lengths[-1]))


def wear_sleeve(canvas: Canvas, person: Person, garment: Garment, product: Product, fit: Fit, arm: Arm) -> Piece:
    """A sleeve on an arm."""
    cut, (along, across) = garment.cut, arm.beside
    length = cut.sleeve_length * arm.whole
    flare = 0.35 if cut.sleeve == "short" else 0.16
    ease = 0.0025 + person.build.arm * fit.looseness * (0.06 + flare * np.clip(along / length, 0, 1))
    radius, cap = arm_radius(person, along, arm.whole) + ease, person.build.arm
    down = below_seam(arm, radius, cap)
    covered = arm.beside.inside(radius, length) & (down >= 0)
    u = np.clip(across / radius, -1, 1)
    v = np.clip(down / np.maximum(down + length - along, 1e-6), 0, 1)
    px, py = product.sleeves[arm.side].to_xy(np.arcsin(0.86 * u) / np.arcsin(0.86), v)
    bend = np.exp(-(((along - arm.upper) / 0.035) ** 2)) * (0.4 + 0.6 * fit.looseness)
    wrinkle = 0.11 * bend * np.sin(along * 330 + 2.2 * u) + 0.05 * fit.looseness * np.sin(
        along * 120 + 3 * u + 40 * fit.stretch
    )
    cuff = 0.1 * np.exp(-(((length - along) / 0.004) ** 2))
    below = np.clip((along + cap) / 0.09, 0.15, 1)  # the round of the shoulder has no edge towards the trunk
    shade = 1.0 - 0.3 * below * np.abs(u) ** 3 - 0.07 * person.light * u * arm.side + wrinkle - cuff
    return Piece(Patch(arm.window, covered), Cloth(SLEEVE_OF[arm.side], _pixels(product, px, py)), shade)


def wear_high_collar(canvas: Canvas, person: Person, product: Product) -> Piece | None:
    """A turtleneck's collar on the neck."""
    if product.high_collar is None:
        return None
    centre, neck = person.joint("neck").tolist()
    half = Profile([neck - 0.08, neck], np.array([1.1, 1.26]) * person.build.neck)
    frame = Frame(centre, neck - 0.068, neck - 0.012, 0.0, half, sag=0.016, curl=0.8, turn=-0.15 * person.yaw)
    wide = 1.4 * person.build.neck
    window = canvas.window(as_points([[centre - wide, frame.top], [centre + wide, frame.bottom + 0.03]]))
    u, v = frame.to_uv(*canvas.grid(window))
    px, py = product.high_collar.to_xy(np.clip(u, -1, 1), np.clip(v, 0, 1))
    shade = 1.0 - 0.3 * np.abs(u) ** 3
    return Piece(
        Patch(window, collar_covers(u, v)), Cloth(HIGH_COLLAR, _pixels(product, px, py)), np.clip(shade, 0.4, 1.1)
    )
