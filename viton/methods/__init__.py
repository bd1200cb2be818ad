"""The methods that are compared: a dict you can read."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from viton.config import TryOnConfig
from viton.data.sample import Sample
from viton.errors import UsageError
from viton.methods import non_parametric
from viton.parsing import LabelMap
from viton.results import Outcome

TryOn = Callable[[Sample, TryOnConfig, LabelMap, str], Outcome]


class Method(NamedTuple):
    """A name, the trained stages it needs, and what makes a picture of a sample."""

    name: str
    stages: tuple[str, ...]
    summary: str
    try_on: TryOn  # (sample, config, label map, device)


METHODS = {
    "non-parametric": Method(
        "non-parametric",
        (),
        "clothing warped by shape contexts onto the parsed garment, pasted on the photo (paper, section 4.3)",
        non_parametric.try_on,
    ),
}


def method_named(name: str) -> Method:
    """Raises UsageError listing the known methods."""
    if name not in METHODS:
        raise UsageError(f"method: expected one of {', '.join(METHODS)}, got '{name}'")
    return METHODS[name]
