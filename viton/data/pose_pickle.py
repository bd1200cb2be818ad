"""VITON's `pose.pkl`, a pickle of Python 2, read without running anything that it names.

The file is a dictionary `ID_0` -> {`candidate`, `subset`} of numpy arrays. Only the opcodes that such a file needs are
known here, and the names that numpy writes into it stand for small records of our own: numpy's readers of such states
trust them, so they are never given any. Python's own unpickler in Python, not the one in C, because its memo cannot be
made to fill the memory by one large index, and because its opcodes can be taken away.
"""

from __future__ import annotations

import io
import pickle
from collections.abc import Callable, Mapping
from functools import cached_property
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from viton.errors import InputError

LARGEST_FILE = 2**27  # bytes; 14,221 people take a fifth of it at most
MOST_READS = 2**23  # an opcode takes one to three; so a file of small opcodes cannot become much larger in memory
LARGEST = 2**16  # numbers of an array: a candidate has four a joint


class PoseFile:
    """A `pose.pkl`, opened when the first person of it is asked for, and then kept."""

    def __init__(self, path: Path) -> None:
        self.path = path

    @cached_property
    def _people(self) -> Mapping[str, object] | InputError:
        """Kept when it is bad, too: everybody asks, and a large file would be read again for each."""
        try:
            content = _unpickled(self.path)
        except InputError as error:
            return error
        expected = "a pickled dictionary of people"
        return content if isinstance(content, _Names) else InputError(self.path, expected, type(content).__name__)

    def arrays(self, name: str) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """`candidate` and `subset` of a person.

        Raises InputError when the file is missing, too large, damaged, or names anything but arrays, and when this
        person is not in it or has no such arrays.
        """
        people = self._people
        if isinstance(people, InputError):
            raise InputError(people.where, people.expected, people.got)
        person = people.get(name)
        if not isinstance(person, _Names):
            raise InputError(self.path, f"a dictionary under '{name}'", "none")
        return self._array(person, name, "candidate"), self._array(person, name, "subset")

    def _array(self, person: Mapping[str, object], name: str, key: str) -> NDArray[np.float64]:
        array = person.get(key)
        if not isinstance(array, _Array):
            raise InputError(self.path, f"an array under '{name}', '{key}'", "none")
        try:
            return array.values()
        except (pickle.UnpicklingError, ValueError, TypeError, OverflowError) as error:
            raise InputError(self.path, f"an array of numbers under '{name}', '{key}'", _line(error)) from error


def _unpickled(path: Path) -> object:
    if not path.is_file():
        raise InputError(path, "a pickle of poses", "no such file")
    if (size := path.stat().st_size) > LARGEST_FILE:
        raise InputError(path, f"at most {LARGEST_FILE} bytes", f"{size}")
    try:
        return _Unpickler(_Counted(path.read_bytes()), encoding="latin1").load()
    except Exception as error:  # damaged bytes raise anything
        raise InputError(path, "a pickled dictionary of numpy arrays", _line(error)) from error


class _Counted(io.BytesIO):
    """Bytes that may be read so many times."""

    reads = 0

    def read(self, size: int | None = -1, /) -> bytes:
        self.reads += 1
        if self.reads > MOST_READS:
            _refuse(f"more than {MOST_READS} reads")
        found = super().read(size)
        return found if size in (None, -1) or len(found) == size else _refuse("an end too early")


class _Names(dict[str, Any]):
    """A dictionary by text alone: other keys, such as tuples of tuples, may take for ever to be hashed."""

    def __setitem__(self, key: str, value: object) -> None:
        if type(key) is not str:
            _refuse(f"a key of {type(key).__name__}")
        super().__setitem__(key, value)


class _Dtype:
    """What stands for numpy's dtype: its code, and its byte order."""

    def __init__(self, code: str, *_: object) -> None:
        self.code, self.order = code, "="

    def __setstate__(self, state: tuple[Any, ...]) -> None:
        self.order = state[1]

    def found(self) -> np.dtype[Any]:
        if self.code not in ("f4", "f8", "i4", "i8") or self.order not in ("<", ">", "="):
            _refuse("no floating-point numbers or integers")
        return np.dtype(self.order + self.code)


class _Array:
    """What stands for numpy's array: nothing is allocated before somebody asks for its values."""

    def __init__(self, *_: object) -> None:
        self.state: tuple[Any, ...] = ()

    def __setstate__(self, state: tuple[Any, ...]) -> None:
        self.state = state

    def values(self) -> NDArray[np.float64]:
        """Raises ValueError, TypeError or UnpicklingError when the state is none of an array of numbers."""
        _, shape, dtype, by_columns, data = self.state
        data = data.text if isinstance(data, _Encoded) else data
        if not isinstance(dtype, _Dtype) or not isinstance(shape, tuple):
            _refuse("another state")
        if not isinstance(data, str | bytes) or len(data) > 8 * LARGEST:
            _refuse("another state")
        kept = data.encode("latin1") if isinstance(data, str) else data
        array = np.frombuffer(kept, dtype.found()) if kept else np.zeros(0)
        return array.reshape(shape, order="F" if by_columns else "C").astype(np.float64)


class _Encoded:
    """Bytes as Python 3 writes them for Python 2, none among them: text that is encoded when it is read."""

    def __init__(self, text: str = "", coding: str = "latin1") -> None:
        self.text = text if coding == "latin1" else _refuse("text in another coding")


KNOWN: dict[tuple[str, str], type] = {
    ("numpy", "ndarray"): _Array,
    ("numpy", "dtype"): _Dtype,
    ("numpy.core.multiarray", "_reconstruct"): _Array,
    ("numpy._core.multiarray", "_reconstruct"): _Array,
    ("_codecs", "encode"): _Encoded,
    ("__builtin__", "bytes"): _Encoded,
}
OPCODES = (
    "PROTO", "STOP", "MARK", "NONE", "NEWTRUE", "NEWFALSE", "INT", "BININT", "BININT1", "BININT2", "LONG", "LONG1",
    "STRING", "BINSTRING", "SHORT_BINSTRING", "UNICODE", "BINUNICODE", "SHORT_BINUNICODE", "BINBYTES", "SHORT_BINBYTES",
    "EMPTY_TUPLE", "TUPLE", "TUPLE1", "TUPLE2", "TUPLE3", "SETITEM", "SETITEMS", "PUT", "BINPUT", "LONG_BINPUT",
    "MEMOIZE", "GET", "BINGET", "LONG_BINGET", "GLOBAL", "STACK_GLOBAL",
)  # fmt: skip


class _Unpickler(pickle._Unpickler):
    """Python's, with these opcodes alone; most of them as they are."""

    read: Callable[[int], bytes]  # what the class above has, and its stubs do not say
    append: Callable[[object], None]
    pop_mark: Callable[[], list[Any]]
    stack: list[Any]

    def find_class(self, module: str, name: str) -> type:
        return KNOWN.get((module, name)) or _refuse(f"the name {f'{module}.{name}'[:80]!r}")

    def load_frame(self) -> None:
        self.read(8)  # how long the frame is: only of use to those who read a file piece by piece

    def load_empty_dict(self) -> None:
        self.append(_Names())

    def load_dict(self) -> None:
        items, names = self.pop_mark(), _Names()
        for key, value in zip(items[::2], items[1::2], strict=True):
            names[key] = value
        self.append(names)

    def load_reduce(self) -> None:
        given, called = self.stack.pop(), self.stack.pop()
        if called not in KNOWN.values() or type(given) is not tuple:
            _refuse("a call of something else")
        self.append(called(*given))

    def load_build(self) -> None:
        state, built = self.stack.pop(), self.stack[-1]
        if not isinstance(built, _Array | _Dtype):
            _refuse("a state of something else")
        built.__setstate__(state)

    dispatch: ClassVar[dict[int, Callable[..., None]]] = {
        **{getattr(pickle, name)[0]: pickle._Unpickler.dispatch[getattr(pickle, name)[0]] for name in OPCODES},
        pickle.FRAME[0]: load_frame,
        pickle.EMPTY_DICT[0]: load_empty_dict,
        pickle.DICT[0]: load_dict,
        pickle.REDUCE[0]: load_reduce,
        pickle.BUILD[0]: load_build,
    }


def _refuse(got: str) -> Any:
    raise pickle.UnpicklingError(got)


def _line(error: Exception) -> str:
    if isinstance(error, KeyError) and isinstance(error.args[0], int):
        return f"the opcode {bytes([error.args[0] % 256])!r}"
    return next(iter(str(error)[:120].splitlines()), "") or type(error).__name__
