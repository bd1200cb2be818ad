"""The networks against counts, shapes and reaches worked out by hand, and against plain torch where that exists."""

import math
from itertools import pairwise

import pytest
import torch
import torch.nn.functional as F
from torch import nn
from torchvision.ops import Conv2dNormActivation

from viton.cascaded import CascadedRefinement
from viton.discriminators import ImageDiscriminator, PatchDiscriminator
from viton.networks import EncoderDecoder, RefinementNetwork, level_widths, num_levels

SIZES = [(64, 48), (128, 96), (256, 192), (512, 384)]
SMALL = (64, 48)


@pytest.fixture(autouse=True)
def seeded():
    torch.manual_seed(0)


def _networks(size=SMALL) -> dict[str, tuple[nn.Module, torch.Tensor]]:
    """Every network, narrow, with a batch of two that it can read."""
    return {
        "encoder-decoder": (EncoderDecoder(25, 4, size, width=4), torch.randn(2, 25, *size)),
        "refinement": (RefinementNetwork(width=8), torch.randn(2, 6, *size)),
        "refinement with layer norm": (RefinementNetwork(width=8, layer_norm=True), torch.randn(2, 6, *size)),
        "cascaded": (CascadedRefinement(25, size, width=32), torch.randn(2, 25, *size)),
        "image discriminator": (ImageDiscriminator(6, size, width=4), torch.randn(2, 6, *size)),
        "patch discriminator": (PatchDiscriminator(6, width=4), torch.randn(2, 6, *size)),
    }


NAMES = sorted(_networks())


def _lived_in(network: nn.Module) -> nn.Module:
    """The network in eval mode as if trained for a while: norms are no identities, so that a mix-up would show."""
    for module in network.modules():
        if isinstance(module, nn.BatchNorm2d):
            module.running_mean.normal_(0, 0.1)
            module.running_var.uniform_(0.5, 2)
    for parameter in network.parameters():
        parameter.data += 0.05 * torch.randn_like(parameter)
    return network.eval()


def _count(network: nn.Module) -> int:
    return sum(parameter.numel() for parameter in network.parameters())


# Counts: 4x4 convolutions without bias, norms with gain and offset a channel.

ENCODER = {64: [64, 128, 256, 512], 128: [64, 128, 256, 512, 512], 256: [64, 128, 256, 512, 512, 512]}
DECODER = {64: [256, 128, 64], 128: [512, 256, 128, 64], 256: [512, 512, 256, 128, 64]}


@pytest.mark.parametrize("size", SIZES[:3])
def test_the_encoder_decoder_has_as_many_parameters_as_counted_by_hand(size):
    down, up = ENCODER[size[0]], DECODER[size[0]]
    convolutions = 25 * down[0] + sum(a * b for a, b in pairwise(down))
    doublings = down[-1] * up[0] + sum(2 * a * b for a, b in pairwise(up)) + 2 * up[-1] * 4
    norms = 2 * sum(down[1:]) + 2 * sum(up)
    assert _count(EncoderDecoder(25, 4, size)) == 16 * (convolutions + doublings) + norms


def test_the_encoder_decoder_of_the_paper_has_29_million_parameters():
    encoder = 16 * (25 * 64 + 64 * 128 + 128 * 256 + 256 * 512 + 512 * 512 + 512 * 512)
    decoder = 16 * (512 * 512 + 1024 * 512 + 1024 * 256 + 512 * 128 + 256 * 64 + 128 * 4)
    norms = 2 * (128 + 256 + 512 + 512 + 512) + 2 * (512 + 512 + 256 + 128 + 64)
    assert encoder + decoder + norms == 29_269_632
    assert _count(EncoderDecoder(25, 4, (256, 192))) == 29_269_632


def test_the_refinement_network_has_as_many_parameters_as_counted_by_hand():
    weights = 9 * (6 * 64 + 64 * 64 + 64 * 64) + 64
    assert _count(RefinementNetwork()) == weights + 3 * 64 + 1
    assert _count(RefinementNetwork(layer_norm=True)) == weights + 3 * 2 * 64 + 1


# Sizes and shapes.


def test_widths_lose_a_512_for_each_size_below_the_papers_and_gain_one_above():
    assert [level_widths(size, 64) for size in SIZES] == [
        [64, 128, 256, 512],
        [64, 128, 256, 512, 512],
        [64, 128, 256, 512, 512, 512],
        [64, 128, 256, 512, 512, 512, 512],
    ]


@pytest.mark.parametrize("size", SIZES)
def test_every_network_answers_in_the_right_shape_at_every_size(size):
    H, W = size
    shapes = {
        "encoder-decoder": (2, 4, H, W),
        "refinement": (2, 1, H, W),
        "refinement with layer norm": (2, 1, H, W),
        "cascaded": (2, 3, H, W),
        "image discriminator": (2, 1),
        "patch discriminator": (2, 1, H // 16 - 1, W // 16 - 1),
    }
    with torch.no_grad():
        assert {name: tuple(network(x).shape) for name, (network, x) in _networks(size).items()} == shapes


@pytest.mark.parametrize("size", [(256, 256), (96, 72), (32, 24), (192, 256), (0, 0), (250, 192)])
def test_another_size_is_refused_and_the_known_ones_are_named(size):
    known = r"expected \(4\*2\^n\)x\(3\*2\^n\) with n >= 4 \(64x48, 128x96, 256x192, 512x384, ...\), got "
    for build in (num_levels, lambda s: EncoderDecoder(25, 4, s), lambda s: CascadedRefinement(25, s, width=32)):
        with pytest.raises(ValueError, match=known + f"{size[0]}x{size[1]}"):
            build(size)


def test_levels_count_the_halvings_to_4x3():
    assert [num_levels(size) for size in [*SIZES, (1024, 768)]] == [4, 5, 6, 7, 8]


@pytest.mark.parametrize("name", ["encoder-decoder", "cascaded", "image discriminator"])
def test_a_picture_of_another_size_or_channels_is_refused(name):
    network, x = _networks()[name]
    with pytest.raises(ValueError, match=r"expected \(B, \d+, 64, 48\), got \(2, \d+, 128, 96\)"):
        network(x.repeat(1, 1, 2, 2))
    with pytest.raises(ValueError, match=r"got \(2, 5, 64, 48\)"):
        network(x[:, :5])


# What every network must do.


@pytest.mark.parametrize("name", NAMES)
def test_every_parameter_and_the_whole_input_get_a_gradient(name):
    network, x = _networks()[name]
    x.requires_grad_()
    y = network.train()(x)
    (y * torch.randn_like(y)).sum().backward()
    for label, parameter in network.named_parameters():
        assert parameter.grad is not None, label
        assert parameter.grad.abs().max() > 0, label
    assert (x.grad.abs().amax(dim=(2, 3)) > 0).all()


@pytest.mark.parametrize("name", NAMES)
def test_in_eval_mode_a_picture_does_not_depend_on_its_batch(name):
    network, x = _networks()[name]
    _lived_in(network)
    x = torch.cat([x, torch.randn_like(x)])
    with torch.no_grad():
        together, alone = network(x), torch.cat([network(each[None]) for each in x])
    torch.testing.assert_close(together, alone, atol=1e-6, rtol=1e-6)
    assert (together[0] - together[1]).abs().max() > 1e-4


@pytest.mark.parametrize("name", NAMES)
def test_channels_last_and_bfloat16_give_nearly_the_same(name):
    network, x = _networks()[name]
    _lived_in(network)
    with torch.no_grad():
        plain = network(x)
        network = network.to(memory_format=torch.channels_last)
        last = network(x.contiguous(memory_format=torch.channels_last))
        with torch.autocast("cpu", dtype=torch.bfloat16):
            mixed = network(x.contiguous(memory_format=torch.channels_last))
    torch.testing.assert_close(last, plain, atol=1e-5, rtol=1e-4)
    assert (mixed.float() - plain).abs().max() < 0.03 * (plain.abs().max() + plain.std())


@pytest.mark.parametrize("name", NAMES)
def test_one_picture_is_batch_enough_to_train_in_bfloat16(name):
    network, x = _networks()[name]
    with torch.autocast("cpu", dtype=torch.bfloat16):
        y = network.train()(x[:1].contiguous(memory_format=torch.channels_last))
    y.float().square().mean().backward()
    assert all(parameter.grad.isfinite().all() for parameter in network.parameters())


@pytest.mark.parametrize("name", ["encoder-decoder", "image discriminator", "patch discriminator"])
def test_convolutions_as_pix2pix_start_from_a_narrow_normal(name):
    builders = {
        "encoder-decoder": lambda: EncoderDecoder(25, 4, (128, 96), width=32),
        "image discriminator": lambda: ImageDiscriminator(6, (128, 96), width=32),
        "patch discriminator": lambda: PatchDiscriminator(6, width=32),
    }
    for module in builders[name]().modules():
        if isinstance(module, nn.Conv2d | nn.ConvTranspose2d):
            weight, n = module.weight.detach(), module.weight.numel()
            assert module.bias is None
            assert abs(weight.mean()) < 5 * 0.02 / math.sqrt(n)
            assert abs(weight.std() / 0.02 - 1) < 5 / math.sqrt(2 * n)
            if n > 10_000:
                assert abs((weight.abs() < 0.02).float().mean() - 0.6827) < 0.03  # a normal, not a uniform
        if isinstance(module, nn.BatchNorm2d):
            assert (module.weight == 1).all()
            assert (module.bias == 0).all()
            assert (module.eps, module.momentum) == (1e-5, 0.1)


@pytest.mark.parametrize("network", [RefinementNetwork(), CascadedRefinement(25, SMALL, width=64)])
def test_convolutions_as_slim_start_from_xaviers_uniform(network):
    for module in network.modules():
        if isinstance(module, nn.Conv2d):
            out_channels, in_channels, height, width = module.weight.shape
            bound = math.sqrt(6 / (height * width * (in_channels + out_channels)))
            assert module.weight.abs().max() <= bound
            if module.weight.numel() > 300:  # the largest of few draws is seldom close to the bound
                assert module.weight.abs().max() > 0.98 * bound
            assert module.bias is None or (module.bias == 0).all()


def test_the_same_seed_builds_the_same_network():
    def built() -> list[torch.Tensor]:
        torch.manual_seed(3)
        return list(EncoderDecoder(25, 4, SMALL, width=4).parameters())

    assert all(torch.equal(a, b) for a, b in zip(built(), built(), strict=True))


# The encoder-decoder.


def test_the_encoder_decoder_ends_at_4x3():
    network = EncoderDecoder(5, 4, (128, 96), width=4)
    sizes = []
    for level in network.encoder:
        level.register_forward_hook(lambda _module, _inputs, output: sizes.append(tuple(output.shape[2:])))
    network(torch.randn(1, 5, 128, 96))
    assert sizes == [(64, 48), (32, 24), (16, 12), (8, 6), (4, 3)]


def test_the_first_and_the_last_convolution_alone_go_without_batch_norm():
    network = EncoderDecoder(25, 4, (256, 192), width=4)
    for half, bare in ((network.encoder, 0), (network.decoder, 5)):
        norms = [any(isinstance(module, nn.BatchNorm2d) for module in level.modules()) for level in half]
        assert norms == [number != bare for number in range(6)]


@pytest.mark.parametrize("level", range(4))
def test_each_skip_connection_alone_carries_a_pixel_to_the_output(level):
    """Level 0 is the first skip; deeper ones are reached once every other way is cut."""
    network = _lived_in(EncoderDecoder(5, 4, (128, 96), width=4)).double()
    x = torch.randn(1, 5, 128, 96).double()
    changed = x.clone()
    changed[0, 2, 60, 40] += 1

    def cut(level: int, skip: bool) -> None:
        """Make a doubling blind to what comes from below it, or to its skip."""
        block = network.decoder[len(network.decoder) - 1 - level]
        weight = block.weight if isinstance(block, nn.ConvTranspose2d) else block[0].weight
        below, across = weight.data.chunk(2)  # along the input channels
        (across if skip else below).zero_()

    cut(level, skip=False)
    for outer in range(level):
        cut(outer, skip=True)
    with torch.no_grad():
        difference = (network(changed) - network(x)).abs().amax(dim=(0, 1))
    assert difference.max() > 1e-9  # through a deep one it is faint
    rows, columns = torch.nonzero(difference, as_tuple=True)
    reach = 3 * 2 ** (level + 1)  # each halving and doubling with 4x4 kernels blurs by one and a half steps
    assert max(rows.max() - 60, 60 - rows.min(), columns.max() - 40, 40 - columns.min()) < reach
    cut(level, skip=True)
    with torch.no_grad():
        assert torch.equal(network(changed), network(x))


def test_the_encoder_decoder_equals_pix2pixs_nested_definition():
    """A level wraps the ones below it: leaky ReLU, halve, (what is inside), ReLU, double, beside its own features."""
    network = _lived_in(EncoderDecoder(25, 4, (128, 96), width=4)).double()
    down, up = list(network.encoder), list(network.decoder)[::-1]

    def inside(level: int, features: torch.Tensor) -> torch.Tensor:
        if level < len(down) - 1:
            below = inside(level + 1, down[level + 1](F.leaky_relu(features, 0.2)))
            features = torch.cat([below, features], dim=1)
        return up[level](F.relu(features))

    x = torch.randn(2, 25, 128, 96).double()
    torch.testing.assert_close(network(x), inside(0, down[0](x)))


def test_dropout_works_in_training_only_and_after_the_innermost_doubling_only():
    network, x = _networks()["encoder-decoder"]
    assert [name for name, module in network.named_modules() if isinstance(module, nn.Dropout)] == ["decoder.0.2"]
    network.eval()
    assert torch.equal(network(x), network(x))
    network.train()
    assert not torch.equal(network(x), network(x))
    without = EncoderDecoder(25, 4, SMALL, width=4, dropout=0).train()
    assert torch.equal(without(x), without(x))


def test_dropout_drops_its_share():
    network = EncoderDecoder(5, 4, SMALL, width=16, dropout=0.3).train()
    dropped = []
    network.decoder[0].register_forward_hook(lambda _module, _inputs, output: dropped.append((output == 0).float()))
    network(torch.randn(8, 5, *SMALL))
    assert abs(dropped[0].mean() - 0.3) < 0.02


# The refinement network.


@pytest.mark.parametrize("layer_norm", [False, True])
def test_the_refinement_network_equals_torchvisions_blocks(layer_norm):
    network = _lived_in(RefinementNetwork(layer_norm=layer_norm))
    norm = (lambda channels: nn.GroupNorm(1, channels)) if layer_norm else None
    blocks = [
        Conv2dNormActivation(
            channels, 64, 3, norm_layer=norm, activation_layer=lambda inplace: nn.LeakyReLU(0.2, inplace)
        )
        for channels in (6, 64, 64)
    ]
    oracle = nn.Sequential(*blocks, nn.Conv2d(64, 1, 1), nn.Sigmoid())
    oracle.load_state_dict(dict(zip(oracle.state_dict(), network.state_dict().values(), strict=True)))
    x = torch.randn(2, 6, 20, 14)
    torch.testing.assert_close(network(x), oracle(x))


def test_alpha_is_between_zero_and_one_and_keeps_its_precision_in_bfloat16():
    network, x = _networks()["refinement"]
    with torch.autocast("cpu", dtype=torch.bfloat16):
        alpha = network(x * 100)
    assert alpha.dtype == torch.float32
    assert (alpha >= 0).all()
    assert (alpha <= 1).all()


def test_layer_norm_is_over_channels_and_places_with_a_gain_a_channel():
    norm = RefinementNetwork(width=8, layer_norm=True).layers[1]
    nn.init.normal_(norm.weight)
    nn.init.normal_(norm.bias)
    x = torch.randn(2, 8, 5, 4)
    expected = F.layer_norm(x, (8, 5, 4)) * norm.weight[:, None, None] + norm.bias[:, None, None]
    torch.testing.assert_close(norm(x), expected)
