"""The refinement network (paper, section 3.3): where the coarse result gives way to the warped clothing.

B batch, H, W. The coarse network is frozen, in eval mode; the authors' code leaves its dropout and batch statistics on.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor, nn

from viton.coarse import Coarse
from viton.images import to_signed
from viton.losses import l1, total_variation, weighted
from viton.networks import RefinementNetwork
from viton.perceptual import PerceptualLoss
from viton.stage import Apply, Networks, Stage, Terms
from viton.stage_config import RefineConfig
from viton.stage_warps import RefineItem, StageWarps
from viton.trained import TrainedCoarse
from viton.training_data import TryOnBatch, TryOnData, TryOnItem

LAYERS = (3, 4, 5)  # conv3_2, conv4_2, conv5_2: the lower ones "care more about pixel-level differences" (section 3.3)


class Refined(NamedTuple):
    """What the refinement network makes of a coarse result and warped clothing."""

    image: Tensor  # (B, 3, H, W) in [-1,1], the try-on
    alpha: Tensor  # (B, 1, H, W) in [0,1], the share of the warped clothing


class RefineBatch(NamedTuple):
    """A batch of people in their own garments, with those garments warped."""

    pairs: TryOnBatch
    warped: Tensor  # (B, 3, H, W) in [-1,1], c', white outside the mask
    warped_mask: Tensor  # (B, 1, H, W) in [0,1]


def refinement_network(config: RefineConfig) -> RefinementNetwork:
    """The network for [warped clothing, coarse result]: 6 channels in; layer norm is the authors' (row 16)."""
    return RefinementNetwork(6, config.width, layer_norm=config.fidelity == "authors")


def refined_result(network: nn.Module, warped: Tensor, coarse: Tensor, mask: Tensor, config: RefineConfig) -> Refined:
    """Compose warped clothing and coarse result (B,3,H,W) by the alpha that the network sees fit.

    mask: (B,1,H,W) in [0,1], the clothing mask; in `authors` alpha is nothing outside it (row 17).
    """
    alpha = network(torch.cat([warped, coarse], dim=1)).float()
    if config.fidelity == "authors":
        alpha = alpha * mask
    return Refined(composed(alpha, warped, coarse), alpha)


def composed(alpha: Tensor, warped: Tensor, coarse: Tensor) -> Tensor:
    """Equation 3: alpha c' + (1 - alpha) I'."""
    return alpha * warped + (1 - alpha) * coarse


def refine_loss(made: Refined, image: Tensor, perceptual: PerceptualLoss, config: RefineConfig) -> Terms:
    """Equation 4: perceptual terms of the deeper layers, minus |alpha|, plus its total variation.

    lambda_TV, chosen at H = 256, is scaled by H/256: then alpha's outline costs the same at every size.
    """
    terms = perceptual(made.image, image, LAYERS)  # weighted already, by lambda_i
    alpha = {"warp": made.alpha.abs().mean(), "tv": total_variation(made.alpha)}
    weights = dict.fromkeys(terms, 1.0) | {"warp": -config.warp, "tv": config.tv * made.alpha.shape[2] / 256}
    if config.fidelity == "authors":  # row 14
        return weighted(alpha | terms | {"l1": l1(made.image, image)}, weights | {"l1": config.l1})
    return weighted(alpha | terms, weights)


class RefineStage(Stage[RefineItem, RefineBatch]):
    """Trains the refinement network on the coarse results of people in their own garments, and those garments warped.

    warps: as `make_stage_warps` makes them, onto the masks that `config.trained_on` names (row 18).
    """

    name = "refine"

    def __init__(
        self,
        config: RefineConfig,
        coarse: TrainedCoarse,
        data: TryOnData,
        perceptual: PerceptualLoss,
        warps: StageWarps,
    ) -> None:
        self.config: RefineConfig = config
        self.coarse, self.data, self.perceptual, self.warps = coarse, data, perceptual, warps

    def networks(self) -> dict[str, nn.Module]:
        return {"refine": refinement_network(self.config)}

    def frozen(self) -> list[nn.Module]:
        return [self.coarse.network, self.perceptual]

    def items(self) -> Sequence[RefineItem]:
        return self.warps.training

    def validation_items(self) -> Sequence[RefineItem]:
        return self.warps.validation

    def batch(self, items: list[RefineItem], device: torch.device) -> RefineBatch:
        pairs = self.data.batch([TryOnItem(item.sample) for item in items], device, self.config.fidelity)
        warped = torch.from_numpy(np.stack([item.warped for item in items])).to(device)  # (B, H, W, 3)
        masks = torch.from_numpy(np.stack([item.mask for item in items])).to(device)
        return RefineBatch(pairs, to_signed(warped.permute(0, 3, 1, 2)), masks[:, None].float() / 255)

    @torch.no_grad()
    def coarse_result(self, batch: RefineBatch) -> Coarse:
        """What stage 1 makes of the batch, without gradients."""
        return self.coarse(batch.pairs.generator_input)

    def result(self, networks: Networks, batch: RefineBatch, coarse: Coarse) -> Refined:
        """Where alpha is gated (row 17), it is by the mask that the clothing was warped onto."""
        mask = batch.pairs.worn_mask if self.config.trained_on == "parsed" else coarse.mask
        return refined_result(networks["refine"], batch.warped, coarse.image, mask, self.config)

    def update(self, networks: Networks, batch: RefineBatch, apply: Apply) -> None:
        made = self.result(networks, batch, self.coarse_result(batch))
        apply("refine", refine_loss(made, batch.pairs.image, self.perceptual, self.config))

    def measure(self, networks: Networks, batch: RefineBatch) -> dict[str, Tensor]:
        """The loss, the pixel difference, and alpha where there is warped clothing and where there is none."""
        made = self.result(networks, batch, self.coarse_result(batch))
        return {
            "total": refine_loss(made, batch.pairs.image, self.perceptual, self.config)["total"],
            "l1": l1(made.image, batch.pairs.image),
            "alpha_in_warp": mean_within(made.alpha, batch.warped_mask),
            "alpha_elsewhere": mean_within(made.alpha, 1 - batch.warped_mask),
        }

    def pictures(self, networks: Networks, batch: RefineBatch) -> list[Tensor]:
        coarse = self.coarse_result(batch)
        made = self.result(networks, batch, coarse)
        return [batch.pairs.clothing, coarse.image, batch.warped, made.alpha, made.image, batch.pairs.image]


def mean_within(values: Tensor, mask: Tensor) -> Tensor:
    """Mean of values (B,1,H,W) where mask (B,1,H,W) is > 0.5, of each sample and then of the batch; 0 where nowhere."""
    inside = mask > 0.5
    sums, counts = (values * inside).sum(dim=(1, 2, 3)), inside.sum(dim=(1, 2, 3))
    return (sums / counts.clamp(min=1)).mean()
