"""Everything wrong with a dataset folder, at once."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Literal, NamedTuple

import numpy as np

from viton.data.dataset import SPLITS
from viton.data.pairs import scan_pairs
from viton.data.sample import Pair
from viton.data.viton_hd import FOLDERS, VitonHd
from viton.errors import InputError, UsageError
from viton.images import load_labels, load_mask, load_rgb
from viton.keypoints import read_openpose_body25
from viton.parsing import CIHP, CLOTHING

SMALLEST = 0.001  # share of a product picture; a smaller garment's outline is too short to be matched


class Problem(NamedTuple):
    """One thing that is wrong (`error`: its sample cannot be used) or odd (`warning`)."""

    severity: Literal["error", "warning"]
    file: str
    expected: str
    got: str

    @property
    def line(self) -> str:
        return f"{self.severity}: {self.file}: expected {self.expected}, got {self.got}"


class Report(NamedTuple):
    """What a check found."""

    people: int
    clothings: int
    pairs: int
    problems: list[Problem]

    @property
    def errors(self) -> int:
        return sum(problem.severity == "error" for problem in self.problems)


def check(root: Path, splits: tuple[str, ...] = (), progress: Callable[[int, int], None] | None = None) -> Report:
    """Read every file of the splits (all that are there by default) and list what is wrong with it."""
    if not root.is_dir():
        raise InputError(root, "a dataset folder", "no such folder")
    unknown = [split for split in splits if split not in SPLITS]
    if unknown:
        raise UsageError(f"--split: expected one of {', '.join(SPLITS)}, got '{unknown[0]}'")
    splits = splits or tuple(split for split in SPLITS if (root / split).is_dir())
    if not splits:
        inside = ", ".join(sorted(path.name for path in root.iterdir())[:8]) or "an empty folder"
        raise InputError(root, "a folder train, val or test (layout viton-hd)", inside)
    reports = [_check_split(root, split, progress) for split in splits]
    return Report(
        people=sum(report.people for report in reports),
        clothings=sum(report.clothings for report in reports),
        pairs=sum(report.pairs for report in reports),
        problems=sorted({problem for report in reports for problem in report.problems}),
    )


def _check_split(root: Path, split: str, progress: Callable[[int, int], None] | None) -> Report:
    missing = [_error(error) for error in _missing_folders(root, split)]
    if missing:
        return Report(0, 0, 0, missing)
    try:
        data = VitonHd(root, split)
    except InputError as error:
        return Report(0, 0, 0, [_error(error)])
    problems: list[Problem] = []
    people, clothings = list(data.people), list(data.clothings)

    def problems_of(index: int) -> list[Problem]:
        if index < len(people):
            return list(_person_problems(data, people[index]))
        return list(_clothing_problems(data, clothings[index - len(people)]))

    total = len(people) + len(clothings)
    with ThreadPoolExecutor(max_workers=os.cpu_count()) as pool:  # decoding frees the interpreter's lock
        for done, found in enumerate(pool.map(problems_of, range(total)), 1):
            problems += found
            if progress:
                progress(done, total)
    problems += _orphans(data)
    num_pairs, of_pairs = _pairs_problems(data)
    return Report(len(people), len(clothings), num_pairs, problems + of_pairs)


def _missing_folders(root: Path, split: str) -> Iterator[InputError]:
    for names in FOLDERS.values():
        if not any((root / split / name).is_dir() for name in names):
            yield InputError(root / split, f"a folder {' or '.join(names)}", "no such folder")


def _person_problems(data: VitonHd, person: str) -> Iterator[Problem]:
    """Each file on its own, so that one bad file does not hide another."""
    try:
        height, width = load_rgb(data.people[person]).shape[:2]
    except InputError as error:
        yield _error(error)
        return
    yield from _parsing_problems(data.parsing_path(person), (height, width))
    path = data.keypoints_path(person)
    try:
        keypoints = read_openpose_body25(path)
    except InputError as error:
        yield _error(error)
        return
    outside = (keypoints[:, :2] >= [width, height]).any(axis=1)
    if outside.any():
        yield Problem(
            "warning", str(path), f"joints within {width}x{height}", f"{outside.sum()} outside: another frame?"
        )


def _parsing_problems(path: Path, size: tuple[int, int]) -> Iterator[Problem]:
    try:
        labels = load_labels(path)
    except InputError as error:
        yield _error(error)
        return
    if labels.shape != size:
        yield Problem(
            "error", str(path), f"{size[1]}x{size[0]} like its picture", f"{labels.shape[1]}x{labels.shape[0]}"
        )
    if labels.max() >= len(CIHP.labels):
        yield Problem("error", str(path), "CIHP labels 0 to 19", f"label {labels.max()}")
    elif not np.isin(labels, CIHP.ids(CLOTHING["paper"])).any():
        yield Problem(
            "warning", str(path), "upper clothes, dress or coat somewhere", "none: there is nothing to replace"
        )


def _clothing_problems(data: VitonHd, clothing: str) -> Iterator[Problem]:
    try:
        height, width = load_rgb(data.clothings[clothing]).shape[:2]
    except InputError as error:
        yield _error(error)
        return
    path = data.mask_path(clothing)
    try:
        mask = load_mask(path)
    except InputError as error:
        yield _error(error)
        return
    if mask.shape != (height, width):
        yield Problem("error", str(path), f"{width}x{height} like its picture", f"{mask.shape[1]}x{mask.shape[0]}")
    if mask.all() or mask.mean() < SMALLEST:
        got = "the whole picture" if mask.all() else f"{mask.sum()} pixels" if mask.any() else "an empty mask"
        yield Problem("error", str(path), "a mask of the garment", got)


def _orphans(data: VitonHd) -> Iterator[Problem]:
    """Files whose picture is not there: usually a folder that was copied in part."""
    for role, known, suffix in (
        ("parsing", data.people, ""), ("keypoints", data.people, "_keypoints"), ("clothing_mask", data.clothings, ""),
    ):  # fmt: skip
        for path in sorted(data.folders[role].iterdir()):
            if not path.name.startswith(".") and path.stem.removesuffix(suffix) not in known:
                yield Problem("warning", str(path), "a picture of the same name", "none")


def _pairs_problems(data: VitonHd) -> tuple[int, list[Problem]]:
    """All pairs files of the split, and how many pairs they hold."""
    problems, count = [], 0
    paths = sorted(data.root.glob(f"{data.split}_pairs*.txt"))
    if not paths:
        problems.append(Problem("warning", str(data.root), f"a pairs file {data.split}_pairs*.txt", "none"))
    for path in paths:
        outcomes = list(scan_pairs(path, set(data.people), set(data.clothings)))
        problems += [_error(outcome) for outcome in outcomes if isinstance(outcome, InputError)]
        pairs = [outcome for outcome in outcomes if isinstance(outcome, Pair)]
        count += len(pairs)
        problems += _odd_pairs(path, pairs, data.split)
    return count, problems


def _odd_pairs(path: Path, pairs: list[Pair], split: str) -> Iterator[Problem]:
    own = [pair for pair in pairs if pair.person == pair.clothing]
    if split == "train" and pairs and len(own) < len(pairs):
        got = f"{len(pairs) - len(own)} of {len(pairs)} unpaired: pair by the person's name instead"
        yield Problem("warning", str(path), "every person with her own garment, for training", got)
    if split != "train" and own and len(own) < len(pairs):
        names = ", ".join(pair.person for pair in own[:4])
        got = f"{len(own)} self-pairs, left out of unpaired numbers: {names}"
        yield Problem("warning", str(path), "only other people's garments in an unpaired list", got)


def _error(error: InputError) -> Problem:
    return Problem("error", error.where, error.expected, error.got)
