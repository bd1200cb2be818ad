"""COCO's file of people: for each annotation its picture, its joints and its outline, checked."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from viton.coordinates import Size
from viton.errors import InputError
from viton.files import read_json
from viton.images import LARGEST
from viton.keypoints import LIMIT

PERSON = 1  # COCO's category
JOINTS = 17
SAID = 40  # characters of a bad value that an error tells


class Note(NamedTuple):
    """One person of a picture, as annotated."""

    id: str  # picture's name and annotation's number
    picture: str  # file name
    size: Size  # of the picture
    joints: NDArray[np.float64]  # (17, 3) px, px, and 0 not labelled, 1 labelled but hidden, 2 visible
    outline: object  # as it stands there
    is_crowd: bool


def read_notes(path: Path) -> list[Note]:
    """The people of a file, in the order of their names; raises InputError naming the file and what is wrong."""
    content = read_json(path)
    pictures, notes = (content.get(key) if isinstance(content, dict) else None for key in ("images", "annotations"))
    if not isinstance(pictures, list) or not isinstance(notes, list):
        raise InputError(path, "lists 'images' and 'annotations'", "something else")
    known = dict(_picture(path, place, row) for place, row in enumerate(pictures))
    if len(known) < len(pictures):
        raise InputError(path, "pictures of different numbers", f"{len(pictures) - len(known)} that occur twice")
    people = [note for note in notes if not isinstance(note, dict) or note.get("category_id", PERSON) == PERSON]
    found = [_note(f"{path}: annotations[{place}]", row, known) for place, row in enumerate(people)]
    twice = len(found) - len({note.id for note in found})
    if twice:
        raise InputError(path, "annotations of different numbers", f"{twice} that occur twice")
    return sorted(found, key=lambda note: note.id)


def _picture(path: Path, place: int, row: object) -> tuple[int, tuple[str, Size]]:
    where = f"{path}: images[{place}]"
    if not isinstance(row, dict) or not all(isinstance(row.get(key), int) for key in ("id", "height", "width")):
        raise InputError(where, "whole numbers 'id', 'height' and 'width'", "something else")
    name = row.get("file_name")
    if not isinstance(name, str) or Path(name).name != name or name.startswith(".") or not name.isprintable():
        raise InputError(where, "a file name without folders under 'file_name'", repr(name))
    if not 0 < row["height"] * row["width"] <= LARGEST or row["height"] < 0:
        raise InputError(where, f"a picture of 1 to {LARGEST} pixels", f"{row['width']}x{row['height']}"[:SAID])
    return row["id"], (name, (row["height"], row["width"]))


def _note(where: str, row: object, known: dict[int, tuple[str, Size]]) -> Note:
    if not isinstance(row, dict) or not isinstance(row.get("id"), int):
        raise InputError(where, "a whole number 'id'", "something else")
    if not isinstance(number := row.get("image_id"), int) or number not in known:
        raise InputError(where, "the 'image_id' of a picture in 'images'", repr(number)[:SAID])
    flat = row.get("keypoints", [0] * 3 * JOINTS)
    if not isinstance(flat, list) or len(flat) != 3 * JOINTS:
        raise InputError(where, f"{3 * JOINTS} numbers under 'keypoints'", f"{len(flat)}" if flat else "none")
    if not all(isinstance(value, (int, float)) and abs(value) < LIMIT for value in flat):
        raise InputError(where, f"numbers below {LIMIT:g} under 'keypoints'", "something else")
    name, size = known[number]
    joints = np.array(flat, np.float64).reshape(JOINTS, 3)
    is_crowd = bool(row.get("iscrowd", 0))
    return Note(f"{Path(name).stem}_{row['id']}", name, size, joints, row.get("segmentation"), is_crowd)
