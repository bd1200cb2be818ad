"""Table 1 of the paper, as printed: facts about other photographs and other networks, never figures of this project.

Inception Score: mean and standard deviation over splits that the paper does not count; human: the share of trials that
a method won against another of the six, in percent (section 4.5).
"""

from __future__ import annotations

from typing import NamedTuple

import pandas as pd

REAL = "real data"


class PaperRow(NamedTuple):
    """A row of Table 1."""

    inception_score: float
    deviation: float
    human: float | None  # percent; None for real data, which nobody compared


TABLE_1 = {
    "prgan": PaperRow(2.688, 0.098, 27.3),
    "cagan": PaperRow(2.981, 0.087, 21.8),
    "crn": PaperRow(2.449, 0.070, 69.1),
    "encoder-decoder": PaperRow(2.455, 0.110, 58.4),
    "non-parametric": PaperRow(3.373, 0.142, 46.4),
    "viton": PaperRow(2.514, 0.130, 77.2),
    REAL: PaperRow(3.312, 0.098, None),
}


def paper_table() -> pd.DataFrame:
    """The table for the eye, a row a method, in the paper's order."""
    rows = {
        name: (f"{row.inception_score:.3f} ± {row.deviation:.3f}", "-" if row.human is None else f"{row.human:.1f}%")
        for name, row in TABLE_1.items()
    }
    return pd.DataFrame.from_dict(rows, orient="index", columns=["Inception Score (paper)", "human (paper)"])


def in_papers_order(methods: list[str]) -> list[str]:
    """Methods as Table 1 lists them, those that it does not know behind."""
    known = [name for name in TABLE_1 if name in methods]
    return [*known, *(name for name in methods if name not in known)]
