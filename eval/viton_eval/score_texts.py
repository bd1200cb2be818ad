"""The rows of `viton-eval score` for the eye: a row a method, a column a measure, as Markdown and as LaTeX."""

from __future__ import annotations

from collections.abc import Hashable, Mapping

import pandas as pd

from viton_eval.table_texts import CONTROL, latex_text, markdown_cell, markdown_text

DIGITS = 4  # that count, of every number
DISTANCES = ("fid", "kid")  # from a set of true try-ons in one mode, of photos in the others


def score_markdown(rows: pd.DataFrame, protocol: str) -> str:
    """What is measured, the table, and what decided each column or why there is none; rows as score_tables.ROW."""
    notes = [f"- {markdown_cell(note)}" for note in notes_of(rows, {*rows["method"]})]
    return "\n".join([markdown_cell(line_of(protocol, rows)), "", markdown_text(wide(rows)), "", *notes, ""])


def score_latex(rows: pd.DataFrame, protocol: str) -> str:
    """The same as a table of LaTeX, its notes as comments."""
    notes = [f"% {CONTROL.sub(' ', note)}" for note in notes_of(rows, {*rows["method"]})]
    return latex_text(wide(rows), line_of(protocol, rows), "tab:scores") + "\n".join([*notes, ""])


def wide(rows: pd.DataFrame) -> pd.DataFrame:
    """A row a method, a column a measure that any method has: `value [low, high]`, `n=` where not every pair counts."""
    known = with_columns(rows)
    methods, columns = list(dict.fromkeys(rows["method"])), list(dict.fromkeys(known["column"]))
    cells = {(row["method"], row["column"]): _cell(row) for row in known.to_dict("records")}
    table = [[cells.get((method, column), "-") for column in columns] for method in methods]
    return pd.DataFrame(table, index=methods, columns=columns, dtype=object)


def with_columns(rows: pd.DataFrame) -> pd.DataFrame:
    """The rows that have a value, and in `column` what it is called."""
    return rows[rows["value"].notna()].assign(column=lambda part: _columns(part))


def _columns(known: pd.DataFrame) -> list[str]:
    """Measures, with their extractor where two of them give the same one; of a set's distance, from what."""
    by = known.groupby("measure")["extractor"].transform("nunique")
    names = [
        f"{measure} to {beside}" if measure in DISTANCES else str(measure)
        for measure, beside in zip(known["measure"], known["beside"], strict=True)
    ]
    told = zip(names, known["extractor"], by, strict=True)
    return [f"{name}, {extractor}" if several > 1 else name for name, extractor, several in told]


def _cell(row: Mapping[Hashable, object]) -> str:
    value, low, high = (float(str(row[name])) for name in ("value", "low", "high"))
    interval = "" if low != low else f" [{low:#.{DIGITS}g}, {high:#.{DIGITS}g}]"
    return f"{value:#.{DIGITS}g}{interval}" + ("" if row["n"] == row["of"] else f" n={row['n']}")


def line_of(protocol: str, rows: pd.DataFrame, place: str = "in brackets") -> str:
    """What the numbers are of.   place: where the intervals stand."""
    first = rows.iloc[0]
    told = f"Protocol {protocol}, mode {first['mode']}, {first['size']}, {first['of']} pairs (n where fewer count); "
    return told + f"95% intervals {place}, people and garments drawn anew (of KID: each person left out)."


def notes_of(rows: pd.DataFrame, every: set[str]) -> list[str]:
    """A line for each note, with the measures that it is of, and the methods where it is not of all, `every`."""
    methods = dict[tuple[str, str], list[str]]()
    for row in rows.to_dict("records"):
        methods.setdefault((str(row["measure"]), str(row["note"])), []).append(str(row["method"]))
    measures: dict[tuple[str, str], list[str]] = {}
    for (measure, note), whose in methods.items():
        told = "" if set(whose) == every else f" ({', '.join(whose)})"
        measures.setdefault((told, note), []).append(measure)
    return [f"{', '.join(names)}{told}: {note}" for (told, note), names in measures.items()]
