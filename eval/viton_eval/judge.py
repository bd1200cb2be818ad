"""How unlike two pictures look to the judge, pixel by pixel, in the manner of LPIPS (Zhang et al. 2018).

B batch, H, W. Every choice that changes the number: pictures in [-1,1] at the working size; features of five depths
after their activation; unit length over the channels at each place, f / (|f| + 1e-6); squared differences summed over
the channels, no learned weights on them; each depth's map brought to the picture's size bilinearly with outer edges
shared (`align_corners=False`); the mean over the depths; float32. A pair's distance inside a mask is the mean over the
mask's pixels, weighted by a soft mask's values. What lies farther away than REACH pixels changes nothing at a pixel.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import torch
import torch.nn.functional as F
from torch import Tensor

from viton.checkpoint import StageFolder
from viton.judge import JudgeFeatures, load_judge

EPSILON = 1e-6
STEP = 16  # px: height and width are multiples of it
REACH = 71  # px: 2 of the stem, 53 of the blocks, 16 of the enlargement of the deepest map


class Judge:
    """A trained judge; `sha256` of its weights stands beside every number that it gives."""

    def __init__(self, network: JudgeFeatures, sha256: str) -> None:
        self.network, self.sha256 = network.requires_grad_(False).eval(), sha256

    @classmethod
    def of_stage(cls, folder: Path) -> Judge:
        """The judge trained in a stage's folder; raises InputError when it is not trained or damaged."""
        stage = StageFolder(folder)
        sha256 = stage.digest()
        return cls(load_judge(stage.weights), sha256)

    def to(self, device: torch.device | str) -> Judge:
        """The same judge on another device."""
        self.network.to(device)
        return self

    @torch.no_grad()
    def distance_maps(self, images: Tensor, truths: Tensor) -> Tensor:
        """Distance at each pixel, (B,1,H,W) in [0,4]; 0 where the pictures are alike, the same for swapped pictures.

        images, truths: (B,3,H,W) in [-1,1], H and W multiples of 16.  Raises ValueError for other shapes.
        """
        if images.shape != truths.shape or images.ndim != 4 or images.shape[1] != 3:
            raise ValueError(f"images: expected (B, 3, H, W) twice, got {tuple(images.shape)}, {tuple(truths.shape)}")
        if images.shape[2] % STEP or images.shape[3] % STEP:
            raise ValueError(f"images: expected height and width in multiples of 16, got {tuple(images.shape)}")
        ones, others = zip(*(depth.chunk(2) for depth in self.units(torch.cat([images, truths]))), strict=True)
        return self.between(ones, others, images.shape[2:])

    @torch.no_grad()
    def depths(self, images: Tensor) -> list[Tensor]:
        """What the network says of pictures (B,3,H,W) in [-1,1], H and W multiples of 16: five depths (B,C,h,w)."""
        found: list[Tensor] = self.network(images.contiguous(memory_format=torch.channels_last))
        return found

    def units(self, images: Tensor) -> list[Tensor]:
        """The depths of pictures in unit length over the channels."""
        return [unit(depth) for depth in self.depths(images)]

    @torch.no_grad()
    def between(self, ones: Sequence[Tensor], others: Sequence[Tensor], size: Sequence[int]) -> Tensor:
        """`distance_maps` (B,1,H,W) of pictures by their units, at `size` (H,W)."""
        maps = ones[0].new_zeros(len(ones[0]), 1, *size)
        for one, other in zip(ones, others, strict=True):
            apart = (one - other).square_().sum(dim=1, keepdim=True)  # (B, 1, h, w)
            maps += F.interpolate(apart, tuple(size), mode="bilinear", align_corners=False)
        return maps / len(self.network.channels)


def unit(features: Tensor) -> Tensor:
    """Features (B,C,h,w) in unit length over the channels."""
    return features / (features.norm(dim=1, keepdim=True) + EPSILON)


def masked_mean(maps: Tensor, masks: Tensor) -> Tensor:
    """Mean of maps (B,1,H,W) over masks (B,1,H,W) in [0,1], (B,) in float64; NaN where a mask is empty."""
    if maps.shape != masks.shape:
        raise ValueError(f"masks: expected {tuple(maps.shape)} like the maps, got {tuple(masks.shape)}")
    weights = masks.double()
    return (maps.double() * weights).sum(dim=(1, 2, 3)) / weights.sum(dim=(1, 2, 3))
