"""From results to a frozen study: `viton-eval study make`."""

from __future__ import annotations

import secrets
import shutil
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from pydantic import ValidationError

from viton.config import PATTERN
from viton.data.dataset import Dataset
from viton.data.sample import Pair
from viton.errors import InputError, UsageError
from viton.files import digest_of, read_json, sha256_of
from viton.images import load_rgb
from viton_eval.matching import MANIFEST, expected_name, some
from viton_eval.result_files import MISSING, UNLISTED, files_of
from viton_eval.study.design import make_trials
from viton_eval.study.frozen import DESIGN, PICTURES, Study, freeze, read_study
from viton_eval.study.pictures import Pictures, write_pictures
from viton_eval.study.settings import StudySettings
from viton_eval.study.used import used_by

SALT_BYTES = 16  # of the pictures' names


class Source(NamedTuple):
    """What a study is made from."""

    results: Mapping[str, Path]  # of each method, as raters never see it called
    data: Dataset
    pairs: list[Pair]
    labels: Mapping[str, str] = {}  # of methods: how far they are trained; said wherever they stand
    pattern: str = PATTERN  # names of pictures in folders without a manifest
    skip_missing: bool = False  # whether a pair of which a method has no picture is left out of all, and not an error


def make_study(
    out: Path,
    source: Source,
    settings: StudySettings,
    limit: int | None = None,
    progress: Callable[[int, int], None] | None = None,
    salt: str = "",
) -> Study:
    """Draw pairs and trials, write pictures and freeze it all; the same call again changes nothing.

    limit: how many pairs, drawn by the seed; all by default.   salt: what the pictures' names are made with, drawn at
    random by default.   Raises InputError where OUT holds something else, where results are missing or of unlike sizes,
    and where no pair has a result of every method.
    """
    facts, files, pairs = _facts(source, settings, limit)
    if _made(out, facts):
        return read_study(out)
    trials = make_trials(tuple(source.results), pairs, settings)
    salt = salt or secrets.token_hex(SALT_BYTES)
    height, width = facts["size"]
    pictures = Pictures(source.data, files, (height, width), settings.seed)
    return freeze(out, facts | {"salt": salt}, write_pictures(out / PICTURES, trials, pictures, salt, progress))


def remake_study(
    out: Path,
    source: Source,
    settings: StudySettings,
    limit: int | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> Study:
    """As `make_study`, but a study of other results or settings makes room, unless its folder holds anything else.

    Then it is kept as it is, for somebody has answered it, or may have seen it: `is_current` tells.
    """
    if (out / DESIGN).is_file() and not is_current(out, source, settings, limit):
        if used_by(out):
            return read_study(out)
        (out / DESIGN).unlink()  # first: what is left without it is nobody's, and removed
    return make_study(out, source, settings, limit, progress)


def is_current(out: Path, source: Source, settings: StudySettings, limit: int | None = None) -> bool:
    """Whether the study in a folder is the one that would be made of these results by these settings."""
    return _is_of(out, _facts(source, settings, limit)[0])


def _facts(
    source: Source, settings: StudySettings, limit: int | None
) -> tuple[dict[str, Any], dict[str, dict[Pair, Path]], list[Pair]]:
    """What decides a study, as design.json has it; each method's pictures; the pairs."""
    files, left_out = _results(source)
    pairs = _drawn([pair for pair in source.pairs if pair not in left_out], limit, settings.seed)
    size = load_rgb(files[next(iter(files))][pairs[0]]).shape[:2]
    facts: dict[str, Any] = {
        "settings": settings.model_dump(mode="json"),
        "methods": [_method(name, source, files[name], pairs) for name in source.results],
        "pairs": [list(pair) for pair in pairs],
        "photos_sha256": _photos(source.data, pairs),
        "pairs_given": len(source.pairs),
        "left_out": [
            {"person": pair.person, "clothing": pair.clothing, "methods": list(why), "why": list(why.values())}
            for pair, why in left_out.items()
        ],
        "mode": "paired" if all(pair.person == pair.clothing for pair in pairs) else "unpaired",
        "size": list(size),
        "pictures": "PNG, photos averaged over area to this size; a gold trial's loser: 8x8 tiles shuffled",
    }
    return facts, files, pairs


def _results(source: Source) -> tuple[dict[str, dict[Pair, Path]], dict[Pair, dict[str, str]]]:
    """Each method's pictures, and the pairs that some method has none of: by which, and why."""
    found = {name: _found(path, source) for name, path in source.results.items()}
    left_out = dict[Pair, dict[str, str]]()
    for pair in source.pairs:
        if why := {name: one.why[pair] for name, one in found.items() if pair in one.why}:
            left_out[pair] = why
    if len(left_out) == len(source.pairs):
        raise InputError("results", "at least one pair of which every method has a picture", "none")
    return {name: one.files for name, one in found.items()}, left_out


class _Found(NamedTuple):
    """What a method's folder has, and of the other pairs why it has none."""

    files: dict[Pair, Path]
    why: dict[Pair, str]


def _found(folder: Path, source: Source) -> _Found:
    """Raises InputError for missing pictures, unless these are skipped; a failure that a manifest names is none."""
    held = files_of(folder, source.pairs, source.pattern, missing_ok=True)
    files = {pair: file for pair, file in held.files.items() if file.is_file()}
    why = {pair: reason for reason, pairs in held.failed.items() for pair in pairs}
    unsaid = {UNLISTED} if (folder / MANIFEST).is_file() else {MISSING}
    missing = [pair for pair in source.pairs if pair not in files and why.get(pair, UNLISTED) in unsaid]
    if missing and not source.skip_missing:
        extra = f"; pictures of no pair: {some(held.extra)}" if held.extra else ""
        expected = f"a picture of each of {len(source.pairs)} pairs (--skip-missing leaves a pair out of all methods)"
        first = expected_name(source.pattern, missing[0])
        raise InputError(folder, expected, f"{len(missing)} without one, the first {first}{extra}")
    return _Found(files, why | dict.fromkeys(missing, MISSING))


def _drawn(pairs: list[Pair], limit: int | None, seed: int) -> list[Pair]:
    """Some of the pairs, in their order."""
    if limit is None or limit >= len(pairs):
        return pairs
    if limit < 1:
        raise UsageError(f"--limit: expected at least 1 pair, got {limit}")
    chosen = np.random.default_rng([seed, 4]).choice(len(pairs), limit, replace=False)
    return [pairs[i] for i in sorted(chosen)]


def _method(name: str, source: Source, files: Mapping[Pair, Path], pairs: list[Pair]) -> dict[str, object]:
    digest = digest_of([[*pair, sha256_of(files[pair])] for pair in pairs])
    return {"name": name, "label": source.labels.get(name, ""), "sha256": digest}


def _photos(data: Dataset, pairs: list[Pair]) -> str:
    """A digest of the photos of people and garments that are shown."""
    people = {pair.person: sha256_of(data.people[pair.person]) for pair in pairs}
    return digest_of([people, {pair.clothing: sha256_of(data.clothings[pair.clothing]) for pair in pairs}])


def _is_of(out: Path, facts: Mapping[str, Any]) -> bool:
    told = read_json(out / DESIGN)
    if not isinstance(told, dict):
        return False
    known = told | {"settings": _with_defaults(told.get("settings"))}
    return all(known.get(name) == value for name, value in facts.items())


def _with_defaults(settings: object) -> object:
    """Settings of a design, with those that came into being after it was frozen; what are none stay as they are."""
    try:
        return StudySettings.model_validate(settings).model_dump(mode="json")
    except ValidationError:
        return settings


def _made(out: Path, facts: Mapping[str, Any]) -> bool:
    """Whether this very study is there; InputError for another one, or anything else; what a kill left is removed."""
    if (out / DESIGN).is_file():
        if _is_of(out, facts):
            return True
        raise InputError(out, "no study, or one of the same settings and pictures", "another study")
    others = [path.name for path in out.iterdir() if path.name not in (PICTURES, "trials.csv")] if out.is_dir() else []
    if others:
        raise InputError(out, "an empty folder, or none", f"a folder with {others[0]}")
    if (out / PICTURES).is_dir():
        shutil.rmtree(out / PICTURES)
    return False
