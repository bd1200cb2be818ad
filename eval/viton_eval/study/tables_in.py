"""Tables that come back from people and services: CSV of any spreadsheet, each row with its place in the file."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from viton.errors import InputError
from viton_eval.csv_cells import plain
from viton_eval.study.design import Trial
from viton_eval.study.frozen import Study

DELIMITERS = ",;\t"  # spreadsheets write a semicolon where the comma is the decimal sign
NEWLINE = b"\n"
KINDS = {  # how files begin that are often taken for a table
    b"%PDF": "a PDF (what is ticked in a booklet is typed into the .csv beside it)",
    b"PK\x03\x04": "a spreadsheet's own file (save it as 'CSV UTF-8')",
    b"\xd0\xcf\x11\xe0": "a spreadsheet's own file (save it as 'CSV UTF-8')",
    b"SQLite format 3": "a database (--server takes a study's)",
}
LONGEST = 200  # of a cell that is read
DATE = re.compile(r"\d{1,4}[-./]\w{1,9}[-./]\d{1,4}|\d{1,2}[-. /]+[^\W\d]{3,9}\.?|[^\W\d]{3,9}[-. /]+\d{1,4}")


class Row(NamedTuple):
    """A row: file and line number, and its cells by column."""

    where: str
    cells: Mapping[str, str]


def read_table(path: Path, needed: Sequence[str], more: Sequence[str] = (), pattern: str = "") -> list[Row]:
    """The rows of a CSV, blank ones left out, without spaces around cells and the apostrophes that keep formulas off.

    needed: columns that have to be there; more, pattern: those that are read too. Others are passed over. Separated by
    commas, semicolons or tabs.   Raises InputError for everything that is no such table.
    """
    text = _text(path)
    reader, head = _parsed(path, text, needed)
    wanted = [name for name in head if name in needed or name in more or (pattern and re.fullmatch(pattern, name))]
    doubled = [name for name in wanted if head.count(name) > 1]
    if doubled:
        raise InputError(path, "each column once", f"{doubled[0]} {head.count(doubled[0])} times")
    rows = []
    for line, cells in reader:
        if not any(cell.strip() for cell in cells):
            continue
        where = f"{path}:{line}"
        if len(cells) != len(head):
            raise InputError(where, f"{len(head)} cells", str(len(cells)))
        named = {name: plain(cell.strip()) for name, cell in zip(head, cells, strict=True) if name in wanted}
        for name, cell in named.items():
            if len(cell) > LONGEST:
                raise InputError(f"{where}: {name}", f"at most {LONGEST} signs", f"{len(cell)}")
        rows.append(Row(where, named))
    return rows


def _text(path: Path) -> str:
    if path.is_dir():
        raise InputError(path, "a CSV file", "a folder")
    if not path.is_file():
        raise InputError(path, "a CSV file", "no such file")
    data = path.read_bytes()
    kind = next((kind for head, kind in KINDS.items() if data.startswith(head)), "")
    if kind:
        raise InputError(path, "a CSV file", kind)
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        got = f"byte {data[error.start]:#04x} in line {1 + data.count(NEWLINE, 0, error.start)}"
        raise InputError(path, "CSV in UTF-8 (a spreadsheet: save as 'CSV UTF-8')", got) from error
    if not text.strip():
        raise InputError(path, "a table with a row of columns", "an empty file")
    return text


def _parsed(path: Path, text: str, needed: Sequence[str]) -> tuple[list[tuple[int, list[str]]], list[str]]:
    """Lines after the first, numbered, and the first: split by the sign by which it has the columns needed."""
    problems = []
    for delimiter in DELIMITERS:
        reader = csv.reader(io.StringIO(text, newline=""), strict=True, delimiter=delimiter)
        head: list[str] = []
        try:
            head = [name.strip() for name in next(reader)]
            if set(needed) <= set(head):
                return [(reader.line_num, row) for row in reader], head
        except csv.Error as error:
            problems.append(InputError(f"{path}:{reader.line_num}", "CSV", str(error)))
            if head:  # split by the right sign, and broken further down
                raise problems[-1] from error
    if len(problems) == len(DELIMITERS):
        raise problems[0]
    got = text.lstrip().splitlines()[0]
    raise InputError(path, f"the columns {', '.join(needed)}", got if len(got) <= LONGEST else f"{got[:LONGEST]}...")


def expect_study(row: Row, name: str, study: Study) -> None:
    if name != study.id:
        raise InputError(row.where, f"answers to study {study.id}", f"study {name!r}")


def expect_trial(row: Row, name: str, study: Study) -> Trial:
    """The trial of this name; InputError says so where a spreadsheet made a date of it."""
    if name in study.by_name:
        return study.by_name[name]
    made = ", of which a spreadsheet made a date: keep its # or make the column text" if DATE.fullmatch(name) else ""
    raise InputError(row.where, "a trial of the study, such as 1-1", f"{name!r}{made}")
