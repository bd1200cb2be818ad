"""The loss terms against their closed forms and other people's functions."""

import math

import pytest
import torch
from torchmetrics.functional.image import total_variation as oracle_variation

from viton.losses import fake_loss, l1, real_loss, total_variation, weighted

SIZES = [(64, 48), (128, 96), (256, 192), (512, 384)]


def test_l1_is_the_mean_absolute_difference():
    a, b = torch.tensor([[1.0, -2.0], [0.5, 4.0]]), torch.tensor([[0.0, 2.0], [0.5, 3.0]])
    assert l1(a, b).item() == pytest.approx((1 + 4 + 0 + 1) / 4)
    assert l1(a, a).item() == 0


def test_l1_refuses_to_repeat_a_mask_over_an_image():
    with pytest.raises(ValueError, match=r"got \(2, 1, 4, 3\) and \(2, 3, 4, 3\)"):
        l1(torch.zeros(2, 1, 4, 3), torch.zeros(2, 3, 4, 3))


def test_a_constant_has_no_total_variation():
    assert total_variation(torch.full((2, 1, 64, 48), 0.7)).item() == 0


def test_a_step_edge_varies_by_its_length_at_the_papers_size():
    upright, level = torch.zeros(1, 1, 256, 192), torch.zeros(1, 1, 256, 192)
    upright[..., 100:] = 1
    level[:, :, 90:] = 0.5
    assert total_variation(upright).item() == 256
    assert total_variation(level).item() == 192 / 2


def test_a_corner_counts_both_its_sides():
    alpha = torch.zeros(1, 1, 256, 192)
    alpha[:, :, 50:60, 20:40] = 1
    assert total_variation(alpha).item() == 2 * (10 + 20)


def test_total_variation_is_a_mean_over_the_batch():
    alpha = torch.zeros(4, 1, 256, 192)
    alpha[0, ..., 96:] = 1
    assert total_variation(alpha).item() == 256 / 4


def test_total_variation_equals_that_of_torchmetrics_at_the_papers_size():
    alpha = torch.rand(3, 1, 256, 192)
    torch.testing.assert_close(total_variation(alpha), oracle_variation(alpha, reduction="mean"))


def test_a_texture_has_the_same_total_variation_at_every_size():
    def stripes(size):
        return (torch.arange(size[1]) // 4 % 2).float().expand(1, 1, *size)

    values = [total_variation(stripes(size)).item() for size in SIZES]
    for size, value in zip(SIZES, values, strict=True):
        assert value == pytest.approx(256 * 192 * (size[1] / 4 - 1) / size[1])  # a step of 1 every 4 pixels of a row
    assert max(values) < 1.1 * min(values)


def test_the_outline_of_one_shape_needs_a_weight_in_proportion_to_the_height():
    def disc(size):
        y, x = torch.meshgrid(torch.linspace(-1, 1, size[0]), torch.linspace(-1, 1, size[1]), indexing="ij")
        return (x**2 + y**2 < 0.5).float().expand(1, 1, *size)

    values = [total_variation(disc(size)).item() * size[0] / 256 for size in SIZES]
    assert max(values) < 1.05 * min(values)


def test_an_undecided_verdict_costs_log_two_either_way():
    logits = torch.zeros(4, 1, 3, 2)
    assert real_loss(logits).item() == pytest.approx(math.log(2))
    assert fake_loss(logits).item() == pytest.approx(math.log(2))


def test_verdicts_cost_what_binary_cross_entropy_says():
    logits = torch.tensor([[3.0], [-1.0]])
    assert real_loss(logits).item() == pytest.approx((math.log1p(math.exp(-3)) + math.log1p(math.exp(1))) / 2)
    assert fake_loss(logits).item() == pytest.approx((math.log1p(math.exp(3)) + math.log1p(math.exp(-1))) / 2)
    oracle = torch.nn.BCELoss()
    torch.testing.assert_close(real_loss(logits), oracle(logits.sigmoid(), torch.ones(2, 1)))
    torch.testing.assert_close(fake_loss(logits), oracle(logits.sigmoid(), torch.zeros(2, 1)))


def test_a_verdict_however_sure_has_a_finite_loss_and_a_gradient_when_it_is_wrong():
    logits = torch.tensor([-500.0], requires_grad=True)
    real_loss(logits).backward()
    assert real_loss(logits).item() == 500
    assert logits.grad.item() == -1
    assert fake_loss(logits).item() == 0


def test_every_term_is_reduced_in_float32():
    a, b = torch.rand(2, 1, 64, 48).bfloat16(), torch.rand(2, 1, 64, 48).bfloat16()
    for mixed, exact in [
        (l1(a, b), (a.double() - b.double()).abs().mean()),
        (real_loss(a), torch.log1p(torch.exp(-a.double())).mean()),
        (fake_loss(a), torch.log1p(torch.exp(a.double())).mean()),
        (total_variation(a), 16 * oracle_variation(a.double(), reduction="mean")),
    ]:
        assert mixed.dtype == torch.float32
        assert mixed.item() == pytest.approx(exact.item(), rel=1e-5)


def test_weighted_terms_add_up_and_are_kept():
    terms = {"mask": torch.tensor(2.0, requires_grad=True), "alpha": torch.tensor(0.5, requires_grad=True)}
    named = weighted(terms, {"alpha": -0.1, "mask": 3.0})
    assert named.keys() == {"mask", "alpha", "total"}
    assert named["mask"] is terms["mask"]
    assert named["total"].item() == pytest.approx(3 * 2.0 - 0.1 * 0.5)
    named["total"].backward()
    assert (terms["mask"].grad.item(), terms["alpha"].grad.item()) == pytest.approx((3.0, -0.1))


def test_a_term_without_a_weight_and_a_weight_without_a_term_are_named():
    with pytest.raises(KeyError, match=r"terms without a weight: \['tv'\]; weights without a term: \['warp'\]"):
        weighted({"tv": torch.tensor(1.0)}, {"warp": 0.1})
    with pytest.raises(KeyError, match=r"terms without a weight: \['tv'\]; weights without a term: \[\]"):
        weighted({"tv": torch.tensor(1.0), "l1": torch.tensor(1.0)}, {"l1": 1.0})
    with pytest.raises(KeyError, match=r"terms without a weight: \[\]; weights without a term: \['warp'\]"):
        weighted({"l1": torch.tensor(1.0)}, {"l1": 1.0, "warp": 0.1})


def test_no_term_may_be_called_total():
    with pytest.raises(KeyError, match="total"):
        weighted({"total": torch.tensor(1.0)}, {"total": 1.0})
