import pytest
import torch
from torchvision.models.vgg import cfgs, make_layers

from viton.errors import InputError
from viton.vgg import DEPTHS, MEAN, STD, VggFeatures, vgg_from

ENDS = {"conv1_2": 3, "conv2_2": 8, "conv3_2": 13, "conv4_2": 22, "conv5_2": 31}  # torchvision's ReLU after each


@pytest.fixture(scope="module")
def reference():
    """Torchvision's layers of VGG-19 with random weights, large enough that every depth is alive."""
    torch.manual_seed(0)
    layers = make_layers(cfgs["E"]).eval().requires_grad_(False)
    for layer in layers:
        if isinstance(layer, torch.nn.Conv2d):
            torch.nn.init.kaiming_normal_(layer.weight)
            torch.nn.init.normal_(layer.bias, std=0.1)
    return layers


@pytest.fixture
def image():
    return torch.rand(2, 3, 32, 48, generator=torch.Generator().manual_seed(1)) * 2 - 1


def _reference_features(layers, image):
    x = ((image + 1) / 2 - torch.tensor(MEAN)[:, None, None]) / torch.tensor(STD)[:, None, None]
    features = []
    for number, layer in enumerate(layers):
        x = layer(x)
        if number in ENDS.values():
            features.append(x.clone())
    return features


@pytest.mark.parametrize("prefix", ["features.", "", "proxy.body.features."])
def test_features_equal_those_of_torchvisions_layers_whatever_the_prefix_of_their_names(reference, image, prefix):
    tensors = {f"{prefix}{name}": tensor for name, tensor in reference.state_dict().items()}
    network = vgg_from({**tensors, "classifier.0.weight": torch.zeros(2, 2)}, "here")
    assert network.width == 64
    with torch.no_grad():
        for ours, theirs in zip(network(image), _reference_features(reference, image), strict=True):
            torch.testing.assert_close(ours, theirs)


def test_state_dict_has_torchvisions_names_up_to_conv5_2(reference):
    theirs = {f"features.{name}" for name in reference.state_dict() if int(name.split(".")[0]) <= 30}
    assert set(VggFeatures(2).state_dict()) == theirs


def test_shapes_halve_and_channels_grow(image):
    shapes = [tuple(depth.shape) for depth in VggFeatures(3)(image)]
    assert shapes == [(2, 3, 32, 48), (2, 6, 16, 24), (2, 12, 8, 12), (2, 24, 4, 6), (2, 24, 2, 3)]
    assert len(shapes) == len(DEPTHS)


def test_last_runs_no_deeper_layer(image):
    network = VggFeatures(2)
    called = []
    for number, layer in enumerate(network.features):
        layer.register_forward_hook(lambda *_, number=number: called.append(number))
    shallow = network(image, last=2)
    assert called == list(range(9))
    torch.testing.assert_close(shallow, network(image)[:2])


def test_average_pooling_is_another_network_with_the_same_weights(image):
    largest, average = VggFeatures(2), VggFeatures(2, "average")
    average.load_state_dict(largest.state_dict())
    assert torch.equal(largest(image)[0], average(image)[0])
    assert not torch.allclose(largest(image)[1], average(image)[1])


def test_fresh_features_neither_die_nor_explode_with_depth(image):
    torch.manual_seed(0)
    scales = [float(depth.detach().std()) for depth in VggFeatures(16)(image)]
    assert max(scales) / min(scales) < 10


def _without(tensors, name):
    return {key: tensor for key, tensor in tensors.items() if key != name}


@pytest.mark.parametrize(
    ("spoil", "message"),
    [
        (lambda tensors: {}, "expected the weights of VGG-19 .*, got no tensors"),
        (lambda tensors: {"fc.weight": torch.zeros(1)}, "expected the weights of VGG-19 .*, got fc.weight"),
        (
            lambda tensors: _without(tensors, "features.16.weight"),
            "features.16.weight of VGG-19 .*, got no such tensor",
        ),
        (lambda tensors: {**tensors, "features.7.weight": torch.zeros(4, 2, 3, 3)}, r"got \(4, 2, 3, 3\)"),
        (lambda tensors: {**tensors, "features.2.bias": torch.full((2,), torch.nan)}, "finite numbers in features.2"),
        (lambda tensors: {**tensors, "features.2.bias": torch.zeros(2, dtype=torch.int32)}, "finite numbers"),
        (lambda tensors: {**tensors, "features.0.weight": torch.zeros(0, 3, 3, 3)}, "expected the weights of VGG-19"),
    ],
)
def test_weights_of_anything_else_are_refused_in_one_line(spoil, message):
    with pytest.raises(InputError, match=message) as caught:
        vgg_from(spoil(VggFeatures(2).state_dict()), "here")
    assert "\n" not in str(caught.value)
