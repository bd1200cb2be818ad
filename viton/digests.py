"""Digests of files, remembered by size and time of change, so that unchanged files are not read again."""

from __future__ import annotations

import json
import os
from pathlib import Path

from viton.files import sha256_of, write_json


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


def _load(store: Path) -> dict[str, list[object]]:
    """What is remembered; a damaged memory is no memory, for everything in it can be computed again."""
    try:
        content = json.loads(store.read_bytes())
    except (OSError, ValueError):
        return {}
    if not isinstance(content, dict):
        return {}
    return {key: entry for key, entry in content.items() if isinstance(entry, list) and len(entry) == 3}
