"""A garment's mask from its picture, for layouts that have none."""

from __future__ import annotations

from pathlib import Path

from viton.clothing_mask import MaskError, clothing_mask
from viton.errors import InputError
from viton.images import Pixels, load_rgb


def mask_of_picture(path: Path, place: str = "") -> Pixels:
    """The mask (H,W) in {0,1} of a product photo; raises InputError, naming what is wrong, where it gives none.

    place: where a mask that somebody has made would lie, for the message.
    """
    try:
        return clothing_mask(load_rgb(path))
    except MaskError as error:
        expected = f"{error.expected}, or a mask{f' in {place}' if place else ''}"
        raise InputError(path, expected, f"{error.got} ({error.reason})") from error
