"""Thin-plate splines (Bookstein 1989): the smoothest map of the plane through given point pairs.

B batch, N knots, M points. f(x) = a + A x + sum_i w_i U(|x - k_i|), U(r) = r^2 log r^2, and w satisfies
sum w_i = 0, sum w_i k_i = 0, so that f becomes affine far away. Everything in float64: the kernel matrix is badly
conditioned.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import torch
from torch import Tensor


def kernel(points: Tensor, knots: Tensor) -> Tensor:
    """U(r) = r^2 log r^2 between (B,M,2) and (B,N,2) as (B,M,N), and 0 at r = 0."""
    r2 = (points[..., :, None, 0] - knots[..., None, :, 0]).square_()
    r2 += (points[..., :, None, 1] - knots[..., None, :, 1]).square_()
    return r2.clamp(min=torch.finfo(r2.dtype).tiny).log_().mul_(r2)  # U(0) = 0


class ThinPlateSpline(NamedTuple):
    """A map of the plane; equal to an affine map exactly when `bend` is zero."""

    knots: Tensor  # (B, N, 2)
    bend: Tensor  # (B, N, 2) kernel weights w
    affine: Tensor  # (B, 3, 2) rows: offset a, then A's x and y

    @classmethod
    def fit(cls, source: Tensor, target: Tensor, smoothing: float = 0.0, gram: Tensor | None = None) -> ThinPlateSpline:
        """The spline f that minimises |f(source) - target|^2 + smoothing * bending (Bookstein, with Wahba's ridge).

        source, target: (B,N,2) float64, N >= 3, sources not on one line.  smoothing 0 passes through every target.
        gram: kernel(source, source), for who has it already.
        """
        B, N, _ = source.shape
        P = torch.cat([source.new_ones(B, N, 1), source], dim=2)  # (B, N, 3)
        L = source.new_zeros(B, N + 3, N + 3)
        L[:, :N, :N] = kernel(source, source) if gram is None else gram
        L[:, :N, :N].diagonal(dim1=1, dim2=2).add_(smoothing)
        L[:, :N, N:], L[:, N:, :N] = P, P.transpose(1, 2)
        solution = torch.linalg.solve(L, torch.cat([target, target.new_zeros(B, 3, 2)], dim=1))
        return cls(source, solution[:, :N], solution[:, N:])

    def __call__(self, points: Tensor) -> Tensor:
        """Map (B,M,2) points, or (M,2) ones shared by the batch, to (B,M,2)."""
        shared = points.expand(len(self.knots), *points.shape[-2:])
        mapped = torch.baddbmm(self.affine[:, :1], shared, self.affine[:, 1:])
        return mapped.baddbmm_(kernel(shared, self.knots), self.bend)

    def to(self, device: torch.device) -> ThinPlateSpline:
        return ThinPlateSpline(self.knots.to(device), self.bend.to(device), self.affine.to(device))

    def bending_energy(self) -> Tensor:
        """The integral over the plane of f_xx^2 + 2 f_xy^2 + f_yy^2, summed over both coordinates, (B,).

        It is 16 pi tr(w' K w) for U = r^2 log r^2.  A uniform change of the unit of length leaves it as it is.
        """
        K = kernel(self.knots, self.knots)
        return 16 * math.pi * (self.bend * (K @ self.bend)).sum(dim=(1, 2)).clamp(min=0)

    def jacobian_determinant(self, points: Tensor) -> Tensor:
        """det of the derivative at (M,2) points, (B,M): zero or below where the map folds over itself."""
        x, y = (points[None, :, None] - self.knots[:, None]).unbind(-1)  # each (B, M, N)
        r2 = x.square() + y.square()
        slope = 2 * (1 + torch.where(r2 > 0, r2, 1).log())  # dU/dx is x times it
        fx = (x * slope) @ self.bend + self.affine[:, None, 1]  # (B, M, 2)
        fy = (y * slope) @ self.bend + self.affine[:, None, 2]
        return fx[..., 0] * fy[..., 1] - fx[..., 1] * fy[..., 0]
