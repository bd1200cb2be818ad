"""The tables of `viton-eval score`: a row a method and measure, and each method less another, pair by pair."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

import numpy as np
import pandas as pd

from viton_eval.folder_measures import Beside
from viton_eval.holm import holm, p_value
from viton_eval.interval import FEWEST, mean_interval
from viton_eval.score_folders import Asked, Passed
from viton_eval.set_measures import set_measures

ROW = ["method", "measure", "value", "low", "high", "n", "of", "mode", "size", "extractor", "sha256", "note"]
DIFFERENCE = ["measure", "method", "against", "n", "difference", "low", "high", "p", "p_holm", "note"]
NEEDS = {
    "lpips": "a backbone's weights (--lpips alex=FILE)",
    "judge": "a trained judge (--judge FOLDER)",
}
EXTRACTOR = "an extractor (--extractor inception-tf=FILE, judge=FOLDER, ...)"


class Tables(NamedTuple):
    """What is written."""

    rows: pd.DataFrame  # ROW
    differences: pd.DataFrame  # DIFFERENCE


def tables(asked: Asked, passed: Passed, against: str = "") -> Tables:
    """All measures of all methods, what could not be had with why; differences to a method, by default the first."""
    rows = [row for name in asked.results for row in _of_method(name, asked, passed)]
    return Tables(pd.DataFrame(rows, columns=ROW), differences(passed.pairs, against or next(iter(asked.results))))


def _of_method(name: str, asked: Asked, passed: Passed) -> list[dict[str, object]]:
    """The rows of one method."""
    told = {"method": name, "of": len(asked.pairs), "mode": passed.mode, "size": f"{passed.size[0]}x{passed.size[1]}"}
    table = passed.pairs[passed.pairs["method"] == name]
    failed = ", ".join(f"{count} {reason}" for reason, count in passed.failed[name].items())
    rows = []
    for measure in asked.how.names if len(table) else ():
        mean = mean_interval(table[measure].tolist(), table["person"].tolist(), table["clothing"].tolist())
        found = {"value": mean.value, "low": mean.low, "high": mean.high, "n": mean.n}
        rows.append(
            told | {"measure": measure, **found, **_by(measure, asked.how), "note": _note(measure, asked, failed)}
        )
    parts = zip(asked.uses, passed.sets[name], passed.sets[""], strict=True) if name in passed.sets else ()
    for use, made, true in parts:
        for one in set_measures(made, true, (passed.people[name], passed.people[""]), use):
            by = {"extractor": made.extractor, "sha256": made.sha256}
            shown = {"measure": one.metric, "value": one.value, "low": one.low, "high": one.high, "n": one.n}
            rows.append(told | shown | by | {"note": "; ".join(part for part in (one.note, failed) if part)})
    if not passed.made[name]:
        return [told | {"measure": "all", "n": 0, "note": f"absent: no pair succeeded ({failed})"}]
    return rows + [told | {"measure": what, "n": 0, "note": why} for what, why in _absent(asked, passed).items()]


def _absent(asked: Asked, passed: Passed) -> dict[str, str]:
    """Measures that nobody could have here, with why."""
    if passed.mode == "unpaired":
        found = {"ssim, psnr, l1, lpips, judge": "absent: the true picture of these pairs is not known"}
    else:
        lacking = [name for name, there in (("lpips", asked.how.lpips), ("judge", asked.how.judge)) if not there]
        found = {name: f"absent: needs {NEEDS[name]}" for name in lacking}
    protocol = asked.protocol
    distances, verdicts = (any(use.distances for use in asked.uses), any(use.verdicts for use in asked.uses))
    for name, there, theirs in (
        ("fid, kid", distances, protocol is None or protocol.distribution),
        ("inception_score", verdicts, protocol is None or protocol.inception_score),
    ):
        if not there:
            found[name] = f"absent: needs {EXTRACTOR}" if theirs else f"absent: {protocol and protocol.name} has none"
    return found


def _by(measure: str, how: Beside) -> dict[str, str]:
    """Which network a measure is made by."""
    if measure == "judge" and how.judge:
        return {"extractor": "judge", "sha256": how.judge.sha256}
    if measure.startswith("lpips") and how.lpips:
        return {"extractor": how.lpips.name, "sha256": how.lpips.sha256 or ""}
    return {"extractor": "", "sha256": ""}


def _note(measure: str, asked: Asked, failed: str) -> str:
    """What decided a measure, and how many pairs have none."""
    resize = asked.protocol.resize if asked.protocol else "averaged over area"
    parts = [f"true pictures {resize}"]
    parts += [f"SSIM {asked.how.ssim}"] if measure == "ssim" else []
    if measure.startswith("lpips") and asked.how.lpips_at and asked.how.lpips_at.size:
        parts.append("at {}x{}, {}".format(*asked.how.lpips_at.size, asked.how.lpips_at.resize))
    return "; ".join([*parts, *([failed] if failed else [])])


def differences(pairs: pd.DataFrame, against: str) -> pd.DataFrame:
    """Each method less another, over the pairs that both have, a row a measure and method.

    low, high: the 95% interval, people and garments drawn anew.   p_holm: p adjusted by Holm for all methods beside
    that one in a measure.   Fewer than FEWEST pairs decide nothing, and say so.
    """
    rows: list[dict[str, object]] = []
    others = [name for name in dict.fromkeys(pairs["method"]) if name != against]
    base = pairs[pairs["method"] == against]
    for measure in [column for column in pairs.columns if column not in ("method", "person", "clothing")]:
        told = [_difference(measure, name, pairs[pairs["method"] == name], base, against) for name in others]
        known = [row for row in told if not np.isnan(float(str(row["p"])))]
        for row, adjusted in zip(known, holm([float(str(row["p"])) for row in known]), strict=True):
            row["p_holm"] = adjusted
        rows += told
    return pd.DataFrame(rows, columns=DIFFERENCE)


def _difference(measure: str, name: str, table: pd.DataFrame, base: pd.DataFrame, against: str) -> dict[str, object]:
    both = table.merge(base, on=["person", "clothing"], suffixes=("", "_base"))
    apart = (both[measure] - both[f"{measure}_base"]).tolist()
    who = both["person"].tolist(), both["clothing"].tolist()
    row: dict[str, object] = {"measure": measure, "method": name, "against": against, "n": len(both)}
    if len(both) < FEWEST:
        nothing = dict.fromkeys(("difference", "low", "high", "p", "p_holm"), np.nan)
        return row | nothing | {"note": f"fewer than {FEWEST} pairs that both have"}
    mean = mean_interval(apart, *who)
    found: Mapping[str, object] = {"difference": mean.value, "low": mean.low, "high": mean.high}
    return row | dict(found) | {"p": p_value(apart, *who), "p_holm": np.nan, "note": ""}
