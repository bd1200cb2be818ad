"""The conditional analogy GAN (Jetchev and Bergmann 2017; paper, section 4.3): it needs a picture of what is worn."""

from __future__ import annotations

import torch

from viton.cagan import NEEDS_OWN_CLOTHING, cagan_generator, cagan_result
from viton.config import TryOnConfig
from viton.data.sample import Clothing, Sample
from viton.images import to_pixels, to_tensor
from viton.parsing import LabelMap
from viton.results import Outcome, TryOnMany, failed
from viton.stage_config import CaganConfig
from viton.trained import TrainedRun, needed


def prepare(config: TryOnConfig, label_map: LabelMap, device: str, run: TrainedRun | None) -> TryOnMany:
    """Load the generator."""
    stage = needed(run, "cagan").stage("cagan")
    stage.expect_size(config.size)
    generator = stage.load("generator", cagan_generator(stage.config(CaganConfig), config.size), device)

    @torch.inference_mode()
    def exchanged(samples: list[Sample], owns: list[Clothing]) -> list[Outcome]:
        photo = torch.cat([to_tensor(sample.person.image) for sample in samples]).to(device)
        target = torch.cat([to_tensor(sample.clothing.image) for sample in samples]).to(device)
        own = torch.cat([to_tensor(each.image) for each in owns]).to(device)
        made = cagan_result(generator, photo, own, target)
        return [Outcome("ok", {".png": to_pixels(image)}, {}) for image in made.image]

    def try_on(samples: list[Sample]) -> list[Outcome]:
        known = [(sample, sample.own) for sample in samples if sample.own is not None]
        made = iter(exchanged([sample for sample, _ in known], [own for _, own in known]) if known else [])
        return [_without_own(sample) if sample.own is None else next(made) for sample in samples]

    return try_on


def _without_own(sample: Sample) -> Outcome:
    return failed(NEEDS_OWN_CLOTHING, f"no product picture of what {sample.person.id} wears")
