"""The encoder-decoder (paper, section 4.3): stage 1 of VITON alone."""

from __future__ import annotations

import torch

from viton.config import TryOnConfig
from viton.data.sample import Sample
from viton.images import to_mask_pixels, to_pixels
from viton.parsing import LabelMap
from viton.results import Outcome, TryOnMany
from viton.trained import TrainedRun, load_coarse, needed
from viton.training_data import to_batch


def prepare(config: TryOnConfig, label_map: LabelMap, device: str, run: TrainedRun | None) -> TryOnMany:
    """Load the coarse stage."""
    stage = needed(run, "encoder-decoder").stage("coarse")
    stage.expect_size(config.size)
    coarse = load_coarse(stage, device)

    @torch.inference_mode()
    def try_on(samples: list[Sample]) -> list[Outcome]:
        batch = to_batch(samples, coarse.representation, label_map, coarse.config.fidelity, device)
        made = coarse(batch.generator_input)
        return [
            Outcome("ok", {".png": to_pixels(image), ".mask.png": to_mask_pixels(mask)}, {})
            for image, mask in zip(made.image, made.mask, strict=True)
        ]

    return try_on
