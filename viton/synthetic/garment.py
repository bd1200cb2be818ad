"""Garments: what they are, and the way to their product pictures."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from viton.synthetic import layout, product
from viton.synthetic.cut import Cut
from viton.synthetic.fabric import Fabric, sample_fabric
from viton.synthetic.layout import Sleeve
from viton.synthetic.logo import Emblem, sample_emblem
from viton.synthetic.product import Design, Product
from viton.synthetic.tailor import Trim, sample_cut, sample_trim

__all__ = ["KINDS", "Garment", "Product", "Sleeve", "draw_product", "sample_garment"]

KINDS = {"t_shirt": 0.28, "long_sleeve": 0.18, "tank": 0.15, "turtleneck": 0.11, "v_neck": 0.13, "blouse": 0.15}
KNITTED = {"turtleneck": 0.6, "long_sleeve": 0.35, "v_neck": 0.3, "t_shirt": 0.15, "tank": 0.3}
SYLLABLES = ("ka", "lo", "mi", "ne", "ro", "su", "ta", "vi", "do", "fe", "ga", "ju", "po", "ri", "sa", "zu")


class Garment(NamedTuple):
    """Everything about a garment but its picture."""

    kind: str
    cut: Cut
    fabric: Fabric
    logo: str  # its text, or nothing
    size: float  # half-width of its shoulders in its picture, as far as it fits
    trim: Trim
    emblem: Emblem | None  # the logo's design

    def length(self) -> str:
        return "short" if self.cut.ratio < 2.6 else "long" if self.cut.ratio > 3.0 else "regular"


def sample_garment(rng: np.random.Generator, index: int) -> Garment:
    """Draw one garment; `index` makes its logo its own."""
    kind = str(rng.choice(list(KINDS), p=list(KINDS.values())))
    cut = sample_cut(rng, kind)
    fabric = sample_fabric(rng, KNITTED.get(kind, 0.0), flowing=kind == "blouse" or cut.neckline.kind == "strap")
    base = np.asarray(fabric.base)
    trim = sample_trim(rng, kind, cut, fabric.texture, base)
    plain = fabric.pattern in ("solid", "gradient") and fabric.texture == "plain" and not trim.pocket
    emblem = None
    if plain and kind != "blouse" and cut.neckline.kind != "strap" and rng.random() < 0.62:
        chest = max(0.6, cut.neckline.front * layout.flat(cut).ratio + 0.26)
        emblem = sample_emblem(rng, base, _word(index), index, chest)
    return Garment(
        kind, cut, fabric, emblem.word if emblem else "",
        float(rng.uniform(0.25, 0.275)), trim, emblem,
    )  # fmt: skip


def _word(index: int) -> str:
    """A made-up name that no other garment has."""
    scattered = index % 4096 * 1597 % 4096  # 1597 is odd, so that this is one-to-one
    word = "".join(SYLLABLES[scattered >> shift & 15] for shift in (0, 4, 8))
    return word.upper() if index < 4096 else f"{word.upper()} {index // 4096}"


def draw_product(garment: Garment, size: tuple[int, int], rng: np.random.Generator) -> Product:
    """The product picture of a garment at (H, W)."""
    design = Design(layout.flat(garment.cut), garment.fabric, garment.trim, garment.emblem)
    return product.draw(design, size, garment.size, rng)
