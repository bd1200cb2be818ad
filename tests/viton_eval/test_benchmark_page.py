"""docs/benchmark.md shows code that scores a folder of pictures: it is run as it stands there."""

import re
from pathlib import Path

import numpy as np
import pytest

from viton.errors import InputError

PAGE = Path(__file__).resolve().parents[2] / "docs" / "benchmark.md"


@pytest.fixture
def code(make_tiny_hd, monkeypatch, tmp_path, save_picture):
    """The page's code, in a folder with a world of three pairs and results that are their truth."""
    world = make_tiny_hd("world", size=(256, 192))
    y, x = np.mgrid[:256, :192].astype(np.float32)
    map_px = np.where((y > 100)[..., None], np.stack([x, y], axis=2), np.nan)
    for kind in ("image", "map"):
        (world.root / f"test/{kind}-truth").mkdir()
    (tmp_path / "results").mkdir()
    for number, (person, clothing) in enumerate(world.pairs):
        picture = np.random.default_rng(number).integers(0, 255, (256, 192, 3)).astype(np.uint8)
        for path in (world.root / "test/image-truth", tmp_path / "results"):
            save_picture(path / f"{person}__{clothing}.png", picture)
        np.savez(world.root / f"test/map-truth/{person}__{clothing}.npz", map=map_px)
    monkeypatch.chdir(tmp_path)
    (found,) = re.findall(r"^```python\n(.*?)^```", PAGE.read_text(), re.MULTILINE | re.DOTALL)
    return found


def test_the_truth_scores_perfectly(code, capsys):
    exec(code, {})
    told = capsys.readouterr().out.splitlines()
    assert told == [
        "L1 in garment: 0.000 [0.000, 0.000] (n = 3)",
        "SSIM: 1.000 [1.000, 1.000] (n = 3)",
    ]


def test_a_pair_that_is_missing_is_not_left_out(code):
    Path("results/p2__c2.png").unlink()
    with pytest.raises(InputError, match=r"p2__c2\.png"):
        exec(code, {})
