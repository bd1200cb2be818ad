"""What is done to made-up people keeps what is true: joints move with their pixels, sides change in a mirror."""

import pytest
import torch

from viton.estimate.augment import IGNORED, People, augmented, moved
from viton.keypoints import COCO18
from viton.parsing import CIHP

LEFT, RIGHT = (CIHP.labels.index(name) for name in ("left_arm", "right_arm"))
WRISTS = COCO18.index("left_wrist"), COCO18.index("right_wrist")


@pytest.fixture
def people():
    """Sixteen people of two squares: the left arm about the left wrist, the right arm about the right one."""
    labels = torch.zeros(16, 128, 96, dtype=torch.int64)
    joints = torch.zeros(16, 18, 3)
    for label, joint, (x, y) in ((LEFT, WRISTS[0], (60, 50)), (RIGHT, WRISTS[1], (36, 74))):
        labels[:, y - 8 : y + 9, x - 8 : x + 9] = label
        joints[:, joint] = torch.tensor([float(x), float(y), 1.0])
    return People(labels[:, None].expand(-1, 3, -1, -1) / 10 - 1, labels, joints)


def test_joints_move_with_their_labels(people):
    torch.manual_seed(0)
    _, labels, joints = moved(*people)
    seen = 0
    for each, places in zip(labels, joints, strict=True):
        for label, joint in ((LEFT, WRISTS[0]), (RIGHT, WRISTS[1])):
            x, y, visible = places[joint].tolist()
            rows, columns = torch.nonzero(each == label, as_tuple=True)
            whole = len(rows) and rows.min() > 0 and columns.min() > 0 and rows.max() < 127 and columns.max() < 95
            if visible and whole:
                seen += 1
                assert abs(columns.float().mean() - x) < 1
                assert abs(rows.float().mean() - y) < 1
    assert seen > 16


def test_a_joint_that_leaves_the_picture_is_unseen(people):
    torch.manual_seed(1)
    people.joints[:, 0] = torch.tensor([47.0, 0.0, 1.0])
    _, _, joints = moved(*people)
    inside = ((joints[..., :2] >= 0) & (joints[..., :2] <= torch.tensor([95.0, 127.0]))).all(dim=2)
    assert (inside | (joints[..., 2] == 0)).all()
    assert (joints[:, 0, 2] == 0).any()
    assert (joints[:, 1, 2] == 0).all()


def test_the_same_generator_gives_the_same_people_and_another_others(people):
    made = []
    for seed in (3, 3, 4):
        torch.manual_seed(seed)
        made.append(augmented(people))
    assert all(torch.equal(a, b) for a, b in zip(made[0], made[1], strict=True))
    assert not torch.equal(made[0].photo, made[2].photo)


def test_labels_stay_labels_and_pictures_stay_finite(people):
    torch.manual_seed(5)
    photo, labels, _ = augmented(people)
    assert set(labels.unique().tolist()) <= {0, LEFT, RIGHT, IGNORED}
    assert photo.isfinite().all()
    assert photo.abs().max() < 2
