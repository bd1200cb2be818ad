"""Two processes that train together (gloo, on the CPU) come to what one comes to."""

import multiprocessing
import socket
from functools import partial
from pathlib import Path

import pytest
import torch

from tests.tiny_stages import STAGES, with_norms_in_eval_mode
from tests.toy_stage import ToyStage, train_as, train_toy
from viton.checkpoint import StageFolder, read_tensors
from viton.training_log import read_log

LONGEST = 60.0  # seconds; a process that waits for another for ever would take longer
plain = partial(ToyStage, steps=4, batch=8, norm=False, dropout=0.0)


@pytest.fixture(scope="module")
def processes():
    """Processes forked from one that has imported torch and little else: each starts in no time."""
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["tests.tiny_stages", "tests.toy_stage"])
    return context


def _train_two(processes, folder: Path, make, **training: object) -> list[int]:
    """Exit codes of two processes that train together; they are killed when they do not end."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    both = [
        processes.Process(target=train_as, args=(rank, 2, port, folder, make, training), daemon=True)
        for rank in range(2)
    ]
    for process in both:
        process.start()
    for process in both:
        process.join(LONGEST)
    codes = [process.exitcode for process in both]
    for process in both:
        process.kill()
    return codes


def _difference(one: StageFolder, other: StageFolder) -> float:
    ours, theirs = read_tensors(one.weights), read_tensors(other.weights)
    assert ours.keys() == theirs.keys()
    return max(float((ours[name].double() - theirs[name].double()).abs().max()) for name in ours)


@pytest.mark.parametrize("accumulate", [1, 2])
def test_two_processes_come_to_what_one_comes_to_with_the_same_batch(processes, tmp_path, accumulate):
    alone = train_toy(tmp_path / "alone", plain())
    assert _train_two(processes, tmp_path / "both", plain, accumulate=accumulate) == [0, 0]
    both = StageFolder(tmp_path / "both")
    assert _difference(both, alone) < 1e-4
    half = train_toy(tmp_path / "half", ToyStage(steps=4, batch=4, norm=False, dropout=0.0))
    assert _difference(half, alone) > 1e-3, "another batch ends the same: this shows nothing"
    assert [row["step"] for row in read_log(both.log)] == [2, 2, 4, 4]


def test_two_processes_with_norm_and_dropout_end_with_statistics_of_the_whole_batch(processes, tmp_path):
    make = partial(ToyStage, steps=3, batch=4)
    assert _train_two(processes, tmp_path, make) == [0, 0]
    stage, networks = make(), make().networks()
    tensors = read_tensors(tmp_path / "weights.safetensors")
    networks["painter"].load_state_dict(
        {name.removeprefix("painter."): each for name, each in tensors.items() if name.startswith("painter.")}
    )
    items = stage.items()
    means = [
        networks["painter"][0](stage.batch([items[index] for index in indices], torch.device("cpu")).image)
        .mean(dim=(0, 2, 3))
        .detach()
        for indices in ([0, 1, 2, 3], [4, 5, 6, 7])
    ]
    torch.testing.assert_close(networks["painter"][1].running_mean, torch.stack(means).mean(0), atol=1e-5, rtol=1e-5)


@pytest.mark.parametrize("name", ["coarse", "crn", "prgan"])
def test_two_processes_come_to_what_one_comes_to_in_real_stages(processes, tmp_path, name):
    """Norms in eval mode, dropout off. Not `cagan`, in which a sample's target is another sample of its own share."""
    make = partial(with_norms_in_eval_mode, name)
    alone = train_toy(tmp_path / "alone", make())
    assert _train_two(processes, tmp_path / "both", make) == [0, 0]
    assert _difference(StageFolder(tmp_path / "both"), alone) < 1e-4


@pytest.mark.parametrize("name", ["prgan", "cagan"])
def test_two_processes_train_a_gan_with_its_norms_and_dropout(processes, tmp_path, name):
    """It runs networks several times before it goes back through them, with norms that torch copies in between."""
    assert _train_two(processes, tmp_path / "both", partial(STAGES[name], steps=2)) == [0, 0]


def test_two_processes_go_on_where_they_stopped(processes, tmp_path):
    alone = train_toy(tmp_path / "alone", plain())
    folder = tmp_path / "both"
    assert _train_two(processes, folder, partial(plain, steps=2)) == [0, 0]
    assert _train_two(processes, folder, plain) == [0, 0]
    assert _difference(StageFolder(folder), alone) < 1e-4


def _told(folder: Path) -> list[str]:
    return [(folder.parent / f"told-{rank}").read_text() for rank in range(2)]


def test_a_loss_that_is_no_number_in_one_process_stops_both_and_one_names_the_samples(processes, tmp_path):
    folder = tmp_path / "both"
    assert _train_two(processes, folder, partial(plain, poison=["t3"])) == [3, 3]
    there, elsewhere = sorted(_told(folder), key=lambda told: "another process" in told)
    assert "expected a finite loss of painter, got l1 nan, total nan on" in there
    assert "t3" in there
    assert "another in another process" in elsewhere


def test_a_folder_of_other_settings_stops_both_in_one_line(processes, tmp_path):
    folder = tmp_path / "both"
    train_toy(folder, plain(width=5))
    assert _train_two(processes, folder, plain) == [3, 3]
    assert all("config.width 5, now 4" in told for told in _told(folder))


def test_a_folder_in_use_stops_both_in_one_line(processes, tmp_path):
    folder = tmp_path / "both"
    with StageFolder(folder).in_use():
        assert _train_two(processes, folder, plain) == [3, 3]
    assert all("in use by another process" in told for told in _told(folder))


def test_a_batch_that_cannot_be_cut_evenly_stops_both(processes, tmp_path):
    folder = tmp_path / "both"
    assert _train_two(processes, folder, partial(plain, batch=7)) == [3, 3]
    assert all("expected a multiple of what 2 devices" in told for told in _told(folder))
