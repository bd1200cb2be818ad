from typing import get_args

import numpy as np
import pytest
import torch
from PIL import Image
from skimage.metrics import structural_similarity
from torchmetrics.functional.image import structural_similarity_index_measure

from viton_eval.ssim_variants import Ssim, ssim_by, ssim_grey_gaussian, ssim_grey_uniform, ssim_rgb_gaussian


def pair(size: tuple[int, int] = (48, 37), seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """A picture of blotches and a noisier one."""
    rng = np.random.default_rng(seed)
    coarse = Image.fromarray(rng.integers(0, 256, (8, 6, 3), np.uint8)).resize(size[::-1], Image.Resampling.BICUBIC)
    truth = np.asarray(coarse)
    made = (truth + rng.normal(0, 20, truth.shape)).clip(0, 255).astype(np.uint8)
    return made, truth


def grey(pixels: np.ndarray) -> np.ndarray:
    return np.asarray(Image.fromarray(pixels).convert("L"))


GAUSSIAN = {"data_range": 255, "gaussian_weights": True, "use_sample_covariance": False}


@pytest.mark.parametrize("size", [(48, 37), (11, 11), (64, 200)])
def test_grey_variants_are_scikit_images(size):
    made, truth = pair(size)
    assert ssim_grey_gaussian(made, truth) == pytest.approx(
        structural_similarity(grey(truth), grey(made), **GAUSSIAN), abs=1e-12
    )
    assert ssim_grey_uniform(made, truth) == pytest.approx(
        structural_similarity(grey(truth), grey(made), data_range=255), abs=1e-11
    )


def test_colour_variant_is_scikit_images():
    made, truth = pair()
    expected = structural_similarity(truth, made, channel_axis=2, **GAUSSIAN)
    assert ssim_rgb_gaussian(made, truth) == pytest.approx(expected, abs=1e-12)


def test_mirrored_variant_is_torchmetrics():
    made, truth = (torch.from_numpy(each.copy()).permute(2, 0, 1)[None].double() / 255 for each in pair())
    expected = structural_similarity_index_measure(made, truth, data_range=1.0)
    assert ssim_by("rgb-gaussian-mirrored", *pair()) == pytest.approx(float(expected), abs=1e-9)


def test_the_variants_differ_on_the_same_pictures_and_each_is_one_for_equal_ones():
    found = [ssim_by(variant, *pair()) for variant in get_args(Ssim)]
    assert len({round(each, 4) for each in found}) == 4
    for variant in get_args(Ssim):
        made, truth = pair()
        assert ssim_by(variant, truth, truth) == pytest.approx(1, abs=1e-12)
        assert ssim_by(variant, made, truth) == pytest.approx(ssim_by(variant, truth, made), abs=1e-12)


def test_plain_pictures_are_apart_by_their_light_alone():
    dark, light = np.full((20, 20, 3), 100, np.uint8), np.full((20, 20, 3), 150, np.uint8)
    c1 = 2.55**2
    expected = (2 * 100 * 150 + c1) / (100**2 + 150**2 + c1)
    for variant in get_args(Ssim):
        assert ssim_by(variant, dark, light) == pytest.approx(expected, abs=1e-9)


def test_what_cannot_be_compared_is_refused():
    made, truth = pair()
    with pytest.raises(ValueError, match=r"expected uint8 \(H, W, 3\) twice"):
        ssim_by("grey-gaussian-inner", made, truth[:-1])
    with pytest.raises(ValueError, match=r"expected uint8 \(H, W, 3\) twice, got float64"):
        ssim_by("grey-gaussian-inner", made / 255, truth / 255)
    with pytest.raises(ValueError, match="at least 11 pixels a side"):
        ssim_by("rgb-gaussian-inner", made[:10], truth[:10])
    with pytest.raises(ValueError, match="ssim: expected one of rgb-gaussian-mirrored"):
        ssim_by("ms-ssim", made, truth)
