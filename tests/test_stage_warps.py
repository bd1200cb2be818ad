"""Warps for stage 2: made once, kept by content, onto the mask that the paper says; what fails is named."""

import json

import numpy as np
import pytest
import torch
from PIL import Image
from torch import nn

from viton.config import RepresentationConfig, WarpConfig
from viton.data.sample import Pair
from viton.data.viton_hd import VitonHd
from viton.errors import InputError
from viton.parsing import CIHP
from viton.stage_config import CoarseConfig, RefineConfig
from viton.stage_warps import WarpSettings, load_warp, make_stage_warps, stage_targets, warp_and_keep
from viton.trained import TrainedCoarse
from viton.training_data import Pairs, TryOnData

SIZE = (64, 48)
WARP = WarpConfig.model_validate({"match": {"height": 64}})
STIFFER = WARP.model_copy(update={"smoothing": 0.1})


class Box(nn.Module):
    """A coarse stage that sees the garment in a box, whoever comes."""

    def __init__(self, top: int = 16, bottom: int = 48) -> None:
        super().__init__()
        self.top, self.bottom = top, bottom

    def forward(self, x):
        made = x.new_full((len(x), 4, *SIZE), -20.0)
        made[:, 3, self.top : self.bottom, 12:36] = 20
        return made


@pytest.fixture(autouse=True)
def one_thread():
    torch.set_num_threads(1)  # pictures are so small that more threads only wait for each other


@pytest.fixture
def data(tiny_hd) -> TryOnData:
    source = VitonHd(tiny_hd.root, "test")
    training = Pairs(source, [Pair("p1", "c1"), Pair("p2", "c2"), Pair("p1", "c3")], SIZE)
    return TryOnData(training, Pairs(source, [Pair("p2", "c1")], SIZE), RepresentationConfig(), CIHP)


@pytest.fixture
def make(data, tmp_path, monkeypatch):
    """A function that makes the warps; `made` counts those that were made anew."""
    made = []
    monkeypatch.setattr("viton.stage_warps.warp_and_keep", lambda job: (made.append(job), warp_and_keep(job))[1])

    def call(network=None, fidelity="paper", target=None, batch=2, progress=None, data=data, **options):
        made.clear()
        settings = {"config": WARP, "seed": 0, "cache": tmp_path / "cache"} | options
        coarse = TrainedCoarse(network or Box(), CoarseConfig(steps=1, batch=batch), RepresentationConfig(), SIZE)
        targets = stage_targets(RefineConfig(steps=1, fidelity=fidelity, target=target), coarse, data)
        return make_stage_warps(data, targets, WarpSettings(**settings), tmp_path / "warps.json", progress)

    call.made = made
    call.cache = tmp_path / "cache"
    call.report = lambda: json.loads((tmp_path / "warps.json").read_text())
    return call


def test_every_pair_comes_with_its_warped_clothing(make, data):
    warps = make()
    assert (len(warps.training), len(warps.validation)) == (3, 1)
    assert [item.name for item in warps.training] == ["p1__c1", "p2__c2", "p1__c3"]
    item = warps.training[0]
    assert (item.warped.shape, item.mask.shape, item.warped.dtype) == ((*SIZE, 3), SIZE, np.uint8)
    assert (item.warped[item.mask == 0] == 255).all()  # white outside
    red = item.warped[item.mask == 255].mean(axis=0)
    assert red == pytest.approx([200, 30, 40], abs=12)  # the garment's own colour
    assert item.nbytes > data.training[0].nbytes


def test_the_paper_warps_onto_the_predicted_mask_and_the_authors_onto_the_parsed_one(make, data):
    box = np.zeros(SIZE, bool)
    box[16:48, 12:36] = True
    parsed = data.training[1].sample.person.parsing == 5

    def iou(a, b):
        return (a & b).sum() / (a | b).sum()

    paper, authors = (make(fidelity=each).training[1].mask > 127 for each in ("paper", "authors"))
    assert iou(paper, box) > 0.9 > iou(paper, parsed)
    assert iou(authors, parsed) > 0.9 > iou(authors, box)


def test_the_target_that_is_named_goes_before_the_fidelity(make):
    paper, authors = (make(fidelity=each).training[1].mask for each in ("paper", "authors"))
    named = make(fidelity="authors", target="predicted").training[1].mask
    assert (named == paper).all()
    assert (make(fidelity="paper", target="parsed").training[1].mask != paper).any()
    assert (authors != paper).any()


def test_a_second_call_makes_none_and_gives_the_same(make):
    first = make().training[2]
    assert len(make.made) == 3
    second = make().training[2]
    assert len(make.made) == 0
    assert (second.warped == first.warped).all()


def test_what_is_the_same_warp_is_made_once_whoever_wears_it(make):
    warps = make()
    assert [job.clothing.id for job in make.made] == ["c1", "c2", "c3"]
    assert warps.validation.made[0][1] == warps.training.made[0][1]  # p2__c1 and p1__c1, onto the same mask


@pytest.mark.parametrize(
    "change",
    [{"network": Box(20)}, {"seed": 1}, {"config": STIFFER}, {"fidelity": "authors"}],
)
def test_whatever_decides_a_warp_is_in_its_key(make, change):
    make()
    make(**change)
    assert len(make.made) == (4 if "fidelity" in change else 3)


def test_another_product_picture_is_another_warp_and_the_rest_is_kept(make, tiny_hd, save_picture):
    make()
    save_picture(tiny_hd.clothing("c3"), np.full((*SIZE, 3), 90, np.uint8))
    make()
    assert [job.clothing.id for job in make.made] == ["c3"]


def test_neither_the_batch_of_the_coarse_stage_nor_the_place_of_the_cache_is_in_the_key(make, tmp_path):
    make()
    make(batch=1)
    assert len(make.made) == 0
    make.cache.rename(tmp_path / "moved")
    make(cache=tmp_path / "moved")
    assert len(make.made) == 0


@pytest.mark.parametrize("harm", ["truncated", "emptied", "deleted", "no picture", "another size"])
def test_a_damaged_file_is_made_again_and_no_other(make, harm):
    warps = make()
    path, before = warps.training.made[1][1], warps.training[1]
    if harm == "deleted":
        path.unlink()
    elif harm == "another size":
        Image.new("RGBA", (3, 4)).save(path)
    else:
        path.write_bytes({"truncated": path.read_bytes()[:-40], "emptied": b"", "no picture": b"hello"}[harm])
    with pytest.raises(InputError, match="makes it again"):
        load_warp(path, SIZE)
    after = make().training[1]
    assert len(make.made) == 1
    assert (after.warped == before.warped).all()


def test_a_pair_that_cannot_be_warped_is_left_out_counted_and_named(make, tiny_hd, save_picture):
    save_picture(tiny_hd.mask("c2"), np.zeros(SIZE, np.uint8))
    warps = make()
    assert [item.name for item in warps.training] == ["p1__c1", "p1__c3"]
    (reason,) = make.report()["training"]["failed"].items()
    assert reason[0] == "p2__c2"
    assert reason[1].startswith("warp_failed:empty_mask: the product's mask")
    assert {key: make.report()["training"][key] for key in ("pairs", "warped")} == {"pairs": 3, "warped": 2}
    assert make.report()["validation"] == {"pairs": 1, "warped": 1, "failed": {}}


def test_a_coarse_stage_that_sees_no_garment_at_all_is_one_line(make):
    with pytest.raises(InputError, match="got none; the first: warp_failed:empty_mask") as caught:
        make(network=Box(0, 0))
    assert "\n" not in str(caught.value)
    assert len(make.report()["training"]["failed"]) == 3


def test_processes_of_their_own_make_the_same_bytes(make, data, tmp_path, monkeypatch):
    monkeypatch.setattr("viton.stage_warps.warp_and_keep", warp_and_keep)  # a worker cannot be sent a lambda
    make()
    make(cache=tmp_path / "parallel", workers=2)
    alone = {path.name: path.read_bytes() for path in make.cache.glob("*.png")}
    parallel = {path.name: path.read_bytes() for path in (tmp_path / "parallel").glob("*.png")}
    assert len(alone) == 3
    assert parallel == alone


def test_progress_reaches_the_number_of_pairs_also_when_nothing_is_made(make):
    told = []
    for _ in range(2):
        make(progress=lambda done, total: told.append((done, total)))
        assert told[-1] == (4, 4)


def test_the_predicted_mask_is_kept_in_steps_too_large_for_rounding_errors(make):
    class Ramp(Box):
        def forward(self, x):
            made = super().forward(x)
            made[:, 3] = 6 - torch.linspace(0, 12, SIZE[0])[:, None].expand(SIZE)
            return made

    make(network=Ramp())
    assert {value for job in make.made for value in np.unique(job.target)} == set(range(0, 256, 17))
