"""What can be said of one picture beside its true one, by a protocol: SSIM, PSNR, L1, LPIPS, the judge. H, W."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import torch

from viton.images import Pixels, to_signed, to_tensor
from viton_eval.judge import Judge
from viton_eval.lpips import Lpips
from viton_eval.measures import l1_map, psnr
from viton_eval.protocols import LpipsSettings
from viton_eval.resizing import resized
from viton_eval.ssim_variants import Ssim, ssim_by


class Beside(NamedTuple):
    """How a picture is measured beside its true one; what is None is not measured."""

    ssim: Ssim = "rgb-gaussian-mirrored"
    lpips: Lpips | None = None
    lpips_at: LpipsSettings | None = None  # None: as large as the pictures are
    judge: Judge | None = None
    device: str = "cpu"

    @property
    def names(self) -> tuple[str, ...]:
        """The measures, in the order of a row."""
        found = ["ssim", "psnr", "l1"]
        found += [f"lpips_{self.lpips.backbone}"] if self.lpips else []
        return (*found, *(("judge",) if self.judge else ()))


def beside(made: Sequence[Pixels], truths: Sequence[Pixels], how: Beside) -> list[dict[str, float]]:
    """The measures of pictures (H,W,3), a batch of them, each beside its true one; by `how.names`."""
    rows = [
        {"ssim": ssim_by(how.ssim, one, truth), "psnr": psnr(one, truth), "l1": float(l1_map(one, truth).mean())}
        for one, truth in zip(made, truths, strict=True)
    ]
    if how.lpips:
        pair = [_at(pictures, how.lpips_at).to(how.device) for pictures in (made, truths)]
        for row, value in zip(rows, how.lpips.distances(*pair).means.tolist(), strict=True):
            row[f"lpips_{how.lpips.backbone}"] = value
    if how.judge:
        pair = [torch.cat([to_tensor(one) for one in pictures]).to(how.device) for pictures in (made, truths)]
        maps = how.judge.to(how.device).distance_maps(*pair)
        for row, value in zip(rows, maps.double().mean(dim=(1, 2, 3)).tolist(), strict=True):
            row["judge"] = value
    return rows


def _at(pictures: Sequence[Pixels], settings: LpipsSettings | None) -> torch.Tensor:
    """Pictures as LPIPS takes them, (B,3,h,w) in [-1,1]."""
    size, way = (settings.size, settings.resize) if settings else (None, "none")
    values = np.stack([resized(picture, size, way) for picture in pictures])
    return to_signed(torch.from_numpy(values).permute(0, 3, 1, 2))
