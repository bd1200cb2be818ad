"""What must hold for every person, garment and try-on of a world, over 200 seeds."""

from __future__ import annotations

from itertools import combinations
from typing import NamedTuple

import numpy as np
import pytest

from viton.keypoints import COCO18, Keypoints
from viton.parsing import CIHP
from viton.synthetic.canvas import LABEL
from viton.synthetic.config import WorldConfig
from viton.synthetic.cut import SLEEVE_OF
from viton.synthetic.dataset import fit_of, garment_of, keypoints_of, person_of, product_of
from viton.synthetic.develop import Picture
from viton.synthetic.garment import Garment, Product
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
    paper_in_rim = []
    for case in cases:
        product = case.product
        paper = grown(product.mask, 1) == 0
        assert product.image[paper].min() == product.image[paper].max() >= 243, case.seed
        assert product.panel[product.mask == 0].max(initial=0) == 0, case.seed
        assert product.collar[product.mask == 0].max(initial=0) == 0, case.seed
        assert 0 < product.collar.sum() < 0.2 * product.mask.sum(), case.seed
        if product.image[product.mask > 0].mean() < 180:  # on a dark garment, what is cut out too wide is plain to see
            rim = (product.mask > 0) & (grown(1 - product.mask, 1) > 0)
            paper_in_rim.append((product.image[rim].mean(-1) > 235).mean())
    assert np.mean(paper_in_rim) < 0.02


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


def test_a_forearm_in_front_hides_the_garment_in_the_map_too(cases: list[Case]) -> None:
    """Half-way down such a forearm there is skin, and no map; or its own sleeve, and the map points into that."""
    bare = sleeved = 0
    for case in cases:
        person = person_of(world_of(case.seed), 0)
        for side, arm in person.arms.items():
            if arm.kind not in ("front_low", "across_high"):
                continue
            name = "left" if side > 0 else "right"
            x, y = (person.joint(f"{name}_elbow") + person.joint(f"{name}_wrist")) / 2 * HEIGHT - 0.5
            row, column = round(float(y)), round(float(x))
            for product, picture in ((case.product, case.own), (case.other, case.tried)):
                label, place = picture.labels[row, column], picture.map[row, column]
                if label == LABEL[f"{name}_arm"]:
                    assert np.isnan(place).all(), case.seed
                    bare += 1
                else:
                    assert label == LABEL["upper_clothes"], (case.seed, CIHP.labels[label])
                    u, v = np.round(place).astype(int)
                    assert product.panel[v, u] == SLEEVE_OF[side], case.seed
                    sleeved += 1
    assert bare > 20
    assert sleeved > 10


def test_left_and_right_are_the_persons_own(cases: list[Case]) -> None:
    own = other = 0
    for case in cases:
        joints = dict(zip(COCO18, case.keypoints, strict=True))
        for part in ("shoulder", "hip"):
            assert joints[f"left_{part}"][0] > joints[f"right_{part}"][0], case.seed
        for name, opposite in (("left", "right"), ("right", "left")):
            for part in ("elbow", "wrist"):
                x, y, seen = joints[f"{name}_{part}"]
                label = case.own.labels[round(float(y)), round(float(x))] if seen else 0
                own += label == LABEL[f"{name}_arm"]
                other += label == LABEL[f"{opposite}_arm"]
    assert own > 200
    assert other < 0.05 * own


def test_the_person_stays_the_same_in_another_garment(cases: list[Case]) -> None:
    for case in cases:
        for name in ("face", "hair"):
            own, tried = (picture.labels == LABEL[name] for picture in (case.own, case.tried))
            assert (own != tried).sum() <= 4, case.seed  # pixels that head and garment share
        both = np.minimum.reduce([grown(p.labels != LABEL["background"], 2) == 0 for p in (case.own, case.tried)])
        apart = np.abs(case.own.image[both].astype(int) - case.tried.image[both].astype(int))
        assert apart.max(initial=0) == 0, case.seed  # the wall
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
        config = WorldConfig(people=48, garments=12, seed=seed, height=HEIGHT, width=WIDTH)
        of_split = {
            name: [garment_of(config, n) for n in split.garments] for name, split in split_world(config).items()
        }
        for first, second in combinations(of_split.values(), 2):
            assert not {g.logo for g in first if g.logo} & {g.logo for g in second}
            assert not {repr(print_of(g)) for g in first} & {repr(print_of(g)) for g in second}


def print_of(garment: Garment) -> tuple[object, ...]:
    return garment.fabric.base, garment.fabric.accent, garment.fabric.period, garment.fabric.tile.tobytes()
