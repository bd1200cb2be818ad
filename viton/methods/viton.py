"""VITON (paper, section 3): coarse result, warped clothing, refinement."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import replace
from typing import TypeVar

import torch

from viton.collar import load_collar
from viton.config import TryOnConfig
from viton.data.sample import Sample
from viton.images import to_mask_pixels, to_pixels
from viton.parsing import LabelMap
from viton.results import Made, Outcome, TryOnMany, failed
from viton.shape_context import MatchError
from viton.trained import TrainedRun, needed
from viton.tryon import TryOn, viton_of
from viton.warp_map import encoded_map

T = TypeVar("T")


def prepare(config: TryOnConfig, label_map: LabelMap, device: str, run: TrainedRun | None) -> TryOnMany:
    """Load both stages; the warp is that of `config`."""
    run = needed(run, "viton")
    run.stage("coarse").expect_size(config.size)
    collar = load_collar(run, device) if config.warp.collar else None
    viton = replace(viton_of(run, device), warp=config.warp, collar=collar, label_map=label_map, seed=config.seed)

    def try_on(samples: list[Sample]) -> list[Outcome]:
        seconds: dict[str, float] = {}
        with torch.inference_mode():  # as Viton.__call__ does, with a clock between
            batch = timed(seconds, "representation", lambda: viton.represented(samples))
            coarse = timed(seconds, "encoder-decoder", lambda: viton.coarse(batch.generator_input))
            warps = timed(seconds, "warp", lambda: viton.warped(batch, coarse.mask))
            made = timed(seconds, "refinement", lambda: viton.refined(coarse, warps))
        each = {part: round(value / len(samples), 5) for part, value in seconds.items()}
        return [_outcome(one)._replace(seconds=each) for one in made]

    return try_on


def timed(seconds: dict[str, float], part: str, do: Callable[[], T]) -> T:
    """Do a part of the work and note how long it took, a GPU's work included."""
    started = time.perf_counter()
    done = do()
    if torch.cuda.is_available():
        torch.cuda.synchronize()
    seconds[part] = time.perf_counter() - started
    return done


def _outcome(made: TryOn | MatchError) -> Outcome:
    """The try-on, and all that it was made from."""
    if isinstance(made, MatchError):
        return failed(f"warp_failed:{made.code}", str(made))
    pictures: Made = {
        ".png": to_pixels(made.image),
        ".coarse.png": to_pixels(made.coarse),
        ".warped.png": to_pixels(made.warped),
        ".warped-mask.png": to_mask_pixels(made.warped_mask),
        ".warped-map.png": encoded_map(made.source_px, made.warped_mask),
        ".alpha.png": to_mask_pixels(made.alpha),
        ".mask.png": to_mask_pixels(made.mask),
    }
    return Outcome("ok", pictures, {"iou": round(made.report.iou, 4)})
