"""`viton-eval import`: its options. Heavy libraries are imported when it is run."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, NamedTuple

import typer

from viton.config import PATTERN, ImportedConfig
from viton.console import progress, say
from viton.errors import UsageError
from viton.settings import parse

if TYPE_CHECKING:
    import pandas as pd

    from viton_eval.importing import Imported

FORMS = "either --config FILE, into an experiment, or --pairs FILE --out DIR, into a folder of results"


class _Asked(NamedTuple):
    """What is imported, wherever it goes."""

    method: str
    seed: int | None
    given: ImportedConfig
    overwrite: bool


class _Done(NamedTuple):
    """What has come of it."""

    out: Path
    seed: int
    found: Imported
    scores: pd.DataFrame | None = None  # None: not scored
    note: str = ""  # what the scores lack


def import_results(
    method: Annotated[str, typer.Argument(help="what they are called from now on")],
    folder: Annotated[Path, typer.Argument(help="pictures that another program has made, one a pair")],
    config: Annotated[Path | None, typer.Option(help="the experiment, a file of configs/")] = None,
    pairs: Annotated[Path | None, typer.Option(help="in place of --config: the pairs file")] = None,
    out: Annotated[Path | None, typer.Option(help="in place of --config: the folder of results to make")] = None,
    pattern: Annotated[
        str,
        typer.Option(help="their names; {person} alone where nobody has two pairs; suffix jpg, jpeg, png, webp, any"),
    ] = PATTERN,
    resize: Annotated[
        str, typer.Option(help="other sizes: lanczos, bilinear, box, or none, which refuses them")
    ] = "none",
    size: Annotated[
        str | None, typer.Option(metavar="HxW", help="with --out: their size; without --resize the first one's will do")
    ] = None,
    missing_ok: Annotated[bool, typer.Option("--missing-ok", help="a pair without a picture counts as failed")] = False,
    seed: Annotated[
        int | None, typer.Option(min=0, help="of their training; the experiment's by default, with --out 0")
    ] = None,
    data: Annotated[str, typer.Option(help="with --config: a dataset folder, in place of the configuration's")] = "",
    runs: Annotated[Path | None, typer.Option(help="with --config: the folder of all runs; runs by default")] = None,
    overwrite: Annotated[bool, typer.Option("--overwrite", help="in place of what was imported before")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="print what was imported, and its scores, as JSON")] = False,
) -> None:
    """Bring in another program's pictures: as one more method of an experiment, or as a folder of results.

    With --config they are scored where the truth is known, and the method stands in `viton-eval compare` and in every
    report of the experiment, marked as imported. With --pairs and --out they become a folder that `viton-eval score
    --results NAME=DIR` takes. Either way every pair has to be there exactly once.
    """
    told = {"folder": folder, "pattern": pattern, "resize": resize, "missing_ok": missing_ok}
    asked = _Asked(method, seed, parse(ImportedConfig, told, "import"), overwrite)
    if config is not None:
        _expect_none("--config", {"--pairs": pairs, "--out": out, "--size": size})
        done = _into_experiment(asked, config, data, runs or Path("runs"))
    elif pairs is not None and out is not None:
        _expect_none("--pairs and --out", {"--data": data, "--runs": runs})
        done = _into_folder(asked, pairs, out, size)
    else:
        got = " alone".join([*(name for name, value in {"--pairs": pairs, "--out": out}.items() if value), ""])
        raise UsageError(f"viton-eval import: expected {FORMS}, got {got or 'neither'}")
    _tell(method, done, as_json)


def _expect_none(form: str, others: dict[str, object]) -> None:
    """Raises UsageError for an option of the other form."""
    for name, value in others.items():
        if value:
            raise UsageError(f"viton-eval import: expected {FORMS}, got {form} with {name}")


def _into_experiment(asked: _Asked, config: Path, data: str, runs: Path) -> _Done:
    from viton_eval.commands import open_run
    from viton_eval.importing import import_as, row_of
    from viton_eval.results import data_of
    from viton_eval.scoring import no_judge

    method, run = asked.method, open_run(config, data, runs)
    seed = run.config.seed if asked.seed is None else asked.seed
    data_of(config, data, runs)  # a world that the experiment has yet to make
    found = import_as(run, method, seed, asked.given, asked.overwrite, progress(f"import {method}"))
    run = open_run(config, data, runs)
    row = row_of(run, method, seed)
    return _Done(run.results(method, seed), seed, found, row, "" if row is None else no_judge(run))


def _into_folder(asked: _Asked, pairs: Path, out: Path, size: str | None) -> _Done:
    from viton.cli_options import size_of
    from viton_eval.importing import import_into

    if asked.given.resize != "none" and not size:
        raise UsageError(f"--resize {asked.given.resize}: expected --size HxW too, which to resize to")
    seed, wanted = asked.seed or 0, size_of(size) if size else None
    given, shown = asked.given, progress(f"import {asked.method}")
    return _Done(out, seed, import_into(out, asked.method, seed, given, pairs, wanted, asked.overwrite, shown))


def _tell(method: str, done: _Done, as_json: bool) -> None:
    from viton_eval.matching import some

    found, scores = done.found, done.scores
    if found.extra:
        say(f"left out, pictures of no pair: {some(found.extra)}")
    if as_json:
        counts = {"pairs": len(found.rows), "missing": found.missing, "extra": len(found.extra)}
        told = None if scores is None else scores.to_dict("index")
        more = {"scores": told, "note": done.note}
        print(json.dumps({"out": str(done.out), "method": method, "seed": done.seed, **counts, **more}))
    elif scores is not None:
        print(scores.to_string())
    if done.note:
        say(done.note)
    failures = f", {found.missing} missing, which count as failed; means are over the others" if found.missing else ""
    say(f"{done.out}: {len(found.rows) - found.missing} of {len(found.rows)} pairs imported as {method}{failures}")
