"""A person in a garment: every part in its order from back to front."""

from __future__ import annotations

from typing import NamedTuple

import cv2
import numpy as np

from viton.synthetic import figure, head, skirt, sleeve, trousers, wear
from viton.synthetic.body import Person
from viton.synthetic.canvas import LABEL, Canvas, Patch
from viton.synthetic.cut import FRONT
from viton.synthetic.develop import Picture, develop
from viton.synthetic.garment import Garment, Product
from viton.synthetic.light import joined, slopes
from viton.synthetic.shapes import Floats
from viton.synthetic.surface import Limb, find_arm, lay, shoulder_join, tube
from viton.synthetic.wear import Fit, Piece


class Outfit(NamedTuple):
    """A person and what they wear, with the shapes that have to meet at the shoulders."""

    person: Person
    garment: Garment
    product: Product
    fit: Fit
    limbs: dict[int, Limb]  # arms, by side
    skin: figure.Shape  # of trunk and neck
    front: Piece
    sleeves: dict[int, Piece]


def dress(person: Person, garment: Garment, product: Product, fit: Fit) -> Picture:
    """The photograph of a person wearing a garment, at the size of the product picture."""
    canvas = Canvas(product.mask.shape)
    outfit = _measure(canvas, person, garment, product, fit)
    figure.paint_wall(canvas, person)
    head.paint_back_hair(canvas, person.head, person.hair, person.light)
    _paint_arms(canvas, outfit, "behind")
    figure.paint_skin(canvas, person, _with_arms(canvas, outfit, outfit.skin), "neck")
    paint_lower = trousers.paint_trousers if person.lower.kind == "trousers" else skirt.paint_skirt
    if person.lower.tucks:
        _paint_piece(canvas, outfit, outfit.front, 0.0)
        paint_lower(canvas, person)
    else:
        paint_lower(canvas, person)
        _paint_piece(canvas, outfit, outfit.front, 0.34)
    collar = wear.wear_high_collar(canvas, person, product)
    if collar:
        _paint_piece(canvas, outfit, collar, 0.06)
    _paint_arms(canvas, outfit, "beside")
    head.paint_head(canvas, person.head, person.face, person.hair, person.skin, person.light)
    head.paint_front_hair(canvas, person.head, person.hair, person.light)
    _paint_arms(canvas, outfit, "front")
    if not product.sleeves:
        _paint_straps(canvas, outfit)
    return develop(canvas, product)


def _measure(canvas: Canvas, person: Person, garment: Garment, product: Product, fit: Fit) -> Outfit:
    """Everything's place and shape on the canvas."""
    limbs = {
        side: find_arm(canvas, person.build, person.joints, side, arm, person.yaw) for side, arm in person.arms.items()
    }
    sleeves = {
        side: sleeve.wear_sleeve(person, garment, product, fit, limb, canvas)
        for side, limb in limbs.items()
        if product.sleeves
    }
    front = wear.wear_front(canvas, person, garment, product, fit)
    return Outfit(person, garment, product, fit, limbs, figure.trunk_skin(canvas, person), front, sleeves)


def _with_arms(canvas: Canvas, outfit: Outfit, shape: figure.Shape) -> figure.Shape:
    """A trunk's shape, going over into the arms that do not lie behind it."""
    person, height, window = outfit.person, shape.height, shape.patch.window
    for side, limb in outfit.limbs.items():
        if person.arms[side].depth != "behind":
            arm = outfit.sleeves[side].height if outfit.sleeves else tube(limb, limb.radius)
            soft, apart = shoulder_join(limb, person.build)
            soft = np.maximum(lay(canvas, limb.window, soft, window), 1e-3)
            height = joined(height, lay(canvas, limb.window, arm - apart, window), soft)
    return figure.Shape(shape.patch, height)


def _with_trunk(canvas: Canvas, outfit: Outfit, side: int, height: Floats, trunk: figure.Shape) -> Floats:
    """An arm's height, going over into the trunk in the same way."""
    limb, person = outfit.limbs[side], outfit.person
    if person.arms[side].depth == "behind":
        return height
    soft, apart = shoulder_join(limb, person.build)
    return joined(height, lay(canvas, trunk.patch.window, trunk.height, limb.window) - apart, soft)


def _paint_arms(canvas: Canvas, outfit: Outfit, depth: str) -> None:
    """The arms at one depth; of folded arms the lower one first."""
    person, front = outfit.person, figure.Shape(outfit.front.patch, outfit.front.height)
    for side in sorted(person.arms, key=lambda side: (person.arms[side].kind != "across_low", side)):
        if person.arms[side].depth != depth:
            continue
        limb = outfit.limbs[side]
        bare = _with_trunk(canvas, outfit, side, tube(limb, limb.radius), front if outfit.sleeves else outfit.skin)
        figure.paint_arm(canvas, person, limb, bare, bool(outfit.sleeves))
        if outfit.sleeves:
            piece = outfit.sleeves[side]
            figure.cast_arm_shadow(canvas, person, limb, piece.patch)
            _paint_piece(
                canvas, outfit, piece._replace(height=_with_trunk(canvas, outfit, side, piece.height, front)), 0.0
            )


def _paint_straps(canvas: Canvas, outfit: Outfit) -> None:
    """Lay thin straps over the bare shoulders again, which belong to the arms."""
    window, worn = outfit.front.patch
    arms = np.isin(canvas.label[window], [LABEL["left_arm"], LABEL["right_arm"]])
    _paint_piece(canvas, outfit, outfit.front._replace(patch=Patch(window, worn & outfit.front.upon & arms)), 0.0)


def _with_bounce(colour: Floats, shade: Floats) -> Floats:
    """Shade (h,w) of cloth that lights its own folds, the more the paler it is."""
    pale = np.asarray(colour @ np.array([0.3, 0.59, 0.11], np.float32) / 255)
    return np.asarray(1 - (1 - shade) * np.where(shade < 1, 1 - 0.5 * pale * pale, 1), np.float32)


def _with_gloss(colour: Floats, shade: Floats, sheen: float) -> Floats:
    """What dark cloth (h,w,3) throws back unchanged where it is well lit; without it, folds in black cannot be seen."""
    lit = np.clip((shade - 0.8) / 0.3, 0, 1)[..., None]
    return np.asarray(colour + (5 + 24 * sheen) * lit * (1 - colour / 255) ** 3, np.float32)


def _paint_piece(canvas: Canvas, outfit: Outfit, piece: Piece, shadow: float) -> None:
    """Colours come from the product's unshaded cloth, light from the shape of the worn one with its sewn details."""
    height = piece.height
    if piece.cloth.panel == FRONT and outfit.sleeves:
        height = _with_arms(canvas, outfit, figure.Shape(piece.patch, height)).height
    x, y = (np.ascontiguousarray((piece.cloth.product[..., k] + 0.5) * canvas.sampling - 0.5) for k in (0, 1))
    colour = cv2.remap(outfit.product.albedo, x, y, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    relief = cv2.remap(outfit.product.relief, x, y, cv2.INTER_LINEAR)
    rough, fine = slopes(height, canvas.scale / canvas.coarse), slopes(np.asarray(relief, np.float32), canvas.scale)
    right, down = (canvas.enlarge(a, piece.patch.window) + b for a, b in zip(rough, fine, strict=True))
    shade = _with_bounce(np.asarray(colour, np.float32), outfit.person.light.shade(right, down))
    colour = _with_gloss(np.asarray(colour, np.float32), shade, outfit.garment.fabric.sheen)
    canvas.paint(piece.patch, "upper_clothes", colour, shade, shadow, piece.cloth)
