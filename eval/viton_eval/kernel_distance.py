"""Kernel distance of two sets of features, KID (Binkowski et al. 2018): the unbiased squared MMD, k = (x.y/D + 1)^3.

N, M pictures, D dimensions. Two estimates of the same quantity, both may be negative for sets of one distribution:

    kernel_distance          of all pictures at once: the most precise that the pictures allow, nothing drawn.  Its
                             interval is a block jackknife's: one block of pictures after another is left out, of both
                             sets; value +- 1.96 standard errors.  A jackknife and no bootstrap, for drawing pictures
                             with replacement puts k(x,x), the diagonal that the unbiased estimate leaves out, back in,
                             and biases it; and a standard deviation over subsets, as libraries print it, says how much
                             a subset tells, not how much all pictures do
    subset_kernel_distance   the mean over random subsets, as torch-fidelity draws them: for numbers beside others'

Where both sets are of one distribution the estimate is degenerate (its spread shrinks faster than the normal theory
behind 1.96 knows) and the interval is only roughly a 95% one.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

Matrix = NDArray[np.float64]
Labels = NDArray[np.intp]
DEGREE, COEF0 = 3, 1.0  # of the kernel; gamma is 1/D
NORMAL_95 = 1.959964  # standard errors on each side of a normal 95% interval
ROWS = 512  # of the kernel matrix that are in memory at a time
TORCH_FIDELITY_SEED = 2020


class KernelDistance(NamedTuple):
    """The estimate from all pictures with its 95% interval."""

    value: float
    low: float
    high: float
    n: int  # pictures of the first set
    n_other: int  # of the second
    dims: int
    blocks: int  # left out in turn


class SubsetKernelDistance(NamedTuple):
    """The mean over random subsets, and what decided it."""

    mean: float
    std: float  # over the subsets, ddof 0
    n: int
    n_other: int
    dims: int
    subsets: int
    size: int
    seed: int


def kernel_distance(
    features: ArrayLike, others: ArrayLike, blocks: tuple[Sequence[str], Sequence[str]] | None = None
) -> KernelDistance:
    """The unbiased estimate from all of features (N,D) and (M,D), in any order, with its jackknife interval.

    blocks: a name a picture for each set; pictures of one name, also across the sets, depend on each other (a person
    tried on twice, and the person's own photo) and are left out together.  None: every picture is a block of its own.
    Raises ValueError for other shapes, numbers that are not finite, or fewer than two pictures when a block is left
    out.
    """
    x, y = _pair(features, others)
    labels_x, labels_y, count = _labels(len(x), len(y), blocks)
    within_x, within_y = (_sums(x, x, labels_x, labels_x, count, True), _sums(y, y, labels_y, labels_y, count, True))
    across = _sums(x, y, labels_x, labels_y, count, False)
    n, m = np.bincount(labels_x, minlength=count), np.bincount(labels_y, minlength=count)
    if len(x) - n.max() < 2 or len(y) - m.max() < 2:
        raise ValueError(f"blocks: expected two pictures a set beside each block, got {len(x)} and {len(y)} in all")
    value = float(_estimate(within_x.total, within_y.total, across.total, len(x), len(y)))
    left = _estimate(within_x.without(), within_y.without(), across.without(), len(x) - n, len(y) - m)
    error = float(np.sqrt((count - 1) / count * ((left - left.mean()) ** 2).sum()))
    reach = NORMAL_95 * error
    return KernelDistance(value, value - reach, value + reach, len(x), len(y), x.shape[1], count)


def subset_kernel_distance(
    features: ArrayLike, others: ArrayLike, subsets: int = 100, size: int = 1000, seed: int = TORCH_FIDELITY_SEED
) -> SubsetKernelDistance:
    """Mean and spread of the unbiased estimate over random subsets of `size` pictures of each set.

    Subsets are drawn without replacement, by NumPy's RandomState(seed), first of the one set, then of the other.
    Raises ValueError for other shapes, numbers that are not finite, or a size above the number of pictures.
    """
    x, y = _pair(features, others)
    if not 2 <= size <= min(len(x), len(y)):
        raise ValueError(f"size: expected 2 to {min(len(x), len(y))}, the pictures of the smaller set, got {size}")
    if subsets < 1:
        raise ValueError(f"subsets: expected at least 1, got {subsets}")
    generator, found = np.random.RandomState(seed), np.empty(subsets)
    for number in range(subsets):
        one = x[generator.choice(len(x), size, replace=False)]
        other = y[generator.choice(len(y), size, replace=False)]
        found[number] = _estimate(_off_diagonal(one), _off_diagonal(other), kernel_matrix(one, other).sum(), size, size)
    return SubsetKernelDistance(
        float(found.mean()), float(found.std()), len(x), len(y), x.shape[1], subsets, size, seed
    )


class _Sums(NamedTuple):
    """Sums of a kernel matrix without its diagonal, where it is of a set with itself; (B,) a number a block."""

    total: float
    rows: Matrix  # of the rows of each block
    columns: Matrix  # of its columns
    own: Matrix  # where both are of the block

    def without(self) -> Matrix:
        """The sum when a block is left out, (B,)."""
        return self.total - self.rows - self.columns + self.own


def _sums(x: Matrix, y: Matrix, labels_x: Labels, labels_y: Labels, count: int, within: bool) -> _Sums:
    """Sums by block, a strip of rows of the kernel matrix at a time; `within` a set none meets itself."""
    rows, columns, own = np.zeros(len(x)), np.zeros(len(y)), np.zeros(len(x))
    for start in range(0, len(x), ROWS):
        strip = slice(start, min(start + ROWS, len(x)))
        kernel = kernel_matrix(x[strip], y)
        if within:
            kernel[np.arange(len(kernel)), np.arange(strip.start, strip.stop)] = 0
        rows[strip] = kernel.sum(axis=1)
        columns += kernel.sum(axis=0)
        own[strip] = kernel.sum(axis=1, where=labels_x[strip, None] == labels_y[None])
    return _Sums(
        float(rows.sum()),
        _by_block(labels_x, rows, count),
        _by_block(labels_y, columns, count),
        _by_block(labels_x, own, count),
    )


def _by_block(labels: Labels, values: Matrix, count: int) -> Matrix:
    """The sum of each block's values, (B,)."""
    return np.bincount(labels, values, count).astype(np.float64)


def _estimate(
    within_x: float | Matrix, within_y: float | Matrix, across: float | Matrix, n: int | Labels, m: int | Labels
) -> Matrix:
    """The unbiased estimate from sums over n and m pictures, which are means over unlike pairs; of one or many sums."""
    return np.asarray(within_x / (n * (n - 1)) + within_y / (m * (m - 1)) - 2 * across / (n * m), np.float64)


def kernel_matrix(x: Matrix, y: Matrix) -> Matrix:
    return np.asarray((x @ y.T / x.shape[1] + COEF0) ** DEGREE)


def _off_diagonal(x: Matrix) -> float:
    kernel = kernel_matrix(x, x)
    return float(kernel.sum() - np.trace(kernel))


def _labels(n: int, m: int, blocks: tuple[Sequence[str], Sequence[str]] | None) -> tuple[Labels, Labels, int]:
    """The number of each picture's block, for both sets, and how many blocks there are."""
    if blocks is None:
        return np.arange(n), np.arange(n, n + m), n + m
    if (len(blocks[0]), len(blocks[1])) != (n, m):
        raise ValueError(f"blocks: expected {n} and {m} names, got {len(blocks[0])} and {len(blocks[1])}")
    names, numbers = np.unique([*blocks[0], *blocks[1]], return_inverse=True)
    return numbers[:n], numbers[n:], len(names)


def _pair(features: ArrayLike, others: ArrayLike) -> tuple[Matrix, Matrix]:
    x, y = np.asarray(features, np.float64), np.asarray(others, np.float64)
    if x.ndim != 2 or y.ndim != 2 or x.shape[1] != y.shape[1] or not x.shape[1] or min(len(x), len(y)) < 2:
        raise ValueError(f"features: expected (N, D) and (M, D), N and M at least 2, got {x.shape} and {y.shape}")
    if not (np.isfinite(x).all() and np.isfinite(y).all()):
        raise ValueError("features: expected finite numbers, got others")
    return x, y
