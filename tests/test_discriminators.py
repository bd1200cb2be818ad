"""The discriminators: their size, what they look at, and that they can learn.

What they have in common with the other networks is tested in test_networks.py.
"""

import math

import pytest
import torch
import torch.nn.functional as F
from torch import nn

from viton.discriminators import ImageDiscriminator, PatchDiscriminator

SMALL = (64, 48)


@pytest.fixture(autouse=True)
def seeded():
    torch.manual_seed(0)


def _count(network: nn.Module) -> int:
    return sum(parameter.numel() for parameter in network.parameters())


def _discriminator(name: str) -> nn.Module:
    return ImageDiscriminator(6, SMALL, width=4) if name == "image" else PatchDiscriminator(6, width=4)


def test_the_discriminators_have_as_many_parameters_as_counted_by_hand():
    body = 16 * (6 * 64 + 64 * 128 + 128 * 256 + 256 * 512) + 2 * (128 + 256 + 512)
    assert _count(PatchDiscriminator(6)) == body + 16 * 512
    deeper = 16 * (512 * 512 + 512 * 512) + 2 * (512 + 512)
    assert _count(ImageDiscriminator(6, (256, 192))) == body + deeper + 12 * 512


def _pixels_behind(network: nn.Module, x: torch.Tensor, pick) -> tuple[int, int]:
    """Height and width of the part of the picture that one logit depends on."""
    x.requires_grad_()
    pick(network.eval()(x)).backward()
    rows, columns = torch.nonzero(x.grad.abs().amax(dim=(0, 1)), as_tuple=True)
    return int(rows.max() - rows.min() + 1), int(columns.max() - columns.min() + 1)


def test_the_patch_discriminator_judges_patches_of_94_pixels():
    reach = _pixels_behind(PatchDiscriminator(6, width=4), torch.randn(1, 6, 256, 192), lambda y: y[0, 0, 7, 5])
    assert reach == (94, 94)


def test_the_image_discriminator_judges_the_whole_picture():
    reach = _pixels_behind(ImageDiscriminator(6, (128, 96), width=4), torch.randn(1, 6, 128, 96), lambda y: y[0, 0])
    assert reach == (128, 96)


@pytest.mark.parametrize("name", ["image", "patch"])
def test_a_discriminator_normalises_after_all_but_its_first_and_last_convolution(name):
    layers = (nn.Conv2d, nn.BatchNorm2d)
    kinds = [type(module) for module in _discriminator(name).modules() if isinstance(module, layers)]
    assert kinds == [nn.Conv2d, *[nn.Conv2d, nn.BatchNorm2d] * 3, nn.Conv2d]


@pytest.mark.parametrize("name", ["image", "patch"])
def test_a_discriminator_learns_to_tell_bright_from_dark(name):
    network, x = _discriminator(name), torch.randn(2, 6, *SMALL)
    optimiser = torch.optim.Adam(network.parameters(), lr=2e-3, betas=(0.5, 0.999))
    for _ in range(25):
        optimiser.zero_grad()
        loss = F.softplus(-network(x + 1)).mean() + F.softplus(network(x - 1)).mean()
        loss.backward()
        optimiser.step()
    assert loss.item() < 0.5 < 2 * math.log(2)
