"""An order of methods by their means, and which of its steps the pairs decide."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import NamedTuple

import pandas as pd

from viton_eval.interval import FEWEST, decides
from viton_eval.scores import KEY
from viton_eval.scores_table import difference

DECIDED, UNDECIDED = ">", "~"


class Order(NamedTuple):
    """Methods from best to worst by the means of the pairs that all have."""

    methods: tuple[str, ...]
    decided: tuple[bool, ...]  # of each step to the next method: its paired difference's interval excludes zero
    n: int  # pairs

    def __str__(self) -> str:
        signs = ["", *(f" {DECIDED if each else UNDECIDED} " for each in self.decided)]
        return "".join(sign + name for sign, name in zip(signs, self.methods, strict=True))


def order_of_methods(tables: Mapping[str, pd.DataFrame], metric: str, better: str) -> Order | None:
    """The order of some methods by one metric; None where they share no pair that knows it.

    tables: of each method KEY and the metric, a row a pair.   better: "less" or "more", as of MEASURES.   A step is
    decided by the 95% interval of the paired difference of its two methods, of FEWEST pairs or more.
    """
    known = {name: table[[*KEY, metric]].dropna() for name, table in tables.items()}
    common: pd.DataFrame | None = None
    for table in known.values():
        common = table[KEY] if common is None else common.merge(table[KEY], on=KEY)
    if common is None or common.empty:
        return None
    shared = {name: common.merge(table, on=KEY) for name, table in known.items()}
    means = {name: float(table[metric].mean()) for name, table in shared.items()}
    methods = sorted(means, key=means.__getitem__, reverse=better == "more")
    steps = [difference(shared[one], shared[other], metric) for one, other in pairwise(methods)]
    return Order(tuple(methods), tuple(step is not None and decides(step) for step in steps), len(common))


def legend(orders: Sequence[Order]) -> str:
    """What the signs that occur in some orders mean, and of how many steps, each after "; "."""
    steps = [each for order in orders for each in order.decided]
    meanings = {
        True: f"`{DECIDED}`: decided, the 95% interval of both methods' difference, pair by pair, excludes zero",
        False: f"`{UNDECIDED}`: not decided, that interval holds zero or is of fewer than {FEWEST} pairs",
    }
    told = {sign: f"{steps.count(sign)} of {len(steps)} steps" for sign in meanings if sign in steps}
    return "".join(f"; {meanings[sign]} ({count})" for sign, count in told.items())
