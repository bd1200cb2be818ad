"""Manifests: what the warp and each method say became of each pair."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

from viton.errors import InputError
from viton.files import read_jsonl
from viton_eval.commands import Run
from viton_eval.states import State, up_to_date
from viton_eval.trainings import seeds_of, try_ons

BAD_INPUT = "bad_input"  # how the status of a pair starts whose files are wrong; any other failure is a finding
Key = tuple[str, str]  # person, clothing
Row = dict[str, object]
Rows = dict[Key, Row]


class Manifest(NamedTuple):
    """A file with a row a pair, and the step that writes it."""

    step: str
    name: str  # what the files made from it are called: "warps", or the method's, with variant and seed if it has any
    path: Path
    title: str
    method: str = ""  # "" for the warp
    imported: bool = False  # from another program: of how long a pair took nothing is known
    shown: bool = True  # in the grid of pictures: of each method the first seed, and no variant


def manifests(run: Run) -> list[Manifest]:
    """The warp's, each method's with each of its seeds, and those of variants."""
    found, first = [Manifest("warps", "warps", run.warps / "warps.jsonl", "warped garment")], set[str]()
    for one in try_ons(run.config):
        path, shown = run.results_of(one) / "manifest.jsonl", not one.variant and one.method not in first
        several = not one.variant and len(seeds_of(run.config, one.method)) > 1
        title = one.label.replace(".", ", ", 1) + (f", seed {one.seed}" if several else "")
        title += ", imported" if one.imported else ""
        name = one.name.removeprefix("results-")
        found.append(Manifest(one.name, name, path, title, one.method, one.imported, shown))
        first.add(one.method)
    return found


def rows_or_none(path: Path) -> list[Row]:
    """A JSON-lines file's rows; none when it is not there or damaged, for a damaged file must not stop a report."""
    try:
        return read_jsonl(path)
    except (InputError, UnicodeDecodeError):
        return []


def rows_by_pair(path: Path) -> Rows:
    """A manifest's rows; none when it has not been written yet, or is damaged, which the report lists as a failure."""
    return {pair_of(row): row for row in rows_or_none(path)}


def pair_of(row: Row) -> Key:
    return str(row.get("person")), str(row.get("clothing"))


def failed_pairs(run: Run, found: list[State]) -> dict[Key, Row]:
    """Each pair that failed in a step that is up to date, with its first row that says so."""
    fresh, failed = up_to_date(found), dict[Key, Row]()
    for manifest in manifests(run):
        for row in rows_or_none(manifest.path) if manifest.step in fresh else []:
            if row.get("status") != "ok":
                failed.setdefault(pair_of(row), row)
    return failed
