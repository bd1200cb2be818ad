"""Stages that another run has trained, tried on: what is run, what is run again, what is told of them."""

import json
import shutil
from html import unescape
from pathlib import Path

import pytest
import yaml

from viton.config import load_config
from viton.errors import InputError
from viton_eval import elsewhere
from viton_eval.commands import open_run
from viton_eval.plan import plan
from viton_eval.results import results_of, stage_of
from viton_eval.trainings import labels_told, undertrained

METHODS = ["non-parametric", "encoder-decoder", "viton"]


def stage(name, seed=0, steps=40, weights="a" * 64, run="runs/other"):
    """Write a trained stage as its run leaves it; without weights one that was stopped at step 12."""
    folder = Path(run) / "stages" / name / str(seed)
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "config.yaml").write_text(yaml.safe_dump({"stage": name, "steps": steps}))
    (folder / "log.jsonl").write_text('{"step": 6, "loss": {}}\n{"step": 12, "loss": {}}\n{"st')
    (folder / "provenance.json").write_text(json.dumps({"commit": f"of {name}"}))
    if weights:
        (folder / "done.json").write_text(json.dumps({"steps": steps, "weights": weights}))
    return folder


@pytest.fixture
def tried(checkout, monkeypatch):
    """The path of a configuration that tries on what runs/other has trained."""
    monkeypatch.chdir(checkout.folder)
    stage("coarse")
    stage("refine", steps=20)
    return Path(checkout.config(methods=METHODS, trained="runs/other"))


def test_nothing_is_trained_and_the_stages_are_taken_where_they_are(tried):
    steps = plan(open_run(tried))
    assert list(steps) == ["data", "check", "warps", *(f"results-{method}-0" for method in METHODS)]
    command = steps["results-viton-0"].command
    assert command[:7] == ("viton", "try-on", "viton", "--run", "runs/other", "--seed", "0")
    assert steps["results-viton-0"].needs == ("data",)
    shutil.rmtree("runs/other/stages/coarse")
    assert "results-non-parametric" in plan(open_run(tried)), "a stage that it can do without, and has not"


def test_newly_trained_weights_are_tried_on_again_and_only_where_they_are_used(tried):
    before = plan(open_run(tried))

    def changed():
        after = plan(open_run(tried))
        return [name for name, step in after.items() if step.key != before[name].key]

    assert changed() == []
    stage("refine", steps=20, weights="b" * 64)
    assert changed() == ["results-viton-0"]
    stage("coarse", weights="b" * 64)
    assert changed() == [f"results-{method}-0" for method in METHODS]


def test_what_shows_the_stages_is_run_again_when_they_or_their_label_change(checkout, monkeypatch):
    monkeypatch.chdir(checkout.folder)
    stage("coarse")
    notebooks = ["dataset", "method", "comparison"]
    config = Path(checkout.config(methods=["encoder-decoder"], trained="runs/other", notebooks=notebooks))
    showing = ["notebook-method-encoder-decoder", "notebook-comparison"]
    before = plan(open_run(config))
    Path("runs/other/config.yaml").write_text("plateau: true\n")
    labelled = plan(open_run(config))
    assert [name for name in before if before[name].key != labelled[name].key] == ["comparison", *showing]
    stage("judge", seed=5)
    judged = plan(open_run(config))
    scored = ["scores-encoder-decoder-0", *showing]
    assert [name for name in before if judged[name].key != labelled[name].key] == scored
    assert open_run(config).judge is not None
    assert stage_of("judge", config) == Path("runs/other/stages/judge/5")


def test_steps_and_plateau_are_those_of_the_run_that_trained(tried):
    config = load_config(tried)
    assert undertrained(config, "viton") == "undertrained: 40 + 20 steps"
    assert undertrained(config, "encoder-decoder") == "undertrained: 40 steps"
    assert undertrained(config, "non-parametric") == "mask by coarse, undertrained: 40 steps"
    Path("runs/other/config.yaml").write_text("plateau: true\n")
    assert undertrained(config, "viton") == ""
    stage("refine", weights="")
    Path("runs/other/stages/refine/0/done.json").unlink()
    assert undertrained(config, "viton") == "not trained yet"


def test_each_label_is_said_once_with_the_methods_that_it_is_of():
    assert labels_told({"viton": "a", "crn": "", "cagan": "a", "prgan": "b"}) == "a (viton, cagan); b (prgan)"
    assert labels_told({"viton": "a", "crn": "a"}) == "a (every method)"
    assert labels_told({"viton": "", "crn": ""}) == labels_told({}) == ""


def test_how_far_a_stage_is_is_read_off_its_folder(tmp_path):
    assert elsewhere.find(tmp_path / "none").lacks == "no such folder"
    folder = stage("coarse", weights="", run=tmp_path)
    assert elsewhere.find(folder) == (40, "", "one at step 12 of 40")
    (folder / "done.json").write_text("{half")
    assert elsewhere.find(folder).lacks == "one at step 12 of 40"
    stage("coarse", run=tmp_path)
    assert elsewhere.find(folder) == (40, "a" * 64, "")
    (folder / "config.yaml").write_bytes(b"\xff")
    assert elsewhere.find(folder).lacks == "one at step 12 of ?"


def test_a_stage_that_is_not_trained_is_named_with_how_far_it_is_before_anything_runs(checkout, tried):
    Path("runs/other/stages/refine/0/done.json").unlink()
    done = checkout.report(str(tried))
    assert done.returncode == 1
    assert done.stderr == "error: runs/other/stages/refine/0: expected a trained stage, got one at step 12 of 20\n"
    shutil.rmtree("runs/other")
    done = checkout.report(str(tried))
    assert done.stderr == "error: runs/other/stages/coarse/0: expected a trained stage, got no such folder\n"
    with pytest.raises(InputError, match=r"runs/other/stages/coarse/0: expected a trained stage"):
        results_of("viton", tried)
    with pytest.raises(InputError, match=r"runs/other/stages/coarse/0: expected a trained stage"):
        stage_of("coarse", tried)
    assert checkout.calls() == ["synth"], "the world, which is there whatever is trained"


@pytest.mark.parametrize(
    ("more", "beside"),
    [
        ({"stages": {"coarse": {"steps": 3}}}, "stages"),
        ({"variants": {"again": {"set": ["warp.smoothing=1"], "methods": ["viton"]}}}, "variants"),
    ],
)
def test_stages_are_trained_here_or_elsewhere_and_not_both(checkout, more, beside):
    path = checkout.folder / checkout.config(trained="runs/other", **more)
    with pytest.raises(InputError) as caught:
        load_config(path)
    line = f"trained: expected none beside `{beside}`, with which stages are trained here, got 'runs/other'"
    assert str(caught.value).endswith(line)
    assert "\n" not in str(caught.value)
    load_config(path, ("trained=null",))


def test_a_report_tries_on_what_another_has_trained_and_again_what_is_newly_trained(checkout, trained):
    config = checkout.config("other", methods=["encoder-decoder", "cagan"], **trained)
    assert checkout.report(config).returncode == 0
    checkout.calls()
    config = checkout.config(methods=["encoder-decoder", "cagan"], trained="runs/other")
    first = checkout.report(config)
    assert first.returncode == 0, first.stderr
    assert checkout.calls() == ["check", "synth", "try-on", "try-on", "warp"]
    page = unescape(checkout.page())
    assert "undertrained: 20 steps" in page
    assert "coarse: 20 steps, trained by commit trained by" in page
    assert "runs/other: nothing is trained here" in page
    assert "--refresh train-" not in page
    assert "nothing to do" in checkout.report(config).stderr
    done = checkout.folder / "runs/other/stages/cagan/0/done.json"
    done.write_text(done.read_text().replace('"weights": "', '"weights": "0'))
    again = checkout.report(config)
    assert again.returncode == 0, again.stderr
    assert checkout.calls() == ["try-on"]
    assert "results-cagan-0: done" in again.stderr
    assert not (checkout.folder / "runs/tiny/stages").exists()
