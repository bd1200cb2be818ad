"""The MATLAB files of VITON's first release, as its code reads them: label maps on their side, joints as candidates."""

from __future__ import annotations

import io
import struct
import zlib
from pathlib import Path
from typing import Any

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
LARGEST_FILE = 2**26  # bytes, as they lie there and once more when they are inflated
COMPRESSED, MATRIX = 15, 14  # kinds of elements in format 5
NUMBERS = range(6, 16)  # classes of matrices: double, single, and integers of 8 to 64 bits
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
    struct.error,
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
    if (length := path.stat().st_size) > LARGEST_FILE:
        raise InputError(path, f"at most {LARGEST_FILE} bytes", f"{length}")
    try:
        content: Any = io.BytesIO(_numbers_alone(path.read_bytes()))  # scipy's stubs know paths alone
        shapes = {found: shape for found, shape, _ in whosmat(content)}
        if name in shapes and np.prod(shapes[name], dtype=float) > LARGEST:
            raise InputError(path, f"'{name}' of at most {LARGEST} numbers", "x".join(map(str, shapes[name])))
        array = loadmat(content, variable_names=[name]).get(name)
    except InputError:
        raise
    except (*DAMAGES, MatReadError) as error:
        got = next(iter(str(error).splitlines()), type(error).__name__)
        raise InputError(path, f"a MATLAB file with '{name}'", got) from error
    if not isinstance(array, np.ndarray) or array.dtype.kind not in "uif":
        raise InputError(path, f"numbers under '{name}'", "none")
    return np.asarray(array, np.float64)


def _numbers_alone(data: bytes) -> bytes:
    """A file of format 5 with its arrays of numbers alone, inflated; one of format 4 as it is.

    scipy inflates whatever it is given, and its reader of cells in cells runs out of stack without an error. Every
    element is given the size that it has, so that no reader finds another one inside it.
    """
    if 0 in data[:4]:
        return data
    order, kept, place, left = ">" if data[126:128] == b"MI" else "<", [data[:128]], 128, LARGEST_FILE
    while place + 8 <= len(data):
        kind, size = struct.unpack_from(f"{order}II", data, place)
        element = data[place : place + 8 + size]
        place += 8 + size
        if kind == COMPRESSED:
            element = zlib.decompressobj().decompress(element[8:], left + 1)
        left -= len(element)
        if left < 0:
            raise ValueError(f"more than {LARGEST_FILE} bytes when it is inflated")
        if struct.unpack_from(f"{order}I", element, 16)[0] & 255 in NUMBERS:
            kept += [struct.pack(f"{order}II", MATRIX, len(element) - 8), element[8:]]
    return b"".join(kept)


def _mat(arrays: dict[str, NDArray[np.generic]]) -> bytes:
    stream = io.BytesIO()
    savemat(stream, arrays, do_compression=True)  # type: ignore[arg-type]  # the stubs know paths alone
    return HEADER + stream.getvalue()[len(HEADER) :]
