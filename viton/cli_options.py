"""What the command line's options come to: settings, sizes, shards, folders of trained stages. Light, as cli.py is."""

from __future__ import annotations

from pathlib import Path
from typing import Any, get_args

from viton.config import TryOnConfig, load_config
from viton.errors import UsageError
from viton.layout_names import LayoutName
from viton.settings import overridden, parse


def try_on_config(
    config: Path | None, overrides: list[str], size: str | None, seed: int | None, variant: str, trained: dict[str, Any]
) -> TryOnConfig:
    """The settings of a try-on: an experiment's, or what its stages were trained with; then --set, --size, --seed."""
    base = trained
    if config:
        experiment = load_config(config)
        base = (experiment.variant(variant) if variant else experiment).try_on.model_dump()
    content = overridden(base, tuple(overrides))
    if size:
        content["height"], content["width"] = size_of(size)
    if seed is not None:
        content["seed"] = seed
    return parse(TryOnConfig, content, str(config or "settings"))


def trained_settings(run: Path | None, stages: tuple[str, ...], seed: int | None) -> dict[str, Any]:
    """Size and warp that a run's stages were trained with; nothing without a run."""
    if run is None or not stages:
        return {}
    from viton.trained import TrainedRun

    trained = TrainedRun(run, seed or 0)
    height, width = trained.stage(stages[0]).size()
    warp = trained.stage("refine").settings()["warp"] if "refine" in stages else {}
    return {"height": height, "width": width, "warp": warp}


def folders_of(config: Path | None, variant: str, stages: tuple[str, ...]) -> dict[str, str] | None:
    """Where a variant keeps its stages; raises UsageError when no configuration says so."""
    if not variant:
        return None
    if config is None:
        raise UsageError("--variant: expected --config, which has the variants")
    from viton.stage_plan import folder_name

    return {stage: folder_name(load_config(config), stage, variant) for stage in stages}


def size_of(text: str) -> tuple[int, int]:
    height, _, width = text.lower().partition("x")
    if not (height.isdecimal() and width.isdecimal() and int(height) and int(width)):
        raise UsageError(f"--size: expected HxW such as 256x192, got '{text}'")
    return int(height), int(width)


def layout_of(text: str | None, data: Path | None) -> LayoutName | None:
    """A layout by its name; raises UsageError for an unknown one, and where there is no folder that has it."""
    if text is None:
        return None
    if data is None:
        raise UsageError("--layout: expected --data, whose layout it is")
    for name in get_args(LayoutName):
        if name == text:
            return name
    raise UsageError(f"--layout: expected one of {', '.join(get_args(LayoutName))}, got '{text}'")


def shard_of(text: str | None) -> tuple[int, int]:
    if text is None:
        return 1, 1
    index, _, count = text.partition("/")
    if not (index.isdecimal() and count.isdecimal() and 1 <= int(index) <= int(count)):
        raise UsageError(f"--shard: expected i/n with 1 <= i <= n, got '{text}'")
    return int(index), int(count)
