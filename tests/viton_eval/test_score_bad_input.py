"""What is wrong with folders, pictures, extractors and names is said in one line or in a row, by the command itself."""

import csv
import json
import shutil
import sys

import numpy as np
import pandas as pd
import pytest
import torch
from PIL import Image

from viton import console
from viton.checkpoint import StageFolder
from viton.data.viton_hd import VitonHd
from viton.extractors import AttributeReader
from viton.images import load_rgb, save_png
from viton.judge import JudgeFeatures
from viton_eval.cli import app
from viton_eval.table_texts import read_csv_text

SIZE = (64, 48)


@pytest.fixture
def score(scored_world, tmp_path, monkeypatch, capsys):
    """Run the command as a shell does; returns exit code, the error's line and the rows, if any were written."""

    def run(*words, world=scored_world, out=tmp_path / "out/a.csv", pairs="test_pairs.txt", results=None):
        told = ["viton-eval", "score", "--data", world, "--pairs", pairs, "--out", out]
        told += ["--results", f"mine={results}"] if results else []
        monkeypatch.setattr(sys, "argv", [*map(str, told), *map(str, words)])
        with pytest.raises(SystemExit) as ended:
            console.run(app)
        said = capsys.readouterr().err
        rows = pd.read_csv(out).set_index("measure") if ended.value.code == 0 else None
        if ended.value.code:
            assert not out.exists()
            assert said.count("\n") == 1
            assert said.startswith("error: ")
        assert "Traceback" not in said
        assert "Warning" not in said
        return ended.value.code, said.strip(), rows

    return run


@pytest.fixture
def pairs(scored_world):
    return VitonHd(scored_world, "test").pairs("test_pairs.txt")


@pytest.fixture
def first(truths, pairs):
    return truths / f"{pairs[0].name}.png"


def test_folders_that_are_not_there_are_empty_or_files_are_named(score, tmp_path):
    (tmp_path / "empty").mkdir()
    (tmp_path / "file").write_text("no folder")
    for name, told in (("nowhere", "no such folder"), ("file", "a file"), ("empty", "none for 12: ")):
        code, said, _ = score(results=tmp_path / name)
        assert code == 1
        assert f"{tmp_path / name}: expected" in said
        assert told in said


def test_missing_and_double_pictures_are_named_with_their_pair(score, truths, first, pairs):
    shutil.copy(first, first.with_suffix(".jpg"))
    code, said, _ = score("--pattern", "{person}__{clothing}", results=truths)
    assert code == 1
    assert f"two or more for 1: {pairs[0].name}" in said
    first.unlink()
    first.with_suffix(".jpg").unlink()
    code, said, _ = score(results=truths)
    assert code == 1
    assert f"none for 1: {pairs[0].person} in {pairs[0].clothing}" in said


def test_pictures_named_by_another_pattern_are_told_which(score, truths, pairs):
    for pair in pairs:
        (truths / f"{pair.name}.png").rename(truths / f"{pair.person}_{pair.clothing}.png")
    code, said, _ = score(results=truths)
    name = f"{pairs[0].person}_{pairs[0].clothing}.png"
    assert code == 1
    assert said.endswith(f"; found files like {name}: try --pattern '{{person}}_{{clothing}}.png'")
    assert score("--pattern", "{person}_{clothing}.png", results=truths)[0] == 0


def test_pictures_of_no_pair_are_left_out_and_counted_in_the_row(score, truths, first):
    shutil.copy(first, truths / "somebody__nothing.png")
    code, _, rows = score(results=truths)
    assert code == 0
    assert rows.loc["ssim", "n"] == 12
    assert rows.loc["ssim", "note"].endswith("; 1 pictures of no pair left out (somebody__nothing.png)")
    told = json.loads((truths.parent / "out/a.json").read_text())["results"]["mine"]
    assert (told["left_out"], told["failed"], told["failed_pairs"]) == (["somebody__nothing.png"], {}, {})


def test_all_pairs_that_are_missing_are_named_in_the_provenance_and_the_first_in_the_note(score, truths, pairs):
    gone = [pairs[n] for n in (7, 1, 4, 2)]
    for pair in gone:
        (truths / f"{pair.name}.png").unlink()
    code, _, rows = score("--missing-ok", results=truths)
    assert code == 0
    first = ", ".join(f"{pair.person} in {pair.clothing}" for pair in (pairs[1], pairs[2], pairs[4]))
    assert rows.loc["ssim", "note"].endswith(f"; 4 missing ({first}, ...)")
    told = json.loads((truths.parent / "out/a.json").read_text())["results"]["mine"]
    assert told["failed"] == {"missing": 4}
    assert told["failed_pairs"] == {"missing": [list(pairs[n]) for n in (1, 2, 4, 7)]}
    page = (truths.parent / "out/a.md").read_text()
    assert f"4 missing ({first}, ...)" in page.replace("&#95;", "_")


def test_a_manifest_with_a_pair_twice_or_a_status_that_moves_the_cursor(score, tmp_path, truths, pairs):
    rows = [{"person": p.person, "clothing": p.clothing, "file": f"{p.name}.png", "status": "ok"} for p in pairs]
    (truths / "manifest.jsonl").write_text("".join(json.dumps(row) + "\n" for row in [*rows, rows[0]]))
    code, said, _ = score(results=truths)
    assert code == 1
    assert f"expected one row a pair, got two or more for {pairs[0].name}" in said
    rows[0]["status"] = "=bad\x1b[2J\n"
    (truths / "manifest.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    code, _, found = score(results=truths)
    assert code == 0
    assert found.loc["ssim", "note"].endswith(rf"1 '=bad\x1b[2J\n' ({pairs[0].person} in {pairs[0].clothing})")


def test_another_size_is_named(score, truths, first):
    save_png(first.parent / sorted(path.name for path in truths.iterdir())[-1], np.zeros((32, 24, 3), np.uint8))
    code, said, _ = score(results=truths)
    assert code == 1
    assert "expected a picture of 64x48, as the first, got 32x24" in said


def test_a_size_that_a_measure_does_not_take_is_said(score, truths, scored_world, tmp_path):
    for path in truths.iterdir():
        save_png(path, np.zeros((10, 8, 3), np.uint8))
    code, said, _ = score(results=truths)
    assert code == 1
    assert "expected at least 11 pixels a side, the window of SSIM, got 10x8" in said
    assert score("--metrics", "l1,psnr", results=truths)[0] == 0


def test_a_size_that_the_judge_does_not_take_is_said(score, truths, tmp_path):
    torch.manual_seed(0)
    StageFolder(tmp_path / "judge").finish({"judge": AttributeReader(JudgeFeatures(4))}, {"stage": "judge", "steps": 1})
    for path in truths.iterdir():
        save_png(path, np.zeros((60, 45, 3), np.uint8))
    for words in (("--judge", tmp_path / "judge"), ("--extractor", f"judge={tmp_path / 'judge'}")):
        code, said, _ = score(*words, results=truths)
        assert code == 1
        assert "expected height and width in multiples of 16, for the judge, got 60x45" in said
    assert score("--judge", tmp_path / "judge", "--metrics", "ssim", results=truths)[0] == 0


def test_alpha_lies_on_white_and_grey_is_three_equal_channels(score, truths, pairs, scored_world):
    half = np.dstack([load_rgb(truths / f"{pairs[0].name}.png"), np.full(SIZE, 128, np.uint8)])
    Image.fromarray(half).save(truths / f"{pairs[0].name}.png")
    Image.open(truths / f"{pairs[1].name}.png").convert("L").save(truths / f"{pairs[1].name}.png")
    code, _, _ = score(results=truths)
    assert code == 0
    found = read_csv_text(truths.parent / "out/a.pairs.csv", ["person", "clothing"]).set_index("person")["l1"]
    data = VitonHd(scored_world, "test")
    true = [load_rgb(data.truth_path(pair, "image")).astype(float) for pair in pairs[:2]]
    white = np.abs((true[0] * 128 + 255 * 127) / 255 - true[0]).mean() / 255
    assert found[pairs[0].person] == pytest.approx(white, abs=2e-3)
    grey = np.asarray(Image.fromarray(true[1].astype(np.uint8)).convert("L"), float)[..., None]
    assert found[pairs[1].person] == pytest.approx(np.abs(grey - true[1]).mean() / 255, abs=1e-6)


def animated(path):
    frames = [Image.new("RGB", SIZE[::-1], colour) for colour in ("red", "blue")]
    frames[0].save(path, format="WEBP", save_all=True, append_images=frames[1:], lossless=True)


def sixteen_bit_rgb(path):
    import cv2

    path.write_bytes(cv2.imencode(".png", np.full((*SIZE, 3), 40_000, np.uint16))[1].tobytes())


SPOILT = {
    "sixteen bits of grey": (lambda path: Image.new("I;16", SIZE[::-1]).save(path), "8 bits a channel"),
    "sixteen bits of colour": (sixteen_bit_rgb, "8 bits a channel"),
    "CMYK": (lambda path: Image.new("CMYK", SIZE[::-1]).save(path, format="JPEG"), "got CMYK"),
    "another format": (lambda path: Image.new("RGB", SIZE[::-1]).save(path, format="BMP"), "got BMP"),
    "an animation": (animated, "got an animation"),
    "truncated": (lambda path: path.write_bytes(path.read_bytes()[:-200]), "expected a whole picture"),
    "its head alone": (lambda path: path.write_bytes(path.read_bytes()[:20]), "expected a"),
    "empty": (lambda path: path.write_bytes(b""), "a file that is not one"),
    "text": (lambda path: path.write_text("<html>404"), "a file that is not one"),
}


@pytest.mark.parametrize("kind", SPOILT)
def test_a_picture_that_would_be_guessed_at_is_refused_by_name(score, truths, first, kind):
    spoil, told = SPOILT[kind]
    spoil(first)
    code, said, _ = score(results=truths)
    assert code == 1
    assert first.name in said
    assert told in said


@pytest.mark.parametrize("kind", ["image", "parse", "map"])
def test_a_damaged_file_of_the_truth_is_named(score, truths, scored_world, pairs, tmp_path, kind):
    data = VitonHd(shutil.copytree(scored_world, tmp_path / "world"), "test")
    path = data.truth_path(pairs[3], kind)
    path.write_bytes(path.read_bytes()[:100])
    code, said, _ = score(results=truths, world=data.root)
    assert code == 1
    assert f"{kind}-truth/{pairs[3].name}" in said


EXTRACTORS = """
import torch
class Base:
    name, sha256, input_size, resize = "theirs", "0" * 64, None, "none"
class Good(Base):
    def __call__(self, images):
        return {"features": images.mean(dim=(2, 3)), "logits": images.mean(dim=(2, 3))}
class NotANumber(Base):
    def __call__(self, images):
        found = images.mean(dim=(2, 3))
        found[1] = float("nan")
        return {"features": found}
class Fails(Base):
    def __call__(self, images):
        raise RuntimeError("out of\\nmemory")
class NoTensors(Base):
    def __call__(self, images):
        return {"features": images.numpy()}
class Changing(Base):
    calls = 0
    def __call__(self, images):
        self.calls += 1
        return {"features": images.mean(dim=(2, 3))[:, : 2 + (self.calls > 2)]}
class NoFeatures(Base):
    def __call__(self, images):
        return {"other": images.mean(dim=(2, 3))}
class Wide(Base):
    def __call__(self, images):
        return {"features": torch.nn.functional.adaptive_avg_pool2d(images, 4).flatten(1)}
def breaks():
    raise ValueError("no weights")
"""


@pytest.fixture
def theirs(tmp_path, monkeypatch):
    """The name of a module of extractors."""
    (tmp_path / "module").mkdir()
    (tmp_path / "module/theirs_for_score.py").write_text(EXTRACTORS)
    (tmp_path / "module/broken_for_score.py").write_text("1 +")
    monkeypatch.syspath_prepend(tmp_path / "module")
    yield "own=theirs_for_score"
    sys.modules.pop("theirs_for_score", None)


@pytest.mark.parametrize(
    ("name", "code", "told"),
    [
        ("NotANumber", 1, "features of theirs: expected finite numbers, got others for true picture: "),
        ("Fails", 1, "expected features of pictures, got RuntimeError: out of memory"),
        ("NoTensors", 1, "expected a mapping of names to tensors, got ndarray"),
        ("Changing", 1, "expected the same features of every picture"),
        ("breaks", 2, "got ValueError: no weights"),
        ("nobody", 2, "expected nobody in theirs_for_score, got none"),
    ],
)
def test_an_extractor_that_fails_is_a_line(score, truths, theirs, name, code, told):
    found, said, _ = score("--extractor", f"{theirs}:{name}", results=truths)
    assert found == code
    assert told in said


def test_a_module_that_cannot_be_read_is_a_line(score, truths, theirs):
    code, said, _ = score("--extractor", "own=broken_for_score:Extractor", results=truths)
    assert code == 2
    assert "that can be imported, got SyntaxError" in said


def test_features_that_are_not_numbers_name_the_result(score, truths, theirs, pairs, monkeypatch):
    import theirs_for_score

    seen = []

    def third(self, images):
        seen.append(len(images))
        found = images.mean(dim=(2, 3))
        if len(seen) == 2:  # the first are the true pictures
            found[2] = torch.inf
        return {"features": found}

    monkeypatch.setattr(theirs_for_score.NotANumber, "__call__", third)
    code, said, _ = score("--extractor", f"{theirs}:NotANumber", results=truths)
    assert code == 1
    assert said.endswith(f"got others for mine: {pairs[2].name}")


def test_what_an_extractor_does_not_give_is_absent_with_why(score, truths, theirs):
    code, _, rows = score("--extractor", f"{theirs}:NoFeatures", results=truths)
    assert code == 0
    assert rows.loc[["fid", "kid"], "note"].tolist() == ["absent: theirs gives no features"] * 2
    assert "gives no verdicts" in rows.loc["inception_score", "note"]


def test_fewer_pictures_than_groups_have_no_inception_score_and_say_why(score, truths, theirs, pairs, tmp_path):
    (tmp_path / "few.txt").write_text("".join(f"{p.person}.jpg {p.clothing}.jpg\n" for p in pairs[:9]))
    code, _, rows = score("--extractor", f"{theirs}:Good", results=truths, pairs=tmp_path / "few.txt")
    assert code == 0
    assert rows.loc["inception_score", "note"].startswith("absent: splits: expected 1 to 9, the number of pictures")
    assert np.isnan(rows.loc["inception_score", "value"])
    assert rows.loc["fid", "n"] == 9


def test_fid_of_fewer_pictures_than_features_is_given_with_a_warning_that_recommends_kid(score, truths, theirs):
    code, _, rows = score("--extractor", f"{theirs}:Wide", results=truths)
    assert code == 0
    assert rows.loc["fid", "value"] == pytest.approx(0, abs=1e-6)
    assert "12 pictures for 48 dimensions" in rows.loc["fid", "note"]
    assert "prefer the kernel distance" in rows.loc["fid", "note"]
    assert np.isfinite(rows.loc["kid", "value"])


def test_a_single_pair_is_scored_and_what_needs_more_is_absent(score, truths, theirs, pairs, tmp_path):
    (tmp_path / "one.txt").write_text(f"{pairs[0].person}.jpg {pairs[0].clothing}.jpg\n")
    code, _, rows = score("--extractor", f"{theirs}:Good", results=truths, pairs=tmp_path / "one.txt")
    assert code == 0
    assert rows.loc["ssim", ["value", "n"]].tolist() == [pytest.approx(1), 1]
    assert rows.loc[["fid", "kid", "inception_score"], "note"].str.startswith("absent: ").all()


@pytest.mark.parametrize(
    "name", ["=1+1", "-2", "@SUM(A1)", "<script>", "../x", "a b", r"\input{x}", "a\x1b[2J", "a,b", ""]
)
def test_a_method_with_a_hostile_name_is_refused_and_its_name_moves_no_cursor(score, truths, name):
    code, said, _ = score("--results", f"{name}={truths}")
    assert code == 2
    assert "expected NAME=VALUE, the name of letters, digits, '.', '_' and '-'" in said
    assert "\x1b" not in said


HOSTILE = [
    "=1+1",
    "+cmd|' C calc'!A0",
    "@SUM(A1)",
    "-2",
    "<script>alert(1)",
    'say "so", he',
    "'=x",
    r"\input{x}",
    "__p__",
]


@pytest.fixture
def hostile_world(tmp_path):
    """A dataset of people whose names are formulas, tags and commands, everybody in the own garment."""
    split = tmp_path / "hostile/test"
    rng = np.random.default_rng(0)
    for folder in ("image", "cloth", "cloth-mask", "image-parse-v3", "openpose_json"):
        (split / folder).mkdir(parents=True)
    for name in HOSTILE:
        picture = rng.integers(0, 256, (*SIZE, 3), np.uint8)
        for folder in ("image", "cloth"):
            save_png(split / folder / f"{name}.png", picture)
        save_png(tmp_path / f"results/{name}__{name}.png", 255 - picture)
    with (tmp_path / "hostile/pairs.csv").open("w", newline="") as stream:
        csv.writer(stream).writerows([("person", "clothing"), *((f"{name}.png",) * 2 for name in HOSTILE)])
    return tmp_path / "hostile"


def test_hostile_people_are_scored_and_come_back_from_the_csv(score, hostile_world, tmp_path):
    code, _, rows = score(world=hostile_world, pairs="pairs.csv", results=tmp_path / "results")
    assert code == 0
    assert rows.loc["l1", ["mode", "n"]].tolist() == ["paired", len(HOSTILE)]
    found = read_csv_text(tmp_path / "out/a.pairs.csv", ["method", "person", "clothing"])
    assert found["person"].tolist() == found["clothing"].tolist() == HOSTILE
    with (tmp_path / "out/a.pairs.csv").open(newline="") as stream:
        cells = [cell for row in csv.reader(stream) for cell in row[:3]]
    assert not any(cell.startswith(("=", "+", "-", "@")) for cell in cells)


def test_a_hostile_person_without_a_picture_is_named_harmlessly(score, hostile_world, tmp_path):
    (tmp_path / "results/<script>alert(1)__<script>alert(1).png").unlink()
    code, said, _ = score(world=hostile_world, pairs="pairs.csv", results=tmp_path / "results")
    assert code == 1
    assert "none for 1: <script>alert(1) in <script>alert(1)" in said
    path = tmp_path / "results/\x1b[2Jx.png"
    path.write_bytes(b"")
    code, said, _ = score("--pattern", "\x1b[2J{person}", world=hostile_world, pairs="pairs.csv", results=path.parent)
    assert code == 1
    assert "\x1b" not in said


def test_a_folder_for_the_files_that_cannot_be_made_is_a_line(score, truths, tmp_path):
    (tmp_path / "taken").write_text("a file")
    code, said, _ = score(results=truths, out=tmp_path / "taken/a.csv")
    assert code == 1
    assert "taken" in said
