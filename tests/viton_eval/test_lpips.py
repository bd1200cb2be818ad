import hashlib

import pytest
import torch
import torch.nn.functional as F
import torchvision.models
from torchmetrics.functional.image.lpips import _LPIPS

from viton.errors import InputError
from viton_eval.judge import masked_mean
from viton_eval.lpips import KINDS, LEAST, Lpips, features_of

BACKBONES = tuple(KINDS)


def seeded(backbone):
    torch.manual_seed(0)
    return features_of(backbone)


@pytest.fixture(scope="module", params=BACKBONES)
def pair(request):
    """Our distance and torchmetrics', with one backbone."""
    features = seeded(request.param)
    theirs = {}
    for spatial in (False, True):
        network = _LPIPS(net=request.param, pnet_rand=True, spatial=spatial)
        slices = (
            network.net.slices
            if request.param == "squeeze"
            else [getattr(network.net, f"slice{i}") for i in range(1, 6)]
        )
        for part in slices:
            for number, layer in part.named_children():
                layer.load_state_dict(features[int(number)].state_dict())
        theirs[spatial] = network
    return Lpips(request.param, features), theirs


def pictures(count: int, seed: int = 0, size: tuple[int, int] = (48, 40)) -> torch.Tensor:
    generator = torch.Generator().manual_seed(seed)
    coarse = torch.rand(count, 3, 5, 4, generator=generator)
    grain = torch.rand(count, 3, *size, generator=generator)
    return (F.interpolate(coarse, size, mode="bilinear") + 0.3 * grain).clamp(0, 1) * 2 - 1


def test_numbers_and_maps_are_torchmetrics_with_the_same_backbone(pair):
    ours, theirs = pair
    a, b = pictures(3), pictures(3, 1)
    found = ours.distances(a, b)
    torch.testing.assert_close(found.means.float(), theirs[False](a, b).flatten(), rtol=1e-5, atol=1e-8)
    torch.testing.assert_close(found.maps, theirs[True](a, b), rtol=1e-4, atol=1e-8)
    assert found.means.min() > 1e-4


def test_equal_pictures_are_not_apart_and_swapped_ones_as_much(pair):
    ours, _ = pair
    a, b = pictures(2), pictures(2, 1)
    assert ours.distances(a, a).means.abs().max() == 0
    assert ours.distances(a, b).maps.min() >= 0
    torch.testing.assert_close(ours.distances(a, b).means, ours.distances(b, a).means, rtol=1e-6, atol=0)


def test_a_batch_is_its_pairs_one_by_one(pair):
    ours, _ = pair
    a, b = pictures(3), pictures(3, 1)
    alone = torch.cat([ours.distances(a[i : i + 1], b[i : i + 1]).means for i in range(3)])
    torch.testing.assert_close(ours.distances(a, b).means, alone, rtol=1e-5, atol=1e-9)


def test_the_smallest_pictures_are_as_small_as_the_backbone_allows(pair):
    ours, _ = pair
    least = LEAST[ours.backbone]
    size = (least, least)
    assert ours.distances(pictures(1, 0, size), pictures(1, 1, size)).means.isfinite().all()
    with pytest.raises(ValueError, match=f"expected at least {least} pixels a side"):
        ours.distances(pictures(1, 0, (least - 1, 40)), pictures(1, 1, (least - 1, 40)))


def test_a_regions_mean_comes_from_the_map():
    ours = Lpips("alex", seeded("alex"))
    truth, image = pictures(1, 0, (256, 64)), pictures(1, 0, (256, 64))
    image[:, :, :32] *= -1
    top = torch.zeros(1, 1, 256, 64)
    top[:, :, :32] = 1
    bottom = torch.zeros(1, 1, 256, 64)
    bottom[:, :, -32:] = 1
    maps = ours.distances(image, truth).maps
    assert masked_mean(maps, top) > 0.01
    assert masked_mean(maps, bottom) < 1e-7


def test_backbone_is_read_from_torchvisions_file_and_its_digest_stands_in_the_name(tmp_path):
    torch.manual_seed(1)
    network, path = torchvision.models.squeezenet1_1(weights=None), tmp_path / "squeezenet.pth"
    torch.save(network.state_dict(), path)
    read, given = Lpips.of_file("squeeze", path), Lpips("squeeze", network.features)
    assert read.sha256 == hashlib.sha256(path.read_bytes()).hexdigest()
    assert read.name == f"lpips-squeeze-{read.sha256[:12]}"
    a, b = pictures(1), pictures(1, 1)
    assert torch.equal(read.distances(a, b).means, given.distances(a, b).means)


def test_a_given_backbone_is_named_by_its_parameters():
    one, same = Lpips("squeeze", seeded("squeeze")), Lpips("squeeze", seeded("squeeze"))
    other = seeded("squeeze")
    other[0].bias.data[0] += 1
    assert one.name == same.name != Lpips("squeeze", other).name


def test_a_missing_or_other_file_says_what_to_do(tmp_path):
    with pytest.raises(
        InputError, match=r"no\.pth: expected torchvision's AlexNet \(download https.*alexnet.*no such file"
    ):
        Lpips.of_file("alex", tmp_path / "no.pth")
    torch.save(features_of("squeeze").state_dict(), tmp_path / "squeeze.pth")
    with pytest.raises(
        InputError, match=r"0\.weight in the shape \(64, 3, 11, 11\) of torchvision's AlexNet, got no such"
    ):
        Lpips.of_file("alex", tmp_path / "squeeze.pth")
    (tmp_path / "text.pth").write_text("no weights")
    with pytest.raises(InputError, match="a whole file of tensors alone: torchvision's AlexNet"):
        Lpips.of_file("alex", tmp_path / "text.pth")
    spoilt = {f"features.{name}": tensor for name, tensor in features_of("squeeze").state_dict().items()}
    spoilt["features.0.bias"][3] = torch.nan
    torch.save(spoilt, tmp_path / "nan.pth")
    with pytest.raises(InputError, match=r"finite numbers in 0\.bias"):
        Lpips.of_file("squeeze", tmp_path / "nan.pth")


def test_code_in_a_file_is_not_run(tmp_path):
    class Evil:
        def __reduce__(self):
            return (tmp_path.joinpath("ran").touch, ())

    torch.save({"features.0.weight": Evil()}, tmp_path / "evil.pth")
    with pytest.raises(InputError, match="tensors alone"):
        Lpips.of_file("alex", tmp_path / "evil.pth")
    assert not (tmp_path / "ran").exists()


def test_pictures_that_cannot_be_compared_are_refused():
    ours = Lpips("squeeze", seeded("squeeze"))
    with pytest.raises(ValueError, match=r"\(B, 3, H, W\) twice"):
        ours.distances(pictures(2), pictures(1))
    for value in (torch.nan, 1.5):
        spoilt = pictures(1)
        spoilt[0, 0, 0, 0] = value
        with pytest.raises(ValueError, match=r"expected numbers in \[-1,1\]"):
            ours.distances(spoilt, pictures(1))
    with pytest.raises(ValueError, match="backbone: expected one of alex, vgg, squeeze, got 'resnet'"):
        Lpips("resnet", seeded("squeeze"))
    with pytest.raises(ValueError, match="expected 30 layers of VGG-16, got 13"):
        Lpips("vgg", seeded("squeeze"))
