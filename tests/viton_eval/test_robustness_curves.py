"""What noise does, told of tables in which it is known; and the figures that show it."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
import torch
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.text import Text

from viton.figures import spread
from viton.person import represent_people
from viton.robustness_figures import Line, noise_curves, noise_sheet
from viton_eval.estimators import BOTH, KINDS, PARSING, POSE
from viton_eval.robustness import COLUMNS, EXACT, MEASURED
from viton_eval.robustness_curves import (
    by_measure,
    curves,
    failures,
    lines,
    order_of,
    readable,
    shown_measure,
    suffers_most,
    unmoved,
)

LEVELS = (1.0, 2.0)
# By how much a method's distance grows at level 1 for each kind of noise; twice that at level 2.
HARM = {"viton": {POSE: 0.02, PARSING: 0.01, BOTH: 0.03}, "crn": {POSE: 0.01, PARSING: 0.0, BOTH: 0.01}}
HARM["cagan"] = dict.fromkeys(KINDS, 0.0)
START = {"viton": 0.2, "crn": 0.25, "cagan": 0.4}


def table(pairs=12, spread=0.001, harm=HARM, seed=0):
    """A row a method, condition and pair: distances that differ between pairs, harm that differs by `spread`."""
    rng, rows = np.random.default_rng(seed), []
    each, jitter = rng.normal(0, 0.05, pairs), rng.normal(0, spread, (len(harm), pairs))
    jitter -= jitter.mean(axis=1, keepdims=True)
    for (method, kinds), own in zip(harm.items(), jitter, strict=True):
        for kind, level in [(EXACT, 0.0), *((kind, level) for kind in KINDS for level in LEVELS)]:
            moved = 0.0 if kind == EXACT or not kinds[kind] else 1.0
            for pair in range(pairs):
                value = START[method] + each[pair] + level * kinds.get(kind, 0) + moved * own[pair]
                rows.append((method, kind, level, f"p{pair}", f"c{pair % 5}", "ok", *[value] * len(MEASURED)))
    return pd.DataFrame(rows, columns=COLUMNS)


def of(found, method, kind, level):
    return found[(found["method"] == method) & (found["kind"] == kind) & (found["level"] == level)].iloc[0]


def failed(told, method, kind, level, number):
    """The table with the first pairs of a condition failed."""
    rows = told[(told["method"] == method) & (told["kind"] == kind) & (told["level"] == level)].index[:number]
    told.loc[rows, "status"] = "warp_failed:few_contour_points"
    told.loc[rows, list(MEASURED)] = np.nan
    return told


def test_a_known_harm_is_found_with_its_interval():
    found = curves(table(), "judge_garment")
    assert len(found) == 3 * 3 * 3
    for method, kinds in HARM.items():
        for kind in KINDS:
            for level in (0.0, *LEVELS):
                row = of(found, method, kind, level)
                assert row["difference"] == pytest.approx(level * kinds[kind], abs=1e-12)
                assert row["difference_low"] <= row["difference"] + 1e-12
                assert row["difference_high"] >= row["difference"] - 1e-12
                assert row["mean"] == pytest.approx(row["exact"] + row["difference"])
    assert of(found, "viton", POSE, 2)["difference_low"] > 0.03, "pairs differ much, their differences hardly"
    assert (of(found, "cagan", BOTH, 2)[["difference_low", "difference_high"]] == 0).all()


def test_differences_are_over_the_pairs_that_succeed_with_noise_and_without():
    told = failed(failed(table(), "viton", POSE, 2.0, 3), "viton", EXACT, 0.0, 1)
    found = curves(told, "judge_garment")
    assert of(found, "viton", POSE, 2)["both"] == 9
    assert of(found, "viton", POSE, 1)["both"] == 11
    assert of(found, "crn", POSE, 2)["both"] == 12
    assert of(found, "viton", POSE, 2)["difference"] == pytest.approx(0.04, abs=0.002)
    counted = failures(told)
    assert counted.loc[("viton", "warp_failed:few_contour_points")].to_dict() == {
        "without noise": 1,
        **{f"noise in {kind}, level {level:g}": 0 for kind in KINDS for level in LEVELS},
        "noise in pose, level 2": 3,
    }
    assert failures(table()).empty


def test_who_suffers_most_is_said_with_whether_it_is_shown():
    told = table()
    pose, _parsing, both = suffers_most(told, curves(told, "judge_garment"), "judge_garment")
    assert pose.startswith("noise in pose, level 2: viton loses most, +0.040 [")
    assert "; more than the next, crn: +0.020 [" in pose
    assert both.startswith("noise in both, level 2: viton loses most, +0.060 [")
    scattered = table(spread=0.2)
    said = suffers_most(scattered, curves(scattered, "judge_garment"), "judge_garment")[0]
    assert said == "noise in pose, level 2: no method is shown to come farther from the truth"


def test_a_narrow_lead_is_not_called_one():
    alike = {name: dict.fromkeys(KINDS, 0.03 + 0.0001 * place) for place, name in enumerate(("crn", "viton"))}
    told = table(spread=0.01, harm=alike)
    for said in suffers_most(told, curves(told, "judge_garment"), "judge_garment"):
        assert "viton loses most" in said
        assert "; not shown to be more than the next, crn: +0.000" in said


def test_of_too_few_pairs_nothing_is_shown():
    few = table(pairs=7)
    assert all(
        "no method is shown" in said for said in suffers_most(few, curves(few, "judge_garment"), "judge_garment")
    )


def test_who_is_unmoved_is_so_in_every_digit_of_every_measure():
    told = table()
    assert unmoved(told) == [
        "noise in pose: cagan unmoved, in every measure of every pair",
        "noise in parsing: crn, cagan unmoved, in every measure of every pair",
        "noise in both: cagan unmoved, in every measure of every pair",
    ]
    row = told[(told["method"] == "cagan") & (told["kind"] == POSE) & (told["level"] == 1)].index[4]
    told.loc[row, "judge_face_hair"] += 1e-7
    assert unmoved(told)[0] == "noise in pose: no method unmoved, in every measure of every pair"
    assert "cagan" in unmoved(told)[2]
    assert "cagan" not in unmoved(failed(table(), "cagan", BOTH, 2.0, 1))[2]


def test_what_no_pair_shows_is_unmoved_too():
    told = table()
    told["judge_occluders"] = np.nan
    assert "cagan unmoved" in unmoved(told)[0]


def test_methods_that_change_places_are_told_with_whether_it_is_shown():
    told = table()
    assert order_of(told, curves(told, "judge_garment"), "judge_garment")[-1] == "no two methods change places"
    for scatter, shown in ((0.001, True), (0.5, False)):
        crossing = table(harm=HARM | {"viton": dict.fromkeys(KINDS, 0.05)}, spread=scatter)
        of_all, first, last, said = order_of(crossing, curves(crossing, "judge_garment"), "judge_garment")
        assert of_all.startswith("by the means of 12 pairs that all have; `>`: decided, ")
        assert ("`~`: not decided, " in of_all) is not shown
        assert first == "level 0, nearest first: viton > crn > cagan"
        assert last == f"level 2, nearest first: crn {'>' if shown else '~'} viton {'>' if shown else '~'} cagan"
        assert said.startswith("crn passes viton, by +0.030 [")
        assert said.endswith("n=12" if shown else ": not shown by these pairs")


def test_without_a_judge_curves_are_of_l1():
    told = table()
    assert shown_measure(told) == "judge_garment"
    assert shown_measure(told.assign(judge_garment=np.nan)) == "l1_garment"


def test_tables_for_the_eye_show_what_the_curves_hold():
    told = table()
    found = curves(told, "judge_garment")
    shown = readable(found, "judge_garment")
    assert shown.loc[("viton", "noise in pose"), "level 2"].startswith("+0.040 [")
    assert "*" in shown.loc[("viton", "noise in pose"), "level 2"]
    assert "*" not in shown.loc[("cagan", "noise in pose"), "level 2"]
    every = by_measure(told.assign(judge_occluders=np.nan), BOTH, 2.0)
    assert not [name for name in every.columns if "arms" in name]
    assert len(every.columns) == len(MEASURED) - 1
    assert every.loc["viton"].str.startswith("+0.06").all()


def test_curves_have_a_panel_a_kind_one_colour_a_method_and_each_name_once():
    found = curves(table(), "judge_garment")
    panels = lines(found)
    assert list(panels) == ["noise in pose", "noise in parsing", "noise in both"]
    figure = noise_curves(panels, "apart", zero=True)
    FigureCanvasAgg(figure).draw()
    colours = [
        [line.get_color() for line in axis.lines if line.get_marker() not in ("", "None")] for axis in figure.axes
    ]
    assert colours[0] == colours[1] == colours[2]
    assert len(set(colours[0])) == 3
    markers = [line.get_marker() for line in figure.axes[0].lines if line.get_marker() not in ("", "None")]
    assert len(set(markers)) == 3, "no method is told by its colour alone"
    named = [text.get_text() for axis in figure.axes for text in axis.texts]
    assert sorted(named) == ["cagan", "crn", "viton"]
    boxes = [Text.get_window_extent(text) for text in figure.axes[-1].texts]  # without the line that leads there
    assert all(box.x0 > figure.axes[-1].get_window_extent().x1 for box in boxes), "beside the curves"
    assert not any(one.overlaps(other) for one in boxes for other in boxes if one is not other)
    assert all(box.x1 <= figure.bbox.x1 for box in boxes), "inside the figure"
    means = lines(found, "mean")["noise in pose"]["viton"]
    assert np.isnan(means.low).all()


def test_a_method_without_values_is_drawn_without_a_name():
    nothing = np.full(2, np.nan)
    figure = noise_curves({"noise": {"viton": Line([0.0, 1.0], nothing, nothing, nothing)}}, "x")
    assert isinstance(figure, Figure)
    assert not figure.axes[0].texts


@pytest.mark.parametrize("places", [[0.1], [0.5, 0.5, 0.5], [0.0, 0.01, 0.3, 0.31, 0.9], [0.2, 0.21, 0.26, 0.8]])
def test_names_are_set_apart_in_order_and_no_farther_than_is_needed(places):
    found = spread(np.array(places), 0.05)
    assert len(found) == len(places)
    assert (np.diff(found) >= 0.05 - 1e-12).all()
    assert found.mean() == pytest.approx(np.mean(places))
    np.testing.assert_allclose(spread(np.array([0.1, 0.5, 0.9]), 0.05), [0.1, 0.5, 0.9])
    assert len(spread(np.array([]), 0.05)) == 0


def test_a_sheet_shows_joints_labels_and_representation_a_column_a_level(tiny_hd):
    from viton.config import RepresentationConfig
    from viton.data.viton_hd import VitonHd
    from viton.parsing import CIHP

    person = VitonHd(tiny_hd.root, "test").person("p1", (64, 48))
    people = {"without noise": person, "level 1": person._replace(keypoints=person.keypoints * 0)}
    channels = represent_people(list(people.values()), RepresentationConfig(), CIHP)
    figure = noise_sheet(people, channels)
    shown = [axis for axis in figure.axes if axis.images]
    assert len(shown) == 6
    assert [axis.get_title() for axis in shown[:2]] == list(people)
    assert len(noise_sheet(people, torch.zeros(2, 4, 64, 48)).axes) == 4, "what is not whole is not shown"


def test_methods_are_ordered_by_the_pairs_that_all_have():
    """CRN fails on the hardest pairs alone: its mean over what is left says nothing of its place."""
    told = table(pairs=12, spread=0.0, harm={name: dict.fromkeys(KINDS, 0.0) for name in HARM})
    crn = told["method"] == "crn"
    hardest = told[crn & (told["kind"] == EXACT)].nlargest(6, "judge_garment")["person"]
    gone = told.index[crn & (told["kind"] == BOTH) & (told["level"] == LEVELS[-1]) & told["person"].isin(hardest)]
    told.loc[gone, "status"], told.loc[gone, list(MEASURED)] = "warp_failed:few_contour_points", np.nan
    lines = order_of(told, curves(told, "judge_garment"), "judge_garment")
    assert lines[0].startswith("by the means of 6 pairs that all have; `~`: not decided, ")
    assert "fewer than 8 pairs (4 of 4 steps)" in lines[0]
    assert lines[1] == "level 0, nearest first: viton ~ crn ~ cagan", "six pairs decide nothing"
    assert lines[-1] == "no two methods change places"


def test_a_method_without_a_pair_under_noise_is_named_and_stops_nothing():
    told = failed(table(), "viton", BOTH, LEVELS[-1], 12)
    found = curves(told, "judge_garment")
    assert "viton: no pair under noise" in order_of(told, found, "judge_garment")
    assert suffers_most(told, found, "judge_garment")


def test_methods_that_share_no_pair_are_not_compared():
    told = failed(table(), "viton", BOTH, LEVELS[-1], 6)
    late = told[(told["method"] == "crn") & (told["kind"] == BOTH) & (told["level"] == LEVELS[-1])].index[6:]
    told.loc[late, "status"], told.loc[late, list(MEASURED)] = "warp_failed:few_contour_points", np.nan
    found = curves(told, "judge_garment")
    assert order_of(told, found, "judge_garment") == []
    assert suffers_most(told, found, "judge_garment")
