"""What the notebook in_the_wild shows: rows of sheets, and lines that say what was done and left out. H, W."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from itertools import islice

from viton.data.coco import Coco
from viton.data.framing import fit_keypoints, fit_labels, fit_photo, padded
from viton.figures import coloured_labels
from viton.wild_figures import Place, Shown
from viton_eval.experiment import Experiment
from viton_eval.measures import l1_map
from viton_eval.trainings import label_of
from viton_eval.wild import CONDITIONS, GUESSED, Dresser, Made, Photographs, true_in
from viton_eval.wild_scene import Wild


def told(experiment: Experiment, scenes: Wild | None, asked: Sequence[str]) -> list[str]:
    """Who is shown, what was left out, and which methods are tried."""
    there = [name for name in asked if name in experiment.config.methods]
    lines = [f"{name}: {label_of(experiment.config, name) or 'trains nothing'}" for name in there]
    lines += [f"{name}: the experiment does not try it on" for name in asked if name not in there]
    if scenes is None:
        return [*lines, "no made-up people: the true try-on is known of no pair, or labels are not CIHP's"]
    left = [*scenes.data.told] or ["nobody left out by the rule"]
    return [*lines, f"{len(scenes.truth)} of {scenes.asked} made-up people are in places", *left]


def told_of_photographs(root: str, found: Photographs | None) -> list[str]:
    """Who of a COCO folder is shown, and why others are not."""
    if found is None:
        return ["no `coco_root` was given: no photographs"]
    shown = f"{root}: {len(found.data.people)} people taken, {len(found.samples)} of them shown"
    return [shown, *(found.data.told or ["nobody left out by the rule"]), *(f"left out: {why}" for why in found.wrong)]


def failed(made: Made) -> list[str]:
    """Try-ons that gave no picture, counted by method, condition and status."""
    why = Counter((method, condition, one) for (method, condition, _), one in made.items() if isinstance(one, str))
    return [f"{method}, {condition}: {count} failed: {status}" for (method, condition, status), count in why.items()]


def places(data: Coco, count: int) -> list[Place]:
    """The first people in their whole photographs."""
    return [Place(data.whole(name), data.outline(name), data.crop(name), name) for name in islice(data.people, count)]


def parsings(scenes: Wild, count: int) -> list[list[Shown]]:
    """Crops with joints, true labels and guessed labels, a row each."""
    rows: list[list[Shown]] = [[], [], []]
    for pair, placed in islice(scenes.truth.items(), count):
        size = (placed.labels.shape[0], placed.labels.shape[1])
        joints = scenes.data.read_keypoints(pair.person, size)
        guessed = scenes.data.read_parsing(pair.person, size)
        at, photo = (384, 288), scenes.data.photo(pair.person)
        placed_joints = fit_keypoints(joints, size, at)
        rows[0].append(Shown(fit_photo(photo, at), "crop, joints", joints=placed_joints))
        rows[1].append(Shown(coloured_labels(fit_labels(placed.labels, at)), "true labels"))
        rows[2].append(Shown(coloured_labels(fit_labels(guessed, at)), "guessed labels", guessed=True))
    return rows


def columns(ready: Mapping[str, Dresser]) -> list[str]:
    return ["person", "garment", "true try-on", *(f"{name}:\n{_short(one)}" for name in ready for one in CONDITIONS)]


def try_ons(scenes: Wild, made: Made, methods: Sequence[str], size: tuple[int, int], count: int) -> list[list[Shown]]:
    """Person, garment and truth, then every method under every condition with its difference to the truth."""
    rows = []
    for pair, placed in islice(scenes.truth.items(), count):
        photo, product = scenes.data.photo(pair.person), scenes.data.clothing(pair.clothing, size)
        row = [Shown(fit_photo(photo, size)), Shown(product.image), Shown(true_in(placed, GUESSED, size))]
        labels = fit_labels(padded(placed.true_labels, size, 0), size) > 0
        for method in methods:
            for condition in CONDITIONS:
                one = made[method, condition, pair]
                if isinstance(one, str):
                    row.append(Shown(None, one, condition == GUESSED))
                    continue
                off = l1_map(one, true_in(placed, condition, size))[labels].mean()
                row.append(Shown(one, f"person off by {off:.2f}", condition == GUESSED))
        rows.append(row)
    return rows


def photograph_columns(ready: Mapping[str, Dresser]) -> list[str]:
    return ["crop, joints", "guessed labels", "garment", *ready]


def photographs(found: Photographs, made: Made, methods: Sequence[str]) -> list[list[Shown]]:
    """Crop, guessed labels and garment, then every method; all but the first two columns' inputs rest on the guess."""
    rows = []
    for sample in found.samples:
        person, size = sample.person, (sample.person.image.shape[0], sample.person.image.shape[1])
        row = [
            Shown(person.image, person.id, joints=person.keypoints),
            Shown(coloured_labels(fit_labels(person.parsing, size)), guessed=True),
            Shown(sample.clothing.image, sample.clothing.id),
        ]
        for method in methods:
            one = made[method, GUESSED, sample.pair]
            row.append(Shown(None, one, True) if isinstance(one, str) else Shown(one, "truth not known", True))
        rows.append(row)
    return rows


def _short(condition: str) -> str:
    return condition.replace(" parsing", "").replace(", ", ",\n").replace("approximate", "guessed")
