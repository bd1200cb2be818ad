"""Traps of label maps: each built into a sound folder, recognised by its name, with what mends it."""

import cv2
import numpy as np
import pytest
from PIL import Image

from tests.trap_worlds import JSON_LAYOUTS, SIZE, named_problems, renumbered
from viton.data.check import check
from viton.data.layouts import open_dataset
from viton.parsing import ATR, CIHP, LIP
from viton.synthetic.config import WorldConfig
from viton.synthetic.dataset import write_world

ACGPN = ("background", "hair", "", "", "upper_clothes", "left_shoe", "right_shoe", "", "pants", "left_leg",
         "right_leg", "left_arm", "face", "right_arm")  # fmt: skip


def test_a_segment_that_stands_upright(world_in):
    world = world_in("viton")
    world.change_labels(lambda segment: segment.T)
    (problem,) = named_problems(world.root, "segment-untransposed", "segment.T", "stands upright")
    assert problem.file.endswith("segment")


def test_one_segment_that_stands_upright_is_named_by_its_file(world_in):
    world = world_in("viton")
    world.save_labels(world.people[0], world.labels(world.people[0]).T)
    (problem,) = named_problems(world.root, "segment-untransposed")
    assert problem.file.endswith(f"{world.people[0]}_0.mat")


def test_a_segment_that_fills_the_square(world_in):
    world = world_in("viton")
    width = round(641 * SIZE[1] / SIZE[0])
    world.change_labels(lambda segment: cv2.resize(segment[:width], (641, 641), interpolation=cv2.INTER_NEAREST))
    named_problems(world.root, "segment-uncropped", "stretched over the square", "pad with 0")


def test_a_segment_of_the_photos_size(world_in):
    world = world_in("viton")
    world.change_labels(lambda segment: segment[:480].T)
    found = named_problems(world.root, "segment-cropped", "got 641x480", "transpose")
    assert len(found) == len(world.people)


def test_a_square_map_beside_a_photo(world_in):
    world = world_in("cp-vton")
    world.change_labels(lambda labels: np.pad(labels, ((0, 0), (0, SIZE[0] - SIZE[1]))))
    named_problems(world.root, "segment-uncropped", "96x128 like its picture, got 128x128")


@pytest.mark.parametrize("layout", JSON_LAYOUTS)
def test_a_map_on_its_side(world_in, layout):
    world = world_in(layout)
    world.change_labels(np.transpose)
    named_problems(world.root, "labels-on-their-side", "96x128 like its picture, got 128x96")


def test_a_square_map_on_its_side_is_told_by_the_joints(tmp_path):
    write_world(tmp_path / "w", WorldConfig(people=8, garments=2, seed=4, height=128, width=96))
    for path in [*tmp_path.glob("w/*/image/*.jpg"), *tmp_path.glob("w/*/image-parse-v3/*.png")]:
        square = np.pad(np.array(Image.open(path)), ((0, 0), (0, 32), (0, 0))[: 3 if path.suffix == ".jpg" else 2])
        Image.fromarray(square.swapaxes(0, 1) if path.suffix == ".png" else square).save(path)
    named_problems(tmp_path / "w", "labels-on-their-side", "a map on its side")


@pytest.mark.parametrize("layout", JSON_LAYOUTS)
def test_a_map_in_colours(world_in, layout):
    world = world_in(layout)
    world.change_labels(lambda labels: np.stack([labels * 10] * 3, axis=-1))
    named_problems(world.root, "coloured-label-map", "mode RGB", "palette or grey PNG")


@pytest.mark.parametrize("quality", [50, 75, 95, 100])
@pytest.mark.parametrize("kept", [True, False])
def test_a_map_that_was_a_jpeg(world_in, quality, kept):
    world = world_in("dresscode")
    for person in world.people:
        _, data = cv2.imencode(".jpg", world.labels(person), [cv2.IMWRITE_JPEG_QUALITY, quality])
        if kept:
            world.data.parsing_path(person).write_bytes(data.tobytes())
        else:
            world.save_labels(person, cv2.imdecode(data, cv2.IMREAD_GRAYSCALE))
    found = named_problems(world.root, "jpeg-label-map", "a JPEG" if kept else "ring along the edges")
    assert len(found) == len(world.people)


def _with_other_map(world, declared, target, **others):
    world.change_labels(lambda labels: renumbered(declared.labels, target, **others)[labels])


@pytest.mark.parametrize("layout", ["viton-hd", "cp-vton", "viton"])
def test_atr_labels_where_others_are_declared(world_in, layout):
    world = world_in(layout)
    _with_other_map(world, world.data.label_map, ATR.labels, neck="face", coat="upper_clothes")
    (problem,) = named_problems(world.root, "other-label-map", f"{world.data.label_map.name} labels", "fits ATR better")
    assert f"of {len(world.people)}" in problem.got


@pytest.mark.parametrize("target", [CIHP, LIP])
def test_other_labels_where_atr_is_declared(world_in, target):
    world = world_in("dresscode")
    _with_other_map(world, ATR, target.labels)
    found = named_problems(world.root, "other-label-map", "ATR labels")
    assert any("fits CIHP better" in problem.got or "fits LIP" in problem.got for problem in found)


def test_labels_of_acgpn(world_in):
    world = world_in("cp-vton")
    _with_other_map(world, LIP, ACGPN, skirt="pants", dress="upper_clothes", coat="upper_clothes", hat="hair")
    named_problems(world.root, "other-label-map", "fits ACGPN better", "renumber ACGPN's labels")


def test_labels_of_gp_vton(world_in):
    world = world_in("viton-hd")
    table = np.arange(256, dtype=np.uint8)
    table[[10, 13, 14, 15]] = 11, 14, 15, 16

    def change(labels):
        changed = table[labels]
        middle = labels.shape[1] // 2
        changed[:, :middle][labels[:, :middle] == 15] = 22  # a long sleeve
        return changed

    world.change_labels(change)
    found = named_problems(world.root, "other-label-map")
    assert any("fits GP-VTON better" in problem.got for problem in found)


def test_cihps_neck_where_lip_is_declared(world_in, worlds):
    world, origin = world_in("cp-vton"), open_dataset(worlds["viton-hd"], "test")
    for person in world.people:
        world.save_labels(person, np.array(Image.open(origin.parsing_path(person))))
    (problem,) = named_problems(world.root, "other-label-map", "label 10 at the neck of", "as CIHP has it")
    assert problem.file.endswith("image-parse")


def test_lips_jumpsuits_where_cihp_is_declared(world_in):
    world = world_in("viton-hd")
    table = np.arange(256, dtype=np.uint8)
    table[[5, 6, 9, 12]], table[10] = 10, 13
    world.change_labels(lambda labels: table[labels])
    found = named_problems(world.root, "other-label-map")
    assert any("fits LIP better" in problem.got for problem in found)


def test_a_single_jumpsuit_where_nobody_has_a_neck(world_in):
    """One of LIP's in a folder called CIHP: too few for the folder's joints, but label 10 says it."""
    world = world_in("viton-hd")
    table = np.arange(256, dtype=np.uint8)
    table[10] = 13
    world.change_labels(lambda labels: table[labels])
    assert check(world.root, ("test",)).problems == []
    labels = world.labels(world.people[0])
    labels[np.isin(labels, (9, 12))] = 10
    world.save_labels(world.people[0], labels)
    problems = [problem for problem in check(world.root, ("test",)).problems if problem.trap]
    assert {problem.trap for problem in problems} == {"other-label-map"}
    assert any("as LIP has it" in problem.got for problem in problems)


def test_cp_vton_pluss_neck_in_the_older_folder(world_in):
    world = world_in("cp-vton")
    world.change_labels(lambda labels: np.where(labels == 13, 20, labels).astype("u1"))
    named_problems(world.root, "other-label-map", "LIP labels 0 to 19, got label 20", "image-parse-new")
