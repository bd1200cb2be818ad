"""Noise whose levels can be compared: what errs at a level errs at every larger one, the same way and more."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest

from viton.synthetic import noise
from viton.synthetic.canvas import LABEL
from viton.synthetic.noise import nested_labels, noisy_keypoints

LEVELS = (0.5, 1.0, 2.0, 4.0)
HEIGHT, WIDTH = 128, 96
SEEDS = range(40)


@pytest.fixture(scope="module")
def labels():
    """A body of rectangles: trunk, both arms, face, trousers."""
    found = np.zeros((HEIGHT, WIDTH), np.uint8)
    parts = {"upper_clothes": (30, 80, 30, 66), "left_arm": (30, 80, 66, 78), "right_arm": (30, 80, 18, 30)}
    for name, (top, bottom, left, right) in (parts | {"face": (8, 30, 38, 58), "pants": (80, 128, 30, 66)}).items():
        found[top:bottom, left:right] = LABEL[name]
    return found


@pytest.fixture
def leaks(monkeypatch):
    """The labels that have leaked since this was last cleared; borders do not waver, so that nothing else changes."""
    told: list[int] = []
    leak = noise._leak

    def told_leak(labels, number, level, rng):
        told.append(number)
        return leak(labels, number, level, rng)

    monkeypatch.setattr(noise, "_leak", told_leak)
    return told


def test_a_joint_moves_the_same_way_and_farther_and_stays_missed():
    joints = np.column_stack([np.full(18, WIDTH / 2), np.full(18, HEIGHT / 2), np.ones(18)]).astype(np.float32)
    missed = 0
    for seed in SEEDS:
        noisy = [noisy_keypoints(joints, HEIGHT, level, np.random.default_rng(seed)) for level in LEVELS]
        for (low, less), (high, more) in pairwise(zip(LEVELS, noisy, strict=True)):
            assert not ((less[:, 2] == 0) & (more[:, 2] > 0)).any(), seed
            seen = more[:, 2] > 0
            moved, farther = (each[seen, :2] - joints[seen, :2] for each in (less, more))
            np.testing.assert_allclose(farther, moved * high / low, atol=1e-4)
        missed += int((noisy[-1][:, 2] == 0).sum())
    assert missed > 0


def test_what_leaks_at_a_level_leaks_at_every_larger_one(labels, leaks):
    numbers = []
    for seed in SEEDS:
        before: set[int] = set()
        for level in LEVELS:
            leaks.clear()
            nested_labels(labels, level, seed)
            assert before <= set(leaks), (seed, level)
            before = set(leaks)
        numbers.append(len(before))
    assert max(numbers) > min(numbers) or min(numbers) == 5


def test_arms_that_are_swapped_at_a_level_are_swapped_at_every_larger_one(labels, monkeypatch):
    monkeypatch.setattr(noise, "_waver", lambda labels, level, rng: labels.copy())
    monkeypatch.setattr(noise, "_leak", lambda labels, number, level, rng: labels)
    swapped = np.array([[(nested_labels(labels, level, s) != labels).any() for level in LEVELS] for s in range(200)])
    assert (np.diff(swapped.astype(int), axis=1) >= 0).all()
    assert 0 < swapped[:, 0].sum() < swapped[:, -1].sum() < 200
    there = nested_labels(labels, LEVELS[-1], int(np.flatnonzero(swapped[:, -1])[0]))
    np.testing.assert_array_equal(there == LABEL["left_arm"], labels == LABEL["right_arm"])


def test_borders_waver_the_same_way_and_farther(labels, monkeypatch):
    """The label looked up at a pixel is found by a shift that grows in proportion to the level."""
    shifts = {}

    def remap(picture, x, y, *arguments, **options):
        grid_x, grid_y = np.meshgrid(np.arange(WIDTH), np.arange(HEIGHT))
        shifts[len(shifts)] = np.stack([x - grid_x, y - grid_y])
        return picture

    monkeypatch.setattr(noise.cv2, "remap", remap)
    for level in LEVELS:
        nested_labels(labels, level, 3)
    for number, level in enumerate(LEVELS):
        np.testing.assert_allclose(shifts[number], shifts[0] * level / LEVELS[0], atol=1e-4)
    assert np.abs(shifts[0]).max() > 0.1


def test_one_part_of_the_noise_does_not_depend_on_what_another_drew(labels, leaks):
    """Without a label the others leak as they did, though one generator would have drawn less."""
    without = np.where(labels == LABEL["face"], 0, labels).astype(np.uint8)
    compared = 0
    for seed in SEEDS:
        leaks.clear()
        nested_labels(labels, 1.0, seed)
        whole = [number for number in leaks if number != LABEL["face"]]
        leaks.clear()
        nested_labels(without, 1.0, seed)
        assert leaks == whole, seed
        compared += len(whole)
    assert compared > 0


def test_noise_of_level_0_is_exact_and_of_other_seeds_another(labels):
    np.testing.assert_array_equal(nested_labels(labels, 0.0, 1), labels)
    assert (nested_labels(labels, 1.0, 1) != nested_labels(labels, 1.0, 2)).any()
    np.testing.assert_array_equal(nested_labels(labels, 1.0, 1), nested_labels(labels, 1.0, 1))
