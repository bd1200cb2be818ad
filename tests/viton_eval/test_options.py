"""Options beside the experiment's own settings: closed forms, and what must not change what is said."""

from __future__ import annotations

import json
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest

from viton.config import ExperimentConfig
from viton.data.sample import Pair
from viton.data.viton_hd import VitonHd
from viton.images import load_rgb, save_png
from viton.option_figures import MASK, ablation_sheet, close_up, mask_against, painted
from viton.option_figures import sizes as sizes_figure
from viton.settings import parse
from viton.synthetic.config import WorldConfig
from viton.synthetic.dataset import write_world
from viton_eval import options
from viton_eval.experiment import Experiment
from viton_eval.interval import Mean
from viton_eval.necks import FoundCollar, collar_row, collar_table, neck_changes, neck_row, over_garments, told
from viton_eval.options import FULL, TAKEN_OFF, Claim
from viton_eval.scores import COLUMNS

SIZE = (64, 48)
WORLD = {"people": 8, "garments": 0, "seed": 3, "height": SIZE[0], "width": SIZE[1]}
SETTINGS = {
    "name": "small",
    "purpose": "A test.",
    "data": {"kind": "world", "world": WORLD},
    "height": SIZE[0],
    "width": SIZE[1],
    "methods": ["encoder-decoder", "viton"],
    "variants": {
        "no-pose": {"set": ["representation.pose=false"], "methods": ["encoder-decoder"]},
        "collar": {"set": ["warp.collar=true"], "methods": ["viton"]},
    },
}


@pytest.fixture(scope="module")
def experiment(tmp_path_factory):
    """An experiment on a small world, of which nothing is trained."""
    root = tmp_path_factory.mktemp("world")
    write_world(root, WorldConfig(**WORLD))
    data = VitonHd(root, "test")
    return Experiment(
        parse(ExperimentConfig, SETTINGS, "test"), data, data.pairs("test_pairs.txt"), (root / "none.yaml", "", "")
    )


@pytest.fixture
def folders(experiment, tmp_path):
    """Results that are the truth, and results whose mask is the whole picture."""
    for name in ("true", "whole"):
        (tmp_path / name).mkdir()
        for pair in experiment.pairs:
            mask = options.garment_region(experiment, pair) if name == "true" else np.ones(SIZE, bool)
            save_png(tmp_path / name / f"{pair.name}.png", experiment.truth(pair).image)
            save_png(tmp_path / name / f"{pair.name}.mask.png", mask.astype(np.uint8) * 255)
    return {FULL: tmp_path / "true", "without body shape": tmp_path / "whole"}


def table_of(values, metric="l1_neck", first=0):
    """Scores of pairs (p, c) of which one measure is known."""
    rows = [{"person": f"p{first + i}", "clothing": f"c{(first + i) % 3}", metric: v} for i, v in enumerate(values)]
    return pd.DataFrame(rows, columns=["person", "clothing", *COLUMNS])


def box(top, bottom, left, right):
    region = np.zeros(SIZE, bool)
    region[top:bottom, left:right] = True
    return region


def test_options_are_those_that_the_configuration_tries_the_method_on_with(experiment):
    assert options.available(experiment, "encoder-decoder", options.ABLATED) == {FULL: "", "without pose": "no-pose"}
    assert options.available(experiment, "viton", options.COLLAR) == options.COLLAR
    assert options.available(experiment, "viton", options.ABLATED) == {}  # nothing to compare with
    assert options.available(experiment._replace(pairs=[]), "viton", options.COLLAR) == {}  # no truth is known


def test_what_is_absent_is_said_in_a_line_each_and_nothing_where_all_is_there(experiment):
    assert options.absent(experiment, "viton", options.COLLAR) == ""
    line = options.absent(experiment, "encoder-decoder", options.ABLATED)
    assert line == "without body shape: small does not try on encoder-decoder with a variant no-body-shape"
    assert "does not try on crn" in options.absent(experiment, "crn", options.COLLAR)
    assert "does not know the truth" in options.absent(experiment._replace(pairs=[]), "viton", options.COLLAR)


@pytest.mark.parametrize(
    ("apart", "better", "expected", "said"),
    [
        (Mean(0.2, 0.1, 0.3, 20), "less", "worse", "yes"),
        (Mean(0.2, 0.1, 0.3, 20), "less", "better", "no, the other way"),
        (Mean(0.2, 0.1, 0.3, 20), "more", "better", "yes"),
        (Mean(-0.2, -0.3, -0.1, 20), "more", "worse", "yes"),
        (Mean(-0.2, -0.3, -0.1, 20), "less", "better", "yes"),
        (Mean(0.2, -0.1, 0.3, 20), "less", "worse", "not decided"),
        (Mean(0.0, 0.0, 0.0, 20), "less", "worse", "not decided"),
        (Mean(0.2, 0.1, 0.3, 7), "less", "worse", "too few pairs"),
        (None, "less", "worse", "not known of any pair"),
    ],
)
def test_an_outcome_is_as_expected_only_when_the_interval_excludes_zero(apart, better, expected, said):
    assert options.outcome(apart, better, expected) == said


def test_an_outcome_needs_a_better_side():
    with pytest.raises(ValueError, match="less or more"):
        options.outcome(Mean(0.2, 0.1, 0.3, 9), "", "worse")


def test_a_constant_shift_is_found_over_the_pairs_that_were_asked_for_alone():
    values = np.random.default_rng(0).uniform(size=24)
    shifted = values + np.where(np.arange(24) < 12, 0.25, -0.5)
    tables = {FULL: [table_of(values)], "other": [table_of(shifted)]}
    some, rest = (options.pairs_of(table_of(values[:12])), options.pairs_of(table_of(values[12:], first=12)))
    claims = [Claim("rises", "other", some, "l1_neck", "worse"), Claim("falls", "other", rest, "l1_neck", "worse")]
    found = options.findings(tables, [*claims, Claim("no such", "absent", some, "l1_neck", "worse")])
    assert found.index.to_list() == ["rises", "falls"]
    assert found.loc["rises"].to_list() == ["L1 neck", "+0.2500", "[+0.2500, +0.2500]", 12, "yes"]
    assert found.loc["falls"].to_list() == ["L1 neck", "-0.5000", "[-0.5000, -0.5000]", 12, "no, the other way"]
    nobody = options.findings(tables, [Claim("none", "other", [], "l1_neck", "worse")])
    assert nobody.loc["none", ["pairs", "here"]].to_list() == [0, "not known of any pair"]


def test_tables_keep_the_pairs_that_are_wanted_and_options_without_any_are_left_out():
    tables = {FULL: [table_of(range(6))], "other": [table_of(range(3), first=6)]}
    wanted = [Pair("p1", "c1"), Pair("p4", "c1"), Pair("p2", "c1")]  # the last: a person with another garment
    found = options.of_pairs(tables, wanted)
    assert list(found) == [FULL]
    assert options.pairs_of(found[FULL][0]) == wanted[:2]
    assert options.of_pairs(tables, []) == {}


def test_known_pairs_are_those_that_every_option_knows():
    one, other = table_of([0.1, np.nan, 0.3, 0.4]), table_of([0.1, 0.2, 0.3])
    assert options.pairs_known({FULL: [one], "other": [other]}, "l1_neck") == [Pair("p0", "c0"), Pair("p2", "c2")]
    assert options.pairs_known({}, "l1_neck") == []


def test_one_pair_of_each_person_is_taken_with_another_garment_where_there_is_one():
    pairs = [Pair("a", "x"), Pair("b", "x"), Pair("b", "y"), Pair("c", "x")]
    assert options.pairs_with(pairs, ["b", "a", "nobody"]) == [Pair("b", "x"), Pair("a", "x")]
    assert options.pairs_with(pairs, ["a", "b", "c"]) == [Pair("a", "x"), Pair("b", "y"), Pair("c", "x")]


def test_an_arm_is_in_front_when_the_world_laid_one_on_the_trunk(tmp_path):
    arms = {"a": ("down", "front_low"), "b": ("raised", "down"), "c": ("across_low", "across_high"), "d": ("down",) * 2}
    body = {"kind": "person", "pose": "standing", "lower": "skirt", "chest": 0.1, "waist": 0.08, "hip": 0.12}
    rows = [body | {"id": name, "left_arm": left, "right_arm": right} for name, (left, right) in arms.items()]
    (tmp_path / "test").mkdir()
    path = tmp_path / "test" / "attributes.jsonl"
    path.write_text("".join(json.dumps(row) + "\n" for row in [*rows, {"kind": "garment", "id": "a"}]))
    pairs = [Pair("a", "x"), Pair("b", "x"), Pair("c", "x"), Pair("c", "y")]
    world = SimpleNamespace(data=SimpleNamespace(root=tmp_path, split="test"), pairs=pairs)
    people = options.people_of(world)
    assert people["arm_in_front"].to_dict() == {"a": True, "b": False, "c": True}
    assert people["width"].to_list() == pytest.approx([0.1] * 3)
    counted = options.poses(people, pairs)
    assert counted["pairs"].sum() == len(pairs)
    assert counted.loc["yes", "pairs"].to_list() == [2, 1]
    assert counted.loc["no", "arms"] == "down and raised"
    path.unlink()
    assert options.people_of(world).empty
    assert not options.people_of(world)["arm_in_front"].any()


def test_sizes_of_true_masks_are_right_and_those_of_whole_pictures_are_too_large(experiment, folders):
    found = options.garment_sizes(experiment, folders)
    assert len(found) == 2 * len(experiment.pairs)
    full, whole = found[found["option"] == FULL], found[found["option"] != FULL]
    assert (full["error"] == 0).all()
    assert (whole["predicted"] == 1).all()
    np.testing.assert_allclose(whole["error"], 1 / whole["true"] - 1)
    assert len(options.garment_sizes(experiment, {FULL: folders[FULL] / "none"})) == 0


def test_thirds_are_of_people_by_width_whatever_the_order():
    rows = [("o", f"p{i}", f"c{j}", 0.2, 0.2, [0.5, 0.0, -0.5][i // 3]) for i in range(9) for j in range(2)]
    sizes = pd.DataFrame(rows, columns=["option", "person", "clothing", "true", "predicted", "error"])
    width = pd.Series({f"p{i}": 0.1 + 0.01 * i for i in range(9)} | {"elsewhere": 0.0})
    found = options.by_width(sizes, width)
    assert found.columns.to_list() == list(options.THIRDS)
    assert found.loc["o"].str.split().str[0].to_list() == ["+50.0%", "+0.0%", "-50.0%"]
    assert found.loc["o"].str.endswith("n=6").all()
    pd.testing.assert_frame_equal(options.by_width(sizes.sample(frac=1, random_state=0), width[::-1]), found)


def test_a_row_of_the_ablation_has_every_options_picture_and_says_how_masks_overlap(experiment, folders):
    pair, people = experiment.pairs[0], options.people_of(experiment)
    pictures, captions = options.ablation_row(experiment, folders, pair, people)
    assert list(pictures) == [
        *("person", "garment", FULL, FULL + MASK),
        *("without body shape", "without body shape" + MASK, "truth", "truth" + MASK),
    ]
    assert captions[FULL + MASK] == "IoU 1.00"
    assert captions["without body shape" + MASK] == f"IoU {options.garment_region(experiment, pair).mean():.2f}"
    assert captions["person"].startswith(people.loc[pair.person, "pose"].replace("_", " "))
    np.testing.assert_array_equal(pictures[FULL + MASK], pictures["truth" + MASK])
    (folders[FULL] / f"{pair.name}.png").unlink()
    assert FULL not in options.ablation_row(experiment, folders, pair, people)[0]
    figure = ablation_sheet([(pictures, captions)] * 2)
    assert [axis.get_title() for axis in figure.axes[:4]] == ["person", "garment", FULL, "its mask"]
    assert len(figure.axes) == 2 * len(pictures)


def test_masks_are_coloured_by_what_agrees():
    found, true = box(10, 30, 10, 30), box(20, 40, 10, 30)
    picture = mask_against(found, true)
    colours = [tuple(picture[place]) for place in ((12, 12), (25, 12), (35, 12), (50, 12))]
    assert len(set(colours)) == 4
    assert colours[-1] == (255, 255, 255)
    swapped = mask_against(true, found)
    assert [tuple(swapped[place]) for place in ((35, 12), (25, 12), (12, 12))] == colours[:3]
    assert (mask_against(true, true)[true] == picture[25, 12]).all()


def test_a_painted_picture_is_paler_and_one_colour_where_a_region_was_found():
    picture = np.random.default_rng(0).integers(0, 256, (*SIZE, 3), np.uint8)
    region = box(10, 30, 10, 30)
    pale = painted(picture, region)
    assert (pale[~region] >= picture[~region]).all()
    assert len(np.unique(pale[region], axis=0)) == 1
    assert (painted(picture, region, region)[region] != pale[region]).any()  # found and true is told from found alone


def test_sizes_are_drawn_to_one_scale():
    panels = {name: (np.array([0.1, 0.2]), np.array([0.1, most])) for name, most in (("a", 0.2), ("b", 0.4))}
    figure = sizes_figure(panels)
    assert {axis.get_xlim() for axis in figure.axes} == {axis.get_ylim() for axis in figure.axes}
    assert figure.axes[0].get_ylim()[1] > 0.4


def collar(name, true, found):
    return FoundCollar(name, np.full((*SIZE, 3), 200, np.uint8), true, found)


def test_collars_overlap_as_said_and_garments_without_one_do_not_count():
    none, part = np.zeros(SIZE, bool), box(10, 20, 10, 20)
    table = collar_table([
        collar("a", part, part),
        collar("b", part, box(10, 20, 15, 25)),
        collar("c", part, none),
        collar("d", none, none),
        collar("e", none, part),
    ])  # fmt: skip
    np.testing.assert_allclose(table["iou"], [1, 1 / 3, 0, np.nan, np.nan])
    assert over_garments(table["iou"]).n == 3
    lines = told(table).splitlines()
    assert lines[0].startswith("collar IoU, unseen garments: 0.444 [")
    assert lines[0].endswith("(n = 3), asked at least 0.8: NOT reached")
    assert lines[1].startswith("garments on which it is at least 0.8: 33% [")
    assert lines[2] == "garments without an inner collar: found on 1 of 2, 3.26% of the picture on average"
    assert told(table[table["iou"] == 1]).startswith("collar IoU, unseen garments: 1.000 [1.000, 1.000] (n = 1)")
    assert told(collar_table([])) == "no garment of the split shows an inner collar"


def test_the_interval_over_garments_shrinks_with_their_number_and_ignores_unknown_ones():
    values = np.random.default_rng(0).uniform(size=400)
    few, many = over_garments(pd.Series([*values[:25], np.nan])), over_garments(pd.Series(values))
    assert few.value == pytest.approx(values[:25].mean())
    assert few.high - few.low > 2.5 * (many.high - many.low)
    standard = values.std(ddof=1) / 20
    assert many.high - many.low == pytest.approx(2 * 1.96 * standard, rel=0.1)
    assert over_garments(pd.Series([np.nan])) is None


def test_neck_changes_are_off_less_full_and_the_largest_collar_comes_first():
    collars = pd.DataFrame({"clothing": ["c0", "c1", "c2"], "true": [0.0, 0.01, 0.03]})
    tables = {FULL: [table_of([0.3, 0.3, 0.3, np.nan])], TAKEN_OFF: [table_of([0.3, 0.2, 0.4, 0.1])]}
    found = neck_changes(tables, collars)
    assert found["person"].to_list() == ["p2", "p1", "p0"]
    assert found["change"].to_list() == pytest.approx([0.1, -0.1, 0])
    assert neck_changes({FULL: tables[FULL]}, collars).empty


def test_necks_are_shown_close_up_with_every_picture_that_there_is(experiment, folders):
    pair = experiment.pairs[0]
    found = collar(pair.clothing, box(5, 9, 18, 30), box(5, 8, 18, 30))
    row = neck_row(experiment, folders, pair, found)
    assert list(row) == [
        *("product", "true collar", "found collar", f"try-on, {FULL}", "try-on, without body shape", "truth")
    ]
    rows, columns = row["product"][1]
    assert rows.start <= 5
    assert rows.stop >= 9
    assert (columns.start, columns.stop) != (0, SIZE[1])
    np.testing.assert_array_equal(row["truth"][0], load_rgb(folders[FULL] / f"{pair.name}.png"))
    assert len(close_up([row, collar_row(found)]).axes) == 2 * len(row)
    nothing = collar(pair.clothing, np.zeros(SIZE, bool), np.zeros(SIZE, bool))
    assert collar_row(nothing)["product"][1] == (slice(0, SIZE[0]), slice(0, SIZE[1]))
