"""What `viton-eval study plan` says: a table of sizes, the smallest that will do, and what plain planning would say."""

from __future__ import annotations

import json
from typing import Literal

import pandas as pd

from viton.errors import UsageError
from viton_eval.study.settings import StudySettings
from viton_eval.study.votes_needed import CLOSE, Needed, Size, Wanted, binomial_votes, in_all

HEADS = ("pairs", "votes each", "raters", "of each rater", "votes in all", "power", "95% of the simulation")


def told(wanted: Wanted, needed: Needed, form: Literal["text", "json", "settings"]) -> str:
    """What the command prints; raises UsageError where options are asked for and no size will do."""
    if form == "json":
        return json.dumps(as_json(wanted, needed), indent=1)
    if form == "settings":
        if needed.smallest is None:
            raise UsageError(f"--settings: {verdict(wanted, needed)}")
        return make_options(wanted, needed.smallest)
    table = table_of(needed).reset_index().to_string(index=False)
    lines = [question_of(wanted), tastes_of(wanted), table, verdict(wanted, needed)]
    return "\n".join([*lines, plain_planning(wanted, needed.smallest)])


def table_of(needed: Needed) -> pd.DataFrame:
    """Sizes for the eye, a row each, by the number of pairs."""
    rows = [
        (one.pairs, one.votes, one.raters, -(-one.asked // one.raters), one.asked, f"{one.power:.3f}",
         f"[{one.low:.3f}, {one.high:.3f}]")
        for one in needed.sizes
    ]  # fmt: skip
    return pd.DataFrame(rows, columns=list(HEADS)).set_index(HEADS[0])


def question_of(wanted: Wanted) -> str:
    """What is to be found, in a sentence."""
    better, worse = (round(100 * (0.5 + sign * wanted.difference), 6) for sign in (1, -1))
    tests = f"{wanted.couples} pairs of methods" if wanted.question == "pair" else f"{wanted.methods} win rates"
    what = (
        f"{better:g}% against {worse:g}% between two of {wanted.methods} methods, the others half-way"
        if wanted.question == "pair"
        else f"a win rate of {better:g}% of one of {wanted.methods} methods, the others alike"
    )
    holm = f", Holm over {tests}" if wanted.methods > 2 else ""
    return f"to find {what}, with power {wanted.power:g} at level {wanted.alpha:g}{holm}"


def tastes_of(wanted: Wanted) -> str:
    """By which raters."""
    tastes = wanted.tastes
    told = f"deviation of log-odds {tastes.rater_sd:g} over raters and {tastes.pair_sd:g} over pairs, for each method"
    told += f"; side bias {tastes.side_bias:g}" if tastes.side_bias else ""
    told += f"; {100 * tastes.careless:g}% careless, not left out" if tastes.careless else ""
    told += f"; ties (nu {tastes.tie:g}), half a vote each" if tastes.tie else ""
    return f"SIMULATED raters, {wanted.simulations} studies a size, seed {wanted.seed}: {told}"


def plain_planning(wanted: Wanted, smallest: Size | None) -> str:
    """What it takes where every vote is independent, and how much more was found to be needed."""
    one, all_tests = (in_all(wanted, binomial_votes(wanted, corrected)) for corrected in (False, True))
    of = "pair of methods" if wanted.question == "pair" else "method"
    told = f"plain binomial planning: {binomial_votes(wanted, False)} votes a {of} for one test, {one} in all"
    if wanted.methods > 2:
        told += f"; {binomial_votes(wanted)}, {all_tests} in all, with Bonferroni's correction"
    if smallest and None in (wanted.pairs, wanted.votes):
        told += f". Votes that resemble each other take {smallest.asked / all_tests:.1f} times as many as the last"
    return told


def verdict(wanted: Wanted, needed: Needed) -> str:
    """Which size will do."""
    smallest = needed.smallest
    if smallest is None:
        last = needed.sizes[-1]
        more = "pairs" if wanted.pairs is not None else "raters" if wanted.raters is not None else "votes"
        return f"none of these has power {wanted.power:g}, the last has {last.power:.3f}: it takes more {more}"
    near = f", to within {100 * (CLOSE - 1):.0f}%" if len(needed.sizes) > 1 else ""
    each = smallest.pairs * smallest.votes
    told = f"{smallest.pairs} pairs, {smallest.votes} votes on each comparison, {smallest.raters} raters"
    return f"the smallest that will do{near}: {told}; {each} votes on a pair of methods, {smallest.asked} in all"


def make_options(wanted: Wanted, size: Size) -> str:
    """The options of `viton-eval study make` that give the design."""
    settings = StudySettings(votes=size.votes, per_rater=size.per_rater, seed=wanted.seed, ties=wanted.tastes.tie > 0)
    told = f"--limit {size.pairs} --set votes={settings.votes} --set per_rater={settings.per_rater}"
    return told + (" --set ties=true" if settings.ties else "") + f" --seed {settings.seed}"


def as_json(wanted: Wanted, needed: Needed) -> dict[str, object]:
    """All of it for programs."""
    asked = wanted._asdict() | {"tastes": wanted.tastes._asdict()}
    return {
        "simulated": True,
        "asked": asked,
        "sizes": [size._asdict() for size in needed.sizes],
        "smallest": needed.smallest and needed.smallest._asdict(),
        "binomial": {"one_test": binomial_votes(wanted, False), "corrected": binomial_votes(wanted)},
        "make": make_options(wanted, needed.smallest) if needed.smallest else None,
    }
