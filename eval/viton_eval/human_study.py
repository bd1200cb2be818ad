"""What the notebooks on the human study show: its balance, its trials, how to run it, and whose answers there are.

Answers of simulated raters are shown where nobody has answered yet, to show what the analysis says; every table, file
and picture of theirs is marked.
"""

from __future__ import annotations

import shlex
from collections import Counter
from collections.abc import Mapping
from itertools import combinations
from typing import NamedTuple

import numpy as np
import pandas as pd

from viton.images import Pixels, load_rgb
from viton_eval.experiment import Experiment
from viton_eval.kept_tables import keep
from viton_eval.people import answers_of, standing, told_of
from viton_eval.results import study_of
from viton_eval.study.analyse import MARK
from viton_eval.study.analysis_text import readable
from viton_eval.study.answers import Answer
from viton_eval.study.design import Kind, Trial
from viton_eval.study.frozen import Study, read_study
from viton_eval.study.raters import places_of
from viton_eval.study.simulate import simulated_answers
from viton_eval.study.votes_needed import Size, Wanted, power_on
from viton_eval.try_ons import run_of

SPREAD = 0.6  # deviation of the strengths that are drawn for simulated raters; log-odds
RESULTS = "human_study_results"  # the notebook


def open_study(experiment: Experiment) -> tuple[Study, str] | None:
    """The experiment's study, made where it is missing, and what is to be said of it; None where none is asked for.

    A study that somebody has answered, or may have seen, is kept when results change; then that is said.
    """
    folder = study_of(*experiment.arguments)
    if folder is None:
        return None
    study = read_study(folder)
    return study, standing(run_of(experiment), study)


def balance(study: Study) -> pd.DataFrame:
    """A row a pair of methods: comparisons, votes, and how often the first of the two stands on the left."""
    mains = [trial for trial in study.trials if trial.kind == "main"]
    rows = {}
    for one, other in combinations(study.methods, 2):
        asked = [trial for trial in mains if {trial.left, trial.right} == {one, other}]
        left = sum(trial.left == one for trial in asked)
        comparisons = len({trial.comparison for trial in asked})
        rows[f"{one} / {other}"] = (comparisons, len(asked), left, len(asked) - left)
    columns = ["comparisons", "votes", "first on the left", "on the right"]
    return pd.DataFrame.from_dict(rows, orient="index", columns=columns).rename_axis("methods")


def loads(study: Study) -> pd.DataFrame:
    """A row a rater of the design: what is asked, in how many blocks, and how uneven it is at most."""
    rows = []
    for rater in range(1, study.raters + 1):
        trials = study.of_rater(rater)
        kinds = Counter(trial.kind for trial in trials)
        lefts = Counter((trial.left, trial.right) for trial in trials if trial.kind == "main")
        sides = [(lefts[one, other], lefts[other, one]) for one, other in combinations(study.methods, 2)]
        met = [sum(both) for both in sides]
        uneven = max(met) - min(met), max(abs(one - other) for one, other in sides)
        asked = [kinds[kind] for kind in ("main", "gold", "repeat", "real", "fake")]
        rows.append((rater, *asked, max(trial.block for trial in trials), *uneven))
    counted = ["comparisons", "gold", "repeats", "photos", "results flashed", "blocks"]
    uneven_by = ["pairs of methods differ by", "sides of a pair by"]
    return pd.DataFrame(rows, columns=["rater", *counted, *uneven_by]).set_index("rater")


def left_out(study: Study) -> pd.DataFrame:
    """Pairs that are in no trial because a method made nothing of them."""
    rows = [(one["person"], one["clothing"], ", ".join(one["methods"])) for one in study.design["left_out"]]
    return pd.DataFrame(rows, columns=["person", "clothing", "methods that failed"])


def first_of(study: Study, kind: Kind) -> Trial | None:
    """The first trial of a kind that anybody sees."""
    return next((trial for trial in study.trials if trial.kind == kind), None)


def seen(study: Study, trial: Trial) -> list[Pixels]:
    """What a rater sees of a choice: person, garment, left and right (H,W,3); of a flash the one picture."""
    names = [trial.person_picture, trial.clothing_picture, trial.left_picture, trial.right_picture, trial.shown_picture]
    return [load_rgb(study.pictures / name) for name in names if name]


def commands(study: Study) -> list[str]:
    """How to have it answered, and what to do with the answers."""
    folder = shlex.quote(str(study.folder))
    return [
        f"viton-eval study serve {folder}      # a page for raters on this machine",
        f"viton-eval study export {folder} --as pdf --out booklets      # or mturk, or csv",
        f"viton-eval study ingest {folder} --server {folder}/votes.sqlite3      # or --mturk, --sheet, --csv",
        f"viton-eval study analyse {folder}      # tables, picture, sentence",
    ]


def rules(study: Study) -> str:
    """By which rules answers are left out, fixed with the design."""
    given = study.settings.exclusions
    told = {
        f"raters with less than {given.gold_least or 0:.0%} of gold trials right": given.gold_least,
        f"with less than {given.repeat_least or 0:.0%} of repeats answered as before": given.repeat_least,
        f"with more than {given.one_side_most or 0:.0%} of answers on one side": given.one_side_most,
        f"with a median time under {given.median_least_ms} ms": given.median_least_ms,
        "answers after their block's time": given.late or None,
    }
    return "left out are " + (", ".join(text for text, rule in told.items() if rule is not None) or "none")


def own_power(study: Study, wanted: Wanted) -> Size:
    """How often this very study, by its own comparisons, finds what is wanted, by simulation."""
    mains, settings = [trial for trial in study.trials if trial.kind == "main"], study.settings
    power = power_on(wanted, places_of(mains, study.methods), len(study.pairs), settings.votes)
    return Size(len(study.pairs), settings.votes, settings.per_rater, study.raters, len(mains), *power)


class Shown(NamedTuple):
    """Answers for the notebook on results."""

    answers: list[Answer]
    simulated: bool
    told: str
    strengths: Mapping[str, float]  # that simulated raters were drawn with; {} of people

    def name(self, table: str) -> str:
        """Of a table's files."""
        return f"simulated-{table}" if self.simulated else table

    def caption(self, text: str) -> str:
        """Of a table or a picture."""
        return f"{MARK}: {text}" if self.simulated else text

    def order(self) -> str:
        """Methods by the strengths that were drawn, the best first."""
        ordered = sorted(self.strengths.items(), key=lambda item: -item[1])
        return ", ".join(f"{name} {strength:+.2f}" for name, strength in ordered)

    def table(self, found: pd.DataFrame) -> pd.DataFrame:
        """For the eye, under a head that says whose answers these are."""
        table = readable(found)
        return table.rename_axis(index="SIMULATED raters") if self.simulated else table

    def kept(self, experiment: Experiment, name: str, found: pd.DataFrame, text: str) -> pd.DataFrame:
        """Keep a table in all forms, each of which says whose answers these are, and give it back for the eye."""
        numbers = found.assign(note_on_raters=MARK) if self.simulated else found
        return keep(experiment, RESULTS, self.name(name), self.table(found), self.caption(text), numbers)


def shown_answers(experiment: Experiment, study: Study, seed: int = 0) -> Shown:
    """People's answers, or, where there are none, those of simulated raters with strengths drawn by lot."""
    found = answers_of(run_of(experiment))
    if found is not None:
        return Shown(found.answers, False, told_of(found), {})
    drawn = np.random.default_rng([seed, 7]).normal(0, SPREAD, len(study.methods))
    strengths = dict(zip(study.methods, (drawn - drawn.mean()).tolist(), strict=True))
    answers = simulated_answers(study, strengths, seed=seed, side_bias=0.1, careless=0.1)
    told = f"no answers yet. Below: {len(answers)} answers of {study.raters} {MARK}; who is better was drawn by lot"
    return Shown(answers, True, told, strengths)
