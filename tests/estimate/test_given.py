"""Joints and labels of other programs: each format is read as what it is, and what is none of them is named."""

import json

import numpy as np
import pytest

from viton.errors import InputError, UsageError
from viton.estimate.given import GivenParser, GivenPose, read_people
from viton.images import save_png
from viton.keypoints import COCO18, COCO18_OF_COCO17, to_body25
from viton.parsing import ATR, CIHP, LIP

PHOTO = np.zeros((200, 100, 3), np.uint8)


@pytest.fixture
def joints():
    rng = np.random.default_rng(0)
    return np.concatenate([rng.uniform(5, 95, (18, 2)), np.ones((18, 1))], axis=1).astype(np.float32)


@pytest.fixture
def written(tmp_path):
    def write(content: object, name: str = "me_keypoints.json"):
        (tmp_path / name).write_text(json.dumps(content))
        return tmp_path / name

    return write


@pytest.mark.parametrize("key", ["pose_keypoints_2d", "pose_keypoints", "keypoints"])
@pytest.mark.parametrize("count", [25, 18])
def test_every_key_and_order_gives_the_same_joints(written, joints, key, count):
    rows = to_body25(joints) if count == 25 else joints
    path = written({"people": [{key: rows.ravel().tolist()}]})
    np.testing.assert_allclose(read_people(path, (200, 100))[0], joints, atol=1e-4)


def test_cocos_seventeen_get_a_neck_between_the_shoulders(written, joints):
    path = written({"annotations": [{"keypoints": joints[list(COCO18_OF_COCO17)].ravel().tolist()}]})
    found = read_people(path, (200, 100))[0]
    np.testing.assert_allclose(found[1, :2], joints[[2, 5], :2].mean(axis=0), atol=1e-4)
    rest = [number for number in range(18) if COCO18[number] != "neck"]
    np.testing.assert_allclose(found[rest], joints[rest], atol=1e-4)


def test_a_canvas_of_another_size_is_brought_to_the_photo(written, joints):
    small = joints * [0.5, 0.25, 1]
    path = written(
        [{"people": [{"pose_keypoints_2d": small.ravel().tolist()}], "canvas_width": 50, "canvas_height": 50}]
    )
    np.testing.assert_allclose(read_people(path, (200, 100))[0], joints, atol=1e-3)


def test_an_unseen_joint_stays_unseen(written, joints):
    joints[4] = 0
    found = read_people(written({"people": [{"pose_keypoints_2d": joints.ravel().tolist()}]}), (200, 100))[0]
    assert found[4].tolist() == [0, 0, 0]


def test_of_several_people_the_largest_is_taken(written, tmp_path, joints):
    small = joints * [0.2, 0.2, 1]
    written({"people": [{"pose_keypoints_2d": each.ravel().tolist()} for each in (small, joints, small)]})
    found = GivenPose(tmp_path).joints("me", PHOTO)
    assert found.people == 3
    np.testing.assert_allclose(found.joints, joints, atol=1e-4)


@pytest.mark.parametrize(
    ("content", "wanted"),
    [
        ({"people": []}, "at least one person"),
        ({"people": [{"other": [1]}]}, "pose_keypoints_2d"),
        ({"people": [{"pose_keypoints_2d": [1, 2, 3]}]}, "BODY_25"),
        ({"people": [{"pose_keypoints_2d": ["x"] * 54}]}, "numbers"),
        ({"people": [{"pose_keypoints_2d": [1e9] * 54}]}, "below"),
        ({"people": [{"pose_keypoints_2d": [0] * 54}]}, "visible joint"),
        ({"people": [{"pose_keypoints_2d": [1] * 54}], "canvas_width": 0, "canvas_height": 5}, "canvas"),
        (["a", "b"], "person"),
    ],
)
def test_what_are_no_joints_is_named(written, content, wanted):
    with pytest.raises(InputError, match=wanted) as caught:
        read_people(written(content), (200, 100))
    assert "me_keypoints.json" in str(caught.value)


@pytest.mark.parametrize(("name", "label_map"), [("atr", ATR), ("LIP", LIP), ("cihp", CIHP)])
def test_labels_are_translated_by_name(tmp_path, name, label_map):
    labels = np.zeros((200, 100), np.uint8)
    for row, part in enumerate(("face", "upper_clothes", "left_arm"), 1):
        labels[row] = label_map.labels.index(part)
    save_png(tmp_path / "me.png", labels)
    found = GivenParser(tmp_path, name).labels("me", PHOTO)
    assert [CIHP.labels[found[row, 0]] for row in range(5)] == [
        "background", "face", "upper_clothes", "left_arm", "background",
    ]  # fmt: skip


def test_labels_of_another_map_another_size_or_no_file_are_refused(tmp_path):
    save_png(tmp_path / "me.png", np.full((200, 100), 18, np.uint8))
    with pytest.raises(InputError, match="ATR labels 0 to 17, got label 18"):
        GivenParser(tmp_path, "atr").labels("me", PHOTO)
    with pytest.raises(InputError, match="50x100 like its photo, got 100x200"):
        GivenParser(tmp_path, "cihp").labels("me", PHOTO[:100, :50])
    with pytest.raises(InputError, match=r"you\.png"):
        GivenParser(tmp_path, "cihp").labels("you", PHOTO)
    with pytest.raises(UsageError, match="--labels"):
        GivenParser(tmp_path, "pascal")
    with pytest.raises(InputError, match="no such folder"):
        GivenPose(tmp_path / "none")
