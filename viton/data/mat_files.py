"""The MATLAB files of VITON's first release, as its code reads them: label maps on their side, joints as candidates."""

from __future__ import annotations

import io
import zlib
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from scipy.io import loadmat, savemat, whosmat
from scipy.io.matlab import MatReadError

from viton.coordinates import Size
from viton.data.framing import fit_labels
from viton.errors import InputError
from viton.images import Pixels
from viton.keypoints import Keypoints

LARGEST = 2**22  # numbers of an array that is read: more is no label map and no pose
SQUARE = 641  # the side of every label map
DAMAGES = (
    OSError,
    ValueError,
    TypeError,
    KeyError,
    IndexError,
    EOFError,
    OverflowError,
    MemoryError,
    zlib.error,
    AttributeError,
    NotImplementedError,
)  # what scipy's reader raises on damaged bytes
HEADER = b"MATLAB 5.0 MAT-file".ljust(116)  # scipy puts the time here, and equal values are to be equal bytes


def segment_mat(labels: Pixels) -> bytes:
    """Labels (H,W) -> `segment` (641,641): the longer side at 641, background below or to the right, transposed.

    Each pixel is the nearest label, so that a map of at most 641 comes back as it was and a larger one loses detail.
    """
    height, width = part_of_square(labels.shape)
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


def part_of_square(size: tuple[int, ...]) -> Size:
    """The part of the square that the map fills."""
    height, width = (max(1, round(SQUARE * side / max(size))) for side in size)
    return height, width


def read_mat(path: Path, name: str) -> NDArray[np.float64]:
    """An array of numbers of a MATLAB file (not 7.3); raises InputError when it is missing, damaged or too large."""
    if not path.is_file():
        raise InputError(path, f"a MATLAB file with '{name}'", "no such file")
    try:
        shapes = {found: shape for found, shape, _ in whosmat(path)}
        if name in shapes and np.prod(shapes[name], dtype=float) > LARGEST:
            raise InputError(path, f"'{name}' of at most {LARGEST} numbers", "x".join(map(str, shapes[name])))
        array = loadmat(path, variable_names=[name]).get(name)
    except InputError:
        raise
    except (*DAMAGES, MatReadError) as error:
        got = next(iter(str(error).splitlines()), type(error).__name__)
        raise InputError(path, f"a MATLAB file with '{name}'", got) from error
    if not isinstance(array, np.ndarray) or array.dtype.kind not in "uif":
        raise InputError(path, f"numbers under '{name}'", "no such name" if array is None else "something else")
    return np.asarray(array, np.float64)


def _mat(arrays: dict[str, NDArray[np.generic]]) -> bytes:
    stream = io.BytesIO()
    savemat(stream, arrays, do_compression=True)  # type: ignore[arg-type]  # the stubs know paths alone
    return HEADER + stream.getvalue()[len(HEADER) :]
