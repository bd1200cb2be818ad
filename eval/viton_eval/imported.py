"""Which methods' pictures an experiment imports: what its configuration says, and what `viton-eval import` has added.

The command writes runs/EXPERIMENT/imported.json instead of the user's YAML file, whose comments it would lose. What
stands there is read wherever the configuration is, as if `imported` and `methods` said it; for the same method and seed
it goes over them. So an imported method is one of the configuration's to everything that plans, scores and shows.
Light on purpose (no torch), for the workflow plans with it.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from viton.config import ExperimentConfig, ImportedConfig
from viton.errors import InputError
from viton.files import locked, read_json, write_json
from viton.settings import parse


def imports_path(runs: Path, experiment: str) -> Path:
    """Where an experiment's imports are written down."""
    return runs / experiment / "imported.json"


def with_imports(config: ExperimentConfig, path: Path) -> ExperimentConfig:
    """The experiment with the imports that a file holds, if there is one; raises InputError for a damaged one."""
    return _with(config, _read(path), str(path)) if path.is_file() else config


def with_import(config: ExperimentConfig, method: str, seed: int, one: ImportedConfig) -> ExperimentConfig:
    """The experiment with one method more; raises InputError for a name that a method cannot have."""
    return _with(config, {method: {str(seed): one.model_dump(mode="json")}}, config.name)


def remember(path: Path, method: str, seed: int, one: ImportedConfig) -> None:
    """Write down that a method's pictures are imported."""
    with locked(path.parent / ".imported.lock"):
        known = _read(path) if path.is_file() else {}
        seeds = known.get(method, {}) | {str(seed): one.model_dump(mode="json")}
        write_json(path, known | {method: seeds})


def _read(path: Path) -> dict[str, Any]:
    content = read_json(path)
    if not isinstance(content, dict) or not all(isinstance(seeds, dict) for seeds in content.values()):
        raise InputError(path, "imports by method and seed", "something else")
    return content


def _with(config: ExperimentConfig, imports: dict[str, Any], where: str) -> ExperimentConfig:
    content = config.model_dump(mode="json")
    known = {name: {str(seed): one for seed, one in seeds.items()} for name, seeds in content["imported"].items()}
    content["imported"] = known | {name: known.get(name, {}) | seeds for name, seeds in imports.items()}
    content["methods"] = list(dict.fromkeys([*config.methods, *imports]))
    return parse(ExperimentConfig, content, where)
