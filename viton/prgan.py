"""The baseline `prgan`: a GAN given the person representation (Ma et al. 2017, Zhu et al. 2017; paper, section 4.3).

B batch, H, W.

The generator is VITON's encoder-decoder without its mask; the discriminator sees a picture beside the product that it
should show. Both are the authors' code's (row 31), where pixels are compared by L1 and an adversary asks for detail.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import torch
from torch import Tensor, nn

from viton.adversarial import frozen
from viton.coarse import PRODUCT_CHANNELS
from viton.config import RepresentationConfig
from viton.coordinates import Size
from viton.discriminators import ImageDiscriminator
from viton.losses import fake_loss, l1, real_loss, weighted
from viton.networks import EncoderDecoder
from viton.person import groups
from viton.sharpness import sharpness
from viton.stage import Apply, Networks, Stage, Terms
from viton.stage_config import PrganConfig
from viton.training_data import TryOnBatch, TryOnData, TryOnItem


class Prgan(NamedTuple):
    """What the generator makes of a person and a product."""

    image: Tensor  # (B, 3, H, W) in [-1,1]


def prgan_generator(config: PrganConfig, representation: RepresentationConfig, size: Size) -> EncoderDecoder:
    """The encoder-decoder for [product, person representation]: 25 channels in, 3 out; fewer in an ablation."""
    channels = PRODUCT_CHANNELS + sum(group.channels for group in groups(representation))
    return EncoderDecoder(channels, 3, size, config.width, config.dropout)


def prgan_result(network: nn.Module, generator_input: Tensor) -> Prgan:
    """The person in the clothing, from [product, person representation] (B,25,H,W)."""
    return Prgan(network(generator_input).float().tanh())


def prgan_verdict(discriminator: nn.Module, clothing: Tensor, image: Tensor) -> Tensor:
    """Logits (B,1), high for what looks like a photo of somebody in the clothing; both (B,3,H,W) in [-1,1]."""
    logits: Tensor = discriminator(torch.cat([clothing, image], dim=1))
    return logits


def prgan_generator_loss(made: Prgan, logits: Tensor, batch: TryOnBatch, config: PrganConfig) -> Terms:
    """|I' - I|, and what the discriminator's logits of `made` say."""
    terms = {"l1": l1(made.image, batch.image), "adversarial": real_loss(logits)}
    return weighted(terms, {"l1": config.l1, "adversarial": config.gan})


def prgan_discriminator_loss(on_real: Tensor, on_fake: Tensor) -> Terms:
    """What its logits cost, on photos and on made pictures."""
    terms = {"real": real_loss(on_real), "fake": fake_loss(on_fake)}
    return weighted(terms, dict.fromkeys(terms, 1.0))


class PrganStage(Stage[TryOnItem, TryOnBatch]):
    """Trains generator and discriminator in turn on people in their own garments."""

    name = "prgan"

    def __init__(self, config: PrganConfig, data: TryOnData, size: Size) -> None:
        self.config: PrganConfig = config
        self.data, self.size = data, size

    def networks(self) -> dict[str, nn.Module]:
        generator = prgan_generator(self.config, self.data.representation, self.size)
        return {"generator": generator, "discriminator": ImageDiscriminator(6, self.size, self.config.width)}

    def items(self) -> Sequence[TryOnItem]:
        return self.data.training

    def validation_items(self) -> Sequence[TryOnItem]:
        return self.data.validation

    def batch(self, items: list[TryOnItem], device: torch.device) -> TryOnBatch:
        return self.data.batch(items, device)

    def update(self, networks: Networks, batch: TryOnBatch, apply: Apply) -> None:
        """The generator against the discriminator as it is, then the discriminator on the same pictures."""
        made = prgan_result(networks["generator"], batch.generator_input)
        discriminator = networks["discriminator"]
        with frozen(discriminator):
            logits = prgan_verdict(discriminator, batch.clothing, made.image)
        apply("generator", prgan_generator_loss(made, logits, batch, self.config))
        on_real = prgan_verdict(discriminator, batch.clothing, batch.image)
        on_fake = prgan_verdict(discriminator, batch.clothing, made.image.detach())
        apply("discriminator", prgan_discriminator_loss(on_real, on_fake))

    def measure(self, networks: Networks, batch: TryOnBatch) -> dict[str, Tensor]:
        """The pixel difference, and how sharp the pictures are beside the photos."""
        made = prgan_result(networks["generator"], batch.generator_input)
        return {"l1": l1(made.image, batch.image)} | sharpness(made.image, batch.image, batch.worn_mask)

    def pictures(self, networks: Networks, batch: TryOnBatch) -> list[Tensor]:
        return [batch.clothing, prgan_result(networks["generator"], batch.generator_input).image, batch.image]
