"""The training loop, on a toy: interrupted anywhere it ends as if it had not been; it stops rather than go wrong."""

import json
import os
import warnings
from collections.abc import Iterator
from pathlib import Path
from unittest.mock import patch

import pytest
import torch
from torch import nn

from tests.toy_stage import ToyBatch, ToyStage, train_toy
from viton.checkpoint import StageFolder, load_weights, read_tensors
from viton.devices import make_fabric
from viton.errors import InputError, UsageError
from viton.stage_config import StageConfig, TrainingConfig
from viton.train import STATISTICS, Run, Trainer, lay_out_moments, rate_at
from viton.training_log import TrainingLog, read_log

STEPS = 6


class StoppedError(Exception):
    """What a test ends a training with."""


def _stop_at(step: int):
    def before(number: int, batch: ToyBatch) -> None:
        if number == step:
            raise StoppedError

    return before


def _steps(folder: StageFolder, kind: str) -> list[int]:
    return [row["step"] for row in read_log(folder.log) if kind in row]


@pytest.fixture(scope="module", autouse=True)
def one_thread() -> Iterator[None]:
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)


@pytest.fixture(scope="module")
def uninterrupted(tmp_path_factory) -> StageFolder:
    """STEPS steps in one go."""
    return train_toy(tmp_path_factory.mktemp("whole"), ToyStage(steps=STEPS))


def test_a_trained_stage_has_all_its_files_and_the_log_of_every_step(uninterrupted):
    names = {path.relative_to(uninterrupted.path).as_posix() for path in uninterrupted.path.rglob("*.*")}
    pictures = {f"validation/{step:06d}.png" for step in (2, 4, 6)}
    files = {"config.yaml", "state.pt", "log.jsonl", "weights.safetensors", "provenance.json", "done.json", ".lock"}
    assert names == files | pictures
    assert _steps(uninterrupted, "loss") == _steps(uninterrupted, "validation") == [2, 4, 6]


def test_the_log_has_every_term_of_every_network_and_how_fast_it_went(uninterrupted):
    row = next(row for row in read_log(uninterrupted.log) if "loss" in row)
    assert set(row["loss"]) == {"painter.l1", "painter.total", "critic.brightness", "critic.total"}
    assert all(row[name] > 0 for name in ("images_per_second", "peak_mib", "seconds"))


def test_a_logged_loss_is_the_mean_of_the_steps_since_the_last(tmp_path):
    single = read_log(train_toy(tmp_path / "one", ToyStage(), log_every=1).log)
    pairs = read_log(train_toy(tmp_path / "two", ToyStage(), log_every=2).log)
    each = [row["loss"]["painter.l1"] for row in single if "loss" in row]
    means = [row["loss"]["painter.l1"] for row in pairs if "loss" in row]
    assert means == pytest.approx([(each[n] + each[n + 1]) / 2 for n in (0, 2, 4)])


def test_training_learns(tmp_path):
    folder = train_toy(tmp_path, ToyStage(steps=150, batch=10, dropout=0.0, width=8, lr=0.02), validate_every=150)
    losses = [row["loss"]["painter.l1"] for row in read_log(folder.log) if "loss" in row]
    assert losses[-1] < 0.5 * losses[0]


def test_twice_the_same_run_gives_the_same_bytes(uninterrupted, tmp_path):
    torch.manual_seed(99)  # what went before must not matter
    torch.rand(3)
    again = train_toy(tmp_path, ToyStage(steps=STEPS))
    assert again.weights.read_bytes() == uninterrupted.weights.read_bytes()


def test_another_seed_gives_others(uninterrupted, tmp_path):
    other = train_toy(tmp_path, ToyStage(steps=STEPS), seed=1)
    ours, theirs = read_tensors(uninterrupted.weights), read_tensors(other.weights)
    assert not torch.equal(ours["painter.0.weight"], theirs["painter.0.weight"])


def test_dropout_is_on_while_training_or_its_generator_would_not_be_tested_here(uninterrupted, tmp_path):
    without = train_toy(tmp_path, ToyStage(steps=STEPS, dropout=0.0))
    assert without.weights.read_bytes() != uninterrupted.weights.read_bytes()


@pytest.mark.parametrize("step", range(STEPS))
def test_stopped_at_any_step_and_taken_up_again_it_ends_the_same(uninterrupted, tmp_path, step):
    with pytest.raises(StoppedError):
        train_toy(tmp_path, ToyStage(steps=STEPS, before=_stop_at(step)))
    folder = train_toy(tmp_path, ToyStage(steps=STEPS))
    assert folder.weights.read_bytes() == uninterrupted.weights.read_bytes()
    assert _steps(folder, "loss") == _steps(folder, "validation") == [2, 4, 6]


def test_it_goes_on_from_the_last_state_and_not_from_the_start(tmp_path):
    with pytest.raises(StoppedError):
        train_toy(tmp_path, ToyStage(steps=STEPS, before=_stop_at(5)))
    resumed = ToyStage(steps=STEPS)
    train_toy(tmp_path, resumed)
    whole = ToyStage(steps=STEPS)
    train_toy(tmp_path / "whole", whole)
    assert resumed.seen == whole.seen[4:]


def test_stopped_again_and_again_it_ends_the_same(uninterrupted, tmp_path):
    for _ in range(STEPS - 1):
        with pytest.raises(StoppedError):
            train_toy(tmp_path, ToyStage(steps=STEPS, before=_stop_at(1)), save_every=1)
    folder = train_toy(tmp_path, ToyStage(steps=STEPS))
    assert folder.weights.read_bytes() == uninterrupted.weights.read_bytes()


def test_a_log_with_a_row_a_step_has_neither_gap_nor_duplicate_after_a_stop_between_states(tmp_path):
    with pytest.raises(StoppedError):
        train_toy(tmp_path, ToyStage(steps=STEPS, before=_stop_at(5)), log_every=1, save_every=3, validate_every=1)
    assert _steps(StageFolder(tmp_path), "loss") == [1, 2, 3, 4, 5]
    folder = train_toy(tmp_path, ToyStage(steps=STEPS), log_every=1, save_every=3, validate_every=1)
    assert _steps(folder, "loss") == _steps(folder, "validation") == [1, 2, 3, 4, 5, 6]


def test_seconds_in_the_log_go_on_where_an_earlier_run_left_them(tmp_path):
    path = tmp_path / "log.jsonl"
    path.write_text('{"seconds": 50.0, "step": 2}\n{"seconds": 70.0, "step": 4}\n{"seconds": 80.0, "st')
    log = TrainingLog(path, start=2, stop=9)
    assert [row["step"] for row in read_log(path)] == [2]
    assert 50 <= log.seconds < 55
    assert log.add(3, "loss", {"a": 1.0})["seconds"] >= 50


def test_a_log_of_something_else_is_told_in_one_line(tmp_path):
    (tmp_path / "log.jsonl").write_text("no log\n")
    with pytest.raises(InputError, match="expected a training log"):
        read_log(tmp_path / "log.jsonl")


def _break_on(call: int, function):
    """`function`, but its `call`-th call raises, as on a full disk."""
    calls = iter(range(1000))

    def broken(*args: object, **options: object) -> object:
        if next(calls) == call:
            raise OSError(28, "No space left on device")
        return function(*args, **options)

    return broken


@pytest.mark.parametrize("call", [0, 1, 2])
def test_stopped_while_it_writes_a_state_it_ends_the_same(uninterrupted, tmp_path, monkeypatch, call):
    save, calls = torch.save, iter(range(9))

    def save_half(state: object, path: Path) -> None:
        save(state, path)
        if next(calls) == call:
            path.write_bytes(path.read_bytes()[:500])
            raise OSError(28, "No space left on device")

    with monkeypatch.context() as patched:
        patched.setattr(torch, "save", save_half)
        with pytest.raises(OSError, match="No space"):
            train_toy(tmp_path, ToyStage(steps=STEPS))
    folder = train_toy(tmp_path, ToyStage(steps=STEPS))
    assert folder.weights.read_bytes() == uninterrupted.weights.read_bytes()
    assert not list(tmp_path.glob(".state*"))


RENAMES = 11  # into place: provenance, settings, log, three pictures, three states, weights, done


@pytest.mark.parametrize("call", range(RENAMES))
def test_stopped_at_any_rename_it_ends_the_same(uninterrupted, tmp_path, monkeypatch, call):
    with monkeypatch.context() as patched:
        patched.setattr(os, "replace", _break_on(call, os.replace))
        with pytest.raises(OSError, match="No space"):
            train_toy(tmp_path, ToyStage(steps=STEPS))
    assert not StageFolder(tmp_path).is_done()
    folder = train_toy(tmp_path, ToyStage(steps=STEPS))
    assert folder.weights.read_bytes() == uninterrupted.weights.read_bytes()
    assert _steps(folder, "loss") == [2, 4, 6]
    assert (tmp_path / "provenance.json").is_file()


def test_a_run_renames_no_more_than_that(tmp_path, monkeypatch):
    monkeypatch.setattr(os, "replace", _break_on(RENAMES, os.replace))
    assert train_toy(tmp_path, ToyStage(steps=STEPS)).is_done()


def test_more_steps_go_on_from_the_last_state_and_end_as_one_longer_run(tmp_path):
    longer = train_toy(tmp_path / "longer", ToyStage(steps=9))
    train_toy(tmp_path / "grown", ToyStage(steps=5))
    stage = ToyStage(steps=9)
    grown = train_toy(tmp_path / "grown", stage)
    assert len(stage.seen) == 4
    assert grown.weights.read_bytes() == longer.weights.read_bytes()
    assert grown.done.read_bytes() == longer.done.read_bytes()
    assert _steps(grown, "loss") == [2, 4, 5, 6, 8, 9]


def test_the_rate_is_fixed_or_falls_to_nothing_over_the_share_that_decay_names():
    fixed, falling = StageConfig(steps=8, lr=0.4), StageConfig(steps=8, lr=0.4, decay=0.5)
    assert [rate_at(step, fixed) for step in range(8)] == [0.4] * 8
    assert [rate_at(step, falling) for step in range(8)] == pytest.approx([0.4] * 5 + [0.3, 0.2, 0.1])


def test_a_step_is_taken_at_the_rate_of_its_time(tmp_path, monkeypatch):
    rates, step = [], torch.optim.Adam.step
    monkeypatch.setattr(
        torch.optim.Adam, "step", lambda self, *args: (rates.append(self.param_groups[0]["lr"]), step(self, *args))[1]
    )
    stage = ToyStage(steps=4)
    stage.config = stage.config.model_copy(update={"decay": 1.0})
    train_toy(tmp_path, stage)
    assert rates[::2] == rates[1::2] == pytest.approx([stage.config.lr * left / 4 for left in (4, 3, 2, 1)])


def test_moments_of_another_memory_format_are_laid_out_as_their_parameters():
    """Adam's fused form pairs moments and parameters by place in memory, and a state may come from a run of another."""
    weight, gradient, mean, square = torch.rand(4, 4, 2, 3, 3, generator=torch.Generator().manual_seed(0))

    def stepped(fused):
        parameter = nn.Parameter(weight.clone())
        adam = torch.optim.Adam([parameter], 0.01, fused=fused)
        for moments in (False, True):
            if moments:
                state = adam.state_dict()
                kept = {"exp_avg": mean, "exp_avg_sq": square}
                state["state"][0] |= {name: each.to(memory_format=torch.channels_last) for name, each in kept.items()}
                adam.load_state_dict(state)
                lay_out_moments(adam)
            parameter.grad = gradient.clone()
            adam.step()
        return parameter.detach()

    torch.testing.assert_close(stepped(True), stepped(False))


def test_a_trained_stage_is_left_as_it_is(uninterrupted):
    before = {path: path.stat().st_mtime_ns for path in uninterrupted.path.rglob("*") if path.is_file()}
    stage = ToyStage(steps=STEPS)
    train_toy(uninterrupted.path, stage)
    assert not stage.seen
    assert {path: path.stat().st_mtime_ns for path in before} == before


def test_a_trained_stage_whose_weights_were_changed_is_told(tmp_path):
    folder = train_toy(tmp_path, ToyStage(steps=1))
    folder.weights.write_bytes(folder.weights.read_bytes()[:-1] + b"x")
    with pytest.raises(InputError, match=r"weights\.safetensors: expected weights with the sha256"):
        train_toy(tmp_path, ToyStage(steps=1))


def test_fewer_steps_than_trained_are_refused_but_for_overwrite(tmp_path):
    train_toy(tmp_path, ToyStage(steps=3))
    with pytest.raises(InputError, match="steps 3, now 2"):
        train_toy(tmp_path, ToyStage(steps=2))
    stage = ToyStage(steps=2)
    again = train_toy(tmp_path, stage, overwrite=True)
    assert len(stage.seen) == 2
    fresh = train_toy(tmp_path / "fresh", ToyStage(steps=2))
    assert again.weights.read_bytes() == fresh.weights.read_bytes()
    assert _steps(again, "loss") == [2]


def test_a_loss_that_is_no_number_stops_with_step_terms_and_samples_and_keeps_the_last_state(tmp_path):
    healthy = ToyStage(steps=STEPS)
    train_toy(tmp_path / "healthy", healthy)
    early = {name for names in healthy.seen[:2] for name in names}
    victim, step = next(
        (name, number) for number, names in enumerate(healthy.seen, 1) for name in names if name not in early
    )
    folder = StageFolder(tmp_path / "ill")
    with pytest.raises(InputError) as caught:
        train_toy(folder.path, ToyStage(steps=STEPS, poison=[victim]))
    told = str(caught.value)
    assert "\n" not in told
    assert f"step {step}: expected a finite loss of painter, got l1 nan, total nan on" in told
    assert all(name in told for name in healthy.seen[step - 1])
    state = folder.load_state()
    assert state["step"] == (step - 1) // 2 * 2 > 0
    assert all(value.isfinite().all() for each in state["networks"].values() for value in each.values())
    train_toy(folder.path, ToyStage(steps=STEPS))
    healthy_weights = StageFolder(tmp_path / "healthy").weights.read_bytes()
    assert folder.weights.read_bytes() == healthy_weights


def test_weights_that_are_no_numbers_are_not_saved(tmp_path, monkeypatch):
    def spoil(number: int, batch: ToyBatch) -> None:
        if number == 3:  # of a step whose state is to be saved: the loss was still a number
            with torch.no_grad():
                networks["critic"][1].bias.fill_(float("inf"))

    stage = ToyStage(steps=STEPS, before=spoil)
    networks = stage.networks()
    stage.networks = lambda: networks
    monkeypatch.setattr(Trainer, "_expect_finite", lambda *args: None)
    with pytest.raises(InputError, match="step 4: expected finite weights of critic"):
        train_toy(tmp_path, stage)
    assert StageFolder(tmp_path).load_state()["step"] == 2
    assert not StageFolder(tmp_path).weights.exists()


@pytest.mark.parametrize("spoil", [lambda state: state["networks"].pop("critic"), lambda state: state.pop("networks")])
def test_a_state_of_another_stage_is_told(tmp_path, spoil):
    with pytest.raises(StoppedError):
        train_toy(tmp_path, ToyStage(before=_stop_at(3)))
    state = StageFolder(tmp_path).load_state()
    spoil(state)
    StageFolder(tmp_path).save_state(state)
    with pytest.raises(InputError, match=r"state\.pt: expected a state of toy at this size, got another$"):
        train_toy(tmp_path, ToyStage())


def test_a_state_of_another_width_is_told(tmp_path):
    train_toy(tmp_path / "other", ToyStage(width=5))
    with pytest.raises(StoppedError):
        train_toy(tmp_path / "ours", ToyStage(before=_stop_at(3)))
    (tmp_path / "other" / "state.pt").rename(tmp_path / "ours" / "state.pt")
    with pytest.raises(InputError, match=r"state\.pt: expected a state of toy at this size, got another$"):
        train_toy(tmp_path / "ours", ToyStage())


def test_no_training_samples_are_told(tmp_path):
    with pytest.raises(InputError, match="toy: expected at least one training sample, got none"):
        train_toy(tmp_path, ToyStage(count=0))


@pytest.mark.parametrize("accumulate", [3, 8])
def test_a_batch_that_cannot_be_cut_evenly_is_told(tmp_path, accumulate):
    with pytest.raises(UsageError, match=r"stages\.toy\.batch: expected a multiple"):
        train_toy(tmp_path, ToyStage(batch=4), accumulate=accumulate)


@pytest.mark.parametrize("parts", [2, 4])
def test_a_batch_in_parts_equals_the_whole_batch_where_no_norm_looks_at_it(tmp_path, parts):
    whole = train_toy(tmp_path / "whole", ToyStage(norm=False, dropout=0.0))
    cut = train_toy(tmp_path / "cut", ToyStage(norm=False, dropout=0.0), accumulate=parts)
    ours, theirs = read_tensors(cut.weights), read_tensors(whole.weights)
    assert max((ours[name] - theirs[name]).abs().max() for name in ours) < 1e-5
    moments = [each.load_state()["optimizers"]["painter"]["state"][0]["exp_avg"] for each in (cut, whole)]
    torch.testing.assert_close(*moments, atol=1e-6, rtol=1e-4)  # Adam's steps do not show how long a gradient is
    for one, other in zip(read_log(cut.log), read_log(whole.log), strict=True):
        if "loss" in one:
            assert one["loss"] == pytest.approx(other["loss"], rel=1e-4)


def test_a_batch_in_parts_moves_each_network_once_a_step(tmp_path):
    steps = []
    step = torch.optim.Adam.step
    with patch.object(torch.optim.Adam, "step", lambda self, *args: steps.append(1) or step(self, *args)):
        train_toy(tmp_path, ToyStage(steps=3), accumulate=2)
    assert len(steps) == 3 * 2


def test_the_cache_changes_nothing(uninterrupted, tmp_path):
    folder = train_toy(tmp_path, ToyStage(steps=STEPS), cache_mib=0)
    assert folder.weights.read_bytes() == uninterrupted.weights.read_bytes()


def test_how_often_it_logs_validates_and_saves_changes_nothing(uninterrupted, tmp_path):
    folder = train_toy(tmp_path, ToyStage(steps=STEPS), log_every=5, validate_every=1, save_every=4)
    assert folder.weights.read_bytes() == uninterrupted.weights.read_bytes()


def test_bfloat16_learns_like_float32_and_keeps_its_weights_in_float32(uninterrupted, tmp_path):
    folder = train_toy(tmp_path, ToyStage(steps=STEPS), precision="bf16-mixed")
    ours, theirs = read_tensors(folder.weights), read_tensors(uninterrupted.weights)
    assert all(ours[name].dtype == theirs[name].dtype for name in theirs)
    assert 0 < (ours["painter.0.weight"] - theirs["painter.0.weight"]).abs().max() < 0.05


def test_torchs_global_generator_is_as_it_was(tmp_path):
    torch.manual_seed(5)
    before = torch.get_rng_state()
    train_toy(tmp_path, ToyStage(steps=2))
    assert torch.equal(before, torch.get_rng_state())


def test_training_warns_of_nothing(tmp_path):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        train_toy(tmp_path, ToyStage(steps=2), accumulate=2)


def test_trained_weights_fill_networks_built_anew(uninterrupted):
    stage = ToyStage()
    networks = stage.networks()
    load_weights(uninterrupted.weights, networks)
    tensors = read_tensors(uninterrupted.weights)
    for name, network in networks.items():
        for key, value in network.state_dict().items():
            assert torch.equal(value, tensors[f"{name}.{key}"])


def test_batch_norm_statistics_at_the_end_are_those_of_the_training_samples(uninterrupted):
    """Cumulative means over batches of 4 of 10 samples, in their order; the leftover two are left out."""
    stage = ToyStage()
    networks = stage.networks()
    load_weights(uninterrupted.weights, networks)
    items = stage.items()
    batches = [[items[index] for index in range(start, start + 4)] for start in (0, 4)]
    with torch.no_grad():
        features = [networks["painter"][0](stage.batch(each, torch.device("cpu")).image) for each in batches]
    mean = torch.stack([each.mean(dim=(0, 2, 3)) for each in features]).mean(0)
    variance = torch.stack([each.var(dim=(0, 2, 3)) for each in features]).mean(0)
    norm = networks["painter"][1]
    torch.testing.assert_close(norm.running_mean, mean, atol=1e-5, rtol=1e-5)
    torch.testing.assert_close(norm.running_var, variance, atol=1e-5, rtol=1e-5)


def _trainer(tmp_path, stage: ToyStage, **training: object) -> Trainer:
    chosen = TrainingConfig(**training)
    return Trainer(Run(stage, StageFolder(tmp_path), chosen, 0, make_fabric(chosen, "cpu"), lambda message: None))


def test_statistics_are_taken_over_whole_batches_of_at_most_so_many_samples(tmp_path):
    sizes = [len(each) for each in _trainer(tmp_path, ToyStage(count=STATISTICS + 9, batch=16)).statistics_batches()]
    assert sizes == [16] * (STATISTICS // 16)
    assert [len(each) for each in _trainer(tmp_path, ToyStage(count=3)).statistics_batches()] == [3]


class _Fabric:
    """As much of Fabric as setting a network up needs, on a device that this machine need not have."""

    def __init__(self, device: str, world: int) -> None:
        self.device, self.world_size, self.global_rank = torch.device(device), world, 0

    def setup(self, network: nn.Module, optimizer: object) -> tuple[nn.Module, object]:
        return network, optimizer


@pytest.mark.parametrize(
    ("device", "world", "synchronised"), [("cuda", 2, True), ("cuda", 1, False), ("cpu", 2, False)]
)
def test_batch_norm_is_synchronised_on_several_gpus_and_nowhere_else(tmp_path, device, world, synchronised):
    stage = ToyStage(batch=4)
    trainer = Trainer(Run(stage, StageFolder(tmp_path), TrainingConfig(), 0, _Fabric(device, world), print))
    norm = trainer.bare["painter"][1]
    assert isinstance(norm, nn.SyncBatchNorm) is synchronised
    trained = {id(each) for group in trainer.optimizers["painter"].param_groups for each in group["params"]}
    assert trained == {id(each) for each in trainer.bare["painter"].parameters()}


@pytest.mark.parametrize("device", ["tpu", "cuda:", "cuda:x", "cpu:0", "auto:1", "", "CUDA"])
def test_a_device_that_is_none_is_a_wrong_option(device):
    with pytest.raises(UsageError, match="--device: expected auto, cpu, cuda"):
        make_fabric(TrainingConfig(), device)


def test_one_gpu_by_number_is_not_for_several_devices():
    with pytest.raises(UsageError, match="cuda:N for one device"):
        make_fabric(TrainingConfig(devices=2), "cuda:1")


def test_a_gpu_that_is_not_there_is_a_wrong_option(monkeypatch):
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 0)
    with pytest.raises(UsageError, match="--device cuda: this machine has none"):
        make_fabric(TrainingConfig(), "cuda")
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 1)
    with pytest.raises(UsageError, match="--device cuda:1: this machine has none"):
        make_fabric(TrainingConfig(), "cuda:1")


def test_tensorboard_gets_the_same_scalars(tmp_path):
    pytest.importorskip("tensorboard")
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    folder = train_toy(tmp_path, ToyStage(steps=4), tensorboard=True)
    events = EventAccumulator(str(tmp_path / "tensorboard"))
    events.Reload()
    found = [(each.step, pytest.approx(each.value)) for each in events.Scalars("loss/painter.l1")]
    assert [(row["step"], row["loss"]["painter.l1"]) for row in read_log(folder.log) if "loss" in row] == found


def test_tensorboard_that_is_not_there_is_a_wrong_option(tmp_path):
    with patch.dict("sys.modules", {"torch.utils.tensorboard": None}), pytest.raises(UsageError, match="viton"):
        train_toy(tmp_path, ToyStage(steps=1), tensorboard=True)


def test_the_log_is_one_json_object_a_line(uninterrupted):
    assert all(isinstance(json.loads(line), dict) for line in uninterrupted.log.read_text().splitlines())
