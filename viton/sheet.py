"""Pictures side by side as one picture, without a plotting library."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor

from viton.images import Pixels, to_uint8


def sheet(columns: Sequence[Tensor]) -> Pixels:
    """Columns (B,3,H,W) in [-1,1], or masks (B,1,H,W) in [0,1], as one picture (B*H, n*W, 3), a sample a row."""
    colours = [column * 2 - 1 if column.shape[1] == 1 else column for column in columns]
    wide = torch.cat([to_uint8(column.float().expand(-1, 3, -1, -1)) for column in colours], dim=3)  # (B, 3, H, n*W)
    return np.ascontiguousarray(wide.permute(0, 2, 3, 1).flatten(0, 1).cpu().numpy())
