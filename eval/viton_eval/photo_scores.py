"""What every photo would score if it were left as it is: what doing nothing is worth."""

from __future__ import annotations

from pathlib import Path

import pandas as pd

from viton.files import digest_of, sha256_of
from viton_eval.experiment import Experiment
from viton_eval.judge import Judge
from viton_eval.scores import Scores, kept, known_of, score_pictures
from viton_eval.scores_settings import settings_of
from viton_eval.try_ons import run_of

CODE = Path(__file__)


def photo_scores(experiment: Experiment, judge: Judge | None) -> pd.DataFrame:
    """The scores of the photo of every pair whose truth is known, a row each: columns as a method's.

    They are kept as runs/EXPERIMENT/scores/photo.csv, since every method's notebook asks for them.
    """
    pairs, data, size = experiment.pairs_with_truth, experiment.data, experiment.config.size
    photos = digest_of([sha256_of(path) for path in (*dict.fromkeys(data.people[pair.person] for pair in pairs), CODE)])
    wanted = settings_of(photos, data, pairs, size, judge)

    def make() -> Scores:
        table = score_pictures(
            pairs, lambda pair: known_of(data, pair, size), lambda pair: experiment.sample(pair).person.image, judge
        )
        return Scores(table, wanted | {"n": len(table)})

    return kept(run_of(experiment).folder / "scores" / "photo.csv", wanted, make).table
