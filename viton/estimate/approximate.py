"""The approximate estimator: trained once on a made-up world, kept in a folder, and read from there afterwards.

FOLDER/world/                  the made-up world that it learns from (viton/synthetic)
       stage/                  the network, as any trained stage (viton/checkpoint.py)
It has never seen a photograph: what it says of one is approximate, and is labelled so wherever it goes.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import numpy as np

from viton.checkpoint import Settings, StageFolder, load_weights
from viton.coordinates import rescale_px
from viton.data.framing import fit_labels
from viton.devices import make_fabric
from viton.errors import InputError
from viton.estimate.estimates import PoseFound
from viton.estimate.network import BodyReader
from viton.estimate.outline import labelled
from viton.estimate.reading import Reading, read, working
from viton.estimate.settings import TRAINING, EstimatorConfig
from viton.estimate.stage import EstimatorStage
from viton.images import Pixels
from viton.keypoints import Keypoints
from viton.synthetic.dataset import write_world
from viton.synthetic.plan import GENERATOR_VERSION
from viton.train import Run, Tell, train

LEAST_PERSON = 0.02  # of the picture; with less of a person in it there is none
LEAST_JOINTS = 4


class Labelled(NamedTuple):
    """What is said of one photo."""

    reading: Reading
    picture: Pixels  # the working picture
    labels: Pixels  # (H, W) of it


class Approximate:
    """Both estimators: joints and labels of a photo from one reading of it."""

    def __init__(self, network: BodyReader, source: dict[str, object]) -> None:
        self.network, self._source = network.eval(), source
        self._last: tuple[int, Labelled] | None = None

    @property
    def source(self) -> dict[str, object]:
        return self._source

    def joints(self, name: str, photo: Pixels) -> PoseFound:
        """Raises InputError when hardly a person is seen, or hardly a joint."""
        found = self._labelled(photo)
        seen = int((found.reading.joints[:, 2] > 0).sum())
        share = float((found.labels > 0).mean())
        if share < LEAST_PERSON or seen < LEAST_JOINTS:
            got = f"{seen} joints, {100 * share:.1f}% of the photo"
            raise InputError(name, "a person, for the approximate estimator", got)
        return PoseFound(_at(found.reading.joints, found.picture.shape[:2], photo.shape[:2]), 1)

    def labels(self, name: str, photo: Pixels) -> Pixels:
        found = self._labelled(photo)
        if not found.labels.any():
            raise InputError(name, "a person, for the approximate estimator", "background alone")
        return fit_labels(found.labels, photo.shape[:2])

    def _labelled(self, photo: Pixels) -> Labelled:
        """One reading serves both questions."""
        key = hash((photo.shape, photo.tobytes()))
        if self._last is None or self._last[0] != key:
            picture = working(photo)
            reading = read(self.network, picture)
            self._last = key, Labelled(reading, picture, labelled(picture, reading.chances))
        return self._last[1]


def _at(joints: Keypoints, of: tuple[int, int], size: tuple[int, int]) -> Keypoints:
    """Joints of the working picture, in px of the photo."""
    moved = joints.copy()
    seen = joints[:, 2] > 0
    moved[seen, :2] = rescale_px(joints[seen, :2], of, size).clip(0, np.array(size[::-1]) - 1)
    return moved


def cache_folder() -> Path:
    """Where the estimator lies unless told otherwise: `viton/estimator` under XDG_CACHE_HOME, or ~/.cache."""
    base = os.environ.get("XDG_CACHE_HOME", "")
    return (Path(base) if Path(base).is_absolute() else Path.home() / ".cache") / "viton" / "estimator"


def is_trained(folder: Path) -> bool:
    return StageFolder(folder / "stage").is_done()


def train_estimator(
    folder: Path, config: EstimatorConfig, seed: int, tell: Tell, progress: Callable[[int, int], None] | None = None
) -> None:
    """Make the world and train, going on where a killed run stopped; a trained estimator stays as it is.

    Raises InputError when the folder holds an unfinished one of other settings.
    """
    stage_folder = StageFolder(folder / "stage")
    if stage_folder.is_done():
        return
    write_world(folder / "world", config.world, workers=_workers(), progress=progress)
    stage = EstimatorStage(config, folder / "world")
    settings: Settings = {
        "stage": stage.name,
        "seed": seed,
        "steps": config.steps,
        "config": config.model_dump(),
        "precision": TRAINING.precision,
        "generator": GENERATOR_VERSION,
    }
    train(Run(stage, stage_folder, TRAINING, seed, make_fabric(TRAINING, "cpu"), tell), settings)


def load_estimator(folder: Path) -> Approximate:
    """The trained estimator of a folder; raises InputError when there is none, or its weights were changed."""
    stage_folder = StageFolder(folder / "stage")
    if not stage_folder.is_done():
        raise InputError(folder, "a trained estimator (`viton prepare --approximate` trains one)", "none")
    digest, settings = stage_folder.digest(), stage_folder.settings()
    try:
        config = EstimatorConfig(**settings["config"])
    except (KeyError, TypeError, ValueError) as error:
        raise InputError(stage_folder.config, "the settings of an estimator", "others") from error
    network = BodyReader(config.width)
    load_weights(stage_folder.weights, {EstimatorStage.name: network})
    told = {
        "estimator": "approximate: a small network trained on made-up people alone",
        "approximate": True,
        "weights": digest,
        "steps": config.steps,
        "people": config.world.people,
        "seed": settings.get("seed"),
    }
    return Approximate(network, told)


def _workers() -> int:
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
