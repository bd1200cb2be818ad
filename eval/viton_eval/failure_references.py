"""How far the rules of failure can be trusted: against the made-up world's attributes and truth, pair by pair. H, W.

A reference says whether a pair truly has what a rule looks for. The rules never see it.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd

from viton.data.dataset import Dataset
from viton.data.sample import Pair
from viton.files import read_jsonl
from viton_eval.experiment import Experiment
from viton_eval.failure_facts import Facts
from viton_eval.failure_rules import NOTICED, colour_change
from viton_eval.interval import FEWEST, mean_interval
from viton_eval.measures import gradient_map, l1_map, mean_in
from viton_eval.options import ARM_IN_FRONT
from viton_eval.scores import KEY, Known
from viton_eval.truth import end_point_error_px
from viton_eval.try_ons import known

Row = Mapping[str, object]
NAN = float("nan")
RARE = ("arms_crossed", "arm_raised")  # each less than a tenth of the people
SLEEVES = {"none": "none", "cap": "none", "short": "short", "half": "short", "long": "long"}
NECKS = {"crew": "shallow", "wide": "shallow", "scoop": "deep", "v": "deep", "collar": "deep"}  # others are their own
FAR = 1 / 12  # of the height: a warp that takes a pixel from further off than that is wrong
WRONG_NECK, KEPT_DETAIL, WRONG_FACE = 1 / 3, 2 / 3, 0.04
DEFINED = {
    "rare pose": "attributes: arms are crossed or one is raised",
    "sleeve mismatch": "attributes: worn and target sleeve differ (none or cap, short or half, long)",
    "hem mismatch": "attributes: worn and target length differ (short, regular, long)",
    "neckline mismatch": "attributes: worn and target neckline differ (high, shallow, deep, strap)",
    "warp failure": "true map: median end-point error above a twelfth of the height",
    "neck artefact": f"true picture: more than a third of its neck is off by more than {NOTICED:g} (CIE76)",
    "occlusion": "attributes: an arm in front of the trunk, or hair",
    "lost texture": "true picture: less than two thirds of its gradient energy where it shows the print",
    "changed identity": f"true picture: mean difference on its face and hair above {WRONG_FACE:g}",
}

WEAK = 0.7  # `ranked` below which a rule is no better than a weak hint
WHY_WEAK = {  # how each rule may go wrong, by what it looks at; of the others no weakness of their making is known
    "rare pose": "it asks how far the nearest training pose is, and a rare pose may have a near one all the same",
    "hem mismatch": "where a worn garment ends is decided by whether it is tucked in too, not by its length alone",
    "warp failure": "the warp is fitted to an outline, which a map may meet that takes pixels from wrong places",
    "neck artefact": "it compares with the photo, whose throat another neckline may rightly change",
    "lost texture": "it compares amounts of detail, of which folds, arms and ragged edges have some too",
}


def attributes_of(data: Dataset) -> dict[tuple[str, str], Row]:
    """Rows of a made-up world's attributes by ("person" or "garment", id); none of photographs."""
    path = data.root / data.split / "attributes.jsonl"
    return {(str(row.get("kind")), str(row.get("id"))): row for row in read_jsonl(path)} if path.is_file() else {}


def by_attributes(person: Row, worn: Row, target: Row) -> dict[str, float]:
    """What attributes say, 1 or 0 a rule.   person: who it is.   worn, target: garments."""
    arms = person["left_arm"] in ARM_IN_FRONT or person["right_arm"] in ARM_IN_FRONT
    sleeves, necks = ([str(row[key]) for row in (worn, target)] for key in ("sleeve", "neckline"))
    return {
        "rare pose": float(person["pose"] in RARE),
        "sleeve mismatch": float(len({SLEEVES[name] for name in sleeves}) > 1),
        "hem mismatch": float(worn["length"] != target["length"]),
        "neckline mismatch": float(len({NECKS.get(name, name) for name in necks}) > 1),
        "occlusion": float(arms or True in list(person["hair_in_front"])),  # type: ignore[call-overload]
    }


def by_truth(facts: Facts, of: Known) -> dict[str, float]:
    """What the true picture and map say, 1 or 0 a rule, NaN where they show nothing of it."""
    true, regions = of.truth.image, of.regions
    wrong = (colour_change(facts.made, true) > NOTICED).astype(np.float64)
    had = mean_in(gradient_map(true), regions.print)
    error = NAN
    if facts.warp is not None:
        error = end_point_error_px(facts.warp.source_px, regions.garment, of.truth)
    return {
        "warp failure": _above(error, FAR * true.shape[0]),
        "neck artefact": _above(mean_in(wrong, regions.neck), WRONG_NECK),
        "lost texture": _above(1 - mean_in(gradient_map(facts.made), regions.print) / had, 1 - KEPT_DETAIL),
        "changed identity": _above(mean_in(l1_map(facts.made, true), regions.face_hair), WRONG_FACE),
    }


def _above(value: float, limit: float) -> float:
    return float(value > limit) if np.isfinite(value) else NAN


def references(experiment: Experiment, facts: Mapping[Pair, Facts]) -> pd.DataFrame:
    """A row a pair and rule: person, clothing, rule, `true`; empty of data whose truth and attributes nobody knows."""
    rows, said = [], attributes_of(experiment.data)
    for pair, each in facts.items():
        named = [
            said.get(key) for key in (("person", pair.person), ("garment", pair.person), ("garment", pair.clothing))
        ]
        found: dict[str, float] = {}
        if None not in named:
            found |= by_attributes(*named)  # type: ignore[arg-type]
        if experiment.data.has_truth(pair):
            found |= by_truth(each, known(experiment, pair))
        rows += [(*pair, rule, true) for rule, true in found.items()]
    return pd.DataFrame(rows, columns=[*KEY, "rule", "true"])


def agreement(told: pd.DataFrame, true: pd.DataFrame) -> pd.DataFrame:
    """A row a rule: n of pairs of which both are known, how many are true and fire, precision, recall, `ranked`.

    told: of `failure_rules.severities`.   true: of `references`.   Intervals are 95%, people and garments drawn anew.
    `ranked` is the chance that a pair that has it is more severe than one that has not: 0.5 is a coin.
    """
    both = told.merge(true, on=[*KEY, "rule"]).dropna(subset=["severity", "true"])
    rows = {}
    for rule in dict.fromkeys(told["rule"]):
        part = both[(both["rule"] == rule) & both["fires"].notna()]
        right, fires = part["true"] == 1, part["fires"].astype(bool)
        if len(part):
            shares = _share(part[fires], right[fires]), _share(part[right], fires[right])
            rows[rule] = (len(part), int(right.sum()), int(fires.sum()), *shares, ranked(part["severity"], right))
    return pd.DataFrame.from_dict(rows, orient="index", columns=["n", "true", "fire", "precision", "recall", "ranked"])


def weak_rules(trusted: pd.DataFrame, told: pd.DataFrame) -> list[str]:
    """The rules that these pairs show to be no better than a weak hint, a line each, with what may make them so.

    trusted: of `agreement`.   told: of `failure_rules.severities`.   A rule whose `ranked` is not known is not weak.
    """
    weak = {str(rule): float(rank) for rule, rank in trusted["ranked"].items() if rank < WEAK}
    lines = [f"{name} (ranked {rank:.2f}): {_why_weak(name, told)}" for name, rank in weak.items()]
    return [f"no better than a weak hint (ranked below {WEAK:g}): {', '.join(weak) or 'none'}", *lines]


def _why_weak(rule: str, told: pd.DataFrame) -> str:
    why = WHY_WEAK.get(rule, "no reason is known")
    known = told.loc[told["rule"] == rule, "severity"].dropna()
    if rule != "lost texture" or known.empty:
        return why
    return f"{why}: {(known < 0).sum()} of {len(known)} results have more of it than their product"


def ranked(severity: pd.Series, right: pd.Series) -> float:
    """The area under the ROC curve, in [0,1]; NaN where all pairs are alike."""
    one, other = severity[right].to_numpy(), severity[~right].to_numpy()
    if not len(one) or not len(other):
        return NAN
    more, same = (one[:, None] > other).mean(), (one[:, None] == other).mean()
    return float(more + same / 2)


def _share(pairs: pd.DataFrame, hits: pd.Series) -> str:
    """A share of pairs with its interval, of too few for one with their number, "-" of none."""
    if not len(pairs):
        return "-"
    mean = mean_interval(hits.astype(float).tolist(), pairs["person"].tolist(), pairs["clothing"].tolist())
    return f"{mean.value:.2f} " + (f"[{mean.low:.2f}, {mean.high:.2f}]" if mean.n >= FEWEST else f"of {mean.n}")
