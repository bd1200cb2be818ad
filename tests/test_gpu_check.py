"""`make gpu-check`, which cannot run here: what it compares, and that it compares the CPU with itself."""

import subprocess
import sys

import pytest
import torch

from benchmarks import gpu


def test_without_such_a_device_it_says_so_in_one_line():
    command = [sys.executable, "-m", "benchmarks.gpu", "--device", "cuda:9"]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 1
    assert done.stderr.startswith("error: --device")
    assert "Traceback" not in done.stderr
    assert len(done.stderr.strip().splitlines()) == 1


def test_a_term_that_differs_and_a_gradient_that_turns_are_told():
    here = {"coarse.total": torch.tensor(2.0), "gradient of coarse": torch.tensor([1.0, 0.0])}
    there = {"coarse.total": torch.tensor(2.1), "gradient of coarse": torch.tensor([0.0, 1.0])}
    term, cosine = gpu._differences(here, there)
    assert term == pytest.approx(0.05)
    assert cosine == pytest.approx(0)
    assert not gpu.Found("coarse", term, 1.0, 1, 1, 1).ok
    assert not gpu.Found("coarse", 0.0, cosine, 1, 1, 1).ok
    assert gpu.Found("coarse", *gpu._differences(here, here), 1, 1, 1).ok


@pytest.mark.slow
def test_every_stage_agrees_with_itself_on_the_cpu(tmp_path):
    found = list(gpu.check(gpu.experiment((64, 48), 4), tmp_path, "cpu", steps=1))
    assert [each.stage for each in found] == list(gpu.STAGES)
    assert all(each.ok and each.images_per_second > 0 for each in found)
