"""How settings are read: frozen models, values from YAML, `a.b=value` overrides, and errors that name the key.

Light on purpose (no torch), so that the workflow can read a configuration in no time.
"""

from __future__ import annotations

from copy import deepcopy
from pathlib import Path
from typing import Any, TypeVar, get_args

import yaml
from pydantic import BaseModel, ConfigDict, ValidationError

from viton.errors import InputError, UsageError

M = TypeVar("M", bound=BaseModel)


class Model(BaseModel):
    """Frozen; a key that it does not have is an error."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)


def read_keys(path: Path) -> dict[str, Any]:
    """The keys and values of a YAML file; raises InputError when it is missing or holds something else."""
    if not path.is_file():
        raise InputError(path, "a configuration file", "no such file")
    try:
        content = yaml.safe_load(path.read_text())
    except (yaml.YAMLError, ValueError, RecursionError) as error:  # ValueError: no UTF-8, or the 99th of a month
        raise InputError(path, "YAML", " ".join(str(error).split())) from error
    if not isinstance(content, dict):
        raise InputError(path, "keys and values", type(content).__name__)
    return content


def parse(model: type[M], content: dict[str, Any], where: str) -> M:
    """Validate `content`; raises InputError with the first thing wrong, and for an unknown key the known ones."""
    try:
        return model.model_validate(content)
    except ValidationError as error:
        errors = error.errors()  # a misspelt key that must be there is unknown and missing: show what is written
        first = next((each for each in errors if each["type"] == "extra_forbidden"), errors[0])
        place, known = _walk(model, first["loc"])
        if first["type"] == "extra_forbidden":
            raise InputError(where, f"one of the keys {', '.join(known)}", f"the unknown key '{place}'") from error
        got = "nothing" if first["type"] == "missing" else repr(first["input"])
        raise InputError(f"{where}: {place or 'all of it'}", _expected(first["msg"]), got) from error


def _expected(said: str) -> str:
    """What was expected, out of pydantic's sentence on it: what comes after `expected` here."""
    wanted = said.removeprefix("Value error, ").removeprefix("Input should be ").removeprefix("Input should ")
    return wanted.partition(", unable to ")[0]


def _walk(model: type[BaseModel], loc: tuple[int | str, ...]) -> tuple[str, list[str]]:
    """The dotted name of pydantic's `loc` without the tags of unions, and the keys known beside its last part."""
    names: list[str] = []
    branches, known = [model], sorted(model.model_fields)
    for part in loc:
        tagged = [branch for branch in branches if len(branches) > 1 and _tag(branch) == part]
        if tagged:
            branches, known = tagged, sorted(tagged[0].model_fields)
            continue
        names.append(str(part))
        if branches:
            known = sorted(branches[0].model_fields)
            field = branches[0].model_fields.get(str(part))
            branches = [] if field is None else _models_in(field.annotation)
    return ".".join(names), known


def _tag(model: type[BaseModel]) -> object:
    """The value of the field `kind` that picks this branch of a union."""
    kind = model.model_fields.get("kind")
    return get_args(kind.annotation)[0] if kind else None


def _models_in(annotation: object) -> list[type[BaseModel]]:
    own = [annotation] if isinstance(annotation, type) and issubclass(annotation, BaseModel) else []
    return own + [model for each in get_args(annotation) for model in _models_in(each)]


def overridden(content: dict[str, Any], overrides: tuple[str, ...]) -> dict[str, Any]:
    """A copy of `content` with `a.b=value` overrides applied."""
    copied = deepcopy(content)
    for override in overrides:
        _apply(copied, override)
    return copied


def _apply(content: dict[str, Any], override: str) -> None:
    """Set `a.b=value` in nested keys; the value is read as YAML."""
    name, equals, value = override.partition("=")
    if not equals or not name:
        raise UsageError(f"--set {override}: expected a.b=value")
    *parents, last = name.split(".")
    for parent in parents:
        if content.get(parent) is None:  # as in a resolved configuration without a reference
            content[parent] = {}
        content = content[parent]
        if not isinstance(content, dict):
            raise UsageError(f"--set {override}: {parent} holds a value, not keys")
    try:
        content[last] = yaml.safe_load(value)
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        raise UsageError(f"--set {override}: expected a value in YAML, got {value!r}") from error
