"""Rank correlations with intervals from draws of people and garments. n pictures, d draws, m methods.

Spearman's, of midranks. NaN where one side does not vary.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import permutations

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.stats import rankdata

from viton_eval.interval import Mean, drawn_weights

Matrix = NDArray[np.float64]
LIKELY = 0.05  # two-sided
MOST_PERMUTED = 8  # methods whose orders are all gone through


def spearman(x: ArrayLike, y: ArrayLike) -> float:
    """The rank correlation of two lists of n finite numbers, in [-1,1]."""
    one, other = (np.asarray(values, np.float64)[None] for values in (x, y))
    return float(spearman_by_row(one, other)[0])


def spearman_by_row(x: Matrix, y: Matrix) -> Matrix:
    """The rank correlation of each row of (d,m) with that of the other, (d,); NaN where a row holds one."""
    return _correlation(rankdata(x, axis=1), rankdata(y, axis=1), np.ones(x.shape))  # rankdata hands NaN on


def drawn_spearman(x: ArrayLike, y: ArrayLike, weights: Matrix) -> Matrix:
    """The rank correlations (d,) of two lists of n, each entry as often in a draw as `weights` (d,n) says."""
    one, other = (_drawn_ranks(np.asarray(values, np.float64), weights) for values in (x, y))
    return _correlation(one, other, weights)


def spearman_interval(
    x: Sequence[float], y: Sequence[float], people: Sequence[str], garments: Sequence[str], seed: int = 0
) -> Mean:
    """The rank correlation over pairs with its 95% interval, people and garments drawn anew; NaN if nothing varies."""
    draws = drawn_spearman(x, y, drawn_weights(tuple(people), tuple(garments), seed, 2000))
    return interval_of(spearman(x, y), draws, len(x))


def interval_of(value: float, draws: Matrix, n: int) -> Mean:
    """A value with the 95% interval of its draws, those that are NaN left out."""
    known = draws[np.isfinite(draws)]
    low, high = np.quantile(known, [0.025, 0.975]) if len(known) else (np.nan, np.nan)
    return Mean(value, float(low), float(high), n)


def least_unlikely(methods: int) -> float | None:
    """The least correlation of so many methods that orders by chance reach, with its opposite, in under 5% of cases.

    None for so few methods that none is so rare.   Raises ValueError for more than 8, whose orders are too many.
    """
    if methods > MOST_PERMUTED:
        raise ValueError(f"methods: expected at most {MOST_PERMUTED}, got {methods}")
    order = np.arange(methods)
    found = np.array([abs(spearman(order, other)) for other in permutations(range(methods))])
    reached = [value for value in np.unique(found.round(9)) if (found.round(9) >= value).mean() < LIKELY]
    return float(min(reached)) if reached else None


def _drawn_ranks(values: Matrix, weights: Matrix) -> Matrix:
    """Midranks (d,n) of each entry among those of its draw."""
    distinct, member = np.unique(values, return_inverse=True)
    often = weights @ (member[:, None] == np.arange(len(distinct)))  # (d, distinct)
    return np.asarray((often.cumsum(axis=1) - often / 2)[:, member] + 0.5)


def _correlation(x: Matrix, y: Matrix, weights: Matrix) -> Matrix:
    """Pearson's of the rows of (d,n), weighted."""
    shares = weights / weights.sum(axis=1, keepdims=True)
    x, y = (values - (shares * values).sum(axis=1, keepdims=True) for values in (x, y))
    spread = np.sqrt((shares * x**2).sum(axis=1) * (shares * y**2).sum(axis=1))
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.where(spread > 1e-12, (shares * x * y).sum(axis=1) / spread, np.nan)
