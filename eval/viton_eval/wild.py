"""Try-ons in the wild (paper, Fig. 9): how much the place costs, and how much the approximate parsing. H, W.

Every pair is tried on three times: before the studio's wall with true labels, in the scene with true labels, and in the
scene with approximate ones. Each result stands beside the true try-on in the same place.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pandas as pd

from viton.data.coco import Coco
from viton.data.framing import fit_labels, fit_photo, padded
from viton.data.loader import fit_person
from viton.data.sample import Pair, Person, Sample
from viton.errors import InputError
from viton.images import Pixels
from viton.keypoints import COCO18
from viton.methods import Method, method_named
from viton.parsing import CIHP, CLOTHING
from viton.results import TryOnMany
from viton.runs import opened
from viton_eval.experiment import Experiment
from viton_eval.measures import l1_map, mean_in
from viton_eval.trainings import first_try_ons
from viton_eval.try_ons import run_of
from viton_eval.wild_scene import Placed, Wild, make_wild

WALL, SCENE, GUESSED = "plain wall, true parsing", "scene, true parsing", "scene, approximate parsing"
CONDITIONS = (WALL, SCENE, GUESSED)
PARTS = {
    "face": ("face", "sunglasses"),
    "hair": ("hair", "hat"),
    "neck": ("neck", "scarf"),
    "upper clothes": ("upper_clothes", "dress", "coat"),
    "arms and hands": ("left_arm", "right_arm", "glove"),
    "trousers, skirt, legs": ("pants", "skirt", "left_leg", "right_leg", "socks", "left_shoe", "right_shoe"),
}
Made = dict[tuple[str, str, Pair], Pixels | str]  # by method and condition: a result (H,W,3), or its status


class Dresser(NamedTuple):
    """A method that is ready."""

    method: Method
    dress: TryOnMany


class Photographs(NamedTuple):
    """People of a COCO folder, each with a garment, and what is wrong with others."""

    data: Coco
    samples: list[Sample]
    wrong: list[str]


def dressers(experiment: Experiment, names: Sequence[str]) -> dict[str, Dresser]:
    """Those of the named methods that the experiment tries on, opened with the stages that it has trained."""
    run, found = run_of(experiment), {}
    for one in first_try_ons(run.config):
        if one.method in names:
            method, config = method_named(one.method), run.config.try_on.model_copy(update={"seed": one.seed})
            trained, _ = opened(method, run.trained_in if one.needs else None, config)
            found[one.method] = Dresser(method, method.prepare(config, CIHP, "cpu", trained))
    return found


def made_up(experiment: Experiment, count: int) -> Wild | None:
    """The first pairs whose true try-on is known, each person once, in scenes under runs/EXPERIMENT/wild; or None."""
    first = {pair.person: pair for pair in reversed(experiment.pairs_with_truth)}
    pairs = [pair for pair in experiment.pairs_with_truth if first[pair.person] == pair][:count]
    if not pairs or experiment.data.label_map != CIHP:
        return None
    return make_wild(run_of(experiment).folder / "wild", experiment.data, pairs, experiment.config.seed)


def people_of(wild: Wild, pair: Pair, size: tuple[int, int]) -> dict[str, Person]:
    """A pair's person under each condition."""
    placed, scene = wild.truth[pair], wild.data.photo(pair.person)
    joints = wild.data.read_keypoints(pair.person, (scene.shape[0], scene.shape[1]))
    guessed = wild.data.read_parsing(pair.person, (scene.shape[0], scene.shape[1]))
    seen = {WALL: (placed.plain, placed.labels), SCENE: (scene, placed.labels), GUESSED: (scene, guessed)}
    return {
        name: fit_person(pair.person, photo, labels, joints, CIHP, size, wild.data.path)
        for name, (photo, labels) in seen.items()
    }


def try_on(wild: Wild, ready: Mapping[str, Dresser], size: tuple[int, int]) -> Made:
    """Every pair by every method under every condition."""
    made: Made = {}
    for pair in wild.truth:
        clothing, people = wild.data.clothing(pair.clothing, size), people_of(wild, pair, size)
        for name, dresser in ready.items():
            for condition, person in people.items():
                (outcome,) = dresser.dress([Sample(person, clothing)])
                made[name, condition, pair] = (
                    np.asarray(outcome.pictures[".png"]) if outcome.status == "ok" else outcome.status
                )
    return made


def true_in(placed: Placed, condition: str, size: tuple[int, int]) -> Pixels:
    """The true try-on (H,W,3) in the place of a condition."""
    return fit_photo(placed.true_plain if condition == WALL else placed.true_clutter, size)


def errors(wild: Wild, made: Made, size: tuple[int, int]) -> pd.DataFrame:
    """Mean absolute difference to the true try-on, in [0,1], by region: a row a method, condition and pair."""
    rows = []
    for (method, condition, pair), result in made.items():
        labels = fit_labels(padded(wild.truth[pair].true_labels, size, 0), size)
        garment, person = np.isin(labels, CIHP.ids(CLOTHING["paper"])), labels > 0
        regions = {"garment": garment, "rest of the person": person & ~garment, "background": ~person}
        row: dict[str, object] = {"method": method, "condition": condition, "person": pair.person}
        row |= {"clothing": pair.clothing, "status": result if isinstance(result, str) else "ok"}
        if not isinstance(result, str):
            off = l1_map(result, true_in(wild.truth[pair], condition, size))
            row |= {name: mean_in(off, region) for name, region in regions.items()}
        rows.append(row)
    columns = ["method", "condition", "person", "clothing", "status", "garment", "rest of the person", "background"]
    return pd.DataFrame(rows, columns=columns)


def error_table(table: pd.DataFrame) -> pd.DataFrame:
    """Means over the pairs that succeeded under all conditions, a row a method and condition, with their number."""
    done = table[table["status"] == "ok"]
    whole = done.groupby(["method", "person"])["condition"].transform("nunique") == len(CONDITIONS)
    parts = done[whole].groupby(["method", "condition"], sort=False)
    found = parts[["garment", "rest of the person", "background"]].mean().round(3)
    return found.assign(n=parts.size())


def parsing_ious(wild: Wild) -> pd.DataFrame:
    """Overlap of approximate and true labels by part: a row a person; NaN where neither has the part."""
    rows = {}
    for pair, placed in wild.truth.items():
        found = wild.data.read_parsing(pair.person, (placed.labels.shape[0], placed.labels.shape[1]))
        rows[pair.person] = {name: _overlap(found, placed.labels, labels) for name, labels in PARTS.items()}
    return pd.DataFrame.from_dict(rows, orient="index")


def parsing_table(ious: pd.DataFrame) -> pd.DataFrame:
    """Mean, least and greatest overlap by part."""
    return ious.agg(["mean", "min", "max", "count"]).T.rename(columns={"min": "least", "max": "most", "count": "n"})


def joint_errors(wild: Wild) -> pd.DataFrame:
    """Distances to the true joints, a row a joint: mean and largest in px of the crop, and its mean in torsos."""
    rows: dict[str, list[float]] = {name: [] for name in COCO18}
    torsos = list[float]()
    for pair, placed in wild.truth.items():
        found = wild.data.read_keypoints(pair.person, (placed.labels.shape[0], placed.labels.shape[1]))
        torso = np.linalg.norm(placed.joints[[8, 11], :2].mean(axis=0) - placed.joints[1, :2])
        torsos.append(float(torso))
        for place, name in enumerate(COCO18):
            if found[place, 2] > 0 and placed.joints[place, 2] > 0:
                rows[name].append(float(np.linalg.norm(found[place, :2] - placed.joints[place, :2])))
    table = {
        name: {"mean px": np.mean(off), "largest px": max(off), "n": len(off)} for name, off in rows.items() if off
    }
    found_table = pd.DataFrame.from_dict(table, orient="index")
    return found_table.assign(**{"mean in torsos": found_table["mean px"] / np.mean(torsos)})


def photographs(root: str, experiment: Experiment, count: int) -> Photographs:
    """The first people of a COCO folder, each in a garment of the experiment; and what is wrong with the others."""
    split = next((name for name in ("test", "val", "train") if Coco.is_laid_out(Path(root), name)), "test")
    data, size = Coco(Path(root), split), experiment.config.size
    garments = list(dict.fromkeys(pair.clothing for pair in experiment.pairs))
    samples, wrong = list[Sample](), list[str]()
    for number, name in enumerate(list(data.people)[:count]):
        try:
            clothing = experiment.data.clothing(garments[number % len(garments)], size)
            samples.append(Sample(data.person(name, size), clothing))
        except InputError as error:
            wrong.append(str(error))
    return Photographs(data, samples, wrong)


def dress_photographs(samples: Sequence[Sample], ready: Mapping[str, Dresser]) -> Made:
    """Every sample by every method, with approximate labels: nothing else is known of photographs."""
    made: Made = {}
    for sample in samples:
        for name, dresser in ready.items():
            (outcome,) = dresser.dress([sample])
            made[name, GUESSED, sample.pair] = (
                np.asarray(outcome.pictures[".png"]) if outcome.status == "ok" else outcome.status
            )
    return made


def _overlap(found: Pixels, true: Pixels, names: tuple[str, ...]) -> float:
    one, other = (np.isin(each, CIHP.ids(names)) for each in (found, true))
    union = (one | other).sum()
    return float((one & other).sum() / union) if union else float("nan")
