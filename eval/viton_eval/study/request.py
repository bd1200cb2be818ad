"""From the words of `viton-eval study make` to what it is made from, and back to words."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from viton.data.layouts import open_dataset
from viton.errors import UsageError
from viton.settings import overridden, parse, read_keys
from viton_eval.commands import open_run
from viton_eval.result_files import MISSING
from viton_eval.score_request import named_results
from viton_eval.study.frozen import Study
from viton_eval.study.make import Source
from viton_eval.study.settings import StudySettings
from viton_eval.trainings import label_of


def settings_of(path: Path | None, changes: Sequence[str], seed: int | None) -> StudySettings:
    """Defaults, then a file's, then changes; raises InputError or UsageError for a name that is none."""
    keys = overridden(read_keys(path) if path else {}, tuple(changes))
    if seed is not None:
        keys["seed"] = seed
    return parse(StudySettings, keys, str(path) if path else "--set")


def source_of(
    results: Sequence[str], data: str, pairs: str, split: str, pattern: str, config: Path | None, runs: Path
) -> Source:
    """Folders of results, or an experiment's; raises UsageError unless it is one of them."""
    if config is None:
        if not (results and data and pairs):
            raise UsageError("study make: expected --results, --data and --pairs, or --config")
        dataset = open_dataset(Path(data), split)
        return Source(named_results(results), dataset, dataset.pairs(pairs), {}, pattern)
    if results or pairs:
        raise UsageError("study make: --config brings its own results and pairs; expected no --results, no --pairs")
    run = open_run(config, data, runs)
    dataset = open_dataset(run.data_root, run.config.split, run.layout)
    folders = {method: run.results(method) for method in run.config.methods}
    labels = {method: label_of(run.config, method) for method in run.config.methods}
    return Source(folders, dataset, dataset.pairs(run.pairs_path), labels, pattern)


def _left_out(study: Study) -> str:
    """How many pairs are in no trial, and why; "" where all are."""
    rows = study.design["left_out"]
    missing = sum(MISSING in row.get("why", ()) for row in rows)
    told = {"of which a method has no picture": missing, "that a method failed on": len(rows) - missing}
    return "".join(f"; left out {count} {why}" for why, count in told.items() if count)


def summary(study: Study) -> list[str]:
    """What a study asks of whom, a line each."""
    settings, kinds = study.settings, Counter(trial.kind for trial in study.trials)
    lines = [
        f"study {study.id}: {len(study.methods)} methods, {len(study.pairs)} {study.design['mode']} pairs at "
        f"{study.size[0]}x{study.size[1]}{_left_out(study)}",
        f"{kinds['main'] // settings.votes} comparisons, {settings.votes} votes each: {kinds['main']} asked",
        f"{study.raters} raters of up to {max(Counter(trial.rater for trial in study.trials).values())} trials: "
        f"{kinds['gold']} gold and {kinds['repeat']} repeats among them, {kinds['real'] + kinds['fake']} flashes",
        f"blocks of {settings.block_trials} in {settings.block_seconds} s; "
        + ("a tie may be answered" if settings.ties else "no ties"),
    ]
    return lines
