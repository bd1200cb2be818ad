"""Metrics whose agreement is known by construction."""

import numpy as np
import pandas as pd
import pytest

from viton.data.sample import Pair
from viton_eval import agreement
from viton_eval.features import Features
from viton_eval.picture_sets import PHOTOS, PictureSet
from viton_eval.scores import COLUMNS
from viton_eval.verdicts import shares_of_score, verdicts_of

METHODS = ("best", "middle", "worst")
PAIRS = [Pair(f"p{i}", f"c{i % 7}") for i in range(20)]


@pytest.fixture
def tables():
    """Methods that differ by their place, pairs by chance; the whole picture's SSIM says the opposite of the error."""
    draw, found = np.random.default_rng(0), {}
    for place, method in enumerate(METHODS):
        table = pd.DataFrame(PAIRS, columns=["person", "clothing"]).reindex(
            columns=["person", "clothing", *COLUMNS], fill_value=np.nan
        )
        table["judge_garment"] = place + draw.uniform(0, 0.5, len(PAIRS))
        table["l1_garment"] = table["judge_garment"] ** 2
        table["ssim_inside"], table["ssim"] = -table["judge_garment"], table["judge_garment"]
        table["psnr"] = draw.normal(size=len(PAIRS))
        table["judge_whole"] = table["judge_garment"]
        found[method] = table
    return found


def a_set(name, pairs, shift, spread):
    draw = np.random.default_rng(1)
    logits = draw.normal(0, spread, (len(pairs), 5))
    values = {"features": draw.normal(shift, 1, (len(pairs), 3)), "proxy_logits": logits}
    features = Features(tuple(pair.name for pair in pairs), values, "judge-proxy", "0", None, "none")
    return PictureSet(name, tuple(pairs), (features,))


@pytest.fixture
def sets():
    made = {method: a_set(method, PAIRS, place, 5 - 2 * place) for place, method in enumerate(METHODS)}
    return made | {PHOTOS: a_set(PHOTOS, PAIRS, 0, 1)}


def value(rows, metric, error="judge_garment"):
    (row,) = rows[(rows["metric"] == metric) & (rows["error"] == error)].itertuples()
    return row


def test_methods_pictures_and_pairs_are_ordered_as_they_were_made(tables, sets):
    pictures = agreement.picture_metrics(tables, sets)
    methods = agreement.of_methods(agreement.method_metrics(pictures, sets))
    within, of_pairs = agreement.within_methods(pictures), agreement.within_pairs(pictures)
    for rows in (methods, of_pairs, within[within["scope"] == "middle"]):
        assert value(rows, "ssim_inside").value == pytest.approx(1)
        assert value(rows, "ssim").value == pytest.approx(-1)
        assert value(rows, "l1_garment").value == pytest.approx(1)
        assert value(rows, "judge_garment", "l1_garment").value == pytest.approx(1)
    assert value(methods, "FID to real photos, judge-proxy").value == pytest.approx(1)
    assert value(methods, "KID to real photos, judge-proxy").value == pytest.approx(1)
    assert value(methods, "Inception Score, judge-proxy").value == pytest.approx(1)
    assert value(methods, "Inception Score, judge-proxy").told == agreement.UNTOLD
    chance = value(of_pairs, "psnr")
    assert chance.low < 0 < chance.high
    assert (methods["n"] == 3).all()
    assert (of_pairs["n"] == len(PAIRS)).all()


def test_a_pair_that_one_method_lacks_is_asked_of_none(tables, sets):
    tables["worst"] = tables["worst"].iloc[3:]
    pictures = agreement.picture_metrics(tables, sets)
    assert pictures.groupby("method").size().to_dict() == dict.fromkeys(METHODS, len(PAIRS) - 3)
    agreement.of_methods(agreement.method_metrics(pictures, sets))


def test_the_order_of_the_pairs_changes_nothing(tables, sets):
    moved = {method: table.sample(frac=1, random_state=3) for method, table in tables.items()}
    one, other = (agreement.within_methods(agreement.picture_metrics(each, sets)) for each in (tables, moved))
    np.testing.assert_allclose(one["value"], other["value"])


def test_two_methods_have_no_order_to_agree_with(tables, sets):
    two = {method: tables[method] for method in METHODS[:2]}
    pictures = agreement.picture_metrics(two, sets)
    assert agreement.of_methods(agreement.method_metrics(pictures, sets)).empty
    assert agreement.within_pairs(pictures).empty


def test_without_a_judge_the_other_error_is_asked_alone(tables, sets):
    for table in tables.values():
        table[["judge_garment", "judge_whole"]] = np.nan
    pictures = agreement.picture_metrics(tables, sets)
    assert set(agreement.within_methods(pictures)["error"]) == {"l1_garment"}
    assert set(agreement.of_methods(agreement.method_metrics(pictures, sets))["error"]) == {"l1_garment"}


def test_shares_of_the_inception_score_add_up_to_its_logarithm(sets):
    verdicts = verdicts_of(sets["best"].features[0])
    from viton_eval.inception_score import inception_score

    assert np.exp(shares_of_score(verdicts).mean()) == pytest.approx(inception_score(verdicts, "contiguous", 1).mean)


def test_what_is_said_in_words_is_what_the_intervals_say(tables, sets):
    pictures = agreement.picture_metrics(tables, sets)
    methods, of_pairs = agreement.of_methods(agreement.method_metrics(pictures, sets)), agreement.within_pairs(pictures)
    told = dict(line.split(": ", 1) for line in agreement.verdict(methods, of_pairs))
    asked = "pictures of a pair, 5 metrics asked"
    assert "SSIM inside garment" in told[f"{asked}, agree"].split("; ")
    assert told[f"{asked}, contradict one of them"] == "SSIM"
    assert "PSNR (dB)" in told[f"{asked}, not decided"].split("; ")
    of_three = [line for line in agreement.verdict(methods, of_pairs) if line.startswith("whole methods")]
    assert [line.endswith(": none") for line in of_three] == [True, True, False]  # three methods: any order is likely


def test_a_metric_without_meaning_is_decided_of_methods_as_rarely_as_chance_says():
    draw, decided = np.random.default_rng(0), 0
    for _ in range(300):
        value = agreement.spearman(draw.permutation(6), np.arange(6))
        rows = pd.DataFrame(
            [("chance", "", "l1_garment", "methods", value, value - 0.01, value + 0.01, 6)], columns=agreement.AGREEMENT
        )
        decided += not agreement.verdict(rows, rows.head(0))[2].endswith("chance")
    assert decided <= 0.08 * 300


def test_a_pair_that_one_metric_does_not_know_costs_that_metric_this_pair_alone(tables, sets):
    tables["best"].loc[0, "ssim_inside"] = np.nan
    metrics = agreement.method_metrics(agreement.picture_metrics(tables, sets), sets)
    assert metrics["ssim_inside"].pairs == len(PAIRS) - 1
    assert metrics["ssim"].pairs == len(PAIRS)
    assert np.isfinite(metrics["ssim_inside"].values).all()


def test_few_pairs_have_no_interval(tables, sets):
    few = {method: table.head(5) for method, table in tables.items()}
    pictures = agreement.picture_metrics(few, sets)
    methods = agreement.of_methods(agreement.method_metrics(pictures, sets))
    for rows in (methods, agreement.within_pairs(pictures), agreement.within_methods(pictures)):
        assert rows["low"].isna().all()
    assert agreement.readable(agreement.within_pairs(pictures)).iloc[0, 0].endswith("no interval n=5")


def test_a_table_for_the_eye_has_a_cell_for_everything_asked(tables, sets):
    of_pairs = agreement.within_pairs(agreement.picture_metrics(tables, sets))
    shown = agreement.readable(of_pairs)
    assert shown.loc[("SSIM", agreement.TOLD), "judge: garment"] == "-1.00 [-1.00, -1.00] n=20"
    names, series = agreement.series_of(of_pairs)
    assert {values.shape for values in series.values()} == {(len(names), 3)}
