"""The warp against the authors' own code, on real masks whose score with that code is known (benchmarks/reference.py).

The thresholds lie above what the authors' code reaches on the same 24 pairs (0.843).
"""

import json
from statistics import mean

import numpy as np
import pytest

from benchmarks.reference import AUTHORS, DEFAULTS, authors_iou, main, measure, refused, table
from viton.config import ShapeContextConfig, WarpConfig
from viton.images import load_rgb

pytestmark = pytest.mark.filterwarnings("error::RuntimeWarning")


def _check(shared_data, sample, config, seeds, least):
    reference = shared_data / "reference"
    rows = measure(reference, sample, config, seeds)
    assert len(rows) == 32 * len(seeds)
    known, unknown = authors_iou(reference), refused(reference)
    assert len(known) == 24
    assert len(unknown) == 8
    assert mean(row.iou for row in rows if row.pair in known) >= least
    assert mean(row.iou for row in rows if row.pair in unknown) >= 0.90
    assert min(row.matched for row in rows) > 50
    assert mean(row.folds for row in rows) < 0.01


def test_the_masks_of_the_reference_are_those_that_its_description_names(shared_data):
    with np.load(shared_data / "reference" / "masks.npz") as archive:
        for name in archive.files:
            assert archive[name].shape == (64, 48)
            assert archive[name].min() >= 0
            assert archive[name].max() <= 1
    assert mean(authors_iou(shared_data / "reference").values()) == pytest.approx(0.8430540716)


def test_authors_settings_match_the_authors_code_on_three_seeds(shared_data):
    _check(shared_data, None, AUTHORS, range(3), 0.835)


def test_defaults_beat_the_authors_code_on_three_seeds(shared_data):
    _check(shared_data, shared_data / "vitonhd_sample", DEFAULTS, range(3), 0.85)


@pytest.mark.slow
def test_authors_settings_match_the_authors_code_on_ten_seeds(shared_data):
    _check(shared_data, None, AUTHORS, range(10), 0.835)


@pytest.mark.slow
def test_defaults_beat_the_authors_code_on_ten_seeds(shared_data):
    _check(shared_data, shared_data / "vitonhd_sample", DEFAULTS, range(10), 0.85)


def test_a_pair_that_cannot_be_matched_counts_as_zero(tmp_path):
    shirt = np.zeros((64, 48), bool)
    shirt[20:40, 10:30] = True
    np.savez(tmp_path / "masks.npz", **{"a__b/clothing": shirt, "a__b/target": np.zeros((64, 48), np.float32)})
    (row,) = measure(tmp_path, None, AUTHORS, [0])
    assert (row.pair, row.iou, row.matched) == ("a__b", 0.0, 0)


def test_the_measure_sees_a_bad_warp(tmp_path):
    shirt, far = np.zeros((64, 48), bool), np.zeros((64, 48), np.float32)
    shirt[10:40, 10:30], far[20:60, 20:28] = True, 1
    far[30:36, 5:45] = 1
    np.savez(tmp_path / "masks.npz", **{"a__b/clothing": shirt, "a__b/target": far})
    stiff = WarpConfig(match=ShapeContextConfig(height=64), smoothing=1e6)
    good, bad = (measure(tmp_path, None, config, [0])[0].iou for config in (AUTHORS, stiff))
    assert bad < good - 0.1


def test_the_benchmark_prints_people_and_pairs_and_draws_the_best_and_the_worst(
    shared_data, tmp_path, monkeypatch, capsys
):
    out = tmp_path / "rows.json"
    options = ["--data", str(shared_data), "--seeds", "1", "--json", str(out), "--figures", str(tmp_path)]
    monkeypatch.setattr("sys.argv", ["benchmarks.reference", *options])
    main()
    shown = capsys.readouterr().out
    for wanted in ("authors' settings", "defaults", "03615_00", "07445_00__03751_00", "authors' code: refused"):
        assert wanted in shown
    assert all(load_rgb(tmp_path / f"{word}.png").std() > 10 for word in ("best", "worst"))
    rows = [row for rows in json.loads(out.read_text()).values() for row in rows]
    assert len(rows) == 64
    assert {"pair", "seed", "iou", "folds", "matched", "milliseconds"} == set(rows[0])


def test_the_table_compares_with_the_authors_only_where_they_have_a_figure(tmp_path):
    shirt = np.zeros((64, 48), bool)
    shirt[20:40, 10:30] = True
    np.savez(tmp_path / "masks.npz", **{f"p__{c}/{k}": shirt for c in "ab" for k in ("clothing", "target")})
    rows = measure(tmp_path, None, AUTHORS, [0])
    lines = table("x", rows, {"p__a": 0.5}).splitlines()
    assert "0.5000" in next(line for line in lines if "where both can" in line)
    assert "0.5000" not in next(line for line in lines if line.strip().startswith("all"))
