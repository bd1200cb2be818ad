"""COCO's people: who is taken, where they are cropped, and that joints, outline and photo lie on one another."""

import json
import shutil
from collections import Counter

import numpy as np
import pytest

from viton.approximate_parsing import approximate_parsing, capsule
from viton.config import TryOnConfig
from viton.data.check import check
from viton.data.coco import Coco
from viton.data.convert import Order, convert
from viton.data.layouts import open_dataset
from viton.data.person_crop import ASPECT, REASONS, Crop, crop_of, cropped
from viton.data.sample import Pair
from viton.errors import InputError
from viton.files import read_json
from viton.keypoints import COCO18
from viton.methods import method_named
from viton.parsing import CIHP
from viton.runs import Request, run_try_on

SIZE = (400, 480)  # of the photograph
# A person who stands: x, y of COCO's seventeen, in px.
STANDING = np.array([
    (240, 80), (246, 74), (234, 74), (252, 78), (228, 78), (270, 120), (210, 120), (285, 165), (195, 165),
    (290, 205), (190, 205), (260, 215), (220, 215), (258, 290), (222, 290), (257, 360), (223, 360),
], float)  # fmt: skip
OUTLINE = [[225, 50, 255, 50, 262, 100, 285, 110, 305, 215, 270, 225, 270, 375, 210, 375, 210, 225, 175, 215, 195, 110,
            218, 100]]  # fmt: skip
RED, BLUE, SKIN = (190, 40, 50), (40, 60, 120), (225, 170, 140)


def joints(**changes):
    found = np.column_stack([STANDING, np.full(17, 2.0)])
    for name, value in changes.items():
        found[int(name[1:])] = value
    return found


def note(number, image=1, keypoints=None, **more):
    flat = (joints() if keypoints is None else keypoints).ravel().tolist()
    return {"id": number, "image_id": image, "category_id": 1, "iscrowd": 0, "segmentation": OUTLINE} | {
        "keypoints": flat
    } | more  # fmt: skip


@pytest.fixture
def folder(tmp_path, save_picture):
    """A function that writes a COCO folder of one photograph with these annotations."""

    def make(*notes, size=SIZE):
        root = tmp_path / "coco"
        (root / "annotations").mkdir(parents=True, exist_ok=True)
        (root / "images").mkdir(exist_ok=True)
        (root / "cloth").mkdir(exist_ok=True)
        picture = np.random.default_rng(0).integers(0, 255, (*size, 3)).astype(np.uint8)
        picture[110:215, 175:305], picture[215:376, 175:305], picture[50:100, 225:263] = RED, BLUE, SKIN
        picture[170:216, 285:305] = picture[170:216, 175:196] = SKIN  # forearms
        save_picture(root / "images" / "000000000001.png", picture)
        garment = np.full((128, 96, 3), 250, np.uint8)
        garment[20:110, 20:76] = (20, 90, 40)
        save_picture(root / "cloth" / "c1.png", garment)
        pictures = [{"id": 1, "file_name": "000000000001.png", "height": size[0], "width": size[1]}]
        content = {"images": pictures, "annotations": list(notes)}
        (root / "annotations" / "person_keypoints.json").write_text(json.dumps(content))
        return root

    return make


def test_somebody_is_cropped_from_head_to_thighs_at_the_aspect_ratio_and_all_lies_on_the_photo(folder):
    data = open_dataset(folder(note(7)), "test")
    assert isinstance(data, Coco)
    (name,) = data.people
    assert name == "000000000001_7"
    crop, photo = data.crop(name), data.photo(name)
    assert photo.shape == (*crop.size, 3)
    assert crop.height / crop.width == ASPECT
    shown = data.outline(name)
    hips, torso = 215, 95
    last = crop.top + np.flatnonzero(shown.any(axis=1))[-1]
    assert hips + 0.75 * torso <= crop.top + crop.height  # the thighs are there
    assert crop.top < 50 < 360 < last + 80  # the head is, the feet need not be
    person = data.read_keypoints(name, crop.size)
    neck = COCO18.index("neck")
    np.testing.assert_allclose(person[neck, :2] + (crop.left, crop.top), (240, 120), atol=1e-3)
    assert (photo[100 - crop.top + 20, 240 - crop.left] == RED).all()
    assert person[COCO18.index("left_ankle"), 2] == (crop.top + crop.height > 360)


def test_the_sample_is_made_of_the_crop_and_approximate_labels(folder):
    root = folder(note(7))
    (root / "test_pairs.txt").write_text("000000000001_7 c1.png\n")
    data = Coco(root, "test")
    (pair,) = data.pairs("test_pairs.txt")
    sample = data.sample(pair, (128, 96))
    assert sample.person.image.shape == (128, 96, 3)
    assert sample.clothing.mask.max() == 255
    parsing, crop = sample.person.parsing, data.crop(pair.person)

    def label(x, y):
        return CIHP.labels[parsing[y - crop.top, x - crop.left]]

    assert (label(240, 80), label(240, 170), label(240, 250)) == ("face", "upper_clothes", "pants")
    assert (label(290, 195), label(185, 195)) == ("left_arm", "right_arm")
    assert label(240, 54) == "hair"
    np.testing.assert_array_equal(parsing > 0, data.outline(pair.person) > 0)


@pytest.mark.parametrize(
    ("reason", "made"),
    [
        ("crowd", note(1, iscrowd=1, segmentation={"size": list(SIZE), "counts": [SIZE[0] * SIZE[1]]})),
        ("no_outline", note(1, segmentation=[])),
        ("no_outline", note(1, segmentation=[[-9, -9, -5, -9, -5, -5]])),
        ("few_joints", note(1, keypoints=np.zeros((17, 3)))),
        ("no_torso", note(1, keypoints=joints(j12=0))),
        ("no_face", note(1, keypoints=joints(j0=0))),
        ("no_face", note(1, keypoints=joints(j0=(240, 80, 1)))),
        ("not_upright", note(1, keypoints=np.column_stack([STANDING[:, ::-1], np.full(17, 2.0)]))),
        ("not_upright", note(1, keypoints=joints(j0=(240, 200, 2)))),
        ("too_small", note(1, keypoints=np.column_stack([STANDING / 4, np.full(17, 2.0)]),
                           segmentation=[[value / 4 for value in OUTLINE[0]]])),
        ("truncated", note(1, segmentation=[[0, 50, 305, 50, 305, 375, 0, 375]])),
    ],
)  # fmt: skip
def test_who_cannot_be_taken_is_counted_with_the_reason(folder, reason, made):
    data = Coco(folder(made, note(2)), "test")
    assert list(data.people) == ["000000000001_2"]
    assert data.dropped == Counter({reason: 1})
    assert data.told == [f"1 people left out: {REASONS[reason]}"]


def test_every_reason_is_one_that_is_stated_and_met_above():
    marks = test_who_cannot_be_taken_is_counted_with_the_reason.pytestmark
    met = {case[0] for mark in marks for case in mark.args[1]}
    assert met == set(REASONS)


def test_somebody_at_the_edge_is_padded_with_white_and_moved_joints_still_fit():
    mask = np.zeros(SIZE, np.uint8)
    mask[20:380, 180:300] = 1
    crop = crop_of(joints(), mask)
    assert isinstance(crop, Crop)
    moved = crop_of(joints() + np.array((30, 10, 0)), np.roll(mask, (10, 30), (0, 1)))
    assert moved.size == crop.size
    assert (moved.top - crop.top, moved.left - crop.left) == (10, 30)
    picture = np.arange(SIZE[0] * SIZE[1], dtype=np.uint8).reshape(SIZE)
    outside = cropped(picture, Crop(-5, -3, 40, 30), 255)
    assert (outside[:5] == 255).all()
    assert (outside[:, :3] == 255).all()
    np.testing.assert_array_equal(outside[5:, 3:], picture[:35, :27])


def test_a_crop_that_is_converted_becomes_a_whole_dataset_of_its_own(folder, tmp_path):
    root = folder(note(7), note(8, iscrowd=1))
    (root / "test_pairs.txt").write_text("000000000001_7 c1.png\n")
    report = convert(Order(root, tmp_path / "hd", "viton-hd"))
    assert (report.problems, report.people, report.clothings, report.pairs) == ([], 1, 1, 1)
    assert "1 people left out: an annotation of a crowd" in report.notes
    one, other = Coco(root, "test"), open_dataset(tmp_path / "hd", "test")
    size = one.crop("000000000001_7").size
    there, here = (data.sample(Pair("000000000001_7", "c1"), size) for data in (one, other))
    np.testing.assert_array_equal(here.person.parsing, there.person.parsing)
    np.testing.assert_allclose(here.person.keypoints[:, :2], there.person.keypoints[:, :2], atol=1e-3)
    inside = one.outline("000000000001_7") > 0  # the rest is noise, which JPEG does not keep
    assert np.abs(here.person.image[inside].astype(int) - there.person.image[inside]).mean() < 12


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"annotations": {}}, "lists 'images' and 'annotations'"),
        ({"images": [{"id": 1, "file_name": "../x.png", "height": 400, "width": 480}]}, "a file name without folders"),
        ({"images": [{"id": 1, "file_name": "x.png", "height": 0, "width": 480}]}, "a picture of 1 to 67108864 pixels"),
        ({"images": [{"id": "1", "file_name": "x.png", "height": 4, "width": 480}]}, "whole numbers 'id'"),
        ({"annotations": [note(1, image=3)]}, "the 'image_id' of a picture"),
        ({"annotations": [note(1), note(1)]}, "different numbers"),
        ({"annotations": [note(1) | {"keypoints": [1, 2]}]}, "51 numbers"),
        ({"annotations": [note(1) | {"keypoints": [float("inf")] * 51}]}, "numbers below"),
        ({"annotations": ["one"]}, "a whole number 'id'"),
        ({"annotations": [note(1, segmentation=[["a"] * 8])]}, "numbers below"),
    ],
)
def test_a_damaged_file_is_named(folder, change, said):
    path = folder(note(1)) / "annotations" / "person_keypoints.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | change))
    with pytest.raises(InputError, match=said) as refused:
        Coco(path.parent.parent, "test")
    assert "person_keypoints.json" in str(refused.value)


def test_a_photograph_of_another_size_than_is_said_is_named(folder, save_picture):
    root = folder(note(1))
    save_picture(root / "images" / "000000000001.png", np.zeros((50, 60, 3), np.uint8))
    with pytest.raises(
        InputError, match=r"000000000001\.png: expected 480x400, as person_keypoints\.json says, got 60x50"
    ):
        Coco(root, "test").photo("000000000001_1")
    with pytest.raises(InputError, match=r"person_keypoints_val\*\.json"):
        Coco(root, "val")


def test_capsules_are_all_pixels_within_a_distance():
    mask = capsule(np.array([10.0, 10.0], np.float32), np.array([30.0, 10.0], np.float32), 5, (20, 40))
    assert mask[10, 5]
    assert not mask[10, 4]
    assert mask[5, 20]
    assert not mask[4, 20]
    assert not mask[6, 6]
    point = np.array([10.0, 10.0], np.float32)
    assert capsule(point, point, 3, (20, 40)).sum() == 29


def test_a_parsing_without_hips_is_refused():
    keypoints = np.ones((18, 3), np.float32)
    keypoints[COCO18.index("left_hip")] = 0
    with pytest.raises(InputError, match="expected shoulders and hips, got no left_hip"):
        approximate_parsing(np.ones((20, 20), np.uint8), keypoints, np.zeros((20, 20, 3), np.uint8))


def test_cocos_own_skier_is_taken_and_dressed_in_labels(shared_data, tmp_path):
    root = shared_data / "coco_sample"
    if not root.is_dir():
        pytest.skip(f"NOT MEASURED: no COCO sample in {root}")
    shutil.copytree(root, tmp_path / "coco")
    data = open_dataset(tmp_path / "coco", "test")
    assert isinstance(data, Coco)
    ((name, _),) = data.people.items()
    crop, parsing = data.crop(name), data.read_parsing(name, data.crop(name).size)
    assert data.dropped == Counter()
    assert crop.height >= 200
    share = {label: (parsing == number).mean() for number, label in enumerate(CIHP.labels)}
    assert share["upper_clothes"] > 0.1
    assert share["pants"] > 0.05
    assert share["face"] > 0.005
    seen = data.read_keypoints(name, crop.size)
    shoulder = seen[COCO18.index("left_shoulder"), :2].round().astype(int)
    assert CIHP.labels[parsing[shoulder[1] + 5, shoulder[0]]] == "upper_clothes"


def test_an_exact_id_wins_and_a_photographs_name_is_a_persons_only_where_one_is_in_it(folder):
    data = Coco(folder(note(1), note(2)), "test")
    names = data.root / "test_pairs.txt"
    names.write_text("000000000001_1.jpg c1.png\n")
    assert data.pairs("test_pairs.txt") == [Pair("000000000001_1", "c1")]
    names.write_text("000000000001.png c1.png\n")
    with pytest.raises(InputError, match="a person that is in the dataset"):
        data.pairs("test_pairs.txt")


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda told: told["annotations"][0].update(image_id=[1]), "'image_id' of a picture"),
        (lambda told: told["images"][0].update(height=31000, width=31000), "a picture of 1 to"),
        (lambda told: told["images"].append(told["images"][0]), "pictures of different numbers, got 1 that"),
        (lambda told: told["annotations"][0].update(image_id=10**400), "'image_id' of a picture"),
    ],
)
def test_a_file_that_would_cost_memory_or_confuse_people_is_one_short_line(folder, change, said):
    root = folder(note(1))
    (path,) = (root / "annotations").iterdir()
    told = json.loads(path.read_text())
    change(told)
    path.write_text(json.dumps(told))
    with pytest.raises(InputError, match=said) as caught:
        Coco(root, "test")
    assert len(str(caught.value)) < 400


def test_where_nobody_is_taken_the_check_says_why(folder):
    (problem,) = [one for one in check(folder(note(1, iscrowd=1))).problems if one.severity == "error"]
    assert problem.expected == "at least one person who can be taken"
    assert "1 people left out" in problem.got


def test_that_labels_are_guessed_goes_with_what_is_made_of_them(folder, tmp_path, capsys):
    root = folder(note(1))
    (root / "test_pairs.txt").write_text("000000000001_1 c1\n")
    report = convert(Order(root, tmp_path / "hd", "viton-hd"))
    assert any("APPROXIMATE" in line for line in report.notes)
    assert open_dataset(tmp_path / "hd", "test").approximate
    for data in (root, tmp_path / "hd"):
        out = tmp_path / f"{data.name}-out"
        request = Request(data, "test", "test_pairs.txt", TryOnConfig(height=128, width=96), None, "cpu", False)
        run_try_on(method_named("non-parametric"), request, out, lambda done, total: None)
        assert read_json(out / "settings.json")["approximate"] is True
        assert "APPROXIMATE" in capsys.readouterr().err
