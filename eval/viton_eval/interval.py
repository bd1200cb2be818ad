"""Intervals for means and medians over pairs that share people and garments."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import lru_cache
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

DRAWS = 2000  # of people and garments
FEWEST = 8  # pairs: intervals drawn from fewer are too narrow to decide anything


class Mean(NamedTuple):
    """A mean, or a median, with its 95% interval."""

    value: float
    low: float
    high: float
    n: int

    def __str__(self) -> str:
        return f"{self.value:.3f} [{self.low:.3f}, {self.high:.3f}] (n = {self.n})"


def decides(found: Mean) -> bool:
    """Whether an interval, of FEWEST pairs or more, excludes zero."""
    return (found.low > 0 or found.high < 0) and found.n >= FEWEST


def mean_interval(
    values: Sequence[float], people: Sequence[str], garments: Sequence[str], seed: int = 0, draws: int = DRAWS
) -> Mean:
    """The mean and its 95% interval when people and garments are both drawn anew (Owen's pigeonhole bootstrap).

    values, people, garments: one entry a pair.  A pair counts as often as its person was drawn times its garment was.
    """
    low, high = np.quantile(drawn_means(values, people, garments, seed, draws), [0.025, 0.975])
    return Mean(float(np.mean(np.asarray(values, np.float64))), float(low), float(high), len(values))


def drawn_means(
    values: Sequence[float], people: Sequence[str], garments: Sequence[str], seed: int = 0, draws: int = DRAWS
) -> NDArray[np.float64]:
    """The mean of each draw in which a pair is left, at most (draws,); ValueError for no values."""
    weights = drawn_weights(tuple(people), tuple(garments), seed, draws)
    return np.asarray((weights @ np.asarray(values, np.float64)) / weights.sum(axis=1))


def median_interval(
    values: Sequence[float], people: Sequence[str], garments: Sequence[str], seed: int = 0, draws: int = DRAWS
) -> Mean:
    """The median and its 95% interval, by the same draws; of an even count the mean of the middle two."""
    order = np.argsort(np.asarray(values, np.float64), kind="stable")
    data = np.asarray(values, np.float64)[order]
    weights = drawn_weights(tuple(people), tuple(garments), seed, draws)[:, order]
    reached, half = weights.cumsum(axis=1), weights.sum(axis=1, keepdims=True) / 2
    lower, upper = (reached >= half).argmax(axis=1), (reached > half).argmax(axis=1)
    low, high = np.quantile((data[lower] + data[upper]) / 2, [0.025, 0.975])
    return Mean(float(np.median(data)), float(low), float(high), len(data))


@lru_cache(maxsize=2)  # a table asks for the same pairs once a measure; of 2,000 pairs it is 31 MiB
def drawn_weights(people: tuple[str, ...], garments: tuple[str, ...], seed: int, draws: int) -> NDArray[np.float64]:
    """How often each pair occurs in each draw, (draws, pairs) read-only, without draws in which no pair is left."""
    kept = np.concatenate(list(weights_by_part(people, garments, seed, draws, draws)))
    kept.flags.writeable = False  # every caller gets the same
    return kept


def weights_by_part(
    people: Sequence[str], garments: Sequence[str], seed: int, draws: int, at_once: int
) -> Iterator[NDArray[np.float64]]:
    """The very rows of `drawn_weights`, at most `at_once` at a time: of very many pairs they would fill the memory.

    Raises ValueError for no pairs.
    """
    if not len(people):
        raise ValueError("interval: expected at least one value, got none")
    rng, drawn = np.random.default_rng(seed), []
    for clusters in (people, garments):
        names, member = np.unique(np.asarray(clusters), return_inverse=True)
        drawn.append((rng.multinomial(len(names), np.full(len(names), 1 / len(names)), size=draws), member))
    for start in range(0, draws, at_once):
        weights = np.ones((min(at_once, draws - start), len(people)))
        for counts, member in drawn:
            weights *= counts[start : start + at_once, member]
        yield weights[weights.sum(axis=1) > 0]
