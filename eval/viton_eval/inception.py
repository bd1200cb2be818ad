"""Inception-v3 as a feature extractor, in two sets of weights that must never be taken for each other. B batch.

    inception-v3-tf           TensorFlow's of 2015-12-05, in the layers that torch-fidelity ported: the network of the
                              Inception Score, FID and KID as published.  1,008 classes.  Needs the extra `oracles`
    inception-v3-torchvision  torchvision's, trained by others on the same pictures: not the paper's weights, and the
                              pooling differs at the edges.  1,000 classes.  HR-VITON's scores are by these

A file is known by its last layer's number of classes; the other kind is refused and named. Files are the user's, never
fetched. Both give `features` (B,2048), the mean over places of the last block, and `logits`; TensorFlow's also
`logits_unbiased`, without the last layer's bias, from which the Inception Score is usually made.
"""

from __future__ import annotations

import io
from collections.abc import Mapping
from pathlib import Path

import torch
import torchvision.models
from torch import Tensor, nn

from viton.coordinates import Size
from viton.errors import InputError
from viton.files import sha256_of
from viton.images import to_signed
from viton_eval.resizing import Resize
from viton_eval.weights_file import load_checked, read_weights

INPUT_SIZE: Size = (299, 299)
TENSORFLOW, TORCHVISION = "inception-v3-tf", "inception-v3-torchvision"
CLASSES = {1008: TENSORFLOW, 1000: TORCHVISION}
PUBLISHED = "6726825d"  # how the sha256 of the port that everybody uses begins, as its file name says
NOT_THE_PAPERS = "not the paper's weights"
WHERE = {
    TENSORFLOW: "Inception-v3 in TensorFlow's weights (download weights-inception-2015-12-05-6726825d.pth from "
    "torch-fidelity's releases v0.2.0 and name the file)",
    TORCHVISION: "torchvision's Inception-v3 (download "
    f"{torchvision.models.Inception_V3_Weights.IMAGENET1K_V1.url} and name the file)",
}


class Inception:
    """Inception-v3 with either set of weights."""

    input_size: Size | None = INPUT_SIZE

    def __init__(self, kind: str, body: nn.Module, last: nn.Linear, sha256: str, resize: Resize) -> None:
        self._kind, self.sha256, self.resize = kind, sha256, resize
        self._body, self._last = body.requires_grad_(False).eval(), last.requires_grad_(False)

    @property
    def name(self) -> str:
        """With what makes it another network than the papers'."""
        return f"{self._kind} ({self.note})" if self.note else self._kind

    @property
    def note(self) -> str:
        """What came instead of the papers' weights; "" when they did."""
        if self._kind == TENSORFLOW and self.sha256.startswith(PUBLISHED):
            return ""
        return NOT_THE_PAPERS if self._kind == TORCHVISION else f"not the published file {PUBLISHED}"

    def to(self, device: torch.device | str) -> Inception:
        """The same on another device."""
        self._body.to(device)
        self._last.to(device)
        return self

    def __call__(self, images: Tensor) -> Mapping[str, Tensor]:
        """float32 (B,3,299,299) in 0..255 -> features (B,2048), logits and, of TensorFlow's, logits_unbiased."""
        if self._kind == TENSORFLOW:
            features = self._body((images - 128) / 128).flatten(1)
            unbiased = features @ self._last.weight.T
            return {"features": features, "logits_unbiased": unbiased, "logits": unbiased + self._last.bias}
        features = self._body(to_signed(images))
        return {"features": features, "logits": self._last(features)}


def inception_of_tensorflow(path: Path, resize: Resize = "tf1-bilinear") -> Inception:
    """The published network from the port's file.

    resize: `tf1-bilinear` as published, `torch-bilinear` as torchmetrics, `clean-bicubic` as clean-fid.  Raises
    InputError when the file is missing, damaged or torchvision's, or when torch-fidelity is not installed.
    """
    tensors = _tensors(path, TENSORFLOW)
    network = _ported(path)
    load_checked(network, tensors, path, TENSORFLOW)
    layers = [layer for name, layer in network.named_children() if name != "fc"]  # in the order that they are run
    return Inception(TENSORFLOW, nn.Sequential(*layers), _linear(network), sha256_of(path), resize)


def inception_of_torchvision(path: Path, resize: Resize = "pil-bilinear") -> Inception:
    """Torchvision's network from its file; raises InputError when that is missing, damaged or TensorFlow's."""
    tensors = _tensors(path, TORCHVISION)
    network = torchvision.models.inception_v3(weights=None, aux_logits=False, init_weights=False)
    load_checked(network, tensors, path, TORCHVISION)
    last = _linear(network)
    network.fc = nn.Identity()
    return Inception(TORCHVISION, network, last, sha256_of(path), resize)


def kind_of(tensors: Mapping[str, Tensor]) -> str:
    """Whose Inception-v3 a state dict is: TENSORFLOW, TORCHVISION, or "" for neither."""
    last = tensors.get("fc.weight")
    if last is None or last.ndim != 2 or last.shape[1] != 2048 or "Mixed_7c.branch_pool.conv.weight" not in tensors:
        return ""
    return CLASSES.get(len(last), "")


def _tensors(path: Path, wanted: str) -> dict[str, Tensor]:
    tensors = read_weights(path, WHERE[wanted])
    found = kind_of(tensors)
    if found != wanted:
        raise InputError(path, WHERE[wanted], found or "weights of another network")
    return tensors


def _linear(network: nn.Module) -> nn.Linear:
    last = network.fc
    if not isinstance(last, nn.Linear):
        raise TypeError(f"fc: expected a linear layer, got {type(last).__name__}")
    return last


def _ported(path: Path) -> nn.Module:
    """Torch-fidelity's layers without weights."""
    try:
        from torch_fidelity.feature_extractor_inceptionv3 import FeatureExtractorInceptionV3
    except ImportError as error:
        raise InputError(path, "torch-fidelity for its layers (pip install 'viton[oracles]')", "none") from error

    class Layers(FeatureExtractorInceptionV3):
        """Reads no weights when it is made: the package unpickles whatever a file holds, code too."""

        def load_state_dict(
            self, state_dict: Mapping[str, Tensor], strict: bool = True, assign: bool = False
        ) -> object:
            return super().load_state_dict(state_dict, strict=False, assign=assign)

    empty = io.BytesIO()
    torch.save({}, empty)
    empty.seek(0)
    network: nn.Module = Layers(TENSORFLOW, ["2048"], feature_extractor_weights_path=empty)
    return network
