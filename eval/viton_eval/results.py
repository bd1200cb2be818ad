"""What notebooks call: the folder of a method's results, of the warps, of the data, made first where they are missing.

Each runs the same command as the workflow, which makes what is missing and keeps what is there; where the workflow has
just run it, nothing is run again.
"""

from __future__ import annotations

import os
import subprocess
from dataclasses import replace
from pathlib import Path

from viton.config import FolderData, WorldData
from viton.errors import InputError
from viton_eval.commands import Run, open_run
from viton_eval.digests import Digests, digest_store, folder_digest
from viton_eval.states import is_done
from viton_eval.step import last_error, program

_SEEN: set[tuple[str, tuple[str, ...]]] = set()  # worlds that this process has had made, or found to be as they should


def data_of(config_path: str | Path, data: str = "", runs: str | Path = "runs") -> Path:
    """The dataset's root; a made-up world is made when it is not there yet."""
    return _opened(config_path, data, runs).data_root


def warps_of(config_path: str | Path, data: str = "", runs: str | Path = "runs") -> Path:
    """The folder with every pair's warped garment and `warps.jsonl`."""
    run = _opened(config_path, data, runs)
    if not _is_done(run, "warps"):
        _execute(run.warp_command())
    return run.warps


def results_of(method: str, config_path: str | Path, data: str = "", runs: str | Path = "runs") -> Path:
    """The folder with a method's picture of every pair and `manifest.jsonl`."""
    run = _opened(config_path, data, runs)
    if not _is_done(run, f"results-{method}"):
        _execute(run.try_on_command(method))
    return run.results(method)


def _opened(config_path: str | Path, data: str, runs: str | Path) -> Run:
    """The experiment, its world made; the command itself sees whether a world that is there is the one asked for."""
    run = open_run(Path(config_path), data, runs)
    if isinstance(run.config.data, WorldData):
        wanted = (os.path.abspath(run.data_root), run.synth_command())
        seen = wanted in _SEEN and (run.data_root / "world.json").is_file()
        if not seen and not is_done(run, "data"):
            _execute(run.synth_command())
        _SEEN.add(wanted)
    return run


def _is_done(run: Run, name: str) -> bool:
    """Whether the workflow has made this from the data as they are now; where in doubt, the command is run to see."""
    if not (run.steps / f"{name}.done.json").is_file():
        return False
    if isinstance(run.config.data, FolderData):
        digest = folder_digest(run.data_root, run.config.split, Digests(digest_store(run)))
        run = replace(run, data_digest=digest)
    return is_done(run, name)


def _execute(command: tuple[str, ...]) -> None:
    """Run one of our commands without output; raises InputError with the line that says what went wrong."""
    done = subprocess.run(program(command), stdin=subprocess.DEVNULL, capture_output=True, text=True, errors="replace")
    if done.returncode:
        raise InputError(" ".join(command[:3]), "exit 0", last_error(done.stderr) or f"exit {done.returncode}")
