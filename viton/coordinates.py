"""The coordinate frames of a picture.

Points are (x, y). `*_px` are pixels, 0 at the centre of the first. Normalised points are corner-aligned: -1 is the
centre of the first pixel and 1 that of the last, as `grid_sample(align_corners=True)` has it. Two sizes of one
picture share their outer edges, not their corner pixels' centres: `rescale_px` goes between them.
"""

from __future__ import annotations

from typing import TypeVar

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

Size = tuple[int, int]  # (H, W)
Points = TypeVar("Points", Tensor, NDArray[np.float32], NDArray[np.float64])


def normalise(points_px: Tensor, size: Size) -> Tensor:
    """Pixels (...,2) of a picture of `size` -> corner-aligned [-1,1]."""
    return points_px * (2 / (_extent(points_px, size) - 1)) - 1


def rescale_px(points_px: Points, of: Size, to: Size) -> Points:
    """Pixels (...,2) of a picture of size `of` -> pixels of the same picture resized to size `to`."""
    moved = points_px + 0.5
    moved[..., 0] *= to[1] / of[1]
    moved[..., 1] *= to[0] / of[0]
    return moved - 0.5


def pixel_grid(size: Size, device: torch.device | str = "cpu") -> Tensor:
    """The centre of every pixel, (H*W,2) float64, row by row."""
    y, x = torch.meshgrid(
        torch.arange(size[0], dtype=torch.float64, device=device),
        torch.arange(size[1], dtype=torch.float64, device=device),
        indexing="ij",
    )
    return torch.stack([x, y], -1).reshape(-1, 2)


def _extent(points: Tensor, size: Size) -> Tensor:
    return torch.tensor([size[1], size[0]], dtype=points.dtype, device=points.device)
