"""Studies without pictures, and votes of raters whose tastes are known."""

from pathlib import Path

import numpy as np
import pandas as pd
from scipy.special import expit

from viton.data.sample import Pair
from viton_eval.study.answers import Answer
from viton_eval.study.design import make_trials
from viton_eval.study.frozen import Study
from viton_eval.study.settings import StudySettings


def study_of(methods, pairs=10, **settings):
    """A study in memory."""
    given = StudySettings(**settings)
    known = [Pair(f"p{i}", f"c{i}") for i in range(pairs)]
    trials = tuple(make_trials(methods, known, given))
    by_name, digest = {trial.trial: trial for trial in trials}, "5" * 64
    design = {"mode": "unpaired", "left_out": []}
    return Study(Path("nowhere"), given, tuple(methods), tuple(known), (64, 48), trials, by_name, digest, design)


def said(study, trial, answer, rater="", source="server", **more):
    return Answer(study.id, rater or f"r{trial.rater}", trial.trial, answer, source, **more)


def answered(study, winner_of, **more):
    """An answer to every choice; winner_of: which of two methods is preferred in a trial, or "" for a tie."""
    found = []
    for trial in study.trials:
        if trial.task == "choice":
            winner = trial.left if trial.kind == "gold" and trial.expected == "left" else winner_of(trial)
            side = "tie" if winner == "" else ("left" if winner == trial.left else "right")
            side = trial.expected if trial.kind == "gold" else side
            found.append(said(study, trial, side, **more))
    return found


def tasteful_votes(rng, raters=30, pairs=40, seen=20, gap=0.6, rater_sd=0.7, pair_sd=0.7):
    """Votes on one method (`a`) beside another: each rater on some pairs; raters and pairs have tastes of their own."""
    who = np.repeat(np.arange(raters), seen)
    what = np.concatenate([rng.permutation(pairs)[:seen] for _ in range(raters)])
    odds = gap + rng.normal(0, rater_sd, raters)[who] + rng.normal(0, pair_sd, pairs)[what]
    return who, what, (rng.random(len(who)) < expit(odds)).astype(float)


def true_share(gap=0.6, rater_sd=0.7, pair_sd=0.7):
    """What `tasteful_votes` come to for everybody and everything: the mean of a logistic of a normal, by quadrature."""
    nodes, weights = np.polynomial.hermite_e.hermegauss(80)
    return float((expit(gap + np.hypot(rater_sd, pair_sd) * nodes) * weights).sum() / weights.sum())


def votes_table(rows):
    """(rater, pair, left, right, answer) as the table of votes_of."""
    table = pd.DataFrame(rows, columns=["rater", "person", "left", "right", "answer"])
    winner = np.where(
        table["answer"] == "left", table["left"], np.where(table["answer"] == "right", table["right"], "")
    )
    couple = ["__".join(sorted(both)) for both in table[["left", "right"]].to_numpy()]
    return table.assign(clothing="c", winner=winner, kind="main", comparison=table["person"] + "__" + pd.Series(couple))
