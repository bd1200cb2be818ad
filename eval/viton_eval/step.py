"""One step of the workflow: run a command, keep its log, time it, and say what became of it.

DIR/NAME.log           what the command printed
DIR/NAME.status.json   written at the start and at the end, whatever happened
DIR/NAME.done.json     written last, and only on success; the same bytes when the same was made again
"""

from __future__ import annotations

import json
import os
import resource
import shlex
import signal
import subprocess
import sys
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import IO, NamedTuple

from viton.errors import UsageError
from viton.files import read_json, sha256_of, write_json, written_whole
from viton.provenance import commit
from viton_eval.clearing import clear
from viton_eval.lifeline import dies_with_parent

MARK = "@@step "  # starts the lines by which a step tells the workflow how it goes
CORES_A_JOB = "VITON_CORES_A_JOB"  # environment variable: cores for each of the jobs that a step counts for
TAIL = 4096  # bytes of a log that are read for its last line
PROGRAMS = {"viton": "viton", "viton-eval": "viton_eval"}


class Job(NamedTuple):
    """What to run and what to write down about it."""

    name: str
    folder: Path  # of the status files
    command: tuple[str, ...]
    directory: Path = Path()  # where the command is started; recorded paths are relative to it
    inputs: tuple[Path, ...] = ()
    made: tuple[Path, ...] = ()  # files whose contents say what was made
    stdout: Path | None = None
    key: str = ""
    clears: Path | None = None  # folder to clear when what decides its contents has changed
    tells_every: float = 15.0  # seconds; the last line of the log, where there is a new one

    def beside(self, suffix: str) -> Path:
        return self.folder / f"{self.name}{suffix}"


def run_step(job: Job) -> int:
    """Run the command and return its exit code, 0 when it is done."""
    if not job.command:
        raise UsageError(f"step {job.name}: expected a command after --")
    job.folder.mkdir(parents=True, exist_ok=True)
    job.beside(".done.json").unlink(missing_ok=True)
    record: dict[str, object] = {
        "step": job.name,
        "command": list(job.command),
        "commit": commit(),
        "key": job.key,
        "started": _now(),
        "inputs": {_shown(path, job.directory): sha256_of(path) for path in sorted(job.inputs)},
    }
    if job.clears and job.clears.is_dir() and _has_changed(job, record):
        clear(job.clears)
    write_json(job.beside(".status.json"), record | {"status": "running", "error": ""})
    _tell(job.name, "started")
    started = time.perf_counter()
    code = _run(job)
    seconds = time.perf_counter() - started
    error = _error(job, code) if code else _missing(job)
    peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / (1024 if sys.platform == "linux" else 1024**2)
    status = "failed" if error else "ok"
    measured = {"seconds": round(seconds, 2), "peak_mib": round(peak), "finished": _now()}
    write_json(job.beside(".status.json"), record | measured | {"status": status, "error": error})
    _tell(job.name, status, seconds=round(seconds, 1), error=error)
    if error:
        return code or 1
    made = {_shown(path, job.directory): sha256_of(path) for path in job.made}
    done = {name: record[name] for name in ("step", "command", "key", "inputs")}
    write_json(job.beside(".done.json"), done | {"made": made})
    return 0


def program(command: tuple[str, ...]) -> list[str]:
    """The command with our own programs run by this very interpreter."""
    name, *arguments = command
    return [sys.executable, "-m", PROGRAMS[name], *arguments] if name in PROGRAMS else [name, *arguments]


def last_error(text: str) -> str:
    """The line that says what went wrong: the last that starts with `error:`, or else the last one."""
    lines = [line.strip() for line in text.replace("\r", "\n").splitlines() if line.strip()]
    errors = [line.removeprefix("error:").strip() for line in lines if line.startswith("error:")]
    return (errors or lines or [""])[-1][:500]


def _has_changed(job: Job, record: dict[str, object]) -> bool:
    """Whether the last run of this step, finished or not, was told something else."""
    path = job.beside(".status.json")
    before = read_json(path) if path.is_file() else None
    return isinstance(before, dict) and any(before.get(name) != record[name] for name in ("command", "key", "inputs"))


def _run(job: Job) -> int:
    with job.beside(".log").open("wb") as log:
        log.write(f"$ {shlex.join(job.command)}\n".encode())
        log.flush()
        if job.stdout is None:
            return _execute(job, log, log)
        with written_whole(job.stdout) as temporary, temporary.open("wb") as printed:
            return _execute(job, printed, log)


def _execute(job: Job, stdout: IO[bytes], log: IO[bytes]) -> int:
    """Run the command to its end; a request to stop is passed on to it."""
    environment = os.environ | _threads() | {"PYTHONUNBUFFERED": "1", "MPLBACKEND": "Agg"}
    try:
        child = subprocess.Popen(
            program(job.command), cwd=job.directory, stdin=subprocess.DEVNULL, stdout=stdout, stderr=log,
            env=environment, preexec_fn=dies_with_parent,
        )  # fmt: skip
    except OSError as error:
        log.write(f"error: {job.command[0]}: {error.strerror}\n".encode())
        return 127
    signal.signal(signal.SIGTERM, lambda *_: child.terminate())
    told = ""
    while True:
        try:
            return child.wait(job.tells_every)
        except subprocess.TimeoutExpired:
            says = last_line(job.beside(".log"))
            if says and says != told:
                _tell(job.name, "alive", says=says)
            told = says
        except KeyboardInterrupt:  # the terminal sent it to the child too: let it finish its own way
            continue


def _threads() -> dict[str, str]:
    """Threads for the command: cores of a job times the jobs that the step counts for; nothing outside the workflow.

    They wait asleep: spinning, two threads of a small network on a busy machine took three times as long.
    """
    cores, jobs = os.environ.get(CORES_A_JOB, ""), os.environ.get("OMP_NUM_THREADS", "")
    if not (cores.isdecimal() and jobs.isdecimal()):
        return {}
    policy = os.environ.get("OMP_WAIT_POLICY", "PASSIVE")
    return {"OMP_NUM_THREADS": str(int(cores) * int(jobs)), "OMP_WAIT_POLICY": policy}


def last_line(log: Path) -> str:
    """The last whole line that a command has printed, "" before the first."""
    with log.open("rb") as stream:
        stream.seek(max(0, log.stat().st_size - TAIL))
        text = stream.read().decode(errors="replace")
    whole = text[: max(text.rfind("\n"), text.rfind("\r")) + 1]
    lines = [line.strip() for line in whole.replace("\r", "\n").splitlines() if line.strip()]
    return lines[-1] if lines and not lines[-1].startswith("$ ") else ""


def _error(job: Job, code: int) -> str:
    if code < 0:
        name = signal.Signals(-code).name
        return f"killed by {name}" + (" (out of memory?)" if name == "SIGKILL" else "")
    text = job.beside(".log").read_text(errors="replace").partition("\n")[2]
    return _problems(job) or last_error(text) or f"exit {code} without a word"


def _problems(job: Job) -> str:
    """What a check that printed a list of problems found, "" when it printed none."""
    try:
        content = json.loads(job.stdout.read_bytes()) if job.stdout else {}
    except ValueError:
        return ""
    problems = content.get("problems", []) if isinstance(content, dict) else []
    errors = [problem for problem in problems if problem["severity"] == "error"]
    if not errors:
        return ""
    first = errors[0]
    count = "1 error" if len(errors) == 1 else f"{len(errors)} errors, first"
    return f"{count}: {first['file']}: expected {first['expected']}, got {first['got']}"


def _missing(job: Job) -> str:
    """A command that says it is done must have made what it is for."""
    missing = [_shown(path, job.directory) for path in job.made if not path.is_file()]
    return f"{missing[0]}: expected to be made, got no such file" if missing else ""


def _tell(name: str, event: str, **details: object) -> None:
    os.write(2, f"{MARK}{json.dumps({'step': name, 'event': event, **details})}\n".encode())


def _shown(path: Path, directory: Path) -> str:
    return os.path.relpath(path, directory)


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")
