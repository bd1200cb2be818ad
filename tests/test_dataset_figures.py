"""Sheets and figures of a dataset: what lies where, and that whatever a world writes can be drawn."""

import numpy as np
import pytest

from viton.data.sample import Clothing, Person, Sample, Truth
from viton.dataset_figures import attribute_histograms, contact_sheet, difference_colours, pose_scatter, truth_panels

SIZE = (64, 48)


def plain(value):
    return np.full((*SIZE, 3), value, np.uint8)


def pose(shift=0.0):
    keypoints = np.ones((18, 3), np.float32)
    keypoints[:, :2] = np.random.default_rng(0).uniform(5, 40, (18, 2)) + shift
    return keypoints


def drawn(figure):
    figure.canvas.draw()
    return figure


def test_pictures_lie_on_a_sheet_in_their_order():
    sheet = contact_sheet([plain(value) for value in (10, 20, 30, 40, 50)], across=3, gap=2)
    assert sheet.shape == (2 * 64 + 2, 3 * 48 + 4, 3)
    assert sheet[5, [5, 55, 105], 0].tolist() == [10, 20, 30]
    assert sheet[70, [5, 55, 105], 0].tolist() == [40, 50, 255]
    assert (sheet[:, 48:50] == 255).all()


def test_a_sheet_of_nothing_is_refused():
    with pytest.raises(ValueError, match="at least one picture, got none"):
        contact_sheet([], 3)


def test_every_kind_of_attribute_is_drawn_and_rare_names_together():
    attributes = {
        "pose": ["standing", "turned", "standing"],
        "tucked": [True, False, True],
        "waist": [0.1, 0.2, 0.15],
        "logo": ["", *(f"name {number}" for number in range(30))],
        "odd": [1, "two", None],
    }
    figure = drawn(attribute_histograms(attributes))
    titles = [axis.get_title() for axis in figure.axes]
    assert titles[:5] == ["pose (n = 3)", "tucked (n = 3)", "waist (n = 3)", "logo (n = 31)", "odd (n = 3)"]
    names = [label.get_text() for label in figure.axes[3].get_yticklabels()]
    assert "19 others" in names
    assert "(none)" in names
    assert len(names) == 13
    assert [label.get_text() for label in figure.axes[0].get_yticklabels()] == ["turned", "standing"]


def test_poses_are_drawn_as_they_lie_and_from_the_neck():
    figure = drawn(pose_scatter([pose(), pose(5.0)], [], SIZE))
    raw, scaled = figure.axes
    assert raw.get_xlim() == (0, SIZE[1])
    assert raw.get_ylim() == (SIZE[0], 0)
    for line in scaled.lines:  # the same pose elsewhere is the same pose
        x, y = line.get_data()
        np.testing.assert_allclose([x[0], y[0]], [x[1], y[1]], atol=1e-5)


def test_unseen_joints_are_not_drawn_and_a_pose_without_a_hip_is_not_scaled():
    hidden = pose()
    hidden[[0, 8], 2] = 0
    figure = drawn(pose_scatter([hidden], [pose()], SIZE))
    raw, scaled = figure.axes
    own = [line for line in raw.lines if line.get_marker() == "."]
    assert sum(len(line.get_xdata()) for line in own) == 16
    assert sum(len(line.get_xdata()) for line in scaled.lines if line.get_marker() == ".") == 0
    assert sum(len(line.get_xdata()) for line in scaled.lines if line.get_marker() == "o") == 18


def test_no_difference_is_white_and_a_large_one_black():
    where = np.ones((*SIZE, 1), bool)
    where[40:] = False
    other = plain(100)
    other[:20] = 180
    shown = difference_colours(plain(100), other, where)
    assert (shown[:20] == 0).all()
    assert (shown[20:] == 255).all()


def test_a_truth_is_shown_from_person_to_difference():
    y, x = np.mgrid[: SIZE[0], : SIZE[1]].astype(np.float32)
    truth = Truth(plain(90), np.where((y > 30)[..., None], np.stack([x, y], 2), np.nan))
    sample = Sample(
        Person("p", plain(80), np.zeros(SIZE, np.uint8), pose()), Clothing("c", plain(90), plain(255)[..., 0])
    )
    figure = drawn(truth_panels(sample, truth, np.zeros(SIZE, np.uint8), plain(90)))
    captions = [axis.get_xlabel() for axis in figure.axes]
    assert captions[:2] == ["person", "product"]
    assert captions[-1] == "difference (black: 64/255)"
    assert (figure.axes[-1].images[0].get_array() == 255).all()
