"""docs/benchmark.md shows a command that leads from a folder of pictures to a row: it is run as it stands there."""

import re
import shlex
import shutil
from pathlib import Path

import pytest
from typer.testing import CliRunner

from viton.data.viton_hd import VitonHd
from viton.synthetic.config import WorldConfig
from viton.synthetic.dataset import write_world
from viton_eval.cli import app

ROOT = Path(__file__).resolve().parents[2]
PAGE = ROOT / "docs" / "benchmark.md"


@pytest.fixture
def command(monkeypatch, tmp_path):
    """The page's command, in a folder with a small world of the frozen one's size and results that are its truth."""
    monkeypatch.chdir(tmp_path)
    write_world(Path("world"), WorldConfig(people=12, garments=0, seed=3, height=256, width=192))
    data = VitonHd(Path("world"), "test")
    Path("results").mkdir()
    for pair in data.pairs("test_pairs.txt"):
        shutil.copy(data.truth_path(pair, "image"), f"results/{pair.person}__{pair.clothing}.png")
    shutil.copytree(ROOT / "configs", "configs")
    (found,) = re.findall(r"^viton-eval (import .*--config .*)$", PAGE.read_text(), re.MULTILINE)
    return shlex.split(found)


def test_the_truth_scores_perfectly(command):
    done = CliRunner().invoke(app, command)
    assert done.exit_code == 0, done.output
    rows = {line[:20].strip(): line[20:].split() for line in done.stdout.splitlines()}
    assert rows["L1 garment"][0] == "0.0000"
    assert rows["SSIM"][:4] == ["1.000", "[1.000,", "1.000]", "4"]


def test_a_pair_that_is_missing_is_not_left_out(command):
    next(Path("results").iterdir()).unlink()
    done = CliRunner().invoke(app, command)
    assert "for each of 4 pairs, got none for 1: " in str(done.exception)
