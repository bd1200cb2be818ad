"""Human parsing: label maps, and the masks made from them. Label numbers live only here.

A label map is a fact of a dataset's layout, never guessed from the numbers in a file: LIP and CIHP share ids but
not meanings (10 is jumpsuits in LIP, neck and torso skin in CIHP).
"""

from __future__ import annotations

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
