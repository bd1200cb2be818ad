"""The adversaries of the compared GANs (paper, section 4.3), built as in the authors' code.

B batch, H, W. Both return logits, larger for what looks real, and are meant to see real and made pictures in separate
calls, since batch norm would let one betray the other.
"""

from __future__ import annotations

from torch import Tensor, nn

from viton.coordinates import Size
from viton.networks import check_input, halving_stack, initialise_normal, level_widths


class ImageDiscriminator(nn.Module):
    """PRGAN's: halve the picture down to 4x3, then one convolution of that size: one verdict a picture."""

    def __init__(self, in_channels: int, size: Size, width: int = 64) -> None:
        """in_channels: 6 for [product, image].  size: (H, W) of every picture; raises ValueError at another one."""
        super().__init__()
        self.in_channels, self.size = in_channels, size
        widths = level_widths(size, width)
        self.body = halving_stack(in_channels, widths)
        self.verdict = nn.Conv2d(widths[-1], 1, (4, 3), bias=False)
        initialise_normal(self)

    def forward(self, x: Tensor) -> Tensor:
        """(B,in_channels,H,W) -> logits (B,1)."""
        check_input("ImageDiscriminator", x, self.in_channels, self.size)
        return self.verdict(self.body(x)).flatten(1)


class PatchDiscriminator(nn.Module):
    """CAGAN's: four halvings and one more convolution: a verdict on every patch of 94x94 pixels."""

    def __init__(self, in_channels: int, width: int = 64) -> None:
        """in_channels: 6 for [product, image]; any size from 32x32 on, multiples of 16."""
        super().__init__()
        self.body = halving_stack(in_channels, [width, 2 * width, 4 * width, 8 * width])
        self.verdict = nn.Conv2d(8 * width, 1, 4, padding=1, bias=False)
        initialise_normal(self)

    def forward(self, x: Tensor) -> Tensor:
        """(B,in_channels,H,W) -> logits (B,1,H/16-1,W/16-1)."""
        return self.verdict(self.body(x))
