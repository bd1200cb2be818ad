"""Digests of files, remembered by size and time of change, so that unchanged folders are not read again."""

from __future__ import annotations

import hashlib
import json
import os
from pathlib import Path

from viton.errors import InputError
from viton.files import sha256_of, write_json
from viton_eval.commands import Run


class Digests:
    """sha256 of files; `save` keeps what was learnt for the next time."""

    def __init__(self, store: Path) -> None:
        self.store = store
        self._known = _load(store)
        self._used: dict[str, list[object]] = {}

    def of(self, path: Path) -> str:
        found = path.stat()
        stamp = [found.st_size, found.st_mtime_ns]
        key = os.path.abspath(path)
        entry = self._known.get(key)
        if entry is None or entry[:2] != stamp:
            entry = [*stamp, sha256_of(path)]
        self._used[key] = entry
        return str(entry[2])

    def save(self) -> None:
        if self._used != self._known:
            write_json(self.store, self._used)


def digest_store(run: Run) -> Path:
    """Where the digests of a run's data are remembered."""
    return run.folder / ".digests.json"


def folder_digest(root: Path, split: str, digests: Digests) -> str:
    """One digest over the names and contents of a dataset's split and of the files beside it.

    Raises InputError when there is no such folder.
    """
    if not (root / split).is_dir():
        what = "a dataset folder" if not root.is_dir() else f"a folder '{split}'"
        raise InputError(root, what, "no such folder")
    files = [path for path in root.iterdir() if path.is_file()]
    files += [path for path in (root / split).rglob("*") if path.is_file()]
    whole = hashlib.sha256()
    for path in sorted(files):
        if not any(part.startswith(".") for part in path.relative_to(root).parts):
            whole.update(f"{path.relative_to(root).as_posix()}\0{digests.of(path)}\n".encode())
    return whole.hexdigest()


def _load(store: Path) -> dict[str, list[object]]:
    """What is remembered; a damaged memory is no memory, for everything in it can be computed again."""
    try:
        content = json.loads(store.read_bytes())
    except (OSError, ValueError):
        return {}
    if not isinstance(content, dict):
        return {}
    return {key: entry for key, entry in content.items() if isinstance(entry, list) and len(entry) == 3}
