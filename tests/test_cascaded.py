"""The cascaded refinement network: its widths, and that every module sees the input and the one before it.

What it has in common with the other networks is tested in test_networks.py.
"""

import pytest
import torch
import torch.nn.functional as F
from torch import nn
from torchvision.ops import Conv2dNormActivation

from viton.cascaded import CascadedRefinement, module_widths

SMALL = (64, 48)


@pytest.fixture(autouse=True)
def seeded():
    torch.manual_seed(0)


def _count(network: nn.Module) -> int:
    return sum(parameter.numel() for parameter in network.parameters())


def test_widths_lose_a_512_for_each_size_below_the_papers_and_gain_a_32_above():
    sizes = [SMALL, (128, 96), (256, 192), (512, 384)]
    assert [module_widths(size) for size in sizes] == [
        [1024, 128, 32],
        [1024, 512, 128, 32],
        [1024, 512, 512, 128, 32],
        [1024, 512, 512, 128, 32, 32],
    ]
    assert module_widths((256, 192), 32) == [32, 16, 16, 4, 1]


def test_a_width_that_the_cascaded_shares_do_not_divide_is_refused():
    with pytest.raises(ValueError, match="width: expected a multiple of 32, got 48"):
        CascadedRefinement(25, SMALL, width=48)


@pytest.mark.parametrize("size", [(64, 48), (128, 96), (256, 192)])
def test_the_cascaded_network_has_as_many_parameters_as_counted_by_hand(size):
    middle = {64: [], 128: [512], 256: [512, 512]}[size[0]]
    count, before = 0, 0
    for wide in [1024, *middle, 128, 32]:
        count += 9 * (before + 25) * wide + 9 * wide * wide + 2 * 2 * wide
        before = wide
    assert _count(CascadedRefinement(25, size)) == count + 32 * 3 + 3


def _seen_by_modules(network: CascadedRefinement, x: torch.Tensor) -> list[torch.Tensor]:
    seen: list[torch.Tensor] = []
    for stage in network.stages:
        stage.register_forward_hook(lambda _module, inputs, _output: seen.append(inputs[0]))
    network(x)
    return seen


def test_every_module_sees_the_input_averaged_to_its_own_size():
    x = torch.randn(1, 5, 256, 192)
    seen = _seen_by_modules(CascadedRefinement(5, (256, 192), width=32), x)
    assert [tuple(each.shape[2:]) for each in seen] == [(16, 12), (32, 24), (64, 48), (128, 96), (256, 192)]
    for each in seen:
        H, W = each.shape[2:]
        blocks = x.reshape(1, 5, H, 256 // H, W, 192 // W).mean(dim=(3, 5))
        torch.testing.assert_close(each[:, -5:], blocks)


@pytest.mark.parametrize("alone", range(3))
def test_the_input_reaches_the_output_through_each_module_alone(alone):
    network = CascadedRefinement(5, SMALL, width=32)
    for number, stage in enumerate(network.stages):
        if number != alone:
            stage[0].weight.data[:, -5:] = 0
    x = torch.randn(1, 5, *SMALL, requires_grad=True)
    image = network(x)
    (image * torch.randn_like(image)).sum().backward()
    assert x.grad.abs().max() > 0
    network.stages[alone][0].weight.data[:, -5:] = 0
    assert torch.equal(network(x), network(torch.zeros_like(x)))


def test_a_module_builds_on_the_one_before_it():
    network = CascadedRefinement(5, SMALL, width=32)
    outputs: list[torch.Tensor] = []
    for stage in network.stages:
        stage.register_forward_hook(lambda _module, _inputs, output: outputs.append(output))
    seen = _seen_by_modules(network, torch.randn(1, 5, *SMALL))
    for before, after in zip(outputs[:-1], seen[1:], strict=True):
        grown = after[:, :-5]
        assert grown.shape[2:] == (2 * before.shape[2], 2 * before.shape[3])
        y, x = torch.meshgrid(*(torch.linspace(-1, 1, extent) for extent in grown.shape[2:]), indexing="ij")
        expected = F.grid_sample(before, torch.stack([x, y], -1)[None], align_corners=True)  # as the authors grow them
        torch.testing.assert_close(grown, expected)


def test_a_module_equals_torchvisions_blocks():
    module = CascadedRefinement(5, SMALL, width=64).stages[1]
    blocks = [
        Conv2dNormActivation(
            channels,
            8,
            3,
            norm_layer=lambda wide: nn.GroupNorm(1, wide),
            activation_layer=lambda inplace: nn.LeakyReLU(0.2, inplace),
        )
        for channels in (64 + 5, 8)
    ]
    oracle = nn.Sequential(*blocks)
    oracle.load_state_dict(dict(zip(oracle.state_dict(), module.state_dict().values(), strict=True)))
    x = torch.randn(2, 64 + 5, 12, 10)
    torch.testing.assert_close(module(x), oracle(x))
