"""The command line of the library. Heavy imports wait until a verb needs them, so that --help answers at once."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer

from viton import console
from viton.cli_options import folders_of, layout_of, shard_of, size_of, trained_settings, try_on_config
from viton.config import load_config, with_data
from viton.data_commands import convert, mask
from viton.errors import InputError, UsageError
from viton.estimate.command import SeveralClothings, prepare
from viton.settings import parse
from viton.synthetic.config import WorldConfig

app = typer.Typer(
    help="Reproduce, run and compare image-based virtual try-on, from VITON (CVPR 2018) on.",
    no_args_is_help=True,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    add_completion=False,
)
data_app = typer.Typer(
    help="Check datasets, convert them and make them up.", no_args_is_help=True, rich_markup_mode=None
)
app.add_typer(data_app, name="data")
data_app.command(epilog="Example: viton data convert world world-cp --to cp-vton --split test")(convert)
data_app.command(epilog="Example: viton data mask shirt.jpg blouse.jpg --out masks")(mask)
app.command(cls=SeveralClothings, epilog="Example: viton prepare me.jpg --clothing shirt.jpg --out mine")(prepare)

DataRoot = Annotated[Path, typer.Option("--data", help="Dataset folder; its folders tell its layout.")]
Layout = Annotated[str | None, typer.Option("--layout", help="How it is laid out; told by its folders if not given.")]
SplitName = Annotated[str, typer.Option("--split", help="train, val or test.")]
PairsFile = Annotated[str, typer.Option("--pairs", help="Pairs file: a path, or a name under the dataset.")]
Config = Annotated[Path | None, typer.Option("--config", help="Experiment to take size, seed and warp settings from.")]
Overrides = Annotated[list[str], typer.Option("--set", help="a.b=value; may be repeated.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print results as JSON lines on standard output.")]
Overwrite = Annotated[bool, typer.Option("--overwrite", help="Replace results that were made with other settings.")]
FailuresOk = Annotated[
    bool, typer.Option("--failures-ok", help="Exit 0 although pairs failed; the manifest names them.")
]
Limit = Annotated[int | None, typer.Option("--limit", min=1, help="Only the first N pairs.")]
Seed = Annotated[int | None, typer.Option("--seed", min=0, help="Seed of everything random.")]
ImageSize = Annotated[str | None, typer.Option("--size", help="HxW of the pictures, for instance 256x192.")]
TrainedIn = Annotated[Path | None, typer.Option("--run", help="Run with the trained stages, such as runs/demo.")]
Variant = Annotated[str, typer.Option("--variant", help="One of the experiment's variants, for instance no-pose.")]
Device = Annotated[str, typer.Option("--device", help="cpu, cuda, cuda:1, ...")]


def main() -> None:
    """Entry point of `viton` and `python -m viton`."""
    console.run(app)


@data_app.command(epilog="Example: viton data check ../zalando-hd-resized --split test")
def check(
    root: Annotated[Path, typer.Argument(help="Dataset folder.")],
    layout: Annotated[
        str | None, typer.Option(help="viton-hd, cp-vton, dresscode, viton or coco; told by the folders if not given.")
    ] = None,
    split: Annotated[str | None, typer.Option(help="Only this split; all by default.")] = None,
    as_json: AsJson = False,
) -> None:
    """List everything that is wrong with a dataset folder, at once; known traps by name, and how to mend them."""
    from viton.data.check import check as check_folder
    from viton.data.traps import Problem
    from viton.synthetic.dataset import damage_of

    report = check_folder(root, (split,) if split else (), console.progress("checked"), layout)
    damage = None if split else damage_of(root)
    if damage:
        report = report._replace(problems=[*report.problems, Problem("error", *map(str, damage))])
    if as_json:
        print(json.dumps(report._asdict() | {"problems": [problem._asdict() for problem in report.problems]}))
    else:
        for problem in report.problems:
            print(problem.line)
        for kind, count in report.unlisted.items():
            print(f"{kind}: {count} more, which are not listed")
        found = f"{report.people} people, {report.clothings} garments, {report.pairs} pairs"
        print(f"{root}: {found}; {report.errors} errors, {report.warnings} warnings")
    if report.errors:
        raise typer.Exit(1)


@data_app.command(epilog="Example: viton data synth world --people 48 --garments 24 --size 256x192 --workers 2")
def synth(
    out: Annotated[Path, typer.Argument(help="Folder to write the world to.")],
    people: Annotated[int, typer.Option(min=1, help="How many, over all splits.")],
    garments: Annotated[int, typer.Option(min=0, help="Product pictures beyond everyone's own.")] = 0,
    seed: Annotated[int, typer.Option(min=0, help="With an index it fixes every byte.")] = 0,
    size: Annotated[
        str, typer.Option(help="HxW, for instance 1024x768; width is three quarters of height.")
    ] = "256x192",
    noise: Annotated[float, typer.Option(min=0, help="Level of made-up estimator errors; 0 is exact.")] = 0.0,
    workers: Annotated[int, typer.Option(min=1, help="Processes; the bytes do not depend on it.")] = 1,
    as_json: Annotated[bool, typer.Option("--json", help="Print what world.json says, and the folder.")] = False,
) -> None:
    """Make up a world of people and garments, with exact truth, in the viton-hd layout.

    A run that was killed goes on where it was when the same command is given again.
    """
    from viton.synthetic.dataset import write_world

    height, width = size_of(size)
    wanted = {"people": people, "garments": garments, "seed": seed, "height": height, "width": width, "noise": noise}
    write_world(out, parse(WorldConfig, wanted, "world"), workers=workers, progress=console.progress("made"))
    if as_json:
        print(json.dumps({"out": str(out), **json.loads((out / "world.json").read_text())}, sort_keys=True))
    console.say(f"{out}: {people} people, {people + garments} garments")


@app.command(epilog="Example: viton warp --data ROOT --pairs test_pairs.txt --target parsed --out warps")
def warp(
    data: DataRoot,
    out: Annotated[Path, typer.Option("--out", help="Folder for P__C.png, P__C.mask.png and warps.jsonl.")],
    pairs: PairsFile = "test_pairs.txt",
    split: SplitName = "test",
    layout: Layout = None,
    target: Annotated[
        str, typer.Option("--target", help="Mask to warp onto: parsed, or coarse with --run.")
    ] = "parsed",
    run: TrainedIn = None,
    size: ImageSize = None,
    config: Config = None,
    overrides: Overrides = [],  # noqa: B006 - typer reads the default, nobody writes to it
    seed: Seed = None,
    limit: Limit = None,
    device: Device = "cpu",
    overwrite: Overwrite = False,
    failures_ok: FailuresOk = False,
    as_json: AsJson = False,
) -> None:
    """Warp product pictures onto people by shape contexts and thin-plate splines."""
    from viton.runs import Request, run_warps

    if target not in ("parsed", "coarse") or (target == "coarse") != (run is not None):
        raise UsageError(f"--target: expected parsed without --run, or coarse with --run, got '{target}'")
    trained = {} if config else trained_settings(run, ("coarse",), seed)
    settings = try_on_config(config, overrides, size, seed, "", trained)
    request = Request(data, split, pairs, settings, limit, device, overwrite, run=run, layout=layout_of(layout, data))
    rows = run_warps(request, out, console.progress("warped"))
    _finish(rows, out, failures_ok, as_json)


@app.command(epilog="Example: viton train viton --config configs/demo.yaml")
def train(
    name: Annotated[str, typer.Argument(help="A method, for all its stages, or one stage.")],
    config: Annotated[Path, typer.Option("--config", help="Experiment to train for.")],
    data: Annotated[Path | None, typer.Option("--data", help="Another dataset folder than the experiment's.")] = None,
    layout: Layout = None,
    run: Annotated[Path | None, typer.Option("--run", help="Where to keep it; runs/EXPERIMENT by default.")] = None,
    resume: Annotated[
        bool, typer.Option("--resume", help="Go on, and fail if there is nothing to go on from.")
    ] = False,
    overrides: Overrides = [],  # noqa: B006 - typer reads the default, nobody writes to it
    seed: Seed = None,
    variant: Variant = "",
    device: Annotated[str, typer.Option("--device", help="auto, cpu, cuda, cuda:1, ...")] = "auto",
    overwrite: Overwrite = False,
    as_json: AsJson = False,
) -> None:
    """Train a method's stages, and those below them; one that was killed goes on where it was."""
    from viton.training import Order, train_named

    experiment = with_data(load_config(config, tuple(overrides)), data, layout_of(layout, data))
    order = Order(experiment, run or Path("runs") / experiment.name, seed, variant, device, resume, overwrite)
    for row in train_named(name, order, console.say):
        if as_json:
            print(json.dumps(row, sort_keys=True))
        console.say(f"{row['stage']}: trained for {row['steps']} steps, in {row['folder']}")


@app.command("try-on", epilog="Example: viton try-on non-parametric --data ROOT --pairs test_pairs.txt --out results")
def try_on(
    method: Annotated[
        str, typer.Argument(help="viton, encoder-decoder, crn, prgan, cagan, non-parametric, or a package's.")
    ],
    out: Annotated[Path, typer.Option("--out", help="Results folder; with --person a picture.")],
    data: Annotated[Path | None, typer.Option("--data", help="Dataset folder; its folders tell its layout.")] = None,
    pairs: PairsFile = "test_pairs.txt",
    split: SplitName = "test",
    layout: Layout = None,
    run: TrainedIn = None,
    variant: Variant = "",
    batch: Annotated[int, typer.Option("--batch", min=1, help="Pairs at a time; it changes no result.")] = 1,
    shard: Annotated[str | None, typer.Option("--shard", help="i/n, from 1/n; join with `viton merge`.")] = None,
    person: Annotated[Path | None, typer.Option("--person", help="One person photo.")] = None,
    clothing: Annotated[Path | None, typer.Option("--clothing", help="One product photo.")] = None,
    parsing: Annotated[
        Path | None, typer.Option("--parsing", help="Its CIHP label map; found in a dataset folder.")
    ] = None,
    keypoints: Annotated[Path | None, typer.Option("--keypoints", help="Its OpenPose JSON; found likewise.")] = None,
    clothing_mask: Annotated[Path | None, typer.Option("--clothing-mask", help="Found likewise.")] = None,
    size: ImageSize = None,
    config: Config = None,
    overrides: Overrides = [],  # noqa: B006 - typer reads the default, nobody writes to it
    seed: Seed = None,
    limit: Limit = None,
    device: Device = "cpu",
    overwrite: Overwrite = False,
    failures_ok: FailuresOk = False,
    as_json: AsJson = False,
) -> None:
    """Dress people: every pair of a list, or one photo with --person and --clothing."""
    from viton.methods import method_named
    from viton.runs import Files, Request, run_try_on, try_on_files

    chosen = method_named(method)
    stages = (*chosen.stages, *chosen.optional_stages, *(["collar"] if chosen.warps else []))
    trained = {} if config else trained_settings(run, stages, seed)
    settings = try_on_config(config, overrides, size, seed, variant, trained)
    folders, named = folders_of(config, variant, stages), layout_of(layout, data)
    if person is not None or clothing is not None:
        if person is None or clothing is None or data is not None:
            raise UsageError("try-on: expected --person with --clothing, or --data with --pairs")
        if shard is not None or limit is not None:
            raise UsageError("try-on: --shard and --limit go with --pairs, not with --person")
        files = Files(person, clothing, parsing, keypoints, clothing_mask)
        row = try_on_files(chosen, files, settings, device, out, overwrite, run, folders)
        _finish([row], out, failures_ok, as_json)
        return
    if data is None:
        raise UsageError("try-on: expected --data with --pairs, or --person with --clothing")
    how = (limit, device, overwrite, shard_of(shard), run, batch, folders, named)
    request = Request(data, split, pairs, settings, *how)
    _finish(run_try_on(chosen, request, out, console.progress("tried on")), out, failures_ok, as_json)


@app.command(epilog="Example: viton merge shard1 shard2 shard3 --out results")
def merge(
    shards: Annotated[list[Path], typer.Argument(help="Folders made with --shard.")],
    out: Annotated[Path, typer.Option("--out", help="Folder for all of them.")],
    overwrite: Overwrite = False,
    as_json: AsJson = False,
) -> None:
    """Join shards of results, checking that every pair is there exactly once."""
    from viton.results import merge as merge_shards

    rows = merge_shards(shards, out, overwrite)
    if as_json:
        for row in rows:
            print(json.dumps(row, sort_keys=True))
    console.say(f"{out}: {len(rows)} pairs")


@app.command(epilog="Example: viton doctor --json")
def doctor(as_json: AsJson = False) -> None:
    """Say what this machine can run, and what is missing with the line that installs it."""
    from viton.doctor import examine

    findings = examine()
    if as_json:
        print(json.dumps([finding._asdict() for finding in findings]))
    else:
        for finding in findings:
            print(f"{'ok  ' if finding.ok else 'MISS' if finding.needed else 'note'}  {finding.what}: {finding.found}")
    if any(finding.needed and not finding.ok for finding in findings):
        raise typer.Exit(1)


def _finish(rows: list[dict[str, object]], out: Path, failures_ok: bool, as_json: bool) -> None:
    """Print the rows, name every failed pair, and exit 1 if there is one and that is not allowed."""
    if as_json:
        for row in rows:
            print(json.dumps(row, sort_keys=True))
    bad = [row for row in rows if row["status"] != "ok"]
    for row in bad:
        console.say(f"failed: {row['person']} {row['clothing']}: {row['status']}: {row.get('message', '')}")
    console.say(f"{out}: {len(rows) - len(bad)} of {len(rows)} pairs done" + (f", {len(bad)} failed" if bad else ""))
    if bad and not failures_ok:
        raise InputError(out, "every pair to succeed", f"{len(bad)} of {len(rows)} failed")
