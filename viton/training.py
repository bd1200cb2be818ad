"""Trains the stages of an experiment in order: opens what each needs, and says what decides its weights.

runs/EXPERIMENT/stages/STAGE/SEED/      see viton/checkpoint.py
                stages/lambdas-*.json   scales of the perceptual terms, a file an extractor
                stage-warps/            warped clothing that stage 2 is trained on, by content
                worlds/STAGE/           the made-up world that an extractor is trained on
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any, Literal, NamedTuple

from lightning_fabric import Fabric

from viton.cagan import CaganStage
from viton.checkpoint import Settings, StageFolder
from viton.coarse import CoarseStage
from viton.collar import CollarStage
from viton.config import ExperimentConfig, WorldData
from viton.console import progress
from viton.crn import CrnStage
from viton.data.dataset import data_digest
from viton.devices import make_fabric
from viton.digests import Digests
from viton.errors import InputError, UsageError
from viton.extractors import JudgeStage, ProxyStage
from viton.files import digest_of
from viton.layout_names import LayoutName
from viton.perceptual import PerceptualLoss, calibration_images, load_perceptual
from viton.prgan import PrganStage
from viton.refine import RefineStage
from viton.stage import Stage
from viton.stage_config import (
    CaganConfig,
    CoarseConfig,
    CollarConfig,
    CrnConfig,
    ExtractorConfig,
    Fidelity,
    PerceptualStageConfig,
    PrganConfig,
    RefineConfig,
    StagesConfig,
)
from viton.stage_plan import (
    BELOW,
    EXTRACTORS,
    METHOD_STAGES,
    folder_name,
    in_order,
    stage_config,
    stages_of,
    what_decides,
)
from viton.stage_warps import WarpSettings, make_stage_warps, stage_targets
from viton.synthetic.dataset import write_world
from viton.synthetic.plan import GENERATOR_VERSION
from viton.train import Run, Tell, train
from viton.trained import TrainedStage, load_coarse
from viton.training_data import TryOnData, open_training_data


class Experiment(NamedTuple):
    """What is trained, on what, and where the stages lie."""

    base: ExperimentConfig
    variant: str  # "" is none
    data: Path  # root of the dataset
    run: Path  # runs/EXPERIMENT

    @property
    def config(self) -> ExperimentConfig:
        return self.base.variant(self.variant) if self.variant else self.base

    @property
    def layout(self) -> LayoutName | None:
        """Of the data; None: told by its folders."""
        return None if isinstance(self.base.data, WorldData) else self.base.data.layout

    @property
    def stages(self) -> Path:
        return self.run / "stages"

    def folder(self, stage: str, seed: int) -> StageFolder:
        """An extractor has one seed, the experiment's: all that it serves are to be measured alike."""
        seed = self.base.seed if stage in EXTRACTORS else seed
        return StageFolder(self.stages / folder_name(self.base, stage, self.variant) / str(seed))


class Order(NamedTuple):
    """What the command line was told."""

    config: ExperimentConfig
    run: Path
    seed: int | None  # None: the experiment's
    variant: str = ""
    device: str = "auto"
    resume: bool = False
    overwrite: bool = False


def train_named(name: str, order: Order, tell: Tell) -> list[dict[str, object]]:
    """Train a stage, or all stages of a method; returns what each has come to.

    Raises UsageError for a name that is neither, InputError when `resume` finds nothing to go on from.
    """
    source = order.config.data
    root = order.run / "data" if isinstance(source, WorldData) else source.root
    experiment = Experiment(order.config, order.variant, root, order.run)
    seed = order.config.seed if order.seed is None else order.seed
    names = in_order(experiment.config, stages_named(experiment.config, name))
    if order.resume and not any(experiment.folder(stage, seed).state.is_file() for stage in names):
        raise InputError(experiment.folder(names[-1], seed).path, "a run to go on from", "none")
    fabric = make_fabric(experiment.config.training, order.device)
    fabric.launch()
    if fabric.is_global_zero:
        _ensure_world(experiment)
    fabric.barrier()
    folders = []
    for stage in names:
        own_seed = order.config.seed if stage in EXTRACTORS else seed
        built, settings = build(experiment, stage, own_seed, fabric)
        folder = experiment.folder(stage, own_seed)
        run = Run(
            built, folder, experiment.config.training, own_seed, fabric, tell if fabric.is_global_zero else _silent
        )
        train(run, settings, order.overwrite)
        folders.append(folder)
    return [_told(folder) for folder in folders] if fabric.is_global_zero else []


def stages_named(config: ExperimentConfig, name: str) -> tuple[str, ...]:
    """The stages of a method, or the one stage of that name; raises UsageError for a name that is neither."""
    if name in StagesConfig.model_fields:
        return (name,)
    if name not in METHOD_STAGES:
        known = ", ".join(dict.fromkeys((*METHOD_STAGES, *StagesConfig.model_fields)))
        raise UsageError(f"train: expected a method or a stage, one of {known}, got '{name}'")
    if not stages_of(config, name):
        raise UsageError(f"train: {name} has nothing to train")
    return stages_of(config, name)


def build(experiment: Experiment, name: str, seed: int, fabric: Fabric) -> tuple[Stage[Any, Any], Settings]:
    """A stage ready for training, and what decides its weights; raises InputError for what it lacks."""
    config = stage_config(experiment.config, name)
    settings: Settings = {**what_decides(experiment.config, name), "steps": config.steps, "seed": seed}
    if isinstance(config, ExtractorConfig):
        return _extractor(experiment, name, config, fabric), settings | {"generator": GENERATOR_VERSION}
    size = experiment.config.size
    if isinstance(config, CollarConfig):
        stage = CollarStage(config, experiment.data, size)
        return stage, settings | {"data": _collars_digest(experiment)}
    data = open_training_data(
        experiment.data, size, experiment.config.representation, experiment.config.training.mirror, experiment.layout
    )
    settings["data"] = _digest_of(experiment, data)
    settings["below"] = {below: experiment.folder(below, seed).digest() for below in BELOW.get(name, ())}
    if isinstance(config, PrganConfig):
        return PrganStage(config, data, size), settings
    if isinstance(config, CaganConfig):
        return CaganStage(config, data, size), settings
    assert isinstance(config, PerceptualStageConfig)
    perceptual = _perceptual(experiment, config, data)
    settings["perceptual"] |= {"sha256": perceptual.sha256, "lambdas": list(perceptual.lambdas)}
    if isinstance(config, CoarseConfig):
        return CoarseStage(config, data, size, perceptual), settings
    if isinstance(config, CrnConfig):
        return CrnStage(config, data, size, perceptual), settings
    assert isinstance(config, RefineConfig)
    return _refine(experiment, config, data, perceptual, seed, fabric), settings


def _refine(
    experiment: Experiment, config: RefineConfig, data: TryOnData, perceptual: PerceptualLoss, seed: int, fabric: Fabric
) -> RefineStage:
    """The refinement stage on top of the trained coarse stage, once the first process has made its warps."""
    coarse = load_coarse(TrainedStage(experiment.folder("coarse", seed), "coarse"), str(fabric.device))
    targets = stage_targets(config, coarse, data, str(fabric.device))
    folder = experiment.folder("refine", seed).path
    wanted = WarpSettings(experiment.config.warp, seed, experiment.run / "stage-warps", _workers())
    if fabric.is_global_zero:
        warps = make_stage_warps(data, targets, wanted, folder / "warps.json", progress("warped for stage 2"))
    fabric.barrier()
    if not fabric.is_global_zero:
        warps = make_stage_warps(data, targets, wanted, folder / "warps.json")
    return RefineStage(config, coarse, data, perceptual, warps)


def _extractor(experiment: Experiment, name: str, config: ExtractorConfig, fabric: Fabric) -> Stage[Any, Any]:
    """A stage trained on a world of its own, which is made if it is not there."""
    root = experiment.run / "worlds" / name
    if fabric.is_global_zero:
        write_world(root, config.world, workers=_workers(), progress=progress("made"))
    fabric.barrier()
    kind = {"proxy": ProxyStage, "judge": JudgeStage}[name]
    return kind(config, root, (config.world.height, config.world.width))


def _perceptual(experiment: Experiment, stage: PerceptualStageConfig, data: TryOnData) -> PerceptualLoss:
    """The loss of a stage, its scales taken on photos of the training split."""
    config = experiment.config
    proxy = experiment.folder("proxy", config.seed).path if config.perceptual.weights == "proxy" else None
    images = calibration_images(data.training.data, config.size)
    fidelity: Fidelity = getattr(stage, "fidelity", "paper")
    share: Literal["coarse", "refine"] = "refine" if isinstance(stage, RefineConfig) else "coarse"
    return load_perceptual(config.perceptual, proxy, fidelity, images, experiment.stages, share, stage.equal)


def _ensure_world(experiment: Experiment) -> None:
    """Make the experiment's own world, if it has one and it is not there."""
    source = experiment.base.data
    if isinstance(source, WorldData):
        write_world(experiment.data, source.world, workers=_workers(), progress=progress("made"))


def _digest_of(experiment: Experiment, data: TryOnData) -> str:
    """One digest of every file that training and validation read; unchanged files are not read again."""
    digests = Digests(experiment.stages / ".digests.json")
    parts = [data_digest(part.data, part.pairs, digests.of) for part in (data.training, data.validation)]
    digests.save()
    return "-".join(part[:16] for part in parts)


def _collars_digest(experiment: Experiment) -> str:
    """One digest of every product picture and collar mask that the finder of collars reads."""
    digests = Digests(experiment.stages / ".digests-collar.json")
    folders = [experiment.data / split / kind for split in ("train", "val") for kind in ("cloth", "collar-mask")]
    files = [path for folder in folders for path in sorted(folder.iterdir()) if not path.name.startswith(".")]
    whole = digest_of([[path.relative_to(experiment.data).as_posix(), digests.of(path)] for path in files])
    digests.save()
    return whole[:32]


def _told(folder: StageFolder) -> dict[str, object]:
    settings = folder.settings()
    told = {"stage": settings["stage"], "seed": settings["seed"], "steps": settings["steps"]}
    return told | {"folder": str(folder.path), "weights": folder.digest()}


def _workers() -> int:
    """Processes for what is done before training: as many as there are cores for this one."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def _silent(message: str) -> None:
    """What every process but the first says."""
