"""Which stages a method is made of, which stage needs which, and what decides a stage's weights.

Light on purpose (no torch): the workflow plans with it.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, get_args

from viton.config import ExperimentConfig
from viton.errors import InputError, UsageError
from viton.stage_config import ExtractorConfig, StageConfig, StagesConfig

# The stages that a method's pictures come from, in order; viton/methods has the methods.
METHOD_STAGES: dict[str, tuple[str, ...]] = {
    "viton": ("coarse", "refine"),
    "encoder-decoder": ("coarse",),
    "crn": ("crn",),
    "prgan": ("prgan",),
    "cagan": ("cagan",),
    "non-parametric": (),
}
EXTRACTORS = ("proxy", "judge")  # trained on worlds of their own, with the experiment's seed
BELOW = {"refine": ("coarse",)}  # stages that another one is trained on top of
PERCEPTUAL = ("coarse", "refine", "crn")  # stages whose loss compares features
SEES_NO_REPRESENTATION = ("cagan", "collar")  # the photo itself, or products alone


def stage_config(config: ExperimentConfig, stage: str) -> StageConfig:
    """Raises UsageError for an unknown stage, InputError for one that the configuration does not name."""
    if stage not in StagesConfig.model_fields:
        raise UsageError(f"stage: expected one of {', '.join(StagesConfig.model_fields)}, got '{stage}'")
    found: StageConfig | None = getattr(config.stages, stage)
    if found is None:
        raise InputError(f"{config.name}: stages.{stage}", "its settings, at least `steps`", "none")
    return found


def needs(config: ExperimentConfig, stage: str) -> tuple[str, ...]:
    """The stages that have to be trained before this one."""
    proxy = ("proxy",) if stage in PERCEPTUAL and config.perceptual.weights == "proxy" else ()
    return proxy + BELOW.get(stage, ())


def in_order(config: ExperimentConfig, stages: Iterable[str]) -> list[str]:
    """The stages and all that they need, each after those that it needs."""
    found: list[str] = []
    for stage in stages:
        found += [each for each in (*in_order(config, needs(config, stage)), stage) if each not in found]
    return found


def stages_of(config: ExperimentConfig, method: str) -> tuple[str, ...]:
    """The trained stages that a method's try-on reads; with `warp.collar` the finder of collars too."""
    if method not in METHOD_STAGES:
        return ()  # of another package: it knows itself what it reads
    warps = method in ("viton", "non-parametric")
    return METHOD_STAGES[method] + (("collar",) if warps and config.warp.collar else ())


def what_decides(config: ExperimentConfig, stage: str) -> dict[str, Any]:
    """Everything in a configuration that decides a stage's weights, but for the number of steps, seed and data."""
    own = stage_config(config, stage)
    found: dict[str, Any] = {
        "stage": stage,
        "config": own.model_dump(mode="json", exclude={"steps"}),
        "size": list(config.size),
        "precision": config.training.precision,
    }
    if isinstance(own, ExtractorConfig):
        return found | {"size": [own.world.height, own.world.width]}
    if stage not in SEES_NO_REPRESENTATION:
        found["representation"] = config.representation.model_dump(mode="json")
    if config.training.mirror and stage != "collar":
        found["mirror"] = True
    if stage in PERCEPTUAL:
        found["perceptual"] = config.perceptual.model_dump(mode="json")
    if stage == "refine":
        found["warp"] = config.warp.model_dump(mode="json", exclude={"collar"})  # which is for try-ons
    return found


def completed(settings: dict[str, Any]) -> dict[str, Any]:
    """Settings of a trained stage as they were written, with fields that came into the code later at their defaults.

    Such a field's default means what was done before it was there.  What is no configuration of ours stays as it is.
    """
    field = StagesConfig.model_fields.get(str(settings.get("stage")))
    kinds = get_args(field.annotation) if field else ()
    written = settings.get("config")
    if not kinds or not isinstance(written, dict):
        return settings
    defaults = {name: each.get_default() for name, each in kinds[0].model_fields.items() if not each.is_required()}
    return settings | {"config": defaults | written}


def folder_name(config: ExperimentConfig, stage: str, variant: str = "") -> str:
    """The folder of a stage: with a variant one of its own, unless nothing that decides the weights has changed."""
    if not variant:
        return stage
    changed = config.variant(variant)
    same = all(
        what_decides(config, each) == what_decides(changed, each)
        and stage_config(config, each).steps == stage_config(changed, each).steps
        for each in in_order(changed, (stage,))
    )
    return stage if same else f"{stage}.{variant}"
