"""What can be said of try-ons on photographs, whose truth nobody knows. H, W.

Three things: whether the garment keeps its colour, whether the predicted clothing mask is where the garment would be,
and whether face and hair are left alone. The mask can only be compared with that of the garment which is worn, so only
where both garments have the same sleeves.

The sleeve of the worn garment is read off the parsing, that the mask is compared with (a parser that takes a sleeve for
an arm is to be met as it is). That of a product is read off a list, seen by a person: there are few products and each
is seen at a glance, while rules on outlines fail on ruffles, folded sleeves and sheer cloth.
"""

from __future__ import annotations

import csv
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import pandas as pd

from viton.coordinates import Size
from viton.data.dataset import Dataset
from viton.data.framing import fit_labels
from viton.data.sample import Pair, Person, Sample
from viton.errors import InputError
from viton.files import read_jsonl
from viton.images import Pixels, load_rgb
from viton.keypoints import COCO18
from viton.parsing import CLOTHING, FACE_AND_HAIR, LabelMap
from viton_eval.experiment import Experiment, mean_over_pairs
from viton_eval.measures import l1_map, lab_difference, mask_iou, mean_in
from viton_eval.scores import KEY, PREDICTED_MASK

SLEEVES = ("none", "short", "long")  # short: up to the elbow
SHORT, LONG = 0.06, 0.7  # share of an arm, shoulder to wrist, from which on a sleeve is short (or caps), or long
STEPS = 25  # places along each half of an arm
LABELS = {
    "lab_predicted": "colour difference, predicted mask",
    "lab_parsed": "colour difference, parsed garment",
    "mask_iou": "mask IoU, sleeves match",
    "face_hair": "change on face, hair",
}
COLUMNS = ("lab_predicted", "lab_parsed", "face_hair", "mask_iou", "worn_sleeve", "product_sleeve")


def read_sleeves(path: Path) -> dict[str, str]:
    """The sleeves of products, from a CSV `clothing,sleeve`; raises InputError for anything but `SLEEVES`."""
    if not path.is_file():
        raise InputError(path, "a list `clothing,sleeve`", "no such file")
    with path.open(newline="", encoding="utf-8") as stream:
        found = {str(row.get("clothing")): str(row.get("sleeve")) for row in csv.DictReader(stream)}
    for name, sleeve in found.items():
        if sleeve not in SLEEVES:
            raise InputError(path, f"{name} with one of {', '.join(SLEEVES)}", sleeve)
    return found


def worn_sleeve(person: Person, label_map: LabelMap) -> str:
    """What sleeve the parsing sees: `none`, `short`, `long`, or `unseen` where it sees neither arm nor sleeve."""
    share = sleeve_share(person, label_map)
    return "unseen" if share is None else SLEEVES[int(share >= SHORT) + int(share >= LONG)]


def sleeve_share(person: Person, label_map: LabelMap) -> float | None:
    """The share of an arm that cloth covers, in [0,1]; None where the parsing sees neither arm nor sleeve.

    Along each arm, shoulder to elbow to wrist, the share of places labelled clothing among those labelled clothing or
    arm; of the two arms the lesser share, since a bare arm held behind the trunk passes over cloth.
    """
    parsing = fit_labels(person.parsing, (person.image.shape[0], person.image.shape[1]))
    shares = [share for side in ("right", "left") if (share := _covered(person, parsing, side, label_map)) is not None]
    return min(shares) if shares else None


def _covered(person: Person, parsing: Pixels, side: str, label_map: LabelMap) -> float | None:
    """The share of one arm that cloth covers; None where joints or labels do not show it."""
    names = (f"{side}_shoulder", f"{side}_elbow", f"{side}_wrist")
    joints = person.keypoints[[COCO18.index(name) for name in names]]
    if (joints[:, 2] <= 0).any():
        return None
    part = np.linspace(0, 1, STEPS)[:, None]
    path = np.concatenate([a + (b - a) * part for a, b in zip(joints[:-1, :2], joints[1:, :2], strict=True)])
    columns, rows = (
        np.rint(values).astype(int).clip(0, most - 1) for values, most in zip(path.T, parsing.shape[::-1], strict=True)
    )
    labels = parsing[rows, columns]
    cloth = np.isin(labels, label_map.ids(CLOTHING["paper"]))
    arm = np.isin(labels, label_map.ids(("left_arm", "right_arm", "glove")))
    return float(cloth.sum() / (cloth | arm).sum()) if (cloth | arm).any() else None


def measure_photographs(
    folder: Path, data: Dataset, pairs: Sequence[Pair], size: Size, sleeves: Mapping[str, str]
) -> pd.DataFrame:
    """A row a pair that succeeded: person, clothing, COLUMNS.

    lab_predicted, lab_parsed: colour difference (CIE76 of mean colours) between the product within its own mask and the
    result within the predicted clothing mask, or where the photo's parsing sees the worn garment, which is there for
    every method.   face_hair: mean absolute change in [0,1] under those labels.   mask_iou: of the predicted mask and
    the worn garment where sleeves match, else NaN.   sleeves: of products; a product that is not listed matches none.
    """
    rows = []
    done = {(row["person"], row["clothing"]) for row in read_jsonl(folder / "manifest.jsonl") if row["status"] == "ok"}
    for pair in pairs:
        if tuple(pair) in done:
            sample, made = data.sample(pair, size), load_rgb(folder / f"{pair.name}.png")
            path = folder / f"{pair.name}{PREDICTED_MASK}"
            mask = load_rgb(path)[..., 0] if path.is_file() else None
            rows.append(pair._asdict() | _of_pair(sample, made, mask, data.label_map, sleeves))
    return pd.DataFrame(rows, columns=[*KEY, *COLUMNS])


def _of_pair(
    sample: Sample, made: Pixels, mask: Pixels | None, label_map: LabelMap, sleeves: Mapping[str, str]
) -> dict[str, object]:
    person, clothing = sample.person, sample.clothing
    parsing = fit_labels(person.parsing, (made.shape[0], made.shape[1]))
    worn = np.isin(parsing, label_map.ids(CLOTHING["paper"]))
    face = np.isin(parsing, label_map.ids(FACE_AND_HAIR["paper"]))
    found: dict[str, object] = {
        "lab_parsed": lab_difference(clothing.image, clothing.mask >= 128, made, worn),
        "face_hair": mean_in(l1_map(made, person.image), face),
        "worn_sleeve": worn_sleeve(person, label_map),
        "product_sleeve": sleeves.get(clothing.id, "unknown"),
    }
    if mask is not None:
        found["lab_predicted"] = lab_difference(clothing.image, clothing.mask >= 128, made, mask >= 128)
        if found["worn_sleeve"] == found["product_sleeve"]:
            found["mask_iou"] = mask_iou(mask, worn)
    return found


def photographs_of(experiment: Experiment, method: str, sleeves: str | Path) -> pd.DataFrame:
    """The measures of a method's pairs in an experiment; sleeves: a path as `read_sleeves` takes it."""
    found, folder = read_sleeves(in_checkout(sleeves)), experiment.results_folder(method)
    return measure_photographs(folder, experiment.data, experiment.pairs, experiment.config.size, found)


def photograph_table(measured: Mapping[str, pd.DataFrame]) -> pd.DataFrame:
    """A row a method: means with intervals and n for the eye; "-" where nothing is known."""
    rows = {
        method: {label: _mean(table, column) for column, label in LABELS.items()} for method, table in measured.items()
    }
    return pd.DataFrame.from_dict(rows, orient="index")


def sleeve_pairs(experiment: Experiment, sleeves: str | Path) -> pd.DataFrame:
    """Which garments have the sleeve that a person wears: a row a person, a column a sleeve."""
    found, rows = read_sleeves(in_checkout(sleeves)), {}
    for name in dict.fromkeys(pair.person for pair in experiment.pairs):
        person = experiment.data.person(name, experiment.config.size)
        worn = worn_sleeve(person, experiment.data.label_map)
        clothings = [pair.clothing for pair in experiment.pairs if pair.person == name]
        matching = [each for each in clothings if found.get(each) == worn]
        rows[name] = {"worn sleeve": worn, "pairs that match": len(matching), "garments": ", ".join(matching)}
    return pd.DataFrame.from_dict(rows, orient="index")


def in_checkout(path: str | Path) -> Path:
    """The path as given or, where Jupyter started in the notebooks' folder, as the checkout above it has it."""
    if not Path(path).is_file() and not Path(path).is_absolute():
        for folder in Path.cwd().parents:
            if (folder / "Snakefile").is_file():
                return folder / path
    return Path(path)


def _mean(table: pd.DataFrame, column: str) -> str:
    known = table.dropna(subset=[column])
    return str(mean_over_pairs(known, column)) if len(known) else "-"
