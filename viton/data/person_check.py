"""What is wrong with one person's files: photo, label map and joints, each on its own and beside each other."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from viton.coordinates import Size
from viton.data import places
from viton.data.dataset import Dataset
from viton.data.framing import fit_labels
from viton.data.joint_files import count_problem, missing_problem
from viton.data.leaks import fingerprint
from viton.data.mat_files import SQUARE, part_of_square, read_mat
from viton.data.traps import Problem, trapped
from viton.errors import InputError
from viton.images import Pixels
from viton.keypoints import Keypoints
from viton.parsing import CLOTHING

FAR = 0.5  # share of the joints on or beside the person below which they are off it
RINGS = 0.03  # share of an edge's pixels that differ from all around them
FEW = 20  # such pixels, which any map may have
JPEG = b"\xff\xd8\xff"


class Seen(NamedTuple):
    """What was seen of a person or garment."""

    problems: list[Problem]
    words: NDArray[np.uint64] | None = None  # the picture's fingerprint, where it could be read
    suspicions: tuple[Problem, ...] = ()  # for the folder to decide: one picture may mislead
    is_body25: bool | None = None
    middle: str = ""  # what label 10 looks like


def check_person(data: Dataset, person: str) -> Seen:
    """Each file on its own, so that one bad file does not hide another; then what they say of each other."""
    try:
        photo = data.photo(person)
    except InputError as error:
        return Seen([problem_of(error)])
    size, words = (photo.shape[0], photo.shape[1]), fingerprint(photo)
    labels, of_labels = _labels(data, person, size)
    joints, of_joints = _joints(data, person, size)
    problems = [*of_labels, *of_joints]
    if joints is None:
        return Seen(problems, words)
    is_body25 = None if data.layout == "viton-hd" else places.looks_like_body25(joints)
    if labels is None or labels.shape != size or not labels.any():
        return Seen([*problems, *_outside(data.keypoints_path(person), joints, size)], words, (), is_body25)
    outside = list(_outside(data.keypoints_path(person), joints, size))
    suspicions = list(_suspicions(data, person, labels, joints))
    if outside:  # one finding: the frame where it is known, else that they are outside
        suspicions = [each for each in suspicions if each.trap != "joints-off-the-person"]
    if any(each.trap == "joints-in-another-frame" for each in suspicions):
        outside = []
    sound = not outside and not any(each.trap.startswith("joints") for each in suspicions)
    middle = places.middle_label(labels, joints) if sound else ""
    return Seen([*problems, *outside], words, tuple(suspicions), is_body25, middle)


def problem_of(error: InputError) -> Problem:
    return Problem("error", error.where, error.expected, error.got)


def is_jpeg(path: Path) -> bool:
    try:
        with path.open("rb") as stream:
            return stream.read(len(JPEG)) == JPEG
    except OSError:
        return False


def _outside(path: Path, joints: Keypoints, size: Size) -> Iterator[Problem]:
    height, width = size
    outside = int((joints[:, :2] >= [width, height]).any(axis=1).sum())
    if outside:
        expected, got = f"joints within {width}x{height}", f"{outside} outside: another frame?"
        yield trapped("joints-in-another-frame", path, expected, got)


def _labels(data: Dataset, person: str, size: Size) -> tuple[Pixels | None, list[Problem]]:
    """The label map, if it can be used, and what is wrong with it."""
    path = data.parsing_path(person)
    try:
        labels = data.read_parsing(person, size)
    except InputError as error:
        return None, [_explained(path, error)]
    if data.layout != "viton" and is_jpeg(path):
        return None, [trapped("jpeg-label-map", path, "label numbers as they were made", "a JPEG")]
    if ringing(labels) > RINGS:
        got = "numbers that ring along the edges"
        return None, [trapped("jpeg-label-map", path, "label numbers as they were made", got)]
    names = data.label_map.labels
    problems = [] if labels.shape == size else [_other_size(path, labels, size)]
    if labels.max() >= len(names):
        expected = f"{data.label_map.name} labels 0 to {len(names) - 1}"
        problems.append(trapped("other-label-map", path, expected, f"label {labels.max()}", _table_of(labels)))
    if problems:
        return labels, problems
    if not np.isin(labels, data.label_map.ids(CLOTHING["paper"])).any():
        expected, got = "upper clothes, dress or coat somewhere", "none: there is nothing to replace"
        return labels, [Problem("warning", str(path), expected, got)]
    return labels, []


def _table_of(labels: Pixels) -> str:
    """What to do about a number that the declared table lacks."""
    if labels.max() == 20:
        return "20 is the neck in CP-VTON+'s maps: keep them in image-parse-new of the layout cp-vton"
    if 20 < labels.max() < len(places.GP_VTON.labels):
        return "21, 22, 24 and 25 are sleeves in GP-VTON's maps: take the layout's own, or renumber them"
    if labels.max() < 20:
        return "these are LIP's or CIHP's shoes: convert the maps, or read the folder in their layout"
    return ""


def ringing(labels: Pixels) -> float:
    """The share of the pixels on edges of a map (H,W) that differ from all four neighbours, as compression leaves them.

    JPEG gives 0.06 and more at any quality, maps as parsers make them 0.007 at most; a few pixels count as none.
    """
    if min(labels.shape) < 3:
        return 0.0
    middle = labels[1:-1, 1:-1]
    beside = (labels[:-2, 1:-1], labels[2:, 1:-1], labels[1:-1, :-2], labels[1:-1, 2:])
    differs = np.stack([middle != other for other in beside])
    alone, edges = int(differs.all(axis=0).sum()), int(differs.any(axis=0).sum())
    return alone / edges if alone > FEW else 0.0


def _explained(path: Path, error: InputError) -> Problem:
    """The trap behind a label map that cannot be read, if there is one."""
    if "label map" in error.expected and error.got.startswith("mode"):
        return trapped("coloured-label-map", path, error.expected, error.got)
    if error.expected.startswith("'segment' of 641"):
        return trapped("segment-cropped", path, error.expected, error.got)
    return problem_of(error)


def _other_size(path: Path, labels: Pixels, size: Size) -> Problem:
    expected, got = f"{size[1]}x{size[0]} like its picture", f"{labels.shape[1]}x{labels.shape[0]}"
    if labels.shape == size[::-1]:
        return trapped("labels-on-their-side", path, expected, got)
    if labels.shape[0] == labels.shape[1]:
        return trapped("segment-uncropped", path, expected, f"{got}, a square as VITON's `segment`")
    return Problem("error", str(path), expected, got)


def _joints(data: Dataset, person: str, size: Size) -> tuple[Keypoints | None, list[Problem]]:
    path = data.keypoints_path(person)
    try:
        joints = data.read_keypoints(person, size)
    except InputError as error:
        return None, [count_problem(path, data.layout, error) or problem_of(error)]
    found = missing_problem(path, data.layout)
    return joints, [found] if found else []


def _suspicions(data: Dataset, person: str, labels: Pixels, joints: Keypoints) -> Iterator[Problem]:
    """What the places of joints on labels say: the first cause that explains them."""
    path, label_map = data.parsing_path(person), data.label_map
    stands = places.fit(labels, joints, label_map)
    if data.layout == "viton" and (turned := _turned(path, labels, joints, data)):
        yield turned
        return
    if other := places.other_map(labels, joints, label_map):
        expected = f"{label_map.name} labels, as the layout {data.layout} has them"
        yield trapped("other-label-map", path, expected, f"what fits {other.name} better", _renumber(other.name))
        return
    if not stands.is_doubtful():
        return
    if labels.shape[0] == labels.shape[1] and places.fit(labels.T, joints, label_map).beats(stands):
        yield trapped("labels-on-their-side", path, "labels under the joints that they belong to", "a map on its side")
        return
    keypoints = data.keypoints_path(person)
    if frame := places.other_frame(labels, joints, label_map, data.layout):
        expected = f"joints in pixels of the photo, {labels.shape[1]}x{labels.shape[0]}"
        if data.layout == "dresscode":
            expected = "joints in a frame of 384x512"
        yield trapped("joints-in-another-frame", keypoints, expected, f"joints in {frame}")
    elif (joints[:, 2] > 0).sum() >= places.FEWEST and places.share_on_person(labels, joints) < FAR:
        share = f"{places.share_on_person(labels, joints):.0%} of them"
        yield trapped("joints-off-the-person", keypoints, "joints on the person that the label map shows", share)


def _renumber(name: str) -> str:
    """What to do about maps of another table."""
    if name in ("ACGPN", "GP-VTON"):
        return f"renumber {name}'s labels to the layout's, or take the layout's own maps"
    return f"`viton data convert` renumbers {name} by the labels' names, from a layout that has it"


def _turned(path: Path, labels: Pixels, joints: Keypoints, data: Dataset) -> Problem | None:
    """A `segment` that is stored upright, or stretched over the square instead of padded."""
    segment = read_mat(path, "segment").astype(np.uint8)
    size = (labels.shape[0], labels.shape[1])
    height, width = part_of_square(size)
    stands = places.fit(labels, joints, data.label_map)
    spilt = segment.T[height:].any() or segment.T[:, width:].any()
    if not spilt and not stands.is_doubtful():
        return None
    ways = {
        "segment-untransposed": (segment[:height, :width], "a map that stands upright"),
        "segment-uncropped": (segment.T, "a map that is stretched over the square"),
    }
    fits = {name: places.fit(fit_labels(map_, size), joints, data.label_map) for name, (map_, _) in ways.items()}
    name = max(fits, key=lambda each: fits[each].agree)
    if fits[name].beats(stands) or (spilt and fits[name].is_enough() and fits[name].agree > stands.agree):
        expected = f"'segment' of {SQUARE}x{SQUARE}, on its side, padded"
        return trapped(name, path, expected, ways[name][1])
    if spilt:
        return trapped("segment-uncropped", path, f"background outside {width}x{height} of the square", "labels")
    return None
