"""What an experiment's stages are trained with."""

import pytest

from viton import training
from viton.config import ExperimentConfig
from viton.settings import parse

WORLD = {"people": 16, "garments": 0, "seed": 0, "height": 64, "width": 48}


@pytest.fixture
def config():
    stages = {"prgan": {"steps": 1, "batch": 2, "width": 2}, "collar": {"steps": 1, "batch": 2, "width": 4}}
    variants = {
        "halved": {"set": ["training.precision=bf16-mixed"], "methods": ["prgan"]},
        "mirror": {"set": ["training.mirror=true"], "methods": ["prgan"]},
    }
    content = {"name": "tiny", "purpose": "tests", "data": {"kind": "world", "world": WORLD}, "height": 64, "width": 48}
    return parse(ExperimentConfig, content | {"stages": stages, "variants": variants}, "tiny")


@pytest.fixture
def asked(monkeypatch):
    """What the training loop is asked for, instead of its work."""
    calls = []
    monkeypatch.setattr(training, "train", lambda run, settings, overwrite: calls.append((run, settings)))
    monkeypatch.setattr(training, "_told", lambda folder: {"folder": str(folder.path)})
    return calls


@pytest.mark.parametrize(("variant", "precision"), [("", "32-true"), ("halved", "bf16-mixed")])
def test_a_variant_is_trained_with_the_precision_that_its_settings_name(config, asked, tmp_path, variant, precision):
    training.train_named("prgan", training.Order(config, tmp_path, 3, variant, "cpu"), lambda message: None)
    ((run, settings),) = asked
    assert settings["precision"] == precision == run.training.precision
    assert precision.removesuffix("-true").removesuffix("-mixed") in run.fabric._precision.precision
    assert run.folder.path.name == "3"
    assert run.folder.path.parent.name == ("prgan.halved" if variant else "prgan")


@pytest.mark.parametrize(("variant", "times"), [("", 1), ("mirror", 2)])
def test_with_a_mirror_a_stage_learns_from_everybody_twice(config, asked, tmp_path, variant, times):
    training.train_named("prgan", training.Order(config, tmp_path, 0, variant, "cpu"), lambda message: None)
    ((run, settings),) = asked
    people = len(list((tmp_path / "data/train/image").iterdir()))
    assert len(run.stage.items()) == times * people
    assert len(run.stage.validation_items()) == len(list((tmp_path / "data/val/image").iterdir()))
    assert settings.get("mirror", False) == (times == 2)
