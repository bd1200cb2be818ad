"""What is in a file of joints as it stands, before a layout's reader has made the best of it."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from viton.data.traps import Problem, trapped
from viton.errors import InputError
from viton.files import read_json
from viton.keypoints import LIMIT

KEYS = ("pose_keypoints_2d", "pose_keypoints", "keypoints")
WIDTHS = {"pose_keypoints_2d": 3, "pose_keypoints": 3, "keypoints": 4}


def raw_joints(path: Path) -> NDArray[np.float64] | None:
    """(J,3) x, y, confidence as the numbers stand in a JSON file, NaN too; None where it holds no such thing."""
    if path.suffix != ".json":
        return None
    try:
        content = read_json(path)
    except InputError:
        return None
    key, values = _found(content)
    if not isinstance(values, list) or len(values) > 1000:
        return None
    rows = all(isinstance(value, list) and len(value) in (3, 4) for value in values)
    numbers = [number for value in values for number in value[:3]] if rows else values
    if not all(isinstance(number, (int, float)) and not abs(number) >= LIMIT for number in numbers):
        return None
    width = 3 if rows or len(numbers) % 4 or len(numbers) % 3 == 0 else WIDTHS.get(key, 3)
    if not numbers or len(numbers) % width:
        return None
    return np.array(numbers, np.float64).reshape(-1, width)[:, :3]


def _found(content: object) -> tuple[str, object]:
    """The key that joints are under, and what is there."""
    people = content.get("people") if isinstance(content, dict) else None
    places = [people[0]] if isinstance(people, list) and people else []
    for place in (*places, content):
        for key in KEYS:
            if isinstance(place, dict) and key in place:
                return key, place[key]
    return "", None


def count_problem(path: Path, layout: str, error: InputError) -> Problem | None:
    """The trap behind a file whose number of joints is another format's; None where there is none."""
    joints = raw_joints(path)
    if joints is None:
        return None
    wanted = 25 if layout == "viton-hd" else 18
    if wanted == 18 and len(joints) in (24, 25):
        return trapped("body25-as-coco18", path, "18 joints (COCO-18)", f"{len(joints)}, as BODY_25 has them")
    if wanted == 25 and len(joints) == 18:
        return trapped("coco18-as-body25", path, "25 joints (BODY_25)", "18, as COCO-18 has them")
    if not np.isfinite(joints).all():
        return trapped("missing-joints", path, error.expected, "NaN", severity="error")
    return None


def missing_problem(path: Path, layout: str) -> Problem | None:
    """Joints that are missing in a manner that other programs take for a place."""
    joints = raw_joints(path)
    if joints is None:
        return None
    places, seen = joints[:, :2], joints[:, 2] > 0
    at_zero = int((seen & (places == 0).all(axis=1)).sum())
    if at_zero > 1:
        got = f"{at_zero} seen at 0, 0"
        return trapped("missing-joints", path, "confidence 0 where a joint is missing", got)
    negative = int((places < 0).all(axis=1).sum())
    if negative and layout != "dresscode":  # whose files have -1
        got = f"{negative} at negative places"
        return trapped("missing-joints", path, "0, 0 with confidence 0 where a joint is missing", got)
    return None
