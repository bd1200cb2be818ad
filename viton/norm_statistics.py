"""Batch-norm statistics of trained networks, taken anew over training batches (DESIGN: fidelity, last paragraph).

Running averages lag behind the weights and depend on the last batches; a cumulative average over many does neither.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping

from torch import nn
from torch.nn.modules.batchnorm import _BatchNorm


def recompute(networks: Mapping[str, nn.Module], forward: Callable[[list], object], batches: Iterable[list]) -> None:
    """Run `forward` on every batch while only batch norms are in training mode; afterwards all are in eval mode.

    A norm that no batch reaches, as in a discriminator that only training calls, keeps what it had.
    """
    norms = [module for network in networks.values() for module in network.modules() if isinstance(module, _BatchNorm)]
    momenta = [norm.momentum for norm in norms]
    kept = [{name: value.clone() for name, value in norm.state_dict().items()} for norm in norms]
    for network in networks.values():
        network.eval()
    if not norms:
        return
    for norm in norms:
        norm.reset_running_stats()
        norm.momentum = None  # cumulative
        norm.train()
    for batch in batches:
        forward(batch)
    for norm, momentum, state in zip(norms, momenta, kept, strict=True):
        norm.momentum = momentum
        norm.eval()
        if not norm.num_batches_tracked:
            norm.load_state_dict(state)
