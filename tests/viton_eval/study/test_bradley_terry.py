"""One scale from votes: Bradley and Terry's against choix, closed forms, and what keeps it finite."""

import itertools
import tracemalloc

import choix
import numpy as np
import pandas as pd
import pytest
from scipy.special import expit

from tests.viton_eval.study.made_up import answered, study_of
from viton.errors import InputError
from viton_eval.interval import drawn_weights, weights_by_part
from viton_eval.study import bradley_terry, scale
from viton_eval.study.bradley_terry import groups, is_bounded, strengths
from viton_eval.study.simulate import simulated_answers
from viton_eval.study.votes import votes_of
from viton_eval.study.win_rates import pair_names


def test_bradley_terry_is_choix_without_the_ridge():
    rng, done = np.random.default_rng(0), 0
    while done < 100:
        count = int(rng.integers(2, 9))
        wins = rng.integers(0, 12, (count, count)).astype(float)
        np.fill_diagonal(wins, 0)
        if not is_bounded(wins):
            continue
        done += 1
        data = [(i, j) for i in range(count) for j in range(count) for _ in range(int(wins[i, j]))]
        theirs = choix.ilsr_pairwise(count, data, alpha=0, tol=1e-12, max_iter=10_000)
        assert np.abs(strengths(wins, ridge=1e-10) - (theirs - theirs.mean())).max() < 1e-6


def test_bradley_terry_of_two_is_the_log_odds_and_davidsons_ties_leave_it():
    wins = np.array([[0.0, 30.0], [10.0, 0.0]])
    assert np.diff(strengths(wins, ridge=1e-9))[0] == pytest.approx(-np.log(3), abs=1e-8)
    ties = np.array([[0.0, 8.0], [8.0, 0.0]])
    assert np.diff(strengths(wins, ties, ridge=1e-9))[0] == pytest.approx(-np.log(3), abs=1e-7)


def test_davidsons_likelihood_is_at_its_most():
    rng = np.random.default_rng(1)
    wins, ties = rng.integers(1, 9, (4, 4)).astype(float), rng.integers(1, 5, (4, 4)).astype(float)
    ties = np.triu(ties, 1) + np.triu(ties, 1).T
    found = strengths(wins, ties, ridge=1e-9)

    def likelihood(theta, nu):
        total = 0.0
        for i, j in itertools.combinations(range(4), 2):
            parts = np.array([np.exp(theta[i]), np.exp(theta[j]), nu * np.exp((theta[i] + theta[j]) / 2)])
            total += (np.array([wins[i, j], wins[j, i], ties[i, j]]) * np.log(parts / parts.sum())).sum()
        return total

    best = max((likelihood(found, nu), nu) for nu in np.linspace(0.1, 3, 2000))
    for step in np.eye(4) * 0.02:
        assert likelihood(found + step, best[1]) < best[0]
        assert likelihood(found - step, best[1]) < best[0]


def test_who_wins_everything_stays_finite_and_it_is_said():
    wins = np.array([[0.0, 9.0], [0.0, 0.0]])
    assert np.isfinite(strengths(wins)).all()
    assert not is_bounded(wins)
    assert groups(np.diag([1.0, 1.0])) == 2


def test_it_has_arrived_where_it_says_so_whatever_the_size_of_the_counts():
    """A step is small beside the strengths, not beside nothing: at the answer the slope is zero beside the votes."""
    rng = np.random.default_rng(5)
    for size in (1.0, 1e3, 1e8):
        wins = rng.integers(1, 9, (20, 4, 4)) * (1 - np.eye(4)) * size
        found = strengths(wins, ridge=1e-9)
        won = expit(found[:, :, None] - found[:, None, :])
        slope = (wins - (wins + wins.swapaxes(1, 2)) * won).sum(axis=2)
        assert np.abs(slope).max() < 1e-7 * size * 36
    apart = np.array([[0.0, 1e6, 0.0], [1.0, 0.0, 1e6], [0.0, 1.0, 0.0]])
    assert np.diff(strengths(apart, ridge=1e-9)).tolist() == pytest.approx([-np.log(1e6)] * 2)


def test_where_it_does_not_arrive_it_is_an_error_that_says_so(monkeypatch):
    wins = np.array([[[0.0, 9.0], [1.0, 0.0]], [[0.0, 1.0], [1.0, 0.0]]])
    monkeypatch.setattr(bradley_terry, "STEPS", 2)
    with pytest.raises(
        InputError, match=r"Bradley-Terry: expected a step of 1e-09 .* within 2 steps, got 1 of 2 tables"
    ):
        strengths(wins)


def votes_with_ties():
    study = study_of(("a", "b", "c"), pairs=12, votes=3, per_rater=9, gold=0, repeats=0, flashes=0, ties=True)
    return votes_of(study, simulated_answers(study, {"a": 0.8, "b": 0.0, "c": -0.8}, seed=1))


def test_draws_in_parts_are_the_draws_at_once(monkeypatch):
    votes = votes_with_ties()
    people, pairs = votes["rater"].tolist(), pair_names(votes)
    rng, whole = np.random.default_rng(3), np.ones((70, len(votes)))
    for clusters in (people, pairs):  # written out: all draws of raters, then all of pairs
        names = sorted(set(clusters))
        counts = rng.multinomial(len(names), np.full(len(names), 1 / len(names)), size=70)
        whole *= counts[:, [names.index(one) for one in clusters]]
    for at_once in (1, 7, 64, 70, 1000):
        parts = list(weights_by_part(people, pairs, 3, 70, at_once))
        assert max(map(len, parts)) <= at_once
        assert np.array_equal(np.concatenate(parts), whole[whole.sum(axis=1) > 0])
    assert np.array_equal(drawn_weights(tuple(people), tuple(pairs), 3, 70), whole[whole.sum(axis=1) > 0])
    tables = []
    for at_once in (1, 1000, 10**9):
        monkeypatch.setattr(scale, "AT_ONCE", at_once)
        tables.append(scale.bradley_terry_table(votes, ("a", "b", "c"), 3, 70))
    pd.testing.assert_frame_equal(tables[0], tables[1], rtol=1e-12)
    pd.testing.assert_frame_equal(tables[0], tables[2], rtol=1e-12)


def test_very_many_votes_are_drawn_within_a_few_times_what_is_drawn_at_once():
    """60,000 votes drawn 300 times are 144 MB at once."""
    votes = pd.concat([votes_with_ties()] * 600, ignore_index=True)[:60_000]
    tracemalloc.start()
    try:
        scale.bradley_terry_table(votes, ("a", "b", "c"), 0, 300)
        most = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    print(f"{len(votes)} votes: {most / 1e6:.0f} MB at most")
    assert len(votes) == 60_000
    assert most < 80e6


def test_one_rater_has_strengths_and_no_interval():
    study = study_of(("a", "b", "c"), pairs=4, votes=1, per_rater=12, gold=0, repeats=0, flashes=0)
    votes = votes_of(study, answered(study, lambda trial: min(trial.left, trial.right)))
    assert votes["rater"].nunique() == 1
    table = scale.bradley_terry_table(votes, study.methods, 0, 50)
    assert table["value"].notna().all()
    assert table[["low", "high"]].isna().all(axis=None)
    assert table["note"].str.contains("no interval: fewer than 2 raters or pairs").all()
