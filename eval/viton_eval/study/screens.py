"""What the page of a rater is told to show: nothing in it depends on which method is where.

Pictures go by names that are made of the session, the trial and the place, so that even the same picture in two trials
has two names.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence

from viton_eval.study.design import Trial

PLACES = {
    "choice": {name: f"{name}_picture" for name in ("person", "clothing", "left", "right")},
    "flash": {"shown": "shown_picture"},
}
NAME_DIGITS = 20

Screen = dict[str, object]


def picture_names(trial: Trial, key: str) -> dict[str, str]:
    """By place: the name under which a session is given a picture.   key: of the session."""
    return {place: _name(f"{key}/{trial.trial}/{place}") for place in PLACES[trial.task]}


def _name(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:NAME_DIGITS] + ".png"


def files_of(trials: Sequence[Trial], key: str) -> dict[str, str]:
    """By the name that a session is given: the picture's file in the study."""
    return {
        name: str(getattr(trial, PLACES[trial.task][place]))
        for trial in trials
        for place, name in picture_names(trial, key).items()
    }


def before_block(trials: Sequence[Trial], done: int, key: str) -> Screen:
    """Before a block: instructions of the first and of the flashes, else a pause."""
    trial = trials[done]
    page = "flashes" if trial.task == "flash" else "instructions" if done == 0 else "pause"
    return {"page": page, "block": trial.block, "preload": _preload(trials[done : done + 1], key)} | _progress(
        trials, done
    )


def of_trial(trials: Sequence[Trial], done: int, key: str, seconds_left: float | None, seen: bool) -> Screen:
    """A trial; seconds_left: of its block, None where it has no end; seen: of a flash, that it was shown already."""
    trial = trials[done]
    return {
        "page": trial.task,
        "trial": trial.trial,
        "block": trial.block,
        "pictures": picture_names(trial, key),
        "preload": _preload(trials[done + 1 : done + 2], key),
        "seconds_left": seconds_left,
        "seen": seen,
    } | _progress(trials, done)


def thanks(trials: Sequence[Trial], completion: Mapping[str, str]) -> Screen:
    """After the last trial; completion: code and url."""
    return {"page": "thanks", **completion} | _progress(trials, len(trials))


def _preload(trials: Sequence[Trial], key: str) -> list[str]:
    return [name for trial in trials for name in picture_names(trial, key).values()]


def _progress(trials: Sequence[Trial], done: int) -> Screen:
    return {"done": done, "of": len(trials), "blocks": trials[-1].block}
