"""The paper's Table 1 on this experiment: a method a row, in the paper's order, real photos last.

The columns are what the field reports (Inception Score, FID, KID), what people say once there are answers, and, since
the made-up world knows it, how far each method truly is from the right picture.
"""

from __future__ import annotations

from collections.abc import Hashable, Mapping

import numpy as np
import pandas as pd

from viton_eval.experiment import Experiment
from viton_eval.judge_features import JudgeExtractor
from viton_eval.measure_labels import MEASURES
from viton_eval.paper_table import in_papers_order
from viton_eval.people import NO_ANSWERS, RATES, People, cell_of
from viton_eval.picture_sets import PHOTOS, TRUTHS
from viton_eval.try_ons import rows_of

TRUE_ERRORS = ("judge_garment", "l1_garment", "ssim_inside")
TELLING = 1.5  # the Inception Score of real photos below which an extractor tells no kinds apart; 1 is the least
PUBLISHED = "torch-fidelity"  # whose protocol of the Inception Score stands in the table; the others are told apart


NOBODY = People(pd.DataFrame(columns=RATES), NO_ANSWERS)


def table_one(
    experiment: Experiment, sets: pd.DataFrame, compared: pd.DataFrame, people: People = NOBODY
) -> pd.DataFrame:
    """The table for the eye.

    sets: of set_table.   compared: of scores_table; empty where no truth is known.   people: of people_of.
    """
    rows = in_papers_order(list(experiment.config.methods))
    found = {name: _of_set(sets[sets["set"] == name]) for name in (*rows, PHOTOS)}
    table = pd.DataFrame.from_dict(found, orient="index")
    table["people"] = [*(cell_of(people, name) for name in rows), "-"]
    if len(compared):
        table = table.join(_to_the_truth(compared))
    table.insert(0, "failed", [failed_of(experiment, name) for name in rows] + [""])
    return table.fillna("-")


def _to_the_truth(compared: pd.DataFrame) -> pd.DataFrame:
    """The true errors, a row a method; an arrow says which way is better."""
    cells: dict[str, dict[str, str]] = {}
    for row in compared[compared["metric"].isin(TRUE_ERRORS)].to_dict("records"):
        label, better, digits = MEASURES[str(row["metric"])]
        name = f"truth: {label} {'↓' if better == 'less' else '↑'}"
        told = f"{row['mean']:.{digits}f} [{row['low']:.{digits}f}, {row['high']:.{digits}f}]"
        cells.setdefault(name, {})[str(row["method"])] = told
    return pd.DataFrame(cells)


def table_one_data(
    experiment: Experiment, sets: pd.DataFrame, compared: pd.DataFrame, people: People = NOBODY
) -> pd.DataFrame:
    """The same numbers for programs, a row a method and measure."""
    methods = in_papers_order(list(experiment.config.methods))
    shown = sets[sets["set"].isin([*methods, PHOTOS]) & (sets["beside"].isna() | (sets["beside"] == PHOTOS))]
    shown = shown.rename(columns={"set": "method"})
    if len(compared):
        true = compared[compared["metric"].isin(TRUE_ERRORS)]
        true = true.rename(columns={"metric": "measure", "mean": "value"}).assign(beside=TRUTHS)
        shown = pd.concat([shown, true], ignore_index=True)
    if len(people.rates):
        rates = people.rates[people.rates["method"].isin(methods)].assign(measure="people", note=people.told)
        shown = pd.concat([shown, rates], ignore_index=True)
    numbers = ["value", "low", "high", "deviation", "n"]
    return shown.reindex(columns=["method", "measure", "beside", "protocol", *numbers, "extractor", "sha256", "note"])


def failed_of(experiment: Experiment, method: str) -> str:
    """How many pairs a method made nothing of."""
    status = rows_of(experiment, method)["status"]
    return f"{(status != 'ok').sum()}/{len(status)}"


def _of_set(rows: pd.DataFrame) -> dict[str, str]:
    """Inception Score, FID and KID beside the photos, by each extractor."""
    told: dict[str, str] = {}
    for row in rows.to_dict("records"):
        by = "proxy" if row["extractor"] == JudgeExtractor.name else str(row["extractor"])
        name = str(row["measure"]).removeprefix("proxy_")
        if name == "inception_score_whole":
            told[f"Inception Score ({by}), one group ↑"] = _with_interval(row)
        elif name == "inception_score" and row["protocol"] == PUBLISHED:
            told[f"Inception Score ({by}), ten groups ↑"] = _plus_minus(row)
        elif name in ("fid", "kid") and row["beside"] == PHOTOS:
            told[f"{name.upper()} to photos ({by}) ↓"] = _with_interval(row)
    return told


def distances_table(sets: pd.DataFrame) -> pd.DataFrame:
    """FID and KID for the eye: a row a set, a column a measure and what it is measured from."""
    shown = sets[sets["beside"].notna()]
    cells: dict[str, dict[str, str]] = {}
    for row in shown.to_dict("records"):
        by = "proxy" if row["extractor"] == JudgeExtractor.name else str(row["extractor"])
        name = f"{str(row['measure']).removeprefix('proxy_').upper()} ({by}) from {row['beside']}"
        cells.setdefault(name, {})[str(row["set"])] = _with_interval(row)
    return pd.DataFrame(cells, index=in_papers_order(list(dict.fromkeys(shown["set"])))).fillna("-")


def _plus_minus(row: Mapping[Hashable, object]) -> str:
    value, deviation = float(str(row["value"])), float(str(row["deviation"]))
    return f"{value:.3f} ± {deviation:.3f}" if np.isfinite(value) else "-"


def _with_interval(row: Mapping[Hashable, object]) -> str:
    value, low, high = (float(str(row[name])) for name in ("value", "low", "high"))
    if not np.isfinite(value):
        return "-"
    return f"{value:.4g}" + (f" [{low:.3g}, {high:.3g}]" if np.isfinite(low) else "")


def why_absent(sets: pd.DataFrame) -> list[str]:
    """What could not be measured, and why; what is measured but doubtful."""
    told = sets[sets["note"].str.contains("absent|prefer")]
    return [f"{measure}: {note}" for (measure, note), _ in told.groupby(["measure", "note"], sort=False)]


def doubts(sets: pd.DataFrame) -> list[str]:
    """Which extractors take nearly all photos for one kind, so that their verdicts say nothing, a line each."""
    whole = sets[(sets["set"] == PHOTOS) & sets["measure"].str.endswith("inception_score_whole")]
    told = "takes nearly all photos for the same kind (Inception Score {:.2f}): its scores say nothing of the methods"
    scores = {str(row["extractor"]): float(row["value"]) for row in whole.to_dict("records")}
    return [f"{name} {told.format(value)}" for name, value in scores.items() if value < TELLING]


def protocol_of_sets(sets: pd.DataFrame) -> list[str]:
    """The lines that go with every number of a set."""
    made = sets[(sets["protocol"] == PUBLISHED) & sets["value"].notna()]
    lines = [f"Inception Score in {note} by {PUBLISHED}, mean ± deviation over them" for note in made["note"].unique()]
    lines += ["FID and KID from the photos of the pairs' people, each once; KID of all pictures, jackknife over people"]
    known = sets.drop_duplicates(["extractor", "sha256"])
    lines += [f"{row.extractor}: sha256 {str(row.sha256)[:12]}" for row in known.itertuples()]
    return [*lines, "every method with its first seed; pictures are PNGs"]
