"""Answers as votes: what was asked, who was preferred, and by whom."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from viton.errors import InputError
from viton_eval.study.answers import SIMULATED, Answer
from viton_eval.study.frozen import Study

ASKED = ["kind", "comparison", "person", "clothing", "left", "right", "shown", "expected", "repeats"]  # of Trial
TIE = "tie"


def votes_of(study: Study, answers: Sequence[Answer]) -> pd.DataFrame:
    """A row an answered choice, sorted: rater, trial, what was asked, answer, winner ("" of a tie), times, late."""
    rows = _rows(study, answers, "choice")
    sides = np.where(rows["answer"] == "left", rows["left"], np.where(rows["answer"] == "right", rows["right"], ""))
    return rows.drop(columns=["shown"]).assign(winner=sides)


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
    names = ["rater", "trial", *ASKED, "answer", "response_ms", "shown_ms", "late"]
    rows = []
    for answer in sorted(answers):
        trial = study.by_name[answer.trial]
        if trial.task == task:
            asked = [getattr(trial, name) for name in ASKED]
            times = [float(text) if text else np.nan for text in (answer.response_ms, answer.shown_ms)]
            rows.append([answer.rater, answer.trial, *asked, answer.answer, *times, answer.late == "1"])
    kinds = {"response_ms": np.float64, "shown_ms": np.float64, "late": bool}
    return pd.DataFrame(rows, columns=names).astype(kinds)
