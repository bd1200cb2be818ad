"""The trained methods with noise in pose and parsing, scored against the unchanged true try-ons.

    robustness.csv     a row a method, kind and level of noise, and pair: what became of it, and MEASURED
    methods/           the same of each method, so that a killed run goes on with the next one
    provenance.json    commit, versions, command
    settings.json      written last: noise, pairs, stages, truths, judge and code, by digest, of each method

Each method is tried with its first seed. Level 0 is the try-on of the experiment itself: pairs are dressed one at a
time, as the workflow does it, for in batches a value in ten thousand is rounded the other way.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pandas as pd

from viton.config import RobustnessConfig, TryOnConfig
from viton.data.dataset import Dataset, data_digest
from viton.data.layouts import open_dataset
from viton.data.sample import Pair, Sample
from viton.errors import InputError
from viton.files import digest_of, locked, read_json, sha256_of, write_json, write_text
from viton.images import Pixels
from viton.methods import Method, method_named, package_of
from viton.parsing import LabelMap
from viton.provenance import code_digest, provenance
from viton.results import Outcome, TryOnMany, failed
from viton.runs import opened
from viton_eval import estimators
from viton_eval.commands import Run
from viton_eval.estimators import KINDS, Seen, seen_of, with_noise
from viton_eval.judge import Judge
from viton_eval.scores import KEY, Known, known_of, score_pictures
from viton_eval.scores_settings import settings_of
from viton_eval.scoring import judge_in
from viton_eval.table_texts import csv_text, read_csv_text
from viton_eval.trainings import TryOn, first_try_ons, try_ons

SCHEMA = 1
EXACT = "exact"  # the kind of noise at level 0
MEASURED = ("judge_garment", "judge_occluders", "judge_face_hair", "ssim_inside", "l1_garment")
COLUMNS = ["method", "kind", "level", *KEY, "status", *MEASURED]
CODE = (Path(__file__), Path(estimators.__file__))
Settings = dict[str, object]
Progress = Callable[[int, int], None]


class Tested(NamedTuple):
    """What every method is tried on, decoded once."""

    pairs: list[Pair]
    samples: dict[Pair, tuple[Sample, Seen]]  # without the pairs whose files are bad
    bad: dict[Pair, Outcome]
    known: dict[Pair, Known]
    judge: Judge | None
    seed: int  # of the noise: the experiment's, whatever seed a method was trained with
    label_map: LabelMap


def measure(run: Run, out: Path, progress: Callable[[str], Progress]) -> pd.DataFrame:
    """Make what is missing in `out`, and read it all; with nothing changed nothing is made.

    Where the truth is known of no pair the table is empty, and the settings say so.   Raises InputError when the
    configuration asks for nothing, a stage is not trained, labels are not CIHP's, or `out` holds other files.
    """
    asked = run.config.robustness
    if asked is None:
        raise InputError(f"{run.config_path}: robustness", "levels and pairs", "nothing")
    data = open_dataset(run.data_root, run.config.split, run.layout)
    estimators.expect_known_labels(data.root, data.label_map)
    pairs = pairs_tested(data, data.pairs(run.pairs_path), asked)
    with locked(out / ".lock"):
        _expect_ours(out)
        judge = judge_in(run) if pairs else None
        wanted = {one.method: _settings(run, one, data, pairs, judge) for one in first_try_ons(run.config) if pairs}
        told = _told(run, pairs, wanted)
        if not _is_made(out, told):
            for name in ("settings.json", "provenance.json"):
                (out / name).unlink(missing_ok=True)
            parts = _parts(run, out, data, pairs, judge, wanted, progress)
            _write(out / "robustness.csv", pd.concat([pd.DataFrame(columns=COLUMNS).astype(object), *parts]))
            write_json(out / "provenance.json", provenance())
            write_json(out / "settings.json", told)
        return read_robustness(out)


def pairs_tested(data: Dataset, pairs: Sequence[Pair], asked: RobustnessConfig) -> list[Pair]:
    """The first pairs of a list whose true try-on is known, as many as are asked for."""
    return [pair for pair in pairs if data.has_truth(pair)][: asked.pairs]


def conditions(asked: RobustnessConfig) -> list[tuple[str, float]]:
    """(kind, level): no noise first, then each kind at rising levels."""
    return [(EXACT, 0.0), *((kind, level) for kind in KINDS for level in asked.levels)]


def read_robustness(folder: Path) -> pd.DataFrame:
    """The rows as written: COLUMNS; raises InputError for other files."""
    path = folder / "robustness.csv"
    if not path.is_file():
        raise InputError(path, "robustness.csv (viton-eval robustness writes it)", "no such file")
    return _read(path)


def _read(path: Path) -> pd.DataFrame:
    try:
        table = read_csv_text(path, ["method", "kind", *KEY, "status"])
        table = table.astype(dict.fromkeys(["level", *MEASURED], float))
    except (ValueError, KeyError) as error:
        raise InputError(path, "a table of scores", str(error).splitlines()[0]) from error
    if list(table.columns) != COLUMNS:
        raise InputError(path, f"the columns {', '.join(COLUMNS)}", ", ".join(table.columns))
    return table


def _write(path: Path, table: pd.DataFrame) -> None:
    write_text(path, csv_text(table))


def _parts(
    run: Run, out: Path, data: Dataset, pairs: list[Pair], judge: Judge | None, wanted: dict[str, Settings],
    progress: Callable[[str], Progress],
) -> Iterator[pd.DataFrame]:  # fmt: skip
    """The rows of each method, made where those in `out` are not of these very settings."""
    tested: Tested | None = None
    for one in first_try_ons(run.config) if pairs else ():
        path = out / "methods" / f"{one.method}.csv"
        if not _is(path.with_suffix(".json"), wanted[one.method]):
            path.with_suffix(".json").unlink(missing_ok=True)
            tested = tested or load_tested(run, data, pairs, judge)
            _write(path, try_method(run, one, tested, progress(f"{one.method} with noise")))
            write_json(path.with_suffix(".json"), wanted[one.method])
        yield _read(path)


def load_tested(run: Run, data: Dataset, pairs: Sequence[Pair], judge: Judge | None) -> Tested:
    """Samples, with the own clothing of their people, and truths; a pair whose files are bad is told apart."""
    size = run.config.size
    samples: dict[Pair, tuple[Sample, Seen]] = {}
    bad: dict[Pair, Outcome] = {}
    for pair in pairs:
        try:
            samples[pair] = data.sample(pair, size, with_own=True), seen_of(data, pair.person)
        except InputError as error:
            bad[pair] = failed("bad_input", str(error))
    known = {pair: known_of(data, pair, size) for pair in samples}
    return Tested(list(pairs), samples, bad, known, judge, run.config.seed, data.label_map)


def try_method(run: Run, one: TryOn, tested: Tested, progress: Progress) -> pd.DataFrame:
    """Prepare a method once and try it under every condition: COLUMNS."""
    method, config = method_named(one.method), _try_on_config(run, one)
    trained, _ = opened(method, _run_of(run, one), config)
    dress = method.prepare(config, tested.label_map, "cpu", trained)
    asked = conditions(_asked(run))
    parts = []
    for number, (kind, level) in enumerate(asked):
        made = dressed(method, dress, tested, kind, level)
        parts.append(_scored(one.method, kind, level, made, tested))
        progress(number + 1, len(asked))
    return pd.concat(parts, ignore_index=True)


def dressed(method: Method, dress: TryOnMany, tested: Tested, kind: str, level: float) -> dict[Pair, Outcome]:
    """What becomes of every pair when estimators see its person with noise, one pair at a time."""
    made = dict(tested.bad)
    for pair, (sample, seen) in tested.samples.items():
        person = sample.person
        if kind != EXACT:
            person = with_noise(person, seen, person.image.shape[:2], kind, level, tested.seed)
        (made[pair],) = dress([Sample(person, sample.clothing, sample.own if method.wants_own else None)])
    return {pair: made[pair] for pair in tested.pairs}


def _scored(method: str, kind: str, level: float, made: dict[Pair, Outcome], tested: Tested) -> pd.DataFrame:
    """A row a pair: COLUMNS, NaN where the pair failed."""
    done = {pair: one for pair, one in made.items() if one.status == "ok"}
    pictures: dict[Pair, Pixels] = {pair: np.asarray(one.pictures[".png"], np.uint8) for pair, one in done.items()}
    scores = score_pictures(list(pictures), tested.known.__getitem__, pictures.__getitem__, tested.judge)
    rows = [(method, kind, level, *pair, one.status) for pair, one in made.items()]
    table = pd.DataFrame(rows, columns=COLUMNS[: -len(MEASURED)])
    return table.merge(scores[[*KEY, *MEASURED]], on=KEY, how="left")


def _asked(run: Run) -> RobustnessConfig:
    assert run.config.robustness is not None, "seen to by `measure`"
    return run.config.robustness


def _run_of(run: Run, one: TryOn) -> Path | None:
    return run.trained_in if one.needs else None


def _try_on_config(run: Run, one: TryOn) -> TryOnConfig:
    """The settings by which the workflow tries it on."""
    return run.config.try_on.model_copy(update={"seed": one.seed})


def _settings(run: Run, one: TryOn, data: Dataset, pairs: list[Pair], judge: Judge | None) -> Settings:
    """What decides a method's rows."""
    method, config = method_named(one.method), _try_on_config(run, one)
    own = [Pair(pair.person, pair.person) for pair in pairs if method.wants_own and pair.person in data.clothings]
    package = package_of(method.name)
    scored = settings_of("made here", data, pairs, config.size, judge)
    return {
        "made": method.name,
        "config": config.model_dump(mode="json"),
        "stages": opened(method, _run_of(run, one), config)[1],
        **({"package": package} if package else {}),
        "noise": {"levels": list(_asked(run).levels), "kinds": list(KINDS), "seed": run.config.seed},
        "data": data_digest(data, pairs + own),
        "code": {"viton": code_digest(), "here": digest_of([sha256_of(path) for path in CODE])[:12]},
        "scores": {key: value for key, value in scored.items() if key != "results"},
    }


def _told(run: Run, pairs: list[Pair], wanted: dict[str, Settings]) -> Settings:
    """What settings.json says: what was asked for, and what decides the rows of each method."""
    left_out = sorted({one.method for one in try_ons(run.config) if one.imported})
    told: Settings = {"schema": SCHEMA, "robustness": _asked(run).model_dump(mode="json"), "methods": wanted}
    told |= {"experiment": run.config.name, "of": len(pairs), "imported, so not tried": left_out}
    return told if pairs else told | {"absent": "the truth is known of no pair"}


def _is_made(out: Path, told: Settings) -> bool:
    return (out / "robustness.csv").is_file() and _is(out / "settings.json", told)


def _is(path: Path, wanted: Settings) -> bool:
    """Whether a file says just that."""
    return path.is_file() and read_json(path) == wanted


def _expect_ours(out: Path) -> None:
    """Raises InputError for a folder in which something else lies under our names."""
    path = out / "settings.json"
    found = read_json(path) if path.is_file() else {"robustness": None}
    if not (isinstance(found, dict) and "robustness" in found):
        raise InputError(path, "settings of a measurement with noise", "a file of another program")
