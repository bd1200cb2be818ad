"""Colour and soft shadow of a face, painted on its unrolled surface."""

from __future__ import annotations

from typing import NamedTuple

import cv2
import numpy as np
from numpy.typing import ArrayLike

from viton.synthetic.face import EYE, Face
from viton.synthetic.shapes import Floats, Profile
from viton.synthetic.skull import Surface, bump

LONG = 2.8  # an average head's height in half-widths
MOUTH = 0.203  # up of the line between the lips

_BROW = Profile((0.13, 0.2, 0.34, 0.5, 0.62, 0.72), (0.576, 0.579, 0.586, 0.594, 0.59, 0.574))


def step(distance: ArrayLike, soft: float) -> Floats:
    """0 to 1 across an edge that is `soft` wide."""
    return np.asarray(np.clip(np.asarray(distance) / soft + 0.5, 0, 1), np.float32)


class Skin(NamedTuple):
    """A face's table of colours (R,C,3) and of how much soft shadow leaves of the light (R,C)."""

    surface: Surface
    colour: Floats
    dim: Floats
    fine: float  # a row's height, up

    def part(self, centre: tuple[float, float], reach: tuple[float, float]) -> Skin:
        """The part of the table around a place; what is painted on it is painted on the whole."""
        up = self.surface.up[:, 0]
        rows = slice(*np.searchsorted(up, (centre[1] - reach[1], centre[1] + reach[1])).tolist())
        middle = self.surface.across[int(np.searchsorted(up, centre[1]))]
        first, last = int(middle.argmin()), int(middle.argmax())
        inside = np.searchsorted(middle[first : last + 1], (centre[0] - 1.2 * reach[0], centre[0] + 1.2 * reach[0]))
        columns = slice(first + int(inside[0]), first + int(inside[1]) + 1)
        surface = Surface(*(table[rows, columns] for table in self.surface))
        return Skin(surface, self.colour[rows, columns], self.dim[rows, columns], self.fine)

    def mix(self, colour: ArrayLike, weight: Floats) -> None:
        self.colour[:] += weight[..., None] * (np.asarray(colour, np.float32) - self.colour)

    def shade(self, strength: float, where: Floats) -> None:
        self.dim[:] *= 1 - strength * where


def paint_skin(surface: Surface, face: Face, tone: Floats, fleck: Floats) -> Skin:
    """The whole face. tone: (3,) skin.   fleck: (r,c) small noise about 0, stretched over the skin."""
    shape = surface.across.shape
    mottled = 1 + 0.012 * cv2.resize(fleck, shape[::-1], interpolation=cv2.INTER_CUBIC)
    colour = (tone * mottled[..., None]).astype(np.float32)
    skin = Skin(surface, colour, np.ones(shape, np.float32), 1 / len(colour))
    _paint_flush(skin, face, tone)
    for side in (-1, 1):
        _paint_nostril(skin, face, side)
        _paint_socket(skin, face, side, tone)
        _paint_brow(skin, face, side, fleck)
        _paint_eye(skin, face, side)
    _paint_mouth(skin, face)
    return skin


def _paint_flush(skin: Skin, face: Face, tone: Floats) -> None:
    """Cheeks and nose a little redder, a gleam on brow and nose, a shaven beard."""
    warm = tone * (1.0, 0.82, 0.78)
    gleam = np.minimum(tone * 1.06 + 12, 252)
    for side in (-1, 1):
        cheek = skin.part((side * 0.56, 0.36), (0.45, 0.15))
        cheek.mix(
            warm, 0.55 * face.blush * bump(cheek.surface.across, cheek.surface.up, (side * 0.58, 0.36), (0.24, 0.07))
        )
        cheek.mix(gleam, 0.3 * bump(cheek.surface.across, cheek.surface.up, (side * 0.5, 0.425), (0.13, 0.025)))
    nose = skin.part((0, 0.38), (0.3, 0.2))
    x, up = nose.surface.across, nose.surface.up
    nose.mix(warm, 0.3 * bump(x, up, (0, 0.33), (0.16, 0.035)))
    nose.mix(gleam, 0.35 * bump(x, up, (0, 0.345), (0.045, 0.016)) + 0.25 * bump(x, up, (0, 0.44), (0.04, 0.06)))
    nose.shade(0.1, bump(x, up, (0, 0.292), (0.15, 0.014)))
    brow = skin.part((0, 0.67), (0.7, 0.14))
    brow.mix(gleam, 0.22 * bump(brow.surface.across, brow.surface.up, (0, 0.67), (0.34, 0.06)))
    if face.beard:
        x, up = skin.surface.across, skin.surface.up
        jaw = step(0.27 + 0.12 * np.abs(x) ** 2 - up, 0.1) - step(0.2 - np.hypot(x * 0.9, (up - MOUTH) * LONG), 0.1)
        skin.mix(
            np.asarray(face.brows) * 0.4 + tone * 0.5,
            0.3 * face.beard * np.clip(jaw, 0, 1) * (skin.surface.depth > 0.1),
        )


def _paint_nostril(skin: Skin, face: Face, side: int) -> None:
    wide = face.build.nose
    here = skin.part((side * 0.14 * wide, 0.32), (0.16, 0.06))
    x, up = here.surface.across, here.surface.up
    here.shade(0.48, bump(x, up, (side * 0.085 * wide, 0.304), (0.042 * wide, max(0.0075, 0.6 * skin.fine))))
    here.shade(0.1, bump(x, up, (side * 0.235 * wide, 0.318), (0.03, 0.022)))


def _paint_socket(skin: Skin, face: Face, side: int, tone: Floats) -> None:
    """Shadow under the brow and at the nose's root, the lid's tint and the hollow below the eye."""
    here = skin.part((side * EYE[0], 0.51), (0.4, 0.1))
    x, up = here.surface.across, here.surface.up
    here.shade(0.16, bump(x, up, (side * 0.2, 0.52), (0.08, 0.035)))
    here.mix(tone * (0.78, 0.66, 0.64), (0.3 + 0.35 * face.make_up) * bump(x, up, (side * 0.43, 0.53), (0.22, 0.02)))
    here.mix(tone * (0.86, 0.76, 0.76), 0.4 * bump(x, up, (side * 0.36, 0.465), (0.16, 0.013)))


def _paint_brow(skin: Skin, face: Face, side: int, fleck: Floats) -> None:
    here = skin.part((side * 0.43, 0.58), (0.36, 0.06))
    x, up = here.surface.across * side, here.surface.up
    along = np.clip((x - 0.15) / 0.55, 0, 1)
    line = 0.587 + (_BROW(x) - 0.587) * (0.4 + 0.8 * face.arch)
    half = 0.0108 * face.brow * (1 - 0.62 * along**1.5)
    hairs = cv2.resize(fleck[:, : fleck.shape[1] // 2], x.shape[::-1], interpolation=cv2.INTER_LINEAR)
    body = step(half - np.abs(up - line) + 0.0015 * hairs, max(0.011, 1.3 * skin.fine))
    ends = step(x - 0.165, 0.1) * step(0.685 - x, 0.09)
    here.mix(face.brows, (0.48 + 0.32 * np.minimum(along * 4, 1)) * body * ends)


def _paint_eye(skin: Skin, face: Face, side: int) -> None:
    here = skin.part((side * EYE[0], EYE[1]), (0.27, 0.075))
    x, fine = here.surface.across * side, skin.fine
    e = (x - EYE[0]) / 0.198  # -1 at the inner corner, 1 at the outer
    v = here.surface.up - EYE[1] - 0.005 * face.slant * e
    arc = np.clip(1 - e * e, 0, 1)
    upper, lower = 0.032 * face.open * arc**0.75 - 0.001, -0.018 * arc**0.8 - 0.001
    soft = max(0.005, fine)
    inside = step(upper - v, soft) * step(v - lower, soft) * step(1 - np.abs(e), 0.12)
    fair = float(skin.colour[skin.colour.shape[0] // 2, 0].mean() / 210)  # eyes lie in the same shade as the face
    white = np.array([214, 205, 199], np.float32) * (0.3 + 0.7 * fair)
    here.mix(white, 0.88 * inside)
    here.mix((176, 120, 110), 0.5 * inside * step(np.abs(e) - 0.85, 0.3))
    _paint_iris(here, face, side, x, v, inside, fair)
    here.shade(0.42, inside * step(v - upper + 0.013, 0.016))
    lash = np.array([34, 25, 24], np.float32)
    thick = (0.0045 + 0.004 * face.make_up) * (0.75 + 0.3 * e)
    reach = step(1.06 + 0.12 * face.make_up - e, 0.14) * step(e + 1.0, 0.2)
    line = step(np.maximum(thick, 0.42 * fine) - np.abs(v - upper - 0.003 - 0.006 * np.maximum(e - 0.8, 0)), soft)
    here.mix(lash, (0.62 + 0.33 * face.make_up) * line * reach)
    below = step(0.003 - np.abs(v - lower + 0.001), soft) * step(1 - np.abs(e), 0.2)
    here.mix(lash, (0.22 + 0.2 * face.make_up) * below * step(e + 0.3, 1.0))
    crease = np.exp(-(((v - upper * 0.8 - 0.022) / max(0.006, 0.7 * fine)) ** 2)) * step(1.1 - np.abs(e), 0.4)
    here.shade(0.2, crease)


def _paint_iris(here: Skin, face: Face, side: int, x: Floats, v: Floats, inside: Floats, fair: float) -> None:
    """Iris with its dark rim, pupil and the light's reflection."""
    soft = max(0.1, 1.0 * LONG * here.fine / 0.088)
    out = np.hypot(x - EYE[0] - 0.05 * face.gaze * side, (v - 0.007) * LONG) / 0.088
    eyes = np.asarray(face.eyes, np.float32)
    here.mix(eyes * 0.5, inside * step(1 - out, soft))
    here.mix(eyes * 1.1, inside * step(0.8 - out, 0.3))
    here.mix((18, 14, 14), 0.95 * inside * step(0.42 - out, soft))
    glint = np.hypot(x - EYE[0] - 0.05 * face.gaze * side + 0.03 * side, (v - 0.0165) * LONG) / 0.03
    here.mix((250, 250, 250), 0.85 * fair**2 * inside * step(1 - glint, max(0.5, LONG * here.fine / 0.03)))


def _paint_mouth(skin: Skin, face: Face) -> None:
    here = skin.part((0, MOUTH), (0.46, 0.09))
    m = here.surface.across / (0.305 + 0.025 * face.smile)
    bend = 0.012 * face.smile * m * m - 0.003 * np.exp(-((m / 0.25) ** 2))
    v = here.surface.up - MOUTH - bend
    arc, soft, full = np.clip(1 - m * m, 0, 1), max(0.008, skin.fine), face.build.lips
    bow = 0.0045 * np.exp(-((m / 0.13) ** 2)) - 0.002 * np.exp(-(((np.abs(m) - 0.25) / 0.15) ** 2))
    upper, lower = 0.027 * full * arc**1.1 - bow, -0.034 * full * arc**0.8
    lips, ends = np.asarray(face.lips, np.float32), step(1 - np.abs(m), 0.14)
    here.mix(lips * 0.88, 0.85 * step(upper - v, soft) * step(v, soft) * ends)
    here.mix(lips, 0.82 * step(v - lower, soft) * step(-v, soft) * ends)
    here.mix(np.minimum(lips * 1.12 + 24, 255), 0.3 * bump(m, v, (0.0, -0.016 * full), (0.4, 0.008)))
    line = step(0.0028 - np.abs(v), max(0.005, 1.2 * skin.fine)) * step(1.03 - np.abs(m), 0.14)
    here.mix(lips * (0.38, 0.3, 0.32), 0.78 * line)
    here.shade(0.2, bump(np.abs(m), v, (1.04, 0.0), (0.1, 0.012)))
    here.shade(0.14, bump(m, v, (0.0, lower.min() - 0.02), (0.6, 0.016)))
