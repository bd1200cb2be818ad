"""A sampled person: build, pose, colours and habits, before anything is drawn."""

from __future__ import annotations

import colorsys
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from viton.synthetic.face import Face, landmarks, sample_face
from viton.synthetic.hair import Hair, sample_hair
from viton.synthetic.head_place import HeadPlace
from viton.synthetic.light import Light
from viton.synthetic.pose import (
    JOINT,
    POSES,
    SIDES,
    Arm,
    Build,
    Stance,
    Trunk,
    place_arm,
    place_trunk,
    sample_arms,
    sample_stance,
    trunk_of,
)  # fmt: skip
from viton.synthetic.shapes import Floats

Colour = tuple[float, float, float]  # RGB in 0..255

SKIN = (
    (243, 213, 192), (238, 202, 178), (231, 188, 160), (214, 168, 138), (188, 140, 108), (150, 104, 78), (112, 76, 57),
    (82, 55, 43),
)  # fmt: skip
TONES = (0.16, 0.24, 0.2, 0.12, 0.09, 0.08, 0.07, 0.04)  # how common they are in catalogues
PLAIN = (  # hue, saturation and value of plain trousers and skirts, and how common they are
    (0.6, 0.1, 0.1, 0.3), (0.62, 0.45, 0.2, 0.14), (0.0, 0.02, 0.32, 0.1), (0.09, 0.22, 0.68, 0.1),
    (0.1, 0.06, 0.9, 0.08), (0.98, 0.62, 0.4, 0.08), (0.07, 0.5, 0.34, 0.06), (0.3, 0.2, 0.33, 0.07),
    (0.6, 0.06, 0.55, 0.07),
)  # fmt: skip
HEAD_JOINTS = ("nose", "right_eye", "left_eye", "right_ear", "left_ear")


class Lower(NamedTuple):
    """Trousers or skirt."""

    kind: str  # "trousers" or "skirt"
    style: str  # "skinny", "straight", "wide"; "pencil", "a_line"
    cloth: str  # "plain", "denim" or "pinstripe"
    colour: Colour
    rise: float  # t of the waistband's upper edge on the trunk
    length: float  # of a skirt, below the hips, in torsos
    tucks: bool  # whether tops are worn tucked in
    belt: bool
    seed: int  # of its folds


class Person(NamedTuple):
    """Everything about a person but the garment."""

    pose: str
    build: Build
    trunk: Trunk
    joints: Floats  # (18,2)
    visible: NDArray[np.bool_]  # (18,) what a pose estimator could see, were nothing cropped
    arms: dict[int, Arm]  # by side
    head: HeadPlace
    skin: Colour
    face: Face
    hair: Hair
    lower: Lower
    wall: Colour
    vignette: float  # how much darker the wall is towards the corners
    light: Light

    @property
    def yaw(self) -> float:
        """Radians by which the trunk turns to the picture's right."""
        return self.trunk.stance.yaw

    def joint(self, name: str) -> Floats:
        """(x, y) of a joint."""
        return self.joints[JOINT[name]]


def sample_person(rng: np.random.Generator) -> Person:
    """Draw one person; the same generator state gives the same person."""
    pose = str(rng.choice(list(POSES), p=list(POSES.values())))
    build = sample_build(rng)
    trunk = trunk_of(build, sample_stance(rng, pose, build.torso))
    joints, arms = place_trunk(rng, build, trunk), sample_arms(rng, pose, trunk.stance.yaw)
    for side, arm in arms.items():
        place_arm(rng, joints, build, trunk, side, arm)
    head = _hold_head(rng, build, trunk.stance)
    skin = _skin(rng)
    hair = sample_hair(rng, skin)
    visible = np.ones(18, bool)
    for name, side in SIDES.items():
        for joint in (JOINT[f"{name}_elbow"], JOINT[f"{name}_wrist"]):
            visible[joint] = arms[side].depth != "behind" or not trunk.hides(joints[joint])
    at = [JOINT[name] for name in HEAD_JOINTS]
    joints[at], visible[at] = landmarks(head)
    grey = rng.uniform(222, 243)
    return Person(
        pose, build, trunk, joints.astype(np.float32), visible, arms, head, skin,
        sample_face(rng, skin, hair.colour, man=hair.style == "crop"),
        hair, _lower(rng), (grey, grey - rng.uniform(-0.5, 1), grey - rng.uniform(-1.5, 2)),
        float(rng.uniform(0.03, 0.13)),
        Light(float(rng.uniform(-1, 1)), float(rng.uniform(0.3, 0.8)), float(rng.uniform(0.22, 0.46))),
    )  # fmt: skip


def sample_build(rng: np.random.Generator) -> Build:
    """Draw a body; all lengths go with the torso, which goes with how near the camera stands."""
    torso = float(np.clip(rng.normal(0.402, 0.033), 0.33, 0.48))
    slim = rng.normal(0, 1)  # one trait that widths share
    chest = 0.318 + 0.016 * slim + rng.normal(0, 0.008)
    straight = rng.beta(2, 4)  # 0 has a narrow waist, 1 none
    hip = 0.358 + 0.022 * slim + rng.normal(0, 0.018) - 0.05 * straight
    shares = {
        "shoulder": 0.322 + 0.006 * slim + rng.normal(0, 0.012) + 0.03 * straight,
        "chest": chest,
        "waist": min(chest, hip) * (0.8 + 0.16 * straight + 0.015 * slim),
        "hip": hip,
        "bust": rng.uniform(0.012, 0.05) * (1 - 0.7 * straight),
        "neck": 0.102 + 0.004 * slim + 0.02 * straight,
        "arm": 0.076 + 0.008 * slim + 0.008 * straight,
        "upper_arm": rng.uniform(0.56, 0.65),
        "forearm": rng.uniform(0.55, 0.64),
        "thigh": rng.uniform(0.7, 0.82),
        "head": rng.uniform(0.178, 0.204),
        "face": rng.uniform(0.505, 0.565),
    }
    lengths = {name: float(share * torso) for name, share in shares.items()}
    return Build(torso=torso, depth=float(rng.uniform(0.62, 0.76)), **lengths)


def _hold_head(rng: np.random.Generator, build: Build, stance: Stance) -> HeadPlace:
    """Place the head upon the neck, turned and tilted a little, more for somebody who is turned."""
    roll = float(np.clip(rng.normal(0, 0.09) - 0.5 * stance.shoulders, -0.28, 0.28))
    turn = float(np.clip(rng.normal(0, 0.26) + 0.4 * stance.yaw, -0.55, 0.55))
    nod = float(np.clip(rng.normal(0, 0.26), -0.55, 0.6))
    neck = rng.uniform(0.235, 0.3) * build.torso
    x = stance.neck[0] + 0.55 * neck * np.sin(roll) - 0.03 * build.torso * np.sin(stance.yaw) + 0.03 * build.head * turn
    chin = (float(x), float(stance.neck[1] - neck * np.cos(roll) + 0.02 * nod * build.torso))
    return HeadPlace(chin, build.head, build.face, roll, turn, nod)


def _skin(rng: np.random.Generator) -> Colour:
    shade = rng.choice(len(SKIN), p=TONES)
    near = min(len(SKIN) - 1, shade + 1)
    mixed = np.array(SKIN[shade]) + (np.array(SKIN[near]) - np.array(SKIN[shade])) * rng.random()
    return _colour(mixed * rng.normal(1, 0.012, 3))


def _lower(rng: np.random.Generator) -> Lower:
    kind = "trousers" if rng.random() < 0.76 else "skirt"
    cloth = str(rng.choice(["denim", "plain", "pinstripe"], p=[0.42, 0.52, 0.06])) if kind == "trousers" else "plain"
    style = str(rng.choice(["skinny", "straight", "wide"]) if kind == "trousers" else rng.choice(["pencil", "a_line"]))
    if cloth == "denim":
        rgb = np.array(colorsys.hsv_to_rgb(rng.uniform(0.58, 0.63), rng.uniform(0.2, 0.6), rng.uniform(0.2, 0.68)))
    else:
        hue, strength, value, _ = PLAIN[rng.choice(len(PLAIN), p=[common for *_, common in PLAIN])]
        rgb = np.array(colorsys.hsv_to_rgb(hue, strength, value)) * rng.uniform(0.85, 1.15)
    return Lower(
        kind, style, cloth, _colour(rgb * 255), float(rng.uniform(0.64, 0.84)), float(rng.uniform(0.3, 0.85)),
        bool(rng.random() < 0.42) or style == "a_line", bool(rng.random() < 0.2), int(rng.integers(1 << 31)),
    )  # fmt: skip


def _colour(values: NDArray[np.float64]) -> Colour:
    r, g, b = np.clip(values, 6, 250).tolist()
    return r, g, b


def skin_tone(person: Person, shade: Floats) -> Floats:
    """Colour (h,w,3) of skin in a light: what is shaded turns warmer, since skin lets red light through."""
    dark = np.clip(1 - shade, 0, 0.6)[..., None]
    return np.asarray(np.asarray(person.skin, np.float32) * (1 + dark * np.array([0.08, -0.015, -0.05])), np.float32)
