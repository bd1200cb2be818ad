"""What can be set about the approximate estimator, the network that is trained where no weights can be had."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field, PositiveInt

from viton.stage_config import Share, StageConfig, TrainingConfig, Width
from viton.synthetic.config import WorldConfig

HEIGHT, WIDTH = 128, 96  # px of the pictures that it sees


class EstimatorConfig(StageConfig):
    """A network that reads joints and labels, trained on a made-up world of its own."""

    width: Width = 16  # channels at full size
    beta1: Share = 0.9
    lr: Annotated[float, Field(gt=0)] = 2e-3
    decay: Annotated[float, Field(ge=0, le=1)] = 0.5
    world: WorldConfig


def estimator_config(steps: PositiveInt, people: PositiveInt, seed: int) -> EstimatorConfig:
    """The settings of a budget: updates, and people of the made-up world; raises UsageError for impossible ones."""
    world = {"people": people, "garments": 0, "seed": seed, "height": HEIGHT, "width": WIDTH}
    return EstimatorConfig(steps=steps, world=WorldConfig(**world))


TRAINING = TrainingConfig(precision="bf16-mixed", log_every=50, validate_every=500, save_every=250)
