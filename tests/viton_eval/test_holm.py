"""Adjusting for many comparisons: closed forms, and that nothing is found where there is nothing."""

import math

import numpy as np
import pytest

from viton_eval.holm import holm, holm_by_row, p_value
from viton_eval.interval import mean_interval


def test_holm_multiplies_by_how_many_are_left_and_never_falls():
    assert holm([0.01, 0.04, 0.03, 0.005]) == pytest.approx([0.03, 0.06, 0.06, 0.02])  # 4*.005, 3*.01, 2*.03, 1*.04
    assert holm([0.5, 0.6]) == [1.0, 1.0]
    assert holm([0.2]) == [0.2]
    assert holm([]) == []


def test_holm_lies_between_the_raw_p_values_and_bonferronis():
    raw = np.random.default_rng(0).uniform(0, 0.2, 9)
    adjusted = np.array(holm(list(raw)))
    assert (adjusted >= raw).all()
    assert (adjusted <= np.minimum(1, 9 * raw)).all()
    assert (np.diff(adjusted[np.argsort(raw)]) >= 0).all()


def test_rows_are_adjusted_each_by_itself_as_the_step_down_procedure_decides():
    """Holm's own words: the k-th smallest of m is refused if it, and each before it, times (m - k + 1) is a level."""
    rows = np.random.default_rng(2).random((50, 7)) ** 3
    rows[0] = 0.01  # ties
    adjusted = holm_by_row(rows)
    for row, found in zip(rows, adjusted, strict=True):
        for level in (0.01, 0.05, 0.2, 0.9):
            refused, order = set(), sorted(range(7), key=lambda place: row[place])
            for rank, place in enumerate(order):
                if row[place] * (7 - rank) > level:
                    break
                refused.add(place)
            assert refused == {place for place in range(7) if found[place] <= level}


def test_the_order_of_the_comparisons_changes_nothing():
    raw = [0.03, 0.001, 0.2, 0.03]
    assert holm(raw[::-1]) == holm(raw)[::-1]


@pytest.mark.parametrize("bad", [-0.1, 1.1, math.nan])
def test_what_is_no_p_value_is_refused(bad):
    with pytest.raises(ValueError, match=r"holm: expected p-values in \[0,1\]"):
        holm([0.5, bad])


def _pairs(count):
    return [f"p{n % 20}" for n in range(count)], [f"c{n % 13}" for n in range(count)]


def test_the_p_value_is_below_a_twentieth_just_where_the_interval_excludes_zero():
    people, garments = _pairs(60)
    rng, below = np.random.default_rng(1), 0
    for shift in np.linspace(0, 0.6, 25):
        values = list(rng.normal(shift, 1, 60))
        interval, p = mean_interval(values, people, garments), p_value(values, people, garments)
        if abs(p - 0.05) > 0.005:  # at the very edge the two count the last draw otherwise
            assert (p < 0.05) == (not interval.low <= 0 <= interval.high)
        below += p < 0.05
    assert 3 < below < 25


def test_a_difference_everywhere_alike_is_as_sure_as_so_many_draws_can_say():
    people, garments = _pairs(30)
    assert p_value([0.1] * 30, people, garments) == pytest.approx(2 / 2001, rel=0.01)
    assert p_value([-0.1] * 30, people, garments) == pytest.approx(2 / 2001, rel=0.01)
    assert p_value([0.0] * 30, people, garments) == 1.0


@pytest.mark.parametrize("bad", [[math.nan] * 30, [0.0] * 29 + [math.nan], [0.1] * 7])
def test_of_numbers_that_are_none_or_too_few_nothing_is_said(bad):
    people, garments = _pairs(len(bad))
    with pytest.raises(ValueError, match="p_value: expected at least 8 finite differences"):
        p_value(bad, people, garments)
