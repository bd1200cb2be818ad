"""A training step of every stage stays on the device that it is given, shown without a GPU.

The device is torch's `meta`: shapes and devices are worked out there, nothing is computed. What would have to leave
it, as by .cpu() or .item(), raises, for there is no data; what is made beside it, or mixed with it, is noted.
"""

from collections.abc import Callable
from typing import Any

import pytest
import torch
from torch import Tensor
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves

from tests.tiny_stages import SIZE, STAGES, coarse_stage
from viton.attributes import GARMENT, PERSON
from viton.coarse import Coarse, CoarseStage
from viton.collar import CollarBatch, CollarNetwork, CollarStage
from viton.extractors import DescribedBatch, JudgeStage, ProxyStage
from viton.stage import Stage
from viton.stage_config import CollarConfig, ExtractorConfig
from viton.synthetic.config import WorldConfig

DEVICE = torch.device("meta")


class Devices(TorchDispatchMode):
    """Notes the operations, forward and backward, that take or make a tensor elsewhere than on the device."""

    def __init__(self) -> None:
        super().__init__()
        self.elsewhere: list[str] = []
        self.operations = 0

    def __torch_dispatch__(self, operation, types, args=(), kwargs=None):
        made = operation(*args, **(kwargs or {}))
        self.operations += 1
        if any(each.device != DEVICE for each in tree_leaves((args, kwargs, made)) if isinstance(each, Tensor)):
            self.elsewhere.append(str(operation))
        return made


def _apply(name: str, terms: dict[str, Tensor]) -> None:
    terms["total"].backward()


def _step(stage: Stage[Any, Any]) -> Devices:
    """One update, the figures and the pictures of a stage."""
    networks = {name: network.to(DEVICE) for name, network in stage.networks().items()}
    for network in stage.frozen():
        network.to(DEVICE).eval().requires_grad_(False)
    batch = stage.batch([stage.items()[index] for index in range(4)], DEVICE)
    with Devices() as devices:
        stage.update(networks, batch, _apply)
        with torch.no_grad():
            stage.measure(networks, batch)
            stage.pictures(networks, batch)
    assert all(each.grad is not None for network in networks.values() for each in network.parameters())
    return devices


@pytest.mark.parametrize("name", STAGES)
def test_a_step_stays_on_the_device(name):
    devices = _step(STAGES[name]())
    assert devices.elsewhere == []
    assert devices.operations > 100


@pytest.mark.parametrize("name", STAGES)
def test_a_batch_is_made_on_the_device_that_is_asked_for(name):
    stage = STAGES[name]()
    batch = stage.batch([stage.items()[0], stage.items()[1]], DEVICE)
    tensors = [each for each in tree_leaves(batch) if isinstance(each, Tensor)]
    assert len(tensors) >= 5
    assert {each.device for each in tensors} == {DEVICE}


def test_the_collar_stage_draws_on_the_cpu_how_to_augment_and_does_the_rest_on_the_device():
    stage = CollarStage.__new__(CollarStage)  # its data are a world's, which a step does not need
    stage.config = CollarConfig(steps=1, width=4)
    batch = CollarBatch(torch.rand(2, 3, *SIZE, device=DEVICE), torch.rand(2, 1, *SIZE, device=DEVICE))
    networks = {"collar": CollarNetwork(4).to(DEVICE)}
    with Devices() as devices:
        stage.update(networks, batch, _apply)
    drawing = {"aten.rand.default", "aten.lt.Scalar", "aten.sort.default", "aten.argsort.default"}
    assert set(devices.elsewhere) <= drawing | {"aten._to_copy.default"}
    assert devices.elsewhere.count("aten._to_copy.default") == 2


@pytest.mark.parametrize("kind", [ProxyStage, JudgeStage])
def test_an_extractor_draws_on_the_cpu_how_to_augment_and_does_the_rest_on_the_device(kind):
    stage = kind.__new__(kind)  # its data are a world's, which a step does not need
    stage.config = ExtractorConfig(
        steps=1, width=2, world=WorldConfig(people=2, garments=0, seed=0, height=64, width=48)
    )
    pictures = [torch.rand(2, 3, *SIZE, device=DEVICE) for _ in range(2)]
    classes = [torch.zeros(2, len(each), dtype=torch.int64, device=DEVICE) for each in (PERSON, GARMENT)]
    networks = {name: network.to(DEVICE) for name, network in stage.networks().items()}
    with Devices() as devices:
        stage.update(networks, DescribedBatch(*pictures, *classes), _apply)
        stage.measure(networks, DescribedBatch(*pictures, *classes))
    drawing = {"rand", "lt", "uniform_", "zeros", "empty", "unbind", "slice", "select", "mul", "add", "copy_", "where"}
    drawing |= {"_to_copy", "scalar_tensor", "unsqueeze"}
    beside = {operation.split(".")[1] for operation in devices.elsewhere}
    assert beside <= drawing
    assert devices.operations > 500


def _spoilt(change: Callable[[Coarse], Coarse]) -> CoarseStage:
    """The coarse stage with one operation too many after its network call."""
    stage = coarse_stage()
    result = stage.result
    stage.result = lambda networks, batch: change(result(networks, batch))
    return stage


def _out_and_back(made: Coarse) -> Coarse:
    return made._replace(image=made.image.cpu().to(DEVICE))


def _value_asked_for(made: Coarse) -> Coarse:
    return made._replace(image=made.image * made.mask.mean().item())


@pytest.mark.parametrize("change", [_out_and_back, _value_asked_for])
def test_a_step_that_leaves_the_device_is_found(change):
    with pytest.raises((NotImplementedError, RuntimeError), match=r"meta tensor"):
        _step(_spoilt(change))


def test_a_tensor_made_on_the_cpu_and_brought_over_is_found():
    devices = _step(_spoilt(lambda made: made._replace(image=made.image * torch.ones(3, *SIZE).to(DEVICE))))
    assert devices.elsewhere == ["aten.ones.default", "aten._to_copy.default"] * 3  # in update, measure, pictures


def test_tensors_of_two_devices_are_found():
    stage = _spoilt(lambda made: made._replace(image=made.image * torch.tensor(2.0)))  # torch takes a number from there
    assert "aten.mul.Tensor" in _step(stage).elsewhere
