"""The layout of VITON-HD (Choi et al., CVPR 2021), in both spellings: CIHP labels, BODY_25 joints, JPEG masks.

    ROOT/{train,val,test}/image/P.jpg              cloth/C.jpg   cloth-mask/C.jpg
                          image-parse-v3/P.png     (or image-parse)
                          openpose_json/P_keypoints.json   (or openpose-json)
    ROOT/{train,val,test}_pairs.txt

The made-up world adds truth files: image-truth/P__C.png, parse-truth/P__C.png, map-truth/P__C.npz.
"""

from __future__ import annotations

import hashlib
import zipfile
import zlib
from collections.abc import Callable
from pathlib import Path

import numpy as np

from viton.coordinates import Size, rescale_px
from viton.data.framing import fit_photo, padding
from viton.data.loader import load_clothing, load_person
from viton.data.pairs import read_pairs
from viton.data.sample import Clothing, Pair, Person, Sample, Truth
from viton.errors import InputError, UsageError
from viton.files import sha256_of
from viton.images import load_rgb
from viton.parsing import CIHP

# What each folder is for, and how it is spelt, newest spelling first.
FOLDERS = {
    "image": ("image",),
    "clothing": ("cloth",),
    "clothing_mask": ("cloth-mask", "cloth_mask"),
    "parsing": ("image-parse-v3", "image-parse"),
    "keypoints": ("openpose_json", "openpose-json"),
}
SPLITS = ("train", "val", "test")
PICTURES = (".jpg", ".jpeg", ".png")


class VitonHd:
    """One split of a VITON-HD folder; samples are read when they are asked for."""

    label_map = CIHP

    def __init__(self, root: Path, split: str) -> None:
        """Raises InputError when ROOT or a folder of the split is missing or empty, UsageError for an unknown split."""
        if split not in SPLITS:
            raise UsageError(f"split: expected one of {', '.join(SPLITS)}, got '{split}'")
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
        """Read a pairs file, given by its name under ROOT or as a path."""
        path = self.root / name if (self.root / name).is_file() or not Path(name).is_file() else Path(name)
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
        image = _known(self.people, person_id, self.folders["image"])
        files = (image, self.parsing_path(person_id), self.keypoints_path(person_id))
        return load_person(person_id, *files, self.label_map, size)

    def clothing(self, clothing_id: str, size: Size) -> Clothing:
        """Raises InputError naming the file when one is missing, damaged, or does not fit the other."""
        image = _known(self.clothings, clothing_id, self.folders["clothing"])
        return load_clothing(clothing_id, image, self.mask_path(clothing_id), size)

    def sample(self, pair: Pair, size: Size, with_own: bool = False) -> Sample:
        """A pair; with_own: also the person's own clothing, which goes by the person's id, if it is there."""
        own = self.clothing(pair.person, size) if with_own and pair.person in self.clothings else None
        return Sample(self.person(pair.person, size), self.clothing(pair.clothing, size), own)

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
    """Pictures by id; a name with a leading dot is what a killed writer, or a Mac, left behind."""
    pictures = (path for path in sorted(folder.iterdir()) if path.suffix.lower() in PICTURES)
    return {path.stem: path for path in pictures if not path.name.startswith(".")}


def _known(files: dict[str, Path], wanted: str, folder: Path) -> Path:
    if wanted not in files:
        raise InputError(folder / wanted, f"a picture ({', '.join(PICTURES)})", "no such file")
    return files[wanted]


def data_digest(data: VitonHd, pairs: list[Pair], digest: Callable[[Path], str] = sha256_of) -> str:
    """A fingerprint of every file that the pairs need, by content: a copy has the same, an edited one another."""
    people, clothings = {pair.person for pair in pairs}, {pair.clothing for pair in pairs}
    files = [data.people[name] for name in people] + [data.clothings[name] for name in clothings]
    files += [path(name) for name in people for path in (data.parsing_path, data.keypoints_path)]
    files += [data.mask_path(name) for name in clothings]
    lines = [f"{path.parent.name}/{path.name} {digest(path) if path.is_file() else 'missing'}" for path in files]
    return hashlib.sha256("\n".join(sorted(lines)).encode()).hexdigest()
