import sys
from collections.abc import Mapping

import numpy as np
import pytest
import torch
from torch import Tensor

from viton.attributes import ATTRIBUTES
from viton.checkpoint import StageFolder
from viton.errors import InputError, UsageError
from viton.extractors import CLASSES, AttributeReader
from viton.files import sha256_of
from viton.judge import JudgeFeatures
from viton_eval.features import FeatureExtractor, extract, pictures_of
from viton_eval.inception_score import inception_score_of_logits
from viton_eval.judge_features import JudgeExtractor
from viton_eval.own_extractor import own_extractor
from viton_eval.resizing import Resize


class Brightness:
    """Mean of each channel and of the whole, at 8x8."""

    name, sha256 = "brightness", "0" * 64
    input_size: tuple[int, int] | None = (8, 8)
    resize: Resize = "torch-bilinear"

    def __init__(self) -> None:
        self.batches: list[tuple[int, ...]] = []

    def __call__(self, images: Tensor) -> Mapping[str, Tensor]:
        self.batches.append(tuple(images.shape))
        assert images.dtype == torch.float32
        return {"features": images.mean(dim=(2, 3)), "logits": images.mean(dim=(1, 2, 3))[:, None]}


class AsLarge(Brightness):
    input_size, resize = None, "none"


def picture(seed: int, size: tuple[int, int] = (32, 16)) -> np.ndarray:
    return np.random.default_rng(seed).integers(0, 256, (*size, 3), np.uint8)


def named(count: int) -> list[tuple[str, np.ndarray]]:
    return [(f"p{i}.png", picture(i)) for i in range(count)]


@pytest.fixture
def judge(tmp_path):
    """A judge as its stage leaves it, with heads that say something."""
    torch.manual_seed(0)
    reader = AttributeReader(JudgeFeatures(4))
    torch.nn.init.normal_(reader.heads.weight, std=0.3)
    reader.norm.running_mean.normal_()
    StageFolder(tmp_path / "judge").finish({"judge": reader}, {"stage": "judge", "steps": 1})
    return tmp_path / "judge", reader.eval()


def test_each_picture_is_decoded_once_and_seen_once_by_each_extractor():
    asked = []

    def decoded():
        for name, pixels in named(7):
            asked.append(name)
            yield name, pixels

    one, other = Brightness(), AsLarge()
    found = extract(decoded(), [one, other], batch=3)
    assert asked == [name for name, _ in named(7)]
    assert one.batches == [(3, 3, 8, 8), (3, 3, 8, 8), (1, 3, 8, 8)]
    assert other.batches == [(3, 3, 32, 16), (3, 3, 32, 16), (1, 3, 32, 16)]
    assert [each.names for each in found] == [tuple(asked)] * 2


def test_rows_are_the_pictures_in_their_order_with_what_decided_them():
    (found,) = extract(named(5), [AsLarge()], batch=2)
    expected = [pixels.mean(axis=(0, 1)) for _, pixels in named(5)]
    np.testing.assert_allclose(found.values["features"], expected, rtol=1e-5)
    assert found.values["features"].dtype == np.float64
    assert found.values["logits"].shape == (5, 1)
    assert found[2:] == ("brightness", "0" * 64, None, "none")


def test_features_do_not_depend_on_the_batch_size(judge):
    extractors = [JudgeExtractor.of_stage(judge[0]), Brightness()]
    whole = extract(named(7), extractors, batch=7)
    for size in (1, 2, 5):
        for one, other in zip(whole, extract(named(7), extractors, batch=size), strict=True):
            for output, values in one.values.items():
                np.testing.assert_allclose(other.values[output], values, rtol=0, atol=1e-5 * abs(values).max())


def test_pictures_of_unlike_sizes_are_resized_alone_or_refused_by_name():
    mixed = [("a", picture(0)), ("b", picture(1, (20, 30)))]
    (found,) = extract(mixed, [Brightness()])
    (alone,) = extract(mixed[1:], [Brightness()])
    np.testing.assert_allclose(found.values["features"][1:], alone.values["features"], rtol=1e-6)
    with pytest.raises(InputError, match=r"b: expected the size \(32, 16\) of a, got \(20, 30"):
        extract(mixed, [AsLarge()])


def test_features_that_are_not_finite_name_their_pictures():
    class Spoilt(Brightness):
        def __call__(self, images: Tensor) -> Mapping[str, Tensor]:
            values = images.mean(dim=(2, 3))
            values[images[:, 0].mean(dim=(1, 2)) < 100] = torch.nan
            return {"features": values}

    dark = [("dark.png", picture(0) // 8), ("light.png", picture(1)), ("night.png", picture(2) // 9)]
    with pytest.raises(
        InputError, match=r"features of brightness: expected finite numbers, got others for dark\.png, ni"
    ):
        extract(dark, [Spoilt()])
    many = [(f"{i}.png", picture(i) // 8) for i in range(9)]
    with pytest.raises(InputError, match=r"4\.png and 4 more$"):
        extract(many, [Spoilt()])


def test_what_no_extractor_can_say_is_refused():
    class Whole(Brightness):
        def __call__(self, images: Tensor) -> Mapping[str, Tensor]:
            return {"features": images}

    with pytest.raises(InputError, match=r"features of brightness: expected \(2, D\), got \(2, 3, 8, 8\)"):
        extract(named(2), [Whole()])
    with pytest.raises(InputError, match="pictures: expected at least one, got none"):
        extract([], [Brightness()])
    with pytest.raises(ValueError, match="batch: expected at least 1"):
        extract(named(1), [Brightness()], batch=0)
    with pytest.raises(
        InputError, match=r"grey: expected a picture for brightness, got picture: expected uint8 \(H, W, 3"
    ):
        extract([("grey", picture(0)[..., 0])], [Brightness()])


def test_files_are_read_one_by_one_and_a_missing_one_is_named(tmp_path, save_picture):
    save_picture(tmp_path / "a.png", picture(0))
    reading = pictures_of([tmp_path / "a.png", tmp_path / "b.png"])
    name, pixels = next(reading)
    assert name == "a.png"
    np.testing.assert_array_equal(pixels, picture(0))
    with pytest.raises(InputError, match=r"b\.png: expected a picture, got no such file"):
        next(reading)


def test_judges_verdict_is_the_product_of_type_and_pattern(judge):
    folder, reader = judge
    shown = [(name, pixels // (i + 1)) for i, (name, pixels) in enumerate(named(3))]
    (found,) = extract(shown, [JudgeExtractor.of_stage(folder)])
    images = torch.stack([torch.from_numpy(pixels).permute(2, 0, 1) for _, pixels in shown]) / 127.5 - 1
    with torch.no_grad():
        logits = reader(images).double()
    start = {attribute.name: sum(CLASSES[:i]) for i, attribute in enumerate(ATTRIBUTES)}
    kinds, patterns = (logits[:, start[name] : start[name] + 6].softmax(dim=1).numpy() for name in ("type", "pattern"))
    expected = (kinds[:, :, None] * patterns[:, None]).reshape(3, 36)
    verdict = torch.from_numpy(found.values["proxy_logits"]).softmax(dim=1).numpy()
    np.testing.assert_allclose(verdict, expected, rtol=1e-4)
    assert verdict.shape[1] >= 20
    assert inception_score_of_logits(found.values["proxy_logits"], "contiguous", 1).mean > 1.001


def test_judge_says_proxy_in_its_name_and_which_weights_they_are(judge):
    folder, reader = judge
    (found,) = extract(named(2), [JudgeExtractor.of_stage(folder)])
    assert "proxy" in found.extractor
    assert found.sha256 == sha256_of(StageFolder(folder).weights)
    assert found.values["features"].shape == (2, sum(reader.body.channels))


def test_judge_without_heads_or_of_another_size_is_refused(judge, tmp_path):
    extractor = JudgeExtractor.of_stage(judge[0])
    with pytest.raises(ValueError, match="multiples of 16"):
        extract([("a", picture(0, (20, 20)))], [extractor])
    torch.manual_seed(0)
    bare = torch.nn.ModuleDict({"body": JudgeFeatures(4)})
    StageFolder(tmp_path / "bare").finish({"judge": bare}, {"stage": "judge", "steps": 1})
    with pytest.raises(InputError, match=r"norm\.weight in the shape .* of the judge, got no such tensor"):
        JudgeExtractor.of_stage(tmp_path / "bare")


@pytest.fixture
def own_module(tmp_path, monkeypatch):
    """A module of a user's on the path."""
    source = (
        "class Own:\n"
        "    name, sha256, input_size, resize = 'own', '1' * 64, None, 'none'\n"
        "    def __call__(self, images):\n"
        "        return {'features': images.mean(dim=(2, 3))}\n"
        "made = Own()\n"
        "def make():\n    return Own()\n"
        "class Lacking:\n    name = 'lacking'\n    def __call__(self, images):\n        return {}\n"
        "class Strange(Own):\n    resize = 'nearest'\n"
        "number = 3\n"
    )
    (tmp_path / "a_users_module.py").write_text(source)
    monkeypatch.syspath_prepend(tmp_path)
    yield "a_users_module"
    sys.modules.pop("a_users_module", None)


@pytest.mark.parametrize("attribute", ["Own", "made", "make"])
def test_a_users_extractor_is_found_by_its_path(own_module, attribute):
    extractor = own_extractor(f"{own_module}:{attribute}")
    assert isinstance(extractor, FeatureExtractor)
    (found,) = extract(named(2), [extractor])
    assert (found.extractor, found.values["features"].shape) == ("own", (2, 3))


def test_a_users_path_that_names_no_extractor_says_why(own_module):
    for path in ("no colon", "a.b:", ":c", "a..b:c", "../x:y"):
        with pytest.raises(UsageError, match=r"expected package\.module:attribute"):
            own_extractor(path)
    for path, said in (
        ("no_such_module_here:x", "expected a module no_such_module_here that can be imported"),
        (f"{own_module}:absent", f"expected absent in {own_module}, got none"),
        (f"{own_module}:Lacking", "with sha256, input_size, resize, got none"),
        (f"{own_module}:number", "with name, sha256, input_size, resize, got none"),
        (f"{own_module}:Strange", "resize to be one of none, .* got 'nearest'"),
    ):
        with pytest.raises(UsageError, match=said):
            own_extractor(path)
