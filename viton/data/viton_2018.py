"""The layout of VITON's first release (Han et al., CVPR 2018), as the authors' code reads it: LIP labels, COCO-18.

    ROOT/women_top/ID_0.jpg       the person       ID_1.jpg   the garment she wears; both have the id ID
         segment/ID_0.mat         `segment`, 641x641: her labels on their side, padded to a square
         pose/ID_0.mat            `candidate` (x, y, score, number) and `subset`, whose row 0 is taken; -1 is missing
         pose.pkl                 the same of many people, `ID_0` each: for who has no pose/ID_0.mat
         cloth-mask/ID_1.png      the garment's mask, if somebody has made one: the release has none
    ROOT/viton_train_pairs.txt    viton_test_pairs.txt    `ID_0.jpg ID_1.jpg`; or train_images

The folders hold all splits: a split is who its pairs files name. Without a mask the garment's is made from its picture
(viton/clothing_mask.py). The authors' code takes what is not white: a mean of the channels below 253.9.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np

from viton.coordinates import Size
from viton.data.dataset import SPLITS, Dataset, pictures_in
from viton.data.framing import fit_labels
from viton.data.listed import GARMENT, PERSON, people_and_garments
from viton.data.mat_files import SQUARE, part_of_square, read_mat
from viton.data.picture_mask import mask_of_picture
from viton.data.pose_pickle import PoseFile
from viton.errors import InputError
from viton.images import Pixels, load_mask
from viton.keypoints import Keypoints, from_candidates
from viton.parsing import LIP

FOLDERS = ("women_top", "segment")
POSES = "pose.pkl"


class Viton(Dataset):
    """One split of a VITON folder; samples are read when they are asked for."""

    layout = "viton"
    label_map = LIP

    def __init__(self, root: Path, split: str) -> None:
        """Raises UsageError for an unknown split, InputError for folders, pairs files or pictures that are missing."""
        super().__init__(root, split)
        for name in FOLDERS:
            if not (root / name).is_dir():
                raise InputError(root, f"a folder '{name}' (layout viton)", "no such folder")
        if not (root / "pose").is_dir() and not (root / POSES).is_file():
            raise InputError(root, f"a folder 'pose' or a file '{POSES}' (layout viton)", "neither")
        if not (lists := _lists(root, split)):
            raise InputError(root, f"a file viton_{split}_pairs.txt, which says who is in {split}", "none")
        self.people, self.clothings = people_and_garments(lists, root / "women_top")
        self._poses = PoseFile(root / POSES)
        self._masks = pictures_in(root / "cloth-mask") if (root / "cloth-mask").is_dir() else {}

    @classmethod
    def is_laid_out(cls, root: Path, split: str) -> bool:
        """VITON's is the only layout with a folder women_top."""
        return (root / "women_top").is_dir()

    @classmethod
    def splits_in(cls, root: Path) -> list[str]:
        """The splits that have pairs files."""
        return [split for split in SPLITS if _lists(root, split)]

    def pairs_files(self) -> list[Path]:
        return sorted(self.root.glob(f"viton_{self.split}_pairs*.txt"))

    def parsing_path(self, person_id: str) -> Path:
        return self.root / "segment" / f"{person_id}{PERSON}.mat"

    def keypoints_path(self, person_id: str) -> Path:
        """The person's own file, or the one of many people where that is all there is."""
        path = self.root / "pose" / f"{person_id}{PERSON}.mat"
        return self.root / POSES if not path.is_file() and (self.root / POSES).is_file() else path

    def mask_path(self, clothing_id: str) -> Path:
        """The mask's file, or the picture that it is made from."""
        return self._masks.get(clothing_id + GARMENT, self.clothings[clothing_id])

    def read_parsing(self, person_id: str, size: Size) -> Pixels:
        return read_segment(self.parsing_path(person_id), size)

    def read_keypoints(self, person_id: str, size: Size) -> Keypoints:
        path = self.keypoints_path(person_id)
        if path.name != POSES:
            return read_pose(path)
        name = person_id + PERSON
        return from_candidates(*self._poses.arrays(name), f"{path}: '{name}'")

    def read_mask(self, clothing_id: str) -> Pixels:
        path = self.mask_path(clothing_id)
        return mask_of_picture(path, "cloth-mask") if path == self.clothings[clothing_id] else load_mask(path)


def _lists(root: Path, split: str) -> list[Path]:
    """Who is in a split: its pairs files, or the list of its pictures where that is all there is."""
    return sorted(root.glob(f"viton_{split}_pairs*.txt")) or sorted(root.glob(f"viton_{split}_images.txt"))


def read_segment(path: Path, size: Size) -> Pixels:
    """A `segment` file as labels (H,W) upright for a photo of that size; raises InputError when it is none."""
    segment = read_mat(path, "segment")
    if segment.shape != (SQUARE, SQUARE):
        raise InputError(path, f"'segment' of {SQUARE}x{SQUARE}", "x".join(map(str, segment.shape)))
    if not ((segment >= 0) & (segment < 256) & (segment == np.floor(segment))).all():  # NaN is none, either
        raise InputError(path, "label numbers under 'segment'", "others")
    height, width = part_of_square(size)
    return fit_labels(segment.T[:height, :width].astype(np.uint8), size)


def read_pose(path: Path) -> Keypoints:
    """The first person of a pose file as (18,3) COCO-18; raises InputError when it holds nobody or is none."""
    return from_candidates(read_mat(path, "candidate"), read_mat(path, "subset"), path)
