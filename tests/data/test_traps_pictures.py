"""Traps of masks, and the same picture twice: built into a sound folder, recognised by name, with what mends them."""

import cv2
import numpy as np
import pytest

from tests.trap_worlds import LAYOUTS, named_problems
from viton.data.check import check
from viton.data.layouts import open_dataset


def test_a_mask_that_was_a_jpeg(world_in):
    world = world_in("dresscode")
    for clothing in world.clothings:
        path = world.data.mask_path(clothing)
        _, data = cv2.imencode(".jpg", cv2.imread(str(path), 0), [cv2.IMWRITE_JPEG_QUALITY, 75])
        cv2.imwrite(str(path), cv2.imdecode(data, 0))
    named_problems(world.root, "jpeg-mask", "as JPEG leaves them", "cut the mask at 128")


def test_a_smoothed_edge_of_a_mask_is_no_jpeg(world_in):
    world = world_in("dresscode")
    for clothing in world.clothings:
        path = str(world.data.mask_path(clothing))
        cv2.imwrite(path, cv2.blur(cv2.imread(path, 0), (3, 3)))
    assert check(world.root, ("test",)).problems == []


@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize("trap", ["mask-inverted", "mask-of-ones"])
def test_a_mask_of_other_values(world_in, layout, trap):
    world = world_in(layout)
    for clothing in world.clothings:
        path = world.data.mask_path(clothing)
        mask = cv2.imread(str(path), 0)
        changed = 255 - mask if trap == "mask-inverted" else (mask >= 128).astype("u1")
        cv2.imwrite(str(path), changed, [cv2.IMWRITE_JPEG_QUALITY, 100])
    found = named_problems(world.root, trap, "expected a mask of the garment")
    assert len(found) == len(world.clothings)


def test_product_pictures_that_give_no_mask_where_there_is_none(world_in):
    world, noise = world_in("viton"), np.random.default_rng(0)
    for path in (world.root / "cloth-mask").iterdir():
        path.unlink()
    for clothing in world.clothings:
        path = world.data.clothings[clothing]
        cv2.imwrite(str(path), noise.integers(0, 256, cv2.imread(str(path)).shape, np.uint8))
    (problem,) = named_problems(world.root, "no-clothing-mask", "not_plain")
    assert f"{len(world.clothings)} of {len(world.clothings)}" in problem.got


@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize("quality", [0, 70])
def test_a_picture_that_two_splits_have(world_in, layout, quality):
    world = world_in(layout)
    train = open_dataset(world.root, "train", layout)
    of_train, of_test = train.people[min(train.people)], world.data.people[world.people[0]]
    if quality:
        cv2.imwrite(str(of_test), cv2.imread(str(of_train)), [cv2.IMWRITE_JPEG_QUALITY, quality])
    else:
        of_test.write_bytes(of_train.read_bytes())
    problems = [p for p in check(world.root).problems if p.trap == "leak-between-splits"]
    assert [(problem.file, str(of_train) in problem.got) for problem in problems] == [(str(of_test), True)]


def test_a_person_that_the_lists_of_two_splits_name(world_in):
    world = world_in("dresscode")
    line = f"{world.people[0]}_0.jpg {world.people[0]}_1.jpg\n"
    with (world.root / "train_pairs.txt").open("a") as stream:
        stream.write(line)
    found = named_problems(world.root, "leak-between-splits", "a picture that only test has", splits=())
    assert {problem.file.rsplit("/", 1)[1] for problem in found} == {f"{world.people[0]}_{n}.jpg" for n in (0, 1)}


def test_a_picture_twice_in_a_split_and_smaller(world_in):
    world = world_in("viton-hd")
    one, other = (world.data.clothings[name] for name in world.clothings[:2])
    cv2.imwrite(str(other), cv2.imread(str(one)), [cv2.IMWRITE_JPEG_QUALITY, 80])
    (problem,) = named_problems(world.root, "same-picture-twice", f"got that of {one}")
    assert problem.file == str(other)
