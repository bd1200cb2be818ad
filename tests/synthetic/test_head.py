"""Heads drawn by the made-up world: what is painted lies where the truth says it is, however the head is held."""

from __future__ import annotations

from typing import NamedTuple

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from viton.synthetic import head
from viton.synthetic.canvas import LABEL, Canvas
from viton.synthetic.face import Face, landmarks, sample_face
from viton.synthetic.hair import HANGING, LOOSE, Hair, sample_hair
from viton.synthetic.head_place import HeadPlace
from viton.synthetic.light import Light
from viton.synthetic.shapes import Floats
from viton.synthetic.skull import depth_at, project

SIZE = (256, 192)
FACE, HAIR, CLOTH = LABEL["face"], LABEL["hair"], LABEL["upper_clothes"]


class Drawn(NamedTuple):
    """A head over a shirt that begins below the neck: labels and lightness of face alone and of all."""

    place: HeadPlace
    face: Face
    hair: Hair
    bare: NDArray[np.uint8]
    bare_light: Floats
    labels: NDArray[np.uint8]
    scale: float

    def at(self, table: NDArray[np.generic], points: Floats) -> NDArray[np.generic]:
        column, row = np.clip((points * self.scale).astype(int), 0, np.array(table.shape)[::-1] - 1).T
        return table[row, column]


def sample(seed: int) -> tuple[HeadPlace, Face, Hair, tuple[float, float, float], Light]:
    rng = np.random.default_rng(seed)
    half = float(rng.uniform(0.062, 0.075))
    turn, roll, nod = (float(rng.uniform(-most, most)) for most in (0.9, 0.3, 0.6))
    place = HeadPlace((0.375, 0.32), half, half * float(rng.uniform(2.7, 2.95)), roll, turn, nod)
    dark, light = np.array([84, 58, 46]), np.array([250, 222, 204])
    red, green, blue = (dark + (light - dark) * rng.random()).tolist()
    skin = (red, green, blue)
    hair = sample_hair(rng, skin)
    return (
        place,
        sample_face(rng, skin, hair.colour, man=bool(rng.random() < 0.2)),
        hair,
        skin,
        Light(float(rng.uniform(-1, 1))),
    )


def paint(canvas: Canvas, seed: int, place: HeadPlace | None = None) -> None:
    own, face, hair, skin, light = sample(seed)
    place = own if place is None else place
    head.paint_back_hair(canvas, place, hair, light)
    head.paint_head(canvas, place, face, hair, skin, light)
    head.paint_front_hair(canvas, place, hair, light)


def draw(seed: int) -> Drawn:
    place, face, hair, skin, light = sample(seed)
    canvas = Canvas(SIZE)
    canvas.colour[:] = 235
    below = round((place.chin[1] + 0.3 * place.height) * canvas.scale)
    head.paint_back_hair(canvas, place, hair, light)
    canvas.label[below:], canvas.panel[below:] = CLOTH, 1
    canvas.label[:below] = LABEL["background"]
    head.paint_head(canvas, place, face, hair, skin, light)
    bare, bare_light = canvas.label.copy(), canvas.colour.mean(axis=2) * canvas.shade
    head.paint_front_hair(canvas, place, hair, light)
    return Drawn(place, face, hair, bare, bare_light, canvas.label, canvas.scale)


@pytest.fixture(scope="module")
def drawn() -> list[Drawn]:
    return [draw(seed) for seed in range(200)]


def test_nose_and_eyes_lie_on_the_face(drawn: list[Drawn]) -> None:
    for one in drawn:
        points, seen = landmarks(one.place)
        assert seen[:3].all()
        assert one.at(one.labels, points[:1])[0] == FACE
        assert (one.at(one.bare, points[:3]) == FACE).all()
        assert np.isin(one.at(one.labels, points[1:3]), (FACE, HAIR)).all()


def test_ears_that_can_be_seen_lie_on_face_or_hair(drawn: list[Drawn]) -> None:
    for one in drawn:
        points, seen = landmarks(one.place)
        assert np.isin(one.at(one.labels, points[3:][seen[3:]]), (FACE, HAIR)).all()


def test_the_far_ear_of_a_turned_head_is_hidden() -> None:
    for turn, expected in ((0.0, (True, True)), (0.7, (True, False)), (-0.7, (False, True))):
        _, seen = landmarks(HeadPlace((0.4, 0.3), 0.07, 0.2, turn=turn))
        assert tuple(seen[3:]) == expected


def test_eyes_and_mouth_are_darker_than_the_cheek(drawn: list[Drawn]) -> None:
    for one in drawn:
        near = -1 if one.place.turn > 0 else 1
        spots = [(near * 0.42, 0.5), (0.0, 0.203), (near * 0.42, 0.4)]
        across, up = project(one.place, *np.array([(x, u, depth_at(x, u)) for x, u in spots]).T)
        eye, mouth, cheek = one.place.put(np.stack([across, up], 1)) * one.scale
        reach = 0.1 * one.place.half_width * one.scale

        def darkest(spot: Floats, light: Floats = one.bare_light, reach: float = reach) -> float:
            column, row, most = *np.round(spot).astype(int), round(reach)
            return float(light[row - most : row + most + 1, column - most : column + most + 1].min())

        column, row = cheek.astype(int)
        assert darkest(eye) < 0.75 * one.bare_light[row, column]
        assert darkest(mouth) < 0.85 * one.bare_light[row, column]


def test_a_face_is_in_one_piece(drawn: list[Drawn]) -> None:
    for one in drawn:
        pieces, _ = cv2.connectedComponents((one.bare == FACE).astype(np.uint8))
        assert pieces == 2  # the face and the rest


def test_hair_touches_the_face_and_leaves_no_hole_above_it(drawn: list[Drawn]) -> None:
    for one in drawn:
        hair, face = (one.labels == HAIR).astype(np.uint8), (one.labels == FACE).astype(np.uint8)
        assert (cv2.dilate(face, np.ones((3, 3), np.uint8)) & hair).any()
        across, up = np.meshgrid(np.linspace(-0.5, 0.5, 9), np.linspace(0.55, 0.92, 12))
        inside = one.place.put(np.stack([across.ravel(), up.ravel()], 1))
        assert np.isin(one.at(one.labels, inside), (FACE, HAIR)).all()


def test_hair_covers_the_garment_only_where_it_falls_in_front(drawn: list[Drawn]) -> None:
    fell = 0
    for one in drawn:
        below = round((one.place.chin[1] + 0.42 * one.place.height) * one.scale)
        middle = round(one.place.chin[0] * one.scale)
        for front, fall, side in zip(
            one.hair.in_front, one.hair.fall, (one.labels[below:, middle:], one.labels[below:, :middle]), strict=True
        ):
            if not any(one.hair.in_front):
                assert not (side == HAIR).any()
            if front and fall > 0.8 and abs(one.place.turn) < 0.3 and abs(one.place.roll) < 0.15:
                fell += 1
                assert (side == HAIR).sum() > 100
    assert fell


def test_hair_is_often_long_and_often_in_front() -> None:
    rng = np.random.default_rng(0)
    hair = [sample_hair(rng) for _ in range(2000)]
    assert 0.55 < np.mean([one.style in LOOSE for one in hair]) < 0.65
    assert 0.3 < np.mean([any(one.in_front) for one in hair]) < 0.4
    assert all(one.style in LOOSE for one in hair if any(one.in_front))
    assert {one.style for one in hair} > set(HANGING)


def test_the_same_seed_paints_the_same_bytes() -> None:
    for seed in (3, 4):
        first, second = Canvas(SIZE), Canvas(SIZE)
        paint(first, seed)
        paint(second, seed)
        assert first.colour.tobytes() == second.colour.tobytes()
        assert first.shade.tobytes() == second.shade.tobytes()
        assert first.label.tobytes() == second.label.tobytes()


@pytest.mark.parametrize(
    "chin", [(0.375, 0.08), (0.0, 0.3), (0.75, 0.3), (0.375, 1.08), (0.375, -0.1), (-0.2, 0.3), (3.0, 3.0)]
)
def test_a_head_may_be_cropped_by_the_picture(chin: tuple[float, float]) -> None:
    for seed in range(8):
        canvas = Canvas(SIZE)
        paint(canvas, seed, sample(seed)[0]._replace(chin=chin))
        assert np.isfinite(canvas.colour).all()
        assert np.isfinite(canvas.shade).all()


def test_a_crop_shows_what_the_whole_picture_shows() -> None:
    for seed in range(6):
        place = sample(seed)[0]
        whole, crop = Canvas(SIZE), Canvas(SIZE)
        paint(whole, seed, place)
        paint(crop, seed, place._replace(chin=(place.chin[0], place.chin[1] - 0.25)))
        rows = round(0.25 * whole.scale)
        same = whole.label[rows:] == crop.label[:-rows]
        assert same.mean() > 0.995
