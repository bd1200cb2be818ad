"""VGG-19 up to conv5_2 (Simonyan and Zisserman 2015), whose features the perceptual loss compares, at any width.

B batch, H, W; w the width, 64 in VGG-19. Features are those after the ReLU (authors' code, row 15 of the fidelity
notes): conv1_2 (B,w,H,W), conv2_2 (B,2w,H/2,W/2), conv3_2 (B,4w,H/4,W/4), conv4_2 (B,8w,H/8,W/8),
conv5_2 (B,8w,H/16,W/16). Parameters are named and numbered as torchvision's, so that its files can be read.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Literal

import torch
from torch import Tensor, nn

from viton.errors import InputError

Pooling = Literal["max", "average"]
DEPTHS = ("conv1_2", "conv2_2", "conv3_2", "conv4_2", "conv5_2")
CONVOLUTIONS = (2, 2, 4, 4, 2)  # a block; VGG-19's last two, conv5_3 and conv5_4, are not needed
GROWTH = (1, 2, 4, 8, 8)  # channels of a block in widths
MEAN, STD = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)  # of ImageNet, RGB in [0,1] (torchvision)
NAME = re.compile(r"(?:(?:.*\.)?features\.)?(\d+\.(?:weight|bias))")


class VggFeatures(nn.Module):
    """Features of pictures at five depths; the normalisation that VGG-19 was trained with is inside."""

    scale: Tensor
    shift: Tensor

    def __init__(self, width: int = 64, pooling: Pooling = "max") -> None:
        """width: channels of the first convolution.   pooling: VGG-19 has "max", the authors use "average"."""
        super().__init__()
        self.width = width
        layers: list[nn.Module] = []
        self._ends: list[int] = []  # of each depth: the number of its last layer
        channels = 3
        for count, growth in zip(CONVOLUTIONS, GROWTH, strict=True):
            for number in range(count):
                layers += [nn.Conv2d(channels, growth * width, 3, padding=1), nn.ReLU(inplace=True)]
                channels = growth * width
                if number == 1:
                    self._ends.append(len(layers) - 1)
            layers.append(nn.MaxPool2d(2) if pooling == "max" else nn.AvgPool2d(2))
        self.features = nn.Sequential(*layers[:-1])
        for layer in self.features:
            if isinstance(layer, nn.Conv2d):  # He et al. 2015: without norm layers nothing else keeps 14 of them alive
                nn.init.kaiming_normal_(layer.weight, nonlinearity="relu")
                nn.init.zeros_(layer.bias)  # type: ignore[arg-type]
        mean, std = torch.tensor(MEAN).reshape(1, 3, 1, 1), torch.tensor(STD).reshape(1, 3, 1, 1)
        self.register_buffer("scale", 0.5 / std, persistent=False)  # ((x + 1) / 2 - mean) / std
        self.register_buffer("shift", (0.5 - mean) / std, persistent=False)

    @property
    def channels(self) -> list[int]:
        """Of the five depths."""
        return [growth * self.width for growth in GROWTH]

    def forward(self, image: Tensor, last: int = 5) -> list[Tensor]:
        """Features after the ReLU of conv1_2 ... conv{last}_2, shapes at the top of the file; no deeper layer is run.

        image: (B,3,H,W) in [-1,1], H and W at least 16.
        """
        x, depths, begin = image * self.scale + self.shift, [], 0
        for end in self._ends[:last]:
            for layer in self.features[begin : end + 1]:
                x = layer(x)
            depths.append(x)
            begin = end + 1
        return depths


def vgg_from(tensors: Mapping[str, Tensor], where: str | Path, pooling: Pooling = "max") -> VggFeatures:
    """The network that a file's tensors belong to: torchvision's, of its `features` alone, or of a trained stage.

    Layers beyond conv5_2 and classifiers are passed over; the width is read from the shapes.  Raises InputError when a
    layer is missing, has another shape, or holds a number that is not finite.
    """
    own = {match[1]: tensor for name, tensor in tensors.items() if (match := NAME.fullmatch(name))}
    first = own.get("0.weight")
    if first is None or first.ndim != 4 or not len(first):
        raise InputError(where, "the weights of VGG-19 (features.0.weight, ...)", _some_of(tensors))
    network = VggFeatures(len(first), pooling)
    wanted = network.features.state_dict()
    for name, tensor in wanted.items():
        if name not in own:
            raise InputError(where, f"features.{name} of VGG-19 in the shape {tuple(tensor.shape)}", "no such tensor")
        if own[name].shape != tensor.shape:
            raise InputError(
                where, f"features.{name} of VGG-19 in the shape {tuple(tensor.shape)}", f"{tuple(own[name].shape)}"
            )
        if not own[name].is_floating_point() or not own[name].isfinite().all():
            raise InputError(where, f"finite numbers in features.{name}", "others")
    network.features.load_state_dict({name: own[name] for name in wanted})
    return network


def _some_of(names: Mapping[str, Tensor]) -> str:
    return ", ".join(list(names)[:3]) + ", ..." if names else "no tensors"
