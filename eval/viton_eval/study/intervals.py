"""How sure a share of votes is: if votes were independent, and as they are, alike by rater and by pair."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.stats import binomtest
from scipy.stats import t as student

FEWEST = 2  # raters, and pairs, for a clustered interval


class Share(NamedTuple):
    """A share with its 95% interval; NaN where there are too few clusters."""

    value: float
    low: float
    high: float


def wilson(wins: float, votes: int) -> Share:
    """Wilson's interval, for independent votes; a tie is half a win, and counts are rounded to whole ones."""
    if votes == 0:
        return Share(np.nan, np.nan, np.nan)
    found = binomtest(round(wins), votes).proportion_ci(0.95, "wilson")
    return Share(wins / votes, float(found.low), float(found.high))


def clustered(value: float, parts: Sequence[float], raters: Sequence[str], pairs: Sequence[str]) -> Share:
    """A share's 95% interval when raters and pairs are both drawn anew; NaN for fewer than two of either.

    value: the share, in [0,1].   parts: (n,) what each vote adds to the share's error, its influence, with sum 0.

    The variance is that of drawing raters anew, plus that of drawing pairs, less that of drawing votes, which both
    count (Cameron, Gelbach and Miller 2011: the limit of three bootstraps), never less than the latter. On the
    log-odds, so that it stays in (0,1); Student's t with a degree less than there are raters, or pairs if fewer.
    """
    spread, degrees = clustered_error(parts, raters, pairs)
    if not np.isfinite(spread):
        return Share(value, np.nan, np.nan)
    if spread == 0 or not 0 < value < 1:  # all votes alike: one lost vote more or less is all that can be said
        return Share(value, *_rule_of_few(value, degrees + 1))
    odds, reach = np.log(value / (1 - value)), student.ppf(0.975, degrees) * spread / (value * (1 - value))
    low, high = 1 / (1 + np.exp(-(odds + np.array([-reach, reach]))))
    return Share(value, float(low), float(high))


def clustered_error(parts: Sequence[float], raters: Sequence[str], pairs: Sequence[str]) -> tuple[float, int]:
    """Standard error, and degrees of freedom, of what is the sum of `parts`; NaN for fewer than two raters or pairs."""
    given = np.asarray(parts, np.float64)
    sums = [_sums(given, clusters) for clusters in (raters, pairs)]
    fewest = min(len(each) for each in sums)
    if fewest < FEWEST:
        return np.nan, 0
    by_rater, by_pair = (len(each) / (len(each) - 1) * float((each**2).sum()) for each in sums)
    alone = float((given**2).sum())
    return float(np.sqrt(max(by_rater + by_pair - alone, alone))), fewest - 1


def _sums(values: NDArray[np.float64], clusters: Sequence[str]) -> NDArray[np.float64]:
    names, member = np.unique(np.asarray(clusters, dtype=str), return_inverse=True)
    return np.bincount(member, values, len(names)).astype(np.float64)


def _rule_of_few(value: float, clusters: int) -> tuple[float, float]:
    """Wilson's interval of as many votes as there are raters, or pairs if fewer: all that agree as one."""
    found = wilson(value * clusters, clusters)
    return found.low, found.high
