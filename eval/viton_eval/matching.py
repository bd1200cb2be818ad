"""Which file of a folder is which pair's.

Names are made from the pairs that there are and looked for, never taken apart: so ids may hold underscores, digits and
dots, as in `00891_00_01430_00.png`.
"""

from __future__ import annotations

import glob
import re
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from viton.config import PICTURE_SUFFIXES
from viton.data.sample import Pair
from viton.errors import InputError

MANIFEST = "manifest.jsonl"  # of a folder of our own results
NAMED = 3  # files and pairs that a message names before it counts the others
# Without suffixes; the first are the likeliest, where several lead to as many pictures.
OBVIOUS = (
    *("{person}__{clothing}", "{person}_{clothing}", "{person}-{clothing}", "{person}"),
    *("{clothing}__{person}", "{clothing}_{person}", "{clothing}-{person}"),
    *("{person}/{clothing}", "{clothing}/{person}"),
)
FIELD = re.compile(r"\{(person|clothing)\}")


class Matches(NamedTuple):
    """What a folder holds of some pairs."""

    files: dict[Pair, Path]  # in the order of the pairs
    missing: list[Pair]
    extra: list[str]  # names of pictures that look like results and are no pair's


def match(folder: Path, pattern: str, pairs: Sequence[Pair], missing_ok: bool = False) -> Matches:
    """Find the one picture of each pair.

    pattern: as in ImportedConfig.   Raises InputError when the folder is none, when the pattern gives two pairs one
    name, when two files are of one pair, and for pairs without a file unless `missing_ok` and there is one of any.
    """
    if not folder.is_dir():
        raise InputError(folder, "a folder of pictures", "a file" if folder.exists() else "no such folder")
    stem, suffixes = _split(pattern)
    names = {pair: _named(stem, pair) for pair in pairs}
    _expect_one_name_each(names, pattern)
    found = _pictures(folder, stem, suffixes)
    wanted = set(names.values())
    matches = Matches(
        {pair: found[name][0] for pair, name in names.items() if name in found},
        [pair for pair, name in names.items() if name not in found],
        [str(path.relative_to(folder)) for name, paths in found.items() if name not in wanted for path in paths],
    )
    double = [name for name in names.values() if len(found.get(name, ())) > 1]
    if double or (matches.missing and not (missing_ok and matches.files)):
        got = _wrong(matches, double)
        if not (matches.files or double):
            got += _suggestion(folder, pairs) or _deeper(folder, stem, suffixes, pairs)
        raise InputError(folder, f"one picture {pattern} for each of {len(pairs)} pairs", got)
    return matches


def expected_name(pattern: str, pair: Pair) -> str:
    """What a pair's picture should be called, harmless to a terminal."""
    return printable(_named(pattern, pair))


def some(names: Sequence[str]) -> str:
    """How many names there are, and the first few, harmless to a terminal: `5: a, b, c, ...`."""
    return f"{len(names)}: {few(names)}"


def few(names: Sequence[str]) -> str:
    """The first few names, harmless to a terminal: `a, b, c, ...`."""
    return ", ".join([*(printable(name) for name in names[:NAMED]), *(["..."] if len(names) > NAMED else [])])


def told(pair: Pair) -> str:
    """A pair in words."""
    return f"{pair.person} in {pair.clothing}"


def printable(name: str) -> str:
    """A name as it is, or in ASCII with escapes where it would move a terminal's cursor."""
    return name if name.isprintable() else ascii(name)


def _split(pattern: str) -> tuple[str, tuple[str, ...]]:
    """A pattern without its suffix, and the suffixes that files may have, in lower case."""
    for suffix in PICTURE_SUFFIXES:
        if pattern.lower().endswith(suffix):
            return pattern[: -len(suffix)], (suffix,)
    return pattern, PICTURE_SUFFIXES


def _named(stem: str, pair: Pair) -> str:
    """A pattern with a pair's ids in it, both put in at once: an id may look like a field."""
    ids = pair._asdict()
    return FIELD.sub(lambda found: ids[found[1]], stem)


def _expect_one_name_each(names: dict[Pair, str], pattern: str) -> None:
    """Raises InputError for a pattern that gives two pairs the same name."""
    first: dict[str, Pair] = {}
    for pair, name in names.items():
        if (other := first.setdefault(name, pair)) != pair:
            got = f"'{name}' for both {told(other)} and {told(pair)}"
            raise InputError(f"--pattern {pattern}", "a name of its own for each pair", got)


def _pictures(folder: Path, stem: str, suffixes: tuple[str, ...]) -> dict[str, list[Path]]:
    """Every file whose name has the pattern's shape, by its path under the folder without the suffix, sorted."""
    shape = "*".join(glob.escape(part) for part in re.split(r"\{(?:person|clothing)\}", stem))
    found: dict[str, list[Path]] = {}
    for path in sorted(folder.glob(f"{shape}.*")):
        name = path.relative_to(folder).as_posix()
        hidden = path.name.startswith(".") and not Path(stem).name.startswith(".")  # a Mac leaves ._NAME beside NAME
        if path.suffix.lower() in suffixes and path.is_file() and not hidden:
            found.setdefault(name[: -len(path.suffix)], []).append(path)
    return found


def _wrong(matches: Matches, double: Sequence[str]) -> str:
    parts = {
        "none for": [told(pair) for pair in matches.missing],
        "two or more for": list(double),
        "pictures of no pair": matches.extra,
    }
    return "; ".join(f"{what} {some(names)}" for what, names in parts.items() if names)


def _suggestion(folder: Path, pairs: Sequence[Pair]) -> str:
    """The obvious pattern by which most pairs have a picture, and one of these, to go behind a message; "" of none."""
    best = max((_by(folder, stem, pairs) for stem in OBVIOUS), key=len)  # the first of those that are alike
    if not best:
        return ""
    stem, example = best[0]
    suffixes = {path.suffix for _, path in best}
    pattern, name = stem + (suffixes.pop() if len(suffixes) == 1 else ""), example.relative_to(folder).as_posix()
    return f"; found files like {printable(name)}: try --pattern '{pattern}'"


def _deeper(folder: Path, stem: str, suffixes: tuple[str, ...], pairs: Sequence[Pair]) -> str:
    """Which folders below hold the pictures or a manifest, to go behind a message; "" of none."""
    names = {_named(stem, pair) for pair in pairs}
    inside = sorted(path for shape in ("*", "*/*") for path in folder.glob(shape) if path.is_dir())
    held = [path for path in inside if (path / MANIFEST).is_file() or names & set(_pictures(path, stem, suffixes))]
    if len(held) == 1:
        return f"; did you mean {printable(str(held[0]))}?"
    told = few([path.relative_to(folder).as_posix() for path in held])
    return f"; there are pictures in folders below it, of which one is to be named: {told}" if held else ""


def _by(folder: Path, stem: str, pairs: Sequence[Pair]) -> list[tuple[str, Path]]:
    """A pattern with each picture that it leads to; none where it gives two pairs one name."""
    names = [_named(stem, pair) for pair in pairs]
    found = _pictures(folder, stem, PICTURE_SUFFIXES) if len({*names}) == len(names) else {}
    return [(stem, path) for name in names for path in found.get(name, ())[:1]]
