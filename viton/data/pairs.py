"""Pairs files: lines `PERSON CLOTHING`, or CSV with a header that names both columns."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from pathlib import Path

from viton.data.sample import Pair
from viton.errors import InputError


def read_pairs(path: Path, people: set[str] | None = None, clothing: set[str] | None = None) -> list[Pair]:
    """The pairs of a file, in its order; raises InputError at the first line that is wrong.

    people, clothing: the ids that exist; None: any. Windows line ends and a byte-order mark are read as what they are.
    """
    pairs = []
    for outcome in scan_pairs(path, people, clothing):
        if isinstance(outcome, InputError):
            raise outcome
        pairs.append(outcome)
    return pairs


def scan_pairs(path: Path, people: set[str] | None, clothing: set[str] | None) -> Iterator[Pair | InputError]:
    """Every line's pair, or what is wrong with the line; an empty file is wrong too."""
    if not path.is_file():
        yield InputError(path, "a pairs file", "no such file")
        return
    try:
        lines = path.read_text("utf-8-sig").splitlines()
    except UnicodeDecodeError as error:
        yield InputError(path, "text in UTF-8", str(error))
        return
    seen: dict[Pair, int] = {}
    ids: dict[str, str] = {}  # each id once in memory, however many lines name it
    rows, is_empty = _rows(lines), True
    while True:
        try:
            number, fields = next(rows, (0, []))
        except csv.Error as error:
            yield InputError(path, "CSV", str(error))
            return
        if not number:
            break
        is_empty = False
        outcome = _pair(f"{path}:{number}", fields, people, clothing)
        if isinstance(outcome, Pair):
            outcome = Pair(*(ids.setdefault(name, name) for name in outcome))
            if outcome in seen:
                got = f"{outcome.person} {outcome.clothing} again (first on line {seen[outcome]})"
                yield InputError(f"{path}:{number}", "every pair once", got)
                continue
            seen[outcome] = number
        yield outcome
    if is_empty:
        yield InputError(path, "at least one pair", "none")


def _rows(lines: list[str]) -> Iterator[tuple[int, list[str]]]:
    """Line numbers and fields; CSV when the first line has a comma, and then columns go by the header's names."""
    if not lines or "," not in lines[0]:
        yield from ((number, line.split()) for number, line in enumerate(lines, 1) if line.strip())
        return
    reader = csv.DictReader(lines)
    for row in reader:
        yield reader.line_num, [row[name] or "" for name in ("person", "clothing") if name in row]


def _pair(where: str, fields: list[str], people: set[str] | None, clothing: set[str] | None) -> Pair | InputError:
    if len(fields) != 2:
        return InputError(where, "a person and a clothing", f"{len(fields)} fields")
    for name in fields:
        if Path(name).name != name:
            return InputError(where, "a file name without folders", repr(name))
    pair = Pair(Path(fields[0]).stem, Path(fields[1]).stem)
    if people is not None and pair.person not in people:
        return InputError(where, "a person that is in the dataset", repr(fields[0]))
    if clothing is not None and pair.clothing not in clothing:
        return InputError(where, "a clothing that is in the dataset", repr(fields[1]))
    return pair
