"""Who is left out, by which rules, and that results are given with and without."""

import json
from datetime import UTC, datetime, timedelta

import numpy as np
import pandas as pd
import pytest

from tests.viton_eval.study.made_up import answered, study_of
from viton_eval.study.analyse import analyse
from viton_eval.study.analysis_files import as_json, figures
from viton_eval.study.analysis_text import analysis_text, readable
from viton_eval.study.sessions import stamp
from viton_eval.study.simulate import simulated_answers

METHODS = ("alpha", "beta", "gamma")


def test_rules_leave_out_who_did_not_look_and_both_results_are_given():
    study = study_of(METHODS, pairs=40, votes=2, per_rater=30, gold=4)
    good = answered(study, lambda trial: min(trial.left, trial.right), response_ms="2500")
    sleeper = {f"r{study.raters}"}
    answers = [
        answer._replace(answer="left", response_ms="120") if answer.rater in sleeper else answer for answer in good
    ]
    found = analyse(study, answers, draws=100)
    told = found.quality.set_index("rater")["left_out_by"]
    rules = "gold right below 0.75, one side above 0.95, median time below 700 ms"
    assert told[next(iter(sleeper))] == rules
    assert (told.drop(list(sleeper)) == "").all()
    assert found.win_rates.set_index("method").loc["alpha", "value"] == 1
    assert found.all_win_rates.set_index("method").loc["alpha", "value"] < 1
    assert found.exclusions.set_index("rule")["raters"].to_dict() == {
        **dict.fromkeys(rules.split(", "), 1),
        "late answers": 0,
    }
    assert "1 rater was left out" in found.sentence


def test_every_table_is_given_with_those_whom_the_rules_leave_out_as_well():
    """Of everybody it is what an analysis by no rules gives, and without them what one of the others' answers does."""
    given = {"pairs": 40, "votes": 2, "per_rater": 30, "gold": 4, "flashes": 4}
    study = study_of(METHODS, **given)
    none = study_of(METHODS, **given, exclusions={"gold_least": None, "one_side_most": None, "median_least_ms": None})
    assert none.trials == study.trials
    answers = simulated_answers(study, dict(zip(METHODS, [0.8, 0.0, -0.8], strict=True)), seed=3)
    quick = {"simulated-1", "simulated-2"}
    assert quick < {one.rater for one in answers}
    answers = [one._replace(response_ms="90" if one.rater in quick else "2000") for one in answers]
    found, unruled = analyse(study, answers, draws=50), analyse(none, answers, draws=50)
    others = analyse(study, [one for one in answers if one.rater not in quick], draws=50)
    for name in ("win_rates", "pairwise", "bradley_terry", "flashes"):
        whole, ruled = getattr(found, f"all_{name}"), getattr(found, name)
        pd.testing.assert_frame_equal(whole, getattr(unruled, name))
        pd.testing.assert_frame_equal(ruled, getattr(others, name))
        assert not whole.equals(ruled), name
    assert {f"all-{name}" for name in ("win-rates", "pairwise", "bradley-terry", "flashes")} < set(found.tables())


def test_where_nobody_is_left_it_is_said_and_no_number_is_made_up():
    study = study_of(METHODS, pairs=40, votes=2, per_rater=30, gold=4)
    answers = answered(study, lambda trial: trial.left, response_ms="120")
    found = analyse(study, answers, draws=50)
    raters, votes = len({one.rater for one in answers}), found.quality["votes"].sum()
    assert (found.quality["left_out_by"] != "").all()
    assert found.sentence == (
        f"No answers left: of {votes} two-alternative votes of {raters} raters none is counted; {raters} raters were "
        "left out by rules fixed beforehand, and late answers where the rules say so."
    )
    text = analysis_text(found)
    assert "nan" not in text
    assert "agreement: - of two votes on a comparison, alpha -, 0 comparisons" in text
    assert "left chosen: - of 0 (p = -)" in text
    for name, table in found.tables().items():
        assert "nan" not in readable(table).to_csv(), name
    json.dumps(as_json(found), allow_nan=False)
    assert set(figures(found)) == {"win-rates", "pairwise"}


def test_late_answers_are_left_out_where_the_design_says_so():
    for late, kept in ((True, 0), (False, 1)):
        study = study_of(METHODS, pairs=8, votes=1, gold=0, repeats=0, exclusions={"late": late})
        answers = answered(study, lambda trial: min(trial.left, trial.right))
        answers[0] = answers[0]._replace(late="1")
        found = analyse(study, answers, draws=100)
        assert found.win_rates["n"].sum() == 2 * (len(answers) - 1 + kept)


def test_a_late_gold_trial_is_no_vote_that_is_left_out_and_is_judged_by_what_was_said():
    study = study_of(METHODS, pairs=8, votes=1, per_rater=24, gold=2, repeats=2, flashes=0)
    answers = answered(study, lambda trial: min(trial.left, trial.right), response_ms="2000")
    late = [one._replace(late="1" if study.by_name[one.trial].kind != "main" else "0") for one in answers]
    found, plain = analyse(study, late, draws=10), analyse(study, answers, draws=10)
    assert found.exclusions.set_index("rule").loc["late answers", "answers"] == 0
    assert len(answers) > found.win_rates["n"].sum() / 2 == sum(one.kind == "main" for one in study.trials)
    row = found.quality.iloc[0]
    assert (row["gold"], row["gold_right"], row["repeats"], row["repeats_alike"], row["late"]) == (2, 1, 2, 1, 4)
    pd.testing.assert_frame_equal(found.win_rates, plain.win_rates)
    wrong = {"left": "right", "right": "left"}
    failed = [
        one._replace(answer=wrong[one.answer]) if study.by_name[one.trial].kind == "gold" else one for one in late
    ]
    assert analyse(study, failed, draws=10).quality["left_out_by"].tolist() == ["gold right below 0.75"]
    late_vote = [one._replace(late="1") if one is answers[0] else one for one in answers]
    assert study.by_name[answers[0].trial].kind == "main"
    assert analyse(study, late_vote, draws=10).exclusions.set_index("rule").loc["late answers", "answers"] == 1


def timed(answers, response_ms, server_s):
    """The same answers with what the browser says, and what the server's clock does."""
    served = datetime(2026, 11, 24, 9, 30, tzinfo=UTC)
    times = {"served_at": stamp(served), "answered_at": stamp(served + timedelta(seconds=server_s))}
    return [one._replace(response_ms=response_ms, **times) for one in answers]


@pytest.mark.parametrize(
    ("response_ms", "server_s", "median", "longer"),
    [
        ("5000", 0.3, 300, True),  # a browser that says it took its time
        ("", 0.3, 300, False),  # ... or nothing
        ("300", 60.0, 300, False),  # an answer that waited for a connection
        ("900", 1.1, 900, False),
        ("900", 0.85, 850, False),  # two clocks
        ("900", -5.0, 900, False),  # the server's clock was put back
        ("", -5.0, None, False),
    ],
)
def test_the_rule_about_times_does_not_trust_the_browser_alone(response_ms, server_s, median, longer):
    study = study_of(METHODS, pairs=8, votes=1, per_rater=24, gold=0, repeats=0, flashes=0)
    answers = timed(answered(study, lambda trial: min(trial.left, trial.right)), response_ms, server_s)
    found = analyse(study, answers, draws=10)
    row = found.quality.iloc[0]
    assert np.isnan(row["median_ms"]) if median is None else row["median_ms"] == pytest.approx(median)
    assert row["told_longer"] == (len(answers) if longer else 0)
    quick = median is not None and median < 700
    assert row["left_out_by"] == ("median time below 700 ms" if quick else "")
