"""A user's own feature extractor, named on the command line as `package.module:attribute`."""

from __future__ import annotations

from importlib import import_module
from typing import get_args

from viton.errors import UsageError
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
    except ImportError as error:
        raise UsageError(f"extractor: expected a module {module_name} on the path, got {error}") from error
    found = getattr(module, attribute, None)
    if found is None:
        raise UsageError(f"extractor: expected {attribute} in {module_name}, got none")
    if isinstance(found, type) or (callable(found) and not hasattr(found, "name")):
        found = found()
    missing = [fact for fact in FACTS if not hasattr(found, fact)]
    if missing or not callable(found):
        raise UsageError(f"extractor: expected {path} with {', '.join(missing) or '__call__'}, got none")
    if found.resize not in get_args(Resize):
        raise UsageError(f"extractor: expected resize to be one of {', '.join(get_args(Resize))}, got {found.resize!r}")
    if not isinstance(found, FeatureExtractor):
        raise UsageError(f"extractor: expected {path} to be a FeatureExtractor, got {type(found).__name__}")
    return found
