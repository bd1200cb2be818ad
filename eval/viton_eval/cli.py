"""The command line of the evaluation suite; heavy libraries are imported by the verbs that need them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer

from viton.console import run, say
from viton_eval.import_command import import_results
from viton_eval.score_command import score
from viton_eval.study.cli import study

app = typer.Typer(
    name="viton-eval",
    help="Run notebooks, evaluate try-on methods, and make reports.",
    no_args_is_help=True,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    add_completion=False,
)
notebooks = typer.Typer(help="Run notebooks unattended.", no_args_is_help=True, rich_markup_mode=None)
app.add_typer(notebooks, name="nb")
app.add_typer(study, name="study")


def main() -> None:
    """Entry point of `viton-eval`."""
    run(app)


@app.callback()
def _suite() -> None:
    """Run notebooks, evaluate try-on methods, and make reports."""


@notebooks.command(
    "run",
    epilog="Example: viton-eval nb run notebooks/warp.ipynb out.ipynb -p config=configs/smoke.yaml --html warp.html",
)
def run_one_notebook(
    notebook: Annotated[Path, typer.Argument(help="the notebook to run; it is not changed")],
    out: Annotated[Path, typer.Argument(help="the executed notebook")],
    parameter: Annotated[list[str], typer.Option("-p", metavar="NAME=VALUE", help="a parameter; YAML value")] = [],  # noqa: B006
    params_yaml: Annotated[str, typer.Option(help="parameters as a YAML mapping; -p goes over it")] = "",
    html: Annotated[Path | None, typer.Option(help="write it as a page too")] = None,
    title: Annotated[str, typer.Option(help="the page's title; the notebook's name by default")] = "",
    back: Annotated[str, typer.Option(metavar="LINK", help="where the page's link to its report leads")] = "",
    timeout: Annotated[int | None, typer.Option(min=1, help="seconds a cell may take; no limit by default")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="print what was written, and ok or failed, as JSON")] = False,
) -> None:
    """Run NOTEBOOK with parameters into OUT; a failing cell's error stays in OUT, and the exit code is 1.

    What the notebook reads is made first where it is missing, trained networks too: that takes as long as it takes.
    """
    from viton_eval.notebook import parse_parameters, run_notebook

    values, status = parse_parameters(parameter, params_yaml), "failed"
    try:
        run_notebook(notebook, out, values, html, title=title, back=back, timeout=timeout)
        status = "ok"
    finally:
        if as_json:
            told = {"notebook": str(notebook), "out": str(out), "html": html and str(html), "status": status}
            print(json.dumps(told))
    say(f"wrote {out}" + (f" and {html}" if html else ""))


@app.command(epilog="Example: viton-eval report --config configs/smoke.yaml --jobs 2")
def report(
    config: Annotated[Path, typer.Option(help="what to run, a file of configs/")],
    data: Annotated[str, typer.Option(help="a dataset folder, in place of the configuration's data")] = "",
    settings: Annotated[list[str], typer.Option("--set", metavar="A.B=VALUE", help="change a setting")] = [],  # noqa: B006
    dry_run: Annotated[
        bool,
        typer.Option(
            "--dry-run", help="say what would run, and why; run nothing, and write nothing but Snakemake's cache"
        ),
    ] = False,
    jobs: Annotated[int, typer.Option(min=1, help="steps that may run at once")] = 2,
    refresh: Annotated[list[str], typer.Option(metavar="STEP", help="make a step's results anew")] = [],  # noqa: B006
    profile: Annotated[
        Path | None, typer.Option(metavar="DIR", help="a Snakemake profile: run steps on a cluster (docs/scaling.md)")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="print what became of each step as JSON")] = False,
) -> None:
    """Run what is missing of an experiment and write reports/EXPERIMENT/index.html.

    The exit code is 1 if a step failed or a pair's input is bad; pairs that failed for other reasons are findings.
    """
    from viton_eval.workflow import Request, report

    request = Request(config, data, tuple(settings), jobs, tuple(refresh), dry_run, as_json, profile)
    raise typer.Exit(report(request))


@app.command(hidden=True, epilog="Example: viton-eval scores viton --config configs/smoke.yaml --seed 0")
def scores(
    method: Annotated[str, typer.Argument(help="a method that the experiment has tried on")],
    config: Annotated[Path, typer.Option(help="the experiment, a file of configs/")],
    data: Annotated[str, typer.Option(help="a dataset folder, in place of the configuration's data")] = "",
    runs: Annotated[Path, typer.Option(help="the folder of all runs")] = Path("runs"),
    seed: Annotated[int | None, typer.Option(min=0, help="of its training; the first by default")] = None,
    variant: Annotated[str, typer.Option(help="one of the experiment's variants")] = "",
) -> None:
    """Score a method's results against the true pictures, unless that is done already."""
    from viton_eval.commands import open_run
    from viton_eval.scoring import score_try_on

    run = open_run(config, data, runs)
    one = run.try_on(method, seed, variant)
    found = score_try_on(run, one)
    told = f"{found.settings['n']} of {found.settings['of']} pairs" if found else "of no pair is the truth known"
    say(f"{run.scores_of(one)}: {told}")


app.command(
    epilog="Example: viton-eval score --results mine=results --data world --pairs test_pairs.txt --out mine.csv"
)(score)


app.command(
    "import",
    epilog="Example: viton-eval import my-model results --config configs/submission.yaml --resize box   or   "
    "viton-eval import my-model results --pattern '{person}.jpg' --pairs test_pairs.txt --out imported",
)(import_results)


@app.command(hidden=True, epilog="Example: viton-eval imported my-model --config configs/submission.yaml --seed 0")
def imported(
    method: Annotated[str, typer.Argument(help="a method that the experiment imports")],
    config: Annotated[Path, typer.Option(help="the experiment, a file of configs/")],
    data: Annotated[str, typer.Option(help="a dataset folder, in place of the configuration's data")] = "",
    runs: Annotated[Path, typer.Option(help="the folder of all runs")] = Path("runs"),
    seed: Annotated[int | None, typer.Option(min=0, help="of its training; the first by default")] = None,
    overwrite: Annotated[bool, typer.Option("--overwrite", help="in place of what was imported before")] = False,
) -> None:
    """Bring in a method's pictures as the experiment says, unless that is done already."""
    from viton.errors import InputError
    from viton_eval.commands import open_run
    from viton_eval.importing import import_pictures

    run = open_run(config, data, runs)
    one = run.try_on(method, seed)
    if not one.imported:
        raise InputError(f"{config}: imported", f"one of {', '.join(run.config.imported) or 'none'}", repr(method))
    found = import_pictures(run, one, run.config.imported[method][one.seed], overwrite)
    say(f"{run.results_of(one)}: {len(found.rows) - found.missing} of {len(found.rows)} pairs")


@app.command(epilog="Example: viton-eval compare --config configs/demo.yaml --out comparison")
def compare(
    config: Annotated[Path, typer.Option(help="the experiment, a file of configs/")],
    out: Annotated[Path, typer.Option(help="the folder for the CSVs, their page and their provenance")],
    data: Annotated[str, typer.Option(help="a dataset folder, in place of the configuration's data")] = "",
    runs: Annotated[Path, typer.Option(help="the folder of all runs")] = Path("runs"),
    as_json: Annotated[bool, typer.Option("--json", help="print what was written as JSON")] = False,
) -> None:
    """Write how an experiment's methods and options compare, once they are tried on: figures, intervals, provenance."""
    from viton_eval.comparison import compare_experiment, write_comparison
    from viton_eval.comparison_page import page
    from viton_eval.experiment import open_experiment
    from viton_eval.scoring import no_judge
    from viton_eval.try_ons import run_of

    experiment = open_experiment(str(config), data, str(runs))
    found = compare_experiment(experiment)
    write_comparison(out, found, page(found))
    if note := no_judge(run_of(experiment)):
        say(note)
    if as_json:
        print(json.dumps({"out": str(out), "methods": len(found.methods), "options": len(found.options)}))
    say(f"wrote {out}: {len(found.methods)} rows of methods, {len(found.options)} of options")


@app.command(epilog="Example: viton-eval robustness --config configs/demo.yaml --out robustness")
def robustness(
    config: Annotated[Path, typer.Option(help="the experiment, a file of configs/")],
    out: Annotated[Path, typer.Option(help="the folder for robustness.csv and what decided it")],
    data: Annotated[str, typer.Option(help="a dataset folder, in place of the configuration's data")] = "",
    runs: Annotated[Path, typer.Option(help="the folder of all runs")] = Path("runs"),
    as_json: Annotated[bool, typer.Option("--json", help="print what was written as JSON")] = False,
) -> None:
    """Try an experiment's trained methods with noise in pose and parsing, scored against the true try-ons."""
    from viton.console import progress
    from viton_eval.commands import open_run
    from viton_eval.robustness import measure

    table = measure(open_run(config, data, runs), out, progress)
    told = {"out": str(out), "rows": len(table), "failed": int((table["status"] != "ok").sum())}
    if as_json:
        print(json.dumps(told))
    say(f"wrote {out}: {told['rows']} pictures asked for, {told['failed']} failed")


@app.command(
    hidden=True,
    context_settings={"ignore_unknown_options": False},
    epilog="Example: viton-eval step warps --dir runs/smoke/steps -- viton warp --help",
)
def step(
    name: Annotated[str, typer.Argument(help="what its files are called")],
    command: Annotated[list[str], typer.Argument(help="the command, after --")],
    folder: Annotated[Path, typer.Option("--dir", help="where its log and status go")],
    directory: Annotated[Path, typer.Option("--cwd", help="where the command is started")] = Path(),
    inputs: Annotated[list[Path], typer.Option("--input", help="a file whose digest is written down")] = [],  # noqa: B006
    made: Annotated[list[Path], typer.Option(help="a file that the command must make")] = [],  # noqa: B006
    stdout: Annotated[Path | None, typer.Option(help="takes what the command prints")] = None,
    key: Annotated[str, typer.Option(help="digest of the settings")] = "",
    clears: Annotated[Path | None, typer.Option(help="cleared first when command, inputs or key have changed")] = None,
) -> None:
    """Run one command of the workflow and write down what became of it."""
    from viton_eval.lifeline import dies_with_parent
    from viton_eval.step import Job, run_step

    dies_with_parent()
    job = Job(name, folder, tuple(command), directory, tuple(inputs), tuple(made), stdout, key, clears)
    raise typer.Exit(run_step(job))
