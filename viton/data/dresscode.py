"""The layout of one category of Dress Code (Morelli et al., ECCV 2022): ATR labels, COCO-18 joints in their own frame.

    ROOT/images/ID_0.jpg          the person       images/ID_1.jpg   the garment she wears; both have the id ID
         label_maps/ID_4.png      her labels       masks/ID_1.png    its mask, which the set itself lacks; else made
         keypoints/ID_2.json      {"keypoints": 18 x [x, y, score, id]} in a frame of 384x512, whatever the photo's size
    ROOT/train_pairs.txt  test_pairs_paired.txt  test_pairs_unpaired.txt    `ID_0.jpg ID_1.jpg`

ROOT is upper_body, lower_body or dresses. The folders hold all splits: a split is who its pairs files name.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np

from viton.coordinates import Size
from viton.data.dataset import SPLITS, Dataset, pictures_in
from viton.data.listed import GARMENT, people_and_garments
from viton.data.picture_mask import mask_of_picture
from viton.errors import InputError, UsageError
from viton.files import read_json
from viton.images import Pixels, load_mask
from viton.keypoints import LIMIT, Keypoints
from viton.parsing import ATR

CATEGORIES = ("upper_body", "lower_body", "dresses")
FOLDERS = ("images", "keypoints", "label_maps")
FRAME: Size = (512, 384)  # of the joints


class DressCode(Dataset):
    """A split of one category; samples are read when they are asked for."""

    layout = "dresscode"
    label_map = ATR

    def __init__(self, root: Path, split: str) -> None:
        """Raises UsageError for an unknown split or a ROOT of all categories, InputError for what is missing."""
        super().__init__(root, split)
        _check_folders(root)
        if not self.pairs_files():
            raise InputError(root, f"a pairs file {split}_pairs*.txt, which says who is in {split}", "none")
        self.people, self.clothings = people_and_garments(self.pairs_files(), root / "images")
        self._masks = pictures_in(root / "masks") if (root / "masks").is_dir() else {}

    @classmethod
    def is_laid_out(cls, root: Path, split: str) -> bool:
        """Whether the folders of a category, or those of the categories, are there."""
        return all((root / name).is_dir() for name in FOLDERS) or _holds_categories(root)

    @classmethod
    def splits_in(cls, root: Path) -> list[str]:
        """The splits that have pairs files."""
        return [split for split in SPLITS if any(root.glob(f"{split}_pairs*.txt"))]

    def parsing_path(self, person_id: str) -> Path:
        return self.root / "label_maps" / f"{person_id}_4.png"

    def keypoints_path(self, person_id: str) -> Path:
        return self.root / "keypoints" / f"{person_id}_2.json"

    def mask_path(self, clothing_id: str) -> Path:
        """The mask's file, or the picture that it is made from."""
        return self._masks.get(clothing_id + GARMENT, self.clothings[clothing_id])

    def read_keypoints(self, person_id: str, size: Size) -> Keypoints:
        return read_keypoints(self.keypoints_path(person_id), size)

    def read_mask(self, clothing_id: str) -> Pixels:
        path = self.mask_path(clothing_id)
        return mask_of_picture(path, "masks") if path == self.clothings[clothing_id] else load_mask(path)


def read_keypoints(path: Path, size: Size) -> Keypoints:
    """Joints of a Dress Code file as (18,3) in pixels of a photo of that size; raises InputError when it is bad.

    Places are multiplied by W / 384 and H / 512, as every loader of the set does; `rescale_px`, whose sizes share their
    outer edges, would be half a pixel off that at 768x1024, and a joint at the edge could leave the picture.
    """
    content = read_json(path)
    rows = content.get("keypoints") if isinstance(content, dict) else None
    if not isinstance(rows, list) or len(rows) != 18:
        got = f"{len(rows)}" if isinstance(rows, list) else "no such key"
        raise InputError(path, "18 joints (COCO-18) under 'keypoints'", got)
    if not all(isinstance(row, list) and len(row) == 4 and all(map(_is_place, row[:3])) for row in rows):
        raise InputError(
            path, f"joints [x, y, score, id], numbers below {LIMIT:g}, under 'keypoints'", "something else"
        )
    joints = np.array([row[:3] for row in rows], np.float64)
    seen = (joints[:, 2] > 0) & (joints[:, :2] >= 0).all(axis=1)
    if not seen.any():
        raise InputError(path, "at least one visible joint", "none")
    joints[:, :2] *= (size[1] / FRAME[1], size[0] / FRAME[0])
    joints[~seen] = 0
    return joints.astype(np.float32)


def keypoints_content(keypoints: Keypoints, size: Size) -> dict[str, object]:
    """What a file holds of joints (18,3) in pixels of a photo of that size; an unseen one is -1, -1, 0, -1."""
    places = (keypoints[:, :2] * np.array([FRAME[1] / size[1], FRAME[0] / size[0]])).tolist()
    scores = keypoints[:, 2].tolist()
    rows = [
        [round(x, 4), round(y, 4), round(score, 4), joint] if score > 0 else [-1.0, -1.0, 0.0, -1]
        for joint, ((x, y), score) in enumerate(zip(places, scores, strict=True))
    ]
    return {"keypoints": rows}


def _is_place(value: object) -> bool:
    return isinstance(value, (int, float)) and abs(value) < LIMIT


def _holds_categories(root: Path) -> bool:
    return any((root / name / FOLDERS[0]).is_dir() for name in CATEGORIES)


def _check_folders(root: Path) -> None:
    if not root.is_dir():
        raise InputError(root, "a dataset folder", "no such folder")
    if _holds_categories(root):
        there = ", ".join(str(root / name) for name in CATEGORIES if (root / name).is_dir())
        raise UsageError(f"{root}: expected one category of Dress Code, got the folder of all: name one of {there}")
    for name in FOLDERS:
        if not (root / name).is_dir():
            raise InputError(root, f"a folder '{name}' (layout dresscode)", "no such folder")
