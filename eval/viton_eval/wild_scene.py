"""Made-up people in cluttered places, as a folder in COCO's layout, with what is true of each. H, W.

People, their labels and their true try-ons are the made-up world's; only what is behind them is drawn here. So the same
person can be tried on before clutter and before the studio's plain wall, and all that differs is the place.
"""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray

from viton.background import fitted
from viton.coordinates import Size, rescale_px
from viton.data.coco import Coco
from viton.data.coco_file import JOINTS
from viton.data.dataset import Dataset
from viton.data.person_crop import cropped
from viton.data.sample import Pair
from viton.files import write_bytes, write_json, write_text
from viton.images import Pixels, encode, load_labels, load_rgb, save_png
from viton.keypoints import COCO18_OF_COCO17, Keypoints

PHOTO = (320, 240)  # px of a made-up photo in its scene
SCENE = (360, 520)
SOFT = 0.8  # px over which a person's edge mixes with what is behind
SLACK = 1.2  # px that an annotator's polygon may be off the edge
SHAPES = 60  # things in a scene
# Colours of things: some are those of skin and cloth, so that a place is no easier than a real one.
COLOURS = ((214, 168, 138), (120, 80, 60), (60, 90, 150), (190, 60, 50), (90, 140, 90), (235, 230, 220), (40, 42, 48),
           (200, 180, 110), (150, 150, 155), (110, 130, 170))  # fmt: skip


class Placed(NamedTuple):
    """A pair's made-up pictures as they lie in the crop, (h,w) or (h,w,3)."""

    plain: Pixels  # the photo before the studio's wall
    labels: Pixels  # its true labels
    true_plain: Pixels  # the true try-on before the wall
    true_clutter: Pixels  # and in the scene
    true_labels: Pixels  # of the true try-on
    joints: Keypoints  # (18, 3) px of the crop


class Wild(NamedTuple):
    """Scenes on disk, as a dataset, and the truth of each pair; pairs whose person was not taken are left out."""

    data: Coco
    truth: dict[Pair, Placed]  # by the pair's names in `data`
    asked: int

    def __bool__(self) -> bool:
        """Whether anybody was taken."""
        return bool(self.truth)


def clutter(size: Size, rng: np.random.Generator) -> Pixels:
    """A cluttered place (H,W,3): soft light, boxes, discs and bars in many colours, farther ones blurred, and grain."""
    height, width = size
    light, tint = rng.uniform(70, 215, (3, 4, 1)), rng.uniform(-35, 35, (3, 4, 3))
    field = (light + tint).astype(np.float32)
    place = cv2.resize(field, (width, height), interpolation=cv2.INTER_CUBIC)
    for number in range(SHAPES):
        colour = tuple(float(v) for v in np.array(COLOURS[rng.integers(len(COLOURS))]) * rng.uniform(0.6, 1.15))
        x, y = int(rng.integers(width)), int(rng.integers(height))
        side = int(rng.integers(8, 30 + height // 5))
        kind = number % 3
        if kind == 0:
            corners = cv2.boxPoints(((x, y), (side, int(rng.integers(8, height // 2))), float(rng.uniform(0, 20))))
            place = cv2.fillConvexPoly(place, np.rint(corners).astype(np.int32), colour, cv2.LINE_AA)
        elif kind == 1:
            place = cv2.circle(place, (x, y), side // 2, colour, -1, cv2.LINE_AA)
        else:
            end = (int(rng.integers(width)), int(rng.integers(height)))
            place = cv2.line(place, (x, y), end, colour, int(rng.integers(1, 9)), cv2.LINE_AA)
        if number == SHAPES // 2:
            place = cv2.GaussianBlur(place, (0, 0), 4)
    noise = rng.normal(0, 5, place.shape)
    return np.rint((place + noise).clip(0, 255)).astype(np.uint8)


def make_wild(folder: Path, data: Dataset, pairs: Sequence[Pair], seed: int) -> Wild:
    """Write a scene for each pair whose true try-on is known, in place of what lies in `folder`, and open it."""
    shutil.rmtree(folder, ignore_errors=True)
    scenes = [_Scene.drawn(data, pair, number, seed) for number, pair in enumerate(pairs)]
    content: dict[str, list[dict[str, object]]] = {"images": [], "annotations": []}
    for number, scene in enumerate(scenes):
        save_png(folder / "images" / f"{scene.pair.person}.png", scene.picture)
        content["images"].append(_picture_row(scene, number))
        content["annotations"].append(_note_row(scene, number))
        name = scene.pair.clothing
        write_bytes(folder / "cloth" / data.clothings[name].name, data.clothings[name].read_bytes())
        write_bytes(folder / "cloth-mask" / f"{name}.png", encode(data.read_mask(name) * np.uint8(255), ".png"))
    write_json(folder / "annotations" / "person_keypoints.json", content)
    found = Coco(folder, "test")
    truth = {}
    for number, scene in enumerate(scenes):
        if (name := f"{scene.pair.person}_{number + 1}") in found.people:
            truth[Pair(name, scene.pair.clothing)] = scene.placed(found, name)
    write_text(folder / "test_pairs.txt", "".join(f"{one.person} {one.clothing}\n" for one in truth))
    return Wild(found, truth, len(pairs))


class _Scene(NamedTuple):
    """One person in one place; pictures are of the scene's size."""

    pair: Pair
    picture: Pixels
    labels: Pixels
    joints: Keypoints
    plain: Pixels
    true_plain: Pixels
    true_clutter: Pixels
    true_labels: Pixels

    @classmethod
    def drawn(cls, data: Dataset, pair: Pair, number: int, seed: int) -> _Scene:
        rng = np.random.default_rng([seed, number, 9])
        photo, true = data.photo(pair.person), load_rgb(data.truth_path(pair, "image"))
        labels = data.read_parsing(pair.person, (photo.shape[0], photo.shape[1]))
        true_labels = load_labels(data.truth_path(pair, "parse"))
        place, left = clutter(SCENE, rng), int(rng.integers(20, SCENE[1] - PHOTO[1] - 20))
        there = np.s_[SCENE[0] - PHOTO[0] :, left : left + PHOTO[1]]
        spread = [_spread(each, there) for each in (labels, true_labels)]
        pairs = zip((photo, true), (labels, true_labels), strict=True)
        walls = [_before_wall(picture, where == 0, there) for picture, where in pairs]
        mixed = [_mixed(wall, place, here > 0) for wall, here in zip(walls, spread, strict=True)]
        joints = data.read_keypoints(pair.person, (photo.shape[0], photo.shape[1])).copy()
        seen = joints[:, 2] > 0
        moved = rescale_px(joints[seen, :2], (photo.shape[0], photo.shape[1]), PHOTO)
        joints[seen, :2] = moved + np.array([left, SCENE[0] - PHOTO[0]], np.float32)
        return cls(pair, mixed[0], spread[0], joints, walls[0], walls[1], mixed[1], spread[1])

    def placed(self, found: Coco, name: str) -> Placed:
        """What is true of the scene, in its crop."""
        crop, joints = found.crop(name), self.joints.copy()
        joints[:, :2] -= (crop.left, crop.top)
        pictures = (cropped(each, crop, 255) for each in (self.plain, self.true_plain, self.true_clutter))
        plain, true_plain, true_clutter = pictures
        labels, true_labels = (cropped(each, crop, 0) for each in (self.labels, self.true_labels))
        return Placed(plain, labels, true_plain, true_clutter, true_labels, joints)


def _spread(labels: Pixels, there: tuple[slice, slice]) -> Pixels:
    """Labels of a photo in the scene, 0 elsewhere; edges are smoothed label by label, not stepped."""
    found, best = np.zeros(PHOTO, np.uint8), np.zeros(PHOTO, np.float32)
    for label in np.unique(labels):
        share = cv2.resize((labels == label).astype(np.float32), PHOTO[::-1], interpolation=cv2.INTER_CUBIC)
        found[share > best] = label
        best = np.maximum(best, share)
    scene = np.zeros(SCENE, np.uint8)
    scene[there] = found
    return scene


def _before_wall(photo: Pixels, wall: NDArray[np.bool_], there: tuple[slice, slice]) -> Pixels:
    """A photo in a scene of its own wall, which goes on beyond the photo's edges without the person."""
    surface, _ = fitted(photo.astype(np.float32), wall, 2)
    large, bare = (cv2.resize(each, PHOTO[::-1], interpolation=cv2.INTER_CUBIC) for each in (photo, surface))
    left = there[1].start
    sides = (SCENE[0] - PHOTO[0], 0, left, SCENE[1] - left - PHOTO[1])
    scene = np.rint(cv2.copyMakeBorder(bare, *sides, cv2.BORDER_REPLICATE).clip(0, 255)).astype(np.uint8)
    scene[there] = large
    return np.asarray(scene, np.uint8)


def _mixed(picture: Pixels, place: Pixels, person: NDArray[np.bool_]) -> Pixels:
    share = cv2.GaussianBlur(person.astype(np.float32), (0, 0), SOFT)[..., None]
    return np.rint(share * picture + (1 - share) * place).astype(np.uint8)


def _picture_row(scene: _Scene, number: int) -> dict[str, object]:
    return {"id": number + 1, "file_name": f"{scene.pair.person}.png", "height": SCENE[0], "width": SCENE[1]}


def _note_row(scene: _Scene, number: int) -> dict[str, object]:
    """An annotation as COCO has it: joints in whole pixels, an outline of few points."""
    joints = np.zeros((JOINTS, 3))
    joints[:] = scene.joints[list(COCO18_OF_COCO17)]
    joints[:, 2] = 2 * (joints[:, 2] > 0)
    outlines, _ = cv2.findContours((scene.labels > 0).astype(np.uint8), cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE)
    polygons = [cv2.approxPolyDP(each, SLACK, True).reshape(-1, 2) + 0.5 for each in outlines if len(each) > 20]
    return {
        "id": number + 1,
        "image_id": number + 1,
        "category_id": 1,
        "iscrowd": 0,
        "keypoints": np.rint(joints).astype(int).ravel().tolist(),
        "segmentation": [polygon.ravel().tolist() for polygon in polygons if len(polygon) > 2],
    }
