"""All methods on one scale: Bradley-Terry strengths of votes, with intervals by drawing raters and pairs anew."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import pandas as pd

from viton_eval.interval import weights_by_part
from viton_eval.study.bradley_terry import Array, groups, is_bounded, strengths
from viton_eval.study.clustered import FEWEST
from viton_eval.study.votes import TIE
from viton_eval.study.win_rates import pair_names

AT_ONCE = 2_000_000  # votes that are drawn at a time: 16 MB, and some copies of it


def bradley_terry_table(votes: pd.DataFrame, methods: Sequence[str], seed: int, draws: int) -> pd.DataFrame:
    """A row a method: its strength, log-odds with mean 0, and a 95% interval; NaN where votes do not link all methods.

    Raters and pairs are drawn anew (pigeonhole bootstrap: too wide with many raters who agree, too narrow with fewer
    than five); with fewer than two raters or pairs there is no interval.
    """
    marks = _Marks.of(votes, methods)
    wins, ties = (each[0] for each in marks.counted(np.ones((1, len(votes)))))
    linked = groups(wins + ties) == 1
    few = min(votes["rater"].nunique(), len(set(pair_names(votes)))) < FEWEST
    value = low = high = np.full(len(methods), np.nan)
    with_ties = bool(ties.any())
    if linked and len(votes):
        value = strengths(wins, ties if with_ties else None)
    if linked and not few:
        part = max(1, AT_ONCE // len(votes))
        weights = weights_by_part(votes["rater"].tolist(), pair_names(votes), seed, draws, part)
        drawn = [strengths(won, tied if with_ties else None) for won, tied in map(marks.counted, weights)]
        low, high = np.quantile(np.concatenate(drawn), [0.025, 0.975], 0)
    bounded = linked and is_bounded(wins + ties)
    notes = [] if bounded else ["a ridge alone keeps it finite" if linked else "no votes link all methods"]
    notes += [f"no interval: fewer than {FEWEST} raters or pairs"] if linked and few else []
    return pd.DataFrame({"method": methods, "value": value, "low": low, "high": high, "note": "; ".join(notes)})


class _Marks(NamedTuple):
    """Who won each vote, or tied in it."""

    wins: Array  # (n,M*M): 1 where the row's method beat the column's; of a tie all 0
    ties: Array  # (n,M*M): the same of ties, either way round

    @classmethod
    def of(cls, votes: pd.DataFrame, methods: Sequence[str]) -> _Marks:
        place, count = {method: number for number, method in enumerate(methods)}, len(methods)
        left, right = (votes[side].map(place).to_numpy(np.intp) for side in ("left", "right"))
        tied = (votes["answer"] == TIE).to_numpy()[:, None]
        cells = np.eye(count * count)
        won = cells[np.where(votes["answer"] == "left", left * count + right, right * count + left)]
        return cls(won * ~tied, (cells[left * count + right] + cells[right * count + left]) * tied)

    def counted(self, weights: Array) -> tuple[Array, Array]:
        """How often each beat each, and tied, (draws,M,M), of votes counted as often as `weights` (draws,n) says."""
        count = math.isqrt(self.wins.shape[1])
        wins, ties = ((weights @ each).reshape(-1, count, count) for each in (self.wins, self.ties))
        return wins, ties
