"""Many comparisons at once: p-values by the same bootstrap as the intervals, adjusted by Holm (1979)."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from viton_eval.interval import DRAWS, FEWEST, drawn_means


def p_value(
    differences: Sequence[float], people: Sequence[str], garments: Sequence[str], seed: int = 0, draws: int = DRAWS
) -> float:
    """How often a mean difference as far from 0 would be drawn, were there none, in (0,1], two-sided.

    Twice the smaller share of the bootstrap's means beyond 0 (percentile method: below 0.05 where the 95% interval
    excludes 0, but for one at its very edge), each counted once more than it was seen: so many draws cannot say 0, and
    the least that they can is 2 / (draws + 1).   One entry a pair.   Raises ValueError for what is not finite, and for
    fewer pairs than an interval decides by.
    """
    if len(differences) < FEWEST or not np.isfinite(np.asarray(differences, np.float64)).all():
        raise ValueError(f"p_value: expected at least {FEWEST} finite differences, got {list(differences)[:FEWEST]}")
    means = drawn_means(differences, people, garments, seed, draws)
    least = min((means <= 0).sum(), (means >= 0).sum())
    return float(min(1.0, 2 * (least + 1) / (len(means) + 1)))


def holm(p_values: Sequence[float]) -> list[float]:
    """Adjusted p-values in the order given.

    Whatever differences there are, the chance that one below a level belongs to none is at most that level.

    Raises ValueError for a number outside [0,1].
    """
    found = np.asarray(p_values, np.float64)
    if not ((found >= 0) & (found <= 1)).all():  # NaN too
        raise ValueError(f"holm: expected p-values in [0,1], got {list(p_values)}")
    order = np.argsort(found, kind="stable")
    steps = found[order] * np.arange(len(found), 0, -1)
    adjusted = np.empty_like(found)
    adjusted[order] = np.minimum(1.0, np.maximum.accumulate(steps)) if len(steps) else steps
    return adjusted.tolist()
