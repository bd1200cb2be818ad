"""Stage 2: what alpha does to a picture, what its loss asks for, whom its gradient reaches."""

import pytest
import torch
from torch import nn

from viton.coarse import coarse_network
from viton.config import RepresentationConfig
from viton.parsing import CIHP
from viton.perceptual import PerceptualLoss
from viton.refine import (
    RefineBatch,
    Refined,
    RefineStage,
    composed,
    mean_within,
    refine_loss,
    refined_result,
    refinement_network,
)
from viton.stage_config import CoarseConfig, RefineConfig
from viton.stage_warps import StageWarps
from viton.trained import TrainedCoarse
from viton.training_data import TryOnBatch, TryOnData
from viton.vgg import VggFeatures

SIZE = (64, 48)
LAMBDAS = (1.0, 0.5, 0.4, 0.3, 0.2, 0.1)
PAPER = RefineConfig(steps=1, width=8)
AUTHORS = RefineConfig(steps=1, width=8, fidelity="authors")


class Constant(nn.Module):
    """An alpha that is the same everywhere."""

    def __init__(self, value: float) -> None:
        super().__init__()
        self.value = value

    def forward(self, x):
        return torch.full_like(x[:, :1], self.value)


@pytest.fixture(autouse=True)
def seeded():
    torch.manual_seed(0)
    torch.set_num_threads(1)  # pictures are so small that more threads only wait for each other


TV = 5e-6 * SIZE[0] / 256  # an outline costs the same at every size


def _pictures(count: int = 2) -> torch.Tensor:
    return torch.rand(count, 3, *SIZE) * 2 - 1


def _mask(count: int = 2) -> torch.Tensor:
    mask = torch.zeros(count, 1, *SIZE)
    mask[:, :, 16:48, 12:36] = 1
    return mask


def _batch(count: int = 2) -> RefineBatch:
    names = [f"p{number}__p{number}" for number in range(count)]
    pairs = TryOnBatch(names, torch.rand(count, 22, *SIZE), _pictures(count), _pictures(count), _mask(), _mask())
    return RefineBatch(pairs, _pictures(count), _mask(count))


def _perceptual() -> PerceptualLoss:
    return PerceptualLoss(VggFeatures(2), LAMBDAS, "none")


def _stage(config: RefineConfig = PAPER) -> RefineStage:
    coarse_config, shown = CoarseConfig(steps=1, width=8), RepresentationConfig()
    network = coarse_network(coarse_config, shown, SIZE).eval().requires_grad_(False)
    coarse = TrainedCoarse(network, coarse_config, shown, SIZE)
    return RefineStage(config, coarse, TryOnData([], [], shown, CIHP), _perceptual(), StageWarps([], []))


def _loss(made: Refined, image: torch.Tensor, config: RefineConfig) -> dict[str, torch.Tensor]:
    torch.manual_seed(1)
    return refine_loss(made, image, _perceptual(), config)


def test_alpha_one_shows_only_the_warped_clothing():
    warped, coarse = _pictures(), _pictures()
    assert refined_result(Constant(1), warped, coarse, _mask(), PAPER).image.equal(warped)


def test_alpha_zero_shows_the_coarse_result():
    warped, coarse = _pictures(), _pictures()
    assert refined_result(Constant(0), warped, coarse, _mask(), PAPER).image.equal(coarse)


def test_alpha_mixes_each_pixel_by_its_own_share():
    alpha, warped, coarse = torch.rand(1, 1, *SIZE), _pictures(1), _pictures(1)
    made = composed(alpha, warped, coarse)
    for y, x in ((0, 0), (30, 7)):
        share = alpha[0, 0, y, x]
        torch.testing.assert_close(made[0, :, y, x], share * warped[0, :, y, x] + (1 - share) * coarse[0, :, y, x])


def test_the_network_sees_the_warped_clothing_first_and_then_the_coarse_result():
    seen = []
    warped, coarse = _pictures(), _pictures()
    refined_result(lambda x: (seen.append(x), x[:, :1])[1], warped, coarse, _mask(), PAPER)
    assert seen[0].equal(torch.cat([warped, coarse], dim=1))


def test_only_the_authors_gate_alpha_by_the_clothing_mask():
    assert refined_result(Constant(0.5), _pictures(), _pictures(), _mask(), PAPER).alpha.unique().tolist() == [0.5]
    assert refined_result(Constant(0.5), _pictures(), _pictures(), _mask(), AUTHORS).alpha.equal(0.5 * _mask())


def test_the_loss_of_the_paper_is_equation_4():
    made, image = Refined(_pictures(), torch.rand(2, 1, *SIZE)), _pictures()
    terms = _loss(made, image, PAPER)
    assert set(terms) == {"warp", "tv", "conv3_2", "conv4_2", "conv5_2", "total"}
    torch.testing.assert_close(terms["warp"], made.alpha.mean())
    deep = sum(terms[name] for name in ("conv3_2", "conv4_2", "conv5_2"))
    torch.testing.assert_close(terms["total"], deep - 0.1 * terms["warp"] + TV * terms["tv"])


def test_the_loss_of_the_authors_compares_pixels_too_and_averages_the_gated_alpha():
    image = _pictures()
    made = refined_result(Constant(0.8), _pictures(), _pictures(), _mask(), AUTHORS)
    terms = _loss(made, image, AUTHORS)
    torch.testing.assert_close(terms["l1"], (made.image - image).abs().mean())
    torch.testing.assert_close(terms["warp"], 0.8 * _mask().mean())
    deep = sum(terms[name] for name in ("conv3_2", "conv4_2", "conv5_2"))
    torch.testing.assert_close(terms["total"], deep + 0.2 * terms["l1"] - 0.1 * terms["warp"] + TV * terms["tv"])


def test_only_the_authors_normalise_the_refiners_layers():
    def norms(config):
        return [each for each in refinement_network(config).modules() if isinstance(each, nn.GroupNorm)]

    assert (len(norms(PAPER)), len(norms(AUTHORS))) == (0, 3)


@pytest.mark.parametrize(
    ("fidelity", "target", "gated_by"),
    [("authors", None, "parsed"), ("authors", "predicted", "predicted"), ("authors", "parsed", "parsed")],
)
def test_alpha_is_gated_by_the_mask_that_the_clothing_was_warped_onto(fidelity, target, gated_by):
    stage = _stage(RefineConfig(steps=1, width=8, fidelity=fidelity, target=target))
    batch = _batch()
    coarse = stage.coarse_result(batch)
    made = stage.result({"refine": Constant(0.5)}, batch, coarse)
    gate = batch.pairs.worn_mask if gated_by == "parsed" else coarse.mask
    assert made.alpha.equal(0.5 * gate)
    assert not coarse.mask.equal(batch.pairs.worn_mask)


@pytest.mark.parametrize(("warp", "rises"), [(10.0, True), (0.0, False)])
def test_lambda_warp_pushes_alpha_up_and_nothing_else_does(warp, rises):
    stage, batch = _stage(RefineConfig(steps=1, width=8, warp=warp, lr=3e-2)), _batch()
    batch = batch._replace(
        pairs=batch.pairs._replace(image=stage.coarse_result(batch).image)
    )  # the coarse is the truth
    before, after = _mean_alpha_around(stage, batch)
    assert (after > 0.9) if rises else (after < before)


def _mean_alpha_around(stage: RefineStage, batch: RefineBatch) -> tuple[float, float]:
    """Mean alpha before and after a few updates."""
    networks = stage.networks()
    adam = torch.optim.Adam(networks["refine"].parameters(), stage.config.lr)

    def apply(name, terms):
        adam.zero_grad()
        terms["total"].backward()
        adam.step()

    def alpha() -> float:
        with torch.no_grad():
            return stage.result(networks, batch, stage.coarse_result(batch)).alpha.mean().item()

    before = alpha()
    for _ in range(15):
        stage.update(networks, batch, apply)
    return before, alpha()


def test_a_rough_alpha_costs_more_than_a_smooth_one():
    image = _pictures()
    smooth, rough = torch.full((2, 1, *SIZE), 0.5), (torch.rand(2, 1, *SIZE) > 0.5).float()
    told = [_loss(Refined(image, alpha), image, PAPER) for alpha in (smooth, rough)]
    assert told[0]["tv"] == 0
    assert told[1]["tv"] > 1e4


def test_the_gradient_reaches_every_weight_of_the_refiner_and_none_of_the_frozen():
    stage, batch = _stage(), _batch()
    stage.coarse.network.requires_grad_(True)  # as if nobody had frozen it
    networks, calls = stage.networks(), []

    def apply(name, terms):
        calls.append(name)
        terms["total"].backward()

    stage.update(networks, batch, apply)
    assert calls == ["refine"]
    for parameter in networks["refine"].parameters():
        assert parameter.grad is not None
        assert parameter.grad.abs().sum() > 0
    for network in stage.frozen():
        assert all(parameter.grad is None for parameter in network.parameters())


def test_the_coarse_network_stays_in_eval_mode_with_its_statistics_as_they_were():
    stage, batch = _stage(), _batch()
    network = stage.coarse.network
    before = {name: value.clone() for name, value in network.state_dict().items()}
    networks = stage.networks()
    for _ in range(2):
        stage.update(networks, batch, lambda name, terms: terms["total"].backward())
    assert not any(module.training for module in network.modules())
    assert network in stage.frozen()
    for name, value in network.state_dict().items():
        assert value.equal(before[name]), name


def test_the_coarse_result_of_a_batch_is_the_same_each_time():
    stage, batch = _stage(), _batch()
    assert stage.coarse_result(batch).image.equal(stage.coarse_result(batch).image)  # no dropout


def test_alpha_is_measured_where_there_is_warped_clothing_and_where_there_is_none():
    stage, batch = _stage(), _batch()
    figures = stage.measure({"refine": lambda x: 0.75 * _mask() + 0.125}, batch)
    assert set(figures) == {"total", "l1", "alpha_in_warp", "alpha_elsewhere"}
    assert figures["alpha_in_warp"].item() == pytest.approx(0.875)
    assert figures["alpha_elsewhere"].item() == pytest.approx(0.125)


def test_a_mean_within_a_mask_weighs_samples_alike_and_is_zero_where_there_is_no_mask():
    values, mask = torch.ones(2, 1, 4, 4), torch.zeros(2, 1, 4, 4)
    assert mean_within(values, mask) == 0
    mask[0, 0, 0, 0], mask[1] = 1, 1
    values[0] = 0.5
    assert mean_within(values, mask) == 0.75


def test_the_pictures_are_columns_of_one_size():
    stage, batch = _stage(), _batch()
    columns = stage.pictures(stage.networks(), batch)
    assert [tuple(each.shape[2:]) for each in columns] == [SIZE] * 6
    assert columns[0].equal(batch.pairs.clothing)
    assert columns[-1].equal(batch.pairs.image)
