"""Label maps: what a number means depends on the dataset, and masks are made by name."""

import numpy as np
import pytest
import torch

from viton.parsing import (
    ATR,
    CIHP,
    CLOTHING,
    FACE_AND_HAIR,
    LIP,
    NEAREST,
    PALETTE,
    TROUSERS,
    body_mask_of,
    clothing_region,
    mask_of,
    merges,
    translate,
)

EVERY_LABEL = torch.arange(20, dtype=torch.uint8).reshape(1, 4, 5)


def _ids(mask: torch.Tensor) -> list[int]:
    return EVERY_LABEL.flatten()[mask.flatten() > 0].tolist()


def test_ten_is_neck_in_cihp_and_jumpsuits_in_lip():
    assert CIHP.labels[10] == "neck"
    assert LIP.labels[10] == "jumpsuits"
    assert CIHP.labels[:10] == LIP.labels[:10]
    assert CIHP.labels[11:] == LIP.labels[11:]
    assert len(set(CIHP.labels)) == len(set(LIP.labels)) == len(PALETTE) == 20


@pytest.mark.parametrize(
    ("label", "name"),
    [(0, "background"), (1, "hat"), (2, "hair"), (4, "sunglasses"), (5, "upper_clothes"), (6, "dress"), (7, "coat"),
     (9, "pants"), (12, "skirt"), (13, "face"), (14, "left_arm"), (15, "right_arm"), (19, "right_shoe")],
)  # fmt: skip
def test_labels_have_the_numbers_of_the_published_table(label, name):
    assert CIHP.labels[label] == LIP.labels[label] == name


@pytest.mark.parametrize(
    ("names", "ids"),
    [(CLOTHING["paper"], [5, 6, 7]), (CLOTHING["authors"], [5]), (FACE_AND_HAIR["paper"], [2, 13]),
     (FACE_AND_HAIR["authors"], [1, 2, 4, 13]), (TROUSERS, [9, 12])],
)  # fmt: skip
def test_masks_take_the_labels_that_the_paper_and_the_authors_take(names, ids):
    mask = mask_of(EVERY_LABEL, names, CIHP)
    assert mask.shape == (1, 1, 4, 5)
    assert mask.dtype == torch.float32
    assert _ids(mask) == ids


def test_a_name_that_only_the_other_map_knows_is_passed_over():
    assert _ids(mask_of(EVERY_LABEL, ("neck", "face"), LIP)) == [13]
    assert _ids(mask_of(EVERY_LABEL, ("jumpsuits", "face"), CIHP)) == [13]


def test_names_that_a_map_does_not_know_at_all_are_an_error_that_lists_the_known():
    with pytest.raises(KeyError, match=r"LIP: expected one of .*upper_clothes.*got .*neck"):
        LIP.ids(("neck",))


@pytest.mark.parametrize(("fidelity", "left_out"), [("paper", {0, 2, 13}), ("authors", {0, 1, 2, 4, 13})])
def test_the_body_is_everything_but_background_face_and_hair(fidelity, left_out):
    mask = body_mask_of(EVERY_LABEL, CIHP, fidelity)
    assert set(_ids(mask)) == set(range(20)) - left_out


def test_a_number_that_means_nothing_belongs_to_no_mask():
    odd = torch.tensor([[[20, 200, 255]]], dtype=torch.uint8)
    assert body_mask_of(odd, CIHP, "paper").sum() == 0
    assert mask_of(odd, CIHP.labels, CIHP).sum() == 0


@pytest.mark.parametrize("fidelity", ["paper", "authors"])
def test_the_region_to_be_replaced_is_the_clothing_mask(fidelity):
    labels = EVERY_LABEL[0].numpy()
    region = clothing_region(labels, CIHP, fidelity)
    assert region.dtype == np.uint8
    np.testing.assert_array_equal(region, mask_of(EVERY_LABEL, CLOTHING[fidelity], CIHP)[0, 0].numpy())


MAPS = (CIHP, LIP, ATR)
BOTH_WAYS = [(one, other) for one in MAPS for other in MAPS]
ATR_NAMES = {  # the published table, in its own words
    1: "hat", 2: "hair", 3: "sunglasses", 4: "upper_clothes", 5: "skirt", 6: "pants", 7: "dress", 8: "belt",
    9: "left_shoe", 10: "right_shoe", 11: "head", 12: "left_leg", 13: "right_leg", 14: "left_arm", 15: "right_arm",
    16: "bag", 17: "scarf",
}  # fmt: skip


def _every(label_map) -> np.ndarray:
    return np.arange(len(label_map.labels), dtype=np.uint8)[None]


def _names(labels: np.ndarray, label_map) -> list[str]:
    return [label_map.labels[label] for label in labels.reshape(-1)]


def test_atr_has_the_numbers_of_the_published_table_and_calls_its_head_a_face():
    own = {"head": "face"}
    assert list(ATR.labels) == ["background", *(own.get(name, name) for name in ATR_NAMES.values())]
    assert set(CIHP.labels) - set(ATR.labels) == {"glove", "coat", "socks", "neck"}
    assert set(ATR.labels) - set(CIHP.labels) == {"belt", "bag"}


@pytest.mark.parametrize(("one", "other"), BOTH_WAYS, ids=lambda label_map: label_map.name)
def test_every_label_keeps_its_name_or_becomes_the_nearest(one, other):
    labels = np.repeat(_every(one), 3, axis=0)
    before = labels.copy()
    found, merged = translate(labels, one, other)
    np.testing.assert_array_equal(labels, before)
    assert (found.shape, found.dtype) == (labels.shape, np.uint8)
    expected = [name if name in other.labels else NEAREST[name] for name in one.labels]
    assert _names(found[0], other) == expected
    lost = [name for name in one.labels if name not in other.labels]
    assert merged == {(name, NEAREST[name]): 3 for name in lost}
    assert merges(one, other) == {name: NEAREST[name] for name in lost}


@pytest.mark.parametrize("one", MAPS, ids=lambda label_map: label_map.name)
def test_a_map_translates_into_itself_as_it_is(one):
    found, merged = translate(_every(one), one, one)
    np.testing.assert_array_equal(found, _every(one))
    assert merged == {}


@pytest.mark.parametrize(("one", "other"), BOTH_WAYS, ids=lambda label_map: label_map.name)
def test_there_and_back_changes_the_lost_labels_alone(one, other):
    there = translate(_every(one), one, other).labels
    back = _names(translate(there, other, one).labels, one)
    changed = {name: found for name, found in zip(one.labels, back, strict=True) if name != found}
    assert changed == merges(one, other)  # what a lost label has become is itself in both maps


@pytest.mark.parametrize(("one", "other"), BOTH_WAYS, ids=lambda label_map: label_map.name)
def test_no_label_but_a_bag_becomes_a_hole_and_what_is_replaced_stays_so(one, other):
    found = translate(_every(one), one, other).labels
    holes = {name for name, to in zip(one.labels, _names(found, other), strict=True) if to == "background"}
    assert holes - {"bag"} == {"background"}
    for fidelity in ("paper", "authors"):
        lost = clothing_region(found, other, fidelity) < clothing_region(_every(one), one, fidelity)
        assert not lost.any()  # the garment to be replaced never loses a pixel


def test_absent_labels_are_not_said_to_be_lost():
    labels = np.array([[0, 5, 10, 10]], np.uint8)
    assert translate(labels, CIHP, ATR).merged == {("neck", "face"): 2}
    assert translate(labels[:, :2], CIHP, ATR).merged == {}


def test_the_nearest_are_frozen_and_a_number_of_no_label_is_an_error():
    with pytest.raises(TypeError):
        NEAREST["neck"] = "background"
    with pytest.raises(ValueError, match="ATR: expected labels below 18, got 19"):
        translate(np.array([[3, 19]], np.uint8), ATR, CIHP)
