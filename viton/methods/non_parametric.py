"""The non-parametric baseline (paper, section 4.3): no network; the warped clothing is pasted on the photo.

The paper does not say where its target mask comes from. Here it is the parsing of the photo, so the method is told
the outline of the garment that it replaces.
"""

from __future__ import annotations

from torch import Tensor

from viton.config import TryOnConfig
from viton.data.sample import Sample
from viton.images import to_pixels, to_tensor
from viton.parsing import LabelMap
from viton.results import Outcome, failed
from viton.shape_context import MatchError
from viton.warp import Warped, warp_sample


def paste(image: Tensor, warped: Warped) -> Tensor:
    """The warped clothing over the photo (B,3,H,W) in [-1,1]; its white surround is taken off again, not pasted."""
    return image * (1 - warped.mask) + (warped.image - (1 - warped.mask))


def try_on(sample: Sample, config: TryOnConfig, label_map: LabelMap, device: str = "cpu") -> Outcome:
    """The photo with the warped clothing on it, or the reason why the warp failed."""
    try:
        warped = warp_sample(sample, config.warp, label_map, config.seed, device)
    except MatchError as error:
        return failed(f"warp_failed:{error.code}", str(error))
    image = to_tensor(sample.person.image).to(device)
    return Outcome("ok", {".png": to_pixels(paste(image, warped))}, {})
