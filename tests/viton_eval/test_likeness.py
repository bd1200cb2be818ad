"""The measures that a world and photographs are compared by: closed forms, and one reader for both."""

from __future__ import annotations

import colorsys

import numpy as np
import pandas as pd
import pytest

from benchmarks import likeness as command
from viton.data.sample import Clothing, Person
from viton.data.viton_hd import VitonHd
from viton.keypoints import COCO18
from viton.parsing import CIHP
from viton_eval import likeness as measures
from viton_eval.likeness import (
    SIZE,
    likeness,
    likeness_by_group,
    measure,
    measure_people,
    measure_products,
    not_covered,
)

H, W = SIZE
SHIRT, FACE, HAIR = (CIHP.labels.index(name) for name in ("upper_clothes", "face", "hair"))


@pytest.fixture
def person():
    """Somebody grey in a red shirt before a blue wall, with a few joints."""
    labels = np.zeros(SIZE, np.uint8)
    labels[20:40, 80:110], labels[40:60, 85:105], labels[80:180, 60:140] = HAIR, FACE, SHIRT
    colours = np.full((20, 3), 128, np.uint8)
    colours[0], colours[SHIRT] = (0, 0, 255), (255, 0, 0)
    keypoints = np.zeros((18, 3), np.float32)
    for name, place in {"right_shoulder": (60, 84), "left_shoulder": (140, 84), "neck": (100, 80)}.items():
        keypoints[COCO18.index(name)] = (*place, 0.9)
    for name, place in {"right_hip": (80, 180), "left_hip": (120, 180)}.items():
        keypoints[COCO18.index(name)] = (*place, 0.9)
    return Person("p", colours[labels], labels, keypoints)


@pytest.fixture
def measured(person):
    return measure_people([person], CIHP).loc["p"]


def test_lengths_are_shares_of_the_height_and_x_is_counted_from_the_middle(measured):
    assert measured["length", "shoulder width"] == pytest.approx(80 / H)
    assert measured["length", "torso length"] == pytest.approx(100 / H)
    assert measured["length", "hip width"] == pytest.approx(40 / H)
    assert measured["joint x", "neck"] == pytest.approx((100.5 - W / 2) / H)
    assert measured["joint y", "neck"] == pytest.approx(80.5 / H)


def test_the_head_reaches_from_the_hair_to_the_end_of_the_face(measured):
    assert measured["length", "head height"] == pytest.approx(40 / H)
    assert measured["length", "face height"] == pytest.approx(20 / H)
    assert measured["length", "face width"] == pytest.approx(20 / H)


def test_what_is_not_seen_has_no_place_and_no_length(measured):
    assert measured["joint seen", "neck"] == 1
    assert measured["joint seen", "nose"] == 0
    assert np.isnan(measured["joint x", "nose"])
    assert np.isnan(measured["length", "between eyes"])
    assert np.isnan(measured["length", "right forearm"])


def test_label_shares_are_of_the_picture_and_sum_to_one(measured):
    assert measured["label share", "upper_clothes"] == pytest.approx(100 * 80 / (H * W))
    assert measured["label share"].sum() == pytest.approx(1)
    assert measured["worn garment", "area"] == measured["label share", "upper_clothes"]


def test_the_garments_box_is_told_in_heights(measured):
    told = measured["worn garment"]
    assert (told["height"], told["width"]) == (100 / H, 80 / H)
    assert (told["top"], told["bottom"], told["aspect"], told["filled"]) == (80 / H, 180 / H, 0.8, 1)


def test_nobody_without_a_garment_or_a_face_stops_the_measuring(person):
    bare = measure_people([person._replace(parsing=np.zeros(SIZE, np.uint8))], CIHP).loc["p"]
    assert bare["worn garment", "area"] == 0
    assert np.isnan(bare["worn garment", "aspect"])
    assert np.isnan(bare["length", "head height"])
    assert np.isnan(bare["gradient energy", "garment"])
    assert np.isnan(bare["garment colour", "R 50%"])


def test_colours_are_those_of_their_region(measured):
    red, blue = measured["garment colour"], measured["background colour"]
    assert (red["R 50%"], red["G 50%"], red["B 50%"]) == (1, 0, 0)
    assert (blue["R 50%"], blue["G 50%"], blue["B 50%"]) == (0, 0, 1)
    assert measured["garment hue", "bin 1 of 8"] == 1
    assert measured["background hue", "bin 6 of 8"] == 1  # blue is 2/3
    assert measured["garment lightness", "bin 3 of 8"] == 1  # red is 0.299


def test_shares_of_hue_and_lightness_sum_to_one_and_grey_has_no_hue():
    image = np.random.default_rng(0).integers(0, 256, (*SIZE, 3)).astype(np.uint8)
    image[: H // 4] = np.arange(W, dtype=np.uint8)[None, :, None]
    told = measure_products([Clothing("c", image, np.full(SIZE, 255, np.uint8))]).loc["c"]
    assert told["garment hue"].sum() == pytest.approx(1)
    assert told["garment lightness"].sum() == pytest.approx(1)
    assert 0.25 <= told["garment hue", "none: grey"] < 0.4


def test_hues_are_those_of_the_standard_library():
    colours = np.random.default_rng(1).random((200, 3))
    expected = [colorsys.rgb_to_hsv(*colour)[0] for colour in colours]
    np.testing.assert_allclose(measures._hue(colours), expected, atol=1e-12)


def test_the_energy_of_a_ramp_is_its_slope_squared():
    ramp = np.repeat(np.tile(np.arange(W, dtype=np.uint8)[None, :, None], (H, 1, 1)), 3, axis=2)
    inside = np.zeros(SIZE, bool)
    inside[20:100, 20:100] = True
    assert measures._gradient_energy(ramp, inside) == pytest.approx((1 / 255) ** 2)
    assert measures._gradient_energy(np.full((*SIZE, 3), 9, np.uint8), inside) == 0


def test_the_outline_of_a_region_is_not_its_fabric(person):
    assert measure_people([person], CIHP).loc["p"]["gradient energy", "garment"] == 0
    assert np.isnan(measures._gradient_energy(person.image, np.eye(H, W, dtype=bool)))


def test_a_region_is_not_eroded_at_the_pictures_edge():
    image = np.zeros((*SIZE, 3), np.uint8)
    at_the_edge = np.zeros(SIZE, bool)
    at_the_edge[-4:] = True
    assert measures._gradient_energy(image, at_the_edge) == 0


def table_of(**columns):
    return pd.DataFrame({("g", name): values for name, values in columns.items()}, dtype=float)


def compared(ours, theirs):
    return likeness({"people": table_of(**ours)}, {"people": table_of(**theirs)})


def test_a_world_covers_itself(person, tiny_hd):
    own = measure([VitonHd(tiny_hd.root, "test")], 10)
    table = likeness(own, own)
    assert (table["covered"] == table["of"]).all()
    assert not_covered(table).empty


def test_a_value_outside_is_not_covered_and_said_how_far():
    table = compared({"a": [0, 1, 2], "b": [0, 1, 2]}, {"a": [1, 2, 5], "b": [0, 1, 2]})
    assert list(table["covered"]) == [2, 3]
    assert list(table["of"]) == [3, 3]
    missed = not_covered(table)
    assert list(missed.index) == [("people", "g", "a")]
    assert missed["beyond"].item() == pytest.approx(3 / np.std([1, 2, 5], ddof=1))


def test_the_middle_95_percent_leaves_extremes_out():
    row = compared({"a": np.arange(101)}, {"a": [0, 50]}).iloc[0]
    assert (row["world 2.5%"], row["world 97.5%"], row["world least"], row["world most"]) == (2.5, 97.5, 0, 100)
    assert (row["covered"], row["in 95%"], row["of"]) == (2, 1, 2)
    assert (row["world mean"], row["reference mean"]) == (50, 25)


def test_unknown_values_count_for_nobody():
    row = compared({"a": [1, np.nan, 3]}, {"a": [2, np.nan]}).iloc[0]
    assert (row["world n"], row["covered"], row["of"]) == (2, 1, 1)


def test_what_the_world_never_shows_is_not_covered():
    table = compared({"a": [1, 1], "b": [np.nan, np.nan]}, {"a": [1, 1], "b": [2, 2], "c": [3, 3]})
    assert list(table["covered"]) == [2, 0, 0]
    assert not_covered(table)["beyond"].tolist() == [np.inf, np.inf]


def test_what_is_nothing_in_both_is_left_out():
    assert list(compared({"a": [0, 0], "b": [1, 2]}, {"a": [0], "b": [1]}).index.get_level_values(2)) == ["b"]


def test_groups_are_counted_and_summed():
    table = compared({"a": [0, 2], "b": [0, 2]}, {"a": [1, 3], "b": [1, 1]})
    counted = likeness_by_group(table)
    assert counted.loc[("people", "g")].tolist() == [2, 3, 3, 4]
    assert counted.loc[("all", "")].tolist() == [2, 3, 3, 4]


def test_any_folder_is_read_by_the_ordinary_reader_in_either_spelling(either_tiny_hd, capsys):
    either_tiny_hd.image("p1").write_bytes(b"no picture")
    found = measure([VitonHd(either_tiny_hd.root, "test")], 10)
    assert list(found["people"].index) == ["p2"]
    assert list(found["products"].index) == ["c1", "c2", "c3"]
    assert "p1.jpg" in capsys.readouterr().out


def test_a_larger_picture_of_the_same_is_measured_the_same(make_tiny_hd):
    small, large = (
        measure([VitonHd(make_tiny_hd(name, size=size).root, "test")], 10)
        for name, size in (("small", (256, 192)), ("large", (512, 384)))
    )
    for group, atol in (("label share", 0.003), ("length", 0.01), ("garment hue", 0.01), ("garment colour", 0.02)):
        np.testing.assert_allclose(small["people"][group], large["people"][group], atol=atol, err_msg=group)


def test_splits_are_measured_one_after_another_up_to_a_number(tiny_hd):
    data = VitonHd(tiny_hd.root, "test")
    assert len(measure([data, data], 3)["people"]) == 3


def test_the_real_sample_is_measured_whole(shared_data):
    found = measure([VitonHd(shared_data / "vitonhd_sample", "test")], 100)
    assert (len(found["people"]), len(found["products"])) == (4, 8)
    assert found["people"]["gradient energy", "garment"].min() > 0
    assert found["people"]["length", "shoulder width"].between(0.1, 0.5).all()


def test_the_command_prints_the_table_and_writes_it(make_tiny_hd, tmp_path, monkeypatch, capsys):
    world, reference = make_tiny_hd("world"), make_tiny_hd("reference", spelling="old")
    (world.root / "test_pairs.txt").write_text("p1.jpg c1.jpg\np2.jpg c3.jpg\n")
    options = ["--data", str(reference.root), "--world", str(world.root), "--csv", str(tmp_path / "t.csv")]
    monkeypatch.setattr("sys.argv", ["benchmarks.likeness", *options])
    command.main()
    told, written = capsys.readouterr().out, pd.read_csv(tmp_path / "t.csv")
    for wanted in ("shoulder width", "reference mean", "covered", "unpaired warps"):
        assert wanted in told
    assert set(written["about"]) == {"people", "products", "unpaired warps"}  # nobody wears the own garment there
    assert (written.query("about == 'people'")["covered"] == written.query("about == 'people'")["of"]).all()
