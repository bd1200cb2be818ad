"""The comparison of an experiment's methods as files: figures in CSVs, and beside them what they were made of.

    comparison.csv     a row a method and measure: mean with its interval, spread over seeds, difference to `viton`
    options.csv        the same of each variant, against the method that it varies, both with their first seed; rows of
                       all pairs, and of those whose person has an arm in front
    seeds.csv          each method less each training of `viton` alone: does a conclusion hang on start, order of the
                       data or precision?
    floor.csv          what every photo scores that is left as it is: a method below it has done worse than nothing
    README.md          all of it for the eye
    provenance.json    protocol, world, judge; of every training its steps, weights, commit, time and last change; of
                       what is imported pattern, filter and digest

All are made from the scores of runs/EXPERIMENT/scores, which are made anew where results or truths have changed.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

import pandas as pd

from viton.checkpoint import StageFolder
from viton.config import ImportedConfig
from viton.errors import InputError
from viton.files import read_json, write_json, write_text
from viton.provenance import provenance
from viton.training_log import read_log
from viton_eval.commands import Run
from viton_eval.experiment import Experiment
from viton_eval.options import of_pairs, people_of
from viton_eval.photo_scores import photo_scores
from viton_eval.scores import Scores
from viton_eval.scores_table import BY_TRAINING, RESULT, by_training, compare, protocol
from viton_eval.scoring import judge_in, score_try_on
from viton_eval.table_texts import csv_text
from viton_eval.trainings import TryOn, label_of, seeds_of, try_ons, used_stages
from viton_eval.try_ons import change_of, curves_of, failures, run_of, steps_trained, tables_of

SCHEMA = 3
AGAINST = "viton"
GROUPS = {"all": False, "arm in front": True}  # of pairs: whether only those with an arm on the trunk
DIGITS = "%.6g"
FILES = {"methods": "comparison.csv", "options": "options.csv", "seeds": "seeds.csv", "floor": "floor.csv"}
NOTHING_DONE = "photo as it is"
EACH_TRAINING = ("judge_garment", "judge_occluders", "ssim_inside", "l1_garment")
PRECISION = "training.precision="
OPTION = ["pairs", "option"]  # columns of options.csv before RESULT


class Comparison(NamedTuple):
    """What is written."""

    methods: pd.DataFrame  # RESULT of scores_table
    options: pd.DataFrame  # `pairs` and `option`, then RESULT; empty without variants
    seeds: pd.DataFrame  # BY_TRAINING
    floor: pd.DataFrame  # RESULT, of the photos themselves
    provenance: dict[str, object]


def compare_experiment(experiment: Experiment) -> Comparison:
    """Compare an experiment's methods, and its variants with the methods that they vary.

    Where the truth is known of no pair all are empty, and the provenance says so.   Raises InputError when a method
    is not tried on yet.
    """
    run, pairs = run_of(experiment), experiment.pairs_with_truth
    compared = [one for one in try_ons(experiment.config) if one.method in experiment.config.methods]
    for one in compared:
        _expect_made_by_these_weights(run, one)
    scores = {one: score for one in compared if (score := score_try_on(run, one))}
    if not scores:
        told = {"schema": SCHEMA, "experiment": experiment.config.name, "absent": "the truth is known of no pair"}
        nothing = [pd.DataFrame(columns=names) for names in (RESULT, [*OPTION, *RESULT], BY_TRAINING, RESULT)]
        return Comparison(nothing[0], nothing[1], nothing[2], nothing[3], told)
    methods = {
        method: [scores[run.try_on(method, seed)] for seed in seeds_of(experiment.config, method)]
        for method in experiment.config.methods
    }
    tables = tables_of(methods)
    found, seeds = compare(tables, len(pairs), AGAINST), _against_each_training(experiment, scores)
    floor = compare({NOTHING_DONE: [photo_scores(experiment, judge_in(run))]}, len(pairs), AGAINST)
    return Comparison(found, _options(experiment, scores), seeds, floor, _provenance(experiment, methods))


def write_comparison(folder: Path, comparison: Comparison, page: str) -> None:
    """Write the files, the provenance last.   page: README.md, the same for the eye."""
    (folder / "provenance.json").unlink(missing_ok=True)
    for name in FILES:
        table: pd.DataFrame = getattr(comparison, name)
        write_text(folder / FILES[name], csv_text(table, DIGITS))
    write_text(folder / "README.md", page)
    write_json(folder / "provenance.json", comparison.provenance)


def _against_each_training(experiment: Experiment, scores: Mapping[TryOn, Scores]) -> pd.DataFrame:
    """Each method less `viton` as trained with each seed, and with each variant that changes the precision alone.

    A method that is tried on with such a variant too stands there with it, any other as it is.
    """
    tables: dict[str, dict[str, list[pd.DataFrame]]] = {}  # by variant and method
    for one, scored in scores.items():
        if len(scored.table):
            tables.setdefault(one.variant, {}).setdefault(one.method, []).append(scored.table)
    parts = []
    for one, scored in scores.items():
        counts = not one.variant or _precision_alone(experiment, one.variant)
        if counts and one.method == AGAINST and len(scored.table):
            others = {name: each for name, each in (tables[""] | tables[one.variant]).items() if name != AGAINST}
            training = f"seed {one.seed}" + (f", {one.variant}" if one.variant else "")
            parts.append(by_training(others, {training: scored.table}, EACH_TRAINING))
    return pd.concat(parts, ignore_index=True) if parts else pd.DataFrame(columns=BY_TRAINING)


def _precision_alone(experiment: Experiment, variant: str) -> bool:
    """Whether a variant trains with another precision and changes nothing else; it trains a proxy's features so too."""
    changes = experiment.config.variants[variant].set
    return bool(changes) and all(change.startswith(PRECISION) for change in changes)


def _expect_made_by_these_weights(run: Run, one: TryOn) -> None:
    """Raises InputError unless the pictures were made by the weights that lie there, trained as is configured."""
    path = run.results_of(one) / "settings.json"
    told = read_json(path)
    if one.imported:
        _expect_imported(path, told, run.config.imported[one.method][one.seed])
    made = told.get("stages") if isinstance(told, dict) else None
    for training in (run.trainings[name] for name in one.needs):
        folder = StageFolder(run.stage_folder(training))
        digest, steps = folder.digest(), folder.settings()["steps"]
        if steps != training.steps:
            raise InputError(folder.path, f"{training.steps} steps of training, as configured", str(steps))
        found = str(made.get(training.stage)) if isinstance(made, dict) else "none"
        if found != digest:
            raise InputError(path, f"pictures made by {digest[:12]}, the weights in {folder.path}", found[:12])


def _expect_imported(path: Path, told: object, wanted: ImportedConfig) -> None:
    """Raises InputError unless the pictures that lie there are the imported ones."""
    found = told.get("import") if isinstance(told, dict) else None
    asked = {"pattern": wanted.pattern, "resize": wanted.resize} | ({"digest": wanted.digest} if wanted.digest else {})
    if not isinstance(found, dict) or {key: found.get(key) for key in asked} != asked:
        raise InputError(path, "pictures imported as the experiment says", "others (viton-eval import brings them in)")


def _options(experiment: Experiment, scores: Mapping[TryOn, Scores]) -> pd.DataFrame:
    """Each variant against its method, for all pairs and for those with an arm in front."""
    run, people = run_of(experiment), people_of(experiment)
    in_front = set(people.index[people["arm_in_front"]])
    parts = []
    for one in (one for one in scores if one.variant):
        full = scores[run.try_on(one.method)]
        tables = {one.method: [full.table], one.label: [scores[one].table]}
        for group, only in GROUPS.items():
            pairs = [pair for pair in experiment.pairs_with_truth if not only or pair.person in in_front]
            rows = compare(of_pairs(tables, pairs), len(pairs), one.method)
            rows[OPTION] = group, one.variant
            parts.append(rows[[*OPTION, *RESULT]])
    return pd.concat(parts, ignore_index=True) if parts else pd.DataFrame(columns=[*OPTION, *RESULT])


def _provenance(experiment: Experiment, methods: Mapping[str, list[Scores]]) -> dict[str, object]:
    config, first = experiment.config, next(iter(methods.values()))[0].settings
    failed = failures(methods).reset_index().to_dict("records")
    imported = _imported(run_of(experiment))
    return {
        "schema": SCHEMA,
        "experiment": config.name,
        **({"imported": imported} if imported else {}),
        "protocol": [*protocol(first, steps_trained(experiment)).splitlines(), *_target(experiment)],
        "labels": {method: label_of(config, method) for method in config.methods},
        "scores": {key: first[key] for key in ("world", "truth", "pairs", "of", "size", "drawn_at", "judge", "code")},
        "failed": failed,
        "left_out": [one.label for one in try_ons(config) if one.method not in config.methods],
        "stages": _stages(experiment),
        "made_by": provenance(),
    }


def _target(experiment: Experiment) -> list[str]:
    """What the non-parametric method warps onto: with the coarse stage it is told less than without."""
    if "non-parametric" not in experiment.config.methods:
        return []
    predicted = "coarse" in used_stages(experiment.config, "non-parametric")
    told = "the mask that stage 1 predicts" if predicted else "the outline of the garment that the photo wears"
    return [f"non-parametric: warped onto {told}"]


def _imported(run: Run) -> dict[str, object]:
    """Of all that is imported, by method and seed: pattern, filter and the digest of the pictures."""
    found = {}
    for one in (one for one in try_ons(run.config) if one.imported):
        told = read_json(run.results_of(one) / "settings.json")
        found[f"{one.method}/{one.seed}"] = told.get("import") if isinstance(told, dict) else None
    return found


def _stages(experiment: Experiment) -> dict[str, dict[str, object]]:
    """Of every training, by folder and seed: settings, weights, commit, time, and how its validation curve ends."""
    run, found = run_of(experiment), dict[str, dict[str, object]]()
    for training in run.trainings.values():
        folder = StageFolder(run.stage_folder(training))
        made, settings = read_json(folder.path / "provenance.json"), folder.settings()
        logged = [row for row in read_log(folder.log) if "loss" in row]
        change = change_of(curves_of(folder.path))
        found[f"{training.folder}/{training.seed}"] = {
            "steps": settings["steps"],
            "config": settings.get("config"),
            "weights": folder.digest(),
            "commit": made.get("commit") if isinstance(made, dict) else None,
            "seconds": logged[-1]["seconds"] if logged else None,
            "peak_mib": max((row.get("peak_mib", 0) for row in logged), default=None),
            "measure": change[0] if change else None,
            "last_change": f"{change[1]:+.1%}" if change else None,
        }
    return found
