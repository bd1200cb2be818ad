"""Folders of results: nothing is made twice, nothing is lost, nothing is half written."""

import errno
import json
import multiprocessing
import os
import select
import signal
import sys
from pathlib import Path

import numpy as np
import pytest

from viton import files
from viton.data.sample import Pair
from viton.errors import InputError
from viton.files import locked, read_jsonl, written_whole
from viton.results import Folder, Outcome, failed, merge, pairs_digest, shard_of

PAIRS = [Pair(f"p{i}", f"c{j}") for i in (2, 1, 3) for j in (2, 1)]
SETTINGS = {"made": "test", "pairs": pairs_digest(PAIRS), "seed": 0}


class Maker:
    """Makes a picture that depends on the pair's name alone, counts, and dies or fails on demand."""

    def __init__(self, dies_at: Pair | None = None, fails_at: Pair | None = None, mask: bool = False) -> None:
        self.made: list[Pair] = []
        self.dies_at, self.fails_at, self.mask = dies_at, fails_at, mask

    def __call__(self, pairs: list[Pair]) -> list[Outcome]:
        return [self.one(pair) for pair in pairs]

    def one(self, pair: Pair) -> Outcome:
        if pair == self.dies_at:
            raise KeyboardInterrupt
        self.made.append(pair)
        if pair == self.fails_at:
            return failed("warp_failed:few_contour_points", "the outline is 3 px long")
        pixels = np.frombuffer(pair.name.encode() * 8, np.uint8)[:48].reshape(4, 4, 3)
        pictures = {".png": pixels} | ({".mask.png": pixels[..., 0], ".coarse.png": pixels} if self.mask else {})
        return Outcome("ok", pictures, {"iou": 0.5})


def _make(path: Path, maker: Maker, pairs: list[Pair] = PAIRS, settings: dict = SETTINGS, **options) -> list[dict]:
    return Folder(path).make(pairs, settings, maker, **options)


def _contents(path: Path) -> dict[str, bytes]:
    """Everything in a folder that does not tell when or where it was made."""
    left_out = {"timing.jsonl", "provenance.json", ".lock"}
    return {inside.name: inside.read_bytes() for inside in path.iterdir() if inside.name not in left_out}


@pytest.fixture
def finished(tmp_path) -> Path:
    _make(tmp_path / "finished", Maker())
    return tmp_path / "finished"


def test_a_manifest_has_a_sorted_row_for_every_pair(finished):
    rows = read_jsonl(finished / "manifest.jsonl")
    assert [Pair(row["person"], row["clothing"]) for row in rows] == sorted(PAIRS)
    for row in rows:
        assert row["file"] == f"{row['person']}__{row['clothing']}.png"
        assert row["sha256"] == files.sha256_of(finished / row["file"])
        assert (row["status"], row["iou"], row["schema"]) == ("ok", 0.5, 1)
    assert not (finished / "journal.jsonl").exists()


def test_times_and_hosts_are_kept_out_of_what_is_hashed(finished):
    timings = read_jsonl(finished / "timing.jsonl")
    assert len(timings) == len(PAIRS)
    assert all({"seconds", "time", "host", "person", "clothing"} == set(row) for row in timings)
    assert not {"seconds", "time", "host"} & set(read_jsonl(finished / "manifest.jsonl")[0])


def test_a_second_call_makes_nothing_and_returns_the_same(finished):
    before = _contents(finished)
    stamps = {inside.name: inside.stat().st_mtime_ns for inside in finished.iterdir()}
    maker = Maker()
    rows = _make(finished, maker)
    assert maker.made == []
    assert rows == read_jsonl(finished / "manifest.jsonl")
    assert _contents(finished) == before
    assert {inside.name: inside.stat().st_mtime_ns for inside in finished.iterdir()} == stamps


def test_other_settings_are_refused_by_name_unless_overwritten(finished):
    before, other = _contents(finished), SETTINGS | {"seed": 1, "new": True}
    maker = Maker()
    with pytest.raises(InputError, match=r"--overwrite.* got others: new, seed 0 .now 1."):
        _make(finished, maker, settings=other)
    assert maker.made == []
    assert _contents(finished) == before
    (finished / "gone__pair.png").write_bytes(b"")
    (finished / "thesis.tex").write_text("not ours")
    _make(finished, maker, settings=other, overwrite=True)
    assert sorted(maker.made) == sorted(PAIRS)
    assert not (finished / "gone__pair.png").exists()
    assert (finished / "thesis.tex").read_text() == "not ours"
    assert json.loads((finished / "settings.json").read_text()) == other


def test_a_folder_with_another_programs_settings_is_never_overwritten(tmp_path):
    (tmp_path / "settings.json").write_text('{"editor.fontSize": 12}')
    with pytest.raises(InputError, match="another program"):
        _make(tmp_path, Maker(), overwrite=True)
    assert (tmp_path / "settings.json").read_text() == '{"editor.fontSize": 12}'


def test_overwriting_with_the_same_settings_keeps_what_is_there(finished):
    maker = Maker()
    _make(finished, maker, overwrite=True)
    assert maker.made == []


def test_a_killed_run_goes_on_where_it_was(tmp_path, finished):
    first, second = Maker(dies_at=PAIRS[3]), Maker()
    with pytest.raises(KeyboardInterrupt):
        _make(tmp_path / "out", first)
    assert not (tmp_path / "out" / "manifest.jsonl").exists()
    _make(tmp_path / "out", second)
    assert first.made == PAIRS[:3]
    assert second.made == PAIRS[3:]
    assert _contents(tmp_path / "out") == _contents(finished)
    assert len(read_jsonl(tmp_path / "out" / "timing.jsonl")) == len(PAIRS)


@pytest.mark.parametrize("torn", [b'{"row": {"cloth', b'{"row"', b"\0\0\0\0", b"\xff\xfe"])
def test_a_torn_line_of_a_killed_run_costs_that_pair_alone(tmp_path, finished, torn):
    with pytest.raises(KeyboardInterrupt):
        _make(tmp_path / "out", Maker(dies_at=PAIRS[3]))
    with (tmp_path / "out" / "journal.jsonl").open("ab") as stream:
        stream.write(torn)
    again = Maker()
    _make(tmp_path / "out", again)
    assert again.made == PAIRS[3:]
    assert _contents(tmp_path / "out") == _contents(finished)


def test_a_run_killed_again_and_again_ends_with_the_same_folder(tmp_path, finished):
    made = []
    for pair in PAIRS:
        maker = Maker(dies_at=pair)
        with pytest.raises(KeyboardInterrupt):
            _make(tmp_path / "out", maker)
        made += maker.made
    last = Maker()
    _make(tmp_path / "out", last)
    assert made + last.made == PAIRS
    assert _contents(tmp_path / "out") == _contents(finished)


@pytest.mark.parametrize("moment", ["timing.jsonl", "manifest.jsonl"])
def test_a_run_killed_while_it_finishes_loses_nothing(tmp_path, finished, monkeypatch, moment):
    replace = os.replace

    def die(source: object, target: object) -> None:
        if Path(str(target)).name == moment:
            raise KeyboardInterrupt
        replace(source, target)

    with monkeypatch.context() as patch:
        patch.setattr(os, "replace", die)
        with pytest.raises(KeyboardInterrupt):
            _make(tmp_path / "out", Maker())
    again = Maker()
    _make(tmp_path / "out", again)
    assert again.made == []
    assert _contents(tmp_path / "out") == _contents(finished)
    assert len(read_jsonl(tmp_path / "out" / "timing.jsonl")) == len(PAIRS)


@pytest.mark.parametrize("harm", ["deleted", "emptied", "changed"])
def test_a_damaged_picture_is_made_again_and_no_other(finished, harm):
    before = _contents(finished)
    path = finished / "p1__c2.png"
    if harm == "deleted":
        path.unlink()
    else:
        path.write_bytes(b"" if harm == "emptied" else path.read_bytes()[:-1] + b"x")
    maker = Maker()
    _make(finished, maker)
    assert maker.made == [Pair("p1", "c2")]
    assert _contents(finished) == before


@pytest.mark.parametrize("what", ["mask", "coarse"])
@pytest.mark.parametrize("deleted", [True, False])
def test_a_damaged_picture_beside_the_result_is_made_again_too(tmp_path, deleted, what):
    _make(tmp_path, Maker(mask=True))
    before = _contents(tmp_path)
    path = tmp_path / f"p1__c2.{what}.png"
    path.unlink() if deleted else path.write_bytes(b"")
    maker = Maker(mask=True)
    _make(tmp_path, maker)
    assert maker.made == [Pair("p1", "c2")]
    assert _contents(tmp_path) == before


def test_a_failed_pair_is_a_row_with_its_reason_and_is_not_tried_again(tmp_path):
    rows = _make(tmp_path, Maker(fails_at=PAIRS[2]))
    (bad,) = [row for row in rows if row["status"] != "ok"]
    assert (bad["person"], bad["clothing"], bad["status"]) == (*PAIRS[2], "warp_failed:few_contour_points")
    assert bad["message"] == "the outline is 3 px long"
    assert "file" not in bad
    assert len(list(tmp_path.glob("*.png"))) == len(PAIRS) - 1
    again = Maker()
    _make(tmp_path, again)
    assert again.made == []


@pytest.mark.parametrize("batch", [2, 4, 100])
def test_the_size_of_the_batches_changes_no_byte(tmp_path, finished, batch):
    maker, seen = Maker(), []
    _make(tmp_path / "out", maker, batch=batch, progress=lambda *at: seen.append(at))
    assert maker.made == PAIRS
    assert _contents(tmp_path / "out") == _contents(finished)
    assert seen == [(min(done, 6), 6) for done in range(batch, 6 + batch, batch)]
    assert len(read_jsonl(tmp_path / "out" / "timing.jsonl")) == len(PAIRS)


def test_the_pairs_of_a_batch_share_its_time(tmp_path):
    _make(tmp_path, Maker(), batch=3)
    seconds = [row["seconds"] for row in read_jsonl(tmp_path / "timing.jsonl")]
    assert len(set(seconds)) <= 2


def test_a_run_killed_in_a_batch_loses_that_batch_alone(tmp_path, finished):
    first, second = Maker(dies_at=PAIRS[3]), Maker()
    with pytest.raises(KeyboardInterrupt):
        _make(tmp_path / "out", first, batch=2)
    _make(tmp_path / "out", second, batch=2)
    assert first.made == PAIRS[:3]
    assert second.made == PAIRS[2:]
    assert _contents(tmp_path / "out") == _contents(finished)


def test_a_maker_that_loses_a_pair_is_found_out(tmp_path):
    with pytest.raises(ValueError, match="shorter"):
        Folder(tmp_path).make(PAIRS, SETTINGS, lambda pairs: Maker()(pairs[1:]), batch=3)


def test_a_picture_with_a_strange_name_is_refused(tmp_path):
    outcome = Outcome("ok", {"/../x.png": np.zeros((4, 4, 3), np.uint8)}, {})
    with pytest.raises(ValueError, match=r"names such as \.png"):
        Folder(tmp_path).make(PAIRS[:1], SETTINGS, lambda pairs: [outcome])


def test_what_a_method_tells_cannot_overwrite_what_became_of_the_pair(tmp_path):
    outcome = Outcome("ok", {".png": np.zeros((4, 4, 3), np.uint8)}, {"status": "fine", "person": "me", "extra": 1})
    (row,) = Folder(tmp_path).make(PAIRS[:1], SETTINGS, lambda pairs: [outcome])
    assert (row["status"], row["person"], row["extra"]) == ("ok", PAIRS[0].person, 1)


def test_the_order_of_the_pairs_changes_no_byte(tmp_path, finished):
    _make(tmp_path / "out", Maker(), PAIRS[::-1])
    assert _contents(tmp_path / "out") == _contents(finished)


def test_every_pair_is_in_exactly_one_shard_whatever_else_is_on_the_list():
    for count in (1, 2, 3, 7):
        shards = [shard_of(PAIRS, index, count) for index in range(1, count + 1)]
        assert sorted(pair for shard in shards for pair in shard) == sorted(PAIRS)
    assert set(shard_of(PAIRS[:3], 1, 2)) == set(shard_of(PAIRS, 1, 2)) & set(PAIRS[:3])


def _shards(tmp_path: Path, count: int = 3, mask: bool = False, **changed: object) -> list[Path]:
    paths = []
    for index in range(1, count + 1):
        settings = SETTINGS | {"shard": f"{index}/{count}"} | changed
        paths.append(tmp_path / f"shard{index}")
        _make(paths[-1], Maker(fails_at=PAIRS[0], mask=mask), shard_of(PAIRS, index, count), settings)
    return paths


def test_merged_shards_equal_one_run_byte_for_byte(tmp_path):
    _make(tmp_path / "one", Maker(fails_at=PAIRS[0]))
    merge(_shards(tmp_path), tmp_path / "merged")
    assert _contents(tmp_path / "merged") == _contents(tmp_path / "one")
    assert len(read_jsonl(tmp_path / "merged" / "timing.jsonl")) == len(PAIRS)
    merge(_shards(tmp_path)[::-1], tmp_path / "merged")  # once more, in another order
    assert _contents(tmp_path / "merged") == _contents(tmp_path / "one")


def test_merging_joins_the_pictures_beside_the_results_too(tmp_path):
    _make(tmp_path / "one", Maker(fails_at=PAIRS[0], mask=True))
    shards = _shards(tmp_path, mask=True)
    merge(shards, tmp_path / "merged")
    assert len(list((tmp_path / "merged").glob("*.coarse.png"))) == len(PAIRS) - 1
    assert _contents(tmp_path / "merged") == _contents(tmp_path / "one")
    next(path for shard in shards for path in shard.glob("*.coarse.png")).unlink()
    with pytest.raises(InputError, match="the picture with sha256"):
        merge(shards, tmp_path / "again")


def _spoil_shards(tmp_path: Path, what: str) -> tuple[list[Path], str]:
    shards = _shards(tmp_path)
    if what == "missing shard":
        return shards[:-1], "expected all 3 shards, got no "
    if what == "twice the same":
        return [*shards, shards[0]], "every pair once"
    if what == "mixed settings":
        (shards[1] / "settings.json").write_text(json.dumps(SETTINGS | {"seed": 1}))
        return shards, "the settings of"
    if what == "unfinished":
        (shards[1] / "manifest.jsonl").unlink()
        return shards, "a JSON-lines file"
    if what == "no results":
        (shards[1] / "settings.json").unlink()
        return shards, "a JSON file"
    if what == "settings are a list":
        (shards[0] / "settings.json").write_text("[]")
        return shards, "keys and values"
    if what == "settings without pairs":
        for shard in shards:
            (shard / "settings.json").write_text("{}")
        return shards, "every pair of the list"
    if what == "torn manifest":
        path = next(shard / "manifest.jsonl" for shard in shards if (shard / "manifest.jsonl").stat().st_size)
        path.write_text(path.read_text()[:-20])
        return shards, "a JSON object"
    if what == "row without status":
        (shards[0] / "manifest.jsonl").write_text('{"person": "p1"}\n')
        return shards, "rows are whole"
    next(path for shard in shards for path in shard.glob("*.png")).write_bytes(b"")
    return shards, "the picture with sha256"


@pytest.mark.parametrize(
    "what",
    ["missing shard", "twice the same", "mixed settings", "unfinished", "no results", "settings are a list",
     "settings without pairs", "torn manifest", "row without status", "damaged picture"],
)  # fmt: skip
def test_shards_that_do_not_make_a_whole_are_refused(tmp_path, what):
    shards, expected = _spoil_shards(tmp_path, what)
    with pytest.raises(InputError, match=expected) as caught:
        merge(shards, tmp_path / "merged")
    assert "\n" not in str(caught.value)
    assert not (tmp_path / "merged" / "manifest.jsonl").exists()


def _full_disk(*_: object) -> None:
    raise OSError(errno.ENOSPC, "No space left on device")


def test_a_full_disk_leaves_nothing_half_written_and_loses_nothing(tmp_path, finished, monkeypatch):
    out, calls, fsync = tmp_path / "out", [], os.fsync

    def fills_up(handle: int) -> None:
        calls.append(handle)
        if len(calls) > 5:  # settings, provenance, three pictures
            _full_disk()
        fsync(handle)

    first = Maker()
    with monkeypatch.context() as patch:
        patch.setattr(os, "fsync", fills_up)
        with pytest.raises(OSError, match="No space left") as caught:
            _make(out, first)
    assert Path(str(caught.value.filename)).name == f"{PAIRS[3].name}.png"
    assert {path.name for path in out.glob("*.png")} == {f"{pair.name}.png" for pair in PAIRS[:3]}
    assert not list(out.glob(".*.png"))  # no temporary file stays
    second = Maker()
    _make(out, second)
    assert second.made == PAIRS[3:]
    assert _contents(out) == _contents(finished)


@pytest.mark.parametrize("number", range(1, 11))
def test_a_disk_that_is_full_at_any_write_can_be_gone_on_from(tmp_path, finished, monkeypatch, number):
    calls, fsync = [], os.fsync

    def fills_up(handle: int) -> None:
        calls.append(handle)
        if len(calls) == number:
            _full_disk()
        fsync(handle)

    with monkeypatch.context() as patch:
        patch.setattr(os, "fsync", fills_up)
        with pytest.raises(OSError, match="No space left"):
            _make(tmp_path / "out", Maker())
    _make(tmp_path / "out", Maker())
    assert _contents(tmp_path / "out") == _contents(finished)


def test_a_file_is_written_whole_or_not_at_all(tmp_path):
    path = tmp_path / "a.txt"
    path.write_text("before")

    def write_half() -> None:
        with written_whole(path) as temporary:
            temporary.write_text("half")
            raise RuntimeError

    with pytest.raises(RuntimeError):
        write_half()
    assert path.read_text() == "before"
    assert [inside.name for inside in tmp_path.iterdir()] == ["a.txt"]


def _work(path: Path, barrier: object, made: object) -> None:
    barrier.wait()
    maker = Maker()
    _make(path, maker)
    made.put(len(maker.made))


def test_two_processes_at_once_end_with_one_whole_folder(tmp_path, finished):
    context = multiprocessing.get_context("fork")
    barrier, made = context.Barrier(2), context.Queue()
    workers = [context.Process(target=_work, args=(tmp_path / "out", barrier, made)) for _ in range(2)]
    for worker in workers:
        worker.start()
    counts = sorted(made.get(timeout=30) for _ in workers)
    for worker in workers:
        worker.join()
    assert [worker.exitcode for worker in workers] == [0, 0]
    assert counts == [0, len(PAIRS)]  # one of them waited and found everything done
    assert _contents(tmp_path / "out") == _contents(finished)


def test_a_second_process_waits_while_the_first_is_at_work(tmp_path):
    go, start = os.pipe()
    heard, said = os.pipe()
    child = os.fork()  # before the first takes the lock, which a child would share
    if child == 0:
        second = Maker()
        try:
            os.read(go, 1)
            os.close(heard)
            sys.stderr = os.fdopen(said, "w")
            _make(tmp_path / "out", second)
        finally:
            os._exit(len(second.made))
    os.close(said)
    first = Maker()

    def produce(pairs: list[Pair]) -> list[Outcome]:
        if pairs == PAIRS[1:2]:  # in the middle of the first run the second one starts
            os.write(start, b"!")
            assert select.select([heard], [], [], 30)[0]
            assert b"waiting for another process" in os.read(heard, 1000)
        return first(pairs)

    Folder(tmp_path / "out").make(PAIRS, SETTINGS, produce)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0  # it found everything done
    assert len(first.made) == len(PAIRS)
    for handle in (go, start, heard):
        os.close(handle)


def test_a_process_killed_without_warning_loses_only_the_pair_at_hand(tmp_path, finished):
    def produce(pairs: list[Pair]) -> list[Outcome]:
        if pairs == PAIRS[3:4]:
            os.kill(os.getpid(), signal.SIGKILL)
        return Maker()(pairs)

    child = os.fork()
    if child == 0:
        Folder(tmp_path / "out").make(PAIRS, SETTINGS, produce)
        os._exit(0)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == -signal.SIGKILL
    again = Maker()
    _make(tmp_path / "out", again)  # the kernel has freed the lock
    assert again.made == PAIRS[3:]
    assert _contents(tmp_path / "out") == _contents(finished)


def test_waiting_for_a_lock_is_said(tmp_path, capfd):
    with locked(tmp_path / ".lock"):
        said = []
        child = os.fork()
        if child == 0:  # the child sees the lock taken, says so, and gives up
            try:
                with locked(tmp_path / ".lock", waiting=lambda message: os._exit(7 if "waiting" in message else 1)):
                    pass
            finally:
                os._exit(1)
        said.append(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
    assert said == [7]
    with locked(tmp_path / ".lock", waiting=lambda message: pytest.fail(message)):
        pass


def test_a_folder_of_somebody_else_is_refused_and_left_alone(tmp_path):
    (tmp_path / "thesis.txt").write_text("years of work")
    maker = Maker()
    for overwrite in (False, True):
        with pytest.raises(InputError, match="an empty folder or one of our results"):
            _make(tmp_path, maker, overwrite=overwrite)
    assert maker.made == []
    assert (tmp_path / "thesis.txt").read_text() == "years of work"


@pytest.mark.parametrize(
    ("name", "content"),
    [("settings.json", "[]"), ("settings.json", "{"), ("manifest.jsonl", '{"person": "p1"}\n'),
     ("manifest.jsonl", "[]\n"), ("manifest.jsonl", "\xff"), ("journal.jsonl", '{"row": 3}\n'),
     ("journal.jsonl", "{}\n")],
)  # fmt: skip
def test_a_hostile_file_among_the_results_is_refused_in_one_line(finished, name, content):
    (finished / name).write_text(content, "latin-1")
    with pytest.raises(InputError) as caught:
        _make(finished, Maker())
    assert str(caught.value).startswith(str(finished))
    assert "\n" not in str(caught.value)


def test_progress_counts_what_is_missing(tmp_path):
    seen = []
    with pytest.raises(KeyboardInterrupt):
        _make(tmp_path, Maker(dies_at=PAIRS[2]), progress=lambda *at: seen.append(at))
    _make(tmp_path, Maker(), progress=lambda *at: seen.append(at))
    assert seen == [(1, 6), (2, 6), (1, 4), (2, 4), (3, 4), (4, 4)]


def test_equal_lists_have_one_digest_and_others_another():
    assert pairs_digest(PAIRS) == pairs_digest(PAIRS[::-1])
    assert pairs_digest(PAIRS) != pairs_digest(PAIRS[:-1])
