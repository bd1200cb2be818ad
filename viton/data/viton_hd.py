"""The layout of VITON-HD (Choi et al., CVPR 2021), in both spellings: CIHP labels, BODY_25 joints, JPEG masks.

    ROOT/{train,val,test}/image/P.jpg              cloth/C.jpg   cloth-mask/C.jpg
                          image-parse-v3/P.png     (or image-parse)
                          openpose_json/P_keypoints.json   (or openpose-json)
    ROOT/{train,val,test}_pairs.txt

The made-up world adds truth files: image-truth/P__C.png, parse-truth/P__C.png, map-truth/P__C.npz.
"""

from __future__ import annotations

from pathlib import Path

from viton.data.dataset import PICTURES, Dataset, pictures_in
from viton.errors import InputError
from viton.parsing import CIHP

# What each folder is for, and how it is spelt, newest spelling first.
FOLDERS = {
    "image": ("image",),
    "clothing": ("cloth",),
    "clothing_mask": ("cloth-mask", "cloth_mask"),
    "parsing": ("image-parse-v3", "image-parse"),
    "keypoints": ("openpose_json", "openpose-json"),
}


class VitonHd(Dataset):
    """One split of a VITON-HD folder; samples are read when they are asked for."""

    layout = "viton-hd"
    label_map = CIHP

    def __init__(self, root: Path, split: str) -> None:
        """Raises InputError when ROOT or a folder of the split is missing or empty, UsageError for an unknown split."""
        super().__init__(root, split)
        self.folders = {role: _folder(root, split, names) for role, names in FOLDERS.items()}
        self.people = pictures_in(self.folders["image"])
        self.clothings = pictures_in(self.folders["clothing"])
        for role, found in (("image", self.people), ("clothing", self.clothings)):
            if not found:
                raise InputError(self.folders[role], f"pictures ({', '.join(PICTURES)})", "none")
        self._masks = pictures_in(self.folders["clothing_mask"])
        self._parsings = pictures_in(self.folders["parsing"])

    @classmethod
    def is_laid_out(cls, root: Path, split: str) -> bool:
        """VITON-HD's is the only layout whose joints lie in an OpenPose folder."""
        return any((root / split / name).is_dir() for name in FOLDERS["keypoints"])

    def keypoints_path(self, person_id: str) -> Path:
        return self.folders["keypoints"] / f"{person_id}_keypoints.json"

    def parsing_path(self, person_id: str) -> Path:
        return self._parsings.get(person_id, self.folders["parsing"] / f"{person_id}.png")

    def mask_path(self, clothing_id: str) -> Path:
        return self._masks.get(clothing_id, self.folders["clothing_mask"] / f"{clothing_id}.jpg")


def _folder(root: Path, split: str, names: tuple[str, ...]) -> Path:
    """The folder in the spelling that is there; raises InputError naming what is missing."""
    if not root.is_dir():
        raise InputError(root, "a dataset folder", "no such folder")
    if not (root / split).is_dir():
        inside = ", ".join(sorted(path.name for path in root.iterdir())[:8]) or "an empty folder"
        raise InputError(root, f"a folder '{split}' (layout viton-hd)", inside)
    for name in names:
        if (root / split / name).is_dir():
            return root / split / name
    raise InputError(root / split, f"a folder {' or '.join(names)}", "no such folder")
