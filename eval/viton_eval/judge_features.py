"""The project's judge as a feature extractor, for numbers by proxy: no number of it stands beside one of Inception-v3.

B batch, H, W. `features` (B,D) are the means over places of its five depths. `proxy_logits` (B,36) are verdicts from
which a proxy Inception Score is made: one softmax over the made-up world's types of garment times its patterns. The
judge reads type and pattern apart; the logit of a type with a pattern is the sum of theirs, so that the softmax of all
is the product of the two.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import torch
from torch import Tensor

from viton.attributes import ATTRIBUTES
from viton.checkpoint import StageFolder, read_tensors
from viton.coordinates import Size
from viton.extractors import CLASSES, AttributeReader
from viton.images import to_signed
from viton.judge import load_judge
from viton_eval.resizing import Resize
from viton_eval.weights_file import load_checked

PREFIX = "judge."  # of the stage's parameters in its file
VERDICT = ("type", "pattern")  # of ATTRIBUTES


class JudgeExtractor:
    """A trained judge with its heads; pictures stay as large as they are, in multiples of 16."""

    name = "judge-proxy"
    input_size: Size | None = None
    resize: Resize = "none"

    def __init__(self, reader: AttributeReader, sha256: str) -> None:
        self.reader, self.sha256 = reader.requires_grad_(False).eval(), sha256

    @classmethod
    def of_stage(cls, folder: Path) -> JudgeExtractor:
        """The judge trained in a stage's folder; raises InputError when it is not trained, damaged or another's."""
        stage = StageFolder(folder)
        sha256 = stage.digest()
        reader = AttributeReader(load_judge(stage.weights))
        own = {name.removeprefix(PREFIX): tensor for name, tensor in read_tensors(stage.weights).items()}
        load_checked(reader, own, stage.weights, "the judge")
        return cls(reader, sha256)

    def to(self, device: torch.device | str) -> JudgeExtractor:
        """The same judge on another device."""
        self.reader.to(device)
        return self

    def __call__(self, images: Tensor) -> Mapping[str, Tensor]:
        """float32 (B,3,H,W) in 0..255 -> features (B,D) and proxy_logits (B,36); raises ValueError for other sizes."""
        if images.shape[2] % 16 or images.shape[3] % 16:
            raise ValueError(f"images: expected height and width in multiples of 16, got {tuple(images.shape)}")
        return self.of_depths(self.reader.body(to_signed(images)))

    @torch.no_grad()
    def of_depths(self, depths: Sequence[Tensor]) -> Mapping[str, Tensor]:
        """The same from what the network says of the pictures, its five depths (B,C,h,w)."""
        features = torch.cat([depth.float().mean(dim=(2, 3)) for depth in depths], dim=1)
        logits = dict(zip(_names(), self.reader.heads(self.reader.norm(features)).split(CLASSES, dim=1), strict=True))
        kinds, patterns = (logits[name] for name in VERDICT)
        return {"features": features, "proxy_logits": (kinds[:, :, None] + patterns[:, None]).flatten(1)}


class ToldExtractor:
    """A judge's extractor for some pictures of which its network has said what it says: it does not ask again."""

    def __init__(self, extractor: JudgeExtractor, depths: Sequence[Tensor]) -> None:
        self.extractor, self.depths = extractor, depths
        self.name, self.sha256 = extractor.name, extractor.sha256
        self.input_size, self.resize = extractor.input_size, extractor.resize

    def __call__(self, images: Tensor) -> Mapping[str, Tensor]:
        """As JudgeExtractor; raises ValueError for other pictures than it was told of, as far as their number says."""
        if len(images) != len(self.depths[0]):
            raise ValueError(f"images: expected {len(self.depths[0])}, which the judge has seen, got {len(images)}")
        return self.extractor.of_depths(self.depths)


def _names() -> list[str]:
    return [attribute.name for attribute in ATTRIBUTES]
