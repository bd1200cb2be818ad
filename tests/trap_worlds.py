"""Small sound datasets in every layout, to be spoilt one trap at a time."""

import json
import shutil
from pathlib import Path

import numpy as np
from PIL import Image
from scipy.io import loadmat, savemat

from viton.data.check import check
from viton.data.convert import Order, convert
from viton.data.layouts import open_dataset
from viton.data.traps import Problem
from viton.data.viton_hd import VitonHd
from viton.images import load_mask
from viton.synthetic.config import WorldConfig
from viton.synthetic.dataset import write_world

SIZE = (128, 96)
LAYOUTS = ("viton-hd", "cp-vton", "dresscode", "viton")
JSON_LAYOUTS = LAYOUTS[:3]
BODY25 = [0, 1, 2, 3, 4, 5, 6, 7, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18]  # the published order, retyped


def make_worlds(root: Path, people: int = 14, garments: int = 8) -> dict[str, Path]:
    """A made-up world in four layouts; that of 2018 with masks beside it, as its garments are not on pure white."""
    world = root / "viton-hd"
    write_world(world, WorldConfig(people=people, garments=garments, seed=5, height=SIZE[0], width=SIZE[1]))
    roots = {"viton-hd": world, **{name: root / name / "upper_body" for name in LAYOUTS[1:]}}
    for name in LAYOUTS[1:]:
        convert(Order(world, roots[name], name))
    (roots["viton"] / "cloth-mask").mkdir()
    for split in VitonHd.splits_in(world):
        data = open_dataset(world, split)
        for clothing in data.clothings:
            mask = load_mask(data.mask_path(clothing)) * np.uint8(255)
            Image.fromarray(mask).save(roots["viton"] / "cloth-mask" / f"{clothing}_1.png")
    return roots


class World:
    """A copy of one of them, whose test split is spoilt."""

    def __init__(self, source: Path, root: Path, layout: str) -> None:
        shutil.copytree(source, root)
        self.root, self.layout = root, layout
        self.data = open_dataset(root, "test", layout)
        self.people, self.clothings = sorted(self.data.people), sorted(self.data.clothings)

    def labels(self, person: str) -> np.ndarray:
        """The numbers as they are in the file; of `segment` the square, as it is stored."""
        path = self.data.parsing_path(person)
        return loadmat(path)["segment"] if path.suffix == ".mat" else np.array(Image.open(path))

    def save_labels(self, person: str, labels: np.ndarray) -> None:
        path = self.data.parsing_path(person)
        if path.suffix == ".mat":
            savemat(path, {"segment": labels})
        else:
            Image.fromarray(labels).save(path)

    def change_labels(self, change: object) -> None:
        for person in self.people:
            self.save_labels(person, change(self.labels(person)))

    def joints(self, person: str) -> np.ndarray:
        """The rows of a file; of the layout of 2018 `candidate` in the order of `subset`, missing ones -1."""
        path = self.data.keypoints_path(person)
        if path.suffix == ".mat":
            content = loadmat(path)
            rows = content["subset"][0, :18].astype(int)
            return np.where(rows[:, None] < 0, -1.0, content["candidate"][rows, :3])
        content = json.loads(path.read_text())
        if "keypoints" in content:
            return np.array(content["keypoints"])
        (values,) = [value for value in content["people"][0].values() if value]
        return np.array(values).reshape(-1, 3)

    def save_joints(self, person: str, joints: np.ndarray) -> None:
        path = self.data.keypoints_path(person)
        if path.suffix == ".mat":
            seen = joints[:, 0] >= 0
            subset = np.full((1, 20), -1.0)
            subset[0, :18][seen] = np.arange(seen.sum())
            savemat(path, {"candidate": np.c_[joints[seen], np.arange(seen.sum())], "subset": subset})
            return
        content = json.loads(path.read_text())
        if "keypoints" in content:
            content["keypoints"] = joints.tolist()
        else:
            person_, numbers = content["people"][0], np.array(joints).ravel().tolist()
            person_[next(key for key, value in person_.items() if value)] = numbers
        path.write_text(json.dumps(content))

    def change_joints(self, change: object) -> None:
        for person in self.people:
            self.save_joints(person, change(self.joints(person)))


def scaled(x: float, y: float) -> object:
    """A change of joints: places multiplied, missing ones left."""

    def change(joints: np.ndarray) -> np.ndarray:
        moved = joints.copy()
        seen = (joints[:, 2] > 0) & (joints[:, 0] >= 0)
        moved[seen, :2] *= (x, y)
        return moved

    return change


def renumbered(source: tuple[str, ...], target: tuple[str, ...], **others: str) -> np.ndarray:
    """A table that gives labels of one map the numbers of another, by name."""
    names = [others.get(name, name) for name in source]
    return np.array([target.index(name) if name in target else 0 for name in names] + [0] * (256 - len(source)), "u1")


def named_problems(root: Path, trap: str, *wanted: str, splits: tuple[str, ...] = ("test",)) -> list[Problem]:
    """The problems of one trap, of which all lines have `wanted` and a mend; fails where other traps are named."""
    problems = check(root, splits).problems
    found = [problem for problem in problems if problem.trap == trap]
    assert found, [problem.line for problem in problems]
    assert {problem.trap for problem in problems} <= {trap, ""}, [problem.line for problem in problems]
    for problem in found:
        assert problem.mend
        assert f"[{trap}: {problem.mend}]" in problem.line
        assert all(part in problem.line for part in wanted), problem.line
    return found
