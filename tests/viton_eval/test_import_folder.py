"""Other people's pictures as a folder of results, of no experiment: what is written, scores, and is refused."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import cv2
import numpy as np
import pandas as pd
import pytest
from PIL import Image

from viton import console
from viton.data.viton_hd import VitonHd
from viton.images import load_rgb, save_png
from viton.results import Folder, Outcome
from viton_eval.cli import app

SIZE = (64, 48)


@pytest.fixture
def pairs(scored_world):
    return VitonHd(scored_world, "test").pairs("test_pairs.txt")


@pytest.fixture
def theirs(scored_world, pairs, tmp_path, monkeypatch):
    """Blurred truths as JPEGs that are named by the person alone."""
    monkeypatch.chdir(tmp_path)
    for pair in pairs:
        path = Path("theirs") / f"{pair.person}.jpg"
        path.parent.mkdir(exist_ok=True)
        blurred = cv2.blur(load_rgb(VitonHd(scored_world, "test").truth_path(pair, "image")), (3, 3))
        Image.fromarray(blurred).save(path, quality=90)
    return Path("theirs")


@pytest.fixture
def viton_eval(monkeypatch, capsys):
    """Run a command as a shell does; returns exit code, standard output and the last line of standard error."""

    def run(*words):
        monkeypatch.setattr(sys, "argv", ["viton-eval", *map(str, words)])
        with pytest.raises(SystemExit) as ended:
            console.run(app)
        said = capsys.readouterr()
        assert "Traceback" not in said.err
        return ended.value.code, said.out, said.err.strip().splitlines()[-1]

    return run


@pytest.fixture
def brought(viton_eval, scored_world, theirs):
    """Import what is theirs into the folder `out`."""

    def run(*words, method="cp-vton", pairs=scored_world / "test_pairs.txt", pattern="{person}.jpg"):
        told = ("import", method, theirs, "--pattern", pattern, "--pairs", pairs, "--out", "out")
        return viton_eval(*told, *words)

    return run


def test_the_folder_is_one_of_our_results_and_scores_as_the_pictures_do(
    brought, viton_eval, pairs, theirs, scored_world
):
    code, out, said = brought("--json")
    assert (code, said) == (0, f"out: {len(pairs)} of {len(pairs)} pairs imported as cp-vton")
    told = json.loads(out)
    assert (told["out"], told["pairs"], told["missing"], told["scores"]) == ("out", len(pairs), 0, None)
    ours = Path("ours")
    pictures = {pair: load_rgb(theirs / f"{pair.person}.jpg") for pair in pairs}
    Folder(ours).make(pairs, {"made": "x"}, lambda some: [Outcome("ok", {".png": pictures[p]}, {}) for p in some])
    for name in ("manifest.jsonl", "settings.json", "timing.jsonl", "provenance.json"):
        assert (Path("out") / name).is_file() == (ours / name).is_file() is True
    rows = [json.loads(line) for line in Path("out/manifest.jsonl").read_text().splitlines()]
    plain = [json.loads(line) for line in (ours / "manifest.jsonl").read_text().splitlines()]
    assert [{name: row[name] for name in plain[0]} for row in rows] == plain
    words = ("--data", scored_world, "--pairs", "test_pairs.txt", "--out", "scores.csv", "--pattern", "{person}.jpg")
    code, _, _ = viton_eval("score", "--results", "imported=out", "--results", f"direct={theirs}", *words)
    assert code == 0
    values = pd.read_csv("scores.csv").pivot(index="measure", columns="method", values="value").dropna()
    assert len(values) > 5
    assert (values["imported"] == values["direct"]).all()
    assert values.loc["ssim", "imported"] < 1


def test_the_same_import_again_makes_nothing_and_another_one_needs_overwrite(brought, theirs, pairs):
    assert brought()[0] == 0
    before = Path("out/manifest.jsonl").stat().st_mtime_ns
    assert brought()[0] == 0
    assert Path("out/manifest.jsonl").stat().st_mtime_ns == before
    save_png(theirs / "x.png", np.zeros((*SIZE, 3), np.uint8))
    (theirs / "x.png").rename(theirs / f"{pairs[0].person}.jpg")
    code, _, said = brought()
    assert code == 1
    assert "expected results of these settings (or --overwrite), got others: import.digest" in said
    assert brought("--overwrite")[0] == 0
    assert load_rgb(Path("out") / f"{pairs[0].name}.png").max() == 0


def test_other_sizes_are_brought_to_the_one_that_is_asked_for(brought, theirs, pairs):
    for pair in pairs:
        path = theirs / f"{pair.person}.jpg"
        Image.fromarray(load_rgb(path)).resize((96, 128)).save(path)
    assert brought("--resize", "box", "--size", "64x48")[0] == 0
    assert load_rgb(Path("out") / f"{pairs[0].name}.png").shape == (*SIZE, 3)
    assert json.loads(Path("out/settings.json").read_text())["size"] == [*SIZE]
    code, _, said = brought("--size", "64x48", "--overwrite")
    assert (code, "expected a picture of 64x48 (or --resize lanczos, bilinear, box), got 128x96" in said) == (1, True)
    code, _, said = brought("--resize", "box", "--overwrite")
    assert (code, said) == (2, "error: --resize box: expected --size HxW too, which to resize to")
    assert brought("--overwrite")[0] == 0  # as large as they are
    assert load_rgb(Path("out") / f"{pairs[0].name}.png").shape == (128, 96, 3)


def test_one_picture_of_another_size_is_named_and_nothing_is_written(brought, theirs, pairs):
    path = theirs / f"{sorted(pairs)[-1].person}.jpg"
    Image.new("RGB", (96, 128)).save(path)
    code, _, said = brought()
    assert code == 1
    assert f"{path}: expected a picture of 64x48" in said
    assert not Path("out").exists()


def test_every_pair_has_to_be_there_once(brought, theirs, pairs):
    first = theirs / f"{pairs[0].person}.jpg"
    first.with_suffix(".jpeg").write_bytes(first.read_bytes())
    code, _, said = brought(pattern="{person}")
    assert (code, f"two or more for 1: {pairs[0].person}" in said) == (1, True)
    first.with_suffix(".jpeg").unlink()
    first.unlink()
    code, _, said = brought()
    assert (code, f"none for 1: {pairs[0].person} in {pairs[0].clothing}" in said) == (1, True)
    assert not Path("out").exists()
    code, _, said = brought("--missing-ok")
    assert (code, "1 missing, which count as failed" in said) == (0, True)
    rows = [json.loads(line) for line in Path("out/manifest.jsonl").read_text().splitlines()]
    assert [row["person"] for row in rows if row["status"] == "missing"] == [pairs[0].person]
    assert len(rows) == len(pairs)


def test_a_folder_that_holds_something_else_is_not_written_into(brought, theirs):
    Path("out").mkdir()
    Path("out/notes.txt").write_text("mine")
    code, _, said = brought("--overwrite")
    assert (code, "expected an empty folder or one of our results" in said) == (1, True)
    assert [path.name for path in Path("out").iterdir() if not path.name.startswith(".")] == ["notes.txt"]


BOTH = "expected either --config FILE, into an experiment, or --pairs FILE --out DIR, into a folder of results, got "


@pytest.mark.parametrize(
    ("words", "got"),
    [
        ([], "neither"),
        (["--pairs", "p.txt"], "--pairs alone"),
        (["--out", "out"], "--out alone"),
        (["--config", "c.yaml", "--pairs", "p.txt", "--out", "out"], "--config with --pairs"),
        (["--config", "c.yaml", "--out", "out"], "--config with --out"),
        (["--config", "c.yaml", "--size", "64x48"], "--config with --size"),
        (["--pairs", "p.txt", "--out", "out", "--data", "world"], "--pairs and --out with --data"),
        (["--pairs", "p.txt", "--out", "out", "--runs", "runs"], "--pairs and --out with --runs"),
    ],
)
def test_both_ways_in_or_neither_are_wrong_usage_that_names_both(viton_eval, theirs, words, got):
    code, _, said = viton_eval("import", "cp-vton", theirs, *words)
    assert code == 2
    assert said.endswith(BOTH + got)
    assert [path.name for path in Path.cwd().iterdir() if path.is_dir()] == ["theirs"]


@pytest.mark.parametrize(
    ("more", "code", "told"),
    [
        ({"method": "viton"}, 1, "import: method: expected a name of its own"),
        ({"method": "../up"}, 1, "import: method: expected"),
        ({"pairs": "nowhere.txt"}, 1, "nowhere.txt: expected a pairs file, got no such file"),
        ({"pattern": "{clothing}.jpg"}, 1, "pattern: expected a path inside the folder with {person}"),
    ],
)
def test_names_and_files_that_are_none_are_refused(brought, more, code, told):
    found, _, said = brought(**more)
    assert (found, told in said) == (code, True), said
    assert not Path("out").exists()


def test_a_size_that_is_none_is_wrong_usage(brought):
    assert brought("--size", "64")[::2] == (2, "error: --size: expected HxW such as 256x192, got '64'")
