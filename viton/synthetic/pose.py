"""Where the joints of a person are: trunk, legs and arms, in units of the picture's height."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from viton.keypoints import COCO18
from viton.synthetic.shapes import Floats, Profile

JOINT = {name: number for number, name in enumerate(COCO18)}
SIDES = {"left": 1, "right": -1}  # the person's left is on the picture's right

# Arms that cross or rise are rare in catalogues; they are where try-on fails, so a few are made on purpose.
POSES = {
    "standing": 0.36, "hand_on_hip": 0.17, "turned": 0.17, "hand_in_front": 0.12, "arms_crossed": 0.09,
    "arm_raised": 0.09,
}  # fmt: skip


class Build(NamedTuple):
    """Lengths and half-widths of a body."""

    torso: float  # from the neck joint to the middle of the hips
    shoulder: float  # half the distance of the shoulder joints
    chest: float
    waist: float
    hip: float
    depth: float  # of the chest over its half-width
    bust: float  # how far the breasts stand out
    neck: float
    arm: float  # half-width of the upper arm
    upper_arm: float
    forearm: float
    thigh: float  # from hip to knee
    head: float  # half-width of the skull
    face: float  # from chin to crown


class Stance(NamedTuple):
    """How the trunk is held."""

    neck: tuple[float, float]
    lean: float  # how far the hips are to the picture's right of the neck
    bow: float  # how far the waist leaves the line between them
    shoulders: float  # slope of the line of the shoulders, positive where the picture's right is lower
    hips: float  # and of the hips
    yaw: float  # radians: how far the trunk turns to the picture's right


class Arm(NamedTuple):
    """What one arm does, and where it lies: behind the trunk, beside it or in front of it."""

    kind: str  # "down", "back", "front_low", "on_hip", "across_high", "across_low" or "raised"
    depth: str  # "behind", "beside" or "front"


class Trunk(NamedTuple):
    """A trunk's own coordinates: `t` runs from the neck joint (0) to the hips (1) and on, along a bent middle line."""

    stance: Stance
    length: float
    width: Profile  # half-width by t, seen from the front
    depth: Profile  # half-depth by t

    def middle(self, t: Floats) -> Floats:
        """x of the middle line."""
        held = np.clip(t, 0, 1)
        lean = self.stance.lean * (np.minimum(t, 1) + 0.15 * np.maximum(t - 1, 0))
        return np.asarray(self.stance.neck[0] + lean + self.stance.bow * 4 * held * (1 - held))

    def slope(self, t: Floats) -> Floats:
        """Slope of the line across the trunk."""
        low = np.clip(t, 0, 1)
        return np.asarray(self.stance.shoulders + (self.stance.hips - self.stance.shoulders) * low)

    def locate(self, x: Floats, y: Floats) -> tuple[Floats, Floats]:
        """(across, t) of pixels x (1,w), y (h,1); `across` is in units of height."""
        top, length = self.stance.neck[1], self.length
        rough = (y - top) / length
        across = x - self.middle(rough)
        t = (y - self.slope(rough) * across - top) / length
        return x - self.middle(t), t

    def hides(self, point: NDArray[np.float64]) -> bool:
        """Whether the trunk lies before a point (x, y) behind it."""
        x, y = np.asarray(point, np.float32)[:, None, None]
        across, t = self.locate(x, y)
        yaw = self.stance.yaw
        half = np.hypot(self.width(t) * np.cos(yaw), self.depth(t) * np.sin(yaw))
        return bool((np.abs(across) < half).all() and float(t.max()) < 1.2)

    def place(self, across: float, t: float) -> NDArray[np.float64]:
        """(x, y) of a place of the trunk."""
        at = np.array(t)
        return np.array(
            [float(self.middle(at)) + across, self.stance.neck[1] + self.length * t + across * self.slope(at)]
        )


def sample_stance(rng: np.random.Generator, pose: str, torso: float) -> Stance:
    """Draw how the trunk is held, with the weight on one leg or on both."""
    turned = rng.choice([-1, 1]) * (rng.uniform(0.38, 0.68) if pose == "turned" else rng.uniform(0, 0.3))
    relaxed = rng.normal(0, 1)  # the sign is the side that carries the weight
    return Stance(
        neck=(float(0.387 + rng.normal(0, 0.02)), float(0.334 + 0.5 * (torso - 0.4) + rng.uniform(-0.036, 0.036))),
        lean=float(np.clip(rng.normal(0, 0.055) + 0.04 * relaxed, -0.11, 0.11) * torso),
        bow=float(-0.02 * relaxed * torso),
        shoulders=float(np.clip(0.045 * relaxed + rng.normal(0, 0.03), -0.13, 0.13)),
        hips=float(np.clip(-0.055 * relaxed + rng.normal(0, 0.02), -0.1, 0.1)),
        yaw=float(turned),
    )


def trunk_of(build: Build, stance: Stance) -> Trunk:
    """The trunk's outline between shoulders and thighs."""
    t = np.array([-0.3, -0.1, 0.06, 0.2, 0.33, 0.46, 0.63, 0.8, 1.0, 1.12, 1.3])
    b = build
    wide = [
        0.9 * b.shoulder, 1.0 * b.shoulder, 1.02 * b.shoulder, 0.99 * b.chest, b.chest, 0.55 * b.chest + 0.45 * b.waist,
        b.waist, 0.45 * b.waist + 0.55 * b.hip, 0.97 * b.hip, b.hip, 0.97 * b.hip,
    ]  # fmt: skip
    deep = np.array([0.05, 0.14, 0.5, 0.86, 1.0, 0.94, 0.86, 0.96, 1.06, 1.04, 1.0]) * b.depth * b.chest
    return Trunk(stance, b.torso, Profile(t, np.array(wide)), Profile(t, deep))


def place_trunk(rng: np.random.Generator, build: Build, trunk: Trunk) -> NDArray[np.float64]:
    """(18,2) joints with shoulders, hips and legs in place."""
    joints, b, stance = np.zeros((18, 2)), build, trunk.stance
    joints[JOINT["neck"]] = stance.neck
    bent, spread = rng.choice([-1, 1]), rng.uniform(0.14, 0.215) * b.torso
    for name, side in SIDES.items():
        across = side * b.shoulder * np.cos(stance.yaw) + 0.03 * b.torso * np.sin(stance.yaw)
        joints[JOINT[f"{name}_shoulder"]] = trunk.place(across, 0.0)
        hip = trunk.place(side * 0.58 * b.hip * np.cos(0.8 * stance.yaw), 1.0)
        knee = hip + np.array([side * (spread - 0.57 * b.hip) + rng.normal(0, 0.012), b.thigh])
        if side == bent:  # the leg that carries no weight comes forward and a little inward
            knee += np.array([-side * rng.uniform(0, 0.03), -0.05 * b.thigh])
        joints[JOINT[f"{name}_hip"]], joints[JOINT[f"{name}_knee"]] = hip, knee
        joints[JOINT[f"{name}_ankle"]] = knee + np.array([rng.normal(0, 0.012), b.thigh * 0.98])
    return joints


def sample_arms(rng: np.random.Generator, pose: str, yaw: float) -> dict[int, Arm]:
    """What the left (1) and the right (-1) arm do."""
    if pose == "arms_crossed":
        high = rng.choice([-1, 1])
        return {high: Arm("across_high", "front"), -high: Arm("across_low", "front")}
    chosen = rng.choice([-1, 1])
    kinds = {1: "down", -1: "down"}
    if pose in ("hand_on_hip", "arm_raised", "hand_in_front"):
        kinds[chosen] = {"hand_on_hip": "on_hip", "arm_raised": "raised", "hand_in_front": "front_low"}[pose]
    if pose == "hand_on_hip" and rng.random() < 0.25:
        kinds[-chosen] = "on_hip"
    elif kinds[-chosen] == "down" and rng.random() < 0.12:
        kinds[-chosen] = "back"
    return {side: Arm(kind, _depth(kind, side, yaw)) for side, kind in kinds.items()}


def _depth(kind: str, side: int, yaw: float) -> str:
    """Where an arm lies: the far arm of somebody who is turned is hidden by the trunk."""
    if kind in ("front_low", "across_high", "across_low", "raised"):
        return "front"
    if kind == "back" or (side * yaw > 0.36 and kind == "down"):
        return "behind"
    return "beside"


def place_arm(
    rng: np.random.Generator, joints: NDArray[np.float64], build: Build, trunk: Trunk, side: int, arm: Arm
) -> None:
    """Set elbow and wrist of one arm in place."""
    name = "left" if side > 0 else "right"
    shoulder, b = joints[JOINT[f"{name}_shoulder"]], build
    if arm.kind == "down":
        lean, bend = np.radians(rng.uniform(3, 17)), np.radians(rng.uniform(-9, 8))
        elbow = shoulder + b.upper_arm * np.array([side * np.sin(lean), np.cos(lean)])
        wrist = elbow + b.forearm * np.array([side * np.sin(bend), np.cos(bend)])
    else:
        upper, fore = b.upper_arm, b.forearm
        wrist = _aim(rng, joints, b, trunk, side, arm.kind)
        if arm.depth == "front":  # an arm that comes forward is foreshortened
            upper, fore = upper * rng.uniform(0.86, 0.95), fore * rng.uniform(0.9, 1.0)
        elbow, wrist = _bend(shoulder, wrist, upper, fore, side)
    joints[JOINT[f"{name}_elbow"]], joints[JOINT[f"{name}_wrist"]] = elbow, wrist


def _aim(
    rng: np.random.Generator, joints: NDArray[np.float64], b: Build, trunk: Trunk, side: int, kind: str
) -> NDArray[np.float64]:
    """Where the wrist goes."""
    near, turn = side * b.chest, np.cos(trunk.stance.yaw)
    if kind == "raised":
        head = joints[JOINT["neck"]] - np.array([0, 0.3 * b.torso + b.face * rng.uniform(0.4, 0.75)])
        return np.asarray(head + np.array([side * b.head * rng.uniform(1.7, 2.05), 0.0]))
    across, t = {
        "on_hip": (side * b.hip * rng.uniform(1.0, 1.12), rng.uniform(0.72, 0.84)),
        "back": (side * b.hip * rng.uniform(0.2, 0.45), rng.uniform(0.72, 0.86)),
        "front_low": (-near * rng.uniform(-0.4, 0.1), rng.uniform(0.94, 1.1)),
        "across_high": (-near * rng.uniform(0.4, 0.6), rng.uniform(0.42, 0.48)),
        "across_low": (-near * rng.uniform(-0.1, 0.12), rng.uniform(0.5, 0.57)),
    }[kind]
    return trunk.place(across * turn, t)


def _bend(
    shoulder: NDArray[np.float64], wrist: NDArray[np.float64], upper: float, fore: float, side: int
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """The elbow that bends away from the trunk for two bones of given length, and the wrist as far as they reach."""
    reach = wrist - shoulder
    far = float(np.clip(np.linalg.norm(reach), abs(upper - fore) * 1.05, 0.985 * (upper + fore)))
    straight = reach / np.linalg.norm(reach)
    along = (far**2 + upper**2 - fore**2) / (2 * far)
    off = np.sqrt(max(upper**2 - along**2, 0))
    normals = np.array([straight[1], -straight[0]]), np.array([-straight[1], straight[0]])
    outward = max(normals, key=lambda n: side * n[0])
    return shoulder + straight * along + outward * off, shoulder + straight * far
