"""A folder of results: pictures `P__C.png`, a manifest of every pair, and how long each took.

settings.json     what decides the pictures: method, options, seed, size, digests of data and code
manifest.jsonl    a row a pair, sorted; nothing in it depends on when or where it was made
timing.jsonl      seconds, host and time of each pair
provenance.json   commit, versions, command
journal.jsonl     while it runs: the rows so far, so that a killed run goes on where it was
"""

from __future__ import annotations

import hashlib
import platform
import re
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path
from types import MappingProxyType
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from viton.data.sample import Pair, Sample
from viton.errors import InputError
from viton.files import (
    jsonl,
    link_or_copy,
    locked,
    read_json,
    read_jsonl,
    sha256_of,
    write_bytes,
    write_json,
    write_text,
)
from viton.images import Pixels, encode
from viton.provenance import provenance

SCHEMA = 1
SUFFIX = re.compile(r"(\.[a-z0-9-]+)*\.png")  # what may follow `P__C` in the name of a picture
Row = dict[str, object]
Made = Mapping[str, Pixels | NDArray[np.uint16]]  # pictures of a pair; 16 bits are a map's


class Outcome(NamedTuple):
    """What became of one pair."""

    status: str  # "ok", or a reason code such as "warp_failed:few_contour_points"
    pictures: Mapping[
        str, Pixels | NDArray[np.uint16]
    ]  # by what follows `P__C` in the file name; the one for ".png" is the result
    details: dict[str, object]  # further columns of the manifest
    seconds: Mapping[str, float] = MappingProxyType({})  # of its parts, for timing.jsonl


TryOnMany = Callable[[list[Sample]], list[Outcome]]  # what a method does with a batch


def failed(status: str, message: str) -> Outcome:
    return Outcome(status, {}, {"message": message})


class Folder:
    """Results being made; one process at a time works in it."""

    def __init__(self, path: Path, manifest: str = "manifest.jsonl") -> None:
        self.path, self.manifest, self.journal = path, path / manifest, path / "journal.jsonl"

    def make(
        self,
        pairs: list[Pair],
        settings: Row,
        produce: Callable[[list[Pair]], list[Outcome]],
        *,
        batch: int = 1,
        overwrite: bool = False,
        progress: Callable[[int, int], None] | None = None,
    ) -> list[Row]:
        """Make what is missing and return the manifest's rows; a second call with the same settings makes nothing.

        produce: is given at most `batch` pairs at a time.  Raises InputError when the folder holds results of other
        settings and `overwrite` is False.
        """
        with locked(self.path / ".lock"):
            self._claim(settings, overwrite)
            done = {Pair(str(row["person"]), str(row["clothing"])): row for row in self._rows_so_far()}
            wanted = set(pairs)
            missing = [pair for pair in pairs if pair not in done]
            if not missing and set(done) == wanted and self.manifest.is_file():
                return read_jsonl(self.manifest)
            with self.journal.open("a") as journal:
                for start in range(0, len(missing), batch):
                    chosen = missing[start : start + batch]
                    started = time.perf_counter()
                    outcomes = produce(chosen)
                    rows = [self._save(*made) for made in zip(chosen, outcomes, strict=True)]
                    seconds = round((time.perf_counter() - started) / len(chosen), 4)
                    timing = {"seconds": seconds, "time": _now(), "host": platform.node()}
                    timings = [timing | ({"parts": {**each.seconds}} if each.seconds else {}) for each in outcomes]
                    journal.write(jsonl([{"row": r, "timing": t} for r, t in zip(rows, timings, strict=True)]))
                    journal.flush()
                    done |= zip(chosen, rows, strict=True)
                    if progress:
                        progress(start + len(chosen), len(missing))
            return self._finish([done[pair] for pair in sorted(wanted)])

    def _claim(self, settings: Row, overwrite: bool) -> None:
        """See that what lies here was made with `settings`, or clear it away."""
        path = self.path / "settings.json"
        if path.is_file():
            other = _keys(read_json(path), path)
            if other == settings:
                if not (self.path / "provenance.json").is_file():  # killed between the two
                    write_json(self.path / "provenance.json", provenance())
                return
            if "made" not in other:
                raise InputError(path, "settings of our results", "a file of another program")
            if not overwrite:
                got = f"others: {', '.join(_differing(settings, other))}"
                raise InputError(self.path, "results of these settings (or --overwrite)", got)
            self.clear()
        elif any(not inside.name.startswith(".") for inside in self.path.iterdir()):
            raise InputError(self.path, "an empty folder or one of our results", "something else")
        write_json(path, settings)
        write_json(self.path / "provenance.json", provenance())

    def clear(self) -> None:
        """Remove what we wrote and nothing else; settings last, so that a half-cleared folder is still ours."""
        ours = [*self.path.glob("*__*.png"), self.manifest, self.path / "timing.jsonl", self.journal]
        for path in (*ours, self.path / "provenance.json", self.path / "settings.json"):
            path.unlink(missing_ok=True)

    def _rows_so_far(self) -> Iterator[Row]:
        """Rows whose pictures are there and unharmed; a torn last line of a killed run's journal is dropped."""
        rows = read_jsonl(self.manifest) if self.manifest.is_file() else []
        if self.journal.is_file():
            content = self.journal.read_bytes()
            write_bytes(self.journal, content[: content.rfind(b"\n") + 1])
            rows += [_keys(entry.get("row"), self.journal) for entry in read_jsonl(self.journal)]
        for row in rows:
            _expect_columns(row, self.path)
            if row["status"] != "ok" or self._intact(row):
                yield row

    def _intact(self, row: Row) -> bool:
        files = {self.path / name: digest for name, digest in _pictures(row).items()}
        return all(path.is_file() and sha256_of(path) == digest for path, digest in files.items())

    def _save(self, pair: Pair, outcome: Outcome) -> Row:
        row: Row = {"schema": SCHEMA, "person": pair.person, "clothing": pair.clothing, "status": outcome.status}
        for suffix, pixels in outcome.pictures.items():
            if not SUFFIX.fullmatch(suffix):
                raise ValueError(f"Outcome.pictures: expected names such as .png and .mask.png, got {suffix!r}")
            data = encode(pixels, ".png")
            write_bytes(self.path / f"{pair.name}{suffix}", data)
            row[_digest_column(suffix)] = hashlib.sha256(data).hexdigest()
            if suffix == ".png":
                row["file"] = f"{pair.name}.png"
        return outcome.details | row

    def _finish(self, rows: list[Row]) -> list[Row]:
        """Timing first, then the manifest, then the journal goes: at every moment the work done is on disk."""
        timing_path = self.path / "timing.jsonl"
        timings = {
            (row["person"], row["clothing"]): row for row in (read_jsonl(timing_path) if timing_path.is_file() else [])
        }
        for entry in read_jsonl(self.journal):
            row = _keys(entry["row"], self.journal)
            named = {"person": row["person"], "clothing": row["clothing"]}
            timings[row["person"], row["clothing"]] = named | _keys(entry.get("timing"), self.journal)
        kept = [timings[key] for row in rows if (key := (row["person"], row["clothing"])) in timings]
        write_text(timing_path, jsonl(kept))
        write_text(self.manifest, jsonl(rows))
        self.journal.unlink()
        return rows


def merge(shards: list[Path], out: Path, overwrite: bool = False) -> list[Row]:
    """Join shards' folders into `out`; raises InputError unless every pair of their list is there exactly once.

    On one file system a picture lies there once, under both names.   overwrite: replace results of other settings.
    """
    settings = [_keys(read_json(path), path) for path in (shard / "settings.json" for shard in shards)]
    for shard, other in zip(shards, settings, strict=True):
        differing = _differing(_without_shard(settings[0]), _without_shard(other))
        if differing:
            raise InputError(shard / "settings.json", f"the settings of {shards[0]}", f"others: {', '.join(differing)}")
    where: dict[Pair, Path] = {}
    rows: dict[Pair, Row] = {}
    for shard in shards:
        for row in read_jsonl(shard / "manifest.jsonl"):
            _expect_columns(row, shard)
            pair = Pair(str(row["person"]), str(row["clothing"]))
            if pair in where:
                raise InputError(shard, "every pair once", f"{pair.name} again (first in {where[pair]})")
            where[pair], rows[pair] = shard, row
    _expect_complete(dict(zip(shards, settings, strict=True)), rows)
    folder = Folder(out)
    with locked(out / ".lock"):
        folder._claim(_without_shard(settings[0]), overwrite)
        for pair, row in rows.items():
            for name, digest in _pictures(row).items():
                picture = where[pair] / name
                if not picture.is_file() or sha256_of(picture) != digest:
                    raise InputError(picture, f"the picture with sha256 {digest}", "another one, or none")
                link_or_copy(picture, out / name)
        write_text(out / "timing.jsonl", "".join((shard / "timing.jsonl").read_text() for shard in shards))
        write_text(folder.manifest, jsonl([rows[pair] for pair in sorted(rows)]))
    return [rows[pair] for pair in sorted(rows)]


def _expect_complete(shards: dict[Path, Row], rows: dict[Pair, Row]) -> None:
    """Every shard of one list must be there, and hold its pairs."""
    names = {str(settings.get("shard", "1/1")) for settings in shards.values()}
    if bad := sorted(name for name in names if not re.fullmatch(r"[1-9]\d{0,8}/[1-9]\d{0,8}", name)):
        raise InputError("merge", "settings that say which shard of how many, as 2/3", repr(bad[0][:40]))
    count = max(int(name.partition("/")[2]) for name in names)
    lacking = count - len(names)
    if lacking > 0:
        missing = next(name for name in (f"{index + 1}/{count}" for index in range(count)) if name not in names)
        raise InputError(
            "merge", f"all {count} shards", f"no {missing}" + (f", and {lacking - 1} more" * (lacking > 1))
        )
    if gone := next((shard for shard in shards if not (shard / "timing.jsonl").is_file()), None):
        raise InputError(gone / "timing.jsonl", "how long each pair took", "no such file")
    first = next(iter(shards.values()))
    if first.get("pairs") != pairs_digest(rows):
        raise InputError(
            "merge", "every pair of the list that the shards were cut from", f"{len(rows)} pairs of another"
        )


def pairs_digest(pairs: Iterable[Pair]) -> str:
    """A fingerprint of a list of pairs, whatever its order."""
    return hashlib.sha256("\n".join(sorted(pair.name for pair in pairs)).encode()).hexdigest()[:16]


def shard_of(pairs: list[Pair], index: int, count: int) -> list[Pair]:
    """The pairs of shard `index` (from 1) of `count`; a pair's shard depends on its name alone."""
    return [pair for pair in pairs if int(hashlib.sha256(pair.name.encode()).hexdigest(), 16) % count == index - 1]


def _differing(settings: Row, other: Row) -> list[str]:
    """The settings that are not the same, by dotted name; numbers are told: `config.seed 0, now 7`."""
    found = []
    for key in sorted({*settings, *other}):
        now, before = settings.get(key), other.get(key)
        if isinstance(now, dict) and isinstance(before, dict):
            found += [f"{key}.{inner}" for inner in _differing(now, before)]
        elif now != before:
            told = all(isinstance(value, int | float) for value in (now, before))
            found.append(f"{key} {before} (now {now})" if told else key)
    return found


def _without_shard(settings: Row) -> Row:
    return {key: value for key, value in settings.items() if key != "shard"}


def _keys(value: object, path: Path) -> Row:
    if not isinstance(value, dict):
        raise InputError(path, "keys and values", type(value).__name__)
    return value


def _expect_columns(row: Row, folder: Path) -> None:
    """Every row names its pair and what became of it, and a picture that was made."""
    needed = {"person", "clothing", "status", *(("file", "sha256") if row.get("status") == "ok" else ())}
    if missing := sorted(needed - row.keys()):
        raise InputError(folder, "results whose rows are whole", f"a row without {', '.join(missing)}")


def _digest_column(suffix: str) -> str:
    """`sha256` for the result, `sha256_mask` for what ends in .mask.png."""
    return "sha256" + suffix.removesuffix(".png").replace(".", "_")


def _pictures(row: Row) -> dict[str, str]:
    """The files of a row and their digests, from its columns `sha256*`; none for a pair that failed."""
    stem = Path(str(row.get("file"))).stem
    suffixes = {
        column.removeprefix("sha256").replace("_", ".") + ".png": column
        for column in row
        if column.startswith("sha256")
    }
    return {f"{stem}{suffix}": str(row[column]) for suffix, column in suffixes.items() if SUFFIX.fullmatch(suffix)}


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")
