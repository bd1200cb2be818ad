import hashlib
import io

import numpy as np
import pytest
import torch
import torchvision.models

from tests.viton_eval.oracles import torch_fidelity
from viton.errors import InputError
from viton_eval.features import extract
from viton_eval.inception import inception_of_tensorflow, inception_of_torchvision


def pictures(count: int, size: tuple[int, int] = (64, 48)) -> list[tuple[str, np.ndarray]]:
    rng = np.random.default_rng(0)
    return [(f"{i}.png", rng.integers(0, 256, (*size, 3), np.uint8) // (i + 1)) for i in range(count)]


def enlivened(network: torch.nn.Module) -> torch.nn.Module:
    """The same with convolutions under which pictures still differ after fifty layers."""
    for layer in network.modules():
        if isinstance(layer, torch.nn.Conv2d):
            torch.nn.init.kaiming_normal_(layer.weight, nonlinearity="relu")
    return network


def tell_apart(values: np.ndarray) -> bool:
    """Whether an oracle's rows for two pictures differ by more than rounding could explain."""
    return bool(abs(values[0] - values[1]).max() > 1e-2 * abs(values).max())


@pytest.fixture(scope="module")
def ported(tmp_path_factory):
    """torch-fidelity's own network with weights as drawn, and their file."""
    torch_fidelity()
    from torch_fidelity.feature_extractor_inceptionv3 import FeatureExtractorInceptionV3

    torch.manual_seed(0)
    empty = io.BytesIO()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(torch, "load", lambda *_, **__: {})
        patch.setattr(FeatureExtractorInceptionV3, "load_state_dict", lambda *_, **__: None)
        network = FeatureExtractorInceptionV3("n", ["2048", "logits_unbiased", "logits"], empty)
    path = tmp_path_factory.mktemp("tf") / "inception.pth"
    torch.save(enlivened(network).state_dict(), path)
    return network, path


@pytest.fixture(scope="module")
def torchvisions(tmp_path_factory):
    torch.manual_seed(0)
    network = torchvision.models.inception_v3(weights=None, init_weights=False, transform_input=True).eval()
    path = tmp_path_factory.mktemp("tv") / "inception.pth"
    torch.save(enlivened(network).state_dict(), path)
    return network, path


def test_tensorflows_features_are_torch_fidelitys_own(ported):
    network, path = ported
    (found,) = extract(pictures(2), [inception_of_tensorflow(path)], batch=2)
    images = torch.stack([torch.from_numpy(pixels).permute(2, 0, 1) for _, pixels in pictures(2)])
    with torch.no_grad():
        expected = network(images)
    assert found.values["features"].shape == (2, 2048)
    assert found.values["logits"].shape == (2, 1008)
    for output, theirs in zip(("features", "logits_unbiased", "logits"), expected, strict=True):
        scale = float(theirs.abs().max())
        np.testing.assert_allclose(found.values[output], theirs.numpy(), rtol=0, atol=1e-5 * scale)
        assert tell_apart(theirs.numpy())
    assert (found.input_size, found.resize) == ((299, 299), "tf1-bilinear")


def test_torchvisions_logits_are_those_of_its_model_on_pictures_normalised_by_imagenet(torchvisions):
    network, path = torchvisions
    (found,) = extract(pictures(2, (299, 299)), [inception_of_torchvision(path)])
    mean, std = torch.tensor([0.485, 0.456, 0.406]), torch.tensor([0.229, 0.224, 0.225])
    images = torch.stack([torch.from_numpy(pixels) for _, pixels in pictures(2, (299, 299))]) / 255
    with torch.no_grad():
        expected = network(((images - mean) / std).permute(0, 3, 1, 2)).numpy()
    np.testing.assert_allclose(found.values["logits"], expected, rtol=0, atol=1e-5 * abs(expected).max())
    assert tell_apart(expected)
    assert found.values["features"].shape == (2, 2048)


def test_features_do_not_depend_on_the_batch_size(torchvisions):
    extractor = inception_of_torchvision(torchvisions[1])
    whole, single = (extract(pictures(3), [extractor], batch=size)[0].values["features"] for size in (3, 1))
    np.testing.assert_allclose(whole, single, rtol=0, atol=1e-5 * abs(whole).max())
    assert tell_apart(whole)


def test_each_names_itself_by_what_came(ported, torchvisions):
    one, other = inception_of_tensorflow(ported[1]), inception_of_torchvision(torchvisions[1])
    assert one.name == "inception-v3-tf (not the published file 6726825d)"
    assert other.name == "inception-v3-torchvision (not the paper's weights)"
    assert one.sha256 == hashlib.sha256(ported[1].read_bytes()).hexdigest()
    one.sha256 = "6726825d" + "0" * 56
    assert one.name == "inception-v3-tf"


def test_one_is_never_taken_for_the_other(ported, torchvisions):
    with pytest.raises(InputError, match=r"expected torchvision's Inception-v3 .*, got inception-v3-tf$"):
        inception_of_torchvision(ported[1])
    with pytest.raises(InputError, match=r"expected Inception-v3 in TensorFlow's weights .*, got inception-v3-torchv"):
        inception_of_tensorflow(torchvisions[1])


@pytest.mark.parametrize("reading", [inception_of_tensorflow, inception_of_torchvision])
def test_missing_and_other_files_say_what_to_do(reading, tmp_path, torchvisions):
    with pytest.raises(InputError, match=r"expected .*download .* and name the file\), got no such file"):
        reading(tmp_path / "none.pth")
    torch.save({"fc.weight": torch.zeros(10, 2048)}, tmp_path / "other.pth")
    with pytest.raises(InputError, match="got weights of another network"):
        reading(tmp_path / "other.pth")


def test_damaged_weights_are_refused(torchvisions, tmp_path):
    tensors = torch.load(torchvisions[1], weights_only=True)
    lacking = {name: tensor for name, tensor in tensors.items() if name != "Mixed_5b.branch1x1.conv.weight"}
    torch.save(lacking, tmp_path / "lacking.pth")
    with pytest.raises(InputError, match=r"Mixed_5b\.branch1x1\.conv\.weight in the shape .*, got no such tensor"):
        inception_of_torchvision(tmp_path / "lacking.pth")
    tensors["fc.bias"] = torch.full((1000,), torch.nan)
    torch.save(tensors, tmp_path / "nan.pth")
    with pytest.raises(InputError, match=r"finite numbers in fc\.bias"):
        inception_of_torchvision(tmp_path / "nan.pth")
