"""Thin-plate splines against two other people's implementations, closed forms and invariants."""

import math

import numpy as np
import pytest
import torch
from scipy.interpolate import RBFInterpolator
from skimage.transform import ThinPlateSplineTransform

from viton.tps import ThinPlateSpline, kernel

EVERY_SMOOTHING = [0.0, 1e-3, 1.0, 250.0]


def _points(seed: int, count: int = 30, batch: int = 1, spread: float = 50) -> torch.Tensor:
    return torch.from_numpy(np.random.default_rng(seed).uniform(0, spread, (batch, count, 2)))


def _spline(seed: int = 0, smoothing: float = 0.0, batch: int = 1) -> ThinPlateSpline:
    source = _points(seed, batch=batch)
    moved = source + torch.from_numpy(np.random.default_rng(seed + 100).normal(0, 3, source.shape))
    return ThinPlateSpline.fit(source, moved, smoothing)


def test_the_kernel_is_r2_log_r2_and_zero_at_its_centre():
    distances = kernel(torch.tensor([[[0.0, 0.0], [3.0, 4.0], [1.0, 0.0]]]), torch.zeros(1, 1, 2))
    assert distances.flatten().tolist() == pytest.approx([0, 25 * math.log(25), 0])


@pytest.mark.parametrize("smoothing", EVERY_SMOOTHING)
def test_the_spline_agrees_with_scipy(smoothing):
    # scipy's kernel k = r^2 log r is half of ours, K = 2 k. Its weights c solve (k + s I) c + P a = t. With c = 2 w
    # that reads (K + 2 s I) w + P a = t, which is our system: smoothing = 2 s.
    source, target, query = _points(1), _points(2), _points(3, 200, spread=70)
    theirs = RBFInterpolator(source[0], target[0], kernel="thin_plate_spline", smoothing=smoothing / 2, degree=1)
    ours = ThinPlateSpline.fit(source, target, smoothing)
    np.testing.assert_allclose(ours(query)[0], theirs(query[0].numpy()), atol=1e-6)


@pytest.mark.parametrize("smoothing", [1.0, 250.0])
def test_scipys_smoothing_is_half_of_ours_and_no_other_share(smoothing):
    source, target, query = _points(1), _points(2), _points(3, 200)
    theirs = RBFInterpolator(source[0], target[0], kernel="thin_plate_spline", smoothing=smoothing, degree=1)
    ours = ThinPlateSpline.fit(source, target, smoothing)
    assert np.abs(ours(query)[0].numpy() - theirs(query[0].numpy())).max() > 1e-3


def test_the_spline_agrees_with_scikit_image():
    source, query = _points(4, 25, spread=1), _points(6, 300, spread=1)
    target = source + _points(5, 25, spread=0.2)
    theirs = ThinPlateSplineTransform.from_estimate(source[0].numpy(), target[0].numpy())
    ours = ThinPlateSpline.fit(source, target)
    np.testing.assert_allclose(ours(query)[0], theirs(query[0].numpy()), atol=1e-5)


@pytest.mark.parametrize("smoothing", [*EVERY_SMOOTHING, 1e6])
def test_an_affine_map_is_recovered_without_bending_at_any_smoothing(smoothing):
    source, query = _points(7), _points(8, 100, spread=300)
    A, a = torch.tensor([[1.3, -0.4], [0.2, 0.7]], dtype=torch.float64), torch.tensor([5.0, -11.0]).double()
    spline = ThinPlateSpline.fit(source, source @ A + a, smoothing)
    torch.testing.assert_close(spline(query), query @ A + a, atol=1e-6, rtol=0)
    torch.testing.assert_close(spline.bend, torch.zeros_like(spline.bend), atol=1e-9, rtol=0)
    torch.testing.assert_close(spline.affine[0], torch.cat([a[None], A]), atol=1e-6, rtol=0)
    assert float(spline.bending_energy()) < 1e-9


def test_the_identity_maps_everything_to_itself():
    source, query = _points(9), _points(10, 100)
    torch.testing.assert_close(ThinPlateSpline.fit(source, source)(query), query, atol=1e-8, rtol=0)


def test_it_passes_through_its_knots_without_smoothing():
    source, target = _points(11), _points(12)
    torch.testing.assert_close(ThinPlateSpline.fit(source, target)(source), target, atol=1e-7, rtol=0)


def test_more_smoothing_bends_less_and_misses_the_knots_by_more():
    source, target = _points(11), _points(12)
    fits = [ThinPlateSpline.fit(source, target, smoothing) for smoothing in EVERY_SMOOTHING]
    energies = [float(fit.bending_energy()) for fit in fits]
    misses = [float((fit(source) - target).square().sum()) for fit in fits]
    assert energies == sorted(energies, reverse=True)
    assert misses == sorted(misses)


def test_no_small_change_of_the_weights_serves_the_smoothing_objective_better():
    # |f(source) - target|^2 + smoothing tr(w' K w), over weights that keep f affine far away
    source, target, smoothing = _points(13, 12), _points(14, 12), 30.0
    best = ThinPlateSpline.fit(source, target, smoothing)
    K = kernel(source, source)
    P = torch.cat([source.new_ones(1, 12, 1), source], 2)[0]
    allowed = torch.eye(12).double() - P @ torch.linalg.pinv(P)

    def objective(spline: ThinPlateSpline) -> float:
        roughness = (spline.bend * (K @ spline.bend)).sum()
        return float((spline(source) - target).square().sum() + smoothing * roughness)

    rng = torch.Generator().manual_seed(0)
    for _ in range(20):
        step = allowed @ torch.randn(12, 2, generator=rng, dtype=torch.float64) * 1e-4
        turn = torch.randn(3, 2, generator=rng, dtype=torch.float64) * 1e-4
        other = best._replace(bend=best.bend + step, affine=best.affine + turn)
        assert objective(other) >= objective(best)


def test_the_weights_leave_the_map_affine_far_away():
    spline = _spline()
    torch.testing.assert_close(spline.bend.sum(1), torch.zeros(1, 2).double(), atol=1e-9, rtol=0)
    torch.testing.assert_close(spline.knots.mT @ spline.bend, torch.zeros(1, 2, 2).double(), atol=1e-7, rtol=0)


def test_bending_energy_is_the_integral_of_squared_second_derivatives():
    # Central differences on a grid 60 times as wide as the knots; what lies beyond it falls off as 1 / width^2.
    # Tolerance 1 %: one for the cut and one for the step, each far less (measured: 0.3 %).
    knots = torch.tensor([[[-1.0, -1.0], [1.0, -1.0], [1.0, 1.0], [-1.0, 1.0], [0.2, 0.1]]]).double()
    lift = torch.tensor([[0.0, 0.3], [0.1, 0.0], [-0.2, 0.1], [0.0, 0.0], [1.0, -0.4]]).double()
    spline = ThinPlateSpline.fit(knots, knots + lift)

    def integral(reach: float, step: float, hole: float) -> float:
        at = torch.arange(-reach, reach + step / 2, step, dtype=torch.float64) + step / 3
        y, x = torch.meshgrid(at, at, indexing="ij")
        f = spline(torch.stack([x, y], -1).reshape(-1, 2))[0].reshape(len(at), len(at), 2)
        fxx = (f[1:-1, 2:] - 2 * f[1:-1, 1:-1] + f[1:-1, :-2]) / step**2
        fyy = (f[2:, 1:-1] - 2 * f[1:-1, 1:-1] + f[:-2, 1:-1]) / step**2
        fxy = (f[2:, 2:] - f[2:, :-2] - f[:-2, 2:] + f[:-2, :-2]) / (4 * step**2)
        density = (fxx**2 + 2 * fxy**2 + fyy**2).sum(-1)
        far = torch.maximum(x.abs(), y.abs())[1:-1, 1:-1] > hole
        return float(density[far].sum() * step**2)

    total = integral(4, 0.01, 0) + integral(60, 0.25, 4)
    assert total == pytest.approx(float(spline.bending_energy()), rel=0.01)


@pytest.mark.parametrize("unit", [0.01, 3.0, 500.0])
def test_bending_energy_does_not_depend_on_the_unit_of_length(unit):
    source, target = _points(15), _points(16)
    here = ThinPlateSpline.fit(source, target).bending_energy()
    there = ThinPlateSpline.fit(source * unit, target * unit).bending_energy()
    torch.testing.assert_close(there, here, rtol=1e-6, atol=0)


def test_smoothing_in_squared_units_makes_the_fit_independent_of_the_unit():
    source, target, query = _points(15), _points(16), _points(17)
    here = ThinPlateSpline.fit(source, target, 4.0)(query)
    there = ThinPlateSpline.fit(source * 10, target * 10, 400.0)(query * 10) / 10
    torch.testing.assert_close(there, here, atol=1e-6, rtol=0)


@pytest.mark.parametrize("smoothing", [0.0, 50.0])
def test_the_jacobian_determinant_is_that_of_finite_differences(smoothing):
    spline, query, step = _spline(18, smoothing, batch=3), _points(19, 40)[0], 1e-5
    ahead = [torch.tensor(axis).double() * step for axis in ([1.0, 0.0], [0.0, 1.0])]
    fx, fy = ((spline(query + move) - spline(query - move)) / (2 * step) for move in ahead)
    expected = fx[..., 0] * fy[..., 1] - fx[..., 1] * fy[..., 0]
    torch.testing.assert_close(spline.jacobian_determinant(query), expected, atol=1e-5, rtol=1e-5)


def test_the_jacobian_determinant_is_finite_on_a_knot():
    spline = _spline(20)
    at_knots, beside = (spline.jacobian_determinant(spline.knots[0] + shift) for shift in (0.0, 1e-9))
    torch.testing.assert_close(at_knots, beside, atol=1e-5, rtol=0)


def test_the_jacobian_determinant_is_negative_where_the_map_is_mirrored():
    source = _points(21)
    mirrored = ThinPlateSpline.fit(source, source * torch.tensor([-2.0, 1.0]).double())
    expected = torch.full((1, 30), -2.0).double()
    torch.testing.assert_close(mirrored.jacobian_determinant(source[0]), expected, atol=1e-6, rtol=0)


@pytest.mark.parametrize("smoothing", [0.0, 50.0])
def test_a_batch_is_fitted_as_one_by_one(smoothing):
    source, target, query = _points(22, batch=3), _points(23, batch=3), _points(24, 50)[0]
    together = ThinPlateSpline.fit(source, target, smoothing)
    for i in range(3):
        alone = ThinPlateSpline.fit(source[i : i + 1], target[i : i + 1], smoothing)
        torch.testing.assert_close(together(query)[i], alone(query)[0], atol=1e-8, rtol=0)
        torch.testing.assert_close(together.bending_energy()[i], alone.bending_energy()[0], atol=0, rtol=1e-8)
        torch.testing.assert_close(together.jacobian_determinant(query)[i], alone.jacobian_determinant(query)[0])


def test_each_of_a_batch_may_map_its_own_points():
    spline, query = _spline(25, batch=2), _points(26, 20, batch=2)
    mapped = spline(query)
    torch.testing.assert_close(mapped[1], spline(query[1])[1])
    assert not torch.allclose(mapped[1], spline(query[0])[1])


@pytest.mark.parametrize("smoothing", [0.0, 50.0])
def test_the_order_of_the_knots_changes_nothing(smoothing):
    source, target, query = _points(27), _points(28), _points(29, 50)
    order = torch.from_numpy(np.random.default_rng(0).permutation(30))
    shuffled = ThinPlateSpline.fit(source[:, order], target[:, order], smoothing)
    expected = ThinPlateSpline.fit(source, target, smoothing)
    torch.testing.assert_close(shuffled(query), expected(query), atol=1e-7, rtol=0)
    torch.testing.assert_close(shuffled.bending_energy(), expected.bending_energy(), rtol=1e-7, atol=0)


def test_mapping_points_leaves_them_unchanged():
    query = _points(30)[0]
    before = query.clone()
    _spline()(query)
    assert torch.equal(query, before)
