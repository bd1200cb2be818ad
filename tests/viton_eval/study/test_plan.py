"""Votes that a study needs: the tests keep their level, the power is what independent votes have in closed form."""

import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from scipy.stats import binom, binomtest, norm
from scipy.stats import t as student

from viton.errors import UsageError
from viton_eval.study.clustered import clustered
from viton_eval.study.plan_text import as_json, make_options, plain_planning, question_of, table_of, tastes_of, verdict
from viton_eval.study.raters import Tastes, drawn_choices
from viton_eval.study.votes_needed import (
    Wanted,
    _design,
    _found,
    binomial_votes,
    in_all,
    power_of,
    question_named,
    strengths,
    votes_needed,
)

ROOT = Path(__file__).resolve().parents[3]
ALIKE = Tastes(0, 0)


def test_names_of_raters_and_pairs_do_not_matter_and_of_one_alone_nothing_is_known():
    rng = np.random.default_rng(1)
    wins, raters, pairs = rng.integers(0, 2, (3, 30)).astype(float), rng.integers(0, 5, 30), rng.integers(0, 6, 30)
    as_named = clustered(wins, raters, pairs)
    assert np.array_equal(as_named.worth, clustered(wins, 100 - 7 * raters, [f"p{one}" for one in pairs]).worth)
    order = rng.permutation(30)
    assert np.allclose(as_named.worth, clustered(wins[:, order], raters[order], pairs[order]).worth)
    alone = clustered(wins, np.zeros(30, int), pairs)
    assert alone.share.tolist() == as_named.share.tolist()
    for unknown in (alone.worth, alone.p_values(), *alone.interval()):
        assert np.isnan(unknown).all()


def test_unanimous_votes_are_no_proof_beyond_what_independent_ones_are():
    (p_value,) = clustered(np.ones((1, 12)), np.arange(12), np.arange(12)).p_values()
    assert p_value == pytest.approx(2 * student.sf(np.sqrt(12), 11))


NULL_ALIKE, NULL_APART = (0.018, 0.027), (0.035, 0.052)  # votes are never worth more than there are: the first is low


def test_the_manual_promises_what_is_tested():
    text = " ".join((ROOT / "docs/study.md").read_text().split())
    apart, alike = (f"{100 * least:.1f}% to {100 * most:.1f}%" for least, most in (NULL_APART, NULL_ALIKE))
    assert f"in {apart} of 6,000 studies where raters or pairs differ, and in {alike} where nothing does" in text


@pytest.mark.parametrize(
    ("tastes", "bounds"),
    [
        (ALIKE, NULL_ALIKE),
        (Tastes(0.6, 0.0), NULL_APART),
        (Tastes(0.0, 1.0), NULL_APART),
        (Tastes(0.5, 0.8, side_bias=0.5), NULL_APART),
    ],
)
def test_without_a_difference_the_tests_keep_their_level(tastes, bounds):
    """Of two methods of equal strength one is found to be better in 5% or a little less."""
    wanted = Wanted(2, tastes=tastes, alpha=0.1)
    design = _design(wanted, 60, 3, 20)
    answers = drawn_choices(np.zeros(2), design, tastes, 6000, np.random.default_rng(3))
    found = _found(wanted, design, answers).mean()
    print(f"6,000 studies without a difference, {tastes}: found in {found:.4f}")
    assert bounds[0] < found < bounds[1]


def test_votes_taken_for_independent_do_not():
    """What clustering is for: with the same raters a plain binomial test cries wolf."""
    wanted, tastes = Wanted(2, tastes=Tastes(0.5, 0.8)), Tastes(0.5, 0.8)
    design = _design(wanted, 60, 3, 20)
    answers = drawn_choices(np.zeros(2), design, tastes, 2000, np.random.default_rng(3))
    first = np.where(design.left == 0, answers, 1 - answers).sum(axis=1)
    wolves = np.mean([binomtest(int(wins), 180).pvalue < 0.05 for wins in first])
    assert wolves > 0.08


def test_the_power_of_independent_votes_is_the_binomials():
    """Nobody and nothing differs: the test is nearly the normal one of a share, whose power is a sum."""
    size = power_of(Wanted(2, tastes=ALIKE, simulations=6000, per_rater=5), 65, 3)
    votes = 195
    assert (size.asked, size.pairs, size.votes) == (votes, 65, 3)
    assert size.raters == 3 * 13
    reach = 0.5 * votes + student.isf(0.025, 38) * 0.5 * np.sqrt(votes)
    assert size.power == pytest.approx(binom.sf(np.floor(reach), votes, 0.6), abs=0.03)
    assert size.low < size.power < size.high


def test_plain_planning_is_the_textbooks():
    """Of a share 0.6, level 5%, power 80%: 194 votes (Fleiss); its power by the exact binomial is close to that."""
    wanted = Wanted(2)
    assert binomial_votes(wanted) == binomial_votes(wanted, corrected=False) == 194
    assert binom.sf(np.floor(97 + norm.isf(0.025) * np.sqrt(194) / 2), 194, 0.6) == pytest.approx(0.8, abs=0.02)
    six = Wanted(6)
    assert binomial_votes(six, corrected=False) == 194
    assert binomial_votes(six) == binomial_votes(Wanted(2, alpha=0.05 / 15))
    assert in_all(six, 100) == 1500
    assert in_all(six._replace(question="pool"), 100) == 300, "a vote counts for two methods"


def test_a_larger_difference_more_pairs_and_alike_tastes_help():
    few = Wanted(3, simulations=600)
    power = power_of(few, 60, 3).power
    assert power_of(few._replace(difference=0.2), 60, 3).power > power + 0.1
    assert power_of(few, 150, 3).power > power + 0.1
    assert power_of(few._replace(tastes=Tastes(0.9, 1.5)), 60, 3).power < power - 0.1
    assert power_of(few._replace(tastes=Tastes(careless=0.5)), 60, 3).power < power - 0.1


def test_the_first_method_alone_is_preferred_as_wanted():
    wanted = Wanted(4, difference=0.15)
    drawn = drawn_choices(strengths(wanted), _design(wanted, 40, 3, 40), wanted.tastes, 2000, np.random.default_rng(4))
    design = _design(wanted, 40, 3, 40)
    both = np.isin(design.left, (0, 3)) & np.isin(design.right, (0, 3))
    share = np.where(design.left[both] == 0, drawn[:, both], 1 - drawn[:, both]).mean()
    assert share == pytest.approx(0.65, abs=0.01)
    others = np.isin(design.left, (1, 2)) & np.isin(design.right, (1, 2))
    assert drawn[:, others].mean() == pytest.approx(0.5, abs=0.01)


def test_the_smallest_that_will_do_is_found_close_to_one_that_does_not():
    wanted = Wanted(3, difference=0.2, simulations=400)
    needed = votes_needed(wanted)
    assert [size.pairs for size in needed.sizes] == sorted({size.pairs for size in needed.sizes})
    assert needed.smallest == next(size for size in needed.sizes if size.power >= 0.8)
    below = [size for size in needed.sizes if size.pairs < needed.smallest.pairs]
    assert [size.power < 0.8 for size in below[-1:]] == [True]
    assert needed.smallest.pairs <= max(below[-1].pairs + 1, 1.12 * below[-1].pairs)
    assert votes_needed(wanted) == needed, "the same seed, the same table"


def test_votes_grow_where_pairs_are_given_and_raters_limit_them():
    wanted = Wanted(2, difference=0.3, pairs=30, simulations=200)
    assert {size.pairs for size in votes_needed(wanted).sizes} == {30}
    few = votes_needed(Wanted(2, difference=0.02, pairs=10, raters=4, simulations=100))
    assert few.smallest is None
    assert max(size.votes for size in few.sizes) == 4
    assert all(size.raters <= 4 for size in few.sizes)
    one = votes_needed(Wanted(2, pairs=10, votes=2, simulations=100))
    assert [(size.pairs, size.votes) for size in one.sizes] == [(10, 2)]


def test_of_two_methods_both_questions_are_one():
    assert votes_needed(Wanted(2, 0.25, question="pool", simulations=100)) == votes_needed(
        Wanted(2, 0.25, simulations=100)
    )
    assert question_named("pool") == "pool"
    with pytest.raises(UsageError, match="--of: expected pair or pool, got 'both'"):
        question_named("both")


def test_one_methods_win_rate_takes_fewer_votes_than_one_pair_of_many():
    pair, pool = (votes_needed(Wanted(5, 0.15, question=one, simulations=200)).smallest for one in ("pair", "pool"))
    assert pool.asked < pair.asked


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"methods": 1}, "--methods: expected 2 to 50, got 1"),
        ({"difference": 0.5}, "--difference: expected more than 0 and less than 0.5"),
        ({"difference": 0}, "--difference"),
        ({"difference": float("nan")}, "--difference"),
        ({"power": 1}, "--power"),
        ({"alpha": 0}, "--alpha"),
        ({"pairs": 1}, "--pairs: expected at least 2, got 1"),
        ({"votes": 0}, "--votes"),
        ({"raters": 1}, "--raters"),
        ({"raters": 3, "votes": 4, "pairs": 5}, "--raters: expected at least 4, one for each vote"),
        ({"simulations": 1}, "--simulations"),
        ({"tastes": Tastes(careless=2)}, "careless"),
    ],
)
def test_what_is_out_of_range_is_named(given, message):
    with pytest.raises(UsageError, match=message):
        votes_needed(Wanted(**({"methods": 3} | given)))


def test_what_is_said_follows_from_what_was_found():
    wanted = Wanted(3, difference=0.2, simulations=200, tastes=Tastes(0.2, 0.3, 0.1, 0.05, 0.4))
    needed = votes_needed(wanted)
    smallest = needed.smallest
    assert question_of(wanted).startswith("to find 70% against 30% between two of 3 methods")
    assert "SIMULATED" in tastes_of(wanted)
    assert "5% careless" in tastes_of(wanted)
    assert list(table_of(needed)["votes in all"]) == [size.pairs * size.votes * 3 for size in needed.sizes]
    assert f"{smallest.pairs} pairs, 3 votes on each comparison" in verdict(wanted, needed)
    assert f"{smallest.asked / in_all(wanted, binomial_votes(wanted)):.1f} times" in plain_planning(wanted, smallest)
    assert as_json(wanted, needed)["smallest"] == smallest._asdict()
    nothing = needed._replace(smallest=None, sizes=needed.sizes[:1])
    assert verdict(wanted, nothing).startswith("none of these has power 0.8")
    assert "times" not in plain_planning(wanted, None)


def test_the_options_make_the_design_that_was_simulated(make, tmp_path):
    size = power_of(Wanted(3, simulations=10, per_rater=7, seed=3), 2, 2)
    words = make_options(Wanted(3, seed=3), size).split()
    assert words == ["--limit", "2", "--set", "votes=2", "--set", "per_rater=6", "--seed", "3"]
    made = make(tmp_path / "study", limit=2, votes=2, per_rater=6, seed=3)
    assert (made.raters, sum(one.kind == "main" for one in made.trials)) == (size.raters, size.asked)


def run(*words):
    environment = {**os.environ, "PYTHONPATH": f"{ROOT}{os.pathsep}{ROOT / 'eval'}"}
    command = [sys.executable, "-m", "viton_eval", "study", "plan", *words]
    return subprocess.run(command, env=environment, capture_output=True, text=True, timeout=120)


def test_the_command_prints_a_table_options_or_json():
    words = ["--methods", "2", "--difference", "0.3", "--simulations", "100"]
    table, options, told = (run(*words, *more) for more in ([], ["--settings"], ["--json"]))
    assert (table.returncode, options.returncode, told.returncode) == (0, 0, 0), table.stderr
    assert "plain binomial planning" in table.stdout
    found = json.loads(told.stdout)
    assert found["make"] == options.stdout.strip()
    assert found["simulated"] is True
    bad = run("--methods", "2", "--difference", "0.7")
    assert (bad.returncode, bad.stderr.count("\n")) == (2, 1)
    assert bad.stderr.startswith("error: --difference: expected")
    none = run("--methods", "2", "--difference", "0.02", "--pairs", "5", "--votes", "1", "--settings")
    assert none.returncode == 2
    assert "it takes more pairs" in none.stderr
