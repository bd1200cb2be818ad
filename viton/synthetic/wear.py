"""The garment worn: its own cloth carried onto the body by panels that follow trunk, arms and neck.

A panel hangs on the body from where it stands out (gravity), stands off by an ease that is no trait of the body, and
has folds. Its height gives the light, and arc lengths on it give every worn sub-pixel its place (u, v) on the cut,
and from there its product coordinate. No thin-plate spline is used anywhere.
"""

from __future__ import annotations

from typing import NamedTuple

import cv2
import numpy as np

from viton.synthetic.body import Person
from viton.synthetic.canvas import Bools, Canvas, Cloth, Patch, Window
from viton.synthetic.cut import COLLAR_RIM, FRONT, HIGH_COLLAR, Cut
from viton.synthetic.garment import Garment, Product
from viton.synthetic.layout import LONGER
from viton.synthetic.light import slopes
from viton.synthetic.pose import Build, Trunk
from viton.synthetic.relief import Relief, bell, sample_relief, step
from viton.synthetic.shapes import Floats, Profile
from viton.synthetic.surface import FAR, Ease, Surface, to_shoulder, trunk_surface, trunk_window

NECK_SIDE = -0.16  # t from which a garment's length is measured
ASPECT = 0.7  # a trunk's depth over its width


def _arc() -> Profile:
    """Way round an ellipse from its front, by angle, in quarters of the whole."""
    angle = np.linspace(0, np.pi, 513)
    middle = (angle[1:] + angle[:-1]) / 2
    way = np.concatenate([[0.0], np.cumsum(np.hypot(np.cos(middle), ASPECT * np.sin(middle)))])
    return Profile(angle, way / way[256])


ARC = _arc()


class Fit(NamedTuple):
    """How a garment sits on a person."""

    looseness: float  # 0 follows the body, 1 hangs from the widest place
    stretch: float  # length worn over length as cut
    twist: tuple[float, float]  # radians by which the left and the right sleeve turn on the arm
    slide: tuple[Relief, Relief]  # how cloth lies askew, across and down
    flutes: Relief  # that fall to the hem
    drags: tuple[Relief, Relief]  # from the armpits and breasts to the middle, left and right
    rings: Relief  # where cloth is pushed together at the waist
    crumple: Relief
    sleeves: dict[int, Relief]


class Piece(NamedTuple):
    """A worn panel: its pixels, their product coordinates, and its height over the coarse blocks."""

    patch: Patch
    cloth: Cloth
    height: Floats
    upon: Bools | bool = False  # where its thin straps lie upon bare shoulders


def sample_fit(rng: np.random.Generator) -> Fit:
    """Draw how a garment is worn."""
    return Fit(
        looseness=float(rng.beta(1.2, 1.3)),
        stretch=float(rng.uniform(0.93, 1.1)),
        twist=(float(rng.normal(0, 0.22)), float(rng.normal(0, 0.22))),
        slide=(sample_relief(rng, 4, 4), sample_relief(rng, 4, 4)),
        flutes=sample_relief(rng, 4, int(rng.integers(8, 15)), 0.25),
        drags=(sample_relief(rng, 5, 11, 0.5), sample_relief(rng, 5, 11, 0.5)),
        rings=sample_relief(rng, 14, 4, 0.3),
        crumple=sample_relief(rng, 15, 11, 0.2),
        sleeves={side: sample_relief(rng, 15, 4, 0.35) for side in (1, -1)},
    )


def garment_ease(person: Person, garment: Garment, fit: Fit) -> Ease:
    """How far the cloth stands off the trunk, by t: loose cloth hangs straight down from where the body is widest."""
    b, t = person.build, np.linspace(-0.3, 1.3, 49)
    wide = person.trunk.width(t)
    hanging = np.maximum.accumulate(np.where(t > 0.3, wide, 0)) - wide
    flare = (garment.cut.hem - 0.98) * 0.6 * b.shoulder * np.clip((t - 0.3) / 0.6, 0, 1.3)
    loose = fit.looseness * (np.clip(hanging, 0, None) + 0.045 * b.torso * np.clip((t - 0.1) / 0.6, 0, 1))
    # Much free cloth falls in folds before it stands off.
    free = loose + np.maximum(flare, -0.01 * b.torso)
    close = 0.012 * b.torso + 0.036 * b.torso * np.tanh(free / (0.036 * b.torso))
    if person.lower.tucks:
        rise = person.lower.rise
        blouson = 0.3 * fit.looseness * np.clip(rise + 0.02 - t, 0, 0.12) * b.torso
        close = np.minimum(close, 0.012 * b.torso + blouson + loose * np.clip((rise - t) / 0.3, 0, 1))
    waves = (0.2 + fit.looseness) * 0.007 * b.torso * np.clip(t * 2.5 - 0.4, 0, 1)
    sides = (fit.rings.at(np.full((49, 1), side), t[:, None] / 1.2)[:, 0] for side in (0.0, 1.0))
    if not person.lower.tucks:  # over the waistband and what is below it
        close = np.maximum(close, 0.034 * b.torso * np.clip((t - 0.6) / 0.2, 0, 1))
    left, right = (Profile(t, np.maximum(close + waves * wave, 0.006 * b.torso)) for wave in sides)
    return Ease(left, right)


def wear_front(canvas: Canvas, person: Person, garment: Garment, product: Product, fit: Fit) -> Piece:
    """The front panel on the trunk."""
    b, trunk = person.build, person.trunk
    hem = NECK_SIDE + LONGER * garment.cut.ratio * fit.stretch * 1.08 * b.shoulder / b.torso
    window = trunk_window(canvas, trunk, NECK_SIDE - 0.1, hem + 0.08, 0.08 * b.torso)
    surface = trunk_surface(canvas, trunk, b, window, garment_ease(person, garment, fit))
    round_, v = _cut_place(surface, trunk, b, hem, garment.cut.rise > 0)
    u = np.sign(round_) * np.where(np.abs(round_) > 1, 2 - np.abs(round_), np.abs(round_))  # the back is cut alike
    corner = 1.03 - to_shoulder(surface.across, trunk, b) + np.clip(3 * surface.t, 0, None)  # under the sleeve
    inside = np.minimum(1 - np.abs(surface.seen), corner)
    if not product.sleeves:  # above the armholes the back does not show
        inside = np.minimum(inside, np.maximum(1 - np.abs(round_), v - garment.cut.armhole))
    if person.lower.tucks:
        inside = np.minimum(inside, person.lower.rise + 0.05 - surface.t)
    upon = garment.cut.neckline.bust - v  # thin straps; wide ones go on behind the arm
    covered = garment.cut.covers(canvas.enlarge(u, window), canvas.enlarge(v, window))
    covered &= canvas.enlarge(inside, window) > 0
    height = _draped(canvas, surface, fit, b) + _front_folds(surface, u, v, person, garment, fit)
    u, v = _askew(u, v, garment.cut, fit, slopes(height, canvas.scale / canvas.coarse))
    xy = product.front.to_xy(np.clip(u, -1, 1), np.clip(v, 0, 1))
    cloth = Cloth(FRONT, product_pixels(canvas, product, window, xy))
    return Piece(Patch(window, covered), cloth, height, canvas.enlarge(upon, window) > 0)


def _cut_place(surface: Surface, trunk: Trunk, b: Build, hem: float, high: bool) -> tuple[Floats, Floats]:
    """(u, v) on the cut, |u| beyond 1 behind the side seam."""
    out = to_shoulder(surface.across, trunk, b)
    slope, top = np.minimum(out, 1.5) ** 1.4, -0.19  # cloth lies upon the shoulders
    shoulder = top + 0.119 * slope + 1.2 * np.maximum(out - 1, 0)
    if high:
        shoulder = shoulder - 0.025 * bell(out, 0.42, 0.14)  # up to where the collar begins
    low = hem + 0.035 * (1 - np.minimum(surface.seen**2, 1))  # seen from above, the hem's middle is lower
    level = top + 0.06 * slope  # cloth hangs level below shoulders that slope more than the flat garment's
    at_shoulder = (shoulder - level) / (low - level)
    near = np.clip((low - surface.t) / (low - shoulder), 0, 1) ** 5
    v = (surface.t - level) / (low - level) - at_shoulder * near
    turn = np.abs(surface.theta)
    round_ = ARC(turn)
    flat = np.where(turn > np.pi / 2, 2 - np.sin(turn), np.sin(turn))  # cloth lies flat upon the shoulders
    u = flat + step(v, 0.0, 0.4) * (round_ - flat)
    return np.asarray(np.sign(surface.theta) * u), v


def _draped(canvas: Canvas, surface: Surface, fit: Fit, b: Build) -> Floats:
    """The cloth's height without folds: below the breasts it falls back slowly instead of following the body."""
    y = canvas.coarse_grid(surface.window)[1]
    slack = 0.16 * y
    falling = np.where(surface.t > 0.3, surface.height + slack, FAR)
    hanging = np.maximum(np.maximum.accumulate(falling, axis=0) - slack, surface.height)
    share = 0.25 + 0.75 * fit.looseness
    cloth = surface.height + share * (hanging - surface.height)
    soft = 0.02 * b.torso * canvas.scale / canvas.coarse
    return np.asarray(cv2.GaussianBlur(cloth, (0, 0), soft), np.float32)


def _front_folds(surface: Surface, u: Floats, v: Floats, person: Person, garment: Garment, fit: Fit) -> Floats:
    """Heights of the folds that hang, drag and bunch on a front panel."""
    loose, scale = fit.looseness, person.build.torso
    a, left = (u + 1) / 2, surface.theta > 0
    flutes = fit.flutes.at(a + 0.03 * v, v) * step(v, 0.3, 1.0) * (0.12 + 0.88 * loose)
    slant = 0.62 * (np.abs(u) - 0.5)
    drag = np.where(left, fit.drags[0].at(v + slant, np.abs(u)), fit.drags[1].at(v + slant, np.abs(u)))
    drag = drag * (bell(v, 0.34, 0.2) * (0.35 + 0.5 * loose) + 0.25 * bell(v, 0.75, 0.25))
    drag = drag * step(np.abs(u), 0.12, 0.6)
    pushed = fit.rings.at(a, v) * bell(surface.t, 0.66, 0.16) * (0.55 - 0.3 * loose)
    if person.lower.tucks:
        short = step(surface.t, person.lower.rise - 0.22, person.lower.rise)
        flutes = flutes + 0.6 * fit.flutes.at(1.7 * a, v) * short
    crumple = 0.13 * fit.crumple.at(a, v) * step(v, 0.05, 0.3)
    stiff = 0.7 + 0.6 * garment.fabric.drape
    return np.asarray(scale * stiff * (0.03 * flutes + 0.021 * drag + 0.014 * pushed + 0.018 * crumple), np.float32)


def _askew(u: Floats, v: Floats, cut: Cut, fit: Fit, slope: tuple[Floats, Floats]) -> tuple[Floats, Floats]:
    """The place on the cut of cloth that lies a little askew and leans with its folds; seams stay where they are."""
    right, down = slope
    free = np.clip(1 - u * u, 0, 1) * np.clip(4 * v * (1.1 - v), 0, 1) * step(v - cut.neckline.edge(u), 0.0, 0.2)
    if cut.strap < 1:
        free = free * step(cut.side(v) - np.abs(u), 0.0, 0.2)
    a = (u + 1) / 2
    pull = np.clip(right, -0.7, 0.7) * 0.035 + 0.028 * fit.slide[0].at(a, v)
    sag = np.clip(down, -0.7, 0.7) * 0.012 + 0.016 * fit.slide[1].at(a, v)
    return u + pull * free, v + sag * free


def product_pixels(canvas: Canvas, product: Product, window: Window, xy: tuple[Floats, Floats]) -> Floats:
    """Product coordinates in pixels of a window's sub-pixels (h,w,2), from points of its blocks in units of height."""
    height = product.image.shape[0]
    return np.stack([canvas.enlarge(np.asarray(one * height - 0.5, np.float32), window) for one in xy], -1)


def wear_high_collar(canvas: Canvas, person: Person, product: Product) -> Piece | None:
    """A turtleneck's collar on the neck."""
    if product.high_collar is None:
        return None
    b, yaw = person.build, person.yaw
    ends = np.stack([person.trunk.stance.neck, person.head.chin]).astype(np.float32)
    window = canvas.window(ends, 1.9 * b.neck)
    along, across = beside_neck(canvas, person, window)
    half = b.neck * (1.14 + 1.5 * np.clip(0.55 - along, 0, 1) ** 1.4)
    seen = across / half
    held = np.clip(seen, -1, 1)
    bow = np.sqrt(1 - held * held)
    below_rim = (0.78 - 0.05 * bow - along) / (0.64 + 0.06 * bow)  # 0 at the upper edge, 1 where the front begins
    rim = COLLAR_RIM * bow  # on the flat product the front's rim hangs, and the back's shows above it
    v = rim + below_rim * (1 - rim)
    u = np.arcsin(held) / (np.pi / 2) - 0.25 * yaw * bow
    inside = np.minimum.reduce([below_rim, 1 - below_rim, 1 - np.abs(seen)])
    xy = product.high_collar.to_xy(np.clip(u, -1, 1), np.clip(v, 0, 1))
    cloth = Cloth(HIGH_COLLAR, product_pixels(canvas, product, window, xy))
    height = np.asarray(half * bow + 0.1 * b.torso, np.float32)
    return Piece(Patch(window, canvas.enlarge(inside, window) > 0), cloth, height)


def beside_neck(canvas: Canvas, person: Person, window: Window) -> tuple[Floats, Floats]:
    """Where blocks of a window lie beside the neck: along from the neck joint (0) to the chin (1), and across."""
    start, chin = np.array(person.trunk.stance.neck), np.array(person.head.chin)
    length = float(np.linalg.norm(chin - start))
    right, down = ((chin - start) / length).astype(np.float32)
    x, y = canvas.coarse_grid(window)
    dx, dy = x - np.float32(start[0]), y - np.float32(start[1])
    return (dx * right + dy * down) / np.float32(length), dy * right - dx * down
