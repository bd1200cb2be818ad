"""Warps of loaded samples, onto the parsed garment or onto the mask that stage 1 predicts."""

from __future__ import annotations

from collections.abc import Callable

import torch

from viton.collar import load_collar, samples_without_collar
from viton.config import TryOnConfig
from viton.data.sample import Sample
from viton.errors import UsageError
from viton.parsing import LabelMap
from viton.shape_context import MatchError
from viton.trained import TrainedCoarse, TrainedRun, load_coarse
from viton.training_data import to_batch
from viton.warp import Warped, predicted_target, warp_pairs, warp_sample

Warps = Callable[[list[Sample]], list[Warped | MatchError]]


def warps_for(config: TryOnConfig, label_map: LabelMap, device: str, run: TrainedRun | None) -> Warps:
    """With a run onto the mask of its coarse stage, else onto the parsed garment; raises UsageError, InputError."""
    if run is None:
        if config.warp.collar:
            raise UsageError("warp.collar: expected --run RUN with the trained stage `collar`")
        return parsed_warps(config, label_map, device)
    run.stage("coarse").expect_size(config.size)
    warps = predicted_warps(load_coarse(run.stage("coarse"), device), config, label_map, device)
    if not config.warp.collar:
        return warps
    collar = load_collar(run, device)
    return lambda samples: warps(samples_without_collar(collar, samples, device))


def parsed_warps(config: TryOnConfig, label_map: LabelMap, device: str) -> Warps:
    """Onto the garment that the parser sees."""

    def warp(sample: Sample) -> Warped | MatchError:
        try:
            return warp_sample(sample, config.warp, label_map, config.seed, device)
        except MatchError as error:
            return error

    return lambda samples: [warp(sample) for sample in samples]


def predicted_warps(coarse: TrainedCoarse, config: TryOnConfig, label_map: LabelMap, device: str) -> Warps:
    """Onto M, which says where the new garment will be, whatever the old one looked like."""

    @torch.inference_mode()
    def warp(samples: list[Sample]) -> list[Warped | MatchError]:
        batch = to_batch(samples, coarse.representation, label_map, coarse.config.fidelity, device)
        target = predicted_target(coarse(batch.generator_input).mask)
        return warp_pairs(batch.names, batch.clothing, batch.clothing_mask, target, config.warp, config.seed)

    return warp
