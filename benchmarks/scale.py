"""Does it hold for very many pairs?  python -m benchmarks.scale [--pairs 100000] [--people N]

A folder of made-up people, each person's files under many names (hard links, so that a large folder costs no disk), is
listed, cut into shards, checked, and planned by the workflow: seconds and peak memory of each, in a process of its own,
beside the same for a hundredth of the pairs. Memory that is flat has a ratio near 1; a dry run has 30 s.
"""

from __future__ import annotations

import argparse
import os
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import NamedTuple

import yaml

from viton.data.viton_hd import FOLDERS
from viton.synthetic.config import WorldConfig
from viton.synthetic.dataset import write_world

DRAWN = WorldConfig(people=16, garments=4, seed=0, height=64, width=48)
DRY_BUDGET = 30.0  # seconds
SMALLER = 100  # times fewer pairs, to compare memory with
FIRST = "made_{:07d}_00"
LISTING = """
from pathlib import Path
from viton.data.layouts import open_dataset
found = open_dataset(Path({root!r}), "test").pairs("test_pairs.txt")
print(len(found))
"""
SHARDING = """
from viton.results import shard_of
parts = [len(shard_of(found, index, 100)) for index in (1, 50, 100)]
print(parts)
"""
READING = """
from pathlib import Path
from viton.digests import Digests
from viton_eval.commands import open_run
from viton_eval.digests import digest_store, with_digests
run = open_run(Path({config!r}))
digests = Digests(digest_store(run))
with_digests(run, digests)
digests.save()
"""
CONFIG = {
    "name": "benchmark-scale",
    "purpose": "Very many pairs.",
    "data": {"kind": "folder", "root": ""},
    "height": 64,
    "width": 48,
    "shards": 100,
    "notebooks": ["warp"],
}


class Measured(NamedTuple):
    """One command: how long it took and what it held at most."""

    what: str
    pairs: int
    seconds: float
    mib: float


def made_folder(root: Path, people: int, pairs: int) -> Path:
    """A viton-hd folder with that many people and pairs, each file one of sixteen people's under another name."""
    drawn = root / "drawn"
    write_world(drawn, DRAWN)
    folder = root / f"{pairs}"
    sources = {role: sorted((drawn / "test" / names[0]).iterdir()) for role, names in FOLDERS.items()}
    for role, names in FOLDERS.items():
        (folder / "test" / names[0]).mkdir(parents=True)
        for index in range(people):
            source = sources[role][index % len(sources[role])]
            ending = "_keypoints.json" if role == "keypoints" else source.suffix
            os.link(source, folder / "test" / names[0] / f"{FIRST.format(index)}{ending}")
    lines = [f"{FIRST.format(n % people)}.jpg {FIRST.format((n + 1 + n // people) % people)}.jpg" for n in range(pairs)]
    (folder / "test_pairs.txt").write_text("\n".join(lines) + "\n")
    return folder


def measured(what: str, pairs: int, command: list[str], allowed: tuple[int, ...] = (0,)) -> Measured:
    """Run a command to its end; raises RuntimeError with its last words when it fails."""
    started = time.perf_counter()
    child = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    text = child.stdout.read() if child.stdout else ""
    _, status, used = os.wait4(child.pid, 0)
    if os.waitstatus_to_exitcode(status) not in allowed:
        raise RuntimeError(f"{what}: {text[-500:]}")
    return Measured(what, pairs, time.perf_counter() - started, _mib(used))


def _mib(used: resource.struct_rusage) -> float:
    return used.ru_maxrss / 1024


def measure_folder(folder: Path, pairs: int) -> list[Measured]:
    """Listing, sharding, checking and planning, once each."""
    listing = LISTING.format(root=str(folder))
    config = folder / "scale.yaml"
    config.write_text(yaml.safe_dump(CONFIG | {"data": {"kind": "folder", "root": str(folder)}}))
    viton = [sys.executable, "-m", "viton"]
    dry = [sys.executable, "-m", "viton_eval", "report", "--config", str(config), "--dry-run"]
    run = Path("runs") / str(CONFIG["name"])  # as if something had been run
    rows = [
        measured("nothing: Python and its imports", pairs, [sys.executable, "-c", "import viton.results"]),
        measured("list the pairs", pairs, [sys.executable, "-c", listing]),
        measured("list, cut into 100 shards", pairs, [sys.executable, "-c", listing + SHARDING]),
        measured("viton data check", pairs, [*viton, "data", "check", str(folder), "--json"], allowed=(0, 1)),
        measured("dry run before anything is run", pairs, dry),
    ]
    (run / "steps").mkdir(parents=True)
    reading = [sys.executable, "-c", READING.format(config=str(config))]
    try:
        rows.append(measured("read all files once, as a run does", pairs, reading))
        return [*rows, measured("dry run of that run", pairs, dry)]
    finally:
        shutil.rmtree(run)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--pairs", type=int, default=100_000)
    parser.add_argument("--people", type=int, default=None, help="a tenth of the pairs by default")
    asked = parser.parse_args()
    sizes = [(asked.pairs // times, (asked.people or asked.pairs // 10) // times) for times in (SMALLER, 1)]
    if any(people**2 < pairs or not pairs for pairs, people in sizes):
        parser.error(f"expected at least {SMALLER} pairs, and people squared no fewer than pairs, at both sizes")
    found: list[list[Measured]] = []
    with tempfile.TemporaryDirectory() as root:
        for pairs, people in sizes:
            print(f"{pairs} pairs of {people} people", flush=True)
            found.append(measure_folder(made_folder(Path(root) / str(people), people, pairs), pairs))
    print(f"{'':34} {'pairs':>8} {'seconds':>8} {'MiB':>7} {'ratio of MiB':>12}")
    for few, many in zip(*found, strict=True):
        print(f"{many.what:34} {few.pairs:8} {few.seconds:8.1f} {few.mib:7.0f}")
        print(f"{'':34} {many.pairs:8} {many.seconds:8.1f} {many.mib:7.0f} {many.mib / few.mib:12.2f}")
    slowest = max(row.seconds for row in found[1] if row.what.startswith("dry run"))
    missed = slowest > DRY_BUDGET
    print(f"slowest dry run: {slowest:.1f} s of {DRY_BUDGET:.0f} s" + (", missed" if missed else ""))
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())
