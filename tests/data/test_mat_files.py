"""MATLAB files as anybody may have made them: numbers come back, and nothing else costs time, memory or the process."""

import struct
import tracemalloc
import zlib

import numpy as np
import pytest
from scipy.io import savemat

from viton.data import mat_files
from viton.data.mat_files import read_mat
from viton.errors import InputError

HEAD = b"MATLAB 5.0".ljust(124) + b"\x00\x01IM"
UINT8, CELL = 9, 1
NUMBERS = np.arange(12, dtype=np.uint8).reshape(3, 4)


def element(kind: int, content: bytes) -> bytes:
    return struct.pack("<II", kind, len(content)) + content + bytes(-len(content) % 8)


def matrix(kind: int, name: bytes, content: bytes, shape: tuple[int, int] = (1, 1)) -> bytes:
    """An array as format 5 has it: its class, its shape, its name, and what is in it."""
    head = element(6, struct.pack("<II", kind, 0)) + element(5, struct.pack("<ii", *shape)) + element(1, name)
    return element(14, head + content)


def deflated(content: bytes) -> bytes:
    squeezed = zlib.compress(content, 9)
    return struct.pack("<II", 15, len(squeezed)) + squeezed


def numbers(name: bytes = b"segment") -> bytes:
    return matrix(UINT8, name, element(2, NUMBERS.T.tobytes()), NUMBERS.shape)


@pytest.mark.parametrize("options", [{"format": "4"}, {"format": "5"}, {"do_compression": True}])
def test_numbers_come_back_from_each_format(tmp_path, options):
    savemat(tmp_path / "x.mat", {"other": np.zeros(3), "segment": NUMBERS}, **options)
    np.testing.assert_array_equal(read_mat(tmp_path / "x.mat", "segment"), NUMBERS)


def test_they_come_back_from_between_what_is_no_number(tmp_path):
    cell = np.empty((1, 2), object)
    cell[:] = [["a", np.ones(3)]]
    savemat(tmp_path / "x.mat", {"info": {"by": "x"}, "segment": NUMBERS, "more": cell, "name": "text"})
    np.testing.assert_array_equal(read_mat(tmp_path / "x.mat", "segment"), NUMBERS)
    for name in ("info", "more", "name"):
        with pytest.raises(InputError, match=f"numbers under '{name}', got none"):
            read_mat(tmp_path / "x.mat", name)


@pytest.mark.parametrize("pack", [deflated, bytes])
def test_these_tests_write_what_the_format_is(tmp_path, pack):
    (tmp_path / "x.mat").write_bytes(HEAD + pack(matrix(CELL, b"more", numbers(b""))) + pack(numbers()))
    np.testing.assert_array_equal(read_mat(tmp_path / "x.mat", "segment"), NUMBERS)


@pytest.mark.parametrize("pack", [deflated, bytes])
def test_cells_in_cells_are_not_followed(tmp_path, pack):
    nested = numbers(b"")
    for _ in range(20_000):  # scipy's reader ends the process here, by its stack
        nested = matrix(CELL, b"", nested)
    (tmp_path / "x.mat").write_bytes(HEAD + pack(matrix(CELL, b"segment", nested)))
    with pytest.raises(InputError, match="numbers under 'segment', got none"):
        read_mat(tmp_path / "x.mat", "segment")


def test_numbers_that_say_they_are_shorter_do_not_hide_a_cell_behind_them(tmp_path):
    nested = matrix(CELL, b"segment", numbers(b""))
    short = numbers()
    (tmp_path / "x.mat").write_bytes(HEAD + deflated(short + nested))  # one element: its rest would be read as another
    np.testing.assert_array_equal(read_mat(tmp_path / "x.mat", "segment"), NUMBERS)


LONG = 2**24
BOMBS = {
    "as its numbers": deflated(matrix(UINT8, b"segment", element(2, bytes(LONG)), (641, 641))),
    "in a cell": deflated(matrix(CELL, b"segment", matrix(UINT8, b"", element(2, bytes(LONG)), (1, LONG)))),
    "under another name": deflated(matrix(UINT8, b"other", element(2, bytes(LONG)), (1, LONG))) + deflated(numbers()),
    "first of two of a name": deflated(matrix(UINT8, b"segment", element(2, bytes(LONG)), (1, LONG)))
    + deflated(numbers()),
    "in many pieces": deflated(matrix(UINT8, b"other", element(2, bytes(2**19)), (1, 2**19))) * 32,
}


@pytest.mark.parametrize("where", BOMBS)
def test_a_small_file_does_not_become_a_large_one_in_memory(tmp_path, monkeypatch, where):
    monkeypatch.setattr(mat_files, "LARGEST_FILE", 2**20)
    (tmp_path / "x.mat").write_bytes(HEAD + BOMBS[where])
    assert len(BOMBS[where]) < 2**16
    tracemalloc.start()
    try:
        with pytest.raises(InputError, match="more than 1048576 bytes when it is inflated"):
            read_mat(tmp_path / "x.mat", "segment")
        assert tracemalloc.get_traced_memory()[1] < 2**23
    finally:
        tracemalloc.stop()


def test_a_large_file_is_not_read(tmp_path, monkeypatch):
    savemat(tmp_path / "x.mat", {"segment": NUMBERS})
    monkeypatch.setattr(mat_files, "LARGEST_FILE", 100)
    with pytest.raises(InputError, match="at most 100 bytes"):
        read_mat(tmp_path / "x.mat", "segment")


@pytest.mark.parametrize(
    "content",
    [
        b"",
        HEAD,
        HEAD[:60],
        HEAD + deflated(numbers())[:-9],
        HEAD + numbers()[:-9],
        HEAD + deflated(matrix(UINT8, b"segment", element(2, b""), (-3, -4))),
        HEAD + deflated(matrix(UINT8, b"segment", struct.pack("<II", 2, 2**32 - 8), (3, 4))),
        struct.pack("<5i", 0, 100_000, 100_000, 0, 8) + b"segment\0",
        struct.pack("<5i", 0, -100_000, -100_000, 0, 8) + b"segment\0",
        b"\x89HDF\r\n\x1a\n" + bytes(504),
        b"\x80\x04N.",
    ],
)  # fmt: skip
def test_a_damaged_file_is_one_line(tmp_path, content):
    (tmp_path / "x.mat").write_bytes(content)
    with pytest.raises(InputError, match=r"x.mat: expected .*'segment'") as caught:
        read_mat(tmp_path / "x.mat", "segment")
    assert "\n" not in str(caught.value)


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(InputError, match=r"x.mat: expected a MATLAB file with 'segment', got no such file"):
        read_mat(tmp_path / "x.mat", "segment")
