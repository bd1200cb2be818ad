"""Samples in a mirror: pixels change sides, and so does what is called left."""

import numpy as np
import pytest
import torch

from viton.config import RepresentationConfig
from viton.data.sample import Clothing, Person, Sample
from viton.keypoints import COCO18
from viton.mirror import mirrored, other_side
from viton.parsing import CIHP, LIP
from viton.person import represent_people

SIZE = (64, 48)


@pytest.fixture
def sample() -> Sample:
    rng = np.random.default_rng(0)
    pixels = [rng.integers(0, 256, (*SIZE, 3), np.uint8) for _ in range(3)]
    parsing = rng.integers(0, 20, SIZE).astype(np.uint8)
    joints = np.stack([rng.uniform(0, 47, 18), rng.uniform(0, 63, 18), rng.uniform(0.1, 1, 18)], axis=1)
    joints[3] = 0
    masks = [rng.integers(0, 256, SIZE).astype(np.uint8) for _ in range(2)]
    person = Person("p", pixels[0], parsing, joints.astype(np.float32))
    return Sample(person, Clothing("c", pixels[1], masks[0]), Clothing("o", pixels[2], masks[1]))


def test_twice_mirrored_is_as_before(sample):
    for once, back in zip(mirrored(mirrored(sample, CIHP), CIHP), sample, strict=True):
        for a, b in zip(once, back, strict=True):
            assert a == b if isinstance(a, str) else np.allclose(a, b, atol=1e-5)


def test_pictures_masks_and_own_clothing_change_sides(sample):
    found = mirrored(sample, CIHP)
    assert found.pair == sample.pair
    assert (found.person.image == sample.person.image[:, ::-1]).all()
    for after, before in ((found.clothing, sample.clothing), (found.own, sample.own)):
        assert (after.image == before.image[:, ::-1]).all()
        assert (after.mask == before.mask[:, ::-1]).all()
    assert mirrored(sample._replace(own=None), CIHP).own is None


def test_the_left_arm_becomes_the_right_one_and_stays_under_its_pixels(sample):
    found, before = mirrored(sample, CIHP).person, sample.person
    for left, right in (("left_arm", "right_arm"), ("left_leg", "right_leg"), ("left_shoe", "right_shoe")):
        was, now = CIHP.labels.index(left), CIHP.labels.index(right)
        assert (before.parsing == was).any()
        assert ((found.parsing == now) == (before.parsing == was)[:, ::-1]).all()
    for name in ("background", "upper_clothes", "face"):
        at = CIHP.labels.index(name)
        assert ((found.parsing == at) == (before.parsing == at)[:, ::-1]).all()


def test_a_joint_marks_the_same_pixel_of_the_mirrored_photo(sample):
    found, before = mirrored(sample, CIHP).person.keypoints, sample.person.keypoints
    left, right = COCO18.index("left_wrist"), COCO18.index("right_wrist")
    assert found[right].tolist() == pytest.approx([47 - before[left, 0], before[left, 1], before[left, 2]])
    assert found[COCO18.index("nose")].tolist() == pytest.approx([47 - before[0, 0], *before[0, 1:]])
    assert before[COCO18.index("right_elbow")].tolist() == [0, 0, 0]
    assert found[COCO18.index("left_elbow")].tolist() == [0, 0, 0]  # unseen stays unseen


def test_every_side_has_its_counterpart():
    for names in (COCO18, CIHP.labels, LIP.labels):
        exchanged = other_side(names)
        assert sorted(exchanged) == list(range(len(names)))
        assert all(exchanged[other] == at for at, other in enumerate(exchanged))
        moved = {names[at] for at, other in enumerate(exchanged) if at != other}
        assert moved == {name for name in names if "left_" in name or "right_" in name}


def test_the_representation_of_a_mirrored_person_is_the_mirrored_representation(sample):
    """With whole joints, whose boxes have no middle to round: an oracle that knows nothing of labels and joints."""
    joints = np.rint(sample.person.keypoints)
    person = sample.person._replace(keypoints=joints.astype(np.float32))
    found = mirrored(sample._replace(person=person), CIHP).person
    config = RepresentationConfig()
    before, after = (represent_people([each], config, CIHP) for each in (person, found))
    assert after[:, 18:].equal(before[:, 18:].flip(3))
    assert after[:, :18].equal(before[:, :18].flip(3)[:, other_side(COCO18)])
    assert torch.isfinite(after).all()
