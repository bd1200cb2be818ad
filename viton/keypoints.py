"""Eighteen body joints in COCO-18 order, and the formats they come in.

A joint is (x px, y px, confidence); confidence 0 means unseen, and then x and y are 0 too.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from viton.errors import InputError
from viton.files import read_json

Keypoints = NDArray[np.float32]  # (18, 3)
LIMIT = 1e6  # px; no picture is as wide, and infinity and NaN do not pass it either

COCO18 = (
    "nose", "neck",
    "right_shoulder", "right_elbow", "right_wrist",
    "left_shoulder", "left_elbow", "left_wrist",
    "right_hip", "right_knee", "right_ankle",
    "left_hip", "left_knee", "left_ankle",
    "right_eye", "left_eye", "right_ear", "left_ear",
)  # fmt: skip

# Bones drawn between joints of COCO-18, for figures.
LIMBS = (
    (1, 2), (2, 3), (3, 4), (1, 5), (5, 6), (6, 7), (1, 8), (8, 9), (9, 10),
    (1, 11), (11, 12), (12, 13), (1, 0), (0, 14), (14, 16), (0, 15), (15, 17),
)  # fmt: skip

# BODY_25 inserts MidHip at 8, so its joints 9..18 are COCO-18's 8..17; 19..24 are feet.
BODY25_OF_COCO18 = (0, 1, 2, 3, 4, 5, 6, 7, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18)

# COCO's seventeen: nose, then eyes, ears, shoulders, elbows, wrists, hips, knees and ankles, the left one first.
COCO18_OF_COCO17 = (0, 15, 14, 17, 16, 5, 2, 6, 3, 7, 4, 11, 8, 12, 9, 13, 10)


def from_body25(joints: NDArray[np.floating]) -> Keypoints:
    """(25,3) OpenPose BODY_25 -> (18,3) COCO-18; MidHip and the feet are left out."""
    return seen_of(joints[list(BODY25_OF_COCO18)])


def from_coco17(joints: NDArray[np.floating]) -> Keypoints:
    """(17,3) joints of COCO's own order -> (18,3) COCO-18.

    COCO has no neck: it is put in the middle of the shoulders when both are seen, with the smaller confidence.
    """
    keypoints = np.zeros((18, 3), np.float32)
    keypoints[list(COCO18_OF_COCO17)] = seen_of(joints)
    shoulders = keypoints[[2, 5]]
    if (shoulders[:, 2] > 0).all():
        keypoints[1] = (*shoulders[:, :2].mean(axis=0), shoulders[:, 2].min())
    return keypoints


def from_candidates(candidate: NDArray[np.floating], subset: NDArray[np.floating], where: str | Path) -> Keypoints:
    """Candidates (N,3+) of x, y, score, and people (P,18+) that name a row of them a joint, or -1 -> (18,3).

    The first person is taken, as the authors' code does. Raises InputError that names `where` they come from when they
    are no such arrays, hold nobody, or show no joint at all.
    """
    if subset.ndim != 2 or subset.shape[0] < 1 or subset.shape[1] < 18:
        raise InputError(where, "at least one person of 18 joints under 'subset'", "x".join(map(str, subset.shape)))
    if candidate.ndim != 2 or candidate.shape[1] < 3:
        raise InputError(where, "rows of x, y, score under 'candidate'", "x".join(map(str, candidate.shape)))
    rows = subset[0, :18]
    if not np.isfinite(rows).all() or (rows >= len(candidate)).any() or (rows != np.floor(rows)).any():
        raise InputError(where, f"rows of 'candidate' (0 to {len(candidate) - 1}) or -1 under 'subset'", "others")
    joints = np.zeros((18, 3))
    joints[rows >= 0] = candidate[rows[rows >= 0].astype(int), :3]
    if not (np.abs(joints) < LIMIT).all():
        raise InputError(where, f"numbers below {LIMIT:g} under 'candidate'", "others")
    return _shown(seen_of(joints), where)


def to_body25(keypoints: Keypoints) -> NDArray[np.float32]:
    """(18,3) COCO-18 -> (25,3) BODY_25; MidHip lies between the hips when both are seen, the feet are unseen."""
    joints = np.zeros((25, 3), np.float32)
    joints[list(BODY25_OF_COCO18)] = keypoints
    hips = keypoints[[8, 11]]
    if (hips[:, 2] > 0).all():
        joints[8] = hips.mean(axis=0)
    return joints


def seen_of(joints: NDArray[np.floating]) -> Keypoints:
    """Copy with every missing joint as zeros: OpenPose writes (0,0,0), VITON writes -1, others write NaN."""
    keypoints = np.array(joints, np.float32)
    missing = ~(keypoints[:, 2] > 0) | ~(keypoints[:, :2] >= 0).all(axis=1)  # so that NaN is missing too
    keypoints[missing] = 0
    return keypoints


def body25_content(keypoints: Keypoints) -> dict[str, object]:
    """What OpenPose writes of one person's joints (18,3) as BODY_25; a thousandth of a pixel is kept."""
    empty = ("face_keypoints_2d", "hand_left_keypoints_2d", "hand_right_keypoints_2d", "pose_keypoints_3d")
    return {
        "version": 1.3,
        "people": [{"pose_keypoints_2d": rounded(to_body25(keypoints)), **{key: [] for key in empty}}],
    }


def rounded(joints: NDArray[np.floating]) -> list[float]:
    """Joints as a file has them, one number after the other; a thousandth of a pixel is kept."""
    return [round(float(value), 3) for value in joints.ravel()]


def read_openpose_body25(path: Path) -> Keypoints:
    """The first person of an OpenPose JSON file (the authors' code takes row 0 too) as (18,3) COCO-18.

    Raises InputError when the file is missing, holds nobody, is not BODY_25, or shows no joint at all.
    """
    return _shown(from_body25(_first_person(path, "pose_keypoints_2d", 25, "BODY_25")), path)


def read_openpose_coco18(path: Path) -> Keypoints:
    """The first person of a JSON file of OpenPose's first version, which CP-VTON has, as (18,3) COCO-18.

    Raises InputError when the file is missing, holds nobody, is not COCO-18, or shows no joint at all.
    """
    return _shown(seen_of(_first_person(path, "pose_keypoints", 18, "COCO-18")), path)


def _first_person(path: Path, key: str, joints: int, called: str) -> NDArray[np.float64]:
    """(joints,3) numbers, as they stand in the file."""
    content = read_json(path)
    people = content.get("people") if isinstance(content, dict) else None
    if not isinstance(people, list) or not people:
        raise InputError(path, "at least one person under 'people'", "none")
    flat = people[0].get(key) if isinstance(people[0], dict) else None
    if not isinstance(flat, list) or len(flat) != 3 * joints:
        got = f"{len(flat)} numbers" if isinstance(flat, list) else "no such key"
        raise InputError(path, f"{3 * joints} numbers ({called}) under '{key}'", got)
    if not all(isinstance(value, (int, float)) and abs(value) < LIMIT for value in flat):
        raise InputError(path, f"numbers below {LIMIT:g} under '{key}'", "something else")
    return np.array(flat, np.float64).reshape(joints, 3)


def _shown(keypoints: Keypoints, where: str | Path) -> Keypoints:
    if not (keypoints[:, 2] > 0).any():
        raise InputError(where, "at least one visible joint", "none")
    return keypoints
