"""What the paper says of the Inception Score, put to this experiment's scores: its order of methods, step by step."""

from __future__ import annotations

from itertools import pairwise
from typing import NamedTuple

import pandas as pd

from viton_eval.paper_table import REAL, TABLE_1
from viton_eval.picture_sets import PHOTOS
from viton_eval.rank_correlation import spearman
from viton_eval.score_faults import OTHER, TRUE

HOLDS, FAILS, UNDECIDED = "holds", "the other way round", "undecided"


class Bounds(NamedTuple):
    """A score with its interval."""

    value: float
    low: float
    high: float

    def __str__(self) -> str:
        return f"{self.value:.3f} [{self.low:.3f}, {self.high:.3f}]"


def claims(table: pd.DataFrame, faults: pd.DataFrame | None) -> pd.DataFrame:
    """A row a claim and extractor: what the paper's Table 1 shows, what is measured here, and whether it holds.

    table: of set_table.   faults: of fault_table, None where it could not be made.   An order is decided where the
    95% intervals do not overlap.
    """
    rows: list[tuple[str, str, str, str, str]] = []
    whole = table[table["measure"].str.endswith("inception_score_whole")]
    for extractor, shown in whole.groupby("extractor", sort=False):
        found = {str(row["set"]): (row["value"], row["low"], row["high"]) for row in shown.to_dict("records")}
        scores = {REAL if name == PHOTOS else name: Bounds(*bounds) for name, bounds in found.items()}
        rows += _of_order(str(extractor), scores)
    rows += _blindness(faults) if faults is not None else []
    return pd.DataFrame(rows, columns=["claim", "by", "paper", "here", "verdict"]).set_index("claim")


def _of_order(extractor: str, scores: dict[str, Bounds]) -> list[tuple[str, str, str, str, str]]:
    """Each step of the paper's order of those that are here, then the order as a whole."""
    order = sorted((name for name in TABLE_1 if name in scores), key=_of_paper, reverse=True)
    rows = []
    for above, below in pairwise(order):
        one, other = scores[above], scores[below]
        decided = HOLDS if one.low > other.high else FAILS if one.high < other.low else UNDECIDED
        paper = f"{_of_paper(above):.3f} > {_of_paper(below):.3f}"
        rows.append((f"{above} scores above {below}", extractor, paper, f"{one} and {other}", decided))
    if len(order) > 2:
        rank = spearman([_of_paper(name) for name in order], [scores[name].value for name in order])
        rows.append(("the order of all", extractor, " > ".join(order), f"rank correlation {rank:+.2f}", ""))
    return rows


def _of_paper(name: str) -> float:
    return TABLE_1[name].inception_score


def _blindness(faults: pd.DataFrame) -> list[tuple[str, str, str, str, str]]:
    """Whether a score of sets changes when everybody gets somebody else's true try-on."""
    found = []
    for column in [name for name in faults.columns if "Inception Score" in name]:
        right, wrong = (str(faults.at[name, column]) for name in (TRUE, OTHER))
        here = f"{right} as they are, {wrong} of another pair"
        claim = f"{column} does not know whose try-on a picture is"
        found.append((claim, column, "said, not shown", here, HOLDS if right == wrong else FAILS))
    return found
