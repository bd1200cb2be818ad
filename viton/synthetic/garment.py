"""Garments: what they are, and their product pictures on white with inner collar and neck tag."""

from __future__ import annotations

from typing import NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray

from viton.synthetic.canvas import Canvas, Cloth, Patch
from viton.synthetic.cut import COLLAR_RIM, FRONT, HIGH_COLLAR, PANELS, SLEEVE_OF, Cut, Frame, Neckline, collar_covers
from viton.synthetic.fabric import Fabric, sample_fabric
from viton.synthetic.shapes import Floats, Profile, as_points

KINDS = {"t_shirt": 0.28, "long_sleeve": 0.2, "tank": 0.14, "turtleneck": 0.12, "v_neck": 0.14, "blouse": 0.12}
SYLLABLES = ("ka", "lo", "mi", "ne", "ro", "su", "ta", "vi", "do", "fe", "ga", "ju", "po", "ri", "sa", "zu")


class Garment(NamedTuple):
    """Everything about a garment but its picture."""

    kind: str
    cut: Cut
    fabric: Fabric
    logo: str  # its text, or nothing
    logo_size: float
    size: float  # half-width of its shoulders in its picture, as far as it fits

    def length(self) -> str:
        return "short" if self.cut.ratio < 2.7 else "long" if self.cut.ratio > 3.0 else "regular"


class Sleeve(NamedTuple):
    """A flat sleeve between its outer edge and its inner edge, each a quadratic curve (3,2) from shoulder to cuff."""

    outer: Floats
    inner: Floats

    def to_xy(self, u: Floats, v: Floats) -> tuple[Floats, Floats]:
        """(x, y) of u across (-1 on the outer edge) and v from shoulder to cuff."""
        weights = ((1 - v) ** 2, 2 * v * (1 - v), v**2)
        share = (u + 1) / 2
        x, y = (
            sum(w * (self.outer[k, i] * (1 - share) + self.inner[k, i] * share) for k, w in enumerate(weights))
            for i in (0, 1)
        )
        return np.asarray(x, np.float32), np.asarray(y, np.float32)

    def outline(self) -> Floats:
        v = np.linspace(0, 1, 16, dtype=np.float32)
        edges = [np.stack(self.to_xy(np.full_like(v, u), way), 1) for u, way in ((-1, v), (1, v[::-1]))]
        return np.concatenate(edges)


class Product(NamedTuple):
    """A product picture uint8 (H,W,3), its masks (H,W) in {0,1}, and where its panels lie in it."""

    image: NDArray[np.uint8]
    mask: NDArray[np.uint8]
    collar: NDArray[np.uint8]
    panel: NDArray[np.uint8]  # which panel's outside fills a pixel; 0 where none does alone
    front: Frame
    sleeves: dict[int, Sleeve]  # by side
    high_collar: Frame | None


def sample_garment(rng: np.random.Generator, index: int) -> Garment:
    """Draw one garment; `index` makes its logo its own."""
    kind = str(rng.choice(list(KINDS), p=list(KINDS.values())))
    fabric = sample_fabric(rng)
    ratio = rng.uniform(2.5, 3.2)
    neckline = _neckline(rng, kind, ratio)
    sleeve = {"tank": "none", "long_sleeve": "long", "t_shirt": "short"}.get(kind) or (
        "long" if rng.random() < 0.6 else "short"
    )
    covered = {"none": 0.0, "short": rng.uniform(0.26, 0.4), "long": rng.uniform(0.94, 0.99)}[sleeve]
    cut = Cut(
        sleeve, neckline, ratio, waist=rng.uniform(0.84, 0.98), hem=rng.uniform(0.92, 1.08),
        armhole=rng.uniform(0.78, 0.88) / ratio, strap=rng.uniform(0.72, 0.82) if sleeve == "none" else 1.0,
        sleeve_length=covered, cuff=rng.uniform(0.24, 0.3) if sleeve == "short" else rng.uniform(0.15, 0.21),
    )  # fmt: skip
    with_logo = kind != "blouse" and rng.random() < (0.5 if fabric.pattern in ("solid", "gradient") else 0.15)
    return Garment(
        kind, cut, fabric, _word(index) if with_logo else "", rng.uniform(0.5, 0.9), rng.uniform(0.24, 0.265)
    )


def _neckline(rng: np.random.Generator, kind: str, ratio: float) -> Neckline:
    name = {"tank": "scoop", "turtleneck": "high", "v_neck": "v", "blouse": "collar"}.get(kind, "crew")
    depth = {"crew": (0.22, 0.36), "scoop": (0.5, 0.7), "v": (0.75, 1.0), "collar": (0.35, 0.5), "high": (0.1, 0.1)}[
        name
    ]
    wide = {"scoop": (0.5, 0.56), "high": (0.36, 0.38)}.get(name, (0.42, 0.5))
    return Neckline(name, rng.uniform(*wide), rng.uniform(*depth) / ratio, 0.06 / ratio)


def _word(index: int) -> str:
    """A made-up name that no other garment has."""
    scattered = index % 4096 * 1597 % 4096  # 1597 is odd, so that this is one-to-one
    word = "".join(SYLLABLES[scattered >> shift & 15] for shift in (0, 4, 8))
    return word.upper() if index < 4096 else f"{word.upper()} {index // 4096}"


def draw_product(garment: Garment, size: tuple[int, int], rng: np.random.Generator) -> Product:
    """The product picture of a garment at (H, W)."""
    canvas = Canvas(size)
    canvas.colour[:] = 255
    front, sleeves, collar, unit = _lay_out(garment)
    for side, sleeve in sleeves.items():
        _draw_sleeve(canvas, garment, sleeve, side, unit)
    _draw_front(canvas, garment, front, unit, rng)
    if collar:
        _draw_high_collar(canvas, garment, collar, unit)
    drawn = canvas.label > 0
    picture = canvas.pixels(canvas.colour * np.where(drawn, canvas.shade, 1)[..., None])
    cover, within = canvas.pixels(drawn), canvas.pixels(drawn & (canvas.panel == 0))
    panel = sum(np.uint8(number) * (canvas.pixels(canvas.panel == number) > 0.99) for number in PANELS)
    return Product(
        np.clip(picture + 0.5, 0, 255).astype(np.uint8), (cover >= 0.5).astype(np.uint8),
        ((within >= 0.5) & (cover >= 0.5)).astype(np.uint8), np.asarray(panel, np.uint8), front, sleeves, collar,
    )  # fmt: skip


def _lay_out(garment: Garment) -> tuple[Frame, dict[int, Sleeve], Frame | None, float]:
    """Panels placed in the middle of the picture, and the half-width of the shoulders."""
    cut = garment.cut
    lean = np.radians(34 if cut.sleeve == "short" else 9)
    arm = cut.sleeve_length * 2.9  # a sleeve to the wrist is about as long as three half-shoulders
    reach = 1 + (arm * np.sin(lean) + 0.12 if arm else 0.0)
    rise = 0.45 if garment.kind == "turtleneck" else 0.0
    height = max(cut.ratio, arm * np.cos(lean) + 0.2) + rise
    unit = min(garment.size * (1.06 if cut.sleeve == "none" else 1), 0.355 / reach, 0.92 / height)
    top = 0.5 - (height / 2 - rise) * unit
    down = np.array([0, 0.32, 0.6, 1.0]) * cut.ratio
    half = Profile(top + unit * down, unit * np.array([1, 0.98, cut.waist, cut.hem]))
    front = Frame(0.375, top, top + unit * cut.ratio, 0.17 * unit, half, sag=0.03 * unit)
    sleeves = {side: _lay_sleeve(front, cut, side, unit, lean, arm) for side in (1, -1)} if arm else {}
    collar = None
    if garment.kind == "turtleneck":
        wide = unit * (cut.neckline.half_width + 0.02)
        base = Profile([top - 0.5 * unit, top + 0.2 * unit], [wide * 0.96, wide * 1.06])
        collar = Frame(0.375, top - 0.42 * unit, top + 0.1 * unit, 0.0, base, sag=0.07 * unit)
    return front, sleeves, collar, unit


def _lay_sleeve(front: Frame, cut: Cut, side: int, unit: float, lean: float, arm: float) -> Sleeve:
    ends = front.to_xy(as_points([side * cut.strap, side]), as_points([0, cut.armhole]))
    shoulder, armpit = np.stack(ends, 1)
    way = np.array([side * np.sin(lean), np.cos(lean)])
    across = np.array([-side * way[1], side * way[0]])  # towards the trunk
    tip = shoulder + way * arm * unit
    cuff = tip + across * 2 * cut.cuff * unit
    bulge = shoulder + way * arm * unit * 0.35 - across * 0.08 * unit
    return Sleeve(
        as_points([shoulder, bulge, tip]), as_points([armpit, (armpit + cuff) / 2 - across * 0.07 * unit, cuff])
    )


def _draw_sleeve(canvas: Canvas, garment: Garment, sleeve: Sleeve, side: int, unit: float) -> None:
    patch = canvas.polygon(sleeve.outline())
    x, y = canvas.grid(patch.window)
    way = sleeve.outer[2] - sleeve.outer[0]
    way = way / np.linalg.norm(way)
    dx, dy = x - sleeve.outer[0, 0], y - sleeve.outer[0, 1]
    down, across = dx * way[0] + dy * way[1], side * (dx * way[1] - dy * way[0])
    length = float(np.linalg.norm(sleeve.outer[2] - sleeve.outer[0]))
    colour = garment.fabric.colours(across / unit, down / unit, down / length)
    inward = np.clip(-across / (0.6 * unit), 0, 1)
    shade = 0.97 - 0.16 * inward**2 - 0.1 * np.exp(-(((length - down - 0.1 * unit) / (0.018 * unit)) ** 2))
    canvas.paint(patch, "upper_clothes", colour, shade, cloth=Cloth(SLEEVE_OF[side]))


def _draw_front(canvas: Canvas, garment: Garment, front: Frame, unit: float, rng: np.random.Generator) -> None:
    cut = garment.cut
    window = canvas.window(
        as_points([[front.centre - 1.2 * unit, front.top], [front.centre + 1.2 * unit, front.bottom]]), 0.02
    )
    x, y = canvas.grid(window)
    u, v = front.to_uv(x, y)
    across, down = (x - front.centre) / unit, (y - front.top) / unit
    across, down = np.broadcast_arrays(across, down)
    colour = garment.fabric.colours(across, down, v)
    _add_details(garment, colour, u, v, across, down)
    shade = 1.0 - 0.13 * np.abs(u) ** 3 - 0.12 * np.exp(-((((1 - v) * cut.ratio - 0.09) / 0.015) ** 2))
    for _ in range(4):
        at, lean, wide = rng.uniform(-0.8, 0.8), rng.uniform(-0.25, 0.25), rng.uniform(0.05, 0.12)
        shade = shade - 0.06 * np.exp(-(((u - at - lean * v) / wide) ** 2)) * np.clip(v * 1.6 - 0.4, 0, 1)
    covered = cut.covers(u, v)
    canvas.paint(Patch(window, covered), "upper_clothes", colour, shade, shadow=0.22, cloth=Cloth(FRONT))
    hollow = cut.inner_collar(u, v) & (np.abs(u) < cut.neckline.half_width)
    if garment.kind != "turtleneck":
        _draw_inside(canvas, garment, Patch(window, hollow), across, down)


def _add_details(garment: Garment, colour: Floats, u: Floats, v: Floats, across: Floats, down: Floats) -> None:
    """Neckband, placket and buttons, and the logo, laid over the print in place."""
    neckline = garment.cut.neckline
    band = v < neckline.edge(u, 0.09)
    tone = np.asarray(garment.fabric.base, np.float32) * 0.86
    colour[band] = tone
    if neckline.kind == "collar":
        flap = (v < neckline.edge(u, 0.26)) | ((np.abs(u) < neckline.half_width) & (v < neckline.front * 0.5))
        colour[flap] = np.asarray(garment.fabric.base, np.float32) * 0.93
        colour[flap & (v > neckline.edge(u, 0.2)) & (np.abs(u) > 0.1)] = tone * 0.9
        colour[(np.abs(np.abs(across) - 0.09) < 0.012) & ~flap] *= 0.78
        step = np.mod(down, 0.42) - 0.21
        colour[(across**2 + step**2 < 0.0011) & (v > neckline.front + 0.03)] = (245, 240, 230)
    if garment.logo:
        _stamp(colour, garment, across, down)


def _stamp(colour: Floats, garment: Garment, across: Floats, down: Floats) -> None:
    """Print the logo's text across the chest, in place."""
    (width, height), below = cv2.getTextSize(garment.logo, cv2.FONT_HERSHEY_DUPLEX, 2.0, 6)
    card = np.zeros((height + below + 20, width + 20), np.uint8)
    cv2.putText(card, garment.logo, (10, height + 8), cv2.FONT_HERSHEY_DUPLEX, 2.0, 255, 6, cv2.LINE_AA)
    step = card.shape[1] / (2 * garment.logo_size * 0.75)  # card pixels in a half-width of the shoulders
    column = (across * step + card.shape[1] / 2).astype(np.float32)
    row = ((down - 1.0) * step + card.shape[0] / 2).astype(np.float32)
    ink = cv2.remap(card, column, row, cv2.INTER_LINEAR)[..., None].astype(np.float32) / 255
    dark = np.mean(garment.fabric.base) > 130
    colour += ink * ((30.0 if dark else 245.0) - colour)


def _draw_inside(canvas: Canvas, garment: Garment, hollow: Patch, across: Floats, down: Floats) -> None:
    """The inside of the back with the neck tag."""
    depth = np.where(hollow.mask, down, np.inf).min(axis=0, keepdims=True)  # (1,w): its upper edge
    shade = 0.62 + 0.1 * np.clip((down - depth) * 4, 0, 1)
    canvas.paint(hollow, "upper_clothes", np.asarray(garment.fabric.base) * 0.96, np.nan_to_num(shade, neginf=0.7))
    edge = depth[0, depth.shape[1] // 2] if np.isfinite(depth[0, depth.shape[1] // 2]) else 0.0
    tag = (np.abs(across) < 0.1) & (down > edge + 0.02) & (down < edge + 0.15)
    print_line = (np.abs(across) < 0.06) & (np.abs(down - edge - 0.08) < 0.014)
    canvas.paint(Patch(hollow.window, tag & hollow.mask), "upper_clothes", np.where(print_line[..., None], 90, 250))


def _draw_high_collar(canvas: Canvas, garment: Garment, collar: Frame, unit: float) -> None:
    window = canvas.window(
        as_points([[collar.centre - 0.5 * unit, collar.top], [collar.centre + 0.5 * unit, collar.bottom]]), 0.02
    )
    x, y = canvas.grid(window)
    u, v = collar.to_uv(x, y)
    across, down = np.broadcast_arrays((x - collar.centre) / unit, (y - collar.top) / unit)
    rib = 1 - 0.05 * (np.sin(across * 70) > 0.3)
    colour = garment.fabric.colours(across, down, v * 0)
    shade, patch = rib * (1 - 0.2 * np.abs(u) ** 3), Patch(window, collar_covers(u, v))
    canvas.paint(patch, "upper_clothes", colour, shade, shadow=0.3, cloth=Cloth(HIGH_COLLAR))
    hollow = (np.abs(u) <= 1) & (v >= 0) & (v < COLLAR_RIM * np.sqrt(np.clip(1 - u**2, 0, 1)))
    _draw_inside(canvas, garment, Patch(window, hollow), across, down)
