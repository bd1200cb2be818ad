"""Figures on metrics: what is drawn is what was given."""

import numpy as np

from viton.evaluation_figures import by_number, correlations, moves


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
