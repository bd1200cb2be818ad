"""One scale from votes: Bradley and Terry's against choix, closed forms, and what keeps it finite."""

import itertools

import choix
import numpy as np
import pytest

from viton_eval.study.bradley_terry import groups, is_bounded, strengths


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
