"""Coordinate frames, against what OpenCV, torch and grid_sample do with pixels."""

import cv2
import numpy as np
import pytest
import torch
import torch.nn.functional as F

from viton.coordinates import normalise, pixel_grid, rescale_px

SIZES = [((64, 48), (128, 96)), ((128, 96), (64, 48)), ((60, 90), (240, 120)), ((96, 96), (96, 48))]


def _blob(size: tuple[int, int], centre: tuple[float, float]) -> np.ndarray:
    y, x = np.mgrid[: size[0], : size[1]]
    spread = np.array([size[1], size[0]]) / 12
    return np.exp(-(((x - centre[0]) / spread[0]) ** 2) - ((y - centre[1]) / spread[1]) ** 2)


def _centre(blob: np.ndarray) -> np.ndarray:
    y, x = np.mgrid[: blob.shape[0], : blob.shape[1]]
    return np.array([(blob * x).sum(), (blob * y).sum()]) / blob.sum()


@pytest.mark.parametrize(("of", "to"), SIZES)
def test_a_blob_goes_where_opencv_and_torch_resize_it_to(of, to):
    centre = (0.45 * of[1], 0.52 * of[0])
    blob = _blob(of, centre)
    expected = rescale_px(np.array([_centre(blob)]), of, to)[0]
    flag = cv2.INTER_AREA if to[0] < of[0] else cv2.INTER_LINEAR
    np.testing.assert_allclose(_centre(cv2.resize(blob, to[::-1], interpolation=flag)), expected, atol=0.03)
    resized = F.interpolate(torch.from_numpy(blob)[None, None], to, mode="bilinear", antialias=True)[0, 0].numpy()
    np.testing.assert_allclose(_centre(resized), expected, atol=0.03)


@pytest.mark.parametrize(("of", "to"), SIZES)
def test_rescaling_and_back_changes_nothing(of, to):
    points = np.random.default_rng(0).uniform(-10, 100, (20, 2))
    np.testing.assert_allclose(rescale_px(rescale_px(points, of, to), to, of), points, atol=1e-10)


def test_the_outer_edges_of_two_sizes_coincide():
    edges = np.array([[-0.5, -0.5], [47.5, 63.5]])
    np.testing.assert_allclose(rescale_px(edges, (64, 48), (256, 192)), [[-0.5, -0.5], [191.5, 255.5]])


def test_rescaling_leaves_its_input_as_it_is():
    for points in (torch.ones(3, 2).double(), np.ones((3, 2))):
        rescale_px(points, (64, 48), (128, 96))
        assert (points == 1).all()


def test_the_corner_pixels_have_their_centres_at_minus_one_and_one():
    corners = torch.tensor([[0.0, 0.0], [47.0, 63.0], [23.5, 31.5]])
    torch.testing.assert_close(normalise(corners, (64, 48)), torch.tensor([[-1.0, -1.0], [1.0, 1.0], [0.0, 0.0]]))


def test_sampling_at_every_pixel_gives_the_picture_back():
    picture = torch.rand(1, 3, 64, 48, dtype=torch.float64)
    grid = normalise(pixel_grid((64, 48)), (64, 48)).reshape(1, 64, 48, 2)
    torch.testing.assert_close(F.grid_sample(picture, grid, align_corners=True), picture)


def test_the_grid_runs_row_by_row_in_x_y():
    grid = pixel_grid((2, 3))
    assert grid.tolist() == [[0, 0], [1, 0], [2, 0], [0, 1], [1, 1], [2, 1]]
    assert grid.dtype == torch.float64
