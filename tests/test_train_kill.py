"""Training that is killed again and again, also in the middle of writing its state, ends as if nothing had been."""

import multiprocessing
import random
import time
from collections.abc import Callable
from pathlib import Path

import pytest
import torch

from tests.toy_stage import slow_toy, train_slowly, train_toy
from viton.checkpoint import StageFolder, load_weights
from viton.training_log import read_log

STEPS, WIDTH = 60, 16
LONGEST = 60.0  # seconds that a process may take to get anywhere


@pytest.fixture(scope="module")
def uninterrupted(tmp_path_factory) -> StageFolder:
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    folder = train_toy(tmp_path_factory.mktemp("whole"), slow_toy(STEPS, WIDTH), save_every=1, log_every=1)
    torch.set_num_threads(threads)
    return folder


@pytest.fixture(scope="module")
def processes():
    """Processes forked from one that has imported torch and little else: each starts in no time."""
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["tests.toy_stage"])
    return context


def _wait(condition: Callable[[], bool], process) -> bool:
    """Whether it came true while the process lived."""
    end = time.monotonic() + LONGEST
    while not condition():
        assert time.monotonic() < end, "the training process gets nowhere"
        if not process.is_alive():
            return False
        time.sleep(0.0005)
    return True


def _half_written(folder: Path) -> list[Path]:
    return list(folder.glob(".state.*"))


def _run_and_kill(processes, folder: Path, number: int, chance: random.Random) -> bool:
    """Kill a training at a moment of its own, every second one while it writes; whether a torn state is left."""
    before = (folder / "state.pt").stat().st_mtime_ns if (folder / "state.pt").exists() else 0
    old = set(_half_written(folder))
    process = processes.Process(target=train_slowly, args=(folder, STEPS, WIDTH))
    process.start()
    new_state = lambda: (folder / "state.pt").exists() and (folder / "state.pt").stat().st_mtime_ns > before  # noqa: E731
    alive = _wait(new_state, process)
    if number % 2:
        alive = alive and _wait(lambda: bool(set(_half_written(folder)) - old), process)
        time.sleep(chance.uniform(0, 0.008))
    else:
        time.sleep(chance.uniform(0, 0.06))
    process.kill()
    process.join()
    return bool(_half_written(folder))


def _expect_the_same_end(processes, folder: Path, uninterrupted: StageFolder) -> None:
    process = processes.Process(target=train_slowly, args=(folder, STEPS, WIDTH))
    process.start()
    process.join(LONGEST)
    assert process.exitcode == 0
    ended = StageFolder(folder)
    assert ended.weights.read_bytes() == uninterrupted.weights.read_bytes()
    assert [row["step"] for row in read_log(ended.log) if "loss" in row] == list(range(1, STEPS + 1))
    assert not _half_written(folder)
    load_weights(ended.weights, slow_toy(STEPS, WIDTH).networks())


def test_killed_twice_and_once_while_saving_it_ends_the_same(processes, uninterrupted, tmp_path):
    chance = random.Random(0)
    for number in range(2):
        _run_and_kill(processes, tmp_path, number, chance)
        assert 0 < StageFolder(tmp_path).load_state()["step"] < STEPS
    _expect_the_same_end(processes, tmp_path, uninterrupted)


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(3))
def test_killed_ten_times_it_ends_the_same(processes, uninterrupted, tmp_path, seed):
    chance = random.Random(seed)
    torn, steps = 0, []
    for number in range(10):
        torn += _run_and_kill(processes, tmp_path, number, chance)
        steps.append(StageFolder(tmp_path).load_state()["step"])
    assert torn >= 2, "no kill hit a state that was being written"
    assert steps == sorted(steps)
    assert len(set(steps)) >= 5, "the kills came at few moments"
    assert steps[0] < STEPS
    _expect_the_same_end(processes, tmp_path, uninterrupted)
