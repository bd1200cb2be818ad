"""VITON's pose.pkl: arrays as every Python has pickled them, and nothing else, whatever the file names."""

import io
import os
import pickle
import re
import struct
import time

import numpy as np
import pytest

from viton.data import pose_pickle
from viton.data.pose_pickle import PoseFile
from viton.errors import InputError

CANDIDATE = np.random.default_rng(0).uniform(0, 200, (5, 4))
SUBSET = np.array([[2, 1, 0, 4, 3, *[-1] * 13, 9.5, 5]], np.float64)
POSES = {"a_0": {"candidate": CANDIDATE, "subset": SUBSET}, "b_0": {"candidate": CANDIDATE[:0], "subset": SUBSET[:0]}}


@pytest.fixture
def written(tmp_path):
    """A function that writes bytes, or pickles something, to a file and opens it."""

    def write(content: object, protocol: int = 2) -> PoseFile:
        data = content if isinstance(content, bytes) else pickle.dumps(content, protocol)
        (tmp_path / "pose.pkl").write_bytes(data)
        return PoseFile(tmp_path / "pose.pkl")

    return write


@pytest.mark.parametrize("protocol", range(5))
def test_arrays_come_back_from_every_protocol(written, protocol):
    poses = written(POSES, protocol)
    for name, person in POSES.items():
        for found, expected in zip(poses.arrays(name), person.values(), strict=True):
            np.testing.assert_array_equal(found, expected)


@pytest.mark.parametrize("dtype", ["<f4", ">f4", "<f8", ">f8", "<i4", ">i8"])
def test_numbers_of_other_kinds_and_orders_keep_their_values(written, dtype):
    array = np.asfortranarray(np.arange(12).reshape(3, 4).astype(dtype))
    found, _ = written({"a_0": {"candidate": array, "subset": SUBSET}}).arrays("a_0")
    np.testing.assert_array_equal(found, np.arange(12).reshape(3, 4))
    assert found.dtype == np.float64


def python2(array: np.ndarray, text: bool) -> bytes:
    """The opcodes that Python 2 writes for an array: its bytes are text there, escaped in protocol 0 and raw in 2."""
    raw, (rows, columns) = array.astype("<f8").tobytes(), array.shape
    escaped = b"S'" + "".join(f"\\x{byte:02x}" for byte in raw).encode() + b"'\n"
    data = escaped if text else b"T" + struct.pack("<i", len(raw)) + raw
    return (
        b"cnumpy.core.multiarray\n_reconstruct\n(cnumpy\nndarray\n(I0\ntS'b'\ntR"
        b"(I1\n(I%d\nI%d\ntcnumpy\ndtype\n(S'f8'\nI0\nI1\ntR(I3\nS'<'\nNNNI-1\nI-1\nI0\ntbI00\n%btb"
    ) % (rows, columns, data)


@pytest.mark.parametrize("text", [True, False])
def test_what_python_2_writes_is_read(written, text):
    head = b"" if text else b"\x80\x02"
    inner = b"(dS'candidate'\n" + python2(CANDIDATE, text) + b"sS'subset'\n" + python2(SUBSET, text) + b"s"
    content = head + b"(dS'a_0'\n" + inner + b"s."
    with_numpy = pickle.loads(content, encoding="latin1")  # the bytes are what they are taken for
    np.testing.assert_array_equal(with_numpy["a_0"]["candidate"], CANDIDATE)
    candidate, subset = written(content).arrays("a_0")
    np.testing.assert_array_equal(candidate, CANDIDATE)
    np.testing.assert_array_equal(subset, SUBSET)


class Runs:
    """What runs a command when it is unpickled."""

    def __init__(self, function, *arguments):
        self.function, self.arguments = function, arguments

    def __reduce__(self):
        return self.function, self.arguments


@pytest.mark.parametrize("protocol", range(5))
@pytest.mark.parametrize("inside", [False, True])
def test_a_command_is_refused_and_does_not_run(written, tmp_path, protocol, inside):
    runs = Runs(os.system, f"touch {tmp_path / 'ran'}")
    poses = written({"a_0": {"candidate": runs, "subset": SUBSET}} if inside else runs, protocol)
    with pytest.raises(InputError, match=r"dictionary of numpy arrays, got the name 'posix.system'") as caught:
        poses.arrays("a_0")
    assert "\n" not in str(caught.value)
    assert not (tmp_path / "ran").exists()
    pickle.loads((tmp_path / "pose.pkl").read_bytes())
    assert (tmp_path / "ran").exists(), "the file was no threat"


@pytest.mark.parametrize("called", [eval, getattr, __import__, open, io.FileIO, np.load, np.frombuffer, np.array, list])
def test_no_other_name_is_known(written, called):
    with pytest.raises(InputError, match="the name "):
        written({"a_0": Runs(called, "x")}).arrays("a_0")


def tuples(depth: int) -> bytes:
    """Opcodes of a tuple of twice a tuple of twice ...: hashing it takes 2**depth steps."""
    return b")" + b"".join(b"r" + struct.pack("<I", n) + b"j" + struct.pack("<I", n) + b"\x86" for n in range(depth))


HOSTILE = {
    "a key that takes for ever to hash": (b"}" + tuples(80) + b"K\x01s.", "a key of tuple"),
    "the same key as an older opcode has it": (b"(" + tuples(80) + b"K\x01d.", "a key of tuple"),
    "a key that is hashed too deep": (b"}" + b")" + b"\x85" * 500_000 + b"K\x01s.", "a key of tuple"),
    "a kind of numbers that takes for ever to hash": (
        b"(dS'a_0'\n(dS'candidate'\n" + python2(CANDIDATE, True).replace(b"(S'f8'\n", b"(" + tuples(80)) + b"ss.",
        "no floating-point numbers"),
    "a memo of eight gigabytes": (b"}r\xff\xff\xff\x1f.", "a dictionary under 'a_0', got none"),
    "an array of objects": (pickle.dumps({"a_0": {"candidate": np.array([None]), "subset": SUBSET}}, 2), "opcode"),
    "a state of a dictionary": (b"}}\x8c\x03getK\x01sb.", "a state of something else"),
    "a state of a name": (b"cnumpy\nndarray\n}b.", "a state of something else"),
    "a call of a text": (b"\x8c\x01x)R.", "a call of something else"),
    "a call with a text": (b"cnumpy\nndarray\n\x8c\x01xR.", "a call of something else"),
    "a list": (b"].", r"the opcode b'\]'"),
    "a persistent name": (b"Px\n.", "the opcode b'P'"),
    "an extension": (b"\x82\x01.", "the opcode"),
    "an object of a class": (b"cnumpy\nndarray\n)\x81.", "the opcode"),
    "bytes that are not there": (b"B\xff\xff\xff\x7fabc", "an end too early"),
    "an end too early": (pickle.dumps(POSES, 2)[:-30], "."),
    "a text": (pickle.dumps("x", 2), "dictionary of people, got str"),
    "nothing": (b"", "."),
    "a number of 5000 digits": (b"I" + b"9" * 5000 + b"\n.", "."),
    "no pickle": (b"MATLAB 5.0", "the opcode b'M'|."),
}  # fmt: skip


@pytest.mark.parametrize("what", HOSTILE)
def test_a_hostile_file_is_one_line_at_once(written, what):
    content, said = HOSTILE[what]
    poses, start = written(content), time.monotonic()
    with pytest.raises(InputError, match=said) as caught:
        poses.arrays("a_0")
    assert time.monotonic() - start < 30  # an unbounded one takes minutes; a busy machine is six times slower
    assert str(caught.value).startswith(f"{poses.path}: expected ")
    assert "\n" not in str(caught.value)
    assert len(str(caught.value)) < 400


@pytest.mark.parametrize(
    ("person", "said"),
    [
        ({}, "an array under 'a_0', 'candidate', got none"),
        ({"candidate": CANDIDATE}, "an array under 'a_0', 'subset', got none"),
        ({"candidate": "x", "subset": SUBSET}, "an array under 'a_0', 'candidate', got none"),
        ({"candidate": CANDIDATE.astype(complex), "subset": SUBSET}, "no floating-point numbers or integers"),
        ({"candidate": np.array(["abc"]), "subset": SUBSET}, "no floating-point numbers or integers"),
        ({"candidate": np.zeros(2**17), "subset": SUBSET}, "got another state"),
        ("x", "a dictionary under 'a_0', got none"),
    ],
)
def test_what_a_person_lacks_is_said(written, person, said):
    with pytest.raises(InputError, match=re.escape(said)):
        written({"a_0": person}).arrays("a_0")


@pytest.mark.parametrize("shape", [b"(I5\nI5\nt", b"(I-2\nI-10\nt", b"(I99999999999999999999\nt", b"S'ab'\n", b"N"])
def test_a_shape_that_its_bytes_do_not_fill_is_refused(written, shape):
    content = b"(dS'a_0'\n(dS'candidate'\n" + python2(CANDIDATE, True).replace(b"(I5\nI4\nt", shape) + b"ss."
    with pytest.raises(InputError, match="an array of numbers under 'a_0', 'candidate'"):
        written(content).arrays("a_0")


def test_a_large_file_is_not_read_and_many_opcodes_are_not_followed(written, monkeypatch):
    poses = written(POSES)
    monkeypatch.setattr(pose_pickle, "LARGEST_FILE", 100)
    with pytest.raises(InputError, match="at most 100 bytes"):
        poses.arrays("a_0")
    monkeypatch.undo()
    monkeypatch.setattr(pose_pickle, "MOST_READS", 1000)
    with pytest.raises(InputError, match="more than 1000 reads"):
        written(b"N" * 5000 + b".").arrays("a_0")
    with pytest.raises(InputError, match="more than 1000 reads"):
        written(b"\x80\x04\x95" + struct.pack("<Q", 5001) + b"N" * 5000 + b".").arrays("a_0")


def test_a_bad_file_is_read_once_however_many_ask(written, monkeypatch):
    poses = written(b"].")
    asked = []
    monkeypatch.setattr(
        pose_pickle, "_unpickled", lambda path, read=pose_pickle._unpickled: asked.append(path) or read(path)
    )
    for name in "abc":
        with pytest.raises(InputError, match="the opcode"):
            poses.arrays(name)
    assert len(asked) == 1


def test_damaged_bytes_are_read_or_refused_in_a_line(written):
    rng, refused = np.random.default_rng(0), []
    for number in range(300):
        spoilt = bytearray(pickle.dumps(POSES, number % 5))
        if number % 2:
            spoilt = spoilt[: rng.integers(0, len(spoilt))]
        for place in rng.integers(0, max(1, len(spoilt)), 3):
            spoilt[place : place + 1] = bytes([rng.integers(0, 256)])
        try:
            written(bytes(spoilt)).arrays("a_0")
        except InputError as error:
            refused.append(str(error))
    assert len(refused) > 150
    assert not any("\n" in line for line in refused)
