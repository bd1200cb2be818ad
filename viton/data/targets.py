"""The layouts that `viton data convert` writes: where each file goes, and what is in it.

A plain dictionary: another layout is another entry. Paths are those that the layout's own loaders open.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np

from viton.coordinates import Size
from viton.data.dresscode import keypoints_content as dresscode_content
from viton.data.mat_files import pose_mat, segment_mat
from viton.images import Pixels, encode, encode_labels
from viton.keypoints import Keypoints, body25_content, rounded
from viton.parsing import ATR, CIHP, LIP, PALETTE, LabelMap


class Target(NamedTuple):
    """A layout as it is written; paths are relative, `{split}` and `{id}` stand for what they say."""

    label_map: LabelMap
    image: str
    parsing: str
    keypoints: str
    clothing: str
    mask: str | None  # None: the layout has none
    labels: Callable[[Pixels], bytes]  # (H,W) -> a file
    joints: Callable[[Keypoints, Size], bytes]  # (18,3) px, of a photo of that size -> a file
    lists: dict[str, str]  # what follows `test_pairs` in the names of lists, where this layout says it otherwise
    reads_own: bool  # its loaders train on the pairs of train_pairs.txt; else they pair by the person's name
    own_lists: bool  # a split is who its pairs files name, so everybody must be in one
    before: str = ""  # how the names of lists begin

    @property
    def shares_folders(self) -> bool:
        """Whether all splits lie in one folder."""
        return "{split}" not in self.image

    def pairs_name(self, split: str, name: str, beside: Sequence[str] = ()) -> str:
        """What this layout calls a pairs file; one of those beside it that has that kind already keeps it."""
        kind, taken = _kind(split, name), {_kind(split, other) for other in beside}
        renamed = self.lists.get(kind, kind) if split == "test" else kind
        return f"{self.before}{split}_pairs{kind if renamed in taken else renamed}.txt"

    def own_name(self, split: str) -> str:
        """What this layout calls the list of everybody in the own garment."""
        return f"{self.before}{split}_pairs{'' if split == 'train' else '_paired'}.txt"


def _kind(split: str, name: str) -> str:
    """What follows `test_pairs` in a list's name."""
    return re.sub(f"^(viton_)?{split}_pairs", "", Path(name).stem)


def coco18_content(keypoints: Keypoints) -> dict[str, object]:
    """What OpenPose wrote of joints (18,3) in its first version, which is what CP-VTON has."""
    empty = ("face_keypoints", "hand_left_keypoints", "hand_right_keypoints")
    return {"version": 1.0, "people": [{"pose_keypoints": rounded(keypoints), **{key: [] for key in empty}}]}


def palette_png(labels: Pixels) -> bytes:
    return encode_labels(labels, PALETTE)


def grey_png(labels: Pixels) -> bytes:
    return encode(labels, ".png")


def mask_bytes(mask: Pixels, suffix: str) -> bytes:
    """A mask (H,W) in {0,1} as .png, or as a .jpg that gives the same mask when it is cut at 128 again.

    Quality 95 moves no pixel by 128: its steps add up to 369, and each moves a pixel by an eighth of it at most.
    """
    return encode(mask * np.uint8(255), suffix, 95)


def _json(content: dict[str, object]) -> bytes:
    return (json.dumps(content) + "\n").encode()


TARGETS: dict[str, Target] = {
    "viton-hd": Target(
        label_map=CIHP,
        image="{split}/image/{id}.jpg",
        parsing="{split}/image-parse-v3/{id}.png",
        keypoints="{split}/openpose_json/{id}_keypoints.json",
        clothing="{split}/cloth/{id}.jpg",
        mask="{split}/cloth-mask/{id}.jpg",  # its loaders open the garment's name, suffix and all
        labels=palette_png,
        joints=lambda joints, _: _json(body25_content(joints)),
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
        joints=lambda joints, _: _json(coco18_content(joints)),
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
        joints=lambda joints, size: _json(dresscode_content(joints, size)),
        lists={"": "_unpaired", "_same": "_paired"},
        reads_own=True,
        own_lists=True,
    ),
    "viton": Target(
        label_map=LIP,
        image="women_top/{id}_0.jpg",
        parsing="segment/{id}_0.mat",
        keypoints="pose/{id}_0.mat",
        clothing="women_top/{id}_1.jpg",
        mask=None,
        labels=segment_mat,
        joints=lambda joints, _: pose_mat(joints),
        lists={"_unpaired": ""},
        reads_own=True,
        own_lists=True,
        before="viton_",
    ),
}
