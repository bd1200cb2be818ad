"""Failure cases of one method (paper, Fig. 8): which rules fire how often, and worst, median and best pairs of each.

Pairs are chosen by severity alone, never by hand. H, W.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import pandas as pd

from viton.data.sample import Pair
from viton.failure_figures import Case, two_poses
from viton.images import Pixels, load_rgb
from viton.keypoints import Keypoints
from viton.option_figures import painted
from viton.parsing import CLOTHING, FACE_AND_HAIR
from viton_eval.experiment import Experiment
from viton_eval.failure_facts import UPPER, Facts, Usual, pose_distances, pose_of
from viton_eval.failure_rules import NOTICED, Rule, colour_change, free_neck, occluders
from viton_eval.garment_shapes import NECK, torso
from viton_eval.measures import l1_map
from viton_eval.options import pairs_of
from viton_eval.pair_links import links_of
from viton_eval.regions import printed

SHOWN = 2  # pairs each of worst, median and best
SEEN = 0.1  # of [0,1]: a change of face or hair that is painted


def of_rule(told: pd.DataFrame, rule: Rule) -> pd.DataFrame:
    """The pairs of which a rule says something, the most severe first; equal ones by name."""
    known = told[(told["rule"] == rule.name) & told["severity"].notna()]
    return known.sort_values(["severity", "person", "clothing"], ascending=[False, True, True], ignore_index=True)


def chosen(told: pd.DataFrame, rule: Rule, number: int = SHOWN) -> dict[str, pd.DataFrame]:
    """The worst, median and best pairs by a rule's severity, `number` of each; of few pairs none is shown twice."""
    order = of_rule(told, rule)
    number = max(1, min(number, len(order) // 3))
    middle = (len(order) - number) // 2
    parts = {"worst": order[:number], "median": order[middle : middle + number], "best": order[-number:]}
    return parts if len(order) >= 3 else ({"all": order} if len(order) else {})


def counts(told: pd.DataFrame, asked: Sequence[Rule]) -> pd.DataFrame:
    """A row a rule: what fires it, n pairs of which something can be said, how many fire, why not of others."""
    rows = {}
    for rule in asked:
        part = told[told["rule"] == rule.name]
        why = part.loc[part["severity"].isna(), "why"].value_counts()
        unsaid = ", ".join(f"{count} x {reason}" for reason, count in why.items())
        rows[rule.name] = (rule.says, int(part["severity"].notna().sum()), int((part["fires"] == True).sum()), unsaid)  # noqa: E712
    return pd.DataFrame.from_dict(rows, orient="index", columns=["fires where", "n", "fire", "cannot be said of"])


def measured(told: pd.DataFrame, asked: Sequence[Rule]) -> dict[str, tuple[np.ndarray, float]]:
    """Severities and threshold of each rule that says something of some pair and has a threshold."""
    found = {rule.name: (of_rule(told, rule)["severity"].to_numpy(), rule.threshold) for rule in asked}
    return {name: each for name, each in found.items() if len(each[0]) and np.isfinite(each[1])}


def how_many(told: pd.DataFrame) -> pd.Series:
    """How many pairs there are on which no rule fires, one, two, ...; what cannot be said does not fire."""
    each = (told["fires"] == True).groupby([told["person"], told["clothing"]]).sum()  # noqa: E712
    return each.value_counts().sort_index().rename("pairs").rename_axis("rules that fire")


def headline(told: pd.DataFrame, rule: Rule) -> str:
    """A gallery's title: the rule's name and how many pairs fire."""
    known = of_rule(told, rule)
    if not len(known):
        return f"{rule.name}: nothing can be said of any pair"
    fire = int((known["severity"] > rule.threshold).sum())
    return f"{rule.name}: {fire} of {len(known)} pairs fire, threshold {rule.threshold:.3g}"


def links(told: pd.DataFrame, rule: Rule) -> str:
    """The pairs of a rule's gallery as Markdown, each a link from a report's notebook to the pair's own page."""
    parts = []
    for title, rows in chosen(told, rule).items():
        named = links_of(pairs_of(rows))
        parts += [f"{title}: {named}"] if named else []
    return "; ".join(parts)


def cases(
    experiment: Experiment,
    folder: Path,
    facts: Mapping[Pair, Facts],
    told: pd.DataFrame,
    rule: Rule,
    usual: Usual | None,
) -> dict[str, list[Case]]:
    """The pictures of a rule's gallery, rows by title: person, product, what the rule looked at, try-on and truth."""
    found: dict[str, list[Case]] = {}
    for title, rows in chosen(told, rule).items():
        for pair, severity in zip(pairs_of(rows), rows["severity"], strict=True):
            known = facts[pair]
            pictures = {"person": known.sample.person.image, "product": known.sample.clothing.image}
            pictures |= {"evidence": evidence(rule.name, known, folder, usual), "try-on": known.made}
            pictures |= {"truth": experiment.truth(pair).image} if experiment.data.has_truth(pair) else {}
            fires = ", fires" if severity > rule.threshold else ""
            found.setdefault(title, []).append(Case(pictures, f"{severity:.3g}{fires}"))
    return found


def evidence(rule: str, facts: Facts, folder: Path, usual: Usual | None) -> Pixels:
    """What a rule looked at, (H,W,3): a region in orange, warped clothing, or two poses."""
    person, made = facts.sample.person, facts.made
    if rule == "rare pose" and usual is not None:
        distances = pose_distances(pose_of(person.keypoints), usual.poses)
        return two_poses(
            person.image,
            person.keypoints.astype(np.float64),
            placed(usual.poses[int(distances.argmin())], person.keypoints),
        )
    if rule == "warp failure":
        return load_rgb(folder / f"{facts.sample.pair.name}.warped.png")
    if rule == "neck artefact":
        return painted(made, free_neck(facts) & (colour_change(made, person.image) > NOTICED))
    if rule == "occlusion":
        return painted(person.image, occluders(facts))
    if rule == "lost texture":
        return painted(facts.sample.clothing.image, printed(facts.sample.clothing))
    if rule == "changed identity":
        return painted(made, facts.seen(*FACE_AND_HAIR["paper"]) & (l1_map(made, person.image) > SEEN))
    return painted(person.image, facts.seen(*CLOTHING["paper"]))


def placed(pose: np.ndarray, keypoints: Keypoints) -> np.ndarray:
    """A pose (9,3) of another person as joints (18,3) px at this one's neck and size; others unseen."""
    joints = np.zeros((len(keypoints), 3))
    joints[NECK] = keypoints[NECK]
    joints[UPPER, :2] = pose[:, :2] * torso(keypoints) + keypoints[NECK, :2]
    joints[UPPER, 2] = pose[:, 2]
    return joints
