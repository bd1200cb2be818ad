"""What must hold for every person, garment and try-on of a world, over 200 seeds."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import pytest

from viton.config import WorldConfig
from viton.keypoints import COCO18, Keypoints
from viton.parsing import CIHP
from viton.synthetic.canvas import LABEL
from viton.synthetic.dataset import fit_of, garment_of, keypoints_of, person_of, product_of
from viton.synthetic.develop import Picture
from viton.synthetic.garment import Product
from viton.synthetic.noise import noisy_keypoints, noisy_labels
from viton.synthetic.plan import SPLITS, split_world
from viton.synthetic.render import dress

SEEDS = range(200)
HEIGHT, WIDTH = 64, 48
ARMS, TOP, HAIR = {"left_arm", "right_arm"}, {"upper_clothes"}, {"hair"}
LOWER = {"pants", "skirt", "left_leg", "right_leg"}
# Where a joint may lie: in its own limb, or in what can hide it. An arm behind the back is hidden by all of the trunk.
ALLOWED = {
    "nose": {"face"},
    "neck": {"neck"} | TOP | HAIR | ARMS,
    "shoulder": {"neck"} | ARMS | TOP | HAIR,
    "elbow": ARMS | TOP | HAIR | LOWER | {"neck"},
    "wrist": ARMS | TOP | HAIR | LOWER,
    "hip": LOWER | TOP | ARMS,
    "knee": LOWER | ARMS | TOP,
    "ankle": LOWER | ARMS,
    "eye": {"face"} | HAIR | ARMS,
    "ear": {"face"} | HAIR | ARMS,
}


class Case(NamedTuple):
    """One seed's person in the own garment and in another one."""

    seed: int
    product: Product
    other: Product
    own: Picture
    tried: Picture
    keypoints: Keypoints


def world_of(seed: int) -> WorldConfig:
    return WorldConfig(people=2, garments=0, seed=seed, height=HEIGHT, width=WIDTH)


@pytest.fixture(scope="module")
def cases() -> list[Case]:
    return [case_of(seed) for seed in SEEDS]


def case_of(seed: int) -> Case:
    config = world_of(seed)
    person, products = person_of(config, 0), [product_of(config, number) for number in (0, 1)]
    worn = [dress(person, garment_of(config, n), products[n], fit_of(config, 0, n)) for n in (0, 1)]
    return Case(seed, *products, *worn, keypoints_of(person, HEIGHT, WIDTH))


def grown(mask: np.ndarray, by: int) -> np.ndarray:
    padded = np.pad(mask, by)
    shifts = [padded[r : r + HEIGHT, c : c + WIDTH] for r in range(2 * by + 1) for c in range(2 * by + 1)]
    return np.maximum.reduce(shifts)


def test_labels_are_those_of_cihp(cases: list[Case]) -> None:
    for case in cases:
        for picture in (case.own, case.tried):
            present = {CIHP.labels[number] for number in np.unique(picture.labels)}
            assert {"background", "face", "upper_clothes"} <= present, case.seed
            assert present <= {"background", "face", "neck"} | ARMS | TOP | HAIR | LOWER, case.seed


def test_masks_match_the_product_pictures(cases: list[Case]) -> None:
    for case in cases:
        product = case.product
        paper = grown(product.mask, 1) == 0
        assert product.image[paper].min() == product.image[paper].max() >= 243, case.seed
        assert product.panel[product.mask == 0].max(initial=0) == 0, case.seed
        assert product.collar[product.mask == 0].max(initial=0) == 0, case.seed
        assert 0 < product.collar.sum() < 0.2 * product.mask.sum(), case.seed
        dark = (product.image.astype(int).max(-1) < 225) & (grown(product.mask, 1) == 0)
        assert not dark.any(), case.seed


def test_joints_lie_inside_their_limbs_or_behind_what_hides_them(cases: list[Case]) -> None:
    wrong = []
    for case in cases:
        labels = grown_labels(case.own.labels)
        for name, (x, y, seen) in zip(COCO18, case.keypoints, strict=True):
            if seen:
                found = {CIHP.labels[number] for number in labels(round(float(x)), round(float(y)))}
                if not found & ALLOWED[name.split("_")[-1]]:
                    wrong.append((case.seed, name, found))
    assert not wrong


def grown_labels(labels: np.ndarray):
    """The labels at a pixel and its neighbours: a joint near the rim of a thin limb may fall on the next pixel."""
    padded = np.pad(labels, 1, mode="edge")
    return lambda x, y: set(np.unique(padded[y : y + 3, x : x + 3]).tolist())


def test_the_map_is_known_exactly_where_the_garment_is_seen(cases: list[Case]) -> None:
    for case in cases:
        for picture in (case.own, case.tried):
            seen = picture.labels == LABEL["upper_clothes"]
            np.testing.assert_array_equal(np.isfinite(picture.map).all(-1), seen, err_msg=str(case.seed))
            assert seen.sum() > 0.02 * seen.size, case.seed


def test_worn_pixels_point_at_outer_cloth_of_the_product(cases: list[Case]) -> None:
    for case in cases:
        for product, picture in ((case.product, case.own), (case.other, case.tried)):
            x, y = np.round(picture.map[np.isfinite(picture.map).all(-1)]).astype(int).T
            assert product.mask[y, x].all(), case.seed
            assert not product.collar[y, x].any(), case.seed
            assert (product.panel[y, x] > 0).all(), case.seed


def test_what_lies_in_front_hides_the_garment_in_the_map_too(cases: list[Case]) -> None:
    hidden = 0
    for case in cases:
        config, person = world_of(case.seed), person_of(world_of(case.seed), 0)
        if not any(arm.depth == "front" for arm in person.arms.values()):
            continue
        away = {side: arm._replace(depth="behind") for side, arm in person.arms.items()}
        fit = fit_of(config, 0, 0)
        bare = dress(person._replace(arms=away), garment_of(config, 0), case.product, fit)
        skin = np.isin(case.own.labels, [LABEL["left_arm"], LABEL["right_arm"]])
        covered = skin & np.isfinite(bare.map).all(-1)
        assert np.isnan(case.own.map[covered]).all(), case.seed
        hidden += int(covered.sum())
    assert hidden > 500, "arms in front must hide some garment"


def test_the_person_stays_the_same_in_another_garment(cases: list[Case]) -> None:
    for case in cases:
        for name in ("face", "hair"):
            own, tried = (picture.labels == LABEL[name] for picture in (case.own, case.tried))
            assert (own != tried).sum() <= 4, case.seed  # pixels that head and garment share
        face = (case.own.labels == LABEL["face"]) & (grown(case.own.labels != LABEL["face"], 1) == 0)
        np.testing.assert_array_equal(case.own.image[face], case.tried.image[face])


def test_noise_of_level_0_is_exact_and_more_noise_moves_more(cases: list[Case]) -> None:
    moved, changed = {0.5: 0.0, 2.0: 0.0}, {0.5: 0, 2.0: 0}
    for case in cases:
        rng = np.random.default_rng(case.seed)
        np.testing.assert_array_equal(noisy_keypoints(case.keypoints, HEIGHT, 0.0, rng), case.keypoints)
        np.testing.assert_array_equal(noisy_labels(case.own.labels, 0.0, rng), case.own.labels)
        for level in moved:
            noisy = noisy_keypoints(case.keypoints, HEIGHT, level, rng)
            both = (noisy[:, 2] > 0) & (case.keypoints[:, 2] > 0)
            moved[level] += float(np.abs(noisy[both, :2] - case.keypoints[both, :2]).mean())
            changed[level] += int((noisy_labels(case.own.labels, level, rng) != case.own.labels).sum())
    assert 0 < moved[0.5] < moved[2.0]
    assert 0 < changed[0.5] < changed[2.0]


def test_splits_share_no_person_garment_logo_or_print() -> None:
    for seed in SEEDS:
        config = WorldConfig(people=8 + seed % 9, garments=seed % 5, seed=seed, height=HEIGHT, width=WIDTH)
        splits = split_world(config)
        for kind in ("people", "garments"):
            numbers = [number for name in SPLITS for number in getattr(splits[name], kind)]
            assert len(numbers) == len(set(numbers)), (seed, kind)
    for seed in (0, 100):
        config = WorldConfig(people=48, garments=0, seed=seed, height=HEIGHT, width=WIDTH)
        garments = [garment_of(config, number) for number in range(48)]
        logos = [garment.logo for garment in garments if garment.logo]
        assert len(logos) == len(set(logos))
        prints = [garment.fabric.tile.tobytes() + repr(garment.fabric.base).encode() for garment in garments]
        assert len(prints) == len(set(prints))
