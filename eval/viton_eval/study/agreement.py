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
    alpha: float  # 1: always, 0: as by chance; NaN where there is none, or all votes are ties


def agreement(votes: pd.DataFrame) -> Agreement:
    """How far votes on the same comparison agree; sides, names and the order of methods do not count.

    Raw agreement is Krippendorff's, by comparison. What chance makes alike is not taken from how often "the first" of
    two methods won, for which is first is a matter of naming: it is a tie as often as there are ties, and otherwise a
    fair coin between the two methods, which is what all comparisons make when each is coded both ways. So raters who
    agree because one method is better everywhere do agree.
    """
    ties = (votes["answer"] == TIE).to_numpy()
    values = np.where(ties, TIE, votes["winner"])
    places = [unit for unit in votes.groupby("comparison").indices.values() if len(unit) > 1]
    units = [list(values[unit]) for unit in places]
    tied = int(sum(ties[unit].sum() for unit in places))
    raw, total = raw_agreement(units), sum(map(len, units))
    return Agreement(len(units), total, raw, _above_chance(raw, _coin(tied, total)))


def _coin(tied: int, total: int) -> float:
    """The chance that two of all votes, not on the same comparison, are alike if a fair coin says which method."""
    decided = total - tied
    return (tied * (tied - 1) + decided * (decided - 1) / 2) / (total * (total - 1)) if total > 1 else float("nan")


def nominal_alpha(units: Sequence[Sequence[Hashable]]) -> float:
    """Krippendorff's alpha for names (2011), of any number of values a unit; units of one value are left out."""
    counts = _counts(units)
    total = counts.sum()
    if not total:
        return float("nan")
    return _above_chance(_alike(counts), float((counts.sum(0) * (counts.sum(0) - 1)).sum() / (total * (total - 1))))


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


def _above_chance(alike: float, by_chance: float) -> float:
    """1 where all are alike, 0 where as many are as by chance; NaN where chance makes all alike."""
    return 1 - (1 - alike) / (1 - by_chance) if by_chance < 1 else float("nan")


def _alike(counts: np.ndarray) -> float:
    sizes = counts.sum(1)
    return float((((counts * (counts - 1)).sum(1)) / (sizes - 1)).sum() / sizes.sum())
