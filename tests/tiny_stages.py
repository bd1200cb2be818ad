"""The stages of the methods, tiny, on people of noise and rectangles that lie in memory."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import cv2
import numpy as np
import torch
from torch import nn

from viton.cagan import CaganStage
from viton.coarse import CoarseStage, coarse_network
from viton.config import RepresentationConfig
from viton.crn import CrnStage
from viton.data.sample import Clothing, Person, Sample
from viton.images import Pixels
from viton.parsing import CIHP
from viton.perceptual import PerceptualLoss
from viton.prgan import PrganStage
from viton.refine import RefineStage
from viton.stage import Stage
from viton.stage_config import CaganConfig, CoarseConfig, CrnConfig, Fidelity, PrganConfig, RefineConfig
from viton.stage_warps import RefineItem, StageWarps
from viton.trained import TrainedCoarse
from viton.training_data import TryOnData, TryOnItem
from viton.vgg import VggFeatures

SIZE = H, W = 64, 48
BOXES = {9: (40, 64, 16, 32), 5: (16, 40, 12, 36), 14: (16, 40, 36, 44), 15: (16, 40, 4, 12), 13: (4, 14, 18, 30)}


def _smooth(rng: np.random.Generator) -> Pixels:
    """(H, W, 3)"""
    return cv2.resize(rng.integers(0, 256, (4, 3, 3), np.uint8), (W, H), interpolation=cv2.INTER_LINEAR)


def tiny_sample(number: int) -> Sample:
    """Somebody with hands, face, shirt and trousers of rectangles, in the own shirt."""
    rng = np.random.default_rng(number)
    parsing, mask = np.zeros(SIZE, np.uint8), np.zeros(SIZE, np.uint8)
    for label, (top, bottom, left, right) in BOXES.items():
        parsing[top + number % 3 : bottom, left + number % 2 : right] = label
    mask[10:50, 8:40] = 255
    keypoints = np.column_stack([rng.uniform(4, W - 4, 18), rng.uniform(4, H - 4, 18), np.ones(18)])
    person = Person(f"p{number}", _smooth(rng), parsing, keypoints.astype(np.float32))
    return Sample(person, Clothing(f"p{number}", _smooth(rng), mask))


def tiny_data(count: int = 8, validation: int = 3) -> TryOnData:
    made = [TryOnItem(tiny_sample(number)) for number in range(count + validation)]
    return TryOnData(made[:count], made[count:], RepresentationConfig(), CIHP)  # type: ignore[arg-type]


def tiny_perceptual(width: int = 2) -> PerceptualLoss:
    with torch.random.fork_rng([]):
        torch.manual_seed(0)
        return PerceptualLoss(VggFeatures(width), (1.0, 0.5, 0.5, 0.5, 0.5, 0.5), "0" * 64)


def _common(options: dict[str, Any]) -> dict[str, Any]:
    return {"steps": 2, "batch": 4, "lr": 1e-3} | options


def coarse_stage(data: TryOnData | None = None, **options: Any) -> CoarseStage:
    config = CoarseConfig(**{"width": 4} | _common(options))
    return CoarseStage(config, data or tiny_data(), SIZE, tiny_perceptual())


def authors_coarse_stage(**options: Any) -> CoarseStage:
    return coarse_stage(fidelity="authors", **options)


def _refine_stage(fidelity: Fidelity, options: dict[str, Any]) -> RefineStage:
    data, below = tiny_data(), CoarseConfig(steps=1, width=2, fidelity=fidelity)
    network = coarse_network(below, data.representation, SIZE)
    coarse = TrainedCoarse(network, below, data.representation, SIZE)

    def warped(items: Sequence[TryOnItem]) -> list[RefineItem]:
        return [RefineItem(each.sample, each.sample.clothing.image, each.sample.clothing.mask) for each in items]

    warps = StageWarps(warped(data.training), warped(data.validation))  # type: ignore[arg-type]
    config = RefineConfig(**{"width": 4, "fidelity": fidelity} | _common(options))
    return RefineStage(config, coarse, data, tiny_perceptual(), warps)


def refine_stage(**options: Any) -> RefineStage:
    return _refine_stage("paper", options)


def authors_refine_stage(**options: Any) -> RefineStage:
    return _refine_stage("authors", options)


def crn_stage(**options: Any) -> CrnStage:
    return CrnStage(CrnConfig(**{"width": 32} | _common(options)), tiny_data(), SIZE, tiny_perceptual())


def prgan_stage(**options: Any) -> PrganStage:
    return PrganStage(PrganConfig(**{"width": 4, "gan": 0.1} | _common(options)), tiny_data(), SIZE)


def cagan_stage(**options: Any) -> CaganStage:
    return CaganStage(CaganConfig(**{"width": 4} | _common(options)), tiny_data(), SIZE)


STAGES: dict[str, Callable[..., Stage[Any, Any]]] = {
    "coarse": coarse_stage,
    "coarse as the authors' code": authors_coarse_stage,
    "refine": refine_stage,
    "refine as the authors' code": authors_refine_stage,
    "crn": crn_stage,
    "prgan": prgan_stage,
    "cagan": cagan_stage,
}


class InEvalMode(nn.BatchNorm2d):
    """A norm that stays in eval mode, whatever it is told."""

    def train(self, mode: bool = True) -> InEvalMode:
        return super().train(False)


def with_norms_in_eval_mode(name: str) -> Stage[Any, Any]:
    """The stage without dropout, its norms in eval mode: what a sample gives does not depend on those beside it."""
    stage = STAGES[name](**({} if name == "crn" else {"dropout": 0.0}))  # `crn` has none
    made = stage.networks

    def networks() -> dict[str, nn.Module]:
        found = made()
        for network in found.values():
            for module in network.modules():
                if isinstance(module, nn.BatchNorm2d):
                    module.__class__ = InEvalMode
        return found

    stage.networks = networks  # type: ignore[method-assign]
    return stage
