"""Any folders of try-ons beside each other: `viton-eval score`. Each picture is decoded once, each true one too.

truth      the world knows the true picture of every pair: a picture stands beside it
paired     everybody in the own garment: the photo is the true picture
unpaired   another garment, and no true picture: only sets of pictures can be compared
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Literal, NamedTuple

import numpy as np
import pandas as pd

from viton.coordinates import Size
from viton.data.framing import fit_photo
from viton.data.sample import Pair
from viton.data.viton_hd import VitonHd
from viton.errors import InputError
from viton.files import read_jsonl
from viton.images import Pixels, load_rgb
from viton_eval.features import Features, extract
from viton_eval.folder_measures import Beside, beside
from viton_eval.foreign import expect_plain
from viton_eval.matching import match
from viton_eval.protocols import Protocol
from viton_eval.resizing import resized
from viton_eval.set_measures import Use

Mode = Literal["truth", "paired", "unpaired"]
BATCH = 8  # pairs of which pictures are in memory at a time
KEY = ["method", "person", "clothing"]
Sets = dict[str, list[Features]]  # of each method: by extractor


class Asked(NamedTuple):
    """What is to be scored, and how."""

    results: Mapping[str, Path]
    data: VitonHd
    pairs: Sequence[Pair]
    how: Beside
    uses: Sequence[Use] = ()  # of extractors
    protocol: Protocol | None = None  # None: this project's own
    pattern: str = "{person}__{clothing}.png"
    missing_ok: bool = False


class Passed(NamedTuple):
    """What one pass over all pictures has found."""

    mode: Mode
    size: Size
    pairs: pd.DataFrame  # KEY and the measures, a row a picture; none where no true picture is known
    made: dict[str, int]  # of each method: pictures
    failed: dict[str, dict[str, int]]  # of each method: pairs without a picture, by reason
    people: dict[str, list[str]]  # whom each picture of a method's set shows; "" is the set of true ones
    sets: Sets  # likewise their features


def mode_of(data: VitonHd, pairs: Sequence[Pair]) -> Mode:
    """What is known of these pairs; raises InputError where there are none."""
    if not pairs:
        raise InputError("pairs", "at least one", "none")
    if all(data.has_truth(pair) for pair in pairs):
        return "truth"
    return "paired" if all(pair.person == pair.clothing for pair in pairs) else "unpaired"


def pass_over(asked: Asked) -> Passed:
    """Decode every picture once, measure it, and collect its features.

    Raises InputError for pictures that are missing, double, damaged, or of unlike sizes.
    """
    mode, files, failed = mode_of(asked.data, asked.pairs), dict[str, dict[Pair, Path]](), dict[str, dict[str, int]]()
    for name, folder in asked.results.items():
        files[name], failed[name] = _files(folder, asked)
    size = _size(files, asked.protocol)
    rows: list[dict[str, object]] = []
    people: dict[str, list[str]] = defaultdict(list)
    sets: dict[str, list[list[Features]]] = defaultdict(list)
    for batch in _batches(asked.pairs):
        truths = {pair: _true(asked, pair, mode, size) for pair in batch} if mode != "unpaired" else {}
        _collect(sets, people, "", truths, asked)
        for name, known in files.items():
            made = {pair: _made(known[pair], size, asked.protocol) for pair in batch if pair in known}
            _collect(sets, people, name, made, asked)
            if truths and made:
                measured = beside([*made.values()], [truths[pair] for pair in made], asked.how)
                told = zip(made, measured, strict=True)
                rows += [{"method": name, **pair._asdict(), **values} for pair, values in told]
    if mode == "unpaired" and asked.uses:
        for batch in _batches(list({pair.person: pair for pair in asked.pairs}.values())):
            _collect(sets, people, "", {pair: _true(asked, pair, mode, size) for pair in batch}, asked)
    table = pd.DataFrame(rows, columns=[*KEY, *asked.how.names])
    made_by = {name: len(known) for name, known in files.items()}
    joined = {name: _joined(parts) for name, parts in sets.items()}
    return Passed(mode, size, table, made_by, failed, dict(people), joined)


def _files(folder: Path, asked: Asked) -> tuple[dict[Pair, Path], dict[str, int]]:
    """Where each pair's picture lies, and how many pairs have none, by reason."""
    manifest = folder / "manifest.jsonl"
    if not manifest.is_file():
        found = match(folder, asked.pattern, asked.pairs, asked.missing_ok)
        return found.files, {"missing": len(found.missing)} if found.missing else {}
    rows = {Pair(str(row.get("person")), str(row.get("clothing"))): row for row in read_jsonl(manifest)}
    if lacking := [pair.name for pair in asked.pairs if pair not in rows]:
        raise InputError(manifest, f"a row for each of {len(asked.pairs)} pairs", f"none for {lacking[0]}")
    status = {pair: str(rows[pair].get("status")) for pair in asked.pairs}
    failed = pd.Series([each for each in status.values() if each != "ok"], dtype=object).value_counts()
    good = {pair: folder / Path(str(rows[pair].get("file"))).name for pair in asked.pairs if status[pair] == "ok"}
    return good, {str(reason): int(count) for reason, count in failed.items()}


def _size(files: Mapping[str, Mapping[Pair, Path]], protocol: Protocol | None) -> Size:
    """The size that pictures are compared at: the protocol's, or that of the first result."""
    if protocol and protocol.size:
        return protocol.size
    first = next((path for known in files.values() for path in known.values()), None)
    if first is None:
        raise InputError("results", "at least one picture", "none")
    height, width = load_rgb(first).shape[:2]
    return height, width


def _made(path: Path, size: Size, protocol: Protocol | None) -> Pixels:
    """A result at the size of the comparison; raises InputError for another size, where none is resized."""
    pixels = load_rgb(path)
    expect_plain(path)
    if pixels.shape[:2] == size:
        return pixels
    if protocol and protocol.size:
        return _rounded(resized(pixels, size, protocol.resize))
    raise InputError(path, f"a picture of {size[0]}x{size[1]}, as the first", f"{pixels.shape[0]}x{pixels.shape[1]}")


def _true(asked: Asked, pair: Pair, mode: Mode, size: Size) -> Pixels:
    """The true picture of a pair; where there is none, the person's photo."""
    path = asked.data.truth_path(pair, "image") if mode == "truth" else asked.data.people[pair.person]
    pixels = load_rgb(path)
    if asked.protocol is None:
        return fit_photo(pixels, size)  # as every method of ours sees photos: averaged over area
    return _rounded(resized(pixels, size, asked.protocol.resize))


def _rounded(values: np.ndarray) -> Pixels:
    return np.asarray(np.rint(values).clip(0, 255), np.uint8)


def _batches(pairs: Sequence[Pair]) -> Iterator[Sequence[Pair]]:
    for start in range(0, len(pairs), BATCH):
        yield pairs[start : start + BATCH]


def _collect(
    sets: dict[str, list[list[Features]]],
    people: dict[str, list[str]],
    name: str,
    pictures: Mapping[Pair, Pixels],
    asked: Asked,
) -> None:
    """Add the features of some pictures to a set."""
    if pictures and asked.uses:
        named = [(f"{name}: {pair.name}", picture) for pair, picture in pictures.items()]
        extractors = [use.extractor for use in asked.uses]
        sets[name].append(extract(named, extractors, batch=BATCH, device=asked.how.device))
        people[name] += [pair.person for pair in pictures]


def _joined(parts: Sequence[Sequence[Features]]) -> list[Features]:
    """Features of batches as those of the whole set, by extractor."""
    joined = []
    for of_extractor in zip(*parts, strict=True):
        first = of_extractor[0]
        values = {name: np.concatenate([part.values[name] for part in of_extractor]) for name in first.values}
        names = tuple(name for part in of_extractor for name in part.names)
        joined.append(first._replace(names=names, values=values))
    return joined
