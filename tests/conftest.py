"""Fixtures that several test files share.

Measurements on real photographs need data that is not in the repository. It is looked for in the folder that the
environment variable VITON_SHARED_DATA names, else in `../shared/data` beside the checkout. Without it those tests are
skipped, loudly; with CI and VITON_REQUIRE_SHARED_DATA=1 both set they fail instead.
"""

import json
import os
from pathlib import Path

import cv2
import numpy as np
import pytest

ROOT = Path(__file__).resolve().parent.parent
NEW = {"parsing": "image-parse-v3", "keypoints": "openpose_json", "clothing_mask": "cloth-mask"}
OLD = {"parsing": "image-parse", "keypoints": "openpose-json", "clothing_mask": "cloth_mask"}
SPELLINGS = {"new": NEW, "old": OLD}
GARMENTS = {"c1": (200, 30, 40), "c2": (30, 120, 60), "c3": (40, 60, 180)}
SIZE = (64, 48)

# Share of the width and height at which a joint of COCO-18 lies in these little people.
JOINTS = {
    0: (0.50, 0.14), 1: (0.50, 0.25), 2: (0.30, 0.28), 3: (0.20, 0.45), 4: (0.20, 0.60), 5: (0.70, 0.28),
    6: (0.80, 0.45), 7: (0.80, 0.60), 8: (0.40, 0.62), 9: (0.40, 0.80), 11: (0.60, 0.62), 12: (0.60, 0.80),
}  # fmt: skip


class TinyHd:
    """A viton-hd folder of two people and three garments, drawn with rectangles; every file of it may be spoilt."""

    people, clothings = ("p1", "p2"), ("c1", "c2", "c3")
    pairs = (("p1", "c1"), ("p2", "c2"), ("p1", "c3"))

    def __init__(self, root: Path, spelling: str = "new", size: tuple[int, int] = SIZE, split: str = "test") -> None:
        self.root, self.size, self.split = root, size, split
        names = {"image": "image", "clothing": "cloth", **SPELLINGS[spelling]}
        self.folders = {role: root / split / name for role, name in names.items()}
        for folder in self.folders.values():
            folder.mkdir(parents=True, exist_ok=True)
        for number, person in enumerate(self.people):
            self._write_person(person, number)
        for number, clothing in enumerate(self.clothings):
            self._write_clothing(clothing, number)
        self.pairs_path.write_text("".join(f"{person}.jpg {clothing}.jpg\n" for person, clothing in self.pairs))

    @property
    def pairs_path(self) -> Path:
        return self.root / f"{self.split}_pairs.txt"

    def image(self, person: str) -> Path:
        return self.folders["image"] / f"{person}.jpg"

    def parsing(self, person: str) -> Path:
        return self.folders["parsing"] / f"{person}.png"

    def keypoints(self, person: str) -> Path:
        return self.folders["keypoints"] / f"{person}_keypoints.json"

    def clothing(self, clothing: str) -> Path:
        return self.folders["clothing"] / f"{clothing}.jpg"

    def mask(self, clothing: str) -> Path:
        return self.folders["clothing_mask"] / f"{clothing}.jpg"

    def _write_person(self, person: str, number: int) -> None:
        labels = person_labels(self.size, number)
        colours = np.random.default_rng(number).integers(0, 255, (20, 3), np.uint8)
        colours[0] = 235
        save(self.image(person), colours[labels])
        save(self.parsing(person), labels)
        joints = np.zeros((25, 3))
        for joint, (x, y) in JOINTS.items():
            joints[joint if joint < 8 else joint + 1] = (x * self.size[1], y * self.size[0], 0.9)
        write_keypoints(self.keypoints(person), joints.ravel().tolist())

    def _write_clothing(self, clothing: str, number: int) -> None:
        mask = garment_mask(self.size, number)
        picture = np.where(mask[..., None] > 0, np.array(GARMENTS[clothing]), 255).astype(np.uint8)
        save(self.clothing(clothing), picture)
        save(self.mask(clothing), mask * 255)


def save(path: Path, pixels: np.ndarray) -> None:
    """Write uint8 (H,W) or (H,W,3) RGB with OpenCV, so that the tests do not lean on the code that they test."""
    ordered = pixels if pixels.ndim == 2 else pixels[..., ::-1]
    options = [cv2.IMWRITE_JPEG_QUALITY, 97] if path.suffix == ".jpg" else []
    assert cv2.imwrite(str(path), np.ascontiguousarray(ordered), options)


def write_keypoints(path: Path, numbers: object) -> None:
    path.write_text(json.dumps({"version": 1.3, "people": [{"pose_keypoints_2d": numbers}]}))


def person_labels(size: tuple[int, int], number: int = 0) -> np.ndarray:
    """CIHP labels of somebody who stands: hair, face, neck, shirt, arms, trousers."""
    H, W = size
    labels = np.zeros(size, np.uint8)

    def box(top: float, bottom: float, left: float, right: float, label: int) -> None:
        labels[round(top * H) : round(bottom * H), round(left * W) : round(right * W)] = label

    wide = 0.03 * number
    box(0.60, 0.98, 0.36, 0.64, 9)
    box(0.25, 0.62, 0.28 - wide, 0.72 + wide, 5)
    box(0.27, 0.60, 0.18 - wide, 0.28 - wide, 15)
    box(0.27, 0.60, 0.72 + wide, 0.82 + wide, 14)
    box(0.20, 0.26, 0.45, 0.55, 10)
    box(0.05, 0.12, 0.38, 0.62, 2)
    box(0.10, 0.21, 0.40, 0.60, 13)
    return labels


def garment_mask(size: tuple[int, int], number: int = 0) -> np.ndarray:
    """A T-shirt, a trapezoid or an ellipse as {0,1}."""
    H, W = size
    y, x = np.mgrid[:H, :W]
    x, y = (x + 0.5) / W - 0.5, (y + 0.5) / H - 0.5
    if number == 0:
        return (((abs(x) < 0.25) & (abs(y) < 0.3)) | ((abs(x) < 0.42) & (y > -0.3) & (y < -0.12))).astype(np.uint8)
    if number == 1:
        return ((abs(y) < 0.3) & (abs(x) < 0.28 + 0.25 * y)).astype(np.uint8)
    return ((x / 0.3) ** 2 + (y / 0.32) ** 2 < 1).astype(np.uint8)


@pytest.fixture
def make_tiny_hd(tmp_path):
    """A function that writes a TinyHd: spelling `new` or `old`, any size, train, val or test."""

    def make(name: str = "hd", **options: object) -> TinyHd:
        return TinyHd(tmp_path / name, **options)

    return make


@pytest.fixture
def tiny_hd(make_tiny_hd):
    """A small sound dataset folder."""
    return make_tiny_hd()


@pytest.fixture(params=sorted(SPELLINGS))
def either_tiny_hd(request, make_tiny_hd):
    """The same in the spelling of the full dataset and in that of its sample."""
    return make_tiny_hd(spelling=request.param)


@pytest.fixture
def save_picture():
    return save


@pytest.fixture
def save_keypoints():
    return write_keypoints


@pytest.fixture
def labels_of_a_person():
    return person_labels


@pytest.fixture
def mask_of_a_garment():
    return garment_mask


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """The folder with `reference/` and `vitonhd_sample/`; see the top of this file."""
    path = Path(os.environ.get("VITON_SHARED_DATA") or ROOT.parent / "shared" / "data")
    if (path / "reference" / "masks.npz").is_file() and (path / "vitonhd_sample").is_dir():
        return path
    message = f"NOT MEASURED: no reference data in {path}; set VITON_SHARED_DATA to the folder that has it"
    if os.environ.get("CI") and os.environ.get("VITON_REQUIRE_SHARED_DATA") == "1":
        pytest.fail(message)
    pytest.skip(message)


class UntrainedRun:
    """RUN/stages/ with networks as they were drawn, which is all that is needed to see how they are used."""

    names = ("coarse", "refine", "crn", "prgan", "cagan")

    def __init__(self, path: Path, size: tuple[int, int] = SIZE, fidelity: str = "paper", seed: int = 0) -> None:
        self.path, self.size, self.fidelity, self.seed = path, size, fidelity, seed
        self.digests: dict[str, str] = {}
        for name in self.names:
            self.write(name)

    def folder(self, stage: str) -> Path:
        return self.path / "stages" / stage / str(self.seed)

    def settings(self, stage: str) -> dict[str, object]:
        from viton.config import RepresentationConfig, WarpConfig

        own = {"fidelity": self.fidelity} if stage in ("coarse", "refine") else {}
        settings = {
            "stage": stage,
            "steps": 1,
            "config": {"width": 32 if stage == "crn" else 8, **own},
            "size": list(self.size),
            "seed": self.seed,
            "representation": RepresentationConfig().model_dump(mode="json"),
        }
        if stage == "refine":
            settings |= {"warp": WarpConfig().model_dump(mode="json"), "below": {"coarse": self.digests["coarse"]}}
        return settings

    def networks(self, stage: str) -> dict:
        """Weights ten times as large as they are drawn, or all masks would be 0.5 everywhere."""
        import torch

        from viton import cagan, coarse, crn, prgan, refine, stage_config
        from viton.config import RepresentationConfig

        config = getattr(stage_config, f"{stage.capitalize()}Config")(steps=1, **self.settings(stage)["config"])
        torch.manual_seed(self.seed + len(stage))
        shown = RepresentationConfig()
        made = {
            "coarse": lambda: {"coarse": coarse.coarse_network(config, shown, self.size)},
            "refine": lambda: {"refine": refine.refinement_network(config)},
            "crn": lambda: {"crn": crn.crn_network(config, shown, self.size)},
            "prgan": lambda: {"generator": prgan.prgan_generator(config, shown, self.size)},
            "cagan": lambda: {"generator": cagan.cagan_generator(config, self.size)},
        }[stage]()
        if stage in ("coarse", "prgan", "cagan"):
            for network in made.values():
                for parameter in network.parameters():
                    parameter.data *= 10 if parameter.ndim == 4 else 1
        return made

    def write(self, stage: str) -> None:
        from viton.checkpoint import StageFolder

        folder, settings = StageFolder(self.folder(stage)), self.settings(stage)
        folder.claim(settings)
        folder.finish(self.networks(stage), settings)
        self.digests[stage] = folder.digest()


@pytest.fixture
def make_untrained_run(tmp_path):
    """A function that writes an UntrainedRun, of any size, fidelity and seed."""

    def make(name: str = "run", **options: object) -> UntrainedRun:
        return UntrainedRun(tmp_path / name, **options)

    return make


@pytest.fixture
def untrained_run(make_untrained_run):
    """A run whose stages do anything but what they are for."""
    return make_untrained_run()
