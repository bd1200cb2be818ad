"""No trap in sound folders, in any layout; and the traps of lists and of folders that circulate."""

import json
import shutil

import pytest

from tests.conftest import ROOT
from tests.trap_worlds import BODY25, LAYOUTS, named_problems
from viton.cli import app
from viton.data.check import check
from viton.data.convert import Order, convert
from viton.data.traps import TRAPS
from viton.synthetic.config import WorldConfig
from viton.synthetic.dataset import write_world


@pytest.mark.parametrize("layout", LAYOUTS)
def test_a_sound_world_has_no_trap_in_any_layout(worlds, layout):
    report = check(worlds[layout])
    assert report.problems == []
    assert (report.people, report.errors, report.warnings) == (14, 0, 0)
    assert check(worlds[layout], layout=layout) == report


@pytest.mark.parametrize("noise", [0.5, 2.0])
def test_errors_of_estimators_are_no_trap(tmp_path, noise):
    write_world(tmp_path, WorldConfig(people=8, garments=2, seed=4, height=128, width=96, noise=noise))
    assert check(tmp_path).problems == []


def test_real_people_have_no_trap_in_any_layout(shared_data, tmp_path):
    root = shared_data / "vitonhd_sample"
    assert check(root).problems == []
    for layout in LAYOUTS:
        convert(Order(root, tmp_path / layout, layout))
        assert check(tmp_path / layout).problems == []


@pytest.mark.parametrize("layout", LAYOUTS)
def test_an_unpaired_list_for_training(world_in, layout):
    world = world_in(layout)
    (path,) = world.root.glob("*train_pairs*.txt")
    rows = [line.split() for line in path.read_text().splitlines()]
    clothes = [clothing for _, clothing in rows]
    path.write_text("".join(f"{row[0]} {other}\n" for row, other in zip(rows, clothes[1:] + clothes[:1], strict=True)))
    (problem,) = named_problems(world.root, "train-pairs-unpaired", "unpaired", splits=("train",))
    assert problem.file == str(path)


FOUR = ("001567", "002787", "005413", "009300")


@pytest.fixture
def with_the_four(worlds, tmp_path):
    """The layout of 2018 with four people of the training list under the names of VITON's four."""
    root = tmp_path / "renamed"
    shutil.copytree(worlds["viton"], root)
    lines = (root / "viton_train_pairs.txt").read_text().splitlines()
    olds = [line.split()[0].removesuffix("_0.jpg") for line in lines[:4]]
    for old, new in zip(olds, FOUR, strict=True):
        for path in [*root.glob(f"*/{old}_0.*"), *root.glob(f"*/{old}_1.*")]:
            path.rename(path.with_name(path.name.replace(old, new)))
    (root / "viton_train_pairs.txt").write_text("\n".join(lines[4:]) + "\n")
    return root


def test_the_four_self_pairs_of_vitons_test_list(with_the_four):
    path = with_the_four / "viton_test_pairs.txt"
    with path.open("a") as stream:
        stream.write("".join(f"{name}_0.jpg {name}_1.jpg\n" for name in FOUR))
    (problem,) = named_problems(with_the_four, "self-pairs", "4 self-pairs", "the four of VITON's own test list")
    assert problem.file == str(path)
    path.write_text(path.read_text().replace(f"{FOUR[0]}_1.jpg", f"{FOUR[1]}_1.jpg"))
    (problem,) = named_problems(with_the_four, "self-pairs", "3 self-pairs")
    assert "the four" not in problem.got


@pytest.mark.parametrize(
    ("layout", "name"), [("cp-vton", "test_pairs_same.txt"), ("dresscode", "test_pairs_paired.txt")]
)
def test_a_paired_list_that_is_not(world_in, layout, name):
    world = world_in(layout)
    one, other = world.data.people[world.people[0]], world.data.clothings[world.clothings[-1]]
    with (world.root / name).open("a") as stream:
        stream.write(f"{one.name} {other.name}\n")
    named_problems(world.root, "paired-list-unpaired", "1 of")


@pytest.mark.parametrize(
    ("folders", "called"),
    [
        (("test/image", "test/cloth", "test/parse-bytedance"), "GP-VTON's repack of VITON-HD"),
        (("test/image", "test/openpose_json", "test/cloth_mask-bytedance"), "GP-VTON's repack of VITON-HD"),
        (("upper/image", "upper/parse-bytedance", "upper/cloth_align"), "GP-VTON's repack of Dress Code"),
        (("test_img", "test_label", "test_color", "test_colormask", "test_pose"), "ACGPN's repack"),
        (("test_img", "test_clothes", "test_edge"), "PF-AFN's test set"),
        (("VITON_traindata/train_img",), "PF-AFN's training set"),
        (("data/image_parse_with_hands", "data/image"), "C-VTON's repack"),
        (("zalando-hd-resized/test/image",), "the dataset in zalando-hd-resized/"),
        (("image", "cloth"), "the folders image and cloth themselves"),
    ],
)  # fmt: skip
def test_other_folders_are_called_by_their_names(tmp_path, folders, called):
    for folder in folders:
        (tmp_path / folder).mkdir(parents=True)
    problems = [problem for problem in check(tmp_path).problems if problem.trap]
    assert [problem.trap for problem in problems] == ["another-layout"]
    assert called in problems[0].got
    assert problems[0].mend


def test_folders_that_somebody_added_to_a_sound_dataset_are_no_repack(world_in):
    world = world_in("viton-hd")
    (world.root / "test/parse-bytedance").mkdir()
    (world.root / "backup/test/image").mkdir(parents=True)
    assert check(world.root, ("test",)).problems == []


def test_every_trap_is_in_the_documentation():
    text = (ROOT / "docs/data.md").read_text()
    assert [name for name in TRAPS if f"`{name}`" not in text] == []


def test_the_command_shows_trap_and_mend(world_in, capsys):
    world = world_in("viton-hd")
    world.change_joints(lambda joints: joints[BODY25])
    with pytest.raises(SystemExit) as done:
        app(["data", "check", str(world.root), "--split", "test", "--json"])
    assert done.value.code == 1
    problems = json.loads(capsys.readouterr().out)["problems"]
    assert {problem["trap"] for problem in problems} == {"coco18-as-body25"}
    assert all("MidHip" in problem["mend"] for problem in problems)
