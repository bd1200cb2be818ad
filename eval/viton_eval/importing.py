"""Other people's pictures as results of one more method of an experiment, or in any folder: `viton-eval import`.

All files are matched and decoded before anything is written, so that a bad one leaves everything as it was. Then
runs/EXPERIMENT/results/METHOD/SEED, or the folder, is made as `viton try-on` makes it: a killed import has no manifest,
without which nobody reads the pictures, and the same command goes on. What decides them stands in settings.json: a
digest of the very files, the pattern, the filter. The workflow, which knows that digest, reads the folder no more; it
may be gone then.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cached_property
from pathlib import Path
from typing import NamedTuple

import pandas as pd

from viton.config import ImportedConfig, ImportName
from viton.coordinates import Size
from viton.data.layouts import open_dataset
from viton.data.pairs import read_pairs
from viton.data.sample import Pair
from viton.errors import InputError, UsageError
from viton.files import digest_of, read_json, sha256_of
from viton.images import load_rgb
from viton.methods import method_names
from viton.results import Folder, Outcome, Row, failed, pairs_digest
from viton.settings import Model, parse
from viton_eval.commands import Run
from viton_eval.foreign import load_result
from viton_eval.imported import imports_path, remember, with_import
from viton_eval.matching import Matches, match
from viton_eval.scores_table import SHOWN, told
from viton_eval.scoring import score_try_on
from viton_eval.trainings import TryOn

MISSING = "missing"  # the status of a pair that has no picture
RULES = 1  # of viton_eval.foreign: another number makes pictures anew
Progress = Callable[[int, int], None]


class Imported(NamedTuple):
    """What was brought in."""

    rows: list[Row]  # of the manifest
    extra: list[str]  # pictures of the folder that are no pair's; none where the folder was not read
    given: ImportedConfig  # with the digest

    @property
    def missing(self) -> int:
        return sum(row["status"] == MISSING for row in self.rows)


class _Named(Model):
    """What pictures are imported as."""

    method: ImportName


class Source:
    """A folder of pictures of some pairs, read when it is asked for; all of it is checked then.

    size: H, W that they are wanted at; None: of the first.
    """

    def __init__(self, given: ImportedConfig, pairs: Sequence[Pair], size: Size | None) -> None:
        self.given, self.pairs, self._size = given, pairs, size

    @cached_property
    def size(self) -> Size:
        height, width = self._size or load_rgb(next(iter(self.matches.files.values()))).shape[:2]
        return height, width

    @cached_property
    def matches(self) -> Matches:
        return match(self.given.folder, self.given.pattern, self.pairs, self.given.missing_ok)

    @cached_property
    def contents(self) -> dict[Pair, str]:
        """sha256 of each pair's file; raises InputError for the first picture that cannot be taken."""
        for path in self.matches.files.values():
            load_result(path, self.size, self.given.resize)
        return {pair: sha256_of(path) for pair, path in self.matches.files.items()}

    @cached_property
    def digest(self) -> str:
        """Of every pair's file, or that it has none; raises InputError unless it is the one that is asked for."""
        found = digest_of([[*pair, self.contents.get(pair, MISSING)] for pair in sorted(self.pairs)])[:32]
        if self.given.digest not in ("", found):
            expected = f"the pictures that were imported, digest {self.given.digest} (or `viton-eval import` again)"
            raise InputError(self.given.folder, expected, found)
        return found

    def outcomes(self, pairs: Sequence[Pair]) -> list[Outcome]:
        """The pictures of some pairs as results; raises InputError for one that has changed since it was checked."""
        _ = self.digest  # which checks all that lies there, before the first is written
        return [self._outcome(pair) for pair in pairs]

    def _outcome(self, pair: Pair) -> Outcome:
        path = self.matches.files.get(pair)
        if path is None:
            return failed(MISSING, "no picture of this pair was imported")
        pixels, (height, width) = load_result(path, self.size, self.given.resize)
        if (found := sha256_of(path)) != self.contents[pair]:
            raise InputError(path, f"the picture with sha256 {self.contents[pair]}", found)
        return Outcome("ok", {".png": pixels}, {"imported_sha256": found, "imported_size": f"{height}x{width}"})


def import_pictures(
    run: Run, one: TryOn, given: ImportedConfig, overwrite: bool = False, progress: Progress | None = None
) -> Imported:
    """Bring in a method's pictures of every pair; a second call with the same ones makes nothing.

    Raises InputError for whatever is wrong with them, and for other results that are there, unless `overwrite`.
    """
    data = open_dataset(run.data_root, run.config.split, run.layout)
    source = Source(given, data.pairs(run.pairs_path), run.config.size)
    decided: Row = {"made": one.method, "seed": one.seed, "split": run.config.split}
    return _bring_in(source, run.results_of(one), decided, overwrite, progress)


def import_as(
    run: Run,
    method: str,
    seed: int,
    given: ImportedConfig,
    overwrite: bool = False,
    progress: Progress | None = None,
) -> Imported:
    """Bring in pictures as a method that the experiment has from now on.

    Raises InputError or UsageError for a name that it cannot have.
    """
    with_import(run.config, method, seed, given)
    _expect_no_packages(method)
    found = import_pictures(run, TryOn(method, seed, "", (), True), given, overwrite, progress)
    remember(imports_path(run.runs, run.config.name), method, seed, found.given)
    return found


def import_into(
    out: Path,
    method: str,
    seed: int,
    given: ImportedConfig,
    pairs: Path,
    size: Size | None,
    overwrite: bool = False,
    progress: Progress | None = None,
) -> Imported:
    """Bring in pictures of the pairs of a file as a folder of results, of no experiment; as `import_pictures` else.

    size: of all of them, H, W; None: the first one's.   Raises InputError or UsageError for a name that no import has.
    """
    parse(_Named, {"method": method}, "import")
    _expect_no_packages(method)
    return _bring_in(Source(given, read_pairs(pairs), size), out, {"made": method, "seed": seed}, overwrite, progress)


def _bring_in(source: Source, out: Path, decided: Row, overwrite: bool, progress: Progress | None) -> Imported:
    """Check all, then write.   decided: what decides the results beside source and pictures."""
    given = source.given
    known = given.digest and _settings_at(out) == _settings(source, given, decided)
    given = given.model_copy(update={"digest": given.digest if known else source.digest})
    if not known:
        _expect_elsewhere(source.matches, out)
    settings = _settings(source, given, decided)
    rows = Folder(out).make(list(source.pairs), settings, source.outcomes, overwrite=overwrite, progress=progress)
    return Imported(rows, [] if known else source.matches.extra, given)


def _expect_no_packages(method: str) -> None:
    """Raises UsageError for the name of a method that is installed."""
    if method in method_names():
        raise UsageError(f"--method {method}: expected a name that no installed package gives a method")


def row_of(run: Run, method: str, seed: int) -> pd.DataFrame | None:
    """The scores of what was brought in, a measure a row, kept for the comparison; None where no truth is known."""
    scores = score_try_on(run, run.try_on(method, seed))
    return told([scores.table], SHOWN) if scores and len(scores.table) else None


def _expect_elsewhere(matches: Matches, out: Path) -> None:
    """Raises InputError for pictures that lie where they would go: they would be cleared away before they are read."""
    for path in matches.files.values():
        if path.resolve().is_relative_to(out.resolve()):
            raise InputError(path, f"pictures from another folder than {out}", "one of its own")


def _settings(source: Source, given: ImportedConfig, decided: Row) -> Row:
    """What decides the pictures: neither where the folder lies nor when it was read."""
    how: Row = {"pattern": given.pattern, "resize": given.resize, "digest": given.digest, "rules": RULES}
    return decided | {"import": how, "size": list(source.size), "pairs": pairs_digest(source.pairs)}


def _settings_at(folder: Path) -> object:
    """The settings of what lies in a folder; None where nothing does."""
    path = folder / "settings.json"
    return read_json(path) if path.is_file() else None
