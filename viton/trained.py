"""Trained stages as they lie in a run's folder, checked against what asks for them."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple, TypeVar

from torch import Tensor, nn

from viton.checkpoint import FORMAT, Settings, StageFolder, load_weights
from viton.coarse import Coarse, coarse_network, coarse_result
from viton.config import RepresentationConfig
from viton.coordinates import Size
from viton.errors import InputError, UsageError
from viton.files import digest_of, read_json
from viton.settings import Model, parse
from viton.stage_config import CoarseConfig, StageConfig

M = TypeVar("M", bound=Model)
Config = TypeVar("Config", bound=StageConfig)
Network = TypeVar("Network", bound=nn.Module)


class TrainedStage:
    """One trained stage; everything raises InputError when it is not trained, damaged, or another stage."""

    def __init__(self, folder: StageFolder, name: str) -> None:
        self.folder, self.name = folder, name
        self._digest = ""

    def digest(self) -> str:
        """sha256 of the weights, checked once: that they are whole, of this format, and of these settings."""
        if not self._digest:
            found = self.folder.digest()
            expected = {"format": str(FORMAT), "stage": self.name, "settings": digest_of(self.settings())}
            done = read_json(self.folder.done)
            for key, value in expected.items():
                got = str(done.get(key)) if isinstance(done, dict) else "none"
                if got != value:
                    raise InputError(self.folder.done, f"weights of {key} {value[:12]}", got[:12])
            self._digest = found
        return self._digest

    def settings(self) -> Settings:
        """What decided the weights."""
        found = self.folder.settings()
        if found["stage"] != self.name:
            raise InputError(self.folder.config, f"the stage {self.name}", f"the stage {found['stage']}")
        return found

    def config(self, model: type[Config]) -> Config:
        """The stage's own configuration."""
        return self.part("config", model, steps=self.settings()["steps"])

    def representation(self) -> RepresentationConfig:
        """How people were shown to it."""
        return self.part("representation", RepresentationConfig)

    def part(self, key: str, model: type[M], **more: object) -> M:
        """A configuration among the settings."""
        found = self.settings().get(key)
        if not isinstance(found, dict):
            raise InputError(self.folder.config, f"keys and values under '{key}'", repr(found))
        return parse(model, found | more, f"{self.folder.config}: {key}")

    def size(self) -> Size:
        """(H, W) of the pictures that it was trained on."""
        found = self.settings().get("size")
        if not (isinstance(found, list) and len(found) == 2 and all(isinstance(side, int) for side in found)):
            raise InputError(self.folder.config, "two numbers under 'size'", repr(found))
        return found[0], found[1]

    def expect_size(self, size: Size) -> None:
        """Raises InputError unless it was trained at this size."""
        height, width = self.size()
        if (height, width) != size:
            got = f"{size[0]}x{size[1]} asked for"
            raise InputError(self.folder.path, f"{height}x{width}, the size at which {self.name} was trained", got)

    def expect_below(self, below: TrainedStage) -> None:
        """Raises InputError unless it was trained on top of these very weights."""
        stages: dict[str, Any] = self.settings().get("below") or {}
        if stages.get(below.name) != below.digest():
            expected = f"the weights {str(stages.get(below.name))[:12]}, on which {self.name} was trained"
            raise InputError(below.folder.weights, expected, below.digest()[:12])

    def load(self, name: str, network: Network, device: str = "cpu") -> Network:
        """Fill one of its networks; it comes back on the device, in eval mode, frozen."""
        self.digest()  # first: torn weights are told as such, and not as a missing tensor
        load_weights(self.folder.weights, {name: network})
        return network.to(device).eval().requires_grad_(False)


class TrainedRun:
    """The stages that were trained with one seed: RUN/stages/STAGE/SEED/."""

    def __init__(self, path: Path, seed: int = 0, folders: Mapping[str, str] | None = None) -> None:
        """folders: names of stages' folders that are not the stages' own, as of a variant."""
        self.path, self.seed, self.folders = path, seed, folders or {}
        self._stages: dict[str, TrainedStage] = {}

    def stage(self, name: str) -> TrainedStage:
        if name not in self._stages:
            path = self.path / "stages" / self.folders.get(name, name) / str(self.seed)
            self._stages[name] = TrainedStage(StageFolder(path), name)
        return self._stages[name]


class TrainedCoarse(NamedTuple):
    """The encoder-decoder, and what has to be known to use it."""

    network: nn.Module
    config: CoarseConfig
    representation: RepresentationConfig
    size: Size

    def __call__(self, generator_input: Tensor) -> Coarse:
        """Coarse result and clothing mask from [product, person representation] (B,25,H,W)."""
        return coarse_result(self.network, generator_input, self.config.fidelity)


def load_coarse(stage: TrainedStage, device: str = "cpu") -> TrainedCoarse:
    """The trained stage 1; raises InputError."""
    stage.digest()
    config, representation, size = stage.config(CoarseConfig), stage.representation(), stage.size()
    network = stage.load("coarse", coarse_network(config, representation, size), device)
    return TrainedCoarse(network, config, representation, size)


def needed(run: TrainedRun | None, method: str) -> TrainedRun:
    """The run of a method that cannot do without; raises UsageError."""
    if run is None:
        raise UsageError(f"{method}: expected --run RUN, the run with its trained stages")
    return run
