"""Sleeves: tubes of cloth on the arms, with the folds of elbow and wrist."""

from __future__ import annotations

import numpy as np

from viton.synthetic.body import Person
from viton.synthetic.canvas import Canvas, Cloth, Patch
from viton.synthetic.cut import SLEEVE_OF
from viton.synthetic.garment import Garment, Product
from viton.synthetic.light import slopes
from viton.synthetic.pose import JOINT
from viton.synthetic.relief import bell, step
from viton.synthetic.shapes import Floats
from viton.synthetic.surface import ARMPIT, CAP, Limb, below_seam, from_armhole, tube
from viton.synthetic.wear import Fit, Piece, product_pixels


def sleeve_radius(person: Person, garment: Garment, fit: Fit, limb: Limb) -> Floats:
    """Half-width (h,w) of a worn sleeve: close at the shoulder, as wide as it is cut at its end."""
    b, cut = person.build, garment.cut
    length = cut.sleeve_length * limb.whole
    share = np.clip(limb.beside.along / length, 0, 1)
    end = 2 / np.pi * cut.cuff * 1.08 * b.shoulder * (0.8 + 0.4 * fit.looseness)
    wide = np.maximum(end, limb.radius * 1.04 + 0.006 * b.torso)
    close = limb.radius * 1.03 + (0.007 + 0.008 * fit.looseness) * b.torso
    return np.asarray(close + (wide - close) * share**1.5, np.float32)


def wear_sleeve(person: Person, garment: Garment, product: Product, fit: Fit, limb: Limb, canvas: Canvas) -> Piece:
    """A sleeve on an arm."""
    length = garment.cut.sleeve_length * limb.whole
    radius = sleeve_radius(person, garment, fit, limb)
    along, across = limb.beside
    share = np.clip(across / radius, -1, 1)
    radius = radius * (1 + 0.05 * fit.looseness * fit.sleeves[limb.side].at(0.5 + 0 * along, along / limb.whole))
    down = below_seam(limb, person.build, radius)
    inside = limb.inside(radius, length)
    if person.arms[limb.side].kind == "raised":
        inside = from_armhole(canvas, person.trunk, person.build, limb, inside)
    else:
        inside = np.minimum(inside, down)
    angle = np.arcsin(share)
    height = tube(limb, radius) + _sleeve_folds(person, limb, fit, along, angle, length)
    right, below = slopes(height, canvas.scale / canvas.coarse)
    turned = (angle + fit.twist[0 if limb.side > 0 else 1] + 0.03 * np.clip(right, -1, 1)) / (np.pi / 2)
    u = np.where(np.abs(turned) > 1, np.sign(turned) * (2 - np.abs(turned)), turned)
    v = _down_the_sleeve(person, limb, down, angle, length)
    v = v + 0.012 * np.clip(below, -0.7, 0.7) * 4 * v * (1 - v)
    xy = product.sleeves[limb.side].to_xy(np.clip(u, -1, 1), np.clip(v, 0, 1))
    cloth = Cloth(SLEEVE_OF[limb.side], product_pixels(canvas, product, limb.window, xy))
    return Piece(Patch(limb.window, canvas.enlarge(inside, limb.window) > 0), cloth, height)


def _down_the_sleeve(person: Person, limb: Limb, down: Floats, angle: Floats, length: float) -> Floats:
    """v: what lies straight across the flat sleeve lies straight across the arm, but for the seam, where v is 0."""
    cap = CAP * person.build.arm
    whole, along = length + cap, limb.beside.along + cap
    slant = (angle / np.pi + 0.5) * (cap + ARMPIT * person.build.torso)  # the flat sleeve's inner edge starts lower
    seam = along - down
    at_seam = (seam - slant) / (whole - slant)
    fade = 5 if length > 0.6 * limb.whole else 2
    near = np.clip((whole - along) / (whole - seam), 0, 1) ** fade
    return np.asarray(np.clip((along - slant) / (whole - slant) - at_seam * near, 0, 1), np.float32)


def _sleeve_folds(person: Person, limb: Limb, fit: Fit, along: Floats, angle: Floats, length: float) -> Floats:
    """Heights of folds: across the inside of a bent elbow, pushed up at the wrist, and slanting along the arm."""
    name = "left" if limb.side > 0 else "right"
    shoulder, elbow, wrist = (person.joints[JOINT[f"{name}_{part}"]] for part in ("shoulder", "elbow", "wrist"))
    upper, fore = (elbow - shoulder) / np.linalg.norm(elbow - shoulder), (wrist - elbow) / np.linalg.norm(wrist - elbow)
    bend = 1 - float(np.clip(upper @ fore, -1, 1))
    relief, a, b = fit.sleeves[limb.side], angle / np.pi + 0.5, along / limb.whole
    slanting = relief.at(a, 1.2 * b + 0.22 * a) * (0.25 + 0.75 * fit.looseness)
    pushed = relief.at(0.6 * a, 2.2 * b + 0.1 * a) * bell(along, limb.upper, 0.3 * limb.upper) * min(1.0, 0.25 + bend)
    gathered = relief.at(0.5 * a, 2.6 * b) * step(along, 0.8 * length, length) * (length > 0.8 * limb.whole)
    fade = step(along, -person.build.arm, 0.4 * limb.upper) * step(length - along, 0.0, 0.02)
    folds = 0.013 * slanting + 0.018 * pushed + 0.007 * gathered
    return np.asarray(person.build.torso * folds * (0.25 + 0.75 * fade), np.float32)
