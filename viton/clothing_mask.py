"""The mask of a garment on a plain product photo, by classical means: no network, nothing random.

H, W, N.  Lengths are shares of the picture's longer side; colours are RGB in 0..255.
"""

from __future__ import annotations

import cv2
import numpy as np

from viton.background import Background, Bools, Floats, contrast_of, fitted, most
from viton.images import Pixels

WORKING = 1024  # px of the longer side; a larger picture is reduced, its mask enlarged again
BORDER = 0.02  # width of the band along the border that the background is first estimated from
PLAIN = 0.5  # share of that band that must agree with one smooth surface
NOISIEST = 8.0  # levels of noise about the surface, above which it is no plain background
CUT = 4.0  # times the noise: what differs more from the background is garment
SEAL = (0.003, 0.008, 0.02)  # gaps in a white garment's outline that are closed, tried in turn
SHADOW_STEP = 1.2  # levels a pixel by which a shadow's luminance may change; an outline changes faster
SHADOW_DEPTH = 0.45  # share of the background's luminance that a shadow may take away
SHADOW_TINT = 6.0  # levels by which its hue may differ from the background's
BLOCK = 8  # px of the working picture: as far as JPEG's ringing reaches
RINGING = 0.15  # of the contrast beside it: weaker differences may be ringing
PIECE = 0.01  # of the largest piece's area: smaller ones are specks
HOLE = 0.0002  # of the picture's area: smaller holes are filled
EDGE = 2.5  # times `CUT`: the contrast that a hole has all around
HOOK = 0.03  # half of what a hanger's hook is across at most
LEAST = 0.005  # of the picture's area: the smallest garment
WIRE = 0.015  # its wire is thinner than this


class MaskError(ValueError):
    """No mask can be had from this picture; `reason` is `not_plain`, `no_garment`, `no_background` or `too_small`."""

    def __init__(self, reason: str, expected: str, got: str) -> None:
        super().__init__(f"expected {expected}, got {got}")
        self.reason, self.expected, self.got = reason, expected, got


def clothing_mask(pixels: Pixels) -> Pixels:
    """The garment of a product photo, uint8 (H,W,3) RGB -> uint8 (H,W) in {0,1}; raises MaskError.

    1. The background is a smooth surface (a polynomial in x and y, so vignettes are followed), fitted to the border
       without what differs from it there, then again to everything that it explains.
    2. What differs by more than `CUT` times the background's noise is garment. Gaps of a white garment's outline are
       closed; what cannot be reached from the border is inside.
    3. A shadow, of the background's hue, darker and without an edge, is background.
    4. Enclosed parts that have the background's colour and its smoothness are holes; light prints have neither.
    5. The outline lies where half of the garment's contrast is reached. Specks go; pieces of some size stay.
    6. A thin upright thing in the middle above everything else is a hanger's hook and goes.

    What it cannot tell: a hanger's bar in the neck opening; a flat print of the background's very colour, which becomes
    a hole; a hole in pale cloth, which is filled; a dummy or a model; a garment as white as its background at its rim.
    """
    height, width = pixels.shape[:2]
    if min(height, width) < 16:
        raise MaskError("too_small", "at least 16 pixels a side", f"{height}x{width}")
    factor = min(1.0, WORKING / max(height, width))
    size = (max(16, round(width * factor)), max(16, round(height * factor)))
    small = pixels if factor == 1 else cv2.resize(pixels, size, interpolation=cv2.INTER_AREA)
    mask = _segment(np.asarray(small, np.float32))
    if factor < 1:
        mask = cv2.resize(mask.astype(np.float32), (width, height), interpolation=cv2.INTER_LINEAR) >= 0.5
    return mask.astype(np.uint8)


def _segment(picture: Floats) -> Bools:
    """The mask (H,W) of a picture float32 (H,W,3) that is not too large."""
    longer = max(picture.shape[:2])
    smooth = np.asarray(cv2.GaussianBlur(picture, (0, 0), max(0.6, longer / 1200)), np.float32)
    background = _border_model(smooth, longer)
    for order in (2, 4):
        outside = ~_silhouette(_seen(smooth, background), longer)
        if outside.mean() < 0.02:
            raise MaskError("no_background", "a background around the garment", "hardly any")
        background = fitted(smooth, outside, order)
    seen = _seen(smooth, background)
    mask = _silhouette(seen, longer)
    mask = _without_shadow(mask, smooth, background[0], longer)
    mask &= ~_holes(mask, smooth, background, seen)
    mask = _trimmed(mask, picture, background[0], longer)
    mask = _pieces(_without_hook(_pieces(mask), longer))
    if mask.mean() < LEAST:
        raise MaskError("no_garment", "a garment that differs from its background", "none")
    return mask


def _border_model(smooth: Floats, longer: int) -> Background:
    """The surface of the border's colours; raises MaskError when half of it does not lie on one."""
    band = np.ones(smooth.shape[:2], bool)
    wide = max(2, round(BORDER * longer))
    band[wide:-wide, wide:-wide] = False
    model = fitted(smooth, band, 2)
    agrees = (contrast_of(smooth, model)[band] < CUT).mean()
    if agrees < PLAIN or model[1].max() > NOISIEST:
        found = f"noise of {model[1].max():.1f} levels about its surface, which {100 * agrees:.0f}% of it lie on"
        raise MaskError("not_plain", "a plain background along the border", found)
    return model


def _seen(smooth: Floats, background: Background) -> Bools:
    """What differs from the background; beside much stronger contrast, where JPEG rings, what does so on average."""
    off = smooth - background[0]
    least = most(np.abs(off))
    contrast = most(np.abs(off) / background[1])
    weak = least < RINGING * cv2.dilate(least, np.ones((2 * BLOCK + 1, 2 * BLOCK + 1), np.uint8))
    steady = most(np.abs(_averaged(off, weak) / background[1])) > CUT / 2
    return np.asarray((contrast > CUT) & (~weak | steady))


def _averaged(values: Floats, where: Bools) -> Floats:
    """Values (h,w,3) averaged over their neighbourhood within a region (h,w)."""
    weight = where.astype(np.float32)
    total = cv2.GaussianBlur(weight, (0, 0), BLOCK / 4)
    return np.asarray(
        cv2.GaussianBlur(values * weight[..., None], (0, 0), BLOCK / 4) / (total[..., None] + 1e-6), np.float32
    )


def _dilated(mask: Bools, radius: float) -> Bools:
    """The mask grown by a radius in px; a distance transform, whose time does not depend on it."""
    return np.asarray(cv2.distanceTransform((~mask).astype(np.uint8), cv2.DIST_L2, 5) <= radius) & mask.any()


def _eroded(mask: Bools, radius: float) -> Bools:
    """The mask shrunk by a radius in px; beyond the picture lies what lies on its border."""
    return ~_dilated(~mask, radius)


def _closed(mask: Bools, radius: float) -> Bools:
    pad = round(radius) + 1
    framed = cv2.copyMakeBorder(mask.astype(np.uint8), pad, pad, pad, pad, cv2.BORDER_CONSTANT, value=0) > 0
    return _eroded(_dilated(framed, radius), radius)[pad:-pad, pad:-pad]


def _opened(mask: Bools, radius: float) -> Bools:
    return _dilated(_eroded(mask, radius), radius)


def _enclosed(walls: Bools) -> Bools:
    """The walls and everything that cannot be reached from the border without crossing them."""
    free = cv2.copyMakeBorder((~walls).astype(np.uint8), 1, 1, 1, 1, cv2.BORDER_CONSTANT, value=1)
    labels = cv2.connectedComponents(free, connectivity=4)[1]
    return np.asarray(labels[1:-1, 1:-1] != labels[0, 0])


def _silhouette(seen: Bools, longer: int) -> Bools:
    """The garment with all that it encloses, from the pixels that are seen to differ.

    A wider seal counts only where it closes off a part that is wide itself, not where it bridges a narrow gap.
    """
    seen = _pieces(seen, 0.001)
    found = _enclosed(_closed(seen, SEAL[0] * longer))
    for share in SEAL[1:]:
        more = _enclosed(_closed(seen, share * longer)) & ~found
        core = _opened(more, share * longer)
        found |= _touching(more, core)
    return found


def _touching(region: Bools, seeds: Bools) -> Bools:
    """The connected parts of a region that hold a seed."""
    labels = cv2.connectedComponents(region.astype(np.uint8), connectivity=4)[1]
    held = np.unique(labels[seeds & region])
    return np.isin(labels, held[held > 0])


def _without_shadow(mask: Bools, smooth: Floats, surface: Floats, longer: int) -> Bools:
    """The mask without what is only darker than the background, of its hue, and joined to it without an edge."""
    light, paper = smooth.mean(axis=2), surface.mean(axis=2)
    ratio = light / np.maximum(paper, 1)
    tint = most(np.abs(smooth - surface * ratio[..., None]))
    soft = cv2.GaussianBlur(light, (0, 0), max(0.6, longer / 700))
    slope = np.hypot(cv2.Sobel(soft, cv2.CV_32F, 1, 0, scale=1 / 8), cv2.Sobel(soft, cv2.CV_32F, 0, 1, scale=1 / 8))
    shade = (tint < SHADOW_TINT) & (ratio > 1 - SHADOW_DEPTH) & (ratio < 1.02) & (slope < SHADOW_STEP * 1024 / longer)
    passable = _opened(shade | ~mask, 0.004 * longer)  # not through a chink in an outline
    lost = mask & ~_enclosed(mask & ~passable)
    if lost.sum() > 0.35 * mask.sum():  # it has run into a garment that is itself without an edge
        return mask
    return mask & ~_opened(lost, 0.003 * longer)


def _holes(mask: Bools, smooth: Floats, background: Background, seen: Bools) -> Bools:
    """Enclosed parts with the background's colour and smoothness, and an edge all around."""
    longer = max(mask.shape)
    off = most(np.abs(smooth - background[0]))
    candidates = _opened(mask & ~seen, 0.002 * longer)
    count, labels, stats, _ = cv2.connectedComponentsWithStats(candidates.astype(np.uint8), connectivity=4)
    holes = np.zeros_like(mask)
    for number in range(1, count):
        x, y, w, h, area = stats[number]
        if not HOLE * mask.size < area < 0.5 * mask.sum():
            continue
        pad = round(0.01 * longer)
        near = np.s_[max(0, y - pad) : y + h + pad, max(0, x - pad) : x + w + pad]
        part = labels[near] == number
        if _is_hole(part, smooth[near] - background[0][near], background[1], longer):
            full = cv2.dilate(off[near], np.ones((2 * pad + 1, 2 * pad + 1), np.uint8))
            holes[near] |= part | (_dilated(part, 0.006 * longer) & (off[near] < 0.3 * full))
    return holes


def _is_hole(part: Bools, off: Floats, noise: Floats, longer: int) -> bool:
    """Whether a part shows the background: by its middle's differences from it (h,w,3), and by those of its rim."""
    inner = _eroded(part, 0.004 * longer)
    inner = inner if inner.any() else part
    middle = np.quantile(_averaged(off, inner)[inner], [0.25, 0.5, 0.75], axis=0)
    same = (np.abs(middle[1]) < noise + 0.5).all() and ((middle[2] - middle[0]) / 1.35 < noise).all()
    rim = _dilated(part, 0.006 * longer) & ~_dilated(part, 0.003 * longer)
    edged = (np.abs(off) / noise).max(axis=2)[rim] > EDGE * CUT
    return bool(same and rim.any() and edged.mean() > 0.9)


def _trimmed(mask: Bools, picture: Floats, surface: Floats, longer: int) -> Bools:
    """The mask without the rim of pixels that are more background than garment."""
    reach = max(1, round(0.003 * longer))
    off = most(np.abs(picture - surface))
    full = cv2.dilate(np.where(mask, off, 0).astype(np.float32), np.ones((2 * reach + 1, 2 * reach + 1), np.uint8))
    rim = mask & ~_eroded(mask, reach)
    return mask & ~(rim & (off < 0.5 * full))


def _pieces(mask: Bools, share: float = PIECE) -> Bools:
    """The connected parts whose area is at least a share of the largest one's."""
    count, labels, stats, _ = cv2.connectedComponentsWithStats(mask.astype(np.uint8), connectivity=8)
    if count < 2:
        return mask
    areas = stats[:, cv2.CC_STAT_AREA].copy()
    areas[0] = 0
    return np.asarray((areas >= share * areas.max())[labels])


def _without_hook(mask: Bools, longer: int) -> Bools:
    """The mask without a hanger's hook."""
    body = _opened(mask, HOOK * longer)
    if not body.any():
        return mask
    slim = mask & ~_dilated(body, 2)
    count, labels, stats, _ = cv2.connectedComponentsWithStats(slim.astype(np.uint8), connectivity=8)
    columns = np.flatnonzero(body.any(axis=0))
    wide, centre = columns[-1] - columns[0] + 1, (columns[0] + columns[-1]) / 2
    hooks = np.zeros_like(mask)
    for number in range(1, count):
        x, y, w, h, _ = stats[number]
        part = labels == number
        below = np.flatnonzero((mask & ~part).any(axis=1))
        middling, above = abs(x + w / 2 - centre) < 0.12 * wide, len(below) and y + 0.6 * h < below[0]
        shank = part[y + h // 2 : y + h].sum(axis=1).min()
        if middling and above and 0.03 * longer < h and w < 0.2 * wide and shank < WIRE * longer:
            hooks |= part
    return mask & ~hooks
