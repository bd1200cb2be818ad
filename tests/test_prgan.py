"""The baseline `prgan`: who is trained by what, and that it learns."""

from copy import deepcopy

import pytest
import torch

from viton.adversarial import frozen
from viton.config import RepresentationConfig
from viton.losses import l1
from viton.parsing import CIHP
from viton.prgan import (
    Prgan,
    PrganStage,
    prgan_discriminator_loss,
    prgan_generator,
    prgan_generator_loss,
    prgan_result,
    prgan_verdict,
)
from viton.stage_config import PrganConfig
from viton.training_data import TryOnBatch, TryOnData

SIZE = (64, 48)


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


def _config(**options: object) -> PrganConfig:
    return PrganConfig(**{"steps": 1, "width": 4, "lr": 2e-3, "dropout": 0.0} | options)


def _stage(**options: object) -> PrganStage:
    return PrganStage(_config(**options), TryOnData([], [], RepresentationConfig(), CIHP), SIZE)


def _train(stage, networks, batch, steps: int) -> list[dict[str, float]]:
    """What the training loop does, on one batch; each step's terms, `network.term`."""
    adams = {name: torch.optim.Adam(each.parameters(), stage.config.lr) for name, each in networks.items()}
    told: list[dict[str, float]] = []

    def apply(name, terms):
        terms["total"].backward()
        adams[name].step()
        adams[name].zero_grad()
        told[-1].update({f"{name}.{term}": value.item() for term, value in terms.items()})

    for _ in range(steps):
        told.append({})
        stage.update(networks, batch, apply)
    return told


def _gradients(stage, networks, batch, after: str) -> dict[str, list[torch.Tensor | None]]:
    """Every network's gradients when the loss of `after`, and no other, has been sent back."""

    def apply(name, terms):
        if name == after:
            terms["total"].backward()

    stage.update(networks, batch, apply)
    return {name: [each.grad for each in network.parameters()] for name, network in networks.items()}


def test_the_pixel_loss_falls_when_two_people_are_learnt_by_heart():
    stage, batch = _stage(), _batch()
    told = _train(stage, stage.networks(), batch, 60)
    assert told[-1]["generator.l1"] < 0.4 * told[0]["generator.l1"]


def test_a_step_updates_the_generator_and_then_the_discriminator_with_named_terms():
    stage, order = _stage(), []
    stage.update(stage.networks(), _batch(), lambda name, terms: order.append((name, list(terms))))
    assert order == [("generator", ["l1", "adversarial", "total"]), ("discriminator", ["real", "fake", "total"])]


def test_the_generators_loss_reaches_all_of_the_generator_and_nothing_of_the_discriminator():
    stage = _stage(gan=1.0)
    gradients = _gradients(stage, stage.networks(), _batch(), "generator")
    assert all(each is not None and each.abs().sum() > 0 for each in gradients["generator"])
    assert all(each is None for each in gradients["discriminator"])


def test_the_discriminators_loss_reaches_all_of_the_discriminator_and_nothing_of_the_generator():
    stage = _stage(gan=1.0)
    gradients = _gradients(stage, stage.networks(), _batch(), "discriminator")
    assert all(each is None for each in gradients["generator"])
    assert all(each is not None and each.abs().sum() > 0 for each in gradients["discriminator"])


def test_the_adversarial_term_alone_moves_the_generator():
    stage = _stage(gan=1.0, l1=0.0)
    gradients = _gradients(stage, stage.networks(), _batch(), "generator")
    assert all(each.abs().sum() > 0 for each in gradients["generator"])


def test_the_generator_runs_once_a_step():
    stage, calls = _stage(), []
    networks = stage.networks()
    networks["generator"].register_forward_hook(lambda *_: calls.append(1))
    stage.update(networks, _batch(), lambda name, terms: None)
    assert len(calls) == 1


def test_with_no_adversarial_weight_training_is_plain_l1():
    stage, batch = _stage(gan=0.0), _batch()
    networks = stage.networks()
    plain = deepcopy(networks["generator"])
    adam = torch.optim.Adam(plain.parameters(), stage.config.lr)
    for _ in range(3):
        adam.zero_grad()
        l1(plain(batch.generator_input).tanh(), batch.image).backward()
        adam.step()
    _train(stage, networks, batch, 3)
    for ours, theirs in zip(networks["generator"].parameters(), plain.parameters(), strict=True):
        torch.testing.assert_close(ours, theirs, atol=0, rtol=0)


def test_with_an_adversarial_weight_it_is_not():
    batch = _batch()
    networks = _stage().networks()
    with_adversary = deepcopy(networks)
    _train(_stage(gan=0.0), networks, batch, 2)
    _train(_stage(gan=1.0), with_adversary, batch, 2)
    pairs = zip(networks["generator"].parameters(), with_adversary["generator"].parameters(), strict=True)
    assert max((a - b).abs().max().item() for a, b in pairs) > 1e-4


def test_each_weight_counts_its_own_term_alone():
    batch, made, logits = _batch(), Prgan(_smooth(2, 3)), torch.randn(2, 1)
    before = prgan_generator_loss(made, logits, batch, _config(l1=1.0, gan=0.25))
    for weight, term in (("l1", "l1"), ("gan", "adversarial")):
        after = prgan_generator_loss(made, logits, batch, _config(**{"l1": 1.0, "gan": 0.25} | {weight: 3.0}))
        gained = {"l1": 2.0, "gan": 2.75}[weight] * before[term].item()
        assert after["total"].item() == pytest.approx(before["total"].item() + gained)
        assert all(after[name] == before[name] for name in ("l1", "adversarial"))


def test_the_generator_pays_less_when_its_picture_is_taken_for_real():
    batch, made = _batch(), Prgan(_smooth(2, 3))
    costs = [prgan_generator_loss(made, torch.full((2, 1), x), batch, _config(gan=1.0))["total"] for x in (-3.0, 3.0)]
    assert costs[1] < costs[0]


def test_the_discriminator_pays_least_when_it_tells_photos_from_made_pictures():
    high, low = torch.full((2, 1), 5.0), torch.full((2, 1), -5.0)
    verdicts = {(a, b): (x, y) for a, x in enumerate((low, high)) for b, y in enumerate((low, high))}
    costs = {key: prgan_discriminator_loss(*pair)["total"].item() for key, pair in verdicts.items()}
    assert min(costs, key=costs.__getitem__) == (1, 0)
    assert max(costs, key=costs.__getitem__) == (0, 1)


def test_the_discriminator_sees_product_and_picture_photos_first():
    stage, batch, seen = _stage(), _batch(), []
    networks = stage.networks()
    networks["discriminator"].register_forward_hook(lambda module, inputs, output: seen.append(inputs[0]))
    stage.update(networks, batch, lambda name, terms: None)
    generators, real, fake = seen
    assert torch.equal(real, torch.cat([batch.clothing, batch.image], 1))
    assert torch.equal(fake, generators)
    assert torch.equal(fake[:, :3], batch.clothing)
    assert not fake.requires_grad
    assert prgan_verdict(networks["discriminator"], batch.clothing, batch.image).shape == (2, 1)


def test_the_result_is_an_image_within_its_range_however_large_the_output():
    image = prgan_result(lambda x: torch.randn(len(x), 3, *SIZE) * 100, _batch().generator_input).image
    assert image.shape == (2, 3, *SIZE)
    assert (image.min(), image.max()) == (-1, 1)


def test_the_generator_drops_the_channels_of_an_ablation():
    assert prgan_generator(_config(), RepresentationConfig(), SIZE).in_channels == 25
    assert prgan_generator(_config(), RepresentationConfig(body_shape=False), SIZE).in_channels == 24


def test_what_is_measured_is_the_pixel_difference_and_sharpness_without_the_discriminator():
    stage, batch = _stage(), _batch()
    figures = stage.measure({"generator": lambda x: torch.zeros(len(x), 3, *SIZE)}, batch)
    assert set(figures) == {"l1", "gradient_energy", "garment_gradient_energy"}
    assert figures["l1"].item() == pytest.approx(batch.image.abs().mean().item())
    assert figures["gradient_energy"] == 0
    columns = stage.pictures(stage.networks(), batch)
    assert [column.shape for column in columns] == [(2, 3, *SIZE)] * 3


def test_a_frozen_network_wants_gradients_again_afterwards_even_after_an_error():
    network = torch.nn.Linear(2, 2)
    network.bias.requires_grad_(False)
    with frozen(network):
        assert not any(each.requires_grad for each in network.parameters())
    with pytest.raises(RuntimeError), frozen(network):
        network(torch.zeros(1, 3))
    assert network.weight.requires_grad
    assert not network.bias.requires_grad  # it was frozen before
