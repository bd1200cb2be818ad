"""`viton-eval score` by region, by the measures that are asked for, and what it writes beside its CSV."""

import json
import re
import shutil
import warnings

import numpy as np
import pandas as pd
import pytest
import torch
from typer.testing import CliRunner

from viton.checkpoint import StageFolder
from viton.data.viton_hd import VitonHd
from viton.errors import UsageError
from viton.extractors import AttributeReader
from viton.images import load_rgb, save_png
from viton.judge import JudgeFeatures
from viton_eval import folder_measures, set_measures
from viton_eval.cli import app
from viton_eval.folder_measures import Beside, Pictures, beside
from viton_eval.folder_regions import own_photo, true_try_on
from viton_eval.judge import Judge
from viton_eval.judge_features import JudgeExtractor, ToldExtractor
from viton_eval.lpips import Lpips, features_of
from viton_eval.measures import l1_map, mean_in
from viton_eval.metrics import KNOWN, metrics_of
from viton_eval.regions import inside
from viton_eval.score_folders import Asked, pass_over
from viton_eval.score_tables import tables
from viton_eval.score_texts import score_latex, score_markdown, wide
from viton_eval.scores import judgements, known_of, score_picture
from viton_eval.set_measures import Use
from viton_eval.ssim_variants import RADIUS, ssim_map_by, windowed_by

SIZE = (64, 48)


class Quarters:
    """Features that can be added up by hand: the mean colour of each quarter."""

    name, sha256, input_size, resize = "quarters", "0" * 64, None, "none"

    def __call__(self, images):
        return {"features": torch.nn.functional.adaptive_avg_pool2d(images / 255, 2).flatten(1)}


@pytest.fixture
def data(scored_world):
    return VitonHd(scored_world, "test")


@pytest.fixture
def pairs(data):
    return data.pairs("test_pairs.txt")


@pytest.fixture
def judge():
    torch.manual_seed(0)
    return Judge(JudgeFeatures(4), "1" * 64)


def noisy(folder, pictures):
    """Write pictures with seeded noise under their names."""
    rng = np.random.default_rng(0)
    for name, pixels in pictures.items():
        spoilt = pixels.astype(int) + rng.integers(-40, 41, pixels.shape)
        save_png(folder / f"{name}.png", spoilt.clip(0, 255).astype(np.uint8))
    return folder


@pytest.fixture
def made(data, pairs, tmp_path):
    return noisy(tmp_path / "made", {p.name: load_rgb(data.truth_path(p, "image")) for p in pairs})


def scored(data, pairs, how=None, uses=(), **results):
    asked = Asked(results, data, pairs, how or Beside(), uses)
    passed = pass_over(asked)
    return passed, tables(asked, passed)


def test_regions_of_a_truth_are_those_that_the_comparison_measures_in(data, pairs, made, judge):
    passed, _ = scored(data, pairs, Beside(judge=judge), made=made)
    found = passed.pairs.set_index(["person", "clothing"])
    for pair in pairs:
        known, picture = known_of(data, pair, SIZE), load_rgb(made / f"{pair.name}.png")
        (judged,) = judgements(judge, [(known, picture)])
        expected = score_picture(picture, known, judged)
        both = ["ssim", "ssim_inside", "psnr", "l1_garment", "l1_occluders"]
        both += ["judge_garment", "judge_face_hair", "judge_occluders"]
        row = found.loc[tuple(pair)]
        assert row[both].tolist() == pytest.approx([expected[name] for name in both], rel=1e-5, nan_ok=True)
        assert row["judge"] == pytest.approx(expected["judge_whole"], rel=1e-5)
        apart = l1_map(picture, known.truth.image)
        assert row["l1_face_hair"] == pytest.approx(mean_in(apart, known.regions.face_hair), nan_ok=True)


def test_what_changes_outside_a_region_changes_no_measure_in_it(data, pairs):
    true = true_try_on(data, pairs[0], SIZE)
    spoilt = np.where(true.seen.garment[..., None], true.pixels, 255 - true.pixels)
    how = Beside()
    (row,) = beside(Pictures([spoilt], how), Pictures([true.pixels], how), how, [true.seen])
    assert row["l1_garment"] == 0
    assert row["ssim_inside"] == pytest.approx(1)
    assert row["l1_face_hair"] > 0.1
    assert row["l1"] > 0.1


def test_everybody_in_the_own_garment_is_measured_by_the_parsing_of_the_photo(data, tmp_path):
    pairs = data.pairs("own.txt")
    for pair in pairs:
        photo = own_photo(data, pair.person, SIZE)
        face = photo.seen.face_hair[..., None]
        save_png(tmp_path / "own" / f"{pair.name}.png", np.where(face, 255 - photo.pixels, photo.pixels))
    rows = scored(data, pairs, own=tmp_path / "own")[1].rows.set_index("measure")
    assert rows.loc["l1_garment", ["mode", "value"]].tolist() == ["paired", 0]
    assert rows.loc["l1_face_hair", "value"] > 0.2
    assert "regions by the photo's parsing" in rows.loc["l1_garment", "note"]


def test_pairs_without_a_region_are_left_out_of_its_mean_and_differences_without_a_warning(data, pairs, made, truths):
    seen = [true_try_on(data, pair, SIZE).seen for pair in pairs]
    have = [mean_in(np.zeros(SIZE), each.occluders) == 0 for each in seen]
    assert 0 < sum(have) < len(pairs)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        passed, found = scored(data, pairs, made=made, truth=truths)
    row = found.rows.set_index(["method", "measure"]).loc["made", "l1_occluders"]
    assert row["n"] == sum(have)
    assert row["of"] == len(pairs)
    known = passed.pairs[passed.pairs["method"] == "made"]["l1_occluders"].to_numpy()
    assert (~np.isnan(known)).tolist() == have
    assert row["value"] == pytest.approx(known[have].mean())
    assert found.differences.set_index("measure").loc["l1_occluders", "n"] == sum(have)


def test_a_region_that_no_pair_shows_is_absent_and_says_so(data, pairs, made):
    rows = scored(data, pairs, made=made)[1].rows.set_index("measure")
    assert rows.loc["ssim_occluders", "n"] == 0  # no forearm holds a window of 11 at 64x48
    assert rows.loc["ssim_occluders", "note"].startswith("absent: no pair shows this region")


def test_without_parsings_regions_are_absent_with_the_reason(scored_world, pairs, made, tmp_path):
    data = VitonHd(shutil.copytree(scored_world, tmp_path / "world"), "test")
    data.truth_path(pairs[0], "parse").unlink()
    rows = scored(data, pairs, made=made)[1].rows.set_index("measure")
    assert rows.loc["ssim", "n"] == len(pairs)
    assert rows.loc["l1_garment", "n"] == len(pairs) - 1
    assert "1 pairs without a parsing and a map of the true try-on" in rows.loc["l1_garment", "note"]
    shutil.rmtree(tmp_path / "world/test/map-truth")
    passed, found = scored(data, pairs, made=made)
    rows = found.rows.set_index("measure")
    assert "l1_garment" not in rows.index
    assert "l1_garment" not in passed.pairs
    (note,) = {note for name, note in rows["note"].items() if "l1_garment" in name}
    assert note == "absent: needs a parsing and a map of the true try-on, which no pair has"


def test_ssim_of_each_variant_counts_the_windows_wholly_inside(data, pairs, made):
    pair = pairs[0]
    true, picture = true_try_on(data, pair, SIZE), load_rgb(made / f"{pair.name}.png")
    for variant, radius in RADIUS.items():
        how = Beside(ssim=variant)
        (row,) = beside(Pictures([picture], how), Pictures([true.pixels], how), how, [true.seen])
        similar = ssim_map_by(variant, windowed_by(variant, picture), windowed_by(variant, true.pixels))
        assert row["ssim_inside"] == pytest.approx(similar[inside(true.seen.garment, radius)].mean())


def test_lpips_by_region_is_the_mean_of_its_map(data, pairs, made):
    torch.manual_seed(0)
    how = Beside(lpips=Lpips("alex", features_of("alex")), metrics=metrics_of("lpips*"))
    pair = pairs[0]
    true, picture = true_try_on(data, pair, SIZE), load_rgb(made / f"{pair.name}.png")
    tensors = [folder_measures._at([pixels], None) for pixels in (picture, true.pixels)]
    values = how.lpips.distances(*tensors).maps[0, 0].double().numpy()
    (row,) = beside(Pictures([picture], how), Pictures([true.pixels], how), how, [true.seen])
    assert list(row) == [*how.names]
    assert row["lpips_alex_garment"] == pytest.approx(values[true.seen.garment].mean())


def test_a_truth_is_seen_once_for_all_methods_also_where_some_have_fewer_pictures(data, pairs, made, truths, judge):
    (made / f"{pairs[1].name}.png").unlink()
    counted = []
    judge.network.register_forward_hook(lambda module, images, out: counted.append(len(images[0])))
    how = Beside(judge=judge, metrics=metrics_of("judge*"))
    asked = Asked({"made": made, "truth": truths}, data, pairs, how, missing_ok=True)
    passed = pass_over(asked)
    assert sum(counted) == 3 * len(pairs) - 1
    alone = pass_over(asked._replace(results={"made": made}, pairs=pairs[2:])).pairs
    both = passed.pairs[passed.pairs["method"] == "made"].merge(alone, on=["person", "clothing"])
    assert len(both) == len(pairs) - 2
    assert np.allclose(both["judge_x"], both["judge_y"], rtol=1e-5)
    assert (passed.pairs[passed.pairs["method"] == "truth"]["judge"] < 1e-9).all()


@pytest.fixture
def stage(judge, tmp_path):
    """A judge with its heads as a finished stage leaves it."""
    torch.manual_seed(1)
    reader = AttributeReader(judge.network)
    torch.nn.init.normal_(reader.heads.weight)
    StageFolder(tmp_path / "judge").finish({"judge": reader}, {"stage": "judge", "steps": 1})
    return tmp_path / "judge"


def test_a_judge_that_measures_and_describes_looks_at_each_picture_once(data, pairs, made, stage):
    judge, extractor, looked = Judge.of_stage(stage), JudgeExtractor.of_stage(stage), []
    for network in (judge.network, extractor.reader.body):
        network.register_forward_hook(lambda module, images, out: looked.append(len(images[0])))
    how = Beside(judge=judge, metrics=metrics_of("judge*,fid,kid,inception_score"))
    told, _ = scored(data, pairs, how, (Use(extractor),), made=made)
    assert sum(looked) == 2 * len(pairs)
    alone, _ = scored(data, pairs, Beside(), (Use(extractor),), made=made)
    assert sum(looked) == 4 * len(pairs)
    for name in ("", "made"):
        for output in ("features", "proxy_logits"):
            one, other = (passed.sets[name][0].values[output] for passed in (told, alone))
            assert np.allclose(one, other, rtol=1e-4, atol=1e-5)
    (sets,) = told.sets["made"]
    assert [sets.extractor, sets.sha256] == ["judge-proxy", judge.sha256]


def test_a_judge_that_only_describes_is_not_taken_for_another_ones(data, pairs, made, stage, judge):
    extractor = JudgeExtractor.of_stage(stage)
    other = Judge(JudgeFeatures(4), "2" * 64)
    with_other, _ = scored(data, pairs, Beside(judge=other), (Use(extractor),), made=made)
    alone, _ = scored(data, pairs, Beside(), (Use(extractor),), made=made)
    assert np.array_equal(with_other.sets["made"][0].values["features"], alone.sets["made"][0].values["features"])


def test_a_told_extractor_takes_no_other_number_of_pictures(stage):
    extractor = JudgeExtractor.of_stage(stage)
    images = torch.rand(2, 3, *SIZE) * 255
    told = ToldExtractor(extractor, extractor.reader.body(images / 127.5 - 1))
    torch.testing.assert_close(told(images)["features"], extractor(images)["features"])
    with pytest.raises(ValueError, match="expected 2, which the judge has seen, got 1"):
        told(images[:1])


def test_what_is_not_asked_is_neither_measured_nor_shown(data, pairs, made, monkeypatch):
    def never(*_):
        raise AssertionError("measured, and nobody asked")

    monkeypatch.setattr(folder_measures, "ssim_map_by", never)
    monkeypatch.setattr(folder_measures, "psnr", never)
    monkeypatch.setattr(set_measures, "_frechet", never)
    monkeypatch.setattr(set_measures, "_inception", never)
    how = Beside(metrics=metrics_of("l1_garment, kid"))
    passed, found = scored(data, pairs, how, (Use(Quarters()),), made=made)
    assert found.rows["measure"].tolist() == ["l1_garment", "kid"]
    assert list(passed.pairs) == ["method", "person", "clothing", "l1_garment"]


def test_a_name_is_one_measure_and_with_a_star_all_that_begin_so():
    judge, lpips = Judge(JudgeFeatures(4), "1" * 64), Lpips("vgg", features_of("vgg"))

    def names(words):
        return Beside(metrics=metrics_of(words), judge=judge, lpips=lpips).names

    assert names("ssim") == ("ssim",)
    assert names("ssim_inside") == ("ssim_inside",)
    assert names("ssim*") == ("ssim", "ssim_inside", "ssim_face_hair", "ssim_occluders")
    assert names("l1*") == ("l1", "l1_garment", "l1_face_hair", "l1_occluders")
    assert names("l1_*") == names("l1*")[1:]
    assert names("judge,l1") == ("l1", "judge")
    assert names("lpips") == names("lpips_vgg") == ("lpips_vgg",)
    assert len(names("lpips*")) == 4
    assert names("lpips_alex*") == ()
    assert names("*") == names("") == Beside(judge=judge, lpips=lpips).names
    assert len(names("")) == 4 * 4 + 1


@pytest.mark.parametrize(
    ("words", "wanted", "families"),
    [
        ("inception_score", {"inception_score", "proxy_inception_score"}, ("inception_score",)),
        ("inception*", {"inception_score", "proxy_inception_score"}, ("inception_score",)),
        ("proxy_inception_score", {"proxy_inception_score"}, ("inception_score",)),
        ("kid,fid", {"fid", "kid"}, ("fid", "kid")),
        ("l1_garment", {"l1_garment"}, ("l1",)),
    ],
)
def test_which_measures_and_families_a_name_asks_for(words, wanted, families):
    metrics = metrics_of(words)
    assert {name for name in KNOWN if metrics.wants(name)} == wanted
    assert metrics.families() == families


def test_names_that_are_none_are_refused_with_those_that_there_are():
    for words in ("ssim,fvd", ",", "SSIM", "l1_neck", "x*", "s*m"):
        with pytest.raises(UsageError, match="--metrics: expected some of ssim, psnr, l1, lpips, judge, fid") as error:
            metrics_of(words)
        assert str(error.value).endswith(f"got {words.removeprefix('ssim,')!r}")
    assert all(metrics_of(name).names == (name,) for name in KNOWN)


def run(world, out, made, *words):
    told = ["score", "--data", str(world), "--pairs", "test_pairs.txt", "--out", str(out), "--results", f"made={made}"]
    return CliRunner().invoke(app, [*told, *map(str, words)])


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["lpips"], "--metrics lpips: expected --lpips alex=FILE or vgg=FILE or squeeze=FILE, its weights, got none"),
        (["ssim,lpips_vgg_garment"], "--metrics lpips_vgg_garment: expected --lpips vgg=FILE, its weights, got none"),
        (["lpips_vgg*", "--lpips", "alex=f"], "--metrics lpips_vgg*: expected --lpips vgg=FILE, its weights, got alex"),
        (["lpips", "--protocol", "catvton"], "--metrics lpips: expected --lpips squeeze=FILE, its weights, got none"),
        (
            ["lpips_vgg", "--protocol", "hr-viton"],
            "--metrics lpips_vgg: expected LPIPS by alex, by which",
        ),
        (["judge_garment"], "--metrics judge_garment: expected --judge FOLDER, a trained judge, got none"),
        (
            ["fid"],
            "--metrics fid: expected --extractor KIND=WHERE, such as inception-tf=FILE or judge=FOLDER",
        ),
        (["ssim,kid"], "--metrics kid: expected --extractor KIND=WHERE"),
        (["proxy_inception_score"], "--metrics proxy_inception_score: expected --extractor KIND=WHERE"),
    ],
)
def test_a_measure_asked_by_name_whose_network_is_not_given_is_wrong_usage(scored_world, made, tmp_path, words, told):
    done = run(scored_world, tmp_path / "a.csv", made, "--metrics", *words)
    assert isinstance(done.exception, UsageError)
    assert str(done.exception).startswith(told)
    assert not (tmp_path / "a.csv").exists()


def test_what_nobody_has_named_or_a_protocol_has_not_got_has_a_row_that_says_why(scored_world, made, tmp_path):
    words = ("--metrics", "ssim,l1_garment,fid", "--protocol", "hr-viton")
    assert run(scored_world, tmp_path / "a.csv", made, *words).exit_code == 0
    rows = pd.read_csv(tmp_path / "a.csv").set_index("measure")
    assert rows.index.tolist() == ["ssim", "l1_garment", "fid"]
    assert rows.loc["l1_garment", "note"] == "absent: hr-viton has no regions"
    assert rows.loc["fid", "note"] == "absent: hr-viton has none"
    assert run(scored_world, tmp_path / "a.csv", made, "--metrics", "*").exit_code == 0
    rows = pd.read_csv(tmp_path / "a.csv").set_index("measure")
    assert rows["note"].str.startswith("absent: needs").sum() == 4  # lpips; judge; fid, kid; inception_score
    assert run(scored_world, tmp_path / "b.csv", made, "--metrics", "ssim_*").exit_code == 0
    found = pd.read_csv(tmp_path / "b.csv")["measure"].tolist()
    assert found == ["ssim_inside", "ssim_face_hair", "ssim_occluders"]
    done = run(scored_world, tmp_path / "c.csv", made, "--metrics", "all")
    assert isinstance(done.exception, UsageError)


def test_a_table_for_people_shows_the_rows_of_the_csv(scored_world, made, truths, tmp_path):
    words = ("--results", f"truth_2={truths}")
    assert run(scored_world, tmp_path / "a.csv", made, *words).exit_code == 0
    rows, text = pd.read_csv(tmp_path / "a.csv", keep_default_na=True), (tmp_path / "a.md").read_text()
    head = next(line for line in text.splitlines() if line.startswith("|  |"))
    shown = [cell.strip() for cell in head.strip("| ").split("|")]
    assert shown == ["ssim", "ssim_inside", "psnr", "l1", "l1_garment", "l1_face_hair", "l1_occluders"]
    row = rows[(rows["method"] == "made") & (rows["measure"] == "l1_occluders")].iloc[0]
    cell = wide(rows).loc["made", "l1_occluders"]
    value, low, high, n = re.fullmatch(r"(\S+) \[(\S+), (\S+)\] n=(\d+)", cell).groups()
    found = [float(value), float(low), float(high), int(n)]
    assert found == pytest.approx(row[["value", "low", "high", "n"]].astype(float).tolist(), rel=1e-3)
    assert cell in text
    assert "Protocol ours, mode truth, 64x48, 12 pairs" in text
    assert "- fid, kid, inception_score: absent: needs an extractor" in text
    tex = (tmp_path / "a.tex").read_text()
    assert cell in tex
    assert r"truth\_2" in tex
    assert r"l1\_garment" in tex
    assert all(line.startswith("%") for line in tex[tex.index(r"\end{table}") :].splitlines()[1:])


def test_a_note_that_would_be_an_order_is_none_in_either_text():
    row = {"method": "m", "measure": "fid", "value": 1.5, "low": np.nan, "high": np.nan, "n": 7, "of": 8}
    row |= {"mode": "truth", "size": "64x48", "extractor": "<b>x", "sha256": "", "note": "1 <script>\n\\input{x}"}
    row |= {"beside": "photos"}
    rows = pd.DataFrame([row, row | {"extractor": "y", "n": 8}])
    assert "<script>" not in score_markdown(rows, "ours")
    assert "| fid to photos, &#60;b>x | fid to photos, y |" in score_markdown(rows, "ours")
    *_, comment = score_latex(rows, "ours").strip().splitlines()
    assert comment == "% fid: 1 <script> \\input{x}"
    assert wide(rows).iloc[0].tolist() == ["1.500 n=7", "1.500"]


SUFFIXES = (".csv", ".pairs.csv", ".differences.csv", ".md", ".tex", ".json")


def test_the_same_command_writes_the_same_bytes(scored_world, made, tmp_path):
    written = []
    for _ in range(2):
        assert run(scored_world, tmp_path / "a.csv", made).exit_code == 0
        written.append({suffix: (tmp_path / f"a{suffix}").read_bytes() for suffix in SUFFIXES})
        for suffix in SUFFIXES:
            (tmp_path / f"a{suffix}").unlink()
    assert written[0] == written[1]


def test_whatever_changes_a_number_shows_in_the_provenance(scored_world, data, pairs, made, tmp_path):
    def told(world, *words):
        assert run(world, tmp_path / "a.csv", made, *words).exit_code == 0
        return json.loads((tmp_path / "a.json").read_text())

    def changed(*words, world=scored_world):
        other = told(world, *words)
        return {name for name in first if first[name] != other[name]} - {"made_by"}

    first = told(scored_world)
    assert first["intervals"] == {"seed": 0, "draws": 2000, "level": 0.95}
    assert first["runs_on"] == {"device": "cpu", "threads": torch.get_num_threads(), "batch": 8}
    assert first["versions"]["pillow"] != "not installed"
    assert changed() == set()
    assert changed("--seed", "1") == {"intervals"}
    assert changed("--metrics", "l1") == {"metrics"}
    assert changed("--protocol", "hr-viton") == {"protocol"}
    assert changed("--missing-ok") == {"protocol"}
    copy = VitonHd(shutil.copytree(scored_world, tmp_path / "copy"), "test")
    assert changed(world=copy.root) == {"data"}  # where it lies alone
    before = told(copy.root)["data"]
    path = copy.truth_path(pairs[0], "parse")
    path.write_bytes(path.read_bytes() + b"\0")
    after = told(copy.root)["data"]
    assert {name for name in before if before[name] != after[name]} == {"true_pictures"}
    save_png(made / f"{pairs[0].name}.png", np.zeros((*SIZE, 3), np.uint8))
    assert changed() == {"results"}


def test_another_seed_draws_other_intervals_of_the_same_means(scored_world, made, tmp_path):
    found = []
    for seed in (0, 1):
        assert run(scored_world, tmp_path / "a.csv", made, "--metrics", "l1", "--seed", seed).exit_code == 0
        found.append(pd.read_csv(tmp_path / "a.csv"))
    assert (found[0]["value"] == found[1]["value"]).all()
    assert (found[0]["low"] != found[1]["low"]).all()
