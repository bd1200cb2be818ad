"""Who is preferred: each method against each, and against the pool of all others, as in the paper's Table 1."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import combinations

import numpy as np
import pandas as pd
from scipy.stats import binomtest

from viton_eval.holm import holm
from viton_eval.study.clustered import estimate
from viton_eval.study.intervals import wilson
from viton_eval.study.votes import TIE


def points(votes: pd.DataFrame, method: str) -> pd.Series:
    """What a method got of each vote that it took part in: 1, 0, or 0.5 of a tie."""
    return pd.Series(np.where(votes["answer"] == TIE, 0.5, (votes["winner"] == method) * 1.0), index=votes.index)


def between(votes: pd.DataFrame, one: str, other: str) -> pd.DataFrame:
    """The votes on one method beside another."""
    sides = (votes["left"] == one) & (votes["right"] == other) | (votes["left"] == other) & (votes["right"] == one)
    return votes[sides]


def pair_names(votes: pd.DataFrame) -> list[str]:
    """Who wears what, of each vote: what votes are alike by, beside their raters."""
    return (votes["person"] + "\n" + votes["clothing"]).tolist()


def win_rates(votes: pd.DataFrame, methods: Sequence[str]) -> pd.DataFrame:
    """A row a method: its share of votes against the others, both intervals, and the clustered test, adjusted by Holm.

    The share is the mean over opponents of the share against each, which is the share of trials won where all pairs of
    methods have equally many votes, as the design has them; so the shares of all methods sum to half their number
    whatever is missing, as long as every two have a vote. The test is of a share of one half, the mean of all methods,
    adjusted over all methods; of two methods both rows are one test, which is left as it is.
    """
    rows = []
    for method in methods:
        shown = [between(votes, method, other) for other in methods if other != method]
        own = pd.concat(shown) if shown else votes[:0]
        won, against = points(own, method), own["left"].where(own["left"] != method, own["right"]).tolist()
        near, plain = estimate(won.tolist(), *_clusters(own), against), wilson(float(won.sum()), len(own))
        told = (near.value, near.low, near.high, plain.low, plain.high, len(own), len(set(against)))
        rows.append((method, *told, near.p, np.nan))
    columns = ["method", "value", "low", "high", "wilson_low", "wilson_high", "n", "opponents"]
    table = pd.DataFrame(rows, columns=[*columns, "clustered_p", "clustered_p_holm"])
    if len(methods) == 2:
        return table.assign(clustered_p_holm=table["clustered_p"])
    return _with_holm(table, "clustered_p")


def pairwise(votes: pd.DataFrame, methods: Sequence[str]) -> pd.DataFrame:
    """A row a pair of methods: how often the first was preferred, intervals, and two tests, each adjusted by Holm.

    The clustered test leads: a share of one half, for other raters and other pairs, as planning has it; it and the
    interval beside it are one (viton_eval.study.clustered), NaN for fewer than two of either. The sign test's unit is a
    person in a garment: on how many of them most raters preferred the first (pairs with as many votes on either side
    are left out). It asks about these raters alone: where they are few, it finds differences that others would not see.
    """
    rows = []
    for one, other in combinations(methods, 2):
        shown = between(votes, one, other)
        won, ties = points(shown, one), int((shown["answer"] == TIE).sum())
        near, plain = estimate(won.tolist(), *_clusters(shown)), wilson(float(won.sum()), len(shown))
        told = (near.value, near.low, near.high, plain.low, plain.high, len(shown), ties, near.p, np.nan)
        rows.append((one, other, *told, *_signs(won, pair_names(shown)), np.nan))
    columns = ["method", "other", "value", "low", "high", "wilson_low", "wilson_high", "n", "ties"]
    tests = ["clustered_p", "clustered_p_holm", "pairs_for", "pairs_against", "sign_p", "sign_p_holm"]
    return _with_holm(_with_holm(pd.DataFrame(rows, columns=[*columns, *tests]), "clustered_p"), "sign_p")


def _clusters(votes: pd.DataFrame) -> tuple[list[str], list[str]]:
    """What votes are alike by: their raters, and who wears what."""
    return votes["rater"].tolist(), pair_names(votes)


def _with_holm(table: pd.DataFrame, test: str) -> pd.DataFrame:
    """With p-values adjusted over all rows that have one."""
    known = table[test].notna()
    table.loc[known, f"{test}_holm"] = holm(table.loc[known, test].tolist())
    return table


def _signs(won: pd.Series, pairs: Sequence[str]) -> tuple[int, int, float]:
    """Pairs that most raters preferred the first, and the second, on, and the two-sided p of a fair coin."""
    majority = won.groupby(np.asarray(pairs, dtype=str)).mean() if len(won) else won
    for_one, for_other = int((majority > 0.5).sum()), int((majority < 0.5).sum())
    decided = for_one + for_other
    return for_one, for_other, float(binomtest(for_one, decided).pvalue) if decided else np.nan
