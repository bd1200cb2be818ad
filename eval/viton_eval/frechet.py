"""Frechet distance of two sets of features (Heusel et al. 2017): |m1 - m2|^2 + tr(S1 + S2 - 2 (S1 S2)^(1/2)). N, D.

m means, S covariances with ddof 1, float64. No matrix square root is taken: with S = A'A, the trace of (S1 S2)^(1/2) is
the sum of the singular values of A1 A2'. A is the triangular factor of the centred features (QR), or of a given
covariance its eigenvectors by the roots of the eigenvalues, negative ones of rounding set to 0. So there is no product
S1 S2 whose eigenvalues come out negative or complex, and covariances without full rank lose no digits; libraries that
take roots of the eigenvalues of S1 S2 turn a rounding error of 1e-16 into one of 1e-8 a dimension there.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

Matrix = NDArray[np.float64]
ASYMMETRY = 1e-8  # of a covariance, as a share of its largest number


class Frechet(NamedTuple):
    """A distance, >= 0, in squared units of the features."""

    value: float
    n: int  # pictures of the first set
    n_other: int  # of the second
    dims: int
    warning: str  # what makes the value doubtful; "" when nothing does


class Moments(NamedTuple):
    """What the distance knows of a set of features."""

    mean: Matrix  # (D,)
    factor: Matrix  # (R,D) with factor' factor the covariance
    n: int


def frechet_distance(features: ArrayLike, others: ArrayLike) -> Frechet:
    """The distance of features (N,D) and (M,D), N and M at least 2, in any order.

    Raises ValueError for other shapes or numbers that are not finite.
    """
    return frechet_of_moments(moments_of(features), moments_of(others))


def moments_of(features: ArrayLike) -> Moments:
    """Mean and covariance of features (N,D), N at least 2; raises ValueError for what has none."""
    rows = np.asarray(features, np.float64)
    if rows.ndim != 2 or len(rows) < 2 or not rows.shape[1]:
        raise ValueError(f"features: expected the shape (N, D), N at least 2, got {rows.shape}")
    if not np.isfinite(rows).all():
        raise ValueError("features: expected finite numbers, got others")
    mean = rows.mean(axis=0)
    centred = (rows - mean) / np.sqrt(len(rows) - 1)
    factor = np.linalg.qr(centred, mode="r") if len(rows) > rows.shape[1] else centred
    return Moments(mean, np.asarray(factor), len(rows))


def moments_of_covariance(mean: ArrayLike, covariance: ArrayLike, n: int) -> Moments:
    """The moments of n pictures of which only mean (D,) and covariance (D,D) are kept, as in statistics files.

    Raises ValueError for other shapes, numbers that are not finite, or a matrix that is not symmetric.
    """
    centre, matrix = np.asarray(mean, np.float64), np.asarray(covariance, np.float64)
    if centre.ndim != 1 or matrix.shape != (len(centre), len(centre)) or not len(centre):
        raise ValueError(f"covariance: expected (D,) and (D, D), got {centre.shape} and {matrix.shape}")
    if not (np.isfinite(centre).all() and np.isfinite(matrix).all()):
        raise ValueError("covariance: expected finite numbers, got others")
    if np.abs(matrix - matrix.T).max() > ASYMMETRY * np.abs(matrix).max():
        raise ValueError("covariance: expected a symmetric matrix, got another")
    values, vectors = np.linalg.eigh((matrix + matrix.T) / 2)
    return Moments(centre, np.sqrt(values.clip(0))[:, None] * vectors.T, n)


def frechet_of_moments(one: Moments, other: Moments) -> Frechet:
    """The distance of two sets by their moments, 0 where rounding would make it negative; raises ValueError."""
    dims = len(one.mean)
    if len(other.mean) != dims:
        raise ValueError(f"features: expected as many dimensions in both sets, got {dims} and {len(other.mean)}")
    apart = one.mean - other.mean
    traces = (one.factor**2).sum() + (other.factor**2).sum()
    shared = np.linalg.svd(one.factor @ other.factor.T, compute_uv=False).sum()
    return Frechet(max(0.0, float(apart @ apart + traces - 2 * shared)), one.n, other.n, dims, _warning(one, other))


def _warning(one: Moments, other: Moments) -> str:
    fewest, dims = min(one.n, other.n), len(one.mean)
    if fewest > dims:
        return ""
    return f"{fewest} pictures for {dims} dimensions: the covariance is not of full rank, prefer the kernel distance"
