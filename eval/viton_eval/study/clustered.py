"""Shares of votes that are alike by rater and by pair: how sure each is, and whether it is one half.

S studies of one design, n votes: one study as the analysis has it, or thousands at once as planning has them. Votes of
one rater resemble each other, and so do votes on one pair, so the variance is that of two-way clustering (Cameron,
Gelbach and Miller 2011): of drawing raters anew, plus that of drawing pairs, less that of drawing votes, which both
count. Votes are then worth as many independent ones as have that variance, never more than there are; interval and
p-value are Wilson's for so many, with Student's t in place of the normal. So the interval at a level holds one half
just where the p-value is above it.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.stats import t as student

Array = NDArray[np.float64]
Names = Sequence[str] | NDArray[Any]  # (n,) of each vote
FEWEST = 2  # raters, and pairs: one says nothing of others
LEVEL = 0.05


class Estimate(NamedTuple):
    """A share, its 95% interval, and the two-sided p-value of one half; NaN where there are too few clusters."""

    value: float
    low: float
    high: float
    p: float


class Clustered(NamedTuple):
    """Shares of votes in [0,1], (S,), and as how many independent votes each is as sure, (S,); NaN where not known."""

    share: Array
    worth: Array
    degrees: int  # of Student's t

    def p_values(self) -> Array:
        """Two-sided, of a share of one half, (S,)."""
        return np.asarray(2 * student.sf(2 * np.abs(self.share - 0.5) * np.sqrt(self.worth), self.degrees))

    def interval(self, level: float = LEVEL) -> tuple[Array, Array]:
        """Both ends, (S,) in [0,1]: all shares that the test does not refuse at a level; 95% by default."""
        reach = student.isf(level / 2, self.degrees) ** 2 / self.worth
        middle = (self.share + reach / 2) / (1 + reach)
        half = np.sqrt(reach * (self.share * (1 - self.share) + reach / 4)) / (1 + reach)
        return np.maximum(middle - half, 0), np.minimum(middle + half, 1)


def clustered(points: Array, raters: Names, pairs: Names, strata: Names = ()) -> Clustered:
    """The shares of votes won, and how sure they are.

    points: (S,n) in [0,1], 0.5 a tie.   raters, pairs: (n,) whose vote on what.   strata: (n,) against whom, or none;
    then the share is the mean over strata of the share in each, which are taken as given.

    Student's t has a degree less than there are raters, or pairs if fewer; with fewer than two of either nothing is
    known. Where all votes are alike nothing is seen of how raters differ, and they count as independent: more votes
    for one side are never less proof, but what few raters agree on, they may agree on because they are few.
    """
    votes = points.shape[1]
    if not votes:
        return Clustered(np.full(len(points), np.nan), np.full(len(points), np.nan), 0)
    clusters, (group, size) = (
        [_numbered(one) for one in (raters, pairs)],
        _numbered(strata if len(strata) else np.zeros(votes)),
    )
    counts = np.bincount(group)
    rates, weights = _sums(points, group, size) / counts, 1 / (counts[group] * size)
    share, parts, fewest = rates.mean(axis=1), (points - rates[:, group]) * weights, min(count for _, count in clusters)
    if fewest < FEWEST:
        return Clustered(share, np.full(len(points), np.nan), 0)
    alone = (parts**2).sum(axis=1)
    variance = sum((_sums(parts, *one) ** 2).sum(axis=1) * one[1] / (one[1] - 1) for one in clusters) - alone
    most = 1 / (weights**2).sum()  # votes, where every stratum has as many
    found = np.divide(share * (1 - share), variance, where=variance > 0, out=np.full(len(points), most))
    return Clustered(share, np.minimum(found, most), fewest - 1)


def estimate(points: Sequence[float] | Array, raters: Names, pairs: Names, strata: Names = ()) -> Estimate:
    """The same of one study: points (n,)."""
    found = clustered(np.asarray(points, np.float64)[None], raters, pairs, strata)
    return Estimate(*(float(one[0]) for one in (found.share, *found.interval(), found.p_values())))


def _numbered(names: Names) -> tuple[NDArray[np.intp], int]:
    """Which of the different names each is, from 0, and how many there are."""
    known, place = np.unique(np.asarray(names), return_inverse=True)
    return place, len(known)


def _sums(values: Array, group: NDArray[np.intp], count: int) -> Array:
    """Sums (S,count) of the columns of (S,n) by group."""
    order = np.argsort(group, kind="stable")
    starts = np.searchsorted(group[order], np.arange(count))
    return np.asarray(np.add.reduceat(values[:, order], starts, axis=1))
