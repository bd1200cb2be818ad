"""What can be said of one picture beside its true one, by a protocol: SSIM, PSNR, L1, LPIPS, the judge. H, W.

Whatever is asked of a picture alone (what SSIM's window sees, what the judge's network says) is asked once, however
many pictures stand beside it. A measure inside a region is the mean of its map over the region's pixels, of SSIM over
those whose whole window lies in it; NaN where a pair lacks the region.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property
from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from viton.images import Pixels, to_signed
from viton_eval.judge import Judge, unit
from viton_eval.lpips import Lpips
from viton_eval.measures import Windowed, l1_map, mean_in, psnr
from viton_eval.metrics import ALL, Metrics, in_regions
from viton_eval.protocols import LpipsSettings
from viton_eval.regions import Mask, Seen, inside
from viton_eval.resizing import resized
from viton_eval.ssim_variants import RADIUS, Ssim, ssim_map_by, ssim_of_map, windowed_by

Map = NDArray[np.float64]


class Beside(NamedTuple):
    """How a picture is measured beside its true one; what is None is not measured."""

    ssim: Ssim = "rgb-gaussian-mirrored"
    lpips: Lpips | None = None
    lpips_at: LpipsSettings | None = None  # None: as large as the pictures are
    judge: Judge | None = None
    device: str = "cpu"
    metrics: Metrics = ALL
    regions: bool = True  # whether regions are measured too

    @property
    def wholes(self) -> dict[str, dict[str, str]]:
        """What is measured, by the name for whole pictures: names by region, "" for the whole."""
        lpips = [f"lpips_{self.lpips.backbone}"] if self.lpips else []
        found = {}
        for whole in ("ssim", "psnr", "l1", *lpips, *(("judge",) if self.judge else ())):
            names = {"": whole} | (in_regions(whole) if self._has_regions(whole) else {})
            if wanted := {region: name for region, name in names.items() if self.metrics.wants(name)}:
                found[whole] = wanted
        return found

    @property
    def names(self) -> tuple[str, ...]:
        """The measures, in the order of a row."""
        return tuple(name for names in self.wholes.values() for name in names.values())

    @property
    def in_regions(self) -> tuple[str, ...]:
        """Those that need regions."""
        return tuple(name for names in self.wholes.values() for region, name in names.items() if region)

    def _has_regions(self, whole: str) -> bool:
        resizes = whole.startswith("lpips") and self.lpips_at is not None and self.lpips_at.size is not None
        return self.regions and not resizes


class Pictures:
    """Pictures (H,W,3) of one size, a batch of them, and what is asked of each alone."""

    def __init__(self, pixels: Sequence[Pixels], how: Beside) -> None:
        self.pixels, self.how = pixels, how

    @cached_property
    def windowed(self) -> list[Windowed]:
        """What SSIM's window sees of each."""
        return [windowed_by(self.how.ssim, picture) for picture in self.pixels]

    @cached_property
    def depths(self) -> list[Tensor]:
        """What the judge's network says of them, (B,C,h,w) by depth; AttributeError without a judge."""
        images = to_signed(torch.from_numpy(np.stack(self.pixels)).to(self.how.device).permute(0, 3, 1, 2))
        return _judge(self.how).to(self.how.device).depths(images)

    @cached_property
    def units(self) -> list[Tensor]:
        """The same in unit length over the channels."""
        return [unit(depth) for depth in self.depths]

    def some(self, places: Sequence[int]) -> Pictures:
        """Those at some places, with what is asked of them: all are asked, since others want the rest."""
        if len(places) == len(self.pixels):
            return self
        chosen = Pictures([self.pixels[place] for place in places], self.how)
        if "ssim" in self.how.wholes:
            chosen.windowed = [self.windowed[place] for place in places]
        if "judge" in self.how.wholes:
            chosen.units = [each[list(places)] for each in self.units]
        return chosen


class _Measured(NamedTuple):
    """One measure of one picture."""

    whole: float
    values: Map  # (H,W)


def beside(made: Pictures, truths: Pictures, how: Beside, seen: Sequence[Seen | None] = ()) -> list[dict[str, float]]:
    """The measures of pictures, a batch of them, each beside its true one; by `how.names`.

    seen: the regions of each true picture; None, or nothing at all, where they are not known.
    """
    rows: list[dict[str, float]] = [{} for _ in made.pixels]
    masks = [_masks(each, how) for each in seen] or [{}] * len(rows)
    for whole, names in how.wholes.items():
        for row, measured, where in zip(rows, _measured(whole, made, truths, how), masks, strict=True):
            for region, name in names.items():
                row[name] = _value(measured, where.get((whole == "ssim", region)), region)
    return rows


def _value(measured: _Measured, mask: Mask | None, region: str) -> float:
    if not region:
        return measured.whole
    return float("nan") if mask is None else mean_in(measured.values, mask)


def _masks(seen: Seen | None, how: Beside) -> dict[tuple[bool, str], Mask]:
    """Each region by whether whole windows of SSIM alone count, and its name."""
    if seen is None:
        return {}
    found = {(False, name): mask for name, mask in seen._asdict().items()}
    return found | {(True, name): inside(mask, RADIUS[how.ssim]) for name, mask in seen._asdict().items()}


def _measured(whole: str, made: Pictures, truths: Pictures, how: Beside) -> list[_Measured]:
    if whole == "judge":
        maps = _judge(how).between(made.units, truths.units, made.pixels[0].shape[:2])
        return _of_maps(maps.double().mean(dim=(1, 2, 3)), maps)
    if whole.startswith("lpips"):
        found = _lpips(how).distances(*(_at(each.pixels, how.lpips_at).to(how.device) for each in (made, truths)))
        return _of_maps(found.means, found.maps)
    if whole == "ssim":
        pairs = zip(made.windowed, truths.windowed, strict=True)
        maps_of = [ssim_map_by(how.ssim, *each) for each in pairs]
        return [_Measured(ssim_of_map(how.ssim, similar), similar) for similar in maps_of]
    if whole == "psnr":
        return [_Measured(psnr(*each), np.empty(0)) for each in zip(made.pixels, truths.pixels, strict=True)]
    apart = [l1_map(*each) for each in zip(made.pixels, truths.pixels, strict=True)]
    return [_Measured(float(each.mean()), each) for each in apart]


def _of_maps(means: Tensor, maps: Tensor) -> list[_Measured]:
    """Of (B,) and (B,1,H,W)."""
    values = maps[:, 0].double().cpu().numpy()
    return [_Measured(mean, each) for mean, each in zip(means.tolist(), values, strict=True)]


def _judge(how: Beside) -> Judge:
    if how.judge is None:
        raise AttributeError("judge: expected one, got none")
    return how.judge


def _lpips(how: Beside) -> Lpips:
    if how.lpips is None:
        raise AttributeError("lpips: expected one, got none")
    return how.lpips


def _at(pictures: Sequence[Pixels], settings: LpipsSettings | None) -> Tensor:
    """Pictures as LPIPS takes them, (B,3,h,w) in [-1,1]."""
    size, way = (settings.size, settings.resize) if settings else (None, "none")
    values = np.stack([resized(picture, size, way) for picture in pictures])
    return to_signed(torch.from_numpy(values).permute(0, 3, 1, 2))
