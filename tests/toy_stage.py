"""A stage of two tiny networks on random pictures, for tests of the training loop, also in processes of their own.

B batch, H, W = 8, 6. The painter has batch norm and dropout; the critic neither, and guesses how bright a picture is.
"""

from __future__ import annotations

import os
import random
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import torch
from torch import Tensor, nn

from viton.checkpoint import StageFolder
from viton.devices import make_fabric
from viton.errors import InputError, UsageError
from viton.stage import Apply, Networks, Stage
from viton.stage_config import StageConfig, TrainingConfig
from viton.train import Run, train

H, W = 8, 6


class ToyItem(NamedTuple):
    name: str
    pixels: np.ndarray  # (3, H, W) uint8

    @property
    def nbytes(self) -> int:
        return self.pixels.nbytes


class ToyBatch(NamedTuple):
    names: list[str]
    image: Tensor  # (B, 3, H, W) in [-1,1]


class ToyItems(Sequence[ToyItem]):
    """Pictures drawn when they are asked for; `read` says which were."""

    def __init__(self, count: int, kind: str = "t") -> None:
        self.count, self.kind = count, kind
        self.read: list[int] = []

    def __len__(self) -> int:
        return self.count

    def __getitem__(self, index: int) -> ToyItem:  # type: ignore[override]
        self.read.append(index)
        drawn = np.random.default_rng([len(self.kind), index]).integers(0, 256, (3, H, W), np.uint8)
        return ToyItem(f"{self.kind}{index}", drawn)


class ToyStage(Stage[ToyItem, ToyBatch]):
    """`before(number, batch)` is called at the start of each update and may raise; `poison` names make the loss NaN."""

    name = "toy"

    def __init__(
        self,
        steps: int = 6,
        batch: int = 4,
        count: int = 10,
        norm: bool = True,
        dropout: float = 0.5,
        width: int = 4,
        before: Callable[[int, ToyBatch], None] | None = None,
        poison: Sequence[str] = (),
        lr: float = 1e-2,
    ) -> None:
        self.config = StageConfig(steps=steps, batch=batch, lr=lr)
        self.count, self.norm, self.dropout, self.width = count, norm, dropout, width
        self.before, self.poison = before, set(poison)
        self.seen: list[list[str]] = []

    def networks(self) -> dict[str, nn.Module]:
        norm: nn.Module = nn.BatchNorm2d(self.width) if self.norm else nn.Identity()
        painter = nn.Sequential(
            nn.Conv2d(3, self.width, 3, padding=1),
            norm,
            nn.ReLU(),
            nn.Dropout(self.dropout),
            nn.Conv2d(self.width, 3, 1),
        )
        return {"painter": painter, "critic": nn.Sequential(nn.Flatten(), nn.Linear(3 * H * W, 1))}

    def items(self) -> ToyItems:
        return ToyItems(self.count)

    def validation_items(self) -> ToyItems:
        return ToyItems(3, "val")

    def batch(self, items: list[ToyItem], device: torch.device) -> ToyBatch:
        pixels = torch.from_numpy(np.stack([item.pixels for item in items])).to(device)
        return ToyBatch([item.name for item in items], pixels.float() / 127.5 - 1)

    def update(self, networks: Networks, batch: ToyBatch, apply: Apply) -> None:
        if self.before:
            self.before(len(self.seen), batch)
        self.seen.append(batch.names)
        made = networks["painter"](batch.image)
        loss = (made - batch.image).abs().mean()
        if self.poison & set(batch.names):
            loss = loss * float("nan")
        apply("painter", {"l1": loss, "total": loss})
        guess = networks["critic"](made.detach())
        error = (guess - batch.image.mean(dim=(1, 2, 3))[:, None]).square().mean()
        apply("critic", {"brightness": error, "total": error})

    def measure(self, networks: Networks, batch: ToyBatch) -> dict[str, Tensor]:
        return {"l1": (networks["painter"](batch.image) - batch.image).abs().mean()}

    def pictures(self, networks: Networks, batch: ToyBatch) -> list[Tensor]:
        return [batch.image, networks["painter"](batch.image)]


def settings_of(stage: Stage[Any, Any], seed: int = 0) -> dict[str, Any]:
    width = getattr(stage, "width", None)
    return {"stage": stage.name, "steps": stage.config.steps, "config": {"width": width}, "seed": seed}


def train_toy(
    folder: Path, stage: Stage[Any, Any], overwrite: bool = False, seed: int = 0, **training: Any
) -> StageFolder:
    """Train a stage on the CPU; every second step is logged, validated and saved unless `training` says so."""
    chosen = TrainingConfig(**({"log_every": 2, "validate_every": 2, "save_every": 2} | training))
    fabric = make_fabric(chosen, "cpu")
    fabric.launch()
    stage_folder = StageFolder(folder)
    run = Run(stage, stage_folder, chosen, seed, fabric, lambda message: None)
    train(run, settings_of(stage, seed), overwrite)
    return stage_folder


def train_slowly(folder: Path, steps: int, width: int) -> None:
    """Train in a process that is there to be killed: a step and a half-written state take a few milliseconds each."""
    torch.set_num_threads(1)
    save = torch.save

    def save_slowly(state: object, path: Path) -> None:
        save(state, path)
        whole = path.read_bytes()
        for share in (0.3, 0.7, 1.0):
            path.write_bytes(whole[: int(share * len(whole))])
            time.sleep(0.004)

    torch.save = save_slowly
    train_toy(folder, slow_toy(steps, width, lambda *_: time.sleep(0.004)), save_every=1, log_every=1)


def slow_toy(steps: int, width: int, before: Callable[[int, ToyBatch], None] | None = None) -> ToyStage:
    return ToyStage(steps=steps, width=width, before=before)


def hold(folder: Path, ready: Path, seconds: float) -> None:
    """Keep a stage's folder in use until killed."""
    with StageFolder(folder).in_use():
        ready.touch()
        time.sleep(seconds)


def train_as(
    rank: int, world: int, port: int, folder: Path, make: Callable[[], Stage[Any, Any]], training: dict
) -> None:
    """One of `world` processes that train together; what a user has to be told goes into a file, with status 3."""
    os.environ |= {"LOCAL_RANK": str(rank), "MASTER_ADDR": "127.0.0.1", "MASTER_PORT": str(port), "NODE_RANK": "0"}
    torch.set_num_threads(1)
    random.seed(rank)  # nothing may lean on Python's generator
    try:
        train_toy(folder, make(), devices=world, **training)
    except (InputError, UsageError) as error:
        (folder.parent / f"told-{rank}").write_text(str(error))
        sys.exit(3)
