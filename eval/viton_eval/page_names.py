"""What the page of a pair is called in a report."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

Key = tuple[str, str]  # person, clothing


def page_names(pairs: Sequence[Key]) -> list[str | None]:
    """Where each pair's page lies; None for ids that would lead out of its folder, a number more for a name taken."""
    taken: dict[str, Key] = {}
    names: list[str | None] = []
    for pair in pairs:
        name = page_name(*pair)
        while name is not None and taken.setdefault(name, pair) != pair:  # a__b in c, and a in b__c
            name = f"{name.removesuffix('.html')}-2.html"
        names.append(name)
    return names


def page_name(person: str, clothing: str) -> str | None:
    """Where a pair's page lies in the report; None for ids that would lead out of its folder."""
    name = f"{person}__{clothing}.html"
    return f"pairs/{name}" if Path(name).name == name else None
