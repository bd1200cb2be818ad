"""The configurations for a GPU take real steps: batch 16 at 256x192, on pictures of 1024x768, as VITON-HD's are."""

from __future__ import annotations

import json
import math
from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file

from viton.config import load_config, with_data
from viton.synthetic.config import WorldConfig
from viton.synthetic.dataset import write_world
from viton.training import Order, train_named
from viton.vgg import VggFeatures

CONFIGS = Path(__file__).resolve().parent.parent / "configs"
STEPS = 3
FALLING = {"coarse": "coarse.total", "refine": "refine.total", "crn": "crn.total", "prgan": "generator.total"}
FALLING |= {"cagan": "generator.cycle"}  # its total follows an adversary that learns too


@pytest.fixture(scope="module")
def world(tmp_path_factory):
    """Sixteen people to train on: every batch is all of them."""
    root = tmp_path_factory.mktemp("world")
    write_world(root, WorldConfig(people=25, garments=0, seed=0, height=1024, width=768), workers=2)
    assert len(list((root / "train" / "image").iterdir())) == 16
    return root


@pytest.fixture(scope="module")
def weights(tmp_path_factory):
    """VGG-19 at its full width, its weights random."""
    torch.manual_seed(0)
    path = tmp_path_factory.mktemp("vgg") / "vgg19.safetensors"
    features = VggFeatures(64).features.state_dict()
    save_file({f"features.{name}": tensor for name, tensor in features.items()}, path)
    return path


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    return tmp_path_factory.mktemp("run")


@pytest.mark.slow
@pytest.mark.parametrize("name", ["paper", "viton_hd"])
@pytest.mark.parametrize("stage", FALLING)
def test_a_stage_takes_steps_that_lower_its_loss_and_stay_finite(name, stage, world, weights, run):
    steps = [f"stages.{each}.steps={STEPS}" for each in FALLING]
    knobs = ["training.log_every=1", "training.workers=0", f"perceptual.weights={weights}"]
    config = with_data(load_config(CONFIGS / f"{name}.yaml", (*steps, *knobs)), world)
    said: list[str] = []
    (*_, trained) = train_named(stage, Order(config, run / name, seed=None, device="cpu"), said.append)
    rows = [json.loads(line) for line in (Path(str(trained["folder"])) / "log.jsonl").read_text().splitlines()]
    losses = [row["loss"] for row in rows if "loss" in row]
    assert len(losses) == STEPS
    assert all(math.isfinite(value) for loss in losses for value in loss.values())
    assert losses[-1][FALLING[stage]] < losses[0][FALLING[stage]]
    peak = max(row["peak_mib"] for row in rows if "loss" in row)
    assert 0 < peak < 24 * 1024
    print(f"{name}, {stage}: {losses[0][FALLING[stage]]:.4f} to {losses[-1][FALLING[stage]]:.4f}, peak {peak} MiB")
