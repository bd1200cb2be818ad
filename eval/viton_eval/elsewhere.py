"""Stages that another experiment's run has trained, read from their folders: how far each is, for how many steps.

Light on purpose (no torch), for the workflow plans with it; a file that is missing or damaged says nothing.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import NamedTuple

import yaml

from viton.errors import InputError
from viton.files import read_json


class Found(NamedTuple):
    """A stage as it lies in a run's folder."""

    steps: int  # that it is, or was to be, trained for; 0 where nobody knows
    weights: str  # sha256; "" until it is trained
    lacks: str  # how far it is, "" when it is trained


def stage_in(run: Path, stage: str, seed: int) -> Path:
    """The folder of a stage, as viton/checkpoint.py has it."""
    return run / "stages" / stage / str(seed)


def find(folder: Path) -> Found:
    """What has become of a stage, from its config.yaml, log.jsonl and done.json."""
    if not folder.is_dir():
        return Found(0, "", "no such folder")
    steps, done = _keys_of(folder / "config.yaml").get("steps"), _keys_of(folder / "done.json").get("weights")
    whole = steps if isinstance(steps, int) else 0
    if isinstance(done, str) and whole:
        return Found(whole, done, "")
    return Found(whole, "", f"one at step {_last_step(folder / 'log.jsonl')} of {whole or '?'}")


def lies_flat(run: Path) -> bool:
    """Whether the configuration that a run was trained by says that its validation curves lie flat."""
    return _keys_of(run / "config.yaml").get("plateau") is True


def _keys_of(path: Path) -> dict[str, object]:
    """The keys and values of a YAML or JSON file."""
    try:
        content = yaml.safe_load(path.read_text()) if path.suffix == ".yaml" else read_json(path)
    except (OSError, ValueError, InputError, yaml.YAMLError):
        return {}
    return content if isinstance(content, dict) else {}


def _last_step(log: Path) -> int:
    """The last step that was logged; the last row may be torn."""
    text = log.read_text(errors="replace") if log.is_file() else ""
    return max((int(step) for step in re.findall(r'"step": (\d+)', text)), default=0)
