"""The coarse stage: what equation 1 asks for, who is trained by it, and that it learns four people by heart."""

from collections.abc import Iterator
from pathlib import Path

import pytest
import torch
from torch import Tensor, nn

from tests.tiny_stages import SIZE, coarse_stage, tiny_data
from viton.checkpoint import StageFolder, load_weights
from viton.coarse import Coarse, CoarseStage, coarse_loss, coarse_network, coarse_result, mask_iou
from viton.config import RepresentationConfig
from viton.devices import make_fabric
from viton.losses import l1
from viton.stage_config import CoarseConfig, TrainingConfig
from viton.train import Run, train


@pytest.fixture(autouse=True)
def seeded_and_in_one_thread() -> Iterator[None]:
    threads = torch.get_num_threads()
    torch.manual_seed(0)
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)


class Fixed(nn.Module):
    """A network whose output is given."""

    def __init__(self, output: Tensor) -> None:
        super().__init__()
        self.output = output

    def forward(self, x: Tensor) -> Tensor:
        return self.output


def _batch(stage: CoarseStage, count: int = 4):
    return stage.batch([stage.items()[index] for index in range(count)], torch.device("cpu"))


def _train(stage: CoarseStage, path: Path) -> StageFolder:
    training = TrainingConfig(log_every=50, validate_every=1000, save_every=1000)
    folder = StageFolder(path)
    settings = {"stage": "coarse", "steps": stage.config.steps}
    train(Run(stage, folder, training, 0, make_fabric(training, "cpu"), lambda message: None), settings)
    return folder


def test_the_image_comes_first_and_the_mask_last():
    output = torch.randn(2, 4, *SIZE) * 3
    made = coarse_result(Fixed(output), torch.zeros(2, 25, *SIZE), "paper")
    torch.testing.assert_close(made.image, output[:, :3].tanh())
    torch.testing.assert_close(made.mask, output[:, 3:].sigmoid())
    assert torch.equal(made.mask, made.mask_output)


def test_the_authors_mask_is_a_tanh_that_the_loss_sees_and_others_see_from_nothing_up():
    output = torch.randn(2, 4, *SIZE) * 3
    made = coarse_result(Fixed(output), torch.zeros(2, 25, *SIZE), "authors")
    torch.testing.assert_close(made.mask_output, output[:, 3:].tanh())
    torch.testing.assert_close(made.mask, output[:, 3:].tanh().clamp(min=0))
    assert made.mask_output.min() < 0 <= made.mask.min()


def test_the_loss_is_the_perceptual_terms_and_the_masks_l1_at_its_weight():
    stage = coarse_stage(mask_weight=3.0)
    batch = _batch(stage)
    made = stage.result(stage.networks(), batch)
    terms = coarse_loss(made, batch, stage.perceptual, stage.config)
    perceptual = stage.perceptual(made.image, batch.image)
    assert terms.keys() == {*perceptual, "mask", "total"}
    torch.testing.assert_close(terms["mask"], (made.mask - batch.worn_mask).abs().mean())
    torch.testing.assert_close(terms["total"], sum(perceptual.values()) + 3 * terms["mask"])


def test_a_perfect_result_costs_nothing():
    stage = coarse_stage()
    batch = _batch(stage)
    made = Coarse(batch.image, batch.worn_mask, batch.worn_mask)
    assert coarse_loss(made, batch, stage.perceptual, stage.config)["total"] == 0


def test_an_update_changes_all_of_the_network_and_nothing_of_the_perceptual_one():
    stage = coarse_stage()
    networks, batch = stage.networks(), _batch(stage)
    adam = torch.optim.Adam(networks["coarse"].parameters(), 1e-2)
    before = [each.clone() for each in networks["coarse"].parameters()]
    frozen = {name: value.clone() for name, value in stage.perceptual.state_dict().items()}
    names = []

    def apply(name, terms):
        names.append(name)
        terms["total"].backward()
        adam.step()

    stage.update(networks, batch, apply)
    assert names == ["coarse"]
    for parameter, old in zip(networks["coarse"].parameters(), before, strict=True):
        assert parameter.grad.abs().sum() > 0
        assert not torch.equal(parameter, old)
    assert all(each.grad is None and not each.requires_grad for each in stage.perceptual.parameters())
    assert all(torch.equal(value, frozen[name]) for name, value in stage.perceptual.state_dict().items())


@pytest.mark.parametrize(("term", "head"), [("mask", slice(3, 4)), ("pixels", slice(0, 3))])
def test_each_term_reaches_its_own_head_alone(term, head):
    stage = coarse_stage()
    networks, batch = stage.networks(), _batch(stage)
    last = networks["coarse"].decoder[-1].weight  # (in, out, 4, 4)
    terms = coarse_loss(stage.result(networks, batch), batch, stage.perceptual, stage.config)
    (gradient,) = torch.autograd.grad(terms[term], [last])
    reached = gradient.abs().sum(dim=(0, 2, 3)) > 0
    expected = torch.zeros(4, dtype=torch.bool)
    expected[head] = True
    assert torch.equal(reached, expected)


def test_the_figures_are_the_loss_the_pixel_difference_and_the_masks_fit():
    stage = coarse_stage()
    networks, batch = stage.networks(), _batch(stage)
    networks["coarse"].eval()
    made = stage.result(networks, batch)
    figures = stage.measure(networks, batch)
    assert figures.keys() >= {"total", "l1", "mask_iou"}
    torch.testing.assert_close(figures["l1"], l1(made.image, batch.image))
    torch.testing.assert_close(figures["mask_iou"], mask_iou(made.mask, batch.worn_mask))


def test_pictures_are_columns_of_one_size():
    stage = coarse_stage()
    columns = stage.pictures(stage.networks(), _batch(stage))
    assert [tuple(each.shape[2:]) for each in columns] == [SIZE] * 5
    assert {each.shape[0] for each in columns} == {4}


def test_the_iou_of_masks_in_closed_form():
    a, b = torch.zeros(4, 1, 4, 4), torch.zeros(4, 1, 4, 4)
    a[0, :, :2], b[0, :, :2] = 1, 1  # the same
    a[1, :, :2], b[1, :, 2:] = 1, 1  # apart
    a[2, :, :2], b[2, :, 1:3] = 0.9, 1  # a third
    assert mask_iou(a, b).item() == pytest.approx((1 + 0 + 1 / 3 + 1) / 4)  # the last is empty in both


def test_an_ablation_builds_a_network_for_fewer_channels():
    config = CoarseConfig(steps=1, width=2)
    assert coarse_network(config, RepresentationConfig(), SIZE).in_channels == 25
    assert coarse_network(config, RepresentationConfig(face_hair=False), SIZE).in_channels == 22


def test_the_whole_stage_interrupted_and_taken_up_again_ends_the_same(tmp_path):
    whole = _train(coarse_stage(steps=4), tmp_path / "whole")
    _train(coarse_stage(steps=2), tmp_path / "grown")
    grown = _train(coarse_stage(steps=4), tmp_path / "grown")
    assert grown.weights.read_bytes() == whole.weights.read_bytes()


def test_a_trained_network_makes_the_same_of_a_picture_alone_and_among_eight(tmp_path):
    stage = coarse_stage(steps=6, batch=4)
    networks = stage.networks()
    load_weights(_train(stage, tmp_path).weights, networks)
    networks["coarse"].eval()
    batch = _batch(stage, 8).generator_input
    with torch.no_grad():
        together = coarse_result(networks["coarse"], batch, "paper")
        alone = [coarse_result(networks["coarse"], each, "paper") for each in batch.split(1)]
    torch.testing.assert_close(together.image, torch.cat([each.image for each in alone]), atol=1e-5, rtol=0)
    torch.testing.assert_close(together.mask, torch.cat([each.mask for each in alone]), atol=1e-5, rtol=0)


def _learn_by_heart(path: Path, steps: int, width: int, **options: float) -> dict[str, float]:
    """Figures, after training, on the four people that it was trained on."""
    data = tiny_data(4, 1)
    stage = coarse_stage(data, steps=steps, width=width, dropout=0.0, **options)
    networks = stage.networks()
    load_weights(_train(stage, path).weights, networks)
    networks["coarse"].eval()
    with torch.no_grad():
        return {name: value.item() for name, value in stage.measure(networks, _batch(stage)).items()}


def test_four_people_are_nearly_learnt_by_heart(tmp_path):
    figures = _learn_by_heart(tmp_path, steps=150, width=12, lr=1e-2, mask_weight=3.0)
    assert figures["l1"] < 0.25
    assert figures["mask_iou"] > 0.85


@pytest.mark.slow
def test_four_people_are_learnt_by_heart(tmp_path):
    figures = _learn_by_heart(tmp_path, steps=800, width=16, lr=4e-3)
    assert figures["l1"] < 0.05
    assert figures["mask_iou"] > 0.97
