"""Which file of a folder of results is which pair's: ours, with a manifest, or anybody's, by a pattern of names."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from pathlib import Path

import pandas as pd

from viton.data.sample import Pair
from viton.errors import InputError
from viton.files import read_jsonl
from viton_eval.matching import match, printable

EXTRA = "pictures of no pair left out"


def files_of(
    folder: Path, pairs: Sequence[Pair], pattern: str, missing_ok: bool = False
) -> tuple[dict[Pair, Path], dict[str, int]]:
    """Where each pair's picture lies, and how many pairs have none, by reason; and how many pictures are of no pair.

    pattern: names of pictures where there is no manifest.   Raises InputError for pictures that are missing (unless
    `missing_ok`) or double, and for a manifest that lacks a pair.
    """
    manifest = folder / "manifest.jsonl"
    if not manifest.is_file():
        found = match(folder, pattern, pairs, missing_ok)
        told = {"missing": len(found.missing), EXTRA: len(found.extra)}
        return found.files, {what: count for what, count in told.items() if count}
    listed = [(Pair(str(row.get("person")), str(row.get("clothing"))), row) for row in read_jsonl(manifest)]
    rows = dict(listed)
    if lacking := [pair.name for pair in pairs if pair not in rows]:
        raise InputError(manifest, f"a row for each of {len(pairs)} pairs", f"none for {lacking[0]}")
    if len(rows) < len(listed):
        twice = next(pair for pair, count in Counter(pair for pair, _ in listed).items() if count > 1)
        raise InputError(manifest, "one row a pair", f"two or more for {twice.name}")
    status = {pair: str(rows[pair].get("status")) for pair in pairs}
    failed = pd.Series([each for each in status.values() if each != "ok"], dtype=object).value_counts()
    good = {pair: folder / Path(str(rows[pair].get("file"))).name for pair in pairs if status[pair] == "ok"}
    return good, {printable(str(reason)): int(count) for reason, count in failed.items()}
