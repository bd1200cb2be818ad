"""Do raters say the same? Raw agreement, and Krippendorff's alpha, which takes chance off."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from typing import NamedTuple

import numpy as np
import pandas as pd

from viton_eval.study.votes import TIE


class Agreement(NamedTuple):
    """Of comparisons with two votes or more."""

    comparisons: int
    votes: int
    raw: float  # chance that two votes on one comparison are alike; NaN where there is none
    alpha: float  # 1: always, 0: as by chance; NaN where there is none, or all votes are alike


def agreement(votes: pd.DataFrame, methods: Sequence[str]) -> Agreement:
    """How far votes on the same comparison agree.

    A vote's value is whether it prefers the one of the two that the study names first: sides and names do not count.
    """
    place = {method: number for number, method in enumerate(methods)}
    ahead = [left if place[left] < place[right] else right for left, right in votes[["left", "right"]].to_numpy()]
    values = np.where(votes["answer"] == TIE, TIE, np.where(votes["winner"] == ahead, "first", "second"))
    units = [list(values[places]) for places in votes.groupby("comparison").indices.values()]
    several = [unit for unit in units if len(unit) > 1]
    return Agreement(len(several), sum(map(len, several)), raw_agreement(units), nominal_alpha(units))


def nominal_alpha(units: Sequence[Sequence[Hashable]]) -> float:
    """Krippendorff's alpha for names (2011), of any number of values a unit; units of one value are left out."""
    counts = _counts(units)
    total = counts.sum()
    if not total:
        return float("nan")
    observed, expected = 1 - _alike(counts), 1 - (counts.sum(0) * (counts.sum(0) - 1)).sum() / (total * (total - 1))
    return float(1 - observed / expected) if expected > 0 else float("nan")


def raw_agreement(units: Sequence[Sequence[Hashable]]) -> float:
    """The chance that two values of a unit are alike, each unit by how many values it has."""
    counts = _counts(units)
    return _alike(counts) if counts.sum() else float("nan")


def _counts(units: Sequence[Sequence[Hashable]]) -> np.ndarray:
    """How often each value stands in each unit of two values or more, (units, values)."""
    several = [unit for unit in units if len(unit) > 1]
    known = {value: number for number, value in enumerate(dict.fromkeys(value for unit in several for value in unit))}
    counts = np.zeros((len(several), len(known)))
    for row, unit in enumerate(several):
        for value in unit:
            counts[row, known[value]] += 1
    return counts


def _alike(counts: np.ndarray) -> float:
    sizes = counts.sum(1)
    return float((((counts * (counts - 1)).sum(1)) / (sizes - 1)).sum() / sizes.sum())
