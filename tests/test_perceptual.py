import json
import pickle
from urllib.error import URLError

import pytest
import torch
from safetensors.torch import save_file

from viton.checkpoint import StageFolder
from viton.data.viton_hd import VitonHd
from viton.errors import InputError
from viton.extractors import AttributeReader
from viton.files import sha256_of
from viton.perceptual import (
    AUTHORS_SHARE,
    TERMS,
    PerceptualLoss,
    Scales,
    calibrate,
    calibration_images,
    load_perceptual,
    load_vgg,
    mean_distance,
    stored_lambdas,
    weights_digest,
)
from viton.stage_config import PerceptualConfig
from viton.vgg import VggFeatures


def pictures(count: int, seed: int = 0, size: tuple[int, int] = (32, 48)) -> torch.Tensor:
    return torch.rand(count, 3, *size, generator=torch.Generator().manual_seed(seed)) * 2 - 1


@pytest.fixture
def features():
    torch.manual_seed(0)
    return VggFeatures(2)


@pytest.fixture
def weights(features, tmp_path):
    path = tmp_path / "vgg.safetensors"
    save_file(features.state_dict(), path)
    return path


def test_terms_are_weighted_mean_absolute_differences(features):
    loss = PerceptualLoss(features, (1, 2, 3, 4, 5, 6), "")
    a, b = pictures(2), pictures(2, 1)
    terms = loss(a, b)
    assert list(terms) == list(TERMS)
    for i, (one, other) in enumerate(zip([a, *features(a)], [b, *features(b)], strict=True)):
        torch.testing.assert_close(terms[TERMS[i]], (i + 1) * (one - other).abs().mean())


def test_equal_pictures_cost_nothing_and_a_swap_changes_nothing(features):
    loss = PerceptualLoss(features, (1,) * 6, "")
    a, b = pictures(2), pictures(2, 1)
    assert all(float(term) == 0 for term in loss(a, a).values())
    assert {k: float(v) for k, v in loss(a, b).items()} == {k: float(v) for k, v in loss(b, a).items()}


def test_layers_pick_terms_and_pixels_alone_run_no_network(features):
    loss = PerceptualLoss(features, (1,) * 6, "")
    whole = loss(pictures(1), pictures(1, 1))
    later = loss(pictures(1), pictures(1, 1), layers=(3, 4, 5))
    assert later == {name: whole[name] for name in ("conv3_2", "conv4_2", "conv5_2")}
    features.forward = None
    assert list(loss(pictures(1), pictures(1, 1), layers=(0,))) == ["pixels"]


def test_gradients_reach_the_picture_and_nothing_else(features):
    loss = PerceptualLoss(features, (1,) * 6, "")
    image, target = pictures(1).requires_grad_(), pictures(1, 1).requires_grad_()
    torch.stack(list(loss(image, target).values())).sum().backward()
    assert image.grad.abs().min() > 0
    assert target.grad is None
    assert all(parameter.grad is None and not parameter.requires_grad for parameter in loss.parameters())


def test_mean_distance_has_the_gradient_of_what_it_stands_for():
    a, b = pictures(2).requires_grad_(), pictures(2, 1)
    mean_distance(a, b).mul(3).backward()
    ours, a.grad = a.grad, None
    ((a - b).abs().mean() * 3).backward()
    torch.testing.assert_close(ours, a.grad)


def test_mean_distance_of_bfloat16_is_taken_in_float32():
    a = torch.full((1, 1, 100, 100), 1.0, dtype=torch.bfloat16, requires_grad=True)
    b = torch.full((1, 1, 100, 100), 2.0**-9, dtype=torch.bfloat16)
    distance = mean_distance(a, b)
    assert distance.dtype == torch.float32
    assert float(distance.detach()) == pytest.approx(1 - 2.0**-9, abs=1e-6)  # in bfloat16 it would be 1
    distance.backward()
    assert a.grad.dtype == torch.bfloat16


def test_bf16_autocast_and_channels_last_change_the_terms_by_rounding_alone(features):
    loss = PerceptualLoss(features, (1,) * 6, "")
    plain = loss(pictures(2), pictures(2, 1))
    loss = loss.to(memory_format=torch.channels_last)
    with torch.autocast("cpu", torch.bfloat16):
        fast = loss(pictures(2), pictures(2, 1))
    for name, term in plain.items():
        assert fast[name].dtype == torch.float32
        torch.testing.assert_close(fast[name], term, rtol=0.02, atol=0)


def test_calibrated_terms_are_all_as_large_as_the_pixels(features):
    images = pictures(5)
    lambdas = calibrate(features, images)
    terms = PerceptualLoss(features, lambdas, "")(images, images.roll(-1, 0))
    assert lambdas[0] == 1
    for term in terms.values():
        torch.testing.assert_close(term, terms["pixels"], rtol=1e-4, atol=0)


def test_calibrated_gradients_are_all_as_large_as_the_pixels(features):
    images = pictures(5)
    lambdas = calibrate(features, images, "gradients")
    assert lambdas[0] == 1
    assert lambdas[1:] != pytest.approx(calibrate(features, images)[1:], rel=0.01)  # or nothing is shown here
    loss, sums = PerceptualLoss(features, lambdas, ""), dict.fromkeys(TERMS, 0.0)
    for image, target in zip(images.split(1), images.roll(1, 0).split(1), strict=True):
        image = image.clone().requires_grad_()
        for name, term in loss(image, target).items():
            sums[name] += float(torch.autograd.grad(term, image, retain_graph=True)[0].norm())
    assert list(sums.values()) == pytest.approx([sums["pixels"]] * 6, rel=1e-3)


def test_calibration_leaves_no_gradient_behind(features):
    calibrate(features.requires_grad_(True), pictures(2), "gradients")
    assert all(parameter.grad is None for parameter in features.parameters())


def test_calibration_needs_pictures_that_differ(features):
    with pytest.raises(ValueError, match="at least 2 pictures, got 1"):
        calibrate(features, pictures(1))
    with pytest.raises(ValueError, match="differ in pixels"):
        calibrate(features, pictures(1).repeat(2, 1, 1, 1))
    torch.nn.init.zeros_(features.features[30].weight)
    with pytest.raises(ValueError, match="differ in conv5_2"):
        calibrate(features, pictures(2))
    with pytest.raises(ValueError, match="a gradient of conv5_2, got one of 0"):
        calibrate(features, pictures(2), "gradients")


def test_lambdas_are_kept_under_the_extractors_digest_and_read_back(features, tmp_path, monkeypatch):
    scales = Scales("a" * 64, "max", "terms")
    made = stored_lambdas(features, scales, pictures(3), tmp_path)
    (path,) = tmp_path.iterdir()
    assert path.name.startswith(f"lambdas-{'a' * 16}-32x48-max-")
    assert json.loads(path.read_text())["extractor"] == "a" * 64
    monkeypatch.setattr("viton.perceptual.calibrate", lambda *_: pytest.fail("calibrated again"))
    assert stored_lambdas(features, scales, pictures(3), tmp_path) == made


@pytest.mark.parametrize("change", ["extractor", "pictures", "size", "pooling", "equal"])
def test_other_lambdas_are_made_for_anything_else(features, tmp_path, change):
    given = {"extractor": "a" * 64, "pictures": pictures(3), "pooling": "max", "equal": "terms"}
    others = {"extractor": "b" * 64, "pictures": pictures(3, 9), "pooling": "average", "size": pictures(3, 0, (32, 32))}
    others["equal"] = "gradients"
    for made in (given, {**given, "pictures" if change == "size" else change: others[change]}):
        scales = Scales(made["extractor"], made["pooling"], made["equal"])
        stored_lambdas(features, scales, made["pictures"], tmp_path)
    assert len(list(tmp_path.iterdir())) == 2


def test_spoilt_lambdas_are_an_input_error(features, tmp_path):
    scales = Scales("a" * 64, "max", "terms")
    stored_lambdas(features, scales, pictures(3), tmp_path)
    (path,) = tmp_path.iterdir()
    path.write_text(json.dumps({**json.loads(path.read_text()), "lambdas": [1, 2]}))
    with pytest.raises(InputError, match="6 numbers above 0"):
        stored_lambdas(features, scales, pictures(3), tmp_path)


def test_calibration_set_is_the_first_photos_in_the_order_of_their_names(make_tiny_hd):
    data = VitonHd(make_tiny_hd(split="train").root, "train")
    both = calibration_images(data, (64, 48))
    assert both.shape == (2, 3, 64, 48)
    assert torch.equal(calibration_images(data, (64, 48), count=1), both[:1])
    assert both.min() >= -1
    assert both.max() > 0.5


def test_a_file_is_loaded_with_its_digest(weights, tmp_path):
    config = PerceptualConfig(weights=weights)
    loss = load_perceptual(config, None, "paper", pictures(3), tmp_path / "scales")
    assert loss.sha256 == sha256_of(weights) == weights_digest(config, None)
    assert loss.features.width == 2


@pytest.mark.parametrize("stage", ["coarse", "refine"])
def test_authors_lambdas_are_the_calibrated_ones_times_their_share(weights, tmp_path, stage):
    config = PerceptualConfig(weights=weights)
    loss = load_perceptual(config, None, "authors", pictures(3), tmp_path / "scales", stage)
    calibrated = calibrate(load_vgg(weights, "average"), pictures(3))
    assert loss.lambdas == pytest.approx((1, *(AUTHORS_SHARE[stage] * each for each in calibrated[1:])))


def test_authors_shares_follow_from_their_effective_weights():
    """Row 12's weights times 128 times the divisors are one share for all layers; row 14's likewise."""
    divisors = (5.3 / 2.5, 2.7 * 1.2, 1.35 * 2.3, 0.67 * 8.2, 0.16)
    first, second = (0.002211, 0.001447, 0.001510, 0.000853, 0.029297), (0.000671, 0.000379, 0.013021)
    assert [w * 128 * d for w, d in zip(first, divisors, strict=True)] == pytest.approx(
        [AUTHORS_SHARE["coarse"]] * 5, rel=1e-3
    )
    assert [w * 128 * d for w, d in zip(second, divisors[2:], strict=True)] == pytest.approx(
        [AUTHORS_SHARE["refine"]] * 3, rel=1e-3
    )


def test_proxy_is_read_from_its_stages_folder(features, tmp_path):
    folder = StageFolder(tmp_path / "proxy")
    folder.finish({"proxy": AttributeReader(features)}, {"stage": "proxy", "steps": 1})
    loss = load_perceptual(PerceptualConfig(weights="proxy"), folder.path, "paper", pictures(3), tmp_path / "scales")
    assert loss.sha256 == sha256_of(folder.weights)
    torch.testing.assert_close(loss.features(pictures(1)), features(pictures(1)))


def test_an_untrained_proxy_is_an_input_error(tmp_path):
    with pytest.raises(InputError, match="expected a trained stage"):
        load_perceptual(PerceptualConfig(weights="proxy"), tmp_path, "paper", pictures(3), tmp_path)
    with pytest.raises(InputError, match="trained stage `proxy`"):
        load_perceptual(PerceptualConfig(weights="proxy"), None, "paper", pictures(3), tmp_path)


def test_without_a_network_one_line_says_what_to_do(tmp_path, monkeypatch):
    monkeypatch.setattr("torch.hub.get_dir", lambda: str(tmp_path))

    def unreachable(*_args, **_options):
        raise URLError("no route to host")

    monkeypatch.setattr("torch.hub.download_url_to_file", unreachable)
    with pytest.raises(InputError) as caught:
        weights_digest(PerceptualConfig(weights="imagenet"), None)
    message = str(caught.value)
    assert "\n" not in message
    for part in ("perceptual.weights=FILE", "perceptual.weights=proxy", "no route to host", "vgg19-dcbb9e9d.pth"):
        assert part in message


def test_a_cached_imagenet_file_is_used_without_a_network(tmp_path, monkeypatch, features):
    monkeypatch.setattr("torch.hub.get_dir", lambda: str(tmp_path))
    monkeypatch.setattr("torch.hub.download_url_to_file", lambda *_a, **_o: pytest.fail("asked the network"))
    path = tmp_path / "checkpoints" / "vgg19-dcbb9e9d.pth"
    path.parent.mkdir()
    torch.save(features.state_dict(), path)
    loss = load_perceptual(PerceptualConfig(), None, "paper", pictures(2), tmp_path / "scales")
    assert loss.sha256 == sha256_of(path)


class _Hostile:
    def __reduce__(self):
        return (open, ("executed", "w"))


def _truncated(path, features):
    torch.save(features.state_dict(), path)
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])


def _truncated_safetensors(path, features):
    save_file(features.state_dict(), path)
    path.write_bytes(path.read_bytes()[:-9])


SPOILT = {
    "truncated.pth": _truncated,
    "truncated.safetensors": _truncated_safetensors,
    "empty.pth": lambda path, _: path.write_bytes(b""),
    "empty.safetensors": lambda path, _: path.write_bytes(b""),
    "hostile.pth": lambda path, _: path.write_bytes(pickle.dumps({"features.0.weight": _Hostile()}, 2)),
    "hostile_zip.pth": lambda path, _: torch.save({"features.0.weight": _Hostile()}, path),
    "text.pth": lambda path, _: path.write_text("no weights"),
    "list.pth": lambda path, _: torch.save([1, 2], path),
    "numbers.pth": lambda path, _: torch.save({"features.0.weight": 3, 4: torch.zeros(1)}, path),
    "missing.pth": lambda path, _: None,
}  # fmt: skip


@pytest.mark.parametrize("name", SPOILT)
def test_a_spoilt_file_is_one_line_and_runs_nothing(name, features, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    SPOILT[name](tmp_path / name, features)
    with pytest.raises(InputError, match=name) as caught:
        load_perceptual(PerceptualConfig(weights=tmp_path / name), None, "paper", pictures(2), tmp_path / "scales")
    assert "\n" not in str(caught.value)
    assert not (tmp_path / "executed").exists()
