"""Who is preferred: shares that follow from votes, ties, and what order and sides do not change."""

import itertools

import numpy as np
import pandas as pd
import pytest

from tests.viton_eval.study.made_up import answered, study_of, votes_table
from viton_eval.paper_table import TABLE_1
from viton_eval.study.agreement import agreement
from viton_eval.study.answers import read_answers, write_answers
from viton_eval.study.simulate import simulated_answers
from viton_eval.study.votes import votes_of
from viton_eval.study.win_rates import pairwise, win_rates

METHODS = ("alpha", "beta", "gamma")


def test_the_papers_human_column_follows_from_answers_with_the_same_wins(tmp_path):
    human = {name: row.human / 100 for name, row in TABLE_1.items() if row.human is not None}
    study = study_of(list(human), pairs=100, votes=10, per_rater=150, gold=0, repeats=0, flashes=0)
    turns = {couple: itertools.count() for couple in itertools.combinations(sorted(human), 2)}

    def winner(trial):
        one, other = sorted((trial.left, trial.right))
        share = 0.5 + 5 / 6 * (human[one] - human[other])  # of 6 methods: its mean over five opponents is `human`
        return one if next(turns[one, other]) < round(1000 * share) else other

    path = tmp_path / "answers.csv"
    write_answers(path, answered(study, winner))
    rates = win_rates(votes_of(study, read_answers(path, study)), study.methods).set_index("method")
    for method, share in human.items():
        assert rates.loc[method, "value"] == pytest.approx(share, abs=0.0007)
    assert rates["value"].sum() == pytest.approx(6 * 0.5, abs=1e-12)
    assert set(rates["n"]) == {5000}


def test_shares_sum_to_half_the_methods_whatever_is_missing():
    study = study_of(METHODS, pairs=30, gold=0, repeats=0, flashes=0, votes=2)
    rng = np.random.default_rng(0)
    answers = answered(study, lambda trial: rng.choice([trial.left, trial.right]))
    some = [answer for answer in answers if rng.random() < 0.4]
    assert win_rates(votes_of(study, some), METHODS)["value"].sum() == pytest.approx(1.5, abs=1e-12)


def test_rows_in_any_order_and_sides_exchanged_give_the_same():
    study = study_of(METHODS, pairs=12, votes=3)
    answers = simulated_answers(study, dict(zip(METHODS, [0.4, 0.0, -0.4], strict=True)), seed=2)
    assert votes_of(study, answers).equals(votes_of(study, answers[::-1]))
    votes = votes_of(study, answers).query("kind == 'main'").reset_index(drop=True)
    turned = {"left": "right", "right": "left"}
    swapped = votes.assign(left=votes["right"], right=votes["left"], answer=votes["answer"].map(turned))
    pd.testing.assert_frame_equal(win_rates(votes, METHODS), win_rates(swapped, METHODS))
    pd.testing.assert_frame_equal(pairwise(votes, METHODS), pairwise(swapped, METHODS))
    assert agreement(votes) == agreement(swapped)
    rates = pairwise(votes, METHODS)
    other = pairwise(votes, METHODS[::-1])
    assert rates["value"].tolist() == pytest.approx((1 - other["value"]).tolist()[::-1])


def test_a_tie_is_half_a_win_for_both():
    rows = [("r", f"p{i}", "alpha", "beta", "tie") for i in range(6)]
    rates = win_rates(votes_table(rows), ("alpha", "beta"))
    assert rates["value"].tolist() == [0.5, 0.5]
    assert pairwise(votes_table(rows), ("alpha", "beta"))["ties"].tolist() == [6]


def test_the_sign_test_is_over_pairs():
    rows = [(f"r{r}", f"p{i}", "alpha", "beta", "left" if i < 9 else "right") for r in range(3) for i in range(10)]
    row = pairwise(votes_table(rows), ("alpha", "beta")).iloc[0]
    assert (row["pairs_for"], row["pairs_against"]) == (9, 1)
    assert row["sign_p"] == pytest.approx(2 * (1 + 10) / 2**10)
