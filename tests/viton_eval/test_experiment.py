"""What notebooks open: paths found from their own folder too, and tables that say why nothing succeeded."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from viton.config import WorldConfig
from viton.data.viton_hd import VitonHd
from viton.errors import InputError
from viton.files import jsonl
from viton.synthetic.dataset import write_world
from viton_eval.experiment import _located, _table
from viton_eval.interval import mean_interval
from viton_eval.tables import first_garments, first_people
from viton_eval.truth import end_point_error_px, l1_in_garment, ssim


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
    assert ssim(truth.image, truth) == pytest.approx(1)
    assert end_point_error_px(truth.map_px.astype(float), worn, truth) == 0
    assert end_point_error_px(truth.map_px + np.array([3.0, 4.0]), worn, truth) == pytest.approx(5)
    assert end_point_error_px(truth.map_px.astype(float), ~worn, truth) != 0  # nothing in common: NaN
    white = truth.image.copy()
    white[worn] = 255
    assert l1_in_garment(white, truth) == pytest.approx((255 - truth.image[worn].astype(float)).mean() / 255)


def test_the_interval_of_equal_values_is_a_point_and_shared_people_widen_it():
    assert mean_interval([2.0] * 5, list("abcde"), list("vwxyz"))[:4] == (2, 2, 2, 5)
    values, names = [0.0] * 20 + [1.0] * 20, [str(number) for number in range(40)]
    apart = mean_interval(values, names, names)
    shared = mean_interval(values, [str(number // 5) for number in range(40)], names)
    assert shared.high - shared.low > apart.high - apart.low
    with pytest.raises(ValueError, match="at least one value"):
        mean_interval([], [], [])
