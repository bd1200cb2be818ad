"""Do metrics say what the true error says? Rank correlations of methods and of pictures: + agrees, - contradicts.

    of methods        does a metric order the methods as the true error does?  One correlation of as many methods
    within a pair     of one person in one garment by all methods, does it order the pictures?  The mean over pairs
    within a method   does it find the pictures of one method that went wrong?  A correlation over pairs

Each side is turned so that more is better. A metric is told the true picture, or nothing of it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from viton_eval.frechet import frechet_distance
from viton_eval.interval import FEWEST as DECIDING
from viton_eval.interval import Mean, drawn_weights, mean_interval
from viton_eval.kernel_distance import NORMAL_95
from viton_eval.measure_labels import MEASURES
from viton_eval.picture_sets import PHOTOS, TRUTHS, PictureSet
from viton_eval.rank_correlation import (
    MOST_PERMUTED,
    interval_of,
    least_unlikely,
    spearman,
    spearman_by_row,
    spearman_interval,
)
from viton_eval.scores import KEY
from viton_eval.set_draws import inception_draws, kernel_draws
from viton_eval.verdicts import shares_of_score, verdicts_of

Matrix = NDArray[np.float64]
ERRORS = ("judge_garment", "l1_garment")  # columns of scores that count as the true error
BESIDE_TRUTH = ("ssim_inside", "ssim", "psnr", "judge_whole")  # further columns that are asked
SHARE = "share of Inception Score"
TOLD, UNTOLD = "the true picture", "no true picture"
PEOPLE = "people's win rate"
FEWEST = 3  # methods, or pairs, that a correlation is made of
DRAWS = 2000
AGREEMENT = ["metric", "told", "error", "scope", "value", "low", "high", "n"]


class Metric(NamedTuple):
    """A metric of whole methods; more is better."""

    told: str
    values: Matrix  # (m,)
    draws: Matrix | None  # (m,d); None where drawing biases the metric
    pairs: int  # that it is made of


def picture_metrics(tables: Mapping[str, pd.DataFrame], sets: Mapping[str, PictureSet]) -> pd.DataFrame:
    """A row a method and pair that all methods have: method, KEY, then errors and metrics, more of each being better.

    tables: of each method, scores of its first seed.   Each extractor of `sets` that gives verdicts adds a column.
    """
    parts = []
    for method, table in tables.items():
        part = table[[*KEY, *ERRORS, *BESIDE_TRUTH]].copy()
        for name in (*ERRORS, *BESIDE_TRUTH):
            part[name] *= -1 if MEASURES[name].better == "less" else 1
        part.insert(0, "method", method)
        for features in sets[method].features:
            if (verdicts := verdicts_of(features)) is not None:
                shares = pd.DataFrame(sets[method].pairs, columns=KEY)
                shares[f"{SHARE}, {features.extractor}"] = shares_of_score(verdicts)
                part = part.merge(shares, on=KEY)
        parts.append(part)
    whole = pd.concat(parts, ignore_index=True)
    return whole[whole.groupby(KEY)["method"].transform("count") == len(tables)].reset_index(drop=True)


def method_metrics(pictures: pd.DataFrame, sets: Mapping[str, PictureSet]) -> dict[str, Metric]:
    """Metrics that order whole methods, in the order of `pictures`: means over its pairs, and measures of sets."""
    methods = list(dict.fromkeys(pictures["method"]))
    by_pair = pictures.set_index(["method", *KEY])
    pairs = [(row.person, row.clothing) for row in pictures[pictures["method"] == methods[0]].itertuples()]
    weights = drawn_weights(tuple(person for person, _ in pairs), tuple(garment for _, garment in pairs), 0, DRAWS)
    found = {}
    for name in (*ERRORS, *BESIDE_TRUTH):
        columns = by_pair[name].unstack("method").loc[pairs, methods].to_numpy().T
        known = np.isfinite(columns).all(axis=0)  # by all methods
        if known.sum() >= FEWEST:
            some = weights[:, known]
            with np.errstate(invalid="ignore"):  # a draw may hold none of them
                shares = some / some.sum(axis=1, keepdims=True)
            found[name] = Metric(TOLD, columns[:, known].mean(axis=1), columns[:, known] @ shares.T, int(known.sum()))
    for number, features in enumerate(sets[methods[0]].features):
        made = [_rows(sets[method], number, pairs) for method in methods]
        for name, metric in _of_verdicts(made, weights).items():
            found[f"{name}, {features.extractor}"] = metric
        for beside in (PHOTOS, TRUTHS):
            if beside in sets:
                others = _rows(sets[beside], number, pairs, by_person=beside == PHOTOS)
                for name, metric in _of_distances(made, others, weights, beside).items():
                    found[f"{name} to {beside}, {features.extractor}"] = metric
    return found


class Rows(NamedTuple):
    """What an extractor says of the pictures of some pairs, in their order."""

    features: Matrix  # (n,D)
    verdicts: Matrix | None  # (n,C)


def _rows(one: PictureSet, extractor: int, pairs: Sequence[tuple[str, str]], by_person: bool = False) -> Rows:
    place = {pair.person if by_person else (pair.person, pair.clothing): row for row, pair in enumerate(one.pairs)}
    order = [place[person if by_person else (person, clothing)] for person, clothing in pairs]
    features = one.features[extractor]
    verdicts = verdicts_of(features)
    return Rows(features.values["features"][order], None if verdicts is None else verdicts[order])


def _of_verdicts(made: Sequence[Rows], weights: Matrix) -> dict[str, Metric]:
    """The Inception Score, all pictures in one group; nothing where the extractor gives no verdicts."""
    verdicts = [rows.verdicts for rows in made if rows.verdicts is not None]
    if len(verdicts) < len(made):
        return {}
    whole = np.ones((1, weights.shape[1]))
    values = np.array([inception_draws(each, whole)[0] for each in verdicts])
    drawn = np.array([inception_draws(each, weights) for each in verdicts])
    return {"Inception Score": Metric(UNTOLD, values, drawn, weights.shape[1])}


def _of_distances(made: Sequence[Rows], others: Rows, weights: Matrix, beside: str) -> dict[str, Metric]:
    """FID, without draws, and KID, turned so that more is better."""
    whole, told = np.ones((1, weights.shape[1])), TOLD if beside == TRUTHS else UNTOLD
    fid = np.array([-frechet_distance(rows.features, others.features).value for rows in made])
    kid = np.array([-kernel_draws(rows.features, others.features, whole)[0] for rows in made])
    drawn = np.array([-kernel_draws(rows.features, others.features, weights) for rows in made])
    return {"FID": Metric(told, fid, None, weights.shape[1]), "KID": Metric(told, kid, drawn, weights.shape[1])}


def of_methods(metrics: Mapping[str, Metric]) -> pd.DataFrame:
    """How alike each metric and each error order the methods, AGREEMENT; nothing for fewer than three methods.

    The interval is over draws of people and garments: whether these pairs are enough. Other methods are another matter.
    """
    rows = []
    for error in (name for name in ERRORS if name in metrics):
        true = metrics[error]
        for name, metric in metrics.items():
            if name == error or len(true.values) < FEWEST:
                continue
            rank = spearman(metric.values, true.values)
            mean = Mean(rank, np.nan, np.nan, len(true.values))
            if metric.draws is not None and true.draws is not None and metric.pairs >= DECIDING:
                mean = interval_of(rank, spearman_by_row(metric.draws.T, true.draws.T), len(true.values))
            rows.append((name, metric.told, error, "methods", *mean))
    return pd.DataFrame(rows, columns=AGREEMENT)


def with_people(metrics: Mapping[str, Metric], methods: Sequence[str], rates: pd.DataFrame) -> pd.DataFrame:
    """How each metric's order of the methods is like people's, AGREEMENT without intervals; the true errors too.

    methods: as the metrics' values have them.   rates: of viton_eval.people.   Methods that both have are asked, and
    nothing where they are fewer than three.
    """
    found = rates.set_index("method")["value"]
    both = [place for place, name in enumerate(methods) if name in found.index]
    if len(both) < FEWEST:
        return pd.DataFrame(columns=AGREEMENT)
    preferred = [float(found[methods[place]]) for place in both]
    rows = []
    for name, metric in metrics.items():
        rank = spearman(metric.values[both], preferred)
        rows.append((name, metric.told, PEOPLE, "methods", *Mean(rank, np.nan, np.nan, len(both))))
    return pd.DataFrame(rows, columns=AGREEMENT)


def within_pairs(pictures: pd.DataFrame) -> pd.DataFrame:
    """The mean over pairs of the correlation over methods, AGREEMENT; pairs where a side does not vary are left out."""
    rows = []
    for error, name in _asked(pictures):
        found = []
        for key, one in pictures.dropna(subset=[name, error]).groupby(KEY, sort=False):
            value = spearman(one[name], one[error]) if len(one) >= FEWEST else np.nan
            found += [(*key, value)] if np.isfinite(value) else []
        if found:
            people, garments, values = zip(*found, strict=True)
            mean = _decided(mean_interval(values, people, garments))
            rows.append((name, _told(name), error, "pictures of a pair", *mean))
    return pd.DataFrame(rows, columns=AGREEMENT)


def within_methods(pictures: pd.DataFrame) -> pd.DataFrame:
    """The correlation over pairs of each method's pictures, AGREEMENT; `scope` is the method."""
    rows = []
    for error, name in _asked(pictures):
        for method, one in pictures.dropna(subset=[name, error]).groupby("method", sort=False):
            if len(one) >= FEWEST:
                sides = one[name].tolist(), one[error].tolist()
                mean = spearman_interval(*sides, one["person"].tolist(), one["clothing"].tolist())
                rows.append((name, _told(name), error, method, *_decided(mean)))
    return pd.DataFrame(rows, columns=AGREEMENT)


def _decided(mean: Mean) -> Mean:
    """Without its interval where pairs are too few for one to decide anything."""
    return mean if mean.n >= DECIDING else mean._replace(low=np.nan, high=np.nan)


def _asked(pictures: pd.DataFrame) -> list[tuple[str, str]]:
    """Errors that are known, each with every metric but itself."""
    names = [name for name in pictures.columns if name not in ("method", *KEY) and pictures[name].notna().any()]
    return [(error, name) for error in ERRORS if error in names for name in names if name != error]


def _told(name: str) -> str:
    return UNTOLD if name.startswith(SHARE) else TOLD


def series_of(rows: pd.DataFrame) -> tuple[list[str], dict[str, Matrix]]:
    """Metrics, and (N,3) value, low, high by true error, NaN where a metric is that error, for a figure."""
    names, errors = list(dict.fromkeys(rows["metric"])), list(dict.fromkeys(rows["error"]))
    by = rows.set_index(["error", "metric"])[["value", "low", "high"]]
    series = {label_of(error): by.loc[error].reindex(names).to_numpy(np.float64) for error in errors}
    return [f"{label_of(name)} ({_short(rows, name)})" for name in names], series


def _short(rows: pd.DataFrame, metric: str) -> str:
    return "told the truth" if (rows.loc[rows["metric"] == metric, "told"] == TOLD).all() else "not told"


def verdict(of_methods: pd.DataFrame, of_pairs: pd.DataFrame) -> list[str]:
    """Which metrics agree with every true error, which contradict one, and which these pictures do not decide.

    The errors themselves are not asked: each could only agree with the other.  Of whole methods a correlation counts
    when its interval excludes zero *and* orders by chance rarely reach it; of pictures when the interval, of DECIDING
    pairs or more, excludes zero.
    """
    lines = []
    for what, rows, least in (
        ("whole methods", of_methods, _least(of_methods)),
        ("pictures of a pair", of_pairs, 0.0),
    ):
        groups: dict[str, list[str]] = {"agree": [], "contradict one of them": [], "not decided": []}
        rows = rows[~rows["metric"].isin(ERRORS)]
        for metric, told in rows.groupby("metric", sort=False):
            for_it = (told["low"] > 0) & (told["value"] >= least)
            against = (told["high"] < 0) & (told["value"] <= -least)
            kind = "agree" if for_it.all() else "contradict one of them" if against.any() else "not decided"
            groups[kind].append(label_of(str(metric)))
        asked = f"{what}, {rows['metric'].nunique()} metrics asked"
        lines += [f"{asked}, {kind}: {'; '.join(names) or 'none'}" for kind, names in groups.items()]
    return lines


def _least(of_methods: pd.DataFrame) -> float:
    """The least correlation that counts; infinite where any order of so few methods, or their number, says nothing."""
    methods = int(of_methods["n"].max()) if len(of_methods) else 0
    if methods > MOST_PERMUTED:
        return NORMAL_95 / np.sqrt(methods - 1)  # as of many: the standard deviation of chance is 1 / sqrt(m - 1)
    least = least_unlikely(methods) if methods >= FEWEST else None
    return np.inf if least is None else least - 1e-9


def label_of(metric: str) -> str:
    """What a table calls a metric: a column of scores by its label."""
    return MEASURES[metric].label if metric in MEASURES else metric


def readable(agreement: pd.DataFrame, scope: str = "") -> pd.DataFrame:
    """Correlations for the eye, a row a metric: a column an error or, of the error `scope`, a column a method."""
    shown = agreement[agreement["error"] == scope] if scope else agreement
    told = shown.apply(lambda row: _cell(Mean(row["value"], row["low"], row["high"], row["n"])), axis=1)
    column = shown["scope"] if scope else shown["error"].map(label_of)
    cells = shown.assign(cell=told, column=column, name=shown["metric"].map(label_of))
    index = {"name": "metric"} if scope else {"name": "metric", "told": "is told"}
    table = cells.pivot_table("cell", list(index), "column", aggfunc="first", sort=False).fillna("-")
    return table.rename_axis(index=list(index.values()), columns=None)


def _cell(mean: Mean) -> str:
    if not np.isfinite(mean.value):
        return f"nothing varies, n={mean.n}"
    interval = f"[{mean.low:+.2f}, {mean.high:+.2f}]" if np.isfinite(mean.low) else "no interval"
    return f"{mean.value:+.2f} {interval} n={mean.n}"
