"""What one try-on needs, as loaded: uint8 pictures at the working size H, W."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:  # names only: who lists pairs need not wait for torch
    from viton.images import Pixels
    from viton.keypoints import Keypoints


class Pair(NamedTuple):
    """Who is to wear what, by ids (file names without suffix)."""

    person: str
    clothing: str

    @property
    def name(self) -> str:
        """The stem of every file made for this pair."""
        return f"{self.person}__{self.clothing}"


class Person(NamedTuple):
    """A photo of a person and what estimators say about it."""

    id: str
    image: Pixels  # (H, W, 3)
    parsing: Pixels  # (h, w) labels at the file's own scale, so that masks made from it can be resized either way
    keypoints: Keypoints  # (18, 3) pixels of (H, W)


class Clothing(NamedTuple):
    """A product photo."""

    id: str
    image: Pixels  # (H, W, 3)
    mask: Pixels  # (H, W) in 0..255, the share of each pixel that the garment covers


class Truth(NamedTuple):
    """What only a made-up world knows of a pair."""

    image: Pixels  # (H, W, 3) the person in that garment
    map_px: NDArray[
        np.float32
    ]  # (H, W, 2) where on the product each worn pixel lies, in pixels of (H, W); NaN elsewhere


class Sample(NamedTuple):
    """A pair, loaded."""

    person: Person
    clothing: Clothing
    own: Clothing | None = None  # product photo of what the person wears: only CAGAN asks for it

    @property
    def pair(self) -> Pair:
        return Pair(self.person.id, self.clothing.id)
