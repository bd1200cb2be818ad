"""Regions of a true try-on: what they hold, what they share, and drawn cases that a person would decide alike."""

from __future__ import annotations

import numpy as np
import pytest

from viton.data.sample import Clothing, Truth
from viton.parsing import CIHP
from viton_eval.regions import box_of, in_front, inside, looked_up, printed, regions_of

SIZE = (64, 48)
SHIRT, ARM, HAIR, FACE, NECK, PANTS = (
    CIHP.labels.index(name) for name in ("upper_clothes", "left_arm", "hair", "face", "neck", "pants")
)


def box(top, bottom, left, right, size=SIZE):
    region = np.zeros(size, bool)
    region[top:bottom, left:right] = True
    return region


@pytest.fixture
def parsing():
    """A shirt, a forearm across it, a lock of hair on it, a bare arm that hangs beside it."""
    labels = np.zeros(SIZE, np.uint8)
    labels[2:14, 18:30] = FACE
    labels[14:18, 22:28] = NECK
    labels[18:50, 12:36] = SHIRT
    labels[50:64, 12:36] = PANTS
    labels[34:39, 8:30] = ARM  # across the shirt, and on over its edge
    labels[24:60, 37:42] = ARM  # beside it
    labels[4:28, 31:34] = HAIR  # falls on it from beside the face
    return labels


@pytest.fixture
def truth(parsing):
    y, x = np.mgrid[: SIZE[0], : SIZE[1]]
    worn = (parsing == SHIRT)[..., None]
    return Truth(np.full((*SIZE, 3), 200, np.uint8), np.where(worn, np.stack([x, y], 2), np.nan).astype(np.float32))


@pytest.fixture
def clothing():
    """A product in the shirt's place, plain but for a square of stripes on its chest."""
    image = np.full((*SIZE, 3), 90, np.uint8)
    image[22:32:2, 16:24] = 250
    return Clothing("c", image, box(16, 52, 10, 38).astype(np.uint8) * 255)


@pytest.fixture
def regions(truth, parsing, clothing):
    return regions_of(truth, parsing, clothing, CIHP)


def test_garment_occluders_and_outside_share_nothing_and_fill_the_picture(regions):
    parts = np.stack([regions.garment, regions.occluders, regions.outside])
    assert (parts.sum(axis=0) == 1).all()


def test_what_lies_in_the_garment_is_garment(regions, truth):
    assert (regions.garment == np.isfinite(truth.map_px).all(axis=2)).all()
    for part in (regions.garment_inside, regions.print):
        assert part.any()
        assert not (part & ~regions.garment).any()
    for other in (regions.face_hair, regions.neck, regions.lower):
        assert other.any()
        assert not (other & regions.garment).any()


def test_only_arms_and_hair_are_in_front(regions, parsing):
    assert set(np.unique(parsing[regions.occluders])) == {ARM, HAIR}


def test_a_forearm_across_the_shirt_is_in_front_and_an_arm_beside_it_is_not(regions):
    assert regions.occluders[35:38, 15:27].all()
    assert not regions.occluders[:, 36:].any()
    assert not regions.occluders[34:39, :11].any()


def test_a_lock_is_in_front_where_it_falls_on_the_shirt_alone(regions):
    assert regions.occluders[21:26, 31:34].all()
    assert not regions.occluders[:16].any()


def test_nothing_is_in_front_of_no_garment():
    assert not in_front(np.zeros(SIZE, bool), box(10, 20, 10, 20)).any()


def test_an_arm_is_in_front_whichever_side_is_up():
    worn, arm = box(10, 50, 10, 40), box(28, 33, 4, 40)
    found = in_front(worn & ~arm, arm)
    np.testing.assert_array_equal(in_front((worn & ~arm)[::-1], arm[::-1])[::-1], found)
    np.testing.assert_array_equal(in_front((worn & ~arm)[:, ::-1], arm[:, ::-1])[:, ::-1], found)


def test_inside_means_that_the_whole_window_is_garment():
    assert (inside(box(10, 40, 5, 30), 5) == box(15, 35, 10, 25)).all()
    assert (inside(np.ones(SIZE, bool), 5) == box(5, 59, 5, 43)).all()  # nothing lies beyond the picture's edge


def test_stripes_are_print_and_neither_plain_cloth_nor_the_outline_is(clothing):
    found = printed(clothing)
    assert found[24:30, 17:23].all()
    assert not found[34:].any()
    assert not printed(clothing._replace(image=np.full((*SIZE, 3), 90, np.uint8))).any()


def test_a_soft_shade_is_no_print(clothing):
    shade = np.repeat(np.linspace(60, 180, SIZE[0])[:, None], SIZE[1], 1)
    assert not printed(clothing._replace(image=np.repeat(shade[..., None], 3, 2).astype(np.uint8))).any()


def test_a_region_is_seen_where_the_map_takes_it(truth):
    moved = truth._replace(map_px=truth.map_px + np.array([3, -2], np.float32))
    region = box(20, 30, 18, 24)
    seen = looked_up(region, moved)
    expected = box(22, 32, 15, 21) & np.isfinite(truth.map_px).all(axis=2)
    assert (seen == expected).all()


def test_a_box_holds_its_region_in_the_pictures_shape():
    region = box(20, 30, 18, 24)
    rows, columns = box_of(region, 0.2, SIZE)
    held = np.zeros(SIZE, bool)
    held[rows, columns] = True
    assert not (region & ~held).any()
    assert (rows.stop - rows.start) / (columns.stop - columns.start) == pytest.approx(4 / 3, rel=0.1)
    assert box_of(np.ones(SIZE, bool), 0.2, SIZE) == (slice(0, 64), slice(0, 48))
    corner = box_of(box(0, 4, 44, 48), 0.5, SIZE)
    assert corner[0].start == 0
    assert corner[1].stop == 48
    with pytest.raises(ValueError, match="got none"):
        box_of(np.zeros(SIZE, bool), 0.2, SIZE)


def test_a_parsing_of_another_size_is_refused(truth, parsing, clothing):
    with pytest.raises(ValueError, match="like the picture"):
        regions_of(truth, parsing[::2], clothing, CIHP)
