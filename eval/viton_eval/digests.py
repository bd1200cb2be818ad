"""Digests of a run's folders."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from viton.config import FolderData
from viton.digests import Digests
from viton.errors import InputError
from viton.layout_names import has_split, listed_layout
from viton_eval.commands import Run

TRAINED_ON = ("train", "val")  # the splits of a dataset that stages are trained on and validated with


def digest_store(run: Run) -> Path:
    """Where the digests of a run's data are remembered."""
    return run.folder / ".digests.json"


def folder_digest(root: Path, split: str, digests: Digests) -> str:
    """One digest over the names and contents of a dataset's split and of the files beside it.

    Raises InputError when there is no such folder.
    """
    if not has_split(root, split):
        what = "a dataset folder" if not root.is_dir() else f"a folder '{split}'"
        raise InputError(root, what, "no such folder")
    files = [path for path in root.iterdir() if path.is_file()]
    inside = root / split if listed_layout(root) is None else root  # whose folders hold all splits
    files += _files_in(inside)
    whole = hashlib.sha256()
    for path in sorted({*files}):
        if not any(part.startswith(".") for part in path.relative_to(root).parts):
            whole.update(f"{path.relative_to(root).as_posix()}\0{digests.of(path)}\n".encode())
    return whole.hexdigest()


def _files_in(folder: Path) -> Iterator[Path]:
    """Every file below a folder, also behind links to folders, each of which is entered once."""
    seen = {os.path.realpath(folder)}
    for inside, folders, names in os.walk(folder, followlinks=True):
        real = {name: os.path.realpath(os.path.join(inside, name)) for name in sorted(folders)}
        folders[:] = [name for name, path in real.items() if path not in seen]
        seen.update(real.values())
        yield from (path for path in (Path(inside) / name for name in names) if path.is_file())


def _trains(run: Run) -> bool:
    return bool(run.trainings) and run.config.trained is None


def with_digests(run: Run, digests: Digests) -> Run:
    """The run with the digests of the folders that it is given; raises InputError when one is not there.

    Splits that would be trained on and are not there count as nothing: the training says so, and the rest goes on.
    """
    data, training, reference = "", "", ""
    if isinstance(run.config.data, FolderData):
        data = folder_digest(run.data_root, run.config.split, digests)
        splits = [name for name in TRAINED_ON if _trains(run) and has_split(run.data_root, name)]
        training = "-".join(folder_digest(run.data_root, name, digests)[:16] for name in splits)
    if given := run.config.reference:
        reference = folder_digest(given.root, given.split, digests)
    return replace(run, data_digest=data, training_digest=training, reference_digest=reference)
