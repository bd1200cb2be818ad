"""Who is preferred: each method against each, and against the pool of all others, as in the paper's Table 1."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import combinations

import numpy as np
import pandas as pd
from scipy.stats import binomtest

from viton_eval.holm import holm
from viton_eval.study.clustered import share_and_p
from viton_eval.study.intervals import FEWEST, clustered, wilson
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
    """A row a method: its share of votes against the others, with both intervals.

    The share is the mean over opponents of the share against each, which is the share of trials won where all pairs of
    methods have equally many votes, as the design has them; so the shares of all methods sum to half their number
    whatever is missing, as long as every two have a vote.
    """
    rows = []
    for method in methods:
        found = {other: between(votes, method, other) for other in methods if other != method}
        against = {other: shown for other, shown in found.items() if len(shown)}
        own = pd.concat(list(against.values())) if against else votes[:0]
        rates = {other: float(points(shown, method).mean()) for other, shown in against.items()}
        value = float(np.mean(list(rates.values()))) if rates else np.nan
        opponents = own["left"].where(own["left"] != method, own["right"])
        sizes = opponents.map({other: len(shown) for other, shown in against.items()}).to_numpy(np.float64)
        expected = opponents.map(rates).to_numpy(np.float64)
        parts = (points(own, method).to_numpy() - expected) / (sizes * max(1, len(rates)))
        near = clustered(value, parts.tolist(), own["rater"].tolist(), pair_names(own))
        plain = wilson(float(points(own, method).sum()), len(own))
        rows.append((method, value, near.low, near.high, plain.low, plain.high, len(own), len(rates)))
    columns = ["method", "value", "low", "high", "wilson_low", "wilson_high", "n", "opponents"]
    return pd.DataFrame(rows, columns=columns)


def pairwise(votes: pd.DataFrame, methods: Sequence[str]) -> pd.DataFrame:
    """A row a pair of methods: how often the first was preferred, intervals, and two tests, each adjusted by Holm.

    The clustered test leads: a share of one half, for other raters and other pairs, as planning has it (share_and_p);
    NaN for fewer than two of either. The sign test's unit is a person in a garment: on how many of them most raters
    preferred the first (pairs with as many votes on either side are left out). It asks about these raters alone: where
    they are few, it finds differences that others would not see.
    """
    rows = []
    for one, other in combinations(methods, 2):
        shown = between(votes, one, other)
        won = points(shown, one)
        value = float(won.mean()) if len(shown) else np.nan
        parts = ((won - value) / max(1, len(shown))).tolist()
        near = clustered(value, parts, shown["rater"].tolist(), pair_names(shown))
        plain, p = wilson(float(won.sum()), len(shown)), _clustered_p(won, shown["rater"].tolist(), pair_names(shown))
        ties = int((shown["answer"] == TIE).sum())
        told = (near.low, near.high, plain.low, plain.high)
        rows.append((one, other, value, *told, len(shown), ties, p, np.nan, *_signs(won, pair_names(shown)), np.nan))
    columns = ["method", "other", "value", "low", "high", "wilson_low", "wilson_high", "n", "ties"]
    tests = ["clustered_p", "clustered_p_holm", "pairs_for", "pairs_against", "sign_p", "sign_p_holm"]
    table = pd.DataFrame(rows, columns=[*columns, *tests])
    for test in ("clustered_p", "sign_p"):
        known = table[test].notna()
        table.loc[known, f"{test}_holm"] = holm(table.loc[known, test].tolist())
    return table


def _clustered_p(won: pd.Series, raters: Sequence[str], pairs: Sequence[str]) -> float:
    """The two-sided p of a share of one half; NaN for fewer than two raters or pairs."""
    groups = [np.unique(np.asarray(one, dtype=str), return_inverse=True)[1].astype(np.intp) for one in (raters, pairs)]
    if min(len(set(one.tolist())) for one in groups) < FEWEST:
        return np.nan
    return float(share_and_p(won.to_numpy(np.float64)[None], *groups)[1][0])


def _signs(won: pd.Series, pairs: Sequence[str]) -> tuple[int, int, float]:
    """Pairs that most raters preferred the first, and the second, on, and the two-sided p of a fair coin."""
    majority = won.groupby(np.asarray(pairs, dtype=str)).mean() if len(won) else won
    for_one, for_other = int((majority > 0.5).sum()), int((majority < 0.5).sum())
    decided = for_one + for_other
    return for_one, for_other, float(binomtest(for_one, decided).pvalue) if decided else np.nan
