"""The layout of VITON-HD (Choi et al., CVPR 2021), in both spellings: CIHP labels, BODY_25 joints, JPEG masks.

    ROOT/{train,val,test}/image/P.jpg              cloth/C.jpg   cloth-mask/C.jpg
                          image-parse-v3/P.png     (or image-parse)
                          openpose_json/P_keypoints.json   (or openpose-json)
    ROOT/{train,val,test}_pairs.txt

The made-up world adds truth files: image-truth/P__C.png, parse-truth/P__C.png, map-truth/P__C.npz.
"""

from __future__ import annotations

import hashlib
import os
import zipfile
import zlib
from pathlib import Path

import numpy as np

from viton.coordinates import Size, rescale_px
from viton.data.framing import fit_keypoints, fit_mask, fit_photo, padded, padding
from viton.data.pairs import read_pairs
from viton.data.sample import Clothing, Pair, Person, Sample, Truth
from viton.errors import InputError
from viton.files import sha256_of
from viton.images import load_labels, load_mask, load_rgb
from viton.keypoints import read_openpose_body25
from viton.parsing import CIHP

# What each folder is for, and how it is spelt, newest spelling first.
FOLDERS = {
    "image": ("image",),
    "clothing": ("cloth",),
    "clothing_mask": ("cloth-mask", "cloth_mask"),
    "parsing": ("image-parse-v3", "image-parse"),
    "keypoints": ("openpose_json", "openpose-json"),
}
PICTURES = (".jpg", ".jpeg", ".png")


class VitonHd:
    """One split of a VITON-HD folder; samples are read when they are asked for."""

    label_map = CIHP

    def __init__(self, root: Path, split: str) -> None:
        """Raises InputError when ROOT or a folder of the split is missing or empty."""
        self.root, self.split = root, split
        self.folders = {role: _folder(root, split, names) for role, names in FOLDERS.items()}
        self.people = _by_id(self.folders["image"])
        self.clothings = _by_id(self.folders["clothing"])
        for role, found in (("image", self.people), ("clothing", self.clothings)):
            if not found:
                raise InputError(self.folders[role], f"pictures ({', '.join(PICTURES)})", "none")
        self._masks = _by_id(self.folders["clothing_mask"])
        self._parsings = _by_id(self.folders["parsing"])

    def pairs(self, name: str | Path) -> list[Pair]:
        """Read a pairs file, given as a path or by its name under ROOT."""
        path = Path(name) if Path(name).is_file() else self.root / name
        return read_pairs(path, set(self.people), set(self.clothings))

    def keypoints_path(self, person_id: str) -> Path:
        return self.folders["keypoints"] / f"{person_id}_keypoints.json"

    def parsing_path(self, person_id: str) -> Path:
        return self._parsings.get(person_id, self.folders["parsing"] / f"{person_id}.png")

    def mask_path(self, clothing_id: str) -> Path:
        return self._masks.get(clothing_id, self.folders["clothing_mask"] / f"{clothing_id}.jpg")

    def truth_path(self, pair: Pair, kind: str) -> Path:
        """Where the made-up world keeps `image`, `parse` or `map` of a pair."""
        return self.root / self.split / f"{kind}-truth" / f"{pair.name}{'.npz' if kind == 'map' else '.png'}"

    def person(self, person_id: str, size: Size) -> Person:
        """Raises InputError naming the file when one is missing, damaged, or does not fit the others."""
        path = _known(self.people, person_id, self.folders["image"])
        image = load_rgb(path)
        parsing = load_labels(self.parsing_path(person_id))
        _expect_same_size(self.parsing_path(person_id), parsing, image)
        if parsing.max() >= len(CIHP.labels):
            raise InputError(self.parsing_path(person_id), "CIHP labels 0 to 19", f"label {parsing.max()}")
        keypoints = read_openpose_body25(self.keypoints_path(person_id))
        fitted = fit_keypoints(keypoints, image.shape[:2], size)
        return Person(person_id, fit_photo(image, size), padded(parsing, size, 0), fitted)

    def clothing(self, clothing_id: str, size: Size) -> Clothing:
        """Raises InputError naming the file when one is missing, damaged, or does not fit the other."""
        image = load_rgb(_known(self.clothings, clothing_id, self.folders["clothing"]))
        mask = load_mask(self.mask_path(clothing_id))
        _expect_same_size(self.mask_path(clothing_id), mask, image)
        return Clothing(clothing_id, fit_photo(image, size), fit_mask(mask, size))

    def sample(self, pair: Pair, size: Size) -> Sample:
        return Sample(self.person(pair.person, size), self.clothing(pair.clothing, size))

    def has_truth(self, pair: Pair) -> bool:
        return self.truth_path(pair, "image").is_file()

    def truth(self, pair: Pair, size: Size) -> Truth:
        """The true try-on of a made-up pair; raises InputError when the world does not hold it."""
        image = load_rgb(self.truth_path(pair, "image"))
        path = self.truth_path(pair, "map")
        try:
            with np.load(path, allow_pickle=False) as archive:
                map_px = archive["map"]
        except (OSError, ValueError, KeyError, TypeError, EOFError, zipfile.BadZipFile, zlib.error) as error:
            raise InputError(path, "an archive with the array 'map'", str(error)) from error
        if map_px.shape != (*image.shape[:2], 2) or map_px.dtype.kind != "f":
            got = f"{map_px.dtype} {map_px.shape}"
            raise InputError(path, f"floating-point numbers in the shape {(*image.shape[:2], 2)}", got)
        above, below, left, right = padding(image.shape[:2], size)
        map_px = np.pad(map_px, ((above, below), (left, right), (0, 0)), constant_values=np.nan)
        map_px = map_px + np.array([left, above], map_px.dtype)
        rows, columns = (((np.arange(n) + 0.5) * m / n).astype(int) for n, m in zip(size, map_px.shape, strict=False))
        return Truth(fit_photo(image, size), rescale_px(map_px[rows][:, columns], map_px.shape[:2], size))


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


def _by_id(folder: Path) -> dict[str, Path]:
    return {path.stem: path for path in sorted(folder.iterdir()) if path.suffix.lower() in PICTURES}


def _known(files: dict[str, Path], wanted: str, folder: Path) -> Path:
    if wanted not in files:
        raise InputError(folder / wanted, f"a picture ({', '.join(PICTURES)})", "no such file")
    return files[wanted]


def _expect_same_size(path: Path, pixels: np.ndarray, picture: np.ndarray) -> None:
    """Labels and masks must lie on their picture, pixel by pixel."""
    height, width = picture.shape[:2]
    if pixels.shape != (height, width):
        raise InputError(path, f"{width}x{height} like its picture", f"{pixels.shape[1]}x{pixels.shape[0]}")


def data_digest(data: VitonHd) -> str:
    """A fingerprint of a split: of a made-up world by content, else by every file's name, size and time of change."""
    world = data.root / "world.json"
    if world.is_file():
        return sha256_of(world)
    digest = hashlib.sha256()
    for folder in sorted(data.folders.values()):
        with os.scandir(folder) as entries:
            for entry in sorted(entries, key=lambda entry: entry.name):
                found = entry.stat()
                digest.update(f"{folder.name}/{entry.name} {found.st_size} {found.st_mtime_ns}\n".encode())
    return digest.hexdigest()
