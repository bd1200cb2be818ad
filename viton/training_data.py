"""What the try-on stages train on: people in their own garments, whose photo is the truth (paper, section 3.2).

B batch, H, W.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor

from viton.config import RepresentationConfig
from viton.coordinates import Size
from viton.data.dataset import SPLITS, Dataset
from viton.data.layouts import open_dataset
from viton.data.sample import Pair, Sample
from viton.errors import InputError
from viton.images import to_tensor
from viton.layout_names import has_split
from viton.mirror import mirrored
from viton.parsing import CLOTHING, LabelMap, mask_of
from viton.person import represent_people
from viton.stage_config import Fidelity

HELD_OUT = 20  # of a training split without a validation split, one person in so many is held out


class TryOnItem(NamedTuple):
    """A pair as loaded."""

    sample: Sample
    is_mirrored: bool = False

    @property
    def name(self) -> str:
        return self.sample.pair.name + (" (mirrored)" if self.is_mirrored else "")

    @property
    def nbytes(self) -> int:
        person, clothing, _ = self.sample
        return sum(each.nbytes for each in (person.image, person.parsing, clothing.image, clothing.mask))


class TryOnBatch(NamedTuple):
    """A batch of people in their own garments."""

    names: list[str]
    representation: Tensor  # (B, 22, H, W); fewer channels in an ablation
    image: Tensor  # (B, 3, H, W) in [-1,1], the photo: in paired training the truth
    clothing: Tensor  # (B, 3, H, W) in [-1,1], the product picture
    clothing_mask: Tensor  # (B, 1, H, W) in [0,1], the product's own mask
    worn_mask: Tensor  # (B, 1, H, W) in {0,1}, M0: where the parser sees the garment

    @property
    def generator_input(self) -> Tensor:
        """(B, 25, H, W): product first (row 1 of the authors' code)."""
        return torch.cat([self.clothing, self.representation], dim=1)


class Pairs(Sequence[TryOnItem]):
    """Pairs of a split, each read when it is asked for."""

    def __init__(self, data: Dataset, pairs: list[Pair], size: Size) -> None:
        self.data, self.pairs, self.size = data, pairs, size

    def __len__(self) -> int:
        return len(self.pairs)

    def __getitem__(self, index: int) -> TryOnItem:  # type: ignore[override]
        return TryOnItem(self.data.sample(self.pairs[index], self.size))


class MirroredPairs(Pairs):
    """The pairs, and after them each as a mirror shows it."""

    def __len__(self) -> int:
        return 2 * len(self.pairs)

    def __getitem__(self, index: int) -> TryOnItem:  # type: ignore[override]
        count = len(self.pairs)
        if index < count:
            return super().__getitem__(index)
        return TryOnItem(mirrored(super().__getitem__(index - count).sample, self.data.label_map), is_mirrored=True)


class TryOnData(NamedTuple):
    """The paired training and validation samples of a dataset."""

    training: Pairs
    validation: Pairs
    representation: RepresentationConfig
    label_map: LabelMap

    def batch(self, items: list[TryOnItem], device: torch.device, fidelity: Fidelity = "paper") -> TryOnBatch:
        """Items on the device; `fidelity` says which labels are the clothing mask M0."""
        return to_batch([item.sample for item in items], self.representation, self.label_map, fidelity, device)


def to_batch(
    samples: list[Sample],
    representation: RepresentationConfig,
    label_map: LabelMap,
    fidelity: Fidelity,
    device: torch.device | str,
) -> TryOnBatch:
    """Loaded samples as tensors; with another garment than the worn one `worn_mask` is still that of the photo."""
    people, clothings = [sample.person for sample in samples], [sample.clothing for sample in samples]
    masks = torch.stack([torch.from_numpy(each.mask) for each in clothings])[:, None].to(device)
    return TryOnBatch(
        names=[sample.pair.name for sample in samples],
        representation=represent_people(people, representation, label_map).to(device),
        image=torch.cat([to_tensor(each.image) for each in people]).to(device),
        clothing=torch.cat([to_tensor(each.image) for each in clothings]).to(device),
        clothing_mask=masks.float() / 255,
        worn_mask=torch.cat([worn_mask(sample, label_map, fidelity) for sample in samples]).to(device),
    )


def worn_mask(sample: Sample, label_map: LabelMap, fidelity: Fidelity) -> Tensor:
    """M0: where the parser sees the garment that is worn, (1,1,H,W) in {0,1}."""
    height, width = sample.person.image.shape[:2]
    labels = torch.from_numpy(sample.person.parsing)[None]
    mask = mask_of(labels, CLOTHING[fidelity], label_map)
    return mask if mask.shape[2:] == (height, width) else F.interpolate(mask, (height, width), mode="nearest-exact")


def open_training_data(
    root: Path, size: Size, representation: RepresentationConfig, mirror: bool = False, layout: str | None = None
) -> TryOnData:
    """Everybody of the training split in the own garment, with `mirror` twice, and of the validation split.

    Where there is no split `val`, as in VITON-HD, every HELD_OUT-th person of `train` is held out for it.  Raises
    InputError when there is no training split, or somebody's own garment is missing.
    """
    if not has_split(root, "train"):
        raise InputError(root, "a split 'train' of people in their own garments", _what_else(root))
    pairs = own_pairs(root, "train", size, layout)
    kept, validation = pairs.pairs, Pairs(pairs.data, pairs.pairs[HELD_OUT - 1 :: HELD_OUT], size)
    if has_split(root, "val"):
        validation = own_pairs(root, "val", size, layout)
    else:
        kept = [pair for number, pair in enumerate(pairs.pairs, 1) if number % HELD_OUT]
    training = (MirroredPairs if mirror else Pairs)(pairs.data, kept, size)
    return TryOnData(training, validation, representation, pairs.data.label_map)


def own_pairs(root: Path, split: str, size: Size, layout: str | None = None) -> Pairs:
    """Everybody of a split in the own garment, in the order of names; raises InputError when somebody has none."""
    data = open_dataset(root, split, layout)
    if person := _without_own(data):
        raise InputError(
            next(iter(data.clothings.values())).parent, "everyone's own garment", f"no paired garment for {person}"
        )
    return Pairs(data, [Pair(person, person) for person in data.people], size)


def _without_own(data: Dataset) -> str | None:
    return next((person for person in data.people if person not in data.clothings), None)


def _what_else(root: Path) -> str:
    """The splits that are there instead, and whether one could be trained on at all."""
    found = [split for split in SPLITS if has_split(root, split)]
    if not found:
        return "no such folder" if not root.is_dir() else "none"
    person = _without_own(open_dataset(root, found[0]))
    return f"only '{found[0]}'" + (f", and there no paired garment for {person}" if person else "")
