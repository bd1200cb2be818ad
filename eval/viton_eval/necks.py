"""What goes wrong at the neck: inner collars found on unseen garments, and try-ons with and without them (supplement).

H, W.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pandas as pd
import torch

from viton.collar import Collars, find_collar, load_collar
from viton.data.sample import Pair
from viton.images import Pixels, to_mask_pixels, to_tensor, to_unit
from viton.option_figures import painted
from viton.trained import TrainedRun
from viton_eval.experiment import Experiment
from viton_eval.interval import Mean, mean_interval
from viton_eval.measures import SOLID, Mask, mask_iou
from viton_eval.options import COLLAR, FULL, TAKEN_OFF, picture_of
from viton_eval.regions import box_of
from viton_eval.results import stage_of
from viton_eval.scores import KEY
from viton_eval.try_ons import known, run_of

Box = tuple[slice, slice]  # rows, columns

MARGIN = 0.5  # around a collar, a share of its longer side


class FoundCollar(NamedTuple):
    """Neck tag and inner collar of a product picture."""

    name: str
    product: Pixels  # (H, W, 3)
    true: Mask  # (H, W)
    found: Mask  # (H, W)


def collars_of(experiment: Experiment) -> list[FoundCollar]:
    """Collars of all garments of the split, none of which was trained on, by the network of the variant `collar`.

    The network is trained if it is not yet.  Raises InputError where the data have no collar masks.
    """
    run, size = run_of(experiment), experiment.config.size
    collars = Collars(experiment.data.root, experiment.data.split, size)
    seed = run.try_on("viton", variant=COLLAR[TAKEN_OFF]).seed
    stage_of("collar", *experiment.arguments, seed=seed)
    network, found = load_collar(TrainedRun(run.folder, seed)), []
    for item in collars:
        with torch.inference_mode():
            mask = to_mask_pixels(find_collar(network, to_tensor(item.image)))
        found.append(FoundCollar(item.name, item.image, to_unit(item.collar) > SOLID, to_unit(mask) > SOLID))
    return found


def collar_table(collars: Sequence[FoundCollar]) -> pd.DataFrame:
    """A row a garment: `true` and `found` areas, shares of the picture; `iou`, NaN where there is no collar to find."""
    rows = [
        (one.name, one.true.mean(), one.found.mean(), mask_iou(one.found.astype(np.uint8) * 255, one.true))
        for one in collars
    ]
    table = pd.DataFrame(rows, columns=["clothing", "true", "found", "iou"])
    return table.assign(iou=table["iou"].where(table["true"] > 0))


def over_garments(values: pd.Series) -> Mean | None:
    """The mean of a value a garment, those that are known, with its 95% interval, garments drawn anew; None of none."""
    known = values.dropna().astype(float).tolist()
    return mean_interval(known, ["all"] * len(known), [str(place) for place in range(len(known))]) if known else None


def told(table: pd.DataFrame, bar: float = 0.8) -> str:
    """How well collars are found, in three lines; table: of `collar_table`.   bar: the overlap that is asked for."""
    none = table[table["true"] == 0]
    iou = over_garments(table["iou"])
    reached = over_garments((table["iou"] >= bar).where(table["iou"].notna()))
    lines = ["no garment of the split shows an inner collar"]
    if iou is not None and reached is not None:
        came = "reached" if iou.value >= bar else "NOT reached"
        share = f"{reached.value:.0%} [{reached.low:.0%}, {reached.high:.0%}]"
        lines = [f"collar IoU, unseen garments: {iou}, asked at least {bar:g}: {came}"]
        lines += [f"garments on which it is at least {bar:g}: {share} (n = {reached.n})"]
    if len(none):
        wrong = none[none["found"] > 0]
        area = f", {wrong['found'].mean():.2%} of the picture on average" if len(wrong) else ""
        lines += [f"garments without an inner collar: found on {len(wrong)} of {len(none)}{area}"]
    return "\n".join(lines)


def neck_changes(tables: Mapping[str, Sequence[pd.DataFrame]], collars: pd.DataFrame) -> pd.DataFrame:
    """Pairs whose neck is measured with and without collars: person, clothing, `change` of `l1_neck`, area `true`.

    The largest collar first; a change < 0 is nearer to the truth with collars taken off.   Empty unless both are there.
    """
    if not {FULL, TAKEN_OFF} <= tables.keys():
        return pd.DataFrame(columns=[*KEY, "change", "true"])
    full, off = (tables[title][0][[*KEY, "l1_neck"]] for title in (FULL, TAKEN_OFF))
    both = full.merge(off, on=KEY, suffixes=("", "_off")).dropna()
    both["change"] = both["l1_neck_off"] - both["l1_neck"]
    both = both.merge(collars[["clothing", "true"]], on="clothing")[[*KEY, "change", "true"]]
    return both.sort_values("true", ascending=False, kind="stable", ignore_index=True)


def collar_row(collar: FoundCollar) -> dict[str, tuple[Pixels, Box]]:
    """A product, its true collar, and the found one against it, each with the box around both."""
    there = collar.true | collar.found
    box = box_of(there if there.any() else np.ones_like(there), MARGIN, there.shape)
    return {
        "product": (collar.product, box),
        "true collar": (painted(collar.product, collar.true, collar.true), box),
        "found collar": (painted(collar.product, collar.found, collar.true), box),
    }


def neck_row(
    experiment: Experiment, folders: Mapping[str, Path], pair: Pair, collar: FoundCollar
) -> dict[str, tuple[Pixels, Box]]:
    """A pair's pictures, each with the box of its neck: the product's collar, warped and try-on by option, the truth.

    Raises ValueError where no neck is seen.
    """
    of = known(experiment, pair)
    neck = box_of(of.regions.neck, MARGIN / 2, experiment.config.size)
    row = collar_row(collar)
    for name, suffix in (("warped", ".warped.png"), ("try-on", ".png")):
        for title, folder in folders.items():
            picture = picture_of(folder, pair, suffix)
            row |= {f"{name}, {title}": (picture, neck)} if picture is not None else {}
    return row | {"truth": (of.truth.image, neck)}
