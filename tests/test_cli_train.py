"""`viton train` as a user calls it, in processes of its own: what works, what is refused, what a kill leaves."""

import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
import yaml

WORLD = {"people": 16, "garments": 0, "height": 64, "width": 48}
CONFIG = {
    "name": "tiny",
    "purpose": "the command line's tests",
    "data": {"kind": "world", "world": WORLD | {"seed": 0}},
    "height": 64,
    "width": 48,
    "perceptual": {"weights": "proxy"},
    "stages": {
        "proxy": {"steps": 2, "batch": 2, "width": 2, "world": WORLD | {"seed": 1}},
        "coarse": {"steps": 6, "batch": 2, "width": 4},
        "refine": {"steps": 3, "batch": 2, "width": 4},
    },
    "variants": {"no-pose": {"set": ["representation.pose=false"], "methods": ["encoder-decoder"]}},
    "training": {"log_every": 1, "validate_every": 2, "save_every": 1},
}


@pytest.fixture(scope="module")
def config(tmp_path_factory):
    path = tmp_path_factory.mktemp("config") / "tiny.yaml"
    path.write_text(yaml.safe_dump(CONFIG))
    return path


def command(config, name, run, *options):
    return [
        sys.executable,
        "-m",
        "viton",
        "train",
        name,
        "--config",
        str(config),
        "--run",
        str(run),
        *map(str, options),
    ]


def train(config, name, run, *options):
    environment = os.environ | {"OMP_NUM_THREADS": "1"}
    return subprocess.run(command(config, name, run, *options), capture_output=True, text=True, env=environment)


def one_error(done, code, *wanted):
    errors = [line for line in done.stderr.splitlines() if line.startswith("error:")]
    assert done.returncode == code, done.stderr
    assert len(errors) == 1, done.stderr
    assert "Traceback" not in done.stderr
    for each in wanted:
        assert each in errors[0]


@pytest.fixture(scope="module")
def trained(config, tmp_path_factory):
    """A run in which `viton train viton` went through."""
    run = tmp_path_factory.mktemp("run") / "tiny"
    done = train(config, "viton", run, "--json")
    assert done.returncode == 0, done.stderr
    return run, [json.loads(line) for line in done.stdout.splitlines()]


def test_a_method_trains_its_stages_and_what_they_need_in_order(trained):
    run, rows = trained
    assert [row["stage"] for row in rows] == ["proxy", "coarse", "refine"]
    assert [row["steps"] for row in rows] == [2, 6, 3]
    for row in rows:
        done = json.loads((Path(row["folder"]) / "done.json").read_text())
        assert done["weights"] == row["weights"]
    assert (run / "stages" / "refine" / "0" / "warps.json").is_file()


def test_a_second_call_trains_nothing(config, trained):
    run, rows = trained
    before = {path: path.stat().st_mtime_ns for path in (run / "stages").rglob("weights.safetensors")}
    again = train(config, "viton", run, "--json")
    assert [json.loads(line)["weights"] for line in again.stdout.splitlines()] == [row["weights"] for row in rows]
    assert {path: path.stat().st_mtime_ns for path in before} == before
    assert not re.search(r"step \d+ of", again.stderr)


def test_other_settings_are_refused_and_named_and_overwrite_trains_anew(config, trained, tmp_path):
    run, rows = tmp_path / "copy", trained[1]
    shutil.copytree(trained[0], run)
    wider = ("--set", "stages.coarse.width=8", "--json")
    one_error(train(config, "coarse", run, *wider), 1, "stages/coarse/0", "config.width 4, now 8", "--overwrite")
    done = train(config, "coarse", run, *wider, "--overwrite")
    assert done.returncode == 0, done.stderr
    before, after = rows[:2], [json.loads(line) for line in done.stdout.splitlines()]
    assert after[0]["weights"] == before[0]["weights"]  # the proxy's settings are as they were
    assert after[1]["weights"] != before[1]["weights"]


def test_a_variant_trains_only_what_it_changes(config, trained):
    run, _ = trained
    done = train(config, "encoder-decoder", run, "--variant", "no-pose", "--json")
    assert done.returncode == 0, done.stderr
    folders = [Path(json.loads(line)["folder"]).relative_to(run).as_posix() for line in done.stdout.splitlines()]
    assert folders == ["stages/proxy/0", "stages/coarse.no-pose/0"]


def test_a_kill_loses_nothing_that_was_saved_and_changes_no_weight(config, trained, tmp_path):
    _, rows = trained
    run = tmp_path / "killed"
    state = run / "stages" / "coarse" / "0" / "state.pt"
    child = subprocess.Popen(
        command(config, "coarse", run), stderr=subprocess.DEVNULL, env=os.environ | {"OMP_NUM_THREADS": "1"}
    )
    deadline = time.monotonic() + 120
    while not state.is_file() and child.poll() is None and time.monotonic() < deadline:
        time.sleep(0.01)
    child.send_signal(signal.SIGKILL)
    child.wait()
    done = train(config, "coarse", run, "--resume", "--json")
    assert done.returncode == 0, done.stderr
    weights = {json.loads(line)["stage"]: json.loads(line)["weights"] for line in done.stdout.splitlines()}
    assert weights["coarse"] == next(row["weights"] for row in rows if row["stage"] == "coarse")


@pytest.mark.parametrize(
    ("name", "options", "code", "wanted"),
    [
        ("magic", (), 2, ("a method or a stage", "encoder-decoder", "'magic'")),
        ("non-parametric", (), 2, ("has nothing to train",)),
        ("crn", (), 1, ("tiny: stages.crn", "its settings")),
        ("coarse", ("--resume",), 1, ("a run to go on from", "none")),
        ("coarse", ("--variant", "no-arms"), 2, ("no-pose", "'no-arms'")),
        ("coarse", ("--set", "training.accumulate=3"), 2, ("stages.proxy.batch",)),
        ("coarse", ("--set", "perceptual.weights=/nowhere.pth"), 1, ("nowhere.pth", "no such file")),
    ],
)
def test_what_cannot_be_trained_is_said_in_one_line(config, tmp_path, name, options, code, wanted):
    one_error(train(config, name, tmp_path / "run", *options), code, *wanted)


def test_photographs_without_own_garments_are_refused_by_name(config, shared_data, tmp_path):
    done = train(config, "coarse", tmp_path / "run", "--data", shared_data / "vitonhd_sample")
    one_error(done, 1, "no paired garment for 00891_00")
