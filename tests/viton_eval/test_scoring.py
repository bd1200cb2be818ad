"""The step that scores: the same file as notebooks read, made once."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest
import torch
import yaml
from typer.testing import CliRunner

from viton.checkpoint import StageFolder
from viton.data.viton_hd import VitonHd
from viton.errors import InputError
from viton.files import sha256_of
from viton.judge import JudgeFeatures
from viton.results import Folder, Outcome
from viton.synthetic.config import WorldConfig
from viton.synthetic.dataset import write_world
from viton_eval import try_ons
from viton_eval.cli import app
from viton_eval.commands import TRUTHS, open_run
from viton_eval.experiment import open_experiment
from viton_eval.photo_scores import photo_scores
from viton_eval.scores import read_scores
from viton_eval.scoring import judge_in, score_try_on

SIZE = (64, 48)


@pytest.fixture(scope="module")
def world(tmp_path_factory):
    root = tmp_path_factory.mktemp("world")
    write_world(root, WorldConfig(people=8, garments=0, seed=3, height=SIZE[0], width=SIZE[1]))
    return root


@pytest.fixture
def config(world, tmp_path, monkeypatch):
    """A configuration of that world as a folder, whose one method has left every photo as it is."""
    monkeypatch.chdir(tmp_path)
    content = {"name": "t", "purpose": "x", "data": {"kind": "folder", "root": str(world)}, "height": 64, "width": 48}
    Path("t.yaml").write_text(yaml.safe_dump(content | {"trained": "elsewhere"}))
    run, data = open_run(Path("t.yaml")), VitonHd(world, "test")
    folder = Folder(run.results("non-parametric"))

    def unchanged(pairs):
        return [Outcome("ok", {".png": data.sample(pair, SIZE).person.image}, {}) for pair in pairs]

    folder.make(data.pairs("test_pairs.txt"), {"made": "x"}, unchanged)
    return Path("t.yaml")


def test_the_step_makes_what_a_notebook_then_reads(config, monkeypatch):
    done = CliRunner().invoke(app, ["scores", "non-parametric", "--config", str(config)])
    assert done.exit_code == 0, done.output
    path = Path("runs/t/scores/non-parametric/0.csv")
    made, stamp = read_scores(path), path.stat().st_mtime_ns
    assert made.settings["n"] == made.settings["of"] > 0
    assert made.settings["judge"] == "none"
    monkeypatch.setattr("viton_eval.experiment.results_of", lambda method, *_: Path(f"runs/t/results/{method}/0"))
    (read,) = try_ons.scores_of(open_experiment(str(config)), "non-parametric", None)
    pd.testing.assert_frame_equal(read.table, made.table)
    assert path.stat().st_mtime_ns == stamp, "nothing is scored twice"


def test_a_photo_left_as_it_is_scores_what_a_method_does_that_leaves_it(config):
    scored = score_try_on(open_run(config), open_run(config).try_on("non-parametric"))
    assert scored is not None
    pd.testing.assert_frame_equal(photo_scores(open_experiment(str(config)), None), scored.table)


def test_photos_are_scored_once(config, monkeypatch):
    experiment = open_experiment(str(config))
    first = photo_scores(experiment, None)
    monkeypatch.setattr("viton_eval.photo_scores.score_pictures", None)  # would raise
    pd.testing.assert_frame_equal(photo_scores(experiment, None), first)


def test_a_judge_that_another_run_has_trained_scores(config):
    run = open_run(config)
    assert judge_in(run) is None
    folder = StageFolder(Path("elsewhere/stages/judge/0"))
    torch.manual_seed(0)
    folder.finish({"judge": torch.nn.ModuleDict({"body": JudgeFeatures(4)})}, {"stage": "judge", "steps": 3})
    folder.config.write_text("stage: judge\nsteps: 3\n")
    found = score_try_on(run, run.try_on("non-parametric"))
    assert found is not None
    assert found.settings["judge"] == sha256_of(folder.weights)
    assert found.table["judge_whole"].notna().all()


def test_where_no_truth_is_known_nothing_is_scored_and_results_that_are_not_there_are_told(config, tiny_hd):
    photographs = open_run(config, str(tiny_hd.root))
    assert not photographs.may_know_truth
    assert score_try_on(photographs, photographs.try_on("non-parametric")) is None
    run = open_run(config)
    assert run.may_know_truth
    (run.results("non-parametric") / "manifest.jsonl").unlink()
    with pytest.raises(InputError, match=r"manifest\.jsonl"):
        score_try_on(run, run.try_on("non-parametric"))


def test_truths_are_looked_for_where_a_world_has_them(world):
    data = VitonHd(world, "test")
    assert data.truth_path(data.pairs("test_pairs.txt")[0], "image").parent == world / "test" / TRUTHS
