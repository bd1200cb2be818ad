"""`viton prepare`: its options. Heavy libraries are imported when it is run."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, NamedTuple

import typer
from typer.core import TyperCommand

from viton import console
from viton.errors import InputError, UsageError

if TYPE_CHECKING:
    from viton.estimate.estimates import Parser, Pose
    from viton.estimate.prepare import Report

PARSER = "mattmdjaga/segformer_b2_clothes"
STEPS, PEOPLE = 700, 560  # of the approximate estimator: about three minutes on two cores
LABEL = "APPROXIMATE"
PICTURES = (".jpg", ".jpeg", ".png", ".webp", ".bmp", ".heic", ".heif", ".avif")  # the last are named as unreadable


class SeveralClothings(TyperCommand):
    """`--clothing a.jpg b.jpg`, as a shell expands `--clothing *.jpg`, means `--clothing a.jpg --clothing b.jpg`."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        return super().parse_args(ctx, spread(args, "--clothing"))


def spread(args: list[str], option: str) -> list[str]:
    """Arguments in which an option stands before each of the words that follow it, up to the next option."""
    found: list[str] = []
    within = 0
    for word in args:
        if word.startswith("-"):
            within = 1 if word == option else 0
        elif within:
            found += [option] * (within > 1)
            within += 1
        found.append(word)
    return found


def prepare(
    photos: Annotated[list[Path], typer.Argument(metavar="PHOTO", help="Photos of people, or folders of them.")],
    clothing: Annotated[
        list[Path], typer.Option("--clothing", metavar="PICTURE...", help="Product pictures, or folders of them.")
    ],
    out: Annotated[Path, typer.Option("--out", help="Folder of the dataset.")],
    keypoints: Annotated[
        Path | None, typer.Option(help="Folder of joints, NAME_keypoints.json: OpenPose's, DWPose's or COCO's.")
    ] = None,
    parsing: Annotated[Path | None, typer.Option(help="Folder of label maps, NAME.png, such as SCHP's.")] = None,
    labels: Annotated[str, typer.Option(help="What numbers those have: cihp, lip, lip-neck or atr.")] = "cihp",
    masks: Annotated[Path | None, typer.Option(help="Folder of masks of product pictures, NAME.png.")] = None,
    pose_weights: Annotated[
        Path | None, typer.Option(help="Weights of keypointrcnn_resnet50_fpn; torchvision downloads them if not given.")
    ] = None,
    parser: Annotated[
        str | None,
        typer.Option(help=f"SegFormer that parses clothes: a folder, or a name on the hub; default {PARSER}."),
    ] = None,
    approximate: Annotated[
        bool, typer.Option("--approximate", help="Without any weights: a small network trained on made-up people.")
    ] = False,
    estimator: Annotated[
        Path | None, typer.Option(help="Its folder; trained there at first use. Default: viton/estimator in the cache.")
    ] = None,
    steps: Annotated[int, typer.Option(min=1, help="Its training, where it is not trained yet.")] = STEPS,
    people: Annotated[int, typer.Option(min=8, help="Made-up people that it learns from.")] = PEOPLE,
    seed: Annotated[int, typer.Option(min=0, help="Of the approximate estimator's world and training.")] = 0,
    device: Annotated[
        str, typer.Option(help="cpu, cuda, cuda:1, ... for the networks that are not approximate.")
    ] = "cpu",
    overwrite: Annotated[
        bool, typer.Option("--overwrite", help="Write into a folder with files; others than those written stay.")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print what was written as JSON.")] = False,
) -> None:
    """Make a dataset of bare photos and product pictures: pose, parsing and masks are estimated, or given."""
    from viton.estimate.approximate import cache_folder
    from viton.estimate.prepare import Order, check_order
    from viton.estimate.prepare import prepare as write_dataset

    order = Order(_pictures(photos), _pictures(clothing), out, masks, overwrite)
    check_order(order)
    chosen = Chosen(keypoints, parsing, labels, pose_weights, parser or PARSER, device)
    _expect_used(bool(approximate or estimator), keypoints, parsing, pose_weights, parser)
    if approximate or estimator:
        pose, parse = _approximate(chosen, estimator or cache_folder(), steps, people, seed)
    else:
        pose, parse = _estimators(chosen)
    report = write_dataset(order, pose, parse, console.progress("prepared"))
    _tell(report, out, as_json, bool(pose.source.get("approximate")), bool(parse.source.get("approximate")))
    failed = len(report.problems)
    if failed:
        of = len(order.photos) + len(order.clothings)
        raise InputError(out, "every photo and picture to be usable", f"{failed} of {of} that are not")


def _expect_used(
    approximate: bool, keypoints: Path | None, parsing: Path | None, pose_weights: Path | None, parser: str | None
) -> None:
    """Raises UsageError for a network that is named and would not be used."""
    for option, named, given, files in (
        ("--pose-weights", pose_weights, keypoints, "--keypoints"), ("--parser", parser, parsing, "--parsing"),
    ):  # fmt: skip
        if named is not None and (approximate or given is not None):
            beside = "--approximate" if approximate else files
            raise UsageError(f"{beside}: expected no {option} beside it, which it does not use")


class Chosen(NamedTuple):
    """Where joints and labels are to come from, as the command line was told."""

    keypoints: Path | None
    parsing: Path | None
    labels: str
    pose_weights: Path | None
    parser: str
    device: str


def _pictures(paths: list[Path]) -> list[Path]:
    """The files named, and those of folders named; raises InputError for a folder without pictures."""
    found: list[Path] = []
    for path in paths:
        if path.is_dir():
            inside = [each for each in sorted(path.iterdir()) if each.suffix.lower() in PICTURES]
            found += [each for each in inside if not each.name.startswith(".")]
            if not inside:
                raise InputError(path, f"pictures ({', '.join(PICTURES)})", "none")
        else:
            found.append(path)
    return found


def _estimators(chosen: Chosen) -> tuple[Pose, Parser]:
    """Given files where folders are named; else the networks, whose weights must be had."""
    from viton.estimate.given import GivenParser, GivenPose

    pose: Pose
    parser: Parser
    parser = GivenParser(chosen.parsing, chosen.labels) if chosen.parsing else _segformer(chosen)
    if chosen.keypoints:
        pose = GivenPose(chosen.keypoints)
    else:
        from viton.estimate.pose import load_pose

        pose = load_pose(chosen.pose_weights, chosen.device)
    return pose, parser


def _segformer(chosen: Chosen) -> Parser:
    from viton.estimate.segformer import load_segformer

    return load_segformer(chosen.parser, chosen.device)


def _approximate(chosen: Chosen, folder: Path, steps: int, people: int, seed: int) -> tuple[Pose, Parser]:
    """The approximate estimator, trained first where it is not, for what is not given as files."""
    from viton.estimate.approximate import is_trained, load_estimator, train_estimator
    from viton.estimate.given import GivenParser, GivenPose
    from viton.estimate.settings import estimator_config

    given_pose = GivenPose(chosen.keypoints) if chosen.keypoints else None
    given_parser = GivenParser(chosen.parsing, chosen.labels) if chosen.parsing else None
    if given_pose and given_parser:
        return given_pose, given_parser
    if not is_trained(folder):
        console.say(f"training the approximate estimator once, in {folder}: {people} made-up people, {steps} steps")
        train_estimator(folder, estimator_config(steps, people, seed), seed, console.say, console.progress("made"))
    estimator = load_estimator(folder)
    told = estimator.source
    console.say(f"approximate estimator: {told['steps']} steps on {told['people']} made-up people, in {folder}")
    return given_pose or estimator, given_parser or estimator


def _tell(report: Report, out: Path, as_json: bool, pose_guessed: bool, parsing_guessed: bool) -> None:
    """What was written, what could not be, and what is approximate."""
    guessed = [name for name, is_so in (("joints", pose_guessed), ("labels", parsing_guessed)) if is_so]
    if as_json:
        print(json.dumps({
            "out": str(out), "people": [each.id for each in report.people],
            "garments": [each.id for each in report.clothings], "pairs": report.pairs, "approximate": guessed,
            "notes": report.notes, "problems": [str(problem) for problem in report.problems],
        }, sort_keys=True))  # fmt: skip
    for problem in report.problems:
        console.say(f"failed: {problem}")
    for note in report.notes:
        console.say(f"note: {note}")
    if guessed:
        print(
            f"{LABEL}: {' and '.join(guessed)} come from a network that was trained on made-up people alone",
            file=sys.stderr if as_json else sys.stdout,
        )
    written = f"{len(report.people)} people, {len(report.clothings)} garments, {report.pairs} pairs"
    failed = len(report.problems)
    console.say(f"{out}: {written}" + (f"; {failed} failed" if failed else ""))
