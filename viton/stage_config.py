"""What can be set about training: one frozen model a stage, each field with its unit or source.

Light on purpose (no torch), as viton/config.py is.
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field, NonNegativeFloat, NonNegativeInt, PositiveFloat, PositiveInt, model_validator

from viton.settings import Model
from viton.synthetic.config import WorldConfig

Fidelity = Literal["paper", "authors"]
Equal = Literal["terms", "gradients"]
Target = Literal["predicted", "parsed"]
Width = Annotated[int, Field(ge=1, le=1024)]
Share = Annotated[float, Field(ge=0, lt=1)]


class StageConfig(Model):
    """What every trained stage has; the optimiser is Adam (paper, section 4.2)."""

    steps: PositiveInt  # updates of the weights
    batch: PositiveInt = 16  # samples an update, over all devices and accumulated parts; 16 in the paper
    lr: PositiveFloat = 2e-4  # as in the paper, where it is fixed
    decay: Annotated[float, Field(ge=0, le=1)] = 0.0  # share of the steps, at the end, in which it falls to 0 linearly
    beta1: Share = 0.5
    beta2: Share = 0.999


class PerceptualStageConfig(StageConfig):
    """What the stages have whose loss compares features."""

    equal: Equal = "terms"  # what lambda_i makes alike at every depth (viton/perceptual.py)


class CoarseConfig(PerceptualStageConfig):
    """Multi-task encoder-decoder (paper, section 3.2)."""

    fidelity: Fidelity = "paper"  # docs/methods.md has what each means
    width: Width = 64  # channels of the first convolution
    dropout: Share = 0.5  # at the first decoder block, while training (authors' code)
    mask_weight: NonNegativeFloat = 1.0  # of |M - M0| beside the perceptual terms (equation 1)


class RefineConfig(PerceptualStageConfig):
    """Refinement network (paper, section 3.3)."""

    fidelity: Fidelity = "paper"
    target: Target | None = None  # mask that clothing is warped onto in training; None: as `fidelity` says
    width: Width = 64
    warp: NonNegativeFloat = 0.1  # lambda_warp, the reward for pixels taken from the warped clothing (equation 4)
    tv: NonNegativeFloat = 5e-6  # lambda_TV of alpha, summed over 256x192 pixels (equation 4)
    l1: NonNegativeFloat = 0.2  # pixel term of the authors' code; fidelity `paper` has none

    @property
    def trained_on(self) -> Target:
        """Row 18: what stage 1 predicts (paper), or what the parser sees (authors' code)."""
        return self.target or ("parsed" if self.fidelity == "authors" else "predicted")


class CrnConfig(PerceptualStageConfig):
    """Cascaded refinement network (Chen and Koltun 2017; paper, section 4.3)."""

    width: Annotated[int, Field(ge=32, le=1024, multiple_of=32)] = 1024  # channels of the first module
    lr: PositiveFloat = 1e-4  # authors' code


class PrganConfig(StageConfig):
    """GAN with the person representation (paper, section 4.3)."""

    width: Width = 64
    dropout: Share = 0.5
    l1: NonNegativeFloat = 1.0  # authors' code
    gan: NonNegativeFloat = 1e-4  # authors' code


class CaganConfig(StageConfig):
    """Conditional analogy GAN (Jetchev and Bergmann 2017; paper, section 4.3)."""

    width: Width = 64
    dropout: Share = 0.5
    gan: NonNegativeFloat = 1.0
    identity: NonNegativeFloat = 0.1  # of the mean of the mask: change no more than needed
    cycle: NonNegativeFloat = 1.0


class CollarConfig(StageConfig):
    """Finds neck tag and inner collar on a product picture (paper, supplement)."""

    width: Width = 16


class ExtractorConfig(StageConfig):
    """A network trained to read a made-up world's attributes, whose features measure how alike pictures look."""

    width: Width = 16  # channels of the first convolution
    world: WorldConfig  # a world of its own, so that no picture of the experiment is known to it

    @model_validator(mode="after")
    def _halves_four_times(self) -> ExtractorConfig:
        if self.world.height % 16 or self.world.width % 16:
            raise ValueError(f"world: expected sides in multiples of 16, got {self.world.height}x{self.world.width}")
        return self


class StagesConfig(Model):
    """The trained stages of an experiment; a stage that is not named cannot be trained by it."""

    coarse: CoarseConfig | None = None
    refine: RefineConfig | None = None
    crn: CrnConfig | None = None
    prgan: PrganConfig | None = None
    cagan: CaganConfig | None = None
    collar: CollarConfig | None = None
    proxy: ExtractorConfig | None = None  # features of the perceptual loss where ImageNet's are not to be had
    judge: ExtractorConfig | None = None  # features of the distance that scores; never those that trained


class PerceptualConfig(Model):
    """Features of the perceptual loss (paper, section 3.2): VGG-19's, or a stand-in's of the same shape."""

    weights: Literal["imagenet", "proxy"] | Path = "imagenet"  # torchvision's, the trained stage's, or those of a file


class TrainingConfig(Model):
    """How training is run.

    `precision` and `mirror` decide the weights.  On several devices, or with `accumulate`, batch norm of stages that
    have it sees a part of a batch at a time (on GPUs it is synchronised), and CAGAN's target is another sample of the
    same part.
    """

    precision: Literal["32-true", "bf16-mixed"] = "32-true"
    channels_last: bool = True  # memory format of pictures; faster on CPUs and tensor cores
    devices: PositiveInt = 1  # a node
    nodes: PositiveInt = 1
    accumulate: PositiveInt = 1  # parts that a device's share of a batch is cut into, to save memory
    workers: NonNegativeInt = 0  # processes a device that read ahead
    cache_mib: NonNegativeInt = 1024  # of decoded pictures kept in memory, a process
    log_every: PositiveInt = 20  # steps
    validate_every: PositiveInt = 250  # steps
    save_every: PositiveInt = 250  # steps
    mirror: bool = False  # to the training split comes everybody as a mirror shows them; decides the weights
    tensorboard: bool = False  # the log as tensorboard scalars too; needs the extra `track`
    validation_samples: PositiveInt = 64  # at most so many, in the order of their names
