"""`viton prepare`: a dataset that can be read and tried on, of whatever photos people have; bad ones are named."""

import json
import shutil
import sys
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pytest
from PIL import Image

from viton import cli
from viton.data.check import check
from viton.data.layouts import open_dataset
from viton.errors import InputError
from viton.estimate.command import spread
from viton.estimate.estimates import PoseFound, of_person
from viton.estimate.prepare import Order, _expect_in, prepare
from viton.files import read_jsonl
from viton.images import load_labels, load_rgb, save_png
from viton.keypoints import read_openpose_body25
from viton.parsing import CIHP


class Done(NamedTuple):
    code: int
    out: str
    err: str


@pytest.fixture
def run(monkeypatch, capfd):
    def call(*arguments: object) -> Done:
        monkeypatch.setattr(sys, "argv", ["viton", *map(str, arguments)])
        capfd.readouterr()
        with pytest.raises(SystemExit) as caught:
            cli.main()
        printed = capfd.readouterr()
        assert "Traceback" not in printed.err
        return Done(caught.value.code or 0, *printed)

    return call


@pytest.fixture
def world(tiny_estimator):
    """Made-up people with their joints and labels, as if other programs had estimated them."""
    return tiny_estimator / "world" / "test"


@pytest.fixture
def given(run, world, tmp_path):
    """Prepare photos with given joints and labels."""

    def call(*more: object, out: str = "out") -> Done:
        found = ("--keypoints", world / "openpose_json", "--parsing", world / "image-parse-v3")
        return run("prepare", *more, "--out", tmp_path / out, *found)

    return call


def _pictures(folder: Path) -> list[Path]:
    return sorted(folder.glob("*.jpg"))


def _words(path: Path) -> list[list[str]]:
    return [line.split() for line in path.read_text().splitlines()]


def test_the_dataset_is_sound_and_holds_every_pair(given, world, tmp_path):
    people, clothes = _pictures(world / "image")[:2], _pictures(world / "cloth")[:3]
    done = given(*people, "--clothing", *clothes)
    assert done.code == 0, done.err
    report = check(tmp_path / "out")
    assert (report.people, report.clothings, report.pairs, report.errors) == (2, 3, 6, 0)
    assert _words(tmp_path / "out" / "test_pairs.txt") == [[p.name, c.name] for p in people for c in clothes]
    written = tmp_path / "out" / "test"
    for person in people:
        assert (written / "image" / person.name).read_bytes() == person.read_bytes()
        labels = load_labels(written / "image-parse-v3" / f"{person.stem}.png")
        assert np.array_equal(labels, load_labels(world / "image-parse-v3" / f"{person.stem}.png"))
        joints = [read_openpose_body25(folder / "openpose_json" / f"{person.stem}_keypoints.json")
                  for folder in (written, world)]  # fmt: skip
        np.testing.assert_allclose(joints[0], joints[1], atol=2e-3)
    told = json.loads((tmp_path / "out" / "provenance.json").read_text())
    assert told["approximate"] is False
    assert set(told["people"]) == {path.stem for path in people}
    assert "APPROXIMATE" not in done.out


def test_photos_are_dressed_by_what_is_estimated_and_what_is_approximate_is_told(run, tiny_estimator, world, tmp_path):
    """Labels are given here: after so few steps the network sees no garment (a slow test has it learn to)."""
    person, clothes = _pictures(world / "image")[0], _pictures(world / "cloth")[0]
    names = ("--approximate", "--estimator", tiny_estimator, "--parsing", world / "image-parse-v3")
    done = run("prepare", person, "--clothing", clothes, "--out", tmp_path / "mine", *names)
    assert done.code == 0, done.err
    assert "APPROXIMATE: joints come from" in done.out
    told = json.loads((tmp_path / "mine" / "provenance.json").read_text())
    assert told["approximate"] is True
    assert told["pose"]["steps"] == 3
    assert told["parsing"]["parser"] == "given"
    assert load_rgb(tmp_path / "mine" / "estimates.png").std() > 10
    _expect_dressed(run, tmp_path)


def _expect_dressed(run, folder: Path, pairs: int = 1) -> None:
    """`viton try-on` runs on the folder `mine`, and every pair of it succeeds."""
    done = run("try-on", "non-parametric", "--data", folder / "mine", "--pairs", "test_pairs.txt", "--out",
               folder / "worn", "--size", "64x48", "--set", "warp.match.height=64")  # fmt: skip
    assert done.code == 0, done.err
    assert [row["status"] for row in read_jsonl(folder / "worn" / "manifest.jsonl")] == ["ok"] * pairs


@pytest.mark.slow
def test_bare_photographs_are_dressed_without_any_weights(run, shared_data, tmp_path):
    sample = shared_data / "vitonhd_sample" / "test"
    people, clothes = _pictures(sample / "image")[:2], _pictures(sample / "cloth")[:2]
    done = run("prepare", *people, "--clothing", *clothes, "--out", tmp_path / "mine", "--approximate", "--estimator",
               tmp_path / "estimator", "--steps", 250, "--people", 120)  # fmt: skip
    assert done.code == 0, done.err
    assert "APPROXIMATE: joints and labels come from" in done.out
    _expect_dressed(run, tmp_path, 4)


def test_the_estimator_is_trained_where_there_is_none(run, world, tmp_path, monkeypatch):
    asked = []
    monkeypatch.setattr("viton.estimate.approximate.train_estimator", lambda *a: asked.append(a[1]))
    done = run("prepare", _pictures(world / "image")[0], "--clothing", _pictures(world / "cloth")[0], "--out",
               tmp_path / "out", "--estimator", tmp_path / "new", "--steps", 7, "--people", 9, "--seed", 3)  # fmt: skip
    assert done.code == 1  # nothing was trained by what stood in for it
    assert (asked[0].steps, asked[0].world.people, asked[0].world.seed) == (7, 9, 3)
    assert "training the approximate estimator once" in done.err
    assert not (tmp_path / "out").exists()


def test_bad_files_are_named_and_the_rest_goes_on(given, world, tmp_path):
    person, clothes = _pictures(world / "image")[0], _pictures(world / "cloth")[0]
    noise = np.random.default_rng(0).integers(0, 255, (128, 96, 3), np.uint8)
    save_png(tmp_path / "noise.png", noise)
    save_png(tmp_path / "small.png", noise[:40])
    save_png(tmp_path / "stranger.png", noise)
    (tmp_path / "torn.jpg").write_bytes(person.read_bytes()[:900])
    (tmp_path / "phone.HEIC").write_bytes(b"....ftypheic")
    bad = [tmp_path / name for name in ("small.png", "stranger.png", "torn.jpg", "phone.HEIC")]
    done = given(*bad, person, "--clothing", tmp_path / "noise.png", clothes)
    assert done.code == 1
    for each, why in zip((*bad, tmp_path / "noise.png"),
                         ("at least 64 pixels", "stranger_keypoints.json", "whole picture", "JPEG, PNG", "not_plain"),
                         strict=True):  # fmt: skip
        assert any(each.stem in line and why in line for line in done.err.splitlines()), (each, done.err)
    assert _words(tmp_path / "out" / "test_pairs.txt") == [[person.name, clothes.name]]
    assert "5 of 7" in done.err
    assert check(tmp_path / "out").errors == 0


def test_when_nothing_is_usable_no_list_is_written(given, world, tmp_path):
    save_png(tmp_path / "small.png", np.zeros((8, 8, 3), np.uint8))
    assert given(tmp_path / "small.png", "--clothing", _pictures(world / "cloth")[0]).code == 1
    assert not (tmp_path / "out" / "test_pairs.txt").exists()


def test_a_turned_photo_is_written_upright_and_transparency_becomes_white(given, world, tmp_path):
    person, clothes = _pictures(world / "image")[0], _pictures(world / "cloth")[0]
    turned, flag = Image.open(person).transpose(Image.Transpose.ROTATE_90), Image.Exif()
    flag[0x0112] = 6  # turn by 90 degrees clockwise to see it upright
    (tmp_path / "photos").mkdir()
    turned.save(tmp_path / "photos" / person.name, exif=flag, quality=98)
    see_through = Image.open(clothes).convert("RGBA")
    see_through.putalpha(Image.open(world / "cloth-mask" / clothes.name).convert("L"))
    see_through.save(tmp_path / f"{clothes.stem}.png")
    done = given(tmp_path / "photos", "--clothing", tmp_path / f"{clothes.stem}.png")
    assert done.code == 0, done.err
    written = load_rgb(tmp_path / "out" / "test" / "image" / person.name)
    assert written.shape == (128, 96, 3)
    assert np.abs(written.astype(int) - load_rgb(person)).mean() < 4
    assert load_rgb(tmp_path / "out" / "test" / "cloth" / clothes.name)[0, 0].tolist() == [255, 255, 255]


def test_names_with_blanks_become_ids_without_and_their_files_are_found(run, world, tmp_path):
    person = _pictures(world / "image")[0]
    for name, source in (("my  shirt.jpg", world / "cloth" / person.name), ("on me.jpg", person),
                         ("on me.png", world / "image-parse-v3" / f"{person.stem}.png"),
                         ("on me.json", world / "openpose_json" / f"{person.stem}_keypoints.json")):  # fmt: skip
        shutil.copy(source, tmp_path / name)
    done = run("prepare", tmp_path / "on me.jpg", "--clothing", tmp_path / "my  shirt.jpg", "--out", tmp_path / "out",
               "--keypoints", tmp_path, "--parsing", tmp_path)  # fmt: skip
    assert done.code == 0, done.err
    assert _words(tmp_path / "out" / "test_pairs.txt") == [["on_me.jpg", "my_shirt.jpg"]]
    assert check(tmp_path / "out").errors == 0


def test_given_masks_are_used_and_must_fit(given, world, tmp_path):
    person, clothes = _pictures(world / "image")[0], _pictures(world / "cloth")[0]
    mask = np.zeros((128, 96), np.uint8)
    mask[20:90, 30:60] = 255
    (tmp_path / "masks").mkdir()
    save_png(tmp_path / "masks" / f"{clothes.stem}.png", mask)
    done = given(person, "--clothing", clothes, "--masks", tmp_path / "masks")
    assert done.code == 0, done.err
    assert np.array_equal(open_dataset(tmp_path / "out", "test").read_mask(clothes.stem), mask // 255)
    save_png(tmp_path / "masks" / f"{clothes.stem}.png", mask[:60])
    done = given(person, "--clothing", clothes, "--masks", tmp_path / "masks", out="other")
    assert done.code == 1
    assert "96x128 like its picture, got 96x60" in done.err


def test_a_folder_in_the_way_wants_overwrite(given, world, tmp_path):
    person, clothes = _pictures(world / "image")[0], _pictures(world / "cloth")[0]
    given(person, "--clothing", clothes)
    done = given(person, "--clothing", clothes)
    assert (done.code, "--overwrite" in done.err) == (1, True)
    assert given(person, "--clothing", clothes, "--overwrite").code == 0


def test_two_of_one_name_and_pictures_of_the_folder_itself_are_refused(given, world, tmp_path):
    person, clothes = _pictures(world / "image")[0], _pictures(world / "cloth")[0]
    (tmp_path / "out" / "x").mkdir(parents=True)
    for folder in (tmp_path, tmp_path / "out" / "x"):
        shutil.copy(person, folder)
    assert f"'{person.stem}' twice" in given(person, tmp_path / person.name, "--clothing", clothes).err
    inside = tmp_path / "out" / "x" / person.name
    assert "outside the folder" in given(inside, "--clothing", clothes, "--overwrite").err


def test_without_weights_the_error_offers_what_needs_none(run, world, tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "transformers", None)
    done = run(
        "prepare", _pictures(world / "image")[0], "--clothing", _pictures(world / "cloth")[0], "--out", tmp_path / "o"
    )
    assert done.code == 1
    assert "--approximate" in done.err
    assert not (tmp_path / "o").exists()


@pytest.mark.parametrize(
    ("args", "wanted"),
    [
        (["p", "--clothing", "a", "b", "--out", "o"], ["p", "--clothing", "a", "--clothing", "b", "--out", "o"]),
        (["--clothing", "a", "--out", "o", "p", "q"], ["--clothing", "a", "--out", "o", "p", "q"]),
        (["--clothing=a", "p"], ["--clothing=a", "p"]),
    ],
)
def test_words_after_the_option_are_all_clothing(args, wanted):
    assert spread(args, "--clothing") == wanted


def test_other_people_become_background_and_a_severed_hand_stays():
    labels = np.zeros((100, 200), np.uint8)
    labels[20:80, 20:50], labels[20:90, 120:180] = CIHP.labels.index("upper_clothes"), CIHP.labels.index("dress")
    labels[81:84, 30:40] = CIHP.labels.index("left_arm")
    joints = np.zeros((18, 3), np.float32)
    joints[1] = 30, 40, 1
    found = of_person(labels, joints)
    assert not found[:, 100:].any()
    assert np.array_equal(found[:, :100], labels[:, :100])


class Crowd:
    """An estimator that sees three people, and no neck."""

    def __init__(self) -> None:
        self.source: dict[str, object] = {"pose": "crowd"}

    def joints(self, name: str, photo: np.ndarray) -> PoseFound:
        joints = np.full((18, 3), 20, np.float32)
        joints[1] = 0
        return PoseFound(joints, 3)

    def labels(self, name: str, photo: np.ndarray) -> np.ndarray:
        if name == "wall":
            raise InputError(name, "a person", "nobody")
        return np.full(photo.shape[:2], CIHP.labels.index("coat" if name == "coat" else "pants"), np.uint8)


def test_several_people_and_missing_joints_are_told_and_estimators_errors_name_the_file(world, tmp_path):
    for name in ("coat", "wall", "bare"):
        save_png(tmp_path / f"{name}.png", np.full((128, 96, 3), 128, np.uint8))
    photos = [tmp_path / f"{name}.png" for name in ("coat", "wall", "bare")]
    report = prepare(Order(photos, _pictures(world / "cloth")[:1], tmp_path / "out"), Crowd(), Crowd())
    assert [each.id for each in report.people] == ["coat"]
    assert any("3 people; the largest is taken" in note for note in report.notes)
    assert any("no neck found" in note for note in report.notes)
    assert [problem.where for problem in report.problems] == [str(photos[1]), str(photos[2])]
    assert "to be replaced" in str(report.problems[1])


@pytest.mark.parametrize("wrong", ["shares", "three times too large"])
def test_joints_that_cannot_be_the_photos_are_refused(wrong):
    photo = np.zeros((128, 96, 3), np.uint8)
    joints = np.column_stack([np.linspace(10, 90, 18), np.linspace(10, 120, 18), np.ones(18)])
    _expect_in(photo, joints, Path("p.jpg"))
    joints[:, :2] *= 3 if wrong == "three times too large" else 1 / 128
    with pytest.raises(InputError, match=r"p\.jpg: expected joints in pixels of the photo, 96x128"):
        _expect_in(photo, joints, Path("p.jpg"))


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (("--approximate", "--parser", "x"), "--approximate: expected no --parser"),
        (("--approximate", "--pose-weights", "x"), "--approximate: expected no --pose-weights"),
        (("--keypoints", "x", "--pose-weights", "x"), "--keypoints: expected no --pose-weights"),
        (("--parsing", "x", "--parser", "x"), "--parsing: expected no --parser"),
    ],
)
def test_a_network_that_would_not_be_used_is_refused(run, world, tmp_path, options, said):
    photo, shirt = (_pictures(world / folder)[0] for folder in ("image", "cloth"))
    done = run("prepare", photo, "--clothing", shirt, "--out", tmp_path / "out", *options)
    assert done.code == 2
    assert said in done.err
    assert not (tmp_path / "out").exists()


def test_a_photo_that_is_not_there_is_told_before_anything_is_trained(run, world, tmp_path):
    shirt = _pictures(world / "cloth")[0]
    approximate = ("--approximate", "--estimator", tmp_path / "e")
    done = run("prepare", "nowhere.jpg", "--clothing", shirt, "--out", tmp_path / "out", *approximate)
    assert done.code == 1
    assert "nowhere.jpg: expected a picture, got no such file" in done.err
    assert not (tmp_path / "e").exists()


def test_names_with_commas_and_own_garments_make_lists_that_can_be_read(world, tmp_path):
    save_png(tmp_path / "coat.png", np.full((128, 96, 3), 128, np.uint8))
    shirt = tmp_path / "shirts" / "coat.jpg"
    shirt.parent.mkdir()
    shutil.copy(_pictures(world / "cloth")[0], shirt)
    other = shutil.copy(shirt, tmp_path / "shirts" / "red, long.jpg")
    report = prepare(Order([tmp_path / "coat.png"], [shirt, Path(other)], tmp_path / "out"), Crowd(), Crowd())
    assert [each.id for each in report.clothings] == ["coat", "red_long"]
    assert len(open_dataset(tmp_path / "out", "test").pairs("test_pairs.txt")) == 2
    assert any("the person's own garment" in note for note in report.notes)


def test_an_earlier_calls_lists_do_not_stay_when_nothing_is_usable(world, tmp_path):
    photo, wall = tmp_path / "coat.png", tmp_path / "wall.png"
    for path in (photo, wall):
        save_png(path, np.full((128, 96, 3), 128, np.uint8))
    order = Order([photo], _pictures(world / "cloth")[:1], tmp_path / "out")
    prepare(order, Crowd(), Crowd())
    assert (tmp_path / "out" / "test_pairs.txt").is_file()
    prepare(order._replace(photos=[wall], overwrite=True), Crowd(), Crowd())
    assert not [name for name in ("test_pairs.txt", "provenance.json") if (tmp_path / "out" / name).exists()]
