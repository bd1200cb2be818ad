"""`make gpu-check`: every stage's losses and gradients on a GPU beside the CPU's, then its speed and memory there.

    python -m benchmarks.gpu [--device cuda] [--size 256x192] [--batch 16] [--steps 20] [--json]

Tolerances are relative: 1e-3 for each loss term in fp32, a cosine of 0.999 for each network's gradient. Exits 1 when
one is missed or there is no such device. `--device cpu` compares the CPU with itself, which tests this check.
"""

from __future__ import annotations

import argparse
import json
import math
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import torch
from torch import Tensor, nn

from viton.config import ExperimentConfig
from viton.devices import make_fabric
from viton.errors import UsageError
from viton.settings import parse
from viton.stage import Stage, Terms
from viton.training import Experiment, Order, build, train_named
from viton.training_log import peak_mib

STAGES = ("proxy", "coarse", "refine", "crn", "prgan", "cagan", "collar", "judge")
TERM, COSINE = 1e-3, 0.999


class Found(NamedTuple):
    """What one stage came to."""

    stage: str
    worst_term: float  # largest relative difference of a loss term
    worst_cosine: float  # least agreement of a network's gradient
    images_per_second: float  # fp32
    images_per_second_bf16: float
    peak_mib: int

    @property
    def ok(self) -> bool:
        return self.worst_term <= TERM and self.worst_cosine >= COSINE


def experiment(size: tuple[int, int], batch: int) -> ExperimentConfig:
    """Two dozen made-up people, networks of full width, one step each; no dropout, whose draws differ by device."""
    height, width = size
    world = {"people": 24, "garments": 8, "height": height, "width": width}
    stage = {"steps": 1, "batch": batch}
    reader = stage | {"width": 16, "world": world | {"seed": 1}}
    stages: dict[str, Any] = dict.fromkeys(("refine", "crn", "collar"), stage)
    stages |= {name: stage | {"dropout": 0.0} for name in ("coarse", "prgan", "cagan")}
    content = {
        "name": "gpu-check", "purpose": "every stage on a GPU beside the CPU", "height": height, "width": width,
        "data": {"kind": "world", "world": world | {"seed": 0}}, "perceptual": {"weights": "proxy"},
        "stages": stages | {"proxy": reader, "judge": reader},
    }  # fmt: skip
    return parse(ExperimentConfig, content, "gpu-check")


def losses_and_gradients(stage: Stage[Any, Any], networks: dict[str, nn.Module], batch: Any) -> dict[str, Tensor]:
    """Every loss term, and every network's gradient as one vector, of one update without its step."""
    found: dict[str, Tensor] = {}

    def apply(name: str, terms: Terms) -> None:
        found.update({f"{name}.{term}": value.detach().double().cpu() for term, value in terms.items()})
        terms["total"].backward()
        gradients = [each.grad.flatten() for each in networks[name].parameters() if each.grad is not None]
        found[f"gradient of {name}"] = torch.cat(gradients).double().cpu()
        networks[name].zero_grad(set_to_none=True)

    stage.update(networks, batch, apply)
    return found


def speed(stage: Stage[Any, Any], networks: dict[str, nn.Module], batch: Any, steps: int, bf16: bool) -> float:
    """Seconds of one update with its optimiser's step, after a warm-up of two."""
    device = next(iter(networks.values())).parameters().__next__().device
    optimizers = {name: torch.optim.Adam(network.parameters(), 1e-5) for name, network in networks.items()}

    def apply(name: str, terms: Terms) -> None:
        terms["total"].backward()
        optimizers[name].step()
        optimizers[name].zero_grad(set_to_none=True)

    started = 0.0
    for step in range(steps + 2):
        if step == 2:
            _wait(device)
            started = time.perf_counter()
        with torch.autocast(device.type, torch.bfloat16, enabled=bf16):
            stage.update(networks, batch, apply)
    _wait(device)
    return (time.perf_counter() - started) / steps


def check(config: ExperimentConfig, run: Path, device: str, steps: int) -> Iterator[Found]:
    """Compare and time every stage; the stages below another are trained for their one step first, on the CPU."""
    for name in STAGES:
        train_named(name, Order(config, run, None, device="cpu"), _quiet)
        stage, _ = build(Experiment(config, "", run / "data", run), name, 0, make_fabric(config.training, "cpu"))
        if torch.cuda.is_available():
            torch.backends.cudnn.allow_tf32 = False  # or its fp32 convolutions keep 10 bits, and are not fp32
            torch.cuda.reset_peak_memory_stats()
        items = [stage.items()[index % len(stage.items())] for index in range(stage.config.batch)]
        torch.manual_seed(0)
        networks = stage.networks()
        reference = _update_on(stage, networks, items, torch.device("cpu"))
        there = _update_on(stage, networks, items, torch.device(device))
        batch = stage.batch(items, torch.device(device))
        seconds = [speed(stage, networks, batch, steps, bf16) for bf16 in (False, True)]
        rates = [round(stage.config.batch / each, 1) for each in seconds]
        yield Found(name, *_differences(reference, there), *rates, peak_mib(torch.device(device)))


def _update_on(
    stage: Stage[Any, Any], networks: dict[str, nn.Module], items: list[Any], device: torch.device
) -> dict[str, Tensor]:
    for network in (*networks.values(), *stage.frozen()):
        network.to(device).to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    for network in networks.values():
        network.train()
    for network in stage.frozen():
        network.eval().requires_grad_(False)
    torch.manual_seed(0)
    return losses_and_gradients(stage, networks, stage.batch(items, device))


def _differences(a: dict[str, Tensor], b: dict[str, Tensor]) -> tuple[float, float]:
    """Largest relative difference of a term, smallest cosine of a gradient."""
    terms = [float((a[name] - b[name]).abs() / a[name].abs().clamp(min=1e-3)) for name in a if "gradient" not in name]
    cosines = [float(nn.functional.cosine_similarity(a[name], b[name], dim=0)) for name in a if "gradient" in name]
    return max(terms), min(cosines)


def _wait(device: torch.device) -> None:
    if device.type == "cuda":
        torch.cuda.synchronize(device)


def _quiet(message: str) -> None:
    """Training of the stages below is not what is shown here."""


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.gpu", description=__doc__.splitlines()[0])
    parser.add_argument("--device", default="cuda")
    parser.add_argument("--size", default="256x192")
    parser.add_argument("--batch", type=int, default=16)
    parser.add_argument("--steps", type=int, default=20)
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    height, _, width = options.size.partition("x")
    try:
        make_fabric(experiment((int(height), int(width)), options.batch).training, options.device)
    except UsageError as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    found = []
    with tempfile.TemporaryDirectory() as folder:
        for each in check(
            experiment((int(height), int(width)), options.batch), Path(folder), options.device, options.steps
        ):
            found.append(each)
            verdict = "ok" if each.ok else "DIFFERS"
            print(
                f"{each.stage:8} {verdict:8} terms within {each.worst_term:.1e}, gradients cosine "
                f"{each.worst_cosine:.6f}; {each.images_per_second} images/s, bf16 {each.images_per_second_bf16}, "
                f"{each.peak_mib} MiB",
                flush=True,
            )
    if options.json:
        print(json.dumps([each._asdict() for each in found]))
    return 0 if found and all(each.ok and math.isfinite(each.worst_term) for each in found) else 1


if __name__ == "__main__":
    sys.exit(main())
