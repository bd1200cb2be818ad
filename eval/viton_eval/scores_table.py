"""Methods beside each other: scores of many pairs and seeds in, means with intervals and differences out."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Mapping, Sequence

import numpy as np
import pandas as pd

from viton_eval.interval import Mean, decides, mean_interval
from viton_eval.measure_labels import MEASURES
from viton_eval.scores import COLUMNS, KEY

SHOWN = ("judge_garment", "judge_occluders", "judge_face_hair", "ssim_inside", "ssim", "psnr", "l1_garment", "gradient")
RESULT = [
    "method", "metric", "of", "n", "seeds", "mean", "low", "high", "seed_sd", "against", "both", "difference",
    "difference_low", "difference_high",
]  # fmt: skip


MORE_DIGITS = 3  # that a difference may have for its sake; a smaller one is written with its power of ten
BY_TRAINING = ["method", "metric", "training", "both", "difference", "difference_low", "difference_high"]


def over_seeds(tables: Sequence[pd.DataFrame]) -> pd.DataFrame:
    """The mean over seeds of each pair that every seed has: person, clothing, COLUMNS.

    What one seed does not have of a pair, no seed has.   Raises ValueError without tables.
    """
    if not tables:
        raise ValueError("over_seeds: expected at least one table of scores, got none")
    known = [table.set_index(KEY)[list(COLUMNS)].astype(float) for table in tables]
    common = known[0].index
    for table in known[1:]:
        common = common[common.isin(table.index)]
    values = np.mean([table.loc[common].to_numpy() for table in known], axis=0)  # NaN in one is NaN in the mean
    return pd.DataFrame(values, common, list(COLUMNS)).reset_index()


def seed_sd(tables: Sequence[pd.DataFrame], metric: str) -> float:
    """Standard deviation (ddof 1) over seeds of the mean over the pairs that all have; NaN for a single seed."""
    pairs = over_seeds(tables).dropna(subset=[metric])[KEY]
    means = [pairs.merge(table, on=KEY)[metric].mean() for table in tables]
    return float(np.std(means, ddof=1)) if len(means) > 1 else float("nan")


def difference(one: pd.DataFrame, other: pd.DataFrame, metric: str) -> Mean | None:
    """Mean of `one` less `other`, pair by pair, over the pairs in which both know the metric; None where none do."""
    both = one[[*KEY, metric]].merge(other[[*KEY, metric]], on=KEY, suffixes=("", "_other")).dropna()
    apart = (both[metric] - both[f"{metric}_other"]).rename("apart")
    return _mean(pd.concat([both[KEY], apart], axis=1), "apart")


def compare(
    tables: Mapping[str, Sequence[pd.DataFrame]],
    pairs: int,
    against: str = "viton",
    metrics: Sequence[str] = tuple(MEASURES),
) -> pd.DataFrame:
    """A row a method and metric (RESULT): mean over pairs, seeds averaged first, and the difference to one method.

    tables: scores of each method, one table a seed.   pairs: how many were tried, `of`; `n` succeeded in every seed
    and know the metric.   Intervals are 95%, people and garments drawn anew; differences are paired, over the `both`
    pairs that the method and `against` share.  A metric that a method knows of no pair has no row.
    """
    averaged = {method: over_seeds(each) for method, each in tables.items()}
    rows: list[tuple[object, ...]] = []
    for method, table in averaged.items():
        for metric in metrics:
            mean = _mean(table, metric)
            if mean is None:
                continue
            told = (len(tables[method]), mean.value, mean.low, mean.high, seed_sd(tables[method], metric))
            other = averaged.get(against) if method != against else None
            apart = difference(table, other, metric) if other is not None else None
            rows.append((method, metric, pairs, mean.n, *told, *_told(apart, against)))
    return pd.DataFrame(rows, columns=RESULT)


def by_training(
    tables: Mapping[str, Sequence[pd.DataFrame]], trainings: Mapping[str, pd.DataFrame], metrics: Sequence[str]
) -> pd.DataFrame:
    """Each method less one training of another at a time, pair by pair: a row a metric, method and training.

    tables: of the methods.   trainings: the other's table of each.   Another seed is another start and another order
    of the data: a conclusion that rests on neither is the same in every row.   Columns: BY_TRAINING.
    """
    averaged = {method: over_seeds(each) for method, each in tables.items()}
    rows = []
    for metric in metrics:
        for method, table in averaged.items():
            for training, one in trainings.items():
                apart = difference(table, one, metric)
                if apart is not None:
                    rows.append((method, metric, training, apart.n, apart.value, apart.low, apart.high))
    return pd.DataFrame(rows, columns=BY_TRAINING)


def readable(compared: pd.DataFrame, metrics: Sequence[str] = SHOWN) -> pd.DataFrame:
    """Means for the eye, a row a method: each with its interval and n and, with several seeds, their spread."""
    table = _cells(compared, metrics, _mean_cell)
    seeds = compared.groupby("method", sort=False)["seeds"].first()
    table.insert(0, "seeds", seeds)
    return table


def readable_differences(compared: pd.DataFrame, metrics: Sequence[str] = SHOWN) -> pd.DataFrame:
    """Differences for the eye, a row a method: each with its interval and n; `*` where the interval excludes zero."""
    return _cells(compared[compared["difference"].notna()], metrics, difference_cell)


def _cells(
    compared: pd.DataFrame, metrics: Sequence[str], cell: Callable[[Mapping[Hashable, object], int], str]
) -> pd.DataFrame:
    columns: dict[str, dict[str, str]] = {}
    for metric in metrics:
        label, better, digits = MEASURES[metric]
        rows = compared[compared["metric"] == metric].to_dict("records")
        if rows:
            title = label + (f" ({better} is better)" if better else "")
            columns[title] = {str(row["method"]): cell(row, digits) for row in rows}
    methods = list(dict.fromkeys(str(method) for method in compared["method"]))
    return pd.DataFrame(columns, index=methods).fillna("-")


def differences(compared: pd.DataFrame, metric: str) -> pd.DataFrame:
    """The rows of `compare` that tell the differences of one metric, in the order of the methods."""
    return compared[(compared["metric"] == metric) & compared["difference"].notna()]


def shown_difference(metric: str) -> str:
    """What a figure of differences calls its axis."""
    measure = MEASURES[metric]
    side = {"less": "right is worse", "more": "left is worse", "": "neither side is better"}[measure.better]
    return f"{measure.label}: difference to viton ({side})"


def told(tables: Sequence[pd.DataFrame], metrics: Sequence[str]) -> pd.DataFrame:
    """Measures of one method for the eye, a row each: mean over pairs, seeds averaged first, its interval, n, seeds."""
    averaged, rows = over_seeds(tables), {}
    for metric in metrics:
        mean, measure = _mean(averaged, metric), MEASURES[metric]
        if mean is not None:
            interval = _interval(mean.low, mean.high, f".{measure.digits}f", mean.n)
            spread = f"{sd:.{measure.digits}f}" if not np.isnan(sd := seed_sd(tables, metric)) else "one seed"
            rows[measure.label] = (f"{mean.value:.{measure.digits}f}", interval, mean.n, len(tables), spread)
    return pd.DataFrame.from_dict(rows, orient="index", columns=["mean", "95%", "pairs", "seeds", "sd over seeds"])


def in_reach(tables: Sequence[pd.DataFrame], metric: str, low: float = -np.inf, high: float = np.inf) -> str:
    """Whether a mean lies where it is asked to, in a sentence: "alpha on print: 0.83 [0.80, 0.86] (n = 40), ..."."""
    label, mean = MEASURES[metric].label, _mean(over_seeds(tables), metric)
    if mean is None:
        return f"{label}: not known of any pair"
    asked = " and ".join([f"above {low:g}"] * (low > -np.inf) + [f"below {high:g}"] * (high < np.inf))
    return f"{label}: {mean}, asked {asked}: {'reached' if low < mean.value < high else 'NOT reached'}"


def protocol(settings: Mapping[str, object], steps: Mapping[str, str], label: str = "") -> str:
    """The lines that go with every number of a comparison.

    settings: of scores.   steps: how each stage was trained.   label: such as "undertrained: 400 steps".
    """
    judge = str(settings.get("judge"))
    lines = [
        "MADE-UP people and garments; unpaired, each picture against the true one (protocol `truth`)",
        _world(settings.get("world")),
        f"{settings.get('of')} pairs at {_size(settings.get('size'))}, results as PNG; {_resized(settings)}",
        f"judge: sha256 {judge[:12]}" if judge != "none" else "judge: none trained, so its distances are absent",
        "SSIM: as in torchmetrics, RGB, Gaussian window 11, sigma 1.5, data range 1; inside: the window is all garment",
        "brackets: 95%, people and garments drawn anew (2000 draws), trainings not; *: excludes 0, of 8 pairs or more",
        f"steps of training: {'; '.join(f'{stage} {count}' for stage, count in steps.items()) or 'none'}",
        f"measured with {_versions(settings.get('versions'))}",
        *([label] if label else []),
    ]
    return "\n".join(lines)


def _world(world: object) -> str:
    if not isinstance(world, Mapping) or not world:
        return "world: without a world.json, so without a name"
    digest, labels = (str(world.get(name))[:12] for name in ("digest", "labels"))
    return f"world: generator version {world.get('generator_version')}, digest {digest}, labels {labels}"


def _size(size: object) -> str:
    return f"{size[0]}x{size[1]}" if isinstance(size, list) and len(size) == 2 else "unknown size"


def _resized(settings: Mapping[str, object]) -> str:
    """How photos, products and truths came to the working size."""
    drawn, size = settings.get("drawn_at"), settings.get("size")
    if drawn == size:
        return "nothing resized"
    shrunk = isinstance(drawn, list) and isinstance(size, list) and drawn[:1] > size[:1]
    how = "averaged over area" if shrunk else "enlarged bilinearly"
    return f"photos, products and truths drawn at {_size(drawn)} and {how}, for all methods alike"


def _versions(versions: object) -> str:
    return ", ".join(f"{name} {each}" for name, each in versions.items()) if isinstance(versions, Mapping) else "?"


def _mean(table: pd.DataFrame, metric: str) -> Mean | None:
    known = table.dropna(subset=[metric])
    if known.empty:
        return None
    return mean_interval(known[metric].tolist(), known["person"].tolist(), known["clothing"].tolist())


def _told(apart: Mean | None, against: str) -> tuple[object, ...]:
    """against, both, difference and its interval."""
    if apart is None:
        return (None, 0, float("nan"), float("nan"), float("nan"))
    return (against, apart.n, apart.value, apart.low, apart.high)


def _mean_cell(row: Mapping[Hashable, object], digits: int) -> str:
    mean, low, high, spread = (float(str(row[name])) for name in ("mean", "low", "high", "seed_sd"))
    seeds = "" if np.isnan(spread) else f", seeds sd {spread:.{digits}f}"
    return f"{mean:.{digits}f} {_interval(low, high, f'.{digits}f', row['n'])} n={row['n']}{seeds}"


def _interval(low: float, high: float, form: str, pairs: object) -> str:
    """An interval for the eye; of one pair there is none, though the bootstrap gives the value itself."""
    return f"[{low:{form}}, {high:{form}}]" if int(str(pairs)) > 1 else "[one pair]"


def difference_cell(row: Mapping[Hashable, object], digits: int) -> str:
    """`difference_text` of a row of `compare`."""
    apart, low, high = (float(str(row[name])) for name in ("difference", "difference_low", "difference_high"))
    return difference_text(Mean(apart, low, high, int(str(row["both"]))), digits)


def difference_text(found: Mean, digits: int) -> str:
    """A difference with its interval and n for the eye; `*`: of FEWEST pairs or more, the interval without zero.

    A marked one has as many more digits as it takes that none of its three numbers is written as zero.
    """
    marked = decides(found)
    form = _form_that_shows(found[:3], digits) if marked else f"+.{digits}f"
    return f"{found.value:{form}} {_interval(found.low, found.high, form, found.n)}{'*' * marked} n={found.n}"


def _form_that_shows(values: Sequence[float], digits: int) -> str:
    """The format of fewest decimals, `digits` or more, by which no value that is not zero is written as zero."""
    for more in range(MORE_DIGITS + 1):
        form = f"+.{digits + more}f"
        if all(float(f"{value:{form}}") or not value for value in values):
            return form
    return "+.1e"
