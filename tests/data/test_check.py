"""`viton data check`: everything wrong with a folder, at once, a line each."""

import json

import cv2
import numpy as np
import pytest

from viton.data.check import Report, check
from viton.errors import InputError


def _lines(report: Report, severity: str = "error") -> list[str]:
    return [problem.line for problem in report.problems if problem.severity == severity]


def test_a_sound_folder_has_no_problem(either_tiny_hd):
    assert check(either_tiny_hd.root) == Report(2, 3, 3, [])


def test_all_splits_that_are_there_are_checked_or_only_the_one_named(make_tiny_hd):
    make_tiny_hd(split="train")
    hd = make_tiny_hd(split="test")
    assert check(hd.root)[:3] == (4, 6, 6)
    assert check(hd.root, ("test",))[:3] == (2, 3, 3)


def test_several_wrong_things_are_listed_at_once_each_in_one_line(either_tiny_hd, save_picture, save_keypoints):
    hd = either_tiny_hd
    hd.image("p1").write_bytes(hd.image("p1").read_bytes()[:-300])
    save_picture(hd.parsing("p2"), np.full((32, 24), 25, np.uint8))
    hd.keypoints("p2").unlink()
    save_picture(hd.mask("c1"), np.zeros((64, 48), np.uint8))
    save_picture(hd.mask("c2"), np.full((64, 48), 255, np.uint8))
    one = np.zeros((64, 48), np.uint8)
    one[30, 20] = 255
    cv2.imwrite(str(hd.mask("c3")), one, [cv2.IMWRITE_JPEG_QUALITY, 100])
    with hd.pairs_path.open("a") as stream:
        stream.write("p9.jpg c1.jpg\n../p1 c1\n")
    report = check(hd.root)
    lines = _lines(report)
    assert report.errors == len(lines) == 9
    wanted = [
        (hd.image("p1"), "expected a whole picture", "truncated"),
        (hd.parsing("p2"), "48x64 like its picture", "24x32"),
        (hd.parsing("p2"), "CIHP labels 0 to 19", "label 25"),
        (hd.keypoints("p2"), "a JSON file", "no such file"),
        (hd.mask("c1"), "a mask of the garment", "an empty mask"),
        (hd.mask("c2"), "a mask of the garment", "the whole picture"),
        (hd.mask("c3"), "a mask of the garment", "1 pixels"),
        (f"{hd.pairs_path}:4", "a person that is in the dataset", "'p9.jpg'"),
        (f"{hd.pairs_path}:5", "a file name without folders", "'../p1'"),
    ]
    for path, expected, got in wanted:
        matching = [line for line in lines if str(path) in line and expected in line and got in line]
        assert len(matching) == 1, (path, lines)
    assert not any("\n" in line for line in lines)
    assert report.problems == sorted(report.problems)


@pytest.mark.parametrize(
    ("content", "got"),
    [("[]", "none"), ("[" * 100_000, "recursion"), ('{"people": [{"pose_keypoints_2d": [NaN]}]}', "1 numbers"),
     (json.dumps({"people": [{"pose_keypoints_2d": ["x"] * 75}]}), "something else"),
     (json.dumps({"people": [{"pose_keypoints_2d": [0] * 75}]}), "none")],
    ids=["list", "nested", "nan", "words", "invisible"],
)  # fmt: skip
def test_hostile_json_is_one_line_and_the_rest_is_checked(tiny_hd, content, got):
    tiny_hd.keypoints("p1").write_text(content)
    tiny_hd.mask("c1").unlink()
    lines = _lines(check(tiny_hd.root))
    assert len(lines) == 2
    assert any(str(tiny_hd.keypoints("p1")) in line and got in line for line in lines)


def test_missing_folders_are_listed_all(tiny_hd):
    for role in ("parsing", "clothing_mask"):
        tiny_hd.folders[role].rename(tiny_hd.root / role)
    lines = _lines(check(tiny_hd.root))
    assert len(lines) == 2
    assert any("image-parse-v3 or image-parse" in line for line in lines)
    assert any("cloth-mask or cloth_mask" in line for line in lines)


def test_a_split_without_pictures_does_not_hide_what_is_wrong_with_another(make_tiny_hd):
    train, test = make_tiny_hd(split="train"), make_tiny_hd(split="test")
    for path in train.folders["image"].iterdir():
        path.unlink()
    test.mask("c1").unlink()
    lines = _lines(check(test.root))
    assert any("train" in line and "expected pictures" in line for line in lines)
    assert any(str(test.mask("c1")) in line for line in lines)


def test_no_folder_and_an_empty_one_are_refused(tmp_path):
    for root, expected in ((tmp_path / "absent", "a dataset folder"), (tmp_path, "a folder train, val or test")):
        with pytest.raises(InputError, match=f"expected {expected}"):
            check(root)


def test_oddities_are_warnings(tiny_hd, save_picture, save_keypoints):
    save_picture(tiny_hd.parsing("p1"), np.zeros((64, 48), np.uint8))
    save_keypoints(tiny_hd.keypoints("p2"), [700, 900, 1] * 25)
    save_picture(tiny_hd.folders["parsing"] / "gone.png", np.zeros((64, 48), np.uint8))
    report = check(tiny_hd.root)
    assert report.errors == 0
    lines = _lines(report, "warning")
    assert len(lines) == 3
    for wanted in ("none: there is nothing to replace", "18 outside", "gone.png: expected a picture of the same name"):
        assert any(wanted in line for line in lines)


def test_self_pairs_in_an_unpaired_list_are_flagged(tiny_hd, save_picture):
    tiny_hd.mask("p1").write_bytes(tiny_hd.mask("c1").read_bytes())
    save_picture(tiny_hd.clothing("p1"), 255 - cv2.imread(str(tiny_hd.clothing("c1"))))
    tiny_hd.pairs_path.write_text("p1 p1\np2 c1\n")
    (line,) = _lines(check(tiny_hd.root), "warning")
    assert "1 self-pairs, left out of unpaired numbers: p1" in line
    tiny_hd.pairs_path.write_text("p1 p1\n")
    assert check(tiny_hd.root).problems == []  # a paired list


def test_an_unpaired_list_for_training_is_flagged(make_tiny_hd):
    (line,) = _lines(check(make_tiny_hd(split="train").root), "warning")
    assert "3 of 3 unpaired" in line


def test_progress_reaches_its_end(tiny_hd):
    seen = []
    check(tiny_hd.root, progress=lambda done, total: seen.append((done, total)))
    assert seen == [(number, 5) for number in range(1, 6)]


def test_the_real_sample_is_sound(shared_data):
    report = check(shared_data / "vitonhd_sample")
    assert report[:2] == (4, 8)
    assert report.pairs >= 1
    assert report.errors == 0
