"""What sets of pictures with a known fault score: an Inception Score sees pictures alone, and is told no pair.

    as they are                the true try-ons
    of another pair            each the true try-on of another person in another garment
    blurred, noisy             the true try-ons, a Gaussian over them, noise on them
    nothing done               the photos, in the old garments

Each is measured as any method's result: as a set, and beside the true picture of its pair.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

import cv2
import numpy as np
import pandas as pd

from viton.data.sample import Pair
from viton.images import Pixels
from viton_eval.agreement import ERRORS
from viton_eval.experiment import Experiment, mean_over_pairs
from viton_eval.features import FeatureExtractor, Features, extract
from viton_eval.interval import Mean
from viton_eval.judge import Judge
from viton_eval.measure_labels import MEASURES
from viton_eval.picture_sets import photo_of
from viton_eval.scores import Known, known_of, score_pictures
from viton_eval.set_draws import inception_interval
from viton_eval.set_measures import distances
from viton_eval.set_table import named
from viton_eval.verdicts import verdicts_of

BLUR_PX, NOISE = 2.0, 20.0  # standard deviations: of the blur at 128 pixels' height, of the noise of 255
MOST = 40  # pairs: five sets go through the judge
TRUE, OTHER, BLURRED, NOISY, NOTHING = "as they are", "of another pair", "blurred", "noisy", "nothing done"
FAULTS = ["fault", "measure", "value", "low", "high", "n"]
SCORE = "Inception Score"
ALIKE = 1e-5  # of a score: what another order of the same pictures may change in a network's float32


def told() -> str:
    """What decides the sets."""
    blur = f"blur of sigma {BLUR_PX:g} px at 128 px' height"
    return f"Known faults of the first {MOST} pairs at most; {blur}, noise of sigma {NOISE:g} of 255"


def faulty(
    pairs: Sequence[Pair], photos: Sequence[Pixels], truths: Sequence[Pixels], seed: int = 0
) -> dict[str, list[Pixels]]:
    """Sets of pictures (H,W,3) by their fault, in the order of the pairs; OTHER where everybody can get another's."""
    draw, sigma = np.random.default_rng(seed), BLUR_PX * truths[0].shape[0] / 128
    shift = shift_of(pairs)
    return {
        TRUE: list(truths),
        **({OTHER: [*truths[shift:], *truths[:shift]]} if shift else {}),
        BLURRED: [np.asarray(cv2.GaussianBlur(each, (0, 0), sigma), np.uint8) for each in truths],
        NOISY: [np.rint(each + draw.normal(0, NOISE, each.shape)).clip(0, 255).astype(np.uint8) for each in truths],
        NOTHING: list(photos),
    }


def shift_of(pairs: Sequence[Pair]) -> int:
    """By how many places a list is to be turned so that each pair meets another person and garment; 0: by none."""
    for shift in range(1, len(pairs)):
        turned = [*pairs[shift:], *pairs[:shift]]
        if all(a.person != b.person and a.clothing != b.clothing for a, b in zip(pairs, turned, strict=True)):
            return shift
    return 0


def fault_table(experiment: Experiment, extractors: Sequence[FeatureExtractor], judge: Judge | None) -> pd.DataFrame:
    """FAULTS: of each set by each extractor Inception Score, FID and KID from the photos, then its true errors."""
    pairs = experiment.pairs_with_truth[:MOST]
    known = {pair: known_of(experiment.data, pair, experiment.config.size) for pair in pairs}
    photos = [photo_of(experiment, pair) for pair in pairs]
    sets = faulty(pairs, photos, [known[pair].truth.image for pair in pairs], experiment.config.seed)
    features = {name: _features(pictures, pairs, extractors) for name, pictures in sets.items()}
    rows: list[tuple[object, ...]] = []
    for name, pictures in sets.items():
        rows += [(name, *row) for row in _of_set(name, features, pairs)]
        made = dict(zip(pairs, pictures, strict=True))
        rows += [(name, *row) for row in _errors(pairs, known, made, judge)]
    return pd.DataFrame(rows, columns=FAULTS)


def _features(
    pictures: Sequence[Pixels], pairs: Sequence[Pair], extractors: Sequence[FeatureExtractor]
) -> list[Features]:
    return extract(((pair.name, picture) for pair, picture in zip(pairs, pictures, strict=True)), extractors)


def _of_set(name: str, features: Mapping[str, list[Features]], pairs: Sequence[Pair]) -> Iterator[tuple[object, ...]]:
    """Measures of a set; the photos have no distance from themselves."""
    people = [pair.person for pair in pairs]
    for one, photos in zip(features[name], features[NOTHING], strict=True):
        if (verdicts := verdicts_of(one)) is not None:
            yield named(SCORE, one), *inception_interval(verdicts, people)
        for found in distances(one, photos, (people, people)) if name != NOTHING else ():
            yield named(f"{found.metric.upper()} from the photos", one), found.value, found.low, found.high, found.n


def _errors(
    pairs: Sequence[Pair], known: Mapping[Pair, Known], pictures: Mapping[Pair, Pixels], judge: Judge | None
) -> Iterator[tuple[object, ...]]:
    table = score_pictures(pairs, known.__getitem__, pictures.__getitem__, judge)
    for name in ERRORS:
        if table[name].notna().any():
            yield MEASURES[name].label, *mean_over_pairs(table, name)


def readable(faults: pd.DataFrame) -> pd.DataFrame:
    """The same for the eye, a row a fault."""
    cells = faults.assign(cell=[_cell(Mean(*row)) for row in faults[FAULTS[2:]].itertuples(index=False)])
    order = list(dict.fromkeys(faults["fault"])), list(dict.fromkeys(faults["measure"]))
    table = cells.pivot(index="fault", columns="measure", values="cell").loc[order].fillna("-")
    return table.rename_axis(index=None, columns=None)


def why_intervals_differ(faults: pd.DataFrame) -> list[str]:
    """For each measure by which TRUE and OTHER, which are the same pictures, are alike but their intervals are not."""
    told = []
    for measure, rows in faults[faults["fault"].isin((TRUE, OTHER))].groupby("measure", sort=False):
        cells = {str(row[1]): (Mean(*row[3:]), _cell(Mean(*row[3:]))) for row in rows.itertuples()}
        if len(cells) < 2:
            continue
        (one, shown), (other, as_other) = cells[TRUE], cells[OTHER]
        if np.isclose(one.value, other.value, rtol=ALIKE, atol=0) and shown != as_other and np.isfinite(one.low):
            told.append(
                f"{measure}: {shown} {TRUE}, {as_other} {OTHER}; the pictures are the same, and the jackknife leaves "
                "out people, each with the pictures made for them, so that it sees how pictures pair with people"
            )
    return told


def _cell(mean: Mean) -> str:
    return f"{mean.value:.3f}" + (f" [{mean.low:.3f}, {mean.high:.3f}]" if np.isfinite(mean.low) else "")
