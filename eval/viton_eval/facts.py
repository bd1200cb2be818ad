"""The numbers and tables of a report's page."""

from __future__ import annotations

import csv
import io
import statistics
from pathlib import Path
from typing import NamedTuple

from viton.config import WorldData
from viton.errors import InputError
from viton.files import read_json, read_jsonl
from viton_eval.commands import Run
from viton_eval.grid import Grid, Rows, rows_by_pair
from viton_eval.states import FAILED, State


class Summary(NamedTuple):
    """How many pairs a method, or the warp, has done."""

    name: str
    done: int
    failed: int
    measure: str  # with its n
    seconds: str


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
    newest = max((state.finished for state in found), default="")
    commits = sorted({state.commit for state in found if state.commit})
    return [
        ("Data", _source(run)),
        ("Pairs", f"{len(grid.rows)}: {len(people)} people, {len(garments)} garments, split {config.split}"),
        ("Picture size", f"{config.height} x {config.width} (height x width)"),
        ("Seed", str(config.seed)),
        ("Made by commit", ", ".join(commits) or "not known"),
        ("Made at", newest.replace("T", " ").replace("+00:00", " UTC") or "not yet"),
    ]


def _source(run: Run) -> str:
    data = run.config.data
    if not isinstance(data, WorldData):
        return f"{data.root} (layout {data.layout})"
    world = data.world
    noise = f", estimator noise {world.noise:g}" if world.noise else ", exact annotations"
    garments = f"{world.garments} extra garments"
    return f"Made-up world of {world.people} people and {garments} over all splits, seed {world.seed}{noise}"


def summaries(run: Run) -> list[Summary]:
    """One line for the warp and one for each method."""
    warps = rows_by_pair(run.warps / "warps.jsonl")
    ious = [float(row["iou"]) for row in warps.values() if isinstance(row.get("iou"), int | float)]  # type: ignore[arg-type]
    found = [_summary("warped garment", warps, run.warps, _spread("IoU with the target mask", ious))]
    for method in run.config.methods:
        folder = run.results(method)
        found.append(_summary(method, rows_by_pair(folder / "manifest.jsonl"), folder, ""))
    return found


def _summary(name: str, rows: Rows, folder: Path, measure: str) -> Summary:
    done = sum(row.get("status") == "ok" for row in rows.values())
    path = folder / "timing.jsonl"
    timings = _rows_or_nothing(path)
    seconds = [float(row["seconds"]) for row in timings if isinstance(row.get("seconds"), int | float)]  # type: ignore[arg-type]
    time = f"{statistics.median(seconds):.3g} s (n = {len(seconds)})" if seconds else ""
    return Summary(name, done, len(rows) - done, measure, time)


def _spread(what: str, values: list[float]) -> str:
    if not values:
        return ""
    low, middle, high = min(values), statistics.median(values), max(values)
    return f"{what}: median {middle:.3f}, from {low:.3f} to {high:.3f} (n = {len(values)})"


def failures(run: Run, found: list[State]) -> list[Failure]:
    """Failed steps, then what is wrong with the data, then failed pairs."""
    rows = [Failure(state.name, "step", state.status, state.reason) for state in found if state.status == FAILED]
    rows += _data_problems(run.steps / "check.json")
    for name, manifest in manifests(run).items():
        try:
            for row in read_jsonl(manifest) if manifest.is_file() else []:
                if row.get("status") != "ok":
                    pair = f"{row.get('person')} in {row.get('clothing')}"
                    rows.append(Failure(pair, name, str(row.get("status")), str(row.get("message", ""))))
        except (InputError, UnicodeDecodeError) as error:
            rows.append(Failure(str(manifest), name, "unreadable", str(error)))
    return rows


def manifests(run: Run) -> dict[str, Path]:
    """Where the warp and each method say what became of each pair."""
    found = {"warped garment": run.warps / "warps.jsonl"}
    return found | {method: run.results(method) / "manifest.jsonl" for method in run.config.methods}


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


def versions(run: Run) -> list[tuple[str, str]]:
    """What made the first method's results, or the warps: packages, interpreter, machine."""
    for folder in [*(run.results(method) for method in run.config.methods), run.warps]:
        content = _json_or_none(folder / "provenance.json")
        if isinstance(content, dict):
            return [(str(name), str(value)) for name, value in content.items() if name != "command"]
    return []


def _rows_or_nothing(path: Path) -> list[dict[str, object]]:
    """A JSON-lines file's rows; none when it is not there or damaged."""
    try:
        return read_jsonl(path)
    except (InputError, UnicodeDecodeError):
        return []


def as_csv(manifest: Path) -> str:
    """A JSON-lines file as CSV; columns in the order in which they turn up, person and clothing first."""
    rows = _rows_or_nothing(manifest)
    names = list(dict.fromkeys(["person", "clothing", "status", *(name for row in rows for name in row)]))
    stream = io.StringIO()
    writer = csv.DictWriter(stream, names, lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return stream.getvalue()
