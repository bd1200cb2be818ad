"""Batch-norm statistics taken anew: means over batches, in closed form, and of nothing but the norms."""

import pytest
import torch
from torch import nn

from tests.toy_stage import ToyStage, train_toy
from viton.checkpoint import load_weights
from viton.norm_statistics import recompute


@pytest.fixture(autouse=True)
def seeded():
    torch.manual_seed(0)


def _batches(count: int = 5, size: int = 4) -> list[torch.Tensor]:
    return [torch.randn(size, 3, 6, 5) * (1 + number) + number for number in range(count)]


def _expected(batches: list[torch.Tensor]) -> tuple[torch.Tensor, torch.Tensor]:
    means = torch.stack([each.mean(dim=(0, 2, 3)) for each in batches]).mean(0)
    variances = torch.stack([each.var(dim=(0, 2, 3)) for each in batches]).mean(0)
    return means, variances


def test_statistics_are_the_means_over_all_batches():
    network, batches = nn.BatchNorm2d(3), _batches()
    network(torch.randn(8, 3, 6, 5) * 50)  # what it had seen before does not count
    recompute({"a": network}, network, batches)
    mean, variance = _expected(batches)
    torch.testing.assert_close(network.running_mean, mean)
    torch.testing.assert_close(network.running_var, variance)


def test_the_order_of_the_batches_does_not_matter():
    batches = _batches()
    one, other = nn.BatchNorm2d(3), nn.BatchNorm2d(3)
    recompute({"a": one}, one, batches)
    recompute({"a": other}, other, batches[::-1])
    torch.testing.assert_close(one.running_mean, other.running_mean)
    torch.testing.assert_close(one.running_var, other.running_var)


def test_a_later_norm_sees_what_the_earlier_one_makes_of_each_batch():
    network, batches = nn.Sequential(nn.BatchNorm2d(3), nn.Conv2d(3, 2, 1), nn.BatchNorm2d(2)), _batches()
    recompute({"a": network}, network, batches)
    with torch.no_grad():
        inner = [network[1](nn.functional.batch_norm(each, None, None, training=True)) for each in batches]
    mean, variance = _expected(inner)
    torch.testing.assert_close(network[2].running_mean, mean, atol=1e-5, rtol=1e-5)
    torch.testing.assert_close(network[2].running_var, variance, atol=1e-5, rtol=1e-5)


def test_dropout_is_off_meanwhile_and_all_is_in_eval_mode_afterwards():
    network, batches = nn.Sequential(nn.Dropout(0.9), nn.BatchNorm2d(3)).train(), _batches()
    modes = []
    network[0].register_forward_hook(lambda module, *_: modes.append((module.training, network[1].training)))
    recompute({"a": network}, network, batches)
    assert modes == [(False, True)] * len(batches)
    mean, variance = _expected(batches)
    torch.testing.assert_close(network[1].running_mean, mean)
    torch.testing.assert_close(network[1].running_var, variance)
    assert not any(module.training for module in network.modules())


def test_norms_that_are_never_reached_keep_their_values():
    reached, idle = nn.BatchNorm2d(3), nn.BatchNorm2d(3)
    idle(torch.randn(4, 3, 6, 5) + 7)
    before = {name: value.clone() for name, value in idle.state_dict().items()}
    recompute({"generator": reached, "discriminator": idle}, reached, _batches())
    assert before["running_mean"].abs().min() > 0
    assert all(torch.equal(value, before[name]) for name, value in idle.state_dict().items())
    assert not idle.training


def test_no_batches_at_all_change_nothing():
    network = nn.BatchNorm2d(3)
    network(torch.randn(4, 3, 6, 5) + 7)
    before = network.running_mean.clone()
    recompute({"a": network}, network, [])
    assert torch.equal(network.running_mean, before)


def test_weights_and_momenta_are_left_alone():
    network = nn.Sequential(nn.Conv2d(3, 3, 1), nn.BatchNorm2d(3, momentum=0.01), nn.BatchNorm2d(3, affine=False))
    before = [each.clone() for each in network.parameters()]
    recompute({"a": network}, network, _batches())
    assert all(torch.equal(one, other) for one, other in zip(network.parameters(), before, strict=True))
    assert [network[1].momentum, network[2].momentum] == [0.01, 0.1]


def test_a_norm_without_statistics_is_no_obstacle():
    network = nn.Sequential(nn.BatchNorm2d(3, track_running_stats=False), nn.GroupNorm(1, 3))
    recompute({"a": network}, network, _batches())
    assert network[0].running_mean is None


def test_after_training_a_picture_does_not_depend_on_what_it_is_batched_with(tmp_path):
    stage = ToyStage(count=12, batch=4)
    networks = stage.networks()
    load_weights(train_toy(tmp_path, stage).weights, networks)
    painter = networks["painter"].eval()
    items = stage.items()
    batch = stage.batch([items[index] for index in range(8)], torch.device("cpu")).image
    with torch.no_grad():
        together, alone = painter(batch), torch.cat([painter(each) for each in batch.split(1)])
    torch.testing.assert_close(together, alone, atol=1e-5, rtol=0)
