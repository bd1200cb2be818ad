"""From files to a sample, whatever the layout that names them: each file checked against its picture."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from viton.coordinates import Size
from viton.data.framing import fit_keypoints, fit_mask, fit_photo, padded
from viton.data.sample import Clothing, Person
from viton.errors import InputError
from viton.images import Pixels, load_labels, load_mask, load_rgb
from viton.keypoints import Keypoints, read_openpose_body25
from viton.parsing import LabelMap


def load_person(person_id: str, image: Path, parsing: Path, keypoints: Path, label_map: LabelMap, size: Size) -> Person:
    """A photo, its label map and its BODY_25 joints; raises InputError naming the file that is bad or does not fit."""
    photo, labels, joints = load_rgb(image), load_labels(parsing), read_openpose_body25(keypoints)
    return fit_person(person_id, photo, labels, joints, label_map, size, parsing)


def fit_person(
    person_id: str, photo: Pixels, labels: Pixels, joints: Keypoints, label_map: LabelMap, size: Size, parsing: Path
) -> Person:
    """Bring a photo (h,w,3), its labels (h,w) and its joints (18,3) in its pixels to the working size.

    Raises InputError naming `parsing`, the labels' file, when they do not lie on the photo or are not of `label_map`.
    """
    _expect_same_size(parsing, labels, photo)
    if labels.max() >= len(label_map.labels):
        expected = f"{label_map.name} labels 0 to {len(label_map.labels) - 1}"
        raise InputError(parsing, expected, f"label {labels.max()}")
    fitted = fit_keypoints(joints, (photo.shape[0], photo.shape[1]), size)
    return Person(person_id, fit_photo(photo, size), padded(labels, size, 0), fitted)


def load_clothing(clothing_id: str, image: Path, mask: Path, size: Size) -> Clothing:
    """A product photo and its mask; raises InputError naming the file that is bad or does not fit."""
    return fit_clothing(clothing_id, load_rgb(image), load_mask(mask), size, mask)


def fit_clothing(clothing_id: str, photo: Pixels, cut: Pixels, size: Size, mask: Path) -> Clothing:
    """A product photo (h,w,3) and its mask (h,w) at the working size; raises InputError naming the mask's file."""
    _expect_same_size(mask, cut, photo)
    return Clothing(clothing_id, fit_photo(photo, size), fit_mask(cut, size))


def _expect_same_size(path: Path, pixels: Pixels, picture: np.ndarray) -> None:
    """Labels and masks must lie on their picture, pixel by pixel."""
    height, width = picture.shape[:2]
    if pixels.shape != (height, width):
        raise InputError(path, f"{width}x{height} like its picture", f"{pixels.shape[1]}x{pixels.shape[0]}")
