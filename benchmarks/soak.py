"""`make soak`: raters by the hundred at a study's server on this machine; exits 1 for an error, a lost or doubled vote.

Each rater is a connection that does what the page does: agree, begin each block, fetch the pictures of the next trial,
answer about every two seconds, and send an answer again until it is acknowledged. Afterwards the answers in the
database are compared with those that were acknowledged.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import random
import re
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from viton.data.layouts import open_dataset
from viton.data.sample import Pair
from viton.images import encode, load_rgb
from viton.synthetic.config import WorldConfig
from viton.synthetic.dataset import write_world
from viton_eval.study.frozen import Study, read_study
from viton_eval.study.make import Source, make_study
from viton_eval.study.settings import StudySettings
from viton_eval.study.store import VOTES, Store

P95_MS = 200
Screen = dict[str, Any]


class BusyError(OSError):
    """The server took the request, and could not do it now."""


class Load(NamedTuple):
    """How raters behave."""

    every_s: float = 2.0
    jitter: float = 0.5  # a share of every_s, to either side
    pictures: bool = True


class Rater:
    """One rater: `acknowledged` are the votes that the server has confirmed, `answers_ms` how long each took."""

    def __init__(self, port: int, load: Load, seed: int) -> None:
        self.port, self.load, self.rng = port, load, random.Random(seed)
        self.acknowledged: dict[str, str] = {}
        self.answers_ms: list[float] = []
        self.errors: Counter[str] = Counter()
        self.cookie, self.wires = "", None

    async def run(self, going_on: Callable[[], bool]) -> None:
        """Join, and vote until it is time to stop or there are no trials left."""
        await asyncio.sleep(self.rng.uniform(0, self.load.every_s))
        screen = await self.insist("arrive", {})
        if screen["page"] == "consent":
            screen = await self.insist("agree", {"consent": screen["consent"]})
        while going_on() and screen["page"] not in ("thanks", "full", "gone"):
            screen = await self.step(screen)
        await self.close()

    async def step(self, screen: Screen) -> Screen:
        if screen["page"] in ("instructions", "pause", "flashes"):
            return await self.insist("begin", {"block": screen["block"]})
        if self.load.pictures:
            for name in screen["preload"]:
                await self.picture(name)
        await asyncio.sleep(self.load.every_s * (1 + self.load.jitter * self.rng.uniform(-1, 1)))
        vote = {"trial": screen["trial"], "answer": self.rng.choice(_possible(screen)), "response_ms": 1234.5}
        started = time.perf_counter()
        after = await self.insist("answer", vote)
        self.answers_ms.append(1000 * (time.perf_counter() - started))
        self.acknowledged[vote["trial"]] = vote["answer"]
        return after

    async def insist(self, verb: str, body: Screen) -> Screen:
        """Ask until the server has done it, as the page does; whatever went wrong is counted."""
        while True:
            try:
                status, content = await self.ask("POST", f"/api/{verb}", json.dumps(body).encode())
                if status == 200:
                    return dict(json.loads(content))
                raise BusyError(f"{verb}: status {status}")
            except (OSError, EOFError) as error:
                self.errors[str(error) if isinstance(error, BusyError) else f"{verb}: {type(error).__name__}"] += 1
                await self.close()
                await asyncio.sleep(0.05)

    async def picture(self, name: str) -> None:
        try:
            status, _ = await self.ask("GET", f"/picture/{name}", b"")
        except (OSError, EOFError) as error:
            self.errors[f"picture: {type(error).__name__}"] += 1
            await self.close()
            return
        if status != 200:
            self.errors[f"picture: status {status}"] += 1

    async def ask(self, method: str, path: str, body: bytes) -> tuple[int, bytes]:
        """Status and body; raises OSError or EOFError where the connection breaks."""
        if self.wires is None:
            self.wires = await asyncio.open_connection("127.0.0.1", self.port)
        reader, writer = self.wires
        head = f"{method} {path} HTTP/1.1\r\nhost: 127.0.0.1:{self.port}\r\norigin: http://127.0.0.1:{self.port}\r\n"
        head += f"cookie: {self.cookie}\r\ncontent-type: application/json\r\ncontent-length: {len(body)}\r\n\r\n"
        writer.write(head.encode() + body)
        lines = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
        if found := re.search(r"set-cookie: ([^;]+)", lines, re.IGNORECASE):
            self.cookie = found[1]
        length = re.search(r"content-length: (\d+)", lines, re.IGNORECASE)
        content = await reader.readexactly(int(length[1])) if length else b""
        return int(lines.split(" ", 2)[1]), content

    async def close(self) -> None:
        if self.wires is not None:
            self.wires[1].close()
            self.wires = None


def _possible(screen: Screen) -> tuple[str, str]:
    return ("left", "right") if screen["page"] == "choice" else ("real", "fake")


def soak_study(folder: Path, raters: int, trials: int, size: tuple[int, int]) -> Study:
    """A made-up study for at least so many raters of at least so many comparisons, 75 at most; three methods."""
    root = folder / "world"
    write_world(root, WorldConfig(people=20, garments=0, seed=0, height=size[0], width=size[1]), workers=1)
    data = open_dataset(root, "test")
    pairs = [Pair(person, clothing) for person in sorted(data.people) for clothing in sorted(data.clothings)]
    results = {}
    for number, method in enumerate(("alpha", "beta", "gamma")):
        results[method] = folder / method
        results[method].mkdir()
        for pair in pairs:
            moved = np.roll(load_rgb(data.people[pair.person]), 3 * number, axis=1)
            (results[method] / f"{pair.name}.png").write_bytes(encode(moved, ".png"))
    comparisons = 3 * len(pairs)
    loads = max(1, comparisons // trials)  # raters a vote
    per_rater = -(-comparisons // loads)
    settings = StudySettings(
        votes=-(-raters // loads), per_rater=per_rater, gold=trials // 10 + 2, repeats=3, flashes=2
    )
    return make_study(folder / "study", Source(results, data, pairs, {}), settings)


@contextmanager
def served(folder: Path, port: int = 0, more: Sequence[str] = ()) -> Iterator[tuple[subprocess.Popen[str], int]]:
    """A server of a study in a process of its own, and its port; stopped at the end if it still runs."""
    command = [sys.executable, "-m", "viton_eval", "study", "serve", str(folder), "--port", str(port)]
    process = subprocess.Popen(
        [*command, "--organiser-token", "made-up-token", *more], stderr=subprocess.PIPE, text=True
    )
    try:
        line = process.stderr.readline() if process.stderr else ""
        found = re.search(r"http://127\.0\.0\.1:(\d+)/", line)
        if not found:
            raise RuntimeError(f"the server did not start: {line}")
        yield process, int(found[1])
    finally:
        process.terminate()
        process.wait(10)
        if process.stderr:
            process.stderr.close()


class Counts(NamedTuple):
    """What came of the votes."""

    acknowledged: int
    stored: int
    lost: int  # acknowledged, and not stored as they were given
    doubled: int


def counted(study: Study, raters: list[Rater]) -> Counts:
    """Compare what is in the study's database with what was acknowledged."""
    store = Store(study.folder / VOTES)
    answers = store.answers(study)
    store.close()
    found = Counter(answer.trial for answer in answers)
    given = {answer.trial: answer.answer for answer in answers}
    told = [(trial, answer) for rater in raters for trial, answer in rater.acknowledged.items()]
    lost = sum(given.get(trial) != answer for trial, answer in told)
    doubled = sum(number - 1 for number in found.values()) + len(told) - len({trial for trial, _ in told})
    return Counts(len(told), len(answers), lost, doubled)


async def soaked(port: int, count: int, seconds: float, load: Load) -> list[Rater]:
    """So many raters at once, for so long."""
    end = time.monotonic() + seconds
    raters = [Rater(port, load, seed) for seed in range(count)]
    await asyncio.gather(*(rater.run(lambda: time.monotonic() < end) for rater in raters))
    return raters


def soak(study: Study, count: int, seconds: float, load: Load) -> tuple[Counts, dict[str, float], Counter[str]]:
    """Counts, milliseconds of answers by quantile, and errors."""
    with served(study.folder) as (_, port):
        raters = asyncio.run(soaked(port, count, seconds, load))
    times = np.array([ms for rater in raters for ms in rater.answers_ms])
    quantiles = {f"p{q}": float(np.percentile(times, q)) for q in (50, 95, 99, 100)}
    return counted(study, raters), quantiles, sum((rater.errors for rater in raters), Counter[str]())


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--raters", type=int, default=200)
    parser.add_argument("--seconds", type=float, default=60)
    parser.add_argument("--every", type=float, default=2, help="seconds between a rater's votes, on average")
    parser.add_argument("--no-pictures", action="store_true", help="votes alone")
    chosen = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        trials = int(1.5 * chosen.seconds / chosen.every) + 5  # so that nobody is done before the end
        study = soak_study(Path(folder), chosen.raters, trials, (256, 192))
        load = Load(every_s=chosen.every, pictures=not chosen.no_pictures)
        counts, quantiles, errors = soak(read_study(study.folder), chosen.raters, chosen.seconds, load)
    told = ", ".join(f"{name} {ms:.1f} ms" for name, ms in quantiles.items())
    print(f"{chosen.raters} raters for {chosen.seconds:.0f} s, a vote each every {chosen.every:g} s: {counts}")
    print(f"answers: {told} (p95 is to be under {P95_MS} ms)")
    print(f"errors: {dict(errors) or 'none'}")
    if errors or counts.lost or counts.doubled or counts.stored != counts.acknowledged or quantiles["p95"] >= P95_MS:
        sys.exit(1)


if __name__ == "__main__":
    main()
