import numpy as np
import pytest
import torch
import torchvision.transforms.functional as TF
from PIL import Image

from tests.viton_eval.oracles import torch_fidelity
from viton_eval.resizing import resized

WAYS = ("pil-bilinear", "pil-bicubic", "pil-lanczos", "clean-bicubic", "torch-bilinear", "tf1-bilinear")
SIZES = ((48, 36), (299, 299), (9, 14))


def picture(size: tuple[int, int] = (24, 18), seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).integers(0, 256, (*size, 3), np.uint8)


@pytest.mark.parametrize("size", SIZES)
def test_tensorflows_way_is_torch_fidelitys(size):
    torch_fidelity()
    from torch_fidelity.interpolate_compat_tensorflow import interpolate_bilinear_2d_like_tensorflow1x as theirs

    images = torch.from_numpy(picture()).permute(2, 0, 1)[None].float()
    expected = theirs(images, size, align_corners=False)[0].permute(1, 2, 0).numpy()
    np.testing.assert_array_equal(resized(picture(), size, "tf1-bilinear"), expected)


@pytest.mark.parametrize("size", SIZES)
def test_pillows_bilinear_is_torchvisions_resize_of_a_file(size):
    expected = np.asarray(TF.resize(Image.fromarray(picture()), list(size)))
    np.testing.assert_array_equal(resized(picture(), size, "pil-bilinear"), expected)


@pytest.mark.parametrize("size", SIZES)
def test_clean_is_pillows_bicubic_before_it_is_rounded(size):
    pixels = 100 + picture() // 5  # so that Pillow has nothing to clip between its two directions
    clean = resized(pixels, size, "clean-bicubic")
    assert abs(clean - resized(pixels, size, "pil-bicubic")).max() <= 1.1  # rounded once a direction
    assert (clean != clean.round()).any()
    wild = resized(picture(), size, "clean-bicubic")
    assert 0 <= wild.min() <= wild.max() <= 255


def test_torchs_way_is_antialiased_and_tensorflows_is_not():
    stripes = np.zeros((66, 66, 3), np.uint8)
    stripes[::2] = 255
    assert abs(resized(stripes, (22, 22), "torch-bilinear") - 127.5).max() < 20
    assert set(np.unique(resized(stripes, (22, 22), "tf1-bilinear"))) == {0.0, 255.0}


def test_no_two_ways_are_the_same():
    made = [resized(picture(), (9, 14), way) for way in WAYS]
    for i, one in enumerate(made):
        for other in made[i + 1 :]:
            assert abs(one - other).max() > 0.1


@pytest.mark.parametrize("way", [*WAYS, "none"])
def test_a_plain_picture_stays_plain_and_one_of_the_size_as_it_is(way):
    plain = np.full((24, 18, 3), (10, 130, 255), np.uint8)
    if way != "none":
        for size in SIZES:
            made = resized(plain, size, way)
            assert made.shape == (*size, 3)
            np.testing.assert_allclose(made, np.broadcast_to(plain[0, 0], made.shape), atol=1e-3)
    for size in ((24, 18), None):
        made = resized(picture(), size, way)
        assert made.dtype == np.float32
        np.testing.assert_array_equal(made, picture())


def test_what_cannot_be_resized_is_refused():
    with pytest.raises(ValueError, match=r"expected the size \(9, 9\), since nothing is resized, got \(24, 18\)"):
        resized(picture(), (9, 9), "none")
    with pytest.raises(ValueError, match="resize: expected one of none, pil-bilinear"):
        resized(picture(), (9, 9), "nearest")
    with pytest.raises(ValueError, match=r"expected uint8 \(H, W, 3\), got float64"):
        resized(picture() / 255, (9, 9), "none")
