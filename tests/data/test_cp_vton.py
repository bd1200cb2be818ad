"""CP-VTON's layout: LIP labels (CP-VTON+'s with the neck), COCO-18 joints, names that end in _0 and _1."""

import json
import shutil

import cv2
import numpy as np
import pytest

from viton.data.cp_vton import CpVton
from viton.data.layouts import open_dataset
from viton.data.sample import Pair
from viton.data.viton_hd import VitonHd
from viton.errors import InputError
from viton.parsing import LIP, LIP_NECK, clothing_region

SIZE = (64, 48)
BODY25 = [0, 1, 2, 3, 4, 5, 6, 7, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18]  # the published order, retyped


def repacked(source, root, split="test", numbered=True, parsing="image-parse"):
    """A viton-hd folder as CP-VTON has it, by file copies and JSON alone."""
    folder, (zero, one) = root / split, ("_0", "_1") if numbered else ("", "")
    for name in ("image", "cloth", "cloth-mask", parsing, "pose"):
        (folder / name).mkdir(parents=True)
    for person, photo in source.people.items():
        shutil.copy(photo, folder / "image" / f"{person}{zero}.jpg")
        shutil.copy(source.parsing_path(person), folder / parsing / f"{person}{zero}.png")
        flat = json.loads(source.keypoints_path(person).read_text())["people"][0]["pose_keypoints_2d"]
        joints = np.array(flat).reshape(25, 3)[BODY25]
        content = {"version": 1.0, "people": [{"pose_keypoints": joints.ravel().tolist()}]}
        (folder / "pose" / f"{person}{zero}_keypoints.json").write_text(json.dumps(content))
    for clothing, photo in source.clothings.items():
        shutil.copy(photo, folder / "cloth" / f"{clothing}{one}.jpg")
        shutil.copy(source.mask_path(clothing), folder / "cloth-mask" / f"{clothing}{one}.jpg")
    pairs = source.pairs(f"{split}_pairs.txt")
    lines = [f"{person}{zero}.jpg {clothing}{one}.jpg\n" for person, clothing in pairs]
    (root / f"{split}_pairs.txt").write_text("".join(lines))
    return root


def expect_alike(one, other, size):
    assert set(one.people) == set(other.people)
    pairs = one.pairs(f"{one.split}_pairs.txt")
    assert other.pairs(f"{other.split}_pairs.txt") == pairs
    for pair in pairs:
        there, here = one.sample(pair, size), other.sample(pair, size)
        assert here.pair == there.pair
        for part in ("image", "parsing", "keypoints"):
            np.testing.assert_array_equal(getattr(here.person, part), getattr(there.person, part))
        for part in ("image", "mask"):
            np.testing.assert_array_equal(getattr(here.clothing, part), getattr(there.clothing, part))


@pytest.mark.parametrize("numbered", [True, False])
def test_a_repacked_folder_reads_the_same(tiny_hd, tmp_path, numbered):
    source = VitonHd(tiny_hd.root, "test")
    found = open_dataset(repacked(source, tmp_path / "cp", numbered=numbered), "test")
    assert isinstance(found, CpVton)
    assert found.label_map == LIP
    expect_alike(source, found, SIZE)


def test_the_real_sample_repacked_reads_the_same(shared_data, tmp_path):
    source = VitonHd(shared_data / "vitonhd_sample", "test")
    expect_alike(source, CpVton(repacked(source, tmp_path / "cp"), "test"), (256, 192))


def test_a_person_and_her_own_garment_share_an_id(tiny_hd, tmp_path):
    root = repacked(VitonHd(tiny_hd.root, "test"), tmp_path / "cp")
    for folder in ("cloth", "cloth-mask"):
        shutil.copy(root / "test" / folder / "c1_1.jpg", root / "test" / folder / "p1_1.jpg")
    sample = CpVton(root, "test").sample(Pair("p1", "c2"), SIZE, with_own=True)
    assert sample.own is not None
    assert sample.own.id == "p1"


def test_labels_of_cp_vton_plus_have_the_neck_and_its_folder_goes_first(tiny_hd, tmp_path):
    root = repacked(VitonHd(tiny_hd.root, "test"), tmp_path / "cp")
    (root / "test/image-parse-new").mkdir()
    labels = np.zeros(SIZE, np.uint8)
    labels[10:20], labels[20:40] = 20, 5
    for name in ("p1_0", "p2_0"):
        assert cv2.imwrite(str(root / "test/image-parse-new" / f"{name}.png"), labels)
    data = CpVton(root, "test")
    assert data.label_map == LIP_NECK
    parsing = data.person("p1", SIZE).parsing
    np.testing.assert_array_equal(parsing, labels)
    np.testing.assert_array_equal(clothing_region(parsing, data.label_map, "paper"), labels == 5)


def test_label_20_in_the_old_folder_is_refused(tiny_hd, tmp_path):
    root = repacked(VitonHd(tiny_hd.root, "test"), tmp_path / "cp")
    assert cv2.imwrite(str(root / "test/image-parse/p1_0.png"), np.full(SIZE, 20, np.uint8))
    with pytest.raises(InputError, match="LIP labels 0 to 19, got label 20"):
        CpVton(root, "test").person("p1", SIZE)


@pytest.mark.parametrize("folder", ["image", "cloth", "cloth-mask", "image-parse"])
def test_what_is_missing_is_named(tiny_hd, tmp_path, folder):
    root = repacked(VitonHd(tiny_hd.root, "test"), tmp_path / "cp")
    shutil.rmtree(root / "test" / folder)
    with pytest.raises(InputError, match=f"{folder}.*layout cp-vton"):
        open_dataset(root, "test")


@pytest.mark.parametrize(
    ("people", "said"),
    [
        ([], "at least one person"),
        ([{"pose_keypoints_2d": [1.0] * 75}], "54 numbers .COCO-18. under 'pose_keypoints', got no such key"),
        ([{"pose_keypoints": [1.0] * 75}], "got 75 numbers"),
        ([{"pose_keypoints": [1.0] * 53 + [None]}], "numbers below"),
        ([{"pose_keypoints": [0.0] * 54}], "at least one visible joint"),
        ([{"pose_keypoints": [-1.0, -1.0, 0.9] * 18}], "at least one visible joint"),
    ],
)
def test_joints_of_another_format_are_named(tiny_hd, tmp_path, people, said):
    root = repacked(VitonHd(tiny_hd.root, "test"), tmp_path / "cp")
    (root / "test/pose/p1_0_keypoints.json").write_text(json.dumps({"people": people}))
    with pytest.raises(InputError, match=said):
        CpVton(root, "test").person("p1", SIZE)
