"""What lies in a run's folder: it fits what asks for it, or one line says why not."""

import json
import re
import shutil

import pytest
import torch
import yaml

from viton.checkpoint import StageFolder
from viton.config import RepresentationConfig
from viton.errors import InputError, UsageError
from viton.stage_config import CoarseConfig, CrnConfig, RefineConfig
from viton.trained import TrainedRun, load_coarse, needed


def _refused(wanted: str, load) -> None:
    with pytest.raises(InputError, match=wanted) as caught:
        load()
    assert "\n" not in str(caught.value)


def test_a_stage_comes_back_as_it_was_written(untrained_run):
    coarse = load_coarse(TrainedRun(untrained_run.path).stage("coarse"))
    assert coarse.config == CoarseConfig(steps=1, width=8)
    assert (coarse.size, coarse.representation) == ((64, 48), RepresentationConfig())
    written = untrained_run.networks("coarse")["coarse"].eval()
    x = torch.randn(2, 25, 64, 48)
    torch.testing.assert_close(coarse.network(x), written(x))
    torch.testing.assert_close(coarse(x).mask, written(x)[:, 3:].sigmoid())


def test_a_loaded_network_neither_trains_nor_changes(untrained_run):
    network = load_coarse(TrainedRun(untrained_run.path).stage("coarse")).network
    assert not any(module.training for module in network.modules())
    assert not any(parameter.requires_grad for parameter in network.parameters())


def test_the_seed_and_a_variants_name_choose_the_folder(make_untrained_run):
    run = make_untrained_run(seed=3)
    assert TrainedRun(run.path, 3).stage("coarse").digest() == run.digests["coarse"]
    _refused("expected a trained stage, got none", TrainedRun(run.path, 0).stage("coarse").digest)
    run.folder("coarse").parent.rename(run.path / "stages" / "coarse.blind")
    assert TrainedRun(run.path, 3, {"coarse": "coarse.blind"}).stage("coarse").digest() == run.digests["coarse"]


def test_another_size_is_one_line_that_names_both(untrained_run):
    stage = TrainedRun(untrained_run.path).stage("coarse")
    stage.expect_size((64, 48))
    _refused("expected 64x48, the size at which coarse was trained, got 256x192", lambda: stage.expect_size((256, 192)))


def test_a_checkpoint_of_another_method_is_refused(untrained_run):
    shutil.rmtree(untrained_run.folder("coarse"))
    shutil.copytree(untrained_run.folder("crn"), untrained_run.folder("coarse"))
    stage = TrainedRun(untrained_run.path).stage("coarse")
    _refused("expected the stage coarse, got the stage crn", stage.digest)
    _refused("expected the stage coarse, got the stage crn", lambda: stage.config(CoarseConfig))


def test_the_weights_of_another_method_under_the_right_settings_are_refused(untrained_run):
    for name in ("weights.safetensors", "done.json"):
        shutil.copy(untrained_run.folder("prgan") / name, untrained_run.folder("coarse") / name)
    _refused("weights of stage coarse, got prgan", TrainedRun(untrained_run.path).stage("coarse").digest)


def test_settings_changed_by_hand_are_refused(untrained_run):
    path = untrained_run.folder("coarse") / "config.yaml"
    path.write_text(path.read_text().replace("fidelity: paper", "fidelity: authors", 1))
    stage = TrainedRun(untrained_run.path).stage("coarse")
    assert stage.config(CoarseConfig).fidelity == "authors"
    _refused("expected weights of settings", lambda: load_coarse(stage))


def test_weights_of_another_version_are_refused(untrained_run):
    path = untrained_run.folder("coarse") / "done.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | {"format": "2"}))
    _refused("weights of format 1, got 2", TrainedRun(untrained_run.path).stage("coarse").digest)


@pytest.mark.parametrize("harm", ["truncated", "emptied", "deleted", "changed"])
def test_weights_that_are_not_whole_are_refused(untrained_run, harm):
    path = untrained_run.folder("coarse") / "weights.safetensors"
    data = path.read_bytes()
    if harm == "deleted":
        path.unlink()
    else:
        path.write_bytes({"truncated": data[:-100], "emptied": b"", "changed": data[:-1] + b"x"}[harm])
    stage = TrainedRun(untrained_run.path).stage("coarse")
    _refused("weights.safetensors: expected weights with the sha256", lambda: load_coarse(stage))


def test_weights_of_another_width_are_one_line(untrained_run):
    folder = StageFolder(untrained_run.folder("crn"))
    settings = untrained_run.settings("crn")
    settings["config"] = {"width": 64}
    folder.claim(settings, overwrite=True)
    folder.finish(untrained_run.networks("crn"), settings)  # those of width 32
    stage = TrainedRun(untrained_run.path).stage("crn")
    assert stage.config(CrnConfig).width == 64
    from viton.crn import crn_network

    network = crn_network(stage.config(CrnConfig), stage.representation(), stage.size())
    _refused("another width, size or method", lambda: stage.load("crn", network))


def test_a_stage_on_top_of_other_weights_is_refused(untrained_run, make_untrained_run):
    run = TrainedRun(untrained_run.path)
    run.stage("refine").expect_below(run.stage("coarse"))
    other = TrainedRun(make_untrained_run("other", seed=1).path, 1)
    _refused("on which refine was trained", lambda: run.stage("refine").expect_below(other.stage("coarse")))


@pytest.mark.parametrize(
    ("change", "wanted"),
    [
        ({"config": 3}, "keys and values under 'config', got 3"),
        ({"config": {"width": "wide"}}, "config: width"),
        ({"config": {"wdith": 8}}, "the unknown key 'wdith'"),
        ({"size": [64]}, "two numbers under 'size'"),
        ({"representation": None}, "under 'representation', got None"),
    ],
)
def test_hostile_settings_are_one_line(untrained_run, change, wanted):
    path = untrained_run.folder("refine") / "config.yaml"
    path.write_text(yaml.safe_dump(yaml.safe_load(path.read_text()) | change))
    stage = TrainedRun(untrained_run.path).stage("refine")
    ask = {"size": stage.size, "representation": stage.representation}.get(next(iter(change)))
    _refused(re.escape(wanted), ask or (lambda: stage.config(RefineConfig)))


def test_a_method_that_needs_a_run_says_so():
    with pytest.raises(UsageError, match="crn: expected --run RUN"):
        needed(None, "crn")
