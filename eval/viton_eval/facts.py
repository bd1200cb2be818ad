"""The numbers and tables of a report's page."""

from __future__ import annotations

import statistics
from collections import Counter
from pathlib import Path
from typing import NamedTuple

from viton.config import WorldData
from viton.errors import InputError
from viton.files import read_json, read_jsonl
from viton_eval.commands import NO_TRAINING, Run, lacks_training
from viton_eval.csv_cells import csv_line
from viton_eval.grid import Grid
from viton_eval.manifests import Key, Manifest, manifests, pair_of, rows_by_pair, rows_or_none
from viton_eval.states import FAILED, OK, State, up_to_date


class Summary(NamedTuple):
    """How many pairs a method, or the warp, has done; numbers only when its step is up to date."""

    name: str
    method: str
    state: State
    done: int = 0
    failed: int = 0
    measure: str = ""  # with its n
    why: str = ""  # the failed ones' statuses
    seconds: str = ""


class Failure(NamedTuple):
    """One thing that went wrong, whatever it belongs to."""

    where: str
    what: str
    status: str
    message: str


def header(run: Run, grid: Grid, found: list[State]) -> list[tuple[str, str]]:
    """Names and values of what the report is about."""
    config = run.config
    people, garments = ({row[i] for row in grid.rows} for i in (0, 1))
    newest = max((state.finished for state in found if state.status == OK), default="")
    commits = sorted({state.commit for state in found if state.commit and state.status == OK})
    return [
        ("Data", _source(run)),
        *([("Compared with", f"{config.reference.root} (split {config.reference.split})")] if config.reference else []),
        ("Pairs", f"{len(grid.rows)}: {len(people)} people, {len(garments)} garments, split {config.split}"),
        ("Picture size", f"{config.height} x {config.width} (height x width)"),
        ("Seed", str(config.seed)),
        *([("Trained in", f"{config.trained}: nothing is trained here")] if config.trained else []),
        *([("Left out", NO_TRAINING)] if lacks_training(config) else []),
        ("Made by commit", ", ".join(commits) or "not known"),
        ("Made at", newest.replace("T", " ").replace("+00:00", " UTC") or "not yet"),
    ]


def _source(run: Run) -> str:
    data = run.config.data
    if not isinstance(data, WorldData):
        return f"{data.root} (layout {data.layout or 'told by its folders'})"
    world = data.world
    noise = f", estimator noise {world.noise:g}" if world.noise else ", exact annotations"
    garments = f"{world.garments} extra garments"
    return f"Made-up world of {world.people} people and {garments} over all splits, seed {world.seed}{noise}"


def summaries(run: Run, found: list[State]) -> list[Summary]:
    """One line for the warp and one for each method."""
    states = {state.name: state for state in found}
    return [_summary(manifest, states[manifest.step]) for manifest in manifests(run)]


def _summary(manifest: Manifest, state: State) -> Summary:
    if state.status != OK:  # what lies there was made of something else
        return Summary(manifest.title, manifest.method, state)
    rows = list(rows_by_pair(manifest.path).values())
    failed = Counter(str(row.get("status")) for row in rows if row.get("status") != "ok")
    why = ", ".join(f"{count} {status}" for status, count in failed.most_common())
    seconds = _seconds(manifest, {pair_of(row) for row in rows if row.get("status") == "ok"})
    time = f"{statistics.median(seconds):.3g} s (n = {len(seconds)})" if seconds else ""
    measure = _spread("IoU with the target mask", _numbers(rows, "iou"))
    return Summary(
        manifest.title, manifest.method, state, len(rows) - failed.total(), failed.total(), measure, why, time
    )


def _seconds(manifest: Manifest, done: set[Key]) -> list[float]:
    """How long each pair took that is done; one that failed has stopped early, and says nothing of the others.

    An import's seconds are not the method's.
    """
    if manifest.imported:
        return []
    times = rows_by_pair(manifest.path.parent / "timing.jsonl")
    return _numbers([row for pair, row in times.items() if pair in done], "seconds")


def _numbers(rows: list[dict[str, object]], name: str) -> list[float]:
    """The values of a column, where they are numbers."""
    return [float(value) for row in rows if isinstance(value := row.get(name), int | float)]


def _spread(what: str, values: list[float]) -> str:
    if not values:
        return ""
    low, middle, high = min(values), statistics.median(values), max(values)
    return f"{what}: median {middle:.3f}, from {low:.3f} to {high:.3f} (n = {len(values)})"


def failures(run: Run, found: list[State]) -> list[Failure]:
    """Steps that are not as they should be, then what is wrong with the data, then failed pairs of the others."""
    rows = [Failure(state.name, "step", state.status, state.reason) for state in found if state.status != OK]
    check, path = next(state for state in found if state.name == "check"), run.steps / "check.json"
    if check.status == OK or (check.status == FAILED and check.wrote(path)):
        rows += _data_problems(path)
    fresh = up_to_date(found)
    for manifest in manifests(run):
        rows += _failed_pairs(manifest) if manifest.step in fresh else []
    return rows


def _failed_pairs(manifest: Manifest) -> list[Failure]:
    try:
        rows = read_jsonl(manifest.path) if manifest.path.is_file() else []
    except (InputError, UnicodeDecodeError) as error:
        return [Failure(str(manifest.path), manifest.title, "unreadable", str(error))]
    return [
        Failure(
            f"{row.get('person')} in {row.get('clothing')}",
            manifest.title,
            str(row.get("status")),
            str(row.get("message", "")),
        )
        for row in rows
        if row.get("status") != "ok"
    ]


def _data_problems(check: Path) -> list[Failure]:
    """What the check of the data found."""
    content = _json_or_none(check)
    problems = content.get("problems") if isinstance(content, dict) else None
    found = []
    for problem in problems if isinstance(problems, list) else []:
        if isinstance(problem, dict):
            message = f"expected {problem.get('expected')}, got {problem.get('got')}"
            found.append(Failure(str(problem.get("file")), "data", str(problem.get("severity")), message))
    if check.is_file() and not isinstance(problems, list):
        found.append(Failure(str(check), "data", "unreadable", "expected a list of problems as JSON"))
    return found


def _json_or_none(path: Path) -> object:
    """A file's JSON; None when it is not there or damaged, for a damaged file must not stop a report."""
    try:
        return read_json(path)
    except InputError:
        return None


def versions(run: Run, found: list[State]) -> list[tuple[str, str]]:
    """What made the first method's results, or the warps: packages, interpreter, machine."""
    fresh = up_to_date(found)
    warps, *results = manifests(run)
    for manifest in [*results, warps]:
        content = _json_or_none(manifest.path.parent / "provenance.json") if manifest.step in fresh else None
        if isinstance(content, dict):
            return [(str(name), str(value)) for name, value in content.items() if name != "command"]
    return []


def as_csv(manifest: Path) -> str:
    """A JSON-lines file as CSV; columns in the order in which they turn up, person and clothing first."""
    rows = rows_or_none(manifest)
    names = list(dict.fromkeys(["person", "clothing", "status", *(name for row in rows for name in row)]))
    return "".join([csv_line(names), *(csv_line(map(row.get, names)) for row in rows)])
