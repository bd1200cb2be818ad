"""Hands: a palm, four fingers and a thumb, pointing on from the forearm."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import pairwise
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from viton.synthetic.body import Person, skin_tone
from viton.synthetic.canvas import LABEL, Canvas, Patch, Window
from viton.synthetic.light import swell
from viton.synthetic.relief import step
from viton.synthetic.shapes import Floats, closed_curve, open_curve

Points = tuple[tuple[float, float], ...]


class HandShape(NamedTuple):
    """A hand's curves in hand lengths: (N,2) of along it, across it towards the thumb."""

    palm: Floats
    fingers: list[Floats]
    thumb: Floats

    @classmethod
    def through(cls, palm: Points, fingers: tuple[Points, ...], thumb: Points) -> HandShape:
        """Smooth curves through a few points."""
        return cls(closed_curve(palm), [open_curve(finger, 10) for finger in fingers], open_curve(thumb, 10))


RELAXED = HandShape.through(  # hanging, seen from the thumb's side
    palm=((-0.06, 0.105), (0.14, 0.15), (0.36, 0.15), (0.5, 0.1), (0.52, -0.08), (0.34, -0.16), (0.12, -0.14),
          (-0.06, -0.105)),
    fingers=(
        ((0.44, 0.06), (0.64, 0.09), (0.8, 0.06), (0.9, 0.0)),
        ((0.46, 0.0), (0.68, 0.02), (0.88, -0.02), (0.97, -0.08)),
        ((0.44, -0.06), (0.66, -0.06), (0.84, -0.1), (0.92, -0.15)),
        ((0.4, -0.1), (0.58, -0.12), (0.72, -0.15), (0.78, -0.18)),
    ),
    thumb=((0.1, 0.08), (0.26, 0.15), (0.42, 0.17), (0.54, 0.13)),
)  # fmt: skip
BACK = HandShape.through(  # laid on something, seen from its back
    palm=((-0.06, 0.105), (0.16, 0.17), (0.36, 0.2), (0.5, 0.19), (0.53, -0.16), (0.34, -0.19), (0.12, -0.15),
          (-0.06, -0.105)),
    fingers=(
        ((0.46, 0.13), (0.64, 0.14), (0.8, 0.12), (0.88, 0.09)),
        ((0.48, 0.045), (0.68, 0.05), (0.88, 0.03), (0.97, 0.0)),
        ((0.47, -0.045), (0.67, -0.045), (0.84, -0.06), (0.92, -0.085)),
        ((0.42, -0.12), (0.58, -0.13), (0.7, -0.15), (0.77, -0.17)),
    ),
    thumb=((0.1, 0.11), (0.24, 0.2), (0.38, 0.25), (0.5, 0.24)),
)  # fmt: skip


CREASE = open_curve(((0.08, 0.09), (0.24, 0.16), (0.38, 0.17)), 10)  # at the ball of the thumb


class HandPlace(NamedTuple):
    """A hand's frame in the picture."""

    wrist: Floats
    way: Floats  # along the hand
    aside: Floats  # towards the thumb
    size: float  # length of the hand

    def put(self, points: Floats) -> Floats:
        """(N,2) hand coordinates to the picture's."""
        return (self.wrist + self.size * (points[:, :1] * self.way + points[:, 1:] * self.aside)).astype(np.float32)


def hold_hand(person: Person, side: int) -> HandPlace:
    """Where the hand is: it bends a little from the forearm, on towards the body."""
    name = "left" if side > 0 else "right"
    elbow, wrist = person.joint(f"{name}_elbow"), person.joint(f"{name}_wrist")
    way = (wrist - elbow) / np.linalg.norm(wrist - elbow)
    kind = person.arms[side].kind
    bent = side * {"down": 0.1, "on_hip": -0.55, "front_low": 0.15, "raised": 0.08}.get(kind, 0.0)
    way = np.array([way[0] * np.cos(bent) - way[1] * np.sin(bent), way[0] * np.sin(bent) + way[1] * np.cos(bent)])
    # Hanging hands turn their thumbs to the camera and the body; folded arms turn them up.
    aside = side * np.array([-way[1], way[0]])
    return HandPlace(wrist, way, aside, 0.295 * person.build.torso)


def paint_hand(canvas: Canvas, person: Person, side: int, label: str) -> None:
    """Draw one hand, rounded and with gaps between its fingers."""
    place = hold_hand(person, side)
    shape = RELAXED if person.arms[side].kind in ("down", "back") else BACK
    fingers, size = [place.put(finger) for finger in shape.fingers], place.size
    thumb, palm = place.put(shape.thumb), place.put(shape.palm)
    window = canvas.window(np.concatenate([*fingers, palm, thumb]), 0.1 * size)
    parts = (canvas.polygon(palm), canvas.strokes(fingers, 0.1 * size), canvas.strokes([thumb], 0.095 * size))
    mask = _union(window, parts)
    arm = canvas.strokes([_forearm(person, side)], 1.02 * person.build.arm)
    height = swell(mask | _union(window, (arm,)), canvas.scale, 0.12 * size)
    x, y = canvas.grid(window)
    along = ((x - place.wrist[0]) * place.way[0] + (y - place.wrist[1]) * place.way[1]) / size
    shade = person.light.lit(height, canvas.scale)
    lit = np.asarray(skin_tone(person, shade) * shade[..., None], np.float32)
    arm_there = canvas.colour[window] * canvas.shade[window][..., None]
    own = np.where(canvas.label[window] == LABEL[label], step(along, -0.12, 0.14), 1)[..., None]
    canvas.paint(Patch(window, mask & (along > -0.12)), label, arm_there + own * (lit - arm_there))
    gaps: list[Floats] = [np.asarray((one[1:8] + other[1:8]) / 2) for one, other in pairwise(fingers)]
    canvas.darken(canvas.strokes(gaps, 0.018 * size), 0.34, 0.012 * size, (label,))
    crease = place.put(CREASE)
    canvas.darken(canvas.strokes([crease], 0.012 * size), 0.22, 0.02 * size, (label,))


def _forearm(person: Person, side: int) -> Floats:
    """The lower forearm, that a hand goes over into without an edge."""
    name = "left" if side > 0 else "right"
    elbow, wrist = person.joint(f"{name}_elbow"), person.joint(f"{name}_wrist")
    return np.stack([wrist + 0.3 * (elbow - wrist), wrist])


def _union(window: Window, patches: Iterable[Patch]) -> NDArray[np.bool_]:
    """The pixels of a window (h,w) that any of the patches covers."""
    mask = np.zeros((window[0].stop - window[0].start, window[1].stop - window[1].start), bool)
    for patch in patches:
        rows, columns = (
            slice(max(one.start, other.start), min(one.stop, other.stop))
            for one, other in zip(window, patch.window, strict=True)
        )
        if rows.start < rows.stop and columns.start < columns.stop:
            mask[_within(rows, columns, window)] |= patch.mask[_within(rows, columns, patch.window)]
    return mask


def _within(rows: slice, columns: slice, window: Window) -> Window:
    """Rows and columns of the canvas, counted from a window's corner."""
    top, left = window[0].start, window[1].start
    return slice(rows.start - top, rows.stop - top), slice(columns.start - left, columns.stop - left)
