"""Intervals for means over pairs that share people and garments."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np


class Mean(NamedTuple):
    """A mean with its 95% interval."""

    value: float
    low: float
    high: float
    n: int

    def __str__(self) -> str:
        return f"{self.value:.3f} [{self.low:.3f}, {self.high:.3f}] (n = {self.n})"


def mean_interval(
    values: Sequence[float], people: Sequence[str], garments: Sequence[str], seed: int = 0, draws: int = 2000
) -> Mean:
    """The mean and its 95% interval when people and garments are both drawn anew (Owen's pigeonhole bootstrap).

    values, people, garments: one entry a pair.  A pair counts as often as its person was drawn times its garment was.
    """
    if not len(values):
        raise ValueError("mean_interval: expected at least one value, got none")
    rng = np.random.default_rng(seed)
    data, weights = np.asarray(values, np.float64), np.ones((draws, len(values)))
    for clusters in (people, garments):
        names, member = np.unique(np.asarray(clusters), return_inverse=True)
        counts = rng.multinomial(len(names), np.full(len(names), 1 / len(names)), size=draws)
        weights *= counts[:, member]
    drawn = weights.sum(axis=1) > 0  # a draw in which no pair is left says nothing
    means = (weights[drawn] @ data) / weights[drawn].sum(axis=1)
    low, high = np.quantile(means, [0.025, 0.975])
    return Mean(float(data.mean()), float(low), float(high), len(data))
