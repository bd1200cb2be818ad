"""Where an experiment's files lie and which commands make them: said once, for the workflow, notebooks and report.

    runs/EXPERIMENT/config.yaml      the resolved configuration
                    data/            the made-up world, when the experiment has one
                    warps/           the warped garments
                    results/METHOD/SEED/
                    notebooks/       executed notebooks and their pages
                    steps/           what became of each step

All paths are relative to the folder that a command is started in: the checkout.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, replace
from pathlib import Path
from typing import NamedTuple

from viton.config import ExperimentConfig, FolderData, WorldData, load_config
from viton.errors import InputError
from viton.files import digest_of

NAME = re.compile(r"[a-z0-9][a-z0-9_-]*")
PER_METHOD = ("method",)  # notebooks that are run once for each method
COMPARING = ("dataset",)  # notebooks that read the configuration's reference


class Step(NamedTuple):
    """One command of an experiment."""

    name: str
    title: str
    command: tuple[str, ...]
    needs: tuple[str, ...]  # steps that come before
    key: str  # digest of the settings and data that decide what it makes
    stdout: str = ""  # file in the folder of the steps that takes what the command prints
    notebook: str = ""  # the notebook that it runs


@dataclass(frozen=True)
class Run:
    """An experiment's folder under `runs`."""

    config: ExperimentConfig
    config_path: Path
    runs: Path
    data: str = ""  # the dataset's root as given by the user; "" when the configuration says it
    data_digest: str = ""  # of the files of a dataset that is there already
    reference_digest: str = ""  # of the photographs that the data are compared with

    @property
    def folder(self) -> Path:
        return self.runs / self.config.name

    @property
    def data_root(self) -> Path:
        source = self.config.data
        return source.root if isinstance(source, FolderData) else self.folder / "data"

    @property
    def pairs_path(self) -> Path:
        return self.data_root / self.config.pairs

    @property
    def warps(self) -> Path:
        return self.folder / "warps"

    @property
    def steps(self) -> Path:
        return self.folder / "steps"

    @property
    def notebooks(self) -> Path:
        return self.folder / "notebooks"

    def results(self, method: str) -> Path:
        return self.folder / "results" / method / str(self.config.seed)

    def synth_command(self) -> tuple[str, ...]:
        if not isinstance(self.config.data, WorldData):
            raise InputError(self.config_path, "data of kind world", self.config.data.kind)
        world = self.config.data.world
        size = f"{world.height}x{world.width}"
        counts = ("--people", str(world.people), "--garments", str(world.garments), "--seed", str(world.seed))
        return ("viton", "data", "synth", str(self.data_root), *counts, "--size", size, "--noise", str(world.noise))

    def check_command(self) -> tuple[str, ...]:
        return ("viton", "data", "check", str(self.data_root), "--split", self.config.split, "--json")

    def warp_command(self) -> tuple[str, ...]:
        size = f"{self.config.height}x{self.config.width}"
        return ("viton", "warp", *self._data_options(), "--target", "parsed", "--size", size, *self._out(self.warps))

    def try_on_command(self, method: str) -> tuple[str, ...]:
        return ("viton", "try-on", method, *self._data_options(), *self._out(self.results(method)))

    def _data_options(self) -> tuple[str, ...]:
        return ("--data", str(self.data_root), "--split", self.config.split, "--pairs", str(self.pairs_path))

    def _out(self, folder: Path) -> tuple[str, ...]:
        return ("--config", str(self.config_path), "--out", str(folder), "--failures-ok", "--overwrite")

    def notebook_command(self, notebook: str, method: str = "") -> tuple[str, ...]:
        """Run one notebook; parameters are written as JSON, so that YAML reads back the very same strings."""
        stem = self.notebooks / page_name(notebook, method)
        values = {"config": str(self.config_path), "data": self.data, "runs": str(self.runs)}
        values |= {"method": method} if method else {}
        parameters = [part for name, value in values.items() for part in ("-p", f"{name}={json.dumps(value)}")]
        pages = ("--html", f"{stem}.html", "--title", page_title(notebook, method), "--back", "../index.html")
        return ("viton-eval", "nb", "run", source_of(notebook), f"{stem}.ipynb", *parameters, *pages)


def plan(run: Run) -> dict[str, Step]:
    """Every step of the experiment by its name, each after those that it needs."""
    config = run.config
    settings = config.model_dump(mode="json", exclude={"purpose", "methods", "notebooks", "reference"})
    decides: dict[str, object] = {"settings": settings, "data": run.data_digest}
    key = digest_of(decides)[:16]
    steps: list[Step] = []
    before: tuple[str, ...] = ()
    if isinstance(config.data, WorldData):
        steps.append(Step("data", "Make the made-up world", run.synth_command(), (), digest_of(settings["data"])[:16]))
        before = ("data",)
    steps.append(Step("check", "Check the data", run.check_command(), before, key, stdout="check.json"))
    steps.append(Step("warps", "Warp the garments", run.warp_command(), before, key))
    for method in config.methods:
        steps.append(Step(f"results-{method}", f"Try on: {method}", run.try_on_command(method), before, key))
    for page, notebook, method in pages(config):
        needs = {"warp": (*before, "warps"), "method": (*before, f"results-{method}")}.get(notebook, before)
        title = f"Notebook: {page_title(notebook, method)}"
        command = run.notebook_command(notebook, method)
        own_key = digest_of(decides | _reference(run))[:16] if notebook in COMPARING else key
        steps.append(Step(f"notebook-{page}", title, command, needs, own_key, notebook=source_of(notebook)))
    return {step.name: step for step in steps}


def _reference(run: Run) -> dict[str, object]:
    """What the reference adds to a step's key: nothing where there is none."""
    given = run.config.reference
    return {"reference": given.model_dump(mode="json"), "photographs": run.reference_digest} if given else {}


def pages(config: ExperimentConfig) -> list[tuple[str, str, str]]:
    """(page, notebook, method or "") of each notebook that is run, in the order of the configuration."""
    found = []
    for notebook in config.notebooks:
        for method in config.methods if notebook in PER_METHOD else ("",):
            found.append((page_name(notebook, method), notebook, method))
    return found


def source_of(notebook: str) -> str:
    return f"notebooks/{notebook}.ipynb"


def page_name(notebook: str, method: str = "") -> str:
    return f"{notebook}-{method}" if method else notebook


def page_title(notebook: str, method: str = "") -> str:
    words = notebook.replace("_", " ").replace("-", " ")
    return f"{words.capitalize()}: {method}" if method else words.capitalize()


def with_data(config: ExperimentConfig, data: str) -> ExperimentConfig:
    """The experiment on another dataset folder; `data` is "" for the configuration's own."""
    return config.model_copy(update={"data": FolderData(kind="folder", root=Path(data))}) if data else config


def open_run(config_path: Path, data: str = "", runs: str | Path = "runs", overrides: tuple[str, ...] = ()) -> Run:
    """Read a configuration; raises InputError for names that cannot be part of a file's name."""
    config = with_data(load_config(config_path, overrides), data)
    for kind, names in (("method", config.methods), ("notebook", config.notebooks)):
        for name in names:
            if not NAME.fullmatch(name):
                raise InputError(f"{config_path}: {kind}s", "names of lower-case letters, digits, _ and -", repr(name))
        if len(set(names)) < len(names):
            raise InputError(f"{config_path}: {kind}s", f"every {kind} once", ", ".join(names))
    return Run(config, config_path, Path(runs), data)


def resolved_run(resolved: Path, data: str, runs: str | Path, data_digest: str, reference_digest: str = "") -> Run:
    """The run of a resolved configuration: its commands name the copy in the run's folder, wherever it was read."""
    run = open_run(resolved, runs=runs)
    path = run.folder / "config.yaml"
    return replace(run, config_path=path, data=data, data_digest=data_digest, reference_digest=reference_digest)
