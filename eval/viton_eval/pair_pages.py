"""A page for every pair: what goes in, what each method makes of it and on the way there, and how it scores.

As the grid, from files alone: the library's loaders are imported only where a picture has to be drawn anew.
"""

from __future__ import annotations

import csv
import math
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from viton_eval.commands import Run
from viton_eval.grid import Cell, Column, Grid
from viton_eval.manifests import Key, Rows, manifests, rows_by_pair
from viton_eval.measure_labels import MEASURES
from viton_eval.published import Published
from viton_eval.representation_pictures import Representations
from viton_eval.states import State, up_to_date
from viton_eval.templates import render, url

PARTS = {
    ".coarse.png": "coarse result",
    ".mask.png": "clothing mask M",
    ".warped.png": "warped clothing",
    ".alpha.png": "composition mask alpha",
}
GIVEN = ("person", "garment", "truth")  # kinds of columns that no method makes
UP = "../"  # from a pair's page to the report


class Picture(NamedTuple):
    """A picture of a pair's page, or what stands in its place."""

    label: str
    alt: str
    link: str  # "" where there is none
    why: str = ""  # then: what became of it


class Score(NamedTuple):
    """A measure of a pair, a cell a method."""

    label: str
    cells: tuple[str, ...]
    best: tuple[bool, ...]


class _Method(NamedTuple):
    """What a method left, as far as its steps are up to date."""

    label: str
    rows: Rows
    folder: Path
    place: str
    scores: dict[Key, dict[str, float]]


def make_pair_pages(run: Run, found: list[State], grid: Grid, out: Published) -> list[str | None]:
    """Write a page for each row of the grid; their links, None for ids that cannot be a file's name."""
    made, names = _methods(run, found), [page_name(person, clothing) for person, clothing, *_ in grid.rows]
    representations = Representations(run, out)
    for place, (name, (person, clothing, iou, cells)) in enumerate(zip(names, grid.rows, strict=True)):
        if name is None:
            continue
        pair = (person, clothing)
        given = [(column, cell) for column, cell in zip(grid.columns, cells, strict=True) if column.kind in GIVEN]
        results = [(column, cell) for column, cell in zip(grid.columns, cells, strict=True) if column.kind not in GIVEN]
        values = {
            "experiment": run.config.name,
            "person": person,
            "clothing": clothing,
            "number": place + 1,
            "of": len(grid.rows),
            "iou": iou,
            "given": [
                *(_picture(column, cell, pair) for column, cell in given),
                *_representation(representations.of(person), person),
            ],
            "results": [_picture(column, cell, pair) for column, cell in results],
            "parts": {one.label: parts for one in made if (parts := _parts(one, pair, out))},
            "methods": [one.label for one in made],
            "scores": scores_of_pair([one.scores.get(pair, {}) for one in made]),
            "previous": _neighbour(names, place, -1),
            "next": _neighbour(names, place, 1),
            "height": run.config.height,
            "width": run.config.width,
        }
        out.text(name, render("pair.html.j2", **values))
    return [name and url(name) for name in names]


def page_name(person: str, clothing: str) -> str | None:
    """Where a pair's page lies in the report; None for ids that would lead out of its folder."""
    name = f"{person}__{clothing}.html"
    return f"pairs/{name}" if Path(name).name == name else None


def scores_of_pair(methods: Sequence[dict[str, float]]) -> list[Score]:
    """The measures that some method has, a row each; the best of those compared is marked, of equals each."""
    rows = []
    for column, (label, better, digits) in MEASURES.items():
        values = [scores.get(column, math.nan) for scores in methods]
        known = [value for value in values if math.isfinite(value)]
        if known:
            wanted = {"less": min(known), "more": max(known)}.get(better) if len(known) > 1 else None
            cells = tuple(f"{value:.{digits}f}" if math.isfinite(value) else "-" for value in values)
            told = label + (f" ({better} is better)" if better else "")
            rows.append(Score(told, cells, tuple(value == wanted for value in values)))
    return rows


def _methods(run: Run, found: list[State]) -> list[_Method]:
    """Each method's first seed, where it is up to date."""
    fresh, shown = up_to_date(found), [one for one in manifests(run) if one.method and one.shown]
    return [
        _Method(
            one.method,
            rows_by_pair(one.path),
            one.path.parent,
            f"method-{one.method}",
            _scores(run.folder / "scores" / one.method / f"{one.path.parent.name}.csv")
            if one.step.replace("results-", "scores-", 1) in fresh
            else {},
        )
        for one in shown
        if one.step in fresh
    ]


def _scores(path: Path) -> dict[Key, dict[str, float]]:
    """The rows of a CSV of scores, by pair; none where nothing is scored."""
    if not path.is_file():
        return {}
    with path.open(newline="") as stream:
        rows = list(csv.DictReader(stream))
    return {(row["person"], row["clothing"]): {key: _number(row.get(key)) for key in MEASURES} for row in rows}


def _number(text: str | None) -> float:
    return float(text) if text else math.nan


def _picture(column: Column, cell: Cell, pair: Key) -> Picture:
    alt = {
        "person": f"Person {pair[0]}",
        "garment": f"Garment {pair[1]}",
        "warp": f"Garment {pair[1]}, warped",
        "truth": f"True picture of person {pair[0]} in garment {pair[1]}",
    }.get(column.kind, f"Person {pair[0]} in garment {pair[1]} by {column.label}")
    label = column.label + "".join(f" ({told})" for told in (column.about, column.note) if told)
    if isinstance(cell, str):
        return Picture(label, alt, UP + cell)
    return Picture(label, alt, "", ": ".join(part for part in cell if part))


def _representation(link: str | None, person: str) -> list[Picture]:
    return [Picture("Representation", f"What the networks see of person {person}", UP + url(link))] if link else []


def _parts(method: _Method, pair: Key, out: Published) -> list[Picture]:
    """What a method has left beside its picture of a pair that succeeded."""
    row = method.rows.get(pair)
    file = str(row.get("file")) if row and row.get("status") == "ok" else ""
    if not file or Path(file).name != file:
        return []
    pictures = []
    for suffix, label in PARTS.items():
        name = Path(file).stem + suffix
        link = out.link(method.folder / name, f"images/{method.place}/{name}")
        if link:
            pictures.append(Picture(label, f"{label} of {method.label}", UP + url(link)))
    return pictures


def _neighbour(names: Sequence[str | None], place: int, step: int) -> str:
    """The page of the pair before or after, as a link from a page beside it; "" at the end."""
    place += step
    while 0 <= place < len(names):
        if (name := names[place]) is not None:
            return url(Path(name).name)
        place += step
    return ""
