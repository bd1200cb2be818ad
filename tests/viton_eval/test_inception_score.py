import math

import numpy as np
import pytest
import torch
from scipy.special import softmax

from tests.viton_eval.oracles import CLASSES, SmallExtractor, features, fidelity_metrics, pictures
from viton_eval.inception_score import inception_score, inception_score_of_logits

PROTOCOLS = ("contiguous", "torch-fidelity", "torchmetrics")
SEEDS = {"contiguous": None, "torch-fidelity": None, "torchmetrics": 3}


@pytest.mark.parametrize(("n", "splits"), [(203, 10), (11, 10), (40, 1)])
def test_torch_fidelity_protocol_is_what_torch_fidelity_says(n, splits):
    images = pictures(n, seed=1)
    theirs = fidelity_metrics(images, isc=True, isc_splits=splits)
    ours = inception_score_of_logits(features(images), "torch-fidelity", splits)
    assert ours.mean == pytest.approx(theirs["inception_score_mean"], rel=1e-12)
    assert ours.std == pytest.approx(theirs["inception_score_std"], rel=1e-9, abs=1e-12)
    assert (ours.n, ours.splits, ours.seed) == (n, splits, 2020)


def test_contiguous_protocol_is_torch_fidelity_without_its_shuffle():
    images = pictures(203, seed=2)
    theirs = fidelity_metrics(images, isc=True, isc_splits=10, samples_shuffle=False)
    ours = inception_score_of_logits(features(images), "contiguous", 10)
    assert ours.mean == pytest.approx(theirs["inception_score_mean"], rel=1e-12)
    assert ours.std == pytest.approx(theirs["inception_score_std"], rel=1e-9)
    assert ours.seed is None


@pytest.mark.parametrize(("n", "splits", "groups"), [(203, 10, 10), (11, 10, 6)])
def test_torchmetrics_protocol_is_what_torchmetrics_says_after_the_same_seed(n, splits, groups):
    from torchmetrics.image.inception import InceptionScore

    images = pictures(n, seed=3)
    metric = InceptionScore(feature=SmallExtractor(), splits=splits)
    metric.update(images)
    torch.manual_seed(7)
    mean, std = metric.compute()
    ours = inception_score_of_logits(features(images), "torchmetrics", splits, seed=7)
    assert ours.mean == pytest.approx(float(mean), rel=1e-12)
    assert ours.std == pytest.approx(float(std), rel=1e-9)
    assert (ours.splits, ours.seed) == (groups, 7)


def test_the_three_protocols_differ_on_the_same_pictures():
    logits = features(pictures(203, seed=4))
    found = [inception_score_of_logits(logits, name, 10, SEEDS[name]) for name in PROTOCOLS]
    assert len({round(each.mean, 9) for each in found}) == 3
    assert len({round(each.std, 9) for each in found}) == 3


def test_one_group_has_no_spread_and_by_torchmetrics_none_that_is_a_number():
    logits = features(pictures(20, seed=5))
    assert inception_score_of_logits(logits, "contiguous", 1).std == 0
    assert math.isnan(inception_score_of_logits(logits, "torchmetrics", 1, seed=0).std)


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_certain_verdicts_spread_evenly_over_c_classes_give_c(protocol):
    rows = np.eye(CLASSES)[np.arange(80) % CLASSES]
    found = inception_score(rows, protocol, 1, SEEDS[protocol])
    assert found.mean == pytest.approx(CLASSES, rel=1e-12)


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_equal_verdicts_give_one(protocol):
    rows = np.tile(softmax(np.arange(5.0)), (30, 1))
    found = inception_score(rows, protocol, 3, SEEDS[protocol])
    assert found.mean == pytest.approx(1, abs=1e-12)


def test_sorted_pictures_need_the_shuffle():
    rows = np.eye(4)[np.repeat(np.arange(4), 25)]
    assert inception_score(rows, "contiguous", 4).mean == pytest.approx(1)
    assert inception_score(rows, "torch-fidelity", 4).mean > 3


def test_one_group_does_not_depend_on_the_order():
    logits = features(pictures(60, seed=6))
    shuffled = logits[np.random.default_rng(0).permutation(60)]
    one, other = (inception_score_of_logits(each, "contiguous", 1).mean for each in (logits, shuffled))
    assert one == pytest.approx(other, rel=1e-12)


def test_logits_and_their_probabilities_agree_also_where_a_class_is_impossible():
    logits = features(pictures(30, seed=7))
    logits[:, 0] = -2000  # exp underflows to 0
    ours = inception_score_of_logits(logits, "contiguous", 3)
    assert ours.mean == pytest.approx(inception_score(softmax(logits, axis=1), "contiguous", 3).mean, rel=1e-12)
    assert ours.mean == pytest.approx(inception_score_of_logits(logits[:, 1:], "contiguous", 3).mean, rel=1e-12)


def test_what_are_no_verdicts_is_refused():
    good = np.full((12, 4), 0.25)
    for row, value in ((3, np.nan), (5, np.inf)):
        spoilt = good.copy()
        spoilt[row, 1] = value
        with pytest.raises(ValueError, match=f"expected finite numbers, got others in 1 rows, first row {row}"):
            inception_score(spoilt, "contiguous", 2)
        with pytest.raises(ValueError, match="logits: expected finite numbers"):
            inception_score_of_logits(spoilt, "contiguous", 2)
    with pytest.raises(ValueError, match="expected rows with the sum 1, got 2 in row 0"):
        inception_score(good * 2, "contiguous", 2)
    with pytest.raises(ValueError, match=r"expected numbers in \[0,1\], got -0.5"):
        inception_score([[1.5, -0.5]], "contiguous", 1)
    with pytest.raises(ValueError, match=r"expected the shape \(N, C\)"):
        inception_score(good[0], "contiguous", 1)


def test_groups_and_seeds_that_cannot_be_are_refused():
    rows = np.full((9, 4), 0.25)
    for splits in (0, 10):
        with pytest.raises(ValueError, match=f"splits: expected 1 to 9, the number of pictures, got {splits}"):
            inception_score(rows, "contiguous", splits)
    with pytest.raises(ValueError, match="seed: expected one for `torchmetrics`"):
        inception_score(rows, "torchmetrics", 3)
    with pytest.raises(ValueError, match="seed: expected none for `contiguous`"):
        inception_score(rows, "contiguous", 3, seed=1)
    with pytest.raises(ValueError, match="protocol: expected one of contiguous, torch-fidelity, torchmetrics"):
        inception_score(rows, "tensorflow", 3)
