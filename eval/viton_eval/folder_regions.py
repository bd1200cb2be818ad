"""Where a pair of `viton-eval score` is measured by region: on the true try-on, or on the photo in the own garment.

In mode `truth` the garment is where the true map is known, as everywhere in this project, and the rest is read from the
true parsing; in mode `paired` all of it from the photo's own parsing, made by a parser that errs. H, W.
"""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

import numpy as np

from viton.coordinates import Size
from viton.data.dataset import Dataset
from viton.data.framing import fit_labels, fit_photo, padded
from viton.data.sample import Pair
from viton.images import Pixels, load_rgb
from viton.parsing import CLOTHING
from viton_eval.regions import Seen, labels_at, seen_regions, worn_pixels


class TruePicture(NamedTuple):
    """What a result stands beside."""

    pixels: Pixels  # (H,W,3)
    seen: Seen | None  # None where it has no parsing


def true_try_on(data: Dataset, pair: Pair, size: Size) -> TruePicture:
    """A pair's true picture with its regions, decoded once; raises InputError for files that are damaged."""
    if lacking(truth_files(data, pair)):
        return TruePicture(fit_photo(load_rgb(data.truth_path(pair, "image")), size), None)
    truth = data.truth(pair, size)
    labels = labels_at(data.truth_path(pair, "parse"), size)
    return TruePicture(truth.image, seen_regions(worn_pixels(truth), labels, data.label_map))


def own_photo(data: Dataset, person: str, size: Size) -> TruePicture:
    """A person's photo with its regions, decoded once; raises InputError for files that are damaged."""
    photo = data.photo(person)
    pixels = fit_photo(photo, size)
    if lacking(photo_files(data, person)):
        return TruePicture(pixels, None)
    labels = fit_labels(padded(data.read_parsing(person, (photo.shape[0], photo.shape[1])), size, 0), size)
    worn = np.isin(labels, data.label_map.ids(CLOTHING["paper"]))
    return TruePicture(pixels, seen_regions(worn, labels, data.label_map))


def truth_files(data: Dataset, pair: Pair) -> list[Path]:
    """What regions of a true try-on are read from."""
    return [data.truth_path(pair, kind) for kind in ("parse", "map")]


def photo_files(data: Dataset, person: str) -> list[Path]:
    """What regions of a photo are read from."""
    return [data.parsing_path(person)]


def lacking(files: list[Path]) -> bool:
    """Whether one of them is not there."""
    return not all(path.is_file() for path in files)
