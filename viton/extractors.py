"""Two stages that train networks to read a made-up world's attributes; their features measure how alike pictures look.

`proxy`, shaped like VGG-19, stands in for ImageNet's weights in the perceptual loss. `judge` scores: another
architecture, trained from another seed on another world, and never used in a loss.

B people, H, W; a batch holds each one's photo and the product picture of the garment that is worn: 2B pictures.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from viton.attributes import ATTRIBUTES, GARMENT, MIRRORED, PERSON, Attribute, Described, DescribedPeople
from viton.coordinates import Size
from viton.images import to_signed
from viton.judge import JudgeFeatures
from viton.stage import Apply, Networks, Stage, Terms
from viton.stage_config import ExtractorConfig
from viton.vgg import VggFeatures

TRAINING = ("train", "test")  # nothing is tried on in a world of its own, so its `test` is there to be learnt from too
VALIDATION = ("val",)
CLASSES = [len(each.classes) for each in ATTRIBUTES]
SCALE, SHIFT, GAIN, OFFSET = 0.1, 0.06, 0.1, 0.05  # of the augmentation: shares, and levels of [-1,1]


class DescribedBatch(NamedTuple):
    """Photos, their product pictures, and classes."""

    photo: Tensor  # (B, 3, H, W) in [-1,1]
    product: Tensor  # (B, 3, H, W) in [-1,1]
    person: Tensor  # (B, 6) int64, a class for each of PERSON
    garment: Tensor  # (B, 6) int64, a class for each of GARMENT


class AttributeReader(nn.Module):
    """Features averaged over the picture at every depth, and one linear map for all attributes.

    Every depth is read, so that each layer learns from its own pictures and not through all those above it alone.
    """

    def __init__(self, body: VggFeatures | JudgeFeatures) -> None:
        super().__init__()
        self.body = body
        self.norm = nn.BatchNorm1d(sum(body.channels), momentum=0.3)  # averages hardly differ between pictures
        self.heads = nn.Linear(sum(body.channels), sum(CLASSES))
        nn.init.zeros_(self.heads.weight)  # every class as likely as the others, until something is known
        nn.init.zeros_(self.heads.bias)

    def forward(self, image: Tensor) -> Tensor:
        """(B,3,H,W) in [-1,1] -> logits (B,K), the classes of PERSON and GARMENT one after another."""
        pooled = [depth.float().mean(dim=(2, 3)) for depth in self.body(image)]
        logits: Tensor = self.heads(self.norm(torch.cat(pooled, dim=1)))
        return logits


class ExtractorStage(Stage[Described, DescribedBatch]):
    """What the two stages share: all but the network."""

    def __init__(self, config: ExtractorConfig, world: Path, size: Size) -> None:
        """world: the root of the stage's own made-up world.   Raises InputError when it is not whole."""
        self.config: ExtractorConfig = config
        self._items = DescribedPeople(world, TRAINING, size)
        self._validation = DescribedPeople(world, VALIDATION, size)

    @abstractmethod
    def body(self) -> VggFeatures | JudgeFeatures:
        """The features, freshly initialised."""

    def networks(self) -> dict[str, nn.Module]:
        return {self.name: AttributeReader(self.body())}

    def items(self) -> Sequence[Described]:
        return self._items

    def validation_items(self) -> Sequence[Described]:
        return self._validation

    def batch(self, items: list[Described], device: torch.device) -> DescribedBatch:
        photos, products = ([getattr(each, role) for each in items] for role in ("photo", "product"))
        return DescribedBatch(
            *(to_signed(torch.stack([torch.from_numpy(each) for each in pictures]).to(device).permute(0, 3, 1, 2))
              for pictures in (photos, products)),
            *(torch.tensor([getattr(each, role) for each in items], device=device) for role in ("person", "garment")),
        )  # fmt: skip

    def update(self, networks: Networks, batch: DescribedBatch, apply: Apply) -> None:
        seen = augmented(batch)
        terms = attribute_losses(networks[self.name](torch.cat([seen.photo, seen.product])), seen)
        apply(self.name, {**terms, "total": torch.stack(list(terms.values())).sum()})

    def measure(self, networks: Networks, batch: DescribedBatch) -> Terms:
        """The share of people, or of garments on people and on product pictures, that are read right, by attribute."""
        logits = networks[self.name](torch.cat([batch.photo, batch.product]))
        right = {
            name: (each.argmax(dim=1) == classes).float().mean()
            for name, (each, classes) in _by_attribute(logits, batch).items()
        }
        return {**right, "accuracy": torch.stack(list(right.values())).mean()}

    def pictures(self, networks: Networks, batch: DescribedBatch) -> list[Tensor]:
        return [batch.photo, batch.product]


class ProxyStage(ExtractorStage):
    """Trains features of VGG-19's shape for the perceptual loss."""

    name = "proxy"

    def body(self) -> VggFeatures:
        return VggFeatures(self.config.width)


class JudgeStage(ExtractorStage):
    """Trains the features that score."""

    name = "judge"

    def body(self) -> JudgeFeatures:
        return JudgeFeatures(self.config.width)


def attribute_losses(logits: Tensor, batch: DescribedBatch) -> Terms:
    """Cross-entropy of each attribute, by name; logits (2B,K) of the photos, then of the product pictures."""
    return {
        name: F.cross_entropy(each.float(), classes) for name, (each, classes) in _by_attribute(logits, batch).items()
    }


def _by_attribute(logits: Tensor, batch: DescribedBatch) -> dict[str, tuple[Tensor, Tensor]]:
    """Logits and classes by attribute: a person's of the photos, a garment's of photos and product pictures."""
    parts = dict(zip(ATTRIBUTES, logits.split(CLASSES, dim=1), strict=True))
    count = len(batch.person)

    def of(attributes: tuple[Attribute, ...], classes: Tensor, rows: slice) -> dict[str, tuple[Tensor, Tensor]]:
        return {
            each.name: (parts[each][rows], column) for each, column in zip(attributes, classes.unbind(1), strict=True)
        }

    return of(PERSON, batch.person, slice(count)) | {
        f"{prefix}{name}": pair
        for prefix, rows in (("worn_", slice(count)), ("", slice(count, None)))
        for name, pair in of(GARMENT, batch.garment, rows).items()
    }


def augmented(batch: DescribedBatch) -> DescribedBatch:
    """The batch with half of the pictures mirrored, all scaled, moved and tinted a little, by torch's generator."""
    count = len(batch.person)
    mirrored = torch.rand(2 * count) < 0.5
    photo, product = _varied(torch.cat([batch.photo, batch.product]), mirrored).chunk(2)
    swapped = list(range(len(PERSON)))
    one, other = (next(i for i, each in enumerate(PERSON) if each.name == name) for name in MIRRORED)
    swapped[one], swapped[other] = other, one
    turned = mirrored[:count, None].to(batch.person.device)
    return batch._replace(
        photo=photo, product=product, person=torch.where(turned, batch.person[:, swapped], batch.person)
    )


def _varied(images: Tensor, mirrored: Tensor) -> Tensor:
    """Pictures (N,3,H,W), some mirrored, each scaled, moved and tinted by its own random numbers."""
    scale, x, y = torch.empty(3, len(images)).uniform_(-1, 1)
    theta = torch.zeros(len(images), 2, 3)
    theta[:, 1, 1] = 1 + SCALE * scale
    theta[:, 0, 0] = theta[:, 1, 1] * torch.where(mirrored, -1.0, 1.0)
    theta[:, 0, 2], theta[:, 1, 2] = 2 * SHIFT * x, 2 * SHIFT * y
    grid = F.affine_grid(theta.to(images.device), list(images.shape), align_corners=True)
    moved = F.grid_sample(images, grid, padding_mode="border", align_corners=True)
    gain, offset = torch.empty(2, len(images), 3, 1, 1).uniform_(-1, 1).to(images.device)
    return (moved * (1 + GAIN * gain) + OFFSET * offset).clamp(-1, 1)
