"""A head on the canvas: the hair behind it, ears and face, the hair in front."""

from __future__ import annotations

import numpy as np

from viton.synthetic.canvas import Canvas
from viton.synthetic.cap import see_cap
from viton.synthetic.face import EAR, Face
from viton.synthetic.features import LONG, paint_skin, step
from viton.synthetic.hair import HANGING, Hair, Strands
from viton.synthetic.head_place import HeadPlace
from viton.synthetic.layer import Frame, Layer, filled, lay, shadow, thin
from viton.synthetic.light import Light
from viton.synthetic.locks import hang, mass, see_ribbon, side_edge
from viton.synthetic.shapes import Floats
from viton.synthetic.skull import TURN, facing, project, unroll, view

WARM_SHADE = np.array([0.16, -0.03, -0.14], np.float32)  # light that has gone through skin is red
BELOW_JAW = ("neck", "upper_clothes")


def paint_head(
    canvas: Canvas, place: HeadPlace, face: Face, hair: Hair, skin: tuple[float, float, float], light: Light
) -> None:
    """Ears and face; the jaw's shadow falls on what is painted below it."""
    tone = np.asarray(skin, np.float32)
    frame = Frame.around(place, canvas.scale, _reach(place) + 0.35, -0.03, 1.04)
    _paint_nape(canvas, place, tone)
    ears = hair.style not in HANGING  # longer hair covers them
    for side in (-1, 1) if ears else ():
        _paint_ear(canvas, frame, side, tone, light, 1.0)
    rows, columns = round(1.1 * place.height * canvas.scale), round(3.7 * place.half_width * canvas.scale)
    surface = unroll(rows, columns, 1.75, face.build)
    fleck = np.random.default_rng([abs(round(255 * v)) for v in (face.smile, face.open, face.brow)]).normal(
        0, 1, (24, 24)
    )
    table = paint_skin(surface, face, tone, fleck.astype(np.float32))
    seen = view(place, surface, frame.across, frame.up)
    near = seen.look(facing(place, surface))
    shade = light.lit(near * place.half_width, canvas.scale, 0.72) * seen.look(table.dim)
    warm = 1 + np.clip(1 - shade, 0, 0.6)[..., None] * WARM_SHADE
    layer = frame.tilted(canvas, seen.cover, seen.look(table.colour) * warm, shade)
    shadow(canvas, layer.patch(), 0.42, 0.012, 0.018, BELOW_JAW)
    lay(canvas, layer, "face")
    near_side = -1 if place.turn > 0 else 1
    if ears:
        _paint_ear(canvas, frame, near_side, tone, light, float(np.clip((abs(place.turn) - 0.1) / 0.15, 0, 1)))


def _reach(place: HeadPlace) -> float:
    """How far across the skull shows to either side."""
    turn = place.turn * TURN
    return float(np.hypot(np.cos(turn), 1.26 * np.sin(turn)))


def _paint_nape(canvas: Canvas, place: HeadPlace, tone: Floats) -> None:
    """The neck behind the jaw, which a turned head shows below the near ear."""
    if abs(place.turn) < 0.12:
        return
    side = -1 if place.turn > 0 else 1
    high = float(side_edge(place, side, 0.46, -0.1))
    back = side * (1 + 0.4 * max(-place.nod, 0.0))  # a raised chin lowers the back of the head
    edge = [(high, 0.46), (back * 0.86, 0.34), (back * 0.68, 0.2), (side * 0.56, 0.06), (side * 0.52, -0.06)]
    patch = filled(canvas, place.put([*edge, (0.0, -0.06), (0.0, 0.46)]))
    across, up = place.locate(*canvas.grid(patch.window))
    cover = patch.mask * step(up - 0.03, 0.16) * step(side * across - 0.3, 0.5)
    lay(canvas, Layer(patch.window, cover, tone, np.full(up.shape, 0.84, np.float32)), "neck")


def _paint_ear(canvas: Canvas, frame: Frame, side: int, tone: Floats, light: Light, strength: float) -> None:
    """One ear: a sliver seen from the front, a whole shell where the head is turned from it."""
    place = frame.place
    if strength == 0 or side * place.turn > 0.6:
        return
    x, up = project(place, side * EAR[0], EAR[1] + 0.03, EAR[2])
    frame = frame.part(float(x) - 0.5, float(x) + 0.5, float(up) - 0.15, float(up) + 0.15)
    open_ = np.sin(max(-side * place.turn, 0.0) * TURN)
    half = 0.09 + 0.15 * open_
    back = side * (0.045 + 0.05 * open_)  # the shell stands behind the canal
    a = (frame.across[None] - x - back - side * 0.1 * (frame.up[:, None] - up)) * side / half
    u = (frame.up[:, None] - up) / 0.115
    out = np.hypot(a * (1 + 0.25 * np.clip(-u, 0, 1)), u)
    cover = step(1 - out, 0.12) * (1 if strength == 1 and open_ == 0 else step(a + 0.75 + 0.25 * (1 - strength), 0.5))
    hollow = np.exp(-(((out - 0.42) / 0.3) ** 2)) * step(a + 0.5, 0.6)
    height = (
        0.3 * half * place.half_width * np.sqrt(np.clip(1 - out * out, 0, 1)) - 0.12 * half * place.half_width * hollow
    )
    shade = light.lit(height, canvas.scale) * (0.93 - 0.22 * hollow)
    colour = np.broadcast_to(tone * (1.0, 0.92, 0.9), (*out.shape, 3))
    lay(canvas, frame.tilted(canvas, (cover * strength).astype(np.float32), colour, shade.astype(np.float32)), "face")


def paint_back_hair(canvas: Canvas, place: HeadPlace, hair: Hair, light: Light) -> None:
    """The hair behind head and neck."""
    strands = Strands(hair.strands)
    _paint_lining(canvas, place, hair)
    if hair.style == "tied" and hair.bun:
        _paint_bun(canvas, place, hair, light, strands)
    if hair.style not in HANGING:
        return
    layer = see_ribbon(canvas, place, hair, mass(place, hair), light, strands)
    x, y = canvas.grid(layer.window)
    across, up = place.locate(x, y)
    deep = np.exp(-((across / 0.8) ** 2)) * step(0.45 - up, 0.4)
    lay(canvas, layer._replace(shade=layer.shade * (0.95 - 0.5 * deep)), "hair")


def _paint_lining(canvas: Canvas, place: HeadPlace, hair: Hair) -> None:
    """Hair on the far side of the head, so that nothing shines through between a turned face and the hair before it."""
    if abs(place.turn) < 0.1:
        return
    low, part = (0.55, 0.85 if hair.style == "curly" else 0.6) if hair.style in HANGING else (0.64, 0.5)
    up = np.linspace(low, 0.97, 12)
    thick = hair.volume * np.clip((up - low) / 0.12 - 0.3, -0.3, part)
    left, right = (np.stack([side_edge(place, side, up, thick), up], 1) for side in (-1, 1))
    patch = filled(canvas, place.put(np.concatenate([left, right[::-1]])))
    canvas.paint(patch, "hair", hair.colour, 0.6)


def _paint_bun(canvas: Canvas, place: HeadPlace, hair: Hair, light: Light, strands: Strands) -> None:
    """A knot of hair behind the crown."""
    x, up = project(place, 0.0, 1.0, -0.35)
    centre = (float(x), float(up) + 0.14 * hair.bun)
    size = hair.bun
    frame = Frame.around(place, canvas.scale, 1.9, 0.6, 1.5).part(
        centre[0] - 1.3 * size, centre[0] + 1.3 * size, centre[1] - 0.5 * size, centre[1] + 0.5 * size
    )
    a = (frame.across[None] - centre[0]) / size
    b = (frame.up[:, None] - centre[1]) * LONG / (0.85 * size)
    out, way = np.hypot(a, b), np.arctan2(b, a)
    wound = out + 0.16 * way
    fine = float(frame.across[1] - frame.across[0]) if len(frame.across) > 1 else 1.0
    cover = step(1 + 0.03 * strands(wound, way, 3.0) - out, 0.12)
    height = size * place.half_width * np.sqrt(np.clip(1 - 0.9 * out**2, 0.05, 1))
    shade = light.lit(height.astype(np.float32), canvas.scale, 0.8) * strands.shade(0.8 * wound, way, fine)
    colour = np.broadcast_to(np.asarray(hair.colour, np.float32), (*out.shape, 3))
    lay(canvas, frame.tilted(canvas, cover, colour, shade * 0.92), "hair")


def paint_front_hair(canvas: Canvas, place: HeadPlace, hair: Hair, light: Light) -> None:
    """The hair above the brow and beside the face, and the locks that fall in front of a shoulder."""
    strands = Strands(hair.strands)
    frame = Frame.around(place, canvas.scale, _reach(place) + hair.volume + 0.08, 0.22, 1.06 + 0.4 * hair.volume)
    cap = see_cap(frame, hair, light, strands)
    layer = frame.tilted(canvas, cap.cover, cap.colour, cap.shade)
    shadow(canvas, layer.patch(), 0.22, 0.006, 0.006, ("face",))
    lay(canvas, layer, "hair")
    for side in (1, -1) if hair.style in HANGING else ():
        front = hair.in_front[0 if side > 0 else 1]
        lock = see_ribbon(canvas, place, hair, hang(place, side, hair, front), light, strands)
        shadow(canvas, lock.patch(), 0.2, 0.006, 0.003, ("face", "neck", "upper_clothes"))
        lay(canvas, lock, "hair")
    _paint_flyaways(canvas, place, hair)


def _paint_flyaways(canvas: Canvas, place: HeadPlace, hair: Hair) -> None:
    """Single hairs that leave the outline."""
    rng = np.random.default_rng([hair.strands, 1])
    steps, lines = np.linspace(0, 1, 7), []
    for side in (-1, 1):
        start, length = rng.uniform(0.3, 0.98, (10, 1)), rng.uniform(0.05, 0.3, (10, 1))
        if hair.style not in HANGING:
            start, length = 0.62 + 0.36 * start, 0.3 * length
        up = start - length * steps
        away = 0.9 * hair.volume + rng.uniform(0.01, 0.07, (10, 1)) * np.sin(2.6 * steps)
        across = side_edge(place, side, np.maximum(up, 0.45), away)
        lines += list(place.put(np.stack([across, up], -1)).reshape(10, 7, 2))
    thin(canvas, lines, hair.colour, 0.5 if hair.style in HANGING else 0.3)
