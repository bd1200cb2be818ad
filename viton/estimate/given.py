"""Joints and labels that other programs have estimated, found by a photo's name.

Joints: JSON of OpenPose or DWPose, `STEM_keypoints.json` or `STEM.json`, its largest person. Labels: PNG of SCHP or
another parser, `STEM.png`, numbered as the option says.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from viton.errors import InputError, UsageError
from viton.estimate.estimates import PoseFound
from viton.files import read_json, sha256_of
from viton.images import Pixels, load_labels
from viton.keypoints import LIMIT, Keypoints, from_body25, from_coco17, seen_of
from viton.parsing import ATR, CIHP, LIP, LIP_NECK, LabelMap, translate

KEYS = ("pose_keypoints_2d", "pose_keypoints", "keypoints")  # OpenPose and DWPose; OpenPose's first version; COCO
READERS = {25: from_body25, 18: seen_of, 17: from_coco17}
LABEL_MAPS: dict[str, LabelMap] = {"cihp": CIHP, "lip": LIP, "lip-neck": LIP_NECK, "atr": ATR}


class GivenPose:
    """Joints from files."""

    def __init__(self, folder: Path) -> None:
        self.folder = _folder(folder)
        self._digests: dict[str, str] = {}

    @property
    def source(self) -> dict[str, object]:
        return {"pose": "given", "files": dict(sorted(self._digests.items()))}

    def joints(self, name: str, photo: Pixels) -> PoseFound:
        """Raises InputError when there is no file of that name, or it is none that is known."""
        path = _first(self.folder, (f"{name}_keypoints.json", f"{name}.json"))
        found = read_people(path, photo.shape[:2])
        self._digests[path.name] = sha256_of(path)
        areas = [_extent(joints) for joints in found]
        return PoseFound(found[int(np.argmax(areas))], len(found))


class GivenParser:
    """Labels from files."""

    def __init__(self, folder: Path, labels: str) -> None:
        """labels: one of LABEL_MAPS; raises UsageError for another, InputError for no folder."""
        if labels.lower() not in LABEL_MAPS:
            raise UsageError(f"--labels: expected one of {', '.join(LABEL_MAPS)}, got '{labels}'")
        self.folder, self.label_map = _folder(folder), LABEL_MAPS[labels.lower()]
        self._digests: dict[str, str] = {}

    @property
    def source(self) -> dict[str, object]:
        return {"parser": "given", "labels": self.label_map.name, "files": dict(sorted(self._digests.items()))}

    def labels(self, name: str, photo: Pixels) -> Pixels:
        """Raises InputError when the file is missing, of another size than the photo, or of other labels."""
        path = _first(self.folder, (f"{name}.png",))
        found = load_labels(path)
        if found.shape != photo.shape[:2]:
            expected = f"{photo.shape[1]}x{photo.shape[0]} like its photo"
            raise InputError(path, expected, f"{found.shape[1]}x{found.shape[0]}")
        if found.max() >= len(self.label_map.labels):
            expected = f"{self.label_map.name} labels 0 to {len(self.label_map.labels) - 1}"
            raise InputError(path, expected, f"label {found.max()}")
        self._digests[path.name] = sha256_of(path)
        return translate(found, self.label_map, CIHP).labels


def read_people(path: Path, size: tuple[int, int]) -> list[Keypoints]:
    """Everybody's joints (18,3) px of a JSON file, of a photo of that size; raises InputError when there is nobody.

    Coordinates in a canvas of another size, which some programs state, are brought to the photo's.
    """
    content = read_json(path)
    if isinstance(content, list) and len(content) == 1:
        content = content[0]
    people = content.get("people", content.get("annotations", [content])) if isinstance(content, dict) else None
    if not isinstance(people, list) or not people:
        raise InputError(path, "at least one person under 'people'", "none")
    found = [_rows(path, person) for person in people]
    assert isinstance(content, dict)
    scale = _canvas(path, content, size)
    for rows in found:
        rows[:, :2] = np.where(rows[:, 2:] > 0, rows[:, :2] * scale, 0)
    read = [READERS[len(rows)](rows) for rows in found]
    shown = [joints for joints in read if (joints[:, 2] > 0).any()]
    if not shown:
        raise InputError(path, "at least one visible joint", "none")
    return shown


def _rows(path: Path, person: object) -> NDArray[np.float64]:
    """Somebody's joints as they stand in the file, (17, 18 or 25, 3)."""
    key = next((key for key in KEYS if isinstance(person, dict) and key in person), None)
    if key is None or not isinstance(person, dict):
        raise InputError(path, f"joints under one of {', '.join(KEYS)}", "none of these keys")
    try:
        flat = np.array(person[key], np.float64).ravel()
    except (TypeError, ValueError) as error:
        raise InputError(path, f"numbers under '{key}'", "something else") from error
    if flat.size not in {3 * count for count in READERS}:
        raise InputError(path, f"75 numbers (BODY_25), 54 (COCO-18) or 51 (COCO's 17) under '{key}'", f"{flat.size}")
    if not (np.abs(flat) < LIMIT).all():
        raise InputError(path, f"numbers below {LIMIT:g} under '{key}'", "others")
    return flat.reshape(-1, 3)


def _canvas(path: Path, content: dict[str, object], size: tuple[int, int]) -> NDArray[np.float64]:
    """What to multiply x and y with."""
    sides = content.get("canvas_width"), content.get("canvas_height")
    if sides == (None, None):
        return np.ones(2)
    if not all(isinstance(side, (int, float)) and side > 0 for side in sides):
        raise InputError(path, "a canvas_width and canvas_height above 0", f"{sides[0]} and {sides[1]}")
    return np.array([size[1], size[0]]) / np.array(sides, np.float64)


def _extent(joints: Keypoints) -> float:
    """The area of the box around the seen joints."""
    seen = joints[joints[:, 2] > 0, :2]
    return float((seen.max(axis=0) - seen.min(axis=0) + 1).prod())


def _folder(folder: Path) -> Path:
    if not folder.is_dir():
        raise InputError(folder, "a folder", "a file" if folder.exists() else "no such folder")
    return folder


def _first(folder: Path, names: tuple[str, ...]) -> Path:
    found = next((folder / name for name in names if (folder / name).is_file()), None)
    if found is None:
        raise InputError(folder, f"a file {' or '.join(names)}", "no such file")
    return found
