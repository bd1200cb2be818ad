"""The layout of CP-VTON (Wang et al., ECCV 2018), and of CP-VTON+: LIP labels, COCO-18 joints, JPEG masks.

    ROOT/{train,val,test}/image/ID_0.jpg                  cloth/ID_1.jpg   cloth-mask/ID_1.jpg
                          image-parse/ID_0.png            (or CP-VTON+'s image-parse-new, which has the neck too)
                          pose/ID_0_keypoints.json
    ROOT/{train,val,test}_pairs.txt                       and test_pairs_same.txt

Where every person ends in _0 and every garment in _1, as there, an id is what stands before: a person and her own
garment then have the same.
"""

from __future__ import annotations

from pathlib import Path

from viton.coordinates import Size
from viton.data.dataset import PICTURES, Dataset, pictures_in
from viton.errors import InputError
from viton.keypoints import Keypoints, read_openpose_coco18
from viton.parsing import LIP, LIP_NECK

WITH_NECK = "image-parse-new"
PARSINGS = (WITH_NECK, "image-parse")
FOLDERS = ("image", "cloth", "cloth-mask", "pose")


class CpVton(Dataset):
    """One split of a CP-VTON folder; samples are read when they are asked for."""

    layout = "cp-vton"
    label_map = LIP

    def __init__(self, root: Path, split: str) -> None:
        """Raises InputError when ROOT or a folder of the split is missing or empty, UsageError for an unknown split."""
        super().__init__(root, split)
        self.folder = root / split
        for name in FOLDERS:
            if not (self.folder / name).is_dir():
                raise InputError(self.folder, f"a folder {name} (layout cp-vton)", "no such folder")
        parsing = next((name for name in PARSINGS if (self.folder / name).is_dir()), None)
        if parsing is None:
            raise InputError(self.folder, f"a folder {' or '.join(PARSINGS)} (layout cp-vton)", "no such folder")
        self.label_map = LIP_NECK if parsing == WITH_NECK else LIP
        self.people = _numbered(self.folder / "image", "_0")
        self.clothings = _numbered(self.folder / "cloth", "_1")
        self._masks = pictures_in(self.folder / "cloth-mask")
        self._parsings = pictures_in(self.folder / parsing)
        self._parsing_folder = self.folder / parsing

    @classmethod
    def is_laid_out(cls, root: Path, split: str) -> bool:
        """CP-VTON's is the only layout whose joints lie in a split's folder `pose`."""
        return (root / split / "pose").is_dir()

    def parsing_path(self, person_id: str) -> Path:
        stem = self.people[person_id].stem
        return self._parsings.get(stem, self._parsing_folder / f"{stem}.png")

    def keypoints_path(self, person_id: str) -> Path:
        return self.folder / "pose" / f"{self.people[person_id].stem}_keypoints.json"

    def mask_path(self, clothing_id: str) -> Path:
        stem = self.clothings[clothing_id].stem
        return self._masks.get(stem, self.folder / "cloth-mask" / f"{stem}.jpg")

    def read_keypoints(self, person_id: str, size: Size) -> Keypoints:
        return read_openpose_coco18(self.keypoints_path(person_id))


def _numbered(folder: Path, ending: str) -> dict[str, Path]:
    """Pictures by id: their names without the ending, if all have it."""
    found = pictures_in(folder)
    if not found:
        raise InputError(folder, f"pictures ({', '.join(PICTURES)})", "none")
    if not all(name.endswith(ending) and name != ending for name in found):
        return found
    return {name.removesuffix(ending): path for name, path in found.items()}
