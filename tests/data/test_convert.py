"""From layout to layout: what is read back is what was there, but for labels that are said to be lost."""

import json
from pathlib import Path

import cv2
import numpy as np
import pytest
from PIL import Image
from scipy.io import loadmat

from viton.data import convert as converting
from viton.data.convert import Order, convert
from viton.data.dataset import Dataset
from viton.data.layouts import LAYOUTS
from viton.data.mat_files import segment_mat
from viton.data.sample import Pair
from viton.data.targets import TARGETS, mask_bytes
from viton.data.viton_hd import VitonHd
from viton.errors import InputError, UsageError
from viton.images import load_labels, load_mask
from viton.keypoints import COCO18
from viton.parsing import ATR, CIHP, LIP, merges, translate
from viton.synthetic.config import WorldConfig
from viton.synthetic.dataset import write_world

SIZE = (64, 48)
READ_BACK = [name for name in TARGETS if name in LAYOUTS]
COCO_OF_25 = [0, 1, 2, 3, 4, 5, 6, 7, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18]  # the published order, retyped


@pytest.fixture(scope="module")
def world(tmp_path_factory) -> Path:
    root = tmp_path_factory.mktemp("convert") / "world"
    write_world(root, WorldConfig(people=12, garments=6, seed=3, height=SIZE[0], width=SIZE[1], noise=0.2))
    return root


@pytest.fixture
def converted(world, tmp_path):
    def run(target: str, root: Path = world, name: str = "out", **more: object) -> tuple[Path, converting.Report]:
        return tmp_path / name, convert(Order(root, tmp_path / name, target, **more))

    return run


def _bytes_of(root: Path) -> dict[str, bytes]:
    return {str(path.relative_to(root)): path.read_bytes() for path in root.rglob("*") if path.is_file()}


def _alike(one: Dataset, other: Dataset, pair: Pair) -> dict[tuple[str, str], int]:
    """Compare a pair in two layouts, and return what its labels have lost on the way from the first."""
    size = _photo_size(one.people[pair.person])
    there, here = one.sample(pair, size), other.sample(pair, size)
    np.testing.assert_array_equal(here.person.image, there.person.image)
    np.testing.assert_array_equal(here.clothing.image, there.clothing.image)
    if TARGETS[other.layout].mask is not None:
        np.testing.assert_array_equal(here.clothing.mask, there.clothing.mask)
    np.testing.assert_allclose(here.person.keypoints, there.person.keypoints, atol=1e-3)
    labels, lost = translate(there.person.parsing, one.label_map, other.label_map)
    np.testing.assert_array_equal(here.person.parsing, labels)
    return lost


def _photo_size(path: Path) -> tuple[int, int]:
    with Image.open(path) as picture:
        return picture.height, picture.width


@pytest.mark.parametrize("target", READ_BACK)
def test_a_world_read_back_from_another_layout_has_equal_samples(world, converted, target):
    out, report = converted(target)
    assert report.problems == []
    lost: dict[tuple[str, str], int] = {}
    for split in ("train", "val", "test"):
        one, other = VitonHd(world, split), LAYOUTS[target](out, split)
        assert set(other.people) == set(one.people)
        pairs = one.pairs(f"{split}_pairs.txt")
        assert pairs in [other.pairs(path) for path in other.pairs_files()]
        for pair in pairs:
            for key, count in _alike(one, other, pair).items():
                lost[key] = lost.get(key, 0) + count
    assert report.merged == lost
    assert set(lost) <= set(merges(CIHP, TARGETS[target].label_map).items())
    assert bool(lost) == (target != "viton-hd")
    assert (report.people, report.clothings) == (12, 18)


@pytest.mark.parametrize("target", READ_BACK)
def test_real_people_read_back_from_another_layout_are_equal(shared_data, converted, target):
    root = shared_data / "vitonhd_sample"
    out, report = converted(target, root=root)
    assert report.problems == []
    one, other = VitonHd(root, "test"), LAYOUTS[target](out, "test")
    pairs = one.pairs("test_pairs.txt")
    assert pairs in [other.pairs(path) for path in other.pairs_files()]
    people = {pair.person: pair for pair in pairs}
    for pair in people.values():
        _alike(one, other, pair)
    assert len(people) >= 4


@pytest.mark.parametrize("through", READ_BACK)
def test_there_and_back_is_the_first_dataset_but_for_merged_labels(world, converted, through):
    out, _ = converted(through)
    back, report = converted("viton-hd", root=out, name="back")
    assert report.merged == {}  # what is lost was lost on the way out
    one, other, through_map = VitonHd(world, "test"), VitonHd(back, "test"), TARGETS[through].label_map
    for pair in one.pairs("test_pairs.txt"):
        size = _photo_size(one.people[pair.person])
        there, here = one.sample(pair, size), other.sample(pair, size)
        lost = np.isin(there.person.parsing, [CIHP.labels.index(name) for name in merges(CIHP, through_map)])
        np.testing.assert_array_equal(here.person.parsing[~lost], there.person.parsing[~lost])
        np.testing.assert_allclose(here.person.keypoints, there.person.keypoints, atol=1e-3)
        if TARGETS[through].mask is not None:
            np.testing.assert_array_equal(here.clothing.mask, there.clothing.mask)
    assert other.pairs("test_pairs.txt") == one.pairs("test_pairs.txt")
    for path in sorted((world / "test/image").iterdir()):
        assert (back / "test/image" / path.name).read_bytes() == path.read_bytes()


def test_viton_hd_into_itself_keeps_every_photo_and_pair_file_and_label(world, converted):
    out, report = converted("viton-hd", split="test")
    for folder in ("image", "cloth"):
        assert _bytes_of(out / "test" / folder) == _bytes_of(world / "test" / folder)
    assert (out / "test_pairs.txt").read_bytes() == (world / "test_pairs.txt").read_bytes()
    assert not (out / "train").exists()
    assert report.merged == {}
    assert report.notes == []
    for path in (world / "test/image-parse-v3").iterdir():
        np.testing.assert_array_equal(load_labels(out / "test/image-parse-v3" / path.name), load_labels(path))


def test_cp_vton_has_what_its_own_loaders_open(world, converted):
    out, report = converted("cp-vton", split="test")
    first, second = (out / "test_pairs.txt").read_text().splitlines()[0].split()
    person, clothing = first.removesuffix("_0.jpg"), second.removesuffix("_1.jpg")
    assert (person + "_0.jpg", clothing + "_1.jpg") == (first, second)
    assert [Pair(person, clothing)] == VitonHd(world, "test").pairs("test_pairs.txt")[:1]
    inside = out / "test"
    assert (inside / "image" / first).read_bytes() == (world / f"test/image/{person}.jpg").read_bytes()
    assert (inside / "cloth" / second).read_bytes() == (world / f"test/cloth/{clothing}.jpg").read_bytes()
    with Image.open(inside / "cloth-mask" / second) as mask:
        assert (mask.format, mask.mode) == ("JPEG", "L")
        np.testing.assert_array_equal(np.array(mask) >= 128, load_mask(world / f"test/cloth-mask/{clothing}.jpg") > 0)
    with Image.open(inside / f"image-parse/{person}_0.png") as parse:
        assert (parse.format, parse.mode) == ("PNG", "P")
        labels = np.array(parse)
    world_labels = load_labels(world / f"test/image-parse-v3/{person}.png")
    np.testing.assert_array_equal(labels, np.where(world_labels == 10, 13, world_labels))  # LIP: no neck, so face
    assert report.merged[("neck", "face")] > 0
    content = json.loads((inside / f"pose/{person}_0_keypoints.json").read_text())
    (pose,) = content["people"]
    assert {len(pose[key]) for key in pose if key != "pose_keypoints"} == {0}
    source = json.loads((world / f"test/openpose_json/{person}_keypoints.json").read_text())
    flat = np.reshape(source["people"][0]["pose_keypoints_2d"], (25, 3))[COCO_OF_25]
    np.testing.assert_allclose(np.reshape(pose["pose_keypoints"], (18, 3)), flat, atol=1e-3)


def test_viton_has_what_its_own_code_reads(world, converted):
    out, report = converted("viton", split="test")
    first, second = (out / "viton_test_pairs.txt").read_text().splitlines()[0].split()
    person, clothing = first.removesuffix("_0.jpg"), second.removesuffix("_1.jpg")
    assert (out / "women_top" / first).read_bytes() == (world / f"test/image/{person}.jpg").read_bytes()
    assert (out / "women_top" / second).read_bytes() == (world / f"test/cloth/{clothing}.jpg").read_bytes()
    labels = _cropped(out / f"segment/{person}_0.mat", SIZE)
    there = load_labels(world / f"test/image-parse-v3/{person}.png")
    np.testing.assert_array_equal(labels, np.where(there == 10, 13, there))
    pose = loadmat(out / f"pose/{person}_0.mat")
    source = json.loads((world / f"test/openpose_json/{person}_keypoints.json").read_text())
    flat = np.reshape(source["people"][0]["pose_keypoints_2d"], (25, 3))[COCO_OF_25]
    rows = pose["subset"][0, :18].astype(int)
    assert ((rows == -1) == (flat[:, 2] == 0)).all()
    np.testing.assert_allclose(pose["candidate"][rows[rows >= 0], :3], flat[rows >= 0], atol=1e-3)
    assert not any("mask" in name for name in _bytes_of(out))
    assert report.problems == []


@pytest.mark.parametrize("size", [(64, 48), (48, 64), (512, 384), (640, 480)])
def test_a_segment_of_viton_on_its_side_in_a_square_is_the_label_map(tmp_path, size):
    labels = np.random.default_rng(0).integers(0, 20, size, dtype=np.uint8)
    (tmp_path / "x.mat").write_bytes(segment_mat(labels))
    np.testing.assert_array_equal(_cropped(tmp_path / "x.mat", size), labels)


def _cropped(path: Path, size: tuple[int, int]) -> np.ndarray:
    """Turn a segment upright, cut the padding off, and bring it to the photo's size, as CP-VTON's conversion does."""
    upright = loadmat(path)["segment"].T
    assert upright.shape == (641, 641)
    height, width = (round(641 * side / max(size)) for side in size)
    inside = upright[:height, :width]
    assert not upright[height:].any()
    assert not upright[:, width:].any()
    return np.asarray(Image.fromarray(inside).resize(size[::-1], Image.Resampling.NEAREST))


def test_dress_code_has_joints_in_its_frame_and_grey_labels(world, converted):
    out, _ = converted("dresscode", split="test")
    person = VitonHd(world, "test").pairs("test_pairs.txt")[0].person
    rows = np.array(json.loads((out / f"keypoints/{person}_2.json").read_text())["keypoints"])
    source = json.loads((world / f"test/openpose_json/{person}_keypoints.json").read_text())
    flat = np.reshape(source["people"][0]["pose_keypoints_2d"], (25, 3))[COCO_OF_25]
    seen = flat[:, 2] > 0
    np.testing.assert_allclose(rows[seen, :2], flat[seen, :2] * 8, atol=1e-2)
    np.testing.assert_array_equal(rows[~seen], [[-1, -1, 0, -1]] * int((~seen).sum()))
    with Image.open(out / f"label_maps/{person}_4.png") as labels:
        assert labels.mode == "L"
        found = np.array(labels)
    there = load_labels(world / f"test/image-parse-v3/{person}.png")
    assert (found[there == CIHP.labels.index("upper_clothes")] == 4).all()
    assert (found[there == CIHP.labels.index("left_arm")] == 14).all()


def test_a_split_of_dress_code_is_in_its_lists_and_what_is_in_none_is_said(world, converted):
    out, report = converted("dresscode")
    assert {path.name for path in out.glob("*.txt")} == {
        "train_pairs.txt", "val_pairs.txt", "val_pairs_paired.txt", "test_pairs_paired.txt", "test_pairs_unpaired.txt",
    }  # fmt: skip
    people = VitonHd(world, "test").people
    own = [f"{name}_0.jpg {name}_1.jpg" for name in people]
    assert (out / "test_pairs_paired.txt").read_text().splitlines() == own
    dresscode = {split: LAYOUTS["dresscode"](out, split) for split in ("train", "val", "test")}
    unlisted = report.clothings - len({name for data in dresscode.values() for name in data.clothings})
    assert unlisted > 0  # the world has more garments than pairs
    said = [int(note.split(" people and ")[1].split()[0]) for note in report.notes if "in no split" in note]
    assert sum(said) == unlisted


@pytest.mark.parametrize(
    ("target", "paired"), [("viton-hd", False), ("cp-vton", True), ("dresscode", True), ("viton", True)]
)
def test_training_pairs_are_made_paired_for_loaders_that_train_on_them(make_tiny_hd, converted, target, paired):
    hd = make_tiny_hd("train", split="train")
    for role, suffix in (("clothing", ".jpg"), ("clothing_mask", ".jpg")):
        (hd.folders[role] / f"c1{suffix}").rename(hd.folders[role] / f"p1{suffix}")  # now she has her own
    hd.pairs_path.write_text("p1.jpg c2.jpg\np2.jpg c3.jpg\n")
    out, report = converted(target, root=hd.root)
    names = ("", "") if target == "viton-hd" else ("_0", "_1")
    wanted = [("p1", "p1" if paired else "c2"), ("p2", "c3")]
    lines = [f"{one}{names[0]}.jpg {other}{names[1]}.jpg" for one, other in wanted]
    assert (out / TARGETS[target].pairs_name("train", "train_pairs.txt")).read_text().splitlines() == lines
    assert any("1 people paired with their own" in note for note in report.notes) == paired


@pytest.mark.parametrize(
    ("target", "split", "name", "wanted"),
    [
        ("viton-hd", "test", "test_pairs_unpaired.txt", "test_pairs.txt"),
        ("viton-hd", "test", "test_pairs_paired.txt", "test_pairs_paired.txt"),
        ("cp-vton", "test", "test_pairs_paired.txt", "test_pairs_same.txt"),
        ("dresscode", "test", "test_pairs.txt", "test_pairs_unpaired.txt"),
        ("dresscode", "test", "test_pairs_same.txt", "test_pairs_paired.txt"),
        ("dresscode", "train", "train_pairs.txt", "train_pairs.txt"),
        ("dresscode", "test", "test_pairs_unpaired_1018.txt", "test_pairs_unpaired_1018.txt"),
        ("dresscode", "test", "viton_test_pairs.txt", "test_pairs_unpaired.txt"),
        ("cp-vton", "train", "viton_train_pairs.txt", "train_pairs.txt"),
        ("viton", "test", "test_pairs_unpaired.txt", "viton_test_pairs.txt"),
    ],
)
def test_lists_are_called_what_the_target_calls_them(target, split, name, wanted):
    assert TARGETS[target].pairs_name(split, name) == wanted


@pytest.mark.parametrize("target", TARGETS)
def test_two_lists_never_become_one(tiny_hd, converted, target):
    (tiny_hd.root / "test_pairs_unpaired.txt").write_text("p1.jpg c2.jpg\n")
    out, _ = converted(target, root=tiny_hd.root)
    written = [TARGETS[target].before + name for name in ("test_pairs.txt", "test_pairs_unpaired.txt")]
    assert [len((out / name).read_text().splitlines()) for name in written] == [len(tiny_hd.pairs), 1]


def test_pictures_are_resized_only_when_a_size_is_given(make_tiny_hd, converted, labels_of_a_person, mask_of_a_garment):
    hd = make_tiny_hd(size=(128, 96))
    out, _ = converted("dresscode", root=hd.root, name="whole")
    assert _photo_size(out / "images/p1_0.jpg") == (128, 96)
    small, report = converted("dresscode", root=hd.root, name="small", size=SIZE)
    assert report.problems == []
    for path in (*(small / "images").iterdir(), *(small / "label_maps").iterdir(), *(small / "masks").iterdir()):
        assert _photo_size(path) == SIZE
    one, other = VitonHd(hd.root, "test"), LAYOUTS["dresscode"](small, "test")
    there, here = one.person("p1", SIZE), other.person("p1", SIZE)
    np.testing.assert_allclose(here.keypoints, there.keypoints, atol=1e-3)
    assert np.abs(here.image.astype(int) - there.image).mean() < 4  # JPEG again
    shares = cv2.resize(mask_of_a_garment((128, 96), 2) * np.uint8(255), SIZE[::-1], interpolation=cv2.INTER_AREA)
    assert ((shares > 0) & (shares < 128)).any()
    np.testing.assert_array_equal(load_mask(small / "masks/c3_1.png"), shares >= 128)
    expected = translate(labels_of_a_person((128, 96))[1::2, 1::2], CIHP, ATR).labels
    np.testing.assert_array_equal(here.parsing, expected)


def test_a_photo_that_is_no_upright_jpeg_is_written_as_one(tiny_hd, converted):
    with Image.open(tiny_hd.image("p1")) as picture:
        turned, pixels = picture.transpose(Image.Transpose.ROTATE_90), np.array(picture)
    exif = Image.Exif()
    exif[0x0112] = 6  # to be turned clockwise
    turned.save(tiny_hd.image("p1"), exif=exif, quality=97)
    cv2.imwrite(str(tiny_hd.clothing("c1").with_suffix(".png")), np.zeros((*SIZE, 3), np.uint8))
    tiny_hd.clothing("c1").unlink()
    out, report = converted("viton-hd", root=tiny_hd.root)
    assert report.problems == []
    with Image.open(out / "test/image/p1.jpg") as picture:
        assert picture.getexif().get(0x0112, 1) == 1
        assert np.abs(np.array(picture).astype(int) - pixels).mean() < 8
    with Image.open(out / "test/cloth/c1.jpg") as picture:
        assert picture.format == "JPEG"


def _spoil_labels(hd) -> None:
    cv2.imwrite(str(hd.parsing("p1")), np.full(SIZE, 20, np.uint8))


SPOILT = {
    "photo": (lambda hd: hd.image("p1").write_bytes(hd.image("p1").read_bytes()[:400]), "p1.jpg: expected a whole"),
    "labels": (_spoil_labels, "p1.png: expected CIHP labels 0 to 19, got label 20"),
    "joints": (lambda hd: hd.keypoints("p1").write_text("{"), "p1_keypoints.json: expected JSON"),
    "no mask": (lambda hd: hd.mask("c2").unlink(), "c2.jpg: expected a picture, got no such file"),
}


@pytest.mark.parametrize("target", TARGETS)
@pytest.mark.parametrize("fault", SPOILT)
def test_a_bad_sample_is_named_and_none_of_its_files_written(tiny_hd, converted, fault, target):
    spoil, message = SPOILT[fault]
    spoil(tiny_hd)
    out, report = converted(target, root=tiny_hd.root)
    if fault == "no mask" and TARGETS[target].mask is None:
        assert (report.problems, report.clothings) == ([], 3)
        return
    (problem,) = report.problems
    assert message in str(problem)
    bad = "c2" if fault == "no mask" else "p1"
    assert (report.people, report.clothings) == ((2, 2) if bad == "c2" else (1, 3))
    assert [name for name in _bytes_of(out) if Path(name).name.startswith((bad, f".{bad}"))] == []
    text = "".join(path.read_text() for path in out.glob("*.txt"))
    assert bad not in text
    assert text
    assert any("pairs left out, whose samples are bad" in note for note in report.notes)


def test_a_bad_line_of_a_list_is_named_and_the_others_kept(tiny_hd, converted):
    with tiny_hd.pairs_path.open("a") as stream:
        stream.write("p1.jpg c9.jpg\n")
    out, report = converted("viton-hd", root=tiny_hd.root)
    assert [problem.where for problem in report.problems] == [f"{tiny_hd.pairs_path}:4"]
    assert report.pairs == 3
    assert (out / "test_pairs.txt").read_text() == "p1.jpg c1.jpg\np2.jpg c2.jpg\np1.jpg c3.jpg\n"


def test_names_that_the_target_cannot_hold_are_bad_samples(make_tiny_hd, converted):
    hd = make_tiny_hd()
    make_tiny_hd(split="train")  # the same names in another split
    hd.image("p2").rename(hd.image("p 2"))
    _, report = converted("dresscode", root=hd.root)
    texts = [str(problem) for problem in report.problems]
    assert sum("a name of its own in all splits" in text for text in texts) == 4  # p1 and three garments of test
    assert sum("a name without spaces" in text for text in texts) == 1
    _, report = converted("cp-vton", root=hd.root, name="separate")
    assert not any("a name of its own" in str(problem) for problem in report.problems)


def test_a_garment_in_two_splits_of_dress_code_is_written_once(world, converted):
    source, _ = converted("dresscode")
    with (source / "test_pairs_unpaired.txt").open("a") as stream:
        stream.write((source / "train_pairs.txt").read_text().splitlines()[0] + "\n")
    out, report = converted("dresscode", root=source, name="again")
    assert report.problems == []
    assert {name for name in _bytes_of(out) if name.startswith("images")} <= set(_bytes_of(source))


@pytest.mark.parametrize("target", TARGETS)
def test_every_run_writes_the_same_bytes(world, converted, target):
    one, _ = converted(target, split="test", name="one")
    other, _ = converted(target, split="test", name="other")
    assert _bytes_of(one) == _bytes_of(other)
    convert(Order(world, one, target, split="test", overwrite=True))
    assert _bytes_of(one) == _bytes_of(other)


@pytest.mark.parametrize("source", READ_BACK)
def test_damaged_files_are_samples_that_fail_and_never_more(world, converted, source):
    root, _ = converted(source, split="test", name="sound")
    rng = np.random.default_rng(7)
    files = sorted(path for path in root.rglob("*") if path.is_file())
    failures = 0
    for number in range(40):
        path = files[rng.integers(len(files))]
        sound = path.read_bytes()
        damaged = bytearray(sound[: rng.integers(len(sound))] if number % 2 else sound)
        for place in rng.integers(0, len(damaged) or 1, 8 if damaged else 0):
            damaged[place] = rng.integers(256)
        path.write_bytes(bytes(damaged))
        try:
            out, report = converted("cp-vton", root=root, source=source, name=f"out{number}")
        except InputError:  # a pairs file that lists nobody
            assert path.suffix == ".txt"
            failures += 1
        else:
            failures += bool(report.problems)
            assert not [name for name in _bytes_of(out) if Path(name).name.startswith(".")]
            assert report.people + report.clothings >= len(VitonHd(world, "test").people)
        path.write_bytes(sound)
    assert failures >= 15


def test_a_mask_is_the_same_after_jpeg_however_fine_it_is():
    rng = np.random.default_rng(0)
    for share in (0.02, 0.3, 0.5, 0.98):
        mask = (rng.random((64, 48)) < share).astype(np.uint8)
        decoded = cv2.imdecode(np.frombuffer(mask_bytes(mask, ".jpg"), np.uint8), cv2.IMREAD_GRAYSCALE)
        np.testing.assert_array_equal(decoded >= 128, mask > 0)


def test_a_folder_with_files_is_refused_and_one_inside_the_dataset_too(tiny_hd, tmp_path, converted):
    before = _bytes_of(tiny_hd.root)
    (tmp_path / "out").mkdir()
    (tmp_path / "out/mine.txt").write_text("mine")
    with pytest.raises(InputError, match="an empty folder, or --overwrite"):
        converted("cp-vton", root=tiny_hd.root)
    converted("cp-vton", root=tiny_hd.root, overwrite=True)
    assert (tmp_path / "out/mine.txt").read_text() == "mine"
    for out in (tiny_hd.root, tiny_hd.root / "x", tiny_hd.root.parent):
        with pytest.raises(UsageError, match="outside the dataset's"):
            convert(Order(tiny_hd.root, out, "cp-vton", overwrite=True))
    (tmp_path / "file").write_text("")
    with pytest.raises(InputError, match="expected a folder, got a file"):
        convert(Order(tiny_hd.root, tmp_path / "file", "cp-vton"))
    assert _bytes_of(tiny_hd.root) == before


@pytest.mark.parametrize(
    ("more", "message"),
    [
        ({"target": "cp"}, "--to: expected one of viton-hd, cp-vton, dresscode, viton, got 'cp'"),
        ({"target": "cp-vton", "source": "hd"}, "--from: expected one of viton-hd.*got 'hd'"),
        ({"target": "cp-vton", "split": "all"}, "--split: expected one of train, val, test, got 'all'"),
    ],
)
def test_unknown_names_list_the_known(tiny_hd, tmp_path, more, message):
    with pytest.raises(UsageError, match=message):
        convert(Order(tiny_hd.root, tmp_path / "out", **more))
    assert not (tmp_path / "out").exists()


def test_a_folder_of_no_layout_is_said_to_lack_what_it_lacks(tmp_path, converted):
    (tmp_path / "odd").mkdir()
    with pytest.raises(InputError, match="odd: expected a folder 'test'"):
        converted("cp-vton", root=tmp_path / "odd")
    with pytest.raises(InputError, match="nowhere: expected a dataset folder, got no such folder"):
        converted("cp-vton", root=tmp_path / "nowhere")
    with pytest.raises(InputError, match="odd: expected a folder 'images'"):
        converted("viton-hd", root=tmp_path / "odd", source="dresscode")
    assert not (tmp_path / "out").exists()


def test_the_targets_know_the_maps_of_their_layouts():
    assert {name: target.label_map for name, target in TARGETS.items()} == {
        "viton-hd": CIHP, "cp-vton": LIP, "dresscode": ATR, "viton": LIP,
    }  # fmt: skip
    assert all(LAYOUTS[name].label_map == TARGETS[name].label_map for name in READ_BACK)
    assert len(COCO_OF_25) == len(COCO18)
