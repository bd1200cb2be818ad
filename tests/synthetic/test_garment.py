"""What garments and their product pictures promise."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from viton.synthetic.canvas import sampling_of
from viton.synthetic.cut import FRONT, HIGH_COLLAR, SLEEVE_OF
from viton.synthetic.fabric import PATTERNS
from viton.synthetic.garment import KINDS, SYLLABLES, Garment, Product, draw_product, sample_garment
from viton.synthetic.letters import SHAPES
from viton.synthetic.tailor import SLEEVES

SIZE = (128, 96)
COUNT = 200


def garment_of(index: int) -> Garment:
    return sample_garment(np.random.default_rng([5, index]), index)


def product_of(garment: Garment, size: tuple[int, int] = SIZE, seed: int = 0) -> Product:
    return draw_product(garment, size, np.random.default_rng(seed))


@pytest.fixture(scope="module")
def garments() -> list[Garment]:
    return [garment_of(index) for index in range(COUNT)]


@pytest.fixture(scope="module")
def products(garments: list[Garment]) -> list[Product]:
    return [product_of(garment, seed=index) for index, garment in enumerate(garments)]


def grown(mask: np.ndarray, by: int) -> np.ndarray:
    return cv2.dilate(mask, np.ones((2 * by + 1, 2 * by + 1), np.uint8)) > 0


def test_every_kind_sleeve_neckline_and_pattern_occurs(garments: list[Garment]) -> None:
    assert {garment.kind for garment in garments} == set(KINDS)
    assert {garment.fabric.pattern for garment in garments} == set(PATTERNS)
    assert {garment.cut.sleeve for garment in garments} == {name for shares in SLEEVES.values() for name in shares}
    necklines = {garment.cut.neckline.kind for garment in garments}
    assert necklines == {"crew", "wide", "scoop", "v", "high", "collar", "strap"}
    assert {garment.length() for garment in garments} == {"short", "regular", "long"}


def test_every_pattern_has_more_than_one_style(garments: list[Garment]) -> None:
    for pattern in PATTERNS:
        assert len({g.fabric.style for g in garments if g.fabric.pattern == pattern}) > 1, pattern


def test_fabrics_keep_their_ranges(garments: list[Garment]) -> None:
    for fabric in (garment.fabric for garment in garments):
        assert 0 <= fabric.drape <= 1
        assert 0 <= fabric.sheen <= 1
        assert fabric.period > 0.1
        assert fabric.tile.dtype == np.uint8


def test_logos_and_prints_are_their_garments_own(garments: list[Garment]) -> None:
    words = [garment.logo for garment in garments if garment.logo]
    assert len(words) > COUNT / 10
    assert len(set(words)) == len(words)
    looks = {(garment.fabric.base, garment.fabric.accent, garment.fabric.period) for garment in garments}
    assert len(looks) == COUNT


def test_every_word_can_be_written() -> None:
    assert {*"".join(SYLLABLES).upper(), *"0123456789"} <= set(SHAPES)


def test_beyond_its_mask_a_picture_is_even_paper_that_is_nearly_white(products: list[Product]) -> None:
    for product in products:
        paper = product.image[~grown(product.mask, 2)]
        assert paper.min() == paper.max() >= 243


def test_within_its_mask_a_picture_is_albedo_under_soft_light(products: list[Product]) -> None:
    for number, product in enumerate(products):
        whole = cv2.erode(product.panel, np.ones((3, 3), np.uint8)) > 0
        albedo = cv2.resize(product.albedo, SIZE[::-1], interpolation=cv2.INTER_AREA)[whole].astype(float).sum(-1)
        shade = product.image[whole].astype(float).sum(-1) / np.maximum(albedo, 60)
        assert 0.7 < np.median(shade) < 1.2, number
        assert shade.max() - shade.min() > 0.05, number  # it has folds


def test_masks_fill_as_much_as_in_catalogues(products: list[Product]) -> None:
    shares = [product.mask.mean() for product in products]
    assert min(shares) > 0.28
    assert max(shares) < 0.58
    assert 0.4 < np.mean(shares) < 0.5


def test_the_inner_collar_lies_in_the_mask_and_is_small(products: list[Product]) -> None:
    for number, product in enumerate(products):
        assert set(np.unique(product.collar)) == {0, 1}, number
        assert not (product.collar & ~product.mask & 1).any()
        assert 0 < product.collar.sum() < 0.15 * product.mask.sum(), number


def test_panels_are_outsides_of_the_garment(garments: list[Garment], products: list[Product]) -> None:
    for garment, product in zip(garments, products, strict=True):
        assert product.mask[product.panel > 0].all()
        assert not product.collar[product.panel > 0].any()
        expected = {FRONT, *(SLEEVE_OF[side] for side in product.sleeves)}
        expected |= {HIGH_COLLAR} if garment.kind == "turtleneck" else set()
        assert set(np.unique(product.panel)) - {0} == expected
        assert bool(product.sleeves) == (garment.cut.sleeve != "none")
        assert (product.high_collar is not None) == (garment.kind == "turtleneck")


def test_albedo_and_relief_are_given_at_the_canvas_resolution(products: list[Product]) -> None:
    rows, columns = (n * sampling_of(SIZE[0]) for n in SIZE)
    for product in products:
        assert product.albedo.shape == (rows, columns, 3)
        assert product.albedo.dtype == np.uint8
        assert product.relief.shape == (rows, columns)
        assert product.relief.dtype == np.float32
        assert np.abs(product.relief).max() < 0.02  # of the picture's height; false for a NaN too


def test_albedo_goes_on_beyond_the_rim(garments: list[Garment], products: list[Product]) -> None:
    for number, (garment, product) in enumerate(zip(garments, products, strict=True)):
        if garment.fabric.style != "plain" or garment.trim.band or min(garment.fabric.base) > 200:
            continue
        s = sampling_of(SIZE[0])
        mask = cv2.resize(product.mask, None, fx=s, fy=s, interpolation=cv2.INTER_NEAREST)
        rim = grown(mask, 3) & (mask == 0)
        assert product.albedo[rim].min(axis=-1).max() < 255, number  # no paper


def test_the_front_covers_what_the_mask_shows(garments: list[Garment], products: list[Product]) -> None:
    for number, (garment, product) in enumerate(zip(garments, products, strict=True)):
        rows, columns = np.nonzero(cv2.erode((product.panel == FRONT).astype(np.uint8), np.ones((3, 3), np.uint8)))
        u, v = product.front.to_uv((columns + 0.5) / SIZE[0], (rows + 0.5) / SIZE[0])
        assert garment.cut.covers(np.asarray(u), np.asarray(v)).all(), number
        x, y = product.front.to_xy(np.asarray(u), np.asarray(v))
        np.testing.assert_allclose(np.stack([x, y]), (np.stack([columns, rows]) + 0.5) / SIZE[0], atol=2e-3)


def test_the_front_is_the_same_on_both_sides(garments: list[Garment]) -> None:
    v, u = np.meshgrid(np.linspace(-0.05, 1.05, 80, dtype=np.float32), np.linspace(-1.1, 1.1, 81, dtype=np.float32))
    for garment in garments:
        np.testing.assert_array_equal(garment.cut.covers(u, v), garment.cut.covers(-u, v))
        assert not garment.cut.covers(u, v)[(v < 0) | (v > 1) | (np.abs(u) > 1)].any()


def test_sleeves_lie_where_their_coordinates_say(products: list[Product]) -> None:
    u, v = np.meshgrid(np.linspace(-0.5, 0.5, 5), np.linspace(0.3, 0.9, 7))
    for number, product in enumerate(products):
        for side, sleeve in product.sleeves.items():
            x, y = sleeve.to_xy(u, v)
            column, row = (np.round(a * SIZE[0] - 0.5).astype(int) for a in (x, y))
            assert product.mask[row, column].all(), number
            assert (np.sign(x - product.front.centre) == side).all()


def test_the_same_generator_gives_the_same_bytes() -> None:
    for index in range(0, 40, 4):
        first, second = (product_of(garment_of(index), seed=9) for _ in range(2))
        for name in ("image", "mask", "collar", "panel", "albedo", "relief"):
            np.testing.assert_array_equal(getattr(first, name), getattr(second, name))


def test_a_logo_is_seen_in_the_albedo() -> None:
    shown = [garment for garment in map(garment_of, range(60)) if garment.emblem]
    for garment in shown:
        without = garment._replace(emblem=None, logo="")
        changed = (product_of(garment).albedo != product_of(without).albedo).any(-1)
        assert changed.sum() > 60, garment.logo


@pytest.mark.parametrize("size", [(64, 48), (256, 192), (512, 384)])
def test_other_sizes_show_the_same_garment(size: tuple[int, int]) -> None:
    for index in range(6):
        garment = garment_of(index)
        small, other = product_of(garment), product_of(garment, size)
        assert other.image.shape == (*size, 3)
        assert other.mask.mean() == pytest.approx(small.mask.mean(), abs=0.01)
