"""LPIPS (Zhang et al. 2018): how unlike two pictures look to a network of ImageNet, by weights learnt from people.

B batch, H, W. Pictures in [-1,1] are shifted and scaled as ImageNet's; features after the ReLU at five depths (AlexNet,
VGG-16) or seven (SqueezeNet 1.1); unit length over the channels, f / sqrt(|f|^2 + 1e-8); squared differences, summed
over the channels with the weights of the heads, version 0.1, that ship in torchmetrics' wheel. All float32.

Two numbers come of it. The usual LPIPS is the sum over the depths of each one's mean over its own, coarser places. Its
map has the picture's size: each depth is enlarged bilinearly with outer edges shared (`align_corners=False`), then
summed. The mean of a map over the whole picture is near the usual number but not the same; a region has the map alone.

The weights of a backbone are never fetched: they are a file that the user names.
"""

from __future__ import annotations

from collections.abc import Mapping
from importlib.util import find_spec
from pathlib import Path
from typing import Literal, NamedTuple, get_args

import torch
import torch.nn.functional as F
import torchvision.models
from torch import Tensor, nn

from viton.errors import InputError
from viton.files import sha256_of
from viton_eval.weights_file import digest_of_network, load_checked, read_weights

Backbone = Literal["alex", "vgg", "squeeze"]
EPSILON = 1e-8  # inside the root, as torchmetrics has it
SHIFT, SCALE = (-0.030, -0.088, -0.188), (0.458, 0.448, 0.450)  # of ImageNet, RGB in [-1,1]
LEAST = {"alex": 31, "vgg": 16, "squeeze": 17}  # px of height and width, below which a depth has no places


class _Kind(NamedTuple):
    title: str
    model: str  # name in torchvision.models
    weights: str  # name there of its ImageNet weights
    ends: tuple[int, ...]  # of each depth: how many layers of `features` lead to it
    channels: tuple[int, ...]


KINDS: Mapping[Backbone, _Kind] = {
    "alex": _Kind("AlexNet", "alexnet", "AlexNet_Weights", (2, 5, 8, 10, 12), (64, 192, 384, 256, 256)),
    "vgg": _Kind("VGG-16", "vgg16", "VGG16_Weights", (4, 9, 16, 23, 30), (64, 128, 256, 512, 512)),
    "squeeze": _Kind(
        "SqueezeNet 1.1", "squeezenet1_1", "SqueezeNet1_1_Weights", (2, 5, 8, 10, 11, 12, 13),
        (64, 128, 256, 384, 384, 512, 512),
    ),
}  # fmt: skip


class Distances(NamedTuple):
    """Of B pairs of pictures."""

    maps: Tensor  # (B,1,H,W) >= 0, float32
    means: Tensor  # (B,), the usual LPIPS, float64


class Lpips:
    """The distance with one backbone; `name` stands beside every number that it gives."""

    def __init__(self, backbone: Backbone, features: nn.Sequential, sha256: str | None = None) -> None:
        """features: torchvision's `features` of the backbone.   sha256: of its file; None: of its parameters.

        Raises ValueError for an unknown backbone or another network's features.
        """
        kind = _kind(backbone)
        if len(features) < kind.ends[-1]:
            raise ValueError(f"features: expected {kind.ends[-1]} layers of {kind.title}, got {len(features)}")
        self.backbone = backbone
        self.features = features[: kind.ends[-1]].requires_grad_(False).eval()
        self.sha256 = sha256 or digest_of_network(self.features)
        self.heads = _heads(backbone)
        self.shift, self.scale = (torch.tensor(each).reshape(1, 3, 1, 1) for each in (SHIFT, SCALE))

    @classmethod
    def of_file(cls, backbone: Backbone, path: Path) -> Lpips:
        """The backbone from torchvision's state dict in a file; raises InputError when that is missing or another."""
        kind, features = _kind(backbone), features_of(backbone)
        tensors = read_weights(path, _how_to_get(kind))
        prefix = "features."
        own = {name.removeprefix(prefix): each for name, each in tensors.items() if name.startswith(prefix)}
        load_checked(features, own, path, f"torchvision's {kind.title}")
        return cls(backbone, features, sha256_of(path))

    @property
    def name(self) -> str:
        """Of the measure, with the start of the sha256 of its backbone's weights."""
        return f"lpips-{self.backbone}-{self.sha256[:12]}"

    def to(self, device: torch.device | str) -> Lpips:
        """The same distance on another device."""
        self.features.to(device)
        self.heads = [head.to(device) for head in self.heads]
        self.shift, self.scale = self.shift.to(device), self.scale.to(device)
        return self

    @torch.no_grad()
    def distances(self, images: Tensor, truths: Tensor) -> Distances:
        """Distances of pictures (B,3,H,W) in [-1,1]: 0 where they are alike, the same for swapped pictures.

        Raises ValueError for other shapes, numbers out of [-1,1], or pictures too small for the backbone.
        """
        self._check(images, truths)
        maps = images.new_zeros(len(images), 1, *images.shape[2:])
        means = torch.zeros(len(images), dtype=torch.float64, device=images.device)
        x = (torch.cat([images, truths]) - self.shift) / self.scale
        begin = 0
        for end, head in zip(KINDS[self.backbone].ends, self.heads, strict=True):
            x = self.features[begin:end](x)
            one, other = _unit(x).chunk(2)
            apart = F.conv2d((one - other).square(), head)  # (B, 1, h, w)
            maps += F.interpolate(apart, images.shape[2:], mode="bilinear", align_corners=False)
            means += apart.double().mean(dim=(1, 2, 3))
            begin = end
        return Distances(maps, means)

    def _check(self, images: Tensor, truths: Tensor) -> None:
        if images.shape != truths.shape or images.ndim != 4 or images.shape[1] != 3:
            raise ValueError(f"images: expected (B, 3, H, W) twice, got {tuple(images.shape)}, {tuple(truths.shape)}")
        least = LEAST[self.backbone]
        if min(images.shape[2:]) < least:
            raise ValueError(f"images: expected at least {least} pixels a side, got {tuple(images.shape)}")
        for each in (images, truths):
            if len(each) and not each.abs().max() <= 1:  # also of NaN
                raise ValueError(f"images: expected numbers in [-1,1], got up to {float(each.abs().max()):.6g}")


def features_of(backbone: Backbone) -> nn.Sequential:
    """Torchvision's layers of a backbone, as they are drawn from torch's generator, not trained."""
    network: nn.Sequential = getattr(torchvision.models, _kind(backbone).model)(weights=None).features
    return network


def _unit(features: Tensor) -> Tensor:
    """Features (B,C,h,w) in unit length over the channels."""
    return features / (features.square().sum(dim=1, keepdim=True) + EPSILON).sqrt()


def _heads(backbone: Backbone) -> list[Tensor]:
    """The weights >= 0 of each depth's channels, (1,C,1,1); raises InputError when torchmetrics ships others."""
    found = find_spec("torchmetrics")
    if found is None or found.origin is None:
        raise InputError("torchmetrics", "the package, which ships the heads of LPIPS", "none")
    path = Path(found.origin).parent / "functional" / "image" / "lpips_models" / f"{backbone}.pth"
    tensors = read_weights(path, "the heads of LPIPS that torchmetrics ships")
    heads = []
    for number, channels in enumerate(KINDS[backbone].channels):
        head = tensors.get(f"lin{number}.model.1.weight")
        if head is None or head.shape != (1, channels, 1, 1):
            raise InputError(path, f"lin{number}.model.1.weight in the shape {(1, channels, 1, 1)}", "another")
        heads.append(head.float())
    return heads


def _kind(backbone: Backbone) -> _Kind:
    if backbone not in KINDS:
        raise ValueError(f"backbone: expected one of {', '.join(get_args(Backbone))}, got {backbone!r}")
    return KINDS[backbone]


def _how_to_get(kind: _Kind) -> str:
    url = getattr(torchvision.models, kind.weights).IMAGENET1K_V1.url
    return f"torchvision's {kind.title} (download {url} and name the file)"
