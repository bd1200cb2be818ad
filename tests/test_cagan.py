"""The baseline `cagan`: composition, whose clothing is whose, who is trained by what, and that it learns."""

import pytest
import torch

from viton.cagan import (
    Cagan,
    CaganStage,
    Verdicts,
    cagan_discriminator_loss,
    cagan_generator_loss,
    cagan_result,
    target_clothing,
)
from viton.config import RepresentationConfig
from viton.errors import UsageError
from viton.losses import l1
from viton.norm_statistics import recompute
from viton.parsing import CIHP
from viton.stage_config import CaganConfig
from viton.training_data import TryOnBatch, TryOnData

SIZE = (64, 48)
TERMS = ("adversarial", "identity", "cycle")


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


def _config(**options: object) -> CaganConfig:
    return CaganConfig(**{"steps": 1, "width": 4, "lr": 2e-3, "dropout": 0.0} | options)


def _stage(**options: object) -> CaganStage:
    return CaganStage(_config(**options), TryOnData([], [], RepresentationConfig(), CIHP), SIZE)


def _network_with_mask(logit: float):
    """A stand-in for a generator whose mask is sigmoid(logit) everywhere."""

    def network(x):
        return torch.cat([x[:, 3:6] * 2 + 0.3, torch.full((len(x), 1, *x.shape[2:]), logit)], dim=1)

    return network


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


def _seen_by(network, stage, networks, batch) -> list[torch.Tensor]:
    seen: list[torch.Tensor] = []
    network.register_forward_hook(lambda module, inputs, output: seen.append(inputs[0].detach()))
    stage.update(networks, batch, lambda name, terms: None)
    return seen


def test_a_mask_of_zero_gives_the_photo_back_exactly():
    batch = _batch()
    made = cagan_result(_network_with_mask(-200.0), batch.image, batch.clothing, batch.clothing)
    assert torch.equal(made.image, batch.image)
    assert not made.mask.any()


def test_a_mask_of_one_shows_the_generated_picture_alone():
    batch = _batch()
    made = cagan_result(_network_with_mask(200.0), batch.image, batch.clothing, batch.clothing)
    assert torch.equal(made.image, made.generated)
    torch.testing.assert_close(made.generated, (batch.clothing * 2 + 0.3).tanh())


def test_the_result_is_within_its_range_however_large_the_output():
    batch = _batch()
    made = cagan_result(lambda x: torch.randn(len(x), 4, *SIZE) * 100, batch.image, batch.clothing, batch.clothing)
    assert made.image.shape == made.generated.shape == (2, 3, *SIZE)
    assert made.mask.shape == (2, 1, *SIZE)
    assert made.image.abs().max() <= 1
    assert 0 <= made.mask.min() < made.mask.max() <= 1


@pytest.mark.parametrize("count", [2, 3, 4, 5])
def test_everybody_gets_the_clothing_of_somebody_else_in_odd_batches_too(count):
    batch = _batch(count)
    target = target_clothing(batch)
    given = [next(j for j in range(count) if torch.equal(target[i], batch.clothing[j])) for i in range(count)]
    assert sorted(given) == list(range(count))
    assert all(i != j for i, j in enumerate(given))


def test_nobody_who_is_twice_in_a_batch_gets_the_own_clothing():
    batch = _batch(4)
    twice = batch._replace(names=["a", "a", "b", "a"], clothing=batch.clothing[[0, 0, 2, 0]])
    assert torch.equal(target_clothing(twice), batch.clothing[[2, 2, 0, 2]])


@pytest.mark.parametrize("names", [["p1__p1"], ["p1__p1", "p1__p1"]])
def test_a_batch_of_one_person_is_refused_in_one_line(names):
    stage, batch = _stage(), _batch(len(names))._replace(names=names)
    with pytest.raises(UsageError, match=r"stages\.cagan\.batch: expected at least 2 people .*, got only p1__p1"):
        stage.update(stage.networks(), batch, lambda name, terms: None)


def test_the_generator_sees_photo_own_and_target_and_on_the_way_back_its_picture_target_and_own():
    stage, batch = _stage(), _batch(3)
    networks = stage.networks()
    there, back = _seen_by(networks["generator"], stage, networks, batch)
    made = cagan_result(networks["generator"], *there.split(3, dim=1))  # still in training mode: the same picture again
    target = target_clothing(batch)
    assert torch.equal(there, torch.cat([batch.image, batch.clothing, target], 1))
    torch.testing.assert_close(back, torch.cat([made.image, target, batch.clothing], 1))


def test_the_way_back_starts_and_ends_with_pictures_laid_over_photos():
    stage, batch, told = _stage(), _batch(), {}
    networks = {"generator": _network_with_mask(-200.0), "discriminator": stage.networks()["discriminator"]}
    stage.update(networks, batch, lambda name, terms: told.update({name: terms}))
    assert told["generator"]["cycle"] == 0  # nothing is painted over, so the photo survives both ways
    half = _network_with_mask(0.0)
    stage.update(networks | {"generator": half}, batch, lambda name, terms: told.update({name: terms}))
    made = cagan_result(half, batch.image, batch.clothing, target_clothing(batch))
    back = cagan_result(half, made.image, target_clothing(batch), batch.clothing)
    assert told["generator"]["cycle"].item() == pytest.approx(l1(back.image, batch.image).item())


def test_the_discriminator_sees_a_photo_a_made_picture_and_a_photo_beside_anothers_clothing():
    stage, batch = _stage(), _batch(3)
    networks = stage.networks()
    generators, real, fake, mismatched = _seen_by(networks["discriminator"], stage, networks, batch)
    target = target_clothing(batch)
    assert torch.equal(real, torch.cat([batch.clothing, batch.image], 1))
    assert torch.equal(mismatched, torch.cat([target, batch.image], 1))
    assert torch.equal(fake, generators)
    assert torch.equal(fake[:, :3], target)


def test_a_step_updates_the_generator_and_then_the_discriminator_with_named_terms():
    stage, order = _stage(), []
    stage.update(stage.networks(), _batch(), lambda name, terms: order.append((name, list(terms))))
    assert order == [
        ("generator", [*TERMS, "total"]),
        ("discriminator", ["real", "fake", "mismatched", "total"]),
    ]


def test_the_generators_loss_reaches_all_of_the_generator_and_nothing_of_the_discriminator():
    stage = _stage()
    gradients = _gradients(stage, stage.networks(), _batch(), "generator")
    assert all(each is not None and each.abs().sum() > 0 for each in gradients["generator"])
    assert all(each is None for each in gradients["discriminator"])


def test_the_discriminators_loss_reaches_all_of_the_discriminator_and_nothing_of_the_generator():
    stage = _stage()
    gradients = _gradients(stage, stage.networks(), _batch(), "discriminator")
    assert all(each is None for each in gradients["generator"])
    assert all(each is not None and each.abs().sum() > 0 for each in gradients["discriminator"])


@pytest.mark.parametrize("alone", ["gan", "cycle"])
def test_the_adversary_alone_and_the_way_back_alone_move_the_generator(alone):
    stage = _stage(**{"gan": 0.0, "identity": 0.0, "cycle": 0.0} | {alone: 1.0})
    gradients = _gradients(stage, stage.networks(), _batch(), "generator")
    assert all(each.abs().sum() > 0 for each in gradients["generator"])


def test_the_way_back_sends_gradients_through_the_way_there():
    batch = _batch()
    photo = batch.image.clone().requires_grad_()
    made = cagan_result(_network_with_mask(0.0), photo, batch.clothing, target_clothing(batch))
    back = cagan_result(_network_with_mask(0.0), made.image, target_clothing(batch), batch.clothing)
    logits = torch.zeros(2, 1, 3, 2)
    cagan_generator_loss(made, back, logits, batch.image, _config(gan=0.0, identity=0.0))["total"].backward()
    assert photo.grad is not None
    assert photo.grad.abs().sum() > 0


@pytest.mark.parametrize(("weight", "term"), list(zip(("gan", "identity", "cycle"), TERMS, strict=True)))
def test_each_weight_counts_its_own_term_alone(weight, term):
    photo, logits = _smooth(2, 3), torch.randn(2, 1, 3, 2)
    made = Cagan(_smooth(2, 3), torch.rand(2, 1, *SIZE), _smooth(2, 3))
    back = made._replace(image=_smooth(2, 3))
    weights = {"gan": 0.5, "identity": 0.25, "cycle": 2.0}
    before = cagan_generator_loss(made, back, logits, photo, _config(**weights))
    after = cagan_generator_loss(made, back, logits, photo, _config(**weights | {weight: weights[weight] + 3}))
    assert after["total"].item() == pytest.approx(before["total"].item() + 3 * before[term].item())
    assert all(after[name] == before[name] for name in TERMS)
    assert before["identity"].item() == pytest.approx(made.mask.mean().item())


def test_the_discriminator_pays_for_a_mismatched_photo_that_it_takes_for_real():
    high, low = torch.full((2, 1, 3, 2), 5.0), torch.full((2, 1, 3, 2), -5.0)
    best = cagan_discriminator_loss(Verdicts(on_real=high, on_fake=low, on_mismatched=low))
    fooled = cagan_discriminator_loss(Verdicts(on_real=high, on_fake=low, on_mismatched=high))
    assert best["total"] < 0.1
    assert fooled["mismatched"] > 4
    assert fooled["real"] == best["real"]
    assert fooled["fake"] == best["fake"]


def test_the_photo_survives_the_way_back_when_two_people_are_learnt_by_heart():
    stage, batch = _stage(gan=0.0), _batch()
    told = _train(stage, stage.networks(), batch, 60)
    assert told[-1]["generator.cycle"] < 0.5 * told[0]["generator.cycle"]


def test_the_discriminator_learns_to_tell_what_is_worn_from_what_is_not():
    stage, batch = _stage(gan=0.0), _batch()
    told = _train(stage, stage.networks(), batch, 60)
    assert told[-1]["discriminator.mismatched"] < 0.5 * told[0]["discriminator.mismatched"]
    assert told[-1]["discriminator.real"] < 0.5 * told[0]["discriminator.real"]


def test_what_is_measured_needs_no_truth():
    stage, batch = _stage(), _batch(3)
    figures = stage.measure(stage.networks(), batch)
    assert set(figures) == {"identity", "cycle", "gradient_energy", "garment_gradient_energy"}
    assert all(torch.isfinite(figure) for figure in figures.values())


def test_a_lone_validation_sample_is_measured_and_shown_too():
    stage, batch = _stage(), _batch(1)
    networks = {name: network.eval() for name, network in stage.networks().items()}
    assert all(torch.isfinite(figure) for figure in stage.measure(networks, batch).values())
    columns = stage.pictures(networks, batch)
    assert [column.shape[1] for column in columns] == [3, 3, 3, 1, 3]
    assert torch.equal(columns[2], batch.clothing.flip(3))


def test_statistics_retaken_over_measure_are_those_of_the_way_there_alone():
    stage, batch = _stage(), _batch(4)
    networks = stage.networks()
    recompute(networks, lambda items: stage.measure(networks, batch), [[1]])
    norm = next(each for each in networks["generator"].modules() if isinstance(each, torch.nn.BatchNorm2d))
    seen = []
    norm.register_forward_hook(lambda module, inputs, output: seen.append(inputs[0]))
    cagan_result(networks["generator"], batch.image, batch.clothing, target_clothing(batch))
    torch.testing.assert_close(norm.running_mean, seen[0].mean(dim=(0, 2, 3)))
    assert norm.num_batches_tracked == 1
    assert not any(each.training for each in networks["generator"].modules())
