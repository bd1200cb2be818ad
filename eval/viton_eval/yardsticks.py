"""A test of the yardsticks: a picture with all its detail, a little off its place, beside one without, in its place."""

from __future__ import annotations

from collections.abc import Mapping

import cv2
import numpy as np
import pandas as pd

from viton.images import Pixels
from viton_eval.judge import Judge
from viton_eval.measure_labels import MEASURES
from viton_eval.scores import Known, judgements, score_picture

YARDSTICKS = ("judge_garment", "ssim_inside", "l1_garment")


def moved_and_blurred(truth: Pixels, pixels: int = 2) -> dict[str, Pixels]:
    """A true picture (H,W,3) moved to the right and down, and, not moved, blurred by a Gaussian of the same sigma."""
    moved = np.pad(truth, ((pixels, 0), (pixels, 0), (0, 0)), mode="edge")[:-pixels, :-pixels]
    blurred = cv2.GaussianBlur(truth, (0, 0), pixels)
    return {f"moved by {pixels} px": moved, f"blurred, sigma {pixels} px": np.asarray(blurred, np.uint8)}


def measured(pictures: Mapping[str, Pixels], of: Known, judge: Judge | None) -> pd.DataFrame:
    """YARDSTICKS of some pictures of one pair, a row each; without a judge its distances are NaN."""
    found = {
        name: score_picture(picture, of, judgements(judge, [(of, picture)])[0]) for name, picture in pictures.items()
    }
    return pd.DataFrame.from_dict(found, orient="index")[list(YARDSTICKS)]


def readable(table: pd.DataFrame) -> pd.DataFrame:
    """`measured` for the eye."""
    return table.rename(columns={name: MEASURES[name].label for name in table.columns}).round(4)


def rankings(table: pd.DataFrame) -> list[str]:
    """Whether each yardstick ranks the moved picture, which has all detail, above the blurred one, a line each.

    table: `measured` of `moved_and_blurred`.
    """
    told = []
    for name in table.columns:
        label, better, digits = MEASURES[name]
        (moved, blurred), (one, other) = table.index, table[name]
        apart = (one - other) * (1 if better == "more" else -1)
        if np.isnan(apart):
            told.append(f"{label}: not measured")
            continue
        ranks = "ranks neither first" if apart == 0 else "ranks the right way" if apart > 0 else "ranks the WRONG way"
        sign = "=" if apart == 0 else "better than" if apart > 0 else "worse than"
        told.append(f"{label}: {ranks}, {moved} ({one:.{digits}f}) {sign} {blurred} ({other:.{digits}f})")
    return told
