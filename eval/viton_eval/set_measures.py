"""What can be said of a set of pictures beside a set of true ones: FID, KID, the Inception Score, or why not."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from viton_eval.features import FeatureExtractor, Features
from viton_eval.frechet import frechet_distance
from viton_eval.inception_score import SplitProtocol, inception_score_of_logits
from viton_eval.kernel_distance import kernel_distance, subset_kernel_distance
from viton_eval.metrics import ALL, Metrics

VERDICTS = ("logits_unbiased", "logits", "proxy_logits")  # outputs that verdicts can be made of, torch-fidelity's first


class Verdicts(NamedTuple):
    """How an Inception Score is made of an extractor's output."""

    protocol: SplitProtocol = "torch-fidelity"
    splits: int = 10
    seed: int | None = None
    output: str = ""  # "": the first of VERDICTS that there is


class Use(NamedTuple):
    """An extractor, and what is measured with it."""

    extractor: FeatureExtractor
    distances: bool = True  # FID and KID
    verdicts: Verdicts | None = Verdicts()  # of the Inception Score; None: none is made
    subsets: tuple[int, int, float] | None = (
        None  # KID's number and size of subsets, and its factor; None: all pictures
    )


class SetMeasure(NamedTuple):
    """One number of a set; `value` is NaN where it cannot be had, and the note says why."""

    metric: str
    value: float
    low: float
    high: float
    n: int
    note: str


def set_measures(
    made: Features, true: Features, people: tuple[Sequence[str], Sequence[str]], use: Use, metrics: Metrics = ALL
) -> list[SetMeasure]:
    """FID, KID and Inception Score of one set by one extractor, as far as it is used for them and they are asked for.

    people: whom each picture of the two sets shows: who is in both is left out together for KID's interval.
    """
    found = distances(made, true, people, use.subsets, metrics) if use.distances else []
    if use.verdicts and "inception_score" in metrics.families():  # also by the name that a proxy's has
        found.append(_inception(made, use.verdicts))
    return found


def distances(
    made: Features,
    true: Features,
    people: tuple[Sequence[str], Sequence[str]],
    subsets: tuple[int, int, float] | None = None,
    metrics: Metrics = ALL,
) -> list[SetMeasure]:
    """FID and KID of one set from another, as far as they are asked for; the rest as in `set_measures` and `Use`."""
    found = [_frechet(made, true)] if metrics.wants("fid") else []
    return found + ([_kernel(made, true, people, subsets)] if metrics.wants("kid") else [])


def _frechet(made: Features, true: Features) -> SetMeasure:
    if "features" not in made.values:
        return _absent("fid", len(made.names), f"{made.extractor} gives no features")
    try:
        found = frechet_distance(made.values["features"], true.values["features"])
    except ValueError as error:
        return _absent("fid", len(made.names), str(error))
    told = f"beside {found.n_other} pictures, {found.dims} features" + (f"; {found.warning}" if found.warning else "")
    return SetMeasure("fid", found.value, np.nan, np.nan, found.n, told)


def _kernel(
    made: Features,
    true: Features,
    people: tuple[Sequence[str], Sequence[str]],
    subsets: tuple[int, int, float] | None,
) -> SetMeasure:
    if "features" not in made.values:
        return _absent("kid", len(made.names), f"{made.extractor} gives no features")
    values = made.values["features"], true.values["features"]
    try:
        if subsets is None:
            all_of = kernel_distance(*values, blocks=people)
            told = f"all pictures, jackknife over {all_of.blocks} people"
            return SetMeasure("kid", all_of.value, all_of.low, all_of.high, all_of.n, told)
        count, most, factor = subsets
        some = subset_kernel_distance(*values, count, min(most, len(values[0]), len(values[1])))
    except ValueError as error:
        return _absent("kid", len(made.names), str(error))
    told = f"mean of {some.subsets} subsets of {some.size}, seed {some.seed}, std {factor * some.std:.6g}"
    return SetMeasure("kid", factor * some.mean, np.nan, np.nan, some.n, f"{told}, times {factor:g}")


def _inception(made: Features, verdicts: Verdicts) -> SetMeasure:
    output = verdicts.output or next((name for name in VERDICTS if name in made.values), "")
    metric = "proxy_inception_score" if output == "proxy_logits" else "inception_score"
    if output not in made.values:
        return _absent(metric, len(made.names), f"{made.extractor} gives no verdicts ({output or ', '.join(VERDICTS)})")
    try:
        found = inception_score_of_logits(made.values[output], verdicts.protocol, verdicts.splits, verdicts.seed)
    except ValueError as error:
        return _absent(metric, len(made.names), str(error))
    seed = "" if found.seed is None else f", seed {found.seed}"
    told = f"{found.protocol}, {found.splits} splits, std {found.std:.6g}{seed}, from {output}"
    return SetMeasure(metric, found.mean, np.nan, np.nan, found.n, told)


def _absent(metric: str, n: int, why: str) -> SetMeasure:
    return SetMeasure(metric, np.nan, np.nan, np.nan, n, f"absent: {why}")
