"""The baseline `cagan`: a conditional analogy GAN (Jetchev and Bergmann 2017; paper, section 4.3).

B batch, H, W. "Own" is the clothing that the person of the photo wears, "target" the one to be put on.

As own clothing is to the photo, so is target clothing to the picture wanted. Training needs no such picture, but a
product picture of the own clothing is needed, in use too: a pair without one gets the status NEEDS_OWN_CLOTHING.

The paper says "the same encoder-decoder as ours", so the generator has all its levels at either fidelity; the authors'
code has one less (row 32). What the CAGAN paper calls the generator's picture is laid over the photo, on the way back
too; the authors' code takes the bare picture there.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import NamedTuple

import torch
from torch import Tensor, nn

from viton.adversarial import frozen
from viton.coordinates import Size
from viton.discriminators import PatchDiscriminator
from viton.errors import UsageError
from viton.losses import fake_loss, l1, real_loss, weighted
from viton.networks import EncoderDecoder
from viton.sharpness import sharpness
from viton.stage import Apply, Networks, Stage, Terms
from viton.stage_config import CaganConfig
from viton.training_data import TryOnBatch, TryOnData, TryOnItem

NEEDS_OWN_CLOTHING = "needs_own_clothing"  # status of a pair whose person's own clothing is not known


class Cagan(NamedTuple):
    """What the generator makes of a photo."""

    image: Tensor  # (B, 3, H, W) in [-1,1]: mask * generated + (1 - mask) * photo
    mask: Tensor  # (B, 1, H, W) in [0,1], where the photo is painted over
    generated: Tensor  # (B, 3, H, W) in [-1,1], before it is laid over the photo


class Verdicts(NamedTuple):
    """The discriminator's logits (B,1,h,w), high for what looks like a photo of somebody in the clothing beside it."""

    on_real: Tensor  # photo, own clothing
    on_fake: Tensor  # made picture, target clothing
    on_mismatched: Tensor  # photo, target clothing: a photo of something else is no success


def cagan_generator(config: CaganConfig, size: Size) -> EncoderDecoder:
    """The encoder-decoder for [photo, own clothing, target clothing]: 9 channels in, 4 out."""
    return EncoderDecoder(9, 4, size, config.width, config.dropout)


def cagan_result(network: nn.Module, photo: Tensor, own: Tensor, target: Tensor) -> Cagan:
    """The photo with the own clothing exchanged for the target; each (B,3,H,W) in [-1,1]."""
    output = network(torch.cat([photo, own, target], dim=1)).float()  # (B, 4, H, W): the image first, the mask last
    generated, mask = output[:, :3].tanh(), output[:, 3:].sigmoid()
    return Cagan(mask * generated + (1 - mask) * photo, mask, generated)


def cagan_verdict(discriminator: nn.Module, clothing: Tensor, image: Tensor) -> Tensor:
    """Logits (B,1,h,w), a patch each; clothing and image (B,3,H,W) in [-1,1]."""
    logits: Tensor = discriminator(torch.cat([clothing, image], dim=1))
    return logits


def target_clothing(batch: TryOnBatch) -> Tensor:
    """The clothing of the next sample that is another, (B,3,H,W); raises UsageError where all samples are the same.

    The authors reverse the batch, which leaves the middle of an odd one in its own clothing: a mismatch that is none.
    """
    names, count = batch.names, len(batch.names)
    if len(set(names)) < 2:
        expected = "at least 2 people on each device and in each accumulated part, one to wear the other's clothing"
        raise UsageError(f"stages.cagan.batch: expected {expected}, got only {names[0]}")
    others = [next(j % count for j in range(i + 1, i + count) if names[j % count] != names[i]) for i in range(count)]
    return batch.clothing[others]


def cagan_generator_loss(made: Cagan, back: Cagan, logits: Tensor, photo: Tensor, config: CaganConfig) -> Terms:
    """What the discriminator says of `made`, how much it paints over, and what of the photo the way back loses."""
    terms = {"adversarial": real_loss(logits), "identity": made.mask.mean(), "cycle": l1(back.image, photo)}
    return weighted(terms, {"adversarial": config.gan, "identity": config.identity, "cycle": config.cycle})


def cagan_discriminator_loss(verdicts: Verdicts) -> Terms:
    """What its logits cost, all three alike (CAGAN paper)."""
    terms = {
        "real": real_loss(verdicts.on_real),
        "fake": fake_loss(verdicts.on_fake),
        "mismatched": fake_loss(verdicts.on_mismatched),
    }
    return weighted(terms, dict.fromkeys(terms, 1.0))


class CaganStage(Stage[TryOnItem, TryOnBatch]):
    """Trains generator and discriminator in turn; each sample's target is the clothing of another."""

    name = "cagan"

    def __init__(self, config: CaganConfig, data: TryOnData, size: Size) -> None:
        self.config: CaganConfig = config
        self.data, self.size = data, size

    def networks(self) -> dict[str, nn.Module]:
        generator = cagan_generator(self.config, self.size)
        return {"generator": generator, "discriminator": PatchDiscriminator(6, self.config.width)}

    def items(self) -> Sequence[TryOnItem]:
        return self.data.training

    def validation_items(self) -> Sequence[TryOnItem]:
        return self.data.validation

    def batch(self, items: list[TryOnItem], device: torch.device) -> TryOnBatch:
        return self.data.batch(items, device)

    def update(self, networks: Networks, batch: TryOnBatch, apply: Apply) -> None:
        """The generator against the discriminator as it is, then the discriminator on the same pictures."""
        generator, discriminator = networks["generator"], networks["discriminator"]
        photo, own, target = batch.image, batch.clothing, target_clothing(batch)
        made = cagan_result(generator, photo, own, target)
        back = cagan_result(generator, made.image, target, own)
        with frozen(discriminator):
            logits = cagan_verdict(discriminator, target, made.image)
        apply("generator", cagan_generator_loss(made, back, logits, photo, self.config))
        verdicts = Verdicts(
            on_real=cagan_verdict(discriminator, own, photo),
            on_fake=cagan_verdict(discriminator, target, made.image.detach()),
            on_mismatched=cagan_verdict(discriminator, target, photo),
        )
        apply("discriminator", cagan_discriminator_loss(verdicts))

    def measure(self, networks: Networks, batch: TryOnBatch) -> dict[str, Tensor]:
        """The mask's mean, the photo lost on the way back, how sharp the pictures are; no truth is known here."""
        generator, target = networks["generator"], _validation_target(batch)
        made = cagan_result(generator, batch.image, batch.clothing, target)
        with _without_statistics(generator):
            back = cagan_result(generator, made.image, target, batch.clothing)
        figures = {"identity": made.mask.mean(), "cycle": l1(back.image, batch.image)}
        return figures | sharpness(made.image, batch.image, batch.worn_mask)

    def pictures(self, networks: Networks, batch: TryOnBatch) -> list[Tensor]:
        target = _validation_target(batch)
        made = cagan_result(networks["generator"], batch.image, batch.clothing, target)
        return [batch.image, batch.clothing, target, made.mask, made.image]


def _validation_target(batch: TryOnBatch) -> Tensor:
    """As in training; a sample left alone by the cut into batches gets its own clothing mirrored."""
    return target_clothing(batch) if len(set(batch.names)) > 1 else batch.clothing.flip(3)


@contextmanager
def _without_statistics(network: nn.Module) -> Iterator[None]:
    """Eval mode: batch norm's statistics are retaken over `measure`, and in use there is no way back."""
    modes = [(module, module.training) for module in network.modules()]
    network.eval()
    try:
        yield
    finally:
        for module, training in modes:
            module.training = training
