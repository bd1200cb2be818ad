"""How well a thin-plate spline can do at all: the best one that knows the true map. N knots, M worn pixels, H, W.

The knots form a regular grid over the whole target picture, corner to corner, as those of the learned spline warps do.
Among all splines with these knots, the one fitted by least squares has the least root mean square error; no method that
warps with such a spline, however it was trained, has a lower one. (Its median is that of a spline which did not aim at
the median, so another may lie lower there.) It also sees only pixels that are truly worn, which no method is told.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import pandas as pd
import torch
from numpy.typing import NDArray
from torch import Tensor

from viton.coordinates import Size, pixel_grid
from viton.data.sample import Pair, Truth
from viton.tps import kernel
from viton.warp import Warped, iou, warp_sample
from viton_eval.experiment import Experiment
from viton_eval.interval import Mean, median_interval

GRIDS = (5, 10)  # knots a side: learned methods' usual one, and the finer one of the paper's code
RCOND = 1e-15  # singular values below this share of the largest are noise of float64
MEASURES = ("rms", "median", "mean", "95%")
NAME = "best spline {0}x{0}"
SHAPE_CONTEXT = "shape-context warp"


class Residual(NamedTuple):
    """End-point errors of one map over worn pixels, in product pixels."""

    rms: float
    median: float
    mean: float
    p95: float


def residual(found_px: NDArray[np.float64], true_px: NDArray[np.float64]) -> Residual:
    """The distances between (M,2) places on the product in four numbers; NaN where M is 0."""
    if not len(true_px):
        return Residual(*(float("nan"),) * 4)
    errors = np.linalg.norm(found_px - true_px, axis=1)
    quantiles = np.quantile(errors, [0.5, 0.95])
    return Residual(float(np.sqrt((errors**2).mean())), float(quantiles[0]), float(errors.mean()), float(quantiles[1]))


def knot_grid(number: int, size: Size) -> Tensor:
    """`number` x `number` knots from corner to corner of a picture, (N,2) px."""
    x, y = (torch.linspace(0, side - 1, number, dtype=torch.float64) for side in (size[1], size[0]))
    return torch.cartesian_prod(x, y)


def best_spline(map_px: NDArray[np.floating], number: int) -> NDArray[np.float64]:
    """Where the spline that is closest to a true map, in the mean square, takes the worn pixels: (M,2) product px.

    map_px: (H,W,2), NaN where nothing is worn.   number: knots a side.   Raises ValueError when nothing is worn.
    """
    target, source = worn_points(map_px)
    if not len(target):
        raise ValueError("best_spline: expected a map with worn pixels, got none")
    side = max(map_px.shape[:2])
    knots, points = knot_grid(number, map_px.shape[:2]) / side, target / side
    basis = torch.cat([kernel(points, knots) @ _bends(knots), torch.ones(len(points), 1), points], dim=1)  # (M, N)
    basis /= basis.norm(dim=0)
    # full rank, however badly conditioned: knots far from the garment cost weight, and a method may spend it
    weights = np.linalg.lstsq(basis.numpy(), source.numpy(), rcond=RCOND)[0]
    return np.asarray(basis.numpy() @ weights)


def worn_points(map_px: NDArray[np.floating]) -> tuple[Tensor, Tensor]:
    """(M,2) worn pixels and the places on the product that they show, both float64 px."""
    worn = torch.from_numpy(np.isfinite(map_px).all(axis=2).reshape(-1))
    source = torch.from_numpy(map_px.reshape(-1, 2).astype(np.float64))
    return pixel_grid(map_px.shape[:2])[worn], source[worn]


def floor_of(map_px: NDArray[np.floating], number: int) -> Residual:
    """What the best spline with `number` x `number` knots leaves of a true map (H,W,2), NaN where nothing is worn."""
    return residual(best_spline(map_px, number), worn_points(map_px)[1].numpy())


def residual_of_warp(warped: Warped, truth: Truth) -> tuple[Residual, float]:
    """The errors of a warp over the pixels that are garment in it and in truth, and its IoU with the worn region."""
    mask, worn = warped.mask[0, 0] > 0.5, torch.from_numpy(np.isfinite(truth.map_px).all(axis=2))
    both = (mask & worn).numpy()
    found_px, true_px = warped.source_px[0].numpy()[both], truth.map_px[both]
    return residual(found_px, true_px.astype(np.float64)), iou(mask, worn)


def floors(experiment: Experiment, pairs: Sequence[Pair]) -> pd.DataFrame:
    """The end-point errors of the best splines and of the shape-context warp, a row a pair and spline.

    IoU is the warp's alone: a spline fitted to worn pixels is free to take the rest of the product anywhere.
    """
    settings, label_map, seed = experiment.config.warp, experiment.data.label_map, experiment.config.seed
    rows: list[tuple[object, ...]] = []
    for pair in pairs:
        sample, truth = experiment.sample(pair), experiment.truth(pair)
        rows += [(*pair, NAME.format(n), *floor_of(truth.map_px, n), float("nan")) for n in GRIDS]
        errors, overlap = residual_of_warp(warp_sample(sample, settings, label_map, seed), truth)
        rows.append((*pair, SHAPE_CONTEXT, *errors, overlap))
    columns = ["person", "clothing", "spline", *(f"{name} (px)" for name in MEASURES), "IoU with the worn region"]
    return pd.DataFrame(rows, columns=columns)


def floor_table(rows: pd.DataFrame) -> pd.DataFrame:
    """The median over pairs of each measure with its 95% interval, a row a spline; "-" where nothing is known."""
    measures = list(rows.columns[3:])
    table = {
        str(name): {measure: str(_median(group, measure)) for measure in measures}
        for name, group in rows.groupby("spline", sort=False)
    }
    return pd.DataFrame.from_dict(table, orient="index")


def _median(rows: pd.DataFrame, column: str) -> Mean | str:
    known = rows.dropna(subset=[column])
    if known.empty:
        return "-"
    return median_interval(known[column].tolist(), known["person"].tolist(), known["clothing"].tolist())


def _bends(knots: Tensor) -> Tensor:
    """An orthonormal basis, (N, N-3), of the kernel weights of a spline that is affine far away."""
    affine = torch.cat([torch.ones(len(knots), 1), knots], dim=1)  # (N, 3)
    return torch.linalg.qr(affine, mode="complete").Q[:, 3:]
