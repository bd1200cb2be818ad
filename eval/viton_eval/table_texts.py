"""Tables as text that is safe to open elsewhere: CSV in a spreadsheet, LaTeX in a paper, Markdown on a web page.

Names of methods, people and garments come from files of others. A name is shown as it is and never does anything: it is
no formula, no command and no tag.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Iterable, Sequence
from pathlib import Path
from textwrap import wrap

import pandas as pd

from viton_eval.csv_cells import csv_line, guarded, plain

DIGITS = "%.7g"
LATEX = {
    "\\": r"\textbackslash{}",
    "^": r"\textasciicircum{}",
    "~": r"\textasciitilde{}",
    "<": r"\textless{}",
    ">": r"\textgreater{}",
    "|": r"\textbar{}",
    "\u2191": r"$\uparrow$",  # arrows are in none of LaTeX's text fonts
    "\u2193": r"$\downarrow$",
    "\u00b1": r"$\pm$",
    **{sign: f"\\{sign}" for sign in "%&_#{}$"},
}
TEXT_WIDTH = 72  # characters that a column of text holds in article's 10 points, two more for the gap of each column
ARGUMENT = re.compile(
    r"[\[*]"
)  # at the start of a line LaTeX takes it for one of the command that ended the line above
LABEL = re.compile(r"[A-Za-z0-9:._-]*")
CONTROL = re.compile(r"[\x00-\x1f\x7f\u2028\u2029]+")  # line ends too: a cell is one line
MARKDOWN = re.compile(
    r"[|\\`]"
    r"|&(?=[#A-Za-z])"  # could begin an entity
    r"|<(?=[A-Za-z/!?])"  # a tag or a link
    r"|^>"  # a quotation
    r"|[*~$](?=\S)|(?<![^\W_])_(?=\S)"  # emphasis, struck text, a formula
    r"|(?<=\])\("  # where a link leads
)


def csv_text(table: pd.DataFrame, digits: str = DIGITS, index: bool = False) -> str:
    """A table as CSV (RFC 4180, lines ended by one newline); no cell of it is a formula to a spreadsheet.

    Text and column names that begin like one get an apostrophe in front, which `read_csv_text` takes off again.
    digits: how floats are written.   index: whether row names come first.   What is not there is an empty cell.
    """
    if index:
        names = ["" if name is None else str(name) for name in table.index.names]
        table = table.reset_index(names=names, allow_duplicates=True)
    rows = table.astype(object).where(table.notna(), None).itertuples(index=False, name=None)
    return "".join(csv_line(row, digits) for row in [tuple(table.columns), *rows])


def read_csv_text(path: Path, text_columns: Sequence[str]) -> pd.DataFrame:
    """What `csv_text` wrote, text columns letter by letter, "" where a cell is empty; of others pandas finds the kind.

    Columns of `text_columns` that the file does not have are passed over.
    """
    with path.open(newline="", encoding="utf-8") as stream:
        names = next(csv.reader(stream), [])
    texts = {guarded(name) for name in text_columns} & set(names)
    table = pd.read_csv(
        path,
        dtype=dict.fromkeys(texts, str),
        keep_default_na=False,  # else a garment called NA would be none
        na_values={name: [""] for name in names if name not in texts},
        skip_blank_lines=False,
        lineterminator="\n",
        encoding="utf-8",
    )
    for name in texts:
        table[name] = table[name].map(plain)
    return table.rename(columns=lambda name: plain(str(name)))


def latex_text(table: pd.DataFrame, caption: str = "", label: str = "") -> str:
    """A table with its row names as LaTeX, in booktabs' lines; text is escaped, numbers stay as they are.

    The first line, a comment, names the packages that it needs.   One that is wider than a column of text is set small
    and scaled to its width, with its heads broken into lines.   Raises ValueError for a label of other signs than
    letters, digits, ':', '.', '_' and '-'.
    """
    if not LABEL.fullmatch(label):
        raise ValueError(f"label: expected letters, digits, ':', '.', '_' and '-', got {label!r}")
    columns = "l" + "".join("r" if pd.api.types.is_numeric_dtype(kind) else "l" for kind in table.dtypes)
    head, *body = _rows(table)
    wide = _width([head, *body]) > TEXT_WIDTH
    lines = [
        rf"\begin{{tabular}}{{{columns}}}",
        r"\toprule",
        _latex_row(_broken(head, body) if wide else [_latex(cell) for cell in head]),
        r"\midrule",
        *(_latex_row([_latex(cell) for cell in row]) for row in body),
        r"\bottomrule",
        r"\end{tabular}",
    ]
    if wide:
        lines = [r"\small", r"\resizebox{\linewidth}{!}{%", *lines, "}"]
    if caption or label:
        told = [rf"\caption{{{_latex(caption)}}}"] if caption else []
        told += [rf"\label{{{label}}}"] if label else []
        lines = [r"\begin{table}", r"\centering", *told, *lines, r"\end{table}"]
    elif wide:
        lines = [r"\begingroup", *lines, r"\endgroup"]
    return "\n".join([rf"% needs \usepackage{{{'booktabs,graphicx' if wide else 'booktabs'}}}", *lines, ""])


def markdown_text(table: pd.DataFrame) -> str:
    """A table with its row names as a Markdown table, without a last newline; text is shown as it is."""
    head, *body = ([markdown_cell(cell) for cell in row] for row in _rows(table))
    return "\n".join("| " + " | ".join(row) + " |" for row in [head, ["---"] * len(head), *body])


def markdown_cell(value: object) -> str:
    """Anything as one line of Markdown that shows it as it is, in a table or elsewhere."""
    text = CONTROL.sub(" ", str(value)).strip(" ")  # a space in front would hide the start from the pattern
    return MARKDOWN.sub(lambda found: f"&#{ord(found[0])};", text)


def _rows(table: pd.DataFrame) -> Iterable[list[object]]:
    """Head and rows, the rows' names first."""
    yield [table.index.name or "", *table.columns]
    for row in table.itertuples(name=None):
        yield ["" if _is_nothing(value) else value for value in row]


def _is_nothing(value: object) -> bool:
    return value is None or value is pd.NA or value != value  # NaN alone is not itself


def _width(rows: Sequence[Sequence[object]]) -> int:
    """Of a table as it is set, about, in characters."""
    return sum(_longest(column) + 2 for column in zip(*rows, strict=True))


def _longest(cells: Iterable[object]) -> int:
    return max((len(str(cell)) for cell in cells), default=0)


def _broken(head: Sequence[object], body: Sequence[Sequence[object]]) -> list[str]:
    """Heads in lines no longer than what stands below them, or than the longest word, escaped."""
    below = list(zip(*body, strict=True)) or [()] * len(head)
    return [_stacked(str(cell), max(_longest(cells), 1)) for cell, cells in zip(head, below, strict=True)]


def _stacked(text: str, width: int) -> str:
    lines = wrap(CONTROL.sub(" ", text), width, break_long_words=False, break_on_hyphens=False)
    told = r"\\".join(_safe_start(_latex(line)) for line in lines)
    return rf"\shortstack[l]{{{told}}}" if len(lines) > 1 else _latex(text)


def _latex_row(cells: Sequence[str]) -> str:
    return " & ".join([_safe_start(cells[0]), *cells[1:]]) + r" \\"


def _safe_start(text: str) -> str:
    """Escaped text that may stand behind the end of a line."""
    return f"{{{text[0]}}}{text[1:]}" if ARGUMENT.match(text) else text


def _latex(value: object) -> str:
    return "".join(LATEX.get(sign, sign) for sign in CONTROL.sub(" ", str(value)))
