"""Shape contexts worked out by hand, outlines of shapes that can be drawn on paper, and invariants."""

import numpy as np
import pytest
import torch

from viton import shape_context
from viton.config import ShapeContextConfig
from viton.shape_context import (
    BendFrame,
    MatchError,
    assign,
    chi_square,
    histograms,
    log_polar_bins,
    match_masks,
    match_outlines,
    sample_outline,
    tangent_cost,
)
from viton.tps import ThinPlateSpline

DEFAULT = ShapeContextConfig()
# A square with its centre, turned so that no direction falls on the border of two of the twelve sectors:
#   A (0,0)   B (4,3)   C (-3,4)   D (-4,-3)   E (3,-4)
FIVE = np.array([[0, 0], [4, 3], [-3, 4], [-4, -3], [3, -4]], float)
# Distances: A to the others 5; B-C, C-D, D-E, E-B sqrt 50; B-D, C-E 10. Mean over all 25 ordered pairs, a point with
# itself included: 2 (4*5 + 4*sqrt 50 + 2*10) / 25 = 5.46274. In means: 5 -> 0.915, sqrt 50 -> 1.294, 10 -> 1.831.
MEAN = 2 * (20 + 4 * 50**0.5 + 20) / 25
# Ring edges 0.125 0.25 0.5 1 2, so 0.915 lies in ring 3, 1.294 and 1.831 in ring 4, a point itself in ring 0.
# Directions, in sectors of 30 degrees: A->B 36.9 (1), A->C 126.9 (4), A->D 216.9 (7), A->E 306.9 (10);
# B->C 171.9 (5), C->D 261.9 (8), D->E 351.9 (11), E->B 81.9 (2); those of the diagonals as of A; a point to itself 0.
# Bin = 12 ring + sector:
BINS_BY_HAND = [
    # from A:    A   B   C   D   E
    [0, 37, 40, 43, 46],
    # from B:    A (ring 3, sector 7), itself, C (4, 5), D (4, 7), E (4, 8: the way back of E->B)
    [43, 0, 53, 55, 56],
    # from C:    A (3, 10), B (4, 11), itself, D (4, 8), E (4, 10)
    [46, 59, 0, 56, 58],
    # from D:    A (3, 1), B (4, 1), C (4, 2), itself, E (4, 11)
    [37, 49, 50, 0, 59],
    # from E:    A (3, 4), B (4, 2), C (4, 4), D (4, 5), itself
    [40, 50, 52, 53, 0],
]


def _rectangle(height: int = 40, width: int = 48) -> np.ndarray:
    mask = np.zeros((height, width))
    mask[10:30, 5:35] = 1  # its 0.5 level: x 4.5 and 34.5, y 9.5 and 29.5
    return mask


def _rng(seed: int = 0) -> np.random.Generator:
    return np.random.default_rng(seed)


def test_the_bins_of_five_points_are_those_worked_out_by_hand():
    bins, mean = log_polar_bins(FIVE, DEFAULT)
    assert mean == pytest.approx(MEAN)
    assert bins.tolist() == BINS_BY_HAND


def test_the_histograms_of_five_points_are_those_worked_out_by_hand():
    expected = np.zeros((5, 60))
    for row, bins in zip(expected, BINS_BY_HAND, strict=True):
        row[bins] = 1 / 5
    counted = np.ones(5, bool)
    np.testing.assert_allclose(histograms(np.array(BINS_BY_HAND), counted, DEFAULT), expected, atol=1e-7)


def test_a_point_counts_itself_in_the_innermost_ring():
    bins, _ = log_polar_bins(FIVE, DEFAULT)
    assert (np.diag(bins) < DEFAULT.angular_bins).all()


def test_points_beyond_the_outer_radius_are_not_counted():
    # outer radius 1.5: edges 0.125 0.233 0.433 0.806 1.5, so 0.915 and 1.294 lie in ring 4 and 1.831 beyond it.
    config = ShapeContextConfig(outer_radius=1.5)
    bins, _ = log_polar_bins(FIVE, config)
    assert bins[1].tolist() == [55, 0, 53, 60, 56]  # B: A, itself, C, D beyond, E
    row = histograms(bins, np.ones(5, bool), config)[1]
    assert {int(k): float(row[k]) for k in np.flatnonzero(row)} == {0: 0.25, 53: 0.25, 55: 0.25, 56: 0.25}


def test_unmatched_points_are_left_out_of_the_histograms():
    counted = np.array([True, True, True, True, False])
    row = histograms(np.array(BINS_BY_HAND), counted, DEFAULT)[0]
    assert {int(k): float(row[k]) for k in np.flatnonzero(row)} == {0: 0.25, 37: 0.25, 40: 0.25, 43: 0.25}


def test_a_point_around_which_nothing_counts_has_an_empty_histogram():
    counted = np.zeros(5, bool)
    assert not histograms(np.array(BINS_BY_HAND), counted, DEFAULT).any()


@pytest.mark.parametrize(("scale", "shift"), [(7.0, (0, 0)), (0.01, (0, 0)), (1, (300, -40)), (3.3, (-5, 80))])
def test_histograms_depend_on_neither_scale_nor_place(scale, shift):
    points = _rng().uniform(0, 50, (80, 2))
    expected, mean = log_polar_bins(points, DEFAULT)
    moved, moved_mean = log_polar_bins(points * scale + shift, DEFAULT)
    assert (moved == expected).mean() > 0.999  # rounding may carry a point over a border
    assert moved_mean == pytest.approx(mean * scale)


def test_chi_square_is_the_plain_definition_with_rows_of_zeros_included():
    a, b = (_rng(seed).random((9, 60)) * (_rng(seed + 5).random((9, 60)) < 0.3) for seed in (1, 2))
    a[3], b[3], b[5] = 0, 0, a[5]
    a, b = (m / np.maximum(m.sum(1, keepdims=True), 1e-30) for m in (a, b))
    expected = np.zeros((9, 9))
    for i in range(9):
        for j in range(9):
            for x, y in zip(a[i], b[j], strict=True):
                if x + y > 0:
                    expected[i, j] += 0.5 * (x - y) ** 2 / (x + y)
    found = chi_square(a.astype(np.float32), b.astype(np.float32))
    np.testing.assert_allclose(found, expected, atol=1e-6)
    assert expected[3, 3] == 0
    assert expected[3, 4] == pytest.approx(0.5)
    assert expected[5, 5] == pytest.approx(0)


def test_chi_square_of_two_histograms_without_a_common_bin_is_one():
    a, b = np.eye(2, dtype=np.float32)[:1], np.eye(2, dtype=np.float32)[1:]
    assert chi_square(a, b).item() == pytest.approx(1)


def test_tangents_cost_nothing_when_equal_half_when_square_and_one_when_opposite():
    cost = tangent_cost(np.array([0.3]), 0.3 + np.array([0, np.pi / 2, np.pi, 2 * np.pi]))
    np.testing.assert_allclose(cost[0], [0, 0.5, 1, 0], atol=1e-12)


# One dummy for three points. Taking the two cheap pairs and leaving row 2 and column 1 to the dummy costs
# 0.1 + 0.2 + 2 d; matching all three 0.1 + 0.2 + 0.8 + d (the dummies then take each other). So: dummy while d < 0.8.
COST = np.array([[0.1, 0.9, 0.9], [0.9, 0.9, 0.2], [0.9, 0.8, 0.9]])


@pytest.mark.parametrize(
    ("dummy_cost", "expected"), [(0.25, [(0, 0), (1, 2)]), (0.79, [(0, 0), (1, 2)]), (0.81, [(0, 0), (1, 2), (2, 1)])]
)
def test_a_point_takes_the_dummy_when_that_is_cheaper(dummy_cost, expected):
    rows, columns = assign(COST, ShapeContextConfig(dummy_cost=dummy_cost))
    assert list(zip(rows.tolist(), columns.tolist(), strict=True)) == expected


def test_without_dummies_every_point_is_matched():
    rows, columns = assign(COST, ShapeContextConfig(dummy_fraction=0))
    assert list(zip(rows.tolist(), columns.tolist(), strict=True)) == [(0, 0), (1, 2), (2, 1)]


def test_no_more_points_than_dummies_stay_unmatched():
    rows, columns = assign(np.full((3, 3), 0.9), ShapeContextConfig(dummy_cost=0))
    assert len(rows) == len(set(columns.tolist())) == 2


def test_the_outline_of_a_rectangle_lies_on_its_half_level():
    points = sample_outline(_rectangle(), 200, _rng()).points
    past_x = np.maximum(4.5 - points[:, 0], points[:, 0] - 34.5)
    past_y = np.maximum(9.5 - points[:, 1], points[:, 1] - 29.5)
    distance = np.maximum(past_x, past_y)  # 0 on an edge, negative inside
    corner = (past_x > -0.5) & (past_y > -0.5)  # where the level cuts a corner off
    assert corner.sum() < 10
    np.testing.assert_allclose(distance[~corner], 0, atol=1e-9)
    assert (distance <= 1e-9).all()
    assert (distance >= -0.3).all()


def test_the_outline_of_a_soft_edge_lies_on_its_half_level():
    mask = np.clip(np.arange(48)[None] - 20.25, 0, 1) * np.ones((40, 1))  # 0.75 at x = 21: half at 20.67 between
    mask[:, 40:] = 0
    points = sample_outline(mask, 100, _rng()).points
    left = points[(points[:, 0] < 30) & (points[:, 1] > 1) & (points[:, 1] < 38)]
    np.testing.assert_allclose(left[:, 0], 20 + 0.5 / 0.75, atol=1e-9)


def test_outline_points_are_evenly_spaced():
    points = sample_outline(_rectangle(), 100, _rng()).points
    gaps = np.hypot(*(np.roll(points, -1, 0) - points).T)
    step = (2 * (30 + 20) - 4 * (1 - 0.5**0.5)) / 100  # the perimeter, less what the cut corners save
    np.testing.assert_allclose(np.median(gaps), step, atol=1e-9)
    assert (np.abs(gaps - step) > 1e-9).sum() <= 12  # a corner shortens the chords that span it
    assert gaps.min() > 0.6 * step
    assert gaps.max() < step + 1e-9


def test_tangents_run_along_the_edges():
    outline = sample_outline(_rectangle(), 100, _rng())
    x, y = outline.points.T
    vertical = (np.abs(x - 4.5) < 1e-6) | (np.abs(x - 34.5) < 1e-6)
    horizontal = (np.abs(y - 9.5) < 1e-6) | (np.abs(y - 29.5) < 1e-6)
    np.testing.assert_allclose(np.cos(outline.tangents[vertical]), 0, atol=1e-9)
    np.testing.assert_allclose(np.sin(outline.tangents[horizontal]), 0, atol=1e-9)
    assert vertical.sum() > 35
    assert horizontal.sum() > 55


def test_the_inside_is_on_the_same_hand_of_an_outer_boundary_and_of_a_hole():
    y, x = np.mgrid[:64, :64] - 31.5
    radius = np.hypot(x, y)
    ring = ((radius < 26) & (radius > 12)).astype(float)
    outline = sample_outline(ring, 300, _rng())
    left = np.stack([-np.sin(outline.tangents), np.cos(outline.tangents)], 1)

    def inside(points: np.ndarray) -> np.ndarray:
        x, y = np.round(points).astype(int).T
        return ring[y, x] > 0.5

    hands = inside(outline.points + 2 * left)
    others = inside(outline.points - 2 * left)
    hole = np.hypot(*(outline.points - 31.5).T) < 19
    assert 50 < hole.sum() < 250
    assert hands.all() or not hands.any()
    assert (others == ~hands).all()


def test_a_mask_that_reaches_the_pictures_edge_is_closed_along_it():
    mask = np.zeros((20, 30))
    mask[:, :10] = 1
    points = sample_outline(mask, 100, _rng()).points
    np.testing.assert_allclose(points.min(0), [-0.5, -0.5], atol=0.5)
    on_border = np.abs(points[:, 0] + 0.5) < 1e-9
    assert 25 < on_border.sum() < 40  # 20 of the 60 px of its perimeter


def test_the_same_seed_gives_the_same_points_and_another_seed_others():
    first, again, other = (sample_outline(_rectangle(), 50, _rng(seed)).points for seed in (3, 3, 4))
    np.testing.assert_array_equal(first, again)
    assert np.abs(first - other).max() > 0.01


@pytest.mark.parametrize(
    ("mask", "code"),
    [
        (np.zeros((64, 48)), "empty_mask"),
        (np.full((64, 48), 0.5), "empty_mask"),
        (np.ones((64, 48)), "mask_covers_picture"),
        (np.pad(np.ones((1, 1)), 20), "few_contour_points"),
    ],
)
@pytest.mark.parametrize("which", ["source", "target"])
def test_a_mask_without_a_usable_outline_is_refused_with_its_code(mask, code, which):
    sound = np.zeros(mask.shape)
    sound[10:30, 10:30] = 1
    masks = (mask, sound) if which == "source" else (sound, mask)
    with pytest.raises(MatchError) as caught:
        match_masks(*masks, DEFAULT, _rng())
    assert caught.value.code == code
    assert "\n" not in str(caught.value)


def test_settings_that_match_too_few_points_are_refused_with_a_code():
    config = ShapeContextConfig(dummy_fraction=1, dummy_cost=0)
    other = np.roll(_rectangle(), 5, 1) + np.pad(np.ones((8, 8)), ((0, 32), (40, 0)))
    with pytest.raises(MatchError) as caught:
        match_masks(_rectangle(), np.minimum(other, 1), config, _rng())
    assert caught.value.code == "few_matches"


@pytest.mark.parametrize("thickness", [1, 2, 3])
def test_a_thin_mask_can_be_matched(thickness):
    thin, thinner = np.zeros((64, 48)), np.zeros((64, 48))
    thin[10:50, 20 : 20 + thickness], thinner[5:45, 30 : 30 + thickness] = 1, 1
    match = match_masks(thin, thinner, ShapeContextConfig(height=64), _rng())
    assert len(match.steps) == 6
    last = match.steps[-1]
    assert np.isfinite(BendFrame.of(match.source).bend(last.source, last.spline).points).all()


def test_a_plateau_at_the_half_level_breaks_nothing():
    mask = np.zeros((40, 40))
    mask[10:30, 10:20], mask[10:30, 20:30] = 1, 0.5
    outline = sample_outline(mask, 100, _rng())
    assert np.isfinite(outline.points).all()
    assert np.isfinite(outline.tangents).all()


def test_a_shape_matched_to_itself_finds_the_identity():
    y, x = np.mgrid[:64, :48]
    blob = ((x - 20) ** 2 / 150 + (y - 30) ** 2 / 400 < 1) | ((abs(x - 28) < 12) & (abs(y - 20) < 5))
    outline = sample_outline(blob.astype(float), 100, _rng())
    for step in match_outlines(outline, outline, DEFAULT).steps:
        np.testing.assert_array_equal(step.source, np.arange(100))
        np.testing.assert_array_equal(step.target, np.arange(100))
        probe = torch.from_numpy(outline.points)
        torch.testing.assert_close(step.spline(probe)[0], probe, atol=1e-6, rtol=0)


def test_a_shape_matched_to_itself_moved_and_scaled_finds_the_same_points():
    y, x = np.mgrid[:64, :64] - 30.3  # askew, so that no direction falls on the border of two sectors
    outline = sample_outline(np.clip(20 - np.hypot(x + 0.3 * y, 1.4 * y - 0.2 * x + x * x / 40), 0, 1), 100, _rng())
    moved = outline._replace(points=outline.points * 1.7 + [12, -9])
    last = match_outlines(outline, moved, DEFAULT).steps[-1]
    np.testing.assert_array_equal(last.source, last.target)
    assert len(last.source) == 100


def test_points_without_a_partner_are_left_out_of_the_next_rounds_histograms(monkeypatch):
    tee, bar = np.zeros((64, 64)), np.zeros((64, 64))
    tee[10:20, 8:56], tee[20:56, 26:38], bar[10:56, 26:38] = 1, 1, 1
    seen = []

    def recorded(bins: np.ndarray, counted: np.ndarray, config: ShapeContextConfig) -> np.ndarray:
        seen.append(counted.copy())
        return histograms(bins, counted, config)

    monkeypatch.setattr(shape_context, "histograms", recorded)
    steps = match_masks(tee, bar, DEFAULT, _rng()).steps
    assert seen[0].all()
    assert seen[1].all()
    assert len(steps[0].source) < 100
    for number, step in enumerate(steps[:-1]):
        assert np.flatnonzero(seen[2 * number + 2]).tolist() == sorted(step.source.tolist())
        assert np.flatnonzero(seen[2 * number + 3]).tolist() == sorted(step.target.tolist())


def test_bending_turns_the_tangents_along():
    outline = sample_outline(_rectangle(), 100, _rng())
    quarter = outline._replace(points=outline.points @ np.array([[0.0, 1], [-1, 0]]))  # (x, y) -> (-y, x)
    last = match_outlines(outline, outline, DEFAULT).steps[-1]
    quarter_turn = torch.tensor([[[0.0, 0], [0, 1], [-1, 0]]]).double()
    turned = last.spline._replace(affine=quarter_turn, bend=0 * last.spline.bend)
    bent = BendFrame.of(outline).bend(last.source, turned)
    np.testing.assert_allclose(bent.points, quarter.points, atol=1e-9)
    np.testing.assert_allclose(np.cos(bent.tangents - outline.tangents), 0, atol=1e-6)
    np.testing.assert_allclose(np.sin(bent.tangents - outline.tangents), 1, atol=1e-6)


def test_bending_by_the_precomputed_kernel_equals_the_spline_and_its_finite_differences():
    source, target = sample_outline(_rectangle(), 100, _rng()), sample_outline(_rectangle(), 100, _rng(1))
    rows = np.arange(3, 90)
    frame = BendFrame.of(source)
    spline = frame.fit(rows, target.points[rows] + 3 * np.sin(target.points[rows] / 9), 2.0)
    bent = frame.bend(rows, spline)
    plain = ThinPlateSpline.fit(
        torch.from_numpy(source.points[rows])[None],
        torch.from_numpy(target.points[rows] + 3 * np.sin(target.points[rows] / 9))[None],
        2.0,
    )
    np.testing.assert_allclose(bent.points, plain(torch.from_numpy(source.points))[0].numpy(), atol=1e-9)
    step = 1e-6 * np.stack([np.cos(source.tangents), np.sin(source.tangents)], axis=1)
    ahead = (
        plain(torch.from_numpy(source.points + step))[0].numpy()
        - plain(torch.from_numpy(source.points - step))[0].numpy()
    )
    np.testing.assert_allclose(np.cos(bent.tangents - np.arctan2(ahead[:, 1], ahead[:, 0])), 1, atol=1e-6)


def test_the_first_spline_is_almost_affine_and_the_later_ones_bend():
    y, x = np.mgrid[:64, :48]
    tall = abs(y - 32) < 24
    straight, bowed = (abs(x - 24) < 6) & tall, (abs(x - 24 - (y - 32) ** 2 / 60) < 6) & tall
    steps = match_masks(straight.astype(float), bowed.astype(float), DEFAULT, _rng()).steps
    first, last = (float(step.spline.bending_energy()) for step in (steps[0], steps[-1]))
    assert first < last / 10
