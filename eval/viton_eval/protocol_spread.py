"""How far a number moves by protocol alone: the same pictures measured as several projects measure theirs."""

from __future__ import annotations

import io
from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from PIL import Image

from viton.data.sample import Pair
from viton.images import Pixels, encode
from viton_eval.experiment import Experiment, mean_over_pairs
from viton_eval.features import FeatureExtractor, extract
from viton_eval.folder_measures import Beside
from viton_eval.inception_score import inception_score
from viton_eval.interval import Mean
from viton_eval.measure_labels import MEASURES
from viton_eval.measures import psnr, ssim
from viton_eval.picture_sets import PictureSet
from viton_eval.protocols import PROTOCOLS
from viton_eval.score_folders import Asked, pass_over
from viton_eval.scores_order import Order, legend, order_of_methods
from viton_eval.set_measures import distances
from viton_eval.set_table import named
from viton_eval.try_ons import done_pairs, result_of
from viton_eval.verdicts import verdicts_of

Matrix = NDArray[np.float64]
OURS = "ours"
MEASURED = ("ssim", "psnr", "l1")
SPREAD = ["protocol", "method", "measure", "value", "low", "high", "n"]
MOST = 48  # pairs: one protocol enlarges each picture to 512x384
GROUPS = (1, 2, 5, 10, 20)  # that pictures are divided into for an Inception Score
QUALITIES = (95, 75)  # of JPEG: what is usual to keep, and what libraries write unless told otherwise


def by_pair(experiment: Experiment, methods: Sequence[str]) -> dict[str, pd.DataFrame]:
    """By our protocol and by each of PROTOCOLS, a row a method and pair: method, KEY, MEASURED, and what else is had.

    Of the first MOST pairs with a known truth.   What needs weights that are not there is not in it.
    """
    pairs, found = experiment.pairs_with_truth[:MOST], {}
    folders = {method: experiment.results_folder(method) for method in methods}
    for name, protocol in {OURS: None, **PROTOCOLS}.items():
        how = Beside(ssim=protocol.ssim if protocol else Beside().ssim, regions=False)
        found[name] = pass_over(Asked(folders, experiment.data, pairs, how, protocol=protocol)).pairs
    return found


def spread(pairs: Mapping[str, pd.DataFrame], measures: Sequence[str] = MEASURED) -> pd.DataFrame:
    """Means of each method by each protocol, SPREAD.   pairs: of `by_pair`."""
    rows = []
    for name, found in pairs.items():
        for method, table in found.groupby("method", sort=False):
            rows += [(name, method, measure, *mean_over_pairs(table, measure)) for measure in measures]
    return pd.DataFrame(rows, columns=SPREAD)


def readable(rows: pd.DataFrame, measure: str, digits: int = 3) -> pd.DataFrame:
    """One measure for the eye, a row a method and a column a protocol; `moves` is most less least."""
    shown = rows[rows["measure"] == measure]
    values = shown.pivot_table("value", "method", "protocol", sort=False)
    told = shown.assign(cell=[_cell(row, digits) for row in shown.itertuples()])
    table = told.pivot_table("cell", "method", "protocol", aggfunc="first", sort=False)
    return table.assign(moves=(values.max(axis=1) - values.min(axis=1)).map(f"{{:.{digits}f}}".format))


def _cell(row: object, digits: int) -> str:
    mean = Mean(*(getattr(row, name) for name in ("value", "low", "high", "n")))
    return f"{mean.value:.{digits}f} [{mean.low:.{digits}f}, {mean.high:.{digits}f}]"


def orders(pairs: Mapping[str, pd.DataFrame], measure: str) -> dict[str, Order]:
    """The methods from best to worst by each protocol, over the pairs that all have.   pairs: of `by_pair`."""
    found, better = dict[str, Order | None](), MEASURES[measure].better
    for name, table in pairs.items():
        of_methods = {str(method): part for method, part in table.groupby("method", sort=False)}
        found[name] = order_of_methods(of_methods, measure, better)
    return {name: order for name, order in found.items() if order is not None}


def series_of(rows: pd.DataFrame, measure: str) -> tuple[list[str], dict[str, Matrix]]:
    """Methods, and the values of each protocol in their order, for a figure."""
    values = rows[rows["measure"] == measure].pivot_table("value", "method", "protocol", sort=False)
    return [str(name) for name in values.index], {str(name): values[name].to_numpy() for name in values.columns}


def findings(pairs: Mapping[str, pd.DataFrame], measure: str) -> list[str]:
    """How a protocol's say compares with a method's, in sentences, and the orders.   pairs: of `by_pair`."""
    rows = spread(pairs, [measure])
    values = rows[rows["measure"] == measure].pivot_table("value", "method", "protocol", sort=False)
    label = MEASURES[measure].label
    by_protocol, by_method = values.max(axis=1) - values.min(axis=1), values.max() - values.min()
    found = [
        f"{label} of the same pictures moves by {by_protocol.min():.3f} to {by_protocol.max():.3f} with the protocol;",
        f"best and worst method lie {by_method.min():.3f} to {by_method.max():.3f} apart, by one protocol.",
    ]
    by_order: dict[Order, list[str]] = {}
    for protocol, order in orders(pairs, measure).items():
        by_order.setdefault(order, []).append(protocol)
    if by_order:
        found.append(f"Best first, by the means of the pairs that all have{legend(list(by_order))}:")
    return found + [f"{order}: {', '.join(protocols)}" for order, protocols in by_order.items()]


def settings() -> pd.DataFrame:
    """What decides each protocol's numbers, a row a protocol."""
    rows = {
        OURS: ("this project", "as the results are", "box", Beside().ssim, "as the pictures", "as asked", "as asked")
    }
    for name, one in PROTOCOLS.items():
        size = "{}x{}".format(*one.size) if one.size else "as the results are"
        at = "{}x{}".format(*one.lpips.size) if one.lpips.size else "as the pictures"
        score, sets = one.inception_score, one.distribution
        told = f"{score.protocol}, {score.splits} groups, {score.extractor}" if score else "none"
        distances = f"{sets.extractor}, {sets.resize}, KID x {sets.kernel_factor:g}" if sets else "none"
        rows[name] = (one.source, size, one.resize, one.ssim, f"{one.lpips.backbone}, {at}", told, distances)
    columns = ["source", "size", "true pictures resized by", "SSIM", "LPIPS", "Inception Score", "FID, KID"]
    return pd.DataFrame.from_dict(rows, orient="index", columns=columns)


def curves_of(groups: pd.DataFrame) -> dict[str, tuple[list[float], list[float]]]:
    """Rows of `by_groups` as curves, without what is NaN."""
    known = {str(name): row.dropna() for name, row in groups.iterrows()}
    return {name: ([float(number) for number in row.index], row.tolist()) for name, row in known.items()}


def by_groups(sets: Mapping[str, PictureSet], extractor: int) -> pd.DataFrame:
    """The Inception Score of each set, a row, divided into so many groups in the order given, a column; NaN for more
    groups than pictures."""
    found = {}
    for name, one in sets.items():
        verdicts = verdicts_of(one.features[extractor])
        if verdicts is not None:
            found[name] = {
                groups: inception_score(verdicts, "contiguous", groups).mean if groups <= len(verdicts) else np.nan
                for groups in GROUPS
            }
    return pd.DataFrame.from_dict(found, orient="index")


def by_file_format(experiment: Experiment, method: str, extractors: Sequence[FeatureExtractor]) -> pd.DataFrame:
    """What a method's pictures score when they are kept as PNG and as JPEG, a row a format.

    SSIM and PSNR are beside the true pictures; FID is between the two sets: from the pictures as PNG.
    """
    pairs = [pair for pair in done_pairs(experiment, method) if experiment.data.has_truth(pair)][:MOST]
    made = {pair: picture for pair in pairs if (picture := result_of(experiment, method, pair)) is not None}
    kept = {"PNG": None} | {f"JPEG, quality {quality}": quality for quality in QUALITIES}
    plain = extract(_named(made), extractors)
    rows = {}
    for name, quality in kept.items():
        pictures = {pair: as_jpeg(picture, quality) if quality else picture for pair, picture in made.items()}
        truths = [experiment.truth(pair).image for pair in pictures]
        beside = list(zip(pictures.values(), truths, strict=True))
        rows[name] = {
            "n": len(pictures),
            "SSIM": float(np.mean([ssim(*each) for each in beside])),
            "PSNR (dB)": float(np.mean([psnr(*each) for each in beside])),
        }
        people = [pair.person for pair in pictures]
        for one, other in zip(extract(_named(pictures), extractors), plain, strict=True):
            found = distances(one, other, (people, people))[0]
            rows[name][named("FID from the PNGs", one)] = found.value
    return pd.DataFrame.from_dict(rows, orient="index")


def as_jpeg(pixels: Pixels, quality: int) -> Pixels:
    """A picture (H,W,3) as it comes back from a JPEG file."""
    with Image.open(io.BytesIO(encode(pixels, ".jpg", quality))) as picture:
        return np.array(picture)


def _named(pictures: Mapping[Pair, Pixels]) -> list[tuple[str, Pixels]]:
    return [(pair.name, picture) for pair, picture in pictures.items()]
