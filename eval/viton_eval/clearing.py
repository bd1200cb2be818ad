"""Clearing a folder that can be made again."""

from __future__ import annotations

import shutil
from pathlib import Path

from viton.console import say
from viton.files import locked

# By these a half-cleared folder is still known as ours.
LAST = ("config.yaml", "settings.json", "world-config.json", "world.json")


def clear(folder: Path) -> None:
    """Remove everything in a folder but its lock, once nobody works in it."""
    with locked(folder / ".lock", say):
        for inside in sorted(folder.iterdir(), key=lambda path: LAST.index(path.name) if path.name in LAST else -1):
            if inside.name != ".lock":
                shutil.rmtree(inside) if inside.is_dir() and not inside.is_symlink() else inside.unlink()
