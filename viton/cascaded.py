"""Cascaded refinement network (Chen and Koltun 2017), a compared approach (paper, section 4.3): no adversary.

B batch, H, W. Modules from 16x12 to the full size, each twice as large as the one before.
"""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from viton.coordinates import Size
from viton.networks import SLOPE, check_input, initialise_xavier, layer_norm_of, num_levels

SMALLEST: Size = (16, 12)  # two doublings of 4x3
WIDEST = 1024  # channels of the first module at full width (authors' code)


class CascadedRefinement(nn.Module):
    """Refine features from 16x12 up; every module sees the previous one's features and the whole input, made small.

    A module is twice a 3x3 convolution, layer norm, leaky ReLU; features grow bilinearly, the input shrinks by area
    (authors' code, baseline_CRN.py).
    """

    def __init__(self, in_channels: int, size: Size, width: int = WIDEST) -> None:
        """size: (H, W) of every picture.  width: channels of the first module, a multiple of 32."""
        super().__init__()
        self.in_channels, self.size = in_channels, size
        widths = module_widths(size, width)
        sources = [in_channels, *(before + in_channels for before in widths[:-1])]
        self.stages = nn.ModuleList(_module(a, b) for a, b in zip(sources, widths, strict=True))
        self.to_image = nn.Conv2d(widths[-1], 3, 1)
        initialise_xavier(self)

    def forward(self, x: Tensor) -> Tensor:
        """(B,in_channels,H,W) -> image (B,3,H,W) before its tanh."""
        check_input("CascadedRefinement", x, self.in_channels, self.size)
        first, *larger = self.stages
        reduction = self.size[0] // SMALLEST[0]
        y = first(F.avg_pool2d(x, reduction))  # (B, widths[0], 16, 12)
        for refine in larger:
            reduction //= 2
            size = (2 * y.shape[2], 2 * y.shape[3])
            grown = F.interpolate(y, size, mode="bilinear", align_corners=True)  # as the authors resize
            y = refine(torch.cat([grown, F.avg_pool2d(x, reduction)], dim=1))
        return self.to_image(y)


def module_widths(size: Size, width: int = WIDEST) -> list[int]:
    """Channels of each module, first at 16x12: 1024, 512, 512, 128, 32 at 256x192, in proportion to `width`.

    A smaller size leaves out a 512 for each missing module, a larger one adds a 32 at the end: our choice, so that the
    coarsest and the finest modules stay as they are.  Raises ValueError at another size, or unless 32 divides `width`.
    """
    if width < 32 or width % 32:
        raise ValueError(f"CascadedRefinement: width: expected a multiple of 32, got {width}")
    modules = num_levels(size) - 1
    middle, finest = min(modules - 3, 2), max(1, modules - 4)
    return [width * share // WIDEST for share in (1024, *[512] * middle, 128, *[32] * finest)]


def _module(in_channels: int, width: int) -> nn.Sequential:
    layers: list[nn.Module] = []
    for channels in (in_channels, width):  # without bias: the norm has an offset of its own
        layers += [nn.Conv2d(channels, width, 3, padding=1, bias=False), layer_norm_of(width), nn.LeakyReLU(SLOPE)]
    return nn.Sequential(*layers)
