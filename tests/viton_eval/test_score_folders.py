"""`viton-eval score` on folders of pictures: numbers that are known, each picture once, and every bad folder named."""

import json
import os
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch
from PIL import Image
from skimage.metrics import structural_similarity
from typer.testing import CliRunner

from viton import images
from viton.data.sample import Pair
from viton.data.viton_hd import VitonHd
from viton.errors import InputError, UsageError
from viton.images import load_rgb, save_png, to_tensor
from viton.results import Folder, Outcome, failed
from viton_eval import score_folders
from viton_eval.cli import app
from viton_eval.folder_measures import Beside, Pictures, beside
from viton_eval.frechet import frechet_distance
from viton_eval.lpips import Lpips, features_of
from viton_eval.measures import psnr, ssim
from viton_eval.protocols import PROTOCOLS
from viton_eval.score_folders import Asked, mode_of, pass_over
from viton_eval.score_request import Request, asked_of
from viton_eval.score_tables import differences, tables
from viton_eval.score_texts import wide
from viton_eval.set_measures import Use

SIZE = (64, 48)


class Means:
    """Features that can be added up by hand: the mean colour of each quarter, and verdicts on them."""

    name, sha256, input_size, resize = "means", "0" * 64, None, "none"

    def __call__(self, images):
        quarters = torch.nn.functional.adaptive_avg_pool2d(images / 255, 2).flatten(1)
        return {"features": quarters, "logits": 5 * quarters}


@pytest.fixture
def world(scored_world):
    return scored_world


@pytest.fixture
def data(world):
    return VitonHd(world, "test")


@pytest.fixture
def pairs(data):
    return data.pairs("test_pairs.txt")


@pytest.fixture
def noisy(data, pairs, tmp_path):
    """The same with noise, so that nothing is alike."""
    rng = np.random.default_rng(0)
    for pair in pairs:
        picture = load_rgb(data.truth_path(pair, "image")).astype(int) + rng.integers(-40, 41, (*SIZE, 3))
        save_png(tmp_path / "noisy" / f"{pair.name}.png", picture.clip(0, 255).astype(np.uint8))
    return tmp_path / "noisy"


def ask(data, pairs, **results):
    return Asked(results, data, pairs, Beside(), (Use(Means()),))


def quarters(pictures):
    """What Means says of them, by hand."""
    halves = SIZE[0] // 2, SIZE[1] // 2
    parts = np.stack(pictures).reshape(len(pictures), 2, halves[0], 2, halves[1], 3).mean(axis=(2, 4)) / 255
    return parts.transpose(0, 3, 1, 2).reshape(len(pictures), -1)


def test_true_pictures_score_as_nothing_else_can(data, pairs, truths):
    asked = ask(data, pairs, truth=truths)
    rows = tables(asked, pass_over(asked)).rows.set_index("measure")
    assert rows.loc["ssim", "value"] == pytest.approx(1)
    assert rows.loc["l1", "value"] == 0
    assert rows.loc["fid", "value"] == pytest.approx(0, abs=1e-9)
    assert rows.loc[["ssim", "fid", "kid"], "beside"].tolist() == ["true try-ons"] * 3
    assert rows.loc["inception_score", "beside"] == ""
    assert "fid to true try-ons" in wide(rows.reset_index()).columns
    assert rows.loc["ssim", ["mode", "n", "of", "size"]].tolist() == ["truth", len(pairs), len(pairs), "64x48"]
    assert rows.loc["judge", "note"].startswith("absent: needs a trained judge")


def test_every_measure_is_the_mean_of_what_it_is_of_each_picture(data, pairs, noisy):
    asked = ask(data, pairs, noisy=noisy)
    rows = tables(asked, pass_over(asked)).rows.set_index("measure")
    known = [(load_rgb(noisy / f"{p.name}.png"), load_rgb(data.truth_path(p, "image"))) for p in pairs]
    assert rows.loc["ssim", "value"] == pytest.approx(np.mean([ssim(*each) for each in known]))
    assert rows.loc["psnr", "value"] == pytest.approx(np.mean([psnr(*each) for each in known]))
    assert rows.loc["ssim", "low"] < rows.loc["ssim", "value"] < rows.loc["ssim", "high"]


def test_each_picture_is_decoded_once_whatever_is_measured(data, pairs, truths, noisy, monkeypatch):
    seen = []
    opened = images._opened  # which every loader calls
    monkeypatch.setattr(images, "_opened", lambda path: (seen.append(path), opened(path))[1])
    pass_over(ask(data, pairs, truth=truths, noisy=noisy))
    once = {path: seen.count(path) for path in seen}
    assert len(once) == 4 * len(pairs)  # two methods, and the truths that they share with their parsings
    first = truths / f"{pairs[0].name}.png"  # from which the size is taken
    assert {path: count for path, count in once.items() if count > 1} == {first: 2}


def test_the_order_of_pairs_and_methods_and_the_size_of_batches_change_nothing(data, pairs, truths, noisy, monkeypatch):
    asked = ask(data, pairs, truth=truths, noisy=noisy)
    one = tables(asked, pass_over(asked)).rows.set_index(["method", "measure"])["value"]
    monkeypatch.setattr(score_folders, "BATCH", 3)
    asked = ask(data, pairs[::-1], noisy=noisy, truth=truths)
    other = tables(asked, pass_over(asked)).rows.set_index(["method", "measure"])["value"]
    shuffled = ("inception_score",)  # whose groups follow the order
    kept = [key for key in one.index if key[1] not in shuffled and not np.isnan(one[key])]
    assert len(kept) == 2 * 9
    assert np.allclose(one[kept], other[kept], rtol=1e-5, atol=1e-9)


def test_everybody_in_the_own_garment_stands_beside_the_photo(world, data, tmp_path):
    pairs = data.pairs("own.txt")
    for pair in pairs:
        save_png(tmp_path / "own" / f"{pair.name}.png", load_rgb(data.people[pair.person]))
    asked = ask(data, pairs, own=tmp_path / "own")
    rows = tables(asked, pass_over(asked)).rows.set_index("measure")
    assert rows.loc["l1", ["mode", "beside", "value"]].tolist() == ["paired", "photos", 0]
    assert rows.loc["fid", "beside"] == "photos"


def test_where_no_truth_is_known_only_sets_are_compared(data, pairs, truths, monkeypatch):
    monkeypatch.setattr(VitonHd, "has_truth", lambda self, pair: False)
    asked = ask(data, pairs, truth=truths)
    passed = pass_over(asked)
    rows = tables(asked, passed).rows.set_index("measure")
    assert passed.mode == "unpaired"
    assert set(rows.index) == {"fid", "kid", "inception_score", "ssim, psnr, l1, lpips, judge"}
    assert rows.loc["fid", "value"] > 0  # beside the photos, in the old garments
    assert rows.loc[["fid", "kid"], "beside"].tolist() == ["photos", "photos"]
    photos = [load_rgb(data.people[name]) for name in dict.fromkeys(pair.person for pair in pairs)]
    made = [load_rgb(truths / f"{pair.name}.png") for pair in pairs]
    oracle = frechet_distance(quarters(made), quarters(photos)).value
    assert rows.loc["fid", "value"] == pytest.approx(oracle, rel=1e-4)  # features are float32
    assert [name for name in wide(rows.reset_index()).columns if "id" in name] == ["fid to photos", "kid to photos"]
    assert rows["note"].str.contains("not known").sum() == 1
    assert len(passed.people[""]) == len({pair.person for pair in pairs})


def test_pairs_that_failed_are_counted_and_left_out_of_no_denominator(data, pairs, tmp_path):
    def made(some):
        return [
            failed("warp_failed:few", "no") if pair == pairs[2] else Outcome("ok", {".png": picture(pair)}, {})
            for pair in some
        ]

    def picture(pair: Pair):
        return load_rgb(data.truth_path(pair, "image"))

    Folder(tmp_path / "ours").make(pairs, {"made": "x"}, made)
    asked = ask(data, pairs, ours=tmp_path / "ours")
    rows = tables(asked, pass_over(asked)).rows.set_index("measure")
    assert rows.loc["ssim", ["n", "of"]].tolist() == [len(pairs) - 1, len(pairs)]
    told = f"; 1 warp_failed:few ({pairs[2].person} in {pairs[2].clothing})"
    assert rows.loc["ssim", "note"].endswith(told)
    assert rows.loc["fid", "note"].endswith(told)


def test_differences_are_pair_by_pair_and_adjusted_for_all_methods_beside_one():
    names, garments = [f"p{n}" for n in range(12)], [f"c{n % 5}" for n in range(12)]
    base = pd.DataFrame({"method": "a", "person": names, "clothing": garments, "ssim": np.linspace(0, 1, 12)})
    better, alike = base.assign(method="b", ssim=base["ssim"] + 0.1), base.assign(method="c")
    few = base.head(7).assign(method="d")
    found = differences(pd.concat([base, better, alike, few]), "a").set_index("method")
    assert found.loc["b", "difference"] == pytest.approx(0.1)
    assert found.loc["b", "p_holm"] == pytest.approx(2 * found.loc["b", "p"])
    assert found.loc["c", ["p", "p_holm"]].tolist() == [1, 1]
    assert found.loc["d", "note"] == "fewer than 8 pairs that both have"
    assert np.isnan(found.loc["d", "p_holm"])


def test_lpips_is_measured_at_the_size_that_a_protocol_names():
    torch.manual_seed(0)
    lpips = Lpips("alex", features_of("alex"))
    rng = np.random.default_rng(0)
    made, truths = (list(rng.integers(0, 256, (2, 64, 48, 3), np.uint8)) for _ in range(2))

    def distances(how):
        return [row["lpips_alex"] for row in beside(Pictures(made, how), Pictures(truths, how), how)]

    as_they_are = distances(Beside(lpips=lpips))
    direct = lpips.distances(*(torch.cat([to_tensor(one) for one in each]) for each in (made, truths))).means
    assert as_they_are == pytest.approx(direct.tolist())
    resized = distances(Beside(lpips=lpips, lpips_at=PROTOCOLS["hr-viton"].lpips))
    assert resized != pytest.approx(direct.tolist(), rel=1e-3)
    assert Beside(lpips=lpips, regions=False).names == ("ssim", "psnr", "l1", "lpips_alex")


def test_pictures_of_another_size_are_named(data, pairs, truths):
    path = truths / f"{pairs[3].name}.png"
    save_png(path, np.zeros((32, 24, 3), np.uint8))
    with pytest.raises(InputError, match=rf"{path.name}: expected a picture of 64x48, as the first, got 32x24"):
        pass_over(ask(data, pairs, truth=truths))


def test_missing_pictures_are_named_unless_they_may_fail(data, pairs, truths):
    (truths / f"{pairs[0].name}.png").unlink()
    asked = ask(data, pairs, truth=truths)
    with pytest.raises(InputError, match=rf"got none for 1: {pairs[0].person} in {pairs[0].clothing}"):
        pass_over(asked)
    passed = pass_over(asked._replace(missing_ok=True))
    assert passed.failed == {"truth": {"missing": [pairs[0]]}}
    assert len(passed.pairs) == len(pairs) - 1


def test_a_method_none_of_whose_pairs_succeeded_has_a_row_that_says_so(data, pairs, truths, tmp_path):
    Folder(tmp_path / "none").make(pairs, {"made": "x"}, lambda some: [failed("warp_failed:few", "no") for _ in some])
    asked = ask(data, pairs, truth=truths, none=tmp_path / "none")
    rows = tables(asked, pass_over(asked)).rows
    (row,) = rows[rows["method"] == "none"].to_dict("records")
    first = ", ".join(f"{pair.person} in {pair.clothing}" for pair in pairs[:3])
    assert row["note"] == f"absent: no pair succeeded ({len(pairs)} warp_failed:few ({first}, ...))"
    assert row["n"] == 0


@pytest.mark.parametrize(("mode", "told"), [("CMYK", "got CMYK"), ("I;16", "8 bits a channel")])
def test_pictures_that_would_be_converted_by_a_guess_are_refused(data, pairs, truths, mode, told):
    path = truths / f"{pairs[0].name}.png"
    image = Image.new(mode, SIZE[::-1])
    image.save(path, format="JPEG" if mode == "CMYK" else "PNG")
    with pytest.raises(InputError, match=told):
        pass_over(ask(data, pairs, truth=truths))


def test_a_damaged_picture_is_named(data, pairs, truths):
    path = truths / f"{pairs[1].name}.png"
    path.write_bytes(path.read_bytes()[:50])
    with pytest.raises(InputError, match=path.name):
        pass_over(ask(data, pairs, truth=truths))


def test_no_pairs_are_no_mode(data):
    with pytest.raises(InputError, match="pairs: expected at least one, got none"):
        mode_of(data, [])


def run(world, out, *words):
    told = ["score", "--data", str(world), "--pairs", "test_pairs.txt", "--out", str(out), *map(str, words)]
    return CliRunner().invoke(app, told)


def test_the_command_writes_what_decided_its_numbers_and_the_same_bytes_again(world, pairs, truths, noisy, tmp_path):
    words = ("--results", f"truth={truths}", "--results", f"noisy={noisy}")
    done = run(world, tmp_path / "a.csv", *words)
    assert done.exit_code == 0, done.output
    rows = pd.read_csv(tmp_path / "a.csv")
    assert rows["method"].unique().tolist() == ["truth", "noisy"]
    told = json.loads((tmp_path / "a.json").read_text())
    assert told["mode"] == "truth"
    assert told["pairs"]["count"] == len(pairs)
    assert set(told["results"]) == {"truth", "noisy"}
    assert len(pd.read_csv(tmp_path / "a.pairs.csv")) == 2 * len(pairs)
    assert pd.read_csv(tmp_path / "a.differences.csv")["against"].unique().tolist() == ["truth"]
    assert run(world, tmp_path / "b.csv", *words).exit_code == 0
    for name in (".csv", ".pairs.csv", ".differences.csv"):
        assert (tmp_path / f"a{name}").read_bytes() == (tmp_path / f"b{name}").read_bytes()


def test_idle_threads_sleep_unless_somebody_has_said_otherwise(world, truths, tmp_path, monkeypatch):
    for given, found in ((None, "passive"), ("active", "active")):
        monkeypatch.setenv("OMP_WAIT_POLICY", given or "")
        if given is None:
            monkeypatch.delenv("OMP_WAIT_POLICY")
        assert run(world, tmp_path / "a.csv", "--results", f"truth={truths}", "--metrics", "l1").exit_code == 0
        assert os.environ["OMP_WAIT_POLICY"] == found


def test_another_protocol_is_another_number_and_says_so(world, data, pairs, noisy, tmp_path):
    words = ("--results", f"noisy={noisy}", "--protocol", "hr-viton")
    assert run(world, tmp_path / "hr.csv", *words).exit_code == 0
    found = pd.read_csv(tmp_path / "hr.csv").set_index("measure").loc["ssim"]
    greys = [
        [np.asarray(pixels_to_grey(load_rgb(path))) for path in (noisy / f"{p.name}.png", data.truth_path(p, "image"))]
        for p in pairs
    ]
    oracle = [
        structural_similarity(*each, gaussian_weights=True, sigma=1.5, use_sample_covariance=False, data_range=255)
        for each in greys
    ]
    assert found["value"] == pytest.approx(np.mean(oracle), abs=1e-6)
    assert "grey-gaussian-inner" in found["note"]
    assert json.loads((tmp_path / "hr.json").read_text())["protocol"]["source"].startswith("Lee et al.")


def made_extractor(kind, resizes):
    """In place of one that reads a file: it remembers how it is to resize."""

    def opened(path, resize):
        resizes.append((kind, resize))
        made = Means()
        made.to = lambda device: made
        return made

    return opened


@pytest.fixture
def opened(monkeypatch):
    """Which extractors were opened, and with which resizing."""
    found = []
    for kind in ("tensorflow", "torchvision"):
        monkeypatch.setattr(f"viton_eval.score_request.inception_of_{kind}", made_extractor(kind, found))
    return found


def test_a_protocol_resizes_for_each_measure_as_it_does_and_makes_no_other(world, noisy, tmp_path, opened):
    words = ("--results", f"noisy={noisy}", "--protocol")
    assert run(world, tmp_path / "hr.csv", *words, "hr-viton", "--extractor", "inception-torchvision=f").exit_code == 0
    rows = pd.read_csv(tmp_path / "hr.csv").set_index("measure")
    assert opened == [("torchvision", "pil-bilinear")]
    assert {"inception_score"} <= set(rows.index)
    assert rows.loc["fid, kid", "note"] == "absent: hr-viton has none"
    opened.clear()
    asked = asked_of(Request(
        ["a=x"], world, "test_pairs.txt", "test", "{person}__{clothing}.png", "ladi-vton", None, "",
        ["inception-tf=f"], "", False, "cpu",
    ))  # fmt: skip
    assert opened == [("tensorflow", "clean-bicubic"), ("tensorflow", "torch-bilinear")]
    assert [(use.distances, use.verdicts is not None) for use in asked.uses] == [(True, False), (False, True)]


def test_an_extractor_that_a_protocol_does_not_measure_with_is_refused(world, noisy, tmp_path, opened):
    for protocol, kind in (("hr-viton", "inception-tf"), ("catvton", "judge"), ("ladi-vton", "inception-torchvision")):
        words = ("--results", f"noisy={noisy}", "--protocol", protocol, "--extractor", f"{kind}=f")
        done = run(world, tmp_path / "a.csv", *words)
        assert isinstance(done.exception, UsageError)
        assert f"which {protocol} measures with, got '{kind}'" in str(done.exception)
    assert opened == []


def pixels_to_grey(pixels):
    return Image.fromarray(pixels).convert("L")


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["--results", "=x"], "--results: expected NAME=VALUE"),
        (["--results", "a/b=x"], "--results: expected NAME=VALUE"),
        (["--results", "=1+1=x"], "--results: expected NAME=VALUE"),
        (["--results", "a=x", "--results", "a=y"], "names that differ"),
        (["--results", "a=x", "--protocol", "mine"], "protocol: expected one of hr-viton"),
        (["--results", "a=x", "--lpips", "vgg=f", "--protocol", "hr-viton"], "--lpips: expected alex, got 'vgg'"),
        (["--results", "a=x", "--extractor", "dino=f"], "--extractor: expected one of inception-tf"),
        (["--results", "a=x", "--against", "b"], "--against: expected one of a, got 'b'"),
        (["--results", "a=x", "--device", "tpu"], "--device tpu"),
    ],
)
def test_words_that_mean_nothing_are_refused_in_a_line(world, tmp_path, words, told):
    done = run(world, tmp_path / "a.csv", *words)
    assert isinstance(done.exception, UsageError)
    assert told in str(done.exception)
    assert "\n" not in str(done.exception)
    assert not (tmp_path / "a.csv").exists()


def test_the_csv_is_not_written_over_by_what_goes_beside_it(world, truths, tmp_path):
    done = run(world, tmp_path / "a.json", "--results", f"truth={truths}")
    assert "--out: expected a .csv file" in str(done.exception)
    assert not (tmp_path / "a.json").exists()


def test_a_judge_that_is_none_is_told(world, tmp_path):
    words = ["a=x"], world, "test_pairs.txt", "test", "{person}__{clothing}.png", "ours", Path("nowhere"), "", [], ""
    with pytest.raises(InputError, match="nowhere"):
        asked_of(Request(*words, False, "cpu"))
