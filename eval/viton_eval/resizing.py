"""How pictures come to the size that a measure wants, each way by its name: the same picture, another number. H, W.

none              as it is; the size has to be right already
pil-bilinear      Pillow's bilinear filter, widened when it shrinks (antialiased), rounded to 8 bits
pil-bicubic       the same with its bicubic filter
pil-lanczos       the same with its Lanczos filter
clean-bicubic     Pillow's bicubic filter on float32 channels, clipped to 0..255, not rounded: clean-fid's "clean"
torch-bilinear    torch's bilinear with outer edges shared, antialiased, not rounded: torchmetrics' for Inception-v3
tf1-bilinear      bilinear as TensorFlow 1 had it: the corner of pixel i at i * H / h, nothing antialiased, not
                  rounded: torch-fidelity's, and that of the first Inception Scores and FIDs
"""

from __future__ import annotations

from typing import Literal, get_args

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from PIL import Image

from viton.coordinates import Size
from viton.images import Pixels

Resize = Literal[
    "none", "pil-bilinear", "pil-bicubic", "pil-lanczos", "clean-bicubic", "torch-bilinear", "tf1-bilinear"
]
Values = NDArray[np.float32]
PILLOW = {
    "pil-bilinear": Image.Resampling.BILINEAR,
    "pil-bicubic": Image.Resampling.BICUBIC,
    "pil-lanczos": Image.Resampling.LANCZOS,
}


def resized(pixels: Pixels, size: Size | None, resize: Resize) -> Values:
    """A picture uint8 (H,W,3) as float32 (h,w,3) in 0..255 of the size (h, w); None: as large as it is.

    Raises ValueError for other arrays, an unknown way, or `none` for a picture of another size.
    """
    if pixels.ndim != 3 or pixels.shape[2] != 3 or pixels.dtype != np.uint8:
        raise ValueError(f"picture: expected uint8 (H, W, 3), got {pixels.dtype} {pixels.shape}")
    if resize not in get_args(Resize):
        raise ValueError(f"resize: expected one of {', '.join(get_args(Resize))}, got {resize!r}")
    if size is None or pixels.shape[:2] == tuple(size):
        return pixels.astype(np.float32)
    if resize == "none":
        raise ValueError(f"picture: expected the size {tuple(size)}, since nothing is resized, got {pixels.shape[:2]}")
    if resize in PILLOW:
        return np.asarray(Image.fromarray(pixels).resize(size[::-1], PILLOW[resize]), np.float32)
    if resize == "clean-bicubic":
        return _clean(pixels, size)
    return _torch(pixels, size) if resize == "torch-bilinear" else _tensorflow(pixels, size)


def _clean(pixels: Pixels, size: Size) -> Values:
    channels = [Image.fromarray(pixels[..., i].astype(np.float32)) for i in range(3)]
    resized = [np.asarray(each.resize(size[::-1], Image.Resampling.BICUBIC)) for each in channels]
    return np.stack(resized, axis=2).clip(0, 255)


def _torch(pixels: Pixels, size: Size) -> Values:
    image = torch.from_numpy(pixels.astype(np.float32)).permute(2, 0, 1)[None]
    larger = F.interpolate(image, tuple(size), mode="bilinear", align_corners=False, antialias=True)
    return np.ascontiguousarray(larger[0].permute(1, 2, 0).numpy())


def _tensorflow(pixels: Pixels, size: Size) -> Values:
    values = pixels.astype(np.float32)
    for axis in (1, 0):  # along the rows first, as TensorFlow
        low, high, share = _between(values.shape[axis], size[axis])
        share = share[None, :, None] if axis else share[:, None, None]
        before, after = values.take(low, axis), values.take(high, axis)
        values = before + (after - before) * share
    return values


def _between(old: int, new: int) -> tuple[NDArray[np.intp], NDArray[np.intp], Values]:
    """For each of the new places along a side: the old ones before and after it, and how far it is between them."""
    places = np.arange(new, dtype=np.float32) * np.float32(old / new)
    low = places.astype(np.intp)
    return low, np.minimum(low + 1, old - 1), places - low.astype(np.float32)
