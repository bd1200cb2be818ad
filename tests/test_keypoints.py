"""Joints: one order, the formats they come in, and files that hold none."""

import json

import numpy as np
import pytest

from viton.errors import InputError
from viton.keypoints import (
    BODY25_OF_COCO18,
    COCO18,
    LIMBS,
    from_body25,
    from_candidates,
    from_coco17,
    read_openpose_body25,
    read_openpose_coco18,
    to_body25,
)

# https://cmu-perceptual-computing-lab.github.io/openpose: "Result for BODY_25"
BODY25 = (
    "nose", "neck",
    "right_shoulder", "right_elbow", "right_wrist", "left_shoulder", "left_elbow", "left_wrist",
    "mid_hip", "right_hip", "right_knee", "right_ankle", "left_hip", "left_knee", "left_ankle",
    "right_eye", "left_eye", "right_ear", "left_ear",
    "left_big_toe", "left_small_toe", "left_heel", "right_big_toe", "right_small_toe", "right_heel",
)  # fmt: skip

# https://cocodataset.org/#keypoints-2017, categories[0].keypoints
COCO17 = (
    "nose", "left_eye", "right_eye", "left_ear", "right_ear",
    "left_shoulder", "right_shoulder", "left_elbow", "right_elbow", "left_wrist", "right_wrist",
    "left_hip", "right_hip", "left_knee", "right_knee", "left_ankle", "right_ankle",
)  # fmt: skip
NAN = float("nan")


def _joints(count: int = 25) -> np.ndarray:
    rng = np.random.default_rng(0)
    return np.column_stack([rng.uniform(1, 90, (count, 2)), rng.uniform(0.1, 1, count)])


def test_the_names_of_both_formats_agree():
    assert [BODY25[index] for index in BODY25_OF_COCO18] == list(COCO18)
    assert len(COCO18) == 18


def test_body25_and_coco18_are_converted_into_each_other():
    joints = _joints()
    keypoints = from_body25(joints)
    assert keypoints.shape == (18, 3)
    assert keypoints.dtype == np.float32
    for name, joint in zip(COCO18, keypoints, strict=True):
        np.testing.assert_allclose(joint, joints[BODY25.index(name)], rtol=1e-6)
    np.testing.assert_array_equal(from_body25(to_body25(keypoints)), keypoints)


def test_the_middle_of_the_hips_lies_between_them_when_both_are_seen():
    keypoints = from_body25(_joints())
    np.testing.assert_allclose(to_body25(keypoints)[8], (keypoints[8] + keypoints[11]) / 2)
    keypoints[11] = 0
    assert not to_body25(keypoints)[8].any()
    assert not to_body25(keypoints)[19:].any()


MISSING = [
    (0, 0, 0), (-1, -1, 1), (-1, 30, 0.9), (30, -1, 0.9), (20, 30, 0), (20, 30, -1),
    (NAN, NAN, NAN), (20, 30, NAN), (NAN, 30, 0.9), (20, NAN, 0.9),
]  # fmt: skip


@pytest.mark.parametrize("joint", MISSING)
def test_what_the_formats_write_for_a_missing_joint_becomes_zeros(joint):
    joints = _joints()
    joints[3] = joint
    keypoints = from_body25(joints)
    assert not keypoints[3].any()
    assert (np.delete(keypoints, 3, 0)[:, 2] > 0).all()


def test_a_joint_on_the_pictures_edge_is_not_missing():
    joints = _joints()
    joints[3] = (0, 0, 0.5)
    assert from_body25(joints)[3].tolist() == [0, 0, 0.5]


def test_the_joints_given_are_not_written_to():
    joints = _joints()
    joints[3] = -1
    before = joints.copy()
    from_body25(joints)
    np.testing.assert_array_equal(joints, before)


def test_coco17_goes_by_its_names_and_gets_a_neck_between_the_shoulders():
    joints = _joints(17)
    keypoints = from_coco17(joints)
    for name, joint in zip(COCO17, joints, strict=True):
        np.testing.assert_allclose(keypoints[COCO18.index(name)], joint, rtol=1e-6)
    left, right = joints[COCO17.index("left_shoulder")], joints[COCO17.index("right_shoulder")]
    np.testing.assert_allclose(keypoints[1], [*(left + right)[:2] / 2, min(left[2], right[2])], rtol=1e-6)
    assert (keypoints[:, 2] > 0).all()


@pytest.mark.parametrize("name", ["left_shoulder", "right_shoulder"])
@pytest.mark.parametrize("joint", MISSING)
def test_coco17_gets_no_neck_from_one_shoulder(name, joint):
    joints = _joints(17)
    joints[COCO17.index(name)] = joint
    keypoints = from_coco17(joints)
    assert not keypoints[[1, COCO18.index(name)]].any()
    assert (np.delete(keypoints, [1, COCO18.index(name)], 0)[:, 2] > 0).all()


def test_three_formats_of_the_same_joints_agree(tmp_path):
    joints = _joints(18)
    joints[[4, 16]] = 0
    seen = [number for number in range(18) if number not in (4, 16)]
    body25 = np.zeros((25, 3))
    body25[[number if number < 8 else number + 1 for number in range(18)]] = joints
    (tmp_path / "new.json").write_text(json.dumps({"people": [{"pose_keypoints_2d": body25.ravel().tolist()}]}))
    (tmp_path / "old.json").write_text(json.dumps({"people": [{"pose_keypoints": joints.ravel().tolist()}]}))
    shuffled = np.random.default_rng(1).permutation(len(seen))
    subset = np.full((1, 20), -1.0)
    subset[0, np.array(seen)[shuffled]] = np.arange(len(seen))
    candidate = np.column_stack([joints[np.array(seen)[shuffled]], np.arange(len(seen))])
    expected = joints.astype(np.float32)
    np.testing.assert_array_equal(read_openpose_body25(tmp_path / "new.json"), expected)
    np.testing.assert_array_equal(read_openpose_coco18(tmp_path / "old.json"), expected)
    np.testing.assert_array_equal(from_candidates(candidate, subset, "x"), expected)


def test_every_limb_joins_two_joints_and_together_they_reach_all():
    assert {joint for limb in LIMBS for joint in limb} == set(range(18))


def test_a_file_gives_its_first_person(tmp_path):
    people = [{"pose_keypoints_2d": (_joints() + shift).ravel().tolist()} for shift in (0, 5)]
    (tmp_path / "a.json").write_text(json.dumps({"people": people}))
    np.testing.assert_allclose(read_openpose_body25(tmp_path / "a.json"), from_body25(_joints()), rtol=1e-6)


def _file(*first: str, count: int = 75) -> str:
    numbers = [*first, *["7"] * (count - len(first))]
    return '{"people": [{"pose_keypoints_2d": [' + ",".join(numbers) + "]}]}"


BAD = {
    "a list": ("[]", "at least one person under 'people', got none"),
    "null": ("null", "at least one person"),
    "nobody": ('{"people": []}', "at least one person"),
    "people that are a word": ('{"people": "abc"}', "at least one person"),
    "a person that is a word": ('{"people": ["x"]}', "75 numbers .* got no such key"),
    "no joints": ('{"people": [{}]}', "75 numbers"),
    "COCO's 54 numbers": (_file(count=54), r"75 numbers \(BODY_25\) .* got 54 numbers"),
    "74 numbers": (_file(count=74), "got 74 numbers"),
    "no visible joint": (_file(*["0"] * 75), "at least one visible joint, got none"),
    "a word among the joints": (_file('"5"'), "numbers"),
    "null among the joints": (_file("null"), "numbers"),
    "NaN": (_file("NaN"), "numbers"),
    "infinity": (_file("-Infinity"), "numbers"),
    "1e300": (_file("1e300"), "numbers"),
    "1e400": (_file("1e400"), "numbers"),
    "a number of 400 digits": (_file("9" * 400), "numbers"),
    "a number of 5000 digits": (_file("9" * 5000), "JSON"),
    "a hundred thousand brackets": ("[" * 100_000, "JSON"),
    "half a file": (_file()[:60], "JSON"),
    "an empty file": ("", "JSON"),
}


@pytest.mark.parametrize("what", BAD)
@pytest.mark.filterwarnings("error")
def test_a_bad_file_is_refused_in_one_line_that_names_it(tmp_path, what):
    content, expected = BAD[what]
    path = tmp_path / "p_keypoints.json"
    path.write_text(content)
    with pytest.raises(InputError, match=expected) as caught:
        read_openpose_body25(path)
    assert str(caught.value).startswith(f"{path}: expected ")
    assert "\n" not in str(caught.value)


def test_bytes_that_are_no_text_are_refused(tmp_path):
    (tmp_path / "a.json").write_bytes(bytes(range(128, 256)))
    with pytest.raises(InputError, match="expected JSON"):
        read_openpose_body25(tmp_path / "a.json")


def test_a_missing_file_is_refused(tmp_path):
    with pytest.raises(InputError, match=r"absent.json: expected a JSON file, got no such file"):
        read_openpose_body25(tmp_path / "absent.json")
