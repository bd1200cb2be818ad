"""Which samples make up which batch: no sample twice or left out, whatever the devices, wherever training starts."""

from collections import Counter
from itertools import takewhile

import pytest
import torch

from tests.toy_stage import ToyItems
from viton.batches import MIB, Cached, Indices, Share, batches
from viton.errors import InputError

ITEM = ToyItems(1)[0].nbytes


class TornItems(ToyItems):
    """Of which one cannot be read."""

    def __getitem__(self, index):
        if index == 3:
            raise InputError("t3.jpg", "a picture", "half of one")
        return super().__getitem__(index)


def _names(count: int, share: Share, start: int, stop: int, seed: int = 0, workers: int = 0) -> list[list[str]]:
    items = Cached(ToyItems(count), limit_mib=1)
    return [[item.name for item in part] for part in batches(items, seed, share, start, stop, workers)]


def _flat(parts: list[list[str]]) -> list[str]:
    return [name for part in parts for name in part]


@pytest.mark.parametrize(("count", "batch"), [(10, 4), (7, 3), (5, 5), (3, 8), (1, 2)])
def test_every_epoch_has_every_sample_once(count, batch):
    order = _flat(_names(count, Share(batch), 0, 2 * count))
    assert len(order) == 2 * count * batch
    for start in range(0, len(order) - count + 1, count):
        assert len(set(order[start : start + count])) == count


def test_no_batch_is_padded_or_cut_short():
    parts = _names(10, Share(4), 0, 25)
    assert [len(part) for part in parts] == [4] * 25
    assert set(Counter(_flat(parts)).values()) == {10}


def test_epochs_and_seeds_have_orders_of_their_own():
    order = _flat(_names(20, Share(20), 0, 3))
    assert len({tuple(order[start : start + 20]) for start in (0, 20, 40)}) == 3
    assert order != _flat(_names(20, Share(20), 0, 3, seed=1))
    assert order == _flat(_names(20, Share(20), 0, 3))


@pytest.mark.parametrize("parts", [1, 2, 3])
@pytest.mark.parametrize("world", [1, 2])
def test_the_whole_batch_is_the_same_however_it_is_shared_out(world, parts):
    alone = _names(10, Share(12), 0, 5)
    shares = [_names(10, Share(12, rank, world, parts), 0, 5) for rank in range(world)]
    for step in range(5):
        together = [_flat(each[step * parts : (step + 1) * parts]) for each in shares]
        assert _flat(together) == alone[step]
        assert len({len(each) for each in together}) == 1


@pytest.mark.parametrize("share", [Share(4), Share(4, rank=1, world=2), Share(4, parts=2)])
def test_a_later_start_gives_what_an_uninterrupted_run_gives_there(share):
    whole = _names(7, share, 0, 9)
    for start in range(10):
        assert _names(7, share, start, 9) == whole[start * share.parts :]


def test_the_sampler_says_how_much_it_gives():
    for share in (Share(4), Share(8, 1, 2, 2)):
        indices = Indices(7, 0, share, 2, 9)
        assert len(list(indices)) == len(indices)


def test_a_worker_process_gives_the_same_until_a_sample_cannot_be_read_and_draws_from_nobodys_generator():
    before = torch.get_rng_state()
    expected = list(takewhile(lambda part: "t3" not in part, _names(7, Share(2), 0, 6, seed=3)))
    assert expected
    parts = batches(Cached(TornItems(7), 1), 3, Share(2), 0, 6, workers=1)
    assert [[item.name for item in next(parts)] for _ in expected] == expected
    with pytest.raises(InputError, match=r"^t3\.jpg: expected a picture, got half of one$"):
        next(parts)
    assert torch.equal(before, torch.get_rng_state())


def test_a_sample_that_cannot_be_read_is_told_in_one_line_when_its_turn_comes():
    with pytest.raises(InputError, match=r"^t3\.jpg: expected a picture, got half of one$"):
        list(batches(Cached(TornItems(4), 1), 0, Share(4), 0, 1, workers=0))


def test_torchs_global_generator_is_left_alone():
    before = torch.get_rng_state()
    _names(7, Share(4), 0, 3)
    assert torch.equal(before, torch.get_rng_state())


def test_a_cached_item_is_the_one_that_was_read_and_is_read_once():
    source = ToyItems(3)
    cached = Cached(source, limit_mib=1)
    first = cached[1]
    assert cached[1] is first
    assert (first.pixels == ToyItems(3)[1].pixels).all()
    assert source.read == [1]


def test_the_caches_limit_is_respected_and_what_does_not_fit_is_read_each_time():
    source = ToyItems(4)
    cached = Cached(source, limit_mib=1)
    cached.left = 2 * ITEM + ITEM // 2
    for _ in range(2):
        names = [cached[index].name for index in range(4)]
        assert names == ["t0", "t1", "t2", "t3"]
    assert sorted(cached.kept) == [0, 1]
    assert source.read == [0, 1, 2, 3, 2, 3]
    assert sum(item.nbytes for item in cached.kept.values()) + cached.left == 2 * ITEM + ITEM // 2


def test_the_limit_is_in_mib_and_nothing_is_kept_without_one():
    assert Cached(ToyItems(1), limit_mib=3).left == 3 * MIB
    empty = Cached(ToyItems(1), limit_mib=0)
    assert empty[0].name == "t0"
    assert not empty.kept
