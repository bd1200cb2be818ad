"""What notebooks call: the folder of a method's results, of the warps, of the data, made first where they are missing.

Each runs the same command as the workflow, which makes what is missing and keeps what is there; where the workflow has
just run it, nothing is run again.
"""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

from viton.config import WorldData
from viton.digests import Digests
from viton.errors import InputError
from viton_eval.commands import Run, open_run
from viton_eval.digests import digest_store, with_digests
from viton_eval.plan import Step, plan
from viton_eval.states import is_done
from viton_eval.step import last_error, program
from viton_eval.trainings import first_try_ons

_SEEN: set[tuple[str, tuple[str, ...]]] = set()  # worlds that this process has had made, or found to be as they should


def data_of(config_path: str | Path, data: str = "", runs: str | Path = "runs") -> Path:
    """The dataset's root; a made-up world is made when it is not there yet."""
    return _opened(config_path, data, runs).data_root


def warps_of(config_path: str | Path, data: str = "", runs: str | Path = "runs") -> Path:
    """The folder with every pair's warped garment and `warps.jsonl`."""
    run = _opened(config_path, data, runs)
    _make(run, "warps")
    return run.warps


def results_of(
    method: str,
    config_path: str | Path,
    data: str = "",
    runs: str | Path = "runs",
    seed: int | None = None,
    variant: str = "",
) -> Path:
    """The folder with a method's picture of every pair and `manifest.jsonl`; what it reads is trained first.

    seed: of its training, the first of the configuration's by default.
    """
    run = _opened(config_path, data, runs)
    one = run.try_on(method, seed, variant)
    run.expect_trained(one.needs)
    _make(run, one.name)
    return run.results_of(one)


def stage_of(
    stage: str,
    config_path: str | Path,
    data: str = "",
    runs: str | Path = "runs",
    seed: int | None = None,
    variant: str = "",
) -> Path:
    """The folder of a trained stage of the experiment, the first that there is where no seed is given.

    Raises InputError when the experiment has no such training, and for a stage that another run has not trained yet.
    """
    run = _opened(config_path, data, runs)
    for training in run.trainings.values():
        if (training.stage, training.variant) == (stage, variant) and seed in (None, training.seed):
            run.expect_trained([training.name])
            if run.config.trained is None:
                _make(run, training.name)
            return run.stage_folder(training)
    known = ", ".join(name.removeprefix("train-") for name in run.trainings) or "none"
    raise InputError(f"{config_path}: stages", f"one of the experiment's trained stages {known}", stage)


def robustness_of(config_path: str | Path, data: str = "", runs: str | Path = "runs") -> Path | None:
    """The folder with robustness.csv, made where it is missing; None where nothing is asked for, or no truth known."""
    run = _opened(config_path, data, runs)
    if "robustness" not in plan(run):
        return None
    run.expect_trained(name for one in first_try_ons(run.config) for name in one.needs)
    _make(run, "robustness")
    return run.robustness


def study_of(config_path: str | Path, data: str = "", runs: str | Path = "runs") -> Path | None:
    """The folder of the human study, made where it is missing; None where none is asked for, or of one method."""
    run = _opened(config_path, data, runs)
    if "study" not in plan(run):
        return None
    run.expect_trained(name for one in first_try_ons(run.config) for name in one.needs)
    _make(run, "study")
    return run.study


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


def _make(run: Run, name: str) -> None:
    """Run a step's command and those of what it needs, in order, where the workflow has not just done so.

    The data are there already; where in doubt, a command is run to see.
    """
    steps, wanted = plan(run), {name}
    for step in reversed(steps.values()):  # each comes after those that it needs
        wanted |= set(step.needs) if step.name in wanted else set()
    given = run
    if any((run.steps / f"{each}.done.json").is_file() for each in wanted):
        given = with_digests(run, Digests(digest_store(run)))
    for step in steps.values():
        if step.name in wanted - {"data"} and not is_done(given, step.name):
            _execute(_without_replacing(step))


def _without_replacing(step: Step) -> tuple[str, ...]:
    """A step's command; only `viton-eval report` may replace a stage that was trained by other settings."""
    return tuple(part for part in step.command if part != "--overwrite" or not step.name.startswith("train-"))


def _execute(command: tuple[str, ...]) -> None:
    """Run one of our commands without output; raises InputError with the line that says what went wrong."""
    done = subprocess.run(program(command), stdin=subprocess.DEVNULL, capture_output=True, text=True, errors="replace")
    if done.returncode:
        raise InputError(" ".join(command[:3]), "exit 0", last_error(done.stderr) or f"exit {done.returncode}")
