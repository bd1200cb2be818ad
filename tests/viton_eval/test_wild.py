"""Made-up people in places: what is before the person stays, and every figure stands beside a truth that fits it."""

import json

import cv2
import numpy as np
import pandas as pd
import pytest

from viton import wild_figures
from viton.config import ExperimentConfig, FolderData
from viton.data.coco import Coco
from viton.data.layouts import open_dataset
from viton.images import load_rgb
from viton.methods import method_named
from viton.parsing import CIHP
from viton.synthetic.config import WorldConfig
from viton.synthetic.dataset import write_world
from viton_eval import wild, wild_pages
from viton_eval.experiment import Experiment
from viton_eval.wild_scene import PHOTO, SCENE, clutter, make_wild

SIZE = (64, 48)


@pytest.fixture(scope="module")
def world(tmp_path_factory):
    root = tmp_path_factory.mktemp("wild") / "world"
    write_world(root, WorldConfig(people=12, garments=4, seed=1, height=128, width=96))
    return open_dataset(root, "test")


@pytest.fixture(scope="module")
def scenes(world, tmp_path_factory):
    pairs = [pair for pair in world.pairs("test_pairs.txt") if world.has_truth(pair)]
    return make_wild(tmp_path_factory.mktemp("made") / "wild", world, pairs, 0)


def test_scenes_are_a_coco_folder_like_any_other(scenes):
    assert isinstance(scenes.data, Coco)
    assert scenes.truth
    assert len(scenes.truth) + scenes.data.dropped.total() == scenes.asked
    content = json.loads(scenes.data.path.read_text())
    assert {len(row["keypoints"]) for row in content["annotations"]} == {51}
    assert all(len(row["segmentation"][0]) < 400 for row in content["annotations"])
    assert open_dataset(scenes.data.root, "test").pairs("test_pairs.txt") == list(scenes.truth)


def test_only_what_is_behind_a_person_changes_and_labels_lie_on_the_person(scenes):
    for pair, placed in scenes.truth.items():
        scene, person = scenes.data.photo(pair.person), placed.labels > 0
        inside = cv2.erode(person.astype(np.uint8), np.ones((9, 9), np.uint8)) > 0
        assert np.abs(scene[inside].astype(int) - placed.plain[inside]).max() <= 3
        assert np.abs(scene[~person].astype(int) - placed.plain[~person]).mean() > 20
        outline = scenes.data.outline(pair.person) > 0
        assert (outline & person).sum() / person.sum() > 0.98  # holes between arm and trunk are filled
        assert placed.true_labels.shape == placed.labels.shape == scenes.data.crop(pair.person).size


def test_the_true_try_on_is_the_worlds_own(scenes, world):
    for pair, placed in scenes.truth.items():
        worn = np.isin(placed.true_labels, CIHP.ids(("upper_clothes",)))
        product = world.clothing(pair.clothing, (128, 96))
        true = placed.true_clutter[worn].astype(int)
        assert np.abs(true - placed.true_plain[worn]).mean() < 3
        assert np.abs(true.mean(axis=0) - product.image[product.mask > 128].mean(axis=0)).max() < 60


def test_joints_are_the_worlds_but_for_rounding_and_the_neck(scenes):
    table = wild.joint_errors(scenes)
    assert (table.drop(index="neck")["largest px"] < 0.75).all()
    assert table.loc["neck", "largest px"] < 8
    assert table.loc["nose", "n"] == len(scenes.truth)


def test_equal_seeds_make_equal_scenes_and_others_do_not(world, scenes, tmp_path):
    pairs = [pair for pair in world.pairs("test_pairs.txt") if world.has_truth(pair)][:1]
    again, other = (make_wild(tmp_path / str(seed), world, pairs, seed) for seed in (0, 1))
    name = next(iter(again.truth)).person
    first = load_rgb(scenes.data.people[name])
    assert (load_rgb(again.data.people[name]) == first).all()
    assert not (load_rgb(other.data.people[next(iter(other.truth)).person]) == first).all()
    place = clutter(SCENE, np.random.default_rng(0))
    assert place.shape == (*SCENE, 3)
    assert place.std() > 25
    assert PHOTO[0] < SCENE[0]


def test_a_perfect_try_on_has_no_error_and_a_grey_one_has(scenes):
    made = {("perfect", name, pair): wild.true_in(placed, name, SIZE)
            for pair, placed in scenes.truth.items() for name in wild.CONDITIONS}  # fmt: skip
    made |= {("grey", name, pair): np.full((*SIZE, 3), 128, np.uint8) for _, name, pair in made}
    table = wild.error_table(wild.errors(scenes, made, SIZE))
    assert (table.loc["perfect", ["garment", "rest of the person", "background"]] == 0).all(axis=None)
    assert (table.loc["grey", ["garment", "rest of the person", "background"]] > 0.02).all(axis=None)
    assert (table["n"] == len(scenes.truth)).all()


def test_a_pair_that_failed_once_counts_in_no_mean_and_is_named(scenes):
    made = {("one", name, pair): wild.true_in(placed, name, SIZE)
            for pair, placed in scenes.truth.items() for name in wild.CONDITIONS}  # fmt: skip
    first = next(iter(scenes.truth))
    made["one", wild.GUESSED, first] = "warp_failed:empty_mask"
    table = wild.error_table(wild.errors(scenes, made, SIZE))
    assert set(table["n"]) <= {len(scenes.truth) - 1}
    assert wild_pages.failed(made) == [f"one, {wild.GUESSED}: 1 failed: warp_failed:empty_mask"]
    rows = wild_pages.try_ons(scenes, made, ["one"], SIZE, 1)
    assert [each.guessed for each in rows[0]] == [False] * 5 + [True]
    assert rows[0][-1].picture is None


def test_a_guess_equal_to_the_truth_overlaps_wholly_and_the_real_one_as_was_measured(scenes, monkeypatch):
    ious = wild.parsing_ious(scenes)
    means = ious.mean()
    assert means["upper clothes"] > 0.6
    assert means["face"] > 0.6
    table = wild.parsing_table(ious)
    assert list(table.columns) == ["mean", "least", "most", "n"]
    truth = {pair.person: placed.labels for pair, placed in scenes.truth.items()}
    monkeypatch.setattr(Coco, "read_parsing", lambda self, name, size: truth[name])
    perfect = wild.parsing_ious(scenes)
    assert isinstance(perfect, pd.DataFrame)
    assert (perfect.fillna(1) == 1).all(axis=None)


def test_every_picture_that_rests_on_a_guess_says_so(scenes):
    rows = wild_pages.parsings(scenes, 2)
    figure = wild_figures.sheet(rows, ())
    marks = [text.get_text() for axis in figure.axes for text in axis.texts]
    assert marks == [wild_figures.APPROXIMATE] * len(rows[2])
    assert {each.guessed for each in rows[2]} == {True}
    assert not any(each.guessed for row in rows[:2] for each in row)
    drawn = wild_figures.scenes(wild_pages.places(scenes.data, 3))
    boxed = [axis for axis in drawn.axes if axis.patches]
    assert len(boxed) == min(3, len(scenes.data.people))
    crop = scenes.data.crop(next(iter(scenes.data.people)))
    assert (boxed[0].patches[0].get_width(), boxed[0].patches[0].get_height()) == (crop.width, crop.height)


def test_a_photograph_of_coco_is_dressed_and_marked_and_never_scored(world, shared_data):
    root = shared_data / "coco_sample"
    if not root.is_dir():
        pytest.skip(f"NOT MEASURED: no COCO sample in {root}")
    config = ExperimentConfig(
        name="wild", purpose="Photographs.", data=FolderData(kind="folder", root=world.root), height=64, width=48
    )
    experiment = Experiment(config, world, world.pairs("test_pairs.txt"), (world.root, "", "runs"))
    found = wild.photographs(str(root), experiment, 3)
    assert (len(found.samples), found.wrong) == (1, [])
    method = method_named("non-parametric")
    ready = {"non-parametric": wild.Dresser(method, method.prepare(config.try_on, CIHP, "cpu", None))}
    made = wild.dress_photographs(found.samples, ready)
    assert {condition for _, condition, _ in made} == {wild.GUESSED}
    (row,) = wild_pages.photographs(found, made, list(ready))
    assert [each.guessed for each in row] == [False, True, False, True]
    assert row[-1].told == "truth not known" or row[-1].picture is None
    assert wild_pages.told_of_photographs(str(root), found)[0].endswith("1 people taken, 1 of them shown")
