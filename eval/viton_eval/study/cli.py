"""`viton-eval study`: its verbs. Heavy libraries are imported by the verbs that need them."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

import typer

from viton.config import PATTERN
from viton.console import progress, say

study = typer.Typer(
    help="Ask people: make a study from results, have it answered, analyse the answers.",
    no_args_is_help=True,
    rich_markup_mode=None,
)


@study.command(
    epilog="Example: viton-eval study make mine --config configs/demo.yaml --limit 40; or, of any folders, "
    "viton-eval study make mine --results ours=DIR --results theirs=DIR --data ROOT --pairs test_pairs.txt"
)
def make(
    out: Annotated[Path, typer.Argument(help="the study's folder")],
    results: Annotated[list[str], typer.Option(metavar="NAME=DIR", help="a folder of try-ons; may be repeated")] = [],  # noqa: B006
    data: Annotated[str, typer.Option(help="the dataset; its folders tell its layout")] = "",
    pairs: Annotated[str, typer.Option(help="pairs file, under the dataset or a path")] = "",
    config: Annotated[
        Path | None, typer.Option(help="an experiment in place of results and pairs: all its methods")
    ] = None,
    runs: Annotated[Path, typer.Option(help="the folder of all runs, for --config")] = Path("runs"),
    split: Annotated[str, typer.Option(help="train, val or test, for --results")] = "test",
    pattern: Annotated[str, typer.Option(help="names of pictures in folders without a manifest")] = PATTERN,
    skip_missing: Annotated[
        bool, typer.Option("--skip-missing", help="leave pairs out of which a method has no picture")
    ] = False,
    limit: Annotated[int | None, typer.Option(min=1, help="how many pairs, drawn by the seed; all by default")] = None,
    settings: Annotated[Path | None, typer.Option(help="YAML: how many raters, gold trials, texts, ...")] = None,
    changes: Annotated[list[str], typer.Option("--set", metavar="A.B=VALUE", help="change a setting")] = [],  # noqa: B006
    seed: Annotated[int | None, typer.Option(min=0, help="of all that is drawn")] = None,
    replace: Annotated[
        bool, typer.Option("--replace", help="in place of a study of other results, unless it has been used")
    ] = False,
) -> None:
    """Make a balanced study from results into OUT and freeze it: design.json, trials.csv and pictures."""
    from viton_eval.study.make import is_current, make_study, remake_study
    from viton_eval.study.request import settings_of, source_of, summary
    from viton_eval.study.used import used_by

    asked = source_of(results, data, pairs, split, pattern, config, runs)._replace(skip_missing=skip_missing)
    given = out, asked, settings_of(settings, changes, seed), limit
    made = (remake_study if replace else make_study)(*given, progress("pictures"))
    print("\n".join(summary(made)))
    if replace and not is_current(*given):
        say(f"kept {out}, made of other results or settings: it holds {', '.join(used_by(out))}")
        return
    say(f"wrote {out}: design.json and trials.csv are the key and not for raters; pictures/ is for them")


@study.command(
    epilog="Example: viton-eval study export mine --as pdf --out booklets --raters 1-5; or "
    "viton-eval study export mine --as mturk --out batch --pictures-url https://example.org/pictures"
)
def export(
    folder: Annotated[Path, typer.Argument(metavar="STUDY", help="the study's folder")],
    form: Annotated[Literal["pdf", "mturk", "csv"], typer.Option("--as", help="what is written")],
    out: Annotated[Path, typer.Option(help="the folder to hand out; never holds the key")],
    raters: Annotated[str, typer.Option(help="which raters of the design, such as 1-5 or 2,4; all by default")] = "",
    pictures_url: Annotated[str, typer.Option(help="https address of the folder of pictures; for mturk, csv")] = "",
) -> None:
    """Write a study's sheets: booklets to print, a Mechanical Turk batch, or tables for another program."""
    from viton_eval.study.export import export_study, raters_of, summary
    from viton_eval.study.frozen import read_study

    made = read_study(folder)
    chosen = raters_of(raters, made)
    written = export_study(made, form, out, chosen, pictures_url, progress("files"))
    print(summary(made, form, chosen))
    say(f"wrote {len(written)} files to {out}; the key stays in {folder}: design.json and trials.csv")


@study.command(
    epilog="Example: viton-eval study ingest mine --sheet booklets --mturk results.csv --server mine/votes.sqlite3"
)
def ingest(
    folder: Annotated[Path, typer.Argument(metavar="STUDY", help="the study's folder")],
    server: Annotated[list[Path], typer.Option(help="database of the study's server; each may be repeated")] = [],  # noqa: B006
    mturk: Annotated[list[Path], typer.Option(help="results of a Mechanical Turk batch, CSV")] = [],  # noqa: B006
    sheet: Annotated[list[Path], typer.Option(help="a filled answer sheet, CSV, or a folder of them")] = [],  # noqa: B006
    table: Annotated[list[Path], typer.Option("--csv", help="a table with the columns of answers.csv")] = [],  # noqa: B006
    anew: Annotated[bool, typer.Option("--anew", help="drop what answers.csv holds already")] = False,
    simulated_ok: Annotated[bool, typer.Option("--simulated-ok", help="take simulated answers, alone")] = False,
) -> None:
    """Merge answers into STUDY/answers.csv, each row checked; nothing is written unless all are good."""
    from viton_eval.study.frozen import read_study
    from viton_eval.study.ingest import Sources, summary
    from viton_eval.study.ingest import ingest as merge

    made = read_study(folder)
    done = merge(made, Sources(server, mturk, sheet, table), anew, simulated_ok)
    print("\n".join(summary(made, done)))
    say(f"wrote {folder / 'answers.csv'}")


@study.command(epilog="Example: viton-eval study analyse mine")
def analyse(
    folder: Annotated[Path, typer.Argument(metavar="STUDY", help="the study's folder")],
    answers: Annotated[Path | None, typer.Option(help="a table of answers; STUDY/answers.csv by default")] = None,
    out: Annotated[Path | None, typer.Option(help="where tables and pictures go; STUDY/analysis by default")] = None,
    draws: Annotated[int, typer.Option(min=100, help="of raters and pairs, for Bradley-Terry's intervals")] = 2000,
    seed: Annotated[int, typer.Option(min=0, help="of these draws")] = 0,
    as_json: Annotated[bool, typer.Option("--json", help="print all of it as JSON")] = False,
) -> None:
    """Analyse a study's answers: win rates, Bradley-Terry, agreement, quality, real or fake, and a sentence."""
    import json

    from viton_eval.study.analyse import analyse
    from viton_eval.study.analysis_files import as_json as told
    from viton_eval.study.analysis_files import write_analysis
    from viton_eval.study.analysis_text import analysis_text
    from viton_eval.study.answers import read_answers
    from viton_eval.study.frozen import read_study
    from viton_eval.study.ingest import ingested

    made = read_study(folder)
    out = out or folder / "analysis"
    made.expect_apart(out)
    found = analyse(made, read_answers(answers or ingested(made), made), seed, draws)
    written = write_analysis(out, found)
    print(json.dumps(told(found), indent=1) if as_json else analysis_text(found))
    say(f"wrote {len(written)} files to {out}")


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
    raters: Annotated[
        str, typer.Option(help="which places it gives out, such as 4-12 or 2,4; all by default, sheets take the others")
    ] = "",
    lab: Annotated[bool, typer.Option(help="several raters, one after another, at one browser")] = False,
    public_host: Annotated[
        list[str], typer.Option(help="name under which a server before this one passes requests on; may be repeated")
    ] = [],  # noqa: B006
) -> None:
    """Serve the pages of STUDY to raters, and keep their answers in STUDY/votes.sqlite3, until interrupted."""
    from viton_eval.study.options import options_of
    from viton_eval.study.serve import serve as serve_study

    options = options_of(organiser_token, completion_code, completion_url, parameters, lab)
    options = options._replace(hosts=tuple(public_host))
    serve_study(folder, host, port, options, not organiser_token, raters)


@study.command(
    epilog="Example: viton-eval study plan --methods 6; or, for a study of 40 pairs, "
    "viton-eval study plan --methods 6 --pairs 40 --difference 0.15"
)
def plan(
    methods: Annotated[int, typer.Option(help="how many are compared")],
    difference: Annotated[float, typer.Option(help="of a share from one half: 0.1 is 60% against 40%")] = 0.1,
    power: Annotated[float, typer.Option(help="the chance of finding it that is wanted")] = 0.8,
    alpha: Annotated[float, typer.Option(help="level of the tests, Holm over all")] = 0.05,
    of: Annotated[str, typer.Option(help="pair: one method against another; pool: against all others")] = "pair",
    pairs: Annotated[int | None, typer.Option(help="people in garments; found by default")] = None,
    votes: Annotated[int | None, typer.Option(help="on each comparison; 3, or found where --pairs is given")] = None,
    raters: Annotated[int | None, typer.Option(help="how many there are; by default as many as it takes")] = None,
    per_rater: Annotated[int, typer.Option(help="comparisons of a rater, where --raters is not given")] = 40,
    rater_sd: Annotated[float, typer.Option(help="how far raters' tastes differ, a method; log-odds")] = 0.3,
    pair_sd: Annotated[float, typer.Option(help="how far a method's pairs differ; log-odds")] = 0.5,
    side_bias: Annotated[float, typer.Option(help="what the left side adds; log-odds")] = 0.0,
    careless: Annotated[float, typer.Option(help="share of raters who toss a coin")] = 0.0,
    tie: Annotated[float, typer.Option(help="Davidson's nu, 0 for no ties")] = 0.0,
    simulations: Annotated[int, typer.Option(help="studies of each size")] = 2000,
    seed: Annotated[int, typer.Option(help="of all that is drawn")] = 0,
    settings: Annotated[bool, typer.Option("--settings", help="print only options of `study make`")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="print everything as JSON")] = False,
) -> None:
    """How many votes a study needs to find a difference, by SIMULATED raters and the tests of the analysis."""
    from viton_eval.study.plan_text import told
    from viton_eval.study.raters import Tastes
    from viton_eval.study.votes_needed import Wanted, question_named, votes_needed

    tastes = Tastes(rater_sd, pair_sd, side_bias, careless, tie)
    given = pairs, votes, raters, per_rater
    wanted = Wanted(methods, difference, power, alpha, question_named(of), *given, tastes, simulations, seed).checked()
    needed = votes_needed(wanted, lambda done: say(f"sizes simulated: {done}"))
    print(told(wanted, needed, "json" if as_json else "settings" if settings else "text"))
