"""The non-parametric baseline (paper, section 4.3): the warped clothing is pasted on the photo, no network paints.

The paper does not say where its target mask comes from. With a run it is the mask that VITON's coarse stage predicts;
without one it is the parsing of the photo, so that the method is told the outline of the garment that it replaces.
"""

from __future__ import annotations

from torch import Tensor

from viton.config import TryOnConfig
from viton.data.sample import Sample
from viton.images import to_mask_pixels, to_pixels, to_tensor
from viton.parsing import LabelMap
from viton.results import Made, Outcome, TryOnMany, failed
from viton.shape_context import MatchError
from viton.trained import TrainedRun
from viton.warp import Warped
from viton.warp_map import encoded_map
from viton.warp_targets import warps_for


def paste(image: Tensor, warped: Warped) -> Tensor:
    """The warped clothing over the photo (B,3,H,W) in [-1,1]; its white surround is taken off again, not pasted."""
    return image * (1 - warped.mask) + (warped.image - (1 - warped.mask))


def prepare(config: TryOnConfig, label_map: LabelMap, device: str, run: TrainedRun | None) -> TryOnMany:
    """Nothing to load without a run, else the coarse stage."""
    warps = warps_for(config, label_map, device, run)

    def try_on(samples: list[Sample]) -> list[Outcome]:
        return [_outcome(sample, warped, device) for sample, warped in zip(samples, warps(samples), strict=True)]

    return try_on


def _outcome(sample: Sample, warped: Warped | MatchError, device: str) -> Outcome:
    if isinstance(warped, MatchError):
        return failed(f"warp_failed:{warped.code}", str(warped))
    image = to_tensor(sample.person.image).to(device)
    pictures: Made = {
        ".png": to_pixels(paste(image, warped)),
        ".warped-mask.png": to_mask_pixels(warped.mask),
        ".warped-map.png": encoded_map(warped.source_px, warped.mask),
    }
    return Outcome("ok", pictures, {"iou": round(warped.reports[0].iou, 4)})
