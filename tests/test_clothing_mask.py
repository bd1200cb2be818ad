"""Masks from product photos: exact masks of made-up photos, the sample's own, and what must be refused."""

import sys

import numpy as np
import pytest
from typer.testing import CliRunner

from benchmarks import clothing_masks
from benchmarks.product_photos import CONDITIONS, photo
from viton.background import QUIETEST, fitted, most
from viton.clothing_mask import MaskError, clothing_mask
from viton.images import load_mask, load_rgb, save_png
from viton.mask_figures import Masked, mask_sheet, overlap

SIZE = (512, 384)

# Least IoU with the true mask over seeds 0 and 1; what was measured, rounded down.
FLOORS = {
    "on white": 0.98,
    "on off-white": 0.98,
    "on grey": 0.98,
    "vignette": 0.98,
    "shadow": 0.97,
    "vignette and shadow": 0.97,
    "JPEG of quality 75": 0.95,
    "noise": 0.98,
    "white garment on grey": 0.97,
    "white garment on off-white": 0.98,
    "white garment on white": 0.96,
    "white garment with shadow": 0.97,
    "white garment, JPEG": 0.98,
    "holes": 0.98,
    "holes on white, JPEG": 0.94,
    "white prints": 0.98,
    "white prints on white": 0.98,
    "hook": 0.98,
    "two parts": 0.98,
}


def plain(value, size=(128, 96)):
    return np.full((*size, 3), value, np.uint8)


def boxed(colour, background=246, size=(128, 96)):
    picture = plain(background, size)
    picture[30:100, 20:70] = colour
    return picture


@pytest.mark.parametrize("condition", CONDITIONS)
def test_made_up_photos_are_masked_as_well_as_was_measured(condition):
    values = clothing_masks.made_up(condition, 2, SIZE)
    assert min(values) >= FLOORS[condition], values


def test_the_sample_is_masked_as_its_own_masks_are(shared_data):
    rows = clothing_masks.measure(shared_data / "vitonhd_sample")
    values = {row.name: overlap(row.found, row.given) for row in rows}
    assert len(values) == 8
    assert list(values.values()) == sorted(values.values())
    assert np.mean(list(values.values())) >= 0.97
    assert min(values.values()) >= 0.96, values


def test_a_smooth_background_is_recovered_under_a_minority_that_lies_off_it():
    y, x = np.mgrid[:60, :80].astype(np.float64)
    true = np.stack([200 + 0.3 * x - 0.004 * (x - 30) ** 2 + 0.1 * y, 180 + 0.01 * x * y, 150 - 0.2 * y], axis=2)
    seen = true.astype(np.float32)
    seen[20:40, 20:50] = (20, 60, 220)
    surface, noise = fitted(seen, np.ones((60, 80), bool), 2)
    np.testing.assert_allclose(surface, true, atol=1e-3)
    np.testing.assert_allclose(noise, QUIETEST)
    np.testing.assert_array_equal(most(true), true.max(axis=2))


def test_a_box_is_found_to_the_pixel_and_alike_twice():
    picture = boxed((200, 30, 40))
    found, true = clothing_mask(picture), np.zeros((128, 96), np.uint8)
    true[30:100, 20:70] = 1
    assert found.dtype == np.uint8
    assert set(np.unique(found)) == {0, 1}
    assert overlap(found, true) > 0.98
    assert (found == clothing_mask(picture)).all()


def test_a_large_picture_gets_a_mask_of_its_own_size():
    picture = np.kron(boxed((200, 30, 40)), np.ones((16, 16, 1), np.uint8))
    true = np.zeros(picture.shape[:2], np.uint8)
    true[480:1600, 320:1120] = 1
    assert overlap(clothing_mask(picture), true) > 0.99


def test_a_mirrored_photo_has_the_mirrored_mask():
    picture = photo("shadow", (256, 192), 0).picture
    mirrored = clothing_mask(np.ascontiguousarray(picture[:, ::-1]))[:, ::-1]
    assert overlap(clothing_mask(picture), np.ascontiguousarray(mirrored)) > 0.995


def test_holes_are_open_and_prints_are_not():
    with_holes, printed = photo("holes", SIZE, 1), photo("white prints", SIZE, 1)
    whole = photo("on white", SIZE, 1).mask
    cut = (whole == 1) & (with_holes.mask == 0)
    assert cut.sum() > 500
    assert clothing_mask(with_holes.picture)[cut].mean() < 0.1
    light = (printed.mask == 1) & (printed.picture.min(axis=2) > 200)
    assert light.sum() > 2000
    assert clothing_mask(printed.picture)[light].mean() > 0.98


def test_a_hook_goes_and_both_parts_stay():
    hung = photo("hook", SIZE, 1)
    wire = (hung.mask == 0) & (np.abs(hung.picture.astype(int) - 246).max(axis=2) > 40)
    wire[np.flatnonzero(hung.mask.any(axis=1))[0] - 2 :] = False
    assert wire.sum() > 100
    assert clothing_mask(hung.picture)[wire].mean() < 0.05
    apart = photo("two parts", SIZE, 1)
    last = np.flatnonzero(apart.mask.any(axis=1))[-1]
    assert clothing_mask(apart.picture)[last - 5].any()


@pytest.mark.parametrize(
    ("picture", "reason"),
    [
        (plain(246), "no_garment"),
        (np.random.default_rng(0).integers(0, 255, (128, 96, 3), np.uint8), "not_plain"),
        (plain(246, (15, 40)), "too_small"),
    ],
    ids=["empty", "cluttered", "small"],
)
def test_what_gives_no_mask_is_refused_with_its_reason(picture, reason):
    with pytest.raises(MaskError, match=r"expected .*, got ") as refused:
        clothing_mask(picture)
    assert refused.value.reason == reason


def test_overlap_of_known_masks():
    one, other = np.zeros((4, 4), np.uint8), np.zeros((4, 4), np.uint8)
    assert overlap(one, other) == 1
    one[:2], other[1:3] = 1, 1
    assert overlap(one, other) == pytest.approx(1 / 3)


def _command(*arguments):
    from viton.cli import app

    return CliRunner().invoke(app, ["data", "mask", *map(str, arguments)])


def test_the_command_writes_masks_names_failures_and_goes_on(tmp_path):
    save_png(tmp_path / "good.png", boxed((20, 90, 40)))
    save_png(tmp_path / "empty.png", plain(250))
    (tmp_path / "text.jpg").write_text("no picture")
    out = tmp_path / "masks"
    done = _command(tmp_path / "empty.png", tmp_path / "text.jpg", tmp_path / "good.png", "--out", out)
    assert done.exit_code == 1
    lines = [line for line in done.output.splitlines() if line.startswith("failed: ")]
    assert len(lines) == 2
    assert "empty.png" in lines[0]
    assert "no_garment" in lines[0]
    assert "text.jpg" in lines[1]
    assert [path.name for path in out.iterdir()] == ["good.png"]
    assert load_rgb(out / "good.png").max() == 255
    assert (load_mask(out / "good.png") == clothing_mask(load_rgb(tmp_path / "good.png"))).all()


def test_the_command_replaces_a_mask_only_when_told_and_never_a_picture(tmp_path):
    save_png(tmp_path / "good.png", boxed((20, 90, 40)))
    before = (tmp_path / "good.png").read_bytes()
    out = tmp_path / "masks"
    out.mkdir()
    (out / "good.png").write_text("mine")
    assert _command(tmp_path / "good.png", "--out", out).exit_code == 1
    assert (out / "good.png").read_text() == "mine"
    assert _command(tmp_path / "good.png", "--out", out, "--overwrite").exit_code == 0
    assert load_mask(out / "good.png").any()
    assert _command(tmp_path / "good.png", "--out", tmp_path, "--overwrite").exit_code == 1
    assert (tmp_path / "good.png").read_bytes() == before


def test_two_pictures_of_one_name_are_refused(tmp_path):
    done = _command(tmp_path / "a" / "x.png", tmp_path / "b" / "x.jpg", "--out", tmp_path / "masks")
    assert done.exit_code == 1
    assert "'x' twice" in str(done.exception)
    assert not (tmp_path / "masks").exists()


def test_the_sheet_draws_outline_and_comparison():
    picture, true = boxed((20, 90, 40)), np.zeros((128, 96), np.uint8)
    true[30:100, 20:80] = 1
    figure = mask_sheet([Masked("a", picture, clothing_mask(picture), true), Masked("b", picture, true)])
    figure.canvas.draw()
    captions = [axis.get_xlabel() for axis in figure.axes]
    assert captions[:2] == ["a", "outline found"]
    assert captions[2].startswith("IoU 0.8")
    assert captions[3] == "b"
    assert all(len(axis.collections) == 1 for axis in (figure.axes[1], figure.axes[4]))


def test_the_benchmark_names_the_worst_and_draws(make_tiny_hd, monkeypatch, capsys, tmp_path):
    data, drawn = make_tiny_hd(size=(256, 192)), tmp_path / "masks.png"
    monkeypatch.setattr(sys, "argv", ["x", "--data", str(data.root), "--figure", str(drawn)])
    clothing_masks.main()
    shown = capsys.readouterr().out
    assert "of 3; worst c" in shown
    assert load_rgb(drawn).std() > 10
