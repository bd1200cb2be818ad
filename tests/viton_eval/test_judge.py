import pytest
import torch
import torch.nn.functional as F

from viton.checkpoint import StageFolder
from viton.errors import InputError
from viton.extractors import AttributeReader
from viton.files import sha256_of
from viton.judge import JudgeFeatures
from viton_eval.judge import REACH, Judge, masked_mean


@pytest.fixture(scope="module")
def judge():
    torch.manual_seed(0)
    return Judge(JudgeFeatures(4), "0" * 64)


def pictures(count: int, seed: int = 0, size: tuple[int, int] = (32, 48)) -> torch.Tensor:
    """Soft blotches with some grain."""
    generator = torch.Generator().manual_seed(seed)
    coarse = torch.rand(count, 3, 4, 6, generator=generator)
    grain = torch.rand(count, 3, *size, generator=generator)
    return (F.interpolate(coarse, size, mode="bilinear") + 0.3 * grain).clamp(0, 1.0) * 2 - 1


def blurred(images: torch.Tensor, times: int) -> torch.Tensor:
    for _ in range(times):
        images = F.avg_pool2d(F.pad(images, (1, 1, 1, 1), mode="replicate"), 3, 1)
    return images


def test_distance_is_zero_for_equal_pictures_and_nowhere_negative(judge):
    a, b = pictures(3), pictures(3, 1)
    assert judge.distance_maps(a, a).abs().max() == 0
    assert judge.distance_maps(a, b).min() >= 0
    assert judge.distance_maps(a, b).max() <= 4


def test_distance_is_symmetric(judge):
    a, b = pictures(2), pictures(2, 1)
    torch.testing.assert_close(judge.distance_maps(a, b), judge.distance_maps(b, a))


def test_distance_is_the_mean_over_depths_of_unit_features_squared_differences(judge):
    a, b = pictures(1), pictures(1, 1)
    expected = torch.zeros(1, 1, 32, 48)
    for one, other in zip(judge.network(a), judge.network(b), strict=True):
        apart = (F.normalize(one, dim=1) - F.normalize(other, dim=1)).square().sum(1, keepdim=True)
        expected += F.interpolate(apart, (32, 48), mode="bilinear", align_corners=False) / 5
    torch.testing.assert_close(judge.distance_maps(a, b), expected, rtol=1e-3, atol=1e-5)


def test_stronger_blur_is_farther_away(judge):
    truth = pictures(3)
    masks = torch.ones(3, 1, 32, 48)
    distances = [masked_mean(judge.distance_maps(blurred(truth, times), truth), masks) for times in (0, 1, 4)]
    assert (distances[0] == 0).all()
    assert (distances[1] > 0).all()
    assert (distances[2] > distances[1]).all()


def test_what_lies_beyond_reach_changes_nothing_inside_the_mask(judge):
    size = (16, 16 * 12)
    truth, image = pictures(1, 0, size), pictures(1, 1, size)
    masks = torch.zeros(1, 1, *size)
    masks[..., :32] = 1
    before = masked_mean(judge.distance_maps(image, truth), masks)
    for beyond, changes in ((32 + REACH, False), (32, True)):
        spoilt = image.clone()
        spoilt[..., beyond:] = 1
        after = masked_mean(judge.distance_maps(spoilt, truth), masks)
        assert (abs(float(after - before)) > 1e-6) is changes


def test_a_change_is_felt_where_it_is_and_on_both_sides_alike(judge):
    truth = torch.zeros(1, 3, 128, 128)
    image = truth.clone()
    image[..., 48:80, 48:80] = 0.8
    maps = judge.distance_maps(image, truth)[0, 0]
    assert maps[48:80, 48:80].mean() > 10 * maps[:16].mean()
    y = torch.arange(128.0)
    inside = maps[32:96, 32:96]
    centre = float((inside.sum(1) * y[32:96]).sum() / inside.sum())
    assert centre == pytest.approx(63.5, abs=1.5)


def test_a_batch_is_its_pairs_one_by_one_in_any_order(judge):
    a, b = pictures(4), pictures(4, 1)
    whole, order = judge.distance_maps(a, b), [2, 0, 3, 1]
    torch.testing.assert_close(judge.distance_maps(a[order], b[order]), whole[order], rtol=1e-4, atol=1e-6)
    torch.testing.assert_close(judge.distance_maps(a[:1], b[:1]), whole[:1], rtol=1e-4, atol=1e-6)


def test_masked_mean_weighs_pixels_by_the_mask_and_is_nan_where_there_is_none():
    maps = torch.tensor([[[[1.0, 2.0, 5.0]]]]).repeat(3, 1, 1, 1)
    masks = torch.tensor([[1.0, 1.0, 0.0], [0.0, 0.5, 0.25], [0.0, 0.0, 0.0]]).reshape(3, 1, 1, 3)
    means = masked_mean(maps, masks)
    assert means.dtype == torch.float64
    assert means[:2].tolist() == pytest.approx([1.5, 3.0])
    assert means[2].isnan()


def test_shapes_that_do_not_belong_together_are_refused(judge):
    with pytest.raises(ValueError, match=r"\(B, 3, H, W\) twice"):
        judge.distance_maps(pictures(2), pictures(1))
    with pytest.raises(ValueError, match="multiples of 16"):
        judge.distance_maps(pictures(1, 0, (20, 20)), pictures(1, 0, (20, 20)))
    with pytest.raises(ValueError, match="like the maps"):
        masked_mean(torch.zeros(1, 1, 2, 2), torch.zeros(1, 1, 2, 3))


def test_judge_is_read_from_its_stages_folder_with_the_digest_of_its_weights(judge, tmp_path):
    folder = StageFolder(tmp_path / "judge")
    with pytest.raises(InputError, match="expected a trained stage"):
        Judge.of_stage(folder.path)
    folder.finish({"judge": AttributeReader(judge.network)}, {"stage": "judge", "steps": 1})
    read = Judge.of_stage(folder.path)
    assert read.sha256 == sha256_of(folder.weights)
    torch.testing.assert_close(
        read.distance_maps(pictures(1), pictures(1, 1)), judge.distance_maps(pictures(1), pictures(1, 1))
    )
