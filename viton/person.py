"""Clothing-agnostic person representation (paper, section 3.1): what of a person may be shown to the networks.

B batch, H, W; h, w the parsing's own size. Channels, in this order (an ablation deletes a group's channels, as the
authors do):

| group      | channels | range         | fill outside                | source                                    |
|------------|----------|---------------|-----------------------------|-------------------------------------------|
| pose       | 18       | {0, 1}        | 0; an unseen joint is all 0 | 11x11 box a joint (radius 5 at H = 256)   |
| body shape | 1        | {0, 1} paper, [0, 1] authors | 0            | 16x12 at H = 256: no garment survives     |
| face, hair | 3        | [-1, 1]       | 0, mid-grey (authors' code) | RGB of the photo under those labels       |
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor

from viton.config import RepresentationConfig
from viton.coordinates import Size
from viton.data.framing import fit_labels
from viton.data.sample import Person
from viton.images import to_tensor
from viton.parsing import CLOTHING, FACE_AND_HAIR, TROUSERS, LabelMap, body_mask_of, mask_of

REDUCTION = 16  # of the body shape: 256x192 -> 16x12


class Group(NamedTuple):
    """Neighbouring channels of one kind; values outside `low`..`high` are a fault, `fill` stands for nothing."""

    name: str
    channels: int
    low: float
    high: float
    fill: float


POSE = Group("pose", 18, 0, 1, 0)
BODY_SHAPE = Group("body shape", 1, 0, 1, 0)
FACE_HAIR = Group("face and hair", 3, -1, 1, 0)


def groups(config: RepresentationConfig) -> list[Group]:
    """The groups of channels that a configuration keeps, in order; 22 channels when all are kept."""
    kept = zip((POSE, BODY_SHAPE, FACE_HAIR), (config.pose, config.body_shape, config.face_hair), strict=True)
    return [group for group, keep in kept if keep]


def represent(
    image: Tensor,
    parsing: Tensor,
    keypoints: Tensor,
    config: RepresentationConfig,
    label_map: LabelMap,
    out: Tensor | None = None,
) -> Tensor:
    """Represent people as (B,22,H,W) float32, on the device of `image`; fewer channels when groups are dropped.

    image: (B,3,H,W) in [-1,1], H and W multiples of 16.  parsing: (B,h,w) uint8 labels at any scale.
    keypoints: (B,18,3) px of (H,W), confidence 0 = unseen.  out: where to write; in a loop over batches that is four
    times as fast, since most of the time goes into fresh memory.
    """
    size = (image.shape[2], image.shape[3])
    if size[0] % REDUCTION or size[1] % REDUCTION:
        raise ValueError(f"represent: expected height and width in multiples of {REDUCTION}, got {size[0]}x{size[1]}")
    if keypoints.shape != (len(image), POSE.channels, 3):
        raise ValueError(f"keypoints: expected {(len(image), POSE.channels, 3)}, got {tuple(keypoints.shape)}")
    if parsing.ndim != 3 or len(parsing) != len(image):
        raise ValueError(f"parsing: expected ({len(image)}, h, w), got {tuple(parsing.shape)}")
    kept = groups(config)
    shape = (len(image), sum(group.channels for group in kept), *size)
    channels = image.new_empty(shape) if out is None else out
    if channels.shape != shape:
        raise ValueError(f"represent: out: expected {shape}, got {tuple(channels.shape)}")
    parts = iter(channels.split([group.channels for group in kept], dim=1))  # written in place: no copy is made
    if config.pose:
        pose_maps(keypoints, size, out=next(parts))
    if config.body_shape:
        next(parts).copy_(body_shape(parsing, size, config, label_map))
    if config.face_hair:
        face_and_hair(image, parsing, config, label_map, out=next(parts))
    return channels


def represent_people(
    people: Sequence[Person], config: RepresentationConfig, label_map: LabelMap, out: Tensor | None = None
) -> Tensor:
    """Represent loaded people as (B,22,H,W); parsings of different sizes are brought to the working size first."""
    images = torch.cat([to_tensor(person.image) for person in people])
    labels = [person.parsing for person in people]
    if len({each.shape for each in labels}) > 1:
        labels = [fit_labels(each, (images.shape[2], images.shape[3])) for each in labels]
    parsings = torch.stack([torch.from_numpy(each) for each in labels])
    keypoints = torch.stack([torch.from_numpy(person.keypoints) for person in people])
    return represent(images, parsings, keypoints, config, label_map, out)


def painted(person: Person, label_map: LabelMap, colour: tuple[int, int, int]) -> Person:
    """The person with every pixel of the garment in one colour, to see whether a representation gives it away."""
    height, width = person.image.shape[:2]
    labels = torch.from_numpy(person.parsing)[None]
    worn = F.interpolate(mask_of(labels, CLOTHING["paper"], label_map), (height, width), mode="nearest-exact")[0, 0] > 0
    image = person.image.copy()
    image[worn.numpy()] = colour
    return person._replace(image=image)


def pose_maps(keypoints: Tensor, size: Size, out: Tensor | None = None) -> Tensor:
    """One square of ones per visible joint: 11x11 at H = 256, its radius in proportion at other sizes.

    keypoints: (B,18,3) px.  Returns (B,18,H,W) in {0,1}; an unseen joint's map is all zeros.
    """
    H, W = size
    radius = max(1, round(5 * H / 256))
    x, y, seen = keypoints[..., None].unbind(2)  # each (B, 18, 1)
    columns, rows = torch.arange(W, device=keypoints.device), torch.arange(H, device=keypoints.device)
    near_x = ((columns - (x + 0.5).floor()).abs() <= radius) & (seen > 0)  # (B, 18, W)
    near_y = (rows - (y + 0.5).floor()).abs() <= radius  # (B, 18, H)
    return torch.mul(near_y[..., None].float(), near_x[:, :, None].float(), out=out)


def body_shape(parsing: Tensor, size: Size, config: RepresentationConfig, label_map: LabelMap) -> Tensor:
    """The body without head, too coarse to tell which garment it wears, (B,1,H,W).

    paper: area average to 16x12, at least half is 1, nearest up: {0,1}.  authors: bilinear up, [0,1]; TensorFlow 1's
    resize has its samples half a coarse pixel higher and further left, which is not imitated.
    """
    whole = body_mask_of(parsing, label_map, config.fidelity)
    coarse = F.adaptive_avg_pool2d(whole, (size[0] // REDUCTION, size[1] // REDUCTION))
    if config.fidelity == "authors":
        return F.interpolate(coarse, size, mode="bilinear", align_corners=False)
    return F.interpolate((coarse >= 0.5).float(), size, mode="nearest-exact")


def face_and_hair(
    image: Tensor, parsing: Tensor, config: RepresentationConfig, label_map: LabelMap, out: Tensor | None = None
) -> Tensor:
    """The photo where face and hair are (and trousers or skirt, when they are to be kept), 0 elsewhere, (B,3,H,W)."""
    names = FACE_AND_HAIR[config.fidelity] + (TROUSERS if config.keep_trousers else ())
    mask = mask_of(parsing, names, label_map)
    size = (image.shape[2], image.shape[3])
    if config.fidelity == "authors":
        mask = F.interpolate(mask, size, mode="bilinear", align_corners=False)  # a soft edge
    elif mask.shape[2:] != size:
        mask = F.interpolate(mask, size, mode="nearest-exact")
    return torch.mul(image, mask, out=out)
