"""What the paper says of the Inception Score, put to this experiment's scores.

Three claims it states: the non-parametric method scores above real photographs; sharp pictures are rewarded; the score
knows nothing of the task. The rest are the steps of its Table 1, from the highest score to the lowest.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import pairwise

import pandas as pd

from viton_eval.interval import Mean
from viton_eval.paper_table import REAL, TABLE_1
from viton_eval.picture_sets import PHOTOS
from viton_eval.rank_correlation import spearman
from viton_eval.score_faults import ALIKE, BLURRED, OTHER, SCORE, TRUE

HOLDS, FAILS, UNDECIDED, DIFFERS = "holds", "the other way round", "undecided", "differs"
CLAIM = ["claim", "by", "paper", "here", "verdict"]
Row = tuple[str, str, str, str, str]


def claims(table: pd.DataFrame, faults: pd.DataFrame | None) -> pd.DataFrame:
    """CLAIM: what the paper states, what is measured here, and whether it holds.

    table: of set_table.   faults: of fault_table, None where it could not be made.   An order is decided where the 95%
    intervals, of equally many pictures, do not overlap.
    """
    rows: list[Row] = []
    for extractor, scores in scores_of(table).items():
        if "non-parametric" in scores and REAL in scores:
            rows.append(_step("non-parametric", REAL, extractor, scores))
    rows += _of_faults(faults) if faults is not None else []
    return pd.DataFrame(rows, columns=CLAIM)


def steps(table: pd.DataFrame) -> pd.DataFrame:
    """CLAIM: each step of the paper's Table 1 between neighbours that are here too."""
    rows = []
    for extractor, scores in scores_of(table).items():
        order = sorted((name for name in TABLE_1 if name in scores), key=_of_paper, reverse=True)
        rows += [_step(above, below, extractor, scores) for above, below in pairwise(order)]
    return pd.DataFrame(rows, columns=CLAIM)


def orders_alike(table: pd.DataFrame) -> dict[str, tuple[float, int]]:
    """By extractor: the rank correlation of the paper's scores with those here, and of how many sets."""
    found = {}
    for extractor, scores in scores_of(table).items():
        names = [name for name in TABLE_1 if name in scores]
        if len(names) > 2:
            rank = spearman([_of_paper(name) for name in names], [scores[name].value for name in names])
            found[extractor] = rank, len(names)
    return found


def scores_of(table: pd.DataFrame) -> dict[str, dict[str, Mean]]:
    """By extractor and set: the Inception Score of all pictures in one group; the photos under the paper's name."""
    found: dict[str, dict[str, Mean]] = {}
    for row in table[table["measure"].str.endswith("inception_score_whole")].to_dict("records"):
        name = REAL if row["set"] == PHOTOS else str(row["set"])
        found.setdefault(str(row["extractor"]), {})[name] = Mean(row["value"], row["low"], row["high"], row["n"])
    return found


def _step(above: str, below: str, extractor: str, scores: Mapping[str, Mean]) -> Row:
    one, other = scores[above], scores[below]
    decided = HOLDS if one.low > other.high else FAILS if one.high < other.low else UNDECIDED
    if one.n != other.n:
        decided = f"not comparable: {one.n} and {other.n} pictures"
    paper = " > ".join(printed(name) for name in (above, below))
    return f"{above} scores above {below}", extractor, paper, f"{one} and {other}", decided


def printed(name: str) -> str:
    """A row's Inception Score as Table 1 prints it."""
    return f"{TABLE_1[name].inception_score:.3f} ± {TABLE_1[name].deviation:.3f}"


def _of_paper(name: str) -> float:
    return TABLE_1[name].inception_score


def _of_faults(faults: pd.DataFrame) -> Iterator[Row]:
    """Whether a score changes when everybody gets another's true try-on, and whether blur lowers it."""
    for measure, rows in faults[faults["measure"].str.contains(SCORE)].groupby("measure", sort=False):
        found = {str(row[1]): Mean(*row[3:]) for row in rows.itertuples()}
        if OTHER in found:
            same = abs(found[TRUE].value - found[OTHER].value) <= ALIKE * found[TRUE].value
            here = f"{found[TRUE]} as they are, {found[OTHER]} of another pair"
            yield "no pair is known to it", str(measure), "said", here, HOLDS if same else DIFFERS
        sharp, soft = found[TRUE], found[BLURRED]
        decided = HOLDS if sharp.low > soft.high else FAILS if sharp.high < soft.low else UNDECIDED
        yield "sharp scores above blurred", str(measure), "said", f"{sharp} and {soft}", decided
