"""The tables of `viton-eval score`: a row a method and measure, and each method less another, pair by pair."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

import numpy as np
import pandas as pd

from viton_eval.folder_measures import Beside
from viton_eval.holm import holm, p_value
from viton_eval.interval import FEWEST, mean_interval
from viton_eval.matching import few
from viton_eval.matching import told as in_words
from viton_eval.metrics import PICTURES, family_of, meant_by
from viton_eval.score_folders import Asked, Passed
from viton_eval.set_measures import set_measures

ROW = ["method", "measure", "value", "low", "high", "n", "of", "mode", "beside", "size", "extractor", "sha256", "note"]
BESIDE = {"truth": "true try-ons", "paired": "photos", "unpaired": "photos"}  # what pictures and sets are measured from
DIFFERENCE = ["measure", "method", "against", "n", "difference", "low", "high", "p", "p_holm", "note"]
LEFT_OUT = "pictures of no pair left out"
NEEDS = {
    "lpips": "a backbone's weights (--lpips alex=FILE)",
    "judge": "a trained judge (--judge FOLDER)",
}
UNSEEN = {"truth": "a parsing and a map of the true try-on", "paired": "a parsing of the photo"}
REGIONS_BY = {"truth": "regions by the true map and parsing", "paired": "regions by the photo's parsing"}
EXTRACTOR = "an extractor (--extractor inception-tf=FILE, judge=FOLDER, ...)"


class Tables(NamedTuple):
    """What is written."""

    rows: pd.DataFrame  # ROW
    differences: pd.DataFrame  # DIFFERENCE


def tables(asked: Asked, passed: Passed, against: str = "") -> Tables:
    """All measures of all methods, what could not be had with why; differences to a method, by default the first."""
    rows = [row for name in asked.results for row in _of_method(name, asked, passed)]
    apart = differences(passed.pairs, against or next(iter(asked.results)), asked.seed)
    return Tables(pd.DataFrame(rows, columns=ROW), apart)


def _of_method(name: str, asked: Asked, passed: Passed) -> list[dict[str, object]]:
    """The rows of one method."""
    told = {"method": name, "of": len(asked.pairs), "mode": passed.mode, "size": f"{passed.size[0]}x{passed.size[1]}"}
    table = passed.pairs[passed.pairs["method"] == name]
    failed = _failed(name, passed)
    if not passed.made[name]:
        return [told | {"measure": "all", "n": 0, "note": f"absent: no pair succeeded ({failed})"}]
    absent = _absent(asked, passed)
    rows = [
        told | {"measure": measure, "beside": BESIDE[passed.mode]} | _mean(measure, table, asked, passed, failed)
        for measure in (asked.how.names if len(table) else ())
        if measure in table.columns
    ]
    parts = zip(asked.uses, passed.sets[name], passed.sets[""], strict=True) if name in passed.sets else ()
    for use, made, true in parts:
        for one in set_measures(made, true, (passed.people[name], passed.people[""]), use, asked.how.metrics):
            by = {"extractor": made.extractor, "sha256": made.sha256}
            shown = {"measure": one.metric, "value": one.value, "low": one.low, "high": one.high, "n": one.n}
            by |= {"beside": "" if one.metric.endswith("inception_score") else BESIDE[passed.mode]}
            rows.append(told | shown | by | {"note": "; ".join(part for part in (one.note, failed) if part)})
    return rows + [told | {"measure": what, "n": 0, "note": why} for what, why in absent.items()]


def _failed(name: str, passed: Passed) -> str:
    """How many pairs of a method have no picture, by reason, and how many pictures are of no pair; names the first."""
    lacking = {reason: [in_words(pair) for pair in pairs] for reason, pairs in passed.failed[name].items()}
    lacking |= {LEFT_OUT: passed.extra[name]} if passed.extra[name] else {}
    return ", ".join(f"{len(names)} {reason} ({few(names)})" for reason, names in lacking.items())


def _mean(measure: str, table: pd.DataFrame, asked: Asked, passed: Passed, failed: str) -> dict[str, object]:
    """A measure's mean over the pairs that have it, with its interval, and what decided it."""
    known = table.dropna(subset=[measure])
    by: dict[str, object] = {**_by(measure, asked.how), "note": _note(measure, asked, passed, failed)}
    if not len(known):
        return (
            {"n": 0}
            | by
            | {"note": f"absent: no pair shows this region, or of SSIM a whole window of it; {by['note']}"}
        )
    mean = mean_interval(known[measure].tolist(), known["person"].tolist(), known["clothing"].tolist(), asked.seed)
    return {"value": mean.value, "low": mean.low, "high": mean.high, "n": mean.n} | by


def _absent(asked: Asked, passed: Passed) -> dict[str, str]:
    """Measures that nobody could have here, with why."""
    found, families = dict[str, str](), asked.how.metrics.families()
    pictures = [name for name in PICTURES if name in families]
    if passed.mode == "unpaired":
        found |= {", ".join(pictures): "absent: the true picture of these pairs is not known"} if pictures else {}
    else:
        lacking = [name for name, there in (("lpips", asked.how.lpips), ("judge", asked.how.judge)) if not there]
        found |= {name: f"absent: needs {NEEDS[name]}" for name in lacking if name in families}
        if asked.how.in_regions and passed.unseen == len(asked.pairs):
            found[", ".join(asked.how.in_regions)] = f"absent: needs {UNSEEN[passed.mode]}, which no pair has"
        found |= {name: why for name, why in _not_by(asked).items() if found.keys().isdisjoint(_families(name))}
    protocol = asked.protocol
    distances, verdicts = (any(use.distances for use in asked.uses), any(use.verdicts for use in asked.uses))
    for names, there, theirs in (
        (("fid", "kid"), distances, protocol is None or protocol.distribution),
        (("inception_score",), verdicts, protocol is None or protocol.inception_score),
    ):
        name = ", ".join(name for name in names if name in families)
        if name and not there:
            found[name] = f"absent: needs {EXTRACTOR}" if theirs else f"absent: {protocol and protocol.name} has none"
    return found


def _not_by(asked: Asked) -> dict[str, str]:
    """Names asked for that the options lead to no measure of; by each the reason."""
    names, there = asked.how.metrics.names, {*asked.how.names}
    named = [name for name in names if _families(name) <= {*PICTURES} and there.isdisjoint(meant_by(name))]
    why = f"absent: {asked.protocol.name} has no regions" if asked.protocol else f"absent: needs {NEEDS['lpips']}"
    return dict.fromkeys(named, why)


def _families(name: str) -> set[str]:
    return {family_of(measure) for measure in meant_by(name)}


def _by(measure: str, how: Beside) -> dict[str, str]:
    """Which network a measure is made by."""
    family = family_of(measure)
    if family == "judge" and how.judge:
        return {"extractor": "judge", "sha256": how.judge.sha256}
    if family == "lpips" and how.lpips:
        return {"extractor": how.lpips.name, "sha256": how.lpips.sha256 or ""}
    return {"extractor": "", "sha256": ""}


def _note(measure: str, asked: Asked, passed: Passed, failed: str) -> str:
    """What decided a measure, and how many pairs have none."""
    how, family = asked.how, family_of(measure)
    parts = [f"true pictures {asked.protocol.resize if asked.protocol else 'averaged over area'}"]
    parts += [f"SSIM {how.ssim}"] if family == "ssim" else []
    if family == "lpips" and how.lpips_at and how.lpips_at.size:
        parts.append("at {}x{}, {}".format(*how.lpips_at.size, how.lpips_at.resize))
    if measure in how.in_regions:
        parts.append(REGIONS_BY[passed.mode])
        parts += ["windows wholly inside"] if family == "ssim" else []
        parts += [f"{passed.unseen} pairs without {UNSEEN[passed.mode]}"] if passed.unseen else []
    return "; ".join([*parts, *([failed] if failed else [])])


def differences(pairs: pd.DataFrame, against: str, seed: int = 0) -> pd.DataFrame:
    """Each method less another, over the pairs that both have and that have the measure, a row a measure and method.

    low, high: the 95% interval, people and garments drawn anew.   p_holm: p adjusted by Holm for all methods beside
    that one in a measure.   Fewer than FEWEST pairs decide nothing, and say so.
    """
    rows: list[dict[str, object]] = []
    others = [name for name in dict.fromkeys(pairs["method"]) if name != against]
    base = pairs[pairs["method"] == against]
    for measure in [column for column in pairs.columns if column not in ("method", "person", "clothing")]:
        told = [_difference(measure, name, pairs[pairs["method"] == name], base, against, seed) for name in others]
        known = [row for row in told if not np.isnan(float(str(row["p"])))]
        for row, adjusted in zip(known, holm([float(str(row["p"])) for row in known]), strict=True):
            row["p_holm"] = adjusted
        rows += told
    return pd.DataFrame(rows, columns=DIFFERENCE)


def _difference(
    measure: str, name: str, table: pd.DataFrame, base: pd.DataFrame, against: str, seed: int
) -> dict[str, object]:
    both = table.merge(base, on=["person", "clothing"], suffixes=("", "_base"))
    both = both.assign(apart=both[measure] - both[f"{measure}_base"]).dropna(subset=["apart"])
    apart, who = both["apart"].tolist(), (both["person"].tolist(), both["clothing"].tolist())
    row: dict[str, object] = {"measure": measure, "method": name, "against": against, "n": len(both)}
    if len(both) < FEWEST:
        nothing = dict.fromkeys(("difference", "low", "high", "p", "p_holm"), np.nan)
        return row | nothing | {"note": f"fewer than {FEWEST} pairs that both have"}
    mean = mean_interval(apart, *who, seed)
    found: Mapping[str, object] = {"difference": mean.value, "low": mean.low, "high": mean.high}
    return row | dict(found) | {"p": p_value(apart, *who, seed), "p_holm": np.nan, "note": ""}
