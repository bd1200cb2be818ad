"""What a training says while it runs: rows of log.jsonl, and the same as tensorboard scalars where that is wanted."""

from __future__ import annotations

import json
import resource
import sys
import time
from pathlib import Path
from typing import Any

import torch

from viton.errors import InputError, UsageError
from viton.files import jsonl, write_text

Row = dict[str, Any]


class TrainingLog:
    """Appends to log.jsonl; what was logged after the state that training goes on from is forgotten.

    So are the figures of step `stop`, which are taken last of all, of the networks as they will be used.
    """

    def __init__(self, path: Path, start: int, stop: int, tensorboard: bool = False) -> None:
        self.path = path
        rows = [row for row in read_log(path) if row["step"] <= start]
        kept = [row for row in rows if row["step"] < stop or "validation" not in row]
        write_text(path, jsonl(kept))
        self.seconds_before = max((row["seconds"] for row in kept), default=0.0)
        self.started = time.perf_counter()
        self.writer = _writer(path.parent / "tensorboard", start) if tensorboard else None

    @property
    def seconds(self) -> float:
        """Seconds of training, those of earlier runs too."""
        return self.seconds_before + time.perf_counter() - self.started

    def add(self, step: int, kind: str, values: dict[str, float], **more: float) -> Row:
        """Log named values of a kind: `loss` or `validation`."""
        row: Row = {"step": step, "seconds": round(self.seconds, 2), kind: values, **more}
        with self.path.open("a") as stream:
            stream.write(jsonl([row]))
        if self.writer:
            for name, value in values.items():
                self.writer.add_scalar(f"{kind}/{name}", value, step)
            self.writer.flush()  # or the end is lost: nobody closes it
        return row


def read_log(path: Path) -> list[Row]:
    """The rows of a log; a torn last line of a killed run is left out."""
    if not path.is_file():
        return []
    lines = path.read_text().splitlines(keepends=True)
    whole = [line for line in lines if line.endswith("\n")]
    try:
        return [json.loads(line) for line in whole]
    except ValueError as error:
        raise InputError(path, "a training log, a JSON object a line", str(error)) from error


def peak_mib(device: torch.device) -> int:
    """The most memory held so far: of a GPU what torch allocated there, of a CPU the whole process."""
    if device.type == "cuda":
        return round(torch.cuda.max_memory_allocated(device) / 2**20)
    unit = 1 if sys.platform == "darwin" else 1024
    return round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit / 2**20)


def _writer(folder: Path, start: int) -> Any:
    try:
        from torch.utils.tensorboard import SummaryWriter
    except ImportError as error:
        raise UsageError("training.tensorboard: expected tensorboard (pip install 'viton[track]'), got none") from error
    return SummaryWriter(str(folder), purge_step=start + 1)
