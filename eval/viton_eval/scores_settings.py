"""What decides scores: results, truths, judge and code, by digest; where one has changed, they are made anew."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache, lru_cache
from pathlib import Path

from viton.coordinates import Size
from viton.data.dataset import Dataset
from viton.data.sample import Pair
from viton.errors import InputError
from viton.files import digest_of, read_json, sha256_of
from viton.images import load_rgb
from viton.provenance import PACKAGE
from viton.results import pairs_digest
from viton_eval.judge import Judge
from viton_eval.sources import SCORES, measured_with

SCHEMA = 4


def settings_of(
    results: str, data: Dataset, pairs: Sequence[Pair], size: Size, judge: Judge | None
) -> dict[str, object]:
    """What decides scores: results (their digest) and truths, size, judge, and what measures."""
    return {
        "schema": SCHEMA,
        "results": results,
        "pairs": pairs_digest(pairs),
        "of": len(pairs),
        "size": list(size),
        "drawn_at": list(load_rgb(data.truth_path(pairs[0], "image")).shape[:2]) if pairs else [],
        "truth": _truth_digest(data, pairs),
        "world": world_of(data),
        "judge": judge.sha256 if judge else "none",
        "code": _code_digest(),
        "versions": measured_with(),
    }


def _truth_digest(data: Dataset, pairs: Sequence[Pair]) -> str:
    """One digest of every file that the truth of these pairs is read from; unchanged files are read once a process."""
    files = [data.truth_path(pair, kind) for pair in pairs for kind in ("image", "parse", "map")]
    for name in sorted({pair.clothing for pair in pairs}):
        files += [data.clothings[name], data.mask_path(name)]
    return digest_of([[path.name, _digest(path) if path.is_file() else "missing"] for path in files])[:32]


def _digest(path: Path) -> str:
    found = path.stat()
    return _digest_at(path, found.st_size, found.st_mtime_ns)


@lru_cache(maxsize=100_000)
def _digest_at(path: Path, size: int, time_ns: int) -> str:
    """The sha256 of a file as it was at that time."""
    return sha256_of(path)


def world_of(data: Dataset) -> dict[str, str]:
    """What names a made-up world: generator version, digest, and the digest of its labels; nothing of other data."""
    path = data.root / "world.json"
    found = read_json(path) if path.is_file() else {}
    names = ("generator_version", "digest", "labels")
    return {name: str(found[name]) for name in names if name in found} if isinstance(found, dict) else {}


def code_files(patterns: Sequence[str] = SCORES) -> list[Path]:
    """The files that patterns of viton_eval.sources name, by default all that decide what a score is."""
    roots = {"viton/": PACKAGE, "eval/viton_eval/": Path(__file__).parent}
    found = (
        root.glob(pattern.removeprefix(prefix))
        for pattern in patterns
        for prefix, root in roots.items()
        if pattern.startswith(prefix)
    )
    return sorted({path for paths in found for path in paths})


@cache
def _code_digest() -> str:
    return digest_of([[path.name, sha256_of(path)] for path in code_files()])[:12]


def results_digest(folder: Path) -> str:
    """The digest of a folder of results; raises InputError where there are none."""
    manifest = folder / "manifest.jsonl"
    if not manifest.is_file():
        raise InputError(manifest, "results of a try-on", "no such file")
    return sha256_of(manifest)
