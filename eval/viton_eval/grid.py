"""The picture grid of a report: a row a pair, a column a kind of picture, as data for the page's script.

Data folders are read here without the library's loaders, which would bring torch along and cost seconds each time.
"""

from __future__ import annotations

import csv
from pathlib import Path
from typing import NamedTuple

from viton.errors import InputError
from viton.files import read_jsonl
from viton_eval.commands import Run
from viton_eval.published import Published
from viton_eval.states import OK, State
from viton_eval.templates import url

PICTURES = (".jpg", ".jpeg", ".png")
Key = tuple[str, str]  # person, clothing
Rows = dict[Key, dict[str, object]]


class Column(NamedTuple):
    """A kind of picture."""

    label: str
    kind: str  # "person", "garment", "warp", "method" or "truth"
    note: str = ""  # why the whole column is not to be taken at face value


class Grid(NamedTuple):
    """All rows; a cell is a link, or [status, message] where there is no picture."""

    columns: list[Column]
    rows: list[tuple[str, str, float | None, list[str | list[str]]]]  # person, clothing, IoU of the warp, cells

    def as_json(self, size: tuple[int, int]) -> dict[str, object]:
        columns = [column._asdict() for column in self.columns]
        return {"columns": columns, "rows": self.rows, "height": size[0], "width": size[1]}


def read_pairs_in_order(path: Path) -> list[Key]:
    """The pairs of a file as ids, in its order; lines that are no pair are left out here, and named by the check."""
    try:
        lines = path.read_text("utf-8-sig").splitlines()
    except (OSError, UnicodeDecodeError):
        return []
    if lines and "," in lines[0]:
        fields = [[row.get("person") or "", row.get("clothing") or ""] for row in csv.DictReader(lines)]
    else:
        fields = [line.split() for line in lines]
    pairs = [(Path(one[0]).stem, Path(one[1]).stem) for one in fields if len(one) == 2 and all(one)]
    return list(dict.fromkeys(pairs))


def rows_by_pair(path: Path) -> Rows:
    """A manifest's rows; none when it has not been written yet, or is damaged, which the report lists as a failure."""
    try:
        rows = read_jsonl(path) if path.is_file() else []
    except (InputError, UnicodeDecodeError):
        rows = []
    return {(str(row.get("person")), str(row.get("clothing"))): row for row in rows}


def make_grid(run: Run, found: list[State], out: Published) -> Grid:
    """Collect every picture of every pair into `out`."""
    warps = rows_by_pair(run.warps / "warps.jsonl")
    results = {method: rows_by_pair(run.results(method) / "manifest.jsonl") for method in run.config.methods}
    pairs = read_pairs_in_order(run.pairs_path) or sorted(
        {*warps, *(pair for rows in results.values() for pair in rows)}
    )
    notes = {state.name: f"{state.status}: {state.reason}" for state in found if state.status != OK}
    split = run.data_root / run.config.split
    truths = _truths(split, pairs)
    columns = [Column("Person", "person"), Column("Garment", "garment")]
    columns.append(Column("Warped garment", "warp", notes.get("warps", "")))
    columns += [Column(method, "method", notes.get(f"results-{method}", "")) for method in run.config.methods]
    columns += [Column("True try-on", "truth")] if truths else []
    people, garments = _pictures(split / "image"), _pictures(split / "cloth")
    rows = []
    for person, clothing in pairs:
        name = f"{person}__{clothing}"
        cells = [
            _data_cell(out, people.get(person), f"images/person/{person}", run.config.size),
            _data_cell(out, garments.get(clothing), f"images/garment/{clothing}", run.config.size),
            _made_cell(out, warps.get((person, clothing)), run.warps, "images/warped-garment"),
        ]
        for method, manifest in results.items():
            row = manifest.get((person, clothing))
            cells.append(_made_cell(out, row, run.results(method), f"images/method-{method}"))
        if truths:
            cells.append(_data_cell(out, truths.get(name), f"images/truth/{name}", run.config.size))
        rows.append((person, clothing, _iou(warps.get((person, clothing))), cells))
    return Grid(columns, rows)


def _truths(split: Path, pairs: list[Key]) -> dict[str, Path]:
    """Where the made-up world keeps the true try-on of a pair."""
    known = _pictures(split / "image-truth")
    names = [f"{person}__{clothing}" for person, clothing in pairs]
    return {name: known[name] for name in names if name in known}


def _pictures(folder: Path) -> dict[str, Path]:
    if not folder.is_dir():
        return {}
    return {path.stem: path for path in sorted(folder.iterdir()) if path.suffix.lower() in PICTURES}


def _data_cell(out: Published, source: Path | None, name: str, size: tuple[int, int]) -> str | list[str]:
    if source is None:
        return ["missing", "no such picture in the data"]
    made = out.picture(source, name, size)
    return url(made) if made else ["unreadable", f"{source.name} cannot be read"]


def _made_cell(out: Published, row: dict[str, object] | None, folder: Path, place: str) -> str | list[str]:
    """The picture of a manifest's row, or what became of the pair."""
    if row is None:
        return ["not made", ""]
    if row.get("status") != "ok":
        return [str(row.get("status")), str(row.get("message", ""))]
    file = str(row.get("file"))
    if Path(file).name != file:
        return ["missing", "the manifest names a file outside its folder"]
    made = out.link(folder / file, f"{place}/{file}")
    return url(made) if made else ["missing", f"{file} is gone"]


def _iou(row: dict[str, object] | None) -> float | None:
    value = row.get("iou") if row else None
    return round(float(value), 4) if isinstance(value, int | float) else None
