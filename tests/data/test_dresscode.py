"""Reading one category of Dress Code: shared ids, joints in a frame of their own, splits by pairs files."""

import json

import numpy as np
import pytest

from viton.data.dresscode import DressCode, keypoints_content, read_keypoints
from viton.data.layouts import layout_of, open_dataset
from viton.data.sample import Pair
from viton.errors import InputError, UsageError
from viton.images import load_rgb
from viton.parsing import ATR

SIZE = (64, 48)
LISTS = {
    "train_pairs.txt": "000003_0.jpg\t000003_1.jpg\n",
    "test_pairs_paired.txt": "000001_0.jpg\t000001_1.jpg\n000002_0.jpg\t000002_1.jpg\n",
    "test_pairs_unpaired.txt": "000001_0.jpg\t000002_1.jpg\n000002_0.jpg\t000004_1.jpg\n",
}
NOSE, NECK, UNSEEN = 0, 1, 2


@pytest.fixture
def root(tmp_path, save_picture, mask_of_a_garment):
    """Three people, of whom one is for training, and four garments, drawn by hand."""
    root = tmp_path / "dresscode" / "upper_body"
    for name in ("images", "keypoints", "label_maps", "masks"):
        (root / name).mkdir(parents=True)
    for number in range(1, 5):
        name, mask = f"{number:06}", mask_of_a_garment(SIZE, number % 3)
        save_picture(root / f"images/{name}_1.jpg", np.full((*SIZE, 3), 40 * number, np.uint8))
        save_picture(root / f"masks/{name}_1.png", mask * 255)
        if number < 4:
            save_picture(root / f"images/{name}_0.jpg", np.full((*SIZE, 3), 40 * number + 20, np.uint8))
            save_picture(root / f"label_maps/{name}_4.png", mask * 4)
            joints = [[192.0, 64.0, 0.9, 0.0]] * 18
            joints[NECK], joints[UNSEEN] = [0.0, 0.0, 0.5, 1.0], [-1.0, -1.0, 0.0, -1.0]
            (root / f"keypoints/{name}_2.json").write_text(json.dumps({"keypoints": joints}))
    for name, text in LISTS.items():
        (root / name).write_text(text)
    return root


def test_a_sample_has_what_was_written(root, mask_of_a_garment):
    data = DressCode(root, "test")
    assert data.label_map is ATR
    sample = data.sample(Pair("000001", "000002"), SIZE, with_own=True)
    assert sample.pair == Pair("000001", "000002")
    np.testing.assert_allclose(sample.person.image, 60, atol=1)  # 40 more than 20: her own photo, not the garment's
    np.testing.assert_allclose(sample.clothing.image, 80, atol=1)
    np.testing.assert_allclose(sample.own.image, 40, atol=1)
    np.testing.assert_array_equal(sample.person.parsing, mask_of_a_garment(SIZE, 1) * 4)
    np.testing.assert_array_equal(sample.clothing.mask, mask_of_a_garment(SIZE, 2) * 255)


def test_joints_move_from_their_frame_of_384x512_to_the_photo(root):
    keypoints = DressCode(root, "test").read_keypoints("000001", SIZE)
    assert (keypoints.shape, keypoints.dtype) == ((18, 3), np.float32)
    np.testing.assert_allclose(keypoints[NOSE], (192 / 8, 64 / 8, 0.9), atol=1e-6)
    np.testing.assert_allclose(keypoints[NECK], (0, 0, 0.5), atol=1e-6)  # in the corner, and seen
    np.testing.assert_array_equal(keypoints[UNSEEN], 0)
    path = root / "keypoints/000001_2.json"
    np.testing.assert_allclose(read_keypoints(path, (512, 384))[NOSE], (192, 64, 0.9), atol=1e-6)
    np.testing.assert_allclose(read_keypoints(path, (1024, 768))[NOSE], (2 * 192, 2 * 64, 0.9), atol=1e-6)


def test_a_split_is_who_its_pairs_files_name(root):
    test, train = DressCode(root, "test"), DressCode(root, "train")
    assert (list(test.people), list(test.clothings)) == (["000001", "000002"], ["000001", "000002", "000004"])
    assert (list(train.people), list(train.clothings)) == (["000003"], ["000003"])
    assert [path.name for path in test.pairs_files()] == ["test_pairs_paired.txt", "test_pairs_unpaired.txt"]
    assert test.pairs("test_pairs_unpaired.txt") == [Pair("000001", "000002"), Pair("000002", "000004")]
    assert train.pairs("train_pairs.txt") == [Pair("000003", "000003")]
    assert DressCode.splits_in(root) == ["train", "test"]


def test_the_layout_is_known_by_its_folders(root, tiny_hd):
    assert layout_of(root, "test") == "dresscode"
    assert isinstance(open_dataset(root, "test"), DressCode)
    assert layout_of(tiny_hd.root, "test") == "viton-hd"
    assert not DressCode.is_laid_out(tiny_hd.root, "test")


def test_the_folder_of_all_categories_is_to_be_one_of_them(root):
    with pytest.raises(UsageError, match=r"expected one category .* name one of .*/dresscode/upper_body$"):
        open_dataset(root.parent, "test")


@pytest.mark.parametrize("name", ["images", "keypoints", "label_maps"])
def test_a_missing_folder_is_named(root, name):
    (root / name).rename(root / "elsewhere")
    with pytest.raises(InputError, match=f"upper_body: expected a folder '{name}'"):
        DressCode(root, "test")


def test_a_split_without_a_pairs_file_or_pictures_is_an_error(root, tmp_path):
    with pytest.raises(InputError, match=r"val_pairs\*\.txt"):
        DressCode(root, "val")
    (root / "val_pairs.txt").write_text("000009_0.jpg 000009_1.jpg\n")
    with pytest.raises(InputError, match=r"pictures ID_0\.jpg that the split's pairs files name"):
        DressCode(root, "val")
    with pytest.raises(InputError, match="no such folder"):
        DressCode(tmp_path / "nowhere", "test")
    with pytest.raises(UsageError, match="split"):
        DressCode(root, "all")


def test_a_missing_mask_is_made_from_the_picture_and_where_that_cannot_be_the_picture_is_named(
    root, save_picture, mask_of_a_garment
):
    true = mask_of_a_garment(SIZE, 2)
    picture = np.where(true[..., None] > 0, np.array((30, 120, 60)), 250).astype(np.uint8)
    save_picture(root / "images/000002_1.jpg", picture)
    (root / "masks/000002_1.png").unlink()
    made = DressCode(root, "test").clothing("000002", SIZE).mask
    assert ((made >= 128) & (true > 0)).sum() / ((made >= 128) | (true > 0)).sum() > 0.9
    save_picture(root / "images/000002_1.jpg", np.full((*SIZE, 3), 250, np.uint8))
    with pytest.raises(InputError, match=r"images/000002_1\.jpg: expected .*, or a mask in masks, got .*no_garment"):
        DressCode(root, "test").clothing("000002", SIZE)


def test_a_pair_of_somebody_who_is_not_there_is_named_by_its_line(root):
    (root / "images/000002_0.jpg").unlink()
    with pytest.raises(InputError, match=r"test_pairs_unpaired\.txt:2: .*'000002_0\.jpg'"):
        DressCode(root, "test").pairs("test_pairs_unpaired.txt")


@pytest.mark.parametrize(
    ("content", "got"),
    [
        ([], "no such key"),
        ({"keypoints": [[1, 1, 1, 0]] * 17}, "got 17"),
        ({"keypoints": [[1, 1, 1]] * 18}, "x, y, score, id"),
        ({"keypoints": [[1, "1", 1, 0]] * 18}, "x, y, score, id"),
        ({"keypoints": [[1, float("nan"), 1, 0]] * 18}, "x, y, score, id"),
        ({"keypoints": [[1e9, 1, 1, 0]] * 18}, "x, y, score, id"),
        ({"keypoints": [[-1, -1, 0, -1]] * 18}, "at least one visible joint"),
        ({"people": [{"pose_keypoints_2d": [0] * 75}]}, "no such key"),
    ],
    ids=["list", "17", "three", "text", "nan", "far", "unseen", "openpose"],
)
def test_joints_that_are_none_are_an_error_that_names_the_file(root, content, got):
    path = root / "keypoints/000001_2.json"
    path.write_text(json.dumps(content))
    with pytest.raises(InputError, match=f"000001_2.json: .*{got}"):
        DressCode(root, "test").person("000001", SIZE)


@pytest.mark.parametrize("size", [SIZE, (256, 192), (1024, 768)])
def test_joints_written_are_read_again(tmp_path, size):
    rng = np.random.default_rng(0)
    joints = np.concatenate([rng.uniform(0, size[1] - 1, (18, 2)), np.full((18, 1), 0.7)], 1).astype(np.float32)
    joints[0], joints[1], joints[5] = (0, 0, 0.7), (size[1] - 1, size[0] - 1, 0.7), (0, 0, 0)
    content = keypoints_content(joints, size)
    assert content["keypoints"][5] == [-1.0, -1.0, 0.0, -1]
    assert all(0 <= x < 384 and 0 <= y < 512 for x, y, score, _ in content["keypoints"] if score)
    (tmp_path / "x.json").write_text(json.dumps(content))
    np.testing.assert_allclose(read_keypoints(tmp_path / "x.json", size), joints, atol=1e-3)


def test_photos_are_read_as_they_are(root):
    data = DressCode(root, "test")
    np.testing.assert_array_equal(data.person("000002", SIZE).image, load_rgb(root / "images/000002_0.jpg"))
