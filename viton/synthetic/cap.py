"""The hair that lies on the skull."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from viton.synthetic.features import LONG, step
from viton.synthetic.hair import HANGING, Hair, Strands, curls
from viton.synthetic.layer import Frame
from viton.synthetic.light import Light
from viton.synthetic.shapes import Floats, Profile
from viton.synthetic.skull import facing, raised, unroll, view

REACH = 2.7  # radians to each side that the hair's surface is unrolled to

# Lower edge of the hair (up) at an angle from the front of the head.
_HAIRLINE = Profile(
    (0, 0.3, 0.6, 0.85, 1.02, 1.16, 1.28, 1.42, 1.55, 1.8, 2.1, 2.7),
    (0.81, 0.82, 0.805, 0.75, 0.68, 0.6, 0.5, 0.47, 0.56, 0.5, 0.41, 0.37),
)
_CURTAIN = Profile(
    (0, 0.25, 0.5, 0.7, 0.88, 1.02, 1.14, 1.3, 1.6), (0.835, 0.82, 0.775, 0.71, 0.61, 0.5, 0.38, 0.27, 0.2)
)
_FRINGE = Profile((0, 0.5, 0.75, 0.95, 1.08, 1.2, 1.6), (0.625, 0.618, 0.605, 0.54, 0.44, 0.3, 0.2))
_MOP = Profile((0, 0.4, 0.7, 0.9, 1.05, 1.2, 1.6), (0.8, 0.78, 0.7, 0.58, 0.45, 0.32, 0.2))

_UNEVEN = {"crop": 0.012, "pixie": 0.02, "tied": 0.007, "curly": 0.016}  # how far (up) the line wavers, by style


class Cap(NamedTuple):
    """The hair on the skull as it is seen before the head is tilted: cover (h,w), colour (h,w,3) and shade (h,w)."""

    cover: Floats
    colour: Floats
    shade: Floats


def see_cap(frame: Frame, hair: Hair, light: Light, strands: Strands) -> Cap:
    """Hair from its line above the brow over the crown to the nape."""
    place = frame.place
    plain = unroll(64, 112, REACH)
    edge = _edge(hair, np.linspace(-REACH, REACH, 112, dtype=np.float32)[None])
    # Hair grows out of the skull: it has no height at its line, where the skin shows through.
    above = plain.up - edge - 0.015 - 1.5 * _UNEVEN.get(hair.style, 0.008)
    surface = raised(plain, REACH, hair.volume * np.sqrt(np.clip(above / 0.09, 0, 1)))
    seen = view(place, surface, frame.across, frame.up)
    angle = (seen.columns / 111 * 2 - 1) * REACH
    looked = seen.look(np.dstack([*plain, facing(place, surface)]))
    x, up, depth, near = (np.ascontiguousarray(looked[..., n]) for n in range(4))
    fine = frame.across[1] - frame.across[0]
    across, along = _flow(hair, x, up, depth)
    if hair.style == "curly":
        across, along = across + curls(x, up, strands), 4.5 * along
    cover = seen.cover * _covered(hair, angle, x, up, strands, across, along, float(fine))
    noise = strands.shade(across, along, float(fine))
    shade = light.lit(near * place.half_width, frame.scale, 0.75) * noise
    gleam = _gleam(frame, hair, light, x, up) * np.clip(1 + 2.2 * (noise - 1), 0.3, 1.9)
    rim = step(up - _edge(hair, angle) - 0.015, 0.06)
    shade *= 0.82 + 0.18 * rim
    colour = np.asarray(hair.colour, np.float32) + gleam[..., None] * (np.asarray(hair.colour, np.float32) * 0.5 + 26)
    return Cap(cover.astype(np.float32), colour, shade)


def _edge(hair: Hair, angle: Floats) -> Floats:
    """Lower edge (up) of the hair at an angle from the front."""
    if hair.style not in HANGING:
        return _HAIRLINE(np.abs(angle))
    part = 0.5 * hair.parting
    leaning = np.abs(angle - part * np.clip(1 - np.abs(angle) / 1.1, 0, 1))
    return (_FRINGE if hair.fringe else _MOP if hair.style == "curly" else _CURTAIN)(leaning)


def _flow(hair: Hair, x: Floats, up: Floats, depth: Floats) -> tuple[Floats, Floats]:
    """Coordinates (h,w) across the strands and along them."""
    if hair.style == "tied":
        return np.arctan2(x, (up - 0.3) * LONG + 0.05) * 0.9, depth
    if hair.style in ("crop", "pixie"):
        lean = 0.5 * np.sign(hair.parting)
        return x * 0.9 + lean * (up * LONG - depth * 0.4), up * LONG
    wavy = 0.03 * hair.wave * np.sin(9 * np.abs(x) + 5 * up)
    if hair.fringe:
        front = step(depth - 0.55, 0.5)
        return front * x + (1 - front) * depth + wavy, up * LONG
    away = np.arctan2(depth, (up + 0.5) * LONG) * 3.2
    apart = 7 * (x > 0.45 * hair.parting) if hair.style != "curly" else 0.6 * x
    return away + wavy + apart, np.abs(x) + up


def _covered(
    hair: Hair, angle: Floats, x: Floats, up: Floats, strands: Strands, across: Floats, along: Floats, fine: float
) -> Floats:
    """Share (h,w) of the skull that hair covers, thinning out strand by strand at its line."""
    ragged = strands(across + 5.3, along, min(30.0, 0.6 / fine), 1.5)
    uneven: Floats | float = _UNEVEN.get(hair.style, 0.008)
    soft = {"crop": 0.05, "tied": 0.07, "pixie": 0.035, "curly": 0.05}.get(hair.style, 0.03)
    if hair.style in ("long", "wavy", "bob"):
        uneven = uneven * step(up - 0.72, 0.1)  # what hangs beside the face has a smooth edge
    cover = step(up - _edge(hair, angle) + uneven * ragged, soft)
    if hair.style in HANGING:
        cover = cover * step(up - 0.36, 0.14)  # lower down the hanging locks go on
    if hair.style in ("long", "wavy", "bob") and not hair.fringe:
        line = np.exp(-(((angle - 0.5 * hair.parting) / 0.035) ** 2)) * step(up - 0.85, 0.06)
        cover = cover * (1 - 0.42 * line)
    return np.asarray(cover, np.float32)


def _gleam(frame: Frame, hair: Hair, light: Light, x: Floats, up: Floats) -> Floats:
    """The band of light (h,w) that runs round smooth hair below the crown."""
    strength = {"curly": 0.12, "crop": 0.2, "pixie": 0.25, "wavy": 0.35, "tied": 0.28}.get(hair.style, 0.5)
    bent = (up - 0.87 + 0.06 * (frame.across[None] - 0.3 * light.side) ** 2) / 0.05
    strength *= 1.1 - float(np.mean(hair.colour)) / 260  # fair hair is bright enough
    return np.asarray(strength * np.exp(-(bent**2)) * (0.6 + 0.4 * np.cos(2.5 * (x - 0.5 * light.side))), np.float32)
