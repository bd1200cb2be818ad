"""Traps of joints: each built into a sound folder, recognised by its name, with what mends it."""

import numpy as np
import pytest

from tests.trap_worlds import BODY25, JSON_LAYOUTS, named_problems, scaled
from viton.data.check import check


@pytest.mark.parametrize(("layout", "count"), [("cp-vton", 25), ("cp-vton", 24), ("dresscode", 25)])
def test_body_25_where_18_joints_are_expected(world_in, layout, count):
    world = world_in(layout)
    world.change_joints(lambda joints: np.concatenate([joints, joints])[:count])
    found = named_problems(world.root, "body25-as-coco18", f"got {count}", "8 is MidHip")
    assert len(found) == len(world.people)


@pytest.mark.parametrize("layout", ["cp-vton", "dresscode", "viton"])
def test_the_first_18_joints_of_body_25(world_in, layout):
    world = world_in(layout)

    def change(joints):
        body = np.zeros((25, joints.shape[1]))
        body[BODY25] = joints
        body[8] = (joints[8] + joints[11]) / 2
        return body[:18]

    world.change_joints(change)
    problems = check(world.root, ("test",)).problems
    named = [problem for problem in problems if problem.trap == "body25-as-coco18"]
    assert len(named) == 1, [problem.line for problem in problems]
    assert "8 lies between 9 and 12" in named[0].got
    assert "joints 0-7 and 9-18" in named[0].mend


def test_18_joints_where_body_25_is_expected(world_in):
    world = world_in("viton-hd")
    world.change_joints(lambda joints: joints[BODY25])
    named_problems(world.root, "coco18-as-body25", "25 joints (BODY_25), got 18", "insert MidHip")


@pytest.mark.parametrize(
    ("layout", "factors", "called"),
    [
        ("viton-hd", (4, 4), "a frame of 384x512"),
        ("cp-vton", (0.5, 0.5), "half of the size"),
        ("viton", (2, 2), "a frame of 192x256"),
        ("viton-hd", (1 / 96, 1 / 128), "0 to 1"),
        ("dresscode", (1 / 4, 1 / 4), "the photo's own pixels"),
    ],
)
def test_joints_in_another_frame(world_in, layout, factors, called):
    world = world_in(layout)
    world.change_joints(scaled(*factors))
    (problem,) = named_problems(world.root, "joints-in-another-frame", called, "scale the joints by the photo's size")
    assert f"of {len(world.people)}" in problem.got


def test_joints_of_somebody_else(world_in):
    world = world_in("viton-hd")
    person = world.people[0]
    joints = world.joints(person)
    joints[joints[:, 2] > 0, :2] = joints[joints[:, 2] > 0, :2] * 0.1 + (1, 110)
    world.save_joints(person, joints)
    (problem,) = named_problems(world.root, "joints-off-the-person", "of them")
    assert problem.file.endswith(f"{person}_keypoints.json")


@pytest.mark.parametrize(("value", "got"), [((-1, -1, -1), "negative places"), ((0, 0, 1), "seen at 0, 0")])
@pytest.mark.parametrize("layout", ["viton-hd", "cp-vton"])
def test_missing_joints_that_others_take_for_places(world_in, layout, value, got):
    world = world_in(layout)

    def change(joints):
        joints[-3:] = value
        return joints

    world.change_joints(change)
    named_problems(world.root, "missing-joints", got, "0, 0 with confidence 0")


@pytest.mark.parametrize("layout", JSON_LAYOUTS)
def test_missing_joints_as_nan_are_an_error(world_in, layout):
    world = world_in(layout)

    def change(joints):
        joints[-1] = np.nan
        return joints

    world.change_joints(change)
    found = named_problems(world.root, "missing-joints", "NaN")
    assert {problem.severity for problem in found} == {"error"}
