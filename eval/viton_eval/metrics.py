"""Which measures are asked for, by name.

`ssim` is the measure of that name alone, as it stands in a row: that of whole pictures. `ssim*` is every measure whose
name begins so: its family. `lpips` is lpips_BACKBONE of the backbone that is given; a proxy goes by either name.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import get_args

from viton.errors import UsageError
from viton_eval.lpips import Backbone

PICTURES = ("ssim", "psnr", "l1", "lpips", "judge")  # families that need the true picture
SETS = ("fid", "kid", "inception_score")  # families that need an extractor
FAMILIES = (*PICTURES, *SETS)
REGIONS = ("garment", "face_hair", "occluders")  # fields of regions.Seen
INSIDE = {"garment": "inside", "face_hair": "face_hair", "occluders": "occluders"}  # of SSIM: whole windows alone
LPIPS = tuple(f"lpips_{backbone}" for backbone in get_args(Backbone))


def in_regions(measure: str) -> dict[str, str]:
    """The names of a measure of whole pictures inside each region, by region; none of `psnr`."""
    if measure == "psnr":
        return {}
    return {region: f"{measure}_{INSIDE[region] if measure == 'ssim' else region}" for region in REGIONS}


def family_of(measure: str) -> str:
    """The family of a measure's name."""
    name = measure.removeprefix("proxy_")
    return name if name in FAMILIES else name.partition("_")[0]


WHOLE = ("ssim", "psnr", "l1", *LPIPS, "judge")
KNOWN = (
    *FAMILIES,
    "proxy_inception_score",
    *(name for whole in WHOLE for name in (whole, *in_regions(whole).values()) if name not in FAMILIES),
)


@dataclass(frozen=True)
class Metrics:
    """The names that were asked for."""

    names: tuple[str, ...] = tuple(f"{family}*" for family in FAMILIES)

    def wants(self, measure: str) -> bool:
        """Whether a measure is asked for."""
        return any(_stands_for(name, measure) for name in self.names)

    def families(self, among: tuple[str, ...] = FAMILIES) -> tuple[str, ...]:
        """The families of which anything is asked, in the order given."""
        asked = {family_of(measure) for name in self.names for measure in meant_by(name)}
        return tuple(family for family in among if family in asked)


def meant_by(name: str) -> tuple[str, ...]:
    """The measures that a name stands for; none where it is no name."""
    return tuple(measure for measure in KNOWN if _stands_for(name, measure))


def _stands_for(name: str, measure: str) -> bool:
    names = {measure, measure.removeprefix("proxy_"), *(("lpips",) if measure in LPIPS else ())}
    return any(each.startswith(name[:-1]) for each in names) if name.endswith("*") else name in names


ALL = Metrics()


def metrics_of(words: str) -> Metrics:
    """Names from a list with commas, everything from ""; raises UsageError for names that are none."""
    names = tuple(dict.fromkeys(word.strip() for word in words.split(",") if word.strip()))
    expected = f"--metrics: expected some of {', '.join(KNOWN)}, or the beginning of names with *"
    if unknown := [name for name in names if not meant_by(name)]:
        raise UsageError(f"{expected}, got {unknown[0]!r}")
    if words and not names:
        raise UsageError(f"{expected}, got {words!r}")
    return Metrics(names) if names else ALL
