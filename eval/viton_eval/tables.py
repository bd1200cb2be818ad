"""The tables of the notebooks: an opened experiment in, a DataFrame out."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import islice
from typing import TypeVar

import numpy as np
import pandas as pd
import torch

from viton.data.dataset import Dataset
from viton.data.sample import Clothing, Pair, Person
from viton.errors import InputError
from viton.files import read_jsonl
from viton.images import load_rgb
from viton.keypoints import COCO18
from viton.parsing import LabelMap
from viton.person import Group
from viton.warp import warp_sample
from viton_eval.experiment import Experiment, mean_over_pairs, readable
from viton_eval.measures import ssim
from viton_eval.truth import end_point_error_px, l1_in_garment

T = TypeVar("T")
NO_ATTRIBUTE = ("kind", "id", "print")
WARP_MEASURES = {
    "iou": "IoU",
    "folds": "share of folded pixels",
    "round_trip_px": "round trip (px)",
    "bending_energy": "bending energy",
    "matched": "matched points",
}


def dataset_facts(experiment: Experiment) -> pd.DataFrame:
    """What the experiment's data are, a fact a row."""
    dataset, (height, width) = experiment.data, experiment.config.size
    facts = {
        "split": dataset.split,
        "people": len(dataset.people),
        "garments": len(dataset.clothings),
        "pairs of this report": len(experiment.pairs),
        "pairs whose true try-on is known": len(experiment.pairs_with_truth),
        "working size (height x width)": f"{height}x{width}",
        "label map": dataset.label_map.name,
    }
    return pd.Series(facts, name="").to_frame()


def label_shares(people: Sequence[Person], label_map: LabelMap) -> pd.DataFrame:
    """The share of each label in a picture, over people; labels that never occur are left out."""
    number = len(label_map.labels)
    counts = np.stack(
        [np.bincount(person.parsing.ravel(), minlength=number) / person.parsing.size for person in people]
    )
    names = [name.replace("_", " ") for name in label_map.labels]
    table = pd.DataFrame({"mean": counts.mean(0), "least": counts.min(0), "most": counts.max(0)}, index=names)
    return table[table["most"] > 0].sort_values("mean", ascending=False)


def joints_seen(people: Sequence[Person]) -> pd.DataFrame:
    """The share of people in whom each joint is seen; the joints that somebody lacks, least seen first."""
    seen = np.stack([person.keypoints[:, 2] > 0 for person in people]).mean(0)
    table = pd.DataFrame({"seen in": seen}, index=[name.replace("_", " ") for name in COCO18])
    return table[table["seen in"] < 1].sort_values("seen in")


def channel_table(channels: torch.Tensor, kept: Sequence[Group]) -> pd.DataFrame:
    """The contract of each group of channels beside what (B,C,H,W) representations hold."""
    parts = channels.split([group.channels for group in kept], dim=1)
    table = pd.DataFrame(kept, columns=["group", "channels", "low", "high", "fill"]).set_index("group")
    table["measured low"] = [float(part.min()) for part in parts]
    table["measured high"] = [float(part.max()) for part in parts]
    table["share at fill"] = [
        float((part == group.fill).float().mean()) for part, group in zip(parts, kept, strict=True)
    ]
    return table


def warp_table(done: pd.DataFrame) -> pd.DataFrame:
    """Mean with its 95% interval, least, median and most of each measure of the warps that succeeded."""
    rows = {}
    for name, label in WARP_MEASURES.items():
        mean = mean_over_pairs(done, name)
        values = done[name]
        rows[label] = (mean.value, mean.low, mean.high, values.min(), values.median(), values.max())
    columns = ["mean", "95% from", "to", "least", "median", "most"]
    return pd.DataFrame.from_dict(rows, orient="index", columns=columns)


def iou_by_person(done: pd.DataFrame) -> pd.DataFrame:
    """IoU of the warps on each person, hardest person first."""
    table = done.groupby("person")["iou"].agg(["count", "mean", "min", "max"]).sort_values("mean")
    return table.rename(columns={"count": "pairs", "mean": "mean IoU", "min": "least", "max": "most"})


def end_point_errors(experiment: Experiment, pairs: Sequence[Pair]) -> pd.DataFrame:
    """The end-point error of the warp of each pair whose truth is known, in product pixels at the working size."""
    settings, label_map, seed = experiment.config.warp, experiment.data.label_map, experiment.config.seed
    rows = []
    for pair in pairs:
        warped = warp_sample(experiment.sample(pair), settings, label_map, seed)
        mask = warped.mask[0, 0].numpy() > 0.5
        rows.append((*pair, end_point_error_px(warped.source_px[0].numpy(), mask, experiment.truth(pair))))
    return pd.DataFrame(rows, columns=["person", "clothing", "end-point error (px)"])


def distances_to_truth(experiment: Experiment, method: str, pairs: Sequence[Pair]) -> pd.DataFrame:
    """Distances to the true picture of a method's results and, for comparison, of the photo left as it is."""
    folder, rows = experiment.results_folder(method), []
    for pair in pairs:
        truth = experiment.truth(pair)
        pictures = {
            method: load_rgb(folder / f"{pair.name}.png"),
            "photo unchanged": experiment.sample(pair).person.image,
        }
        rows += [
            (*pair, name, l1_in_garment(shown, truth), ssim(shown, truth.image)) for name, shown in pictures.items()
        ]
    return pd.DataFrame(rows, columns=["person", "clothing", "picture", "L1 in garment", "SSIM"])


def summary(distances: pd.DataFrame, measures: Sequence[str] = ("L1 in garment", "SSIM")) -> pd.DataFrame:
    """Means with their 95% intervals and n, a row a kind of picture."""
    groups = {str(name): rows for name, rows in distances.groupby("picture")}
    means = {column: {name: str(mean_over_pairs(rows, column)) for name, rows in groups.items()} for column in measures}
    return pd.DataFrame(means)


def attributes(splits: Sequence[Dataset], kind: str) -> dict[str, list[object]]:
    """What a made-up world writes about each `person` or `garment`: the values of each attribute; {} where it has none.

    Lists become an attribute an entry; ids and digests, which say nothing by their frequency, are left out.
    """
    files = [path for data in splits if (path := data.root / data.split / "attributes.jsonl").is_file()]
    rows = [row for path in files for row in read_jsonl(path) if row.get("kind") == kind]
    found: dict[str, list[object]] = {}
    for row in rows:
        for name, value in row.items():
            if name not in NO_ATTRIBUTE:
                for part, single in _parts(name, value):
                    found.setdefault(part.replace("_", " "), []).append(single)
    return found


def _parts(name: str, value: object) -> Iterator[tuple[str, object]]:
    """A value under its name; each value of a list or of keys under a name of its own."""
    if isinstance(value, dict):
        yield from (part for key, inner in value.items() for part in _parts(f"{name} {key}", inner))
    elif isinstance(value, list):
        yield from (part for number, inner in enumerate(value, 1) for part in _parts(f"{name} {number}", inner))
    else:
        yield name, value


def first_people(data: Dataset | Sequence[Dataset], size: tuple[int, int], number: int) -> list[Person]:
    """The first people of one or more splits, by name, without those with bad files: `viton data check` names them."""
    return _readable(data, lambda split: split.people, lambda split, name: split.person(name, size), number)


def first_garments(data: Dataset | Sequence[Dataset], size: tuple[int, int], number: int) -> list[Clothing]:
    """The first garments of one or more splits, by name, without those whose files are bad."""
    return _readable(data, lambda split: split.clothings, lambda split, name: split.clothing(name, size), number)


def _readable(
    data: Dataset | Sequence[Dataset],
    names: Callable[[Dataset], Iterable[str]],
    read: Callable[[Dataset, str], T],
    number: int,
) -> list[T]:
    splits = [data] if isinstance(data, Dataset) else data
    found = list(islice(readable(splits, names, read), number))
    if not found:
        raise InputError("dataset", "at least one sample that can be read", "none")
    return found
