"""What the truth of a world promises, pixel by pixel."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest

from viton.images import load_labels, load_mask, load_rgb
from viton.synthetic.canvas import LABEL
from viton.synthetic.config import WorldConfig
from viton.synthetic.dataset import fit_of, garment_of, keypoints_of, person_of, product_of
from viton.synthetic.plan import SPLITS
from viton.synthetic.render import Picture, dress

PEOPLE = range(24)
SIZE = WorldConfig(people=24, garments=0, seed=11, height=128, width=96)
SKIN = {"left_wrist": "left_arm", "right_wrist": "right_arm"}


@pytest.fixture(scope="module")
def pictures() -> dict[int, Picture]:
    """Twenty-four people in their own garments."""
    fits = {n: fit_of(SIZE, n, n) for n in PEOPLE}
    return {n: dress(person_of(SIZE, n), garment_of(SIZE, n), product_of(SIZE, n), fits[n]) for n in PEOPLE}


def written(world: Path) -> list[tuple[Path, Path, Path, Path]]:
    """(map, parsing, picture, garment's split folder) of every pair with a map."""
    found = []
    for split in SPLITS:
        for path in (world / split / "map-truth").glob("*.npz"):
            person, garment = path.stem.split("__")
            own = person == garment
            parsing = f"image-parse-v3/{person}.png" if own else f"parse-truth/{path.stem}.png"
            picture = f"image/{person}.jpg" if own else f"image-truth/{path.stem}.png"
            found.append(
                (path, world / split / parsing, world / split / picture, world / split / f"cloth/{garment}.jpg")
            )
    return found


def test_the_map_is_finite_exactly_where_the_garment_is_seen(world: Path) -> None:
    for path, parsing, _, _ in written(world):
        places = np.load(path)["map"]
        assert places.dtype == np.float32
        assert places.shape == (128, 96, 2)
        np.testing.assert_array_equal(np.isfinite(places).all(-1), load_labels(parsing) == LABEL["upper_clothes"])


def test_the_map_points_into_the_product_and_never_into_its_inner_collar(world: Path) -> None:
    for path, _, _, cloth in written(world):
        places = np.load(path)["map"]
        x, y = np.round(places[np.isfinite(places).all(-1)]).astype(int).T
        mask = load_mask(cloth.parents[1] / "cloth-mask" / cloth.name)
        collar = load_mask(cloth.parents[1] / "collar-mask" / f"{cloth.stem}.png")
        assert mask[y, x].all()
        assert not collar[y, x].any()


def test_the_map_points_at_cloth_that_the_product_shows(pictures: dict[int, Picture]) -> None:
    for number, picture in pictures.items():
        x, y = np.round(picture.map[np.isfinite(picture.map).all(-1)]).astype(int).T
        assert (product_of(SIZE, number).panel[y, x] > 0).all()


def test_the_picture_shows_the_unshaded_cloth_at_the_places_of_the_map(pictures: dict[int, Picture]) -> None:
    shown, expected = [], []
    for number, picture in pictures.items():
        albedo = cv2.resize(product_of(SIZE, number).albedo, (96, 128), interpolation=cv2.INTER_AREA).astype(np.float32)
        whole, places = picture.cover > 0.999, np.nan_to_num(picture.map)
        cloth = cv2.remap(albedo, places[..., 0], places[..., 1], cv2.INTER_LINEAR) * picture.shade[..., None]
        assert whole.sum() > 0.6 * (picture.labels == LABEL["upper_clothes"]).sum()
        shown.append(picture.image[whole].astype(float))
        expected.append(np.clip(cloth[whole], 0, 255))
    apart = np.abs(np.concatenate(shown) - np.concatenate(expected))
    assert np.median(apart) < 2
    assert np.corrcoef(np.concatenate(shown).ravel(), np.concatenate(expected).ravel())[0, 1] > 0.98


def test_written_pictures_correlate_with_the_product(world: Path) -> None:
    shown, expected = [], []
    for path, parsing, picture, cloth in written(world):
        worn = cv2.erode((load_labels(parsing) == LABEL["upper_clothes"]).astype(np.uint8), np.ones((3, 3))) > 0
        places = np.nan_to_num(np.load(path)["map"])
        shown.append(load_rgb(picture)[worn])
        expected.append(cv2.remap(load_rgb(cloth), places[..., 0], places[..., 1], cv2.INTER_LINEAR)[worn])
    assert np.corrcoef(np.concatenate(shown).ravel(), np.concatenate(expected).ravel())[0, 1] > 0.95


def test_a_loose_fit_shows_more_cloth_than_a_tight_one() -> None:
    garment, product, person = garment_of(SIZE, 0), product_of(SIZE, 0), person_of(SIZE, 0)
    fit = fit_of(SIZE, 0, 0)
    tight, loose = (dress(person, garment, product, fit._replace(looseness=x)) for x in (0.0, 1.0))
    assert np.isfinite(loose.map).sum() > np.isfinite(tight.map).sum()


def test_garments_fill_as_much_of_a_picture_as_in_catalogues(pictures: dict[int, Picture]) -> None:
    shares = [(picture.labels == LABEL["upper_clothes"]).mean() for picture in pictures.values()]
    assert 0.11 < np.mean(shares) < 0.19
    assert min(shares) > 0.05
    assert max(shares) < 0.38


def test_joints_lie_where_they_belong(pictures: dict[int, Picture]) -> None:
    for number, picture in pictures.items():
        person = person_of(SIZE, number)
        x, y, seen = np.round(keypoints_of(person, SIZE.height, SIZE.width)).astype(int).T
        labels = picture.labels
        assert labels[y[0], x[0]] == LABEL["face"]
        assert labels[y[1], x[1]] in (LABEL["neck"], LABEL["upper_clothes"], LABEL["hair"])
        for joint in (2, 3, 4, 5, 6, 7):
            assert not seen[joint] or labels[y[joint], x[joint]] != LABEL["background"], (number, joint)


def test_bare_wrists_show_skin_of_their_own_side_unless_hidden(pictures: dict[int, Picture]) -> None:
    hiding = {"arms_crossed", "arm_raised", "turned"}
    for number, picture in pictures.items():
        person, sleeve = person_of(SIZE, number), garment_of(SIZE, number).cut.sleeve
        if sleeve == "long" or person.pose in hiding:
            continue
        for joint, label in SKIN.items():
            column, row = np.round(person.joint(joint) * SIZE.height - 0.5).astype(int)
            assert picture.labels[row, column] == LABEL[label], (number, joint)


def test_forearms_in_front_hide_the_garment() -> None:
    crossed = next(n for n in range(200) if person_of(SIZE, n).pose == "arms_crossed" and _short(n))
    picture = _dressed(crossed)
    person = person_of(SIZE, crossed)
    for side in ("left", "right"):
        column, row = np.round(person.joint(f"{side}_wrist") * SIZE.height - 0.5).astype(int)
        assert picture.labels[row, column] in (LABEL["left_arm"], LABEL["right_arm"])
        assert np.isnan(picture.map[row, column]).all()


def test_hair_in_front_hides_the_garment() -> None:
    number = next(
        n for n in range(200) if person_of(SIZE, n).hair.style == "long" and all(person_of(SIZE, n).hair.in_front)
    )
    shown = _dressed(number)
    person = person_of(SIZE, number)
    bald = dress(
        person._replace(hair=person.hair._replace(style="short")), garment_of(SIZE, number), product_of(SIZE, number),
        fit_of(SIZE, number, number),
    )  # fmt: skip
    hidden = (shown.labels == LABEL["hair"]) & np.isfinite(bald.map).all(-1)
    assert hidden.sum() > 20
    assert np.isnan(shown.map[hidden]).all()


def _short(number: int) -> bool:
    return garment_of(SIZE, number).cut.sleeve != "long"


def _dressed(number: int) -> Picture:
    return dress(
        person_of(SIZE, number), garment_of(SIZE, number), product_of(SIZE, number), fit_of(SIZE, number, number)
    )


def test_every_pose_garment_and_pattern_occurs() -> None:
    people, garments = [person_of(SIZE, n) for n in range(150)], [garment_of(SIZE, n) for n in range(150)]
    assert len({person.pose for person in people}) == 6
    assert len({person.hair.style for person in people}) >= 5
    assert {arm.kind for person in people for arm in person.arms.values()} >= {"down", "back", "on_hip", "raised"}
    assert {person.lower.kind for person in people} == {"trousers", "skirt"}
    assert len({garment.kind for garment in garments}) == 6
    assert len({garment.fabric.pattern for garment in garments}) == 6
