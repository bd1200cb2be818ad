"""One scale from votes on pairs: Bradley and Terry (1952), ties by Davidson (1970)."""

from __future__ import annotations

from itertools import combinations

import numpy as np
from numpy.typing import NDArray
from scipy.sparse.csgraph import connected_components

from viton.errors import InputError

Array = NDArray[np.float64]
RIDGE = 1e-2  # votes' worth of pull to the mean: a method that wins all stays finite
STEPS, FAR = 200, 2.0  # of Newton's method; how far one goes at most, log-odds
ENOUGH = 1e-9  # a step so small beside the largest log-odds, or beside 1: what is left is its square


def strengths(wins: Array, ties: Array | None = None, ridge: float = RIDGE) -> Array:
    """Log-odds (...,M) with mean 0 that make the votes likeliest.

    wins: (...,M,M) how often the row's method beat the column's.   ties: (...,M,M) symmetric, or None where nobody may
    answer one.   ridge: of half the sum of squares that is taken off the log-likelihood.   Raises InputError where
    Newton's method does not arrive in STEPS steps.
    """
    wins = np.asarray(wins, np.float64)
    count, free = wins.shape[-1], wins.shape[-1] + (ties is not None)
    found, far = np.zeros((*wins.shape[:-2], free)), np.ones((*wins.shape[:-2], 1), bool)
    for _ in range(STEPS):
        gradient, curvature = _slopes(found, wins, ties, ridge)
        usual = np.trace(curvature, axis1=-2, axis2=-1)[..., None, None] / free
        curvature[..., :count, :count] += usual / count  # all alike up or down changes no chance: let no rounding do so
        step = np.linalg.solve(curvature, gradient[..., None])[..., 0]
        most = np.abs(step).max(axis=-1, keepdims=True)
        found = found + np.where(far, step * np.minimum(1, FAR / np.maximum(most, FAR)), 0)
        far &= most > ENOUGH * np.maximum(1, np.abs(found).max(axis=-1, keepdims=True))
        if not far.any():
            return found[..., :count] - found[..., :count].mean(axis=-1, keepdims=True)
    got = f"{int(far.sum())} of {far.size} tables of votes whose last step is larger, {most[far].max():.2g} at most"
    raise InputError("Bradley-Terry", f"a step of {ENOUGH:g} of the strengths or less, within {STEPS} steps", got)


def _slopes(found: Array, wins: Array, ties: Array | None, ridge: float) -> tuple[Array, Array]:
    """Gradient (...,F) and minus the curvature (...,F,F) of the log-likelihood less the ridge."""
    count, free = wins.shape[-1], found.shape[-1]
    gradient, curvature = -ridge * found, np.broadcast_to(ridge * np.eye(free), (*found.shape, free)).copy()
    for i, j in combinations(range(count), 2):
        outcomes = [(wins[..., i, j], np.eye(free)[i]), (wins[..., j, i], np.eye(free)[j])]
        if ties is not None:
            outcomes.append((ties[..., i, j], (np.eye(free)[i] + np.eye(free)[j]) / 2 + np.eye(free)[-1]))
        counts, means = np.stack([one for one, _ in outcomes], -1), np.stack([one for _, one in outcomes])
        logits = found @ means.T
        odds = np.exp(logits - logits.max(axis=-1, keepdims=True))
        chances, votes = odds / odds.sum(axis=-1, keepdims=True), counts.sum(axis=-1, keepdims=True)
        gradient += (counts - votes * chances) @ means
        apart = np.eye(len(means)) * chances[..., None] - chances[..., :, None] * chances[..., None, :]
        curvature += votes[..., None] * (means.T @ apart @ means)
    return gradient, curvature


def groups(votes: Array) -> int:
    """How many groups of methods have no vote between them: more than one, and no scale holds all of them."""
    return int(connected_components(votes + votes.T, directed=False)[0])


def is_bounded(wins: Array) -> bool:
    """Whether the likeliest strengths are finite: chains of wins lead from every method to every other (Ford 1957)."""
    return int(connected_components(wins, directed=True, connection="strong")[0]) == 1
