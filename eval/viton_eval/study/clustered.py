"""Is a share of votes above one half? Of one study, as the analysis asks, or of thousands at once, as planning does.

S studies of one design, n votes. Votes of one rater resemble each other, and so do votes on one pair, so the variance
is that of two-way clustering (Cameron, Gelbach and Miller 2011): of raters, plus of pairs, less what both count. It is
the variance of the analysis's intervals (viton_eval.study.intervals), except where clustering shows none: there it is
taken for that of independent votes at a share of one half, which is what is tested, and there at the share found.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.stats import t as student

Array = NDArray[np.float64]
Places = NDArray[np.intp]


def share_and_p(wins: Array, raters: Places, pairs: Places) -> tuple[Array, Array]:
    """The share of votes won, (S,), and the two-sided p-value, (S,), of a share of one half.

    wins: (S,n) in [0,1], 0.5 a tie.   raters, pairs: (n,) whose vote on what.   The variance is never taken for less
    than that of as many independent votes; Student's t has a degree less than there are raters, or pairs if fewer.
    Raises ValueError for fewer than two raters or pairs.
    """
    groups = [np.unique(one, return_inverse=True)[1] for one in (raters, pairs)]
    counts = [int(one.max()) + 1 for one in groups]
    if min(counts) < 2:
        raise ValueError(f"share_and_p: expected two raters and two pairs or more, got {counts[0]} and {counts[1]}")
    share, votes = wins.mean(axis=1), wins.shape[1]
    apart = wins - share[:, None]
    by_group = [
        (_sums(apart, group, count) ** 2).sum(axis=1) * count / (count - 1)
        for group, count in zip(groups, counts, strict=True)
    ]
    clustered = (by_group[0] + by_group[1] - (apart**2).sum(axis=1)) / votes**2
    error = np.sqrt(np.maximum(clustered, 0.25 / votes))
    return share, 2 * student.sf(np.abs(share - 0.5) / error, min(counts) - 1)


def _sums(values: Array, group: Places, count: int) -> Array:
    """Sums (S,count) of the columns of (S,n) by group."""
    order = np.argsort(group, kind="stable")
    starts = np.searchsorted(group[order], np.arange(count))
    return np.asarray(np.add.reduceat(values[:, order], starts, axis=1))


def holm_by_row(p_values: Array) -> Array:
    """Each row of (S,m) adjusted as viton_eval.holm.holm does."""
    order = np.argsort(p_values, axis=1, kind="stable")
    steps = np.take_along_axis(p_values, order, axis=1) * np.arange(p_values.shape[1], 0, -1)
    adjusted = np.empty_like(p_values)
    np.put_along_axis(adjusted, order, np.minimum(1.0, np.maximum.accumulate(steps, axis=1)), axis=1)
    return adjusted
