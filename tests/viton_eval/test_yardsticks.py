"""Yardsticks put to a moved picture and a blurred one: what is made, and what is said of how they rank."""

from __future__ import annotations

import numpy as np
import pandas as pd

from viton_eval.measure_labels import MEASURES
from viton_eval.try_ons import last_change, without_change
from viton_eval.yardsticks import YARDSTICKS, moved_and_blurred, rankings, readable

MADE = ["moved by 2 px", "blurred, sigma 2 px"]


def test_a_moved_picture_has_its_detail_and_a_blurred_one_its_place():
    truth = np.random.default_rng(0).integers(0, 256, (40, 30, 3)).astype(np.uint8)
    made = moved_and_blurred(truth)
    assert list(made) == MADE
    np.testing.assert_array_equal(made[MADE[0]][2:, 2:], truth[:-2, :-2])
    assert made[MADE[1]].std() < truth.std() / 4
    spot = np.zeros((41, 41, 3), np.uint8)
    spot[20, 20] = 255
    blurred = moved_and_blurred(spot)[MADE[1]][..., 0].astype(float)
    assert np.allclose(np.argwhere(blurred == blurred.max()).mean(axis=0), 20)


def test_a_yardstick_is_told_to_rank_the_wrong_way_by_its_own_direction():
    table = pd.DataFrame(
        {"judge_garment": [1.05, 0.99], "ssim_inside": [0.6, 0.2], "l1_garment": [0.2, 0.2], "psnr": [10.0, np.nan]},
        index=MADE,
    )
    assert rankings(table) == [
        "judge: garment: ranks the WRONG way, moved by 2 px (1.050) worse than blurred, sigma 2 px (0.990)",
        "SSIM inside garment: ranks the right way, moved by 2 px (0.600) better than blurred, sigma 2 px (0.200)",
        "L1 garment: ranks neither first, moved by 2 px (0.2000) = blurred, sigma 2 px (0.2000)",
        "PSNR (dB): not measured",
    ]
    turned = [line.split(",")[0].rsplit("ranks ", 1)[-1] for line in rankings(table.iloc[::-1].set_axis(MADE))]
    assert turned[:3] == ["the right way", "the WRONG way", "neither first"]
    assert rankings(pd.DataFrame()) == []


def test_yardsticks_are_shown_by_their_labels():
    shown = readable(pd.DataFrame([[0.123456] * 3], columns=list(YARDSTICKS), index=MADE[:1]))
    assert list(shown.columns) == [MEASURES[name].label for name in YARDSTICKS]
    assert (shown == 0.1235).all(axis=None)


def test_every_stage_has_a_change_or_is_named_with_the_reason():
    def curve(number):
        return tuple(range(number)), tuple(float(9 - each) for each in range(number))

    curves = {
        "coarse": {"total": [curve(3), curve(4)]},
        "refine": {"total": [curve(3), curve(1)], "l1": [curve(8), curve(8)]},
        "collar": {"collar_iou": [curve(8)]},
        "judge": {"accuracy": [curve(3)]},
    }
    stages = ["coarse", "refine", "collar", "proxy", "judge", "judge"]
    assert list(last_change(curves).index) == ["coarse"], "of seeds one is enough"
    assert without_change(curves, stages) == [
        "left out: refine, judge: 3 of the four validations that it takes to tell two quarters",
        "left out: collar, proxy: no validation of total or l1 or cycle or iou or accuracy",
    ]
    assert without_change(curves, ["coarse"]) == []
