"""Reading the viton-hd layout: both spellings, frames that agree, and bad files named in one line."""

import json
import os
import shutil

import cv2
import numpy as np
import pytest

from viton.data.dataset import data_digest
from viton.data.framing import fit_keypoints, fit_mask, fit_photo, padded, padding
from viton.data.sample import Pair
from viton.data.viton_hd import VitonHd
from viton.errors import InputError
from viton.keypoints import COCO18

PAIR = Pair("p1", "c1")
SIZE = (64, 48)


def _open(hd) -> VitonHd:
    return VitonHd(hd.root, "test")


def test_both_spellings_give_the_same_sample(make_tiny_hd):
    old, new = (_open(make_tiny_hd(name, spelling=name)).sample(PAIR, SIZE) for name in ("old", "new"))
    for part_old, part_new in zip((*old.person, *old.clothing), (*new.person, *new.clothing), strict=True):
        np.testing.assert_array_equal(part_old, part_new)


def test_the_newer_spelling_is_taken_where_both_are_there(tiny_hd):
    (tiny_hd.root / "test" / "image-parse").mkdir()
    assert _open(tiny_hd).folders["parsing"].name == "image-parse-v3"


def test_a_sample_has_what_was_written(either_tiny_hd, labels_of_a_person, mask_of_a_garment):
    data = _open(either_tiny_hd)
    assert data.pairs("test_pairs.txt") == [Pair("p1", "c1"), Pair("p2", "c2"), Pair("p1", "c3")]
    assert data.pairs(either_tiny_hd.pairs_path) == data.pairs("test_pairs.txt")
    sample = data.sample(PAIR, SIZE)
    assert sample.pair == PAIR
    np.testing.assert_array_equal(sample.person.parsing, labels_of_a_person(SIZE, 0))
    np.testing.assert_array_equal(sample.clothing.mask, mask_of_a_garment(SIZE, 0) * 255)
    assert sample.person.image.shape == sample.clothing.image.shape == (*SIZE, 3)
    inside = mask_of_a_garment(SIZE, 0)[20:40, 18:30] > 0
    colour = sample.clothing.image[20:40, 18:30][inside].mean(0)
    np.testing.assert_allclose(colour, (200, 30, 40), atol=4)  # RGB, not BGR
    neck = sample.person.keypoints[COCO18.index("neck")]
    np.testing.assert_allclose(neck, (0.5 * 48, 0.25 * 64, 0.9), rtol=1e-5)


def test_a_sample_at_another_size_is_the_same_picture(make_tiny_hd):
    data = _open(make_tiny_hd(size=(256, 192)))
    small, large = data.sample(PAIR, SIZE), data.sample(PAIR, (256, 192))
    reduced = cv2.resize(large.person.image, SIZE[::-1], interpolation=cv2.INTER_AREA)
    assert np.abs(small.person.image.astype(int) - reduced).max() <= 1
    assert small.person.parsing.shape == (256, 192)  # at its own scale
    seen = large.person.keypoints[:, 2] > 0
    np.testing.assert_allclose(
        small.person.keypoints[seen, :2], (large.person.keypoints[seen, :2] + 0.5) / 4 - 0.5, rtol=1e-5
    )
    assert not small.person.keypoints[~seen].any()
    assert set(np.unique(small.clothing.mask)) - {0, 255}  # soft: the share of each pixel


# Framing: a picture of another aspect ratio is padded, never squeezed.


def test_a_picture_of_the_same_aspect_ratio_is_not_padded():
    assert padding((1024, 768), (256, 192)) == (0, 0, 0, 0)
    pixels = np.zeros((64, 48, 3), np.uint8)
    assert padded(pixels, (256, 192), 255) is pixels


@pytest.mark.parametrize(
    ("of", "sides"), [((64, 64), (10, 11, 0, 0)), ((64, 24), (0, 0, 12, 12)), ((30, 48), (17, 17, 0, 0))]
)
def test_another_aspect_ratio_is_padded_in_the_middle(of, sides):
    assert padding(of, (256, 192)) == sides


def test_a_square_photo_is_padded_with_white_and_its_joints_follow():
    photo = np.full((96, 96, 3), 60, np.uint8)
    cv2.circle(photo, (70, 20), 6, (250, 10, 10), -1)
    keypoints = np.zeros((18, 3), np.float32)
    keypoints[4] = (70, 20, 1)
    fitted, moved = fit_photo(photo, (256, 192)), fit_keypoints(keypoints, (96, 96), (256, 192))
    assert (fitted[:30] == 255).all()
    assert (fitted[-30:] == 255).all()
    red = (fitted[..., 0] > 200) & (fitted[..., 1] < 50)
    y, x = np.nonzero(red)
    np.testing.assert_allclose((x.mean(), y.mean()), moved[4, :2], atol=0.6)
    assert np.ptp(x) == pytest.approx(np.ptp(y), abs=1)  # still a circle
    assert not moved[0].any()  # an unseen joint stays zeros


def test_a_padded_mask_and_label_map_have_nothing_in_the_padding():
    mask = fit_mask(np.ones((64, 64), np.uint8), (128, 96))
    assert mask.max() == 255
    assert not mask[:10].any()
    assert not padded(np.full((64, 64), 5, np.uint8), (128, 96), 0)[:10].any()


def test_a_dataset_of_square_pictures_gives_samples_in_one_frame(make_tiny_hd):
    sample = _open(make_tiny_hd(size=(60, 60))).sample(PAIR, (128, 96))
    assert sample.person.image.shape == (128, 96, 3)
    assert sample.person.parsing.shape == (80, 60)
    face = np.argwhere(sample.person.parsing == 13).mean(0)[::-1] / (60, 80)
    nose = sample.person.keypoints[0, :2] / (96, 128)
    np.testing.assert_allclose(face, nose, atol=0.03)


# Bad input.


def _bad_person(hd, what: str, save_picture, save_keypoints) -> tuple:
    """Spoil one file of p1; which, and what is expected of it."""
    parsing, image, keypoints = hd.parsing("p1"), hd.image("p1"), hd.keypoints("p1")
    if what == "missing json":
        keypoints.unlink()
        return keypoints, "a JSON file", "no such file"
    if what == "missing parsing":
        parsing.unlink()
        return parsing, "a picture", "no such file"
    if what == "truncated jpeg":
        image.write_bytes(image.read_bytes()[:-300])
        return image, "a whole picture", "truncated"
    if what == "parsing of another size":
        save_picture(parsing, np.full((32, 24), 5, np.uint8))
        return parsing, "48x64 like its picture", "24x32"
    if what == "labels above 19":
        labels = cv2.imread(str(parsing), cv2.IMREAD_GRAYSCALE)
        labels[0, 0] = 20
        save_picture(parsing, labels)
        return parsing, "CIHP labels 0 to 19", "label 20"
    if what == "coloured parsing":
        save_picture(parsing, np.zeros((64, 48, 3), np.uint8))
        return parsing, "a palette or grey 8-bit label map", "mode RGB"
    if what == "no visible joint":
        save_keypoints(keypoints, [0] * 75)
        return keypoints, "at least one visible joint", "none"
    keypoints.write_text(json.dumps([1, 2, 3]))
    return keypoints, "at least one person under 'people'", "none"


@pytest.mark.parametrize(
    "what",
    ["missing json", "missing parsing", "truncated jpeg", "parsing of another size", "labels above 19",
     "coloured parsing", "no visible joint", "list json"],
)  # fmt: skip
def test_a_bad_file_of_a_person_is_named_in_one_line(either_tiny_hd, what, save_picture, save_keypoints):
    path, expected, got = _bad_person(either_tiny_hd, what, save_picture, save_keypoints)
    data = _open(either_tiny_hd)
    with pytest.raises(InputError) as caught:
        data.person("p1", SIZE)
    message = str(caught.value)
    assert message.startswith(f"{path}: expected {expected}, got ")
    assert got in message.split(", got ")[1]
    assert "\n" not in message
    assert data.person("p2", SIZE).id == "p2"  # the others are not touched by it


def test_a_missing_or_misfit_mask_is_named(tiny_hd, save_picture):
    save_picture(tiny_hd.mask("c1"), np.ones((10, 10), np.uint8))
    tiny_hd.mask("c2").unlink()
    data = _open(tiny_hd)
    with pytest.raises(InputError, match=r"cloth-mask/c1\.jpg: expected 48x64 like its picture, got 10x10"):
        data.clothing("c1", SIZE)
    with pytest.raises(InputError, match=r"cloth-mask/c2\.jpg: expected a picture, got no such file"):
        data.clothing("c2", SIZE)


@pytest.mark.parametrize("folder", ["image", "cloth", "cloth-mask", "image-parse-v3", "openpose_json"])
def test_a_missing_folder_is_named_in_every_spelling(tiny_hd, folder):
    (tiny_hd.root / "test" / folder).rename(tiny_hd.root / "elsewhere")
    with pytest.raises(InputError, match=f"test: expected a folder .*{folder}.*, got no such folder"):
        _open(tiny_hd)


def test_no_folder_an_empty_one_and_a_missing_split_are_told_apart(tmp_path, tiny_hd):
    empty = tmp_path / "empty"
    empty.mkdir()
    for root, split, expected in (
        (tmp_path / "absent", "test", "expected a dataset folder, got no such folder"),
        (empty, "test", r"expected a folder 'test' \(layout viton-hd\), got an empty folder"),
        (tiny_hd.root, "train", "expected a folder 'train' .*, got test, test_pairs.txt"),
    ):
        with pytest.raises(InputError, match=expected):
            VitonHd(root, split)


def test_folders_without_pictures_are_refused(tiny_hd):
    for path in tiny_hd.folders["image"].iterdir():
        path.rename(path.with_suffix(".txt"))
    with pytest.raises(InputError, match=r"image: expected pictures .*, got none"):
        _open(tiny_hd)


def test_an_unknown_person_or_garment_is_named(tiny_hd):
    with pytest.raises(InputError, match=r"image/nobody: expected a picture"):
        _open(tiny_hd).person("nobody", SIZE)
    with pytest.raises(InputError, match=r"cloth/nothing: expected a picture"):
        _open(tiny_hd).clothing("nothing", SIZE)


# Truth.


def _write_truth(hd, save_picture, size=SIZE) -> np.ndarray:
    """The true picture, and a map that sends each worn pixel two to the right and one down on the product."""
    for kind in ("image", "map"):
        (hd.root / "test" / f"{kind}-truth").mkdir(exist_ok=True)
    image = np.random.default_rng(0).integers(0, 255, (*size, 3), np.uint8)
    save_picture(hd.root / "test" / "image-truth" / "p1__c1.png", image)
    y, x = np.mgrid[: size[0], : size[1]]
    map_px = np.stack([x + 2, y + 1], -1).astype(np.float32)
    map_px[:10] = np.nan
    np.savez(hd.root / "test" / "map-truth" / "p1__c1.npz", map=map_px)
    return image


def test_the_truth_of_a_made_up_pair_is_read(tiny_hd, save_picture):
    assert not _open(tiny_hd).has_truth(PAIR)
    image = _write_truth(tiny_hd, save_picture)
    data = _open(tiny_hd)
    assert data.has_truth(PAIR)
    assert not data.has_truth(Pair("p2", "c2"))
    truth = data.truth(PAIR, SIZE)
    np.testing.assert_array_equal(truth.image, image)
    assert truth.map_px.shape == (*SIZE, 2)
    assert np.isnan(truth.map_px[:10]).all()
    np.testing.assert_allclose(truth.map_px[30, 20], (22, 31))


def test_a_true_map_at_another_size_is_in_its_pixels(tiny_hd, save_picture):
    _write_truth(tiny_hd, save_picture)
    half = _open(tiny_hd).truth(PAIR, (32, 24)).map_px
    # pixel (10, 15) of 24x32 has its centre at (20.5, 30.5) of 48x64, whose nearest is (21, 31) -> (23, 32)
    np.testing.assert_allclose(half[15, 10], ((23 + 0.5) / 2 - 0.5, (32 + 0.5) / 2 - 0.5), atol=1e-5)


def test_a_true_map_of_another_aspect_ratio_is_padded_like_its_picture(tiny_hd, save_picture):
    _write_truth(tiny_hd, save_picture)
    truth = _open(tiny_hd).truth(PAIR, (64, 64))
    assert np.isnan(truth.map_px[:, :8]).all()
    assert np.isnan(truth.map_px[:, -8:]).all()
    assert (truth.image[:, :8] == 255).all()
    np.testing.assert_allclose(truth.map_px[30, 28], (30, 31))  # 8 columns of padding on both pictures


@pytest.mark.parametrize("what", ["missing", "empty", "text", "cut", "flipped", "other name", "other shape", "words"])
def test_a_damaged_map_is_refused_in_one_line(tiny_hd, save_picture, what):
    _write_truth(tiny_hd, save_picture)
    path = tiny_hd.root / "test" / "map-truth" / "p1__c1.npz"
    content = path.read_bytes()
    if what == "missing":
        path.unlink()
    elif what == "other name":
        np.savez(path, mep=np.zeros((*SIZE, 2)))
    elif what == "other shape":
        np.savez(path, map=np.zeros((3, 3)))
    elif what == "words":
        np.savez(path, map=np.full((*SIZE, 2), "x"))
    else:
        spoilt = {"empty": b"", "text": b"no archive", "cut": content[:900]}
        spoilt["flipped"] = content[:900] + bytes([content[900] ^ 255]) + content[901:]
        path.write_bytes(spoilt[what])
    with pytest.raises(InputError) as caught:
        _open(tiny_hd).truth(PAIR, SIZE)
    assert str(caught.value).startswith(f"{path}: expected ")
    assert "\n" not in str(caught.value)


def test_a_pickle_in_a_map_is_not_executed(tiny_hd, save_picture):
    _write_truth(tiny_hd, save_picture)
    path = tiny_hd.root / "test" / "map-truth" / "p1__c1.npz"
    np.savez(path, map=np.array([{"a": 1}], dtype=object))
    with pytest.raises(InputError):
        _open(tiny_hd).truth(PAIR, SIZE)


# The digest of a folder.


def _digest(tiny):
    data = _open(tiny)
    return data_digest(data, data.pairs("test_pairs.txt"))


def test_the_digest_of_a_copy_is_the_same_whatever_its_times(tiny_hd, tmp_path):
    copy = tmp_path / "copy"
    shutil.copytree(tiny_hd.root, copy)
    for path in copy.rglob("*.*"):
        os.utime(path, (1, 1))
    data = VitonHd(copy, "test")
    assert data_digest(data, data.pairs("test_pairs.txt")) == _digest(tiny_hd)


def test_the_digest_changes_with_any_file_that_the_pairs_need_and_with_no_other(tiny_hd):
    before, data = _digest(tiny_hd), _open(tiny_hd)
    (tiny_hd.root / "notes.txt").write_text("not data")
    assert _digest(tiny_hd) == before
    pair = data.pairs("test_pairs.txt")[0]
    needed = [data.people[pair.person], data.parsing_path(pair.person), data.keypoints_path(pair.person)]
    for path in (*needed, data.clothings[pair.clothing], data.mask_path(pair.clothing)):
        content = path.read_bytes()
        path.write_bytes(content + b" ")
        assert _digest(tiny_hd) != before, path
        path.write_bytes(content)
    assert _digest(tiny_hd) == before


def test_half_written_files_with_a_leading_dot_are_nobody(tiny_hd):
    people, clothings = set(_open(tiny_hd).people), set(_open(tiny_hd).clothings)
    for folder in ("image", "cloth"):
        (tiny_hd.root / "test" / folder / ".00001_00.k2x3.jpg").write_bytes(b"")
        (tiny_hd.root / "test" / folder / "._00001_00.jpg").write_bytes(b"")
    assert set(_open(tiny_hd).people) == people
    assert set(_open(tiny_hd).clothings) == clothings
