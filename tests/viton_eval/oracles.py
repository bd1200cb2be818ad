"""What the numbers of distributions are tested against: torch-fidelity's and torchmetrics' own code, on one extractor.

torch-fidelity comes with the extra `dev`. Where it is missing its tests are skipped, loudly; where CI is set they fail.
"""

import os

import numpy as np
import pytest
import torch
from torch import Tensor, nn

CLASSES = 8


def torch_fidelity():
    """The package, or a loud skip."""
    try:
        import torch_fidelity
    except ImportError:
        message = "NOT MEASURED: no torch-fidelity, the oracle of this number; pip install 'torch-fidelity>=0.4'"
        if os.environ.get("CI"):
            pytest.fail(message)
        pytest.skip(message)
    return torch_fidelity


class SmallExtractor(nn.Module):
    """Pictures uint8 (B,3,H,W) -> float64 (B,8): a seeded linear map of 4x4 means, drawn apart so as to tell much."""

    num_features = CLASSES

    def __init__(self) -> None:
        super().__init__()
        generator = torch.Generator().manual_seed(0)
        self.weight = nn.Parameter(torch.randn(CLASSES, 48, generator=generator, dtype=torch.float64))

    @torch.no_grad()
    def forward(self, images: Tensor) -> Tensor:
        means = nn.functional.adaptive_avg_pool2d(images.double() / 255 - 0.5, 4)
        return 2 * means.flatten(1) @ self.weight.T


def pictures(count: int, seed: int, light: float = 1.0) -> Tensor:
    """Blotches, uint8 (N,3,16,16); darker for a light below 1."""
    coarse = torch.rand(count, 3, 4, 4, generator=torch.Generator().manual_seed(seed)) * light
    return (nn.functional.interpolate(coarse, (16, 16), mode="bilinear") * 255).round().byte()


def features(images: Tensor) -> np.ndarray:
    return SmallExtractor()(images).numpy()


def fidelity_metrics(one: Tensor, other: Tensor | None = None, **settings: object) -> dict[str, float]:
    """What torch-fidelity's front door says of pictures, with SmallExtractor registered as its extractor."""
    fidelity = torch_fidelity()
    from torch_fidelity.feature_extractor_base import FeatureExtractorBase
    from torch_fidelity.registry import FEATURE_EXTRACTORS_REGISTRY

    class Registered(FeatureExtractorBase):
        def __init__(self, name: str, features_list: list[str], **_: object) -> None:
            super().__init__(name, features_list)
            self.small = SmallExtractor()

        @staticmethod
        def get_provided_features_list() -> tuple[str, ...]:
            return ("verdict",)

        @staticmethod
        def get_default_feature_layer_for_metric(metric: str) -> str:
            return "verdict"

        def forward(self, images: Tensor) -> tuple[Tensor]:
            return (self.small(images),)

    FEATURE_EXTRACTORS_REGISTRY["small"] = Registered
    inputs = {"input1": list(one), "input2": list(other) if other is not None else None}
    datasets = {name: _Pictures(each) for name, each in inputs.items() if each is not None}
    return fidelity.calculate_metrics(
        **datasets, feature_extractor="small", cuda=False, cache=False, verbose=False, save_cpu_ram=True, **settings
    )


class _Pictures(torch.utils.data.Dataset):
    def __init__(self, images: list[Tensor]) -> None:
        self.images = images

    def __len__(self) -> int:
        return len(self.images)

    def __getitem__(self, index: int) -> Tensor:
        return self.images[index]
