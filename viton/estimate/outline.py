"""Labels with sharp outlines: what a small network says, moved to the edges of the photo.

H, W of the working picture; K labels.
"""

from __future__ import annotations

from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from viton.images import Pixels
from viton.parsing import CIHP, TROUSERS

Floats = NDArray[np.float32]
RADIUS = 0.012  # of the longer side: the window within which edges of the photo and of labels are brought together
FLAT = 1e-3  # variance of grey (in 0..1) below which the photo has no edge
BAND = 0.015  # of the longer side: as far from the network's outline the true one is looked for
ROUNDS = 3  # of GrabCut


def labelled(picture: Pixels, chances: Floats) -> Pixels:
    """Labels (H,W) of a picture (H,W,3), from chances (K,H,W)."""
    chances = one_kind_below(sharpened(picture, chances))
    labels = 1 + chances[1:].argmax(axis=0)
    return np.where(cut_out(picture, chances[0] < 0.5), labels, 0).astype(np.uint8)


def sharpened(picture: Pixels, chances: Floats) -> Floats:
    """Chances (K,H,W) with the edges of the photo (H,W,3): a guided filter (He et al. 2013) by its grey."""
    grey = np.asarray(cv2.cvtColor(picture, cv2.COLOR_RGB2GRAY).astype(np.float32) / 255, np.float32)
    side = 2 * max(1, round(RADIUS * max(grey.shape))) + 1

    def mean(plane: NDArray[Any]) -> Floats:
        return np.asarray(cv2.blur(plane, (side, side)), np.float32)

    centre = mean(grey)
    spread = mean(grey * grey) - centre * centre + FLAT
    filtered = []
    for plane in chances:
        level = mean(plane)
        slope = (mean(grey * plane) - centre * level) / spread
        filtered.append(mean(slope) * grey + mean(level - slope * centre))
    return np.stack(filtered).clip(1e-6, 1).astype(np.float32)


def one_kind_below(chances: Floats) -> Floats:
    """Chances (K,H,W) in which nobody wears both trousers and a skirt: what there is less of becomes the other."""
    kinds = CIHP.ids(TROUSERS)
    more, less = sorted(kinds, key=lambda kind: -float(chances[kind].sum()))
    merged = chances.copy()
    merged[more] += merged[less]
    merged[less] = 0
    return merged


def cut_out(picture: Pixels, person: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """The person (H,W) with the outline that GrabCut (Rother et al. 2004) finds within BAND of the given one."""
    reach = BAND * max(person.shape)
    inside, outside = (cv2.distanceTransform(each.astype(np.uint8), cv2.DIST_L2, 5) for each in (person, ~person))
    marks = np.where(person, cv2.GC_PR_FGD, cv2.GC_PR_BGD).astype(np.uint8)
    marks[inside > reach], marks[outside > reach] = cv2.GC_FGD, cv2.GC_BGD
    if not ((marks == cv2.GC_FGD).any() and (marks == cv2.GC_BGD).any()):
        return person  # nothing to learn the colours of the one or the other from
    cv2.setRNGSeed(0)
    ordered = cv2.cvtColor(picture, cv2.COLOR_RGB2BGR)
    cv2.grabCut(ordered, marks, (0, 0, 1, 1), np.zeros((1, 65)), np.zeros((1, 65)), ROUNDS, cv2.GC_INIT_WITH_MASK)
    return np.asarray((marks == cv2.GC_FGD) | (marks == cv2.GC_PR_FGD))
