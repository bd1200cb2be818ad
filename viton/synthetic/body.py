"""A sampled person: joints, widths, colours and habits, before anything is drawn."""

from __future__ import annotations

import colorsys
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from viton.keypoints import COCO18
from viton.synthetic.shapes import Floats, Profile

Colour = tuple[float, float, float]  # RGB in 0..255
JOINT = {name: number for number, name in enumerate(COCO18)}
SIDES = {"left": 1, "right": -1}  # the person's left is on the picture's right

# Arms that cross or rise are rare in catalogues; they are where try-on fails, so a few are made on purpose.
POSES = {"standing": 0.42, "hand_on_hip": 0.2, "turned": 0.16, "arms_crossed": 0.12, "arm_raised": 0.1}
SKIN = ((250, 220, 200), (240, 200, 172), (226, 178, 144), (198, 146, 110), (158, 108, 78), (112, 74, 54))
HAIR = ((40, 30, 28), (66, 44, 34), (104, 70, 44), (146, 100, 60), (196, 158, 104), (150, 72, 44), (122, 112, 106))


class Build(NamedTuple):
    """Half-widths and lengths of a body."""

    shoulder: float
    bust: float
    waist: float
    hip: float
    neck: float
    arm: float
    head: float  # half-width of the face
    face: float  # from chin to crown
    upper_arm: float
    forearm: float
    torso: float  # from the neck joint to the hips


class Face(NamedTuple):
    """What is drawn on the head."""

    eyes: Colour
    lips: Colour
    brow: float  # thickness
    smile: float  # how far the corners of the mouth rise
    jaw: float  # width of the jaw as a share of the face's


class Hair(NamedTuple):
    """Length and fall of the hair."""

    style: str  # "short" or "long"
    colour: Colour
    parting: float  # where the hair parts, -1 to 1 across the head
    fall: tuple[float, float]  # how far below the neck joint the locks on the person's left and right reach
    in_front: tuple[bool, bool]  # whether these locks fall in front of the shoulders


class Lower(NamedTuple):
    """Trousers or skirt."""

    kind: str  # "trousers" or "skirt"
    colour: Colour
    length: float  # of a skirt, below the hips
    flare: float
    tucks: bool  # whether tops are worn tucked in


class Person(NamedTuple):
    """Everything about a person but the garment."""

    pose: str
    yaw: float  # -1 to 1: how far the body turns to its own left
    centre: float
    joints: Floats  # (18,2)
    build: Build
    skin: Colour
    face: Face
    hair: Hair
    lower: Lower
    wall: Colour
    light: float  # -1 to 1: from the picture's left or right

    def joint(self, name: str) -> Floats:
        return self.joints[JOINT[name]]

    def half_width(self) -> Profile:
        """Half-width of the trunk, without arms, as it changes with y."""
        b, top = self.build, float(self.joint("neck")[1])
        down = np.array([-0.01, 0.03, 0.24, 0.37, 0.63, 0.8, 1.0, 1.2]) * b.torso
        wide = [b.shoulder * 1.06, b.shoulder * 1.05, b.bust, b.bust * 0.97, b.waist, b.hip * 0.9, b.hip, b.hip * 0.97]
        return Profile(top + down, np.array(wide) * (1 - 0.12 * abs(self.yaw)))

    def waist_y(self) -> float:
        return float(self.joint("neck")[1]) + 0.68 * self.build.torso


def sample_person(rng: np.random.Generator) -> Person:
    """Draw one person; the same generator state gives the same person."""
    pose = str(rng.choice(list(POSES), p=list(POSES.values())))
    size = rng.uniform(1.01, 1.11)
    build = _build(rng, size)
    yaw = rng.choice([-1, 1]) * rng.uniform(0.5, 1.0) if pose == "turned" else rng.uniform(-0.2, 0.2)
    centre = 0.375 + rng.uniform(-0.025, 0.025)
    joints = _trunk_and_head(rng, build, centre, yaw, size)
    for side, arm in zip(SIDES, _arm_poses(rng, pose), strict=True):
        _place_arm(rng, joints, build, side, arm)
    tone = rng.uniform(0, len(SKIN) - 1)
    shades = np.array(SKIN)
    low = int(tone)
    skin = shades[low] + (shades[min(low + 1, len(SKIN) - 1)] - shades[low]) * (tone - low)
    grey = rng.uniform(226, 246)
    return Person(
        pose, float(yaw), centre, joints.astype(np.float32), build, _colour(skin), _face(rng, skin), _hair(rng),
        _lower(rng), (grey, grey, grey + rng.uniform(-2, 3)), float(rng.uniform(-1, 1)),
    )  # fmt: skip


def _build(rng: np.random.Generator, size: float) -> Build:
    shoulder = rng.uniform(0.118, 0.14) * size
    hip = rng.uniform(0.115, 0.145) * size
    return Build(
        shoulder=shoulder,
        bust=shoulder * rng.uniform(0.82, 0.92),
        waist=min(shoulder, hip) * rng.uniform(0.74, 0.9),
        hip=hip,
        neck=rng.uniform(0.037, 0.045) * size,
        arm=rng.uniform(0.027, 0.036) * size,
        head=rng.uniform(0.059, 0.066) * size,
        face=rng.uniform(0.158, 0.17) * size,
        upper_arm=rng.uniform(0.2, 0.215) * size,
        forearm=rng.uniform(0.172, 0.186) * size,
        torso=rng.uniform(0.36, 0.385) * size,
    )


def _trunk_and_head(rng: np.random.Generator, b: Build, centre: float, yaw: float, size: float) -> NDArray[np.float64]:
    """(18,2) with everything but the arms placed."""
    joints = np.zeros((18, 2))
    crown = rng.uniform(0.025, 0.05)
    chin = crown + b.face
    neck = chin + 0.062 * size
    gaze = centre + b.head * (0.35 * yaw + rng.uniform(-0.12, 0.12))
    narrow = 1 - 0.12 * abs(yaw)
    joints[JOINT["nose"]] = gaze, chin - 0.37 * b.face
    joints[JOINT["neck"]] = centre, neck
    for name, side in SIDES.items():
        tilt = rng.uniform(-0.004, 0.004)
        joints[JOINT[f"{name}_shoulder"]] = centre + side * b.shoulder * narrow, neck + 0.03 * size + tilt
        joints[JOINT[f"{name}_hip"]] = centre + side * 0.52 * b.hip * narrow, neck + b.torso
        joints[JOINT[f"{name}_knee"]] = centre + side * 0.6 * b.hip, neck + b.torso + 0.31 * size
        joints[JOINT[f"{name}_ankle"]] = centre + side * 0.6 * b.hip, neck + b.torso + 0.6 * size
        joints[JOINT[f"{name}_eye"]] = gaze + side * 0.42 * b.head, chin - 0.55 * b.face
        joints[JOINT[f"{name}_ear"]] = centre + side * 0.98 * b.head, chin - 0.48 * b.face
    return joints


def _arm_poses(rng: np.random.Generator, pose: str) -> tuple[str, str]:
    """What the left and the right arm do."""
    if pose == "arms_crossed":
        return ("across_high", "across_low") if rng.random() < 0.5 else ("across_low", "across_high")
    special = {"hand_on_hip": "on_hip", "arm_raised": "raised"}.get(pose, "down")
    both = pose == "hand_on_hip" and rng.random() < 0.25
    if both:
        return special, special
    return (special, "down") if rng.random() < 0.5 else ("down", special)


def _place_arm(rng: np.random.Generator, joints: NDArray[np.float64], b: Build, name: str, arm: str) -> None:
    """Set elbow and wrist of one arm in place."""
    side = SIDES[name]
    shoulder, neck = joints[JOINT[f"{name}_shoulder"]], joints[JOINT["neck"]]
    if arm == "down":
        lean, bend = np.radians(rng.uniform(7, 15)), np.radians(rng.uniform(-6, 5))
        elbow = shoulder + b.upper_arm * np.array([side * np.sin(lean), np.cos(lean)])
        wrist = elbow + b.forearm * np.array([side * np.sin(bend), np.cos(bend)])
    else:
        aim = {
            "on_hip": (side * b.hip * 1.05, b.torso * rng.uniform(0.72, 0.82)),
            "across_high": (-side * b.shoulder * rng.uniform(0.35, 0.6), b.torso * rng.uniform(0.5, 0.56)),
            "across_low": (-side * b.shoulder * rng.uniform(0.35, 0.6), b.torso * rng.uniform(0.58, 0.66)),
            "raised": (side * b.head * rng.uniform(0.95, 1.2), -0.062 - b.face * rng.uniform(0.35, 0.6)),
        }[arm]
        wrist = neck + np.array(aim)
        elbow = _elbow(shoulder, wrist, b.upper_arm, b.forearm, side)
    joints[JOINT[f"{name}_elbow"]], joints[JOINT[f"{name}_wrist"]] = elbow, wrist


def _elbow(
    shoulder: NDArray[np.float64], wrist: NDArray[np.float64], upper: float, fore: float, side: int
) -> NDArray[np.float64]:
    """The elbow that bends away from the trunk, for two bones of given length."""
    reach = wrist - shoulder
    far = min(float(np.linalg.norm(reach)), 0.98 * (upper + fore))
    straight = reach / np.linalg.norm(reach)
    along = (far**2 + upper**2 - fore**2) / (2 * far)
    off = np.sqrt(max(upper**2 - along**2, 0))
    normals = np.array([straight[1], -straight[0]]), np.array([-straight[1], straight[0]])
    outward = max(normals, key=lambda n: side * n[0])
    return shoulder + straight * along + outward * off


def _face(rng: np.random.Generator, skin: NDArray[np.float64]) -> Face:
    eyes = ((70, 48, 34), (92, 110, 70), (84, 116, 150))[rng.integers(3)]
    lips = skin * (0.82, 0.58, 0.6) + (rng.uniform(0, 30), 0, rng.uniform(0, 14))
    return Face(eyes, _colour(lips), rng.uniform(0.004, 0.007), rng.uniform(0.0, 0.006), rng.uniform(0.66, 0.8))


def _hair(rng: np.random.Generator) -> Hair:
    style = "long" if rng.random() < 0.6 else "short"
    fall = rng.uniform(0.03, 0.2, 2)
    return Hair(
        style, HAIR[rng.integers(len(HAIR))], rng.uniform(-0.6, 0.6), (float(fall[0]), float(fall[1])),
        (bool(rng.random() < 0.6), bool(rng.random() < 0.6)),
    )  # fmt: skip


def _lower(rng: np.random.Generator) -> Lower:
    kind = "trousers" if rng.random() < 0.7 else "skirt"
    hue, strength = rng.choice([0.6, 0.62, 0.08, 0.0, 0.35]), rng.uniform(0.05, 0.5)
    colour = np.array(colorsys.hsv_to_rgb(hue, strength, rng.uniform(0.14, 0.7))) * 255
    return Lower(kind, _colour(colour), rng.uniform(0.12, 0.24), rng.uniform(0.0, 0.2), bool(rng.random() < 0.4))


def _colour(values: NDArray[np.float64]) -> Colour:
    r, g, b = np.clip(values, 0, 255).tolist()
    return r, g, b
