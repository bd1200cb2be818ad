"""Answers as votes: what was asked, who was preferred, and by whom."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

import numpy as np
import pandas as pd

from viton.errors import InputError
from viton_eval.study.answers import SIMULATED, Answer
from viton_eval.study.frozen import Study

ASKED = ["kind", "comparison", "person", "clothing", "left", "right", "shown", "expected", "repeats"]  # of Trial
TIE = "tie"


def votes_of(study: Study, answers: Sequence[Answer]) -> pd.DataFrame:
    """A row an answered choice, sorted: rater, trial, what was asked, answer, winner ("" of a tie), times, late.

    server_ms: from when it was handed out to when the answer came, by the server's clock.   time_ms: how long it took
    at most, the shorter of what the rater's browser says and of that; NaN where neither is known.
    """
    rows = _rows(study, answers, "choice")
    sides = np.where(rows["answer"] == "left", rows["left"], np.where(rows["answer"] == "right", rows["right"], ""))
    return rows.drop(columns=["shown"]).assign(winner=sides, time_ms=rows[["response_ms", "server_ms"]].min(axis=1))


def flashes_of(study: Study, answers: Sequence[Answer]) -> pd.DataFrame:
    """A row an answered flash, sorted: rater, trial, what was shown, for how long, real or fake, right or not."""
    rows = _rows(study, answers, "flash").drop(columns=["comparison", "left", "right", "repeats"])
    return rows.assign(right=rows["answer"] == rows["expected"])


def is_simulated(answers: Sequence[Answer]) -> bool:
    """Whether simulated raters answered; raises InputError where they are mixed with people."""
    found = {answer.source == SIMULATED for answer in answers}
    if len(found) > 1:
        raise InputError("answers", "people's answers, or simulated ones", "both")
    return found == {True}


def _rows(study: Study, answers: Sequence[Answer], task: str) -> pd.DataFrame:
    names = ["rater", "trial", *ASKED, "answer", "response_ms", "server_ms", "shown_ms", "late"]
    rows = []
    for answer in sorted(answers):
        trial = study.by_name[answer.trial]
        if trial.task == task:
            asked = [getattr(trial, name) for name in ASKED]
            told, shown = (float(text) if text else np.nan for text in (answer.response_ms, answer.shown_ms))
            times = told, _server_ms(answer), shown
            rows.append([answer.rater, answer.trial, *asked, answer.answer, *times, answer.late == "1"])
    kinds = {"response_ms": np.float64, "server_ms": np.float64, "shown_ms": np.float64, "late": bool}
    return pd.DataFrame(rows, columns=names).astype(kinds)


def _server_ms(answer: Answer) -> float:
    """By the server's clock; NaN where it is not told, or was put back between the two."""
    if not (answer.served_at and answer.answered_at):
        return np.nan
    served, came = (datetime.fromisoformat(text) for text in (answer.served_at, answer.answered_at))
    took = (came - served) / timedelta(milliseconds=1)
    return took if took >= 0 else np.nan
