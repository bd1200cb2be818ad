"""Measures of sets under draws: a drawn picture must count as if it stood there twice."""

import numpy as np
import pytest

from viton_eval.inception_score import inception_score
from viton_eval.kernel_distance import kernel_distance
from viton_eval.set_draws import inception_draws, inception_interval, kernel_draws

DRAW = np.random.default_rng(0)
N, D, C = 12, 5, 7
VERDICTS = DRAW.dirichlet(np.full(C, 0.3), N)
FEATURES, OTHERS = DRAW.normal(size=(N, D)), DRAW.normal(0.4, 1.2, (N, D))
WEIGHTS = DRAW.integers(0, 4, (9, N)).astype(float)


def repeated(rows, weights):
    return np.repeat(rows, weights.astype(int), axis=0)


def test_an_inception_score_of_a_draw_is_that_of_the_repeated_pictures():
    expected = [inception_score(repeated(VERDICTS, row), "contiguous", 1).mean for row in WEIGHTS]
    np.testing.assert_allclose(inception_draws(VERDICTS, WEIGHTS), expected, rtol=1e-12)


def test_one_hot_verdicts_score_the_number_of_classes_and_equal_ones_score_one():
    every = np.ones((1, C))
    assert inception_draws(np.eye(C), every)[0] == pytest.approx(C)
    assert inception_draws(np.tile(VERDICTS[0], (C, 1)), every)[0] == pytest.approx(1)


def test_a_kernel_distance_of_all_pictures_once_is_the_unbiased_one():
    found = kernel_draws(FEATURES, OTHERS, np.ones((1, N)))[0]
    assert found == pytest.approx(kernel_distance(FEATURES, OTHERS).value, rel=1e-12)


def test_a_kernel_distance_never_compares_a_drawn_picture_with_its_copy():
    """By hand: sums over copies of different pictures alone."""
    weights, kernel = WEIGHTS[0], (FEATURES @ FEATURES.T / D + 1) ** 3
    other, across = (OTHERS @ OTHERS.T / D + 1) ** 3, (FEATURES @ OTHERS.T / D + 1) ** 3
    pairs = [(i, j) for i in range(N) for j in range(N) if i != j]
    own, theirs = (
        sum(weights[i] * weights[j] * k[i, j] for i, j in pairs) / sum(weights[i] * weights[j] for i, j in pairs)
        for k in (kernel, other)
    )
    mixed = weights @ across @ weights / weights.sum() ** 2
    assert kernel_draws(FEATURES, OTHERS, WEIGHTS[:1])[0] == pytest.approx(own + theirs - 2 * mixed, rel=1e-12)


def test_of_a_single_picture_there_is_no_distance():
    one = np.zeros((2, N))
    one[0, 3], one[1] = 4, 1
    found = kernel_draws(FEATURES, OTHERS, one)
    assert np.isnan(found[0])
    assert np.isfinite(found[1])


@pytest.mark.parametrize(("classes", "spread", "pictures"), [(4, 0.5, 150), (36, 0.05, 40)])
def test_a_jackknife_covers_the_score_of_so_many_pictures_about_as_often_as_it_says(classes, spread, pictures):
    """Not that of many more, which is higher where kinds are many: 40 pictures of 36 kinds hold few of each."""
    draw, people = np.random.default_rng(1), [str(i) for i in range(pictures)]
    found = [inception_interval(draw.dirichlet(np.full(classes, spread), pictures), people) for _ in range(400)]
    expected = np.mean([each.value for each in found])
    hits = sum(each.low <= expected <= each.high for each in found)
    assert 360 <= hits <= 396  # 95% of 400 is 380


def test_people_with_several_pictures_are_left_out_whole():
    people = [str(i // 3) for i in range(N)]
    each = inception_interval(VERDICTS, people)
    kept = [np.delete(VERDICTS, range(3 * i, 3 * i + 3), 0) for i in range(N // 3)]
    left = [inception_score(rows, "contiguous", 1).mean for rows in kept]
    error = np.sqrt(3 / 4 * ((left - np.mean(left)) ** 2).sum())
    assert each.high - each.low == pytest.approx(2 * 1.959964 * error)
    assert np.isnan(inception_interval(VERDICTS, ["one"] * N).low)
