"""Figures on metrics: what is drawn is what was given."""

import numpy as np
from matplotlib.backends.backend_agg import FigureCanvasAgg

from viton.evaluation_figures import MARK, by_number, correlations, moves
from viton.robustness_figures import Line, noise_curves


def test_correlations_stand_where_they_are_with_their_intervals():
    values = np.array([[0.5, 0.1, 0.9], [np.nan, np.nan, np.nan]])
    figure = correlations(["m", "n"], {"judge": values, "L1": -values}, "rank correlation", ["told", "not"])
    (axis,) = figure.axes
    drawn = [line.get_xdata()[0] for line in axis.lines if len(line.get_xdata()) == 1]
    assert [value for value in drawn if np.isfinite(value)] == [0.5, -0.5]
    assert [text.get_text() for text in axis.get_yticklabels()] == ["m", "n"]
    assert axis.get_xlim() == (-1.05, 1.05)
    assert [text.get_text() for text in figure.legends[0].get_texts()] == ["judge", "L1"]


def test_every_curve_is_named_at_its_end():
    figure = by_number({"viton": ([1, 10], [3.0, 2.0]), "crn": ([1, 10], [2.5, 2.0])}, "groups", "score")
    (axis,) = figure.axes
    assert {text.get_text() for text in axis.texts} == {"viton", "crn"}
    assert [tick.get_text() for tick in axis.get_xticklabels()] == ["1", "10"]


def test_a_measure_moves_from_its_least_to_its_most():
    figure = moves(["viton", "crn"], {"ours": np.array([0.7, 0.6]), "theirs": np.array([0.8, 0.5])}, "SSIM")
    (axis,) = figure.axes
    (lines,) = axis.collections
    assert [segment[:, 0].tolist() for segment in lines.get_segments()] == [[0.7, 0.8], [0.5, 0.6]]


def test_marks_of_equal_values_do_not_hide_each_other():
    series = {name: np.full(6, 0.5) for name in ("ours", "b", "c", "d")}
    figure = moves(list("uvwxyz"), series, "SSIM")
    FigureCanvasAgg(figure).draw()
    (axis,) = figure.axes
    marks = [line for line in axis.lines if len(line.get_xdata()) == 6]
    places = np.concatenate([axis.transData.transform(line.get_xydata())[:, 1] for line in marks])
    apart = np.diff(np.sort(places)) * 72 / figure.dpi
    assert len(marks) == 4
    assert apart.min() >= MARK, "no mark reaches into another of its row, nor into the next row"


def test_through_the_marks_of_one_curve_another_beneath_it_is_seen_and_told_by_shape():
    same = {name: ([1, 10], [3.0, 2.0]) for name in ("viton", "crn", "cagan", "prgan", "real photos")}
    (axis,) = by_number(same, "groups", "score").axes
    assert {line.get_markerfacecolor() for line in axis.lines} == {"none"}
    assert len({line.get_marker() for line in axis.lines}) == len(same)
    nothing = np.full(2, np.nan)
    lines = {name: Line([1.0, 10.0], np.array([3.0, 2.0]), nothing, nothing) for name in same}
    (axis,) = noise_curves({"noise": lines}, "score").axes
    assert {line.get_markerfacecolor() for line in axis.lines} == {"none"}
