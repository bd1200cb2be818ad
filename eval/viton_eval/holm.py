"""Many comparisons at once: p-values by the same bootstrap as the intervals, adjusted by Holm (1979)."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

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
    return list(map(float, holm_by_row(np.asarray(p_values, np.float64)[None])[0]))


def holm_by_row(p_values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Each row of (S,m) adjusted by itself.   Raises ValueError for a number outside [0,1]."""
    if not ((p_values >= 0) & (p_values <= 1)).all():  # NaN too
        raise ValueError(f"holm: expected p-values in [0,1], got {p_values[~((p_values >= 0) & (p_values <= 1))][:3]}")
    order = np.argsort(p_values, axis=1, kind="stable")
    steps = np.take_along_axis(p_values, order, axis=1) * np.arange(p_values.shape[1], 0, -1)
    adjusted = np.empty_like(p_values)
    np.put_along_axis(adjusted, order, np.minimum(1.0, np.maximum.accumulate(steps, axis=1)), axis=1)
    return adjusted
