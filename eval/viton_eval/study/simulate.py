"""Answers that nobody gave, to try the analysis on and to show what a study would look like.

They are marked: every row's source is `simulated`, every rater is called simulated-N, and no table or column of
people's answers takes them.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.special import expit

from viton.errors import UsageError
from viton_eval.study.answers import SIMULATED, Answer
from viton_eval.study.design import PHOTO, Trial
from viton_eval.study.frozen import Study
from viton_eval.study.raters import LEFT, TIE, Array, Tastes, careless_of, choices, gaps, places_of

TIED = 0.5  # Davidson's nu where the study allows ties and the tastes name none: a fifth of trials of equal pictures
GOLD_RIGHT = 0.97  # of careful raters
PHOTO_ODDS = 1.5  # log-odds that a photo is called real
RESULT_ODDS = -1.0  # ... and that a result of a method of strength 0 is
MEDIAN_MS, CARELESS_MS, SPREAD = 3500.0, 400.0, 0.4  # of response times; deviation of their logarithm
PACE = 0.25  # deviation of the logarithm of what a rater takes usually
FRAME_MS = 1000 / 60  # by up to one of which a flash lasts longer


class _Drawn(NamedTuple):
    """What was drawn once for a study: effects (1,R,M) and (1,P,M), who is careless (R,), places of pairs."""

    strengths: Array
    of_raters: Array
    of_pairs: Array
    careless: NDArray[np.bool_]
    pairs: Mapping[tuple[str, str], int]


def simulated_answers(
    study: Study,
    strengths: Mapping[str, float],
    seed: int = 0,
    rater_sd: float = 0.3,
    pair_sd: float = 0.5,
    side_bias: float = 0.0,
    careless: float = 0.0,
    tie: float = TIED,
) -> list[Answer]:
    """An answer to every trial of a study, by the model of viton_eval/study/raters.py; the same for the same seed.

    strengths: log-odds of each method of the study.   careless: share of raters, rounded to whole ones, who toss a coin
    at every trial, gold too, and are quick.   tie: counts where the study has ties.   Raises UsageError for strengths
    of other methods and for what is out of its range.
    """
    tastes = Tastes(rater_sd, pair_sd, side_bias, careless, tie if study.settings.ties else 0.0).checked()
    if set(strengths) != set(study.methods) or not np.isfinite(list(strengths.values())).all():
        raise UsageError(f"strengths: expected a number for each of {', '.join(study.methods)}, got {dict(strengths)}")
    rng = np.random.default_rng([seed, 5])
    drawn = _drawn(study, strengths, tastes, rng)
    said = _said_of_choices(study, drawn, tastes, rng) | _said_of_flashes(study, drawn, rng)
    times = _times(study, drawn, rng)
    late, shown = _late(study, times), _shown(study, rng)
    return [
        Answer(
            study.id, f"simulated-{one.rater}", one.trial, said[one.trial], SIMULATED, f"{time:.0f}", frames, "", late_
        )
        for one, time, frames, late_ in zip(study.trials, times, shown, late, strict=True)
    ]


def _drawn(study: Study, strengths: Mapping[str, float], tastes: Tastes, rng: np.random.Generator) -> _Drawn:
    methods = len(study.methods)
    return _Drawn(
        np.array([strengths[name] for name in study.methods], np.float64),
        rng.normal(0, tastes.rater_sd, (1, study.raters, methods)),
        rng.normal(0, tastes.pair_sd, (1, len(study.pairs), methods)),
        careless_of(1, study.raters, tastes.careless, rng)[0],
        {(pair.person, pair.clothing): place for place, pair in enumerate(study.pairs)},
    )


def _said_of_choices(study: Study, drawn: _Drawn, tastes: Tastes, rng: np.random.Generator) -> dict[str, str]:
    """By trial. Comparisons and their repeats by the model, each with a draw of its own; gold nearly always right."""
    told = [one for one in study.trials if one.kind in ("main", "repeat")]
    asked = places_of(told, study.methods)
    own = np.array([drawn.pairs[one.person, one.clothing] for one in told], np.intp)
    log_odds = gaps(drawn.strengths, drawn.of_raters, drawn.of_pairs, asked._replace(pair=own))[0] + tastes.side_bias
    found = choices(log_odds, tastes.tie, rng)
    words = np.where(found == TIE, "tie", np.where(found == LEFT, "left", "right"))
    golds = [one for one in study.trials if one.kind == "gold"]
    right = rng.random(len(golds)) < GOLD_RIGHT
    said = dict(zip((one.trial for one in told), words.tolist(), strict=True))
    said |= {one.trial: _right(one) if good else _wrong(one) for one, good in zip(golds, right, strict=True)}
    coins = np.where(rng.integers(0, 2, len(study.trials)) == LEFT, "left", "right").tolist()
    careless = drawn.careless
    return said | {
        one.trial: coin
        for one, coin in zip(study.trials, coins, strict=True)
        if one.task == "choice" and careless[one.rater - 1]
    }


def _right(trial: Trial) -> str:
    return trial.expected


def _wrong(trial: Trial) -> str:
    return "right" if trial.expected == "left" else "left"


def _said_of_flashes(study: Study, drawn: _Drawn, rng: np.random.Generator) -> dict[str, str]:
    """By trial: a photo is called real more often than a result, and a result of a stronger method than of a weaker."""
    told = [one for one in study.trials if one.task == "flash"]
    place = {name: number for number, name in enumerate(study.methods)}
    odds = [PHOTO_ODDS if one.shown == PHOTO else _odds(one, place[one.shown], drawn) for one in told]
    coin = np.array([drawn.careless[one.rater - 1] for one in told], bool)
    real = rng.random(len(told)) < np.where(coin, 0.5, expit(np.array(odds, np.float64)))
    return {one.trial: "real" if yes else "fake" for one, yes in zip(told, real.tolist(), strict=True)}


def _odds(trial: Trial, method: int, drawn: _Drawn) -> float:
    rater, pair = trial.rater - 1, drawn.pairs[trial.person, trial.clothing]
    whole = drawn.strengths[method] + drawn.of_raters[0, rater, method] + drawn.of_pairs[0, pair, method]
    return float(RESULT_ODDS + whole)


def _times(study: Study, drawn: _Drawn, rng: np.random.Generator) -> Array:
    """Milliseconds a trial, (T,): log-normal about the rater's own median."""
    usual = np.where(drawn.careless, CARELESS_MS, MEDIAN_MS) * np.exp(rng.normal(0, PACE, study.raters))
    return np.asarray(usual[[one.rater - 1 for one in study.trials]] * np.exp(rng.normal(0, SPREAD, len(study.trials))))


def _late(study: Study, times: Array) -> list[str]:
    """By trial: 1 after the block's time, which begins with its first trial."""
    spent: dict[tuple[int, int], float] = {}
    found = []
    for one, time in zip(study.trials, times, strict=True):
        block = one.rater, one.block
        spent[block] = spent.get(block, 0.0) + float(time)
        found.append("1" if spent[block] > 1000 * study.settings.block_seconds else "0")
    return found


def _shown(study: Study, rng: np.random.Generator) -> list[str]:
    """By trial: how long a flash lasted, by up to a frame longer than asked; "" of a choice."""
    longer = rng.random(len(study.trials)) * FRAME_MS
    flash_ms = study.settings.flash_ms
    return [
        f"{flash_ms + more:.1f}" if one.task == "flash" else "" for one, more in zip(study.trials, longer, strict=True)
    ]
