"""The comparison as files: what is known of two methods must come out, and what it was made of stand beside it."""

from __future__ import annotations

import json
from pathlib import Path

import cv2
import pandas as pd
import pytest
import yaml
from torch import nn
from typer.testing import CliRunner

from viton.checkpoint import StageFolder
from viton.data.viton_hd import VitonHd
from viton.errors import InputError
from viton.results import Folder, Outcome, failed
from viton.synthetic.config import WorldConfig
from viton.synthetic.dataset import write_world
from viton_eval.cli import app
from viton_eval.commands import open_run
from viton_eval.comparison import _target
from viton_eval.experiment import open_experiment
from viton_eval.scores_table import RESULT
from viton_eval.trainings import try_ons
from viton_eval.try_ons import validation_curves

SIZE = (64, 48)
SETTINGS = {
    "name": "t",
    "purpose": "x",
    "height": SIZE[0],
    "width": SIZE[1],
    "methods": ["encoder-decoder", "viton"],
    "seeds": {"viton": [0, 5]},
    "stages": {"coarse": {"steps": 3}, "refine": {"steps": 2}},
    "variants": {
        "no-pose": {"set": ["representation.pose=false"], "methods": ["encoder-decoder"]},
        "bf16": {"set": ["training.precision=bf16-mixed"], "methods": ["viton", "encoder-decoder"]},
        "soft": {"set": ["training.precision=bf16-mixed", "stages.refine.tv=1"], "methods": ["viton"]},
    },
}


@pytest.fixture(scope="module")
def world(tmp_path_factory):
    root = tmp_path_factory.mktemp("world")
    write_world(root, WorldConfig(people=32, garments=0, seed=3, height=SIZE[0], width=SIZE[1]))
    return root


@pytest.fixture
def config(world, tmp_path, monkeypatch):
    """An experiment, tried on: VITON makes the truth, the encoder-decoder and its variant a blurred one."""
    monkeypatch.chdir(tmp_path)
    path = Path("t.yaml")
    path.write_text(yaml.safe_dump(SETTINGS | {"data": {"kind": "folder", "root": str(world)}}))
    run, data = open_run(path), VitonHd(world, "test")
    pairs = data.pairs("test_pairs.txt")
    for training in run.trainings.values():
        folder = StageFolder(run.stage_folder(training))
        settings = {"stage": training.stage, "steps": training.steps}
        folder.claim(settings)
        folder.finish({training.stage: nn.Linear(1, 1)}, settings)
        values = (8, 4, 2, 1) if training.seed else (4, 2, 2, 2)
        rows = [
            {"step": n, "seconds": n, "validation": {"total": value}, "loss": {}} for n, value in enumerate(values, 1)
        ]
        folder.log.write_text("".join(json.dumps(row) + "\n" for row in rows))
    for one in try_ons(run.config):

        def made(batch, one=one):
            truths = [data.truth(pair, SIZE).image for pair in batch]
            shown = [truth if one.method == "viton" else cv2.blur(truth, (5, 5)) for truth in truths]
            return [
                failed("bad_input", "no") if one.variant and pair == pairs[0] else Outcome("ok", {".png": picture}, {})
                for pair, picture in zip(batch, shown, strict=True)
            ]

        used = (run.trainings[name] for name in one.needs)
        stages = {training.stage: StageFolder(run.stage_folder(training)).digest() for training in used}
        Folder(run.results_of(one)).make(pairs, {"made": one.name, "stages": stages}, made)
    return path


def compared(config, out="out"):
    done = CliRunner().invoke(app, ["compare", "--config", str(config), "--out", out, "--json"])
    assert done.exit_code == 0, done.output
    methods, options = (pd.read_csv(Path(out) / name) for name in ("comparison.csv", "options.csv"))
    return methods, options, json.loads((Path(out) / "provenance.json").read_text())


def test_the_nearer_method_is_found_nearer_with_its_seeds_and_an_interval(config):
    methods, _, _ = compared(config)
    assert list(methods.columns) == RESULT
    rows = methods[methods["metric"] == "l1_garment"].set_index("method")
    assert rows.loc["viton", ["mean", "low", "high", "seed_sd"]].tolist() == [0, 0, 0, 0]
    assert rows["seeds"].to_dict() == {"encoder-decoder": 1, "viton": 2}
    other = rows.loc["encoder-decoder"]
    assert 0 < other["difference_low"] <= other["difference"] <= other["difference_high"]
    assert other["difference"] == pytest.approx(other["mean"])


def test_each_training_is_compared_alone_and_the_mean_of_both_is_that_of_the_whole(config):
    methods, _, _ = compared(config)
    seeds = pd.read_csv("out/seeds.csv")
    rows = seeds[(seeds["metric"] == "l1_garment") & (seeds["method"] == "encoder-decoder")]
    assert rows["training"].tolist() == ["seed 0", "seed 5", "seed 0, bf16"]  # "soft" changes more than precision
    whole = methods[(methods["metric"] == "l1_garment") & (methods["method"] == "encoder-decoder")]["difference"]
    assert rows["difference"].head(2).mean() == pytest.approx(float(whole.iloc[0]), rel=1e-4)


def test_the_photo_as_it_is_stands_beside_the_methods_as_what_doing_nothing_is_worth(config):
    methods, _, told = compared(config)
    floor = pd.read_csv("out/floor.csv").set_index("metric")
    assert floor["method"].unique().tolist() == ["photo as it is"]
    assert (
        floor.loc["l1_garment", "mean"] > methods.set_index(["metric", "method"]).loc[("l1_garment", "viton"), "mean"]
    )
    assert "## Doing nothing" in Path("out/README.md").read_text()
    assert not [line for line in told["protocol"] if "non-parametric" in line]


def test_what_the_non_parametric_method_warps_onto_is_told(config):
    content = yaml.safe_load(config.read_text())
    config.write_text(yaml.safe_dump(content | {"methods": ["viton", "non-parametric"], "variants": {}}))
    assert _target(open_experiment(str(config))) == ["non-parametric: warped onto the mask that stage 1 predicts"]
    config.write_text(
        yaml.safe_dump(content | {"methods": ["non-parametric"], "variants": {}, "stages": {}, "seeds": {}})
    )
    told = ["non-parametric: warped onto the outline of the garment that the photo wears"]
    assert _target(open_experiment(str(config))) == told


def test_options_are_compared_with_their_method_over_all_pairs_and_those_with_an_arm_in_front(config):
    _, options, _ = compared(config)
    rows = options[(options["metric"] == "ssim") & (options["method"] == "encoder-decoder.no-pose")].set_index("pairs")
    assert rows["option"].eq("no-pose").all()
    assert rows["against"].eq("encoder-decoder").all()
    assert rows["difference"].abs().max() == 0  # the same pictures
    experiment = open_experiment(str(config))
    assert rows.loc["all", "of"] == len(experiment.pairs)
    assert rows.loc["all", "n"] == len(experiment.pairs) - 1  # the failed pair is not passed over silently
    assert 0 < rows.loc["arm in front", "of"] < len(experiment.pairs)


def test_what_the_figures_are_made_of_stands_beside_them(config, world):
    _, _, told = compared(config)
    assert told["scores"]["world"] == {
        key: value for key, value in json.loads((world / "world.json").read_text()).items() if isinstance(value, str)
    }
    variants = ["coarse.bf16/0", "coarse.no-pose/0", "coarse.soft/0", "refine.bf16/0", "refine.soft/0"]
    assert sorted(told["stages"]) == sorted([*variants, "coarse/0", "coarse/5", "refine/0", "refine/5"])
    weights = StageFolder(Path("runs/t/stages/coarse/5")).digest()
    assert (told["stages"]["coarse/5"]["weights"], told["stages"]["coarse/5"]["steps"]) == (weights, 3)
    ends = {name: told["stages"][f"coarse/{name}"]["last_change"] for name in (0, 5)}
    assert ends == {0: "+0.0%", 5: "-50.0%"}
    assert told["labels"] == {"encoder-decoder": "undertrained: 3 steps", "viton": "undertrained: 3 + 2 steps"}
    assert any("labels" in line and told["scores"]["world"]["labels"][:12] in line for line in told["protocol"])


def test_the_page_shows_the_figures_of_the_csv(config):
    methods, _, told = compared(config)
    page = Path("out/README.md").read_text()
    row = methods[(methods["method"] == "encoder-decoder") & (methods["metric"] == "l1_garment")].iloc[0]
    assert f"{row['mean']:.4f} [{row['low']:.4f}, {row['high']:.4f}] n={row['n']}" in page
    assert f"{row['difference']:+.4f} [{row['difference_low']:+.4f}, {row['difference_high']:+.4f}]*" in page
    assert all(line in page for line in told["protocol"])
    assert "Options less their method; pairs: arm in front" in page
    assert "encoder-decoder.no-pose" in page.split("## Options", 1)[1]
    assert "coarse.no-pose/0" in page
    assert "nan" not in page


def test_the_same_scores_make_the_same_files(config):
    compared(config)
    before = Path("out/comparison.csv").read_bytes()
    compared(config, "again")
    assert Path("again/comparison.csv").read_bytes() == before


def test_a_method_that_is_not_tried_on_is_told_and_nothing_written(config):
    run = open_run(config)
    (run.results("viton", 5) / "manifest.jsonl").unlink()
    done = CliRunner().invoke(app, ["compare", "--config", str(config), "--out", "none"])
    assert done.exit_code != 0
    assert not Path("none").exists()


def test_pictures_of_other_weights_are_not_published_as_these(config):
    run = open_run(config)
    folder = StageFolder(run.stage_folder(run.trainings["train-coarse-0"]))
    settings = folder.settings()
    folder.finish({"coarse": nn.Linear(1, 2)}, settings)
    done = CliRunner().invoke(app, ["compare", "--config", str(config), "--out", "none"])
    assert isinstance(done.exception, InputError)
    assert "pictures made by" in str(done.exception)
    folder.claim(settings | {"steps": 9})
    folder.finish({"coarse": nn.Linear(1, 2)}, settings | {"steps": 9})
    done = CliRunner().invoke(app, ["compare", "--config", str(config), "--out", "none"])
    assert "expected 3 steps of training, as configured, got 9" in str(done.exception)
    assert not Path("none").exists()


def test_a_variant_of_a_method_that_is_not_compared_is_left_out_and_named(config):
    content = yaml.safe_load(config.read_text())
    variants = {"no-pose": content["variants"]["no-pose"]}
    config.write_text(yaml.safe_dump(content | {"methods": ["viton"], "variants": variants}))
    methods, options, told = compared(config)
    assert set(methods["method"]) == {"viton"}
    assert options.empty
    assert told["left_out"] == ["encoder-decoder.no-pose"]


def test_curves_are_of_every_stage_and_of_an_extractor_its_mean_alone(config):
    content = yaml.safe_load(config.read_text())
    world = {"people": 8, "garments": 0, "seed": 1, "height": 64, "width": 48}
    content["stages"]["judge"] = {"steps": 1, "world": world}
    config.write_text(yaml.safe_dump(content))
    log = Path("runs/t/stages/judge/0/log.jsonl")
    log.parent.mkdir(parents=True)
    log.write_text(json.dumps({"step": 1, "validation": {"accuracy": 0.5, "pose": 0.1}}) + "\n")
    curves = validation_curves(open_experiment(str(config)))
    assert curves["judge"] == {"accuracy": [((1,), (0.5,))]}
    assert [steps for steps, _ in curves["coarse"]["total"]] == [(1, 2, 3, 4)] * 2


def test_without_trainings_the_page_says_so(config, world):
    content = yaml.safe_load(config.read_text())
    kept = {name: content[name] for name in ("name", "purpose", "height", "width", "data")}
    config.write_text(yaml.safe_dump(kept))
    run, data = open_run(config), VitonHd(world, "test")
    folder = Folder(run.results("non-parametric"))

    def photos(pairs):
        return [Outcome("ok", {".png": data.sample(pair, SIZE).person.image}, {}) for pair in pairs]

    folder.make(data.pairs("test_pairs.txt"), {"made": "x"}, photos)
    compared(config)
    page = Path("out/README.md").read_text()
    assert "nothing is trained" in page
    assert "`viton` is not compared" in page


def test_without_a_truth_the_files_say_that_there_is_nothing_to_compare(config, tiny_hd):
    done = CliRunner().invoke(app, ["compare", "--config", str(config), "--data", str(tiny_hd.root), "--out", "out"])
    assert done.exit_code == 0, done.output
    assert pd.read_csv("out/comparison.csv").empty
    assert json.loads(Path("out/provenance.json").read_text())["absent"] == "the truth is known of no pair"
