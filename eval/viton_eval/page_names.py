"""What the page of a pair is called in a report."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

Key = tuple[str, str]  # person, clothing
LONGEST = 230  # bytes of a name; a disk holds 255, of which a file that is being written takes some


def page_names(pairs: Sequence[Key]) -> list[str | None]:
    """Where each pair's page lies; None for ids that can name no file, a number more for a name taken."""
    taken: dict[str, Key] = {}
    names: list[str | None] = []
    for pair in pairs:
        name = page_name(*pair)
        while name is not None and taken.setdefault(name, pair) != pair:  # a__b in c, and a in b__c
            name = f"{name.removesuffix('.html')}-2.html"
        names.append(name)
    return names


def page_name(person: str, clothing: str) -> str | None:
    """Where a pair's page lies in the report; None for ids that would lead out of its folder, or that fit no disk."""
    name = f"{person}__{clothing}.html"
    fits = len(os.fsencode(name)) <= LONGEST and "\0" not in name
    return f"pairs/{name}" if fits and Path(name).name == name else None
