"""Joints by torchvision's Keypoint R-CNN, trained on COCO.

The weights are torchvision's own, downloaded by it at first use, or those of a file.
"""

from __future__ import annotations

from pathlib import Path
from urllib.error import URLError

import numpy as np
import torch
from torch import nn
from torchvision.models.detection import KeypointRCNN_ResNet50_FPN_Weights, keypointrcnn_resnet50_fpn

from viton.errors import InputError
from viton.estimate.estimates import PoseFound
from viton.files import sha256_of
from viton.images import Pixels
from viton.keypoints import Keypoints, from_coco17

NAME = "keypointrcnn_resnet50_fpn"
PERSON = 0.7  # least score of somebody
JOINT = 2.0  # least score of a joint that is seen: a logit of its heatmap
CERTAIN = 10.0  # a score that counts as a confidence of 1


class KeypointRcnn:
    """Finds people and their joints."""

    def __init__(self, network: nn.Module, source: dict[str, object], device: str = "cpu") -> None:
        """network: as torchvision's, boxes, scores, keypoints and keypoints_scores of each picture."""
        self.network, self.device = network.to(device).eval(), device
        self._source = source

    @property
    def source(self) -> dict[str, object]:
        return self._source

    def joints(self, name: str, photo: Pixels) -> PoseFound:
        """The largest person's joints; raises InputError when nobody is seen."""
        picture = torch.from_numpy(np.ascontiguousarray(photo)).permute(2, 0, 1).float() / 255
        with torch.no_grad():
            found = self.network([picture.to(self.device)])[0]
        boxes, scores = (found[key].cpu().numpy() for key in ("boxes", "scores"))
        people = np.flatnonzero(scores >= PERSON)
        if not len(people):
            best = f"{scores.max():.2f} at best" if len(scores) else "none"
            raise InputError(name, f"a person (score {PERSON} or more)", best)
        sides = boxes[people, 2:] - boxes[people, :2]
        largest = people[sides.prod(axis=1).argmax()]
        joints = np.array(found["keypoints"][largest].cpu().numpy()[:, :3], np.float64)
        joints[:, 2] = confidence(found["keypoints_scores"][largest].cpu().numpy())
        return PoseFound(_expect_joints(name, from_coco17(joints)), len(people))


def confidence(scores: np.ndarray) -> np.ndarray:
    """Heatmap logits -> confidences in [0,1]; 0, unseen, below JOINT."""
    return np.where(scores >= JOINT, (scores / CERTAIN).clip(0, 1), 0)


def _expect_joints(name: str, joints: Keypoints) -> Keypoints:
    if not (joints[:, 2] > 0).any():
        raise InputError(name, "a person with at least one visible joint", "none")
    return joints


def load_pose(weights: Path | None, device: str = "cpu") -> KeypointRcnn:
    """The network with weights of a file, or with torchvision's; raises InputError when there are none to be had."""
    network = keypointrcnn_resnet50_fpn(weights=None, weights_backbone=None)
    if weights is None:
        state, told = _downloaded(), {"weights": str(KeypointRCNN_ResNet50_FPN_Weights.COCO_V1)}
    else:
        state, told = _state_of(weights), {"weights": weights.name, "sha256": sha256_of(weights)}
    try:
        network.load_state_dict(state)
    except (RuntimeError, TypeError, AttributeError) as error:
        raise InputError(weights or NAME, f"the weights of torchvision's {NAME}", "another network's") from error
    return KeypointRcnn(network, {"pose": NAME, **told}, device)


def _downloaded() -> dict[str, torch.Tensor]:
    try:
        return dict(KeypointRCNN_ResNet50_FPN_Weights.COCO_V1.get_state_dict(progress=True, check_hash=True))
    except (URLError, OSError, RuntimeError) as error:  # RuntimeError: torch says so of a wrong hash
        raise InputError(
            f"torchvision's {NAME}", "its weights, by download (or --pose-weights FILE, --keypoints FOLDER, or "
            "--approximate, which needs none)", str(error).splitlines()[0],
        ) from error  # fmt: skip


def _state_of(path: Path) -> dict[str, torch.Tensor]:
    if not path.is_file():
        raise InputError(path, f"the weights of torchvision's {NAME}", "no such file")
    try:
        state = torch.load(path, map_location="cpu", weights_only=True)
    except Exception as error:  # a damaged pickle raises anything, and torch's reason is to trust it all the same
        raise InputError(path, "a state dictionary of tensors", "a damaged file, or none of them") from error
    if not isinstance(state, dict):
        raise InputError(path, "a state dictionary of tensors", type(state).__name__)
    return state
