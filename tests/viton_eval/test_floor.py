"""The best thin-plate spline of a known map, against closed forms, scipy, and every other spline."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pandas as pd
import pytest
import torch
from scipy.interpolate import RBFInterpolator

from viton.coordinates import pixel_grid
from viton.data.sample import Truth
from viton.tps import ThinPlateSpline
from viton.warp import Warped
from viton_eval.floor import best_spline, floor_of, floor_table, knot_grid, residual, residual_of_warp, worn_points
from viton_eval.interval import mean_interval, median_interval

SIZE = (64, 48)


@pytest.fixture
def worn():
    """A garment's region: the middle of the picture with a piece taken out of it, as by an arm."""
    y, x = np.mgrid[: SIZE[0], : SIZE[1]]
    return (abs(x - 24) < 16) & (abs(y - 34) < 22) & ~((abs(y - 30) < 4) & (x > 20))


def map_of(worn, function):
    """The map (H,W,2) that `function` of (M,2) px gives on the worn pixels."""
    values = np.asarray(function(pixel_grid(SIZE).numpy())).reshape(*SIZE, 2)
    return np.where(worn[..., None], values, np.nan).astype(np.float64)


def spline_through(number, seed, strength=4.0):
    """A random spline with `number` x `number` knots over the picture, as a function of (M,2) px."""
    knots = knot_grid(number, SIZE)
    moved = knots + torch.from_numpy(np.random.default_rng(seed).normal(0, strength, (number**2, 2)))
    spline = ThinPlateSpline.fit(knots[None], moved[None])
    return lambda points: spline(torch.from_numpy(points))[0].numpy()


def stepped(points):
    """A fold: below a slanting line the fabric goes on half a dozen pixels further down."""
    return points + np.where(points[:, 1:] > 30 + 0.3 * points[:, :1], 6.0, 0.0) * np.array([0.2, 1.0])


def test_knots_reach_from_corner_to_corner():
    assert knot_grid(2, SIZE).tolist() == [[0, 0], [0, 63], [47, 0], [47, 63]]
    assert knot_grid(5, SIZE).shape == (25, 2)


@pytest.mark.parametrize("number", [2, 5, 10])
def test_an_affine_map_leaves_nothing(worn, number):
    affine = map_of(worn, lambda p: p @ np.array([[1.1, 0.3], [-0.2, 0.8]]) + np.array([3, -2]))
    assert floor_of(affine, number).rms < 1e-9


@pytest.mark.parametrize("number", [5, 10])
def test_a_map_that_is_such_a_spline_leaves_nothing(worn, number):
    assert floor_of(map_of(worn, spline_through(number, 0)), number).rms < 1e-3


def test_a_spline_of_more_knots_cannot_be_followed_by_one_of_fewer(worn):
    assert floor_of(map_of(worn, spline_through(9, 0)), 5).rms > 0.1


@pytest.mark.parametrize("number", [5, 10])
def test_a_fold_cannot_be_followed(worn, number):
    left = floor_of(map_of(worn, stepped), number)
    assert left.rms > 0.3
    assert left.median > 0.05
    assert left.median <= left.p95
    assert left.mean <= left.rms


@pytest.mark.parametrize("function", [stepped, spline_through(12, 3), lambda p: p + 3 * np.sin(p[:, ::-1] / 4)])
def test_more_knots_never_leave_more(worn, function):
    left = [floor_of(map_of(worn, function), number).rms for number in (2, 3, 5, 9, 17)]  # each grid holds the last
    assert all(after <= before + 1e-9 for before, after in pairwise(left))


@pytest.mark.parametrize("number", [3, 5])
def test_scipys_splines_reach_the_same(worn, number):
    """Every spline with these knots is a sum of those that are 1 at one knot and 0 at the others."""
    true = map_of(worn, stepped)
    target, source = (points.numpy() for points in worn_points(true))
    cardinal = RBFInterpolator(knot_grid(number, SIZE).numpy(), np.eye(number**2), kernel="thin_plate_spline", degree=1)
    basis = cardinal(target)
    fitted = basis @ np.linalg.lstsq(basis, source, rcond=None)[0]
    assert floor_of(true, number) == pytest.approx(residual(fitted, source), rel=1e-6)


def test_no_other_spline_with_these_knots_does_better(worn):
    true = map_of(worn, stepped)
    target, source = (points.numpy() for points in worn_points(true))
    least = floor_of(true, 5).rms
    for seed in range(20):
        assert residual(spline_through(5, seed, 1.0)(target), source).rms > least
    knots = knot_grid(5, SIZE)
    through = ThinPlateSpline.fit(knots[None], torch.from_numpy(stepped(knots.numpy()))[None])
    assert residual(through(torch.from_numpy(target))[0].numpy(), source).rms > least


def test_only_worn_pixels_count(worn):
    true = map_of(worn, stepped)
    assert best_spline(true, 5).shape == (worn.sum(), 2)
    with pytest.raises(ValueError, match="a map with worn pixels, got none"):
        best_spline(np.full((*SIZE, 2), np.nan), 5)


def test_the_four_numbers_are_what_they_say():
    found = np.zeros((4, 2))
    true = np.array([[3.0, 4.0], [0, 0], [0, 0], [0, 1]])
    assert residual(found, true)[:3] == pytest.approx((np.sqrt(26 / 4), 0.5, 1.5))
    assert np.isnan(residual(found[:0], true[:0])).all()


def test_a_warp_is_measured_where_it_and_the_truth_are_garment(worn):
    true = map_of(worn, lambda points: points + 2)
    truth = Truth(np.zeros((*SIZE, 3), np.uint8), true.astype(np.float32))
    source = torch.from_numpy(map_of(np.ones(SIZE, bool), lambda points: points + np.array([5, 6])))[None]
    mask = torch.from_numpy(worn).float()[None, None]
    warped = Warped(torch.ones(1, 3, *SIZE), mask, source, [])
    errors, overlap = residual_of_warp(warped, truth)
    assert errors == pytest.approx((5, 5, 5, 5))
    assert overlap == 1
    errors, overlap = residual_of_warp(warped._replace(mask=torch.ones_like(mask)), truth)
    assert errors == pytest.approx((5, 5, 5, 5))
    assert overlap == pytest.approx(worn.mean())
    errors, overlap = residual_of_warp(warped._replace(mask=1 - mask), truth)
    assert np.isnan(errors).all()
    assert overlap == 0


def test_the_table_gives_medians_over_pairs_and_a_dash_where_nothing_is_known():
    names = [("p1", "c1"), ("p2", "c2"), ("p3", "c3")]
    rows = [(*pair, "a", value, np.nan) for pair, value in zip(names, (1.0, 2.0, 30.0), strict=True)]
    table = floor_table(pd.DataFrame(rows, columns=["person", "clothing", "spline", "rms (px)", "IoU"]))
    assert list(table.index) == ["a"]
    assert table.loc["a", "rms (px)"].startswith("2.000 [1.000, 30.000] (n = 3)")
    assert table.loc["a", "IoU"] == "-"


def test_the_interval_of_a_median_is_of_the_same_draws_as_that_of_a_mean():
    assert median_interval([2.0] * 5, list("abcde"), list("vwxyz"))[:4] == (2, 2, 2, 5)
    rng = np.random.default_rng(0)
    people, garments = [str(n // 3) for n in range(30)], [str(n % 7) for n in range(30)]
    values = rng.normal(size=30).tolist()
    found, mean = median_interval(values, people, garments), mean_interval(values, people, garments)
    assert found.value == np.median(values)
    assert found.low < found.value < found.high
    assert mean.low < mean.value < mean.high
    with pytest.raises(ValueError, match="at least one value"):
        median_interval([], [], [])


def test_the_median_of_a_draw_counts_a_pair_as_often_as_it_was_drawn(monkeypatch):
    from viton_eval import interval

    weights = np.array([[1, 2, 0, 1], [3, 0, 0, 1], [0, 1, 1, 0], [1, 1, 1, 1]], float)
    values = [4.0, 1.0, 3.0, 2.0]
    expected = [np.median(np.repeat(values, row.astype(int))) for row in weights]
    monkeypatch.setattr(interval, "drawn_weights", lambda *_: weights)
    found = median_interval(values, list("abcd"), list("abcd"))
    assert (found.low, found.high) == pytest.approx(tuple(np.quantile(expected, [0.025, 0.975])))
