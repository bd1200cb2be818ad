"""Inception Score (Salimans et al. 2016): exp of the mean KL divergence of each picture's verdict from all pictures'.

N pictures, C classes. Three protocols, since the number depends on who divides the pictures into groups, and how:

    contiguous      groups in the order given, group i from i*N//splits on; std over the groups with ddof 0
    torch-fidelity  first shuffled by NumPy's RandomState(seed), seed 2020 unless given; then as `contiguous`
    torchmetrics    first shuffled by torch.randperm after manual_seed(seed); groups of ceil(N/splits), the last one
                    smaller, so that there may be fewer than asked for (N 11, splits 10: six); std with ddof 1, NaN of
                    one group.  The library itself draws no seed, so one has to be given here

All is float64, also where these libraries stay in float32.
"""

from __future__ import annotations

from typing import Literal, NamedTuple, get_args

import numpy as np
import torch
from numpy.typing import ArrayLike, NDArray
from scipy.special import log_softmax, rel_entr

SplitProtocol = Literal["contiguous", "torch-fidelity", "torchmetrics"]
TORCH_FIDELITY_SEED = 2020
SUM_TOLERANCE = 1e-4  # of a row of probabilities; 1000 float32 numbers of a softmax add up to 1 within 1e-6


class InceptionScore(NamedTuple):
    """A score between 1 and the number of classes, and what decided it."""

    mean: float  # over the groups
    std: float  # over the groups
    n: int  # pictures
    splits: int  # groups that were made
    protocol: SplitProtocol
    seed: int | None  # of the shuffle; None where nothing is shuffled


def inception_score(
    probabilities: ArrayLike, protocol: SplitProtocol, splits: int = 10, seed: int | None = None
) -> InceptionScore:
    """The score of class probabilities (N,C) in [0,1], each row's sum 1.

    seed: of the shuffle; needed by `torchmetrics`, refused by `contiguous`.  Raises ValueError for NaN, for rows that
    are no probabilities, for fewer pictures than splits, or for an unknown protocol.
    """
    rows = _matrix(probabilities, "probabilities")
    if (rows < 0).any():
        raise ValueError(f"probabilities: expected numbers in [0,1], got {rows.min():.6g}")
    sums = rows.sum(axis=1)
    worst = int(np.abs(sums - 1).argmax())
    if abs(sums[worst] - 1) > SUM_TOLERANCE:
        raise ValueError(f"probabilities: expected rows with the sum 1, got {sums[worst]:.6g} in row {worst}")
    return _score(rows / sums[:, None], protocol, splits, seed)  # by the sums, which float32 leaves a little off 1


def inception_score_of_logits(
    logits: ArrayLike, protocol: SplitProtocol, splits: int = 10, seed: int | None = None
) -> InceptionScore:
    """The score of logits (N,C), softened in float64; raises as `inception_score` does."""
    return _score(np.exp(log_softmax(_matrix(logits, "logits"), axis=1)), protocol, splits, seed)


def _matrix(values: ArrayLike, name: str) -> NDArray[np.float64]:
    matrix = np.asarray(values, np.float64)
    if matrix.ndim != 2 or not matrix.size:
        raise ValueError(f"{name}: expected the shape (N, C), got {matrix.shape}")
    if not np.isfinite(matrix).all():
        rows = np.flatnonzero(~np.isfinite(matrix).all(axis=1))
        raise ValueError(f"{name}: expected finite numbers, got others in {len(rows)} rows, first row {rows[0]}")
    return matrix


def _score(
    probabilities: NDArray[np.float64], protocol: SplitProtocol, splits: int, seed: int | None
) -> InceptionScore:
    n = len(probabilities)
    if not 1 <= splits <= n:
        raise ValueError(f"splits: expected 1 to {n}, the number of pictures, got {splits}")
    order, seed = _order(n, protocol, seed)
    groups = _groups(probabilities[order], protocol, splits)
    scores = np.array([_of_group(group) for group in groups])
    ddof = 1 if protocol == "torchmetrics" else 0
    std = float(scores.std(ddof=ddof)) if len(scores) > ddof else float("nan")
    return InceptionScore(float(scores.mean()), std, n, len(groups), protocol, seed)


def _order(n: int, protocol: SplitProtocol, seed: int | None) -> tuple[NDArray[np.intp], int | None]:
    """In which order the pictures are divided, and the seed of it."""
    match protocol:
        case "contiguous":
            if seed is not None:
                raise ValueError(f"seed: expected none for `contiguous`, which shuffles nothing, got {seed}")
            return np.arange(n), None
        case "torch-fidelity":
            seed = TORCH_FIDELITY_SEED if seed is None else seed
            return np.random.RandomState(seed).permutation(n), seed
        case "torchmetrics":
            if seed is None:
                raise ValueError("seed: expected one for `torchmetrics`, which has none of its own, got none")
            return torch.randperm(n, generator=torch.Generator().manual_seed(seed)).numpy(), seed
    raise ValueError(f"protocol: expected one of {', '.join(get_args(SplitProtocol))}, got {protocol!r}")


def _groups(rows: NDArray[np.float64], protocol: SplitProtocol, splits: int) -> list[NDArray[np.float64]]:
    """Rows one after another in groups, none of them empty."""
    n = len(rows)
    if protocol == "torchmetrics":
        size = -(-n // splits)
        return [rows[start : start + size] for start in range(0, n, size)]
    return [rows[i * n // splits : (i + 1) * n // splits] for i in range(splits)]


def _of_group(rows: NDArray[np.float64]) -> float:
    """exp of the mean over pictures of KL(p || mean p); a class that no picture has counts nothing."""
    return float(np.exp(rel_entr(rows, rows.mean(axis=0)).sum(axis=1).mean()))
