"""Warping the clothing onto the body (paper, section 3.3): shape contexts, then a thin-plate spline, then pixels.

B batch, N matched points, H, W. Masks are matched at `config.match.height`; the spline found there is applied at the
pictures' own size. The map used on pixels goes from target to source, since every target pixel asks where it comes
from, and a spline has no closed inverse: it is fitted on the final correspondences the other way round, and its
round-trip error with the forward spline is reported.
"""

from __future__ import annotations

from typing import NamedTuple

import cv2
import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from viton.config import WarpConfig
from viton.coordinates import Size, normalise, pixel_grid, rescale_px
from viton.data.framing import fit_mask
from viton.data.sample import Sample
from viton.images import Pixels, to_tensor, to_unit
from viton.parsing import LabelMap, clothing_region
from viton.shape_context import Array, Match, MatchError, fit_between, match_masks
from viton.stage_config import Fidelity
from viton.tps import ThinPlateSpline

CHUNK = 8192  # points a kernel evaluation, so that its temporaries stay in the cache


class WarpFit(NamedTuple):
    """How one pair's garment is to be bent."""

    match: Match  # at the matching scale
    size: Size  # (H, W) of the matching scale
    backward: ThinPlateSpline  # target -> source, B = 1, pixels of the matching scale: the map used on pixels
    forward: ThinPlateSpline  # source -> target on the same points with the same smoothing


class SampleFit(NamedTuple):
    """A fit and the masks (H,W) in [0,1] that it was made from."""

    fit: WarpFit
    clothing_mask: Array
    target_mask: Array


class WarpReport(NamedTuple):
    """What is known of one warp; all but `matched` at the pictures' size."""

    iou: float  # of warped mask and target mask, both > 0.5
    bending_energy: float  # of the map used on pixels; no unit
    folds: float  # share of warped garment pixels at which that map's Jacobian determinant is <= 0
    round_trip_px: float  # mean distance that a garment pixel moves when mapped to the product and back
    matched: int  # points of the outline that found a partner


class Warped(NamedTuple):
    """Warped clothing."""

    image: Tensor  # (B, 3, H, W) in [-1,1], white outside the mask
    mask: Tensor  # (B, 1, H, W) in [0,1]
    source_px: Tensor  # (B, H, W, 2) where on the product picture each pixel comes from
    reports: list[WarpReport]


def fit_warp(clothing_mask: Array, target_mask: Array, config: WarpConfig, rng: np.random.Generator) -> WarpFit:
    """Match two masks (H,W) in [0,1] of one size and fit the splines; raises shape_context.MatchError."""
    height = config.match.height
    size = height, round(height * target_mask.shape[1] / target_mask.shape[0])
    match = match_masks(_resized(clothing_mask, size), _resized(target_mask, size), config.match, rng)
    return _fit_of(match, size, config)


def _fit_of(match: Match, size: Size, config: WarpConfig) -> WarpFit:
    """The splines both ways through the pairs of the last round."""
    last = match.steps[-1]
    source, target = match.source.points[last.source], match.target.points[last.target]
    smoothing = config.smoothing * last.scale**2
    return WarpFit(match, size, fit_between(target, source, smoothing), fit_between(source, target, smoothing))


def apply_warp(fits: list[WarpFit], clothing: Tensor, clothing_mask: Tensor, target_mask: Tensor) -> Warped:
    """Warp a batch of product pictures by their fits.

    clothing: (B,3,H,W) in [-1,1].  clothing_mask, target_mask: (B,1,H,W) in [0,1]; the target is only compared with.
    """
    size = (clothing.shape[2], clothing.shape[3])
    source_px = torch.cat([_source_px(fit, size, clothing.device) for fit in fits])  # (B, H, W, 2)
    grid = normalise(source_px, size).to(clothing.dtype)
    mask = crisp(F.grid_sample(clothing_mask, grid, align_corners=True))
    weight = clothing_mask**4 + 1e-6  # background speaks softly, or a pale seam frames the garment
    solid = without_background(clothing, clothing_mask)
    picture = F.grid_sample(solid * weight, grid, padding_mode="border", align_corners=True)
    picture = picture / F.grid_sample(weight, grid, padding_mode="border", align_corners=True)
    reports = [_report(*each) for each in zip(fits, mask[:, 0] > 0.5, target_mask[:, 0] > 0.5, source_px, strict=True)]
    return Warped(picture * mask + (1 - mask), mask, source_px, reports)


def fit_sample(sample: Sample, config: WarpConfig, label_map: LabelMap, seed: int) -> SampleFit:
    """Fit a sample's clothing to the garment region of its parsing; raises shape_context.MatchError.

    The random start of the outlines depends on the seed and the pair's name, not on what was warped before.
    """
    clothing_mask = to_unit(sample.clothing.mask)
    target_mask = to_unit(parsed_target(sample, label_map, config.fidelity))
    fit = fit_warp(clothing_mask, target_mask, config, _rng_of(sample.pair.name, seed))
    return SampleFit(fit, clothing_mask, target_mask)


def parsed_target(sample: Sample, label_map: LabelMap, fidelity: Fidelity) -> Pixels:
    """Where the parsing sees the garment that is worn, (H,W) in 0..255."""
    height, width = sample.clothing.image.shape[:2]
    return fit_mask(clothing_region(sample.person.parsing, label_map, fidelity), (height, width))


def predicted_target(mask: Tensor) -> Tensor:
    """A predicted mask (B,1,H,W) in [0,1], rounded to fifteenths.

    Matching is all or nothing, a point on this side of a bin's edge or on that.  What a network's last digits owe to
    the batch must not decide it.  An odd number of steps, so that no pixel lies on the outline's level of 0.5.
    """
    return (mask.clamp(0, 1) * 15).round() / 15


def warp_pairs(
    names: list[str], clothing: Tensor, clothing_mask: Tensor, target: Tensor, config: WarpConfig, seed: int
) -> list[Warped | MatchError]:
    """Warp each clothing of a batch onto its target, B = 1 each, or say why that cannot be done.

    names: `P__C`, as in `fit_sample`.  clothing: (B,3,H,W) in [-1,1].  clothing_mask, target: (B,1,H,W) in [0,1].
    """
    made: list[Warped | MatchError] = []
    for name, *parts in zip(names, clothing.split(1), clothing_mask.split(1), target.split(1), strict=True):
        source, goal = (part[0, 0].double().cpu().numpy() for part in parts[1:])
        try:
            made.append(apply_warp([fit_warp(source, goal, config, _rng_of(name, seed))], *parts))
        except MatchError as error:
            made.append(error)
    return made


def _rng_of(pair: str, seed: int) -> np.random.Generator:
    return np.random.default_rng([seed, *pair.encode()])


def warp_sample(sample: Sample, config: WarpConfig, label_map: LabelMap, seed: int, device: str = "cpu") -> Warped:
    """Warp a sample's clothing onto the garment region of its parsing, B = 1; raises shape_context.MatchError."""
    fit, *masks = fit_sample(sample, config, label_map, seed)
    clothing_mask, target_mask = (torch.from_numpy(mask).float()[None, None].to(device) for mask in masks)
    return apply_warp([fit], to_tensor(sample.clothing.image).to(device), clothing_mask, target_mask)


def iou_by_iteration(fit: WarpFit, clothing_mask: Array, target_mask: Array, config: WarpConfig) -> list[float]:
    """How well the mask would fit had matching stopped after each round; masks (H,W) in [0,1]."""
    masks = [torch.from_numpy(mask).float()[None, None] for mask in (clothing_mask, target_mask)]
    blank = masks[0].new_zeros(1, 3, *clothing_mask.shape)
    reached = []
    for number in range(1, len(fit.match.steps) + 1):
        stopped = _fit_of(Match(fit.match.source, fit.match.target, fit.match.steps[:number]), fit.size, config)
        reached.append(apply_warp([stopped], blank, *masks).reports[0].iou)
    return reached


def iou(a: Tensor, b: Tensor) -> float:
    """Intersection over union of two boolean masks, in [0,1]; 0 when both are empty."""
    union = (a | b).sum()
    return float((a & b).sum() / union) if union else 0.0


def without_background(clothing: Tensor, mask: Tensor) -> Tensor:
    """The product picture (B,3,H,W) with pixels that are part background in the colour of whole ones beside them.

    An antialiased edge is a mixture with the background, and one that the spline stretches would be seen as a seam.
    """
    whole = (mask > 0.99).to(clothing.dtype)
    share = F.avg_pool2d(whole, 3, 1, 1)
    beside = F.avg_pool2d(clothing * whole, 3, 1, 1) / share.clamp(min=1e-3)
    return torch.where((whole == 0) & (share > 0), beside, clothing)


def crisp(mask: Tensor) -> Tensor:
    """A mask (B,1,H,W) in [0,1] with its 0.5 level unmoved and its edge one pixel wide.

    Where the spline stretches a garment, the soft edge of its mask is stretched to a veil: divide by its slope.
    """
    padded = F.pad(mask, (1, 1, 1, 1), mode="replicate")
    dx = (padded[..., 1:-1, 2:] - padded[..., 1:-1, :-2]) / 2
    dy = (padded[..., 2:, 1:-1] - padded[..., :-2, 1:-1]) / 2
    return ((mask - 0.5) / torch.hypot(dx, dy).clamp(min=1e-3) + 0.5).clamp(0, 1)


def _source_px(fit: WarpFit, size: Size, device: torch.device) -> Tensor:
    """Where on the product picture each pixel comes from, (1,H,W,2) px of `size`."""
    spline = fit.backward.to(device)
    points = rescale_px(pixel_grid(size, device), size, fit.size)
    mapped = torch.cat([spline(chunk) for chunk in points.split(CHUNK)], dim=1)
    return rescale_px(mapped, fit.size, size).reshape(1, *size, 2)


def _report(fit: WarpFit, warped: Tensor, target: Tensor, source_px: Tensor) -> WarpReport:
    """Measure one warp on (H,W) boolean masks."""
    size = (warped.shape[0], warped.shape[1])
    forward, backward = fit.forward.to(warped.device), fit.backward.to(warped.device)
    garment = pixel_grid(size, warped.device)[warped.reshape(-1)]  # (M, 2)
    here = rescale_px(garment, size, fit.size)
    determinant = [backward.jacobian_determinant(chunk)[0] for chunk in here.split(CHUNK)]
    there = rescale_px(source_px[warped], size, fit.size)
    back = [forward(chunk)[0] for chunk in there.split(CHUNK)]
    moved = (torch.cat(back) - here).norm(dim=1) * (size[0] / fit.size[0])
    return WarpReport(
        iou=iou(warped, target),
        bending_energy=float(fit.backward.bending_energy()),
        folds=float((torch.cat(determinant) <= 0).double().mean()) if len(garment) else 0.0,
        round_trip_px=float(moved.mean()) if len(garment) else 0.0,
        matched=len(fit.match.steps[-1].source),
    )


def _resized(mask: Array, size: Size) -> Array:
    if mask.shape == size:
        return mask
    shrinks = size[0] < mask.shape[0]
    interpolation = cv2.INTER_AREA if shrinks else cv2.INTER_LINEAR
    return np.asarray(cv2.resize(mask, size[::-1], interpolation=interpolation), np.float64)
