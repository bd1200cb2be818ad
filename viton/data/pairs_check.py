"""What is wrong with a split's pairs files, one line at a time."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from viton.data.dataset import Dataset
from viton.data.findings import Findings
from viton.data.person_check import problem_of
from viton.data.traps import Problem, trapped
from viton.errors import InputError

NAMED = 4  # self-pairs that are named
OF_VITON = frozenset({"001567", "002787", "005413", "009300"})  # fixed points of its test list


def check_pairs(data: Dataset, found: Findings) -> None:
    """All pairs files of the split; their pairs are counted, none is kept."""
    paths = data.pairs_files()
    if not paths:
        expected = f"a pairs file {data.split}_pairs*.txt"
        found.add([Problem("warning", str(data.root), expected, "none")])
    for path in paths:
        pairs, own = 0, 0
        named: list[str] = []
        for outcome in data.scan_pairs(path):
            if isinstance(outcome, InputError):
                found.add([problem_of(outcome)])
                continue
            pairs += 1
            if outcome.person == outcome.clothing:
                own += 1
                if len(named) <= NAMED:
                    named.append(outcome.person)
        found.pairs += pairs
        found.add(_odd_pairs(data, path, pairs, own, named))


def _odd_pairs(data: Dataset, path: Path, pairs: int, own: int, named: list[str]) -> Iterator[Problem]:
    called_paired = path.stem.endswith(("_paired", "_same"))
    if data.split == "train" and own < pairs:
        got = f"{pairs - own} of {pairs} unpaired: pair by the person's name instead"
        yield trapped("train-pairs-unpaired", path, "every person with her own garment, for training", got)
    elif called_paired and own < pairs:
        got = f"{pairs - own} of {pairs} with another"
        yield trapped("paired-list-unpaired", path, "every person with her own garment, as its name says", got)
    elif data.split != "train" and 0 < own < pairs:
        got = f"{own} self-pairs, left out of unpaired numbers: {', '.join(named[:NAMED])}"
        if own == len(OF_VITON) and set(named) == OF_VITON:
            got += " (the four of VITON's own test list)"
        yield trapped("self-pairs", path, "only other people's garments in an unpaired list", got)
