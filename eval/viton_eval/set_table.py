"""What can be said of a method's pictures as a set: Inception Score, FID and KID, a row a set, extractor and measure.

    inception_score, by protocol   ten groups of pictures, as the three libraries divide them; mean and its deviation
    inception_score_whole          all pictures in one group, with the interval of a jackknife over people
    fid, kid                       beside the photos of the pairs' people, as unpaired results are compared, and beside
                                   the true try-ons, where those are known

By the judge every score is a proxy, and its name says so.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import numpy as np
import pandas as pd

from viton_eval.features import Features
from viton_eval.inception_score import SplitProtocol, inception_score
from viton_eval.judge_features import JudgeExtractor
from viton_eval.picture_sets import PHOTOS, TRUTHS, PictureSet
from viton_eval.set_draws import inception_interval
from viton_eval.set_measures import distances
from viton_eval.verdicts import verdicts_of

PROTOCOLS: dict[SplitProtocol, int | None] = {"contiguous": None, "torch-fidelity": None, "torchmetrics": 0}  # seeds
SPLITS = 10  # as is usual; the paper does not say
SET_ROW = [
    "set",
    "extractor",
    "sha256",
    "measure",
    "beside",
    "protocol",
    "value",
    "low",
    "high",
    "deviation",
    "n",
    "note",
]


def set_table(sets: Mapping[str, PictureSet]) -> pd.DataFrame:
    """All measures of all sets, SET_ROW; one that cannot be had has no value and a note that says why."""
    rows = [row for one in sets.values() for row in _of_set(one, sets)]
    return pd.DataFrame(rows, columns=SET_ROW)


def named(measure: str, features: Features) -> str:
    """A measure for the eye with what it is made by: "proxy FID" of the judge, "FID (inception-v3-tf)" of another."""
    return f"proxy {measure}" if features.extractor == JudgeExtractor.name else f"{measure} ({features.extractor})"


def proxy_of(features: Features) -> str:
    """How a measure by this extractor begins: "proxy_" of the judge."""
    return "proxy_" if features.extractor == JudgeExtractor.name else ""


def _of_set(one: PictureSet, sets: Mapping[str, PictureSet]) -> Iterator[dict[str, object]]:
    for number, features in enumerate(one.features):
        told = {"set": one.name, "extractor": features.extractor, "sha256": features.sha256, "n": len(one.pairs)}
        proxy = proxy_of(features)
        for row in _scores(one, features):
            yield told | row | {"measure": proxy + str(row["measure"])}
        for beside in (PHOTOS, TRUTHS):
            if beside in sets and beside != one.name:
                for row in _distances(one, sets[beside], number):
                    yield told | row | {"measure": proxy + str(row["measure"]), "beside": beside}


def _scores(one: PictureSet, features: Features) -> Iterator[dict[str, object]]:
    """Inception Scores; nothing of an extractor that gives no verdicts."""
    verdicts = verdicts_of(features)
    if verdicts is None:
        return
    whole = inception_interval(verdicts, [pair.person for pair in one.pairs])
    bounds = {"value": whole.value, "low": whole.low, "high": whole.high}
    yield {"measure": "inception_score_whole", "protocol": "one group", **bounds, "note": ""}
    for protocol, seed in PROTOCOLS.items():
        row: dict[str, object] = {"measure": "inception_score", "protocol": protocol}
        try:
            found = inception_score(verdicts, protocol, SPLITS, seed)
        except ValueError as error:
            yield row | {"value": np.nan, "note": f"absent: {error}"}
            continue
        note = f"{found.splits} groups" + ("" if found.seed is None else f", seed {found.seed}")
        yield row | {"value": found.mean, "deviation": found.std, "note": note}


def _distances(one: PictureSet, other: PictureSet, number: int) -> Iterator[dict[str, object]]:
    people = [pair.person for pair in one.pairs], [pair.person for pair in other.pairs]
    features = one.features[number], other.features[number]
    for found in distances(*features, people):
        yield {"measure": found.metric, "value": found.value, "low": found.low, "high": found.high, "note": found.note}


def scores_table(table: pd.DataFrame, extractor: str) -> pd.DataFrame:
    """Inception Scores for the eye, a row a set: one group with its interval, and ten groups by each protocol."""
    shown = table[(table["extractor"] == extractor) & table["measure"].str.contains("inception_score")]
    cells: dict[str, dict[str, str]] = {str(row["protocol"]): {} for row in shown.to_dict("records")}
    for row in shown.to_dict("records"):
        value, spread = float(row["value"]), float(row["deviation"])
        whole = f"{value:.3f} [{row['low']:.3f}, {row['high']:.3f}] (n = {row['n']})"
        groups = f"{value:.3f} ± {spread:.3f}" if np.isfinite(value) else "-"
        cells[str(row["protocol"])][str(row["set"])] = whole if row["measure"].endswith("whole") else groups
    return pd.DataFrame(cells, index=list(dict.fromkeys(shown["set"])))
