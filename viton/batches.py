"""Which samples make up which batch: a function of seed and step alone, so that a run can be taken up anywhere.

Training goes through one permutation of the samples after another; no epoch is padded or cut short. With several
devices each takes its share of every batch, so the batch is the same whatever their number.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Generic, NamedTuple

import numpy as np
import torch
from torch.utils.data import DataLoader, Dataset, Sampler

from viton.errors import InputError
from viton.stage import Item

MIB = 2**20


class Share(NamedTuple):
    """The part of every batch that one process works on, cut into `parts` to save memory."""

    batch: int  # samples an update, over all processes
    rank: int = 0
    world: int = 1
    parts: int = 1

    @property
    def size(self) -> int:
        """Samples of one part."""
        return self.batch // (self.world * self.parts)


class Indices(Sampler[int]):
    """The samples of one process from step `start` on to step `stop`, one after another."""

    def __init__(self, num_items: int, seed: int, share: Share, start: int, stop: int) -> None:
        self.num_items, self.seed, self.share, self.start, self.stop = num_items, seed, share, start, stop

    def __len__(self) -> int:
        return (self.stop - self.start) * self.share.size * self.share.parts

    def __iter__(self) -> Iterator[int]:
        mine = self.share.size * self.share.parts
        epoch, order = -1, np.empty(0, np.int64)
        for step in range(self.start, self.stop):
            first = step * self.share.batch + self.share.rank * mine
            for place in range(first, first + mine):
                if place // self.num_items != epoch:
                    epoch = place // self.num_items
                    order = np.random.default_rng([self.seed, epoch]).permutation(self.num_items)
                yield int(order[place % self.num_items])


class Cached(Dataset[Item], Generic[Item]):
    """Items as first read, kept in memory up to a limit; what does not fit is read each time."""

    def __init__(self, items: Sequence[Item], limit_mib: int) -> None:
        self.items, self.left = items, limit_mib * MIB
        self.kept: dict[int, Item] = {}

    def __len__(self) -> int:
        return len(self.items)

    def __getitem__(self, index: int) -> Item:
        if index in self.kept:
            return self.kept[index]
        item = self.items[index]
        if item.nbytes <= self.left:
            self.kept[index] = item
            self.left -= item.nbytes
        return item


class Refused(NamedTuple):
    """An InputError as a worker process hands it over: torch would make a traceback of it."""

    where: str
    expected: str
    got: str


class Reading(Dataset[Item | Refused], Generic[Item]):
    """Items, or why they cannot be read."""

    def __init__(self, items: Cached[Item]) -> None:
        self.items = items

    def __getitem__(self, index: int) -> Item | Refused:
        try:
            return self.items[index]
        except InputError as error:
            return Refused(error.where, error.expected, error.got)


def batches(items: Cached[Item], seed: int, share: Share, start: int, stop: int, workers: int) -> Iterator[list[Item]]:
    """The parts of the batches of steps `start` to `stop`, in order, `share.parts` a step.

    Raises InputError when it comes to a sample that cannot be read.
    """
    loader: DataLoader[Item | Refused] = DataLoader(
        Reading(items),
        batch_size=share.size,
        sampler=Indices(len(items), seed, share, start, stop),
        collate_fn=list,
        num_workers=workers,
        generator=torch.Generator(),  # or it draws from the global one, and a resumed run differs
        multiprocessing_context="spawn" if workers else None,  # a fork of a process with threads may hang
    )
    for part in loader:
        for item in part:
            if isinstance(item, Refused):
                raise InputError(*item)
        yield part
