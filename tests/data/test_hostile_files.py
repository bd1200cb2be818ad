"""Five hundred spoilt files, drawn by a seed, in every layout: lines, in time and memory, and nothing half-written.

The files go through the checker, the loading of a sample and the conversion to another layout, in one process whose
address space is limited, so that a picture or archive that unpacks to gigabytes fails.
"""

import io
import json
import os
import pickle
import resource
import signal
import struct
import subprocess
import sys
import zlib
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from scipy.io import savemat

from tests.trap_worlds import LAYOUTS, make_worlds
from viton.data.check import check
from viton.data.convert import Order, convert
from viton.data.layouts import open_dataset
from viton.data.sample import Pair
from viton.errors import InputError

FILES = 500
SECONDS = 30  # a single step, which takes a tenth of one on a quiet machine
MEGABYTES = 1500  # above what the process has when it begins
ROOT = Path(__file__).resolve().parent.parent.parent


class _Boom:
    def __reduce__(self) -> tuple[object, ...]:
        return os.system, ("touch RAN",)


def _png(width: int, height: int, kind: int = 0, level: int = 1) -> bytes:
    """A PNG of zeros, made without holding its pixels."""
    packer, packed = zlib.compressobj(level), []
    row = bytes(1 + width * (3 if kind == 2 else 1))
    packed = [packer.compress(row) for _ in range(height)] + [packer.flush()]

    def chunk(name: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))

    head = struct.pack(">IIBBBBB", width, height, 8, kind, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", b"".join(packed)) + chunk(b"IEND", b"")


def _jpeg_of(width: int, height: int, data: bytes) -> bytes:
    """A JPEG whose header claims another size."""
    place = data.find(b"\xff\xc0")
    return data if place < 0 else data[: place + 5] + struct.pack(">HH", height, width) + data[place + 9 :]


def _mat_bomb() -> bytes:
    stream = io.BytesIO()
    savemat(stream, {"segment": np.zeros((8000, 8000), np.uint8)}, do_compression=True)
    return stream.getvalue()


class Spoiler:
    """Ways to spoil a file, given what is in it."""

    def __init__(self, seed: int) -> None:
        self.random = np.random.default_rng(seed)
        self.bomb, self.wide = _png(20_000, 20_000), _png(9_000, 9_000)
        self.mat = _mat_bomb()

    def number(self, below: int) -> int:
        return int(self.random.integers(0, max(1, below)))

    def flipped(self, data: bytes) -> bytes:
        changed = bytearray(data or b"\0")
        for _ in range(1 + self.number(20)):
            changed[self.number(len(changed))] ^= 1 << self.number(8)
        return bytes(changed)

    def cut(self, data: bytes) -> bytes:
        return data[: self.number(len(data))]

    def longer(self, data: bytes) -> bytes:
        place = self.number(len(data))
        return data[:place] + self.random.bytes(50) + data[place:]

    def noise(self, _: bytes) -> bytes:
        return self.random.bytes(2000)

    def picture(self, data: bytes) -> bytes:
        """Another kind or size of picture."""
        modes = ("1", "L", "LA", "P", "RGB", "RGBA", "CMYK", "I;16", "F", "I")
        mode, stream = modes[self.number(len(modes))], io.BytesIO()
        size = (1 + self.number(200), 1 + self.number(200))
        made = Image.new(mode, size, 5 if mode in ("1", "L", "P", "I;16", "F", "I") else None)
        kind = "TIFF" if mode in ("CMYK", "F", "I") else "PNG"
        made.save(stream, kind)
        return stream.getvalue()

    def bombs(self, data: bytes) -> bytes:
        claims = _jpeg_of(65_000, 65_000, data), _jpeg_of(12_000, 7_000, data)
        return (self.bomb, self.wide, self.mat, *claims)[self.number(5)]

    def json(self, data: bytes) -> bytes:
        deep, many = "[" * 200_000, ",".join(["1"] * 500_000)
        rows, nan, inf = [[1, 2, 1, 1]] * 18, float("nan"), float("inf")
        both = [{"pose_keypoints": [value] * 54, "pose_keypoints_2d": [value] * 75} for value in (inf, nan, 1e9, -1)]
        made = (
            deep, '{"people":' * 20_000,
            '"\\ud800"', "\ufeff{}", "null", "3", '{"people": [null]}', '{"people": {"0": 1}}',
            f'{{"people": [{{"pose_keypoints_2d": [{many}]}}]}}', f'{{"keypoints": [{many}]}}',
            '{"people": [' + "9" * 10_000 + "]}", '{"keypoints": [' + "1" * 4000 + "]}",
            '{"people": [{"pose_keypoints": "x", "pose_keypoints_2d": {}}], "keypoints": 7}',
            *(json.dumps({"people": [person]}) for person in both),
            json.dumps({"keypoints": [[1e308, -1e308, 1, 1]] * 18}), json.dumps({"keypoints": [rows] * 18}),
            json.dumps({"keypoints": [[True, None, "a", []]] * 18}),
            json.dumps({"keypoints": [*rows[:17], [nan] * 4]}),
        )  # fmt: skip
        return made[self.number(len(made))].encode("utf-8", "surrogatepass")

    def pickled(self, data: bytes) -> bytes:
        return pickle.dumps({"00000_00_0": _Boom()}, protocol=self.number(5))

    def mats(self, data: bytes) -> bytes:
        """Another shape or kind of array."""
        arrays = (
            np.zeros((0, 0)), np.zeros((641, 641, 2)), np.full((641, 641), np.nan), np.full((641, 641), -3.0),
            np.full((641, 641), 1e300), np.array(["x"]), np.array([[1j]]), np.zeros((1, 641)), np.full((1, 20), 1e18),
            np.full((1, 20), np.inf), np.full((3, 2), 7.0),
        )  # fmt: skip
        stream, one = io.BytesIO(), self.number
        names = ("segment", "candidate", "subset", "x" * 31)
        savemat(stream, {name: arrays[one(len(arrays))] for name in names if one(4)})
        return stream.getvalue()

    def pairs(self, data: bytes) -> bytes:
        text = data.decode("utf-8", "replace")
        first = text.split()[0] if text.split() else "a"
        lines = (
            f"../../etc/passwd {first}\n", f"/etc/passwd {first}\n", f"{first} ..\\..\\x\n", "~root $(id)\n", ". ..\n",
            f"{first} \0\n", f"{'a' * 10_000} {first}\n", "a b c\n" * 999, f"{first}\n", "\u2028".join(["a b"] * 9),
            "person,clothing\n" + '"' + "x" * 200_000, 'person,clothing\n"a\nb",c\n', "a,b\n1,2\n", ",\n,\n",
            "\x1b[2J\x07 \x1b[1m\n", "\ud800 x\n", "\n" * 5000,
        )  # fmt: skip
        return (text * self.number(2) + lines[self.number(len(lines))]).encode("utf-8", "surrogatepass")

    def ways(self, path: Path) -> list[object]:
        anything = [self.flipped, self.cut, self.longer, self.noise, self.picture, self.bombs, self.pickled]
        own = {".json": self.json, ".txt": self.pairs, ".mat": self.mats}.get(path.suffix, self.bombs)
        return [own] * 8 + [self.flipped] * 3 + [self.cut] * 2 + anything


def _spoil(spoiler: Spoiler, path: Path) -> str:
    """Spoil a file, or put something in its place that is no file."""
    kind = spoiler.number(30)
    if kind < 4:
        path.unlink()
        if kind == 0:
            path.mkdir()
        elif kind == 1:
            path.symlink_to(path.name)  # a loop
        elif kind == 2:
            os.mkfifo(path)
        else:
            path.symlink_to("/dev/zero")
        return ("folder", "loop", "fifo", "device")[kind]
    ways = spoiler.ways(path)
    way = ways[spoiler.number(len(ways))]
    path.write_bytes(way(path.read_bytes()))
    return way.__name__


@contextmanager
def _in_time(what: str) -> Iterator[None]:
    """Fail where a step hangs."""

    def late(*_: object) -> None:
        raise TimeoutError(f"{what}: more than {SECONDS} s")

    signal.signal(signal.SIGALRM, late)
    signal.alarm(SECONDS)
    try:
        yield
    finally:
        signal.alarm(0)


def _try_all(root: Path, layout: str, out: Path, what: str) -> int:
    """Check, load, convert; returns how many problems there were. Only InputError may come out."""
    with _in_time(f"check {what}"):
        try:
            problems = check(root, ("test",), layout=layout).problems
            assert all(problem.line.isprintable() for problem in problems)
            found = len(problems)
        except InputError:
            found = 1
    with _in_time(f"load {what}"):
        try:
            data = open_dataset(root, "test", layout)
            for path in data.pairs_files():
                assert all(isinstance(outcome, Pair | InputError) for outcome in data.scan_pairs(path))
        except InputError:
            return found
        for read, names in ((data.person, data.people), (data.clothing, data.clothings)):
            for name in list(names):
                with suppress(InputError):
                    read(name, (64, 48))
    with _in_time(f"convert {what}"), suppress(InputError):
        convert(Order(root, out, "cp-vton" if layout != "cp-vton" else "viton-hd", layout, "test", overwrite=True))
    return found


def _restore(path: Path, content: bytes) -> None:
    if path.is_dir() and not path.is_symlink():
        path.rmdir()
    else:
        path.unlink(missing_ok=True)
    path.write_bytes(content)


def run(folder: Path) -> None:
    """In a process of its own: FILES spoilt files; prints what came of them as JSON."""
    roots = make_worlds(folder / "worlds", people=2, garments=0)
    pages = int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
    resource.setrlimit(resource.RLIMIT_AS, (pages + MEGABYTES * 2**20,) * 2)
    spoiler, noticed, kinds = Spoiler(20), 0, {}
    names = {layout: _files(root, layout) for layout, root in roots.items()}
    for number in range(FILES):
        layout = LAYOUTS[number % len(LAYOUTS)]
        path = names[layout][spoiler.number(len(names[layout]))]
        content = path.read_bytes()
        kind = _spoil(spoiler, path)
        what = f"{number}: {kind} {path.relative_to(folder)}"
        out = folder / "out" / layout
        found = _try_all(roots[layout], layout, out, what)
        kinds[kind] = kinds.get(kind, 0) + 1
        noticed += found > 0
        left = [str(each) for each in out.rglob(".*")] if out.exists() else []
        assert not left, f"{what}: half-written {left[:3]}"
        _restore(path, content)
    assert not list(Path.cwd().rglob("RAN")), "a pickle was run"
    for layout, root in roots.items():
        assert check(root, ("test",), layout=layout).problems == [], layout
        for made in (folder / "out" / layout).rglob("*.jpg"):
            Image.open(made).load()
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
    print(json.dumps({"files": FILES, "noticed": noticed, "kinds": kinds, "peak_mb": peak}))


def _files(root: Path, layout: str) -> list[Path]:
    """What the test split reads, a list of each kind of file so that pairs files are not drawn too seldom."""
    data = open_dataset(root, "test", layout)
    lists = data.pairs_files()
    people = [path(name) for name in data.people for path in (data.people.get, data.parsing_path, data.keypoints_path)]
    clothes = [path(name) for name in data.clothings for path in (data.clothings.get, data.mask_path)]
    return sorted({*people, *clothes}) + lists * 2


@pytest.mark.slow  # half a minute; run it after touching a reader
@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="limits the address space")
def test_five_hundred_spoilt_files_are_lines_in_time_and_memory(tmp_path):
    code = "import sys; from pathlib import Path; from tests.data.test_hostile_files import run; run(Path(sys.argv[1]))"
    environment = {**os.environ, "PYTHONPATH": f"{ROOT}:{ROOT / 'eval'}", "OMP_NUM_THREADS": "1"}
    done = subprocess.run(
        [sys.executable, "-c", code, str(tmp_path)],
        cwd=tmp_path, env=environment, capture_output=True, text=True, timeout=240, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr[-3000:]
    told = json.loads(done.stdout.splitlines()[-1])
    assert told["files"] == FILES
    assert told["noticed"] > 0.8 * FILES, told
    assert len(told["kinds"]) >= 12, told
