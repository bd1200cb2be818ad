"""Finds neck tag and inner collar on a product picture, and takes them off the mask before it is warped.

On a table the inside of the back shows in the neckline; on a body it does not, and the model cannot know (paper,
section 4.4).  The supplement trains a simple fully convolutional network to find it; its layers are ours.

B batch, C channels, H, W.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path
from typing import NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from viton.coordinates import Size
from viton.data.layouts import open_dataset
from viton.data.loader import load_clothing
from viton.data.sample import Sample
from viton.errors import InputError
from viton.images import Pixels, to_mask_pixels, to_signed, to_tensor
from viton.losses import weighted
from viton.stage import Apply, Networks, Stage, Terms
from viton.stage_config import CollarConfig
from viton.trained import TrainedRun
from viton.warp import crisp

LEVELS = 4  # halvings: sides are multiples of 2**LEVELS
RIM = 1 / 64  # of the height: so much of the back's upper edge may be missed above a collar that is found


class CollarNetwork(nn.Module):
    """A small fully convolutional network: halvings, as many doublings, and skip connections that are added.

    Group norm, so that what is found on one garment does not depend on those beside it.  Beside the picture it sees a
    brightened one: in black cloth the hollow is only a few levels darker than the front.
    """

    def __init__(self, width: int = 16) -> None:
        """width: channels at the full size, doubled at each halving but the last, which only looks wider."""
        super().__init__()
        widths = [width * min(2**level, 8) for level in range(LEVELS + 1)]
        self.first = _convolution(6, width)
        self.encoder = nn.ModuleList(
            nn.Sequential(_convolution(a, b, stride=2), _convolution(b, b)) for a, b in pairwise(widths)
        )
        self.narrow = nn.ModuleList(nn.Conv2d(b, a, 1) for a, b in reversed(list(pairwise(widths))))
        self.decoder = nn.ModuleList(_convolution(a, a) for a in reversed(widths[:-1]))
        self.last = nn.Conv2d(width, 1, 1)
        nn.init.constant_(self.last.get_parameter("bias"), -4.0)  # about one pixel in fifty is collar

    def forward(self, clothing: Tensor) -> Tensor:
        """(B,3,H,W) in [-1,1] -> logits (B,1,H,W); raises ValueError unless H and W are multiples of 16."""
        if clothing.ndim != 4 or clothing.shape[1] != 3 or any(side % 2**LEVELS for side in clothing.shape[2:]):
            raise ValueError(f"CollarNetwork: expected (B, 3, 16m, 16n), got {tuple(clothing.shape)}")
        x = self.first(torch.cat([clothing, brightened(clothing)], dim=1))
        features = []
        for halve in self.encoder:
            features.append(x)
            x = halve(x)
        for narrow, convolve, skip in zip(self.narrow, self.decoder, reversed(features), strict=True):
            larger = F.interpolate(narrow(x), scale_factor=2.0, mode="bilinear", align_corners=False)
            x = convolve(larger + skip)
        logits: Tensor = self.last(x)
        return logits


def brightened(image: Tensor) -> Tensor:
    """The cube root of brightness, in [-1,1] as the picture (B,3,H,W)."""
    return ((image.float().clamp(-1, 1) + 1) / 2 + 1e-3).pow(1 / 3) * 2 - 1


def _convolution(in_channels: int, out_channels: int, stride: int = 1) -> nn.Sequential:
    return nn.Sequential(
        nn.Conv2d(in_channels, out_channels, 3, stride, padding=1, bias=False),
        nn.GroupNorm(_groups(out_channels), out_channels),
        nn.ReLU(inplace=True),
    )


def _groups(channels: int) -> int:
    """Four groups of channels, or as many as divide them."""
    return next(groups for groups in (4, 2, 1) if channels % groups == 0)


class CollarItem(NamedTuple):
    """A product picture as loaded."""

    name: str
    image: Pixels  # (H, W, 3)
    collar: Pixels  # (H, W) in 0..255, the share of each pixel that is neck tag or inner collar

    @property
    def nbytes(self) -> int:
        return self.image.nbytes + self.collar.nbytes


class CollarBatch(NamedTuple):
    """Product pictures and where their collars are."""

    clothing: Tensor  # (B, 3, H, W) in [-1,1]
    collar: Tensor  # (B, 1, H, W) in [0,1]


class Collars(Sequence[CollarItem]):
    """All product pictures of a split with their collar masks, each read when it is asked for."""

    def __init__(self, root: Path, split: str, size: Size) -> None:
        """Raises InputError naming the folder when it has no collar masks: only the made-up world does."""
        self.folder, self.size = root / split / "collar-mask", size
        if not any(self.folder.glob("*.png")):
            raise InputError(self.folder, "collar masks, which only a made-up world has", "none")
        self.pictures = open_dataset(root, split).clothings
        self.names = list(self.pictures)

    def __len__(self) -> int:
        return len(self.names)

    def __getitem__(self, index: int) -> CollarItem:  # type: ignore[override]
        name = self.names[index]
        return CollarItem(*load_clothing(name, self.pictures[name], self.folder / f"{name}.png", self.size))


class CollarStage(Stage[CollarItem, CollarBatch]):
    """Trains the network on all product pictures of the training split, worn by somebody or not."""

    name = "collar"

    def __init__(self, config: CollarConfig, root: Path, size: Size) -> None:
        """root: a made-up world.   Raises InputError naming the folder when it has no collar masks."""
        self.config: CollarConfig = config
        self._items, self._validation = (Collars(root, split, size) for split in ("train", "val"))

    def networks(self) -> dict[str, nn.Module]:
        return {"collar": CollarNetwork(self.config.width)}

    def items(self) -> Collars:
        return self._items

    def validation_items(self) -> Collars:
        return self._validation

    def batch(self, items: list[CollarItem], device: torch.device) -> CollarBatch:
        images, collars = (torch.stack([torch.from_numpy(each[role]) for each in items]) for role in (1, 2))
        clothing = to_signed(images.to(device).permute(0, 3, 1, 2))
        return CollarBatch(clothing, collars[:, None].to(device).float() / 255)

    def update(self, networks: Networks, batch: CollarBatch, apply: Apply) -> None:
        seen = augmented(batch)
        apply("collar", collar_loss(networks["collar"](seen.clothing), seen.collar))

    def measure(self, networks: Networks, batch: CollarBatch) -> Terms:
        """The loss; IoU over the garments that have a collar; the share of the picture found on those that have none.

        A batch of garments without any has an IoU of 1 where nothing is found, else of 0.
        """
        logits = networks["collar"](batch.clothing)
        found, true = logits > 0, batch.collar > 0.5
        both, either = (found & true).sum(dim=(1, 2, 3)), (found | true).sum(dim=(1, 2, 3))
        iou = torch.where(either > 0, both / either.clamp(min=1), 1.0)
        has = true.any(dim=(1, 2, 3)).float()
        counted = has if has.any() else torch.ones_like(has)
        area = (found.float().mean(dim=(1, 2, 3)) * (1 - has)).sum() / (1 - has).sum().clamp(min=1)
        total = collar_loss(logits, batch.collar)["total"]
        return {"total": total, "collar_iou": (iou * counted).sum() / counted.sum(), "false_area": area}

    def pictures(self, networks: Networks, batch: CollarBatch) -> list[Tensor]:
        """Product, found, true."""
        return [batch.clothing, find_collar(networks["collar"], batch.clothing), batch.collar]


def collar_loss(logits: Tensor, collar: Tensor) -> Terms:
    """Cross-entropy of every pixel, and 1 - Dice of every garment, since most pixels are none; (B,1,H,W) each.

    Dice = 2 sum(p t) / (sum(p) + sum(t)), with one pixel added on both sides for garments that have no collar.
    """
    found = logits.float().sigmoid()
    overlap, sizes = (found * collar).sum(dim=(1, 2, 3)), (found + collar).sum(dim=(1, 2, 3))
    terms = {
        "cross_entropy": F.binary_cross_entropy_with_logits(logits.float(), collar),
        "dice": (1 - (2 * overlap + 1) / (sizes + 1)).mean(),
    }
    return weighted(terms, dict.fromkeys(terms, 1.0))


def augmented(batch: CollarBatch) -> CollarBatch:
    """The batch with half of the garments mirrored and all in exchanged colour channels, by torch's own generator."""
    count, device = len(batch.clothing), batch.clothing.device
    mirrored = (torch.rand(count, 1, 1, 1) < 0.5).to(device)
    order = torch.rand(count, 3).argsort(dim=1).to(device)
    clothing = batch.clothing.gather(1, order[:, :, None, None].expand_as(batch.clothing))
    return CollarBatch(*(torch.where(mirrored, each.flip(3), each) for each in (clothing, batch.collar)))


def find_collar(network: nn.Module, clothing: Tensor) -> Tensor:
    """How likely each pixel of a product picture (B,3,H,W) in [-1,1] is neck tag or inner collar, (B,1,H,W)."""
    found: Tensor = network(clothing).float().sigmoid()
    return found


def without_collar(clothing_mask: Tensor, collar: Tensor) -> Tensor:
    """A product's mask without its collar, both (B,1,H,W) in [0,1].

    Only what lies open to the top of the picture is taken off: whatever the finder says of the middle of a garment, no
    hole is cut into it.  A seam of the back's edge that the finder missed, at most RIM high, goes with the collar below
    it, or it would be the garment's outline.  Edges stay one pixel wide.
    """
    solid, found = clothing_mask > 0.5, collar > 0.5
    seam = max(1, round(clothing_mask.shape[2] * RIM))
    kept_above = (solid & ~found).cumsum(dim=2)  # garment pixels from the top of the picture down to here
    removed = found & (kept_above <= seam)
    below = removed.flip(2).cumsum(dim=2).flip(2) > 0  # removed, or above what is
    edge = (F.max_pool2d(removed.float(), 3, 1, 1) > 0) & ~found
    left = (clothing_mask - crisp(collar) * (removed | edge)).clamp(min=0)
    return torch.where(below & ~found, 0.0, left)


def samples_without_collar(network: nn.Module, samples: list[Sample], device: str = "cpu") -> list[Sample]:
    """The samples with the collar that the network finds taken off the masks of their products; pictures stay."""
    clothing = torch.cat([to_tensor(sample.clothing.image) for sample in samples]).to(device)
    masks = (
        torch.stack([torch.from_numpy(sample.clothing.mask) for sample in samples])[:, None].to(device).float() / 255
    )
    with torch.no_grad():
        left = without_collar(masks, find_collar(network, clothing))
    return [
        sample._replace(clothing=sample.clothing._replace(mask=to_mask_pixels(mask)))
        for sample, mask in zip(samples, left, strict=True)
    ]


def load_collar(run: TrainedRun, device: str = "cpu") -> CollarNetwork:
    """The trained network of a run; raises InputError."""
    stage = run.stage("collar")
    return stage.load("collar", CollarNetwork(stage.config(CollarConfig).width), device)
