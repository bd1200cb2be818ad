"""What sets of pictures with a known fault score: an Inception Score sees pictures alone, and is told no pair.

    as they are                the true try-ons
    of another pair            each the true try-on of the next pair: another person in another garment
    blurred, noisy             the true try-ons, a Gaussian over them, noise on them
    nothing done               the photos, in the old garments

Each is measured as any method's result: as a set, and beside the true picture of its pair.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import cv2
import numpy as np
import pandas as pd

from viton.data.sample import Pair
from viton.images import Pixels
from viton_eval.experiment import Experiment, mean_over_pairs
from viton_eval.features import FeatureExtractor, Features, extract
from viton_eval.judge import Judge
from viton_eval.measure_labels import MEASURES
from viton_eval.scores import Known, known_of, score_pictures
from viton_eval.set_draws import inception_interval
from viton_eval.set_measures import distances
from viton_eval.set_table import proxy_of
from viton_eval.verdicts import verdicts_of

BLUR_PX, NOISE = 2.0, 20.0  # standard deviations: of the blur at 128 pixels' height, of the noise of 255
MOST = 40  # pairs: five sets go through the judge
ERRORS = ("judge_garment", "l1_garment")
TRUE, OTHER, BLURRED, NOISY, NOTHING = "as they are", "of another pair", "blurred", "noisy", "nothing done"
Faulty = Mapping[str, Sequence[Pixels]]


def faulty(photos: Sequence[Pixels], truths: Sequence[Pixels], seed: int = 0) -> dict[str, list[Pixels]]:
    """Sets of pictures (H,W,3) by their fault, in the order of the pairs."""
    draw, sigma = np.random.default_rng(seed), BLUR_PX * truths[0].shape[0] / 128
    return {
        TRUE: list(truths),
        OTHER: [*truths[1:], truths[0]],
        BLURRED: [np.asarray(cv2.GaussianBlur(each, (0, 0), sigma), np.uint8) for each in truths],
        NOISY: [np.rint(each + draw.normal(0, NOISE, each.shape)).clip(0, 255).astype(np.uint8) for each in truths],
        NOTHING: list(photos),
    }


def fault_table(experiment: Experiment, extractors: Sequence[FeatureExtractor], judge: Judge | None) -> pd.DataFrame:
    """A row a fault, for the eye: by each extractor Inception Score, FID and KID to the photos, then true errors."""
    pairs = experiment.pairs_with_truth[:MOST]
    known = {pair: known_of(experiment.data, pair, experiment.config.size) for pair in pairs}
    photos = [experiment.sample(pair).person.image for pair in pairs]
    sets = faulty(photos, [known[pair].truth.image for pair in pairs], experiment.config.seed)
    features = {name: _features(pictures, pairs, extractors) for name, pictures in sets.items()}
    rows = {}
    for name, pictures in sets.items():
        told = _of_set(features[name], features[NOTHING], pairs)
        rows[name] = told | _errors(pairs, known, dict(zip(pairs, pictures, strict=True)), judge)
    return pd.DataFrame.from_dict(rows, orient="index")


def _features(
    pictures: Sequence[Pixels], pairs: Sequence[Pair], extractors: Sequence[FeatureExtractor]
) -> list[Features]:
    return extract(((pair.name, picture) for pair, picture in zip(pairs, pictures, strict=True)), extractors)


def _of_set(made: Sequence[Features], photos: Sequence[Features], pairs: Sequence[Pair]) -> dict[str, str]:
    people, told = [pair.person for pair in pairs], {}
    for one, other in zip(made, photos, strict=True):
        proxy = proxy_of(one).replace("_", " ")
        if (verdicts := verdicts_of(one)) is not None:
            told[f"{proxy}Inception Score"] = str(inception_interval(verdicts, people))
        for found in distances(one, other, (people, people)):
            told[f"{proxy}{found.metric.upper()} to photos"] = f"{found.value:.3g}" if np.isfinite(found.value) else "-"
    return told


def _errors(
    pairs: Sequence[Pair], known: Mapping[Pair, Known], pictures: Mapping[Pair, Pixels], judge: Judge | None
) -> dict[str, str]:
    table = score_pictures(pairs, known.__getitem__, pictures.__getitem__, judge)
    return {MEASURES[name].label: str(mean_over_pairs(table, name)) for name in ERRORS if table[name].notna().any()}
