"""The column of people in an experiment: empty until they answer, and of their answers alone."""

import shutil
import sys
from pathlib import Path
from types import ModuleType, SimpleNamespace

import numpy as np
import pandas as pd
import pytest

from tests.viton_eval.people.asked import SETTINGS, SIZE, SURE, by_people, others
from viton.config import PATTERN
from viton.errors import InputError
from viton.images import encode
from viton_eval import agreement, quantities
from viton_eval.people import NO_ANSWERS, NONE_LEFT, RATES, People, answers_of, cell_of, people_of, standing
from viton_eval.study.answers import Answer, write_answers
from viton_eval.study.make import make_study
from viton_eval.study.request import settings_of, source_of
from viton_eval.study.simulate import simulated_answers


@pytest.fixture
def analysis(monkeypatch):
    """A stand-in for the analysis that counts votes and remembers what it was given."""
    asked = []

    def analyse(study, answers, **_):
        asked.append(answers)
        said, rows = {one.trial: one.answer for one in answers}, []
        for method in study.methods:
            mine = [one for one in study.trials if one.kind == "main" and method in (one.left, one.right)]
            wins = [getattr(one, said[one.trial]) == method for one in mine if one.trial in said]
            rows.append((method, float(np.mean(wins)), 0.1, 0.9, len(wins)))
        return SimpleNamespace(win_rates=pd.DataFrame(rows, columns=RATES))

    module = ModuleType("viton_eval.study.analyse")
    module.analyse = analyse
    monkeypatch.setitem(sys.modules, module.__name__, module)
    return asked


def test_before_anybody_answers_there_are_no_numbers_of_people(run, analysis, source):
    assert people_of(run).told == NO_ANSWERS, "no study"
    study = make_study(run.study, source, SETTINGS, 4)
    assert people_of(run).rates.empty, "no answers"
    write_answers(run.study / "answers.csv", [])
    assert people_of(run).told == NO_ANSWERS
    write_answers(run.study / "answers.csv", simulated_answers(study, SURE))
    assert answers_of(run) is None, "simulated raters are nobody"
    assert people_of(run).told == NO_ANSWERS
    assert analysis == [], "they are not even analysed"


def test_peoples_answers_are_counted_and_simulated_ones_beside_them_are_not(run, study, analysis):
    made = simulated_answers(study, SURE)
    people, rest = by_people(study, made[:-10]), made[-10:]
    write_answers(run.study / "answers.csv", [*people, *rest])
    found = people_of(run)
    assert sorted(analysis[0]) == sorted(people)
    assert not any(one.source == "simulated" for one in analysis[0])
    rates = found.rates.set_index("method")["value"]
    assert rates["non-parametric"] == 1.0
    assert rates["two"] == 0.0
    assert f"study {study.id}: {len(people)} answers of " in found.told
    assert "(server)" in found.told


def test_of_a_persons_votes_on_one_comparison_the_first_counts_whoever_wrote_the_table(run, study):
    """A worker of Mechanical Turk with blocks of two raters: asked the same twice, and told the other way later."""
    mains = [one for one in study.trials if one.kind == "main"]
    answers = [
        Answer(study.id, "mturk-1", one.trial, "left" if SURE[one.left] > SURE[one.right] else "right", "mturk")
        for one in mains
    ]
    first = {trial.comparison: one for trial, one in zip(reversed(mains), reversed(answers), strict=True)}
    assert len(answers) == 2 * len(first) == 24
    turned = {"left": "right", "right": "left"}
    told = [one if one in first.values() else one._replace(answer=turned[one.answer]) for one in answers]
    write_answers(run.study / "answers.csv", told)
    found = answers_of(run)
    assert sorted(found.answers) == sorted(first.values())
    assert found.further == 12
    people = people_of(run)
    assert "12 answers of 1 person (mturk), 4 unpaired pairs; left out: 12 further votes of a rater" in people.told
    rates = people.rates.set_index("method")
    assert rates["value"].to_dict() == {"non-parametric": 1.0, "one": 0.5, "two": 0.0}
    assert set(rates["n"]) == {8}


@pytest.mark.parametrize("kinds", [{"gold"}, {"real", "fake"}, {"repeat"}, {"gold", "repeat", "real", "fake"}])
def test_answers_to_no_comparison_are_no_answers_yet(run, study, kinds):
    made = by_people(study, simulated_answers(study, SURE))
    some = [one for one in made if study.by_name[one.trial].kind in kinds]
    assert some
    write_answers(run.study / "answers.csv", some)
    assert answers_of(run) is None
    assert people_of(run).told == NO_ANSWERS
    vote = next(one for one in made if study.by_name[one.trial].kind == "main")
    write_answers(run.study / "answers.csv", [*some, vote])
    assert answers_of(run).answers == sorted([*some, vote])
    assert len(people_of(run).rates) == 3


def test_where_the_rules_leave_everybody_out_no_number_is_shown(run, study):
    """By the analysis itself: everybody answers in a tenth of a second."""
    hasty = [one._replace(response_ms="100") for one in by_people(study, simulated_answers(study, SURE))]
    write_answers(run.study / "answers.csv", hasty)
    found = people_of(run)
    assert found.rates.empty
    assert found.told.endswith(f"{NONE_LEFT}: the rules fixed beforehand leave all of them out")
    assert cell_of(found, "one") == NONE_LEFT
    some = People(pd.DataFrame([("one", np.nan, np.nan, np.nan, 0), ("two", 0.4, 0.3, 0.5, 3)], columns=RATES), "told")
    assert [cell_of(some, name) for name in ("one", "two")] == ["-", "40.0% [30.0, 50.0]"]


def test_beside_new_results_peoples_column_says_that_they_saw_earlier_ones(two, results):
    """As the notebook on the study says it; of a study that the configuration does not ask for as well."""
    shutil.copytree(results["two"], two.results("cagan"))
    given = source_of((), "", "", "test", PATTERN, Path("tiny.yaml"), Path("runs"))
    study = make_study(two.study, given, settings_of(None, two.config.study.set, two.config.seed), 4)
    made = simulated_answers(study, {"non-parametric": 1.0, "cagan": 0.0})
    write_answers(two.study / "answers.csv", by_people(study, made))
    alone = others(two, study=None)
    for run in (two, alone):
        assert people_of(run).told.endswith("; made of the results that are there now")
    picture = two.results("cagan") / f"{study.pairs[0].name}.png"
    picture.write_bytes(encode(np.zeros((*SIZE, 3), np.uint8), ".png"))
    for run in (two, alone):
        found = people_of(run)
        assert "; of EARLIER results or settings, kept because its folder holds answers.csv: " in found.told
        assert len(found.rates) == 2, "they are shown, and it is said"
    assert standing(two, study) in people_of(two).told


def test_answers_to_another_study_are_refused(run, study, analysis):
    one = study.trials[0]
    write_answers(run.study / "answers.csv", [Answer("0" * 16, "person-1", one.trial, "left", "server")])
    with pytest.raises(InputError, match="answers to study"):
        people_of(run)


PEOPLE = People(
    pd.DataFrame([("viton", 0.772, 0.71, 0.83, 90), ("crn", 0.4, np.nan, np.nan, 3)], columns=RATES), "told"
)


def test_the_people_column_holds_win_rates_once_there_are_some(monkeypatch):
    experiment = SimpleNamespace(config=SimpleNamespace(methods=("viton", "crn", "prgan")))
    monkeypatch.setattr(quantities, "failed_of", lambda *_: "0/4")
    sets = pd.DataFrame(columns=["set", "measure", "protocol", "beside", "extractor", "value", "low", "high", "note"])
    table = quantities.table_one(experiment, sets, pd.DataFrame(), PEOPLE)["people"]
    assert table["viton"] == "77.2% [71.0, 83.0]"
    assert table["crn"] == "40.0% (no interval)"
    assert table["prgan"] == "not in the study"
    assert set(quantities.table_one(experiment, sets, pd.DataFrame())["people"]) == {NO_ANSWERS, "-"}
    data = quantities.table_one_data(experiment, sets, pd.DataFrame(), PEOPLE)
    rows = data[data["measure"] == "people"].set_index("method")
    assert rows["value"].to_dict() == {"viton": 0.772, "crn": 0.4}
    assert rows["note"].tolist() == ["told", "told"]
    assert quantities.table_one_data(experiment, sets, pd.DataFrame()).empty


def metric(*values):
    return agreement.Metric(agreement.TOLD, np.array(values, float), None, 9)


def test_metrics_are_ranked_against_people_over_methods_that_both_have():
    rates = pd.DataFrame([(name, rate, 0, 1, 9) for name, rate in zip("dcba", (0.7, 0.6, 0.5, 0.2), strict=True)])
    rates.columns = RATES
    metrics = {"like": metric(1, 2, 3, 4, -9), "unlike": metric(4, 3, 2, 1, 9), "swapped": metric(2, 1, 3, 4, 0)}
    found = agreement.with_people(metrics, list("abcdx"), rates).set_index("metric")
    assert found["value"].to_dict() == pytest.approx({"like": 1.0, "unlike": -1.0, "swapped": 0.8})
    assert set(found["n"]) == {4}, "x is not in the study"
    assert found["low"].isna().all()
    assert "people's win rate" in agreement.readable(found.reset_index()).columns
    assert agreement.with_people(metrics, list("abcdx"), rates[:2]).empty, "two methods have no order to speak of"
    assert agreement.with_people(metrics, list("abcdx"), rates[:0]).empty
