"""Layouts whose folders hold all splits: a split is who its pairs files name, as lines `ID_0.jpg ID_1.jpg`."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from viton.data.dataset import pictures_in
from viton.data.pairs import scan_pairs
from viton.data.sample import Pair
from viton.errors import InputError

PERSON, GARMENT = "_0", "_1"  # how the names of an id's two pictures end


def people_and_garments(lists: Sequence[Path], folder: Path) -> tuple[dict[str, Path], dict[str, Path]]:
    """Photos and product pictures by id: those in the folder that the pairs files name, and everybody's own garment.

    Raises InputError when there are none of either.
    """
    pictures = pictures_in(folder)
    pairs = [pair for path in lists for pair in scan_pairs(path, None, None) if isinstance(pair, Pair)]
    people = {pair.person.removesuffix(PERSON) for pair in pairs}
    garments = people | {pair.clothing.removesuffix(GARMENT) for pair in pairs}
    return _those(people, PERSON, pictures, folder), _those(garments, GARMENT, pictures, folder)


def _those(ids: set[str], ending: str, pictures: dict[str, Path], folder: Path) -> dict[str, Path]:
    found = {name: pictures[name + ending] for name in sorted(ids) if name + ending in pictures}
    if not found:
        raise InputError(folder, f"pictures ID{ending}.jpg that the split's pairs files name", "none")
    return found
