"""Scores of joints and labels, in closed form."""

import numpy as np
import pytest

from viton.estimate.measures import joint_scores, label_scores
from viton.parsing import CIHP


def _person():
    joints = np.ones((18, 3), np.float32)
    joints[:, :2] = np.arange(36).reshape(18, 2)
    joints[1, :2], joints[8, :2], joints[11, :2] = (50, 0), (40, 100), (60, 100)  # a torso of 100 px
    return joints


def test_the_same_joints_are_all_found_without_error():
    *rows, whole = joint_scores([_person()], [_person()], [512])
    assert all((row.given, row.missed, row.error, row.found) == (1, 0, 0, 1) for row in rows)
    assert (whole.given, whole.found) == (18, 1)


def test_errors_are_told_at_a_height_of_256_and_found_by_the_torso():
    near, far = _person(), _person()
    near[4, 0] += 9
    far[4, 0] += 11
    rows = joint_scores([near, far], [_person()] * 2, [512, 512])
    assert rows[4].name == "right_wrist"
    assert (rows[4].error, rows[4].found) == (5.0, 0.5)


def test_a_joint_that_is_not_estimated_is_missed_and_one_that_is_not_given_does_not_count():
    found, given = _person(), _person()
    found[7], given[3] = 0, 0
    rows = joint_scores([found], [given], [256])
    assert (rows[7].given, rows[7].missed, rows[7].found) == (1, 1, 0)
    assert np.isnan(rows[7].error)
    assert (rows[3].given, rows[3].missed) == (0, 0)
    assert np.isnan(rows[3].found)
    assert rows[-1].found == pytest.approx(16 / 17)


def test_overlap_of_labels_is_that_of_all_pictures_together():
    given = [np.zeros((4, 4), np.uint8), np.zeros((2, 2), np.uint8)]
    found = [each.copy() for each in given]
    given[0][0], found[0][0, :2], found[1][0, 0] = 5, 5, 9
    scores = {row.name: row for row in label_scores(found, given, CIHP)}
    assert scores["upper_clothes"].iou == pytest.approx(2 / 4)
    assert scores["background"].iou == pytest.approx(15 / 18)
    assert scores["pants"].iou == 0
    assert set(scores) == {"background", "upper_clothes", "pants", "mean"}
    assert scores["mean"].iou == pytest.approx((2 / 4 + 15 / 18) / 2)
