"""Features of many pictures by one or more extractors, each picture decoded once and seen once by each. N, B, D, H, W.

A picture is resized alone, so that the batch has no say in it; a network's sums in float32 may still be made in another
order for another batch: features agree to 1e-5 of the largest one, whatever the batch size.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import islice
from pathlib import Path
from typing import NamedTuple, Protocol, runtime_checkable

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from viton.coordinates import Size
from viton.errors import InputError
from viton.images import Pixels, load_rgb
from viton_eval.resizing import Resize, resized

BATCH = 32  # pictures that go through an extractor at a time
NAMED = 5  # pictures that an error names


@runtime_checkable
class FeatureExtractor(Protocol):
    """A network that describes pictures; the four facts about it stand beside every number that it gives."""

    @property
    def name(self) -> str:
        """What it is, for people."""

    @property
    def sha256(self) -> str:
        """Of its weights."""

    @property
    def input_size(self) -> Size | None:
        """(height, width) that pictures are brought to; None: they stay as large as they are, all of one size."""

    @property
    def resize(self) -> Resize:
        """How they are brought there."""

    def __call__(self, images: Tensor) -> Mapping[str, Tensor]:
        """float32 (B,3,H,W) in 0..255, RGB, resized -> what it says of each, by name: (B,D), such as `features`."""


class Features(NamedTuple):
    """What an extractor says of N pictures, and what decided it."""

    names: tuple[str, ...]  # of the pictures
    values: dict[str, NDArray[np.float64]]  # (N,D) each: `features`, `logits`, ...
    extractor: str
    sha256: str
    input_size: Size | None
    resize: Resize


def pictures_of(paths: Iterable[Path]) -> Iterator[tuple[str, Pixels]]:
    """Name and pixels of each file, decoded when it is asked for; raises InputError for what is no picture."""
    return ((path.name, load_rgb(path)) for path in paths)


@torch.no_grad()
def extract(
    pictures: Iterable[tuple[str, Pixels]],
    extractors: Sequence[FeatureExtractor],
    batch: int = BATCH,
    device: torch.device | str = "cpu",
) -> list[Features]:
    """Features of pictures (name, uint8 (H,W,3)) by each extractor, in the order of both.

    pictures: gone through once, a batch of them in memory.   device: where the extractors are.   Raises InputError for
    features that are not finite, naming the pictures, and for pictures of unlike sizes where none is resized.
    """
    if batch < 1:
        raise ValueError(f"batch: expected at least 1, got {batch}")
    names: list[str] = []
    found: list[dict[str, list[NDArray[np.float64]]]] = [{} for _ in extractors]
    rest = iter(pictures)
    while seen := list(islice(rest, batch)):
        for extractor, values in zip(extractors, found, strict=True):
            for output, rows in _of_batch(extractor, seen, device).items():
                values.setdefault(output, []).append(rows)
        names += [name for name, _ in seen]
    if not names:
        raise InputError("pictures", "at least one", "none")
    return [
        Features(
            tuple(names),
            {output: np.concatenate(rows) for output, rows in values.items()},
            *(extractor.name, extractor.sha256, extractor.input_size, extractor.resize),
        )
        for extractor, values in zip(extractors, found, strict=True)
    ]


def _of_batch(
    extractor: FeatureExtractor, seen: Sequence[tuple[str, Pixels]], device: torch.device | str
) -> dict[str, NDArray[np.float64]]:
    """What an extractor says of some pictures, (B,D) by output."""
    images = torch.from_numpy(_stacked(extractor, seen)).permute(0, 3, 1, 2).contiguous().to(device)
    values = {}
    for output, tensor in extractor(images).items():
        if tensor.ndim != 2 or len(tensor) != len(seen):
            raise InputError(f"{output} of {extractor.name}", f"({len(seen)}, D)", str(tuple(tensor.shape)))
        rows = tensor.double().cpu().numpy()
        bad = [name for (name, _), row in zip(seen, rows, strict=True) if not np.isfinite(row).all()]
        if bad:
            more = f" and {len(bad) - NAMED} more" if len(bad) > NAMED else ""
            raise InputError(
                f"{output} of {extractor.name}", "finite numbers", f"others for {', '.join(bad[:NAMED])}{more}"
            )
        values[output] = rows
    return values


def _stacked(extractor: FeatureExtractor, seen: Sequence[tuple[str, Pixels]]) -> NDArray[np.float32]:
    """Pictures in the extractor's size, float32 (B,H,W,3) in 0..255."""
    made = []
    for name, pixels in seen:
        try:
            made.append(resized(pixels, extractor.input_size, extractor.resize))
        except ValueError as error:
            raise InputError(name, f"a picture for {extractor.name}", str(error)) from error
        if made[-1].shape != made[0].shape:
            raise InputError(name, f"the size {made[0].shape[:2]} of {seen[0][0]}", str(made[-1].shape[:2]))
    return np.stack(made)
