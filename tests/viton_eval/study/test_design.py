"""Who is shown what: balanced for any number of methods and pairs, blind, and the same for the same seed."""

from collections import Counter, defaultdict
from itertools import combinations, pairwise

import numpy as np
import pytest

from viton.data.sample import Pair
from viton.errors import UsageError
from viton_eval.study.design import make_trials
from viton_eval.study.settings import StudySettings


def pairs_of(count):
    return [Pair(f"p{i}", f"c{i * 7 % count}") for i in range(count)]


def trials_of(methods=4, pairs=10, **settings):
    return make_trials([f"m{i}" for i in range(methods)], pairs_of(pairs), StudySettings(**settings))


def couple(trial):
    return tuple(sorted((trial.left, trial.right)))


def spread(counts, known):
    """How far the counts of all known things lie apart."""
    found = [counts[one] for one in known]
    return max(found) - min(found)


def expect_balanced(trials, methods):
    couples = list(combinations(methods, 2))
    mains = [trial for trial in trials if trial.kind == "main"]
    by_rater = defaultdict(list)
    for trial in mains:
        by_rater[trial.rater].append(trial)
    asked = {trial.comparison: trial for trial in mains}.values()  # each has the same number of votes
    for shown in [asked, *by_rater.values()]:
        assert spread(Counter(map(couple, shown)), couples) <= 1
    for shown in [mains, *by_rater.values()]:
        lefts = Counter((trial.left, trial.right) for trial in shown)
        assert all(abs(lefts[a, b] - lefts[b, a]) <= 1 for a, b in couples)
    loads = Counter(trial.rater for trial in mains)
    assert max(loads.values()) - min(loads.values()) <= 1


@pytest.mark.parametrize("methods", range(2, 9))
@pytest.mark.parametrize("pairs", [1, 2, 3, 7, 16, 41])
def test_pairs_of_methods_and_sides_are_balanced_over_the_study_and_for_each_rater(methods, pairs):
    for per_pair, votes, per_rater in [(None, 1, 40), (1, 3, 5), (None, 3, 7)]:
        trials = trials_of(methods, pairs, per_pair=per_pair, votes=votes, per_rater=per_rater, seed=pairs)
        expect_balanced(trials, [f"m{i}" for i in range(methods)])


def test_they_are_for_any_settings():
    rng = np.random.default_rng(5)
    for seed in range(60):
        methods = int(rng.integers(2, 9))
        per_pair = int(rng.integers(1, methods * (methods - 1) // 2 + 1))
        drawn = {name: int(rng.integers(1, most)) for name, most in [("votes", 5), ("per_rater", 60)]}
        trials = trials_of(methods, int(rng.integers(1, 50)), per_pair=per_pair, seed=seed, **drawn)
        expect_balanced(trials, [f"m{i}" for i in range(methods)])


def test_a_study_that_is_out_of_balance_is_found_out():
    trials = trials_of(4, 10)
    one = next(trial for trial in trials if trial.kind == "main")
    with pytest.raises(AssertionError):
        expect_balanced([trial for trial in trials if couple(trial) != couple(one)], [f"m{i}" for i in range(4)])


def test_every_comparison_has_its_votes_of_different_raters():
    trials = trials_of(4, 10, votes=3, per_rater=11)
    raters = defaultdict(list)
    for trial in trials:
        if trial.kind == "main":
            raters[trial.comparison].append(trial.rater)
    assert len(raters) == 10 * 6
    assert all(len(found) == len(set(found)) == 3 for found in raters.values())


def test_fewer_pairs_of_methods_for_each_pair():
    mains = [trial for trial in trials_of(4, 10, per_pair=2, votes=1) if trial.kind == "main"]
    assert set(Counter((trial.person, trial.clothing) for trial in mains).values()) == {2}


def test_a_repeat_is_the_same_comparison_with_sides_swapped_and_comes_later():
    trials = trials_of(4, 30, repeats=6, block_trials=5)
    by_name = {trial.trial: trial for trial in trials}
    repeats = [trial for trial in trials if trial.kind == "repeat"]
    assert len(repeats) == 6 * max(trial.rater for trial in trials)
    for trial in repeats:
        first = by_name[trial.repeats]
        assert first.kind == "main"
        assert (first.rater, first.comparison) == (trial.rater, trial.comparison)
        assert (first.left, first.right) == (trial.right, trial.left)
        assert trial.position > first.position + 5


def test_of_a_rater_with_few_comparisons_a_repeat_still_comes_after():
    trials = trials_of(2, 2, votes=1, repeats=5, gold=0)
    by_name = {trial.trial: trial for trial in trials}
    repeats = [trial for trial in trials if trial.kind == "repeat"]
    assert repeats
    assert all(trial.position > by_name[trial.repeats].position for trial in repeats)


def test_a_gold_trial_has_an_obvious_loser_and_balanced_sides():
    trials = trials_of(4, 30, gold=4)
    gold = [trial for trial in trials if trial.kind == "gold"]
    for trial in gold:
        good, bad = (trial.left, trial.right) if trial.expected == "left" else (trial.right, trial.left)
        assert bad == f"shuffled:{good}"
    by_rater = Counter((trial.rater, trial.expected) for trial in gold)
    assert set(by_rater.values()) == {2}
    assert spread(Counter(t.left.removeprefix("shuffled:") for t in gold), [f"m{i}" for i in range(4)]) <= 1
    assert all(trial.position > 1 for trial in gold)


def test_flashes_are_half_photos_and_show_every_method_equally_often():
    trials = trials_of(4, 30, flashes=7)
    flashes = [trial for trial in trials if trial.task == "flash"]
    kinds = Counter((trial.rater, trial.kind) for trial in flashes)
    assert set(kinds.values()) == {3, 4}
    assert spread(Counter(t.shown for t in flashes if t.kind == "fake"), [f"m{i}" for i in range(4)]) <= 1
    assert all(trial.shown == "photo" and not trial.clothing for trial in flashes if trial.kind == "real")


def test_blocks_and_positions_and_names():
    trials = trials_of(4, 30, block_trials=5, flashes=3)
    for rater in {trial.rater for trial in trials}:
        own = [trial for trial in trials if trial.rater == rater]
        assert [trial.position for trial in own] == list(range(1, len(own) + 1))
        choices = [trial for trial in own if trial.task == "choice"]
        assert [trial.block for trial in choices] == [i // 5 + 1 for i in range(len(choices))]
        assert {trial.block for trial in own if trial.task == "flash"} == {choices[-1].block + 1}
        assert own == [*choices, *own[len(choices) :]]
    assert len({trial.trial for trial in trials}) == len(trials)


def test_order_differs_between_raters_and_tells_no_method():
    trials = trials_of(2, 400, votes=1, per_rater=100, gold=0, repeats=0, flashes=0)
    lefts = [trial.left == "m0" for trial in trials]
    runs = sum(a != b for a, b in pairwise(lefts))
    assert 150 < runs < 250  # 399 turns of fair coins change sides 199.5 times, give or take 10


def test_the_same_seed_gives_the_same_trials_and_another_others():
    assert trials_of(seed=1) == trials_of(seed=1)
    assert trials_of(seed=1) != trials_of(seed=2)


@pytest.mark.parametrize(
    ("methods", "pairs", "settings", "said"),
    [
        (1, 3, {}, "at least two methods"),
        (3, 0, {}, "pairs, each once"),
        (3, 4, {"per_pair": 4}, "at most 3"),
    ],
)
def test_what_cannot_be_a_study(methods, pairs, settings, said):
    with pytest.raises(UsageError, match=said):
        trials_of(methods, pairs, **settings)
