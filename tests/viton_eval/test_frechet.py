import numpy as np
import pytest
import torch
from scipy.linalg import sqrtm

from tests.viton_eval.oracles import SmallExtractor, features, fidelity_metrics, pictures
from viton_eval.frechet import frechet_distance, frechet_of_moments, moments_of, moments_of_covariance


def with_covariance(variances: np.ndarray, n: int = 50, seed: int = 0) -> np.ndarray:
    """Features (N,D) with the mean 0 and exactly this diagonal covariance."""
    raw = np.random.default_rng(seed).normal(size=(n, len(variances)))
    orthonormal = np.linalg.qr(raw - raw.mean(axis=0))[0]
    return orthonormal * np.sqrt(variances * (n - 1))


def test_distance_is_torch_fidelitys_on_the_same_pictures():
    one, other = pictures(203, seed=1), pictures(150, seed=2, light=0.8)
    theirs = fidelity_metrics(one, other, fid=True)["frechet_inception_distance"]
    ours = frechet_distance(features(one), features(other))
    assert ours.value == pytest.approx(theirs, rel=1e-10)
    assert (ours.n, ours.n_other, ours.dims, ours.warning) == (203, 150, 8, "")


def test_distance_is_torchmetrics_on_the_same_pictures():
    from torchmetrics.image.fid import FrechetInceptionDistance

    one, other = pictures(203, seed=1), pictures(150, seed=2, light=0.8)
    metric = FrechetInceptionDistance(feature=SmallExtractor())
    metric.update(one, real=True)
    metric.update(other, real=False)
    assert frechet_distance(features(one), features(other)).value == pytest.approx(float(metric.compute()), rel=1e-8)


def test_shifted_features_are_apart_by_the_square_of_the_shift():
    rows, shift = np.random.default_rng(0).normal(size=(80, 6)), np.array([1.0, -2, 0, 0, 3, 0.5])
    assert frechet_distance(rows, rows + shift).value == pytest.approx(14.25, rel=1e-12)


def test_diagonal_covariances_are_apart_by_their_standard_deviations():
    one, other = np.array([1.0, 4, 9, 0.25]), np.array([4.0, 4, 1, 0.01])
    expected = ((np.sqrt(one) - np.sqrt(other)) ** 2).sum()
    found = frechet_distance(with_covariance(one), with_covariance(other, n=70, seed=1))
    assert found.value == pytest.approx(expected, rel=1e-12)


def test_covariances_alone_give_the_formula_with_a_matrix_square_root():
    rng = np.random.default_rng(3)
    a, b = (each @ each.T for each in rng.normal(size=(2, 5, 5)))
    mean, other = rng.normal(size=(2, 5))
    expected = ((mean - other) ** 2).sum() + np.trace(a + b - 2 * np.real(sqrtm(a @ b)))
    found = frechet_of_moments(moments_of_covariance(mean, a, 9), moments_of_covariance(other, b, 9))
    assert found.value == pytest.approx(expected, rel=1e-9)


def test_moments_kept_as_mean_and_covariance_give_what_the_features_give():
    one, other = features(pictures(60, seed=1)), features(pictures(50, seed=2, light=0.7))
    kept = moments_of_covariance(other.mean(axis=0), np.cov(other, rowvar=False), 50)
    assert frechet_of_moments(moments_of(one), kept).value == pytest.approx(
        frechet_distance(one, other).value, rel=1e-10
    )


def test_covariances_without_full_rank_lose_no_digits():
    rng = np.random.default_rng(4)
    rows = rng.normal(size=(10, 64))
    assert frechet_distance(rows, rows).value == pytest.approx(0, abs=1e-11)
    assert frechet_distance(rows, 3 * rows).value == pytest.approx(
        (9 - 6 + 1) * rows.var(axis=0, ddof=1).sum() + 4 * (rows.mean(axis=0) ** 2).sum(), rel=1e-12
    )


def test_distance_is_symmetric_and_does_not_depend_on_the_order_of_pictures():
    one, other = features(pictures(90, seed=5)), features(pictures(70, seed=6, light=0.9))
    value = frechet_distance(one, other).value
    shuffled = one[np.random.default_rng(0).permutation(len(one))]
    assert frechet_distance(shuffled, other).value == pytest.approx(value, rel=1e-11)
    assert frechet_distance(other, one).value == pytest.approx(value, rel=1e-11)


def test_distance_does_not_depend_on_the_batches_that_features_came_in():
    one, other = pictures(90, seed=5), features(pictures(70, seed=6, light=0.9))
    values = [
        frechet_distance(np.concatenate([features(batch) for batch in torch.split(one, size)]), other).value
        for size in (1, 7, 90)
    ]
    assert values == pytest.approx([values[0]] * 3, rel=1e-10)


def test_fewer_pictures_than_dimensions_are_said_with_what_to_prefer():
    rows = np.random.default_rng(0).normal(size=(12, 11))
    assert frechet_distance(rows, rows).warning == ""
    found = frechet_distance(rows, rows[:11])
    assert found.warning.startswith("11 pictures for 11 dimensions")
    assert "prefer the kernel distance" in found.warning


def test_what_has_no_moments_is_refused():
    good = np.ones((3, 2))
    with pytest.raises(ValueError, match="N at least 2, got"):
        frechet_distance(good[:1], good)
    with pytest.raises(ValueError, match="expected finite numbers, got others"):
        frechet_distance(good, [[1.0, 2.0], [np.nan, 0.0]])
    with pytest.raises(ValueError, match="as many dimensions in both sets, got 2 and 1"):
        frechet_distance(good, good[:, :1])
    with pytest.raises(ValueError, match="expected a symmetric matrix"):
        moments_of_covariance([0.0, 0.0], [[1.0, 0.5], [0.0, 1.0]], 5)
    with pytest.raises(ValueError, match=r"expected \(D,\) and \(D, D\)"):
        moments_of_covariance([0.0, 0.0], [[1.0]], 5)
    with pytest.raises(ValueError, match="covariance: expected finite numbers"):
        moments_of_covariance([np.nan], [[1.0]], 5)
