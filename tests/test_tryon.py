"""The whole paper at once: what is made of a pair, and that nothing else in the batch has a say in it."""

from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest
import torch
from torch import nn

from viton.data.sample import Pair
from viton.data.viton_hd import VitonHd
from viton.errors import InputError
from viton.images import to_mask_pixels
from viton.shape_context import MatchError
from viton.tryon import TryOn, Viton, load_viton
from viton.warp import predicted_target

SIZE = (64, 48)
PAIRS = [Pair(person, clothing) for clothing in ("c1", "c2", "c3") for person in ("p1", "p2")]


@pytest.fixture(autouse=True)
def one_thread():
    torch.set_num_threads(1)  # pictures are so small that more threads only wait for each other


@pytest.fixture
def samples(tiny_hd):
    data = VitonHd(tiny_hd.root, "test")
    return [data.sample(pair, SIZE) for pair in PAIRS]


@pytest.fixture
def viton(untrained_run) -> Viton:
    return load_viton(untrained_run.path)


class Sees(nn.Module):
    """A coarse stage that paints grey and sees the garment in a box, none in every second sample if so told."""

    def __init__(self, gaps: bool = False) -> None:
        super().__init__()
        self.gaps = gaps

    def forward(self, x):
        made = x.new_full((len(x), 4, *SIZE), -20.0)
        made[:, :3] = 0
        made[:, 3, 16:48, 12:36] = 20
        if self.gaps:
            made[::2, 3] = -20
        return made


def _seeing(viton: Viton, gaps: bool = False) -> Viton:
    return replace(viton, coarse=viton.coarse._replace(network=Sees(gaps)))


def _expect_equal(a: TryOn, b: TryOn) -> None:
    for name in ("coarse", "mask", "warped", "warped_mask", "alpha", "image"):
        torch.testing.assert_close(getattr(a, name), getattr(b, name), atol=1e-5, rtol=0, msg=name)


def test_every_part_of_a_try_on_is_shown_in_its_range(viton, samples):
    (made,) = viton(samples[:1])
    for name, channels, low in [
        ("coarse", 3, -1),
        ("mask", 1, 0),
        ("warped", 3, -1),
        ("alpha", 1, 0),
        ("image", 3, -1),
    ]:
        part = getattr(made, name)
        assert part.shape == (1, channels, *SIZE), name
        assert part.min() >= low, name
        assert part.max() <= 1, name
    assert made.image.dtype == torch.float32


def test_the_image_is_composed_of_coarse_result_and_warped_clothing_by_alpha(viton, samples):
    for made in viton(samples):
        torch.testing.assert_close(made.image, made.alpha * made.warped + (1 - made.alpha) * made.coarse)


def test_a_try_on_is_the_same_alone_and_in_any_batch(viton, samples):
    together = viton(samples)
    alone = [viton([sample])[0] for sample in samples]
    shuffled = viton(samples[4:] + samples[:2])
    assert len(together) == len(samples)
    for a, b in zip(together, alone, strict=True):
        _expect_equal(a, b)
    for a, b in zip(together[4:] + together[:2], shuffled, strict=True):
        _expect_equal(a, b)


def test_different_pairs_come_out_differently(viton, samples):
    made = viton(samples)
    for a, b in pairwise(made):
        assert (a.image - b.image).abs().max() > 0.01


def test_the_clothing_is_warped_onto_the_predicted_mask_and_not_onto_the_worn_garment(viton, samples):
    (made,) = _seeing(viton)(samples[:1])
    box = torch.zeros(SIZE, dtype=torch.bool)
    box[16:48, 12:36] = True
    warped = made.warped_mask[0, 0] > 0.5
    assert (warped & box).sum() / (warped | box).sum() > 0.9
    assert made.report.iou > 0.9


def test_the_photo_under_the_new_garment_is_never_seen(viton, samples):
    painted = [
        sample._replace(person=sample.person._replace(image=np.where(
            (sample.person.parsing == 5)[..., None], np.uint8(77), sample.person.image)))
        for sample in samples
    ]  # fmt: skip
    for a, b in zip(viton(samples), viton(painted), strict=True):
        _expect_equal(a, b)


def test_a_pair_without_a_predicted_mask_fails_with_a_reason_and_alone(viton, samples):
    seeing, alone = _seeing(viton, gaps=True), _seeing(viton)
    made = seeing(samples[:4])
    assert [isinstance(each, MatchError) for each in made] == [True, False, True, False]
    assert made[0].code == "empty_mask"
    assert "the garment on the person" in str(made[0])
    _expect_equal(made[1], alone(samples[1:2])[0])
    _expect_equal(made[3], alone(samples[3:4])[0])


def test_a_product_without_a_mask_fails_with_a_reason_and_alone(viton, samples):
    bare = samples[0]._replace(clothing=samples[0].clothing._replace(mask=np.zeros(SIZE, np.uint8)))
    bad, good = _seeing(viton)([bare, samples[1]])
    assert (bad.code, str(bad)) == ("empty_mask", "the product's mask: the mask is empty")
    assert isinstance(good, TryOn)


def test_a_batch_that_fails_as_a_whole_is_a_list_of_reasons(viton, samples):
    nothing = replace(viton, coarse=viton.coarse._replace(network=Sees(gaps=True)))
    assert [type(each) for each in nothing([samples[0]])] == [MatchError]


def test_the_authors_show_no_warped_clothing_outside_the_predicted_mask(make_untrained_run, samples):
    made = _seeing(load_viton(make_untrained_run(fidelity="authors").path))(samples[:2])
    for each in made:
        assert (each.alpha[each.mask == 0] == 0).all()
        assert (each.alpha[each.mask > 0] > 0).all()
        assert each.image[:, :, :10].equal(each.coarse[:, :, :10])


def test_a_mask_is_rounded_so_that_its_last_digits_move_no_outline():
    mask = torch.linspace(0, 1, 1000).reshape(1, 1, 40, 25)
    target = predicted_target(mask)
    assert len(target.unique()) == 16
    assert 0.5 not in target
    assert ((target > 0.5) == (mask > 0.5)).all()
    assert (target - mask).abs().max() <= 1 / 30 + 1e-6
    assert set(to_mask_pixels(target).ravel().tolist()) == set(range(0, 256, 17))  # a kept one is the very same


def test_loading_takes_the_size_and_the_warp_that_stage_2_was_trained_with(viton, untrained_run):
    assert viton.size == SIZE
    assert viton.warp.model_dump(mode="json") == untrained_run.settings("refine")["warp"]


def test_a_refinement_of_another_coarse_stage_is_refused(untrained_run):
    untrained_run.seed = 0
    networks = untrained_run.networks("coarse")
    for parameter in networks["coarse"].parameters():
        parameter.data += 0.01
    from viton.checkpoint import StageFolder

    StageFolder(untrained_run.folder("coarse")).finish(networks, untrained_run.settings("coarse"))
    with pytest.raises(InputError, match="on which refine was trained"):
        load_viton(untrained_run.path)


def test_a_run_that_is_not_there_is_one_line(tmp_path):
    with pytest.raises(InputError, match="refine") as caught:
        load_viton(tmp_path / "nowhere")
    assert "\n" not in str(caught.value)
