"""What people have answered to an experiment's human study: the column that stays empty until they have.

Simulated answers never come through here.
"""

from __future__ import annotations

from typing import NamedTuple

import pandas as pd

from viton.config import PATTERN
from viton_eval.commands import Run
from viton_eval.study.answers import ANSWERS, FURTHER, SIMULATED, Answer, first_votes, read_answers
from viton_eval.study.frozen import DESIGN, Study, read_study
from viton_eval.study.make import is_current
from viton_eval.study.request import settings_of, source_of
from viton_eval.study.sentence import number_of
from viton_eval.study.used import used_by

NO_ANSWERS = "no answers yet"
NONE_LEFT = "no answers left"  # once those are left out that the study's rules leave out
RATES = ["method", "value", "low", "high", "n"]  # share of trials won against the others, in [0,1], its 95% interval


class People(NamedTuple):
    """Win rates of methods, and what is to be said beside them."""

    rates: pd.DataFrame  # RATES, a row a method of the study; no row where no answers are, or are left
    told: str
    absent: str = NO_ANSWERS  # what is said in the place of a rate where there are no rows


class Answered(NamedTuple):
    """An experiment's study, and what people answered to it."""

    study: Study
    answers: list[Answer]  # one vote of a person on a comparison
    further: int  # votes of somebody who had voted on the comparison before: left out


def answers_of(run: Run) -> Answered | None:
    """The experiment's study and what people answered; None where there is no study, or nobody has compared methods.

    Of a person's votes on one comparison the first counts, whoever wrote the table. Answers to gold trials, repeats or
    flashes alone say nothing of who is preferred: they are no answers yet.   Raises InputError for a study or answers
    that are damaged, or of another study.
    """
    if not ((run.study / DESIGN).is_file() and (run.study / ANSWERS).is_file()):
        return None
    study = read_study(run.study)
    people = [one for one in read_answers(run.study / ANSWERS, study) if one.source != SIMULATED]
    answers, further = first_votes(people, study)
    voted = any(study.by_name[one.trial].kind == "main" for one in answers)
    return Answered(study, answers, len(further)) if voted else None


def people_of(run: Run) -> People:
    """Win rates by people's answers, clustered intervals beside them; simulated answers are passed over.

    What is told says whether people saw the results that are there now, or earlier ones.
    """
    found = answers_of(run)
    if found is None:
        return People(pd.DataFrame(columns=RATES), NO_ANSWERS)
    rates, told = rates_of(found.study, found.answers), f"{told_of(found)}; {standing(run, found.study)}"
    if rates["value"].notna().any():
        return People(rates, told)
    return People(rates[:0], f"{told}; {NONE_LEFT}: the rules fixed beforehand leave all of them out", NONE_LEFT)


def standing(run: Run, study: Study) -> str:
    """Whether the experiment's study is made of the results that are there now, and if not, why it is kept.

    A study that the configuration does not ask for is compared by its own settings.   Raises InputError where results
    are missing.
    """
    asked = run.config.study
    source = source_of((), run.data, "", run.config.split, PATTERN, run.config_path, run.runs)
    settings = settings_of(None, asked.set, run.config.seed) if asked else study.settings
    if is_current(run.study, source, settings, asked.pairs if asked else len(study.pairs)):
        return "made of the results that are there now"
    why = f"kept because its folder holds {', '.join(used_by(run.study)) or 'nothing else'}"
    return f"of EARLIER results or settings, {why}: answers tell of the pictures that were shown"


def rates_of(study: Study, answers: list[Answer]) -> pd.DataFrame:
    """RATES of some answers, by the analysis of viton_eval.study."""
    from viton_eval.study.analyse import analyse

    return rates_in(analyse(study, answers).win_rates)


def rates_in(win_rates: pd.DataFrame) -> pd.DataFrame:
    """RATES out of the analysis's table."""
    return win_rates[RATES].reset_index(drop=True)


def told_of(found: Answered) -> str:
    """Who answered what, in a line."""
    study, answers = found.study, found.answers
    raters, sources = len({one.rater for one in answers}), sorted({one.source for one in answers})
    count = f"{number_of(len(answers), 'answer')} of {raters} {'person' if raters == 1 else 'people'}"
    pairs = f"{len(study.pairs)} {study.design['mode']} pair{'s' * (len(study.pairs) != 1)}"
    left_out = f"; left out: {found.further} {FURTHER}" if found.further else ""
    return f"study {study.id}: {count} ({', '.join(sources)}), {pairs}{left_out}"


def cell_of(people: People, method: str) -> str:
    """A method's win rate for the eye."""
    row = people.rates[people.rates["method"] == method]
    if people.rates.empty or row.empty:
        return people.absent if people.rates.empty else "not in the study"
    value, low, high = (100 * float(row[name].iloc[0]) for name in ("value", "low", "high"))
    if value != value:  # NaN alone is not itself: nobody was left who saw it
        return "-"
    interval = f" [{low:.1f}, {high:.1f}]" if low == low else " (no interval)"
    return f"{value:.1f}%{interval}"
