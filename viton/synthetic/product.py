"""The product picture: a garment alone on white or nearly white paper, with its inner collar and neck tag."""

from __future__ import annotations

from typing import NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray

from viton.synthetic import folds, logo, sewing
from viton.synthetic.canvas import Bools, Canvas, Window
from viton.synthetic.cut import COLLAR_RIM, FRONT, HIGH_COLLAR, SLEEVE_OF, Cut, Frame, collar_covers
from viton.synthetic.fabric import Fabric, filled
from viton.synthetic.layout import Layout, Sleeve, lay_out
from viton.synthetic.light import Light, swell
from viton.synthetic.logo import Emblem
from viton.synthetic.neck_tag import inside_of_back
from viton.synthetic.sewing import Panel
from viton.synthetic.shapes import Floats, as_points
from viton.synthetic.tailor import Trim

RELIEF = 1.3  # a soft box that stands to one side models cloth more than it does a person
RIM = 6  # sub-pixels by which a sleeve's colours go on beyond its edge
GRAIN = 128  # sub-pixels after which the specks of the yarn repeat


class Product(NamedTuple):
    """A product picture uint8 (H,W,3), its masks (H,W) in {0,1}, and where its panels lie in it.

    panel: which panel's outside fills a pixel, 0 where none does alone.   albedo: uint8 (H*s,W*s,3), the colours of the
    outside without shading, also somewhat beyond each panel; s is `canvas.sampling_of(H)`.   relief: float32 (H*s,W*s),
    how high sewn and knitted details stand above the cloth, in units of the picture's height.
    """

    image: NDArray[np.uint8]
    mask: NDArray[np.uint8]
    collar: NDArray[np.uint8]
    panel: NDArray[np.uint8]
    front: Frame
    sleeves: dict[int, Sleeve]  # by side
    high_collar: Frame | None
    albedo: NDArray[np.uint8]
    relief: Floats


class Design(NamedTuple):
    """What is drawn; the cut is as it lies on a table."""

    cut: Cut
    fabric: Fabric
    trim: Trim
    emblem: Emblem | None


class Drawing:
    """The sub-pixels of a product picture while it is drawn."""

    def __init__(self, canvas: Canvas, unit: float, light: Light, fabric: Fabric, rng: np.random.Generator) -> None:
        self.canvas, self.unit, self.light, self.sheen = canvas, unit, light, fabric.sheen
        shape = canvas.panel.shape
        self.albedo = filled(shape, fabric.base)
        self.relief = np.zeros(shape, np.float32)
        self.shade = np.ones(shape, np.float32)
        self.drawn = np.zeros(shape, bool)
        self.inside = np.zeros(shape, bool)
        self.grain = _grain(shape, fabric.melange, rng)
        self.paper = 255 if rng.random() < 0.3 else int(rng.integers(243, 255))  # shops' white is seldom pure
        self.lining: list[tuple[Window, Bools, NDArray[np.uint8]]] = []  # colours that `albedo` does not hold

    def panel(self, fabric: Fabric, window: Window, origin: Floats, turn: float, length: float) -> Panel:
        """Plain cloth in a window; fabric coordinates start at `origin` and are turned against the picture."""
        (x, y), cos, sin = self.canvas.grid(window), float(np.cos(turn)), float(np.sin(turn))
        dx, dy = (x - float(origin[0])) / self.unit, (y - float(origin[1])) / self.unit
        across, down = np.broadcast_arrays(cos * dx + sin * dy, cos * dy - sin * dx)
        pixel = 1 / (self.unit * self.canvas.scale)
        place = np.array([[cos, sin, 0], [-sin, cos, 0]]) * pixel
        place[:, 2] = across[0, 0], down[0, 0]
        shape = (across.shape[0], across.shape[1])
        tone, relief = self.grain[window].copy(), np.zeros(shape, np.float32)
        if fabric.texture != "plain":
            knit = fabric.surface(place, shape)
            relief += 0.007 * knit
            tone *= 1 + 0.035 * knit
        colour, dark = fabric.colours(place, shape, length), np.ones(shape, np.float32)
        return Panel(colour, tone, relief, dark, np.asarray(across), np.asarray(down), pixel)

    def colour(self, window: Window, where: Bools | None, panel: Panel) -> None:
        """Put a panel's colours and relief where the mask says, or in the whole window."""
        colour = cv2.multiply(panel.colour, cv2.merge([panel.tone] * 3), dtype=cv2.CV_8U)
        relief = panel.relief * np.float32(self.unit)
        if where is None:
            self.albedo[window], self.relief[window] = colour, relief
            return
        np.copyto(self.relief[window], relief, where=where)
        self.albedo[window] = cv2.copyTo(colour, where.astype(np.uint8), self.albedo[window].copy())

    def lay(self, window: Window, mask: Bools, panel: Panel, height: Floats, number: int) -> None:
        """Lay a panel whose cloth stands `height` half-widths high over what is there."""
        surface = (height + panel.relief) * np.float32(self.unit)
        shade = self.light.lit(surface, self.canvas.scale, RELIEF)
        deeper = 1 + 0.8 * self.sheen
        shade = (shade * np.float32(deeper) + np.float32(1 - deeper)) * panel.dark
        np.copyto(self.shade[window], shade, where=mask)
        np.copyto(self.canvas.panel[window], np.uint8(number), where=mask)
        self.drawn[window] |= mask

    def line(self, window: Window, hole: Bools, colour: NDArray[np.uint8], shade: Floats) -> None:
        """Show the inside of the back in a hole."""
        np.copyto(self.shade[window], shade, where=hole)
        np.copyto(self.canvas.panel[window], np.uint8(0), where=hole)
        self.drawn[window] |= hole
        self.inside[window] |= hole
        self.lining.append((window, hole, colour))

    def cast(self, window: Window, mask: Bools, reach: float, strength: float, fall: float = 0.0) -> None:
        """Darken what is there under and around a part; `reach` and `fall` in half-widths of the shoulders."""
        pixels = self.unit * self.canvas.scale
        soft = cv2.GaussianBlur(mask.astype(np.float32), (0, 0), reach * pixels)
        if fall:
            soft = sewing.lowered(soft, fall * pixels)
        self.shade[window] *= 1 - strength * soft


def draw(design: Design, size: tuple[int, int], unit: float, rng: np.random.Generator) -> Product:
    """Draw a garment at (H, W). unit: half-width of its shoulders in units of H, as far as it fits."""
    layout = lay_out(design.cut, unit, rng.uniform(-7, 9))
    light = Light(float(rng.choice([-1, 1]) * rng.uniform(0.25, 0.7)), float(rng.uniform(0.4, 0.8)))
    drawing = Drawing(Canvas(size), layout.unit, light, design.fabric, rng)
    _draw_front(drawing, design, layout, rng)
    if layout.high_collar:
        _draw_high_collar(drawing, design, layout.high_collar)
    return _develop(drawing, layout)


def _grain(shape: tuple[int, ...], melange: float, rng: np.random.Generator) -> Floats:
    """A factor on the colours (h,w): the specks of the yarn, finer and coarser ones."""
    fine, coarse = (rng.standard_normal((n, n)).astype(np.float32) for n in (GRAIN, GRAIN // 2))
    tile = 1 + melange * (fine + 1.2 * cv2.resize(coarse, (GRAIN, GRAIN), interpolation=cv2.INTER_LINEAR))
    return np.tile(tile, (-(-shape[0] // GRAIN), -(-shape[1] // GRAIN)))[: shape[0], : shape[1]]


def _draw_front(drawing: Drawing, design: Design, layout: Layout, rng: np.random.Generator) -> None:
    """The front with the sleeves behind it, and the inside of the back in its opening."""
    cut, front, canvas, unit = design.cut, layout.front, drawing.canvas, layout.unit
    wide = 1.06 * max(1.0, cut.waist, cut.hem) * unit
    corners = as_points([[front.centre - wide, front.top], [front.centre + wide, front.bottom + front.sag]])
    window = canvas.window(corners, 0.02)
    u, v = (np.asarray(a, np.float32) for a in front.to_uv(*canvas.grid(window)))
    panel = drawing.panel(design.fabric, window, as_points([front.centre, front.top]), 0.0, cut.ratio)
    sewing.sew_front(panel, cut, design.trim, u, v)
    if design.emblem:
        middle = (front.centre * canvas.scale - window[1].start, front.top * canvas.scale - window[0].start)
        ink = logo.print_on(panel.colour, design.emblem, middle, unit * canvas.scale)
        panel.relief[:] += 0.003 * ink
    drawing.colour(window, None, panel)
    covered = np.zeros(drawing.drawn.shape, bool)
    covered[window] = cut.covers(u, v)
    for side, sleeve in layout.sleeves.items():
        _draw_sleeve(drawing, design, sleeve, side, covered, rng)
    drawing.lay(window, covered[window], panel, folds.front_height(cut, design.fabric.drape, u, v, rng), FRONT)
    if not layout.high_collar:
        rows = slice(0, int((v < cut.neckline.front).any(axis=1).sum()) + 1)
        neck = (slice(window[0].start, window[0].start + rows.stop), window[1])
        deep = (v[rows] - cut.neckline.back_edge(u[rows])) * cut.ratio
        _draw_inside(drawing, design, neck, cut.inner_collar(u[rows], v[rows]), panel.part(rows, slice(None)), deep)


def _draw_sleeve(
    drawing: Drawing, design: Design, sleeve: Sleeve, side: int, front: Bools, rng: np.random.Generator
) -> None:
    """A sleeve where the front, a mask of the whole canvas, does not hide it."""
    canvas, unit, cut, fabric = drawing.canvas, drawing.unit, design.cut, design.fabric
    if design.trim.sleeves:
        fabric = fabric.in_one_colour(design.trim.sleeves)
    window, hidden = canvas.window(sleeve.outline(), 0.02), front[canvas.window(sleeve.outline(), 0.02)]
    under = as_points([-side * 0.35 * unit, 0])  # it goes on under the front, so that the seam is not its rim
    shown = np.concatenate([sleeve.outline(), [sleeve.inner[0] + under, sleeve.outer[0] + under]])
    further = sleeve.outer[-1] - sleeve.outer[-2] + sleeve.inner[-1] - sleeve.inner[-2]
    further *= 0.3 * unit / float(np.linalg.norm(further))  # nor is the open end a rim
    tube = np.insert(shown, len(sleeve.outer), [sleeve.outer[-1] + further, sleeve.inner[-1] + further], axis=0)
    mask, extended = _filled(canvas, window, shown), _filled(canvas, window, tube)
    end = (sleeve.outer[-1] - sleeve.inner[-1]).astype(np.float64) * side
    turn = float(np.arctan2(end[1], end[0]))
    head = sleeve.outer[0].astype(np.float64)
    length = float((sleeve.outer[-1] - head) @ (-np.sin(turn), np.cos(turn))) / unit
    panel = drawing.panel(fabric, window, head, turn, max(length, 0.6 * cut.ratio))
    sewing.sew_sleeve(panel, cut, design.trim, length)
    around = cv2.dilate(mask, np.ones((2 * RIM + 1, 2 * RIM + 1), np.uint8)).astype(bool)
    drawing.colour(window, around & ~hidden, panel)
    height = folds.sleeve_height(swell(extended > 0, canvas.scale * unit, 0.26), panel.down, length, fabric.drape, rng)
    drawing.lay(window, (mask > 0) & ~hidden, panel, height, SLEEVE_OF[side])
    drawing.cast(window, hidden & (panel.down > 0.25), 0.05, 0.5)


def _filled(canvas: Canvas, window: Window, outline: Floats) -> NDArray[np.uint8]:
    """1 inside an outline (N,2) and 0 elsewhere, in a window."""
    rows, columns = window
    mask = np.zeros((rows.stop - rows.start, columns.stop - columns.start), np.uint8)
    fixed = np.round((outline * canvas.scale - 0.5 - np.array([columns.start, rows.start])) * 16)
    cv2.fillPoly(mask, [fixed.astype(np.int32)], 1, shift=4)
    return mask


def _draw_inside(drawing: Drawing, design: Design, window: Window, hollow: Bools, panel: Panel, deep: Floats) -> None:
    """The inside of the back in a hollow of the window."""
    rows, columns = (np.flatnonzero(hollow.any(axis=axis)) for axis in (1, 0))
    part = slice(rows[0], rows[-1] + 1), slice(columns[0], columns[-1] + 1)
    top, left = window[0].start, window[1].start
    at = slice(top + rows[0], top + rows[-1] + 1), slice(left + columns[0], left + columns[-1] + 1)
    hole = hollow[part]
    drawing.line(at, hole, *inside_of_back(panel.part(*part), hole, deep[part], design.fabric.base, design.trim))


def _draw_high_collar(drawing: Drawing, design: Design, collar: Frame) -> None:
    """A turtleneck's collar over the front."""
    canvas, unit = drawing.canvas, drawing.unit
    wide = 0.6 * unit
    corners = as_points([[collar.centre - wide, collar.top], [collar.centre + wide, collar.bottom + 0.2 * unit]])
    window = canvas.window(corners, 0.02)
    u, v = (np.asarray(a, np.float32) for a in collar.to_uv(*canvas.grid(window)))
    panel = drawing.panel(design.fabric, window, as_points([collar.centre, collar.top]), 0.0, 99.0)
    outside, tall = collar_covers(u, v), (collar.bottom - collar.top) / unit
    rim = COLLAR_RIM * np.sqrt(np.clip(1 - u**2, 0, 1))
    hollow = (np.abs(u) <= 1) & (v >= 0) & (v < rim)
    if design.trim.ribbed:
        panel.relief[:] += 0.006 * np.sin(panel.across * (2 * np.pi / 0.07))
    panel.raise_((v - rim) * tall - 0.02, 0.012)
    panel.stitch((1 - v) * tall, 0.02)
    drawing.cast(window, outside | hollow, 0.05, 0.3, fall=0.05)
    drawing.colour(window, outside, panel)
    height = 0.3 * np.sqrt(1.002 - np.minimum(np.abs(u), 1) ** 2.5) + 0.04 * np.sin(np.clip(v, 0, 1) * np.pi)
    drawing.lay(window, outside, panel, height, HIGH_COLLAR)
    _draw_inside(drawing, design, window, hollow, panel, v * tall)


def _develop(drawing: Drawing, layout: Layout) -> Product:
    """Sub-pixels to pixels."""
    canvas, colour = drawing.canvas, drawing.albedo.copy()
    for window, hole, lining in drawing.lining:
        colour[window][hole] = lining[hole]
    lit = cv2.multiply(colour, cv2.merge([drawing.shade] * 3), dtype=cv2.CV_8U)
    lit[~drawing.drawn] = drawing.paper
    image = cv2.resize(lit, canvas.size[::-1], interpolation=cv2.INTER_AREA)
    numbers = [FRONT, *(SLEEVE_OF[side] for side in layout.sleeves)] + [HIGH_COLLAR] * bool(layout.high_collar)
    panel = sum(np.uint8(n) * (_share(canvas.panel == n, canvas.size) > 252) for n in numbers)
    mask, collar = (_share(part, canvas.size) >= 128 for part in (drawing.drawn, drawing.inside))
    return Product(
        np.asarray(image, np.uint8), mask.astype(np.uint8), (collar & mask).astype(np.uint8),
        np.asarray(panel, np.uint8), layout.front, layout.sleeves, layout.high_collar, drawing.albedo, drawing.relief,
    )  # fmt: skip


def _share(part: Bools, size: tuple[int, int]) -> NDArray[np.uint8]:
    """How much of each pixel (H,W) a part of the canvas fills, in 0..255."""
    full = part.astype(np.uint8) * np.uint8(255)
    return np.asarray(cv2.resize(full, size[::-1], interpolation=cv2.INTER_AREA), np.uint8)
