"""Scores against the truth, and methods beside each other: closed forms and what must not change a number."""

from __future__ import annotations

import shutil

import cv2
import numpy as np
import pandas as pd
import pytest
import torch
from torchmetrics.functional.image import structural_similarity_index_measure

from viton.data.viton_hd import VitonHd
from viton.errors import InputError
from viton.images import save_png, to_tensor
from viton.judge import JudgeFeatures
from viton.results import Folder, Outcome, failed
from viton.synthetic.config import WorldConfig
from viton.synthetic.dataset import write_world
from viton.warp_map import encoded_map
from viton_eval.interval import Mean
from viton_eval.judge import REACH, Judge
from viton_eval.measures import lab_difference, mask_iou, mean_in, psnr, size_error, ssim, ssim_map
from viton_eval.scores import (
    COLUMNS,
    alpha_means,
    judgements,
    known_of,
    read_scores,
    score,
    score_picture,
    scores_kept,
)
from viton_eval.scores_settings import code_files
from viton_eval.scores_table import (
    compare,
    difference_cell,
    difference_text,
    in_reach,
    over_seeds,
    protocol,
    readable,
    readable_differences,
    seed_sd,
)

SIZE = (128, 96)


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    """The test split of a small world."""
    root = tmp_path_factory.mktemp("world")
    write_world(root, WorldConfig(people=12, garments=2, seed=7, height=SIZE[0], width=SIZE[1]))
    return VitonHd(root, "test")


@pytest.fixture(scope="module")
def judge():
    torch.manual_seed(0)
    return Judge(JudgeFeatures(4), "0" * 64)


@pytest.fixture
def pairs(data):
    return data.pairs("test_pairs.txt")


@pytest.fixture
def make(tmp_path, pairs):
    """A function that writes a folder of results from a function of a pair."""

    def write(name, of_pair):
        folder = tmp_path / name
        Folder(folder).make(pairs, {"made": name}, lambda chosen: [of_pair(pair) for pair in chosen])
        return folder

    return write


def measured(judge, made, known):
    (judged,) = judgements(judge, [(known, made)])
    return score_picture(made, known, judged)


def blurred(picture, sigma=2.0):
    return cv2.GaussianBlur(picture, (0, 0), sigma)


def test_the_ssim_map_is_that_of_torchmetrics():
    rng = np.random.default_rng(0)
    truth = rng.integers(0, 256, (40, 30, 3), np.uint8)
    made = blurred(truth, 1.0)
    pair = [torch.from_numpy(pixels).permute(2, 0, 1)[None].double() / 255 for pixels in (made, truth)]
    expected = float(structural_similarity_index_measure(*pair, data_range=1.0))
    assert 0 < expected < 0.99
    assert ssim_map(made, truth).mean() == pytest.approx(expected, abs=1e-9)
    assert ssim(made, truth) == pytest.approx(expected, abs=1e-9)


def test_the_truth_itself_is_at_no_distance(data, pairs, judge):
    known = known_of(data, pairs[0], SIZE)
    found = measured(judge, known.truth.image, known)
    assert found["ssim"] == pytest.approx(1)
    assert found["ssim_inside"] == pytest.approx(1)
    assert found["psnr"] == pytest.approx(10 * np.log10(12 * 255**2))
    near = {name: value for name, value in found.items() if name.startswith(("judge", "l1")) and not np.isnan(value)}
    assert len(near) > 6
    assert all(value == pytest.approx(0, abs=1e-6) for value in near.values())


def test_a_blur_is_further_and_less_sharp_than_the_truth_and_a_stronger_one_more_so(data, pairs, judge):
    known = known_of(data, pairs[0], SIZE)
    sharp, soft, softer = (
        measured(judge, picture, known)
        for picture in (known.truth.image, blurred(known.truth.image, 1.0), blurred(known.truth.image, 3.0))
    )
    for name in ("judge_garment", "judge_whole", "l1_garment"):
        assert sharp[name] < soft[name] < softer[name]
    for name in ("ssim", "ssim_inside", "psnr", "gradient"):
        assert sharp[name] > soft[name] > softer[name]


def test_what_lies_outside_a_region_does_not_change_its_score(data, pairs):
    known = known_of(data, pairs[0], SIZE)
    made = blurred(known.truth.image)
    spoilt = np.where(known.regions.garment[..., None], made, 0)
    before, after = (score_picture(picture, known) for picture in (made, spoilt))
    for name in ("l1_garment", "ssim_inside"):
        assert after[name] == pytest.approx(before[name], abs=1e-12)
    assert after["ssim"] < before["ssim"]


def test_the_garment_alone_is_judged_in_the_true_picture(data, pairs, judge):
    known = known_of(data, pairs[0], SIZE)
    made = blurred(known.truth.image)
    before, after = (
        measured(judge, np.where(known.regions.garment[..., None], made, beside), known) for beside in (made, 0)
    )
    assert after["judge_garment"] != pytest.approx(before["judge_garment"], abs=1e-4)
    assert after["judge_garment_alone"] == pytest.approx(before["judge_garment_alone"], abs=1e-9)
    assert before["judge_garment_alone"] > 0


def test_psnr_of_a_constant_difference_and_its_most():
    grey = np.full((8, 8, 3), 100, np.uint8)
    assert psnr(grey + np.uint8(51), grey) == pytest.approx(20 * np.log10(5))
    assert psnr(grey, grey) == pytest.approx(58.92, abs=0.01)


def test_a_region_of_a_few_pixels_is_not_measured():
    values, region = np.ones((100, 100)), np.zeros((100, 100), bool)
    region[0, :9] = True
    assert np.isnan(mean_in(values, region))
    region[0, 9] = True
    assert mean_in(values, region) == 1


def test_masks_and_colours_are_compared_as_said():
    region = np.zeros((10, 10), bool)
    region[:, :5] = True
    mask = np.zeros((10, 10), np.uint8)
    mask[:, 2:8] = 255
    assert mask_iou(mask, region) == pytest.approx(30 / 80)
    assert size_error(mask, region) == pytest.approx(0.2)
    assert np.isnan(size_error(mask, np.zeros_like(region)))
    white, black = np.full((10, 10, 3), 255, np.uint8), np.zeros((10, 10, 3), np.uint8)
    assert lab_difference(white, region, black, ~region) == pytest.approx(100, abs=0.01)
    assert lab_difference(white, region, white, ~region) == 0


def test_alpha_is_averaged_within_the_warp_alone(data, pairs):
    regions = known_of(data, pairs[0], SIZE).regions
    warp = regions.garment.copy()
    warp[: SIZE[0] // 2] = False
    found = alpha_means(np.where(warp, 0.75, 0.1), warp, regions)
    assert found["alpha_garment"] == found["alpha_warp"] == pytest.approx(0.75)
    assert np.isnan(found["alpha_outside"])


def test_of_one_pair_there_is_no_interval():
    row = {"difference": 0.25, "difference_low": 0.25, "difference_high": 0.25, "both": 1}
    assert difference_cell(row, 3) == "+0.250 [one pair] n=1"
    assert difference_cell(row | {"difference_low": 0.1, "both": 9}, 3) == "+0.250 [+0.100, +0.250]* n=9"


def test_alpha_on_what_hides_the_garment_is_averaged_also_where_no_clothing_was_warped(data, pairs):
    regions = known_of(data, pairs[0], SIZE).regions
    occluders, warp = np.zeros(SIZE, bool), np.zeros(SIZE, bool)
    occluders[:4], warp[:1] = True, True
    found = alpha_means(np.where(warp, 0.8, 0.0), warp, regions._replace(occluders=occluders))
    assert found["alpha_occluders"] == pytest.approx(0.8)
    assert found["alpha_all_occluders"] == pytest.approx(0.2)


def test_a_folder_of_truths_scores_as_the_truth_and_failed_pairs_are_counted(data, pairs, judge, make):
    def of_pair(pair):
        if pair == pairs[1]:
            return failed("warp_failed:few_contour_points", "no")
        known = known_of(data, pair, SIZE)
        mask = known.clothing_region.astype(np.uint8) * 255
        moved = torch.from_numpy(known.truth.map_px + np.array([3.0, 4.0]))[None]  # five pixels beside the truth
        warped = encoded_map(moved.nan_to_num(0), torch.from_numpy(known.regions.garment)[None, None].float())
        parts = {".mask.png": mask, ".alpha.png": mask, ".warped-mask.png": mask, ".warped-map.png": warped}
        return Outcome("ok", {".png": known.truth.image, **parts}, {})

    found = score(make("truth", of_pair), data, pairs, SIZE, judge)
    assert list(found.table.columns[2:]) == list(COLUMNS)
    assert len(found.table) == found.settings["n"] == len(pairs) - 1
    assert found.settings["of"] == len(pairs)
    assert found.settings["failed"] == {"warp_failed:few_contour_points": 1}
    assert (found.table["mask_iou"] == 1).all()
    assert (found.table["warp_iou"] == 1).all()
    np.testing.assert_allclose(found.table["end_point_px"], 5, atol=0.01)
    assert (found.table["alpha_garment"] > 0.9).all()
    assert found.table["gradient"].mean() == pytest.approx(1)
    np.testing.assert_allclose(found.table["judge_whole"], 0, atol=1e-6)


def test_without_a_judge_its_columns_are_empty_and_the_others_are_there(data, pairs, make):
    folder = make("soft", lambda pair: Outcome("ok", {".png": blurred(data.truth(pair, SIZE).image)}, {}))
    table = score(folder, data, pairs, SIZE, None).table
    assert table.filter(like="judge").isna().all(axis=None)
    assert table[["ssim", "psnr", "l1_garment"]].notna().all(axis=None)
    assert table[["mask_iou", "alpha_print"]].isna().all(axis=None)


def test_scores_are_kept_until_the_results_change(data, pairs, tmp_path, make):
    folder = make("soft", lambda pair: Outcome("ok", {".png": blurred(data.truth(pair, SIZE).image)}, {}))
    path = tmp_path / "scores" / "0.csv"
    made = scores_kept(path, folder, data, pairs, SIZE, None)
    pd.testing.assert_frame_equal(read_scores(path).table, made.table, rtol=1e-6, check_dtype=False)
    stamp = path.stat().st_mtime_ns
    scores_kept(path, folder, data, pairs, SIZE, None)
    assert path.stat().st_mtime_ns == stamp
    (folder / "manifest.jsonl").write_text((folder / "manifest.jsonl").read_text().replace('"ok"', '"bad_input"', 1))
    assert len(scores_kept(path, folder, data, pairs, SIZE, None).table) == len(pairs) - 1


@pytest.mark.parametrize("change", ["truth", "product", "versions", "code"])
def test_scores_are_made_anew_when_the_truth_or_what_measures_changes(data, pairs, tmp_path, make, monkeypatch, change):
    folder = make("soft", lambda pair: Outcome("ok", {".png": blurred(data.truth(pair, SIZE).image)}, {}))
    root = tmp_path / "world"
    shutil.copytree(data.root, root)
    own, path = VitonHd(root, "test"), tmp_path / "scores" / "0.csv"
    before = scores_kept(path, folder, own, pairs, SIZE, None)
    assert scores_kept(path, folder, own, pairs, SIZE, None).settings == before.settings
    if change == "truth":
        save_png(own.truth_path(pairs[0], "image"), 255 - own.truth(pairs[0], SIZE).image)
    if change == "product":
        own.mask_path(pairs[0].clothing).write_bytes(own.mask_path(pairs[1].clothing).read_bytes())
    if change == "versions":
        monkeypatch.setattr("viton_eval.scores_settings.measured_with", lambda: {"numpy": "0.0"})
    if change == "code":
        monkeypatch.setattr("viton_eval.scores_settings._code_digest", lambda: "another")
    after = scores_kept(path, folder, own, pairs, SIZE, None)
    different = {key for key in before.settings if before.settings[key] != after.settings[key]}
    assert different == {{"truth": "truth", "product": "truth"}.get(change, change)}
    assert (after.table["l1_garment"][0] > 2 * before.table["l1_garment"][0]) == (change == "truth")


def test_the_code_of_a_score_is_that_of_everything_it_imports():
    names = {path.name for path in code_files()}
    assert {"judge.py", "framing.py", "viton_hd.py", "images.py", "parsing.py", "regions.py", "scores.py"} <= names


@pytest.mark.parametrize(
    ("drawn", "told"), [((64, 48), "nothing"), ((128, 96), "averaged over area"), ((32, 24), "enlarged")]
)
def test_the_protocol_says_how_pictures_came_to_their_size(drawn, told):
    line = protocol({"drawn_at": list(drawn), "size": [64, 48], "of": 3}, {}).splitlines()[2]
    assert line.startswith("3 pairs at 64x48")
    assert told in line


def test_results_that_lack_a_pair_or_have_another_size_are_refused(data, pairs, make):
    small = make("small", lambda pair: Outcome("ok", {".png": np.zeros((64, 48, 3), np.uint8)}, {}))
    with pytest.raises(InputError, match="a picture of 128x96"):
        score(small, data, pairs, SIZE, None)
    lines = (small / "manifest.jsonl").read_text().splitlines(keepends=True)
    (small / "manifest.jsonl").write_text("".join(lines[1:]))
    with pytest.raises(InputError, match="a row for each"):
        score(small, data, pairs, SIZE, None)


def table_of(values, first=0):
    """Scores of pairs (p, c) of which only `l1_garment` is known."""
    rows = [
        {"person": f"p{first + i}", "clothing": f"c{(first + i) % 3}", "l1_garment": v} for i, v in enumerate(values)
    ]
    return pd.DataFrame(rows, columns=["person", "clothing", *COLUMNS])


def test_a_constant_difference_is_found_with_an_interval_of_no_width():
    values = np.random.default_rng(0).uniform(size=12)
    found = compare({"viton": [table_of(values)], "other": [table_of(values + 0.25)]}, pairs=12)
    other = found.set_index("method").loc["other"]
    assert other[["difference", "difference_low", "difference_high"]].to_list() == pytest.approx([0.25] * 3)
    assert other["both"] == other["n"] == other["of"] == 12
    assert np.isnan(found.set_index("method").loc["viton", "difference"])


def test_differences_are_over_shared_pairs_and_missing_ones_are_counted():
    found = compare({"viton": [table_of([1.0] * 8)], "other": [table_of([2.0] * 8, first=5)]}, pairs=20).set_index(
        "method"
    )
    assert (found["of"] == 20).all()
    assert found["n"].to_list() == [8, 8]
    assert found.loc["other", "both"] == 3
    apart = compare({"viton": [table_of([1.0] * 3)], "other": [table_of([2.0] * 3, first=5)]}, pairs=20)
    assert apart["difference"].isna().all()


def test_seeds_are_averaged_pair_by_pair_and_their_spread_is_told_apart():
    one, other = table_of([1.0, 2.0, 3.0, 9.0]), table_of([3.0, 4.0, 5.0])
    merged = over_seeds([one, other])
    assert merged["l1_garment"].to_list() == [2, 3, 4]
    assert seed_sd([one, other], "l1_garment") == pytest.approx(np.std([2, 4], ddof=1))
    assert np.isnan(seed_sd([one], "l1_garment"))
    found = compare({"viton": [one, other]}, pairs=4)
    assert found.loc[0, ["seeds", "n", "of"]].to_list() == [2, 3, 4]
    with pytest.raises(ValueError, match="at least one table"):
        over_seeds([])


def test_the_order_of_pairs_changes_nothing():
    values = np.random.default_rng(1).uniform(size=10)
    one, other = table_of(values), table_of(values**2)
    before = compare({"viton": [one], "other": [other]}, 10)
    after = compare({"viton": [one], "other": [other.sample(frac=1, random_state=0)]}, 10)
    pd.testing.assert_series_equal(before["difference"], after["difference"])


def test_no_number_stands_without_n_and_interval():
    values = np.random.default_rng(0).uniform(size=12)
    found = compare({"viton": [table_of(values)], "other": [table_of(values + 0.25), table_of(values + 0.35)]}, 12)
    shown = readable(found, ["l1_garment", "ssim"])
    assert list(shown.columns) == ["seeds", "L1 garment (less is better)"]
    assert shown.iloc[1, 1].count("[") == 1
    assert "n=12, seeds sd 0.0707" in shown.iloc[1, 1]
    apart = readable_differences(found, ["l1_garment"])
    assert list(apart.index) == ["other"]
    assert apart.iloc[0, 0] == "+0.3000 [+0.3000, +0.3000]* n=12"
    assert "asked above 0.7: NOT reached" in in_reach([table_of([0.5] * 4)], "l1_garment", low=0.7)
    assert in_reach([table_of([0.5] * 4)], "ssim", low=0.7).endswith("not known of any pair")


@pytest.mark.parametrize(
    ("found", "text"),
    [
        ((0.0004, 0.0001, 0.0007), "+0.0004 [+0.0001, +0.0007]* n=9"),
        ((-0.002, -0.004, -0.00002), "-0.00200 [-0.00400, -0.00002]* n=9"),
        ((3e-9, 1e-9, 0.5), "+3.0e-09 [+1.0e-09, +5.0e-01]* n=9"),
        ((0.0004, -0.0001, 0.0007), "+0.000 [-0.000, +0.001] n=9"),
        ((0.0004, 0.0, 0.0007), "+0.000 [+0.000, +0.001] n=9"),
    ],
)
def test_no_marked_difference_is_written_as_zero_and_others_have_their_digits(found, text):
    assert difference_text(Mean(*found, 9), 3) == text


@pytest.mark.parametrize(("both", "low", "marked"), [(8, 0.1, True), (7, 0.1, False), (8, -0.1, False)])
def test_a_difference_of_a_few_pairs_is_not_marked_however_narrow_its_interval(both, low, marked):
    row = {"difference": 0.2, "difference_low": low, "difference_high": 0.3, "both": both}
    assert difference_cell(row, 2) == f"+0.20 [{low:+.2f}, +0.30]{'*' if marked else ''} n={both}"


def test_the_judge_does_not_see_beyond_its_reach():
    """Its distance is a map first: what lies further than REACH from a region is not in that region's mean."""
    torch.manual_seed(0)
    size = (32, 192)
    rng = np.random.default_rng(0)
    truth = rng.integers(0, 256, (*size, 3), np.uint8)
    made, spoilt = blurred(truth), blurred(truth)
    spoilt[:, 16 + REACH :] = 0
    judge = Judge(JudgeFeatures(4), "0" * 64)
    near, far = (judge.distance_maps(to_tensor(each), to_tensor(truth))[0, 0].numpy() for each in (made, spoilt))
    np.testing.assert_allclose(near[:, :15], far[:, :15], atol=1e-6)
    assert np.abs(near - far).max() > 1e-3
