"""How others arrive at their numbers, as settings: what each one's published evaluation code does, read and not run.

A protocol says which of this project's functions with which arguments give its number. What could only be had by
repeating a fault (a sum divided by another count, an unseeded shuffle, a true picture saved as JPEG twice) is not
repeated but said, in `differs`: there the numbers agree with theirs only nearly, or only on average.
"""

from __future__ import annotations

from dataclasses import dataclass

from viton.coordinates import Size
from viton.errors import UsageError
from viton_eval.inception_score import SplitProtocol
from viton_eval.lpips import Backbone
from viton_eval.resizing import Resize
from viton_eval.ssim_variants import Ssim


@dataclass(frozen=True)
class LpipsSettings:
    """Of LPIPS."""

    backbone: Backbone
    size: Size | None  # (height, width) that both pictures are brought to first; None: as large as they are
    resize: Resize


@dataclass(frozen=True)
class InceptionScoreSettings:
    """Of the Inception Score."""

    extractor: str  # inception-v3-tf or inception-v3-torchvision
    output: str  # of the extractor, from which verdicts are made
    resize: Resize  # to 299x299
    protocol: SplitProtocol
    splits: int
    seed: int | None  # None: nothing is shuffled


@dataclass(frozen=True)
class DistributionSettings:
    """Of FID and KID."""

    extractor: str
    output: str
    resize: Resize  # to 299x299
    kernel_subsets: int
    kernel_subset_size: int  # at most; fewer where a set is smaller
    kernel_factor: float  # by which KID is shown


@dataclass(frozen=True)
class Protocol:
    """The settings of one evaluation; a measure that it lacks is None."""

    name: str
    source: str  # whose code, which file
    size: Size | None  # (height, width) that both pictures are brought to before any measure; None: the results' own
    resize: Resize  # how the true picture gets there
    ssim: Ssim
    lpips: LpipsSettings
    inception_score: InceptionScoreSettings | None
    distribution: DistributionSettings | None
    differs: tuple[str, ...]  # where its code does what is not repeated here


def _clean_fid(kernel_factor: float) -> DistributionSettings:
    """Of clean-fid's mode `clean`, which runs another export of the same weights of TensorFlow."""
    return DistributionSettings(
        "inception-v3-tf", "features", "clean-bicubic", kernel_subsets=100, kernel_subset_size=1000,
        kernel_factor=kernel_factor,
    )  # fmt: skip


PROTOCOLS = {
    "hr-viton": Protocol(
        name="hr-viton",
        source="Lee et al., ECCV 2022: sangyun884/HR-VITON, evaluate.py",
        size=None,
        resize="pil-bilinear",
        ssim="grey-gaussian-inner",
        lpips=LpipsSettings("alex", (128, 128), "pil-bilinear"),
        inception_score=InceptionScoreSettings(
            "inception-v3-torchvision", "logits", "pil-bilinear", "contiguous", splits=1, seed=None
        ),
        distribution=None,
        differs=(
            "sums over the results are divided by the number of true pictures, here by that of the pairs",
            "a true picture is found by the name of the result up to its first underscore, here by the pair",
            "its LPIPS is an early package of the LPIPS authors', here the heads of version 0.1 and unit length as "
            "torchmetrics has it",
        ),
    ),
    "ladi-vton": Protocol(
        name="ladi-vton",
        source="Morelli et al., ACM MM 2023: miccunifi/ladi-vton, src/utils/val_metrics.py",
        size=(512, 384),
        resize="pil-bilinear",
        ssim="rgb-gaussian-mirrored",
        lpips=LpipsSettings("alex", None, "none"),
        inception_score=InceptionScoreSettings(
            "inception-v3-tf", "logits_unbiased", "torch-bilinear", "torchmetrics", splits=10, seed=0
        ),
        distribution=_clean_fid(kernel_factor=1),
        differs=(
            "the Inception Score's shuffle is unseeded, here by the seed 0",
            "torchmetrics of before 1.8 resized for its Inception Score as tf1-bilinear does",
            "FID and KID compare with statistics of all true pictures of the test set, whatever the pairs; KID's "
            "subsets are unseeded",
        ),
    ),
    "catvton": Protocol(
        name="catvton",
        source="Chong et al., ICLR 2025: Zheng-Chong/CatVTON, eval.py",
        size=None,
        resize="pil-lanczos",
        ssim="rgb-gaussian-mirrored",
        lpips=LpipsSettings("squeeze", None, "none"),
        inception_score=None,
        distribution=_clean_fid(kernel_factor=1000),
        differs=(
            "true pictures of another height are saved anew under their names, a .jpg as JPEG, before they are "
            "compared; here they stay as they were resized",
            "results without a true picture are printed and left out, here they are an error",
            "KID's subsets are unseeded",
        ),
    ),
}


def protocol_of(name: str) -> Protocol:
    """The protocol of a name; raises UsageError for others."""
    if name not in PROTOCOLS:
        raise UsageError(f"protocol: expected one of {', '.join(PROTOCOLS)}, got {name!r}")
    return PROTOCOLS[name]
