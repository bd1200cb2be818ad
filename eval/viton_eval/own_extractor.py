"""A user's own feature extractor, named on the command line as `package.module:attribute`."""

from __future__ import annotations

from collections.abc import Mapping
from importlib import import_module
from typing import get_args

import torch
from torch import Tensor

from viton.errors import InputError, UsageError
from viton_eval.features import FeatureExtractor
from viton_eval.resizing import Resize

FACTS = ("name", "sha256", "input_size", "resize")


def own_extractor(path: str) -> FeatureExtractor:
    """What a path names: a FeatureExtractor, or a function or class without arguments that makes one.

    The module is imported, so its code runs.  Raises UsageError when there is none, or when it lacks a fact.
    """
    module_name, colon, attribute = path.partition(":")
    if not (colon and attribute.isidentifier() and all(part.isidentifier() for part in module_name.split("."))):
        raise UsageError(f"extractor: expected package.module:attribute, got {path!r}")
    try:
        module = import_module(module_name)
    except Exception as error:  # of their code anything
        raise UsageError(
            f"extractor: expected a module {module_name} that can be imported, got {_told(error)}"
        ) from error
    found = getattr(module, attribute, None)
    if found is None:
        raise UsageError(f"extractor: expected {attribute} in {module_name}, got none")
    if isinstance(found, type) or (callable(found) and not hasattr(found, "name")):
        try:
            found = found()
        except Exception as error:
            raise UsageError(f"extractor: expected {path} to make an extractor, got {_told(error)}") from error
    missing = [fact for fact in FACTS if not hasattr(found, fact)]
    if missing or not callable(found):
        raise UsageError(f"extractor: expected {path} with {', '.join(missing) or '__call__'}, got none")
    if found.resize not in get_args(Resize):
        raise UsageError(f"extractor: expected resize to be one of {', '.join(get_args(Resize))}, got {found.resize!r}")
    if not isinstance(found, FeatureExtractor):
        raise UsageError(f"extractor: expected {path} to be a FeatureExtractor, got {type(found).__name__}")
    return OwnExtractor(path, found)


class OwnExtractor:
    """A user's extractor whose faults are said in a line."""

    def __init__(self, path: str, extractor: FeatureExtractor) -> None:
        self.path, self.extractor = path, extractor
        self.name, self.sha256 = str(extractor.name), str(extractor.sha256)
        self.input_size, self.resize = extractor.input_size, extractor.resize

    def __call__(self, images: Tensor) -> Mapping[str, Tensor]:
        """What the extractor says of pictures; raises InputError when it fails or says something else than tensors."""
        try:
            with torch.no_grad():
                found = self.extractor(images)
        except Exception as error:  # of their code anything
            raise InputError(self.path, "features of pictures", _told(error)) from error
        if not isinstance(found, Mapping) or not all(isinstance(each, Tensor) for each in found.values()):
            kinds = {type(each).__name__ for each in found.values()} if isinstance(found, Mapping) else set()
            got = ", ".join(sorted(kinds)) or type(found).__name__
            raise InputError(self.path, "a mapping of names to tensors", got)
        return found


def _told(error: Exception) -> str:
    return f"{type(error).__name__}: {' '.join(str(error).split())}"
