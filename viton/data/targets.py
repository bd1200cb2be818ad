"""The layouts that `viton data convert` writes: where each file goes, and what is in it.

A plain dictionary: another layout is another entry. Paths are those that the layout's own loaders open.
"""

from __future__ import annotations

import io
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import numpy as np
from PIL import Image

from viton.coordinates import Size
from viton.data.dresscode import keypoints_content as dresscode_content
from viton.images import Pixels, encode, encode_labels
from viton.keypoints import Keypoints, to_body25
from viton.parsing import ATR, CIHP, LIP, PALETTE, LabelMap


class Target(NamedTuple):
    """A layout as it is written; paths are relative, `{split}` and `{id}` stand for what they say."""

    label_map: LabelMap
    image: str
    parsing: str
    keypoints: str
    clothing: str
    mask: str
    labels: Callable[[Pixels], bytes]  # (H,W) -> a PNG file
    joints: Callable[[Keypoints, Size], dict[str, object]]  # (18,3) px, of a photo of that size -> JSON
    lists: dict[str, str]  # what follows `test_pairs` in the names of lists, where this layout says it otherwise
    reads_own: bool  # its loaders train on the pairs of train_pairs.txt; else they pair by the person's name
    own_lists: bool  # a split is who its pairs files name, so everybody must be in one

    @property
    def shares_folders(self) -> bool:
        """Whether all splits lie in one folder."""
        return "{split}" not in self.image

    def pairs_name(self, split: str, name: str) -> str:
        """What this layout calls a pairs file of that name."""
        kind = Path(name).stem.removeprefix(f"{split}_pairs")
        return f"{split}_pairs{self.lists.get(kind, kind) if split == 'test' else kind}.txt"

    def own_name(self, split: str) -> str:
        """What this layout calls the list of everybody in the own garment."""
        return f"{split}_pairs{'' if split == 'train' else '_paired'}.txt"


def body25_content(keypoints: Keypoints, size: Size) -> dict[str, object]:
    """What OpenPose writes of one person's joints (18,3) as BODY_25; a thousandth of a pixel is kept."""
    empty = ("face_keypoints_2d", "hand_left_keypoints_2d", "hand_right_keypoints_2d", "pose_keypoints_3d")
    return {
        "version": 1.3,
        "people": [{"pose_keypoints_2d": _rounded(to_body25(keypoints)), **{key: [] for key in empty}}],
    }


def coco18_content(keypoints: Keypoints, size: Size) -> dict[str, object]:
    """What OpenPose wrote of joints (18,3) in its first version, which is what CP-VTON has."""
    empty = ("face_keypoints", "hand_left_keypoints", "hand_right_keypoints")
    return {"version": 1.0, "people": [{"pose_keypoints": _rounded(keypoints), **{key: [] for key in empty}}]}


def palette_png(labels: Pixels) -> bytes:
    return encode_labels(labels, PALETTE)


def grey_png(labels: Pixels) -> bytes:
    return encode(labels, ".png")


def mask_bytes(mask: Pixels, suffix: str) -> bytes:
    """A mask (H,W) in {0,1} as .png, or as the .jpg that gives the same mask when it is cut at 128 again."""
    pixels = mask * np.uint8(255)
    if suffix != ".jpg":
        return encode(pixels, suffix)
    data = encode(pixels, suffix, 95)
    with Image.open(io.BytesIO(data)) as picture:
        same = ((np.array(picture) >= 128) == (mask > 0)).all()
    return data if same else encode(pixels, suffix, 100)


def _rounded(joints: np.ndarray) -> list[float]:
    return [round(float(value), 3) for value in joints.ravel()]


TARGETS: dict[str, Target] = {
    "viton-hd": Target(
        label_map=CIHP,
        image="{split}/image/{id}.jpg",
        parsing="{split}/image-parse-v3/{id}.png",
        keypoints="{split}/openpose_json/{id}_keypoints.json",
        clothing="{split}/cloth/{id}.jpg",
        mask="{split}/cloth-mask/{id}.jpg",  # its loaders open the garment's name, suffix and all
        labels=palette_png,
        joints=body25_content,
        lists={"_unpaired": "", "_same": "_paired"},
        reads_own=False,
        own_lists=False,
    ),
    "cp-vton": Target(
        label_map=LIP,
        image="{split}/image/{id}_0.jpg",
        parsing="{split}/image-parse/{id}_0.png",
        keypoints="{split}/pose/{id}_0_keypoints.json",
        clothing="{split}/cloth/{id}_1.jpg",
        mask="{split}/cloth-mask/{id}_1.jpg",
        labels=palette_png,
        joints=coco18_content,
        lists={"_unpaired": "", "_paired": "_same"},  # the latter is CP-VTON+'s
        reads_own=True,
        own_lists=False,
    ),
    "dresscode": Target(
        label_map=ATR,
        image="images/{id}_0.jpg",
        parsing="label_maps/{id}_4.png",
        keypoints="keypoints/{id}_2.json",
        clothing="images/{id}_1.jpg",
        mask="masks/{id}_1.png",  # LaDI-VTON's
        labels=grey_png,
        joints=dresscode_content,
        lists={"": "_unpaired", "_same": "_paired"},
        reads_own=True,
        own_lists=True,
    ),
}
