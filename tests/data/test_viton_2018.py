"""VITON's first layout: labels on their side in a square, joints as candidates, masks by a threshold."""

import numpy as np
import pytest
from scipy.io import loadmat, savemat

from viton.data.convert import Order, convert
from viton.data.layouts import open_dataset
from viton.data.viton_2018 import Viton, not_white, read_pose, read_segment
from viton.data.viton_hd import VitonHd
from viton.errors import InputError


@pytest.fixture
def folder(tiny_hd, tmp_path):
    convert(Order(tiny_hd.root, tmp_path / "viton", "viton"))
    return tmp_path / "viton"


def test_it_is_known_by_its_folders_and_its_masks_are_what_is_not_white(folder, tiny_hd):
    data, source = open_dataset(folder, "test"), VitonHd(tiny_hd.root, "test")
    assert isinstance(data, Viton)
    assert data.pairs("viton_test_pairs.txt") == source.pairs("test_pairs.txt")
    for name in source.clothings:
        true, found = source.read_mask(name), data.read_mask(name)
        assert (true & found).sum() / (true | found).sum() > 0.7  # by this threshold JPEG's ripples are garment


def test_a_mask_that_somebody_made_goes_first(folder, tiny_hd):
    (folder / "cloth-mask").mkdir()
    (folder / "cloth-mask/c1_1.jpg").write_bytes(tiny_hd.mask("c1").read_bytes())
    np.testing.assert_array_equal(Viton(folder, "test").read_mask("c1"), VitonHd(tiny_hd.root, "test").read_mask("c1"))


def test_white_inside_a_garment_is_garment():
    picture = np.full((40, 30, 3), 255, np.uint8)
    picture[5:35, 5:25] = 100
    picture[15:20, 10:15] = 255
    expected = np.zeros((40, 30), np.uint8)
    expected[5:35, 5:25] = 1
    np.testing.assert_array_equal(not_white(picture), expected)


def test_labels_are_turned_upright_and_the_padding_cut_off(tmp_path):
    upright = np.zeros((641, 641), np.uint8)
    upright[:, :481], upright[100:200, 50:80] = 3, 7  # a photo of 256x192 fills 641x481 of it
    savemat(tmp_path / "x.mat", {"segment": upright.T})
    labels = read_segment(tmp_path / "x.mat", (256, 192))
    assert set(np.unique(labels)) == {3, 7}
    rows, columns = np.nonzero(labels == 7)
    assert (rows.min(), rows.max()) == (40, 79)
    assert (columns.min(), columns.max()) == (20, 31)


def test_row_0_is_the_person_and_minus_1_is_missing(tmp_path):
    candidate = np.array([[10.0, 20.0, 0.5, 0], [30.0, 40.0, 0.9, 1], [-1.0, 5.0, 0.9, 2]])
    subset = np.full((2, 20), -1.0)
    subset[0, [0, 4, 5]], subset[1, 1] = (1, 0, 2), 0
    savemat(tmp_path / "x.mat", {"candidate": candidate, "subset": subset})
    joints = read_pose(tmp_path / "x.mat")
    np.testing.assert_allclose(joints[0], [30, 40, 0.9])
    np.testing.assert_allclose(joints[4], [10, 20, 0.5])
    assert not joints[[1, 5]].any(), "nobody else's joint, and none left of the picture"


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ({"segment": np.zeros((256, 192), np.uint8)}, "641x641, got 256x192"),
        ({"segment": np.full((641, 641), 0.5)}, "label numbers"),
        ({"segment": np.full((641, 641), np.nan)}, "label numbers"),
        ({"segment": "text"}, "numbers under 'segment', got something else"),
        ({"labels": np.zeros(3)}, "numbers under 'segment', got no such name"),
        ({"segment": np.zeros((2100, 2100), np.uint8)}, "at most 4194304 numbers, got 2100x2100"),
    ],
)
def test_a_segment_that_is_none_is_said_in_a_line(tmp_path, content, said):
    savemat(tmp_path / "x.mat", content, do_compression=True)
    with pytest.raises(InputError, match=said):
        read_segment(tmp_path / "x.mat", (256, 192))


@pytest.mark.parametrize(
    ("candidate", "subset", "said"),
    [
        (np.zeros((1, 4)), np.zeros((0, 20)), "at least one person"),
        (np.zeros((1, 4)), np.full((1, 20), 5.0), "rows of 'candidate' .0 to 0. or -1"),
        (np.zeros((1, 4)), np.full((1, 20), np.nan), "rows of 'candidate'"),
        (np.full((1, 4), 1e9), np.zeros((1, 20)), "numbers below"),
        (np.full((1, 4), np.nan), np.zeros((1, 20)), "numbers below"),
        (np.zeros((1, 2)), np.zeros((1, 20)), "rows of x, y, score"),
        (np.ones((1, 4)), np.full((1, 20), -1.0), "at least one visible joint"),
    ],
)
def test_a_pose_that_is_none_is_said_in_a_line(tmp_path, candidate, subset, said):
    savemat(tmp_path / "x.mat", {"candidate": candidate, "subset": subset})
    with pytest.raises(InputError, match=said):
        read_pose(tmp_path / "x.mat")


def test_damaged_files_are_read_or_refused_in_a_line(folder):
    paths, rng = sorted(folder.glob("*/*.mat")), np.random.default_rng(0)
    refused: list[InputError] = []
    for number in range(120):
        path = paths[number % len(paths)]
        whole = path.read_bytes()
        spoilt = bytearray(whole[: rng.integers(1, len(whole))] if number % 2 else whole)
        for place in rng.integers(0, len(spoilt), 4):
            spoilt[place] ^= int(rng.integers(1, 256))
        path.write_bytes(bytes(spoilt))
        try:
            read_segment(path, (64, 48)) if path.parent.name == "segment" else read_pose(path)
        except InputError as error:
            refused.append(error)
        path.write_bytes(whole)
    assert len(refused) > 60
    assert not any("\n" in str(error) for error in refused)
    assert all(loadmat(path) for path in paths)
