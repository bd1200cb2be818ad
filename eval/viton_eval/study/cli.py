"""`viton-eval study`: its verbs. Heavy libraries are imported by the verbs that need them."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from viton.console import progress, say

study = typer.Typer(
    help="Ask people: make a study from results, have it answered, analyse the answers.",
    no_args_is_help=True,
    rich_markup_mode=None,
)
PATTERN = "{person}__{clothing}.png"  # as results of ours are called


@study.command(
    epilog="Example: viton-eval study make mine --config configs/demo.yaml --limit 40; or, of any folders, "
    "viton-eval study make mine --results ours=DIR --results theirs=DIR --data ROOT --pairs test_pairs.txt"
)
def make(
    out: Annotated[Path, typer.Argument(help="the study's folder")],
    results: Annotated[list[str], typer.Option(metavar="NAME=DIR", help="a folder of try-ons; may be repeated")] = [],  # noqa: B006
    data: Annotated[str, typer.Option(help="the dataset, in the viton-hd layout")] = "",
    pairs: Annotated[str, typer.Option(help="pairs file, under the dataset or a path")] = "",
    config: Annotated[
        Path | None, typer.Option(help="an experiment in place of results and pairs: all its methods")
    ] = None,
    runs: Annotated[Path, typer.Option(help="the folder of all runs, for --config")] = Path("runs"),
    split: Annotated[str, typer.Option(help="train, val or test, for --results")] = "test",
    pattern: Annotated[str, typer.Option(help="names of pictures in folders without a manifest")] = PATTERN,
    limit: Annotated[int | None, typer.Option(min=1, help="how many pairs, drawn by the seed; all by default")] = None,
    settings: Annotated[Path | None, typer.Option(help="YAML: how many raters, gold trials, texts, ...")] = None,
    changes: Annotated[list[str], typer.Option("--set", metavar="A.B=VALUE", help="change a setting")] = [],  # noqa: B006
    seed: Annotated[int | None, typer.Option(min=0, help="of all that is drawn")] = None,
) -> None:
    """Make a balanced study from results into OUT and freeze it: design.json, trials.csv and pictures."""
    from viton_eval.study.make import make_study
    from viton_eval.study.request import settings_of, source_of, summary

    asked = source_of(results, data, pairs, split, pattern, config, runs)
    made = make_study(out, asked, settings_of(settings, changes, seed), limit, progress("pictures"))
    print("\n".join(summary(made)))
    say(f"wrote {out}: design.json and trials.csv are the key and not for raters; pictures/ is for them")


@study.command(
    epilog="Example: viton-eval study serve mine --completion-code C1A2B3; raters open the address that it prints."
)
def serve(
    folder: Annotated[Path, typer.Argument(metavar="STUDY", help="the study's folder")],
    host: Annotated[str, typer.Option(help="the address to listen at; by default this machine alone")] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=0, max=65535, help="0: any that is free")] = 8321,
    organiser_token: Annotated[
        str, typer.Option(envvar="VITON_ORGANISER_TOKEN", help="opens /organiser; made and printed if none is given")
    ] = "",
    completion_code: Annotated[str, typer.Option(help="shown at the end, for a recruiting service")] = "",
    completion_url: Annotated[str, typer.Option(help="where the last page's link leads")] = "",
    parameters: Annotated[
        str, typer.Option(help="names in the address: a participant's number, a study's, a session's")
    ] = "PROLIFIC_PID,STUDY_ID,SESSION_ID",
    lab: Annotated[bool, typer.Option(help="several raters, one after another, at one browser")] = False,
) -> None:
    """Serve the pages of STUDY to raters, and keep their answers in STUDY/votes.sqlite3, until interrupted."""
    from viton_eval.study.options import options_of
    from viton_eval.study.serve import serve as serve_study

    options = options_of(organiser_token, completion_code, completion_url, parameters, lab)
    serve_study(folder, host, port, options, tell_token=not organiser_token)
