"""A study on disk, frozen before the first answer.

    STUDY/design.json    settings, texts, methods, pairs, what was left out and why, digests
          trials.csv     what each rater is shown, in order; both are the key: raters must not see them
          pictures/      under opaque names; all that raters may see
          votes.sqlite3  of the study's server
          answers.csv    every answer from everywhere (viton_eval/study/answers.py)

The digest in design.json covers all of design.json, trials.csv and the pictures. Whoever reads a study checks it, and
answers carry it: a design that was changed after data came in is refused.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple, get_type_hints

from viton.data.sample import Pair
from viton.errors import InputError
from viton.files import digest_of, read_json, sha256_of, write_json, write_text
from viton.settings import parse
from viton_eval.csv_cells import csv_line, plain
from viton_eval.study.design import Trial
from viton_eval.study.settings import StudySettings

SCHEMA = 1
DESIGN, TRIALS, PICTURES = "design.json", "trials.csv", "pictures"
ID_DIGITS = 16  # of the digest: what answers carry


class Study(NamedTuple):
    """A frozen study."""

    folder: Path
    settings: StudySettings
    methods: tuple[str, ...]
    pairs: tuple[Pair, ...]
    size: tuple[int, int]  # height, width of every picture
    trials: tuple[Trial, ...]  # rater by rater, in the order shown
    by_name: Mapping[str, Trial]
    digest: str
    design: Mapping[str, Any]  # design.json as it is

    @property
    def id(self) -> str:
        return self.digest[:ID_DIGITS]

    @property
    def raters(self) -> int:
        """How many raters the design is for."""
        return max(trial.rater for trial in self.trials)

    @property
    def pictures(self) -> Path:
        return self.folder / PICTURES

    def expect_apart(self, out: Path) -> None:
        """Raises InputError for a folder in that of the pictures, which goes on the web and must name no method."""
        pictures, wanted = self.pictures.resolve(), out.resolve()
        if wanted == pictures or pictures in wanted.parents:
            raise InputError(out, "a folder outside the study's pictures, which raters may see", "one among them")

    def of_rater(self, rater: int) -> list[Trial]:
        return [trial for trial in self.trials if trial.rater == rater]


def freeze(folder: Path, facts: Mapping[str, Any], trials: Sequence[Trial]) -> Study:
    """Write trials.csv, then design.json, whose digest covers all; the pictures are there already.

    facts: settings, methods, pairs, size and what else design.json is to tell, as JSON.
    """
    head = csv_line(Trial._fields)
    write_text(folder / TRIALS, head + "".join(csv_line(trial) for trial in trials))
    told = {"schema": SCHEMA, **facts}
    told |= {"trials_sha256": sha256_of(folder / TRIALS), "pictures_sha256": _pictures_digest(folder / PICTURES)}
    write_json(folder / DESIGN, told | {"digest": digest_of(told)})
    return read_study(folder)


def read_study(folder: Path, pictures: bool = True) -> Study:
    """Read and check a study; pictures: also that they are all there and unchanged.

    Raises InputError naming the file that is missing, damaged or was changed after the study was made.
    """
    _expect_all(folder)
    path = folder / DESIGN
    told = read_json(path)
    if not isinstance(told, dict) or told.get("schema") != SCHEMA:
        got = f"schema {told.get('schema')}" if isinstance(told, dict) else type(told).__name__
        raise InputError(path, f"a study's design of schema {SCHEMA}", got)
    digest = str(told.get("digest"))
    _expect(path, digest, digest_of({key: value for key, value in told.items() if key != "digest"}))
    _expect(folder / TRIALS, str(told["trials_sha256"]), sha256_of(folder / TRIALS))
    if pictures:
        _expect(folder / PICTURES, str(told["pictures_sha256"]), _pictures_digest(folder / PICTURES))
    settings = parse(StudySettings, told["settings"], f"{path}: settings")
    pairs, methods = tuple(Pair(*pair) for pair in told["pairs"]), tuple(str(one["name"]) for one in told["methods"])
    height, width = told["size"]
    trials = _trials(folder / TRIALS)
    by_name = {trial.trial: trial for trial in trials}
    return Study(folder, settings, methods, pairs, (height, width), trials, by_name, digest, told)


def _expect_all(folder: Path) -> None:
    there = {DESIGN: (folder / DESIGN).is_file(), TRIALS: (folder / TRIALS).is_file()}
    missing = [name for name, found in (there | {PICTURES: (folder / PICTURES).is_dir()}).items() if not found]
    if missing:
        kind = "one" if folder.is_dir() else "a file" if folder.exists() else "no such folder"
        got = f"{kind} without {', '.join(missing)}" if folder.is_dir() else kind
        raise InputError(folder, "a study's folder, as `viton-eval study make` writes it", got)


def _expect(path: Path, wanted: str, found: str) -> None:
    if wanted != found:
        expected = f"what the study was frozen with, sha256 {wanted[:ID_DIGITS]} (a changed design is a new study)"
        raise InputError(path, expected, found[:ID_DIGITS])


def _pictures_digest(folder: Path) -> str:
    """Of every picture's name and contents."""
    return digest_of({path.name: sha256_of(path) for path in sorted(folder.glob("*.png"))})


def _trials(path: Path) -> tuple[Trial, ...]:
    kinds = get_type_hints(Trial)
    rows = csv.reader(io.StringIO(path.read_text(encoding="utf-8"), newline=""))
    if next(rows, None) != list(Trial._fields):
        raise InputError(path, f"the columns {', '.join(Trial._fields)}", "others")
    return tuple(_trial(row, kinds) for row in rows)


def _trial(row: Sequence[str], kinds: Mapping[str, object]) -> Trial:
    cells = zip(Trial._fields, row, strict=True)  # the file's digest is right, so it has as many
    values: dict[str, Any] = {name: int(text) if kinds[name] is int else plain(text) for name, text in cells}
    return Trial(**values)
