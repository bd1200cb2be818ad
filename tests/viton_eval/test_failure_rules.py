"""Rules of failure: closed forms, what must not change a severity, and made-up pairs on which one rule fires."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from viton.data.sample import Clothing, Pair, Person, Sample
from viton.failure_figures import gallery
from viton.parsing import CIHP
from viton.warp import WarpReport
from viton_eval import failures
from viton_eval.failure_facts import Again, Facts, Usual, expected_worn, pose_distances, pose_of, usual_of
from viton_eval.failure_references import DEFINED, WEAK, WHY_WEAK, agreement, by_attributes, ranked, weak_rules
from viton_eval.failure_rules import Rule, Said, forearm_on_trunk, rules, severities
from viton_eval.garment_shapes import outline_of, worn_shape

SIZE = (64, 48)
JOINTS = {
    0: (24, 9), 1: (24, 16), 2: (15, 18), 3: (10, 29), 4: (10, 38), 5: (33, 18), 6: (38, 29), 7: (38, 38), 8: (19, 40),
    11: (29, 40),
}  # fmt: skip


def keypoints(**moved):
    joints = np.zeros((18, 3), np.float32)
    for joint, place in JOINTS.items():
        joints[joint] = (*place, 1)
    for name, place in moved.items():
        joints[int(name[1:])] = (*place, 1)
    return joints


def product(sleeve=20, wide=20):
    """Stripes on a shirt whose sleeves, beside its trunk, are `sleeve` rows long."""
    mask = np.zeros(SIZE, np.uint8)
    mask[10:50, 24 - wide // 2 : 24 + wide // 2] = 255
    mask[10 : 10 + sleeve, 6:42] = 255
    stripes = np.where(np.arange(SIZE[0]) // 3 % 2, 230, 60).astype(np.uint8)[:, None, None]
    return Clothing("c", np.where(mask[..., None] > 0, stripes, 255).repeat(1, 2) * np.ones(3, np.uint8), mask)


@pytest.fixture
def make(labels_of_a_person):
    """A function that makes a pair whose result is the photo with the product's stripes, changed as told."""

    def make(joints=None, clothing=None, report=(0.95, 50.0, 0.0), change=None):
        labels = labels_of_a_person(SIZE)
        photo = np.random.default_rng(0).integers(0, 255, (20, 3), np.uint8)[labels]
        clothing = clothing or product()
        made, worn = photo.copy(), labels == CIHP.labels.index("upper_clothes")
        lines = np.where(np.arange(SIZE[0]) // 2 % 2, 230, 60).astype(np.uint8)
        made[worn] = np.broadcast_to(lines[:, None, None], made.shape)[worn]
        if change:
            change(made, labels)
        person = Person("p", photo, labels, keypoints() if joints is None else joints)
        warp = Again(WarpReport(*report, 1.0, 80), np.zeros((*SIZE, 2)))
        return Facts(Sample(person, clothing), CIHP, made, worn, warp)

    return make


@pytest.fixture
def usual(make):
    """What was trained on: people in this very pose, in products whose shape is what they wear."""
    facts = make()
    shape, outline = worn_shape(facts.sample.person, CIHP), outline_of(product())
    poses = np.array([pose_of(keypoints())] * 4)
    return Usual(
        poses, np.array([shape] * 4), np.array([outline] * 4), 0.1, {"sleeve": 0.1, "hem": 0.1, "neckline": 0.1}
    )


def firing(facts, usual):
    told = severities({Pair("p", "c"): facts}, rules(usual))
    return set(told.loc[told["fires"] == True, "rule"])  # noqa: E712


def test_no_rule_fires_on_a_usual_pair(make, usual):
    assert firing(make(), usual) == set()


def paint(label, colour):
    def change(made, labels):
        made[labels == CIHP.labels.index(label)] = colour

    return change


@pytest.mark.parametrize(
    ("rule", "changes"),
    [
        ("rare pose", {"joints": keypoints(j3=(2, 10), j4=(2, 2))}),
        ("warp failure", {"report": (0.5, 50.0, 0.0)}),
        ("warp failure", {"report": (0.95, 900.0, 0.0)}),
        ("warp failure", {"report": (0.95, 50.0, 0.2)}),
        ("neck artefact", {"change": paint("neck", (0, 255, 0))}),
        ("lost texture", {"change": paint("upper_clothes", (128, 128, 128))}),
        ("changed identity", {"change": paint("face", (0, 255, 0))}),
    ],
)
def test_exactly_one_rule_fires_on_a_pair_made_for_it(make, usual, rule, changes):
    assert firing(make(**changes), usual) == {rule}


def test_a_forearm_on_the_trunk_is_an_occlusion_and_one_beside_it_is_not(make, usual):
    facts = make(joints=keypoints(j6=(28, 30), j7=(20, 30)))
    assert forearm_on_trunk(facts) == 1
    assert "occlusion" in firing(facts, usual)
    assert forearm_on_trunk(make()) == 0


def test_each_part_of_a_shape_is_judged_by_itself(make, usual):
    for place, part in enumerate(("sleeve", "hem", "neckline")):
        shapes = usual.shapes.copy()
        shapes[:, place] += 0.3
        assert firing(make(), usual._replace(shapes=shapes)) == {f"{part} mismatch"}


def test_a_pose_is_the_same_wherever_it_stands_and_however_large():
    moved = keypoints()
    seen = moved[:, 2] > 0
    moved[seen, :2] = moved[seen, :2] * 2.5 + (7, -3)
    np.testing.assert_allclose(pose_of(moved), pose_of(keypoints()), atol=1e-6)


def test_the_distance_of_poses_is_a_joints_way_over_all_joints_in_torsos():
    apart = pose_distances(pose_of(keypoints(j4=(10 + 24, 38))), pose_of(keypoints())[None])
    assert apart == pytest.approx([1 / 3])  # one of nine joints, a torso of 24 px away
    hidden = keypoints()
    hidden[4] = 0
    assert pose_distances(pose_of(hidden), pose_of(keypoints())[None]) == pytest.approx([0.5 / 3])


def test_without_hips_nothing_is_said_of_a_pose(make, usual):
    joints = keypoints()
    joints[[8, 11]] = 0
    told = severities({Pair("p", "c"): make(joints=joints)}, rules(usual)).set_index("rule")
    assert told.loc["rare pose", "why"] == "no neck or hips"
    assert np.isnan(told.loc["rare pose", "severity"])
    assert told.loc["rare pose", "fires"] is None


def test_without_a_training_split_poses_and_shapes_are_not_judged(make):
    told = severities({Pair("p", "c"): make()}, rules(None))
    assert (told["why"] == "no training split").sum() == 4


def test_what_has_no_warp_no_print_or_no_outline_says_so(make, usual):
    plain = product()._replace(image=np.full((*SIZE, 3), 90, np.uint8))
    told = severities({Pair("p", "c"): make(clothing=plain)._replace(warp=None)}, rules(usual)).set_index("rule")
    assert told.loc["warp failure", "why"] == "no warp known"
    assert told.loc["lost texture", "why"] == "plain product"
    empty = product()._replace(mask=np.zeros(SIZE, np.uint8))
    told = severities({Pair("p", "c"): make(clothing=empty)}, rules(usual)).set_index("rule")
    assert told.loc["sleeve mismatch", "why"] == "no outline of the product"


@pytest.mark.parametrize("rows", [0, 8, 20])
def test_an_outline_tells_how_far_sleeves_reach_in_widths_of_the_trunk(rows):
    found = outline_of(product(sleeve=rows))
    assert found.sleeve == rows / 20
    assert found.hem == 40 / 20


def test_an_outline_does_not_take_a_flared_hem_for_sleeves():
    flared = product(sleeve=0)
    flared.mask[44:50, 6:42] = 255
    assert outline_of(flared).sleeve == 0


def test_how_a_product_is_worn_is_foretold_by_those_with_such_an_outline():
    outlines = np.array([[0.0, 2, 1]] * 20 + [[2.0, 2, 1]] * 20)
    worn = np.array([0.1] * 20 + [0.9] * 20)
    assert expected_worn(np.array([1.9, 2, 1]), outlines, worn, (0,)) == pytest.approx(0.9)
    assert expected_worn(np.array([0.2, 2, 1]), outlines, worn, (0,)) == pytest.approx(0.1)
    assert np.isnan(expected_worn(np.full(3, np.nan), outlines, worn, (0,)))


def test_a_training_split_without_poses_is_refused():
    nothing = np.full((3, 9, 3), np.nan)
    with pytest.raises(ValueError, match="usual_of: expected at least 2 people with neck and hips, got 0"):
        usual_of(nothing, np.zeros((3, 3)), np.zeros((3, 3)))


def test_most_of_the_training_split_is_usual():
    rng = np.random.default_rng(1)
    poses = np.array([pose_of(keypoints())] * 60)
    poses[..., :2] += rng.normal(0, 0.05, (60, 9, 2))
    found = usual_of(poses, rng.random((60, 3)), rng.random((60, 3)))
    nearest = [np.delete(pose_distances(pose, poses), place).min() for place, pose in enumerate(poses)]
    assert np.mean(np.array(nearest) > found.pose_limit) == pytest.approx(0.05)


def table(values, threshold=0.5):
    rows = [(f"p{i}", f"c{i}", "a rule", value, "", bool(value > threshold)) for i, value in enumerate(values)]
    return pd.DataFrame(rows, columns=["person", "clothing", "rule", "severity", "why", "fires"])


RULE = Rule("a rule", "it is bad", 0.5, lambda facts: Said(0.0))


def test_precision_and_recall_are_those_of_a_table_by_hand():
    told = table([0.9, 0.8, 0.7, 0.2, 0.1])
    true = told[["person", "clothing", "rule"]].assign(true=[1.0, 1.0, 0.0, 1.0, 0.0])
    found = agreement(told, true).loc["a rule"]
    assert (found["n"], found["true"], found["fire"]) == (5, 3, 3)
    assert found["precision"] == found["recall"] == "0.67 of 3"  # too few for an interval
    assert found["ranked"] == pytest.approx(5 / 6)


def test_eight_pairs_that_count_have_an_interval_and_none_a_dash():
    told = table([0.9] * 8 + [0.1])
    true = told[["person", "clothing", "rule"]].assign(true=[1.0] * 6 + [0.0] * 3)
    found = agreement(told, true).loc["a rule"]
    assert found["precision"].startswith("0.75 [")
    assert found["recall"] == "1.00 of 6"
    assert agreement(told, true.assign(true=0.0)).loc["a rule", "recall"] == "-"


def test_what_is_not_known_does_not_count():
    told = table([0.9, np.nan, 0.1])
    true = told[["person", "clothing", "rule"]].assign(true=[1.0, 1.0, np.nan])
    assert agreement(told, true).loc["a rule", "n"] == 1
    assert agreement(told, true.iloc[:0]).empty


def test_equal_severities_rank_as_a_coin_does():
    assert ranked(pd.Series([1.0, 1.0, 1.0]), pd.Series([True, False, False])) == 0.5
    assert np.isnan(ranked(pd.Series([1.0]), pd.Series([True])))


def test_attributes_tell_what_truly_differs():
    person = {"pose": "arm_raised", "left_arm": "raised", "right_arm": "down", "hair_in_front": [False, True]}
    worn = {"sleeve": "short", "length": "long", "neckline": "crew"}
    alike = by_attributes(person, worn, {"sleeve": "half", "length": "long", "neckline": "wide"})
    assert alike == {"rare pose": 1, "sleeve mismatch": 0, "hem mismatch": 0, "neckline mismatch": 0, "occlusion": 1}
    plain = person | {"pose": "standing", "hair_in_front": [False, False]}
    other = by_attributes(plain, worn, {"sleeve": "long", "length": "short", "neckline": "high"})
    assert other == {"rare pose": 0, "sleeve mismatch": 1, "hem mismatch": 1, "neckline mismatch": 1, "occlusion": 0}


def test_worst_median_and_best_are_chosen_by_severity_alone():
    parts = failures.chosen(table([0.3, 0.9, 0.1, 0.5, 0.7, np.nan]), RULE, 1)
    assert {title: rows["severity"].tolist() for title, rows in parts.items()} == {
        "worst": [0.9],
        "median": [0.5],
        "best": [0.1],
    }
    assert failures.chosen(table([0.3, 0.9]), RULE)["all"]["severity"].tolist() == [0.9, 0.3]
    assert failures.chosen(table([np.nan]), RULE) == {}


def test_a_headline_states_count_threshold_and_n():
    assert failures.headline(table([0.9, 0.1, np.nan]), RULE) == "a rule: 1 of 2 pairs fire, threshold 0.5"
    assert failures.counts(table([0.9, 0.1, np.nan]), [RULE]).loc["a rule", ["n", "fire"]].tolist() == [2, 1]


def test_a_gallery_shows_every_case_with_its_severity(make, usual, tmp_path):
    facts, rule = make(), rules(usual)[0]
    pictures = {"person": facts.made, "evidence": failures.evidence(rule.name, facts, tmp_path, usual)}
    figure = gallery(
        {"worst": [failures.Case(pictures, "0.9, fires")] * 2, "best": [failures.Case(pictures, "0.1")]}, "x"
    )
    shown = [axis for axis in figure.axes if axis.images]
    assert len(shown) == 6
    assert figure.axes[0].get_xlabel() == "worst: 0.9, fires"


def test_a_reason_is_told_of_each_weak_rule_and_of_no_other():
    told = pd.DataFrame({"rule": ["lost texture"] * 4 + ["rare pose"], "severity": [-0.1, 0.2, -0.3, np.nan, -1.0]})
    ranks = {"rare pose": 0.69, "hem mismatch": WEAK, "occlusion": 0.5, "neck artefact": np.nan, "lost texture": 0.1}
    first, *lines = weak_rules(pd.DataFrame({"ranked": ranks}), told)
    assert first == "no better than a weak hint (ranked below 0.7): rare pose, occlusion, lost texture"
    assert lines == [
        f"rare pose (ranked 0.69): {WHY_WEAK['rare pose']}",
        "occlusion (ranked 0.50): no reason is known",
        f"lost texture (ranked 0.10): {WHY_WEAK['lost texture']}: 2 of 3 results have more of it than their product",
    ]
    assert weak_rules(pd.DataFrame({"ranked": {"occlusion": 0.9}}), told) == [first.split(":")[0] + ": none"]
    assert weak_rules(pd.DataFrame({"ranked": {"lost texture": 0.2}}), told.iloc[:0])[1].endswith(
        WHY_WEAK["lost texture"]
    )


def test_reasons_are_of_rules_that_there_are():
    assert set(WHY_WEAK) <= set(DEFINED) == {rule.name for rule in rules(None)}
