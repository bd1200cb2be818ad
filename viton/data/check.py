"""Everything wrong with a dataset folder, at once, whatever its layout."""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path

from viton.data.clothing_check import check_clothing
from viton.data.dataset import SPLITS, Dataset
from viton.data.findings import Findings, Report
from viton.data.layouts import LAYOUTS
from viton.data.leaks import Pictures
from viton.data.pairs_check import check_pairs
from viton.data.person_check import Seen, check_person, problem_of
from viton.data.repacks import looks_like
from viton.data.suspicions import Suspicions
from viton.data.traps import Problem, trapped
from viton.data.viton_hd import FOLDERS
from viton.errors import InputError, UsageError

Progress = Callable[[int, int], None]
AHEAD = 64  # samples that are read before the first of them is looked at


def check(
    root: Path, splits: tuple[str, ...] = (), progress: Progress | None = None, layout: str | None = None
) -> Report:
    """Read every file of the splits (all that are there by default) and list what is wrong with it.

    layout: one of LAYOUTS, or None to tell it by the folders.   Raises UsageError for an unknown split or layout, and
    for a folder of all categories of Dress Code; InputError when ROOT is no folder or holds no dataset at all.
    """
    if not root.is_dir():
        raise InputError(root, "a dataset folder", "no such folder")
    unknown = [split for split in splits if split not in SPLITS]
    if unknown:
        raise UsageError(f"--split: expected one of {', '.join(SPLITS)}, got '{unknown[0]}'")
    if layout is not None and layout not in LAYOUTS:
        raise UsageError(f"--layout: expected one of {', '.join(LAYOUTS)}, got '{layout}'")
    kind = LAYOUTS[layout or _told(root, splits or SPLITS)]
    found, people, clothings = Findings(), Pictures(), Pictures()
    wanted = splits or tuple(_splits(kind, root))
    opened = [_check_split(kind, root, split, found, (people, clothings), progress) for split in wanted]
    if not opened or not all(opened):
        circulating = list(looks_like(root))
        found.add(circulating)
        if not opened and not circulating:
            raise _nothing(kind, root)
    for pictures in (people, clothings):
        found.add(_twice(pictures))
    return found.report()


def _told(root: Path, splits: tuple[str, ...]) -> str:
    """The layout whose folders are there; viton-hd, whose errors name what is missing, where none fits."""
    known = (name for split in splits for name, kind in LAYOUTS.items() if kind.is_laid_out(root, split))
    return next(known, "viton-hd")


def _splits(kind: type[Dataset], root: Path) -> Iterator[str]:
    """The splits of the layout, and those that have a folder of the name, whatever that lacks."""
    laid_out = kind.splits_in(root)
    yield from (split for split in SPLITS if split in laid_out or (root / split).is_dir())


def _nothing(kind: type[Dataset], root: Path) -> InputError:
    inside = ", ".join(sorted(path.name for path in root.iterdir())[:8]) or "an empty folder"
    if kind.is_laid_out(root, "test"):
        try:
            kind(root, "test")
        except InputError as error:
            return error
    return InputError(root, f"a folder train, val or test (layout {kind.layout})", inside)


def _check_split(
    kind: type[Dataset],
    root: Path,
    split: str,
    found: Findings,
    pictures: tuple[Pictures, Pictures],
    progress: Progress | None,
) -> bool:
    """Whether the split could be opened."""
    if kind.layout == "viton-hd" and (missing := list(_missing_folders(root, split))):
        found.add(missing)
        return False
    try:
        data = kind(root, split)
    except InputError as error:
        found.add([problem_of(error)])
        return False
    if not data.people:
        found.add(
            [Problem("error", str(root), "at least one person who can be taken", "; ".join(data.told) or "nobody")]
        )
    found.people += len(data.people)
    found.clothings += len(data.clothings)
    _check_samples(data, found, pictures, progress)
    found.add(_orphans(data))
    check_pairs(data, found)
    return True


def _missing_folders(root: Path, split: str) -> Iterator[Problem]:
    """All of them at once, where the layout's own reader names the first."""
    for names in FOLDERS.values():
        if not any((root / split / name).is_dir() for name in names):
            yield problem_of(InputError(root / split, f"a folder {' or '.join(names)}", "no such folder"))


def _check_samples(
    data: Dataset, found: Findings, pictures: tuple[Pictures, Pictures], progress: Progress | None
) -> None:
    total, done = len(data.people) + len(data.clothings), 0
    suspicions = Suspicions(data)
    for files, check_one, kept in (
        (data.people, check_person, pictures[0]), (data.clothings, check_clothing, pictures[1]),
    ):  # fmt: skip
        for name, seen in _seen(data, list(files), check_one):
            done += 1
            found.add(seen.problems)
            suspicions.add(seen)
            if seen.words is not None and not data.crops:  # people of COCO share photographs, splits garments
                kept.add(files[name], data.split, seen.words)
            if progress:
                progress(done, total)
    found.add(suspicions.problems())


def _seen(data: Dataset, names: list[str], check_one: Callable[[Dataset, str], Seen]) -> Iterator[tuple[str, Seen]]:
    """What was seen of each, in order; several at a time, as decoding frees the interpreter's lock."""

    def one(name: str) -> Seen:
        try:
            return check_one(data, name)
        except InputError as error:
            return Seen([problem_of(error)])
        except (OSError, MemoryError) as error:  # no right to read it, or a disk that fails: the others go on
            where = getattr(error, "filename", None) or name
            return Seen([Problem("error", str(where), "a file that can be read", type(error).__name__)])

    waiting: deque[tuple[str, Future[Seen]]] = deque()
    with ThreadPoolExecutor(max_workers=os.cpu_count()) as pool:
        for name in names:
            waiting.append((name, pool.submit(one, name)))
            if len(waiting) >= AHEAD:
                first, future = waiting.popleft()
                yield first, future.result()
        yield from ((name, future.result()) for name, future in waiting)


def _orphans(data: Dataset) -> Iterator[Problem]:
    """Files whose picture is not there: usually a folder that was copied in part."""
    for names, path_of in (
        (data.people, data.parsing_path), (data.people, data.keypoints_path), (data.clothings, data.mask_path),
    ):  # fmt: skip
        known: dict[Path, set[str]] = {}
        for name in names:
            path = path_of(name)
            known.setdefault(path.parent, set()).add(path.name)
        for folder, files in known.items():
            if data.root / data.split not in folder.parents:  # where all splits share the folders
                continue
            for path in sorted(folder.iterdir()):
                if not path.name.startswith(".") and path.name not in files:
                    yield Problem("warning", str(path), "a picture of the same name", "none")


def _twice(pictures: Pictures) -> Iterator[Problem]:
    for path, split, earlier, other in pictures.twice():
        if split != other:
            got = f"that of {earlier} ({other})"
            yield trapped("leak-between-splits", path, f"a picture that only {split} has", got)
        elif path != earlier:
            yield trapped("same-picture-twice", path, "a picture that occurs once", f"that of {earlier}")
