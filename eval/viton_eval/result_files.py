"""Which file of a folder of results is which pair's: ours, with a manifest, or anybody's, by a pattern of names."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from viton.data.sample import Pair
from viton.errors import InputError
from viton.files import read_jsonl
from viton_eval.matching import match, printable

MISSING, UNLISTED = "missing", "not in the manifest"  # why a pair has no picture that no manifest says a word of


class ResultFiles(NamedTuple):
    """What a folder of results holds of some pairs."""

    files: dict[Pair, Path]
    failed: dict[str, list[Pair]]  # pairs that have no picture, by reason, the most frequent first
    extra: list[str]  # pictures of no pair


def files_of(folder: Path, pairs: Sequence[Pair], pattern: str, missing_ok: bool = False) -> ResultFiles:
    """Where each pair's picture lies, which pairs have none, by reason, and which pictures are of no pair.

    pattern: names of pictures where there is no manifest.   Raises InputError for pictures that are missing (unless
    `missing_ok` and there is one of any; also of a manifest that lacks a pair) or double.
    """
    manifest = folder / "manifest.jsonl"
    if not manifest.is_file():
        found = match(folder, pattern, pairs, missing_ok)
        return ResultFiles(found.files, {MISSING: found.missing} if found.missing else {}, found.extra)
    listed = [(Pair(str(row.get("person")), str(row.get("clothing"))), row) for row in read_jsonl(manifest)]
    rows = dict(listed)
    lacking = [pair.name for pair in pairs if pair not in rows]
    if lacking and not (missing_ok and len(lacking) < len(pairs)):
        raise InputError(manifest, f"a row for each of {len(pairs)} pairs", f"none for {lacking[0]}")
    if len(rows) < len(listed):
        twice = next(pair for pair, count in Counter(pair for pair, _ in listed).items() if count > 1)
        raise InputError(manifest, "one row a pair", f"two or more for {twice.name}")
    good, failed = dict[Pair, Path](), dict[str, list[Pair]]()
    for pair in pairs:
        if pair not in rows:
            failed.setdefault(UNLISTED, []).append(pair)
        elif (status := str(rows[pair].get("status"))) == "ok":
            good[pair] = folder / Path(str(rows[pair].get("file"))).name
        else:
            failed.setdefault(printable(status), []).append(pair)
    most_first = sorted(failed, key=lambda reason: -len(failed[reason]))
    return ResultFiles(good, {reason: failed[reason] for reason in most_first}, [])
