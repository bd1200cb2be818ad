"""`viton data convert`: its options. Heavy libraries are imported when it is run."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer

from viton import console
from viton.cli_options import size_of
from viton.errors import InputError


def convert(
    root: Annotated[Path, typer.Argument(help="Dataset folder; of Dress Code one category's.")],
    out: Annotated[Path, typer.Argument(help="Folder to write to, outside ROOT.")],
    target: Annotated[str, typer.Option("--to", help="viton-hd, cp-vton, dresscode or viton.")],
    source: Annotated[
        str | None, typer.Option("--from", help="Layout of ROOT; told by its folders if not given.")
    ] = None,
    split: Annotated[str | None, typer.Option(help="Only this split; all by default.")] = None,
    size: Annotated[
        str | None,
        typer.Option(
            help="HxW; without it no picture is resized, whatever the target's own size (cp-vton's is 256x192)."
        ),
    ] = None,
    overwrite: Annotated[
        bool, typer.Option("--overwrite", help="Write into a folder with files; others than those written stay.")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print what was written, and what is lost, as JSON.")] = False,
) -> None:
    """Write a dataset in another layout, so that other people's code reads it.

    Photos are copied as they are, labels translated by name, joints, masks and pairs files rewritten.
    """
    from viton.data.convert import Order, Report
    from viton.data.convert import convert as convert_folder

    order = Order(root, out, target, source, split, size_of(size) if size else None, overwrite)
    report: Report = convert_folder(order, console.progress("converted"))
    merged = [{"label": name, "became": to, "pixels": count} for (name, to), count in report.merged.items()]
    problems = [str(problem) for problem in report.problems]
    if as_json:
        print(json.dumps(report._asdict() | {"merged": merged, "problems": problems}, sort_keys=True))
    for problem in problems:
        console.say(f"failed: {problem}")
    if merged:
        lost = ", ".join(f"{row['label']} became {row['became']} ({row['pixels']} pixels)" for row in merged)
        console.say(f"labels that {target} lacks: {lost}")
    for note in report.notes:
        console.say(f"note: {note}")
    written = f"{report.people} people, {report.clothings} garments, {report.pairs} pairs"
    console.say(f"{out}: {written}, in the layout {target}" + (f"; {len(problems)} failed" if problems else ""))
    if problems:
        raise InputError(root, "every sample and pair to be sound", f"{len(problems)} that are not")
