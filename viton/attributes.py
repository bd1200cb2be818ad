"""What a made-up world says of its pictures in words, as classes to be recognised.

Of a person's photo: pose, arms, hair, trousers or skirt, skin, and the garment that is worn; of a product picture: the
garment. The colour of a garment is measured on its product picture, since the world does not name it.
"""

from __future__ import annotations

import colorsys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np

from viton.coordinates import Size
from viton.data.dataset import Dataset
from viton.data.framing import fit_photo
from viton.data.layouts import open_dataset
from viton.data.sample import Clothing
from viton.errors import InputError
from viton.files import read_jsonl
from viton.images import Pixels, load_rgb
from viton.synthetic.fabric import PATTERNS
from viton.synthetic.garment import KINDS
from viton.synthetic.hair import STYLES
from viton.synthetic.palette import light_of
from viton.synthetic.pose import POSES
from viton.synthetic.tailor import DEPTH, SLEEVES

Row = Mapping[str, object]
ARMS = ("down", "back", "front_low", "on_hip", "across_high", "across_low", "raised")
NECKLINES = (*DEPTH, "strap", "high")
SLEEVE_KINDS = tuple(sorted({sleeve for kinds in SLEEVES.values() for sleeve in kinds}))
SKIN = ("dark", "middle", "light")
COLOURS = ("black", "grey", "white", "red", "yellow", "green", "cyan", "blue", "magenta")


class Attribute(NamedTuple):
    """Something that a world says of a picture, and what it may be."""

    name: str
    classes: tuple[str, ...]
    read: Callable[[Row], object]  # the class, from a row of attributes.jsonl


def _named(name: str, classes: Sequence[str], key: str | None = None) -> Attribute:
    return Attribute(name, tuple(classes), lambda row: row.get(key or name))


PERSON = (
    _named("pose", tuple(POSES)),
    _named("left_arm", ARMS),
    _named("right_arm", ARMS),
    _named("hair", tuple(STYLES)),
    _named("lower", ("trousers", "skirt")),
    Attribute("skin", SKIN, lambda row: _skin(row)),
)
GARMENT = (
    _named("type", tuple(KINDS)),
    _named("pattern", tuple(PATTERNS)),
    _named("sleeve", SLEEVE_KINDS),
    _named("neckline", NECKLINES),
    Attribute("logo", ("none", "some"), lambda row: "some" if row.get("logo") else "none"),
    _named("colour", COLOURS),
)
ATTRIBUTES = PERSON + GARMENT
MIRRORED = ("left_arm", "right_arm")  # what changes places in a mirrored photo


class Described(NamedTuple):
    """Somebody's photo and the product picture of the garment that is worn, with their classes."""

    name: str
    photo: Pixels  # (H, W, 3)
    product: Pixels  # (H, W, 3)
    person: tuple[int, ...]  # a class for each of PERSON
    garment: tuple[int, ...]  # a class for each of GARMENT

    @property
    def nbytes(self) -> int:
        return self.photo.nbytes + self.product.nbytes


class DescribedPeople(Sequence[Described]):
    """Everybody of some splits of a made-up world, each read when it is asked for."""

    def __init__(self, root: Path, splits: Sequence[str], size: Size) -> None:
        """Raises InputError when a split or its attributes.jsonl is missing or damaged."""
        self.size = size
        self.entries: list[tuple[Dataset, str, Row, Row]] = []
        for split in splits:
            data, path = open_dataset(root, split), root / split / "attributes.jsonl"
            rows = {(row.get("kind"), row.get("id")): row for row in read_jsonl(path)}
            for name in data.people:
                pair = rows.get(("person", name)), rows.get(("garment", name))
                if pair[0] is None or pair[1] is None:
                    raise InputError(path, f"the person {name} and the garment {name}", "one of them, or none")
                self.entries.append((data, name, pair[0], pair[1]))

    def __len__(self) -> int:
        return len(self.entries)

    def __getitem__(self, index: int) -> Described:  # type: ignore[override]
        data, name, person, garment = self.entries[index]
        product = data.clothing(name, self.size)
        seen = {**garment, "colour": colour_of(product)}
        where = data.root / data.split / "attributes.jsonl"
        return Described(
            name,
            fit_photo(load_rgb(data.people[name]), self.size),
            product.image,
            tuple(_class(each, person, where) for each in PERSON),
            tuple(_class(each, seen, where) for each in GARMENT),
        )


def colour_of(product: Clothing) -> str:
    """The commonest tone of a garment, one of COLOURS, from the median of its pixels."""
    inside = product.image[product.mask >= 250]
    r, g, b = np.median(inside if len(inside) else product.image.reshape(-1, 3), axis=0) / 255
    hue, saturation, value = colorsys.rgb_to_hsv(r, g, b)
    if value < 0.25:
        return "black"
    if saturation < 0.15:
        return "white" if value > 0.8 else "grey"
    return COLOURS[3 + round(hue * 6) % 6]


def _skin(row: Row) -> str:
    colour = row.get("skin")
    if not isinstance(colour, list) or len(colour) != 3:
        return str(colour)
    light = light_of(np.array(colour, np.float64))
    return SKIN[int(light > 120) + int(light > 185)]


def _class(attribute: Attribute, row: Row, where: Path) -> int:
    found = attribute.read(row)
    if found not in attribute.classes:
        raise InputError(where, f"{attribute.name} of {', '.join(attribute.classes)}", repr(found))
    return attribute.classes.index(str(found))
