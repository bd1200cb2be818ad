"""Whole sets of an experiment's pictures: what is measured of them, and that slow networks are asked once."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch
import yaml

from viton.data.sample import Pair
from viton.data.viton_hd import VitonHd
from viton.errors import InputError
from viton.results import Folder, Outcome, failed
from viton_eval import protocol_spread, try_ons
from viton_eval.experiment import Experiment, open_experiment
from viton_eval.inception_claims import FAILS, HOLDS, UNDECIDED, claims, orders_alike, steps
from viton_eval.interval import FEWEST
from viton_eval.kept_tables import keep
from viton_eval.pair_links import links_of
from viton_eval.paper_table import REAL, TABLE_1, in_papers_order, paper_table
from viton_eval.picture_sets import PHOTOS, TRUTHS, extractors_of, picture_sets
from viton_eval.quantities import (
    NO_ANSWERS,
    distances_table,
    doubts,
    protocol_of_sets,
    table_one,
    table_one_data,
    why_absent,
)
from viton_eval.score_faults import (
    BLURRED,
    FAULTS,
    NOISY,
    NOTHING,
    OTHER,
    TRUE,
    fault_table,
    faulty,
    readable,
    shift_of,
    why_intervals_differ,
)
from viton_eval.scores import score
from viton_eval.scores_order import legend, order_of_methods
from viton_eval.scores_table import compare
from viton_eval.set_table import scores_table, set_table
from viton_eval.table_texts import read_csv_text

SIZE = (64, 48)
SETTINGS = {
    "name": "t",
    "purpose": "x",
    "height": SIZE[0],
    "width": SIZE[1],
    "methods": ["viton", "crn"],
    "stages": {"coarse": {"steps": 3}, "refine": {"steps": 2}, "crn": {"steps": 2}},
}


class MeanColour:
    """Describes a picture by the mean of its colours, and takes it for red, green or blue; counts what it sees."""

    name, sha256, input_size, resize = "mean-colour", "c0ffee", None, "none"

    def __init__(self) -> None:
        self.seen = 0

    def __call__(self, images: torch.Tensor) -> dict[str, torch.Tensor]:
        self.seen += len(images)
        means = images.mean(dim=(2, 3))
        return {"features": means, "logits": means / 10}


@pytest.fixture
def experiment(scored_world, tmp_path, monkeypatch):
    """VITON makes the true pictures, CRN the photo as it is, and fails on the first pair."""
    monkeypatch.chdir(tmp_path)
    Path("t.yaml").write_text(yaml.safe_dump(SETTINGS | {"data": {"kind": "folder", "root": str(scored_world)}}))
    data = VitonHd(scored_world, "test")
    pairs = data.pairs("test_pairs.txt")

    def made(pair, method):
        if method == "crn" and pair == pairs[0]:
            return failed("warp_failed:few_contour_points", "no")
        picture = data.truth(pair, SIZE).image if method == "viton" else data.person(pair.person, SIZE).image
        return Outcome("ok", {".png": picture}, {})

    folders = {}
    for method in SETTINGS["methods"]:
        folders[method] = tmp_path / "results" / method
        Folder(folders[method]).make(pairs, {"made": method}, lambda few, m=method: [made(pair, m) for pair in few])
    opened = open_experiment("t.yaml")
    return Experiment(*opened[:4], folders)


def rows(table, name, measure, beside=None):
    found = table[(table["set"] == name) & (table["measure"] == measure)]
    return found[found["beside"] == beside] if beside else found


def test_sets_are_the_pictures_that_they_are_called(experiment):
    sets = picture_sets(experiment, [MeanColour()])
    truth = [experiment.truth(pair).image.mean(axis=(0, 1)) for pair in experiment.pairs]
    np.testing.assert_allclose(sets["viton"].features[0].values["features"], truth, rtol=1e-5)
    np.testing.assert_array_equal(
        sets["viton"].features[0].values["features"], sets[TRUTHS].features[0].values["features"]
    )
    assert list(sets["crn"].pairs) == experiment.pairs[1:]
    people = [pair.person for pair in sets[PHOTOS].pairs]
    assert len(people) == len(set(people))


def test_a_network_is_asked_once_and_again_when_a_picture_changes(experiment):
    extractor = MeanColour()
    picture_sets(experiment, [extractor])
    seen = extractor.seen
    again = picture_sets(experiment, [extractor])
    assert extractor.seen == seen
    assert again["crn"].features[0].names == tuple(pair.name for pair in experiment.pairs[1:])
    path = experiment.folders["viton"] / f"{experiment.pairs[0].name}.png"
    path.write_bytes((experiment.folders["viton"] / f"{experiment.pairs[1].name}.png").read_bytes())
    picture_sets(experiment, [extractor])
    assert extractor.seen == seen + len(experiment.pairs)


def test_a_torn_file_of_features_is_made_anew(experiment):
    extractor = MeanColour()
    before = picture_sets(experiment, [extractor])["viton"].features[0].values["features"]
    folder = try_ons.run_of(experiment).folder / "features"
    (folder / "viton.c0ffee.none.json").unlink()  # written last: without it nothing is whole
    (folder / "viton.c0ffee.none.npz").write_bytes(b"PK")
    np.testing.assert_array_equal(picture_sets(experiment, [extractor])["viton"].features[0].values["features"], before)


def test_without_judge_and_weights_there_is_nothing_to_measure_with(experiment):
    assert extractors_of(experiment) == []
    table = set_table(picture_sets(experiment, []))
    assert table.empty
    shown = table_one(experiment, table, pd.DataFrame())
    assert shown.loc["crn", "failed"] == f"1/{len(experiment.pairs)}"
    assert list(shown.index) == ["crn", "viton", PHOTOS]


def test_weights_that_are_not_there_are_named(experiment):
    evaluation = experiment.config.evaluation.model_copy(update={"inception_tf": Path("none.pth")})
    config = experiment.config.model_copy(update={"evaluation": evaluation})
    with pytest.raises(InputError, match=r"none\.pth"):
        extractors_of(experiment._replace(config=config))


def test_the_truth_is_no_distance_from_itself_and_what_cannot_be_had_says_why(experiment):
    table = set_table(picture_sets(experiment, [MeanColour()]))
    (fid,) = rows(table, "viton", "fid", TRUTHS)["value"]
    assert fid == pytest.approx(0, abs=1e-6)
    scores = rows(table, "viton", "inception_score")
    assert np.isfinite(scores["value"]).all()
    assert set(scores["protocol"]) == {"contiguous", "torch-fidelity", "torchmetrics"}
    (whole,) = rows(table, "viton", "inception_score_whole").itertuples()
    assert whole.low <= whole.value <= whole.high
    assert scores_table(table, "mean-colour").loc["viton", "one group"].startswith(f"{whole.value:.3f} [")
    assert not (table["beside"] == table["set"]).any()
    assert why_absent(table) == []
    nothing = table.assign(value=np.nan, note="absent: splits: expected 1 to 4, the number of pictures, got 10")
    assert not any("absent" in line for line in protocol_of_sets(nothing))
    few = table.assign(note="absent: splits: expected 1 to 4, the number of pictures, got 10")
    assert "inception_score: absent: splits: expected 1 to 4, the number of pictures, got 10" in why_absent(few)


def test_the_papers_form_holds_what_was_measured_and_no_number_of_people(experiment):
    sets = set_table(picture_sets(experiment, [MeanColour()]))
    scored = {m: [score(f, experiment.data, experiment.pairs, SIZE, None).table] for m, f in experiment.folders.items()}
    compared = compare(scored, len(experiment.pairs))
    table = table_one(experiment, sets, compared)
    assert list(table.index) == ["crn", "viton", PHOTOS]
    assert list(table["people"]) == [NO_ANSWERS, NO_ANSWERS, "-"]
    (column,) = [name for name in table.columns if "L1 garment" in name]
    assert table.loc["viton", column].startswith("0.0000 ")
    assert table.loc[PHOTOS, column] == "-"
    assert [name for name in table.columns if "ID" in name] == [
        "FID to photos (mean-colour) ↓", "KID to photos (mean-colour) ↓",
    ]  # fmt: skip
    (fid,) = rows(sets, "viton", "fid", PHOTOS)["value"]
    assert table.loc["viton", "FID to photos (mean-colour) ↓"] == f"{fid:.4g}" != "0"
    data = table_one_data(experiment, sets, compared)
    assert set(data["method"]) == {"crn", "viton", PHOTOS}
    assert data.loc[data["measure"] == "l1_garment", "value"].tolist()[0] == pytest.approx(0)
    assert data.columns.is_unique


def test_a_network_that_tells_no_kinds_apart_is_doubted(experiment):
    table = set_table(picture_sets(experiment, [MeanColour()]))
    whole = (table["set"] == PHOTOS) & (table["measure"] == "inception_score_whole")
    for value, lines in ((1.08, 1), (3.5, 0)):
        assert len(doubts(table.assign(value=table["value"].mask(whole, value)))) == lines


def test_distances_are_told_from_both_references_and_never_from_themselves(experiment):
    table = distances_table(set_table(picture_sets(experiment, [MeanColour()])))
    assert list(table.columns) == [
        f"{measure} (mean-colour) from {beside}" for beside in (PHOTOS, TRUTHS) for measure in ("FID", "KID")
    ]
    assert float(table.loc["viton", f"FID (mean-colour) from {TRUTHS}"]) == pytest.approx(0, abs=1e-6)
    assert table.loc[PHOTOS, f"FID (mean-colour) from {PHOTOS}"] == "-"


def test_a_fault_of_the_pairing_is_invisible_to_a_set_and_plain_to_the_truth(experiment):
    faults = fault_table(experiment, [MeanColour()], None)
    value = faults.pivot(index="fault", columns="measure", values="value")
    for measure in ("Inception Score (mean-colour)", "FID from the photos (mean-colour)"):
        assert value.loc[TRUE, measure] == pytest.approx(value.loc[OTHER, measure], rel=1e-9)
    errors = value["L1 garment"]
    assert errors[TRUE] == 0 < errors[BLURRED] < errors[OTHER]
    assert np.isnan(value.loc[NOTHING, "KID from the photos (mean-colour)"])  # they are the photos
    shown = readable(faults)
    assert list(shown.index) == [TRUE, OTHER, BLURRED, NOISY, NOTHING]
    assert shown.loc[NOTHING, "FID from the photos (mean-colour)"] == "-"
    assert float(shown.loc[TRUE, "FID from the photos (mean-colour)"]) > 0


def test_that_a_jackknife_sees_the_pairing_is_said_where_its_intervals_show_it():
    rows = {
        "KID": {TRUE: (0.5, 0.3, 0.7), OTHER: (0.5 + 1e-7, 0.1, 0.9)},
        "narrow": {TRUE: (0.5, 0.3, 0.7), OTHER: (0.5, 0.3000001, 0.7)},  # in no digit that is shown
        "FID": {TRUE: (0.5, np.nan, np.nan), OTHER: (0.5, np.nan, np.nan)},
        "L1 garment": {TRUE: (0.0, 0.0, 0.0), OTHER: (0.2, 0.1, 0.3)},  # of pairs: it is another value
        "alone": {TRUE: (0.5, 0.3, 0.7)},
    }
    made = [(fault, measure, *each, 9) for measure, of in rows.items() for fault, each in of.items()]
    (told,) = why_intervals_differ(pd.DataFrame(made, columns=FAULTS))
    assert told.startswith("KID: 0.500 [0.300, 0.700] as they are, 0.500 [0.100, 0.900] of another pair; ")


def test_two_networks_have_a_column_each(experiment):
    class Other(MeanColour):
        name, sha256 = "other", "beef"

    measures = set(fault_table(experiment, [MeanColour(), Other()], None)["measure"])
    assert {"Inception Score (mean-colour)", "Inception Score (other)"} <= measures


def test_pictures_with_a_fault_are_what_they_are_called():
    draw = np.random.default_rng(0)
    photos, truths = ([draw.integers(0, 256, (64, 48, 3)).astype(np.uint8) for _ in range(3)] for _ in range(2))
    pairs = [Pair(f"p{i}", f"c{i}") for i in range(3)]
    made = faulty(pairs, photos, truths)
    assert all((one == other).all() for one, other in zip(made[OTHER], [*truths[1:], truths[0]], strict=True))
    assert all((one == other).all() for one, other in zip(made[NOTHING], photos, strict=True))
    assert made[BLURRED][0].std() < truths[0].std() / 2
    difference = made[NOISY][0].astype(float) - truths[0]
    assert 10 < difference.std() < 20  # clipped at black and white
    assert (faulty(pairs, photos, truths, 1)[NOISY][0] != made[NOISY][0]).any()


def test_everybody_gets_another_persons_try_on_in_another_garment_or_nobody_does():
    two_each = [Pair("p1", "c1"), Pair("p1", "c2"), Pair("p2", "c3"), Pair("p2", "c1")]
    assert shift_of(two_each) == 2
    assert shift_of([Pair("p1", "c1"), Pair("p1", "c2")]) == 0
    assert shift_of([Pair("p1", "c1")]) == 0
    picture = [np.zeros((64, 48, 3), np.uint8)] * 2
    assert OTHER not in faulty([Pair("p1", "c1"), Pair("p1", "c2")], picture, picture)


def whole_scores(scores):
    row = {"extractor": "e", "measure": "proxy_inception_score_whole"}
    rows = [row | {"set": name, "value": v, "low": lo, "high": hi, "n": n} for name, (v, lo, hi, n) in scores.items()]
    return pd.DataFrame(rows)


def test_the_papers_order_is_read_from_its_table_and_decided_by_intervals():
    table = whole_scores({
        "non-parametric": (3.0, 2.9, 3.1, 9), PHOTOS: (3.6, 3.4, 3.8, 9), "cagan": (3.5, 3.3, 3.7, 9),
        "viton": (2.0, 1.9, 2.1, 9), "crn": (2.0, 1.9, 2.1, 8),
    })  # fmt: skip
    assert steps(table).set_index("claim")["verdict"].to_dict() == {
        f"non-parametric scores above {REAL}": FAILS,
        f"{REAL} scores above cagan": UNDECIDED,
        "cagan scores above viton": HOLDS,
        "viton scores above crn": "not comparable: 9 and 8 pictures",
    }
    assert steps(table)["paper"][0] == "3.373 ± 0.142 > 3.312 ± 0.098"
    assert orders_alike(table)["e"][1] == 5


def test_what_the_paper_states_is_put_to_pictures_whose_fault_is_known():
    table = whole_scores({"non-parametric": (3.0, 2.9, 3.1, 9), PHOTOS: (2.0, 1.9, 2.1, 9)})
    scores = {TRUE: (2.0, 1.9, 2.1), OTHER: (2.000001, 1.5, 2.5), BLURRED: (2.05, 1.95, 2.15)}
    faults = pd.DataFrame([(f, "proxy Inception Score", *v, 9) for f, v in scores.items()], columns=FAULTS)
    assert claims(table, faults).set_index("claim")["verdict"].to_dict() == {
        f"non-parametric scores above {REAL}": HOLDS,
        "no pair is known to it": HOLDS,
        "sharp scores above blurred": UNDECIDED,
    }
    assert len(claims(table, None)) == 1


def test_the_papers_table_adds_up():
    """Of six methods that meet each other equally often, the shares won add up to six halves, to rounding."""
    assert sum(row.human for row in TABLE_1.values() if row.human) == pytest.approx(300, abs=0.5)
    assert paper_table().loc["viton"].tolist() == ["2.514 ± 0.130", "77.2%"]
    assert in_papers_order(["mine", "viton", "prgan"]) == ["prgan", "viton", "mine"]


def test_by_another_protocol_the_same_pictures_score_otherwise_but_the_truth_is_still_best(experiment):
    rows = protocol_spread.spread(protocol_spread.by_pair(experiment, ["viton"]))
    assert set(rows["protocol"]) == {"ours", "hr-viton", "ladi-vton", "catvton"}
    assert (rows.loc[rows["measure"] == "ssim", "value"] > 0.999).all()
    told = protocol_spread.readable(rows, "ssim")
    assert told.loc["viton", "moves"] == "0.000"
    assert set(protocol_spread.settings().index) == set(rows["protocol"])


def protocols_of_pairs(shift, scatter, pairs=12):
    """Two protocols by which B's PSNR is the better one, and by the second only by chance."""
    draw, found = np.random.default_rng(0), {}
    for name, by, spread in (("ours", shift, 0.0), ("x", shift, scatter)):
        apart = draw.normal(0, 1, pairs)
        apart = by + spread * (apart - apart.mean())
        rows = [(f"p{i}", f"c{i}", "a", 20.0 + i, 0.5) for i in range(pairs)]
        rows += [(f"p{i}", f"c{i}", "b", 20.0 + i + apart[i], 0.5) for i in range(pairs)]
        found[name] = pd.DataFrame(rows, columns=["person", "clothing", "method", "psnr", "ssim"])
    return found


def test_orders_run_from_best_to_worst_and_mark_the_steps_that_the_pairs_do_not_decide():
    pairs = protocols_of_pairs(0.1, 5.0)
    assert {name: str(order) for name, order in protocol_spread.orders(pairs, "psnr").items()} == {
        "ours": "b > a", "x": "b ~ a",
    }  # fmt: skip
    assert {str(order) for order in protocol_spread.orders(protocols_of_pairs(-0.1, 0), "psnr").values()} == {"a > b"}
    few = protocols_of_pairs(0.1, 0.0, FEWEST - 1)
    assert {str(order) for order in protocol_spread.orders(few, "psnr").values()} == {"b ~ a"}


def test_findings_tell_each_order_once_under_a_legend_of_the_signs_that_occur():
    told = protocol_spread.findings(protocols_of_pairs(0.1, 5.0), "psnr")
    assert told[-2:] == ["b > a: ours", "b ~ a: x"]
    assert told[-3].startswith("Best first, by the means of the pairs that all have; `>`: decided, ")
    assert "excludes zero (1 of 2 steps); `~`: not decided, " in told[-3]
    sure = protocol_spread.findings(protocols_of_pairs(0.1, 0.0), "psnr")
    assert sure[-1] == "b > a: ours, x"
    assert "~" not in sure[-2]
    same = protocol_spread.findings(protocols_of_pairs(0.1, 5.0), "ssim")
    assert same[-1] == "a ~ b: ours, x", "an interval from zero to zero excludes nothing"


def test_an_order_is_over_the_pairs_that_all_have():
    tables = {
        name: pd.DataFrame({"person": list("pqr"), "clothing": list("cde"), "m": values})
        for name, values in {"a": [1, 2, 90], "b": [2, 3, np.nan]}.items()
    }
    assert order_of_methods(tables, "m", "less").methods == ("a", "b")
    assert order_of_methods(tables, "m", "more") == (("b", "a"), (False,), 2)
    assert order_of_methods({**tables, "c": tables["a"].iloc[:0]}, "m", "less") is None
    assert str(order_of_methods({"a": tables["a"]}, "m", "less")) == "a"
    assert legend([order_of_methods({"a": tables["a"]}, "m", "less")]) == ""


def test_more_groups_never_score_higher_on_equal_groups(experiment):
    sets = picture_sets(experiment, [MeanColour()])
    groups = protocol_spread.by_groups(sets, 0)
    assert groups.loc["viton", 1] >= groups.loc["viton", 2]  # an average over halves knows fewer kinds
    assert np.isnan(groups.loc["viton", 20]) == (len(experiment.pairs) < 20)
    for numbers, values in protocol_spread.curves_of(groups).values():
        assert len(numbers) == len(values)
        assert np.isfinite(values).all()


def test_a_jpeg_costs_and_a_png_does_not(experiment):
    table = protocol_spread.by_file_format(experiment, "viton", [MeanColour()])
    assert table.loc["PNG", "SSIM"] == pytest.approx(1)
    assert table.loc["PNG", "FID from the PNGs (mean-colour)"] == pytest.approx(0, abs=1e-9)
    assert table.loc["JPEG, quality 75", "SSIM"] < table.loc["JPEG, quality 95", "SSIM"] < 1


def test_a_table_is_kept_in_three_forms_and_shown_as_it_was(experiment):
    table = pd.DataFrame({"a|b": ["=1+1", "<b>"]}, index=["x_y", "z"])
    assert keep(experiment, "agreement", "of-methods", table, "50% & more") is table
    folder = try_ons.run_of(experiment).tables / "agreement"
    assert read_csv_text(folder / "of-methods.csv", ["a|b"])["a|b"].tolist() == ["=1+1", "<b>"]
    assert r"50\% \& more. Experiment t: " in (folder / "of-methods.tex").read_text()
    told = "MADE-UP people and garments; undertrained: 3 + 2 steps (viton); undertrained: 2 steps (crn)."
    assert told in (folder / "of-methods.md").read_text()
    assert "<b>" not in (folder / "of-methods.md").read_text()
    keep(experiment, "agreement", "of-methods", table, "", pd.DataFrame({"n": [1.5]}))
    assert (folder / "of-methods.csv").read_text() == "n\n1.5\n"
    with pytest.raises(ValueError, match="name of small letters"):
        keep(experiment, "agreement", "../x", table, "")


def test_pairs_are_drawn_by_the_seed_each_garment_once(experiment):
    drawn = try_ons.drawn_pairs(experiment.pairs, 4, 0)
    assert drawn == try_ons.drawn_pairs(experiment.pairs, 4, 0)
    assert len({pair.clothing for pair in drawn}) == len(drawn) <= 4
    assert any(try_ons.drawn_pairs(experiment.pairs, 4, seed) != drawn for seed in range(1, 6))


def test_links_lead_to_pages_and_hostile_names_stay_text():
    assert links_of([("p", "c")]) == "[p in c](../pairs/p__c.html)"
    assert links_of([("../p", "c")]) == ""
    assert "<script>" not in links_of([("<script>", "](x)")])


def test_a_photo_whose_joints_are_damaged_is_still_a_photo(experiment, scored_world, tmp_path):
    person = experiment.pairs[0].person
    world = Path(shutil.copytree(scored_world, tmp_path / "damaged"))
    next(world.glob(f"test/**/{person}_keypoints.json")).write_text("{")
    damaged = experiment._replace(data=VitonHd(world, "test"))
    with pytest.raises(InputError):
        damaged.sample(experiment.pairs[0])
    assert person in {pair.person for pair in picture_sets(damaged, [MeanColour()])[PHOTOS].pairs}
