"""Pairs files in another layout's names, holding the samples that were written."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

from viton.data.dataset import Dataset
from viton.data.sample import Pair
from viton.data.targets import Target
from viton.errors import InputError
from viton.files import write_text


class Lists(NamedTuple):
    """What came of a split's pairs files."""

    pairs: int
    notes: list[str]
    problems: list[InputError]


def write_lists(out: Path, target: Target, data: Dataset, people: set[str], clothings: set[str]) -> Lists:
    """Rewrite a split's pairs files under `out`; people, clothings: the ids whose files were written."""
    own = [Pair(person, person) for person in data.people if person in people & clothings]
    lists: dict[str, list[Pair]] = {}
    notes: list[str] = []
    problems: list[InputError] = []
    names = [path.name for path in data.pairs_files()]
    for path in data.pairs_files():
        pairs, wrong = _read(data, path)
        problems += wrong
        lists[target.pairs_name(data.split, path.name, names)] = _to_write(
            target, data, path, pairs, (people, clothings), notes
        )
    if target.own_lists and own and target.own_name(data.split) not in lists:
        lists[target.own_name(data.split)] = own
        notes.append(f"{target.own_name(data.split)}: added, {len(own)} people in their own garments")
    notes += _unlisted(target, data.split, people, clothings, lists)
    for name, pairs in lists.items():
        if pairs:
            write_text(out / name, "".join(_line(target, pair) for pair in pairs))
    return Lists(sum(map(len, lists.values())), notes, problems)


def _read(data: Dataset, path: Path) -> tuple[list[Pair], list[InputError]]:
    outcomes = list(data.scan_pairs(path))
    pairs = [outcome for outcome in outcomes if isinstance(outcome, Pair)]
    return pairs, [outcome for outcome in outcomes if isinstance(outcome, InputError)]


def _to_write(
    target: Target, data: Dataset, path: Path, pairs: list[Pair], written: tuple[set[str], set[str]], notes: list[str]
) -> list[Pair]:
    """The pairs that can be kept, as the target's loaders are to find them; what is changed is noted."""
    people, clothings = written
    kept = [pair for pair in pairs if pair.person in people and pair.clothing in clothings]
    if len(kept) < len(pairs):
        notes.append(f"{path.name}: {len(pairs) - len(kept)} pairs left out, whose samples are bad")
    if data.split != "train" or not target.reads_own:
        return kept
    own = [Pair(pair.person, pair.person) if pair.person in clothings else pair for pair in kept]
    if own != kept:
        changed = sum(one != other for one, other in zip(own, kept, strict=True))
        notes.append(f"{path.name}: {changed} people paired with their own garments, as training reads them")
    return list(dict.fromkeys(own))


def _unlisted(
    target: Target, split: str, people: set[str], clothings: set[str], lists: dict[str, list[Pair]]
) -> list[str]:
    """Who was written, but is in no split of the target."""
    if not target.own_lists:
        return []
    pairs = [pair for found in lists.values() for pair in found]
    no_people = len(people - {pair.person for pair in pairs})
    no_clothings = len(clothings - {name for pair in pairs for name in pair})
    found = f"{split}: {no_people} people and {no_clothings} garments are in no pairs file, and so in no split"
    return [found] if no_people or no_clothings else []


def _line(target: Target, pair: Pair) -> str:
    person, clothing = (
        Path(path).name.format(id=name)
        for path, name in ((target.image, pair.person), (target.clothing, pair.clothing))
    )
    return f"{person} {clothing}\n"
