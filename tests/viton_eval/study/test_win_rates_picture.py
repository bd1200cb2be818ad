"""The picture of win rates: two rows a method where rules leave somebody out, one where they do not."""

import numpy as np
import pytest

from viton.study_figures import preferences

KEPT = np.array([[0.7, 0.6, 0.8], [0.3, np.nan, np.nan]])


def drawn(kept, everything):
    """The heights at which points stand, and whether there is a legend."""
    figure = preferences(["a", "b"], kept, everything)
    (axis,) = figure.axes
    points = [line for line in axis.lines if line.get_marker() == "o" and len(line.get_xdata())]
    return [float(line.get_ydata()[0]) for line in points], bool(figure.legends)


def test_two_equal_rows_are_drawn_once_on_the_methods_line_and_need_no_legend():
    assert drawn(KEPT, KEPT.copy()) == ([1.0, 0.0], False)


@pytest.mark.parametrize("change", [(0, 0), (0, 1), (1, 1)])
def test_rows_that_differ_in_anything_are_both_drawn(change):
    other = KEPT.copy()
    other[change] = 0.5
    heights, legend = drawn(KEPT, other)
    assert legend
    assert len(heights) == len(set(heights)) == 4
