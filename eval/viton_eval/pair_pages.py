"""A page for every pair: what goes in, what each method makes of it and on the way there, and how it scores.

As the grid, from files alone: the library's loaders are imported only where a picture has to be drawn anew.
"""

from __future__ import annotations

import csv
import hashlib
import math
import os
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from viton.digests import Digests
from viton_eval.commands import Run
from viton_eval.csv_cells import plain
from viton_eval.grid import NOT_MADE, Cell, Column, Grid
from viton_eval.manifests import Key, Rows, rows_by_pair
from viton_eval.measure_labels import MEASURES
from viton_eval.page_names import page_names
from viton_eval.published import Published
from viton_eval.representation_pictures import Representations
from viton_eval.states import State, up_to_date
from viton_eval.templates import render, style, url
from viton_eval.trainings import try_ons

PARTS = {
    ".coarse.png": "coarse result",
    ".mask.png": "clothing mask M",
    ".warped.png": "warped clothing",
    ".alpha.png": "composition mask alpha",
}
GIVEN = ("person", "garment")  # kinds of columns that a method sees
UP = "../"  # from a pair's page to the report
TEMPLATE = "pair.html.j2"


class Picture(NamedTuple):
    """A picture of a pair's page, or what stands in its place."""

    label: str
    alt: str
    link: str  # "" where there is none
    why: str = ""  # then: what became of it
    failed: bool = False  # rather than not made yet


class Score(NamedTuple):
    """A measure of a pair, a cell a method."""

    label: str
    cells: tuple[str, ...]
    best: tuple[bool, ...]


class _Method(NamedTuple):
    """What a method left."""

    label: str
    rows: Rows
    folder: Path
    files: frozenset[str]  # names of what lies there
    place: str
    scores: dict[Key, dict[str, float]] | None  # None where they are not made, or not up to date


class _Pages(NamedTuple):
    """What all pages are made of."""

    run: Run
    grid: Grid
    out: Published
    methods: list[_Method]
    representations: Representations
    names: list[str | None]

    def values(self, place: int) -> dict[str, object]:
        """What stands on the page of a row."""
        person, clothing, iou, cells = self.grid.rows[place]
        pair, config = (person, clothing), self.run.config
        pictures = [
            (column, _picture(column, cell, pair)) for column, cell in zip(self.grid.columns, cells, strict=True)
        ]
        given = [picture for column, picture in pictures if column.kind in GIVEN]
        scored = [one for one in self.methods if one.scores is not None]
        return {
            "experiment": config.name,
            "height": config.height,
            "width": config.width,
            "iou": iou,
            "person": person,
            "clothing": clothing,
            "number": place + 1,
            "of": len(self.grid.rows),
            "given": [*given, *_representation(self.representations.of(person), person)],
            "results": [picture for column, picture in pictures if column.kind not in GIVEN],
            "parts": {one.label: parts for one in self.methods if (parts := _parts(one, pair, self.out))},
            "methods": [one.label for one in scored],
            "unscored": [one.label for one in self.methods if one.scores is None],
            "scores": scores_of_pair([(one.scores or {}).get(pair, {}) for one in scored]),
            "previous": _neighbour(self.names, place, -1),
            "next": _neighbour(self.names, place, 1),
        }


def make_pair_pages(run: Run, found: list[State], grid: Grid, out: Published, digests: Digests) -> list[str | None]:
    """Write a page for each row of the grid; their links, None for ids that cannot be a file's name."""
    names = page_names([(person, clothing) for person, clothing, *_ in grid.rows])
    pages = _Pages(run, grid, out, _methods(run, found), Representations(run, out, digests), names)
    how = hashlib.sha256(style(TEMPLATE).encode()).hexdigest()[:16]
    for place, name in enumerate(names):
        if name is not None:
            _write(out, name, how, pages.values(place))
    out.text("pairs/pair.css", style("report.css"))
    return [name and url(name) for name in names]


def _write(out: Published, name: str, how: str, values: dict[str, object]) -> None:
    """Write a page; one of the same values is not even rendered again, which is most of the time of a large report."""
    shown = hashlib.sha256(repr(values).encode("utf-8", "surrogatepass")).hexdigest()[:32]
    out.made(name, f"{shown} {how}", lambda: render(TEMPLATE, **values).encode())


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
    """Each method with its first seed, where it is up to date."""
    fresh, made, seen = up_to_date(found), list[_Method](), set[str]()
    for one in try_ons(run.config):
        if not one.variant and one.method not in seen and one.name in fresh:
            folder = run.results_of(one)
            scores = _scores(run.scores_of(one)) if one.scoring in fresh else None
            rows, files = (
                rows_by_pair(folder / "manifest.jsonl"),
                frozenset(os.listdir(folder) if folder.is_dir() else ()),
            )
            made.append(_Method(one.method, rows, folder, files, f"method-{one.method}", scores))
        seen.add(one.method)
    return made


def _scores(path: Path) -> dict[Key, dict[str, float]] | None:
    """The rows of a CSV of scores, by pair; None where nothing is scored."""
    if not path.is_file():
        return None
    with path.open(newline="") as stream:
        rows = list(csv.DictReader(stream))
    return {
        (plain(row["person"]), plain(row["clothing"])): {key: _number(row.get(key)) for key in MEASURES} for row in rows
    }


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
    return Picture(label, alt, "", ": ".join(part for part in cell if part), failed=cell[0] != NOT_MADE)


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
        link = out.link(method.folder / name, f"images/{method.place}/{name}") if name in method.files else None
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
