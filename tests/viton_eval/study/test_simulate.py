"""Made-up raters against closed forms: how often they choose what, and that they are marked."""

from collections import Counter

import numpy as np
import pytest
from scipy.integrate import quad
from scipy.special import expit
from scipy.stats import norm

from viton.errors import UsageError
from viton_eval.study.answers import checked_all, read_answers, write_answers
from viton_eval.study.raters import (
    LEFT,
    RIGHT,
    TIE,
    Asked,
    Tastes,
    careless_of,
    choices,
    drawn_choices,
    preference,
    strength_for,
)
from viton_eval.study.simulate import GOLD_RIGHT, simulated_answers

STRENGTHS = {"alpha": 0.8, "beta": 0.0, "gamma": -0.5}
SURE = {"alpha": 40.0, "beta": 0.0, "gamma": -40.0}
EVEN = dict.fromkeys(STRENGTHS, 0.0)
NONE = {"rater_sd": 0.0, "pair_sd": 0.0}


def within(found, wanted, n, sigmas=4.5):
    return abs(found - wanted) < sigmas * np.sqrt(max(wanted * (1 - wanted), 1e-9) / n)


def asked_once(raters=1, pairs=1, swap=False):
    """Every rater about every pair: the first method on the left, or on the right."""
    rater, pair = (part.ravel() for part in np.indices((raters, pairs)))
    sides = np.zeros_like(rater), np.ones_like(rater)
    return Asked(rater, pair, *(sides[::-1] if swap else sides))


@pytest.fixture(scope="module")
def wide(make, tmp_path_factory):
    """A study of some 3,000 comparisons."""
    folder = tmp_path_factory.mktemp("wide") / "study"
    return make(folder, votes=250, per_rater=12, gold=2, repeats=2, flashes=4, ties=True, seed=2)


def wins_of(study, answers, kinds=("main",), tie=0.5):
    """Votes for and shares of each (winner, loser)."""
    told = {one.trial: one.answer for one in answers}
    wins, count = Counter(), Counter()
    for one in study.trials:
        if one.kind in kinds:
            pair = tuple(sorted((one.left, one.right)))
            count[pair] += 1
            first = {"left": one.left == pair[0], "right": one.right == pair[0], "tie": tie}[told[one.trial]]
            wins[pair] += first
    return {pair: (wins[pair] / number, number) for pair, number in count.items()}


def test_without_effects_a_method_wins_by_the_logistic_of_the_difference():
    drawn = drawn_choices(np.array([0.7, -0.2]), asked_once(), Tastes(0, 0), 200_000, np.random.default_rng(0))
    assert within((drawn == LEFT).mean(), expit(0.9), drawn.size)
    drawn = drawn_choices(np.array([0.7, -0.2]), asked_once(swap=True), Tastes(0, 0), 200_000, np.random.default_rng(0))
    assert within((drawn == RIGHT).mean(), expit(0.9), drawn.size)


@pytest.mark.parametrize("swap", [False, True])
def test_a_side_bias_adds_to_the_log_odds_of_the_left(swap):
    tastes = Tastes(0, 0, side_bias=0.6)
    drawn = drawn_choices(np.array([0.7, -0.2]), asked_once(swap=swap), tastes, 200_000, np.random.default_rng(1))
    assert within((drawn == LEFT).mean(), expit((-0.9 if swap else 0.9) + 0.6), drawn.size)


@pytest.mark.parametrize(("gap", "nu"), [(0.0, 0.5), (1.2, 0.5), (-0.7, 2.0)])
def test_ties_are_davidsons(gap, nu):
    drawn = choices(np.full(200_000, gap), nu, np.random.default_rng(2))
    left, right = np.exp(gap), 1.0  # worths: ties are nu sqrt(worth * worth)
    whole = left + right + nu * np.sqrt(left * right)
    for answer, wanted in [(LEFT, left / whole), (RIGHT, right / whole), (TIE, nu * np.sqrt(left * right) / whole)]:
        assert within((drawn == answer).mean(), wanted, drawn.size)


def test_a_preference_over_tastes_is_the_integral_and_strengths_lead_back_to_it():
    for strength, deviation in [(0.5, 0.8), (2.0, 1.5), (-1.0, 0.3), (0.4, 0.0)]:
        wanted = quad(lambda z, m=strength, s=deviation: expit(m + s * z) * norm.pdf(z), -12, 12)[0]
        assert preference(strength, deviation) == pytest.approx(wanted, abs=1e-8)
    tastes = Tastes(rater_sd=0.6, pair_sd=0.9)
    assert preference(strength_for(0.7, tastes), np.sqrt(2 * (0.36 + 0.81))) == pytest.approx(0.7, abs=1e-9)
    assert strength_for(0.6, Tastes(0, 0)) == pytest.approx(np.log(0.6 / 0.4))
    assert strength_for(0.7, tastes) > strength_for(0.7, Tastes(0, 0)), "where tastes differ it has to be larger"
    with pytest.raises(UsageError, match="between 0 and 1, got 1"):
        strength_for(1.0, tastes)


def test_effects_make_the_share_of_the_population():
    """Studies of one vote: every vote has a rater and a pair of its own."""
    tastes = Tastes(rater_sd=0.8, pair_sd=1.1)
    strengths = np.array([strength_for(0.65, tastes), 0.0])
    drawn = drawn_choices(strengths, asked_once(), tastes, 200_000, np.random.default_rng(3))
    assert within((drawn == LEFT).mean(), 0.65, drawn.size)


@pytest.mark.parametrize(("rater_sd", "pair_sd"), [(1.0, 0.0), (0.0, 1.0), (0.0, 0.0)])
def test_effects_make_votes_of_one_rater_and_on_one_pair_alike_and_no_others(rater_sd, pair_sd):
    """The covariance of two votes is the variance of the chance that they have in common."""
    asked = asked_once(raters=2, pairs=2)
    drawn = drawn_choices(np.zeros(2), asked, Tastes(rater_sd, pair_sd), 100_000, np.random.default_rng(4)) == LEFT
    deviation = np.sqrt(2) * 1.0
    shared = quad(lambda z: expit(deviation * z) ** 2 * norm.pdf(z), -12, 12)[0] - 0.25
    assert shared > 0.05
    for one, other, alike in [(0, 1, rater_sd), (0, 2, pair_sd), (0, 3, 0)]:  # same rater, same pair, nothing shared
        covariance = np.cov(drawn[:, one], drawn[:, other])[0, 1]
        assert covariance == pytest.approx(shared if alike else 0, abs=0.004), (one, other)


def test_as_many_raters_are_careless_as_the_share_says_and_not_always_the_same():
    drawn = careless_of(2000, 10, 0.34, np.random.default_rng(5))
    assert (drawn.sum(axis=1) == 3).all()
    assert np.allclose(drawn.mean(axis=0), 0.3, atol=0.05)
    assert not careless_of(5, 10, 0, np.random.default_rng(5)).any()


def test_careless_raters_pull_a_share_towards_one_half():
    asked = asked_once(raters=4, pairs=5)
    strengths, tastes = np.array([1.5, 0.0]), Tastes(0, 0, careless=0.5)
    drawn = drawn_choices(strengths, asked, tastes, 10_000, np.random.default_rng(6))
    assert within((drawn == LEFT).mean(), (expit(1.5) + 0.5) / 2, drawn.size)


def test_a_study_is_answered_whole_by_the_model_and_marked(wide, tmp_path):
    answers = simulated_answers(wide, STRENGTHS, seed=3, tie=0.5, **NONE)
    assert {one.trial for one in answers} == set(wide.by_name)
    assert len(answers) == len(wide.trials)
    assert {one.source for one in answers} == {"simulated"}
    assert all(one.rater.startswith("simulated-") for one in answers)
    assert checked_all([(one.trial, one) for one in answers], wide) == answers
    write_answers(tmp_path / "answers.csv", answers)
    assert sorted(read_answers(tmp_path / "answers.csv", wide)) == sorted(answers)
    for (first, second), (share, count) in wins_of(wide, answers, ("main", "repeat")).items():
        gap = STRENGTHS[first] - STRENGTHS[second]
        whole = 2 * np.cosh(gap / 2) + 0.5
        wanted = (np.exp(gap / 2) + 0.25) / whole
        assert within(share, wanted, count), (first, second)


def test_the_same_seed_gives_the_same_answers_and_another_one_others(study):
    one, again, other = (simulated_answers(study, STRENGTHS, seed=seed) for seed in (4, 4, 5))
    assert one == again
    assert [each.answer for each in one] != [each.answer for each in other]


def test_there_are_ties_only_where_the_study_has_them(study, wide):
    assert "tie" not in {one.answer for one in simulated_answers(study, EVEN, tie=5.0)}
    golds = {one.trial for one in wide.trials if one.kind == "gold"}
    said = Counter(one.answer for one in simulated_answers(wide, EVEN, tie=2.0, **NONE) if one.trial not in golds)
    assert said["tie"] / said["left"] == pytest.approx(2, rel=0.2), "nu 2: half of the trials, a quarter each side"
    assert "tie" not in {one.answer for one in simulated_answers(wide, EVEN, tie=50.0) if one.trial in golds}


def test_sure_raters_are_sure_whatever_the_side_and_a_repeat_agrees(study):
    answers = {one.trial: one.answer for one in simulated_answers(study, SURE, seed=6)}
    for one in study.trials:
        if one.kind in ("main", "repeat"):
            assert answers[one.trial] == ("left" if SURE[one.left] > SURE[one.right] else "right")
        if one.kind == "repeat":
            assert answers[one.trial] != answers[one.repeats], "sides are swapped"


def test_gold_and_flashes_of_careful_and_of_careless_raters(wide):
    golds = [one for one in wide.trials if one.kind == "gold"]
    photos = [one.trial for one in wide.trials if one.kind == "real"]
    fakes = {
        name: [one.trial for one in wide.trials if one.kind == "fake" and one.shown == name] for name in wide.methods
    }
    for share, right in [(0.0, GOLD_RIGHT), (1.0, 0.5)]:
        answers = {one.trial: one for one in simulated_answers(wide, STRENGTHS, seed=7, careless=share)}
        found = np.mean([answers[one.trial].answer == one.expected for one in golds])
        assert within(found, right, len(golds))
        real = {name: np.mean([answers[one].answer == "real" for one in trials]) for name, trials in fakes.items()}
        real["photo"] = np.mean([answers[one].answer == "real" for one in photos])
        if share:
            assert all(within(one, 0.5, len(fakes["beta"])) for one in real.values())
        else:
            assert real["photo"] > real["alpha"] > real["beta"] > real["gamma"]
        times = np.array([float(one.response_ms) for one in answers.values()])
        assert (np.median(times) < 700) == bool(share), "the rule on fast raters finds these"


def test_half_of_the_raters_are_careless_and_no_others(wide):
    answers = simulated_answers(wide, SURE, seed=8, careless=0.5)
    told = {one.trial: one.answer for one in answers}
    wrong = Counter(
        one.rater
        for one in wide.trials
        if one.kind == "main" and told[one.trial] != ("left" if SURE[one.left] > SURE[one.right] else "right")
    )
    assert abs(len(wrong) - wide.raters / 2) <= 2, "of 12 trials a coin gets all right once in 4,096"


def test_flashes_say_how_long_they_were_and_blocks_run_out_of_time(make, tmp_path):
    made = make(tmp_path / "slow", block_trials=5, block_seconds=10, per_rater=10, gold=0, repeats=0, flashes=4)
    answers = {one.trial: one for one in simulated_answers(made, EVEN, seed=9)}
    for one in made.trials:
        shown = answers[one.trial].shown_ms
        assert (250 <= float(shown) <= 267) if one.task == "flash" else shown == ""
    for rater in range(1, made.raters + 1):
        spent = Counter()
        for one in made.of_rater(rater):
            spent[one.block] += float(answers[one.trial].response_ms)
            if abs(spent[one.block] - 10_000) > 5:  # times are written to whole milliseconds
                assert answers[one.trial].late == ("1" if spent[one.block] > 10_000 else "0")
    assert len({one.late for one in answers.values()}) == 2


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"strengths": {"alpha": 1.0}}, "a number for each of alpha, beta, gamma"),
        ({"strengths": STRENGTHS | {"delta": 0.0}}, "a number for each of"),
        ({"strengths": STRENGTHS | {"beta": np.nan}}, "a number for each of"),
        ({"strengths": EVEN, "rater_sd": -0.1}, "rater-sd: expected a finite number from 0, got -0.1"),
        ({"strengths": EVEN, "pair_sd": np.inf}, "pair-sd"),
        ({"strengths": EVEN, "careless": 1.1}, r"careless: expected a share in \[0,1\], got 1.1"),
        ({"strengths": EVEN, "side_bias": np.nan}, "side-bias"),
    ],
)
def test_what_is_out_of_range_is_named(study, given, message):
    with pytest.raises(UsageError, match=message):
        simulated_answers(study, **given)
