"""How a dataset's people and product pictures look, in numbers, and whether a world covers a reference's values.

H, W. Anything that the ordinary reader reads is measured alike, at one size, so that a photograph of 1024x768 and a
picture drawn at 256x192 can be compared. Lengths are shares of the picture's height, x is counted from its middle line;
colours, luminance and gradients are in [0,1] and in [0,1] per pixel. What a picture does not show is NaN.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import islice

import cv2
import numpy as np
import pandas as pd
from numpy.typing import NDArray

from viton.data.dataset import Dataset
from viton.data.framing import fit_labels
from viton.data.sample import Clothing, Person
from viton.errors import InputError
from viton.images import Pixels, to_unit
from viton.keypoints import COCO18, Keypoints
from viton.parsing import LabelMap, clothing_region
from viton_eval.experiment import readable

SIZE = (256, 192)  # at which everything is measured: the paper's
ERODED_PX = 3  # off a region's edge, where the gradient is that of the outline and not of the fabric
GREY = 0.15  # saturation below which a pixel has no hue
BINS = 8  # of hue and of lightness
ROUNDING = 1e-9  # by which equal values may differ
QUANTILES = (0.1, 0.5, 0.9)
LUMINANCE = np.array([0.299, 0.587, 0.114])  # Rec. 601
KEY = ["about", "group", "quantity"]

Mask = NDArray[np.bool_]
Measured = dict[tuple[str, str], float]  # (group, quantity) -> value


def measure_people(people: Iterable[Person], label_map: LabelMap) -> pd.DataFrame:
    """One row a person, one column a (group, quantity); people as read at `SIZE`."""
    return _table((person.id, _of_person(person, label_map)) for person in people)


def measure_products(garments: Iterable[Clothing]) -> pd.DataFrame:
    """One row a product picture, one column a (group, quantity); garments as read at `SIZE`."""
    return _table((garment.id, _of_product(garment)) for garment in garments)


def measure(splits: Sequence[Dataset], number: int) -> dict[str, pd.DataFrame]:
    """Both tables over the first `number` people and as many garments of some splits, without those that are bad.

    Raises InputError when nobody, or no garment, can be read.
    """
    people = readable(splits, lambda data: data.people, lambda data, name: data.person(name, SIZE))
    garments = readable(splits, lambda data: data.clothings, lambda data, name: data.clothing(name, SIZE))
    return {
        "people": measure_people(islice(people, number), splits[0].label_map),
        "products": measure_products(islice(garments, number)),
    }


def likeness(world: dict[str, pd.DataFrame], reference: dict[str, pd.DataFrame]) -> pd.DataFrame:
    """A row a quantity: the world's spread, the reference's values, and how many of these lie within that spread.

    `covered` counts the reference's values between the world's least and most, `in 95%` those between its quantiles
    2.5% and 97.5%, of `of` values. A quantity that neither shows, or that is 0 in all of both, is left out.
    """
    rows = []
    for about, measured in world.items():
        other = reference[about]
        for column in dict.fromkeys([*measured.columns, *other.columns]):
            ours, theirs = (_values(table, column) for table in (measured, other))
            if len(theirs) and (len(ours) or theirs.any()) and (ours.any() or theirs.any()):
                rows.append((about, *column, *_compared(ours, theirs)))
    spread = ["n", "mean", "sd", "2.5%", "97.5%", "least", "most"]
    names = [f"world {name}" for name in spread] + [f"reference {name}" for name in ("mean", "sd", "least", "most")]
    return pd.DataFrame(rows, columns=[*KEY, *names, "covered", "in 95%", "of"]).set_index(KEY)


def likeness_by_group(table: pd.DataFrame) -> pd.DataFrame:
    """How many of the reference's values the world covers, a row a group of quantities, and one for all of them."""
    counted = table.groupby(level=["about", "group"], sort=False)[["covered", "in 95%", "of"]].sum()
    counted.insert(0, "quantities", table.groupby(level=["about", "group"], sort=False).size())
    counted.loc[("all", ""), :] = counted.sum()
    return counted.astype(int)


def not_covered(table: pd.DataFrame) -> pd.DataFrame:
    """The quantities of which a value of the reference lies outside the world's least and most, worst first.

    `beyond`: how far the farthest one lies outside, in standard deviations: the world's or the reference's, whichever
    is larger; infinite where each has one value only.
    """
    missed = table[table["covered"] < table["of"]].copy()
    over = missed["reference most"] - missed["world most"]
    under = missed["world least"] - missed["reference least"]
    deviation = missed[["world sd", "reference sd"]].max(axis=1)
    missed["beyond"] = (np.maximum(over, under) / deviation.where(deviation > 0)).fillna(np.inf)
    return missed.sort_values("beyond", ascending=False)


def _values(table: pd.DataFrame, column: tuple[str, str]) -> NDArray[np.float64]:
    """A column's known values; none where the table has no such column."""
    return np.asarray(table[column].dropna(), np.float64) if column in table.columns else np.empty(0)


def _compared(ours: NDArray[np.float64], theirs: NDArray[np.float64]) -> tuple[float, ...]:
    """The columns of `likeness`, from n on; a world that never shows a quantity covers no value of it."""
    mean = sd = low = high = least = most = float("nan")
    if len(ours):
        mean, sd = float(ours.mean()), _deviation(ours)
        low, high, least, most = np.quantile(ours, [0.025, 0.975, 0, 1]).tolist()
    covered, middle = (
        int(((theirs >= start - ROUNDING) & (theirs <= end + ROUNDING)).sum())
        for start, end in ((least, most), (low, high))
    )
    told = float(theirs.mean()), _deviation(theirs), float(theirs.min()), float(theirs.max())
    return len(ours), mean, sd, low, high, least, most, *told, covered, middle, len(theirs)


def _deviation(values: NDArray[np.float64]) -> float:
    return float(values.std(ddof=1)) if len(values) > 1 else 0.0


def _table(rows: Iterable[tuple[str, Measured]]) -> pd.DataFrame:
    found = list(rows)
    if not found:
        raise InputError("dataset", "at least one sample that can be read", "none")
    columns = pd.MultiIndex.from_tuples(list(found[0][1]), names=["group", "quantity"])
    values = [[measured[column] for column in columns] for _, measured in found]
    return pd.DataFrame(values, index=pd.Index([name for name, _ in found], name="id"), columns=columns)


def _of_person(person: Person, label_map: LabelMap) -> Measured:
    size = (person.image.shape[0], person.image.shape[1])
    labels = fit_labels(person.parsing, size)
    garment = clothing_region(labels, label_map, "paper") > 0
    regions = {
        "garment": garment,
        "background": labels == label_map.labels.index("background"),
        **{name: np.isin(labels, label_map.ids((name,))) for name in ("hair", "face")},
        "arms": np.isin(labels, label_map.ids(("left_arm", "right_arm"))),
    }
    found = _joints(person.keypoints, size) | _body(person.keypoints, size[0]) | _head(regions, size[0])
    found |= {("label share", name): float((labels == i).mean()) for i, name in enumerate(label_map.labels)}
    found |= {("worn garment", name): value for name, value in _box(garment).items()}
    for name in ("garment", "background"):
        found |= _colours(person.image, regions[name], name)
    return found | {("gradient energy", n): _gradient_energy(person.image, region) for n, region in regions.items()}


def _of_product(garment: Clothing) -> Measured:
    mask = garment.mask >= 128
    found: Measured = {("product", name): value for name, value in _box(mask).items()}
    found[("gradient energy", "garment")] = _gradient_energy(garment.image, mask)
    return found | _colours(garment.image, mask, "garment") | _colours(garment.image, ~mask, "background")


def _joints(keypoints: Keypoints, size: tuple[int, int]) -> Measured:
    """Where each joint lies, and whether it is seen."""
    found: Measured = {}
    for name, (x, y, confidence) in zip(COCO18, keypoints.tolist(), strict=True):
        seen, joint = confidence > 0, name.replace("_", " ")
        found[("joint x", joint)] = (x + 0.5 - size[1] / 2) / size[0] if seen else np.nan
        found[("joint y", joint)] = (y + 0.5) / size[0] if seen else np.nan
        found[("joint seen", joint)] = float(seen)
    return found


def _body(keypoints: Keypoints, height: int) -> Measured:
    """Lengths between joints."""
    places = np.where(keypoints[:, 2:] > 0, keypoints[:, :2], np.nan)
    at = dict(zip(COCO18, places, strict=True))
    hips = (at["right_hip"] + at["left_hip"]) / 2
    ends = {
        "shoulder width": (at["right_shoulder"], at["left_shoulder"]),
        "hip width": (at["right_hip"], at["left_hip"]),
        "torso length": (at["neck"], hips),
        "right upper arm": (at["right_shoulder"], at["right_elbow"]),
        "left upper arm": (at["left_shoulder"], at["left_elbow"]),
        "right forearm": (at["right_elbow"], at["right_wrist"]),
        "left forearm": (at["left_elbow"], at["left_wrist"]),
        "nose to neck": (at["nose"], at["neck"]),
        "between eyes": (at["right_eye"], at["left_eye"]),
        "between ears": (at["right_ear"], at["left_ear"]),
    }
    return {("length", name): float(np.linalg.norm(a - b)) / height for name, (a, b) in ends.items()}


def _head(regions: dict[str, Mask], height: int) -> Measured:
    """The head as the parser sees it: from the top of hair and face down to the end of the face, and the face alone."""
    face, both = np.argwhere(regions["face"]), np.argwhere(regions["face"] | regions["hair"])
    if not len(face):
        return {("length", name): np.nan for name in ("head height", "face height", "face width")}
    top, bottom, sides = face[:, 0].min(), face[:, 0].max() + 1, np.ptp(face[:, 1]) + 1
    spans = {"head height": bottom - both[:, 0].min(), "face height": bottom - top, "face width": sides}
    return {("length", name): float(span) / height for name, span in spans.items()}


def _box(mask: Mask) -> dict[str, float]:
    """Area, place, size and aspect of a region; lengths as shares of the picture's height."""
    rows, columns = (np.flatnonzero(mask.any(axis=axis)) for axis in (1, 0))
    if not len(rows):
        return {"area": 0.0} | dict.fromkeys(("top", "bottom", "height", "width", "aspect", "filled"), np.nan)
    high, wide = rows[-1] - rows[0] + 1, columns[-1] - columns[0] + 1
    return {
        "area": float(mask.mean()),
        "top": float(rows[0]) / len(mask),
        "bottom": float(rows[-1] + 1) / len(mask),
        "height": float(high) / len(mask),
        "width": float(wide) / len(mask),
        "aspect": float(wide / high),
        "filled": float(mask.sum() / (high * wide)),  # share of its bounding box
    }


def _colours(image: Pixels, region: Mask, name: str) -> Measured:
    """Quantiles of each channel, and shares of lightness and hue, over a region."""
    inside = to_unit(image[region])  # (N, 3)
    found: Measured = {}
    for channel, letter in enumerate("RGB"):
        values = np.quantile(inside[:, channel], QUANTILES) if len(inside) else np.full(len(QUANTILES), np.nan)
        found |= {(f"{name} colour", f"{letter} {q:.0%}"): float(v) for q, v in zip(QUANTILES, values, strict=True)}
    lightness = (inside @ LUMINANCE * BINS).astype(int).clip(0, BINS - 1)
    value, spread = inside.max(axis=1, initial=0), np.ptp(inside, axis=1) if len(inside) else np.empty(0)
    grey = spread <= GREY * value
    hue = (_hue(inside[~grey]) * BINS).astype(int) % BINS
    for what, bins in (("lightness", lightness), ("hue", hue)):
        shares = np.bincount(bins, minlength=BINS) / max(len(inside), 1)
        found |= {(f"{name} {what}", f"bin {i + 1} of {BINS}"): float(share) for i, share in enumerate(shares)}
    found[(f"{name} hue", "none: grey")] = float(grey.mean()) if len(inside) else np.nan
    return found


def _hue(colours: NDArray[np.float64]) -> NDArray[np.float64]:
    """(N,3) in [0,1], none of them grey -> hue in [0,1), 0 is red and 1/3 green; bins are centred on neither."""
    r, g, b = colours.T
    most, least = colours.max(axis=1, initial=0), colours.min(axis=1, initial=1)
    span = np.where(most > least, most - least, 1)
    sixth = np.select([r == most, g == most], [(g - b) / span, 2 + (b - r) / span], 4 + (r - g) / span)
    return np.asarray(sixth / 6 % 1)


def _gradient_energy(image: Pixels, region: Mask) -> float:
    """Mean squared Sobel gradient of the luminance, per pixel of `image`, within the eroded region; NaN when empty."""
    side = 2 * ERODED_PX + 1
    framed = cv2.copyMakeBorder(region.astype(np.uint8), *(1,) * 4, cv2.BORDER_REPLICATE)
    inside = cv2.erode(framed, np.ones((side, side), np.uint8))[1:-1, 1:-1] > 0
    if not inside.any():
        return float("nan")
    luminance = to_unit(image) @ LUMINANCE
    slopes = [cv2.Sobel(luminance, cv2.CV_64F, *order, ksize=3, scale=1 / 8) for order in ((1, 0), (0, 1))]
    return float((slopes[0] ** 2 + slopes[1] ** 2)[inside].mean())
