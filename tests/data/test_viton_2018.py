"""VITON's first layout: labels on their side in a square, joints as candidates, masks from pictures."""

import json
import os
import pickle
import shutil

import cv2
import numpy as np
import pytest
from PIL import Image
from scipy.io import loadmat, savemat

from viton.data.convert import Order, convert
from viton.data.dataset import data_digest
from viton.data.layouts import open_dataset
from viton.data.sample import Pair
from viton.data.viton_2018 import Viton, read_pose, read_segment
from viton.data.viton_hd import VitonHd
from viton.errors import InputError
from viton.files import sha256_of
from viton.mask_figures import overlap
from viton.parsing import LIP

BODY25 = [0, 1, 2, 3, 4, 5, 6, 7, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18]  # the published order, retyped


def repacked(source, root):
    """A viton-hd folder as VITON's first release has it, by file copies, scipy and OpenCV; masks beside it."""
    for name in ("women_top", "segment", "pose", "cloth-mask"):
        (root / name).mkdir(parents=True)
    for person, photo in source.people.items():
        shutil.copy(photo, root / "women_top" / f"{person}_0.jpg")
        labels = np.array(Image.open(source.parsing_path(person)))
        scale = 641 / max(labels.shape)
        large = cv2.resize(labels, None, fx=scale, fy=scale, interpolation=cv2.INTER_NEAREST)
        square = np.zeros((641, 641), np.uint8)
        square[: large.shape[0], : large.shape[1]] = large
        savemat(root / "segment" / f"{person}_0.mat", {"segment": square.T}, do_compression=True)
        flat = json.loads(source.keypoints_path(person).read_text())["people"][0]["pose_keypoints_2d"]
        savemat(root / "pose" / f"{person}_0.mat", candidates(np.array(flat).reshape(25, 3)[BODY25]))
    for clothing, photo in source.clothings.items():
        shutil.copy(photo, root / "women_top" / f"{clothing}_1.jpg")
        shutil.copy(source.mask_path(clothing), root / "cloth-mask" / f"{clothing}_1.jpg")
    lines = [f"{person}_0.jpg {clothing}_1.jpg\n" for person, clothing in source.pairs(f"{source.split}_pairs.txt")]
    (root / f"viton_{source.split}_pairs.txt").write_text("".join(lines))
    return root


def candidates(joints):
    """Joints (18,3) as OpenPose's first demo has them, the last joint first, beside a second person of none."""
    subset, seen = np.full((2, 20), -1.0), np.flatnonzero(joints[:, 2] > 0)[::-1]
    subset[0, seen] = np.arange(len(seen))
    return {"candidate": np.column_stack([joints[seen], np.arange(len(seen))]), "subset": subset}


def pickled(root, people, protocol=2):
    """Move the poses of these people from their own files to pose.pkl."""
    poses = {}
    for person in people:
        path = root / "pose" / f"{person}_0.mat"
        poses[f"{person}_0"] = {name: loadmat(path)[name] for name in ("candidate", "subset")}
        path.unlink()
    (root / "pose.pkl").write_bytes(pickle.dumps(poses, protocol))


def expect_alike(source, found, size):
    pairs = source.pairs(f"{source.split}_pairs.txt")
    assert found.pairs(f"viton_{source.split}_pairs.txt") == pairs
    assert set(found.people) == {pair.person for pair in pairs}
    for pair in pairs:
        there, here = source.sample(pair, size), found.sample(pair, size)
        assert here.pair == there.pair
        for part in ("image", "parsing", "keypoints"):
            np.testing.assert_array_equal(getattr(here.person, part), getattr(there.person, part))
        for part in ("image", "mask"):
            np.testing.assert_array_equal(getattr(here.clothing, part), getattr(there.clothing, part))


def test_a_repacked_folder_reads_the_same(tiny_hd, tmp_path):
    source = VitonHd(tiny_hd.root, "test")
    found = open_dataset(repacked(source, tmp_path / "viton"), "test")
    assert isinstance(found, Viton)
    assert found.label_map == LIP
    expect_alike(source, found, (64, 48))


@pytest.mark.parametrize("size", [(48, 64), (50, 50), (61, 47)])
def test_so_does_one_of_another_shape(make_tiny_hd, tmp_path, size):
    source = VitonHd(make_tiny_hd(size=size).root, "test")
    expect_alike(source, Viton(repacked(source, tmp_path / "viton"), "test"), (64, 48))


def test_the_real_sample_repacked_has_the_same_joints_and_all_but_the_finest_labels(shared_data, tmp_path):
    source = VitonHd(shared_data / "vitonhd_sample", "test")
    data = Viton(repacked(source, tmp_path / "viton"), "test")
    for name, photo in data.people.items():
        size = cv2.imread(str(photo)).shape[:2]
        np.testing.assert_array_equal(data.read_keypoints(name, size), source.read_keypoints(name, size))
        assert (data.read_parsing(name, size) == source.read_parsing(name, size)).mean() > 0.99


@pytest.mark.parametrize("people", [["p1"], ["p1", "p2"]])
def test_who_has_no_pose_of_her_own_is_looked_up_in_the_pickle(tiny_hd, tmp_path, people):
    source = VitonHd(tiny_hd.root, "test")
    root = repacked(source, tmp_path / "viton")
    pickled(root, people)
    if len(people) == 2:
        (root / "pose").rmdir()
    data = open_dataset(root, "test")
    expect_alike(source, data, (64, 48))
    assert data.keypoints_path("p1") == root / "pose.pkl"


def test_a_bad_pickle_is_named_and_runs_nothing(tiny_hd, tmp_path):
    class Runs:
        def __reduce__(self):
            return os.system, (f"touch {tmp_path / 'ran'}",)

    root = repacked(VitonHd(tiny_hd.root, "test"), tmp_path / "viton")
    pickled(root, ["p1"])
    data = Viton(root, "test")
    (root / "pose.pkl").write_bytes(pickle.dumps({"p1_0": Runs()}))
    with pytest.raises(InputError, match=r"pose.pkl: expected a pickled dictionary of numpy arrays, got the name"):
        data.person("p1", (64, 48))
    assert not (tmp_path / "ran").exists()
    data.person("p2", (64, 48))


def test_a_person_whom_the_pickle_lacks_or_shows_no_joint_of_is_named(tiny_hd, tmp_path):
    root = repacked(VitonHd(tiny_hd.root, "test"), tmp_path / "viton")
    pickled(root, ["p1", "p2"])
    nobody = {"candidate": np.zeros((0, 4)), "subset": np.zeros((0, 20))}
    (root / "pose.pkl").write_bytes(pickle.dumps({"p1_0": nobody}, 2))
    data = Viton(root, "test")
    with pytest.raises(InputError, match=r"pose.pkl: 'p1_0': expected at least one person"):
        data.person("p1", (64, 48))
    with pytest.raises(InputError, match=r"pose.pkl: expected a dictionary under 'p2_0', got none"):
        data.person("p2", (64, 48))


def test_a_folder_without_poses_says_so(tiny_hd, tmp_path):
    root = repacked(VitonHd(tiny_hd.root, "test"), tmp_path / "viton")
    shutil.rmtree(root / "pose")
    with pytest.raises(InputError, match=r"a folder 'pose' or a file 'pose.pkl' .layout viton., got neither"):
        open_dataset(root, "test")


def test_the_list_of_pictures_says_who_is_in_a_split_that_has_no_pairs(tiny_hd, tmp_path):
    root = repacked(VitonHd(tiny_hd.root, "test"), tmp_path / "viton")
    (root / "viton_train_images.txt").write_text("p2_0.jpg c2_1.jpg\n")
    assert Viton.splits_in(root) == ["train", "test"]
    data = open_dataset(root, "train")
    assert list(data.people) == ["p2"]
    assert data.pairs("viton_train_images.txt") == [Pair("p2", "c2")]
    (root / "viton_train_pairs.txt").write_text("p1_0.jpg c1_1.jpg\n")
    assert list(open_dataset(root, "train").people) == ["p1"]


def test_a_fingerprint_changes_with_what_the_pickle_holds(tiny_hd, tmp_path):
    root = repacked(VitonHd(tiny_hd.root, "test"), tmp_path / "viton")
    pickled(root, ["p1", "p2"])
    data, asked = Viton(root, "test"), []
    pairs = data.pairs("viton_test_pairs.txt")
    before = data_digest(data, pairs, lambda path: asked.append(path) or sha256_of(path))
    assert asked.count(root / "pose.pkl") == 1, "a large file is not read for each person"
    content = bytearray((root / "pose.pkl").read_bytes())
    content[-20] ^= 1
    (root / "pose.pkl").write_bytes(bytes(content))
    assert data_digest(data, pairs) != before


@pytest.fixture
def folder(tiny_hd, tmp_path):
    convert(Order(tiny_hd.root, tmp_path / "viton", "viton"))
    return tmp_path / "viton"


def test_it_is_known_by_its_folders_and_its_masks_are_made_from_its_pictures(folder, tiny_hd):
    data, source = open_dataset(folder, "test"), VitonHd(tiny_hd.root, "test")
    assert isinstance(data, Viton)
    assert data.pairs("viton_test_pairs.txt") == source.pairs("test_pairs.txt")
    for name in source.clothings:
        assert overlap(source.read_mask(name), data.read_mask(name)) > 0.9  # a pixel of 64x48 is much


def test_a_mask_that_somebody_made_goes_first(folder, tiny_hd):
    (folder / "cloth-mask").mkdir()
    (folder / "cloth-mask/c1_1.jpg").write_bytes(tiny_hd.mask("c1").read_bytes())
    np.testing.assert_array_equal(Viton(folder, "test").read_mask("c1"), VitonHd(tiny_hd.root, "test").read_mask("c1"))


def test_masks_of_real_products_are_as_good_as_was_measured(shared_data, tmp_path):
    """The authors' threshold comes to 0.36 to 0.55 on such photos."""
    root, convert_to = shared_data / "vitonhd_sample", tmp_path / "viton"
    convert(Order(root, convert_to, "viton", split="test"))
    source, data = VitonHd(root, "test"), Viton(convert_to, "test")
    for name in list(data.clothings)[:2]:
        assert overlap(source.read_mask(name), data.read_mask(name)) > 0.98


def test_a_picture_that_gives_no_mask_is_named_with_what_would_do(folder, save_picture):
    save_picture(folder / "women_top/c1_1.jpg", np.random.default_rng(0).integers(0, 255, (64, 48, 3), np.uint8))
    expected = r"c1_1\.jpg: expected a plain background .*, or a mask in cloth-mask, got noise .* \(not_plain\)"
    with pytest.raises(InputError, match=expected):
        Viton(folder, "test").read_mask("c1")


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
        ({"segment": "text"}, "numbers under 'segment', got none"),
        ({"labels": np.zeros(3)}, "numbers under 'segment', got none"),
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
