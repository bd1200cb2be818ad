"""Shape-context matching (Belongie, Malik and Puzicha 2002), as VITON uses it (paper, section 3.3).

N points on each outline, K = radial x angular bins, H, W.  Points are pixels of the matching scale.  Constants are
those of the authors' code (docs/methods.md); what differs: boundary points are spread evenly along the outline
from a seeded start, where the authors thin a random draw, so that thin masks with short outlines can be matched too.
"""

from __future__ import annotations

from typing import NamedTuple

import contourpy
import numpy as np
import torch
from numpy.typing import NDArray
from scipy.optimize import linear_sum_assignment
from torch import Tensor

from viton.config import ShapeContextConfig
from viton.tps import ThinPlateSpline, kernel

Array = NDArray[np.float64]


class Outline(NamedTuple):
    """Points along a mask's boundary."""

    points: Array  # (N, 2) px
    tangents: Array  # (N,) radians, with the inside always on the same hand


class Step(NamedTuple):
    """One round of matching."""

    source: NDArray[np.intp]  # (P,) indices of matched points on the source outline
    target: NDArray[np.intp]  # (P,) the points they belong to on the target outline
    spline: ThinPlateSpline  # source -> target, through those pairs
    scale: float  # px, mean distance between the source's points before this round; sets the unit of smoothing


class Match(NamedTuple):
    """Outlines and the rounds that matched them; the last round counts."""

    source: Outline
    target: Outline
    steps: list[Step]


class MatchError(ValueError):
    """Two masks that cannot be matched; `code` is the reason in a manifest's words."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code


def sample_outline(mask: Array, num_points: int, rng: np.random.Generator, min_outline_px: float = 0.0) -> Outline:
    """`num_points` points spread evenly along the 0.5 level of a mask, from a random start.

    mask: (H,W) in [0,1].  A mask that reaches the picture's edge is closed along it.
    Raises MatchError with code `empty_mask`, `mask_covers_picture` or `few_contour_points`.
    """
    inside = mask > 0.5
    if not inside.any():
        raise MatchError("empty_mask", "the mask is empty")
    if inside.all():
        raise MatchError("mask_covers_picture", "the mask covers the whole picture")
    lines = [np.asarray(line) for line in contourpy.contour_generator(z=np.pad(mask, 1)).lines(0.5)]
    starts = np.concatenate([line[:-1] for line in lines]) - 1  # (S, 2)
    edges = np.concatenate([np.diff(line, axis=0) for line in lines])  # (S, 2)
    lengths = np.hypot(edges[:, 0], edges[:, 1])
    ends = lengths.cumsum()
    if ends[-1] < min_outline_px:
        message = f"the outline is {ends[-1]:.1f} px long, expected at least {min_outline_px:g}"
        raise MatchError("few_contour_points", message)
    at = (np.arange(num_points) + rng.random()) * (ends[-1] / num_points)
    edge = np.searchsorted(ends, at, side="right").clip(max=len(ends) - 1)
    fraction = 1 - (ends[edge] - at) / lengths[edge]
    points = starts[edge] + fraction[:, None] * edges[edge]
    return Outline(points, np.arctan2(edges[edge, 1], edges[edge, 0]))


def match_masks(source: Array, target: Array, config: ShapeContextConfig, rng: np.random.Generator) -> Match:
    """Match the outlines of two masks (H,W) in [0,1], given at the matching scale. Raises MatchError."""
    source_outline = _outline_of("the product's mask", source, config, rng)
    target_outline = _outline_of("the garment on the person", target, config, rng)
    return match_outlines(source_outline, target_outline, config)


def _outline_of(whose: str, mask: Array, config: ShapeContextConfig, rng: np.random.Generator) -> Outline:
    """The mask's outline; a MatchError says whose mask it is."""
    try:
        return sample_outline(mask, config.points, rng, config.min_outline_px)
    except MatchError as error:
        raise MatchError(error.code, f"{whose}: {error}") from error


def match_outlines(source: Outline, target: Outline, config: ShapeContextConfig) -> Match:
    """Alternate between assigning points by their shape contexts and bending the source onto the target."""
    moved, steps, frame = source, [], BendFrame.of(source)
    source_counted = target_counted = np.ones(config.points, bool)  # unmatched points are left out of the histograms
    target_bins, _ = log_polar_bins(target.points, config)
    for iteration in range(config.iterations):
        source_bins, scale = log_polar_bins(moved.points, config)
        shape = chi_square(
            histograms(source_bins, source_counted, config), histograms(target_bins, target_counted, config)
        )
        turn = tangent_cost(moved.tangents, target.tangents)
        rows, columns = assign((1 - config.orientation_weight) * shape + config.orientation_weight * turn, config)
        source_counted, target_counted = _flags(rows, config.points), _flags(columns, config.points)
        smoothing = config.smoothing if iteration else config.first_smoothing
        spline = frame.fit(rows, target.points[columns], smoothing * scale**2)
        steps.append(Step(rows, columns, spline, scale))
        moved = frame.bend(rows, spline)
    return Match(source, target, steps)


def log_polar_bins(points: Array, config: ShapeContextConfig) -> tuple[NDArray[np.intp], float]:
    """Each point's bin in each other point's log-polar histogram, and the mean distance that sets its radii.

    Returns ((N,N) in 0..K, px); bin K is for points beyond the outer radius.
    """
    x, y = (points[None, :, axis] - points[:, None, axis] for axis in (0, 1))  # [i, j] = from i to j
    distance = np.sqrt(x * x + y * y)
    scale = float(distance.mean())
    ratio = config.outer_radius / config.inner_radius
    radii = [config.inner_radius * ratio ** (k / max(1, config.radial_bins - 1)) for k in range(config.radial_bins)]
    radial = np.zeros(distance.shape, np.intp)
    for radius in radii:
        radial += distance >= radius * scale
    angular = np.floor(np.arctan2(y, x) * (config.angular_bins / (2 * np.pi))).astype(np.intp) % config.angular_bins
    outside = radial == config.radial_bins
    return np.where(outside, config.radial_bins * config.angular_bins, radial * config.angular_bins + angular), scale


def histograms(bins: NDArray[np.intp], counted: NDArray[np.bool_], config: ShapeContextConfig) -> NDArray[np.float32]:
    """Normalised histograms (N,K) of the counted points around every point."""
    num_bins = config.radial_bins * config.angular_bins
    flat = bins + np.arange(len(bins))[:, None] * (num_bins + 1)
    counts = np.bincount(flat[:, counted].ravel(), minlength=len(bins) * (num_bins + 1))
    kept = counts.reshape(len(bins), num_bins + 1)[:, :num_bins].astype(np.float32)
    return kept / np.maximum(kept.sum(axis=1, keepdims=True), 1)


def chi_square(a: NDArray[np.float32], b: NDArray[np.float32]) -> NDArray[np.float32]:
    """Half the chi-square distance, 1/2 sum_k (a_k - b_k)^2 / (a_k + b_k), of rows of (N,K) and (M,K): (N,M) in [0,1].

    Written as 2 sum_k a_k^2 / (a_k + b_k) + (sum b - 3 sum a) / 2, whose sum needs only the bins that a fills: about
    three in ten, which makes it three times as fast.
    """
    columns = np.ascontiguousarray(b.T)  # (K, M)
    distance = np.empty((len(a), len(b)), np.float32)
    for row, out in zip(a, distance, strict=True):
        (filled,) = row.nonzero()
        values, share = row[filled], columns[filled]
        share += values[:, None]
        np.matmul(values * values, np.reciprocal(share, out=share), out=out)
    return 2 * distance + (b.sum(axis=1) - 3 * a.sum(axis=1)[:, None]) / 2


def tangent_cost(a: Array, b: Array) -> Array:
    """How far tangents (N,) and (M,) point apart, (1 - cos) / 2, (N,M) in [0,1]; opposite ones cost 1."""
    return 0.5 - 0.5 * (np.outer(np.cos(a), np.cos(b)) + np.outer(np.sin(a), np.sin(b)))


def assign(cost: Array, config: ShapeContextConfig) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """The cheapest one-to-one assignment in which up to a share of points may take a dummy instead."""
    n = len(cost)
    padded = np.full((n + round(n * config.dummy_fraction),) * 2, config.dummy_cost)
    padded[:n, :n] = cost
    rows, columns = linear_sum_assignment(padded)
    real = (rows < n) & (columns < n)
    return rows[real], columns[real]


class BendFrame(NamedTuple):
    """What every round needs of the source outline alone, computed once: all logarithms of the splines are here."""

    points: Tensor  # (N, 2)
    directions: Tensor  # (N, 2) unit tangents
    gram: Tensor  # (N, N) kernel between the points
    slope: Tensor  # (N, N) its derivative along the first point's tangent

    @classmethod
    def of(cls, outline: Outline) -> BendFrame:
        points = torch.from_numpy(outline.points)
        tangents = torch.from_numpy(outline.tangents)
        directions = torch.stack([tangents.cos(), tangents.sin()], dim=1)
        offset = points[:, None] - points  # (N, N, 2)
        logs = offset.square().sum(-1).clamp(min=1e-300).log()
        along = (offset * directions[:, None]).sum(-1)
        return cls(points, directions, kernel(points[None], points[None])[0], 2 * along * (1 + logs))

    def fit(self, rows: NDArray[np.intp], target: Array, smoothing: float) -> ThinPlateSpline:
        """The spline from the points at `rows` to `target` (P,2)."""
        chosen = torch.from_numpy(rows)
        gram = self.gram[chosen][:, chosen][None]
        return _spline(self.points[chosen], torch.from_numpy(target), smoothing, gram)

    def bend(self, rows: NDArray[np.intp], spline: ThinPlateSpline) -> Outline:
        """The outline after a spline with its knots at `rows`; tangents turn with it."""
        chosen, weights, affine = torch.from_numpy(rows), spline.bend[0], spline.affine[0]
        points = affine[0] + self.points @ affine[1:] + self.gram[:, chosen] @ weights
        ahead = self.directions @ affine[1:] + self.slope[:, chosen] @ weights
        return Outline(points.numpy(), torch.atan2(ahead[:, 1], ahead[:, 0]).numpy())


def fit_between(source: Array, target: Array, smoothing: float) -> ThinPlateSpline:
    """The spline from (P,2) to (P,2) as a batch of one; raises MatchError with code `few_matches`."""
    return _spline(torch.from_numpy(source), torch.from_numpy(target), smoothing)


def _spline(source: Tensor, target: Tensor, smoothing: float, gram: Tensor | None = None) -> ThinPlateSpline:
    message = f"{len(source)} matched points do not determine a spline"
    if len(source) < 3:
        raise MatchError("few_matches", message)
    try:
        return ThinPlateSpline.fit(source[None], target[None], smoothing, gram)
    except torch.linalg.LinAlgError as error:  # type: ignore[attr-defined]
        raise MatchError("few_matches", message) from error


def _flags(indices: NDArray[np.intp], length: int) -> NDArray[np.bool_]:
    flags = np.zeros(length, bool)
    flags[indices] = True
    return flags
