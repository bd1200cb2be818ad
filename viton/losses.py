"""Loss terms that several stages share; the perceptual one has a file of its own.

B batch, H, W. Every term is a scalar, reduced in float32 whatever the networks' precision. Reductions are means, as in
the authors' code; total variation alone is a sum over the picture.
"""

from __future__ import annotations

from collections.abc import Mapping

import torch
import torch.nn.functional as F
from torch import Tensor

PAPER_PIXELS = 256 * 192  # the size at which the paper's lambda_TV was chosen


def l1(image: Tensor, target: Tensor) -> Tensor:
    """Mean absolute difference of two tensors of one shape; raises ValueError where torch would repeat the smaller."""
    if image.shape != target.shape:
        raise ValueError(f"l1: expected two tensors of one shape, got {tuple(image.shape)} and {tuple(target.shape)}")
    return F.l1_loss(image.float(), target.float())


def total_variation(alpha: Tensor) -> Tensor:
    """|grad alpha|_1 of equation 4: differences of neighbours below and beside, summed, mean over the batch.

    alpha: (B,1,H,W).  Scaled by (256*192)/(H*W), which makes it 49,152 times the mean slope of a pixel: alike for one
    texture at any size.  An outline is longer among fewer pixels, hence its term grows by 256/H, and a weight meant for
    256x192 has to shrink by H/256.
    """
    alpha = alpha.float()
    variation = alpha.diff(dim=2).abs().sum(dim=(1, 2, 3)) + alpha.diff(dim=3).abs().sum(dim=(1, 2, 3))  # (B,)
    return variation.mean() * (PAPER_PIXELS / (alpha.shape[2] * alpha.shape[3]))


def real_loss(logits: Tensor) -> Tensor:
    """-log sigmoid(logits), mean: a discriminator's on real pictures, and its adversary's on made ones."""
    return F.softplus(-logits.float()).mean()


def fake_loss(logits: Tensor) -> Tensor:
    """-log(1 - sigmoid(logits)), mean: a discriminator's on what is not real."""
    return F.softplus(logits.float()).mean()


def weighted(terms: Mapping[str, Tensor], weights: Mapping[str, float]) -> dict[str, Tensor]:
    """The terms as they are and, as "total", their sum with the weights of the same names.

    Raises KeyError for a term without a weight, a weight without a term, and a term that is called "total".
    """
    if "total" in terms:
        raise KeyError('weighted: expected terms only, got one named "total"')
    if terms.keys() != weights.keys():
        bare, idle = sorted(terms.keys() - weights.keys()), sorted(weights.keys() - terms.keys())
        raise KeyError(f"weighted: terms without a weight: {bare}; weights without a term: {idle}")
    total = torch.stack([weights[name] * term.float() for name, term in terms.items()]).sum()
    return {**terms, "total": total}
