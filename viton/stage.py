"""What the one training loop trains: a stage says what it sees, what it minimises, and how it is judged meanwhile."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from typing import Generic, Protocol, TypeVar

import torch
from torch import Tensor, nn

from viton.stage_config import StageConfig

Terms = dict[str, Tensor]  # named terms of a loss, scalars, with their sum under "total"
Networks = Mapping[str, nn.Module]
Apply = Callable[[str, Terms], None]  # (network's name, its loss): one update of that network alone


class Named(Protocol):
    """A training item: loaded pictures, uint8, with a name for messages and for the cache's size."""

    @property
    def name(self) -> str: ...

    @property
    def nbytes(self) -> int: ...


Item = TypeVar("Item", bound=Named)
Batch = TypeVar("Batch")


class Stage(ABC, Generic[Item, Batch]):
    """One stage of a method: networks, data and losses; train.py does the rest."""

    name: str
    config: StageConfig

    @abstractmethod
    def networks(self) -> dict[str, nn.Module]:
        """The networks to train, by name, freshly initialised from torch's global generator; each has its own Adam."""

    def frozen(self) -> list[nn.Module]:
        """Networks that are used and not trained; the loop moves them to the device, in eval mode."""
        return []

    @abstractmethod
    def items(self) -> Sequence[Item]:
        """The training set; an item is read when it is asked for."""

    @abstractmethod
    def validation_items(self) -> Sequence[Item]:
        """Samples whose people and garments the training never sees."""

    @abstractmethod
    def batch(self, items: list[Item], device: torch.device) -> Batch:
        """Items as float tensors on the device."""

    @abstractmethod
    def update(self, networks: Networks, batch: Batch, apply: Apply) -> None:
        """Compute each network's loss on a batch and hand it to `apply`, in order."""

    @abstractmethod
    def measure(self, networks: Networks, batch: Batch) -> dict[str, Tensor]:
        """Figures of a validation batch: means over its samples, networks in eval mode."""

    @abstractmethod
    def pictures(self, networks: Networks, batch: Batch) -> list[Tensor]:
        """Columns (B,3,H,W) in [-1,1] of the validation picture, a sample a row."""
