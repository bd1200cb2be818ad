import numpy as np
import pytest
import torch

from tests.viton_eval.oracles import SmallExtractor, features, fidelity_metrics, pictures
from viton_eval import kernel_distance as module
from viton_eval.kernel_distance import kernel_distance, subset_kernel_distance


def by_hand(x: np.ndarray, y: np.ndarray) -> float:
    """The unbiased squared MMD, a pair of pictures at a time."""

    def mean(pairs: list[tuple[np.ndarray, np.ndarray]]) -> float:
        return sum((sum(p * q for p, q in zip(a, b, strict=True)) / len(a) + 1) ** 3 for a, b in pairs) / len(pairs)

    within = [mean([(a, b) for i, a in enumerate(s) for j, b in enumerate(s) if i != j]) for s in (x, y)]
    return within[0] + within[1] - 2 * mean([(a, b) for a in x for b in y])


def sets(n: int = 13, m: int = 9, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    return rng.normal(size=(n, 5)), rng.normal(size=(m, 5)) * 1.5 + 0.3


def test_estimate_is_a_double_loops(monkeypatch):
    x, y = sets()
    assert kernel_distance(x, y).value == pytest.approx(by_hand(x, y), rel=1e-12)
    monkeypatch.setattr(module, "ROWS", 4)  # several strips of the kernel matrix
    assert kernel_distance(x, y).value == pytest.approx(by_hand(x, y), rel=1e-12)


def test_one_subset_of_all_pictures_is_the_estimate_of_all():
    x, y = sets(12, 12)
    found = subset_kernel_distance(x, y, subsets=3, size=12)
    assert found.mean == pytest.approx(kernel_distance(x, y).value, rel=1e-12)
    assert found.std == pytest.approx(0, abs=1e-12)


def test_subsets_are_torch_fidelitys_by_the_same_seed():
    one, other = pictures(60, seed=1), pictures(50, seed=2, light=0.8)
    for seed in (2020, 5):
        theirs = fidelity_metrics(one, other, kid=True, kid_subsets=7, kid_subset_size=20, rng_seed=seed)
        ours = subset_kernel_distance(features(one), features(other), subsets=7, size=20, seed=seed)
        assert ours.mean == pytest.approx(theirs["kernel_inception_distance_mean"], rel=1e-12)
        assert ours.std == pytest.approx(theirs["kernel_inception_distance_std"], rel=1e-9)
        assert ours[2:] == (60, 50, 8, 7, 20, seed)


def test_torchmetrics_says_the_same_of_all_pictures():
    from torchmetrics.image.kid import KernelInceptionDistance

    one, other = pictures(40, seed=1), pictures(40, seed=2, light=0.8)
    metric = KernelInceptionDistance(feature=SmallExtractor(), subsets=1, subset_size=40)
    metric.update(one, real=True)
    metric.update(other, real=False)
    assert kernel_distance(features(one), features(other)).value == pytest.approx(float(metric.compute()[0]), rel=1e-10)


def test_interval_is_a_jackknifes_over_single_pictures():
    x, y = sets()
    left = [by_hand(np.delete(x, i, axis=0), y) for i in range(13)]
    left += [by_hand(x, np.delete(y, j, axis=0)) for j in range(9)]
    error = np.sqrt(21 / 22 * ((np.array(left) - np.mean(left)) ** 2).sum())
    found = kernel_distance(x, y)
    assert (found.low, found.high) == pytest.approx(
        (found.value - 1.959964 * error, found.value + 1.959964 * error), rel=1e-9
    )
    assert found.blocks == 22


def test_interval_is_a_jackknifes_over_blocks_across_both_sets(monkeypatch):
    monkeypatch.setattr(module, "ROWS", 4)
    x, y = sets()
    names = [f"p{i % 5}" for i in range(13)], [f"p{j % 6}" for j in range(9)]
    left = [
        by_hand(
            x[[name != f"p{b}" for name in names[0]]],
            y[[name != f"p{b}" for name in names[1]]],
        )
        for b in range(6)
    ]
    error = np.sqrt(5 / 6 * ((np.array(left) - np.mean(left)) ** 2).sum())
    found = kernel_distance(x, y, names)
    assert found.high - found.value == pytest.approx(1.959964 * error, rel=1e-9)
    assert found.blocks == 6


def test_intervals_hold_the_true_distance_of_shifted_gaussians_as_often_as_they_say():
    rng, shift = np.random.default_rng(0), 1.0
    # k = (xy + 1)^3 of one dimension: E k(x,x') = 1 + 3 E[x]^2 + 3 E[x^2]^2 + ..., by the moments of N(0,1) and N(1,1)
    moments = np.array([[1, 0, 1, 0], [1, shift, 1 + shift**2, 3 * shift + shift**3]])
    true = (np.array([1, 3, 3, 1]) * (moments[0] - moments[1]) ** 2).sum()
    hits = 0
    for _ in range(400):
        found = kernel_distance(rng.normal(size=(120, 1)), rng.normal(size=(120, 1)) + shift)
        hits += found.low <= true <= found.high
    assert 0.90 <= hits / 400 <= 0.98


def test_sets_of_one_distribution_are_as_often_below_zero_as_unbiasedness_needs():
    values = [kernel_distance(*np.random.default_rng(seed).normal(size=(2, 20, 4))).value for seed in range(300)]
    assert abs(np.mean(values)) < 3 * np.std(values) / np.sqrt(300)
    assert min(values) < 0 < max(values)


def test_pictures_of_one_person_widen_the_interval_when_they_are_named():
    x, y = sets(20, 400)
    twice, names = np.repeat(x, 2, axis=0), [f"p{i // 2}" for i in range(40)]
    alone = kernel_distance(twice, y)
    together = kernel_distance(twice, y, (names, [f"q{i}" for i in range(400)]))
    assert together.value == pytest.approx(alone.value, rel=1e-12)
    assert (together.high - together.low) / (alone.high - alone.low) == pytest.approx(np.sqrt(2), rel=0.1)


def test_order_and_batches_of_pictures_do_not_matter():
    images, other = pictures(50, seed=3), features(pictures(40, seed=4, light=0.9))
    value = kernel_distance(features(images), other)
    shuffled = features(images)[np.random.default_rng(0).permutation(50)]
    assert kernel_distance(shuffled, other) == pytest.approx(value, rel=1e-9)
    in_batches = np.concatenate([features(batch) for batch in torch.split(images, 7)])
    assert kernel_distance(in_batches, other) == pytest.approx(value, rel=1e-9)


def test_the_same_seed_gives_the_same_bytes_and_another_one_others():
    x, y = sets(30, 30)
    assert subset_kernel_distance(x, y, 5, 10) == subset_kernel_distance(x, y, 5, 10)
    assert subset_kernel_distance(x, y, 5, 10).mean != subset_kernel_distance(x, y, 5, 10, seed=1).mean


def test_what_cannot_be_measured_is_refused():
    x, y = sets()
    with pytest.raises(ValueError, match=r"expected \(N, D\) and \(M, D\), N and M at least 2"):
        kernel_distance(x[:1], y)
    with pytest.raises(ValueError, match=r"got \(13, 5\) and \(9, 4\)"):
        subset_kernel_distance(x, y[:, :4], size=3)
    with pytest.raises(ValueError, match="expected finite numbers"):
        kernel_distance(x, np.where(y > 1, np.nan, y))
    for size in (1, 10):
        with pytest.raises(ValueError, match=f"size: expected 2 to 9, the pictures of the smaller set, got {size}"):
            subset_kernel_distance(x, y, size=size)
    with pytest.raises(ValueError, match="subsets: expected at least 1, got 0"):
        subset_kernel_distance(x, y, subsets=0, size=3)
    with pytest.raises(ValueError, match="blocks: expected 13 and 9 names, got 1 and 9"):
        kernel_distance(x, y, (["a"], ["b"] * 9))
    with pytest.raises(ValueError, match="expected two pictures a set beside each block"):
        kernel_distance(x, y, (["a"] * 13, [str(i) for i in range(9)]))


def test_a_set_beside_itself_is_no_farther_than_beside_its_copy():
    """The very same array must not be taken for a set compared within itself."""
    x = np.random.default_rng(0).normal(size=(20, 4))
    assert kernel_distance(x, x).value == kernel_distance(x, x.copy()).value
