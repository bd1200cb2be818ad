"""The rows of `viton-eval score` on a screen: a row a measure, a column a method, no wider than a terminal."""

from __future__ import annotations

import textwrap
from collections.abc import Hashable, Mapping, Sequence
from typing import NamedTuple

import pandas as pd

from viton_eval.score_texts import line_of, notes_of, wide, with_columns

WIDTH = 100  # of a line, wherever names are short enough
DIGITS, FEWER = 3, 2  # that count, where a cell has two lines; the latter below SMALL, where decimals are many
SMALL = 0.1


def score_screen(rows: pd.DataFrame, protocol: str) -> str:
    """What is measured, the table, and why a measure is absent; rows as score_tables.ROW.

    A cell is `value [low, high]` where all methods fit beside each other, else the value over its interval; methods
    that do not fit then stand in further tables below.
    """
    methods = list(dict.fromkeys(rows["method"]))
    grid, place = _flat(rows), "in brackets"
    if grid.width(methods) > WIDTH:
        grid, place = _high(rows), "below, low..high"
    parts = [_wrapped(line_of(protocol, rows, place)), *(grid.text(block) for block in grid.blocks(methods))]
    parts += [_wrapped(note) for note in notes_of(rows[rows["value"].isna()], {*methods})]
    return "\n\n".join(part for part in parts if part) + "\n"


class _Grid(NamedTuple):
    """Cells of some lines each, by measure and method."""

    measures: Sequence[str]
    cells: Mapping[tuple[str, str], Sequence[str]]  # "-" where there is none
    gap: str  # between columns

    def widths(self, methods: Sequence[str]) -> list[int]:
        """Of each column, that of the measures first."""
        found = [max((len(measure) for measure in self.measures), default=0)]
        for name in methods:
            lines = [line for measure in self.measures for line in self.cells.get((measure, name), "-")]
            found.append(max(map(len, [name, *lines])))
        return found

    def width(self, methods: Sequence[str]) -> int:
        return sum(self.widths(methods)) + len(self.gap) * len(methods)

    def blocks(self, methods: Sequence[str]) -> list[Sequence[str]]:
        """Methods in as few tables of about as many columns as fit; one each, whatever its width."""
        for count in range(1, len(methods)):
            size = -(-len(methods) // count)
            blocks = [methods[start : start + size] for start in range(0, len(methods), size)]
            if all(self.width(block) <= WIDTH for block in blocks):
                return blocks
        return [[method] for method in methods]

    def text(self, methods: Sequence[str]) -> str:
        """The table of some methods; "" where nothing is measured."""
        first, *widths = self.widths(methods)
        lines = [["", *methods]] if self.measures else []
        for measure in self.measures:
            shown = [self.cells.get((measure, name), "-") for name in methods]
            for number in range(max(map(len, shown))):
                parts = [cell[number] if number < len(cell) else "" for cell in shown]
                lines.append(["" if number else measure, *parts])
        padded = (
            [head.ljust(first), *(part.rjust(width) for part, width in zip(parts, widths, strict=True))]
            for head, *parts in lines
        )
        return "\n".join(_harmless(self.gap.join(line).rstrip()) for line in padded)


def _flat(rows: pd.DataFrame) -> _Grid:
    table = wide(rows)
    cells = {(str(measure), str(name)): [str(cell)] for measure in table for name, cell in table[measure].items()}
    return _Grid([str(measure) for measure in table], cells, "  ")


def _high(rows: pd.DataFrame) -> _Grid:
    known = with_columns(rows)
    cells = {(str(row["column"]), str(row["method"])): _over(row) for row in known.to_dict("records")}
    return _Grid(list(dict.fromkeys(known["column"])), cells, " ")


def _over(row: Mapping[Hashable, object]) -> list[str]:
    """A value, `n=` where not every pair counts, and its interval below, in as many decimals."""
    value, low, high = (float(str(row[name])) for name in ("value", "low", "high"))
    form = f"#.{FEWER if abs(value) < SMALL else DIGITS}g"
    told = f"{value:{form}}".rstrip(".")
    if "e" not in told:
        form = f".{len(told.partition('.')[2])}f"
    first = told + ("" if row["n"] == row["of"] else f" n={row['n']}")
    return [first] if low != low else [first, f"{low:{form}}..{high:{form}}"]


def _wrapped(text: str) -> str:
    return "\n".join(textwrap.wrap(_harmless(text), WIDTH, subsequent_indent="  ", break_on_hyphens=False))


def _harmless(line: str) -> str:
    """A line without signs that move a terminal's cursor: notes hold names of others."""
    return "".join(sign if sign.isprintable() else "?" for sign in line)
