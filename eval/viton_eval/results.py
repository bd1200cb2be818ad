"""What notebooks call: the folder of a method's results, of the warps, of the data, made first where they are missing.

Each runs the same command as the workflow, which makes what is missing and keeps what is there; where the workflow has
just run it, nothing is run again.
"""

from __future__ import annotations

import subprocess
from pathlib import Path

from viton.config import WorldData
from viton.errors import InputError
from viton_eval.commands import Run, open_run
from viton_eval.states import is_done
from viton_eval.step import last_error, program


def data_of(config_path: str | Path, data: str = "", runs: str | Path = "runs") -> Path:
    """The dataset's root; a made-up world is made when it is not there yet."""
    run = open_run(Path(config_path), data, runs)
    _make_world(run)
    return run.data_root


def warps_of(config_path: str | Path, data: str = "", runs: str | Path = "runs") -> Path:
    """The folder with every pair's warped garment and `warps.jsonl`."""
    run = open_run(Path(config_path), data, runs)
    _make_world(run)
    if not is_done(run, "warps"):
        _execute(run.warp_command())
    return run.warps


def results_of(method: str, config_path: str | Path, data: str = "", runs: str | Path = "runs") -> Path:
    """The folder with a method's picture of every pair and `manifest.jsonl`."""
    run = open_run(Path(config_path), data, runs)
    _make_world(run)
    if not is_done(run, f"results-{method}"):
        _execute(run.try_on_command(method))
    return run.results(method)


def _make_world(run: Run) -> None:
    if isinstance(run.config.data, WorldData) and not (run.data_root / "world.json").is_file():
        _execute(run.synth_command())


def _execute(command: tuple[str, ...]) -> None:
    """Run one of our commands without output; raises InputError with the line that says what went wrong."""
    done = subprocess.run(program(command), stdin=subprocess.DEVNULL, capture_output=True, text=True, errors="replace")
    if done.returncode:
        raise InputError(" ".join(command[:3]), "exit 0", last_error(done.stderr) or f"exit {done.returncode}")
