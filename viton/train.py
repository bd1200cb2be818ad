"""The one training loop: Adam on whatever a stage minimises (paper, section 4.2), on one device or many.

Nothing depends on when it was interrupted: batches follow from seed and step, and networks, optimisers and generators
are saved together. Batch-norm statistics are recomputed over training batches at the end, so that a picture does not
depend on what it is batched with.
"""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from itertools import islice
from typing import Any, NamedTuple

import torch
from lightning_fabric import Fabric
from torch import Tensor, nn

from viton.batches import Cached, Share, batches
from viton.checkpoint import Settings, StageFolder
from viton.devices import generators_of
from viton.errors import InputError, UsageError
from viton.images import save_png
from viton.norm_statistics import recompute
from viton.sheet import sheet
from viton.stage import Stage, Terms
from viton.stage_config import StageConfig, TrainingConfig
from viton.training_log import TrainingLog, peak_mib

Tell = Callable[[str], None]
SHOWN = 6  # samples in a validation picture
STATISTICS = 1024  # training samples over which batch-norm statistics are taken


class Run(NamedTuple):
    """One stage being trained."""

    stage: Stage[Any, Any]
    folder: StageFolder
    training: TrainingConfig
    seed: int
    fabric: Fabric
    tell: Tell


def train(run: Run, settings: Settings, overwrite: bool = False) -> None:
    """Train a stage to its last step, from where an earlier run stopped; nothing is done where it is trained already.

    settings: what decides the weights; `stage` and `steps` among them.  Raises InputError when the folder is in use,
    holds a stage of other settings or damaged weights, or when a loss is no longer finite.
    """
    with ExitStack() as stack:
        _take_folder(run, settings, overwrite, stack)
        if run.folder.is_done():
            run.folder.digest()
            return
        stack.enter_context(torch.random.fork_rng(generators_of(run.fabric.device)))
        trainer = Trainer(run)
        trainer.resume()
        trainer.run_steps()
        recompute(trainer.bare, trainer.forward, trainer.statistics_batches())
        trainer.validate()
        if run.fabric.is_global_zero:
            run.folder.finish(trainer.bare, settings)
        run.fabric.barrier()


def _take_folder(run: Run, settings: Settings, overwrite: bool, stack: ExitStack) -> None:
    """Hold and claim the folder; what the first process may not do is raised by all, or the others would wait."""
    refusal = None
    if run.fabric.is_global_zero:
        try:
            stack.enter_context(run.folder.in_use())
            if cleared := run.folder.claim(settings, overwrite):
                run.tell(
                    f"{run.stage.name}: trained anew, what lay in {run.folder.path} was trained otherwise: {cleared}"
                )
        except InputError as error:
            refusal = (error.where, error.expected, error.got)
    refusal = run.fabric.broadcast(refusal)
    if refusal:
        raise InputError(*refusal)


class Trainer:
    """Networks, their optimisers, and the step that they have reached."""

    def __init__(self, run: Run) -> None:
        self.run, self.stage, self.fabric = run, run.stage, run.fabric
        self.share = _share(run)
        self.items = Cached(_expect_some(self.stage.items(), self.stage.name, "training"), run.training.cache_mib)
        self.validation = Cached(
            _expect_some(self.stage.validation_items(), self.stage.name, "validation"), run.training.cache_mib
        )
        torch.manual_seed(_number(self.stage.name, run.seed))
        self.step = 0
        self.bare: dict[str, nn.Module] = {}
        self.wrapped: dict[str, Any] = {}  # by Fabric
        self.optimizers: dict[str, Any] = {}
        for name, network in self.stage.networks().items():
            self._set_up(name, network)
        for network in self.stage.frozen():
            network.to(self.fabric.device).to(memory_format=self._memory_format()).eval().requires_grad_(False)

    def _set_up(self, name: str, network: nn.Module) -> None:
        config = self.stage.config
        network = network.to(memory_format=self._memory_format())
        if self.fabric.world_size > 1 and self.fabric.device.type == "cuda":
            network = nn.SyncBatchNorm.convert_sync_batchnorm(network)
        adam = torch.optim.Adam(network.parameters(), lr=config.lr, betas=(config.beta1, config.beta2), fused=True)
        wrapped, optimizer = self.fabric.setup(network, adam)
        self.bare[name], self.wrapped[name], self.optimizers[name] = network, wrapped, optimizer

    def _memory_format(self) -> torch.memory_format:
        return torch.channels_last if self.run.training.channels_last else torch.contiguous_format

    def resume(self) -> None:
        """Take up the last state, if there is one; then start the log from there."""
        state = self.run.folder.load_state()
        step = state["step"] if state else 0
        torch.manual_seed(_number(self.stage.name, self.run.seed, self.fabric.global_rank, step))
        if state:
            self._restore(state)
            self.run.tell(f"{self.stage.name}: goes on from step {self.step}")
        path, tensorboard = self.run.folder.log, self.run.training.tensorboard
        steps = self.stage.config.steps
        self.log = TrainingLog(path, self.step, steps, tensorboard) if self.fabric.is_global_zero else None

    def _restore(self, state: dict[str, Any]) -> None:
        try:
            for name, network in self.bare.items():
                network.load_state_dict(state["networks"][name])
                self.optimizers[name].load_state_dict(state["optimizers"][name])
                lay_out_moments(self.optimizers[name])
        except (KeyError, RuntimeError, ValueError) as error:
            raise InputError(self.run.folder.state, f"a state of {self.stage.name} at this size", "another") from error
        self.step = state["step"]
        if self.fabric.global_rank == 0:
            torch.set_rng_state(state["rng"].cpu())
            if "cuda_rng" in state:
                torch.cuda.set_rng_state(state["cuda_rng"].cpu(), self.fabric.device)

    def save(self) -> None:
        """Write the state whole; raises InputError when a weight is no longer finite, keeping the last good one."""
        for name, network in self.bare.items():
            if not all(bool(value.isfinite().all()) for value in network.parameters()):
                raise InputError(f"{self.run.folder.path}: step {self.step}", f"finite weights of {name}", "others")
        if not self.fabric.is_global_zero:
            return
        state = {
            "step": self.step,
            "networks": {name: network.state_dict() for name, network in self.bare.items()},
            "optimizers": {name: optimizer.state_dict() for name, optimizer in self.optimizers.items()},
            "rng": torch.get_rng_state(),
        }
        if self.fabric.device.type == "cuda":
            state["cuda_rng"] = torch.cuda.get_rng_state(self.fabric.device)
        self.run.folder.save_state(state)

    def run_steps(self) -> None:
        """Update the networks until the last step, logging, validating and saving as often as configured."""
        training, steps = self.run.training, self.stage.config.steps
        parts = batches(self.items, self.run.seed, self.share, self.step, steps, training.workers)
        sums: dict[str, float] = defaultdict(float)
        since, started, seconds = self.step, self.step, self.log.seconds if self.log else 0.0
        while self.step < steps:
            for name, value in self._one_step(list(islice(parts, self.share.parts))).items():
                sums[name] += value
            self.step += 1
            last = self.step == steps
            if last or self.step % training.log_every == 0:
                self._log({name: value / (self.step - since) for name, value in sums.items()}, started, seconds)
                sums.clear()
                since = self.step
            if not last and self.step % training.validate_every == 0:
                self.validate()
            if last or self.step % training.save_every == 0:
                self.save()

    def _one_step(self, parts: list[list[Any]]) -> dict[str, float]:
        """One update of every network from all parts of a batch; the terms of their losses."""
        told: dict[str, float] = defaultdict(float)
        for name, network in self.wrapped.items():
            network.train()
            for group in self.optimizers[name].param_groups:
                group["lr"] = rate_at(self.step, self.stage.config)
        for number, items in enumerate(parts):
            last = number == len(parts) - 1

            def apply(name: str, terms: Terms, names: list[Any] = items, last: bool = last) -> None:
                self._expect_finite(name, terms, names)
                self.fabric.backward(terms["total"] / len(parts))
                for term, value in terms.items():
                    told[f"{name}.{term}"] += float(value.detach()) / len(parts)
                if last:
                    self.optimizers[name].step()
                    self.optimizers[name].zero_grad(set_to_none=True)

            with ExitStack() as stack:
                for network in self.wrapped.values():
                    stack.enter_context(self.fabric.no_backward_sync(network, enabled=not last))
                stack.enter_context(self.fabric.autocast())
                self.stage.update(self.wrapped, self.stage.batch(items, self.fabric.device), apply)
        return told

    def _expect_finite(self, name: str, terms: Terms, items: list[Any]) -> None:
        """Raises InputError naming step, terms and samples; on every process, or the others would wait for ever."""
        broken = (~torch.isfinite(terms["total"])).float()
        if self.fabric.world_size > 1:
            broken = torch.as_tensor(self.fabric.all_reduce(broken, reduce_op="sum"))
        if broken:
            bad = [f"{term} {value.item()}" for term, value in terms.items() if not value.isfinite()]
            who = ", ".join(item.name for item in items)
            got = f"{', '.join(bad)} on {who}" if bad else "another in another process"
            where = f"{self.run.folder.path}: step {self.step + 1}"
            raise InputError(where, f"a finite loss of {name}", f"{got}; the last state is kept")

    def _log(self, losses: dict[str, float], started: int, seconds: float) -> None:
        if self.log is None:
            return
        spent = self.log.seconds - seconds
        done = self.step - started
        rate = done * self.share.batch / spent
        left = (self.stage.config.steps - self.step) * spent / done
        peak = peak_mib(self.fabric.device)
        self.log.add(
            self.step, "loss", losses, images_per_second=round(rate, 2), seconds_left=round(left), peak_mib=peak
        )
        total = ", ".join(f"{name} {value:.4f}" for name, value in losses.items() if name.endswith(".total"))
        self.run.tell(
            f"{self.stage.name}: step {self.step} of {self.stage.config.steps}, {total}, {rate:.1f} images/s, "
            f"{left:.0f} s left, {peak} MiB"
        )

    def validate(self) -> None:
        """Figures and a picture of the first validation samples, by the process that writes."""
        if self.log is None:
            return
        sums: dict[str, float] = defaultdict(float)
        count = min(len(self.validation), self.run.training.validation_samples)
        for network in self.bare.values():
            network.eval()
        for start in range(0, count, self.share.size):
            items = [self.validation[index] for index in range(start, min(start + self.share.size, count))]
            for name, value in self.forward(items).items():
                sums[name] += float(value) * len(items)
        self.log.add(self.step, "validation", {name: value / count for name, value in sums.items()})
        shown = [self.validation[index] for index in range(min(SHOWN, count))]
        with torch.no_grad(), self.fabric.autocast():
            columns = self.stage.pictures(self.bare, self.stage.batch(shown, self.fabric.device))
        save_png(self.run.folder.path / "validation" / f"{self.step:06d}.png", sheet(columns))

    def forward(self, items: list[Any]) -> dict[str, Tensor]:
        """The stage's figures of some items, without gradients, with the networks in whatever mode they are."""
        with torch.no_grad(), self.fabric.autocast():
            return self.stage.measure(self.bare, self.stage.batch(items, self.fabric.device))

    def statistics_batches(self) -> Iterator[list[Any]]:
        """Training samples in their order, at most STATISTICS of them, in whole batches where there are enough."""
        count = min(len(self.items), STATISTICS)
        size = min(count, self.share.batch // self.share.parts)  # alike in every process, however many
        for start in range(0, count - size + 1, size):
            yield [self.items[index] for index in range(start, start + size)]


def lay_out_moments(optimizer: Any) -> None:
    """Bring the moments into their parameters' memory format: Adam's fused form pairs them by place in memory alone."""
    for parameter, state in optimizer.state.items():
        for name, value in state.items():
            if value.shape == parameter.shape:
                state[name] = torch.empty_like(parameter).copy_(value)


def rate_at(step: int, config: StageConfig) -> float:
    """The learning rate of the update after `step` others: fixed (paper), at the end falling as `decay` says."""
    left = config.steps - step
    return config.lr * min(1.0, left / (config.decay * config.steps)) if config.decay else config.lr


def _share(run: Run) -> Share:
    """This process's part of a batch; raises UsageError when a batch cannot be cut evenly."""
    batch, training = run.stage.config.batch, run.training
    if batch % (run.fabric.world_size * training.accumulate):
        cut = f"{run.fabric.world_size} devices and training.accumulate {training.accumulate}"
        raise UsageError(f"stages.{run.stage.name}.batch: expected a multiple of what {cut} make, got {batch}")
    return Share(batch, run.fabric.global_rank, run.fabric.world_size, training.accumulate)


def _expect_some(items: Sequence[Any], stage: str, what: str) -> Sequence[Any]:
    if not len(items):
        raise InputError(stage, f"at least one {what} sample", "none")
    return items


def _number(*parts: object) -> int:
    """A seed that follows from its parts."""
    return int.from_bytes(hashlib.sha256(repr(parts).encode()).digest()[:7], "big")
