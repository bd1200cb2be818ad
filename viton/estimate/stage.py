"""Trains the approximate estimator on a made-up world.

B batch, H, W; J joints; half resolution for joints.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from viton.coordinates import Size
from viton.data.dataset import Dataset
from viton.data.framing import fit_labels
from viton.data.layouts import open_dataset
from viton.estimate.augment import IGNORED, People, augmented
from viton.estimate.network import LABELS, BodyReader, Read
from viton.estimate.settings import EstimatorConfig
from viton.images import Pixels, to_signed
from viton.keypoints import Keypoints
from viton.parsing import PALETTE
from viton.stage import Apply, Networks, Stage, Terms

TRAINING = ("train", "test")  # nothing is tried on in a world of its own
VALIDATION = ("val",)
SPREAD = 1.2  # deviation, in half-size pixels, of where a joint is asked for
RARE = 0.5  # power of a label's frequency that its weight falls with
HIT = 5.0  # px at 128x96: a tenth of what a torso is long or so


class SeenPerson(NamedTuple):
    """A made-up photo with its labels and joints."""

    name: str
    photo: Pixels  # (H, W, 3)
    labels: Pixels  # (H, W)
    joints: Keypoints  # (18, 3)

    @property
    def nbytes(self) -> int:
        return self.photo.nbytes + self.labels.nbytes + self.joints.nbytes


class SeenPeople(Sequence[SeenPerson]):
    """Everybody of some splits of a world, each read when asked for."""

    def __init__(self, root: Path, splits: Sequence[str], size: Size) -> None:
        self.size = size
        self.entries: list[tuple[Dataset, str]] = []
        for split in splits:
            data = open_dataset(root, split)
            self.entries += [(data, name) for name in data.people]

    def __len__(self) -> int:
        return len(self.entries)

    def __getitem__(self, index: int) -> SeenPerson:  # type: ignore[override]
        data, name = self.entries[index]
        person = data.person(name, self.size)
        return SeenPerson(name, person.image, fit_labels(person.parsing, self.size), person.keypoints)


class EstimatorStage(Stage[SeenPerson, People]):
    """The network that stands in for a pose estimator and a parser."""

    name = "estimator"

    def __init__(self, config: EstimatorConfig, world: Path) -> None:
        """world: the root of its own made-up world.   Raises InputError when a split is missing."""
        self.config: EstimatorConfig = config
        size = (config.world.height, config.world.width)
        self._items, self._validation = (SeenPeople(world, splits, size) for splits in (TRAINING, VALIDATION))

    def networks(self) -> dict[str, nn.Module]:
        return {self.name: BodyReader(self.config.width)}

    def items(self) -> Sequence[SeenPerson]:
        return self._items

    def validation_items(self) -> Sequence[SeenPerson]:
        return self._validation

    def batch(self, items: list[SeenPerson], device: torch.device) -> People:
        photos, labels, joints = (
            torch.from_numpy(np.stack([getattr(each, role) for each in items])).to(device)
            for role in ("photo", "labels", "joints")
        )
        return People(to_signed(photos.permute(0, 3, 1, 2)), labels.long(), joints)

    def update(self, networks: Networks, batch: People, apply: Apply) -> None:
        seen = augmented(batch)
        terms = losses(networks[self.name](seen.photo), seen)
        apply(self.name, {**terms, "total": torch.stack(list(terms.values())).sum()})

    def measure(self, networks: Networks, batch: People) -> Terms:
        """Share of pixels labelled right, and of seen joints found within HIT."""
        read = networks[self.name](batch.photo)
        seen = batch.joints[..., 2] > 0
        off = (joints_of(read, batch.photo.shape[2:])[..., :2] - batch.joints[..., :2]).norm(dim=2)
        right = (read.labels.argmax(dim=1) == batch.labels).float().mean()
        return {"pixels": right, "joints": (off < HIT)[seen].float().mean()}

    def pictures(self, networks: Networks, batch: People) -> list[Tensor]:
        found = networks[self.name](batch.photo).labels.argmax(dim=1)
        return [batch.photo, _painted(batch.labels), _painted(found)]


def losses(read: Read, people: People) -> Terms:
    """Cross-entropy of labels, rare ones counting more, and of joints over all places and being unseen."""
    labels = people.labels
    frequency = torch.bincount(labels[labels != IGNORED], minlength=LABELS)[:LABELS].float() + 1
    weight = (frequency / frequency.sum()) ** -RARE
    parsed = F.cross_entropy(read.labels.float(), labels, weight / weight[frequency > 1].mean(), ignore_index=IGNORED)
    placed = -(_asked(people.joints, labels.shape[1:]) * read.joints.float().log_softmax(dim=2)).sum(dim=2).mean()
    return {"labels": parsed, "joints": 0.3 * placed}


def _asked(joints: Tensor, size: torch.Size) -> Tensor:
    """Where joints (B,J,3) are to be found: a distribution over the half-size places and being unseen."""
    rows, columns = (torch.arange(n // 2, device=joints.device) * 2 + 0.5 for n in size)
    x, y, seen = joints[..., None, None].unbind(2)
    far = ((columns - x) ** 2 + (rows[:, None] - y) ** 2) / (2 * (2 * SPREAD) ** 2)
    near = (-far).flatten(2).softmax(dim=2) * (seen > 0).flatten(2)
    return torch.cat([near, 1 - (seen > 0).flatten(2).float()], dim=2)


def joints_of(read: Read, size: Sequence[int]) -> Tensor:
    """Joints (B,J,3) of what was read, px of the picture (H,W); the third is the probability of being seen."""
    H, W = size[0] // 2, size[1] // 2
    chances = read.joints.float().softmax(dim=2)
    return located(chances[..., :-1].unflatten(2, (H, W)))


def located(chances: Tensor) -> Tensor:
    """Chances (B,J,h,w) of half-size places -> (B,J,3): the mean about the likeliest place, px, and their sum."""
    h, w = chances.shape[2:]
    best = chances.flatten(2).argmax(dim=2)
    rows, columns = torch.arange(h, device=chances.device), torch.arange(w, device=chances.device)
    near = ((rows[:, None] - (best // w)[..., None, None]).abs() <= 3) & (
        (columns - (best % w)[..., None, None]).abs() <= 3
    )
    weight = chances * near
    total = weight.sum(dim=(2, 3)).clamp(min=1e-12)
    x, y = (weight * columns).sum(dim=(2, 3)) / total, (weight * rows[:, None]).sum(dim=(2, 3)) / total
    return torch.stack([2 * x + 0.5, 2 * y + 0.5, chances.sum(dim=(2, 3))], dim=2)


def _painted(labels: Tensor) -> Tensor:
    """Labels (B,H,W) in the colours of figures, (B,3,H,W) in [-1,1]."""
    palette = torch.tensor([*PALETTE, *[(128, 128, 128)] * (256 - len(PALETTE))], dtype=torch.uint8)
    return to_signed(palette.to(labels.device)[labels].permute(0, 3, 1, 2))
