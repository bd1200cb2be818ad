"""What the paper's options change: parts of the representation (Fig. 7), trousers kept, collars taken off.

An option is a variant of the experiment.  It is compared pair by pair with the experiment's own settings ("full"), both
trained with their first seed.  H, W.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pandas as pd

from viton.data.sample import Pair
from viton.files import read_jsonl
from viton.images import Pixels, load_rgb, to_unit
from viton.option_figures import MASK, mask_against
from viton.parsing import CLOTHING
from viton_eval.experiment import Experiment
from viton_eval.interval import FEWEST, Mean, mean_interval
from viton_eval.judge import Judge
from viton_eval.measure_labels import MEASURES
from viton_eval.measures import SOLID, Mask, mask_iou
from viton_eval.results import results_of
from viton_eval.scores import KEY, PREDICTED_MASK, Scores, scores_kept
from viton_eval.scores_table import difference
from viton_eval.try_ons import run_of

FULL = "full"
ABLATED = {FULL: "", "without pose": "no-pose", "without body shape": "no-body-shape"}  # titles of variants
TROUSERS = {FULL: "", "trousers kept": "trousers"}
TAKEN_OFF = "collar off"
COLLAR = {FULL: "", TAKEN_OFF: "collar"}
ARM_IN_FRONT = ("front_low", "across_high", "across_low")  # arms that lie on the trunk; a raised one lies beside it
WIDTHS = ("chest", "waist", "hip")  # half-widths of a body, shares of the picture's height
THIRDS = ("narrowest third", "middle third", "widest third")


def available(experiment: Experiment, method: str, options: Mapping[str, str]) -> dict[str, str]:
    """Those options, variants by title, with which the method is tried on; none where there is nothing to compare.

    Nothing is where the method itself is not tried on, has none of the options, or no pair's truth is known.
    """
    found = {title: variant for title, variant in options.items() if _has(experiment, method, variant)}
    return found if FULL in found and len(found) > 1 and experiment.pairs_with_truth else {}


def absent(experiment: Experiment, method: str, options: Mapping[str, str]) -> str:
    """Why an option is not shown, a line each; "" when all are."""
    lines = [
        f"{title}: {experiment.config.name} does not try on {method}"
        + (f" with a variant {variant}" if variant else "")
        for title, variant in options.items()
        if not _has(experiment, method, variant)
    ]
    lines += [] if experiment.pairs_with_truth else ["This dataset does not know the truth: nothing can be compared."]
    return "\n".join(lines)


def _has(experiment: Experiment, method: str, variant: str) -> bool:
    variants = experiment.config.variants
    if not variant:
        return method in experiment.config.methods
    return variant in variants and method in variants[variant].methods


def folders_of(experiment: Experiment, method: str, options: Mapping[str, str]) -> dict[str, Path]:
    """The results of each option by its title; what is missing is trained and tried on."""
    return {title: results_of(method, *experiment.arguments, variant=variant) for title, variant in options.items()}


def picture_of(folder: Path, pair: Pair, suffix: str = ".png") -> Pixels | None:
    """One of the pictures of a pair in a folder of results, (H,W,3); None where it failed."""
    path = folder / f"{pair.name}{suffix}"
    return load_rgb(path) if path.is_file() else None


def scores_of(experiment: Experiment, folders: Mapping[str, Path], judge: Judge | None) -> dict[str, Scores]:
    """The scores of each option by its title; kept as runs/EXPERIMENT/scores/METHOD.VARIANT/SEED.csv."""
    run, found = run_of(experiment), dict[str, Scores]()
    for title, folder in folders.items():
        path = run.folder / "scores" / folder.parent.name / f"{folder.name}.csv"
        found[title] = scores_kept(path, folder, experiment.data, experiment.pairs, experiment.config.size, judge)
    return found


def tables_of(scores: Mapping[str, Scores]) -> dict[str, list[pd.DataFrame]]:
    """Tables of scores as `compare` takes them, without options none of whose pairs succeeded."""
    return {title: [each.table] for title, each in scores.items() if len(each.table)}


def steps_of(experiment: Experiment, method: str, options: Mapping[str, str]) -> pd.DataFrame:
    """Steps of training of each option's own stages, a row an option: a fair comparison has equal rows."""
    run = run_of(experiment)
    needed = {title: run.try_on(method, variant=variant).needs for title, variant in options.items()}
    steps = {
        title: {run.trainings[name].stage: run.trainings[name].steps for name in needs}
        for title, needs in needed.items()
    }
    return pd.DataFrame.from_dict(steps, orient="index").astype("Int64")


def people_of(experiment: Experiment) -> pd.DataFrame:
    """What a made-up world says of the people in the pairs, by id; empty for photographs.

    pose, left_arm, right_arm, lower; `arm_in_front`; `width`, the mean half-width of chest, waist and hip, a share of
    the picture's height.
    """
    path = experiment.data.root / experiment.data.split / "attributes.jsonl"
    wanted = {pair.person for pair in experiment.pairs}
    rows = [row for row in read_jsonl(path) if row.get("kind") == "person"] if path.is_file() else []
    columns = ["id", "pose", "left_arm", "right_arm", "lower", *WIDTHS]
    table = pd.DataFrame([row for row in rows if row["id"] in wanted], columns=columns).set_index("id")
    table["arm_in_front"] = table[["left_arm", "right_arm"]].isin(ARM_IN_FRONT).any(axis=1).astype(bool)
    table["width"] = table[list(WIDTHS)].astype(float).mean(axis=1)
    return table.drop(columns=list(WIDTHS))


def poses(people: pd.DataFrame, pairs: Sequence[Pair]) -> pd.DataFrame:
    """How many people and pairs there are of each pose and what the arms do, those with an arm in front first."""
    each = people.reset_index()[["id", "pose", "arm_in_front"]]
    each["arms"] = [" and ".join(sorted({str(row.left_arm), str(row.right_arm)})) for row in people.itertuples()]
    each["pairs"] = each["id"].map(pd.Series([pair.person for pair in pairs], dtype=object).value_counts()).fillna(0)
    grouped = each.groupby(["arm_in_front", "pose", "arms"]).agg(people=("id", "size"), pairs=("pairs", "sum"))
    table = grouped.astype(int).reset_index().sort_values(["arm_in_front", "pairs"], ascending=False, kind="stable")
    return table.replace({"arm_in_front": {True: "yes", False: "no"}}).set_index("arm_in_front")


def of_pairs(tables: Mapping[str, Sequence[pd.DataFrame]], pairs: Collection[Pair]) -> dict[str, list[pd.DataFrame]]:
    """The same tables with these pairs alone; an option of which none is left is left out."""
    wanted = {tuple(pair) for pair in pairs}
    found = {
        title: [table[[both in wanted for both in zip(*(table[key] for key in KEY), strict=True)]] for table in each]
        for title, each in tables.items()
    }
    return {title: each for title, each in found.items() if all(len(table) for table in each)}


def pairs_of(rows: pd.DataFrame) -> list[Pair]:
    """The pairs of a table's rows, in its order."""
    return [Pair(str(row.person), str(row.clothing)) for row in rows.itertuples()]


def pairs_known(tables: Mapping[str, Sequence[pd.DataFrame]], metric: str) -> list[Pair]:
    """The pairs of which every option knows a measure, in the first one's order; none without options."""
    known = [pairs_of(table.dropna(subset=[metric])) for each in tables.values() for table in each]
    return [pair for pair in known[0] if all(pair in others for others in known[1:])] if known else []


def pairs_with(pairs: Sequence[Pair], people: Sequence[str]) -> list[Pair]:
    """The first pair of each of these people, in their order, as far as possible each with another garment."""
    chosen: list[Pair] = []
    for person in people:
        of_person = [pair for pair in pairs if pair.person == person]
        worn = {pair.clothing for pair in chosen}
        chosen += sorted(of_person, key=lambda pair: pair.clothing in worn)[:1]
    return chosen


def garment_region(experiment: Experiment, pair: Pair) -> Mask:
    """Where the true parsing of a pair sees the garment, (H,W)."""
    return np.isin(experiment.true_parsing(pair), experiment.data.label_map.ids(CLOTHING["paper"]))


def predicted_region(folder: Path, pair: Pair) -> Mask | None:
    """Where a method expects the garment, (H,W); None where it failed, or predicts no mask."""
    mask = picture_of(folder, pair, PREDICTED_MASK)
    return None if mask is None else to_unit(mask[..., 0]) >= SOLID


def garment_sizes(experiment: Experiment, folders: Mapping[str, Path]) -> pd.DataFrame:
    """Areas of the true garment and of the predicted mask, shares of the picture, and the mask's error with its sign.

    A row a pair and option: option, person, clothing, true, predicted, error = predicted / true - 1.
    """
    rows = []
    for pair in experiment.pairs_with_truth:
        true = float(garment_region(experiment, pair).mean())
        for title, folder in folders.items():
            mask = predicted_region(folder, pair)
            if mask is not None and true > 0:
                rows.append((title, *pair, true, float(mask.mean()), float(mask.mean()) / true - 1))
    return pd.DataFrame(rows, columns=["option", *KEY, "true", "predicted", "error"])


def by_width(sizes: pd.DataFrame, width: pd.Series) -> pd.DataFrame:
    """Mean signed size errors with 95% intervals, an option a row, for thirds of the people by the width of their body.

    width: by person.   Negative is too small a garment.  A third without people has no column.
    """
    rank = width[width.index.isin(sizes["person"])].rank(method="first")
    number = (rank - 1) * len(THIRDS) // max(len(rank), 1)
    third = sizes["person"].map(number)
    options, columns = list(dict.fromkeys(sizes["option"])), {}
    for place, title in enumerate(THIRDS):
        parts = [sizes[(third == place) & (sizes["option"] == option)] for option in options]
        if any(len(part) for part in parts):
            columns[title] = [_signed(part) for part in parts]
    return pd.DataFrame(columns, index=options)


def _signed(sizes: pd.DataFrame) -> str:
    """A mean signed size error for the eye."""
    if sizes.empty:
        return "-"
    mean = mean_interval(sizes["error"].tolist(), sizes["person"].tolist(), sizes["clothing"].tolist())
    return f"{mean.value:+.1%} [{mean.low:+.1%}, {mean.high:+.1%}] n={mean.n}"


class Claim(NamedTuple):
    """Something that an option is said to do to a measure of some pairs."""

    said: str
    option: str
    pairs: Collection[Pair]
    metric: str
    expected: str  # "better" or "worse" than full


def findings(tables: Mapping[str, Sequence[pd.DataFrame]], claims: Sequence[Claim]) -> pd.DataFrame:
    """What was said, and what came out: option less full, pair by pair, with its 95% interval, a claim a row.

    Claims about options that are not there are left out.   Raises ValueError for a measure of which neither side is
    better.
    """
    rows = {}
    for claim in claims:
        if not {FULL, claim.option} <= tables.keys():
            continue
        part, measure = of_pairs(tables, claim.pairs), MEASURES[claim.metric]
        known = {FULL, claim.option} <= part.keys()
        apart = difference(part[claim.option][0], part[FULL][0], claim.metric) if known else None
        digits = measure.digits
        change = "-" if apart is None else f"{apart.value:+.{digits}f}"
        interval = "-" if apart is None else f"[{apart.low:+.{digits}f}, {apart.high:+.{digits}f}]"
        came = outcome(apart, measure.better, claim.expected)
        rows[claim.said] = (measure.label, change, interval, apart.n if apart else 0, came)
    return pd.DataFrame.from_dict(rows, orient="index", columns=["measure", "change", "95%", "pairs", "here"])


def outcome(apart: Mean | None, better: str, expected: str) -> str:
    """Whether a difference is as expected: "yes", "no, the other way", or "not decided" when the interval holds zero.

    Of fewer than FEWEST pairs nothing is said.   better: "less" or "more" of the measure.   expected: "better" or
    "worse".   Raises ValueError for other words.
    """
    if better not in ("less", "more") or expected not in ("better", "worse"):
        raise ValueError(f"outcome: expected less or more, better or worse, got {better!r}, {expected!r}")
    if apart is None:
        return "not known of any pair"
    if apart.n < FEWEST:
        return "too few pairs"
    if apart.low <= 0 <= apart.high:
        return "not decided"
    is_better = (apart.value < 0) == (better == "less")
    return "yes" if is_better == (expected == "better") else "no, the other way"


def ablation_row(
    experiment: Experiment, folders: Mapping[str, Path], pair: Pair, people: pd.DataFrame
) -> tuple[dict[str, Pixels], dict[str, str]]:
    """Pictures of a pair, by title, and captions: person, garment, what each option makes with its mask, and the truth.

    Below the person are pose and width (of `people_of`), below each mask the overlap with the true one.  What failed is
    absent; raises InputError without a truth.
    """
    sample, true = experiment.sample(pair), garment_region(experiment, pair)
    pictures, told = {"person": sample.person.image, "garment": sample.clothing.image}, dict[str, str]()
    if pair.person in people.index:
        row = people.loc[pair.person]
        told["person"] = f"{str(row['pose']).replace('_', ' ')}, {row['width']:.3f}"
    for title, folder in folders.items():
        made, mask = picture_of(folder, pair), predicted_region(folder, pair)
        if made is not None and mask is not None:
            pictures |= {title: made, title + MASK: mask_against(mask, true)}
            told[title + MASK] = f"IoU {mask_iou(mask.astype(np.uint8) * 255, true):.2f}"
    return pictures | {"truth": experiment.truth(pair).image, f"truth{MASK}": mask_against(true, true)}, told
