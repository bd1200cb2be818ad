"""What is said of try-ons on photographs: sleeves read off a parsing, colours, masks that may be compared."""

from __future__ import annotations

import numpy as np
import pytest

from viton.data.sample import Person
from viton.data.viton_hd import VitonHd
from viton.errors import InputError
from viton.keypoints import COCO18
from viton.parsing import CIHP
from viton.results import Folder, Outcome, failed
from viton_eval.photographs import measure_photographs, photograph_table, read_sleeves, worn_sleeve

SIZE = (64, 48)
SHIRT, LEFT, RIGHT = (CIHP.labels.index(name) for name in ("upper_clothes", "left_arm", "right_arm"))


def person(covered_right, covered_left, seen=1.0):
    """Somebody whose arms hang down, each covered down to a share of its length."""
    labels, joints = np.zeros(SIZE, np.uint8), np.zeros((18, 3), np.float32)
    labels[10:40, 16:32] = SHIRT
    for side, x, share, arm in (("right", 12, covered_right, RIGHT), ("left", 35, covered_left, LEFT)):
        labels[10:51, x - 2 : x + 3] = arm
        labels[10 : 10 + round(40 * share), x - 2 : x + 3] = SHIRT
        for joint, y in (("shoulder", 10), ("elbow", 30), ("wrist", 50)):
            joints[COCO18.index(f"{side}_{joint}")] = (x, y, seen)
    return Person("p", np.zeros((*SIZE, 3), np.uint8), labels, joints)


SHARES = [(0, "none"), (0.12, "short"), (0.35, "short"), (0.55, "short"), (0.95, "long")]


@pytest.mark.parametrize(("share", "sleeve"), SHARES)
def test_a_sleeve_is_as_long_as_the_arm_that_it_covers(share, sleeve):
    assert worn_sleeve(person(share, share), CIHP) == sleeve


def test_the_barer_arm_decides_for_the_other_may_lie_behind_the_trunk():
    assert worn_sleeve(person(1.0, 0.3), CIHP) == "short"
    assert worn_sleeve(person(0.0, 1.0), CIHP) == "none"


def test_arms_that_are_not_seen_have_no_sleeve():
    assert worn_sleeve(person(0.5, 0.5, seen=0.0), CIHP) == "unseen"


def test_a_list_of_sleeves_is_read_and_bad_ones_are_refused(tmp_path):
    path = tmp_path / "sleeves.csv"
    path.write_text("clothing,sleeve\nc1,long\nc2,none\n")
    assert read_sleeves(path) == {"c1": "long", "c2": "none"}
    path.write_text("clothing,sleeve\nc1,lang\n")
    with pytest.raises(InputError, match="c1 with one of none, short, long"):
        read_sleeves(path)
    with pytest.raises(InputError, match="no such file"):
        read_sleeves(tmp_path / "other.csv")


def test_masks_are_compared_only_where_sleeves_match(tiny_hd, tmp_path):
    data = VitonHd(tiny_hd.root, "test")
    pairs = data.pairs("test_pairs.txt")
    size = data.person(pairs[0].person, SIZE).image.shape[:2]
    mask = np.full(size, 255, np.uint8)

    def of_pair(pair):
        photo = data.person(pair.person, SIZE).image
        return failed("bad_input", "no") if pair == pairs[-1] else Outcome("ok", {".png": photo, ".mask.png": mask}, {})

    Folder(tmp_path / "made").make(pairs, {"made": "x"}, lambda chosen: [of_pair(pair) for pair in chosen])
    worn = worn_sleeve(data.person(pairs[0].person, SIZE), data.label_map)
    found = measure_photographs(tmp_path / "made", data, pairs, SIZE, {pairs[0].clothing: worn})
    assert len(found) == len(pairs) - 1
    assert (found["face_hair"] == 0).all()
    assert found["lab_parsed"].gt(0).all()
    assert found["mask_iou"].notna().to_list() == [row.clothing == pairs[0].clothing for row in found.itertuples()]
    table = photograph_table({"x": found})
    assert table.loc["x", "change on face, hair"].endswith(f"(n = {len(found)})")
