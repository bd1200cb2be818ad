"""From files to a sample, whatever the layout that names them: each file checked against its picture."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from viton.coordinates import Size
from viton.data.framing import fit_keypoints, fit_mask, fit_photo, padded
from viton.data.sample import Clothing, Person
from viton.errors import InputError
from viton.images import Pixels, load_labels, load_mask, load_rgb
from viton.keypoints import read_openpose_body25
from viton.parsing import LabelMap


def load_person(person_id: str, image: Path, parsing: Path, keypoints: Path, label_map: LabelMap, size: Size) -> Person:
    """A photo, its label map and its BODY_25 joints; raises InputError naming the file that is bad or does not fit."""
    photo, labels = load_rgb(image), load_labels(parsing)
    _expect_same_size(parsing, labels, photo)
    if labels.max() >= len(label_map.labels):
        expected = f"{label_map.name} labels 0 to {len(label_map.labels) - 1}"
        raise InputError(parsing, expected, f"label {labels.max()}")
    joints = fit_keypoints(read_openpose_body25(keypoints), (photo.shape[0], photo.shape[1]), size)
    return Person(person_id, fit_photo(photo, size), padded(labels, size, 0), joints)


def load_clothing(clothing_id: str, image: Path, mask: Path, size: Size) -> Clothing:
    """A product photo and its mask; raises InputError naming the file that is bad or does not fit."""
    photo, cut = load_rgb(image), load_mask(mask)
    _expect_same_size(mask, cut, photo)
    return Clothing(clothing_id, fit_photo(photo, size), fit_mask(cut, size))


def _expect_same_size(path: Path, pixels: Pixels, picture: np.ndarray) -> None:
    """Labels and masks must lie on their picture, pixel by pixel."""
    height, width = picture.shape[:2]
    if pixels.shape != (height, width):
        raise InputError(path, f"{width}x{height} like its picture", f"{pixels.shape[1]}x{pixels.shape[0]}")
