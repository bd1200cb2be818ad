"""The collar finder and what is taken off a product's mask."""

import numpy as np
import pytest
import torch

from viton.checkpoint import StageFolder
from viton.collar import (
    CollarBatch,
    CollarNetwork,
    CollarStage,
    augmented,
    collar_loss,
    find_collar,
    load_collar,
    samples_without_collar,
    without_collar,
)
from viton.data.sample import Pair
from viton.data.viton_hd import VitonHd
from viton.devices import make_fabric
from viton.errors import InputError
from viton.images import save_png
from viton.stage_config import CollarConfig, TrainingConfig
from viton.train import Run, train
from viton.trained import TrainedRun

SIZE = (64, 48)
CPU = torch.device("cpu")


def garment(height=64, width=48):
    """A garment from row 16 on, and its collar: rows 16 to 23 of the middle columns."""
    mask, collar = torch.zeros(1, 1, height, width), torch.zeros(1, 1, height, width)
    mask[:, :, 16:56, 8:40] = 1
    collar[:, :, 16:24, 18:30] = 1
    return mask, collar


@pytest.fixture
def world(make_tiny_hd):
    """A tiny folder with `train` and `val`, whose every garment has a collar 3 pixels high but `c3`."""
    for split in ("train", "val"):
        tiny = make_tiny_hd(split=split, size=SIZE)
        folder = tiny.root / split / "collar-mask"
        folder.mkdir()
        for name in tiny.clothings:
            collar = np.zeros(SIZE, np.uint8)
            if name != "c3":
                collar[13:16, 20:28] = 255
            save_png(folder / f"{name}.png", collar)
    return tiny.root


def test_logits_have_the_size_of_the_picture_at_every_size():
    network = CollarNetwork(4)
    for size in ((64, 48), (128, 96), (96, 160)):
        assert network(torch.zeros(2, 3, *size)).shape == (2, 1, *size)


@pytest.mark.parametrize("shape", [(1, 3, 60, 48), (1, 3, 64, 50), (1, 1, 64, 48), (3, 64, 48)])
def test_a_picture_that_cannot_be_halved_is_refused(shape):
    with pytest.raises(ValueError, match="expected"):
        CollarNetwork(4)(torch.zeros(shape))


def test_what_is_found_does_not_depend_on_the_rest_of_the_batch():
    torch.manual_seed(0)
    network, clothing = CollarNetwork(4), torch.rand(3, 3, *SIZE) * 2 - 1
    together = find_collar(network, clothing)
    assert ((together > 0) & (together < 1)).all()
    torch.testing.assert_close(find_collar(network, clothing[1:2]), together[1:2], rtol=0, atol=1e-6)


def test_the_collar_goes_and_everything_else_stays():
    mask, collar = garment()
    left = without_collar(mask, collar)
    assert left[collar > 0].max() == 0
    torch.testing.assert_close(left[collar == 0], mask[collar == 0])


def test_no_hole_is_cut_where_the_finder_fires_in_the_middle():
    mask, collar = garment()
    false = collar.clone()
    false[:, :, 36:44, 20:28] = 1
    torch.testing.assert_close(without_collar(mask, false), without_collar(mask, collar))
    torch.testing.assert_close(without_collar(mask, false - collar), mask)


def test_every_removed_pixel_is_open_to_the_top():
    torch.manual_seed(1)
    mask, _ = garment()
    left = without_collar(mask, (torch.rand_like(mask) > 0.4).float())
    removed = ((mask > 0.5) & (left <= 0.5))[0, 0]
    assert removed.any()
    for column in range(removed.shape[1]):
        rows = removed[:, column].nonzero().flatten()
        if len(rows):
            assert left[0, 0, : rows.max() + 1, column].max() <= 0.5


def test_a_missed_seam_above_the_collar_goes_with_it():
    mask, collar = garment(128, 96)
    collar[:, :, 16:18] = 0  # two pixels, 1/64 of the height
    left = without_collar(mask, collar)
    assert left[:, :, :24, 18:30].max() == 0
    collar[:, :, 18] = 0  # one more, and it is the garment's own
    torch.testing.assert_close(without_collar(mask, collar)[:, :, 16:19], mask[:, :, 16:19])


def test_nothing_found_leaves_the_mask_untouched():
    mask, collar = garment()
    mask[:, :, 15] = 0.4
    assert torch.equal(without_collar(mask, torch.zeros_like(collar)), mask)


def test_the_edge_of_an_unsure_finder_is_one_pixel_wide():
    mask, collar = garment()
    rows = torch.arange(64.0).reshape(1, 1, 64, 1)
    unsure = ((24.5 - rows) / 12 + 0.5).clamp(0, 1) * collar.amax(dim=2, keepdim=True)
    left = without_collar(mask, unsure)[0, 0, :, 22]
    assert left[:24].max() == 0
    assert left[26:56].min() == 1


def test_the_loss_is_small_for_the_truth_and_large_for_nothing_found():
    _, collar = garment()
    right, nothing = (collar_loss(logits, collar) for logits in (collar * 40 - 20, torch.full_like(collar, -20)))
    assert right["total"] < 1e-3
    assert nothing["dice"] > 0.98
    assert nothing["cross_entropy"] == pytest.approx(20 * float(collar.mean()), rel=1e-3)
    torch.testing.assert_close(nothing["total"], nothing["dice"] + nothing["cross_entropy"])


def test_pictures_and_masks_are_mirrored_together():
    torch.manual_seed(0)
    collar = (torch.rand(32, 1, 8, 8) > 0.5).float()
    seen = augmented(CollarBatch(collar.expand(-1, 3, -1, -1), collar))
    assert torch.equal(seen.clothing, seen.collar.expand(-1, 3, -1, -1))
    turned = (seen.collar != collar).any(dim=(1, 2, 3)).sum()
    assert 0 < turned < 32


def test_the_stage_reads_every_garment_whether_worn_or_not(world):
    stage = CollarStage(CollarConfig(steps=1, width=4), world, SIZE)
    items = stage.items()
    assert [item.name for item in items] == ["c1", "c2", "c3"]
    assert items[0].nbytes == 64 * 48 * 4
    batch = stage.batch(list(items), CPU)
    assert batch.clothing.shape == (3, 3, *SIZE)
    assert batch.collar.sum(dim=(1, 2, 3)).tolist() == [24, 24, 0]


def test_the_figures_count_iou_where_there_is_a_collar_and_area_where_there_is_none(world):
    stage = CollarStage(CollarConfig(steps=1, width=4), world, SIZE)
    batch = stage.batch(list(stage.items()), CPU)

    class Finder(torch.nn.Module):
        def forward(self, clothing):
            found = batch.collar.clone()
            found[1, :, :16] = 0
            found[2, :, :, :12] = 1
            return (found * 2 - 1)[: len(clothing)]

    figures = stage.measure({"collar": Finder()}, batch)
    assert float(figures["collar_iou"]) == pytest.approx(0.5)
    assert float(figures["false_area"]) == pytest.approx(0.25)


def test_a_dataset_without_collar_masks_is_refused_by_the_folder(tiny_hd):
    with pytest.raises(InputError, match=r"train/collar-mask: expected collar masks"):
        CollarStage(CollarConfig(steps=1), tiny_hd.root, SIZE)


def test_the_loop_trains_it_and_the_run_gives_it_back(world, tmp_path):
    config, training = CollarConfig(steps=2, batch=3, width=4), TrainingConfig(validate_every=2)
    folder = StageFolder(tmp_path / "run" / "stages" / "collar" / "0")
    settings = {"stage": "collar", "steps": 2, "config": config.model_dump(mode="json", exclude={"steps"})}
    settings |= {"size": list(SIZE)}
    train(Run(CollarStage(config, world, SIZE), folder, training, 0, make_fabric(training, "cpu"), str), settings)
    network = load_collar(TrainedRun(tmp_path / "run"))
    assert isinstance(network, CollarNetwork)
    assert not network.training
    assert (folder.path / "validation" / "000002.png").is_file()
    assert '"collar_iou"' in folder.log.read_text()


def test_a_few_updates_on_one_batch_find_its_collars(world):
    torch.manual_seed(0)
    stage = CollarStage(CollarConfig(steps=1, width=4), world, SIZE)
    network, batch = stage.networks()["collar"], stage.batch(list(stage.items())[:2], CPU)
    adam = torch.optim.Adam(network.parameters(), lr=0.02)
    first = stage.measure({"collar": network}, batch)["total"]

    def apply(name, terms):
        terms["total"].backward()
        adam.step()
        adam.zero_grad()

    for _ in range(25):
        stage.update({"collar": network}, batch, apply)
    assert stage.measure({"collar": network}, batch)["total"] < 0.6 * first


def test_samples_lose_the_collar_from_their_masks_alone(world):
    sample = VitonHd(world, "val").sample(Pair("p1", "c1"), SIZE)
    top = int((sample.clothing.mask > 127).any(axis=1).argmax())

    class Finder(torch.nn.Module):
        def forward(self, clothing):
            logits = torch.full_like(clothing[:, :1], -20)
            logits[:, :, top : top + 4, 20:28] = 20
            return logits

    made, again = samples_without_collar(Finder(), [sample, sample])
    lost = (sample.clothing.mask > 127) & (made.clothing.mask <= 127)
    assert lost[top : top + 4, 20:28].all()
    assert lost.sum() == 32
    assert np.array_equal(made.clothing.mask, again.clothing.mask)
    assert np.array_equal(made.clothing.image, sample.clothing.image)
    assert made.person is sample.person
