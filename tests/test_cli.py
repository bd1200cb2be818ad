"""The command line: exit codes, one line an error, what is printed where; a bad pair does not stop the rest."""

import errno
import json
import re
import subprocess
import sys
from pathlib import Path
from typing import NamedTuple

import cv2
import numpy as np
import pytest

from viton import cli, console
from viton.data.sample import Pair
from viton.files import read_jsonl
from viton.images import load_labels, load_rgb
from viton.parsing import CIHP
from viton.results import shard_of

ROOT = Path(__file__).resolve().parent.parent
SMALL = ("--size", "64x48", "--set", "warp.match.height=64")
VERBS = [("train",), ("prepare",), ("warp",), ("try-on",), ("merge",), ("doctor",), ("data", "check"),
         ("data", "convert"), ("data", "mask"), ("data", "synth")]  # fmt: skip


class Done(NamedTuple):
    code: int
    out: str
    err: str

    @property
    def errors(self) -> list[str]:
        return [line for line in self.err.splitlines() if line.startswith("error:")]


@pytest.fixture
def viton(monkeypatch, capfd):
    """Run `viton` in this process, as its entry point does."""

    def run(*arguments: object) -> Done:
        monkeypatch.setattr(sys, "argv", ["viton", *map(str, arguments)])
        capfd.readouterr()
        with pytest.raises(SystemExit) as caught:
            cli.main()
        captured = capfd.readouterr()
        code = caught.value.code
        return Done(0 if code is None else code, captured.out, captured.err)

    return run


@pytest.fixture
def warp(viton, tiny_hd, tmp_path):
    return lambda *more: viton("warp", "--data", tiny_hd.root, "--out", tmp_path / "out", *SMALL, *more)


@pytest.fixture
def try_on(viton, tiny_hd, tmp_path):
    def run(*more: object, out: str = "out") -> Done:
        return viton("try-on", "non-parametric", "--data", tiny_hd.root, "--out", tmp_path / out, *SMALL, *more)

    return run


def _one_error(done: Done, code: int, *wanted: str) -> None:
    assert done.code == code, done.err
    assert len(done.errors) == 1, done.err
    for each in wanted:
        assert each in done.err
    assert "Traceback" not in done.err + done.out


# What works.


def test_warp_writes_pictures_masks_and_measurements(warp, tiny_hd, tmp_path):
    done = warp("--json")
    assert done.code == 0, done.err
    rows = [json.loads(line) for line in done.out.splitlines()]
    assert rows == read_jsonl(tmp_path / "out" / "warps.jsonl")
    assert [(row["person"], row["clothing"]) for row in rows] == sorted(tiny_hd.pairs)
    for row in rows:
        name = f"{row['person']}__{row['clothing']}"
        assert 0.5 < row["iou"] <= 1
        assert {"folds", "bending_energy", "round_trip_px", "matched"} <= set(row)
        assert load_rgb(tmp_path / "out" / f"{name}.png").shape == (64, 48, 3)
        mask = cv2.imread(str(tmp_path / "out" / f"{name}.mask.png"), cv2.IMREAD_UNCHANGED)
        assert mask.shape == (64, 48)
        assert mask.max() == 255


def test_without_json_standard_output_is_empty(warp):
    done = warp()
    assert (done.code, done.out) == (0, "")
    assert "3 of 3 pairs done" in done.err


def test_try_on_shows_the_garment_on_the_photo(try_on, tiny_hd, tmp_path):
    assert try_on().code == 0
    pasted, photo = load_rgb(tmp_path / "out" / "p1__c1.png"), load_rgb(tiny_hd.image("p1"))
    np.testing.assert_allclose(pasted[24:38, 18:30].reshape(-1, 3).mean(0), (200, 30, 40), atol=6)
    assert np.array_equal(pasted[:10], photo[:10])


def test_a_second_call_makes_nothing(try_on, tmp_path):
    try_on()
    stamps = {path: path.stat().st_mtime_ns for path in (tmp_path / "out").iterdir()}
    assert try_on().code == 0
    assert {path: path.stat().st_mtime_ns for path in (tmp_path / "out").iterdir()} == stamps


def test_other_settings_want_overwrite(try_on):
    try_on()
    _one_error(try_on("--seed", 1), 1, "--overwrite", "config")
    assert try_on("--seed", 1, "--overwrite").code == 0


def test_limit_takes_the_first_pairs(warp, tmp_path):
    warp("--limit", 2)
    assert [(row["person"], row["clothing"]) for row in read_jsonl(tmp_path / "out" / "warps.jsonl")] == [
        ("p1", "c1"), ("p2", "c2"),
    ]  # fmt: skip


def test_a_result_depends_neither_on_the_shard_nor_on_the_order(try_on, tiny_hd, tmp_path):
    try_on(out="whole")
    pairs = [Pair(*pair) for pair in tiny_hd.pairs]
    for index in (1, 2):
        done = try_on("--shard", f"{index}/2", out=f"shard{index}")
        assert done.code == 0, done.err
        found = {path.stem for path in (tmp_path / f"shard{index}").glob("*.png") if "." not in path.stem}
        assert found == {pair.name for pair in shard_of(pairs, index, 2)}
    for path in (tmp_path / "whole").glob("*.png"):
        (other,) = tmp_path.glob(f"shard*/{path.name}")
        assert other.read_bytes() == path.read_bytes()


def test_merge_joins_shards_and_misses_none(viton, try_on, tmp_path):
    try_on(out="whole")
    for index in (1, 2):
        try_on("--shard", f"{index}/2", out=f"shard{index}")
    shards = [tmp_path / "shard1", tmp_path / "shard2"]
    _one_error(viton("merge", shards[0], "--out", tmp_path / "half"), 1, "expected all 2 shards, got no 2/2")
    done = viton("merge", *shards, "--out", tmp_path / "merged", "--json")
    assert done.code == 0
    assert [json.loads(line) for line in done.out.splitlines()] == read_jsonl(tmp_path / "merged" / "manifest.jsonl")
    again = viton("merge", *shards, "--out", tmp_path / "merged again")
    assert (again.code, again.out) == (0, "")
    assert (tmp_path / "merged" / "manifest.jsonl").read_bytes() == (tmp_path / "whole" / "manifest.jsonl").read_bytes()


def test_a_world_is_told_as_json_with_the_digest_that_it_wrote(viton, tmp_path):
    out, size = tmp_path / "world", ("--size", "64x48")
    done = viton("data", "synth", out, "--people", 2, "--garments", 1, "--seed", 3, *size, "--json")
    assert done.code == 0, done.err
    told = json.loads(done.out)
    assert told == {"out": str(out), **json.loads((out / "world.json").read_text())}
    assert told["config"] == {"people": 2, "garments": 1, "seed": 3, "height": 64, "width": 48, "noise": 0.0}
    quiet = viton("data", "synth", out, "--people", 2, "--garments", 1, "--seed", 3, *size)
    assert (quiet.code, quiet.out) == (0, "")


def test_both_spellings_of_a_folder_can_be_warped(viton, either_tiny_hd, tmp_path):
    assert viton("warp", "--data", either_tiny_hd.root, "--out", tmp_path / "out", *SMALL).code == 0


def test_data_check_counts_what_there_is(viton, tiny_hd):
    done = viton("data", "check", tiny_hd.root)
    assert done.code == 0
    assert done.out.strip().endswith("2 people, 3 garments, 3 pairs; 0 errors, 0 warnings")
    report = json.loads(viton("data", "check", tiny_hd.root, "--json").out)
    assert report == {"people": 2, "clothings": 3, "pairs": 3, "problems": [], "unlisted": {}}


def test_doctor_says_what_it_found_as_json(viton):
    done = viton("doctor", "--json")
    findings = {finding["what"]: finding for finding in json.loads(done.out)}
    assert {"python", "torch", "device", "free disk here", "shape-context match"} <= set(findings)
    assert findings["shape-context match"]["ok"]
    assert done.code == (0 if all(each["ok"] or not each["needed"] for each in findings.values()) else 1)
    assert "torch" in viton("doctor").out


# Help and usage.


@pytest.mark.parametrize("verb", VERBS, ids=" ".join)
def test_the_help_of_every_verb_has_an_example_that_names_it(viton, verb):
    done = viton(*verb, "--help")
    assert done.code == 0
    assert f"Example: viton {' '.join(verb)} " in " ".join(done.out.split())


def test_these_are_all_verbs_there_are():
    verbs = {command.name or command.callback.__name__ for command in cli.app.registered_commands}
    data = {("data", command.name or command.callback.__name__) for command in cli.data_app.registered_commands}
    assert {(verb,) for verb in verbs} | data == set(VERBS)


@pytest.mark.parametrize(
    ("arguments", "wanted"),
    [
        (("--target", "coarse"), "--target: expected parsed without --run, or coarse with --run"),
        (("--device", "banana"), "--device banana"),
        (("--set", "warp"), "--set warp: expected a.b=value"),
        (("--set", "warp.smoothing=["), "--set warp.smoothing=["),
        (("--size", "64"), "--size: expected HxW"),
        (("--size", "0x48"), "--size: expected HxW"),
        (("--size", "64x-48"), "--size: expected HxW"),
    ],
)
def test_wrong_usage_of_warp_exits_2_in_one_line(warp, tmp_path, arguments, wanted):
    _one_error(warp(*arguments), 2, wanted)
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    ("arguments", "wanted"),
    [
        (("--shard", "0/2"), "--shard: expected i/n"),
        (("--shard", "3/2"), "--shard: expected i/n"),
        (("--shard", "x"), "--shard: expected i/n"),
        (("--person", "p.jpg"), "expected --person with --clothing, or --data with --pairs"),
    ],
)
def test_wrong_usage_of_try_on_exits_2_in_one_line(try_on, arguments, wanted):
    _one_error(try_on(*arguments), 2, wanted)


def test_an_unknown_method_lists_the_known_ones(viton, tiny_hd, tmp_path):
    done = viton("try-on", "magic", "--data", tiny_hd.root, "--out", tmp_path / "out")
    _one_error(done, 2, "expected one of viton", "'magic'")


def test_neither_data_nor_person_is_wrong_usage(viton, tmp_path):
    _one_error(viton("try-on", "non-parametric", "--out", tmp_path / "out"), 2, "expected --data with --pairs")


@pytest.mark.parametrize("option", [("--shard", "1/2"), ("--limit", "3")])
def test_one_picture_has_no_shards_and_no_limit(viton, tmp_path, option):
    one = ("--person", "p.jpg", "--clothing", "c.jpg", "--out", tmp_path / "x.png")
    _one_error(viton("try-on", "non-parametric", *one, *option), 2, "go with --pairs")


@pytest.mark.parametrize("arguments", [("--limit", "0"), ("--seed", "-1"), ("--bogus",)])
def test_an_option_that_does_not_exist_or_fit_exits_2(warp, arguments):
    done = warp(*arguments)
    assert done.code == 2
    assert arguments[0] in done.err
    assert "Traceback" not in done.err


@pytest.mark.parametrize("layout", ["acgpn", ""])
def test_a_layout_that_is_not_read_is_wrong_usage(viton, tiny_hd, layout):
    _one_error(viton("data", "check", tiny_hd.root, "--layout", layout), 2, "expected one of viton-hd")


@pytest.mark.parametrize(
    ("override", "wanted"),
    [("warp.smothing=1", "smoothing"), ("sed=1", "seed"), ("seed=many", "seed"), ("warp.match.points=3", "points")],
)
def test_a_setting_that_does_not_exist_or_fit_names_what_does(warp, override, wanted):
    _one_error(warp("--set", override), 1, wanted)


# Bad input: one line, no traceback.


def _spoil(hd, what: str, save_picture, save_keypoints) -> str:
    """Spoil what every pair of p1 needs, or the whole folder; what the message must name."""
    if what == "truncated photo":
        hd.image("p1").write_bytes(hd.image("p1").read_bytes()[:-300])
        return "image/p1.jpg: expected a whole picture"
    if what == "missing json":
        hd.keypoints("p1").unlink()
        return "p1_keypoints.json: expected a JSON file, got no such file"
    if what == "hostile json":
        hd.keypoints("p1").write_text("[" * 100_000)
        return "p1_keypoints.json: expected JSON"
    if what == "huge numbers":
        hd.keypoints("p1").write_text('{"people": [{"pose_keypoints_2d": [' + "9" * 5000 + "]}]}")
        return "p1_keypoints.json: expected JSON"
    if what == "no visible joint":
        save_keypoints(hd.keypoints("p1"), [0] * 75)
        return "p1_keypoints.json: expected at least one visible joint"
    if what == "another size":
        save_picture(hd.parsing("p1"), np.full((10, 10), 5, np.uint8))
        return "p1.png: expected 48x64 like its picture, got 10x10"
    save_picture(hd.parsing("p1"), np.full((64, 48), 25, np.uint8))
    return "p1.png: expected CIHP labels 0 to 19, got label 25"


SPOILT_PERSON = [
    "truncated photo", "missing json", "hostile json", "huge numbers", "no visible joint", "another size", "labels",
]  # fmt: skip


@pytest.mark.parametrize("what", SPOILT_PERSON)
@pytest.mark.parametrize("verb", ["warp", "try_on", "check"])
def test_a_bad_file_is_one_line_and_the_rest_is_done(
    viton, warp, try_on, tiny_hd, tmp_path, save_picture, save_keypoints, what, verb
):
    wanted = _spoil(tiny_hd, what, save_picture, save_keypoints)
    if verb == "check":
        done = viton("data", "check", tiny_hd.root, "--split", "test")
        assert done.code == 1
        assert len([line for line in done.out.splitlines() if line.startswith("error: ")]) == (1)
        assert wanted in done.out
        assert "Traceback" not in done.err
        return
    done = (warp if verb == "warp" else try_on)()
    _one_error(done, 1, wanted, "2 of 3 failed", "failed: p1 c1: bad_input")
    manifest = "warps.jsonl" if verb == "warp" else "manifest.jsonl"
    status = {(row["person"], row["clothing"]): row["status"] for row in read_jsonl(tmp_path / "out" / manifest)}
    assert status == {("p1", "c1"): "bad_input", ("p1", "c3"): "bad_input", ("p2", "c2"): "ok"}
    assert (tmp_path / "out" / "p2__c2.png").is_file()
    assert str(tiny_hd.root) not in (tmp_path / "out" / manifest).read_text()  # wherever the data lies


@pytest.mark.parametrize(
    ("mask", "reason"), [("empty", "empty_mask"), ("pixel", "empty_mask"), ("whole", "mask_covers_picture")]
)
@pytest.mark.parametrize("verb", ["warp", "try_on"])
def test_a_garment_that_cannot_be_matched_is_a_reported_failure(
    warp, try_on, tiny_hd, tmp_path, save_picture, mask, reason, verb
):
    pixels = np.full((64, 48), 255 * (mask == "whole"), np.uint8)
    if mask == "pixel":
        pixels[30, 20] = 255
        reason = "few_contour_points"
        tiny_hd.mask("c1").write_bytes(cv2.imencode(".png", pixels)[1].tobytes())
    else:
        save_picture(tiny_hd.mask("c1"), pixels)
    run, manifest = (warp, "warps.jsonl") if verb == "warp" else (try_on, "manifest.jsonl")
    _one_error(run(), 1, f"failed: p1 c1: warp_failed:{reason}", "1 of 3 failed")
    rows = {row["clothing"]: row for row in read_jsonl(tmp_path / "out" / manifest)}
    assert rows["c1"]["status"] == f"warp_failed:{reason}"
    assert rows["c2"]["status"] == rows["c3"]["status"] == "ok"
    assert not (tmp_path / "out" / "p1__c1.png").exists()
    again = run("--failures-ok", "--json")
    assert (again.code, again.errors) == (0, [])
    assert len(again.out.splitlines()) == 3


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("p9.jpg c1.jpg\n", "test_pairs.txt:1: expected a person that is in the dataset, got 'p9.jpg'"),
        ("p1 c1\np1 ../c1\n", "test_pairs.txt:2: expected a file name without folders, got '../c1'"),
        ("p1 /etc/passwd\n", "expected a file name without folders, got '/etc/passwd'"),
        ("p1 c1\np1 c1\n", "test_pairs.txt:2: expected every pair once"),
        ("p1\n", "expected a person and a clothing, got 1 fields"),
        ("", "test_pairs.txt: expected at least one pair, got none"),
    ],
)
@pytest.mark.parametrize("verb", ["warp", "try_on"])
def test_a_bad_pairs_file_stops_before_anything_is_made(warp, try_on, tiny_hd, tmp_path, text, wanted, verb):
    tiny_hd.pairs_path.write_text(text)
    _one_error((warp if verb == "warp" else try_on)(), 1, wanted)
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("text", ["p1.jpg c1.jpg\r\np2.jpg c2.jpg\r\n", "\ufeffp1 c1\n", "person,clothing\np1,c1\n"])
def test_pairs_files_of_other_systems_are_read(warp, tiny_hd, text):
    tiny_hd.pairs_path.write_bytes(text.encode())
    assert warp().code == 0


def test_a_missing_pairs_file_data_folder_or_config_is_one_line(viton, warp, tmp_path, tiny_hd):
    _one_error(warp("--pairs", "absent.txt"), 1, "absent.txt: expected a pairs file, got no such file")
    _one_error(warp("--split", "train"), 1, "expected a folder 'train'")
    _one_error(warp("--config", tmp_path / "absent.yaml"), 1, "absent.yaml: expected a configuration file")
    (tmp_path / "empty").mkdir()
    for root, wanted in ((tmp_path / "empty", "an empty folder"), (tmp_path / "absent", "no such folder")):
        _one_error(viton("warp", "--data", root, "--out", tmp_path / "out"), 1, wanted)
        _one_error(viton("data", "check", root), 1, wanted)
    assert not (tmp_path / "out").exists()


def test_several_wrong_things_are_listed_by_one_check(viton, tiny_hd):
    tiny_hd.image("p1").write_bytes(b"")
    tiny_hd.keypoints("p2").unlink()
    tiny_hd.mask("c3").unlink()
    done = viton("data", "check", tiny_hd.root)
    assert done.code == 1
    assert done.out.count("error: ") == 3
    assert "3 errors" in done.out
    report = json.loads(viton("data", "check", tiny_hd.root, "--json").out)
    assert len(report["problems"]) == 3
    assert {"severity", "file", "expected", "got", "trap", "mend"} == set(report["problems"][0])


def test_an_out_folder_of_somebody_else_is_refused(warp, tmp_path):
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "thesis.txt").write_text("years of work")
    _one_error(warp("--overwrite"), 1, "an empty folder or one of our results")
    assert (tmp_path / "out" / "thesis.txt").read_text() == "years of work"


def test_an_out_folder_that_is_a_file_is_one_line(warp, tmp_path):
    (tmp_path / "out").write_text("")
    _one_error(warp(), 1, str(tmp_path / "out"))


def test_a_full_disk_is_one_line_that_names_the_file(warp, monkeypatch):
    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr("os.fsync", full)
    _one_error(warp(), 1, "settings.json: No space left on device")


def test_being_interrupted_is_one_line_and_says_that_work_is_kept(warp, monkeypatch):
    def interrupted(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("viton.runs.warp_only", interrupted)
    _one_error(warp(), 130, "interrupted; what is done is kept")


def test_settings_that_match_nothing_are_failures_and_no_crash(warp):
    _one_error(warp("--set", "warp.match.dummy_fraction=1", "--set", "warp.match.dummy_cost=0"), 1, "few_matches")


# One picture.


def test_one_photo_is_dressed_with_what_lies_beside_it(viton, either_tiny_hd, try_on, tiny_hd, tmp_path):
    hd, out = either_tiny_hd, tmp_path / "one.png"
    single = ("try-on", "non-parametric", "--person", hd.image("p1"), "--clothing", hd.clothing("c1"), "--out", out)
    if hd.mask("c1").parent.name == "cloth_mask":
        assert hd.parsing("p1").parent.name == "image-parse"
    done = viton(*single, *SMALL, "--json")
    assert done.code == 0, done.err
    row = json.loads(done.out)
    assert (row["person"], row["clothing"], row["status"], row["file"]) == ("p1", "c1", "ok", "one.png")
    try_on()
    assert out.read_bytes() == (tmp_path / "out" / "p1__c1.png").read_bytes()  # the same as from the whole list
    _one_error(viton(*single, *SMALL), 1, "one.png: expected no file yet (or --overwrite)")
    assert viton(*single, *SMALL, "--overwrite").code == 0


def _lone(hd, tmp_path: Path) -> dict[str, Path]:
    """The five files of p1 in c1, away from any dataset."""
    files = {
        "--person": hd.image("p1"), "--clothing": hd.clothing("c1"), "--parsing": hd.parsing("p1"),
        "--keypoints": hd.keypoints("p1"), "--clothing-mask": hd.mask("c1"),
    }  # fmt: skip
    (tmp_path / "lone").mkdir()
    return {option: path.rename(tmp_path / "lone" / f"{option[2:]}{path.suffix}") for option, path in files.items()}


def test_one_photo_is_dressed_with_the_files_that_are_named(viton, tiny_hd, tmp_path):
    files = [each for option, path in _lone(tiny_hd, tmp_path).items() for each in (option, path)]
    done = viton("try-on", "non-parametric", *files, "--out", tmp_path / "one.png", *SMALL)
    assert done.code == 0, done.err
    assert load_rgb(tmp_path / "one.png").shape == (64, 48, 3)


@pytest.mark.parametrize("option", ["--parsing", "--keypoints", "--clothing-mask"])
def test_a_file_that_is_neither_named_nor_beside_is_named_by_its_option(viton, tiny_hd, tmp_path, option):
    files = _lone(tiny_hd, tmp_path)
    del files[option]
    named = [each for pair in files.items() for each in pair]
    done = viton("try-on", "non-parametric", *named, "--out", tmp_path / "one.png", *SMALL)
    _one_error(done, 1, f"expected {option} FILE, or ")
    assert option != "--parsing" or ".png, got neither" in done.err  # a label map is never a JPEG
    assert not (tmp_path / "one.png").exists()


@pytest.mark.parametrize("what", ["truncated photo", "missing json", "hostile json", "another size", "labels"])
def test_a_bad_file_of_one_photo_is_one_line(viton, tiny_hd, tmp_path, save_picture, save_keypoints, what):
    _spoil(tiny_hd, what, save_picture, save_keypoints)
    single = ("--person", tiny_hd.image("p1"), "--clothing", tiny_hd.clothing("c1"), "--out", tmp_path / "one.png")
    _one_error(viton("try-on", "non-parametric", *single, *SMALL), 1, "p1")
    assert not (tmp_path / "one.png").exists()


def test_one_photo_that_cannot_be_dressed_writes_nothing_and_exits_1(viton, tiny_hd, tmp_path, save_picture):
    save_picture(tiny_hd.mask("c1"), np.zeros((64, 48), np.uint8))
    single = ("--person", tiny_hd.image("p1"), "--clothing", tiny_hd.clothing("c1"), "--out", tmp_path / "one.png")
    _one_error(viton("try-on", "non-parametric", *single, *SMALL), 1, "warp_failed:empty_mask")
    assert not (tmp_path / "one.png").exists()


@pytest.mark.parametrize("name", ["one.jpg", "one"])
def test_one_picture_is_written_as_png_only(viton, tiny_hd, tmp_path, name):
    single = ("--person", tiny_hd.image("p1"), "--clothing", tiny_hd.clothing("c1"), "--out", tmp_path / name)
    _one_error(viton("try-on", "non-parametric", *single, *SMALL), 2, "--out: expected a .png file")


# Progress.


def test_progress_is_plain_lines_when_nobody_watches_a_terminal(warp):
    done = warp()
    assert re.search(r"^warped: 3/3 in [\d.]+ s$", done.err, re.MULTILINE)
    assert "\r" not in done.err
    assert "\x1b" not in done.err


class _Terminal:
    def __init__(self, terminal: bool) -> None:
        self.terminal, self.text = terminal, ""

    def isatty(self) -> bool:
        return self.terminal

    def write(self, text: str) -> None:
        self.text += text

    def flush(self) -> None:
        pass


def test_progress_rewrites_one_line_on_a_terminal_and_says_what_is_left(monkeypatch):
    clock = iter([0.0, 10.0, 40.0])
    monkeypatch.setattr(console.time, "monotonic", lambda: next(clock))
    terminal = _Terminal(True)
    show = console.progress("warped", terminal)
    show(1, 4)
    show(4, 4)
    assert terminal.text == "\r\x1b[Kwarped: 1/4 in 10.0 s, 30.0 s left\r\x1b[Kwarped: 4/4 in 40.0 s\n"


def test_progress_off_a_terminal_is_at_most_a_line_in_ten_seconds_and_one_at_the_end(monkeypatch):
    clock = iter([0.0, 3.0, 12.0, 15.0, 4000.0])
    monkeypatch.setattr(console.time, "monotonic", lambda: next(clock))
    stream = _Terminal(False)
    show = console.progress("warped", stream)
    for done in (1, 2, 3, 4):
        show(done, 4)
    assert stream.text == "warped: 2/4 in 12.0 s, 12.0 s left\nwarped: 4/4 in 1 h 6 min\n"


# The real processes.


def _process(*arguments: str) -> Done:
    done = subprocess.run([sys.executable, *arguments], cwd=ROOT, capture_output=True, text=True)
    return Done(done.returncode, done.stdout, done.stderr)


def test_python_m_viton_is_the_same_as_viton():
    for arguments in (("--help",), ("warp",)):
        script = "import sys; from viton.cli import main; sys.argv[0] = 'viton'; main()"
        module, entry = _process("-m", "viton", *arguments), _process("-c", script, *arguments)
        assert module.code == entry.code
        assert module.out.replace("python -m viton", "viton") == entry.out
        assert module.err.replace("python -m viton", "viton") == entry.err


def test_a_bad_input_is_one_line_in_a_process_of_its_own(tmp_path):
    done = _process("-m", "viton", "warp", "--data", str(tmp_path / "absent"), "--out", str(tmp_path / "out"))
    assert done.code == 1
    assert done.out == ""
    assert done.err == f"error: {tmp_path / 'absent'}: expected a dataset folder, got no such folder\n"


def test_no_arguments_show_what_there_is(viton):
    done = viton()
    assert done.code in (0, 2)
    for verb in ("warp", "try-on", "merge", "doctor", "data"):
        assert verb in done.out + done.err


def _convert(viton, hd, out: Path, *more: object) -> Done:
    return viton("data", "convert", hd.root, out, *more)


def test_convert_says_what_it_wrote_and_which_labels_are_lost(viton, tiny_hd, tmp_path):
    done = _convert(viton, tiny_hd, tmp_path / "out", "--to", "dresscode", "--json")
    assert (done.code, done.errors) == (0, [])
    (line,) = done.out.splitlines()
    report = json.loads(line)
    neck = 2 * int((load_labels(tiny_hd.parsing("p1")) == CIHP.labels.index("neck")).sum())
    assert report["merged"] == [{"label": "neck", "became": "face", "pixels": neck}]
    assert [report[key] for key in ("people", "clothings", "pairs", "problems")] == [2, 3, 3, []]
    assert f"labels that dresscode lacks: neck became face ({neck} pixels)" in done.err
    assert done.err.count("neck became") == 1
    assert done.err.splitlines()[-1] == f"{tmp_path / 'out'}: 2 people, 3 garments, 3 pairs, in the layout dresscode"


def test_convert_exits_1_with_a_line_a_bad_sample_and_the_rest_goes_on(viton, tiny_hd, tmp_path):
    tiny_hd.keypoints("p2").write_text("[]")
    tiny_hd.mask("c3").unlink()
    done = _convert(viton, tiny_hd, tmp_path / "out", "--to", "cp-vton")
    assert done.code == 1
    failed = [line for line in done.err.splitlines() if line.startswith("failed: ")]
    assert [Path(line.split(": ")[1]).name for line in failed] == ["p2_keypoints.json", "c3.jpg"]
    assert done.errors == [f"error: {tiny_hd.root}: expected every sample and pair to be sound, got 2 that are not"]
    assert (tmp_path / "out/test_pairs.txt").read_text() == "p1_0.jpg c1_1.jpg\n"
    assert "Traceback" not in done.err


@pytest.mark.parametrize(
    ("more", "code", "wanted"),
    [
        (("--to", "cp"), 2, "--to: expected one of viton-hd, cp-vton, dresscode, viton, got 'cp'"),
        (("--to", "cp-vton", "--from", "x"), 2, "--from: expected one of viton-hd"),
        (("--to", "cp-vton", "--split", "x"), 2, "--split: expected one of train, val, test, got 'x'"),
        (
            ("--to", "cp-vton", "--split", "train"),
            1,
            "expected a folder 'train' (layout viton-hd), got test, test_pairs",
        ),
        (("--to", "cp-vton", "--size", "64"), 2, "--size: expected HxW"),
        (("--to", "cp-vton", "--from", "dresscode"), 1, "expected a folder 'images' (layout dresscode)"),
    ],
)
def test_convert_refuses_what_it_does_not_know_in_one_line_and_writes_nothing(
    viton, tiny_hd, tmp_path, more, code, wanted
):
    done = _convert(viton, tiny_hd, tmp_path / "out", *more)
    assert (done.code, len(done.errors)) == (code, 1)
    assert wanted in done.errors[0]
    assert not (tmp_path / "out").exists()


def test_convert_refuses_a_folder_with_files_unless_told_to_overwrite(viton, tiny_hd, tmp_path):
    wanted = ("--to", "viton-hd", "--size", "32x24")
    assert _convert(viton, tiny_hd, tmp_path / "out", *wanted).code == 0
    done = _convert(viton, tiny_hd, tmp_path / "out", *wanted)
    assert (done.code, done.out) == (1, "")
    assert done.errors == [
        f"error: {tmp_path / 'out'}: expected an empty folder, or --overwrite, got a folder with files in it"
    ]
    assert _convert(viton, tiny_hd, tmp_path / "out", *wanted, "--overwrite").code == 0
    assert load_rgb(tmp_path / "out/test/image/p1.jpg").shape == (32, 24, 3)


def test_convert_of_all_of_dress_code_asks_for_a_category(viton, tmp_path):
    (tmp_path / "dc/lower_body/images").mkdir(parents=True)
    done = viton("data", "convert", tmp_path / "dc", tmp_path / "out", "--to", "viton-hd")
    assert done.code == 2
    assert done.errors[0].endswith(f"name one of {tmp_path / 'dc/lower_body'}")
