"""Other programs' pictures: what is converted, by which rule, and what is refused.

Converted: grey becomes three equal channels, palettes their colours; what is transparent lies on white; a picture is
turned upright by its EXIF flag; a colour profile is not applied, as nowhere here. Refused, for a conversion would have
to guess: 16 bits a channel, CMYK, animations, another aspect ratio, and other sizes unless a filter is named.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
from PIL import Image

from viton.coordinates import Size
from viton.data.framing import fit_photo
from viton.errors import InputError
from viton.images import Pixels, load_rgb

FILTERS = {
    "lanczos": Image.Resampling.LANCZOS,
    "bilinear": Image.Resampling.BILINEAR,
    "box": Image.Resampling.BOX,
}  # Pillow's: wider when they shrink, so that nothing is skipped
FORMATS = ("PNG", "JPEG", "WEBP")
PNG, DEPTH_AT = b"\x89PNG\r\n\x1a\n", 24  # a PNG's first bytes, and where its bits a channel stand


def load_result(path: Path, size: Size, resize: str) -> tuple[Pixels, Size]:
    """A picture as uint8 (H,W,3) at `size`, and the size that it has on disk, upright.

    resize: a name of FILTERS, or "none".   Raises InputError naming the file for whatever is refused.
    """
    pixels = load_rgb(path)
    expect_plain(path)
    height, width = pixels.shape[:2]
    if height * size[1] != width * size[0]:
        raise InputError(path, f"a picture of the aspect ratio of {_told(size)}", _told((height, width)))
    if (height, width) == size:
        return pixels, size
    if resize == "none":
        expected = f"a picture of {_told(size)} (or --resize {', '.join(FILTERS)})"
        raise InputError(path, expected, _told((height, width)))
    return _resized(pixels, size, resize), (height, width)


def _resized(pixels: Pixels, size: Size, resize: str) -> Pixels:
    """(h,w,3) -> (H,W,3). A box that shrinks is how photos and truths come to this size: so a truth stays one."""
    if resize == "box" and size < pixels.shape[:2]:
        return fit_photo(pixels, size)
    return np.asarray(Image.fromarray(pixels).resize(size[::-1], FILTERS[resize]), np.uint8)


def expect_plain(path: Path) -> None:
    """Raises InputError for what Pillow converts by a guess; of a PNG's 16-bit colours it drops the low bytes."""
    with path.open("rb") as stream:
        head = stream.read(DEPTH_AT + 1)
    if head.startswith(PNG) and head[DEPTH_AT] == 16:
        raise InputError(path, "a picture of 8 bits a channel", "16 bits")
    with Image.open(path) as picture:
        if picture.format not in FORMATS:
            raise InputError(path, f"a picture as {', '.join(FORMATS)}", str(picture.format))
        if picture.mode == "CMYK":
            raise InputError(path, "a picture in RGB or grey", "CMYK")
        if getattr(picture, "is_animated", False):
            raise InputError(path, "a single picture", "an animation")


def _told(size: Size) -> str:
    return f"{size[0]}x{size[1]}"
