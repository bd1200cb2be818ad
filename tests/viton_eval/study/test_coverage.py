"""How often intervals hold the truth of simulated studies whose truth is known in closed form."""

from itertools import combinations

import numpy as np
import pytest

from tests.viton_eval.study.made_up import answered, study_of, tasteful_votes, true_share
from viton_eval.study.clustered import estimate
from viton_eval.study.intervals import wilson
from viton_eval.study.raters import Tastes, drawn_choices, places_of, preference
from viton_eval.study.votes import votes_of
from viton_eval.study.win_rates import pairwise, win_rates

METHODS = ("alpha", "beta", "gamma")
STRENGTHS = np.array([0.5, 0.0, -0.5])


def coverage(studies, seed, **tastes):
    """How often the clustered and Wilson's intervals hold the truth."""
    rng, truth, held = np.random.default_rng(seed), true_share(**tastes), np.zeros(2)
    for _ in range(studies):
        who, what, won = tasteful_votes(rng, **tastes)
        near = estimate(won, who, what)
        plain = wilson(won.sum(), len(won))
        held += [near.low <= truth <= near.high, plain.low <= truth <= plain.high]
    return held / studies


def test_the_clustered_interval_covers_the_truth_where_wilsons_does_not():
    near, plain = coverage(2000, seed=0)
    print(f"2,000 studies of correlated raters: clustered {near:.3f}, Wilson {plain:.3f}")
    assert 0.93 <= near <= 0.97
    assert plain < 0.75


def test_where_votes_are_independent_both_cover():
    near, plain = coverage(1000, seed=1, rater_sd=0.0, pair_sd=0.0)
    assert near >= 0.93
    assert 0.93 <= plain <= 0.97


@pytest.mark.parametrize("gap", [1.5, 3.0])
def test_a_share_close_to_one_is_covered_and_no_interval_leaves_what_is_possible(gap):
    rng, truth, held = np.random.default_rng(2), true_share(gap), 0
    for _ in range(500):
        who, what, won = tasteful_votes(rng, raters=8, pairs=12, seen=9, gap=gap)
        near = estimate(won, who, what)
        assert 0 <= near.low < near.high <= 1
        held += near.low <= truth <= near.high
    assert held / 500 >= 0.93


def true_rates(tastes):
    """Of each method against each of the others (M,M), and against all (M,), over all raters and pairs: no simulation.

    Tastes are of every method its own, so a difference of two has twice the variance of one.
    """
    deviation = float(np.sqrt(2 * (tastes.rater_sd**2 + tastes.pair_sd**2)))
    each = np.array([[preference(one - other, deviation) for other in STRENGTHS] for one in STRENGTHS])
    return each, (each.sum(axis=1) - 0.5) / (len(METHODS) - 1)


def drawn_tables(studies, seed, tastes):
    """The votes of many studies of one design of `study make`: 40 pairs, 15 raters of 24 comparisons."""
    study = study_of(METHODS, pairs=40, votes=3, per_rater=24, gold=0, repeats=0, flashes=0)
    table = votes_of(study, answered(study, lambda trial: trial.left))
    asked = places_of([study.by_name[name] for name in table["trial"]], METHODS)
    for chosen in drawn_choices(STRENGTHS, asked, tastes, studies, np.random.default_rng(seed)):
        winner = np.where(chosen == 1, table["left"], table["right"])
        yield table.assign(answer=np.where(chosen == 1, "left", "right"), winner=winner)


def rates_covered(studies, seed, tastes):
    """The share of win rates whose clustered, and Wilson's, interval holds the closed-form truth, of each method."""
    truth, held = true_rates(tastes)[1], np.zeros((2, len(METHODS)))
    for votes in drawn_tables(studies, seed, tastes):
        rates = win_rates(votes, METHODS)
        for row, (low, high) in enumerate((("low", "high"), ("wilson_low", "wilson_high"))):
            held[row] += (rates[low] <= truth) & (truth <= rates[high])
    return held / studies


def test_the_closed_form_is_what_very_many_votes_come_to():
    tastes = Tastes(0.7, 0.7)
    study = study_of(METHODS, pairs=600, votes=20, per_rater=30, gold=0, repeats=0, flashes=0)
    table = votes_of(study, answered(study, lambda trial: trial.left))
    asked = places_of([study.by_name[name] for name in table["trial"]], METHODS)
    (chosen,) = drawn_choices(STRENGTHS, asked, tastes, 1, np.random.default_rng(9))
    table = table.assign(winner=np.where(chosen == 1, table["left"], table["right"]))
    each, rates = true_rates(tastes)
    assert win_rates(table, METHODS)["value"].tolist() == pytest.approx(rates.tolist(), abs=0.02)
    wanted = [each[one, other] for one, other in combinations(range(3), 2)]
    assert pairwise(table, METHODS)["value"].tolist() == pytest.approx(wanted, abs=0.03)


def test_win_rates_cover_their_truth():
    near, plain = rates_covered(300, seed=3, tastes=Tastes(0.7, 0.7))
    assert ((near >= 0.92) & (near <= 0.98)).all(), near
    assert plain.mean() < 0.85


@pytest.mark.slow
@pytest.mark.parametrize("tastes", [Tastes(), Tastes(0.7, 0.7)])
def test_win_rates_of_2000_studies_cover_their_truth_in_93_to_97_of_100(tastes):
    near, plain = rates_covered(2000, seed=4, tastes=tastes)
    told = ", ".join(f"{share:.3f}" for share in near)
    print(f"2,000 studies, {tastes}: clustered {near.mean():.3f} ({told}), Wilson {plain.mean():.3f}")
    assert ((near >= 0.93) & (near <= 0.97)).all(), near
    assert plain.mean() < 0.9
