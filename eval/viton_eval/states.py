"""What became of each step, judged by what it wrote down and by what lies on disk now."""

from __future__ import annotations

import os
from datetime import datetime
from pathlib import Path
from typing import NamedTuple

from viton.errors import InputError
from viton.files import read_json, sha256_of
from viton_eval.commands import Run
from viton_eval.plan import Step, plan

OK, FAILED, STALE, MISSING = "ok", "failed", "stale", "not run"


class State(NamedTuple):
    """A step as the report shows it."""

    name: str
    title: str
    status: str  # OK, FAILED, STALE (made once, but not from what is there now) or MISSING
    reason: str  # why it is not OK
    log: Path
    seconds: float | None
    peak_mib: int | None
    commit: str
    started: str
    finished: str

    def wrote(self, path: Path) -> bool:
        """Whether the last run of the step has written the file."""
        if not path.is_file() or not self.started:
            return False
        return path.stat().st_mtime >= datetime.fromisoformat(self.started).timestamp()


def up_to_date(found: list[State]) -> set[str]:
    """Names of the steps whose files may be taken at face value."""
    return {state.name for state in found if state.status == OK}


def states(run: Run) -> list[State]:
    """One state for each step of the experiment, in the order of the plan."""
    found: dict[str, State] = {}
    for step in plan(run).values():
        found[step.name] = _state(run, step, [found[name] for name in step.needs])
    return list(found.values())


def is_done(run: Run, name: str) -> bool:
    """Whether the workflow has done this very step of this very run, from what is there now.

    run: with the digest of its data, without which a step of a dataset's folder is never known to be done.
    """
    step, path = plan(run).get(name), run.steps / f"{name}.status.json"
    if step is None or not path.is_file() or not (run.steps / f"{name}.done.json").is_file():
        return False
    record = _record(path)
    return record.get("status") == "ok" and _is_of(record, step) and not _changed_input(record)


def _record(path: Path) -> dict[str, object]:
    """What a step wrote down; a damaged file, as after a full disk, is a failed step's, which is run again."""
    try:
        content = read_json(path) if path.is_file() else {}
    except InputError as error:
        return {"status": "failed", "error": str(error)}
    return content if isinstance(content, dict) else {}


def _is_of(record: dict[str, object], step: Step) -> bool:
    """Whether a record is of the same command with the same settings and data."""
    return record.get("command") == list(step.command) and record.get("key") == step.key


def _state(run: Run, step: Step, needs: list[State]) -> State:
    record = _record(run.steps / f"{step.name}.status.json")
    status, reason = _judge(run, step, needs, record)
    seconds, peak = record.get("seconds"), record.get("peak_mib")
    return State(
        step.name,
        step.title,
        status,
        reason,
        run.steps / f"{step.name}.log",
        float(seconds) if isinstance(seconds, int | float) else None,
        int(peak) if isinstance(peak, int | float) else None,
        commit_of(step) or str(record.get("commit", "")),
        str(record.get("started", "")),
        str(record.get("finished", "")),
    )


def commit_of(step: Step) -> str:
    """The commit by which a stage was trained: that of a later run which found it trained says nothing of it.

    "" for another step, and where nobody knows.
    """
    if not step.name.startswith("train-") or step.folder is None:
        return ""
    return trained_by(step.folder)


def trained_by(folder: Path) -> str:
    """The commit that stands beside a stage's weights, "" where nobody knows."""
    return str(_record(folder / "provenance.json").get("commit", ""))


def _judge(run: Run, step: Step, needs: list[State], record: dict[str, object]) -> tuple[str, str]:
    """The status and, unless it is OK, its reason."""
    waiting = next((need for need in needs if need.status != OK), None)
    if waiting:
        return STALE if record.get("status") == "ok" else MISSING, f"needs the step '{waiting.name}': {waiting.status}"
    if not record:
        return MISSING, "has not been run"
    if record.get("status") == "failed":
        return FAILED, str(record.get("error"))
    if record.get("status") == "running":
        return FAILED, "was killed before it ended"
    if not _is_of(record, step):
        return STALE, "was made with other settings or data"
    if not (run.steps / f"{step.name}.done.json").is_file():
        return STALE, "is to be made anew"
    changed = _changed_input(record)
    return (STALE, changed) if changed else (OK, "")


def _changed_input(record: dict[str, object]) -> str:
    """Which file it was made from is another now, "" when none is."""
    inputs = record.get("inputs")
    for name, digest in sorted(inputs.items()) if isinstance(inputs, dict) else ():
        if not os.path.isfile(name):
            return f"{name}, which it was made from, is gone"
        if sha256_of(Path(name)) != digest:
            return f"{name} has changed since"
    return ""
