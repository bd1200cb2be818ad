"""What noise does to each method: differences to the same method without noise, pair by pair, with their intervals.

A table is that of `robustness.read_robustness`.  Intervals are 95%, people and garments drawn anew.
"""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from itertools import combinations

import numpy as np
import pandas as pd
from torch import Tensor

from viton.data.sample import Pair, Person
from viton.person import represent_people
from viton.robustness_figures import Line
from viton_eval.estimators import BOTH, KINDS, PARSING, POSE, seen_of, with_noise
from viton_eval.experiment import Experiment
from viton_eval.interval import FEWEST, Mean, mean_interval
from viton_eval.measure_labels import MEASURES
from viton_eval.results import robustness_of
from viton_eval.robustness import EXACT, MEASURED, pairs_tested, read_robustness
from viton_eval.scores import KEY
from viton_eval.scores_order import legend, order_of_methods
from viton_eval.scores_table import difference_cell, difference_text

TITLES = {POSE: "noise in pose", PARSING: "noise in parsing", BOTH: "noise in both"}
CURVE = ["method", "kind", "level", "both", "exact", "mean", "difference", "difference_low", "difference_high"]


def table_of(experiment: Experiment) -> pd.DataFrame | None:
    """The experiment's rows, made where they are missing; None where it asks for none, or no pair's truth is known."""
    folder = robustness_of(*experiment.arguments)
    table = read_robustness(folder) if folder else pd.DataFrame()
    return table if len(table) else None


def shown_measure(table: pd.DataFrame) -> str:
    """The measure that curves are of: the judge's distance in the garment, without a judge L1 there."""
    return "judge_garment" if table["judge_garment"].notna().any() else "l1_garment"


def apart(table: pd.DataFrame, method: str, kind: str, level: float, measure: str) -> pd.DataFrame:
    """Pairs that succeed with and without noise: person, clothing, exact, noisy, and noisy less exact as `apart`."""
    rows = table[table["method"] == method]
    exact = rows.loc[rows["kind"] == EXACT, [*KEY, measure]].rename(columns={measure: "exact"})
    noisy = rows[(rows["kind"] == (kind if level else EXACT)) & (rows["level"] == level)]
    both = exact.merge(noisy[[*KEY, measure]].rename(columns={measure: "noisy"}), on=KEY).dropna()
    return both.assign(apart=both["noisy"] - both["exact"])


def curves(table: pd.DataFrame, measure: str) -> pd.DataFrame:
    """A row a method, kind of noise and level, from 0 on: CURVE; none for a method that knows the measure of no pair.

    `both` pairs know the measure with and without noise; `exact` and `mean` are their means.
    """
    rows = []
    for method in table["method"].unique():
        for kind in KINDS:
            for level in levels_of(table):
                pairs = apart(table, method, kind, level, measure)
                if len(pairs):
                    found = _interval(pairs, pairs["apart"])
                    means = pairs["exact"].mean(), pairs["noisy"].mean()
                    rows.append((method, kind, level, len(pairs), *means, found.value, found.low, found.high))
    return pd.DataFrame(rows, columns=CURVE)


def levels_of(table: pd.DataFrame) -> list[float]:
    """All levels, 0 first."""
    return sorted(float(level) for level in table["level"].unique())


def lines(found: pd.DataFrame, value: str = "difference") -> dict[str, dict[str, Line]]:
    """Curves as `noise_curves` draws them, by title of the kind and method; of differences with their intervals."""
    panels: dict[str, dict[str, Line]] = {}
    for (kind, method), rows in found.groupby(["kind", "method"], sort=False):
        values = rows[value].to_numpy(float)
        low, high = (rows.get(f"{value}_{end}", rows[value] * np.nan).to_numpy(float) for end in ("low", "high"))
        panels.setdefault(TITLES[str(kind)], {})[str(method)] = Line(list(rows["level"]), values, low, high)
    return {TITLES[kind]: panels[TITLES[kind]] for kind in KINDS if TITLES[kind] in panels}


def readable(found: pd.DataFrame, measure: str) -> pd.DataFrame:
    """Curves for the eye: a row a method and kind, its mean without noise, then a difference a level."""
    digits, cells = MEASURES[measure].digits, {}
    for (method, kind), rows in found.groupby(["method", "kind"], sort=False):
        told = {"without noise": f"{rows['exact'].iloc[0]:.{digits}f}"}
        told |= {
            f"level {row['level']:g}": difference_cell(row, digits) for row in rows.to_dict("records") if row["level"]
        }
        cells[method, TITLES[str(kind)]] = told
    return pd.DataFrame.from_dict(cells, orient="index")


def by_measure(table: pd.DataFrame, kind: str, level: float) -> pd.DataFrame:
    """Differences in every measure under one condition for the eye: a row a method."""
    columns = {}
    for measure in MEASURED:
        label, better, digits = MEASURES[measure]
        found = curves(table, measure)
        rows = found[(found["kind"] == kind) & (found["level"] == level)].to_dict("records")
        if rows:
            columns[f"{label} ({better} is better)"] = {row["method"]: difference_cell(row, digits) for row in rows}
    return pd.DataFrame(columns, index=list(table["method"].unique())).fillna("-")


def suffers_most(table: pd.DataFrame, found: pd.DataFrame, measure: str) -> list[str]:
    """For each kind at the largest level, in a sentence: who is moved most from the truth, and whether by more.

    measure: one of which less is better.   Who is moved more than the next is said when the interval of the difference
    between both, over the pairs that both have, lies above zero, of FEWEST pairs or more.
    """
    told = []
    for kind in KINDS:
        rows = found[(found["kind"] == kind) & (found["level"] == max(levels_of(table)))]
        order = rows.sort_values("difference", ascending=False, kind="stable").to_dict("records")
        if order:
            told.append(f"{TITLES[kind]}, level {order[0]['level']:g}: {_most(table, order, kind, measure)}")
    return told


def _most(table: pd.DataFrame, order: Sequence[Mapping[Hashable, object]], kind: str, measure: str) -> str:
    first, digits = order[0], MEASURES[measure].digits
    if not _shown(first):
        return "no method is shown to come farther from the truth"
    said = f"{first['method']} loses most, {difference_cell(first, digits)}"
    if len(order) == 1:
        return said
    both = [apart(table, str(one["method"]), kind, float(str(one["level"])), measure) for one in order[:2]]
    pairs = both[0].merge(both[1], on=KEY, suffixes=("", "_next"))
    if pairs.empty:
        return f"{said}; it shares no pair with the next, {order[1]['method']}"
    more = _interval(pairs, pairs["apart"] - pairs["apart_next"])
    sure = more.low > 0 and more.n >= FEWEST
    than = "more than" if sure else "not shown to be more than"
    return f"{said}; {than} the next, {order[1]['method']}: {difference_text(more, digits)}"


def _shown(row: Mapping[Hashable, object]) -> bool:
    """Whether a loss is more than these pairs' chance."""
    return float(str(row["difference_low"])) > 0 and int(str(row["both"])) >= FEWEST


def order_of(table: pd.DataFrame, found: pd.DataFrame, measure: str) -> list[str]:
    """The methods from nearest to the truth to farthest, without noise and with most of it in both, and what changes.

    measure: one of which less is better.   Of two methods that change places the difference under noise is told.
    """
    most = max(levels_of(table))
    known = {str(name): apart(table, str(name), BOTH, most, measure) for name in found["method"].unique()}
    left_out = [name for name, pairs in known.items() if pairs.empty]
    left = {name: pairs for name, pairs in known.items() if len(pairs)}
    orders = {level: order_of_methods(left, at, "less") for level, at in ((0, "exact"), (most, "noisy"))}
    if (before := orders[0]) is None or (after := orders[most]) is None:
        return []
    told = [
        f"by the means of {before.n} pairs that all have{legend([before, after])}",
        *(f"level {level:g}, nearest first: {order}" for level, order in orders.items()),
        *(f"{name}: no pair under noise" for name in left_out),
    ]
    places = {name: place for place, name in enumerate(after.methods)}
    passed = [(one, other) for one, other in combinations(before.methods, 2) if places[one] > places[other]]
    return told + ([_passed(table, *pair, most, measure) for pair in passed] or ["no two methods change places"])


def _passed(table: pd.DataFrame, one: str, other: str, level: float, measure: str) -> str:
    """That a method which was nearer to the truth is farther under noise, by how much, and if these pairs show it."""
    both = [apart(table, name, BOTH, level, measure) for name in (one, other)]
    pairs, digits = both[0].merge(both[1], on=KEY, suffixes=("", "_other")), MEASURES[measure].digits
    behind = _interval(pairs, pairs["noisy"] - pairs["noisy_other"])
    shown = behind.low > 0 and behind.n >= FEWEST
    return f"{other} passes {one}, by {difference_text(behind, digits)}" + (
        "" if shown else ": not shown by these pairs"
    )


def unmoved(table: pd.DataFrame) -> list[str]:
    """Which methods come out the same to the last digit under every level of a kind of noise, a line a kind."""
    told = []
    for kind in KINDS:
        same = [str(name) for name, rows in table.groupby("method", sort=False) if _same(rows, kind)]
        told.append(f"{TITLES[kind]}: {', '.join(same) or 'no method'} unmoved, in every measure of every pair")
    return told


def _same(rows: pd.DataFrame, kind: str) -> bool:
    columns = ["status", *MEASURED]
    exact = rows[rows["kind"] == EXACT].set_index(KEY)[columns]
    levels = [part.set_index(KEY)[columns] for _, part in rows[rows["kind"] == kind].groupby("level")]
    return all(part.equals(exact) for part in levels)


def failures(table: pd.DataFrame) -> pd.DataFrame:
    """How many pairs failed: a row a method and reason, a column a condition; empty when none did."""
    bad = table[table["status"] != "ok"]
    condition = bad["kind"].map(lambda kind: TITLES.get(kind, "without noise")) + bad["level"].map(
        lambda level: f", level {level:g}" if level else ""
    )
    counts = pd.crosstab([bad["method"], bad["status"]], condition)
    wanted = [
        "without noise",
        *(f"{TITLES[kind]}, level {level:g}" for kind in KINDS for level in levels_of(table)[1:]),
    ]
    return counts.reindex(columns=wanted, fill_value=0) if len(bad) else pd.DataFrame()


def as_seen(experiment: Experiment, pair: Pair, levels: Sequence[float]) -> tuple[dict[str, Person], Tensor]:
    """The person of a pair under noise in both, by title, and their representations (B,C,H,W)."""
    person, seen = experiment.sample(pair).person, seen_of(experiment.data, pair.person)
    size, seed = experiment.config.size, experiment.config.seed
    people = {
        f"level {level:g}" if level else "without noise": with_noise(person, seen, size, BOTH, level, seed)
        for level in levels
    }
    shown = represent_people(list(people.values()), experiment.config.representation, experiment.data.label_map)
    return people, shown


def errors(experiment: Experiment, pairs: Sequence[Pair], levels: Sequence[float]) -> pd.DataFrame:
    """What noise comes to on the people of some pairs, a column a level: joints moved and missed, labels changed."""
    size, seed, rows = experiment.config.size, experiment.config.seed, []
    for pair in {pair.person: pair for pair in pairs}.values():
        person, seen = experiment.sample(pair).person, seen_of(experiment.data, pair.person)
        for level in levels:
            noisy, there = with_noise(person, seen, size, BOTH, level, seed), person.keypoints[:, 2] > 0
            left = there & (noisy.keypoints[:, 2] > 0)
            moved = np.linalg.norm((noisy.keypoints - person.keypoints)[left, :2], axis=1).mean() / size[0]
            changed = (noisy.parsing != person.parsing).mean()
            rows.append((level, 100 * moved, 100 * (1 - left.sum() / there.sum()), 100 * changed))
    names = ["level", "joints moved by, % of the height", "joints missed, %", "pixels with another label, %"]
    return pd.DataFrame(rows, columns=names).groupby("level").mean().T


def tested(experiment: Experiment) -> list[Pair]:
    """The pairs that are tried with noise; none where none is asked for."""
    asked = experiment.config.robustness
    return pairs_tested(experiment.data, experiment.pairs, asked) if asked else []


def _interval(pairs: pd.DataFrame, values: pd.Series) -> Mean:
    return mean_interval(values.tolist(), pairs["person"].tolist(), pairs["clothing"].tolist())
