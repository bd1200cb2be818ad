"""From one layout to another, so that other people's code can read a dataset.

Photos are copied byte for byte where they can be; labels are translated by name (`parsing.translate`), joints and
masks written as the target has them, pairs files rewritten in its names. A sample is written when all of it is good.
"""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import NamedTuple

from viton.coordinates import Size
from viton.data.dataset import PROVENANCE, SPLITS, Dataset
from viton.data.framing import fit_labels, fit_photo
from viton.data.layouts import LAYOUTS
from viton.data.pair_lists import write_lists
from viton.data.targets import TARGETS, Target, mask_bytes
from viton.errors import InputError, UsageError
from viton.files import write_bytes, write_json
from viton.images import Pixels, encode, is_plain_jpeg, load_rgb
from viton.parsing import translate


class Order(NamedTuple):
    """What is asked for."""

    root: Path
    out: Path
    target: str
    source: str | None = None  # None: by its folders
    split: str | None = None  # None: all that are there
    size: Size | None = None  # None: every picture as large as it is
    overwrite: bool = False


class Report(NamedTuple):
    """What was written, what could not be, and what it has lost."""

    people: int
    clothings: int
    pairs: int
    merged: dict[tuple[str, str], int]  # pixels of (a label that the target lacks, what they have become)
    notes: list[str]
    problems: list[InputError]


class Job(NamedTuple):
    """One person or one garment."""

    data: Dataset
    id: str
    is_person: bool

    @property
    def photo(self) -> Path:
        return (self.data.people if self.is_person else self.data.clothings)[self.id]

    @property
    def is_whole_file(self) -> bool:
        """Whether the photo is all that its file shows."""
        return not (self.is_person and self.data.crops)


Outcome = Counter[tuple[str, str]] | InputError


def convert(order: Order, progress: Callable[[int, int], None] | None = None) -> Report:
    """Write a dataset folder in another layout; a bad sample is reported, and the rest goes on.

    progress: called with (done, total) samples.   Raises UsageError for unknown names and for a folder inside the
    other, InputError when OUT holds files and is not to be overwritten, or a split cannot be opened.
    """
    target = _target(order)
    splits = _opened(order)
    _check_out(order)
    jobs = [Job(data, name, True) for data in splits for name in data.people]
    jobs += [Job(data, name, False) for data in splits for name in data.clothings]
    outcomes = _done(order, target, jobs, progress)
    failed = {(job.data.split, job.is_person, job.id) for job, outcome in outcomes if isinstance(outcome, InputError)}
    problems = [outcome for _, outcome in outcomes if isinstance(outcome, InputError)]
    pairs, notes = 0, []
    for data in splits:
        people = {name for name in data.people if (data.split, True, name) not in failed}
        clothings = {name for name in data.clothings if (data.split, False, name) not in failed}
        lists = write_lists(order.out, target, data, people, clothings)
        pairs += lists.pairs
        notes += [*data.told, *lists.notes]
        problems += lists.problems
    if any(data.approximate for data in splits):
        write_json(order.out / PROVENANCE, {"approximate": True, "converted_from": splits[0].layout})
        notes.append(f"labels and joints are APPROXIMATE, and {PROVENANCE} says so")
    good = [(job, outcome) for job, outcome in outcomes if isinstance(outcome, Counter)]
    return Report(
        people=sum(job.is_person for job, _ in good),
        clothings=sum(not job.is_person for job, _ in good),
        pairs=pairs,
        merged=dict(sorted(sum((outcome for _, outcome in good), Counter[tuple[str, str]]()).items())),
        notes=notes,
        problems=problems,
    )


def _target(order: Order) -> Target:
    if order.target not in TARGETS:
        raise UsageError(f"--to: expected one of {', '.join(TARGETS)}, got '{order.target}'")
    if order.source is not None and order.source not in LAYOUTS:
        raise UsageError(f"--from: expected one of {', '.join(LAYOUTS)}, got '{order.source}'")
    if order.split is not None and order.split not in SPLITS:
        raise UsageError(f"--split: expected one of {', '.join(SPLITS)}, got '{order.split}'")
    return TARGETS[order.target]


def _opened(order: Order) -> list[Dataset]:
    """The splits asked for, or all; opened before anything is written. Where none is there, opening says what lacks."""
    wanted = [order.split] if order.split else list(SPLITS)
    known = (name for split in wanted for name, layout in LAYOUTS.items() if layout.is_laid_out(order.root, split))
    layout = LAYOUTS[order.source or next(known, "viton-hd")]
    splits = wanted if order.split else layout.splits_in(order.root)
    nearest = next((split for split in wanted if (order.root / split).is_dir()), "test")
    return [layout(order.root, split) for split in splits or [nearest]]


def _check_out(order: Order) -> None:
    root, out = order.root.resolve(), order.out.resolve()
    if root == out or root in out.parents or out in root.parents:
        raise UsageError(f"{order.out}: expected a folder outside the dataset's, got one that shares it")
    if out.exists() and not out.is_dir():
        raise InputError(order.out, "a folder", "a file")
    if out.is_dir() and any(out.iterdir()) and not order.overwrite:
        raise InputError(order.out, "an empty folder, or --overwrite", "a folder with files in it")


def _done(
    order: Order, target: Target, jobs: list[Job], progress: Callable[[int, int], None] | None
) -> list[tuple[Job, Outcome]]:
    """Every job and what came of it."""
    refused = dict(_refused(target, jobs))

    def outcome_of(number: int) -> Outcome:
        if number in refused:
            return refused[number]
        try:
            return _write(order, target, jobs[number])
        except InputError as error:
            return error

    outcomes = []
    with ThreadPoolExecutor(max_workers=os.cpu_count()) as pool:  # decoding frees the interpreter's lock
        for number, outcome in enumerate(pool.map(outcome_of, range(len(jobs)))):
            outcomes.append((jobs[number], outcome))
            if progress:
                progress(number + 1, len(jobs))
    return outcomes


def _refused(target: Target, jobs: list[Job]) -> Iterator[tuple[int, Outcome]]:
    """Jobs whose name the target cannot hold, or holds already; the same photo in two splits is written once."""
    taken: dict[str, Path] = {}
    for number, job in enumerate(jobs):
        path = (target.image if job.is_person else target.clothing).format(split=job.data.split, id=job.id)
        if job.id.split() != [job.id] or "," in job.id:
            yield number, InputError(job.photo, "a name without spaces and commas, for pairs files", repr(job.id))
        elif path not in taken:
            taken[path] = job.photo
        elif taken[path].resolve() == job.photo.resolve():
            yield number, Counter()
        else:
            yield number, InputError(job.photo, "a name of its own in all splits", f"that of {taken[path]}")


def _write(order: Order, target: Target, job: Job) -> Counter[tuple[str, str]]:
    """Write the files of a job when all are made; returns what its labels have lost."""
    files, lost = _person_files(order, target, job) if job.is_person else (_clothing_files(order, target, job), {})
    for path, content in files.items():
        write_bytes(order.out / path.format(split=job.data.split, id=job.id), content)
    return Counter(lost)


def _person_files(order: Order, target: Target, job: Job) -> tuple[dict[str, bytes], dict[tuple[str, str], int]]:
    photo = job.data.photo(job.id)
    size = order.size or (photo.shape[0], photo.shape[1])
    person = job.data.person(job.id, size)
    labels, lost = translate(fit_labels(person.parsing, size), job.data.label_map, target.label_map)
    return {
        target.image: _photo(job, person.image, order.size),
        target.parsing: target.labels(labels),
        target.keypoints: target.joints(person.keypoints, size),
    }, lost


def _clothing_files(order: Order, target: Target, job: Job) -> dict[str, bytes]:
    if target.mask is None:  # then a dataset that has none can be converted too
        photo = load_rgb(job.photo)
        return {target.clothing: _photo(job, fit_photo(photo, order.size or photo.shape[:2]), order.size)}
    clothing = job.data.clothing(job.id, order.size or _size_of(job.photo))
    return {
        target.clothing: _photo(job, clothing.image, order.size),
        target.mask: mask_bytes((clothing.mask >= 128).astype(clothing.mask.dtype), Path(target.mask).suffix),
    }


def _size_of(photo: Path) -> Size:
    height, width = load_rgb(photo).shape[:2]
    return height, width


def _photo(job: Job, pixels: Pixels, size: Size | None) -> bytes:
    """A JPEG file: the photo's own where its size stays and every program shows it alike."""
    as_it_is = size is None and job.is_whole_file and is_plain_jpeg(job.photo)
    return job.photo.read_bytes() if as_it_is else encode(pixels, ".jpg")
