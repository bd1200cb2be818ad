"""The MATLAB files of VITON's first release, as its code reads them: label maps on their side, joints as candidates."""

from __future__ import annotations

import io

import numpy as np
from numpy.typing import NDArray
from scipy.io import savemat

from viton.coordinates import Size
from viton.data.framing import fit_labels
from viton.images import Pixels
from viton.keypoints import Keypoints

SQUARE = 641  # the side of every label map
HEADER = b"MATLAB 5.0 MAT-file".ljust(116)  # scipy puts the time here, and equal values are to be equal bytes


def segment_mat(labels: Pixels) -> bytes:
    """Labels (H,W) -> `segment` (641,641): the longer side at 641, background below or to the right, transposed.

    Each pixel is the nearest label, so that a map of at most 641 comes back as it was and a larger one loses detail.
    """
    height, width = _scaled(labels.shape)
    square = np.zeros((SQUARE, SQUARE), np.uint8)
    square[:height, :width] = fit_labels(labels, (height, width))
    return _mat({"segment": square.T})


def pose_mat(keypoints: Keypoints) -> bytes:
    """Joints (18,3) -> `candidate` (N,4) of x, y, score, number; `subset` (1,20) of rows or -1, score and count."""
    seen = np.flatnonzero(keypoints[:, 2] > 0)
    candidate = np.concatenate([keypoints[seen].astype(np.float64), np.arange(len(seen))[:, None]], axis=1)
    subset = np.full((1, 20), -1.0)
    subset[0, seen] = candidate[:, 3]
    subset[0, 18:] = candidate[:, 2].sum(), len(seen)
    return _mat({"candidate": candidate, "subset": subset})


def _scaled(size: tuple[int, ...]) -> Size:
    """The part of the square that the map fills."""
    height, width = (max(1, round(SQUARE * side / max(size))) for side in size)
    return height, width


def _mat(arrays: dict[str, NDArray[np.generic]]) -> bytes:
    stream = io.BytesIO()
    savemat(stream, arrays, do_compression=True)  # type: ignore[arg-type]  # the stubs know paths alone
    return HEADER + stream.getvalue()[len(HEADER) :]
