"""Rank correlations against scipy, drawn and not."""

import numpy as np
import pytest
from scipy.stats import spearmanr

from viton_eval.interval import drawn_weights
from viton_eval.rank_correlation import (
    drawn_spearman,
    interval_of,
    least_unlikely,
    spearman,
    spearman_by_row,
    spearman_interval,
)

DRAW = np.random.default_rng(0)
X, Y = DRAW.normal(size=30), DRAW.integers(0, 6, 30).astype(float)  # with ties


def test_it_is_scipys_with_and_without_ties():
    assert spearman(X, Y) == pytest.approx(spearmanr(X, Y).statistic, abs=1e-12)
    assert spearman(X, X**3) == pytest.approx(1)
    assert spearman(X, -X) == pytest.approx(-1)
    rows = DRAW.normal(size=(5, 9)), DRAW.normal(size=(5, 9))
    expected = [spearmanr(*pair).statistic for pair in zip(*rows, strict=True)]
    np.testing.assert_allclose(spearman_by_row(*rows), expected, atol=1e-12)


def test_where_a_side_does_not_vary_there_is_none():
    assert np.isnan(spearman(np.ones(5), X[:5]))
    assert np.isnan(spearman_by_row(np.array([[1.0, np.nan, 3.0]]), np.array([[1.0, 2.0, 3.0]]))[0])


def test_of_a_draw_it_is_that_of_the_repeated_entries():
    weights = DRAW.integers(0, 4, (20, 30)).astype(float)
    expected = [spearmanr(*(np.repeat(side, row.astype(int)) for side in (X, Y))).statistic for row in weights]
    np.testing.assert_allclose(drawn_spearman(X, Y, weights), expected, atol=1e-12)


def test_its_interval_covers_a_known_correlation():
    """Normal pairs of correlation r have the rank correlation 6/pi asin(r/2)."""
    truth, draw, hits = 6 / np.pi * np.arcsin(0.6 / 2), np.random.default_rng(2), 0
    for _ in range(100):
        both = draw.multivariate_normal([0, 0], [[1, 0.6], [0.6, 1]], 60)
        people = [str(i) for i in range(60)]
        found = spearman_interval(both[:, 0].tolist(), both[:, 1].tolist(), people, people)
        hits += found.low <= truth <= found.high
    assert hits >= 88


def test_draws_that_say_nothing_are_left_out():
    found = interval_of(0.5, np.array([np.nan, 0.4, 0.6]), 3)
    assert (found.low, found.high) == pytest.approx((0.405, 0.595))
    assert np.isnan(interval_of(0.5, np.array([np.nan]), 3).low)


def test_the_least_correlation_that_chance_rarely_reaches_is_the_tables():
    """Critical values of Spearman's rho, two-sided 5%, as statistical tables print them."""
    assert least_unlikely(6) == pytest.approx(0.886, abs=0.0005)
    assert least_unlikely(7) == pytest.approx(0.786, abs=0.0005)
    assert least_unlikely(5) == pytest.approx(1.0)
    assert least_unlikely(4) is None
    with pytest.raises(ValueError, match="at most 8"):
        least_unlikely(9)


def test_weights_of_an_interval_are_the_means():
    people, garments = ("a", "a", "b"), ("x", "y", "x")
    weights = drawn_weights(people, garments, 0, 50)
    assert weights.shape[1] == 3
    assert (weights.sum(axis=1) > 0).all()
    assert not weights.flags.writeable
