"""The hair that hangs: beside the face, behind the neck and over the shoulders."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from viton.synthetic.canvas import Canvas
from viton.synthetic.features import step
from viton.synthetic.hair import Hair, Strands, curls
from viton.synthetic.head_place import HeadPlace
from viton.synthetic.layer import Layer
from viton.synthetic.light import Light
from viton.synthetic.shapes import Floats
from viton.synthetic.skull import BACK, CHIN_DEPTH, FRONT, NOD, TURN, WIDTH, project

BEHIND = 0.42  # how far hair behind the shoulders is drawn below the chin, in head heights; the trunk hides the rest
NOSE_TIP = (0.0, 0.336, 1.42)  # across, up and depth: what hangs on the far side of the head hangs behind it


class Ribbon(NamedTuple):
    """Hair between two edges that run down; each edge (K,2) is x, y in units of the picture's height."""

    left: Floats
    right: Floats
    fade: float  # y over which its upper end appears
    tip: float  # y over which its lower end thins out
    melt: float  # y over which its lower end grows transparent
    relief: float  # how round it is from edge to edge


def side_edge(place: HeadPlace, side: int, up: ArrayLike, thick: ArrayLike) -> Floats:
    """How far across (K,) the skull reaches on one side of the picture at heights `up`, under hair that is `thick`."""
    seen, more = np.asarray(up, np.float32), np.asarray(thick, np.float32)
    turn, nod = place.turn * TURN, place.nod * NOD
    lean = np.sin(nod) * place.half_width / place.height
    ahead = side * place.turn > 0  # whether the outline is the face's or the back of the head's
    own, edge = seen, seen
    for _ in range(2):
        wide, deep = WIDTH(own), FRONT(own) if ahead else -BACK(own)
        edge = np.hypot(wide * np.cos(turn), deep * np.sin(turn))
        depth = deep * deep * np.abs(np.sin(turn)) / np.maximum(edge, 1e-3) * (1 if ahead else -1)
        own = (seen * (np.cos(nod) + CHIN_DEPTH * lean) + (depth - CHIN_DEPTH) * lean) / np.cos(nod)
    return np.asarray(side * (edge + more), np.float32)


def hang(place: HeadPlace, side: int, hair: Hair, front: bool) -> Ribbon:
    """The lock beside the face on one side of the picture."""
    heights = (0.7, 0.62, 0.5)
    thick, flare = hair.volume * (1.15 if hair.style == "curly" else 1.0), 0.05 + 0.5 * hair.volume
    outer = _pairs(side_edge(place, side, heights, np.array((0.4, 0.8, 1.0)) * thick), heights)
    wide = outer[-1][0]
    outer += [(wide + side * flare, 0.25), (wide + side * flare * 1.1, 0.02)]
    within = _beside_face(place, side)
    narrow, bob = within[-1][0], hair.style == "bob"
    low = -max(hair.fall[0 if side > 0 else 1], -0.1) if front or bob else -0.1
    # Towards its end: how far down, and its outer and inner edge.
    if bob:
        ends = [(0.5, wide + 0.7 * side * flare, narrow), (1.0, wide + 0.3 * side * flare, narrow + 0.02 * side)]
    elif front:
        ends = [
            (0.45, wide + side * flare, narrow - 0.2 * side),
            (0.8, wide + side * (flare - 0.02), narrow - 0.22 * side),
            (1.0, wide - 0.12 * side, wide - 0.42 * side),
        ]
    else:
        ends = [(1.0, wide + side * flare, narrow)]
    edges = [
        _drop(place, outer + [(out, part * low) for part, out, _ in ends]),
        _drop(place, within + [(inner, part * low - 0.001) for part, _, inner in ends]),
    ]
    left, right = edges if side < 0 else edges[::-1]
    tip = (0.27 if front else 0.12) * (0.35 if bob else 1.0)
    melt = 0.0 if front or bob else 0.3
    return Ribbon(left, right, 0.14 * place.height, tip * place.height, melt * place.height, 0.7)


def _beside_face(place: HeadPlace, side: int) -> list[tuple[float, float]]:
    """The inner edge of a lock beside the face; on the far side of a turned head it is behind the face."""
    across = np.array((0.86, 0.86, 0.84, 0.83, 0.84, 0.86)) * side
    x, up = project(place, across, (0.66, 0.52, 0.4, 0.3, 0.16, 0.03), (0.6, 0.6, 0.5, 0.42, 0.34, 0.28))
    if side * place.turn > 0:
        nose = side * float(project(place, *NOSE_TIP)[0]) + 0.05
        x = side * np.maximum(np.maximum(side * x, side * side_edge(place, side, np.maximum(up, 0.3), -0.02)), nose)
    return _pairs(x, tuple(up.tolist()))


def mass(place: HeadPlace, hair: Hair) -> Ribbon:
    """All hair behind the neck, from the crown down."""
    edges = []
    for side in (-1, 1):
        low = -(hair.fall[0 if side > 0 else 1] if hair.style in ("bob", "curly") else BEHIND)
        low = max(min(low, 0.1), -BEHIND)
        thick, flare = hair.volume * (1.15 if hair.style == "curly" else 1.0), 0.05 + 0.5 * hair.volume
        heights = (0.7, 0.66, 0.6, 0.5)
        outer = _pairs(side_edge(place, side, heights, np.array((-0.3, -0.05, 0.3, 0.6)) * thick), heights)
        outer[0] = (0.7 * outer[0][0], 0.7)
        wide = outer[-1][0] + side * 0.45 * thick
        outer += [(wide + side * flare, 0.25), (wide + side * flare * 1.05, 0.02)]
        outer += [(wide + side * flare * (0.4 if hair.style == "bob" else 1.0), low)]
        edges.append(_drop(place, outer))
    return Ribbon(edges[0], edges[1], 0.0, 0.1 * place.height, 0.0, 0.22)


def _pairs(across: Floats, up: tuple[float, ...]) -> list[tuple[float, float]]:
    return list(zip(across.tolist(), up, strict=True))


def _drop(place: HeadPlace, points: list[tuple[float, float]]) -> Floats:
    """Picture coordinates of (across, up); what is below the chin hangs straight down, however the head is held."""
    put = place.put(points)
    across, up = np.array(points).T
    low = up < 0
    last = int(np.flatnonzero(~low)[-1])
    put[low, 0] = put[last, 0] + (across[low] - across[last]) * place.half_width
    put[low, 1] = max(place.chin[1], float(put[last, 1]) + 0.002) - up[low] * place.height
    fine = np.linspace(0, len(put) - 1, 44)
    x, y = (np.interp(fine, np.arange(len(put)), values) for values in put.T)
    padded = np.concatenate([2 * x[0] - x[5:0:-1], x, 2 * x[-1] - x[-2:-7:-1]])
    rounded = np.convolve(padded, np.hanning(13)[1:-1] / 6.0, "valid")
    return np.stack([rounded, np.maximum.accumulate(y) + np.arange(len(y)) * 1e-6], 1).astype(np.float32)


def see_ribbon(canvas: Canvas, place: HeadPlace, hair: Hair, ribbon: Ribbon, light: Light, strands: Strands) -> Layer:
    """The ribbon's strands, round from edge to edge and thinning out towards its tip."""
    window = canvas.window(np.concatenate([ribbon.left, ribbon.right]), 0.02)
    x, y = canvas.grid(window)
    if not x.size * y.size:
        return Layer(window, np.zeros((y.size, x.size), np.float32), (0, 0, 0), np.ones((y.size, x.size), np.float32))
    column = y[:, 0]
    left, right = (np.interp(column, edge[:, 1], edge[:, 0])[:, None] for edge in (ribbon.left, ribbon.right))
    top, bottom = max(ribbon.left[0, 1], ribbon.right[0, 1]), min(ribbon.left[-1, 1], ribbon.right[-1, 1])
    down = (y - place.chin[1]) / place.height
    sway, curl = _sway(hair, place, strands, x, down)
    middle, half = (left + right) / 2, np.maximum((right - left) / 2, 0.5 / canvas.scale)
    q = ((x - middle - sway) / half).astype(np.float32)
    across = (q + curl / half) * np.clip(half / place.half_width, 0.15, None)
    fine = 1 / (canvas.scale * place.half_width)
    ragged = strands(across + 2.2, down, min(16.0, 0.5 / fine), 2.5)
    single = strands(across + 8.2, down, min(40.0, 0.6 / fine), 2.0)
    loose, wound = (0.5, 3.5) if hair.style == "curly" else (1.0, 1.2)
    edge = (1 - np.abs(q)) * half + loose * (0.0045 * ragged + 0.0025 * single) * np.clip((down + 0.5) * 2, 0.15, 1)
    cover = step(edge, 2.2 / canvas.scale) * step(right - left, 4 / canvas.scale)
    if ribbon.fade:
        cover = cover * step(y - top - ribbon.fade / 2, ribbon.fade)
    ends = bottom - ribbon.tip * (0.35 + loose * (0.28 * ragged + 0.2 * single) + 0.4 * q * q)
    cover = cover * step(ends - y, 0.12 * ribbon.tip + 1.5 / canvas.scale)
    if ribbon.melt:
        cover = cover * step(bottom - ribbon.melt / 2 - y + 0.02 * ragged * place.height, ribbon.melt)
    height = half * np.sqrt(np.clip(1 - 0.9 * q * q, 0.02, 1)) * 0.8
    shade = light.lit(np.asarray(height, np.float32), canvas.scale, ribbon.relief) * strands.shade(
        across, down * wound, float(fine)
    )
    if hair.wave > 0.3:
        shade = shade * (1 + 0.1 * hair.wave * np.sin(13 * down + 3 * q + 6 * hair.parting))
    return Layer(
        window, np.asarray(cover, np.float32), np.asarray(hair.colour, np.float32), np.asarray(shade, np.float32)
    )


def _sway(hair: Hair, place: HeadPlace, strands: Strands, x: Floats, down: Floats) -> tuple[Floats, Floats]:
    """How far (h,w) waves move all strands aside and curls each one, in units of the picture's height."""
    below = np.clip((down + 0.45) * 2, 0, 1)
    phase = 5 * hair.parting + 4 * np.sign(x - place.chin[0])
    wave = 0.12 * hair.wave * np.sin(11 * down + phase) * below
    if hair.style != "curly":
        return np.asarray(wave * place.half_width, np.float32), np.zeros_like(down)
    curl = curls((x - place.chin[0]) / place.half_width, down, strands)
    return np.asarray(0.6 * wave * place.half_width, np.float32), curl * place.half_width
