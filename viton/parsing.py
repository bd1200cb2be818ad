"""Human parsing: label maps, and the masks made from them. Label numbers live only here.

A label map is a fact of a dataset's layout, never guessed from the numbers in a file: LIP and CIHP share ids but
not meanings (10 is jumpsuits in LIP, neck and torso skin in CIHP), and ATR numbers other things throughout.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor

from viton.images import Pixels
from viton.stage_config import Fidelity


class LabelMap(NamedTuple):
    """Names of a parser's labels; a label's number is its place."""

    name: str
    labels: tuple[str, ...]

    def ids(self, names: tuple[str, ...]) -> list[int]:
        """The numbers of those labels that this map knows; KeyError when it knows none of them."""
        known = [self.labels.index(name) for name in names if name in self.labels]
        if not known:
            raise KeyError(f"{self.name}: expected one of {self.labels}, got {names}")
        return known


CIHP = LabelMap("CIHP", (
    "background", "hat", "hair", "glove", "sunglasses", "upper_clothes", "dress", "coat", "socks", "pants",
    "neck", "scarf", "skirt", "face", "left_arm", "right_arm", "left_leg", "right_leg", "left_shoe", "right_shoe",
))  # fmt: skip
LIP = LabelMap("LIP", (*CIHP.labels[:10], "jumpsuits", *CIHP.labels[11:]))
LIP_NECK = LabelMap("LIP with neck", (*LIP.labels, "neck"))  # CP-VTON+ adds label 20: neck and chest
ATR = LabelMap("ATR", (  # its head is our face: skin of the head, without hair
    "background", "hat", "hair", "sunglasses", "upper_clothes", "skirt", "pants", "dress", "belt",
    "left_shoe", "right_shoe", "face", "left_leg", "right_leg", "left_arm", "right_arm", "bag", "scarf",
))  # fmt: skip

# What a label becomes in a map that has no label of its name. A part of the body or of what is worn stays one, never
# background, which would be a hole in the body; skin stays skin, what is to be replaced stays so, and no left or right
# is made up. Only a bag, which is carried, becomes background, as it is to parsers that have no label for it.
NEAREST: Mapping[str, str] = MappingProxyType({
    "neck": "face",  # skin next to it; so it moves from the body shape to face and hair
    "coat": "upper_clothes",
    "jumpsuits": "dress",  # one piece from shoulder to leg
    "socks": "pants",  # cloth on the legs
    "belt": "pants",
    "glove": "scarf",  # an accessory that is worn: of the body, and no garment to be replaced
    "bag": "background",
})  # fmt: skip

# One colour a label for figures and for palette PNGs; our choice, because neighbours on a body must differ.
PALETTE: list[tuple[int, int, int]] = [
    (255, 255, 255), (120, 94, 60), (74, 50, 38), (190, 160, 90), (50, 50, 60),
    (43, 108, 176), (122, 74, 160), (20, 70, 120), (200, 200, 120), (46, 125, 90),
    (236, 170, 130), (170, 60, 60), (90, 160, 110), (250, 200, 165), (225, 140, 95),
    (205, 115, 75), (180, 140, 110), (160, 120, 95), (70, 70, 70), (40, 40, 40),
]  # fmt: skip

# What the paper says, and which labels the authors' code takes (docs/methods.md).
FACE_AND_HAIR: dict[Fidelity, tuple[str, ...]] = {
    "paper": ("face", "hair"),
    "authors": ("hat", "hair", "sunglasses", "face"),
}
CLOTHING: dict[Fidelity, tuple[str, ...]] = {
    "paper": ("upper_clothes", "dress", "coat"),
    "authors": ("upper_clothes",),
}
TROUSERS = ("pants", "skirt")


def mask_of(parsing: Tensor, names: tuple[str, ...], label_map: LabelMap) -> Tensor:
    """Integer labels (B,H,W) -> float32 (B,1,H,W), 1 where the label is one of `names`."""
    table = torch.zeros(256, device=parsing.device)
    table[label_map.ids(names)] = 1
    return _look_up(table, parsing)


def body_mask_of(parsing: Tensor, label_map: LabelMap, fidelity: Fidelity) -> Tensor:
    """Everything but background, face and hair (paper, section 3.1) as float32 (B,1,H,W) in {0,1}."""
    table = torch.zeros(256, device=parsing.device)
    table[: len(label_map.labels)] = 1
    table[label_map.ids(("background", *FACE_AND_HAIR[fidelity]))] = 0
    return _look_up(table, parsing)


def _look_up(table: Tensor, parsing: Tensor) -> Tensor:
    """(256,) values for (B,h,w) labels, (B,1,h,w)."""
    return table.index_select(0, parsing.reshape(-1).int()).reshape(len(parsing), 1, *parsing.shape[1:])


def clothing_region(parsing: Pixels, label_map: LabelMap, fidelity: Fidelity) -> Pixels:
    """Where the garment to be replaced is, the target of a warp: labels (h,w) -> {0,1}."""
    return np.isin(parsing, label_map.ids(CLOTHING[fidelity])).astype(np.uint8)


class Translation(NamedTuple):
    """Labels in another map, and what cannot be told any more."""

    labels: Pixels  # (h, w)
    merged: dict[tuple[str, str], int]  # pixels of (a label that the other map lacks, what they have become)


def merges(from_map: LabelMap, to_map: LabelMap) -> dict[str, str]:
    """The labels of one map that another lacks, and which of its labels each becomes."""
    return {name: NEAREST[name] for name in from_map.labels if name not in to_map.labels}


def translate(labels: Pixels, from_map: LabelMap, to_map: LabelMap) -> Translation:
    """Labels (h,w) of one map -> labels of another: by name, or else by `NEAREST`.

    Raises ValueError when a number is no label of `from_map`.
    """
    counts = np.bincount(labels.reshape(-1), minlength=len(from_map.labels))
    if len(counts) > len(from_map.labels):
        raise ValueError(f"{from_map.name}: expected labels below {len(from_map.labels)}, got {len(counts) - 1}")
    lost = merges(from_map, to_map)
    table = np.array([to_map.labels.index(lost.get(name, name)) for name in from_map.labels], np.uint8)
    pixels = {(name, to): int(counts[from_map.labels.index(name)]) for name, to in lost.items()}
    return Translation(table[labels], {pair: count for pair, count in pixels.items() if count})
