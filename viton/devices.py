"""The devices that training runs on."""

from __future__ import annotations

import logging
import re

import torch
from lightning_fabric import Fabric

from viton.errors import UsageError
from viton.stage_config import TrainingConfig


def make_fabric(training: TrainingConfig, device: str = "auto") -> Fabric:
    """The devices to train on: `cpu`, `cuda`, `cuda:1`, or `auto`, a GPU where there is one; raises UsageError."""
    found = re.fullmatch(r"(auto|cpu|cuda)(?:(?<=cuda):(\d+))?", device)
    if not found or (found[2] and training.devices * training.nodes > 1):
        raise UsageError(f"--device: expected auto, cpu, cuda, or cuda:N for one device, got '{device}'")
    kind, number = found[1], found[2]
    if kind == "auto":
        kind = "cuda" if torch.cuda.is_available() else "cpu"
    if kind == "cuda" and torch.cuda.device_count() <= int(number or 0):
        raise UsageError(f"--device {device}: this machine has none that torch can use")
    logging.getLogger("lightning_fabric").setLevel(logging.WARNING)  # it would say which precision it was told to use
    return Fabric(
        accelerator=kind,
        devices=[int(number)] if number else training.devices,
        num_nodes=training.nodes,
        precision=training.precision,
        strategy="ddp" if training.devices * training.nodes > 1 else "auto",
    )


def generators_of(device: torch.device) -> list[torch.device]:
    """Devices whose random generators training draws from, beside the CPU's."""
    return [device] if device.type == "cuda" else []
