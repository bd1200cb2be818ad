"""The baseline `crn`: a cascaded refinement network (Chen and Koltun 2017; paper, section 4.3).

B batch, H, W.

It is given what VITON's generator is given and trained with the perceptual loss alone: no mask, no warp, no adversary.
Each layer has the weight that it has in equation 1; the authors' code has others (row 33), collected for its extractor.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import torch
from torch import Tensor, nn

from viton.cascaded import CascadedRefinement
from viton.coarse import PRODUCT_CHANNELS
from viton.config import RepresentationConfig
from viton.coordinates import Size
from viton.losses import l1, weighted
from viton.perceptual import PerceptualLoss
from viton.person import groups
from viton.sharpness import sharpness
from viton.stage import Apply, Networks, Stage, Terms
from viton.stage_config import CrnConfig
from viton.training_data import TryOnBatch, TryOnData, TryOnItem


class Crn(NamedTuple):
    """What the cascaded refinement network makes of a person and a product."""

    image: Tensor  # (B, 3, H, W) in [-1,1]


def crn_network(config: CrnConfig, representation: RepresentationConfig, size: Size) -> CascadedRefinement:
    """The network for [product, person representation]: 25 channels in, 3 out; fewer in an ablation."""
    channels = PRODUCT_CHANNELS + sum(group.channels for group in groups(representation))
    return CascadedRefinement(channels, size, config.width)


def crn_result(network: nn.Module, generator_input: Tensor) -> Crn:
    """The person in the clothing, from [product, person representation] (B,25,H,W)."""
    return Crn(network(generator_input).float().tanh())


def crn_loss(made: Crn, batch: TryOnBatch, perceptual: PerceptualLoss) -> Terms:
    """The perceptual terms of all layers, pixels among them."""
    terms = perceptual(made.image, batch.image)  # weighted already, by lambda_i
    return weighted(terms, dict.fromkeys(terms, 1.0))


class CrnStage(Stage[TryOnItem, TryOnBatch]):
    """Trains the cascaded refinement network on people in their own garments."""

    name = "crn"

    def __init__(self, config: CrnConfig, data: TryOnData, size: Size, perceptual: PerceptualLoss) -> None:
        self.config: CrnConfig = config
        self.data, self.size, self.perceptual = data, size, perceptual

    def networks(self) -> dict[str, nn.Module]:
        return {"crn": crn_network(self.config, self.data.representation, self.size)}

    def frozen(self) -> list[nn.Module]:
        return [self.perceptual]

    def items(self) -> Sequence[TryOnItem]:
        return self.data.training

    def validation_items(self) -> Sequence[TryOnItem]:
        return self.data.validation

    def batch(self, items: list[TryOnItem], device: torch.device) -> TryOnBatch:
        return self.data.batch(items, device)

    def update(self, networks: Networks, batch: TryOnBatch, apply: Apply) -> None:
        made = crn_result(networks["crn"], batch.generator_input)
        apply("crn", crn_loss(made, batch, self.perceptual))

    def measure(self, networks: Networks, batch: TryOnBatch) -> dict[str, Tensor]:
        """The loss, the pixel difference, and how sharp the pictures are beside the photos."""
        made = crn_result(networks["crn"], batch.generator_input)
        figures = {"total": crn_loss(made, batch, self.perceptual)["total"], "l1": l1(made.image, batch.image)}
        return figures | sharpness(made.image, batch.image, batch.worn_mask)

    def pictures(self, networks: Networks, batch: TryOnBatch) -> list[Tensor]:
        return [batch.clothing, crn_result(networks["crn"], batch.generator_input).image, batch.image]
