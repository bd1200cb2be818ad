"""How sure a share of votes would be if votes were independent; as they are: viton_eval/study/clustered.py."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from scipy.stats import binomtest


class Share(NamedTuple):
    """A share with its 95% interval; NaN of no votes."""

    value: float
    low: float
    high: float


def wilson(wins: float, votes: int) -> Share:
    """Wilson's interval, for independent votes; a tie is half a win, and counts are rounded to whole ones."""
    if votes == 0:
        return Share(np.nan, np.nan, np.nan)
    found = binomtest(round(wins), votes).proportion_ci(0.95, "wilson")
    return Share(wins / votes, float(found.low), float(found.high))
