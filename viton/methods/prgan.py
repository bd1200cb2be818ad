"""The GAN with the person representation (Ma et al. 2017, Zhu et al. 2017; paper, section 4.3)."""

from __future__ import annotations

import torch

from viton.config import TryOnConfig
from viton.data.sample import Sample
from viton.images import to_pixels
from viton.parsing import LabelMap
from viton.prgan import prgan_generator, prgan_result
from viton.results import Outcome, TryOnMany
from viton.stage_config import PrganConfig
from viton.trained import TrainedRun, needed
from viton.training_data import to_batch


def prepare(config: TryOnConfig, label_map: LabelMap, device: str, run: TrainedRun | None) -> TryOnMany:
    """Load the generator."""
    stage = needed(run, "prgan").stage("prgan")
    stage.expect_size(config.size)
    representation = stage.representation()
    generator = prgan_generator(stage.config(PrganConfig), representation, config.size)
    stage.load("generator", generator, device)

    @torch.inference_mode()
    def try_on(samples: list[Sample]) -> list[Outcome]:
        batch = to_batch(samples, representation, label_map, "paper", device)
        made = prgan_result(generator, batch.generator_input)
        return [Outcome("ok", {".png": to_pixels(image)}, {}) for image in made.image]

    return try_on
