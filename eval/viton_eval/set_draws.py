"""Measures of whole sets of pictures when people and garments are drawn anew. n pictures, C classes, D dims, d draws.

    weights (d,n)    how often each picture occurs in each draw, from viton_eval.interval.drawn_weights

The distance knows pictures by pairs: row i of both sets belongs to pair i, and is drawn as often in the one as in the
other. There is none of FID: a picture drawn twice makes a set narrower than it is, which raises FID, of one method more
than of another, so that draws would rank methods otherwise than the pictures themselves.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.special import entr

from viton_eval.interval import Mean
from viton_eval.kernel_distance import NORMAL_95, kernel_matrix

Matrix = NDArray[np.float64]


def inception_draws(probabilities: Matrix, weights: Matrix) -> Matrix:
    """Inception Scores (d,) of the pictures of each draw, all in one group.   probabilities: (n,C), rows with sum 1.

    exp of the entropy of the mean verdict less the mean entropy of a verdict, which is the mean divergence.
    """
    shares = weights / weights.sum(axis=1, keepdims=True)
    mean = np.clip(shares @ probabilities, 0, None)
    return np.asarray(np.exp(entr(mean).sum(axis=1) - shares @ entr(probabilities).sum(axis=1)))


def inception_interval(probabilities: Matrix, people: list[str]) -> Mean:
    """The Inception Score of all pictures in one group, with the 95% interval of a jackknife over people.

    The interval is for the score of *so many* such pictures: of more it is higher, much where kinds are many, so that
    scores of unequal numbers are not to be compared.  A jackknife, because drawing with replacement makes a set of
    fewer kinds than it has.  Of fewer than two people the interval is NaN.
    """
    names, member = np.unique(np.asarray(people), return_inverse=True)
    value = float(inception_draws(probabilities, np.ones((1, len(people))))[0])
    if len(names) < 2:
        return Mean(value, float("nan"), float("nan"), len(people))
    sums = np.zeros((len(names), probabilities.shape[1]))
    np.add.at(sums, member, probabilities)
    entropies, counts = np.bincount(member, entr(probabilities).sum(axis=1)), np.bincount(member)[:, None]
    mean = np.clip((sums.sum(axis=0) - sums) / (len(people) - counts), 0, None)
    left = np.exp(entr(mean).sum(axis=1) - (entropies.sum() - entropies) / (len(people) - counts[:, 0]))
    error = np.sqrt((len(names) - 1) / len(names) * ((left - left.mean()) ** 2).sum())
    return Mean(value, value - NORMAL_95 * error, value + NORMAL_95 * error, len(people))


def kernel_draws(features: Matrix, others: Matrix, weights: Matrix) -> Matrix:
    """Kernel distances (d,) of features (n,D) from others (n,D); a picture is never compared with itself.

    NaN for a draw of fewer than two pictures.
    """
    own = [_weighted_off_diagonal(kernel_matrix(each, each), weights) for each in (features, others)]
    across = ((weights @ kernel_matrix(features, others)) * weights).sum(axis=1) / weights.sum(axis=1) ** 2
    return np.asarray(own[0] + own[1] - 2 * across)


def _weighted_off_diagonal(kernel: Matrix, weights: Matrix) -> Matrix:
    squares = weights**2
    total = ((weights @ kernel) * weights).sum(axis=1) - squares @ np.diag(kernel)
    pairs = weights.sum(axis=1) ** 2 - squares.sum(axis=1)
    return np.where(pairs > 0, total / np.where(pairs > 0, pairs, 1), np.nan)
