"""The methods that are compared: a dict you can read, and what other packages add by the entry point group.

A package adds one with `[project.entry-points."viton.methods"]  NAME = "module:METHOD"` (docs/methods.md).
"""

from __future__ import annotations

from collections.abc import Callable
from importlib.metadata import EntryPoint, entry_points
from typing import NamedTuple

from viton.config import TryOnConfig
from viton.errors import UsageError
from viton.methods import cagan, crn, encoder_decoder, non_parametric, prgan, viton
from viton.parsing import LabelMap
from viton.results import TryOnMany
from viton.trained import TrainedRun

GROUP = "viton.methods"
OURS = "viton itself"

Prepare = Callable[[TryOnConfig, LabelMap, str, TrainedRun | None], TryOnMany]  # (..., label map, device, run)


class Method(NamedTuple):
    """A name, the trained stages it needs, and what gets it ready to dress samples, a batch at a time."""

    name: str
    stages: tuple[str, ...]
    summary: str
    prepare: Prepare
    optional_stages: tuple[str, ...] = ()  # used where a run is given
    warps: bool = False  # and so heeds `warp.collar`
    wants_own: bool = False  # its samples come with the own clothing of their person, where that is known


METHODS = {
    method.name: method
    for method in (
        Method(
            "viton",
            ("coarse", "refine"),
            "coarse result, clothing warped by shape contexts, refinement (paper, section 3)",
            viton.prepare,
            warps=True,
        ),
        Method(
            "encoder-decoder",
            ("coarse",),
            "the coarse result alone (paper, section 4.3)",
            encoder_decoder.prepare,
        ),
        Method(
            "crn",
            ("crn",),
            "cascaded refinement network, perceptual loss, no adversary (paper, section 4.3)",
            crn.prepare,
        ),
        Method(
            "prgan",
            ("prgan",),
            "GAN with the person representation (paper, section 4.3)",
            prgan.prepare,
        ),
        Method(
            "cagan",
            ("cagan",),
            "conditional analogy GAN; needs a product picture of what the person wears (paper, section 4.3)",
            cagan.prepare,
            wants_own=True,
        ),
        Method(
            "non-parametric",
            (),
            "clothing warped by shape contexts, pasted on the photo (paper, section 4.3)",
            non_parametric.prepare,
            optional_stages=("coarse",),
            warps=True,
        ),
    )
}


def method_named(name: str) -> Method:
    """Ours or an installed package's; raises UsageError listing the known names, or saying why it cannot be had."""
    if rivals := _rivals(name):
        raise UsageError(f"method {name}: expected one of that name, got those of {' and '.join(rivals)}")
    if name in METHODS:
        return METHODS[name]
    added = {entry.name: entry for entry in entry_points(group=GROUP)}
    if name not in added:
        raise UsageError(f"method: expected one of {', '.join(method_names())}, got '{name}'")
    return _loaded(added[name])


def method_names() -> list[str]:
    """Ours in their order, then those that packages add; none of these is loaded."""
    return [*METHODS, *sorted({entry.name for entry in entry_points(group=GROUP)} - METHODS.keys())]


def package_of(name: str) -> str | None:
    """The package and version that adds a method; None for ours."""
    found = [entry for entry in entry_points(group=GROUP) if entry.name == name]
    return _package(found[0]) if found and name not in METHODS else None


def _rivals(name: str) -> list[str]:
    """Who has a method of this name, when several do."""
    found = [_package(entry) for entry in entry_points(group=GROUP) if entry.name == name]
    found = [OURS, *found] if name in METHODS else found
    return found if len(found) > 1 else []


def _loaded(entry: EntryPoint) -> Method:
    """An added method; raises UsageError in one line for whatever is wrong with it."""
    where = f"method {entry.name} of {_package(entry)}: expected a viton.methods.Method of that name as {entry.value}"
    try:
        method = entry.load()
    except Exception as error:  # whatever somebody else's module raises on import
        told = (str(error).splitlines() or [""])[0]
        raise UsageError(f"{where}, got {type(error).__name__}: {told}") from error
    if not isinstance(method, Method):
        raise UsageError(f"{where}, got {type(method).__name__}")
    if method.name != entry.name:
        raise UsageError(f"{where}, got one named '{method.name}'")
    return method


def _package(entry: EntryPoint) -> str:
    return f"{entry.dist.name} {entry.dist.version}" if entry.dist else entry.value
