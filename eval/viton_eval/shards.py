"""A method's pairs tried on in parts, which any machine may make, and then joined: `shards` of a configuration."""

from __future__ import annotations

from pathlib import Path

from viton_eval.commands import Run
from viton_eval.trainings import TryOn


def shards_of(run: Run, one: TryOn) -> list[Path]:
    """The folders of the parts of a try-on, in order; none where it is made in one go, or its pictures imported."""
    count = 1 if one.imported else run.config.shards
    folder = run.folder / "shards" / one.label / str(one.seed)
    return [folder / f"{index}-of-{count}" for index in range(1, count + 1)] if count > 1 else []


def shard_commands(run: Run, one: TryOn) -> list[tuple[str, ...]]:
    """What makes each part, in order."""
    folders = shards_of(run, one)
    parts = [("--shard", f"{index}/{len(folders)}") for index in range(1, len(folders) + 1)]
    return [(*run.try_on_command(one, folder), *part) for folder, part in zip(folders, parts, strict=True)]


def merge_command(run: Run, one: TryOn) -> tuple[str, ...]:
    """What joins the parts into the method's results."""
    shards = map(str, shards_of(run, one))
    return ("viton", "merge", *shards, "--out", str(run.results_of(one)), "--overwrite")
