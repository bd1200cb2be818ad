"""Snakemake as a subprocess: its walls of text go to a file, and a line a step to the person."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from types import MappingProxyType

from viton.console import say
from viton.errors import InputError
from viton.files import write_json
from viton_eval.commands import Run
from viton_eval.lifeline import dies_with_parent
from viton_eval.plan import plan
from viton_eval.step import CORES_A_JOB, MARK

# Everything but the source cache, which would else lie in the user's home.
SHARED = ("persistence", "input-output", "sources", "storage-local-copies", "software-deployment")
MANY = 5  # steps that are named one by one
CHANGED = "its settings, data or command have changed"
# Snakemake's lines that are passed on where steps run elsewhere; the executors for clusters word the first alike.
OF_A_JOB = re.compile(
    r"(?P<submitted>(Submitted|Job \d+ has been submitted)\b)|Finished jobid|Error in rule|\d+ of \d+ steps"
)


def run_steps(run: Run, jobs: int, profile: Path | None = None) -> tuple[int, str]:
    """Run what is to be run; returns how many steps were started, and Snakemake's own trouble ("" for none).

    profile: folder of a Snakemake profile, which says where steps run, such as on a cluster; they do not speak to us
    from there, and Snakemake's own lines are passed on.
    """
    command = [*_command(run, run.folder), "--cores", str(jobs), "--keep-going", "--rerun-incomplete"]
    command += ["--profile", str(profile.resolve())] if profile else []
    log_path = run.folder / "snakemake.log"
    events: list[str] = []
    with log_path.open("w") as log, _popen(command, {} if profile else _threads(jobs)) as process:
        try:
            for line in process.stdout or ():
                event = _event(line)
                if event is None:
                    log.write(line)
                    log.flush()
                    if profile and (told := OF_A_JOB.match(line)):
                        say(f"Snakemake: {line.strip()}")
                        events += ["started"] if told["submitted"] else []
                    continue
                events.append(str(event["event"]))
                say(_sentence(run, event))
        except BaseException:  # Ctrl-C: Snakemake got it too and stops its jobs
            process.terminate()
            raise
    troubled = process.returncode != 0 and "failed" not in events
    trouble = f"Snakemake stopped: {last_words(log_path.read_text())} (log: {log_path})" if troubled else ""
    return events.count("started"), trouble


def dry_run(run: Run, folder: Path, refresh: tuple[str, ...] = ()) -> dict[str, str]:
    """The steps that would run, with Snakemake's reasons; nothing is changed.

    folder: where `settings_for_snakemake` and the resolved configuration were written.
    """
    forced = [f"steps/{name}.done.json" for name in refresh]
    command = [*_command(run, folder), "--cores", "1", "--dry-run", *(["--forcerun", *forced] if forced else [])]
    with _popen(command) as process:
        text = process.stdout.read() if process.stdout else ""
    if process.returncode:
        raise InputError("Snakemake", "a workflow that can be planned", last_words(text))
    return dict(_reasons(text, list(plan(run))))


def settings_for_snakemake(run: Run, folder: Path) -> None:
    """Write what the Snakefile is told, as a file: on a command line Snakemake would guess types."""
    told = {"config": str((folder / "config.yaml").resolve()), "data": run.data, "data_digest": run.data_digest}
    told |= {"reference_digest": run.reference_digest, "training_digest": run.training_digest}
    write_json(folder / "workflow.json", told)


def _command(run: Run, folder: Path) -> list[str]:
    settings = str((folder / "workflow.json").resolve())
    return [
        *(sys.executable, "-m", "snakemake", "--snakefile", "Snakefile", "--directory", str(run.folder), "--nolock"),
        *("--nocolor", "--shared-fs-usage", *SHARED, "--configfile", settings),
    ]


def _threads(jobs: int) -> dict[str, str]:
    """Cores shared out among the jobs: threads that wait for each other's cores made a pair take ten times as long.

    Snakemake gives each step the number of jobs that it counts for, a training all of them, as OMP_NUM_THREADS.
    """
    return {CORES_A_JOB: str(max(1, (os.cpu_count() or 1) // jobs))}


def _popen(command: list[str], environment: Mapping[str, str] = MappingProxyType({})) -> subprocess.Popen[str]:
    return subprocess.Popen(
        command,
        env=os.environ | dict(environment),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
        preexec_fn=dies_with_parent,
    )


def _event(line: str) -> dict[str, object] | None:
    """What a step says of itself, None when the line is Snakemake's."""
    _, mark, text = line.partition(MARK)
    if not mark:
        return None
    try:
        event = json.loads(text)
    except ValueError:
        return None
    return event if isinstance(event, dict) else None


def _sentence(run: Run, event: dict[str, object]) -> str:
    name = str(event["step"])
    if event["event"] == "started":
        return f"{name}: started"
    if event["event"] == "alive":
        stage = re.split(r"[.-]", name.removeprefix("train-"))[0]  # which starts the line by itself
        return f"{name}: {str(event['says']).removeprefix(f'{stage}: ')}"
    if event["event"] == "ok":
        return f"{name}: done in {event['seconds']} s"
    return f"{name}: FAILED after {event['seconds']} s: {event['error']} (log: {run.steps / name}.log)"


def last_words(text: str) -> str:
    """The last lines of a text that say something, in one."""
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    return " ".join(lines[-3:])[-400:] or "it said nothing"


def _reasons(text: str, names: list[str]) -> Iterator[tuple[str, str]]:
    """(step, reason) out of what `snakemake --dry-run` prints: blocks with `output:` and `reason:` lines."""
    reasons: dict[str, str] = {}
    name = ""
    for line in text.splitlines():
        if re.match(r"(local)?rule ", line):
            name = ""
        elif found := re.match(r"\s+output: steps/([a-z0-9_.-]+)\.done\.json", line):
            name = found[1]
        elif (found := re.match(r"\s+reason: (.*)", line)) and name:
            reasons[name] = _plainly(found[1])
    yield from ((name, reasons[name]) for name in names if name in reasons)


def _plainly(reason: str) -> str:
    """Snakemake's reason in our words; it prints changed settings in full, before and after."""
    if reason.startswith("Params have changed"):
        return CHANGED
    reason, told, _ = reason.partition("Params have changed")
    plain = reason.replace("steps/", "").replace(".done.json", "").replace("../../", "").strip()
    plain = re.sub(r"Missing output files: [^;]*", "not done yet", plain)
    plain = re.sub(r"(Input files updated by another job: [^,;]*)(, [^;]*)", _first_and_count, plain)
    return plain.replace("Input files updated by another job", "made anew before it") + (f" {CHANGED}" if told else "")


def _first_and_count(found: re.Match[str]) -> str:
    """Many steps that come before are not all named."""
    more = found[2].count(", ")
    return found[0] if more < MANY else f"{found[1]} and {more} more"
