"""The multi-task encoder-decoder (paper, section 3.2): coarse result I' and clothing mask M from person and product.

B batch, H, W.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import torch
from torch import Tensor, nn

from viton.config import RepresentationConfig
from viton.coordinates import Size
from viton.losses import l1, weighted
from viton.networks import EncoderDecoder
from viton.perceptual import PerceptualLoss
from viton.person import groups
from viton.sharpness import sharpness
from viton.stage import Apply, Networks, Stage, Terms
from viton.stage_config import CoarseConfig, Fidelity
from viton.training_data import TryOnBatch, TryOnData, TryOnItem

PRODUCT_CHANNELS = 3


class Coarse(NamedTuple):
    """What the encoder-decoder makes of a person and a product."""

    image: Tensor  # (B, 3, H, W) in [-1,1], the coarse result I'
    mask: Tensor  # (B, 1, H, W) in [0,1], where the garment will be, M
    mask_output: Tensor  # (B, 1, H, W) as the loss sees it: in `authors`, a tanh in [-1,1]


def coarse_network(config: CoarseConfig, representation: RepresentationConfig, size: Size) -> EncoderDecoder:
    """The encoder-decoder for [product, person representation]: 25 channels in, 4 out; fewer in an ablation."""
    channels = PRODUCT_CHANNELS + sum(group.channels for group in groups(representation))
    return EncoderDecoder(channels, 4, size, config.width, config.dropout)


def coarse_result(network: nn.Module, generator_input: Tensor, fidelity: Fidelity) -> Coarse:
    """Image and mask from [product, person representation] (B,25,H,W)."""
    output = network(generator_input).float()  # (B, 4, H, W): the image first, the mask last (paper)
    image, raw = output[:, :3].tanh(), output[:, 3:]
    if fidelity == "paper":
        return Coarse(image, raw.sigmoid(), raw.sigmoid())
    return Coarse(image, raw.tanh().clamp(min=0), raw.tanh())  # authors' code: tanh on all four channels


def coarse_loss(made: Coarse, batch: TryOnBatch, perceptual: PerceptualLoss, config: CoarseConfig) -> Terms:
    """Equation 1: the perceptual terms, pixels among them, and |M - M0|."""
    terms = perceptual(made.image, batch.image)  # weighted already, by lambda_i
    mask = {"mask": l1(made.mask_output, batch.worn_mask)}
    return weighted(mask | terms, {"mask": config.mask_weight} | dict.fromkeys(terms, 1.0))


class CoarseStage(Stage[TryOnItem, TryOnBatch]):
    """Trains the encoder-decoder on people in their own garments."""

    name = "coarse"

    def __init__(self, config: CoarseConfig, data: TryOnData, size: Size, perceptual: PerceptualLoss) -> None:
        self.config: CoarseConfig = config
        self.data, self.size, self.perceptual = data, size, perceptual

    def networks(self) -> dict[str, nn.Module]:
        return {"coarse": coarse_network(self.config, self.data.representation, self.size)}

    def frozen(self) -> list[nn.Module]:
        return [self.perceptual]

    def items(self) -> Sequence[TryOnItem]:
        return self.data.training

    def validation_items(self) -> Sequence[TryOnItem]:
        return self.data.validation

    def batch(self, items: list[TryOnItem], device: torch.device) -> TryOnBatch:
        return self.data.batch(items, device, self.config.fidelity)

    def result(self, networks: Networks, batch: TryOnBatch) -> Coarse:
        return coarse_result(networks["coarse"], batch.generator_input, self.config.fidelity)

    def update(self, networks: Networks, batch: TryOnBatch, apply: Apply) -> None:
        made = self.result(networks, batch)
        apply("coarse", coarse_loss(made, batch, self.perceptual, self.config))

    def measure(self, networks: Networks, batch: TryOnBatch) -> dict[str, Tensor]:
        """The loss, the pixel difference, how well the mask fits, and how sharp the pictures are beside the photos."""
        made = self.result(networks, batch)
        total = coarse_loss(made, batch, self.perceptual, self.config)["total"]
        figures = {"total": total, "l1": l1(made.image, batch.image), "mask_iou": mask_iou(made.mask, batch.worn_mask)}
        return figures | sharpness(made.image, batch.image, batch.worn_mask)

    def pictures(self, networks: Networks, batch: TryOnBatch) -> list[Tensor]:
        made = self.result(networks, batch)
        return [batch.clothing, made.image, made.mask, batch.worn_mask, batch.image]


def mask_iou(mask: Tensor, truth: Tensor) -> Tensor:
    """Intersection over union of masks (B,1,H,W) cut at 0.5, mean over the batch; 1 where both are empty."""
    a, b = mask > 0.5, truth > 0.5
    both, either = (a & b).sum(dim=(1, 2, 3)), (a | b).sum(dim=(1, 2, 3))
    return torch.where(either > 0, both / either.clamp(min=1), 1.0).mean()
