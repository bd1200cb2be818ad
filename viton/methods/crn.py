"""The cascaded refinement network (Chen and Koltun 2017; paper, section 4.3), trained without an adversary."""

from __future__ import annotations

import torch

from viton.config import TryOnConfig
from viton.crn import crn_network, crn_result
from viton.data.sample import Sample
from viton.images import to_pixels
from viton.parsing import LabelMap
from viton.results import Outcome, TryOnMany
from viton.stage_config import CrnConfig
from viton.trained import TrainedRun, needed
from viton.training_data import to_batch


def prepare(config: TryOnConfig, label_map: LabelMap, device: str, run: TrainedRun | None) -> TryOnMany:
    """Load the network."""
    stage = needed(run, "crn").stage("crn")
    stage.expect_size(config.size)
    representation = stage.representation()
    network = stage.load("crn", crn_network(stage.config(CrnConfig), representation, config.size), device)

    @torch.inference_mode()
    def try_on(samples: list[Sample]) -> list[Outcome]:
        batch = to_batch(samples, representation, label_map, "paper", device)
        made = crn_result(network, batch.generator_input)
        return [Outcome("ok", {".png": to_pixels(image)}, {}) for image in made.image]

    return try_on
