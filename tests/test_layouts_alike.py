"""A try-on, a training and its scores from each layout: what they are from VITON-HD's, where nothing is lost."""

import csv
import json
import shutil
from pathlib import Path
from typing import get_args

import pytest
import yaml
from safetensors.torch import load_file
from typer.testing import CliRunner

from viton.cli import app
from viton.config import FolderData, RepresentationConfig, load_config, with_data
from viton.data.convert import Order, convert
from viton.data.dataset import SPLITS
from viton.data.layouts import LAYOUTS, open_dataset
from viton.data.targets import TARGETS
from viton.digests import Digests
from viton.errors import InputError, UsageError
from viton.images import encode_labels, load_labels, save_png
from viton.layout_names import SPLIT_NAMES, LayoutName, has_split, listed_layout, pairs_file
from viton.parsing import CIHP, PALETTE
from viton.person import represent_people
from viton.synthetic.config import WorldConfig
from viton.synthetic.dataset import write_world
from viton_eval.cli import app as suite
from viton_eval.digests import folder_digest

SIZE = (64, 48)
OTHERS = ["cp-vton", "dresscode", "viton"]
PAIRED = {
    "viton-hd": "test_pairs_paired.txt",
    "cp-vton": "test_pairs_same.txt",
    "dresscode": "test_pairs_paired.txt",
    "viton": "viton_test_pairs_paired.txt",
}
STAGE = {
    "name": "alike",
    "purpose": "A few steps.",
    "height": 64,
    "width": 48,
    "stages": {"prgan": {"steps": 2, "batch": 4, "width": 4}},
    "training": {"precision": "32-true"},
}


def _without_necks(root: Path) -> None:
    """Paint necks as faces, as every other layout would; then labels lose nothing."""
    for path in root.glob("*/image-parse-v3/*.png"):
        labels = load_labels(path)
        labels[labels == CIHP.labels.index("neck")] = CIHP.labels.index("face")
        path.write_bytes(encode_labels(labels, PALETTE))


@pytest.fixture(scope="module")
def roots(tmp_path_factory) -> dict[str, Path]:
    """The same people in every layout; VITON's with the masks that it has no place for, in a folder of their own."""
    base = tmp_path_factory.mktemp("alike")
    write_world(base / "viton-hd", WorldConfig(people=12, garments=4, seed=5, height=SIZE[0], width=SIZE[1]))
    _without_necks(base / "viton-hd")
    (base / "viton-hd" / "test_pairs_paired.txt").write_text(
        "".join(f"{name}.jpg {name}.jpg\n" for name in open_dataset(base / "viton-hd", "test").people)
    )
    for name in OTHERS:
        assert convert(Order(base / "viton-hd", base / name, name)).merged == {}
    for split in SPLITS:
        data = open_dataset(base / "viton-hd", split)
        for garment in data.clothings:
            save_png(base / "viton" / "cloth-mask" / f"{garment}_1.png", data.read_mask(garment) * 255)
    return {name: base / name for name in TARGETS}


def run(command, *arguments):
    done = CliRunner().invoke(command, [str(argument) for argument in arguments], catch_exceptions=False)
    assert done.exit_code == 0, done.output


@pytest.fixture(scope="module")
def made(roots, tmp_path_factory):
    """Of each layout: digests of the pictures, the scores in the own garment, and the weights after two steps."""
    base, found = tmp_path_factory.mktemp("made"), {}
    for name, root in roots.items():
        out, config = base / name, base / f"{name}.yaml"
        data = {"kind": "folder", "root": str(root), "layout": name}
        config.write_text(yaml.safe_dump(STAGE | {"data": data}))
        given = ("--data", root, "--layout", name)
        run(app, "try-on", "non-parametric", *given, "--size", "64x48", "--out", out / "tried")
        paired = root / PAIRED[name]
        run(app, "try-on", "non-parametric", *given, "--pairs", paired, "--size", "64x48", "--out", out / "own")
        more = ("--pairs", paired, "--out", out / "scores.csv", "--metrics", "ssim*,l1*")
        run(suite, "score", "--results", f"ours={out / 'own'}", *given, *more)
        run(app, "train", "prgan", "--config", config, "--run", out / "run", "--device", "cpu")
        rows = [json.loads(line) for line in (out / "tried" / "manifest.jsonl").read_text().splitlines()]
        with (out / "scores.csv").open() as file:
            scores = {row["measure"]: row["value"] for row in csv.DictReader(file)}
        weights = load_file(next((out / "run").glob("stages/prgan/0/*.safetensors")))
        found[name] = ([(row["person"], row["clothing"], row["sha256"]) for row in rows], scores, weights)
    return found


@pytest.mark.slow
@pytest.mark.parametrize("name", OTHERS)
def test_pictures_scores_and_weights_are_those_of_viton_hd_where_nothing_is_lost(made, name):
    pictures, scores, weights = made["viton-hd"]
    assert len(pictures) >= 2
    assert all(scores[name] for name in ("ssim", "ssim_inside", "ssim_face_hair", "l1", "l1_garment"))
    assert made[name][0] == pictures
    assert made[name][1] == scores
    assert {key: value.tolist() for key, value in made[name][2].items()} == {
        key: value.tolist() for key, value in weights.items()
    }


@pytest.mark.slow
def test_where_necks_are_lost_the_face_differs_and_the_try_on_that_reads_no_face_stays(tmp_path):
    """CP-VTON's labels have no neck: it becomes face."""
    write_world(tmp_path / "hd", WorldConfig(people=12, garments=0, seed=5, height=SIZE[0], width=SIZE[1]))
    assert set(convert(Order(tmp_path / "hd", tmp_path / "cp", "cp-vton", split="test")).merged) == {("neck", "face")}
    one, other = (open_dataset(tmp_path / name, "test") for name in ("hd", "cp"))
    pictures, shown = [], []
    for data in (one, other):
        run(app, "try-on", "non-parametric", "--data", data.root, "--size", "64x48", "--out", tmp_path / data.layout)
        pictures.append([path.read_bytes() for path in sorted((tmp_path / data.layout).glob("*.png"))])
        person = data.person(next(iter(data.people)), SIZE)
        shown.append(represent_people([person], RepresentationConfig(), data.label_map))
    assert pictures[0] == pictures[1] != []
    pose, face = slice(0, 18), slice(19, 22)
    assert (shown[0][:, pose] == shown[1][:, pose]).all()
    assert not (shown[0][:, face] == shown[1][:, face]).all()


def test_every_layout_is_known_by_name_and_its_splits_without_opening_a_file(roots):
    assert get_args(LayoutName) == tuple(LAYOUTS)
    assert SPLIT_NAMES == SPLITS
    for name, root in roots.items():
        assert [split for split in SPLITS if has_split(root, split)] == LAYOUTS[name].splits_in(root) == list(SPLITS)
        assert open_dataset(root, "val").layout == name
        assert listed_layout(root) == (name if name in ("dresscode", "viton") else None)
        assert not has_split(root / "nowhere", "test")


def test_a_layouts_own_name_of_a_list_is_found_and_what_is_there_goes_first(roots, tmp_path):
    names = {name: pairs_file(root, "test_pairs.txt").name for name, root in roots.items()}
    assert names == {
        "viton-hd": "test_pairs.txt",
        "cp-vton": "test_pairs.txt",
        "dresscode": "test_pairs_unpaired.txt",
        "viton": "viton_test_pairs.txt",
    }
    assert pairs_file(roots["viton"], "mine.txt").name == "mine.txt"
    (tmp_path / "women_top").mkdir()
    (tmp_path / "viton_test_pairs.txt").write_text("a_0.jpg b_1.jpg\n")
    assert pairs_file(tmp_path, "test_pairs.txt").name == "viton_test_pairs.txt"
    (tmp_path / "test_pairs.txt").write_text("a_0.jpg b_1.jpg\n")
    assert pairs_file(tmp_path, "test_pairs.txt").name == "test_pairs.txt"


def test_a_configuration_names_any_layout_or_none(tmp_path, roots):
    path = tmp_path / "config.yaml"
    for layout in (*LAYOUTS, None):
        data = {"kind": "folder", "root": str(roots["viton-hd"])} | ({"layout": layout} if layout else {})
        path.write_text(yaml.safe_dump({"name": "any", "purpose": "Reads.", "data": data}))
        config = load_config(path)
        assert isinstance(config.data, FolderData)
        assert config.data.layout == layout
        other = with_data(config, Path("elsewhere"), "viton").data
        assert (other.root, other.layout) == (Path("elsewhere"), "viton")
        assert with_data(config, Path("elsewhere")).data.layout is None


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("--data", "x", "--layout", "coca"), "--layout: expected one of viton-hd, cp-vton"),
        (("--layout", "viton"), "--layout: expected --data, whose layout it is"),
    ],
)
@pytest.mark.parametrize("verb", ["try-on", "train"])
def test_a_layout_that_is_none_or_has_no_folder_is_wrong_usage(verb, arguments, said):
    more = ("non-parametric", "--out", "o") if verb == "try-on" else ("coarse", "--config", "configs/smoke.yaml")
    with pytest.raises(UsageError, match=said):
        CliRunner().invoke(app, [verb, *more, *arguments], catch_exceptions=False)


def test_a_layout_whose_folders_hold_all_splits_has_a_digest_that_any_file_changes(roots, tmp_path):
    root = tmp_path / "viton"
    shutil.copytree(roots["viton"], root)
    digests = Digests(tmp_path / "digests.json")
    before = folder_digest(root, "test", digests)
    assert before == folder_digest(root, "test", digests)
    (next((root / "segment").iterdir())).write_bytes(b"other")
    assert folder_digest(root, "test", Digests(tmp_path / "others.json")) != before
    with pytest.raises(InputError, match="expected a dataset folder"):
        folder_digest(tmp_path / "none", "test", digests)
