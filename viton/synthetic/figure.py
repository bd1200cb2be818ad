"""A person's visible body: legs, trousers or skirt, neck, arms, hands, head and hair, painted part by part."""

from __future__ import annotations

from itertools import pairwise

import numpy as np

from viton.synthetic.body import SIDES, Person
from viton.synthetic.canvas import Canvas, Patch
from viton.synthetic.shapes import Floats, closed_curve, ellipse, open_curve
from viton.synthetic.wear import Arm, arm_radius, below_seam


def paint_wall(canvas: Canvas, person: Person) -> None:
    """The studio: a wall lit from one side, darker towards its corners."""
    x, y = canvas.grid((slice(0, canvas.label.shape[0]), slice(0, canvas.label.shape[1])))
    canvas.colour[:] = person.wall
    glow = 1 - 0.09 * ((x - 0.375) ** 2 / 0.14 + (y - 0.4) ** 2 / 0.36) + 0.05 * person.light * (x - 0.375)
    canvas.shade[:] = np.clip(glow, 0, 1.03)


def paint_lower(canvas: Canvas, person: Person) -> None:
    """Legs in trousers, or bare under a skirt, from the waist to the edge of the picture."""
    b, skin = person.build, np.asarray(person.skin)
    for side, name in ((1, "left_leg"), (-1, "right_leg")):
        if person.lower.kind == "skirt":
            _paint_leg(canvas, person, side, name, skin, 0.4 * b.hip)
        else:
            _paint_leg(canvas, person, side, "pants", np.asarray(person.lower.colour), 0.5 * b.hip)
    if person.lower.kind == "skirt":
        _paint_skirt(canvas, person)
    else:
        _paint_seams(canvas, person)


def _crotch(person: Person) -> float:
    return float(person.joint("left_hip")[1]) + 0.06


def _paint_leg(canvas: Canvas, person: Person, side: int, label: str, colour: Floats, radius: float) -> None:
    """One leg with its half of the seat."""
    name = "left" if side > 0 else "right"
    knee, ankle = person.joint(f"{name}_knee"), person.joint(f"{name}_ankle")
    centre, crotch = person.centre, _crotch(person)
    y = np.linspace(person.waist_y(), crotch, 16)
    seat = np.stack([centre + side * (person.half_width()(y) + 0.003), y], 1)
    at_knee, at_ankle = np.array([side * 0.7 * radius, 0]), np.array([side * 0.66 * radius, 0])
    outer = np.stack([seat[-1], knee + at_knee, ankle + at_ankle])
    fork = np.array([[centre + side * 0.01, crotch + 0.02], [centre, crotch]])
    inner = np.concatenate([[ankle - at_ankle, knee - at_knee], fork])
    past_middle = np.array([[centre - side * 0.002, y[0]]])  # so that no gap shows between the halves
    edges = [seat, open_curve(outer)[1:], open_curve(inner), past_middle]
    patch = canvas.polygon(np.concatenate(edges))
    rows = patch.mask.sum(axis=1, keepdims=True) / canvas.scale  # (h,1): the leg's width as drawn
    x, yy = canvas.grid(patch.window)
    middle = np.where(patch.mask, x, 0).sum(axis=1, keepdims=True) / np.maximum(
        patch.mask.sum(axis=1, keepdims=True), 1
    )
    of_leg = 2 * (x - middle) / np.maximum(rows, 1e-3)
    of_seat = (x - centre) / (1.05 * person.build.hip)
    low = np.clip((yy - crotch + 0.03) / 0.08, 0, 1)
    across = of_leg * low + of_seat * (1 - low)
    crease = 0.07 * low * np.exp(-((of_leg / 0.12) ** 2)) * (label == "pants")
    canvas.paint(
        patch, label, colour, np.clip(1 - 0.32 * np.abs(across) ** 3 + 0.06 * person.light * across + crease, 0.3, 1.2)
    )


def _hips(person: Person, bottom: float, flare: float) -> tuple[Floats, Floats]:
    """Rows y from the waist to `bottom`, and the half-width of the clothes there."""
    half, waist = person.half_width(), person.waist_y()
    y = np.linspace(waist, bottom, 24)
    return y, half(y) + 0.003 + flare * np.clip(y - float(person.joint("left_hip")[1]) + 0.06, 0, 1)


def _paint_seams(canvas: Canvas, person: Person) -> None:
    """Waistband, button, fly and pockets of trousers."""
    centre, waist, crotch, only = person.centre, person.waist_y(), _crotch(person), ("pants",)
    _, half = _hips(person, crotch, 0.0)
    band = np.array([[centre - half[3], waist + 0.034], [centre, waist + 0.037], [centre + half[3], waist + 0.034]])
    canvas.darken(canvas.strokes([open_curve(band)], 0.0022), 0.45, 0.001, only)
    fly = open_curve([[centre, waist + 0.037], [centre + 0.001, crotch - 0.02], [centre, crotch + 0.015]])
    canvas.darken(canvas.strokes([fly], 0.0025), 0.45, 0.0015, only)
    for side in SIDES.values():
        edge = [
            [centre + side * half[at] * share, waist + down]
            for at, share, down in ((4, 0.6, 0.037), (8, 0.72, 0.07), (11, 1.0, 0.09))
        ]
        canvas.darken(canvas.strokes([open_curve(edge)], 0.0022), 0.4, 0.001, only)
    button = canvas.polygon(ellipse((centre, waist + 0.019), (0.006, 0.006)))
    canvas.tint(button, np.asarray(person.lower.colour) * 0.4 + 130, 0.8, within=only)


def _paint_skirt(canvas: Canvas, person: Person) -> None:
    bottom = float(person.joint("left_hip")[1]) + person.lower.length
    y, half = _hips(person, bottom, person.lower.flare)
    edge = np.stack([person.centre + half, y], 1)
    hem = np.stack(
        [
            np.linspace(person.centre + half[-1], person.centre - half[-1], 17),
            bottom + 0.012 * np.sin(np.linspace(0, np.pi, 17)),
        ],
        1,
    )
    outline = np.concatenate([edge, hem, (edge * (-1, 1) + (2 * person.centre, 0))[::-1]])
    _paint_cloth(canvas, person, outline.astype(np.float32), "skirt")


def _paint_cloth(canvas: Canvas, person: Person, outline: Floats, label: str) -> None:
    patch = canvas.polygon(outline)
    x, y = canvas.grid(patch.window)
    across = (x - person.centre) / (person.build.hip * 1.1)
    belt = 0.25 * np.exp(-(((y - person.waist_y() - 0.03) / 0.002) ** 2))
    pleats = 0.07 * np.sin(across * 11 + 2) * np.clip((y - person.waist_y() - 0.05) * 8, 0, 1) * (label == "skirt")
    shade = 1 - 0.3 * np.abs(across) ** 3.5 + 0.06 * person.light * across - belt + pleats
    canvas.paint(patch, label, person.lower.colour, np.clip(shade, 0.3, 1.2), shadow=0.25)


def paint_trunk(canvas: Canvas, person: Person) -> None:
    """The skin of trunk, shoulders and neck, most of which a garment will hide."""
    b, (centre, neck) = person.build, person.joint("neck").tolist()
    y = np.linspace(neck + 0.02, person.waist_y() + 0.03, 20, dtype=np.float32)
    half = person.half_width()(y) * 0.97
    tip, slope = 0.97 * half[0], neck - 0.006
    side = np.stack([half, y], 1)
    up = np.array(
        [
            [b.neck, neck - 0.12],
            [b.neck * 0.98, neck - 0.055],
            [b.neck * 1.25, neck - 0.03],
            [tip * 0.72, slope - 0.006],
            [tip, slope + 0.012],
        ]
    )
    right = np.concatenate([open_curve(up, 24), side])
    outline = np.concatenate([right, (right * (-1, 1))[::-1]]) + np.array([centre, 0])
    patch = canvas.polygon(outline.astype(np.float32))
    x, yy = canvas.grid(patch.window)
    across = (x - centre) / np.where(yy < neck - 0.03, b.neck, b.shoulder)
    under_chin = 0.24 * np.exp(-(((yy - neck + 0.07) / 0.028) ** 2))
    canvas.paint(
        patch,
        "neck",
        person.skin,
        np.clip(0.98 - 0.2 * np.abs(across) ** 3 - under_chin + 0.05 * person.light * across, 0.4, 1.1),
    )
    for sign in SIDES.values():
        bone = open_curve(
            [
                [centre + sign * 0.014, neck + 0.004],
                [centre + sign * 0.05, neck - 0.004],
                [centre + sign * 0.085, neck - 0.008],
            ]
        )
        canvas.darken(canvas.strokes([bone], 0.004), 0.22, 0.003, ("neck",))


def paint_arm(canvas: Canvas, person: Person, arm: Arm, sleeved: bool) -> None:
    """The arm with its hand; under a sleeve its skin ends at the shoulder's seam, where the front's cloth begins."""
    label = "left_arm" if arm.side > 0 else "right_arm"
    along, across = arm.beside
    radius = arm_radius(person, along, arm.whole)
    mask = arm.beside.inside(radius, arm.whole)
    if sleeved:
        mask &= below_seam(arm, radius, person.build.arm) >= 0
    across = across / radius
    below = np.clip((along + 0.02) / 0.1, 0.1, 1)  # the round of the shoulder has no edge towards the trunk
    shade = 1.0 - 0.26 * below * np.abs(across) ** 3 - 0.06 * person.light * across * arm.side
    canvas.paint(Patch(arm.window, mask), label, person.skin, shade, shadow=0.22)
    paint_hand(canvas, person, arm.side, label)


def paint_hand(canvas: Canvas, person: Person, side: int, label: str) -> None:
    """Palm, four fingers and a thumb, pointing on from the forearm."""
    name = "left" if side > 0 else "right"
    elbow, wrist = person.joint(f"{name}_elbow"), person.joint(f"{name}_wrist")
    way = (wrist - elbow) / np.linalg.norm(wrist - elbow)
    inward = side * np.array([-way[1], way[0]])  # across the hand, to the thumb
    size = person.build.arm
    palm_shape = [
        (-0.3, 0.5),
        (0.5, 0.62),
        (1.25, 0.6),
        (1.6, 0.3),
        (1.6, -0.35),
        (1.2, -0.6),
        (0.4, -0.55),
        (-0.3, -0.48),
    ]
    palm = closed_curve([wrist + size * (a * way + c * inward) for a, c in palm_shape])
    fingers = []
    for number, reach in enumerate((2.45, 2.7, 2.62, 2.25)):
        across = 0.44 - 0.29 * number
        tip = (reach, across * 0.8 - 0.06)
        fingers.append(
            open_curve(
                [wrist + size * (a * way + c * inward) for a, c in ((1.2, across), (1.9, across * 0.98), tip)], 8
            )
        )
    thumb = open_curve([wrist + size * (a * way + c * inward) for a, c in ((0.35, 0.4), (1.0, 0.86), (1.55, 0.95))], 8)
    skin = np.asarray(person.skin)
    canvas.paint(canvas.strokes(fingers, 0.3 * size), label, skin * 0.98, 0.95)
    canvas.paint(canvas.polygon(palm), label, skin, 0.98)
    canvas.paint(canvas.strokes([thumb], 0.32 * size), label, skin, 1.0)
    gaps: list[Floats] = [(one[:6] + next_one[:6]) / 2 for one, next_one in pairwise(fingers)]
    canvas.darken(canvas.strokes(gaps, 0.06 * size), 0.3, 0.06 * size, (label,))


def arms_behind(person: Person) -> set[int]:
    """The sides whose arm the trunk hides: the far one of a person who is turned."""
    return {1 if person.yaw > 0 else -1} if abs(person.yaw) > 0.4 else set()


def arms_in_front(person: Person) -> set[int]:
    """The sides whose arm lies in front of the hair."""
    return {1, -1} if person.pose == "arms_crossed" else set()
