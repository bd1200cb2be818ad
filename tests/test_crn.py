"""The baseline `crn`: what it sees, what it minimises, that it learns; and the sharpness that all baselines report."""

import pytest
import torch

from viton.config import RepresentationConfig
from viton.crn import Crn, CrnStage, crn_loss, crn_network, crn_result
from viton.parsing import CIHP
from viton.perceptual import TERMS, PerceptualLoss
from viton.sharpness import gradient_energy, sharpness
from viton.stage_config import CrnConfig
from viton.training_data import TryOnBatch, TryOnData
from viton.vgg import VggFeatures

SIZE = (64, 48)
LAMBDAS = (1.0, 0.5, 0.4, 0.3, 0.2, 0.1)


@pytest.fixture(autouse=True)
def seeded():
    torch.manual_seed(0)


def _smooth(count: int, channels: int) -> torch.Tensor:
    return torch.nn.functional.interpolate(torch.rand(count, channels, 4, 3) * 2 - 1, SIZE, mode="bilinear")


def _batch(count: int = 2) -> TryOnBatch:
    worn = torch.zeros(count, 1, *SIZE)
    worn[:, :, 16:48, 12:36] = 1
    names = [f"p{number}__p{number}" for number in range(count)]
    return TryOnBatch(names, _smooth(count, 22), _smooth(count, 3), _smooth(count, 3), worn, worn)


def _stage(**options: object) -> CrnStage:
    config = CrnConfig(**{"steps": 1, "width": 256, "lr": 2e-3} | options)
    perceptual = PerceptualLoss(VggFeatures(2), LAMBDAS, "none")
    return CrnStage(config, TryOnData([], [], RepresentationConfig(), CIHP), SIZE, perceptual)


def _train(stage, networks, batch, steps: int) -> list[dict[str, float]]:
    """What the training loop does, on one batch; each step's terms."""
    adams = {name: torch.optim.Adam(each.parameters(), stage.config.lr) for name, each in networks.items()}
    told: list[dict[str, float]] = []

    def apply(name, terms):
        terms["total"].backward()
        adams[name].step()
        adams[name].zero_grad()
        told.append({term: value.item() for term, value in terms.items()})

    for _ in range(steps):
        stage.update(networks, batch, apply)
    return told


def test_the_loss_falls_when_two_people_are_learnt_by_heart():
    stage, batch = _stage(), _batch()
    told = _train(stage, stage.networks(), batch, 60)
    assert told[-1]["total"] < 0.4 * told[0]["total"]
    one_colour = batch.image.mean(dim=(0, 2, 3), keepdim=True)
    assert told[-1]["pixels"] < 0.85 * (batch.image - one_colour).abs().mean().item()


def test_the_network_is_given_what_the_encoder_decoder_is_given():
    network = crn_network(CrnConfig(steps=1, width=32), RepresentationConfig(), SIZE)
    assert network.in_channels == _batch().generator_input.shape[1] == 25
    without_pose = crn_network(CrnConfig(steps=1, width=32), RepresentationConfig(pose=False), SIZE)
    assert without_pose.in_channels == 7


def test_the_result_is_an_image_within_its_range_however_large_the_output():
    def network(x):
        return torch.randn(len(x), 3, *SIZE) * 100

    image = crn_result(network, _batch().generator_input).image
    assert image.shape == (2, 3, *SIZE)
    assert image.min() == -1
    assert image.max() == 1


def test_the_loss_is_the_sum_of_the_perceptual_terms_of_every_layer():
    stage, batch = _stage(), _batch()
    terms = crn_loss(Crn(_smooth(2, 3)), batch, stage.perceptual)
    assert list(terms) == [*TERMS, "total"]
    assert terms["total"].item() == pytest.approx(sum(terms[name].item() for name in TERMS))
    assert crn_loss(Crn(batch.image), batch, stage.perceptual)["total"] == 0


def test_gradients_reach_all_of_the_network_and_nothing_of_the_extractor():
    stage, batch = _stage(), _batch()
    networks = stage.networks()
    stage.update(networks, batch, lambda name, terms: terms["total"].backward())
    assert all(each.grad is not None and each.grad.abs().sum() > 0 for each in networks["crn"].parameters())
    assert stage.frozen() == [stage.perceptual]
    assert all(each.grad is None for each in stage.perceptual.parameters())


def test_what_is_measured_of_a_perfect_picture_is_no_loss_and_full_sharpness():
    stage, batch = _stage(), _batch()
    # the pictures' logits of what the photo is, so that tanh gives the photo back
    figures = stage.measure({"crn": lambda x: batch.image.clamp(-0.999, 0.999).atanh()}, batch)
    assert set(figures) == {"total", "l1", "gradient_energy", "garment_gradient_energy"}
    assert figures["l1"].item() < 1e-3
    assert figures["gradient_energy"].item() == pytest.approx(1, abs=0.01)


def test_the_pictures_show_clothing_result_and_photo():
    stage, batch = _stage(), _batch(3)
    columns = stage.pictures(stage.networks(), batch)
    assert [column.shape for column in columns] == [(3, 3, *SIZE)] * 3
    assert columns[0] is batch.clothing
    assert columns[-1] is batch.image


def test_gradient_energy_of_a_ramp_is_the_sum_of_its_slopes():
    rows, columns = torch.arange(64.0)[:, None], torch.arange(48.0)
    ramp = (0.01 * rows - 0.005 * columns).expand(2, 3, 64, 48)
    assert gradient_energy(ramp).item() == pytest.approx(0.015, rel=1e-4)
    assert gradient_energy(torch.full((1, 3, 8, 6), 0.3)) == 0


def test_gradient_energy_looks_where_the_mask_is():
    image = torch.zeros(1, 3, 64, 48)
    image[..., :32, ::2] = 1  # stripes in the upper half
    mask = torch.zeros(1, 1, 64, 48)
    mask[..., 40:, :] = 1
    assert gradient_energy(image, mask) == 0
    assert gradient_energy(image, 1 - mask) > 0
    assert gradient_energy(image, torch.zeros_like(mask)) == 0


def test_a_blurred_picture_is_less_sharp_than_its_photo_and_noise_makes_it_sharper():
    photo, worn = _smooth(2, 3) + 0.2 * torch.randn(2, 3, *SIZE), torch.ones(2, 1, *SIZE)
    blurred = torch.nn.functional.avg_pool2d(photo, 5, stride=1, padding=2)
    assert sharpness(photo, photo, worn)["gradient_energy"].item() == pytest.approx(1)
    assert sharpness(blurred, photo, worn)["gradient_energy"] < 0.5
    assert sharpness(photo + 0.5 * torch.randn_like(photo), photo, worn)["gradient_energy"] > 1.5


def test_sharpness_beside_a_flat_photo_is_finite():
    flat, worn = torch.zeros(1, 3, *SIZE), torch.ones(1, 1, *SIZE)
    assert all(figure == 0 for figure in sharpness(flat, flat, worn).values())


def test_garments_that_change_places_within_a_batch_are_no_blur():
    worn = torch.ones(2, 1, *SIZE)
    photos = torch.stack([torch.zeros(3, *SIZE), torch.randn(3, *SIZE)])
    assert sharpness(photos.flip(0), photos, worn)["garment_gradient_energy"].item() == pytest.approx(1)
