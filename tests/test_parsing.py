"""Label maps: what a number means depends on the dataset, and masks are made by name."""

import numpy as np
import pytest
import torch

from viton.parsing import (
    CIHP,
    CLOTHING,
    FACE_AND_HAIR,
    LIP,
    PALETTE,
    TROUSERS,
    body_mask_of,
    clothing_region,
    mask_of,
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
