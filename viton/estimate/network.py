"""The approximate estimator's network: labels and joints of a photo, from one body with two heads.

B batch, H, W; w the width; K labels, J joints. A U-Net on squares of 2x2 pixels, since full size costs most and tells
least; its halvings end at H/32. Sums join the two sides, which costs half of what joining channels does.
"""

from __future__ import annotations

from itertools import pairwise
from typing import NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from viton.keypoints import COCO18
from viton.parsing import CIHP

GROWTH = (1, 2, 4, 6, 8)  # channels of a depth in widths, from H/2 on
LABELS, JOINTS = len(CIHP.labels), len(COCO18)


class Read(NamedTuple):
    """What the network says."""

    labels: Tensor  # (B, K, H, W) logits
    joints: Tensor  # (B, J, H/2 * W/2 + 1) logits of where a joint is, and last of its not being seen


class BodyReader(nn.Module):
    """Reads pictures whose sides are multiples of 32."""

    def __init__(self, width: int = 16) -> None:
        super().__init__()
        widths = [width * growth for growth in GROWTH]
        self.stem = _block(12, widths[0])
        self.down = nn.ModuleList(nn.Sequential(nn.MaxPool2d(2), _block(a, b)) for a, b in pairwise(widths))
        self.deepest = nn.Sequential(_block(widths[-1], widths[-1]), _block(widths[-1], widths[-1]))
        self.narrow = nn.ModuleList(nn.Conv2d(b, a, 1) for a, b in pairwise(widths))
        self.up = nn.ModuleList(_block(a, a) for a in widths[:-1])
        self.labels = nn.Conv2d(widths[0], 4 * LABELS, 1)
        self.places = nn.Conv2d(widths[0], JOINTS, 1)
        self.unseen = nn.Linear(widths[-1], JOINTS)

    def forward(self, image: Tensor) -> Read:
        """image: (B,3,H,W) in [-1,1]."""
        features = [self.stem(F.pixel_unshuffle(_levelled(image), 2))]
        for down in self.down:
            features.append(down(features[-1]))
        y = self.deepest(features.pop())
        unseen = self.unseen(y.amax(dim=(2, 3)))
        for narrow, up in zip(reversed(self.narrow), reversed(self.up), strict=True):
            y = up(F.interpolate(narrow(y), scale_factor=2.0, mode="nearest") + features.pop())
        places = self.places(y).flatten(2)  # (B, J, H/2 * W/2)
        return Read(F.pixel_shuffle(self.labels(y), 2), torch.cat([places, unseen[..., None]], dim=2))


def _block(in_channels: int, out_channels: int) -> nn.Sequential:
    layers: list[nn.Module] = []
    for channels in (in_channels, out_channels):
        layers += [nn.Conv2d(channels, out_channels, 3, padding=1, bias=False), nn.BatchNorm2d(out_channels), nn.ReLU()]
    return nn.Sequential(*layers)


def _levelled(image: Tensor) -> Tensor:
    """The pictures with mean 0 and deviation 1 each, over all channels: exposure and contrast tell nothing."""
    mean, deviation = image.mean((1, 2, 3), keepdim=True), image.std((1, 2, 3), keepdim=True)
    return (image - mean) / (deviation + 0.1)
