"""What an extractor takes pictures for: probabilities of its classes, from which the Inception Score is made. N, C."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.special import entr, softmax

from viton_eval.features import Features
from viton_eval.set_measures import VERDICTS

Matrix = NDArray[np.float64]


def verdicts_of(features: Features) -> Matrix | None:
    """(N,C) probabilities of each picture; None of an extractor that gives no verdicts."""
    output = next((name for name in VERDICTS if name in features.values), None)
    return None if output is None else np.asarray(softmax(features.values[output], axis=1))


def shares_of_score(probabilities: Matrix) -> Matrix:
    """(N,) nats that each picture adds: the divergence of its verdict from the mean one.

    Their mean is the logarithm of the Inception Score of all pictures in one group.
    """
    mean = np.maximum(probabilities.mean(axis=0), np.finfo(np.float64).tiny)
    return np.asarray(-(probabilities * np.log(mean)).sum(axis=1) - entr(probabilities).sum(axis=1))
