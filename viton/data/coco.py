"""People of COCO's photographs, cropped by `person_crop`'s rule, with an approximate parsing (paper, Fig. 9).

    ROOT/annotations/person_keypoints_{train,val}2017.json      joints and outlines of people
         {train,val}2017/*.jpg    or images/*.jpg               the photographs
         cloth/C.jpg    cloth-mask/C.png                        product pictures, and their masks if somebody made some
    ROOT/{train,val,test}_pairs.txt                             a person is PICTURE_ANNOTATION

`person_keypoints.json`, with `images`, is the split `test`. COCO labels nothing of what is worn: the parsing is made of
outline, joints and colours (viton/approximate_parsing.py), and is what its name says.
"""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import numpy as np

from viton.approximate_parsing import approximate_parsing
from viton.coordinates import Size
from viton.data.coco_file import Note, read_notes
from viton.data.dataset import Dataset, pictures_in
from viton.data.outlines import mask_of_outline
from viton.data.person_crop import REASONS, Crop, crop_of, cropped, refused
from viton.data.picture_mask import mask_of_picture
from viton.errors import InputError
from viton.images import Pixels, load_mask
from viton.keypoints import Keypoints, from_coco17
from viton.parsing import CIHP

ANNOTATIONS = "annotations"
VISIBLE, HIDDEN = 1.0, 0.5  # confidences of joints that COCO calls visible, and labelled but hidden
TREE = "images"


class Coco(Dataset):
    """The people of one of COCO's files who can be taken; `dropped` counts the others by reason."""

    layout = "coco"
    label_map = CIHP
    crops = True

    def __init__(self, root: Path, split: str) -> None:
        """Raises UsageError for an unknown split, InputError for files that are missing or damaged."""
        super().__init__(root, split)
        if not root.is_dir():
            raise InputError(root, "a dataset folder", "no such folder")
        path = _file_of(root, split)
        if path is None:
            expected = f"a file person_keypoints_{split}*.json (layout coco)"
            raise InputError(root / ANNOTATIONS, expected, "none")
        self.path = path
        self.dropped: Counter[str] = Counter()
        self._notes: dict[str, Note] = {}
        self._crops: dict[str, Crop] = {}
        folder = next((root / name for name in (f"{split}2017", TREE) if (root / name).is_dir()), root / TREE)
        for note in read_notes(path):
            self._take(note, folder)
        self.clothings = pictures_in(root / "cloth") if (root / "cloth").is_dir() else {}
        self._masks = pictures_in(root / "cloth-mask") if (root / "cloth-mask").is_dir() else {}

    def _take(self, note: Note, folder: Path) -> None:
        """Take somebody, or count why not; cheap questions come before the outline is drawn."""
        reason = "crowd" if note.is_crowd else "no_outline" if not note.outline else refused(note.joints)
        found = reason or crop_of(note.joints, self._outline(note))
        if isinstance(found, str):
            self.dropped[found] += 1
            return
        self.people[note.id], self._notes[note.id], self._crops[note.id] = folder / note.picture, note, found

    @classmethod
    def is_laid_out(cls, root: Path, split: str) -> bool:
        """COCO's is the only layout with a file of people's joints in a folder `annotations`."""
        return _file_of(root, split) is not None

    @property
    def told(self) -> list[str]:
        """Who was not taken, a line a reason."""
        return [f"{self.dropped[name]} people left out: {why}" for name, why in REASONS.items() if self.dropped[name]]

    @property
    def approximate(self) -> bool:
        return True

    def crop(self, person_id: str) -> Crop:
        """Where in the photograph a person's photo is."""
        return self._crops[person_id]

    def photo(self, person_id: str) -> Pixels:
        """The crop (h,w,3); raises InputError as `whole` does."""
        return cropped(self.whole(person_id), self._crops[person_id], 255)

    def whole(self, person_id: str) -> Pixels:
        """The photograph (h,w,3); raises InputError when it is damaged, or not as large as it is said to be."""
        whole, note = super().photo(person_id), self._notes[person_id]
        if whole.shape[:2] != note.size:
            said = f"{note.size[1]}x{note.size[0]}, as {self.path.name} says"
            raise InputError(self.people[person_id], said, f"{whole.shape[1]}x{whole.shape[0]}")
        return whole

    def outline(self, person_id: str) -> Pixels:
        """The person in the crop, (h,w) in {0,1}."""
        return cropped(self._outline(self._notes[person_id]), self._crops[person_id], 0)

    def _outline(self, note: Note) -> Pixels:
        return mask_of_outline(note.outline, note.size, f"{self.path}: {note.id}: segmentation")

    def parsing_path(self, person_id: str) -> Path:
        return self.path

    def keypoints_path(self, person_id: str) -> Path:
        return self.path

    def mask_path(self, clothing_id: str) -> Path:
        """The mask's file, or the picture that it is made from."""
        return self._masks.get(clothing_id, self.clothings[clothing_id])

    def read_parsing(self, person_id: str, size: Size) -> Pixels:
        """Approximate labels (h,w) of the crop."""
        joints = self.read_keypoints(person_id, size)
        return approximate_parsing(self.outline(person_id), joints, self.photo(person_id))

    def read_keypoints(self, person_id: str, size: Size) -> Keypoints:
        """Joints in the crop; those outside it are unseen."""
        crop, joints = self._crops[person_id], self._notes[person_id].joints.copy()
        joints[:, 2] = np.choose(joints[:, 2].clip(0, 2).astype(int), (0.0, HIDDEN, VISIBLE))
        joints[:, :2] -= (crop.left, crop.top)
        outside = (joints[:, :2] < 0).any(axis=1) | (joints[:, :2] > np.array(crop.size[::-1]) - 1).any(axis=1)
        joints[outside] = 0
        return from_coco17(joints)

    def read_mask(self, clothing_id: str) -> Pixels:
        path = self.mask_path(clothing_id)
        return mask_of_picture(path, "cloth-mask") if path == self.clothings[clothing_id] else load_mask(path)


def _file_of(root: Path, split: str) -> Path | None:
    """The split's file; the one without a split's name is `test`."""
    named = sorted((root / ANNOTATIONS).glob(f"person_keypoints_{split}*.json"))
    whole = root / ANNOTATIONS / "person_keypoints.json"
    return named[0] if named else whole if split == "test" and whole.is_file() else None
