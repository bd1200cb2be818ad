"""What shows through the opening at the neck: the inside of the back, with its band and the neck tag."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from viton.synthetic.canvas import Bools
from viton.synthetic.sewing import Panel, distance_to
from viton.synthetic.shapes import Floats
from viton.synthetic.tailor import Trim

TOP = 0.03  # of the tag, below the edge of the back


def inside_of_back(
    panel: Panel, hollow: Bools, deep: Floats, base: tuple[float, float, float], trim: Trim
) -> tuple[NDArray[np.uint8], Floats]:
    """Colour (h,w,3) and shade (h,w) in the hollow; prints are faint on the wrong side.

    deep: how far a pixel lies below the edge of the back, in half-widths of the shoulders.
    """
    colour = 0.35 * panel.colour.astype(np.float32) + 0.65 * np.asarray(base, np.float32)
    if trim.band:
        band = np.clip((trim.band_width - deep) / 0.012 + 0.5, 0, 1)[..., None]
        colour += band * (np.asarray(trim.band, np.float32) - colour)
    rim = distance_to(~hollow, panel.pixel)
    shade = 0.62 + 0.2 * np.clip(1 - deep / 0.3, 0, 1) - 0.16 * np.exp(-rim / 0.05)
    shade *= 1 - 0.14 * np.exp(-(((deep - trim.band_width) / 0.014) ** 2))  # the seam of the band
    _sew_tag(colour, shade, trim, panel.across, deep)
    return np.clip(colour, 0, 255).astype(np.uint8), np.asarray(shade, np.float32)


def _sew_tag(colour: Floats, shade: Floats, trim: Trim, across: Floats, deep: Floats) -> None:
    """The tag with its lines of print and, at times, a tab with the size, in place."""
    half, tall = trim.tag
    cloth = np.asarray(trim.tag_colour, np.float32)
    ink = cloth * 0.35 if cloth.mean() > 120 else 255 - 0.3 * (255 - cloth)
    below = deep - TOP
    label = (np.abs(across) < half) & (below > 0) & (below < tall)
    lines = (np.abs(across) < 0.72 * half) & (np.abs(below - 0.42 * tall) < 0.16 * tall)
    lines |= (np.abs(across) < 0.4 * half) & (np.abs(below - 0.8 * tall) < 0.07 * tall)
    if trim.size_tab:
        label |= (np.abs(across - trim.size_tab * half) < 0.03) & (below > 0) & (below < tall + 0.06)
    colour[label] = cloth
    colour[label & lines] = ink
    shade[label] = np.maximum(shade[label], 0.86)
    shadow = (np.abs(across) < half + 0.015) & (below > 0) & (below < tall + 0.02) & ~label
    shade[shadow] *= 0.86
