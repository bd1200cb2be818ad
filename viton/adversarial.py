"""What the stages with a discriminator share; their losses are `real_loss` and `fake_loss` of viton/losses.py."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from torch import nn


@contextmanager
def frozen(network: nn.Module) -> Iterator[None]:
    """What is computed inside sends gradients through `network` to its input, and none to its parameters.

    The backward pass may come later.  Parameters that were frozen before stay so.
    """
    parameters = [parameter for parameter in network.parameters() if parameter.requires_grad]
    for parameter in parameters:
        parameter.requires_grad_(False)
    try:
        yield
    finally:
        for parameter in parameters:
            parameter.requires_grad_(True)
