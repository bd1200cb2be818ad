"""Made-up raters: a Bradley-Terry model with tastes that differ by rater and by person in garment.

S simulated studies, R raters, P pairs (a person in a garment), M methods, T trials.

The log-odds that the left picture is chosen are strength + rater's effect + pair's effect of its method, less the same
of the right one's, plus the side bias. Effects are normal, of their own for every method, and drawn once a study: they
are what makes votes of one rater, and votes on one pair, resemble each other. Ties are Davidson's (1970).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import brentq
from scipy.special import expit

from viton.errors import UsageError
from viton_eval.study.design import Trial

Array = NDArray[np.float64]
Places = NDArray[np.intp]
RIGHT, LEFT, TIE = 0, 1, 2  # what is answered
NODES = 60  # of Gauss and Hermite's rule: a share to 1e-9 where log-odds deviate by up to 3


class Tastes(NamedTuple):
    """How raters differ from each other and from a rater without fault; log-odds where nothing else is said."""

    rater_sd: float = 0.3  # deviation of what a rater thinks of a method from what all think
    pair_sd: float = 0.5  # of how well a method does on a person in a garment from how well it does
    side_bias: float = 0.0  # what the left side adds to its picture
    careless: float = 0.0  # share of raters, in [0,1], who toss a coin
    tie: float = 0.0  # Davidson's nu >= 0: two equal pictures are tied in nu / (2 + nu) of trials

    def checked(self) -> Tastes:
        """Itself; raises UsageError naming what is out of its range."""
        for name, value in self._asdict().items():
            most = 1.0 if name == "careless" else np.inf
            least = -np.inf if name == "side_bias" else 0.0
            if not (np.isfinite(value) and least <= value <= most):
                expected = "a share in [0,1]" if name == "careless" else f"a finite number from {least:g}"
                raise UsageError(f"{name.replace('_', '-')}: expected {expected}, got {value}")
        return self


class Asked(NamedTuple):
    """Who is asked about what, each (T,): places among raters, pairs and methods."""

    rater: Places
    pair: Places
    left: Places
    right: Places


def places_of(trials: Sequence[Trial], methods: Sequence[str]) -> Asked:
    """Of trials with two methods; raters from 0, pairs in the order in which they first occur."""
    method = {name: place for place, name in enumerate(methods)}
    pair: dict[tuple[str, str], int] = {}
    rows = [
        (one.rater - 1, pair.setdefault((one.person, one.clothing), len(pair)), method[one.left], method[one.right])
        for one in trials
    ]
    return Asked(*np.array(rows, np.intp).reshape(-1, 4).T)


def gaps(strengths: Array, of_raters: Array, of_pairs: Array, asked: Asked) -> Array:
    """Log-odds of left over right without side bias, (S,T).

    strengths: (M,).   of_raters: effects (S,R,M).   of_pairs: effects (S,P,M).
    """
    left = of_raters[:, asked.rater, asked.left] + of_pairs[:, asked.pair, asked.left]
    right = of_raters[:, asked.rater, asked.right] + of_pairs[:, asked.pair, asked.right]
    return np.asarray(strengths[asked.left] - strengths[asked.right] + left - right)


def choices(log_odds: Array, tie: float, rng: np.random.Generator) -> NDArray[np.int8]:
    """LEFT, RIGHT or TIE for each of the log-odds, of their shape."""
    drawn = rng.random(log_odds.shape)
    if not tie:
        return (drawn < expit(log_odds)).astype(np.int8)
    high, low = np.exp(log_odds / 2), np.exp(-log_odds / 2)
    whole = high + low + tie
    return np.where(drawn < high / whole, LEFT, np.where(drawn < (high + low) / whole, RIGHT, TIE)).astype(np.int8)


def careless_of(studies: int, raters: int, share: float, rng: np.random.Generator) -> NDArray[np.bool_]:
    """Which raters are careless, (S,R): as many of each study, the share rounded."""
    order = rng.random((studies, raters)).argsort(axis=1).argsort(axis=1)
    return np.asarray(order < round(share * raters))


def drawn_choices(
    strengths: Array, asked: Asked, tastes: Tastes, studies: int, rng: np.random.Generator
) -> NDArray[np.int8]:
    """Answers of many studies of one design, (S,T)."""
    raters, pairs = int(asked.rater.max()) + 1, int(asked.pair.max()) + 1
    of_raters = rng.normal(0, tastes.rater_sd, (studies, raters, len(strengths)))
    of_pairs = rng.normal(0, tastes.pair_sd, (studies, pairs, len(strengths)))
    log_odds = gaps(strengths, of_raters, of_pairs, asked) + tastes.side_bias
    coin = careless_of(studies, raters, tastes.careless, rng)[:, asked.rater]
    found = choices(log_odds, tastes.tie, rng)
    return np.where(coin, rng.integers(0, 2, found.shape), found).astype(np.int8)


def preference(strength: float, deviation: float) -> float:
    """The share of a population that prefers a method, whose log-odds are normal about `strength`, in (0,1)."""
    nodes, weights = np.polynomial.hermite_e.hermegauss(NODES)
    return float(expit(strength + deviation * nodes) @ weights / weights.sum())


def strength_for(share: float, tastes: Tastes) -> float:
    """The difference of two strengths by which `share`, in (0,1), of careful raters' votes are for the one.

    Over all raters and pairs, of two pictures on sides by turns, ties left out; where tastes differ more, it has to be
    larger.   Raises UsageError for another share.
    """
    if not 0 < share < 1:
        raise UsageError(f"preference: expected a share between 0 and 1, got {share:g}")
    deviation = float(np.sqrt(2 * (tastes.rater_sd**2 + tastes.pair_sd**2)))
    return float(brentq(lambda strength: preference(strength, deviation) - share, -60, 60, xtol=1e-10))
