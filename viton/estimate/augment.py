"""Made-up people as other cameras, rooms and frames would show them, so that a network learns bodies, not a renderer.

B, H, W. Everything is drawn from torch's generator.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor

from viton.keypoints import COCO18
from viton.mirror import other_side
from viton.parsing import CIHP

IGNORED = 255  # label of what is covered
SHRINK, GROW = 0.55, 1.25  # range of scales
PALE = 0.25  # share of pale clothes, and of pale walls: catalogues show white before white
SHIFT, LEAN = 0.16, 0.14  # shares of the picture; radians
HEAD = [CIHP.labels.index(name) for name in ("face", "neck", "left_arm", "right_arm", "left_leg", "right_leg", "hair")]


class People(NamedTuple):
    """A batch of photos and what is true of them."""

    photo: Tensor  # (B, 3, H, W) in [-1,1]
    labels: Tensor  # (B, H, W) int64, CIHP
    joints: Tensor  # (B, 18, 3) px, and whether it is seen


def augmented(people: People) -> People:
    """The batch in other colours, before other backgrounds, mirrored, moved, blurred and partly covered."""
    photo = _recoloured(people.photo, people.labels)
    photo, labels, joints = moved(photo, people.labels, people.joints)
    photo = _before_backgrounds(photo, labels)
    photo = _exposed(_blurred(photo))
    photo, labels = _covered(photo, labels)
    return People(photo + torch.randn_like(photo) * _each(photo, 0.0, 0.06), labels, joints)


def _each(like: Tensor, low: float, high: float, channels: int = 1) -> Tensor:
    """A random number for each picture (B,channels,1,1)."""
    return torch.empty(len(like), channels, 1, 1).uniform_(low, high).to(like.device)


def _chosen(like: Tensor, share: float) -> Tensor:
    return (torch.rand(len(like), 1, 1, 1) < share).to(like.device)


def _clouds(like: Tensor, size: Sequence[int], cells: int, channels: int = 3) -> Tensor:
    """Smooth random patterns (B,channels,H,W) in about [-1,1], of a number of cells across."""
    rough = torch.rand(len(like), channels, max(2, cells * 4 // 3), max(2, cells)) * 2 - 1
    return F.interpolate(rough, size=list(size), mode="bilinear", align_corners=True).to(like.device)


def _recoloured(photo: Tensor, labels: Tensor) -> Tensor:
    """Clothes in any colour and with a pattern now and then, and skin and hair in other tones."""
    size = photo.shape[2:]
    skin = torch.isin(labels, torch.tensor(HEAD, device=labels.device))[:, None]
    cloth = (labels > 0)[:, None] & ~skin
    mixed = torch.einsum("bij,bjhw->bihw", _mixing(len(photo)).to(photo.device), photo)
    mixed = mixed * _each(photo, 0.4, 1.2) + _each(photo, -0.5, 0.5, 3)
    for cells in (6, 24):
        mixed = mixed + _chosen(photo, 0.35) * _each(photo, 0.1, 0.7) * _clouds(photo, size, cells)
    photo = torch.where(cloth & _chosen(photo, 0.7), mixed, photo)
    photo = torch.where(cloth & _chosen(photo, PALE), 0.3 * photo + _each(photo, 0.5, 0.7), photo)
    lit = photo + _each(photo, 0.0, 0.25) * _clouds(photo, size, 4, 1)
    toned = lit * _each(photo, 0.6, 1.1) * _each(photo, 0.9, 1.1, 3) + _each(photo, -0.1, 0.1)
    photo = torch.where(skin & _chosen(photo, 0.6), toned, lit)
    return photo.clamp(-1, 1)


def _mixing(count: int) -> Tensor:
    """Matrices (count,3,3) that exchange and blend colour channels."""
    mixing = torch.rand(count, 3, 3)
    return mixing / mixing.sum(dim=2, keepdim=True)


def moved(photo: Tensor, labels: Tensor, joints: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """Pictures scaled, leaning, moved, half of them mirrored; what comes in from outside continues the border."""
    count, (H, W) = len(photo), photo.shape[2:]
    mirrored = torch.rand(count) < 0.5
    scale = torch.exp(torch.empty(count).uniform_(*torch.tensor([SHRINK, GROW]).log().tolist()))
    wide = scale * torch.empty(count).uniform_(0.88, 1.12)
    angle = torch.empty(count).uniform_(-LEAN, LEAN)
    shift = torch.empty(count, 2).uniform_(-SHIFT, SHIFT) * torch.tensor([W, H])
    side = torch.where(mirrored, -1.0, 1.0)
    forward = torch.stack(  # px about the centre -> px about the centre
        [torch.stack([wide * side * angle.cos(), -scale * angle.sin()], 1),
         torch.stack([wide * side * angle.sin(), scale * angle.cos()], 1)], 1,
    )  # fmt: skip
    backward = torch.linalg.inv(forward)
    half = torch.tensor([(W - 1) / 2, (H - 1) / 2])
    theta = torch.cat(
        [backward * half[None, None] / half[None, :, None], -(backward @ shift[..., None]) / half[None, :, None]], dim=2
    )
    grid = F.affine_grid(theta.to(photo.device), [count, 1, H, W], align_corners=True)
    moved = F.grid_sample(photo, grid, padding_mode="border", align_corners=True)
    turned = F.grid_sample(labels[:, None].float(), grid, mode="nearest", padding_mode="border", align_corners=True)[
        :, 0
    ].long()
    mirrored, forward, shift, half = (each.to(photo.device) for each in (mirrored, forward, shift, half))
    swap_labels, swap_joints = (torch.tensor(other_side(n), device=photo.device) for n in (CIHP.labels, COCO18))
    turned = torch.where(mirrored[:, None, None], swap_labels[turned], turned)
    places = torch.einsum("bij,bnj->bni", forward, joints[..., :2] - half) + half + shift[:, None]
    inside = ((places >= 0) & (places <= 2 * half)).all(dim=2) & (joints[..., 2] > 0)
    moved_joints = torch.cat([places, inside[..., None].float()], dim=2)
    return moved, turned, torch.where(mirrored[:, None, None], moved_joints[:, swap_joints], moved_joints)


def _before_backgrounds(photo: Tensor, labels: Tensor) -> Tensor:
    """Some people before other walls: plain, shaded, or busy."""
    size = photo.shape[2:]
    wall = _each(photo, -1, 1) + _each(photo, -0.3, 0.3, 3) + _each(photo, 0, 0.3) * _clouds(photo, size, 2, 1)
    busy = _chosen(photo, 0.4)
    for cells in (3, 8, 24):
        wall = wall + busy * _each(photo, 0, 0.7) * _clouds(photo, size, cells)
    tilted = photo[torch.randperm(len(photo))].flip(2 if torch.rand(()) < 0.5 else 3)
    wall = torch.where(_chosen(photo, 0.1), tilted, wall)
    wall = torch.where(_chosen(photo, PALE), 0.15 * wall + _each(photo, 0.5, 0.85), wall).clamp(-1, 1)
    cover = F.avg_pool2d((labels > 0)[:, None].float(), 3, stride=1, padding=1)
    cover = torch.where((labels > 0)[:, None], cover.clamp(min=0.6), cover.clamp(max=0.4))
    return torch.where(_chosen(photo, 0.5), photo * cover + wall * (1 - cover), photo)


def _blurred(photo: Tensor) -> Tensor:
    soft = F.avg_pool2d(F.pad(photo, (1, 1, 1, 1), mode="replicate"), 3, stride=1)
    return photo + (soft - photo) * _each(photo, -0.8, 0.9)  # below 0 it is sharpened


def _exposed(photo: Tensor) -> Tensor:
    """Another camera's exposure, contrast and white balance."""
    gamma = torch.exp(_each(photo, -0.4, 0.4))
    photo = ((photo.clamp(-1, 1) + 1) / 2 + 1e-4) ** gamma * 2 - 1
    return (photo * _each(photo, 0.75, 1.25) + _each(photo, -0.15, 0.15) + _each(photo, -0.06, 0.06, 3)).clamp(-1, 1)


def _covered(photo: Tensor, labels: Tensor) -> tuple[Tensor, Tensor]:
    """A box of any colour over a part of some pictures; what it covers is not asked for."""
    H, W = photo.shape[2:]
    rows, columns = torch.arange(H, device=photo.device)[:, None], torch.arange(W, device=photo.device)
    top, left, height, width = (_each(photo, 0, 1)[:, 0] for _ in range(4))
    inside = (rows >= top * H) & (rows < top * H + (0.05 + 0.2 * height) * H)
    inside = inside & (columns >= left * W) & (columns < left * W + (0.05 + 0.25 * width) * W)
    inside = inside[:, None] & _chosen(photo, 0.25)
    return torch.where(inside, _each(photo, -1, 1, 3), photo), labels.masked_fill(inside[:, 0], IGNORED)
