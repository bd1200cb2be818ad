"""`viton data convert` and `viton data mask`: their options. Heavy libraries are imported when it is run."""

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


def mask(
    pictures: Annotated[list[Path], typer.Argument(help="Product photos on a plain background.")],
    out: Annotated[Path, typer.Option("--out", help="Folder for NAME.png, 255 where the garment is.")],
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Replace masks that are there.")] = False,
) -> None:
    """Make masks from product photos; a photo that none can be had from is named, and the rest goes on."""
    names = [picture.stem for picture in pictures]
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise InputError(out, "pictures of different names", f"'{twice[0]}' twice, which would be one mask")
    failed = 0
    for picture in pictures:
        try:
            _write_mask(picture, out / f"{picture.stem}.png", overwrite)
        except InputError as error:
            failed += 1
            console.say(f"failed: {error}")
    console.say(
        f"{out}: {len(pictures) - failed} of {len(pictures)} masks made" + (f", {failed} failed" * bool(failed))
    )
    if failed:
        raise InputError(out, "a mask of every picture", f"{failed} of {len(pictures)} failed")


def _write_mask(picture: Path, out: Path, overwrite: bool) -> None:
    """Write one mask; raises InputError when the picture gives none, or when a file is in the way."""
    from viton.clothing_mask import MaskError, clothing_mask
    from viton.images import load_rgb, save_png

    if out.exists() and (out.samefile(picture) if picture.exists() else False):
        raise InputError(out, "another folder than the picture's", "the picture itself, which its mask would replace")
    if out.exists() and not overwrite:
        raise InputError(out, "no mask yet, or --overwrite", "a file")
    try:
        found = clothing_mask(load_rgb(picture))
    except MaskError as error:
        raise InputError(picture, error.expected, f"{error.got} ({error.reason})") from error
    save_png(out, found * 255)
