"""Figures of try-ons: every picture in its place, gaps told, colours that do not change."""

from __future__ import annotations

import numpy as np
import torch
from matplotlib.figure import Figure

from viton import try_on_figures as figures
from viton.data.sample import Clothing, Person, Sample

H, W = 32, 24


def picture(value):
    return np.full((H, W, 3), value, np.uint8)


def sample(number):
    person = Person(f"p{number}", picture(10), np.zeros((H, W), np.uint8), np.zeros((18, 3), np.float32))
    return Sample(person, Clothing(f"c{number}", picture(20), np.full((H, W), 255, np.uint8)))


def shown(figure: Figure) -> list[int]:
    """The first value of the picture in each cell, row by row."""
    return [int(axis.images[0].get_array().flat[0]) for axis in figure.axes]


def test_methods_stand_side_by_side_and_what_failed_is_told():
    results = {"viton": [picture(30), None], "crn": [picture(40), picture(50)]}
    figure = figures.comparison_sheet([sample(0), sample(1)], results, [picture(60), picture(70)])
    assert shown(figure) == [10, 20, 30, 40, 60, 10, 20, 255, 50, 70]
    assert [axis.get_title() for axis in figure.axes[:5]] == ["person", "garment", "viton", "crn", "truth"]
    assert [text.get_text() for axis in figure.axes for text in axis.texts] == ["no result"]


def test_without_a_truth_there_is_no_column_for_it():
    figure = figures.comparison_sheet([sample(0)], {"viton": [picture(30)]}, [None])
    assert [axis.get_title() for axis in figure.axes] == ["person", "garment", "viton"]


def test_stages_come_in_the_papers_order_and_the_truth_last():
    row = {"truth": picture(5), "try-on": picture(4), "coarse": picture(2), "person": picture(1)}
    figure = figures.stage_sheet([row, row])
    assert [axis.get_title() for axis in figure.axes[:4]] == ["person", "coarse", "try-on", "truth"]
    assert shown(figure) == [1, 2, 4, 5] * 2


def test_a_part_is_enlarged_in_whole_pixels():
    whole = np.arange(H * W * 3, dtype=np.uint8).reshape(H, W, 3)
    part = figures.enlarged(whole, (slice(4, 12), slice(6, 12)), height=H)
    assert part.shape == (32, 24, 3)
    assert (part[::4, ::4] == whole[4:12, 6:12]).all()
    assert (part[3::4, 3::4] == whole[4:12, 6:12]).all()


def test_the_frame_goes_around_the_part_and_the_picture_is_left_alone():
    whole = picture(0)
    figure = figures.enlargements([whole], [(slice(4, 12), slice(6, 12))], {"viton": [picture(9)], "crn": [None]})
    drawn = figure.axes[0].images[0].get_array()
    assert drawn[4, 6].tolist() == drawn[11, 11].tolist() == [194, 65, 12]
    assert not drawn[5:11, 7:11].any()
    assert not whole.any()


def test_a_representation_shows_joints_over_face_over_body():
    channels = torch.zeros(22, H, W)
    channels[18, 8:, 4:20] = 1
    channels[19:, 10:14, 8:12] = 0.5
    channels[3, 12, 8:12] = 1
    found = figures.representation_picture(channels)
    assert (found[0, 0] == 255).all()
    assert len(np.unique(found[20, 5])) == 1
    assert 100 < found[20, 5, 0] < 200
    assert (found[11, 9] == 191).all()
    assert len(np.unique(found[12, 9])) > 1


def test_a_method_has_one_colour():
    methods = ["viton", "mine", "yours"]
    colours = [figures.colour_of(name, methods) for name in methods]
    assert len(set(colours)) == 3
    assert colours[0] == figures.colour_of("viton")
    assert len(set(figures.COLOURS.values())) == 6


def test_means_and_curves_draw_what_they_are_given():
    figure = figures.means(
        ["a", "b"], np.array([[1, 0.5, 1.5], [2, 1, 3]]), "difference", zero=True, told=["n=1", "n=2"]
    )
    axis = figure.axes[0]
    assert sorted(float(line.get_xdata()[0]) for line in axis.lines if line.get_marker() == "o") == [1, 2]
    assert [text.get_text() for text in axis.texts] == ["n=1", "n=2"]
    curve = ([1, 2, 3], [3.0, 2.0, 1.0])
    drawn = figures.training_curves({"coarse": {"total": [curve, curve], "l1": [curve]}, "crn": {"total": [curve]}})
    assert [len(axis.lines) for axis in drawn.axes] == [2, 1, 1, 0]
