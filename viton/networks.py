"""The paper's two networks: the multi-task encoder-decoder (section 3.2) and the refinement network (section 3.3).

B batch, C channels, H, W. The encoder-decoder halves the picture until 4x3 is left, so one network fits one size. Where
the paper is silent ("as pix2pix"), the authors' code decides; its convolutions are without bias, the last one included.
"""

from __future__ import annotations

from itertools import pairwise

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from viton.coordinates import Size

SLOPE = 0.2  # of every leaky ReLU (paper, section 4.2, as pix2pix)


class EncoderDecoder(nn.Module):
    """A U-Net: as many halvings as lead to 4x3, as many doublings, a skip connection at every size between.

    Batch norm everywhere but at the first and the last convolution; dropout after the first doubling, in training only
    (authors' code; pix2pix keeps it on at test).  At 256x192 the encoder is 64, 128, 256, 512, 512, 512 channels wide
    (paper, section 4.2) and the decoder mirrors it; `level_widths` has the other sizes.
    """

    def __init__(self, in_channels: int, out_channels: int, size: Size, width: int = 64, dropout: float = 0.5) -> None:
        """size: (H, W) of every picture.  width: channels of the first level.  Raises ValueError at another size."""
        super().__init__()
        self.in_channels, self.size = in_channels, size
        widths = level_widths(size, width)
        inner, mirrored = widths[-1], widths[-2::-1]
        self.encoder = nn.ModuleList([_halving(in_channels, widths[0])])
        self.encoder.extend(nn.Sequential(_halving(a, b), _batch_norm(b)) for a, b in pairwise(widths))
        self.decoder = nn.ModuleList(
            [nn.Sequential(_doubling(inner, mirrored[0]), _batch_norm(mirrored[0]), nn.Dropout(dropout))]
        )
        self.decoder.extend(nn.Sequential(_doubling(2 * a, b), _batch_norm(b)) for a, b in pairwise(mirrored))
        self.decoder.append(_doubling(2 * mirrored[-1], out_channels))
        initialise_normal(self)

    def forward(self, x: Tensor) -> Tensor:
        """(B,in_channels,H,W) -> (B,out_channels,H,W) without a last activation: the stages know their ranges."""
        check_input("EncoderDecoder", x, self.in_channels, self.size)
        first, *deeper = self.encoder
        features = [first(x)]  # (B, width, H/2, W/2)
        for halve in deeper:
            features.append(halve(F.leaky_relu(features[-1], SLOPE)))
        innermost, *larger = self.decoder
        y = innermost(F.relu(features.pop()))  # (B, 8 width, 4, 3) -> (B, 8 width, 8, 6)
        for double, skip in zip(larger, reversed(features), strict=True):
            y = double(F.relu(torch.cat([y, skip], dim=1), inplace=True))  # in place: the largest tensors of a step
        return y


class RefinementNetwork(nn.Module):
    """Predict the composition mask alpha from warped clothing and coarse result (paper, section 3.3).

    Three 3x3 convolutions with leaky ReLU, then 1x1 and sigmoid; any size.  layer_norm: the authors' code normalises
    after each 3x3 convolution, the paper does not say so.
    """

    def __init__(self, in_channels: int = 6, width: int = 64, layer_norm: bool = False) -> None:
        super().__init__()
        layers: list[nn.Module] = []
        for channels in (in_channels, width, width):
            layers.append(nn.Conv2d(channels, width, 3, padding=1, bias=not layer_norm))
            if layer_norm:
                layers.append(layer_norm_of(width))
            layers.append(nn.LeakyReLU(SLOPE))
        self.layers = nn.Sequential(*layers, nn.Conv2d(width, 1, 1))
        initialise_xavier(self)

    def forward(self, x: Tensor) -> Tensor:
        """[warped clothing, coarse result] (B,6,H,W) in [-1,1] -> alpha (B,1,H,W) in [0,1], always float32."""
        return self.layers(x).float().sigmoid()  # in bfloat16 alpha would move in steps of 1/256


def num_levels(size: Size) -> int:
    """How often (H,W) can be halved until 4x3 is left; raises ValueError unless (4*2^n, 3*2^n) with n >= 4."""
    H, W = size
    levels = max(4, (H // 4).bit_length() - 1)
    if (4 * 2**levels, 3 * 2**levels) != (H, W):
        known = ", ".join(f"{4 * 2**n}x{3 * 2**n}" for n in range(4, 8))
        raise ValueError(f"size: expected (4*2^n)x(3*2^n) with n >= 4 ({known}, ...), got {H}x{W}")
    return levels


def level_widths(size: Size, width: int) -> list[int]:
    """Channels of each halving: doubled up to eight times `width`, then kept (64, 128, 256, 512, 512, 512 at 256x192).

    128x96 thus has one 512 less, 64x48 two, and 512x384 one more: our choice, for the paper has one size only.
    """
    return [width * min(2**level, 8) for level in range(num_levels(size))]


def layer_norm_of(channels: int) -> nn.GroupNorm:
    """Normalise each picture over C, H, W with a gain and an offset a channel: slim.layer_norm but for epsilon."""
    return nn.GroupNorm(1, channels)


def initialise_normal(network: nn.Module) -> None:
    """Draw convolutions from N(0, 0.02) without bias; norms stay at gain 1, offset 0 (authors' code, utils.py)."""
    for module in network.modules():
        if isinstance(module, nn.Conv2d | nn.ConvTranspose2d):
            nn.init.normal_(module.weight, 0, 0.02)


def initialise_xavier(network: nn.Module) -> None:
    """Draw convolutions as slim.conv2d does, which the authors' refiner and CRN are made of: Xavier uniform, bias 0."""
    for module in network.modules():
        if isinstance(module, nn.Conv2d):
            nn.init.xavier_uniform_(module.weight)
            if module.bias is not None:
                nn.init.zeros_(module.bias)


def check_input(name: str, x: Tensor, channels: int, size: Size) -> None:
    """Raise ValueError unless x is (B,channels,*size): at a wrong size these networks run and give nonsense."""
    if x.ndim != 4 or x.shape[1:] != (channels, *size):
        raise ValueError(f"{name}: expected (B, {channels}, {size[0]}, {size[1]}), got {tuple(x.shape)}")


def halving_stack(in_channels: int, widths: list[int]) -> nn.Sequential:
    """The body of a discriminator: stride-2 convolutions with leaky ReLU, batch norm at all but the first."""
    layers: list[nn.Module] = [_halving(in_channels, widths[0]), nn.LeakyReLU(SLOPE)]
    for narrow, wide in pairwise(widths):
        layers += [_halving(narrow, wide), _batch_norm(wide), nn.LeakyReLU(SLOPE)]
    return nn.Sequential(*layers)


def _halving(in_channels: int, out_channels: int) -> nn.Conv2d:
    return nn.Conv2d(in_channels, out_channels, 4, stride=2, padding=1, bias=False)


def _doubling(in_channels: int, out_channels: int) -> nn.ConvTranspose2d:
    return nn.ConvTranspose2d(in_channels, out_channels, 4, stride=2, padding=1, bias=False)


def _batch_norm(channels: int) -> nn.BatchNorm2d:
    # Momentum 0.001 would be the authors' decay of 0.999: hundreds of steps behind the weights. The running averages
    # only serve validation on the way; after training they are recomputed over training batches.
    return nn.BatchNorm2d(channels, eps=1e-5, momentum=0.1)
