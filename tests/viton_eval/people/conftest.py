"""An experiment that asks for a human study, and its made-up results."""

import json
from pathlib import Path

import numpy as np
import pytest
import yaml

from tests.viton_eval.people.asked import METHODS, SETTINGS, SIZE
from viton.data.viton_hd import VitonHd
from viton.images import encode
from viton_eval.commands import open_run
from viton_eval.study.make import Source, make_study


@pytest.fixture
def results(scored_world, tmp_path):
    """Made-up pictures of three methods, as a run has them, with manifests."""
    data, folders = VitonHd(scored_world, "test"), {}
    for number, method in enumerate(METHODS):
        folder = folders[method] = tmp_path / "runs/tiny/results" / method / "0"
        folder.mkdir(parents=True)
        rows = []
        for place, pair in enumerate(data.pairs("test_pairs.txt")):
            noise = np.random.default_rng([number, place]).integers(0, 255, (*SIZE, 3), np.uint8)
            (folder / f"{pair.name}.png").write_bytes(encode(noise, ".png"))
            rows.append({**pair._asdict(), "file": f"{pair.name}.png", "status": "ok"})
        (folder / "manifest.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    return folders


@pytest.fixture
def source(results, scored_world):
    data = VitonHd(scored_world, "test")
    return Source(results, data, data.pairs("test_pairs.txt"))


@pytest.fixture
def run(results, scored_world, tmp_path, monkeypatch):
    """An experiment that asks for a study, in an empty working directory."""
    monkeypatch.chdir(tmp_path)
    content = {
        "name": "tiny",
        "purpose": "To test.",
        "data": {"kind": "folder", "root": str(scored_world)},
        "height": 64,
        "width": 48,
        "methods": ["non-parametric"],
        "study": {"pairs": 4, "set": ["per_rater=8", "gold=1"]},
        "notebooks": ["human_study_sheets", "human_study_results", "quantitative", "agreement", "warp"],
    }
    Path("tiny.yaml").write_text(yaml.safe_dump(content))
    return open_run(Path("tiny.yaml"))


@pytest.fixture
def two(run, trained):
    """The same with two methods, of which one is trained."""
    content = yaml.safe_load(Path("tiny.yaml").read_text()) | trained | {"methods": ["non-parametric", "cagan"]}
    Path("tiny.yaml").write_text(yaml.safe_dump(content))
    return open_run(Path("tiny.yaml"))


@pytest.fixture
def study(source, run):
    return make_study(run.study, source, SETTINGS, 4)
