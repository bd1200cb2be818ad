"""Head and hair."""

from __future__ import annotations

import cv2
import numpy as np

from viton.synthetic.body import SIDES, Person
from viton.synthetic.canvas import Canvas, Patch
from viton.synthetic.shapes import Floats, as_points, closed_curve, ellipse, open_curve


def _outline(person: Person) -> Floats:
    """The face from brow to chin and the skull above, in units of (head half-width, face height) from the chin."""
    jaw = person.face.jaw
    right = [(0.0, 0.0), (0.42 * jaw, -0.02), (jaw, -0.2), (0.97, -0.46), (1.0, -0.66), (0.84, -0.9), (0.45, -1.0)]
    return as_points([*right, *((-x, y) for x, y in right[:0:-1])])


def _placed(person: Person, points: Floats, shift: float = 0.0) -> Floats:
    """Head coordinates to the picture's; `shift` follows the gaze."""
    chin = float(person.joint("nose")[1]) + 0.37 * person.build.face
    gaze = float(person.joint("nose")[0]) - person.centre
    return np.asarray(points, np.float32) * (person.build.head, person.build.face) + (
        person.centre + shift * gaze,
        chin,
    )


def paint_head(canvas: Canvas, person: Person) -> None:
    """Ears, face and features."""
    skin = np.asarray(person.skin)
    for side in SIDES.values():
        ear = _placed(person, ellipse((side * 0.99, -0.48), (0.1, 0.1)))
        canvas.paint(canvas.polygon(ear), "face", skin * 0.9)
    patch = canvas.polygon(_placed(person, closed_curve(_outline(person)), 0.15))
    x, y = canvas.grid(patch.window)
    across = (x - float(person.joint("nose")[0])) / person.build.head
    chin = float(person.joint("nose")[1]) + 0.37 * person.build.face
    up = (chin - y) / person.build.face
    shade = 1.02 - 0.16 * np.abs(across) ** 3 + 0.06 * person.light * across - 0.1 * np.clip(0.16 - up, 0, 1) / 0.16
    canvas.paint(patch, "face", skin, np.clip(shade, 0.5, 1.1), shadow=0.3)
    _paint_features(canvas, person)


def _paint_features(canvas: Canvas, person: Person) -> None:
    skin, face = np.asarray(person.skin), ("face",)
    dark = np.asarray(person.hair.colour) * 0.7
    for side in SIDES.values():
        eye = _placed(
            person,
            closed_curve([(side * 0.2, -0.53), (side * 0.42, -0.56), (side * 0.62, -0.54), (side * 0.42, -0.515)]),
            1,
        )
        canvas.darken(canvas.polygon(_placed(person, ellipse((side * 0.4, -0.57), (0.28, 0.05)), 1)), 0.16, 0.006, face)
        canvas.tint(canvas.polygon(eye), (246, 242, 238), 0.95, within=face)
        iris = canvas.polygon(_placed(person, ellipse((side * 0.42, -0.538), (0.1, 0.03)), 1))
        canvas.tint(iris, person.face.eyes, 1.0, within=face)
        canvas.tint(
            canvas.polygon(_placed(person, ellipse((side * 0.42, -0.538), (0.045, 0.014)), 1)),
            (20, 16, 16),
            1.0,
            within=face,
        )
        lash = _placed(person, open_curve([(side * 0.18, -0.53), (side * 0.42, -0.567), (side * 0.66, -0.543)], 12), 1)
        canvas.tint(canvas.strokes([lash], 0.0035), (34, 24, 22), 0.9, within=face)
        brow = _placed(person, open_curve([(side * 0.16, -0.625), (side * 0.42, -0.66), (side * 0.7, -0.625)], 12), 1)
        canvas.tint(canvas.strokes([brow], person.face.brow), dark, 0.75, 0.001, within=face)
        canvas.tint(
            canvas.polygon(_placed(person, ellipse((side * 0.58, -0.33), (0.24, 0.08)), 0.8)),
            skin * (1.0, 0.8, 0.78),
            0.35,
            0.008,
            face,
        )
        nostril = canvas.polygon(_placed(person, ellipse((side * 0.09, -0.345), (0.06, 0.014)), 1.1))
        canvas.darken(nostril, 0.42, 0.001, face)
    ridge = _placed(
        person, open_curve([(-0.1 * person.light, -0.55), (-0.13 * person.light, -0.42), (0.0, -0.355)], 12), 1.1
    )
    canvas.darken(canvas.strokes([ridge], 0.006), 0.13, 0.004, face)
    canvas.tint(
        canvas.polygon(_placed(person, ellipse((0, -0.38), (0.09, 0.035)), 1.15)),
        np.minimum(skin * 1.12, 255),
        0.4,
        0.003,
        face,
    )
    _paint_mouth(canvas, person)


def _paint_mouth(canvas: Canvas, person: Person) -> None:
    lift = person.face.smile / person.build.face
    corner = -0.205 - lift
    lips = closed_curve([(-0.34, corner), (-0.1, -0.245), (0.0, -0.235), (0.1, -0.245), (0.34, corner), (0.0, -0.155)])
    canvas.tint(canvas.polygon(_placed(person, lips, 1)), person.face.lips, 0.85, 0.0008, ("face",))
    parted = _placed(person, open_curve([(-0.33, corner), (0.0, -0.2), (0.33, corner)], 12), 1)
    canvas.tint(canvas.strokes([parted], 0.0018), np.asarray(person.face.lips) * 0.55, 0.8, within=("face",))
    canvas.darken(canvas.polygon(_placed(person, ellipse((0, -0.125), (0.2, 0.015)), 1)), 0.14, 0.003, ("face",))


def _strands(canvas: Canvas, patch: Patch, person: Person) -> Floats:
    """Shading (h,w) of hair that runs down, with a band of light round the head."""
    x, y = canvas.grid(patch.window)
    noise = np.random.default_rng(int(person.centre * 1e8)).normal(0, 1, (1, canvas.label.shape[1])).astype(np.float32)
    streaks = cv2.GaussianBlur(noise, (0, 0), 0.004 * canvas.scale)[0] * np.sqrt(0.004 * canvas.scale) * 1.8
    bend = 0.006 * np.sin(y * 40 + 9 * person.hair.parting)
    column = np.clip((x + bend) * canvas.scale, 0, len(streaks) - 1).astype(int)
    crown = float(person.joint("nose")[1]) - 0.5 * person.build.face
    sheen = 0.25 * np.exp(-(((y - crown) / 0.02) ** 2))
    return np.clip(0.95 + 0.16 * streaks[column] + sheen, 0.5, 1.5).astype(np.float32)


def _paint_hair(canvas: Canvas, person: Person, points: Floats, shadow: float, dim: float = 1.0) -> None:
    patch = canvas.polygon(points)
    canvas.paint(patch, "hair", np.asarray(person.hair.colour) * dim, _strands(canvas, patch, person), shadow=shadow)


def paint_back_hair(canvas: Canvas, person: Person) -> None:
    """The hair behind head and neck."""
    if person.hair.style == "short":
        ring = [
            (0, -1.09),
            (0.7, -1.02),
            (1.1, -0.78),
            (1.12, -0.45),
            (0.9, -0.2),
            (-0.9, -0.2),
            (-1.12, -0.45),
            (-1.1, -0.78),
            (-0.7, -1.02),
        ]
        _paint_hair(canvas, person, _placed(person, closed_curve(ring)), 0.0, 0.8)
        return
    low = 0.42
    ring = [
        (0, -1.1),
        (0.72, -1.03),
        (1.18, -0.75),
        (1.26, -0.3),
        (1.4, low * 0.5),
        (1.05, low),
        (-1.05, low),
        (-1.4, low * 0.5),
        (-1.26, -0.3),
        (-1.18, -0.75),
        (-0.72, -1.03),
    ]
    _paint_hair(canvas, person, _placed(person, closed_curve(ring)), 0.0, 0.75)


def paint_front_hair(canvas: Canvas, person: Person) -> None:
    """The hair above the brow, and long locks beside the face or falling in front of a shoulder."""
    part = person.hair.parting
    for side in SIDES.values():
        top = [(part, -1.09), (side * 0.6, -1.06), (side * 1.04, -0.88), (side * 1.13, -0.6), (side * 1.08, -0.44)]
        under = [(side * 0.95, -0.5), (side * 0.9, -0.68), ((part + side) * 0.45, -0.8), (part, -0.9)]
        points = np.concatenate([open_curve(top), open_curve(under)])
        _paint_hair(canvas, person, _placed(person, points), 0.25)
        if person.hair.style == "long":
            _paint_lock(canvas, person, side)


def _paint_lock(canvas: Canvas, person: Person, side: int) -> None:
    """A lock from the temple down; behind the shoulder it ends at the neck's side."""
    which = 0 if side > 0 else 1
    neck = float(person.joint("neck")[1])
    chin = float(person.joint("nose")[1]) + 0.37 * person.build.face
    end = (neck + person.hair.fall[which] - chin) / person.build.face if person.hair.in_front[which] else 0.28
    outer = [(1.1, -0.7), (1.24, -0.35), (1.32, 0.05), (1.38, end * 0.6), (1.12, end)]
    inner = [(1.0, end - 0.02), (0.72, end * 0.6), (0.86, 0.02), (0.93, -0.35), (0.9, -0.7)]
    points = np.concatenate([open_curve(outer), open_curve(inner)]) * (side, 1)
    _paint_hair(canvas, person, _placed(person, points), 0.3)
