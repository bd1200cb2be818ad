"""Labels by a SegFormer that parses clothes, through the package `transformers` (extra `prepare`).

Its labels are told by the names in its configuration, never by their numbers.
"""

from __future__ import annotations

import hashlib
import re
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import torch
import torch.nn.functional as F

from viton.errors import InputError
from viton.images import Pixels
from viton.parsing import CIHP, NEAREST

DEFAULT = "mattmdjaga/segformer_b2_clothes"
MEAN, DEVIATION = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)  # ImageNet's, as SegFormers are trained
SIDE = 512  # px of the square that it sees
OTHER_NAMES = {"upper": "upper_clothes", "upperclothes": "upper_clothes", "jumpsuit": "jumpsuits", "torso_skin": "neck"}
REFUSED = (OSError, ValueError, KeyError, RuntimeError, TypeError)  # what from_pretrained raises of what it cannot load


class SegformerParser:
    """Parses photos as CIHP."""

    def __init__(self, network: Any, where: str, device: str = "cpu") -> None:
        """network: a SegformerForSemanticSegmentation.   Raises InputError when its labels are not those of clothes."""
        self.network, self.device = network.to(device).eval(), device
        self.table = label_table(network.config.id2label, where)
        self._source: dict[str, object] = {"parser": "segformer", "model": _told(where), "weights": _digest(network)}

    @property
    def source(self) -> dict[str, object]:
        return self._source

    def labels(self, name: str, photo: Pixels) -> Pixels:
        """CIHP labels (H,W); raises InputError when nothing is somebody's."""
        height, width = photo.shape[:2]
        small = cv2.resize(photo, (SIDE, SIDE), interpolation=cv2.INTER_AREA if max(height, width) > SIDE else 1)
        picture = torch.from_numpy(small).permute(2, 0, 1).float() / 255
        mean, deviation = torch.tensor(MEAN)[:, None, None], torch.tensor(DEVIATION)[:, None, None]
        with torch.no_grad():
            logits = self.network(pixel_values=((picture - mean) / deviation)[None].to(self.device)).logits
            whole = F.interpolate(logits.float().cpu(), (height, width), mode="bilinear", align_corners=False)
        found = self.table[whole[0].argmax(dim=0).numpy()]
        if not found.any():
            raise InputError(name, "a person, for the parser", "background alone")
        return np.asarray(found, np.uint8)


def label_table(id2label: dict[int, str], where: str) -> Pixels:
    """CIHP's number for each of a model's labels, by name.

    Raises InputError unless every name is known and upper clothes, face and arms are among them.
    """
    named = {int(number): _plain(name) for number, name in id2label.items()}
    names = {number: NEAREST.get(name, name) if name not in CIHP.labels else name for number, name in named.items()}
    unknown = sorted({named[number] for number, name in names.items() if name not in CIHP.labels})
    lacking = [name for name in ("background", "upper_clothes", "face", "left_arm", "right_arm")
               if name not in names.values()]  # fmt: skip
    if unknown or lacking or sorted(names) != list(range(len(names))):
        got = f"'{unknown[0]}'" if unknown else f"none called {lacking[0]}" if lacking else "numbers with gaps"
        raise InputError(where, "a parser of people and clothes, with ATR's, LIP's or CIHP's labels by name", got)
    return np.array([CIHP.labels.index(names[number]) for number in range(len(names))], np.uint8)


def _plain(name: str) -> str:
    """A label's name as ours are written: `Upper-clothes` and `Left-shoe` become upper_clothes and left_shoe."""
    plain = re.sub(r"[^a-z]+", "_", name.lower()).strip("_")
    return OTHER_NAMES.get(plain, plain)


def _told(where: str) -> str:
    """A folder's own name, or the name on the hub."""
    return Path(where).resolve().name if Path(where).is_dir() else where


def _digest(network: torch.nn.Module) -> str:
    """sha256 over the names and numbers of a network."""
    digest = hashlib.sha256()
    for name, value in sorted(network.state_dict().items()):
        digest.update(name.encode() + value.detach().cpu().contiguous().numpy().tobytes())
    return digest.hexdigest()


def load_segformer(where: str = DEFAULT, device: str = "cpu") -> SegformerParser:
    """The parser of a folder, or of a name on the hub that transformers downloads; raises InputError for what lacks."""
    try:
        from transformers import SegformerForSemanticSegmentation
    except ImportError as error:
        raise InputError(
            "transformers", "the package, for the parser (pip install 'viton[prepare]'; or --parsing FOLDER, or "
            "--approximate, which needs none)", "none installed",
        ) from error  # fmt: skip
    try:
        network = SegformerForSemanticSegmentation.from_pretrained(where, use_safetensors=True)  # no pickles
    except REFUSED as error:
        raise InputError(
            where, "a SegFormer that parses clothes: a folder, or a name on the hub and a network (or --parsing "
            "FOLDER, or --approximate, which needs none)", (str(error).splitlines() or [type(error).__name__])[0],
        ) from error  # fmt: skip
    return SegformerParser(network, where, device)
