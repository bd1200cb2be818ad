"""What `viton-eval report` does: run what is missing of an experiment, then write its site, whatever failed."""

from __future__ import annotations

import json
import tempfile
from pathlib import Path
from typing import NamedTuple

import yaml

from viton.console import say
from viton.digests import Digests
from viton.errors import InputError, UsageError
from viton.files import locked, write_text
from viton_eval.clearing import clear
from viton_eval.commands import NO_TRAINING, Run, lacks_training, open_run, resolved_run
from viton_eval.digests import digest_store, with_digests
from viton_eval.manifests import BAD_INPUT, Row, failed_pairs
from viton_eval.plan import plan
from viton_eval.snakemake_run import dry_run, run_steps, settings_for_snakemake
from viton_eval.states import FAILED, OK, State, states
from viton_eval.trainings import try_ons

RUNS, REPORTS = Path("runs"), Path("reports")
SAID = 5  # pairs with bad input that are named before they are only counted


class Request(NamedTuple):
    """What the user asked for."""

    config: Path
    data: str = ""
    overrides: tuple[str, ...] = ()
    jobs: int = 2
    refresh: tuple[str, ...] = ()
    dry: bool = False
    as_json: bool = False
    profile: Path | None = None  # of Snakemake: where steps run


def report(request: Request) -> int:
    """Run and assemble; returns the exit code, 1 if a step is not as it should be or a pair's input is bad."""
    from viton_eval.assemble import assemble

    wanted = _open(request)
    if request.dry:
        return _dry(request, wanted)
    with locked(wanted.folder / ".lock", say):
        run = _resolve(wanted, request, wanted.folder)
        for name in request.refresh:
            _refresh(run, name)
        started, trouble = run_steps(run, request.jobs, request.profile)
        found = states(run)
        index = assemble(run, REPORTS, found)
    return _tell(run, found, index, started, trouble, request.as_json)


def _open(request: Request) -> Run:
    """Check what can be checked before anything runs."""
    if not Path("Snakefile").is_file():
        raise InputError(Path.cwd(), "a checkout of viton, with its Snakefile", "no Snakefile")
    if request.profile and not any(request.profile.glob("config*.yaml")):
        got = "no config.yaml" if request.profile.is_dir() else "no such folder"
        raise InputError(request.profile, "a folder with config.yaml, a Snakemake profile", got)
    run = open_run(request.config, request.data, RUNS, request.overrides)
    known = sorted(path.stem for path in Path("notebooks").glob("*.ipynb"))
    for notebook in run.config.notebooks:
        if notebook not in known:
            expected = f"one of the notebooks {', '.join(known)}"
            raise InputError(f"{request.config}: notebooks", expected, repr(notebook))
    _expect_training_split(run)
    run.expect_trained(name for one in try_ons(run.config) for name in one.needs)
    steps = list(plan(run))
    for name in request.refresh:
        if name not in steps:
            raise UsageError(f"--refresh {name}: expected one of {', '.join(steps)}")
    return run


def _expect_training_split(run: Run) -> None:
    """Say what is left out where nothing can be trained; raises InputError where the configuration refuses that."""
    if not lacks_training(run.config):
        return
    if not run.data_root.is_dir():
        raise InputError(run.data_root, "a dataset (--data PATH, or make report DATA=PATH)", "no such folder")
    if run.config.without_training == "refuse":
        allowed = "(or --set 'without_training=leave out' for what needs no training)"
        raise InputError(run.data_root, f"a training split, a folder 'train' {allowed}", "none")
    say(f"left out: {NO_TRAINING} ({run.data_root})")


def _resolve(wanted: Run, request: Request, folder: Path) -> Run:
    """Write the resolved configuration into `folder` when it has changed, and take the digests of given folders."""
    path = folder / "config.yaml"
    text = yaml.safe_dump(wanted.config.model_dump(mode="json"), sort_keys=False, allow_unicode=True)
    if not path.is_file() or path.read_text() != text:
        write_text(path, text)
    digests = Digests(digest_store(wanted))
    found = with_digests(wanted, digests)
    given = found.data_digest, found.reference_digest, found.training_digest
    if not request.dry and any(given):
        digests.save()
    run = resolved_run(path, request.data, RUNS, *given)
    settings_for_snakemake(run, folder)
    return run


def _dry(request: Request, wanted: Run) -> int:
    if wanted.steps.is_dir():
        with tempfile.TemporaryDirectory() as folder:
            run = _resolve(wanted, request, Path(folder))
            reasons = dry_run(run, Path(folder), request.refresh)
    else:  # Snakemake would make the experiment's folder, and every file be read, only to say the same
        run = wanted
        reasons = dict.fromkeys(plan(run), "not done yet")
    if request.as_json:
        print(json.dumps({"experiment": run.config.name, "would_run": reasons}, indent=1))
    elif not reasons:
        print(f"{run.config.name}: nothing to do")
    else:
        print(f"{run.config.name}: {len(reasons)} of {len(plan(run))} steps would run")
        for name, reason in reasons.items():
            print(f"  {name}: {reason}")
    return 0


def _refresh(run: Run, name: str) -> None:
    """Forget that a step was done and clear away what it made, so that it is made anew."""
    (run.steps / f"{name}.done.json").unlink(missing_ok=True)
    folder = plan(run)[name].folder
    if folder == run.study:  # the step makes it anew where nobody has answered
        return
    if folder and folder.is_dir():
        clear(folder)


def _tell(run: Run, found: list[State], index: Path, started: int, trouble: str, as_json: bool) -> int:
    """Say how it went and return the exit code."""
    wrong = [state for state in found if state.status != OK]
    failed = failed_pairs(run, found)
    bad = [row for row in failed.values() if str(row.get("status")).startswith(BAD_INPUT)]
    if as_json:
        steps = {one.name: {"status": one.status, "reason": one.reason, "seconds": one.seconds} for one in found}
        summary = {"experiment": run.config.name, "report": str(index), "ran": started, "steps": steps}
        print(json.dumps(summary | {"failed_pairs": list(failed.values())}, indent=1))
    for state in wrong:
        log = f" (log: {state.log})" if state.status == FAILED else ""
        say(f"{state.status}: {state.name}: {state.reason}{log}")
    _tell_pairs(bad, len(failed) - len(bad))
    if trouble:
        say(f"error: {trouble}")
    if not started and not wrong and not trouble:
        say(f"{run.config.name}: nothing to do, everything is up to date")
    say(f"report: {index}")
    return 1 if wrong or trouble or bad else 0


def _tell_pairs(bad: list[Row], others: int) -> None:
    """Name the pairs whose files are wrong; that a pair could not be made of good files is a finding, and counted."""
    for row in bad[:SAID]:
        say(f"{row.get('status')}: {row.get('person')} in {row.get('clothing')}: {row.get('message', '')}")
    if len(bad) > SAID:
        say(f"{BAD_INPUT}: {len(bad) - SAID} more pairs, listed in the report")
    if others:
        say(f"{others} {'pair' if others == 1 else 'pairs'} failed for other reasons, listed in the report")
