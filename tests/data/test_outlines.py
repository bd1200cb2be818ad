"""COCO's outlines as masks, against point-in-polygon by another library and run lengths counted by hand."""

import numpy as np
import pytest
from matplotlib.path import Path as Polygon

from viton.data.outlines import mask_of_outline, of_polygon, packed, unpacked
from viton.errors import InputError


@pytest.mark.parametrize("seed", range(8))
def test_a_polygon_holds_the_pixels_whose_centres_matplotlib_finds_inside(seed):
    """Stars that may cross themselves are excluded: both rules differ there by their nature."""
    rng = np.random.default_rng(seed)
    angles = np.sort(rng.uniform(0, 2 * np.pi, 12))
    points = np.array([20, 14]) + rng.uniform(4, 22, (12, 1)) * np.stack([np.cos(angles), np.sin(angles)], axis=1)
    y, x = np.mgrid[:30, :40]
    expected = Polygon(points).contains_points(np.stack([x + 0.5, y + 0.5], axis=-1).reshape(-1, 2)).reshape(30, 40)
    np.testing.assert_array_equal(of_polygon(points, (30, 40)), expected)


def test_a_box_on_pixels_edges_is_those_pixels_and_parts_outside_are_cut():
    mask = mask_of_outline([[2.0, 1.0, 5.0, 1.0, 5.0, 3.0, 2.0, 3.0]], (6, 8), "here")
    assert mask.sum() == 6
    assert mask[1:3, 2:5].all()
    assert mask_of_outline([[-9, -9, 99, -9, 99, 99, -9, 99]], (6, 8), "here").all()
    assert mask_of_outline([[0, 0, 2, 0, 2, 2, 0, 2], [6, 4, 8, 4, 8, 6, 6, 6]], (6, 8), "here").sum() == 8


def test_run_lengths_go_down_the_columns_background_first():
    expected = np.array([[0, 0, 1], [1, 0, 1]], np.uint8)
    np.testing.assert_array_equal(mask_of_outline({"size": [2, 3], "counts": [1, 1, 2, 2]}, (2, 3), "here"), expected)
    starting = mask_of_outline({"size": [2, 3], "counts": [0, 6]}, (2, 3), "here")
    assert starting.all()


def test_compressed_run_lengths_are_read_as_the_format_says():
    """Letters by hand: 1 is '1'; 5 and 0 likewise; 100 = 0b11_00100 takes two; and a difference of -1 is 'O'."""
    assert unpacked("1", "here") == [1]
    assert unpacked("501", "here") == [5, 0, 1]
    assert unpacked(chr(48 + 0b100100) + chr(48 + 0b00011), "here") == [100]
    assert unpacked("123O", "here") == [1, 2, 3, 1]  # the fourth: one less than the second
    for seed in range(20):
        counts = np.random.default_rng(seed).integers(0, 5000, 25).tolist()
        assert unpacked(packed(counts), "here") == counts
    mask = (np.random.default_rng(1).random((9, 7)) > 0.5).astype(np.uint8)
    flat = mask.T.ravel()
    edges = np.flatnonzero(np.diff(np.concatenate([[0], flat, [1 - flat[-1]]])))
    counts = np.diff(np.concatenate([[0], edges])).tolist()
    both = [{"size": [9, 7], "counts": form} for form in (counts, packed(counts))]
    for outline in both:
        np.testing.assert_array_equal(mask_of_outline(outline, (9, 7), "here"), mask)


@pytest.mark.parametrize(
    ("outline", "said"),
    [
        ([], "polygons, or run lengths"),
        (None, "polygons, or run lengths"),
        ([[1, 2, 3, 4]], "at least 3 points"),
        ([[1, 2, 3, 4, 5, float("nan")]], "numbers below"),
        ([["a"] * 6], "numbers below"),
        ({"size": [2, 2], "counts": [4]}, r"of size \[3, 3\]"),
        ({"size": [3, 3], "counts": [4]}, "add up to 9, got 4"),
        ({"size": [3, 3], "counts": [10, -1]}, "whole numbers"),
        ({"size": [3, 3], "counts": "\x10"}, "compressed run lengths, got the character"),
        ({"size": [3, 3], "counts": "o"}, "cut off"),
        ({"size": [3, 3], "counts": "o" * 40}, "compressed run lengths"),
    ],
)
def test_what_is_no_outline_is_named(outline, said):
    with pytest.raises(InputError, match=f"^here: expected .*{said}"):
        mask_of_outline(outline, (3, 3), "here")
