"""What the try-on stages train on: everybody in the own garment, some held out; what is told when that is not so."""

import shutil

import numpy as np
import pytest
import torch

from tests.tiny_stages import SIZE, tiny_data, tiny_sample
from viton.config import RepresentationConfig
from viton.data.sample import Pair
from viton.errors import InputError
from viton.parsing import CIHP
from viton.training_data import HELD_OUT, TryOnItem, open_training_data, own_pairs, to_batch, worn_mask

EVERYTHING = RepresentationConfig()


def _dress(hd, people: int) -> list[str]:
    """Make so many people of the first one, each with a garment of the same name; ids in order."""
    names = [f"n{number:03d}" for number in range(people)]
    for name in names:
        for role, suffix in (("image", ".jpg"), ("parsing", ".png"), ("keypoints", "_keypoints.json")):
            shutil.copy(hd.folders[role] / f"p1{suffix}", hd.folders[role] / f"{name}{suffix}")
        for role in ("clothing", "clothing_mask"):
            shutil.copy(hd.folders[role] / "c1.jpg", hd.folders[role] / f"{name}.jpg")
    for person in hd.people:
        for path in (hd.image(person), hd.parsing(person), hd.keypoints(person)):
            path.unlink()
    hd.pairs_path.write_text("".join(f"{name}.jpg c1.jpg\n" for name in names))
    return names


def _names(pairs) -> list[str]:
    return [pair.person for pair in pairs.pairs]


def test_everybody_is_in_the_own_garment_in_the_order_of_names(make_tiny_hd):
    hd = make_tiny_hd(split="train")
    names = _dress(hd, 3)
    pairs = own_pairs(hd.root, "train", SIZE)
    assert pairs.pairs == [Pair(name, name) for name in names]
    assert len(pairs) == 3
    item = pairs[1]
    assert item.name == "n001__n001"
    assert item.sample.person.image.shape == (*SIZE, 3)


def test_without_a_validation_split_every_twentieth_person_is_held_out(make_tiny_hd):
    hd = make_tiny_hd(split="train")
    names = _dress(hd, 2 * HELD_OUT + 3)
    data = open_training_data(hd.root, SIZE, EVERYTHING)
    assert HELD_OUT == 20
    assert _names(data.validation) == [names[19], names[39]]
    assert _names(data.training) == [name for name in names if name not in (names[19], names[39])]


def test_with_a_validation_split_nobody_is_held_out(make_tiny_hd):
    train, val = make_tiny_hd(split="train"), make_tiny_hd(split="val")
    names = _dress(train, HELD_OUT)
    _dress(val, 2)
    data = open_training_data(train.root, SIZE, EVERYTHING)
    assert _names(data.training) == names
    assert _names(data.validation) == names[:2]
    assert data.validation.data.split == "val"


def test_with_a_mirror_everybody_of_the_training_split_comes_a_second_time_mirrored(make_tiny_hd):
    train, val = make_tiny_hd(split="train"), make_tiny_hd(split="val")
    names = _dress(train, 3)
    _dress(val, 2)
    data = open_training_data(train.root, SIZE, EVERYTHING, mirror=True)
    assert (len(data.training), len(data.validation)) == (6, 2)
    assert [item.name for item in data.training] == [
        f"{name}__{name}{more}" for more in ("", " (mirrored)") for name in names
    ]
    for number in range(3):
        once, again = data.training[number].sample, data.training[number + 3].sample
        assert (again.person.image == once.person.image[:, ::-1]).all()
        assert (again.clothing.mask == once.clothing.mask[:, ::-1]).all()
    assert data.batch([data.training[5]], torch.device("cpu")).representation.isfinite().all()


def test_a_person_without_the_own_garment_is_named(make_tiny_hd):
    hd = make_tiny_hd(split="train")
    names = _dress(hd, 3)
    hd.clothing(names[1]).unlink()
    with pytest.raises(InputError, match=r"expected everyone's own garment, got no paired garment for n001$"):
        open_training_data(hd.root, SIZE, EVERYTHING)


def test_a_folder_without_a_training_split_says_what_there_is_and_that_nobody_could_be_trained_on(tiny_hd):
    told = r"expected a split 'train' .*, got only 'test', and there no paired garment for p1$"
    with pytest.raises(InputError, match=told):
        open_training_data(tiny_hd.root, SIZE, EVERYTHING)


def test_a_folder_with_another_split_in_own_garments_says_that_alone(tiny_hd):
    _dress(tiny_hd, 2)
    with pytest.raises(InputError, match=r"got only 'test'$"):
        open_training_data(tiny_hd.root, SIZE, EVERYTHING)


def test_the_real_sample_is_refused_by_name(shared_data):
    with pytest.raises(InputError, match="no paired garment for 00891_00"):
        open_training_data(shared_data / "vitonhd_sample", (128, 96), EVERYTHING)


@pytest.mark.parametrize(("make", "got"), [(True, "none"), (False, "no such folder")])
def test_an_empty_or_missing_folder_is_told(tmp_path, make, got):
    root = tmp_path / "data"
    if make:
        root.mkdir()
    with pytest.raises(InputError, match=f"got {got}$"):
        open_training_data(root, SIZE, EVERYTHING)


def test_a_training_split_without_people_is_told_in_one_line(make_tiny_hd):
    hd = make_tiny_hd(split="train")
    _dress(hd, 0)
    with pytest.raises(InputError) as caught:
        open_training_data(hd.root, SIZE, EVERYTHING)
    assert "\n" not in str(caught.value)


def test_a_batch_has_the_shapes_and_ranges_that_it_says(make_tiny_hd):
    hd = make_tiny_hd(split="train")
    _dress(hd, HELD_OUT)
    data = open_training_data(hd.root, SIZE, EVERYTHING)
    batch = data.batch([data.training[0], data.training[1]], torch.device("cpu"))
    assert batch.names == ["n000__n000", "n001__n001"]
    assert batch.representation.shape == (2, 22, *SIZE)
    assert batch.generator_input.shape == (2, 25, *SIZE)
    assert batch.image.shape == batch.clothing.shape == (2, 3, *SIZE)
    assert batch.clothing_mask.shape == batch.worn_mask.shape == (2, 1, *SIZE)
    for each in (batch.image, batch.clothing):
        assert -1 <= each.min() < 0 < each.max() <= 1
    assert set(batch.worn_mask.unique().tolist()) == {0.0, 1.0}
    assert 0 <= batch.clothing_mask.min() < batch.clothing_mask.max() == 1
    assert torch.equal(batch.generator_input[:, :3], batch.clothing)
    assert torch.equal(batch.generator_input[:, 3:], batch.representation)


def test_a_batch_is_its_samples_one_by_one_and_leaves_them_as_they_were():
    data, cpu = tiny_data(3), torch.device("cpu")
    items = [data.training[index] for index in range(3)]
    together = data.batch(items, cpu)
    singles = [data.batch([item], cpu) for item in items]
    for number, each in enumerate(together[1:], 1):
        assert torch.equal(each, torch.cat([single[number] for single in singles]))
    for item, fresh in zip(items, (tiny_sample(number) for number in range(3)), strict=True):
        ours, theirs = (*item.sample.person, *item.sample.clothing), (*fresh.person, *fresh.clothing)
        assert all(np.array_equal(one, other) for one, other in zip(ours, theirs, strict=True))


def test_an_ablation_has_fewer_channels():
    data = tiny_data(2)
    samples = [item.sample for item in data.training]
    batch = to_batch(samples, RepresentationConfig(pose=False), CIHP, "paper", "cpu")
    assert batch.generator_input.shape[1] == 25 - 18


def test_the_worn_mask_is_where_the_parser_sees_the_garment_whatever_the_parsings_size():
    sample = tiny_sample(0)
    labels = sample.person.parsing
    mask = worn_mask(sample, CIHP, "paper")
    assert torch.equal(mask[0, 0] > 0, torch.from_numpy(labels == 5))
    large = sample._replace(person=sample.person._replace(parsing=np.kron(labels, np.ones((2, 2), np.uint8))))
    assert torch.equal(worn_mask(large, CIHP, "paper"), mask)


def test_an_items_size_is_that_of_its_pictures():
    item = TryOnItem(tiny_sample(0))
    H, W = SIZE
    assert item.nbytes == 3 * H * W + H * W + 3 * H * W + H * W
