"""What is printed on a chest: a word in one of several hands, a drawing, or both."""

from __future__ import annotations

from typing import NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray

from viton.synthetic import letters
from viton.synthetic.florals import Points, leaf, petal
from viton.synthetic.palette import ON_DARK, ON_LIGHT, Paint, light_of, varied
from viton.synthetic.shapes import Floats, as_points, open_curve

HANDS = {"bold": 0.24, "light": 0.12, "slant": 0.12, "serif": 0.12, "outline": 0.12, "arched": 0.14, "script": 0.14}
DRAWINGS = ("ring", "mountains", "heart", "star", "shapes", "bars", "flower", "waves")
SIDE = 192  # pixels along a drawing's side

Card = NDArray[np.uint8]  # (h,w,4): RGB times how much of it there is, and how much


class Emblem(NamedTuple):
    """A print's design, with lengths in half-widths of the shoulders; `place` is the middle of its upper edge."""

    word: str
    hand: str  # how the word is written
    drawing: str  # or nothing
    colours: tuple[tuple[float, float, float], ...]
    place: tuple[float, float]  # (across, down)
    width: float
    seed: int


def sample_emblem(rng: np.random.Generator, base: Paint, word: str, index: int, chest: float) -> Emblem:
    """Draw a design for a ground colour. chest: how far below the shoulders it may begin."""
    light = light_of(base) > 120
    apart = [c for c in (ON_LIGHT if light else ON_DARK) if np.abs(np.subtract(c, base)).sum() > 150]
    chosen = [varied(rng, apart[i]) for i in rng.choice(len(apart), 3, replace=False)]
    if rng.random() < 0.5:
        chosen[0] = varied(rng, (34, 34, 37) if light else (245, 244, 240))
    colours = tuple((float(r), float(g), float(b)) for r, g, b in (colour.tolist() for colour in chosen))
    hand = str(rng.choice(list(HANDS), p=list(HANDS.values())))
    drawing = str(rng.choice(DRAWINGS)) if rng.random() < 0.55 else ""
    place, width = (0.0, chest + rng.uniform(0.0, 0.2)), rng.uniform(0.62, 0.95) if drawing else rng.uniform(0.7, 1.12)
    if rng.random() < 0.2:  # a small one on the wearer's left breast
        place, width = (rng.uniform(0.38, 0.46), max(chest, 0.75)), rng.uniform(0.28, 0.4)
    return Emblem(word, hand, drawing, colours, place, width, index)


def card_of(emblem: Emblem, pixels: int) -> Card:
    """The design, at least about `pixels` wide."""
    rng = np.random.default_rng([emblem.seed, 77])
    colours = [np.asarray(colour) for colour in emblem.colours]
    word = _word_card(emblem.word, emblem.hand, colours[0], pixels)
    if not emblem.drawing:
        return word
    drawing = _drawing_card(rng, emblem.drawing, colours)
    width = round(SIDE * (1.15 if emblem.drawing != "bars" else 1.0))
    word = _resized(word, width, max(12, round(word.shape[0] * width / word.shape[1])))
    card = np.zeros((SIDE + 14 + word.shape[0], width, 4), np.uint8)
    left = (width - SIDE) // 2
    card[:SIDE, left : left + SIDE] = drawing
    card[SIDE + 14 :] = word
    return card


def print_on(colour: NDArray[np.uint8], emblem: Emblem, centre: tuple[float, float], unit: float) -> Floats:
    """Print the design on (h,w,3) in place; returns how much ink there is, (h,w) in [0,1].

    centre: pixel where fabric coordinates are (0, 0).   unit: pixels in a half-width of the shoulders.
    """
    wide = max(4, round(emblem.width * unit))
    card = card_of(emblem, wide)
    tall = max(3, round(card.shape[0] * wide / card.shape[1]))
    card = _resized(card, wide, tall)
    left = round(centre[0] + emblem.place[0] * unit - wide / 2)
    top = round(centre[1] + emblem.place[1] * unit)
    rows, columns = slice(max(top, 0), max(top + tall, 0)), slice(max(left, 0), max(left + wide, 0))
    spot = colour[rows, columns]
    card = card[rows.start - top :, columns.start - left :][: spot.shape[0], : spot.shape[1]]
    ink = card[..., 3:].astype(np.float32) / 255
    colour[rows, columns] = np.round(spot * (1 - ink) + card[..., :3])
    inked = np.zeros(colour.shape[:2], np.float32)
    inked[rows, columns] = ink[..., 0]
    return inked


def _resized(card: Card, wide: int, tall: int) -> Card:
    return np.asarray(cv2.resize(card, (wide, tall), interpolation=cv2.INTER_AREA), np.uint8)


def _word_card(word: str, hand: str, colour: Paint, pixels: int) -> Card:
    """A word in one colour."""
    gap = {"light": 6.0, "serif": 5.2, "outline": 4.8, "script": 2.0, "bold": 4.4}.get(hand, 3.4)
    lines, width = letters.written(word, gap)
    weight = {"light": 1.3, "serif": 1.9, "script": 1.7, "outline": 3.4, "bold": 3.0}.get(hand, 2.5)
    if hand == "serif":
        lines = lines + _serifs(lines)
    if hand in ("slant", "script"):
        lines = [line + np.stack([(letters.CAP - line[:, 1]) * 0.24, 0 * line[:, 1]], 1) for line in lines]
    if hand == "script":
        lines.append(open_curve([[-1, 15.5], [width * 0.3, 14.4], [width * 0.75, 15.2], [width + 4, 13.6]], 20))
    if hand == "arched":
        lines = [_arched(line, width) for line in lines]
    low, high = (f(axis=0) for f in (np.concatenate(lines).min, np.concatenate(lines).max))
    margin = weight / 2 + 0.4
    scale = float(np.clip(1.5 * pixels / (high[0] - low[0]), 1.5, 14))
    size = np.ceil((high - low + 2 * margin) * scale).astype(int)
    fixed = [np.round((line - low + margin) * scale * 16).astype(np.int32) for line in lines]
    ink = _inked(fixed, weight * scale, size)
    if hand == "outline":
        ink = np.asarray(cv2.subtract(ink, _inked(fixed, (weight - 1.9) * scale, size)), np.uint8)
    card = np.empty((*ink.shape, 4), np.uint8)
    card[..., :3], card[..., 3] = np.round(ink[..., None] * (colour / 255)), ink
    return card


def _inked(fixed: list[NDArray[np.int32]], thick: float, size: NDArray[np.int64]) -> NDArray[np.uint8]:
    """Strokes with round ends, given in 1/16 pixel, on a card of (width, height)."""
    ink = np.zeros((size[1], size[0]), np.uint8)
    cv2.polylines(ink, fixed, False, 255, max(1, round(thick - 0.7)), cv2.LINE_AA, shift=4)
    return ink


def _serifs(lines: list[Floats]) -> list[Floats]:
    ends = [line[k] for line in lines if len(line) < 6 for k in (0, -1)]
    level = [end for end in ends if min(abs(end[1]), abs(end[1] - letters.CAP)) < 0.1]
    reach = as_points([1.3, 0])
    return [np.stack([end - reach, end + reach]) for end in level]


def _arched(line: Floats, width: float) -> Floats:
    """A line bent over an arch as wide as the word; long strokes gain points so that they bend too."""
    share = np.linspace(0, 1, 2 + 3 * (len(line) - 1))
    fine = np.stack([np.interp(share, np.linspace(0, 1, len(line)), line[:, i]) for i in (0, 1)], 1)
    radius = 0.75 * width + 10
    angle = (fine[:, 0] - width / 2) / radius
    out = radius + letters.CAP - fine[:, 1]
    return np.stack([out * np.sin(angle), radius - out * np.cos(angle)], 1).astype(np.float32)


def _drawing_card(rng: np.random.Generator, drawing: str, colours: list[Paint]) -> Card:
    card = np.zeros((SIDE, SIDE, 4), np.uint8)
    draw = {
        "ring": _ring, "mountains": _mountains, "heart": _heart, "star": _star, "shapes": _shapes, "bars": _bars,
        "flower": _flower, "waves": _waves,
    }[drawing]  # fmt: skip
    draw(rng, card, colours)
    return card


def _fill(card: Card, outline: Points, colour: Paint | None) -> None:
    """Fill an outline given in 0..1; with no colour, cut it out."""
    paint = [0.0] * 4 if colour is None else [*(float(round(channel)) for channel in colour), 255.0]
    cv2.fillPoly(card, [np.round(np.asarray(outline) * SIDE * 16).astype(np.int32)], paint, cv2.LINE_8, shift=4)


def _disc(x: float, y: float, radius: float) -> Points:
    t = np.linspace(0, 2 * np.pi, 48, endpoint=False)
    return np.stack([x + radius * np.cos(t), y + radius * np.sin(t)], 1)


def _starred(radius: float, inner: float, points: int, turn: float) -> Points:
    t = turn + np.pi * np.arange(2 * points) / points
    far = np.where(np.arange(2 * points) % 2, inner, radius)
    return 0.5 + np.stack([far * np.sin(t), -far * np.cos(t)], 1)


def _ring(rng: np.random.Generator, card: Card, colours: list[Paint]) -> None:
    _fill(card, _disc(0.5, 0.5, 0.48), colours[0])
    _fill(card, _disc(0.5, 0.5, 0.42), None)
    _fill(card, _starred(0.3, rng.uniform(0.12, 0.24), int(rng.integers(3, 9)), rng.uniform(0, 1)), colours[1])
    _fill(card, _disc(0.5, 0.5, rng.uniform(0.06, 0.12)), colours[2])


def _mountains(rng: np.random.Generator, card: Card, colours: list[Paint]) -> None:
    _fill(card, _disc(rng.uniform(0.35, 0.65), 0.34, rng.uniform(0.16, 0.24)), colours[1])
    for colour, base in ((colours[2], 0.42), (colours[0], 0.62)):
        xs = np.linspace(0, 1, 7)
        ys = np.where(np.arange(7) % 2, base - rng.uniform(0.0, 0.2, 7), base + rng.uniform(0.06, 0.2, 7))
        _fill(card, np.concatenate([np.stack([xs, ys], 1), [[1, 0.96], [0, 0.96]]]), colour)


def _heart(rng: np.random.Generator, card: Card, colours: list[Paint]) -> None:
    t = np.linspace(0, 2 * np.pi, 60, endpoint=False)
    shape = np.stack(
        [16 * np.sin(t) ** 3, -(13 * np.cos(t) - 5 * np.cos(2 * t) - 2 * np.cos(3 * t) - np.cos(4 * t))], 1
    )
    _fill(card, 0.5 + shape * 0.028, colours[1])
    if rng.random() < 0.5:
        _fill(card, 0.5 + shape * rng.uniform(0.014, 0.021), colours[2] if rng.random() < 0.5 else None)


def _star(rng: np.random.Generator, card: Card, colours: list[Paint]) -> None:
    points = int(rng.integers(5, 7))
    inner = rng.uniform(0.18, 0.26)
    _fill(card, _starred(0.48, inner, points, 0.0), colours[1])
    if rng.random() < 0.6:
        _fill(card, _starred(0.34, inner * 0.7, points, 0.0), colours[2])


def _shapes(rng: np.random.Generator, card: Card, colours: list[Paint]) -> None:
    """Overlapping plain shapes, as on a modernist poster."""
    for number in range(5):
        x, y = rng.uniform(0.28, 0.72, 2)
        size, turn = rng.uniform(0.14, 0.28), rng.uniform(0, 6.28)
        corners = int(rng.choice([3, 4, 48, 48]))
        t = turn + np.linspace(0, 2 * np.pi, corners, endpoint=False)
        _fill(card, np.stack([x + size * np.cos(t), y + size * np.sin(t)], 1), colours[number % 3])


def _bars(rng: np.random.Generator, card: Card, colours: list[Paint]) -> None:
    at = 0.04
    while at < 0.9:
        tall = rng.uniform(0.07, 0.2)
        left, right = (0.0, 1.0) if rng.random() < 0.6 else sorted(rng.uniform(0, 1, 2))
        box = np.array([[left, at], [right, at], [right, at + tall], [left, at + tall]])
        _fill(card, box, colours[int(rng.integers(3))])
        at += tall + rng.uniform(0.03, 0.07)


def _flower(rng: np.random.Generator, card: Card, colours: list[Paint]) -> None:
    number, turn = int(rng.integers(5, 9)), rng.uniform(0, 1)
    stem = open_curve([[0.5, 0.4], [0.52, 0.7], [rng.uniform(0.44, 0.58), 0.98]], 12)
    half = np.array([0.014, 0])
    _fill(card, np.concatenate([stem - half, stem[::-1] + half]), colours[0])
    for side in (-1, 1):
        _fill(card, leaf(stem[8 - side], np.pi / 2 - side * 1.9, 0.3, 0.2, 0.1), colours[0])
    for k in range(number):
        _fill(card, petal(np.array([0.5, 0.38]), turn + 2 * np.pi * k / number, 0.34, 0.4), colours[1])
    _fill(card, _disc(0.5, 0.38, 0.1), colours[2])


def _waves(rng: np.random.Generator, card: Card, colours: list[Paint]) -> None:
    x = np.linspace(0.02, 0.98, 40)
    phase, times = rng.uniform(0, 6.28), rng.uniform(1.2, 2.6)
    for k in range(4):
        y = 0.16 + 0.22 * k + 0.06 * np.sin(times * 2 * np.pi * x + phase + 0.5 * k)
        ribbon = np.concatenate([np.stack([x, y - 0.05], 1), np.stack([x, y + 0.06], 1)[::-1]])
        _fill(card, ribbon, colours[k % 3])
