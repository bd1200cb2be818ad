"""A small frozen study of made-up results, and what it takes to make others."""

import sys
from pathlib import Path

import numpy as np
import pytest

from viton.data.viton_hd import VitonHd
from viton.images import encode
from viton.synthetic.config import WorldConfig
from viton.synthetic.dataset import write_world
from viton_eval.cli import main
from viton_eval.study.make import Source, make_study
from viton_eval.study.settings import StudySettings

METHODS = ("alpha", "beta", "gamma")
SIZE = (64, 48)


@pytest.fixture(scope="session")
def study_world(tmp_path_factory):
    """The root of a small made-up world."""
    root = tmp_path_factory.mktemp("study") / "world"
    write_world(root, WorldConfig(people=12, garments=2, seed=3, height=SIZE[0], width=SIZE[1]))
    return root


@pytest.fixture(scope="session")
def study_results(study_world):
    """A folder of results of each method, noise of another strength in each."""
    data = VitonHd(study_world, "test")
    folders = {}
    for number, method in enumerate(METHODS):
        folders[method] = study_world.parent / "results" / method
        folders[method].mkdir(parents=True)
        for place, pair in enumerate(data.pairs("test_pairs.txt")):
            noise = np.random.default_rng([number, place]).integers(0, 40 * number + 30, (*SIZE, 3), np.uint8)
            (folders[method] / f"{pair.name}.png").write_bytes(encode(noise, ".png"))
    return folders


@pytest.fixture(scope="session")
def make(study_world, study_results):
    """Make a study of these results by other settings, in a folder."""

    def made(folder: Path, methods=METHODS, limit=None, salt="", **settings):
        data = VitonHd(study_world, "test")
        source = Source({name: study_results[name] for name in methods}, data, data.pairs("test_pairs.txt"))
        return make_study(folder, source, StudySettings(**settings), limit, salt=salt)

    return made


@pytest.fixture(scope="session")
def study(make, tmp_path_factory):
    """Three methods, 2 votes, raters of 6 comparisons, a gold trial, a repeat and 4 flashes; some take sheets of it."""
    folder = tmp_path_factory.mktemp("frozen") / "study"
    return make(folder, votes=2, per_rater=6, gold=1, repeats=1, flashes=4, seed=1)


@pytest.fixture
def command(monkeypatch, capsys):
    """Run `viton-eval study` here, and return how it ends, what it prints and what it says."""

    def run(*words):
        monkeypatch.setattr(sys, "argv", ["viton-eval", "study", *map(str, words)])
        with pytest.raises(SystemExit) as ended:
            main()
        done = capsys.readouterr()
        return ended.value.code, done.out, done.err

    return run
