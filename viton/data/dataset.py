"""What every layout offers: one split of a dataset folder, whose samples are read when they are asked for.

A layout says where the files of a person and of a garment are, and how its label maps and joints are read; sizes,
padding and the checks that files fit together are the same for all (`loader`).
"""

from __future__ import annotations

import hashlib
import zipfile
import zlib
from abc import ABC, abstractmethod
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import ClassVar

import numpy as np

from viton.coordinates import Size, rescale_px
from viton.data.framing import fit_photo, padding
from viton.data.loader import fit_clothing, fit_person
from viton.data.pairs import scan_pairs
from viton.data.sample import Clothing, Pair, Person, Sample, Truth
from viton.errors import InputError, UsageError
from viton.files import read_json, sha256_of
from viton.images import Pixels, load_labels, load_mask, load_rgb
from viton.keypoints import Keypoints, read_openpose_body25
from viton.layout_names import SPLIT_NAMES, pairs_file
from viton.parsing import LabelMap

SPLITS = SPLIT_NAMES
PICTURES = (".jpg", ".jpeg", ".png")
PROVENANCE = "provenance.json"  # beside the splits: where labels and joints are from, if somebody wrote it


class Dataset(ABC):
    """One split of a dataset folder; a layout fills `people` and `clothings`, and says where the other files are."""

    layout: ClassVar[str]
    label_map: LabelMap
    crops: ClassVar[bool] = False  # whether a person's photo is a part of what the file shows

    def __init__(self, root: Path, split: str) -> None:
        """Raises UsageError for an unknown split; a layout raises InputError when a folder is missing or empty."""
        if split not in SPLITS:
            raise UsageError(f"split: expected one of {', '.join(SPLITS)}, got '{split}'")
        self.root, self.split = root, split
        self.people: dict[str, Path] = {}  # photos by id
        self.clothings: dict[str, Path] = {}  # product pictures by id

    @classmethod
    @abstractmethod
    def is_laid_out(cls, root: Path, split: str) -> bool:
        """Whether the folders of this layout, and of no other, are there."""

    @classmethod
    def splits_in(cls, root: Path) -> list[str]:
        """The splits that ROOT holds in this layout."""
        return [split for split in SPLITS if cls.is_laid_out(root, split)]

    @abstractmethod
    def parsing_path(self, person_id: str) -> Path:
        """The file of a person's label map, there or not."""

    @abstractmethod
    def keypoints_path(self, person_id: str) -> Path:
        """The file of a person's joints, there or not."""

    @abstractmethod
    def mask_path(self, clothing_id: str) -> Path:
        """The file of a garment's mask, there or not."""

    def read_parsing(self, person_id: str, size: Size) -> Pixels:
        """Labels (H,W) of `label_map` for a photo of that size; raises InputError naming a file that is bad."""
        return load_labels(self.parsing_path(person_id))

    def read_keypoints(self, person_id: str, size: Size) -> Keypoints:
        """Joints (18,3) in pixels of a photo of that size; raises InputError naming a file that is bad."""
        return read_openpose_body25(self.keypoints_path(person_id))

    def read_mask(self, clothing_id: str) -> Pixels:
        """The garment's mask (H,W) in {0,1}, of its picture's size; raises InputError naming a file that is bad."""
        return load_mask(self.mask_path(clothing_id))

    @property
    def told(self) -> list[str]:
        """What a user should know of what was left out, a line each."""
        return []

    @property
    def approximate(self) -> bool:
        """Whether joints or labels are guesses of what has seen no photograph: what is made with them has to say so."""
        path = self.root / PROVENANCE
        content = read_json(path) if path.is_file() else {}
        return isinstance(content, dict) and content.get("approximate") is True

    def photo(self, person_id: str) -> Pixels:
        """The person's photo (h,w,3) as large as it is; raises InputError when it is missing or damaged."""
        return load_rgb(_known(self.people, person_id, self.root / self.split))

    def pairs_path(self, name: str | Path) -> Path:
        """A pairs file, given by its name under ROOT (`layout_names.pairs_file`) or as a path."""
        path = pairs_file(self.root, name)
        return path if path.is_file() or not Path(name).is_file() else Path(name)

    def pairs_files(self) -> list[Path]:
        """Every pairs file of the split under ROOT."""
        return sorted(self.root.glob(f"{self.split}_pairs*.txt"))

    def pairs(self, name: str | Path) -> list[Pair]:
        """Read a pairs file, given by its name under ROOT or as a path; files may be called by their names or ids."""
        found = []
        for outcome in self.scan_pairs(name):
            if isinstance(outcome, InputError):
                raise outcome
            found.append(outcome)
        return found

    def scan_pairs(self, name: str | Path) -> Iterator[Pair | InputError]:
        """The pair of every line of a pairs file, or what is wrong with the line."""
        people, clothings = _ids(self.people), _ids(self.clothings)
        for outcome in scan_pairs(self.pairs_path(name), set(people), set(clothings)):
            if isinstance(outcome, Pair):
                outcome = Pair(people[outcome.person], clothings[outcome.clothing])
            yield outcome

    def person(self, person_id: str, size: Size) -> Person:
        """Raises InputError naming the file when one is missing, damaged, or does not fit the others."""
        photo = self.photo(person_id)
        of = (photo.shape[0], photo.shape[1])
        labels, joints = self.read_parsing(person_id, of), self.read_keypoints(person_id, of)
        return fit_person(person_id, photo, labels, joints, self.label_map, size, self.parsing_path(person_id))

    def clothing(self, clothing_id: str, size: Size) -> Clothing:
        """Raises InputError naming the file when one is missing, damaged, or does not fit the other."""
        photo = load_rgb(_known(self.clothings, clothing_id, self.root / self.split))
        return fit_clothing(clothing_id, photo, self.read_mask(clothing_id), size, self.mask_path(clothing_id))

    def sample(self, pair: Pair, size: Size, with_own: bool = False) -> Sample:
        """A pair; with_own: also the person's own clothing, which goes by the person's id, if it is there."""
        own = self.clothing(pair.person, size) if with_own and pair.person in self.clothings else None
        return Sample(self.person(pair.person, size), self.clothing(pair.clothing, size), own)

    def has_truth(self, pair: Pair) -> bool:
        return self.truth_path(pair, "image").is_file()

    def truth_path(self, pair: Pair, kind: str) -> Path:
        """Where the made-up world keeps `image`, `parse` or `map` of a pair."""
        return self.root / self.split / f"{kind}-truth" / f"{pair.name}{'.npz' if kind == 'map' else '.png'}"

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


def pictures_in(folder: Path) -> dict[str, Path]:
    """Pictures by id; a name with a leading dot is what a killed writer, or a Mac, left behind."""
    pictures = (path for path in sorted(folder.iterdir()) if path.suffix.lower() in PICTURES)
    return {path.stem: path for path in pictures if not path.name.startswith(".")}


def _ids(files: dict[str, Path]) -> dict[str, str]:
    """What a pairs file may call each of them: by its id, or by its file's name without suffix where that is one's."""
    stems = Counter(path.stem for path in files.values())
    return {path.stem: key for key, path in files.items() if stems[path.stem] == 1} | {key: key for key in files}


def _known(files: dict[str, Path], wanted: str, folder: Path) -> Path:
    if wanted not in files:
        beside = next((path.parent for path in files.values()), folder)
        raise InputError(beside / wanted, f"a picture ({', '.join(PICTURES)})", "no such file")
    return files[wanted]


def data_digest(data: Dataset, pairs: list[Pair], digest: Callable[[Path], str] = sha256_of) -> str:
    """A fingerprint of every file that the pairs need, by content: a copy has the same, an edited one another."""
    people, clothings = {pair.person for pair in pairs}, {pair.clothing for pair in pairs}
    files = [data.people[name] for name in people] + [data.clothings[name] for name in clothings]
    files += [path(name) for name in people for path in (data.parsing_path, data.keypoints_path)]
    files += [data.mask_path(name) for name in clothings]
    lines = [f"{path.parent.name}/{path.name} {digest(path) if path.is_file() else 'missing'}" for path in set(files)]
    return hashlib.sha256("\n".join(sorted(lines)).encode()).hexdigest()
