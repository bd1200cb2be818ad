"""`viton-eval score`: its options. Heavy libraries are imported when it is run."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated

import typer

from viton.config import PATTERN
from viton.console import say


def score(
    results: Annotated[list[str], typer.Option(metavar="NAME=DIR", help="a folder of try-ons; may be repeated")],
    data: Annotated[Path, typer.Option(help="the dataset; its folders tell its layout")],
    pairs: Annotated[str, typer.Option(help="pairs file, under the dataset or a path")],
    out: Annotated[Path, typer.Option(help="CSV; .pairs.csv, .differences.csv, .md, .tex and .json go beside it")],
    split: Annotated[str, typer.Option(help="train, val or test")] = "test",
    layout: Annotated[str | None, typer.Option(help="how it is laid out; told by its folders if not given")] = None,
    pattern: Annotated[str, typer.Option(help="names of pictures in folders without a manifest")] = PATTERN,
    protocol: Annotated[str, typer.Option(help="ours, hr-viton, ladi-vton or catvton")] = "ours",
    judge: Annotated[Path | None, typer.Option(help="a trained judge: runs/EXPERIMENT/stages/judge/SEED")] = None,
    lpips: Annotated[str, typer.Option(metavar="BACKBONE=FILE", help="alex, vgg or squeeze, and its weights")] = "",
    extractor: Annotated[
        list[str],
        typer.Option(
            metavar="KIND=WHERE",
            help="for FID, KID and Inception Score: inception-tf=FILE, inception-torchvision=FILE, judge=FOLDER, or "
            "own=package.module:attribute; may be repeated",
        ),
    ] = [],  # noqa: B006
    metrics: Annotated[
        str,
        typer.Option(
            metavar="LIST",
            help="with commas: ssim, psnr, l1, lpips, judge, fid, kid, inception_score, ...; ssim is that of whole "
            "pictures alone, 'ssim*' its regions too; by default all that the options lead to",
        ),
    ] = "",
    against: Annotated[str, typer.Option(help="what the others are compared with; the first by default")] = "",
    missing_ok: Annotated[bool, typer.Option("--missing-ok", help="a pair without a picture counts as failed")] = False,
    device: Annotated[str, typer.Option(help="cpu, cuda, ...")] = "cpu",
    seed: Annotated[int, typer.Option(min=0, help="of the draws that intervals and p-values are made of")] = 0,
    as_json: Annotated[bool, typer.Option("--json", help="print the rows as JSON lines")] = False,
) -> None:
    """Score folders of try-ons beside each other, with intervals and paired differences; each picture is read once."""
    os.environ.setdefault("OMP_WAIT_POLICY", "passive")  # before torch: threads that spin stand in each other's way
    from viton_eval.score_request import Request, score_folders
    from viton_eval.score_screen import score_screen

    asked = (results, data, pairs, split, pattern, protocol, judge, lpips, extractor, against, missing_ok, device)
    rows = score_folders(Request(*asked, metrics, seed, layout), out)
    if as_json:
        print(rows.to_json(orient="records", lines=True), end="")
    else:
        print(score_screen(rows, protocol), end="")
    say(f"wrote {out}: {len(rows)} rows; all digits and notes of the table in {out.with_suffix('.md')}")
