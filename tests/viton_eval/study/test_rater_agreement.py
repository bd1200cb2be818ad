"""Do raters agree: Krippendorff's alpha against published examples, and what chance is."""

import itertools

import numpy as np
import pytest

from tests.viton_eval.study.made_up import answered, study_of, votes_table
from viton_eval.study.agreement import agreement, nominal_alpha, raw_agreement
from viton_eval.study.analyse import analyse
from viton_eval.study.votes import votes_of

METHODS = ("alpha", "beta", "gamma")


# Krippendorff, Computing Krippendorff's Alpha-Reliability (2011): four observers, twelve units, nominal data (C).
TWELVE = [
    [1, 1, 1], [2, 2, 3, 2], [3, 3, 3, 3], [3, 3, 3, 3], [2, 2, 2, 2], [1, 2, 3, 4], [4, 4, 4, 4], [1, 1, 2, 1],
    [2, 2, 2, 2], [5, 5, 5], [1, 1], [3],
]  # fmt: skip
# The same paper, binary data, two observers (A).
MEG = [0, 1, 0, 0, 0, 0, 0, 0, 1, 0]
OWEN = [1, 1, 1, 0, 0, 1, 0, 0, 0, 0]


def test_alpha_is_that_of_published_examples():
    assert nominal_alpha(TWELVE) == pytest.approx(0.743, abs=5e-4)
    assert nominal_alpha(list(zip(MEG, OWEN, strict=True))) == pytest.approx(0.095, abs=5e-4)


def test_alpha_of_always_and_of_by_chance():
    assert nominal_alpha([["a", "a"], ["b", "b"]]) == 1
    rng = np.random.default_rng(0)
    assert abs(nominal_alpha(rng.integers(0, 2, (4000, 3)).tolist())) < 0.03
    assert np.isnan(nominal_alpha([["a"], ["b"]]))
    assert np.isnan(nominal_alpha([["a", "a"]]))
    assert raw_agreement([["a", "a", "b"]]) == pytest.approx(1 / 3)


def test_alpha_of_a_study_does_not_depend_on_how_methods_are_named_or_ordered():
    study = study_of(METHODS, pairs=12, votes=3, gold=0, repeats=0, flashes=0, ties=True)
    rng = np.random.default_rng(3)
    answers = answered(study, lambda trial: min(trial.left, trial.right) if rng.random() < 0.7 else "")
    votes = votes_of(study, answers)
    found = agreement(votes)
    for names in itertools.permutations(METHODS):
        renamed = votes.replace({side: dict(zip(METHODS, names, strict=True)) for side in ("left", "right", "winner")})
        assert agreement(renamed) == found
        swaps = study._replace(methods=names)
        assert analyse(swaps, answers, draws=10).agreement["alpha"].tolist() == pytest.approx([found.alpha] * 2)


def test_chance_is_a_fair_coin_between_the_two_methods():
    """Without ties, alpha is 2 raw - 1; of coins it is 0 in the mean, and where all say the same, 1."""
    rng = np.random.default_rng(4)

    def drawn(share, tied=0.0):
        said = rng.choice(["tie", "left", "right"], (40, 2), p=[tied, (1 - tied) * share, (1 - tied) * (1 - share)])
        rows = [(f"r{r}", f"p{i}", "alpha", "beta", said[i, r]) for i in range(40) for r in range(2)]
        return agreement(votes_table(rows))

    for share in (0.5, 0.9):
        found = drawn(share)
        assert found.alpha == pytest.approx(2 * found.raw - 1)
    assert np.mean([drawn(0.5).alpha for _ in range(200)]) == pytest.approx(0, abs=0.03)
    assert np.mean([drawn(0.5, 0.3).alpha for _ in range(200)]) == pytest.approx(0, abs=0.03)
    assert drawn(1.0).alpha == 1
    assert np.isnan(drawn(0.5, 1.0).alpha)
