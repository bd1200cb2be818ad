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

from viton.config import PATTERN
from viton.coordinates import Size
from viton.data.dataset import Dataset
from viton.data.framing import fit_photo
from viton.data.sample import Pair
from viton.errors import InputError
from viton.images import Pixels, load_rgb
from viton_eval.features import FeatureExtractor, Features, extract
from viton_eval.folder_measures import Beside, Pictures, beside
from viton_eval.folder_regions import TruePicture, own_photo, true_try_on
from viton_eval.foreign import expect_plain
from viton_eval.judge import STEP
from viton_eval.judge_features import JudgeExtractor, ToldExtractor
from viton_eval.lpips import LEAST
from viton_eval.protocols import Protocol
from viton_eval.resizing import resized
from viton_eval.result_files import files_of
from viton_eval.set_measures import Use
from viton_eval.ssim_variants import RADIUS

Mode = Literal["truth", "paired", "unpaired"]
BATCH = 8  # pairs of which pictures are in memory at a time
KEY = ["method", "person", "clothing"]
Sets = dict[str, list[Features]]  # of each method: by extractor


class Asked(NamedTuple):
    """What is to be scored, and how."""

    results: Mapping[str, Path]
    data: Dataset
    pairs: Sequence[Pair]
    how: Beside
    uses: Sequence[Use] = ()  # of extractors
    protocol: Protocol | None = None  # None: this project's own
    pattern: str = PATTERN
    missing_ok: bool = False
    seed: int = 0  # of the intervals' draws


class Passed(NamedTuple):
    """What one pass over all pictures has found."""

    mode: Mode
    size: Size
    pairs: pd.DataFrame  # KEY and the measures, a row a picture; none where no true picture is known
    files: dict[str, dict[Pair, Path]]  # of each method: the pictures that were measured
    failed: dict[str, dict[str, list[Pair]]]  # of each method: pairs without a picture, by reason
    extra: dict[str, list[str]]  # of each method: pictures of no pair, which are left out
    people: dict[str, list[str]]  # whom each picture of a method's set shows; "" is the set of true ones
    sets: Sets  # likewise their features
    unseen: int = 0  # pairs whose regions are not known

    @property
    def made(self) -> dict[str, int]:
        """Of each method: how many pictures."""
        return {name: len(known) for name, known in self.files.items()}


class _Sets:
    """The sets of pictures as they grow, "" the true ones: whom each picture shows, and features by extractor."""

    def __init__(self, asked: Asked) -> None:
        self.asked = asked
        self.people: dict[str, list[str]] = defaultdict(list)
        self._parts: dict[str, list[list[Features]]] = defaultdict(list)

    def add(self, name: str, pairs: Sequence[Pair], pictures: Pictures) -> None:
        """Add some pictures to a set."""
        if self.asked.uses:
            named = [
                (f"{name or 'true picture'}: {pair.name}", pixels)
                for pair, pixels in zip(pairs, pictures.pixels, strict=True)
            ]
            extractors = [_extractor(use.extractor, pictures) for use in self.asked.uses]
            self._parts[name].append(extract(named, extractors, batch=BATCH, device=self.asked.how.device))
            self.people[name] += [pair.person for pair in pairs]

    def joined(self) -> Sets:
        """Features of batches as those of whole sets."""
        return {name: _joined(parts) for name, parts in self._parts.items()}


def mode_of(data: Dataset, pairs: Sequence[Pair]) -> Mode:
    """What is known of these pairs; raises InputError where there are none."""
    if not pairs:
        raise InputError("pairs", "at least one", "none")
    if all(data.has_truth(pair) for pair in pairs):
        return "truth"
    return "paired" if all(pair.person == pair.clothing for pair in pairs) else "unpaired"


def pass_over(asked: Asked) -> Passed:
    """Decode every picture once, measure it, and collect its features.

    Raises InputError for pictures that are missing, double, damaged, of unlike sizes, or of one that what was asked
    for does not take.
    """
    mode, words = mode_of(asked.data, asked.pairs), (asked.pairs, asked.pattern, asked.missing_ok)
    found = {name: files_of(folder, *words) for name, folder in asked.results.items()}
    files = {name: each.files for name, each in found.items()}
    size, sets, unseen = _size(files, asked), _Sets(asked), 0
    rows: list[dict[str, object]] = []
    for batch in _batches(asked.pairs):
        true = [_true(asked, pair, mode, size) for pair in batch] if mode != "unpaired" else []
        truths, seen = Pictures([each.pixels for each in true], asked.how), [each.seen for each in true]
        unseen += seen.count(None)
        if true:
            sets.add("", batch, truths)
        for name, known in files.items():
            if not (places := [place for place, pair in enumerate(batch) if pair in known]):
                continue
            pairs = [batch[place] for place in places]
            made = Pictures([_made(known[pair], size, asked.protocol) for pair in pairs], asked.how)
            sets.add(name, pairs, made)
            if true:
                measured = beside(made, truths.some(places), asked.how, [seen[place] for place in places])
                told = zip(pairs, measured, strict=True)
                rows += [{"method": name, **pair._asdict(), **values} for pair, values in told]
    if mode == "unpaired" and asked.uses:
        _add_photos(sets, asked, size)
    nowhere = asked.how.in_regions if unseen == len(asked.pairs) else ()
    table = pd.DataFrame(rows, columns=[*KEY, *(name for name in asked.how.names if name not in nowhere)])
    lacking = {name: each.failed for name, each in found.items()}, {name: each.extra for name, each in found.items()}
    return Passed(mode, size, table, files, *lacking, dict(sets.people), sets.joined(), unseen)


def _add_photos(sets: _Sets, asked: Asked, size: Size) -> None:
    """The photos of the people as the set of true pictures, each once."""
    for batch in _batches(list({pair.person: pair for pair in asked.pairs}.values())):
        photos = [_true(asked, pair, "unpaired", size).pixels for pair in batch]
        sets.add("", batch, Pictures(photos, asked.how))


def _size(files: Mapping[str, Mapping[Pair, Path]], asked: Asked) -> Size:
    """The size that pictures are compared at, the protocol's or the first result's; InputError for one too small."""
    first = next((path for known in files.values() for path in known.values()), None)
    if first is None:
        raise InputError("results", "at least one picture", "none")
    size = asked.protocol.size if asked.protocol and asked.protocol.size else load_rgb(first).shape[:2]
    for wanted in _wanted(asked, size):
        raise InputError(first, wanted, f"{size[0]}x{size[1]}")
    return size[0], size[1]


def _wanted(asked: Asked, size: Sequence[int]) -> Iterator[str]:
    """What the measures ask of a size that has not got it."""
    measured, extractors = asked.how.wholes, [use.extractor for use in asked.uses]
    window, lpips = 2 * RADIUS[asked.how.ssim] + 1, asked.how.lpips
    if "ssim" in measured and min(size) < window:
        yield f"at least {window} pixels a side, the window of SSIM"
    if lpips and f"lpips_{lpips.backbone}" in measured and min(size) < LEAST[lpips.backbone]:
        yield f"at least {LEAST[lpips.backbone]} pixels a side, for LPIPS"
    if ("judge" in measured or any(isinstance(one, JudgeExtractor) for one in extractors)) and any(
        side % STEP for side in size
    ):
        yield f"height and width in multiples of {STEP}, for the judge"


def _made(path: Path, size: Size, protocol: Protocol | None) -> Pixels:
    """A result at the size of the comparison; raises InputError for another size, where none is resized."""
    pixels = load_rgb(path)
    expect_plain(path)
    if pixels.shape[:2] == size:
        return pixels
    if protocol and protocol.size:
        return _rounded(resized(pixels, size, protocol.resize))
    raise InputError(path, f"a picture of {size[0]}x{size[1]}, as the first", f"{pixels.shape[0]}x{pixels.shape[1]}")


def _true(asked: Asked, pair: Pair, mode: Mode, size: Size) -> TruePicture:
    """The true picture of a pair; where there is none, the person's photo."""
    if asked.how.in_regions and mode != "unpaired" and asked.protocol is None:
        return true_try_on(asked.data, pair, size) if mode == "truth" else own_photo(asked.data, pair.person, size)
    is_true = mode == "truth"
    pixels = load_rgb(asked.data.truth_path(pair, "image")) if is_true else asked.data.photo(pair.person)
    if asked.protocol is None:
        return TruePicture(fit_photo(pixels, size), None)  # as every method of ours sees photos: averaged over area
    return TruePicture(_rounded(resized(pixels, size, asked.protocol.resize)), None)


def _rounded(values: np.ndarray) -> Pixels:
    return np.asarray(np.rint(values).clip(0, 255), np.uint8)


def _batches(pairs: Sequence[Pair]) -> Iterator[Sequence[Pair]]:
    for start in range(0, len(pairs), BATCH):
        yield pairs[start : start + BATCH]


def _extractor(extractor: FeatureExtractor, pictures: Pictures) -> FeatureExtractor:
    """The extractor or, where it is the judge that measures too, one that need not look at the pictures again."""
    judge = pictures.how.judge
    if judge and "judge" in pictures.how.wholes and isinstance(extractor, JudgeExtractor):
        return ToldExtractor(extractor, pictures.depths) if extractor.sha256 == judge.sha256 else extractor
    return extractor


def _joined(parts: Sequence[Sequence[Features]]) -> list[Features]:
    """Features of batches as those of the whole set, by extractor."""
    joined = []
    for of_extractor in zip(*parts, strict=True):
        first = of_extractor[0]
        kinds = {tuple(sorted((name, rows.shape[1]) for name, rows in part.values.items())) for part in of_extractor}
        if len(kinds) > 1:
            raise InputError(
                first.extractor, "the same features of every picture", " and ".join(map(str, sorted(kinds)))
            )
        values = {name: np.concatenate([part.values[name] for part in of_extractor]) for name in first.values}
        names = tuple(name for part in of_extractor for name in part.names)
        joined.append(first._replace(names=names, values=values))
    return joined
