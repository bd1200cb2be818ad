"""VITON on one screen (paper, section 3): a person and a product in, the person wearing the product out.

    from viton.data.layouts import open_dataset
    from viton.tryon import load_viton

    viton = load_viton(Path("runs/demo"))
    data = open_dataset(Path("runs/demo/data"), "test")
    samples = [data.sample(pair, viton.size) for pair in data.pairs("test_pairs.txt")[:4]]
    for made in viton(samples):
        ...  # made.coarse, made.warped, made.alpha, made.image; or a MatchError

B batch, H, W.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import torch
from torch import Tensor, nn

from viton.coarse import Coarse
from viton.collar import samples_without_collar
from viton.config import WarpConfig
from viton.coordinates import Size
from viton.data.sample import Sample
from viton.parsing import CIHP, LabelMap
from viton.refine import refined_result, refinement_network
from viton.shape_context import MatchError
from viton.stage_config import RefineConfig
from viton.trained import TrainedCoarse, TrainedRun, load_coarse
from viton.training_data import TryOnBatch, to_batch
from viton.warp import Warped, WarpReport, predicted_target, warp_pairs


class TryOn(NamedTuple):
    """All that is made of one pair."""

    coarse: Tensor  # (1, 3, H, W) in [-1,1], the coarse result I'
    mask: Tensor  # (1, 1, H, W) in [0,1], the predicted clothing mask M
    warped: Tensor  # (1, 3, H, W) in [-1,1], the warped clothing c', white outside its mask
    warped_mask: Tensor  # (1, 1, H, W) in [0,1]
    source_px: Tensor  # (1, H, W, 2) where on the product each pixel of it comes from
    alpha: Tensor  # (1, 1, H, W) in [0,1], the composition mask
    image: Tensor  # (1, 3, H, W) in [-1,1], the try-on
    report: WarpReport  # how well the warped clothing fits M, and more


@dataclass(frozen=True)
class Viton:
    """Both stages of VITON, trained, and the warp between them."""

    coarse: TrainedCoarse
    refine: nn.Module
    refine_config: RefineConfig
    warp: WarpConfig
    collar: nn.Module | None = None  # finds what is taken off the product before it is warped (supplement)
    label_map: LabelMap = CIHP
    seed: int = 0
    device: str = "cpu"

    @torch.inference_mode()
    def __call__(self, samples: list[Sample]) -> list[TryOn | MatchError]:
        """Dress people, all in one batch; where the clothing cannot be warped, why not."""
        batch = self.represented(samples)  # section 3.1: what of a person may be shown, and the product
        coarse = self.coarse(batch.generator_input)  # section 3.2: I' and M
        warps = self.warped(batch, coarse.mask)  # section 3.3: c', the clothing warped onto the predicted mask
        return self.refined(coarse, warps)  # section 3.3: alpha c' + (1 - alpha) I'

    @property
    def size(self) -> Size:
        """(H, W) of every picture."""
        return self.coarse.size

    def represented(self, samples: list[Sample]) -> TryOnBatch:
        """Persons and products as tensors; products without neck tag and inner collar, where a network finds them."""
        if self.collar:
            samples = samples_without_collar(self.collar, samples, self.device)
        return to_batch(samples, self.coarse.representation, self.label_map, self.coarse.config.fidelity, self.device)

    def warped(self, batch: TryOnBatch, mask: Tensor) -> list[Warped | MatchError]:
        """The clothing of each pair bent onto its mask (B,1,H,W)."""
        target = predicted_target(mask)
        return warp_pairs(batch.names, batch.clothing, batch.clothing_mask, target, self.warp, self.seed)

    def refined(self, coarse: Coarse, warps: list[Warped | MatchError]) -> list[TryOn | MatchError]:
        """Coarse result and warped clothing of each pair composed."""
        blank = torch.ones_like(coarse.image[:1])  # stands in where there is no warped clothing, and is thrown away
        clothing = torch.cat([each.image if isinstance(each, Warped) else blank for each in warps])
        whole = refined_result(self.refine, clothing, coarse.image, coarse.mask, self.refine_config)
        parts = zip(*(part.split(1) for part in (coarse.image, coarse.mask, whole.alpha, whole.image)), strict=True)
        return [
            TryOn(image, mask, each.image, each.mask, each.source_px, alpha, final, each.reports[0])
            if isinstance(each, Warped)
            else each
            for each, (image, mask, alpha, final) in zip(warps, parts, strict=True)
        ]


def load_viton(run: Path, seed: int = 0, device: str = "cpu") -> Viton:
    """Both stages of a run, with the warp that stage 2 was trained with; raises InputError."""
    return viton_of(TrainedRun(run, seed), device)


def viton_of(run: TrainedRun, device: str = "cpu") -> Viton:
    """The same, from a run that is open already."""
    coarse, refine = run.stage("coarse"), run.stage("refine")
    refine.expect_below(coarse)
    config = refine.config(RefineConfig)
    network = refine.load("refine", refinement_network(config), device)
    warp = refine.part("warp", WarpConfig)
    return Viton(load_coarse(coarse, device), network, config, warp, seed=run.seed, device=device)
