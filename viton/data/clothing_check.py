"""What is wrong with one garment's files: its picture and its mask."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from viton.clothing_mask import MaskError
from viton.data.dataset import Dataset
from viton.data.leaks import fingerprint
from viton.data.person_check import Seen, is_jpeg, problem_of
from viton.data.traps import Problem, trapped
from viton.errors import InputError
from viton.images import Pixels, load_rgb

SMALLEST = 0.001  # share of a product picture; a smaller garment's outline is too short to be matched
INVERTED = 0.9  # share of the border that an inverted mask covers
ONES = 4  # the most that JPEG makes of 1
RINGING = 3  # px from the edge of a mask; further off no smoothing of edges reaches


def check_clothing(data: Dataset, clothing: str) -> Seen:
    """Picture and mask, each on its own."""
    try:
        photo = load_rgb(data.clothings[clothing])
    except InputError as error:
        return Seen([problem_of(error)])
    words, path = fingerprint(photo), data.mask_path(clothing)
    made = path == data.clothings[clothing]  # from the picture, where there is no mask
    try:
        mask = data.read_mask(clothing)
    except InputError as error:
        if made:
            reason = error.__cause__.reason if isinstance(error.__cause__, MaskError) else error.got
            got = f"none, and none that its picture gives ({reason})"
            return Seen([], words, (trapped("no-clothing-mask", path, "a mask of the garment", got),))
        return Seen([problem_of(error)], words)
    height, width = photo.shape[:2]
    if mask.shape != (height, width):
        got = f"{mask.shape[1]}x{mask.shape[0]}"
        return Seen([Problem("error", str(path), f"{width}x{height} like its picture", got)], words)
    grey = None if made else _grey(path)
    return Seen(list(_mask_problems(path, mask, grey)), words)


def _mask_problems(path: Path, mask: Pixels, grey: NDArray[np.uint8] | None) -> Iterator[Problem]:
    """mask, grey: (H,W) in {0,1}, and as it is in the file; None where there is no file."""
    if grey is not None and not mask.any() and 0 < grey.max() <= ONES:
        yield trapped("mask-of-ones", path, "a mask of the garment", f"values of 0 to {grey.max()}")
    elif mask.all() or mask.mean() < SMALLEST:
        got = "the whole picture" if mask.all() else f"{mask.sum()} pixels" if mask.any() else "an empty mask"
        yield Problem("error", str(path), "a mask of the garment", got)
    elif grey is not None and is_inverted(mask):
        yield trapped("mask-inverted", path, "a mask of the garment", "a mask of what is around it")
    elif grey is not None and path.suffix.lower() == ".png" and rings(grey):
        got = "a JPEG" if is_jpeg(path) else "grey values away from its edge, as JPEG leaves them"
        yield trapped("jpeg-mask", path, "a mask of 0 and 255", got)


def border(mask: Pixels) -> NDArray[np.uint8]:
    """The pixels (N,) of the outermost rows and columns."""
    return np.concatenate([mask[0], mask[-1], mask[:, 0], mask[:, -1]])


def is_inverted(mask: Pixels) -> bool:
    """Whether a mask (H,W) in {0,1} covers the border and leaves the middle out."""
    height, width = mask.shape
    middle = mask[height // 3 : height - height // 3, width // 3 : width - width // 3]
    return bool(border(mask).mean() > INVERTED and middle.mean() < 0.5)


def rings(grey: NDArray[np.uint8]) -> bool:
    """Whether a mask (H,W) has values between 0 and 255 further from its edge than smoothing reaches."""
    cut = (grey >= 128).astype(np.uint8)
    kernel = np.ones((2 * RINGING + 1, 2 * RINGING + 1), np.uint8)
    inside = cv2.erode(cut, kernel) == cv2.dilate(cut, kernel)
    return bool(((grey > 0) & (grey < 255) & inside).sum() > 20)


def _grey(path: Path) -> NDArray[np.uint8]:
    """The mask as it is in the file; it was read a moment ago."""
    return np.asarray(cv2.cvtColor(load_rgb(path), cv2.COLOR_RGB2GRAY), np.uint8)
