"""The sentence for a paper: how many were asked what, who was preferred, and how sure that is."""

from __future__ import annotations

import numpy as np
import pandas as pd

from viton_eval.study.frozen import Study
from viton_eval.study.votes import TIE


def number_of(count: int, name: str) -> str:
    """So many of what is counted, `name` of one: 1 vote, 2 votes."""
    return f"{count} {name}{'s' * (count != 1)}"


def sentence_of(
    study: Study, counted: pd.DataFrame, everything: pd.DataFrame, rates: pd.DataFrame, left_out: int
) -> str:
    """Of the votes that count, or, where none is left, of all.   left_out: how many raters are."""
    if not len(counted):
        return (
            f"No answers left: of {_asked(study, everything)} none is counted; {_were(left_out)} left out by rules "
            "fixed beforehand, and late answers where the rules say so."
        )
    comparisons = number_of(counted["comparison"].nunique(), "comparison")
    best = rates.dropna(subset="value").sort_values("value", ascending=False, kind="stable").iloc[0]
    return (
        f"In {_asked(study, counted)} on {comparisons} ({len(study.methods)} methods, {study.design['mode']}), "
        f"{best['method']} was preferred in {_won(best, len(study.methods))}; {_were(left_out)} left out by "
        "rules fixed beforehand."
    )


def _asked(study: Study, votes: pd.DataFrame) -> str:
    """How many votes of how many, and how many of them are ties where these were allowed."""
    told = f"{number_of(len(votes), 'two-alternative vote')} of {number_of(votes['rater'].nunique(), 'rater')}"
    if not study.settings.ties:
        return told
    return f"{told} (ties allowed, each half a vote for both: {int((votes['answer'] == TIE).sum())})"


def _won(best: pd.Series, methods: int) -> str:
    share = f"{100 * best['value']:.1f}%"
    if not np.isfinite(best["low"]):
        return f"{share} of its trials against the others (no interval: fewer than two raters or pairs)"
    interval = f"[{100 * best['low']:.1f}, {100 * best['high']:.1f}]"
    holm = f" after Holm's adjustment over {methods} methods" if methods > 2 else ""
    return (
        f"{share} {interval} of its trials against the others (95% interval clustered by rater and pair, "
        f"of this method alone, not adjusted for its being the best; chance 50%, "
        f"p = {best['clustered_p_holm']:.2g} by the same{holm})"
    )


def _were(raters: int) -> str:
    return "1 rater was" if raters == 1 else f"{raters or 'no'} raters were"
