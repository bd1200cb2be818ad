"""A trained stage on disk, so written that killing the writer at any moment loses at most the work since the last save.

runs/EXPERIMENT/stages/STAGE/SEED/
    config.yaml           what decides the weights: settings, seed, digests of the data and of the stages below
    state.pt              networks, optimisers, generators and step, in one file that is replaced whole
    log.jsonl             a row every few steps, and the validation figures
    validation/STEP.png   what the networks make of the first validation samples
    weights.safetensors   the networks, once trained
    provenance.json       commit, versions, command
    done.json             written last: steps and the weights' sha256
"""

from __future__ import annotations

import fcntl
import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import safetensors
import safetensors.torch
import torch
import yaml
from torch import Tensor, nn

from viton.errors import InputError
from viton.files import digest_of, read_json, sha256_of, write_bytes, write_json, write_text, written_whole
from viton.provenance import provenance
from viton.stage_plan import completed

FORMAT = 1  # of state.pt and weights.safetensors; another is refused
Settings = dict[str, Any]


class StageFolder:
    """One stage's folder."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.config, self.state, self.log = path / "config.yaml", path / "state.pt", path / "log.jsonl"
        self.weights, self.done = path / "weights.safetensors", path / "done.json"

    @contextmanager
    def in_use(self) -> Iterator[None]:
        """Hold the folder; raises InputError at once when another process does (the kernel frees it when that dies)."""
        self.path.mkdir(parents=True, exist_ok=True)
        with (self.path / ".lock").open("a+") as stream:
            try:
                fcntl.flock(stream, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError as error:
                raise InputError(self.path, "a run that is free", "one in use by another process") from error
            yield

    def claim(self, settings: Settings, overwrite: bool = False) -> str:
        """See that what lies here was trained by these settings, or with fewer steps of them and can go on.

        Raises InputError naming what differs; with `overwrite` what was trained otherwise is cleared away, and what
        differed is returned, else nothing.  Steps of a rate that falls (`decay`) cannot be added to.
        """
        cleared = ""
        if self.config.is_file():
            told = _told(settings, self.settings())
            if told and overwrite:
                cleared = told
                self.clear()
            elif told:
                raise InputError(self.path, "a stage trained by these settings (or --overwrite)", f"others: {told}")
        elif self.state.is_file() or self.weights.is_file():
            raise InputError(self.path, f"{self.config.name} beside the weights", "none")
        self._sweep()
        if not self.config.is_file() or completed(self.settings()) != completed(settings):
            self.done.unlink(missing_ok=True)
            write_json(self.path / "provenance.json", provenance())
            write_text(self.config, yaml.safe_dump(settings, sort_keys=True, allow_unicode=True))
        return cleared

    def _sweep(self) -> None:
        """Remove what a killed writer left half written, each as large as a whole state."""
        for path in (self.state, self.weights):
            for torn in self.path.glob(f".{path.stem}.*{path.suffix}"):
                torn.unlink(missing_ok=True)

    def clear(self) -> None:
        """Remove what we wrote and nothing else; the settings last, so that a half-cleared folder is still ours."""
        pictures = (self.path / "validation").glob("*.png")
        for path in (self.done, self.weights, self.state, self.log, *pictures, self.config):
            path.unlink(missing_ok=True)

    def settings(self) -> Settings:
        """Raises InputError when config.yaml is missing or no settings of ours."""
        if not self.config.is_file():
            raise InputError(self.path, "a trained stage", "none; train it by `viton train`")
        try:
            found = yaml.safe_load(self.config.read_text())
        except (OSError, ValueError, yaml.YAMLError) as error:
            raise InputError(self.config, "the settings of a trained stage", _first_line(error)) from error
        if not isinstance(found, dict) or "stage" not in found or "steps" not in found:
            raise InputError(self.config, "the settings of a trained stage", "something else")
        return found

    def save_state(self, state: dict[str, Any]) -> None:
        """Replace state.pt by a whole new one."""
        with written_whole(self.state) as temporary:
            torch.save({"format": FORMAT, **state}, temporary)

    def load_state(self) -> dict[str, Any] | None:
        """What `save_state` wrote, on the CPU, or None when nothing was saved yet; raises InputError otherwise."""
        if not self.state.is_file():
            return None
        try:
            state = torch.load(self.state, map_location="cpu", weights_only=True)
        except Exception as error:  # a damaged pickle raises anything, and torch's reason is to trust it all the same
            raise InputError(self.state, "a whole training state", "a damaged file, or none of ours") from error
        if not isinstance(state, dict) or state.get("format") != FORMAT:
            got = state.get("format") if isinstance(state, dict) else type(state).__name__
            raise InputError(self.state, f"a training state of format {FORMAT}", f"{got}")
        return state

    def finish(self, networks: Mapping[str, nn.Module], settings: Settings) -> None:
        """Write the weights, and then that they are done."""
        tensors = {
            f"{name}.{key}": value.detach().cpu().contiguous()
            for name, network in networks.items()
            for key, value in network.state_dict().items()
        }
        header = {"format": str(FORMAT), "stage": settings["stage"], "settings": digest_of(settings)}
        told = {"viton": json.dumps(header, sort_keys=True)}  # one entry: safetensors writes several in random order
        write_bytes(self.weights, safetensors.torch.save(tensors, told))
        write_json(self.done, {"steps": settings["steps"], "weights": sha256_of(self.weights), **header})

    def is_done(self) -> bool:
        return self.done.is_file()

    def digest(self) -> str:
        """sha256 of the trained weights; raises InputError when there are none, or they were changed since."""
        if not self.done.is_file():
            raise InputError(self.path, "a trained stage", self._how_far())
        done = read_json(self.done)
        expected = str(done.get("weights")) if isinstance(done, dict) else "none"
        found = sha256_of(self.weights) if self.weights.is_file() else "no such file"
        if found != expected:
            raise InputError(self.weights, f"weights with the sha256 {expected[:12]}", found[:12])
        return found

    def _how_far(self) -> str:
        """What there is instead of trained weights."""
        if not self.config.is_file():
            return "none; train it by `viton train`"
        state = self.load_state()
        step, steps = (state or {}).get("step", 0), self.settings()["steps"]
        return f"one at step {step} of {steps}; the same `viton train` goes on from there"


def load_weights(path: Path, networks: Mapping[str, nn.Module]) -> None:
    """Fill the networks from a stage's weights.safetensors; raises InputError naming what does not fit."""
    tensors = read_tensors(path)
    for name, network in networks.items():
        own = {key.removeprefix(f"{name}."): value for key, value in tensors.items() if key.startswith(f"{name}.")}
        wanted = network.state_dict()
        missing, unknown = sorted(wanted.keys() - own.keys()), sorted(own.keys() - wanted.keys())
        if missing or unknown:
            got = f"none of {name}.{missing[0]}" if missing else f"{name}.{unknown[0]} besides"
            raise InputError(path, f"the weights of {name}", got)
        for key, value in wanted.items():
            if own[key].shape != value.shape:
                expected = f"{name}.{key} of the shape {tuple(value.shape)}"
                raise InputError(path, expected, f"{tuple(own[key].shape)}: another width, size or method")
        network.load_state_dict(own)


def read_tensors(path: Path) -> dict[str, Tensor]:
    """The tensors of a .safetensors file; raises InputError when it is missing or damaged."""
    if not path.is_file():
        raise InputError(path, "weights", "no such file")
    try:
        return safetensors.torch.load_file(path)
    except (safetensors.SafetensorError, OSError, ValueError) as error:
        raise InputError(path, "whole weights in the safetensors format", _first_line(error)) from error


def _differing(wanted: Settings, found: Settings, prefix: str = "") -> list[str]:
    """Dotted names of the settings that are not the same."""
    names = []
    for key in sorted({*wanted, *found}):
        one, other = wanted.get(key), found.get(key)
        if isinstance(one, dict) and isinstance(other, dict):
            names += _differing(one, other, f"{prefix}{key}.")
        elif one != other:
            names.append(prefix + key)
    return names


def _told(wanted: Settings, found: Settings) -> str:
    """What keeps a training from going on by the wanted settings; "" when nothing does."""
    if wanted.get("stage") == found.get("stage"):
        wanted, found = completed(wanted), completed(found)
    differing = _differing(wanted, found)
    grown = differing == ["steps"] and wanted["steps"] > found["steps"]
    falls = bool((wanted.get("config") or {}).get("decay"))
    if not differing or (grown and not falls):
        return ""
    told = ", ".join(f"{name} {_at(found, name)}, now {_at(wanted, name)}" for name in differing)
    return told + (" (config.decay: its rate has fallen already)" if grown else "")


def _at(settings: Settings, name: str) -> object:
    value: Any = settings
    for part in name.split("."):
        value = value.get(part) if isinstance(value, dict) else None
    return value


def _first_line(error: Exception) -> str:
    return (str(error).splitlines() or [type(error).__name__])[0]
