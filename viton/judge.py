"""The network whose features score: another one than any that trains, in kind, seed, data and size.

B batch, H, W; w the width. A residual network of five depths, at strides 1, 2, 4, 8 and 16 with w, 2w, 4w, 8w and 8w
channels. It differs from VGG-19 in all that it could share with a network trained against VGG-19's features: strided
convolutions, residual sums, a norm in every block, leaky activations.

Two choices keep its distance honest inside a mask. Norms are taken over the channels of each pixel alone: a group norm
over the picture would let the background change the garment's score. Strided convolutions are 4x4, so that a feature's
centre is that of the square of pixels that it stands for; 3x3 ones would shift the deepest by half its stride.
"""

from __future__ import annotations

import re
from pathlib import Path

import torch.nn.functional as F
from torch import Tensor, nn

from viton.checkpoint import read_tensors
from viton.errors import InputError

GROWTH = (1, 2, 4, 8, 8)  # channels of a depth in widths
NAME = re.compile(r"(?:.*\.)?body\.((?:stem|blocks)\..*)")  # of its parameters in a trained stage's file


class JudgeFeatures(nn.Module):
    """Features of pictures at five depths."""

    def __init__(self, width: int = 16) -> None:
        super().__init__()
        self.width = width
        self.stem = nn.Sequential(nn.Conv2d(3, width, 5, padding=2), nn.LeakyReLU(0.2))
        pairs = zip(self.channels, self.channels[1:], strict=False)
        self.blocks = nn.ModuleList([ResidualBlock(before, after) for before, after in pairs])

    @property
    def channels(self) -> list[int]:
        """Of the five depths."""
        return [growth * self.width for growth in GROWTH]

    def forward(self, image: Tensor) -> list[Tensor]:
        """image: (B,3,H,W) in [-1,1], H and W multiples of 16.   Returns five depths, (B,w,H,W) to (B,8w,H/16,W/16)."""
        depths = [self.stem(image)]
        for block in self.blocks:
            depths.append(block(depths[-1]))
        return depths


class ResidualBlock(nn.Module):
    """Halves height and width."""

    def __init__(self, in_channels: int, out_channels: int) -> None:
        super().__init__()
        self.reduce = nn.Conv2d(in_channels, out_channels, 4, stride=2, padding=1)
        self.norm = PixelNorm(out_channels)
        self.refine = nn.Conv2d(out_channels, out_channels, 3, padding=1)
        self.short = nn.Conv2d(in_channels, out_channels, 1)
        nn.init.kaiming_normal_(self.short.weight, nonlinearity="linear")

    def forward(self, x: Tensor) -> Tensor:  # (B, C, H, W) -> (B, C', H/2, W/2)
        change = self.refine(F.leaky_relu(self.norm(self.reduce(x)), 0.2))
        return F.leaky_relu(change + self.short(F.avg_pool2d(x, 2)), 0.2)


class PixelNorm(nn.Module):
    """Layer norm over the channels of each pixel alone."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.norm = nn.LayerNorm(channels)

    def forward(self, x: Tensor) -> Tensor:  # (B, C, H, W); in channels_last neither permutation copies
        normed: Tensor = self.norm(x.permute(0, 2, 3, 1))
        return normed.permute(0, 3, 1, 2)


def load_judge(path: Path) -> JudgeFeatures:
    """The features of a trained stage `judge`, frozen, the width read from the shapes.

    path: its weights.safetensors.   Raises InputError when they are missing, damaged, or another network's.
    """
    own = {match[1]: tensor for name, tensor in read_tensors(path).items() if (match := NAME.fullmatch(name))}
    first = own.get("stem.0.weight")
    if first is None or first.ndim != 4 or not len(first):
        raise InputError(path, "the weights of a trained judge", "others")
    network = JudgeFeatures(len(first))
    wanted = network.state_dict()
    for name in sorted({*wanted, *own}):
        expected = f"{name} in the shape {tuple(wanted[name].shape)}" if name in wanted else f"no {name}"
        got = str(tuple(own[name].shape)) if name in own else "no such tensor"
        if name not in wanted or name not in own or wanted[name].shape != own[name].shape:
            raise InputError(path, expected, got)
        if not own[name].isfinite().all():
            raise InputError(path, f"finite numbers in {name}", "others")
    network.load_state_dict(own)
    return network.requires_grad_(False).eval()
