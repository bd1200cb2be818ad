"""The shape of trunk and limbs towards the camera, as heights over a window's coarse blocks (written (h,w) here)."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from viton.synthetic.canvas import Canvas, Window
from viton.synthetic.light import joined
from viton.synthetic.pose import JOINT, Arm, Build, Trunk
from viton.synthetic.relief import step
from viton.synthetic.shapes import Along, Axis, Floats, Profile, as_points

ARMPIT = 0.2  # below the shoulder joint along the arm, in torsos
CAP = 1.1  # how far the shoulder's top is above its joint, in half-widths of the arm
FAR = -9.0  # the height of nothing


class Ease(NamedTuple):
    """How far cloth stands off the trunk on the person's left and right, by t."""

    left: Profile
    right: Profile


class Surface(NamedTuple):
    """The front of a trunk, or of cloth round it: all (h,w) over `window`."""

    window: Window
    across: Floats  # from the middle line, in units of height
    t: Floats  # along it
    seen: Floats  # across over the half-width as seen
    theta: Floats  # angle round the trunk from its front, towards the person's left
    height: Floats  # towards the camera, in units of height


def trunk_window(canvas: Canvas, trunk: Trunk, top: float, bottom: float, margin: float) -> Window:
    """The pixels that the trunk may cover between two t."""
    ends = [trunk.place(side * (0.38 * trunk.length + margin), t) for side in (-1, 1) for t in (top, 0.5, bottom)]
    return canvas.window(as_points(ends))


def trunk_surface(canvas: Canvas, trunk: Trunk, build: Build, window: Window, ease: Ease | None = None) -> Surface:
    """The trunk's front, standing off by `ease` where it is cloth."""
    across, t = trunk.locate(*canvas.coarse_grid(window))
    off = np.where(across > 0, ease.left(t), ease.right(t)) if ease else np.float32(0)
    wide, deep = trunk.width(t) + off, trunk.depth(t) + off
    cos, sin = np.float32(np.cos(trunk.stance.yaw)), np.float32(np.sin(trunk.stance.yaw))
    half, shift = np.hypot(wide * cos, deep * sin), np.arctan2(deep * sin, wide * cos)
    seen = across / half
    theta = np.arcsin(np.clip(seen, -1, 1)) - shift
    height = deep * cos * np.cos(theta) - wide * sin * np.sin(theta)
    return Surface(window, across, t, seen, theta, height + _breasts(theta, t, build))


def _breasts(theta: Floats, t: Floats, build: Build) -> Floats:
    """How far the breasts stand out: fuller below than above."""
    down = t - 0.36
    row = np.exp(-((down / np.where(down < 0, 0.13, 0.075)) ** 2))
    side = np.exp(-(((np.abs(theta) - 0.46) / 0.34) ** 2))
    return np.asarray(build.bust * row * side, np.float32)


def to_shoulder(across: Floats, trunk: Trunk, build: Build) -> Floats:
    """How far out towards the shoulder joint pixels lie: 0 in the middle, 1 at the joint, also of a turned trunk."""
    cos, sin = np.float32(np.cos(trunk.stance.yaw)), np.float32(np.sin(trunk.stance.yaw))
    return np.asarray(np.abs(across - 0.03 * build.torso * sin) / (build.shoulder * cos), np.float32)


def shoulder_line(out: Floats, build: Build) -> Floats:
    """t of the upper edge of bare shoulders: from the side of the neck over the muscle down to the arm."""
    neck = build.neck / build.shoulder
    share = np.clip((out - neck) / (1 - neck), 0, 1.5)
    return np.asarray(-0.165 + 0.095 * share**0.9 + np.maximum(out - 1, 0), np.float32)


class Limb(NamedTuple):
    """An arm or a leg: where the blocks of `window` lie beside it, its lengths and its bare shape."""

    side: int
    window: Window
    beside: Along
    upper: float  # length of the first bone
    whole: float  # of both
    radius: Floats  # bare, (h,w)
    depth: Floats  # (h,w): of its centre line

    def inside(self, radius: Floats, length: float) -> Floats:
        """How far (h,w) within a round limb of a radius, up to a length along it; negative outside."""
        capped = np.hypot(np.minimum(self.beside.along, 0), self.beside.across)
        return np.minimum(radius - capped, length - self.beside.along)


def arm_radius(build: Build, whole: float) -> Profile:
    """Half-width of the bare arm at a distance from the shoulder."""
    at = np.array([0.0, 0.12, 0.3, 0.5, 0.62, 0.8, 1.0]) * whole
    return Profile(at, build.arm * np.array([1.06, 1.08, 1.0, 0.83, 0.86, 0.7, 0.54]))


def find_arm(canvas: Canvas, build: Build, joints: Floats, side: int, arm: Arm, yaw: float) -> Limb:
    """Place the canvas's blocks beside one arm."""
    name = "left" if side > 0 else "right"
    points = joints[[JOINT[f"{name}_{part}"] for part in ("shoulder", "elbow", "wrist")]]
    points[0] += np.float32(build.torso) * np.array([-0.02 * side, 0.012], np.float32)  # the head of the bone
    axis = Axis.through(*points)
    window = canvas.window(points, 3.2 * build.arm)
    upper, whole = float(np.linalg.norm(points[1] - points[0])), float(axis.lengths[-1])
    beside = axis.locate(*canvas.coarse_grid(window), side)
    forward = build.torso * (0.14 * step(beside.along / build.torso, 0.02, 0.26) - 0.3 * side * np.sin(yaw))
    if arm.depth == "front" and arm.kind != "raised":
        forward = forward + 0.4 * build.torso * np.clip(beside.along / whole, 0, 1.3)
    radius = arm_radius(build, whole)(beside.along)
    return Limb(side, window, beside, upper, whole, radius, np.asarray(forward, np.float32))


def tube(limb: Limb, radius: Floats) -> Floats:
    """Height (h,w) of a round limb of a radius, with a round start; falls away steeply beside it."""
    away = np.hypot(np.minimum(limb.beside.along, 0), limb.beside.across) / radius
    inside = np.sqrt(np.maximum(1 - away * away, 0)) * radius
    return np.where(away < 1, inside + limb.depth, limb.depth - 3 * radius * (away - 1)).astype(np.float32)


def shoulder_join(limb: Limb, build: Build) -> tuple[Floats, Floats]:
    """How softly (h,w) a trunk goes over into an arm along it, and how far apart they are: nothing up to the armpit."""
    along = limb.beside.along / build.torso
    soft = build.torso * (0.13 - 0.118 * step(along, 0.0, 0.2))
    return soft, np.asarray(10 * build.torso * np.clip(along - 0.2, 0, None) ** 1.5, np.float32)


def below_seam(limb: Limb, build: Build, radius: Floats) -> Floats:
    """How far down the arm a pixel lies from the seam of the shoulder, which runs from its top to the armpit."""
    share = step(limb.beside.across / radius, -0.1, 1.0)
    cap = CAP * build.arm
    return limb.beside.along + cap - share * (cap + ARMPIT * build.torso)


def from_armhole(canvas: Canvas, trunk: Trunk, build: Build, limb: Limb, inside: Floats) -> Floats:
    """How far (h,w) within an arm that is held away: from the armhole on, with a rounded armpit."""
    across, t = trunk.locate(*canvas.coarse_grid(limb.window))
    cos, sin = np.float32(np.cos(trunk.stance.yaw)), np.float32(np.sin(trunk.stance.yaw))
    flank = np.hypot(trunk.width(t) * cos, trunk.depth(t) * sin) - np.abs(across)
    out = to_shoulder(across, trunk, build)
    of_trunk = np.minimum(flank, (t - shoulder_line(out, build)) * build.torso)
    beyond = np.where(across * limb.side > 0, (out - 0.9) * build.shoulder, -1)
    beyond = np.maximum(beyond, (t - 0.4) * build.torso)  # a forearm may come back over the trunk
    web = np.minimum(joined(inside, of_trunk, 0.1 * build.torso), 0.01 * build.torso - of_trunk)
    return np.minimum(np.maximum(inside, np.minimum(web, (0.32 - t) * build.torso)), beyond)


def lay(canvas: Canvas, window: Window, values: Floats, onto: Window) -> Floats:
    """The blocks of one window over another one's, and nothing where they do not meet."""
    step_ = canvas.coarse
    here, there = ([axis.start // step_ for axis in one] for one in (window, onto))
    laid = np.full([-(-(axis.stop - axis.start) // step_) for axis in onto], FAR, np.float32)
    (top, bottom), (left, right) = (
        (max(a, b), min(a + n, b + m)) for a, b, n, m in zip(here, there, values.shape, laid.shape, strict=True)
    )
    if top < bottom and left < right:
        part = values[top - here[0] : bottom - here[0], left - here[1] : right - here[1]]
        laid[top - there[0] : bottom - there[0], left - there[1] : right - there[1]] = part
    return laid
