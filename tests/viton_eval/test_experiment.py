"""What notebooks open: paths found from their own folder too, and tables that say why nothing succeeded."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import yaml

from viton.config import WorldData
from viton.data.sample import Pair, Truth
from viton.data.viton_hd import VitonHd
from viton.errors import InputError
from viton.files import jsonl
from viton.synthetic.config import WorldConfig
from viton.synthetic.dataset import write_world
from viton_eval.experiment import _located, _table, open_experiment
from viton_eval.interval import mean_interval
from viton_eval.measures import ssim
from viton_eval.tables import attributes, first_garments, first_people
from viton_eval.truth import end_point_error_px, l1_in_garment, rebuilt_garment


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> VitonHd:
    root = tmp_path_factory.mktemp("world")
    write_world(root, WorldConfig(people=4, garments=0, seed=0, height=64, width=48))
    return VitonHd(root, "test")


def test_a_notebook_started_in_its_own_folder_finds_the_checkout(tmp_path, monkeypatch):
    (tmp_path / "configs").mkdir()
    (tmp_path / "notebooks").mkdir()
    (tmp_path / "configs" / "demo.yaml").touch()
    (tmp_path / "Snakefile").touch()
    monkeypatch.chdir(tmp_path / "notebooks")
    assert _located("configs/demo.yaml", "runs") == (tmp_path / "configs/demo.yaml", str(tmp_path / "runs"))
    monkeypatch.chdir(tmp_path)
    assert _located("configs/demo.yaml", "runs") == (Path("configs/demo.yaml"), "runs")


def test_a_table_in_which_every_pair_failed_says_why(tmp_path):
    row: dict[str, object] = {"person": "p", "clothing": "c", "status": "warp_failed:empty_mask"}
    (tmp_path / "warps.jsonl").write_text(jsonl([row, row | {"person": "q"}]))
    with pytest.raises(InputError, match="at least one pair that succeeded, got 2 x warp_failed:empty_mask"):
        _table(tmp_path / "warps.jsonl")


def test_samples_with_bad_files_are_left_out_and_named(world, tmp_path, capsys):
    write_world(tmp_path, WorldConfig(people=4, garments=0, seed=0, height=64, width=48))
    (tmp_path / "test/image/00000_00.jpg").write_bytes(b"no picture")
    (tmp_path / "test/cloth/00001_00.jpg").write_bytes(b"no picture")
    data = VitonHd(tmp_path, "test")
    assert [person.id for person in first_people(data, (64, 48), 2)] == ["00001_00", "00002_00"]
    assert [garment.id for garment in first_garments(data, (64, 48), 9)] == ["00000_00", "00002_00", "00003_00"]
    told = capsys.readouterr().out
    assert "image/00000_00.jpg" in told
    assert "cloth/00001_00.jpg" in told


def test_the_truth_is_at_no_distance_from_itself(world):
    pair = world.pairs("test_pairs.txt")[0]
    truth = world.truth(pair, (64, 48))
    worn = (truth.map_px == truth.map_px).all(axis=2)
    assert l1_in_garment(truth.image, truth) == 0
    assert ssim(truth.image, truth.image) == pytest.approx(1)
    assert end_point_error_px(truth.map_px.astype(float), worn, truth) == 0
    assert end_point_error_px(truth.map_px + np.array([3.0, 4.0]), worn, truth) == pytest.approx(5)
    assert end_point_error_px(truth.map_px.astype(float), ~worn, truth) != 0  # nothing in common: NaN
    white = truth.image.copy()
    white[worn] = 255
    assert l1_in_garment(white, truth) == pytest.approx((255 - truth.image[worn].astype(float)).mean() / 255)


def test_an_identity_map_rebuilds_the_product_where_it_is_worn_and_white_elsewhere():
    product = np.random.default_rng(0).integers(0, 255, (64, 48, 3)).astype(np.uint8)
    y, x = np.mgrid[:64, :48].astype(np.float32)
    map_px = np.where((y < 30)[..., None], np.stack([x, y], axis=2), np.nan)
    rebuilt = rebuilt_garment(product, Truth(product, map_px))
    assert np.array_equal(rebuilt[:30], product[:30])
    assert (rebuilt[30:] == 255).all()


def test_attributes_are_those_of_their_kind_without_names_and_a_list_is_taken_apart(tiny_hd):
    rows: list[dict[str, object]] = [
        {"kind": "person", "id": "p1", "pose": "turned", "skin": [1, 2], "new_thing": {"a": True}},
        {"kind": "garment", "id": "c1", "print": "0f", "logo": ""},
        {"kind": "person", "id": "p2", "pose": "standing", "skin": [3, 4]},
    ]
    data = VitonHd(tiny_hd.root, "test")
    assert attributes([data], "person") == {}
    (tiny_hd.root / "test/attributes.jsonl").write_text(jsonl(rows))
    people = {"pose": ["turned", "standing"], "skin 1": [1, 3], "skin 2": [2, 4], "new thing a": [True]}
    assert attributes([data], "person") == people
    assert attributes([data, data], "garment") == {"logo": ["", ""]}


def test_a_folder_shows_its_own_split_alone_and_a_world_all_of_them(make_tiny_hd, tmp_path):
    folder = make_tiny_hd()
    make_tiny_hd(split="train")
    content = {"name": "tiny", "purpose": "x", "data": {"kind": "folder", "root": str(folder.root)}}
    (tmp_path / "c.yaml").write_text(yaml.safe_dump(content | {"reference": {"root": str(folder.root)}}))
    opened = open_experiment(str(tmp_path / "c.yaml"), "", str(tmp_path / "runs"))
    assert [data.split for data in opened.splits] == ["test"]
    assert opened.reference is not None
    assert opened.reference.root == folder.root
    world = WorldData(kind="world", world=WorldConfig(people=4, garments=0, seed=0, height=64, width=48))
    made = opened._replace(config=opened.config.model_copy(update={"data": world, "reference": None}))
    assert [data.split for data in made.splits] == ["train", "test"]
    assert made.reference is None
    assert [each.id for each in first_people(made.splits, (64, 48), 3)] == ["p1", "p2", "p1"]


def test_the_true_labels_of_a_pair_are_brought_to_the_working_size(tiny_hd, tmp_path, labels_of_a_person, save_picture):
    (tiny_hd.root / "test/parse-truth").mkdir()
    save_picture(tiny_hd.root / "test/parse-truth/p1__c1.png", labels_of_a_person((128, 96)))
    content = {"name": "t", "purpose": "x", "data": {"kind": "folder", "root": str(tiny_hd.root)}}
    (tmp_path / "c.yaml").write_text(yaml.safe_dump(content | {"height": 64, "width": 48}))
    opened = open_experiment(str(tmp_path / "c.yaml"), "", str(tmp_path / "runs"))
    found = opened.true_parsing(Pair("p1", "c1"))
    assert found.shape == (64, 48)
    assert (found == labels_of_a_person((64, 48))).mean() > 0.95


def test_the_interval_of_equal_values_is_a_point_and_shared_people_widen_it():
    assert mean_interval([2.0] * 5, list("abcde"), list("vwxyz"))[:4] == (2, 2, 2, 5)
    values, names = [0.0] * 20 + [1.0] * 20, [str(number) for number in range(40)]
    apart = mean_interval(values, names, names)
    shared = mean_interval(values, [str(number // 5) for number in range(40)], names)
    assert shared.high - shared.low > apart.high - apart.low
    with pytest.raises(ValueError, match="at least one value"):
        mean_interval([], [], [])


def test_a_methods_results_are_looked_for_once(world, tmp_path, monkeypatch):
    """Each look plans the whole experiment: a notebook of eight pairs and six methods waited a minute for them."""
    content = {"name": "t", "purpose": "x", "data": {"kind": "folder", "root": str(world.root)}}
    (tmp_path / "t.yaml").write_text(yaml.safe_dump(content | {"height": 64, "width": 48}))
    asked: list[str] = []
    monkeypatch.setattr(
        "viton_eval.experiment.results_of", lambda method, *_: (asked.append(method), tmp_path / method)[1]
    )
    experiment = open_experiment(str(tmp_path / "t.yaml"), "", str(tmp_path / "runs"))
    assert {experiment.results_folder("viton") for _ in range(3)} == {tmp_path / "viton"}
    assert experiment.results_folder("crn") == tmp_path / "crn"
    assert asked == ["viton", "crn"]
    open_experiment(str(tmp_path / "t.yaml"), "", str(tmp_path / "runs")).results_folder("viton")
    assert asked == ["viton", "crn", "viton"]  # another notebook asks anew
