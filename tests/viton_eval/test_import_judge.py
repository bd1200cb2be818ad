"""Which judge scores imported pictures: the experiment's own, or that of the run that it names; and who lacks one."""

from __future__ import annotations

import json
import re
import shutil
import sys
from pathlib import Path

import pytest
import torch
import yaml

from viton import console
from viton.checkpoint import StageFolder
from viton.data.viton_hd import VitonHd
from viton.files import sha256_of
from viton.images import load_rgb, save_png
from viton.judge import JudgeFeatures
from viton_eval.cli import app
from viton_eval.scores import read_scores

ROOT = Path(__file__).resolve().parents[2]
SIZE = {"height": 64, "width": 48}


@pytest.fixture
def runs(scored_world, tmp_path, monkeypatch):
    """A checkout whose demo has its world, in which `results` holds the photos, left as they are."""
    monkeypatch.chdir(tmp_path)
    shutil.copytree(scored_world, "runs/demo/data")
    data = VitonHd(scored_world, "test")
    for pair in data.pairs("test_pairs.txt"):
        save_png(Path("results") / f"{pair.name}.png", load_rgb(data.people[pair.person]))
    return Path("runs")


@pytest.fixture
def judge(runs):
    """The demo's judge, as its training leaves it; the digest of its weights."""
    folder = StageFolder(runs / "demo/stages/judge/0")
    torch.manual_seed(0)
    folder.finish({"judge": torch.nn.ModuleDict({"body": JudgeFeatures(4)})}, {"stage": "judge", "steps": 3})
    folder.config.write_text("stage: judge\nsteps: 3\n")
    return sha256_of(folder.weights)


@pytest.fixture
def viton_eval(monkeypatch, capsys):
    def run(*words):
        monkeypatch.setattr(sys, "argv", ["viton-eval", *map(str, words)])
        with pytest.raises(SystemExit) as ended:
            console.run(app)
        said = capsys.readouterr()
        return ended.value.code, said.out, said.err.strip().splitlines()

    return run


def written(content):
    Path("mine.yaml").write_text(yaml.safe_dump(content | SIZE))
    return Path("mine.yaml")


def recipe():
    """The configuration that the page on methods shows."""
    page = (ROOT / "docs/methods.md").read_text().split("## Weights of another run")[1]
    return yaml.safe_load(re.search(r"```yaml\n(.*?)```", page, re.DOTALL)[1])


def copy_of_the_demo():
    """The demo under another name, its world as a folder."""
    content = yaml.safe_load((ROOT / "configs/demo.yaml").read_text())
    return content | {"name": "mine", "data": recipe()["data"]}


def test_by_the_recipe_of_the_page_the_demos_judge_scores(runs, judge, viton_eval):
    code, out, said = viton_eval("import", "theirs", "results", "--config", written(recipe()), "--json")
    assert code == 0, said
    told = json.loads(out)
    assert (told["note"], [line for line in said if "judge" in line]) == ("", [])
    scores = read_scores(runs / "mine/scores/theirs/0.csv")
    assert scores.settings["judge"] == judge
    assert float(told["scores"]["judge: garment"]["mean"]) == pytest.approx(
        scores.table["judge_garment"].mean(), abs=1e-3
    )


def test_a_copy_of_the_demo_has_a_judge_of_its_own_and_the_command_says_that_it_is_not_trained(runs, judge, viton_eval):
    code, out, said = viton_eval("import", "theirs", "results", "--config", written(copy_of_the_demo()), "--json")
    assert code == 0, said
    (line,) = [line for line in said if "judge" in line]
    assert line.startswith("no judge: runs/mine/stages/judge/0: expected a trained stage, got no such folder; ")
    assert "`trained: runs/OTHER`" in line
    assert json.loads(out)["note"] == line
    assert "judge: garment" not in json.loads(out)["scores"]
    assert read_scores(runs / "mine/scores/theirs/0.csv").settings["judge"] == "none"


def test_the_copy_cannot_train_and_take_what_is_trained_and_is_told_why(runs, judge, viton_eval):
    config = written(copy_of_the_demo() | {"trained": "runs/demo"})
    code, _, said = viton_eval("import", "theirs", "results", "--config", config)
    assert code == 1
    assert "trained: none beside `stages`, with which stages are trained here" in said[-1].replace("expected ", "")


def test_a_run_that_has_no_judge_is_named_by_every_command_that_would_ask_it(runs, viton_eval):
    code, _, said = viton_eval("import", "theirs", "results", "--config", written(recipe()))
    assert code == 0
    told = "no judge: runs/demo/stages/judge/0: expected a trained stage, got no such folder; "
    assert [line.startswith(told) for line in said if "judge" in line] == [True]
    config = written(recipe() | {"methods": []})
    code, _, said = viton_eval("compare", "--config", config, "--out", "out")
    assert code == 0, said
    assert [line.startswith(told) for line in said if "judge" in line] == [True]


def test_a_judge_that_nobody_asks_for_is_not_missed(runs, viton_eval):
    content = {name: value for name, value in recipe().items() if name != "trained"}
    code, out, said = viton_eval("import", "theirs", "results", "--config", written(content), "--json")
    assert (code, json.loads(out)["note"]) == (0, "")
    assert not [line for line in said if "judge" in line]
