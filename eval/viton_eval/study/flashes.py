"""Real or fake? How often a picture shown for a moment was taken for a photo (paper, section 4.5)."""

from __future__ import annotations

import numpy as np
import pandas as pd

from viton_eval.study.clustered import estimate
from viton_eval.study.design import PHOTO
from viton_eval.study.intervals import wilson

FAKES = "all results"


def flash_rates(flashes: pd.DataFrame) -> pd.DataFrame:
    """A row what was shown, photos last: the share called real, both intervals, and how long it was really shown."""
    methods = sorted(set(flashes["shown"]) - {PHOTO})
    shown = {method: flashes[flashes["shown"] == method] for method in methods}
    shown[FAKES] = flashes[flashes["shown"] != PHOTO]
    shown[PHOTO] = flashes[flashes["shown"] == PHOTO]
    return pd.DataFrame([_row(name, own) for name, own in shown.items() if len(own)], columns=COLUMNS)


COLUMNS = ["shown", "called_real", "low", "high", "wilson_low", "wilson_high", "n", "shown_ms", "shown_ms_most"]


def _row(name: str, own: pd.DataFrame) -> tuple[object, ...]:
    real = (own["answer"] == "real").to_numpy(np.float64)
    pictures = (own["shown"] + "\n" + own["person"] + "\n" + own["clothing"]).tolist()
    near = estimate(real.tolist(), own["rater"].tolist(), pictures)
    plain = wilson(float(real.sum()), len(own))
    times = own["shown_ms"].dropna()
    median, most = (times.median(), times.max()) if len(times) else (np.nan, np.nan)
    return name, near.value, near.low, near.high, plain.low, plain.high, len(own), median, most
