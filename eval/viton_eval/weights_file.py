"""Networks' weights from a user's file: tensors alone are read, and only those that the network has."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from pathlib import Path

import torch
from torch import Tensor, nn

from viton.checkpoint import read_tensors
from viton.errors import InputError


def read_weights(path: Path, what: str) -> dict[str, Tensor]:
    """The tensors of a .safetensors or of a state dict by torch.save, on the CPU; code in it is never run.

    what: whose weights they should be and how to get them, for the message.   Raises InputError when the file is
    missing, damaged, or no state dict.
    """
    if not path.is_file():
        raise InputError(path, what, "no such file")
    if path.suffix == ".safetensors":
        return read_tensors(path)
    try:
        content = torch.load(path, map_location="cpu", weights_only=True)
    except Exception as error:  # a damaged pickle raises anything; the reason does not fit a line
        raise InputError(path, f"a whole file of tensors alone: {what}", "something else") from error
    if not isinstance(content, dict):
        raise InputError(path, f"tensors by name: {what}", type(content).__name__)
    return {name: each for name, each in content.items() if isinstance(name, str) and isinstance(each, Tensor)}


def load_checked(network: nn.Module, tensors: Mapping[str, Tensor], where: str | Path, what: str) -> None:
    """Load what the network has from tensors, which may hold more; raises InputError unless all fits and is finite."""
    wanted = network.state_dict()
    for name, tensor in wanted.items():
        expected = f"{name} in the shape {tuple(tensor.shape)} of {what}"
        if name not in tensors:
            if name.endswith("num_batches_tracked"):
                continue  # counts training steps; files from before PyTorch 0.4 have none
            raise InputError(where, expected, "no such tensor")
        if tensors[name].shape != tensor.shape:
            raise InputError(where, expected, str(tuple(tensors[name].shape)))
        if not tensors[name].isfinite().all():
            raise InputError(where, f"finite numbers in {name} of {what}", "others")
    network.load_state_dict({name: tensors[name] for name in wanted if name in tensors}, strict=False)


def digest_of_network(network: nn.Module) -> str:
    """The sha256 of a network's parameters and buffers with their names, shapes and types, for want of a file."""
    digest = hashlib.sha256()
    for name, tensor in sorted(network.state_dict().items()):
        digest.update(f"{name} {tuple(tensor.shape)} {tensor.dtype}\n".encode())
        digest.update(tensor.detach().cpu().contiguous().reshape(-1).view(torch.uint8).numpy().tobytes())
    return digest.hexdigest()
