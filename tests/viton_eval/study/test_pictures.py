"""Pictures that raters see tell nothing but their pixels."""

import itertools
import json
import os

import numpy as np
import pytest
from PIL import Image

from viton.data.sample import Pair
from viton.data.viton_hd import VitonHd
from viton.errors import InputError
from viton.images import encode, load_rgb
from viton_eval.study.export import export_study
from viton_eval.study.frozen import DESIGN
from viton_eval.study.pictures import CHUNK, Pictures, Sight, _name, filled, shuffled, sights_of

NAMED = ("person", "clothing", "left", "right", "shown")


def noise(seed=0, size=(64, 48)):
    return np.random.default_rng(seed).integers(0, 256, (*size, 3), np.uint8)


def test_all_files_are_as_long_and_as_large_as_each_other(study):
    files = sorted(study.pictures.iterdir())
    assert len({path.stat().st_size for path in files}) == 1
    assert {Image.open(path).size for path in files} == {(48, 64)}
    assert {tuple(Image.open(path).info) for path in files} == {()}
    assert all(len(path.name) == 24 and set(path.stem) <= set("0123456789abcdef") for path in files)


def test_times_of_files_are_all_the_same(study):
    assert len({path.stat().st_mtime_ns for path in study.pictures.iterdir()}) == 1


def test_pixels_are_those_of_the_results_and_photos(study, study_results, study_world):
    data = VitonHd(study_world, "test")
    for trial in [trial for trial in study.trials if trial.kind == "main"][:10]:
        pair = Pair(trial.person, trial.clothing)
        for method, name in [(trial.left, trial.left_picture), (trial.right, trial.right_picture)]:
            expected = load_rgb(study_results[method] / f"{pair.name}.png")
            assert np.array_equal(load_rgb(study.pictures / name), expected)
        assert np.array_equal(load_rgb(study.pictures / trial.person_picture), load_rgb(data.people[pair.person]))


def test_every_picture_that_is_there_is_shown_and_every_one_shown_is_there(study):
    shown = {
        name for trial in study.trials for name in (getattr(trial, f"{column}_picture") for column in NAMED) if name
    }
    assert shown == set(os.listdir(study.pictures))
    flashes = [trial for trial in study.trials if trial.task == "flash"]
    assert all(trial.shown_picture and not trial.left_picture for trial in flashes)


def test_names_are_made_with_a_salt_that_only_the_key_has(make, tmp_path):
    """The same results by the same settings get other names each time, so that nobody can work out a name's picture."""
    first, second, third = (make(tmp_path / name, limit=2, votes=1, salt=salt) for name, salt in SALTS.items())
    names = [{path.name for path in one.pictures.iterdir()} for one in (first, second, third)]
    assert len(names[0]) == len(names[1]) == len(names[2])
    assert not names[0] & names[1]
    assert not names[0] & names[2]
    for one, salt in ((first, salt_of(first)), (third, "told")):
        sights = {sight for trial in one.trials for sight in sights_of(trial).values()}
        assert {_name(sight, salt) for sight in sights} == {path.name for path in one.pictures.iterdir()}


SALTS = {"a": "", "b": "", "c": "told"}  # "": drawn


def salt_of(study):
    return json.loads((study.folder / DESIGN).read_text())["salt"]


def test_the_salt_is_in_the_key_file_and_in_nothing_that_is_handed_out(make, tmp_path):
    study = make(tmp_path / "study", limit=2, votes=1)
    salt = salt_of(study)
    assert len(salt) == 32
    for form in ("pdf", "mturk", "csv"):
        export_study(study, form, tmp_path / form, [1], "https://example.org/p" if form != "pdf" else "")
    files = [path for path in tmp_path.rglob("*") if path.is_file() and path.name != DESIGN]
    assert len(files) > 6
    assert not [path for path in files if salt.encode() in path.read_bytes()]


def test_a_filled_png_shows_the_same_and_has_the_length_asked_for(tmp_path):
    png = encode(noise(), ".png")
    for more in (CHUNK, CHUNK + 1, 5000):
        path = tmp_path / f"{more}.png"
        path.write_bytes(filled(png, len(png) + more))
        assert path.stat().st_size == len(png) + more
        assert np.array_equal(load_rgb(path), noise())
    with pytest.raises(ValueError, match="at most"):
        filled(png, len(png) + CHUNK - 1)


@pytest.mark.parametrize("size", [(64, 48), (8, 8), (67, 53)])
def test_a_shuffled_picture_has_the_same_pixels_and_no_tile_in_its_place(size):
    pixels = noise(size=size)
    mixed = shuffled(pixels, np.random.default_rng(1))
    assert np.array_equal(np.sort(mixed.reshape(-1, 3), axis=0), np.sort(pixels.reshape(-1, 3), axis=0))
    height, width = size[0] // 8, size[1] // 8
    for row, column in itertools.product(range(8), repeat=2):
        tile = np.s_[row * height : (row + 1) * height, column * width : (column + 1) * width]
        assert not np.array_equal(mixed[tile], pixels[tile])


def test_a_picture_too_small_to_shuffle():
    with pytest.raises(ValueError, match="8x8"):
        shuffled(noise(size=(7, 9)), np.random.default_rng(0))


def test_results_of_unlike_sizes_are_refused(study_world, tmp_path):
    data = VitonHd(study_world, "test")
    pair = data.pairs("test_pairs.txt")[0]
    path = tmp_path / f"{pair.name}.png"
    path.write_bytes(encode(noise(size=(32, 24)), ".png"))
    pictures = Pictures(data, {"alpha": {pair: path}}, (64, 48), 0)
    with pytest.raises(InputError, match=r"64x48, as the others.*32x24"):
        pictures.pixels(Sight("alpha", *pair))


def test_the_key_lies_apart_from_the_pictures(make, tmp_path):
    made = make(tmp_path / "study", limit=1)  # one of its own: others are exported by other tests
    assert {path.name for path in made.folder.iterdir()} == {DESIGN, "trials.csv", "pictures"}
