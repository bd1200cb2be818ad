"""Labels with sharp outlines: what a small network says, moved to the edges of the photo.

H, W of the working picture; K labels.
"""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from viton.clothing_mask import MaskError, clothing_mask
from viton.images import Pixels

Floats = NDArray[np.float32]
AGREES = 0.75  # least overlap with the network's person, for a silhouette before a plain wall to be believed
RADIUS = 0.012  # of the longer side: the window within which edges of the photo and of labels are brought together
FLAT = 4e-3  # variance of colour (of 0..1, a channel) below which the photo has no edge


def sharpened(picture: Pixels, chances: Floats) -> Floats:
    """Chances (K,H,W) with the edges of the photo (H,W,3): a guided filter (He et al. 2013) with its grey."""
    grey = cv2.cvtColor(picture, cv2.COLOR_RGB2GRAY).astype(np.float32) / 255
    side = 2 * max(1, round(RADIUS * max(grey.shape))) + 1

    def mean(plane: Floats) -> Floats:
        return np.asarray(cv2.blur(plane, (side, side)), np.float32)

    centre = mean(grey)
    spread = mean(grey * grey) - centre * centre + FLAT / 4
    filtered = []
    for plane in chances:
        level = mean(plane)
        slope = (mean(grey * plane) - centre * level) / spread
        filtered.append(mean(slope) * grey + mean(level - slope * centre))
    return np.stack(filtered).clip(1e-6, 1).astype(np.float32)


def silhouette(picture: Pixels, chances: Floats) -> Pixels | None:
    """The person (H,W) in {0,1} before a plain wall; None where it is not plain, or the network sees another person."""
    try:
        found = clothing_mask(picture)
    except MaskError:
        return None
    person = chances[0] < 0.5
    both, either = (found > 0) & person, (found > 0) | person
    return found if both.sum() >= AGREES * either.sum() else None


def labelled(picture: Pixels, chances: Floats) -> tuple[Pixels, bool]:
    """Labels (H,W), and whether the outline is that of a silhouette before a plain wall."""
    chances = sharpened(picture, chances)
    outline = silhouette(picture, chances)
    if outline is None:
        return chances.argmax(axis=0).astype(np.uint8), False
    labels = 1 + chances[1:].argmax(axis=0)
    return np.where(outline > 0, labels, 0).astype(np.uint8), True
