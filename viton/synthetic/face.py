"""A sampled face, and where its landmarks show."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from viton.synthetic.head_place import HeadPlace
from viton.synthetic.shapes import Floats
from viton.synthetic.skull import Build, depth_at, project

Colour = tuple[float, float, float]  # RGB in 0..255

EYE = (0.42, 0.5)  # across and up of an eye's centre
NOSE = (0.0, 0.336)  # across and up of its tip
EAR = (0.97, 0.43, -0.03)  # across, up and depth of an ear's canal
FAR_EAR_HIDDEN = 0.45  # turn beyond which the face hides the far ear

_EYES = ((84, 56, 40), (104, 72, 46), (110, 98, 62), (104, 118, 100), (100, 124, 144), (120, 136, 146))


class Face(NamedTuple):
    """What differs between faces; lengths are shares of an average face's."""

    build: Build
    eyes: Colour
    lips: Colour
    brows: Colour
    brow: float  # thickness
    arch: float  # of the brows, 0 to 1
    open: float  # how wide the eyes are open
    slant: float  # -1 to 1, positive lifts the outer corner of the eyes
    gaze: float  # -1 to 1, to the person's left
    smile: float  # 0 to 1
    blush: float  # 0 to 1
    make_up: float  # 0 to 1, strength of lashes and lids
    beard: float  # 0 to 1, shade of a shaven beard


def sample_face(rng: np.random.Generator, skin: Colour, hair: Colour, man: bool = False) -> Face:
    """Draw a face that suits the colours of skin and hair, a woman's or a man's.

    The same generator state gives the same face.
    """
    tone, locks = np.asarray(skin, float), np.asarray(hair, float)
    dark = 1 - tone.mean() / 255
    build = Build(
        jaw=rng.uniform(1.0, 1.07) if man else rng.uniform(0.92, 1.02),
        nose=rng.uniform(0.85, 1.02) + 0.08 * man + 0.25 * max(0.0, dark - 0.35),
        lips=rng.uniform(1.0, 1.4) - 0.3 * man + 0.3 * dark,
        cheeks=rng.uniform(0.6, 1.2),
    )
    light_eyes = float(np.clip(1.15 - 2.2 * dark, 0.05, 0.9)) * (locks.mean() > 45)
    eyes = np.array(_EYES[int(rng.integers(2, 6)) if rng.random() < light_eyes else int(rng.integers(0, 2))], float)
    red = np.array([rng.uniform(178, 204), rng.uniform(86, 104), rng.uniform(88, 108)])
    lips = tone * (0.86, 0.68, 0.68) + (0 if man else rng.uniform(0.25, 0.7)) * (
        red * (1.1 - 0.75 * dark) - tone * (0.86, 0.68, 0.68)
    )
    brows = np.minimum(locks * rng.uniform(0.6, 0.85), tone * 0.62)
    return Face(
        build=build,
        eyes=_colour(eyes * rng.uniform(0.85, 1.1)),
        lips=_colour(lips),
        brows=_colour(brows),
        brow=rng.uniform(0.8, 1.2) + 0.25 * man,
        arch=rng.uniform(0.1, 0.4) if man else rng.uniform(0.3, 1.0),
        open=rng.uniform(0.88, 1.14) - 0.1 * man,
        slant=rng.uniform(-0.3, 1.0),
        gaze=float(np.clip(rng.normal(0, 0.3), -0.7, 0.7)),
        smile=rng.uniform(0.15, 1.0),
        blush=0.15 if man else rng.uniform(0.2, 0.9),
        make_up=0.1 if man else rng.uniform(0.4, 1.0),
        beard=rng.uniform(0.2, 0.9) if man else 0.0,
    )


def _colour(values: NDArray[np.floating]) -> Colour:
    red, green, blue = np.clip(values, 0, 255).tolist()
    return red, green, blue


def landmarks(place: HeadPlace) -> tuple[Floats, NDArray[np.bool_]]:
    """(5,2) x, y of nose, right eye, left eye, right ear and left ear, and whether each can be seen (5,).

    Hair is not considered. The person's right is on the picture's left.
    """
    # A nose's tip is put just under its skin, so that it lies on the face even where it is its outline.
    eye, nose = (*EYE, depth_at(*EYE)), (*NOSE, depth_at(*NOSE) - 0.06)
    points = np.array([nose, eye, eye, EAR, EAR]) * [[1, 1, 1], [-1, 1, 1], [1, 1, 1], [-1, 1, 1], [1, 1, 1]]
    seen = np.array([True, True, True, place.turn > -FAR_EAR_HIDDEN, place.turn < FAR_EAR_HIDDEN])
    return place.put(np.stack(project(place, *points.T), 1)), seen
