"""What cuts and trimmings are sold: one of each for a kind of garment."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from viton.synthetic import palette
from viton.synthetic.cut import Cut, Neckline

ARM = 2.9  # an arm to the wrist is about as long as three half-shoulders

SLEEVES = {
    "t_shirt": {"short": 0.8, "cap": 0.12, "half": 0.08}, "long_sleeve": {"long": 1.0}, "tank": {"none": 1.0},
    "turtleneck": {"long": 0.72, "half": 0.16, "none": 0.12}, "v_neck": {"short": 0.5, "long": 0.34, "half": 0.16},
    "blouse": {"long": 0.44, "short": 0.22, "half": 0.16, "none": 0.12, "cap": 0.06},
}  # fmt: skip
NECKS = {
    "t_shirt": {"crew": 0.75, "wide": 0.25}, "long_sleeve": {"crew": 0.65, "wide": 0.35},
    "tank": {"scoop": 0.5, "strap": 0.3, "crew": 0.2}, "turtleneck": {"high": 1.0}, "v_neck": {"v": 1.0},
    "blouse": {"collar": 0.72, "v": 0.12, "crew": 0.16},
}  # fmt: skip
DEPTH = {"crew": (0.24, 0.36), "wide": (0.2, 0.28), "scoop": (0.5, 0.7), "v": (0.6, 0.9), "collar": (0.42, 0.7)}
WIDTH = {"crew": (0.42, 0.5), "wide": (0.58, 0.68), "scoop": (0.5, 0.56), "v": (0.44, 0.52), "collar": (0.4, 0.45)}
COVERED = {"none": (0.0, 0.0), "cap": (0.1, 0.15), "short": (0.25, 0.36), "half": (0.42, 0.54), "long": (0.93, 0.99)}
CUFFS = {"none": (0.0, 0.0), "cap": (0.26, 0.32), "short": (0.24, 0.31), "half": (0.2, 0.26), "long": (0.14, 0.19)}


class Trim(NamedTuple):
    """How a garment is finished; lengths in half-widths of the shoulders, `band` and `collar` are colours."""

    band_width: float
    band: tuple[float, float, float] | None  # another colour than the cloth's for neckband and cuffs
    ribbed: bool  # neckband, and hem and cuffs of knitwear
    hem: str  # "stitched" or "ribbed"
    cuff: str  # "stitched", "ribbed", "buttoned" or "gathered"
    closure: str  # "none", "full", "half" or "keyhole"
    flap: str  # "none", "pointed", "round" or "stand"
    pocket: bool
    buttons: tuple[float, float, float]
    tag: tuple[float, float]  # half-width and height of the neck tag
    tag_colour: tuple[float, float, float]
    sleeves: tuple[float, float, float] | None  # another colour than the front's
    size_tab: float  # where it hangs beside the tag, 0 for none


def sample_cut(rng: np.random.Generator, kind: str) -> Cut:
    """Draw a cut for a kind of garment: cropped to long, fitted, straight or flared."""
    sleeve, neck = _one_of(rng, SLEEVES[kind]), _one_of(rng, NECKS[kind])
    ratio = rng.uniform(2.3, 2.55) if rng.random() < 0.18 else rng.uniform(2.55, 3.2)
    waist, hem = _shape(rng, kind)
    neckline = _neckline(rng, neck, ratio)
    strap = 1.0
    if sleeve == "none":
        strap = neckline.half_width + (rng.uniform(0.06, 0.1) if neck == "strap" else rng.uniform(0.16, 0.3))
        strap = min(strap, 0.9)
    flowing = kind == "blouse"
    armhole = rng.uniform(0.8, 0.92) if sleeve == "none" else rng.uniform(0.72, 0.86)
    return Cut(
        sleeve, neckline, ratio, waist, hem, armhole / ratio, strap, rng.uniform(*COVERED[sleeve]),
        rng.uniform(*CUFFS[sleeve]) * (1.12 if flowing else 1), scye=9.0 if neck == "strap" else rng.uniform(2.2, 3.4),
        tail=rng.uniform(0.05, 0.1) if flowing and rng.random() < 0.5 else 0.0,
        puff=rng.uniform(0.5, 1.0) if flowing and sleeve != "none" and rng.random() < 0.45 else 0.0,
        rise=rng.uniform(0.2, 0.36) if neck == "high" else 0.0,
    )  # fmt: skip


def _one_of(rng: np.random.Generator, shares: dict[str, float]) -> str:
    return str(rng.choice(list(shares), p=list(shares.values())))


def _shape(rng: np.random.Generator, kind: str) -> tuple[float, float]:
    """Half-widths of waist and hem: fitted, straight, or flared."""
    shape = rng.random()
    if shape < 0.42:
        return rng.uniform(0.78, 0.88), rng.uniform(0.88, 0.98)
    if shape < 0.8 or kind == "turtleneck":
        return rng.uniform(0.9, 0.97), rng.uniform(0.95, 1.03)
    return rng.uniform(0.98, 1.06), rng.uniform(1.1, 1.24)


def _neckline(rng: np.random.Generator, name: str, ratio: float) -> Neckline:
    if name == "strap":
        bust, dip = rng.uniform(0.5, 0.62), rng.uniform(0.12, 0.42)
        back = bust + dip * rng.uniform(0.2, 0.5)
        return Neckline(name, rng.uniform(0.56, 0.64), (bust + dip) / ratio, back / ratio, bust / ratio)
    if name == "high":
        return Neckline(name, rng.uniform(0.42, 0.47), 0.1 / ratio, 0.06 / ratio)
    half = rng.uniform(*WIDTH[name])
    back = rng.uniform(0.21, 0.28) * half**1.5  # its middle is level with its ends on the sloping shoulders
    return Neckline(name, half, rng.uniform(*DEPTH[name]) / ratio, back / ratio)


def sample_trim(rng: np.random.Generator, kind: str, cut: Cut, texture: str, base: palette.Paint) -> Trim:
    """Draw the finish of a garment of that cut, cloth surface and ground colour."""
    knitted, blouse = texture in ("rib", "cable", "pointelle"), kind == "blouse"
    other = None
    if kind in ("t_shirt", "long_sleeve", "v_neck", "tank") and rng.random() < 0.16:
        other = palette.accents(rng, base)[0]
    elif rng.random() < 0.25 and not blouse:
        other = palette.tone_of(base, 0.86)
    band = _plain(other)
    cuff = "ribbed" if knitted or (cut.sleeve == "long" and not blouse and rng.random() < 0.3) else "stitched"
    if blouse and cut.sleeve in ("long", "half"):
        cuff = "buttoned" if rng.random() < 0.6 else "gathered"
    flap = "none"
    if cut.neckline.kind == "collar":
        flap = str(rng.choice(["pointed", "round", "stand"], p=[0.6, 0.22, 0.18]))
    closure = "none"
    if blouse:
        closure = ("full" if rng.random() < 0.75 else "half") if flap != "none" else "keyhole"
    elif cut.neckline.kind == "crew" and kind == "long_sleeve" and rng.random() < 0.15:
        closure = "half"
    pale = rng.random() < 0.6
    tag = (250, 249, 246) if rng.random() < 0.62 else [(32, 32, 35), (226, 214, 190), (196, 160, 160)][rng.integers(3)]
    return Trim(
        rng.uniform(0.055, 0.1) if not blouse else 0.035, band, knitted or (not blouse and rng.random() < 0.6),
        "ribbed" if knitted else "stitched", cuff, closure, flap,
        cut.neckline.kind in ("crew", "collar") and rng.random() < 0.12,
        _plain(palette.varied(rng, (240, 236, 226) if pale else palette.tone_of(base, 0.6))) or (0, 0, 0),
        (rng.uniform(0.08, 0.13), rng.uniform(0.07, 0.11)), (float(tag[0]), float(tag[1]), float(tag[2])),
        band if kind in ("t_shirt", "long_sleeve") and texture == "plain" and rng.random() < 0.35 else None,
        float(rng.choice([0.0, -1.0, 0.9])),
    )  # fmt: skip


def _plain(colour: palette.Paint | None) -> tuple[float, float, float] | None:
    if colour is None:
        return None
    r, g, b = colour.tolist()
    return r, g, b
