"""A stage's folder: who may have it, what is refused, what is told of damage, and what clearing leaves alone."""

import multiprocessing
import os
import pickle
import random
import time
from contextlib import suppress
from pathlib import Path

import pytest
import safetensors.torch
import torch
import yaml
from torch import nn

from tests.toy_stage import hold
from viton.checkpoint import FORMAT, StageFolder, load_weights, read_tensors
from viton.errors import InputError
from viton.files import read_json, write_json
from viton.stage_config import CoarseConfig

SETTINGS = {
    "stage": "coarse",
    "steps": 5,
    "config": {"fidelity": "paper", "lr": 2e-4},
    "size": [64, 48],
    "seed": 0,
    "below": {},
}


@pytest.fixture
def folder(tmp_path) -> StageFolder:
    """A claimed one."""
    made = StageFolder(tmp_path / "stages" / "coarse" / "0")
    with made.in_use():
        made.claim(SETTINGS)
    return made


def _network(width: int = 3) -> dict[str, nn.Module]:
    return {"coarse": nn.Sequential(nn.Conv2d(2, width, 1), nn.BatchNorm2d(width))}


def _one_line(caught: pytest.ExceptionInfo[InputError]) -> str:
    told = str(caught.value)
    assert "\n" not in told
    return told


def test_a_state_comes_back_as_it_was_saved(folder):
    state = {"step": 3, "networks": {"coarse": _network()["coarse"].state_dict()}, "rng": torch.get_rng_state()}
    folder.save_state(state)
    found = folder.load_state()
    assert found["step"] == 3
    assert torch.equal(found["rng"], state["rng"])
    for name, value in state["networks"]["coarse"].items():
        assert torch.equal(found["networks"]["coarse"][name], value)


def test_no_state_is_none(folder):
    assert folder.load_state() is None


@pytest.mark.parametrize("share", [0.0, 0.1, 0.5, 0.9, 0.999])
def test_a_truncated_state_is_told_in_one_line(folder, share):
    folder.save_state({"step": 3, "numbers": torch.arange(100)})
    whole = folder.state.read_bytes()
    folder.state.write_bytes(whole[: int(share * len(whole))])
    with pytest.raises(InputError, match=r"state\.pt: expected a whole training state, got a damaged file") as caught:
        folder.load_state()
    _one_line(caught)


@pytest.mark.filterwarnings("ignore:Detected pickle protocol")
def test_rubbish_for_a_state_is_an_input_error_whatever_it_is(folder):
    chance, read = random.Random(0), 0
    whole = pickle.dumps({"format": FORMAT, "steps": [1, 2, (3, 4)]})
    for _ in range(300):
        spoilt = bytearray(whole)
        spoilt[chance.randrange(len(spoilt))] = chance.randrange(256)
        for content in (bytes(spoilt), chance.randbytes(chance.randrange(1, 40))):
            folder.state.write_bytes(content)
            with suppress(InputError):  # and nothing else; a byte of a number may even be spoilt unseen
                folder.load_state()
                read += 1
    assert read < 60  # of 600: where a number was spoilt, and not the form


class _Malicious:
    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> tuple:
        return os.mkdir, (str(self.path),)


@pytest.mark.filterwarnings("ignore:Detected pickle protocol")
@pytest.mark.parametrize("save", [torch.save, lambda what, path: path.write_bytes(pickle.dumps(what))])
def test_code_in_a_state_is_not_run(folder, tmp_path, save):
    save({"format": FORMAT, "step": 1, "networks": _Malicious(tmp_path / "broken-in")}, folder.state)
    with pytest.raises(InputError, match="expected a whole training state") as caught:
        folder.load_state()
    assert "weights_only" not in _one_line(caught)
    assert not (tmp_path / "broken-in").exists()


@pytest.mark.parametrize(("content", "got"), [({"format": FORMAT + 1}, FORMAT + 1), ({"step": 1}, None), ([1], "list")])
def test_a_state_of_another_format_is_refused(folder, content, got):
    torch.save(content, folder.state)
    with pytest.raises(InputError, match=f"expected a training state of format {FORMAT}, got {got}"):
        folder.load_state()


def test_settings_are_kept_and_the_same_ones_may_come_again(folder):
    before = folder.config.stat().st_mtime_ns
    folder.claim(dict(reversed(list(SETTINGS.items()))))
    assert folder.settings() == SETTINGS
    assert folder.config.stat().st_mtime_ns == before
    assert (folder.path / "provenance.json").is_file()


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"stage": "prgan"}, "stage coarse, now prgan"),
        ({"size": [128, 96]}, r"size \[64, 48\], now \[128, 96\]"),
        ({"config": {"fidelity": "authors", "lr": 2e-4}}, "config.fidelity paper, now authors"),
        ({"config": {"fidelity": "paper", "lr": 1e-3}}, "config.lr 0.0002, now 0.001"),
        ({"config": SETTINGS["config"] | {"new": 1}}, "config.new None, now 1"),
        ({"steps": 4}, "steps 5, now 4"),
        ({"steps": 9, "seed": 1}, "seed 0, now 1, steps 5, now 9"),
        ({"below": {"coarse": "abc"}}, "below.coarse None, now abc"),
    ],
)
def test_other_settings_are_refused_by_name_and_nothing_is_touched(folder, change, told):
    folder.save_state({"step": 2})
    before = {path: path.read_bytes() for path in folder.path.iterdir()}
    with pytest.raises(InputError, match=f"a stage trained by these settings .*, got others: {told}$") as caught:
        folder.claim(SETTINGS | change)
    _one_line(caught)
    assert {path: path.read_bytes() for path in folder.path.iterdir()} == before


def test_more_steps_are_a_wish_to_go_on(folder):
    folder.finish(_network(), SETTINGS)
    folder.save_state({"step": 5})
    folder.claim(SETTINGS | {"steps": 9})
    assert not folder.is_done()
    assert folder.settings()["steps"] == 9
    assert folder.load_state()["step"] == 5


def test_more_steps_of_a_falling_rate_are_another_training(folder):
    settings = SETTINGS | {"config": SETTINGS["config"] | {"decay": 0.5}}
    folder.claim(settings, overwrite=True)
    folder.save_state({"step": 5})
    with pytest.raises(InputError, match=r"got others: steps 5, now 9 \(config\.decay: its rate has fallen already\)$"):
        folder.claim(settings | {"steps": 9})
    assert folder.load_state()["step"] == 5


def test_a_field_that_came_later_at_its_default_changes_nothing(tmp_path):
    """A setting that is new in the code trains nothing again: its default means what was done before."""
    folder = StageFolder(tmp_path)
    config = CoarseConfig(steps=5).model_dump(mode="json", exclude={"steps"})
    settings = {"stage": "coarse", "steps": 5, "config": config}
    folder.claim(settings | {"config": {name: value for name, value in config.items() if name != "decay"}})
    folder.finish(_network(), settings)
    before = folder.config.read_bytes()
    assert folder.claim(settings) == ""
    assert folder.is_done()
    assert folder.config.read_bytes() == before
    with pytest.raises(InputError, match=r"config\.decay 0\.0, now 0\.5"):
        folder.claim(settings | {"config": config | {"decay": 0.5}})
    assert folder.claim(settings | {"config": config | {"decay": 0.5}}, overwrite=True) == "config.decay 0.0, now 0.5"


def test_a_comment_in_the_settings_does_not_undo_the_training(folder):
    folder.finish(_network(), SETTINGS)
    folder.config.write_text("# mine\n" + folder.config.read_text())
    folder.claim(SETTINGS)
    assert folder.is_done()


@pytest.mark.parametrize("text", ["", "- 1", "stage: coarse", "{", "a: !!python/object/apply:os.getcwd []", "\x00"])
def test_settings_that_are_none_are_told_in_one_line(folder, text):
    folder.config.write_text(text)
    with pytest.raises(InputError, match=r"config\.yaml: expected the settings of a trained stage") as caught:
        folder.claim(SETTINGS)
    _one_line(caught)


@pytest.mark.parametrize("name", ["state.pt", "weights.safetensors"])
def test_weights_without_settings_are_not_taken_for_ours(tmp_path, name):
    folder = StageFolder(tmp_path)
    (tmp_path / name).write_bytes(b"somebody's")
    with pytest.raises(InputError, match=r"expected config\.yaml beside the weights, got none"):
        folder.claim(SETTINGS, overwrite=True)
    assert (tmp_path / name).read_bytes() == b"somebody's"


def test_overwriting_clears_what_we_wrote_and_nothing_of_the_users(folder):
    folder.save_state({"step": 2})
    folder.finish(_network(), SETTINGS)
    folder.log.write_text('{"step": 2}\n')
    ours = [folder.state, folder.weights, folder.done, folder.log, folder.path / "validation" / "000002.png"]
    theirs = [folder.path / name for name in ("notes.txt", "state.pt.bak", "my.pt", "validation/mine.txt", "sub/a.png")]
    for path in (*ours[4:], *theirs):
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(b"x")
    folder.claim(SETTINGS | {"seed": 1}, overwrite=True)
    assert not any(path.exists() for path in ours)
    assert all(path.exists() for path in theirs)
    assert folder.settings()["seed"] == 1


def test_what_a_killed_writer_left_half_written_is_swept_away(folder):
    torn = [folder.path / name for name in (".state.ab12.pt", ".weights.x_y.safetensors")]
    mine = [folder.path / name for name in (".state", "state.ab12.pt", ".states.x.pt", ".mine.pt")]
    for path in (*torn, *mine):
        path.write_bytes(b"x")
    folder.claim(SETTINGS)
    assert not any(path.exists() for path in torn)
    assert all(path.exists() for path in mine)


def test_finished_weights_are_the_networks_and_twice_the_same_bytes(folder):
    networks = _network()
    digests = set()
    for _ in range(20):  # a header of several entries comes in an order of its own each time
        folder.finish(networks, SETTINGS)
        digests.add(folder.digest())
    assert len(digests) == 1
    assert read_json(folder.done)["weights"] in digests
    fresh = _network()
    load_weights(folder.weights, fresh)
    for name, value in networks["coarse"].state_dict().items():
        assert torch.equal(fresh["coarse"].state_dict()[name], value)


def test_weights_in_channels_last_come_back_the_same(folder):
    networks = {"coarse": nn.Conv2d(4, 5, 3).to(memory_format=torch.channels_last)}
    folder.finish(networks, SETTINGS)
    assert torch.equal(read_tensors(folder.weights)["coarse.weight"], networks["coarse"].weight)


def test_weights_that_were_changed_since_are_told(folder):
    folder.finish(_network(), SETTINGS)
    done = folder.done.read_bytes()
    folder.finish(_network(), SETTINGS)  # others: a network is drawn anew
    folder.done.write_bytes(done)
    with pytest.raises(InputError, match=r"weights\.safetensors: expected weights with the sha256 \w{12}, got \w{12}$"):
        folder.digest()
    folder.weights.unlink()
    with pytest.raises(InputError, match="got no such file"):
        folder.digest()


@pytest.mark.parametrize("content", [[], {}, "text"])
def test_a_done_file_that_is_none_is_told(folder, content):
    folder.finish(_network(), SETTINGS)
    write_json(folder.done, content)
    with pytest.raises(InputError, match=r"weights\.safetensors: expected weights with the sha256 (None|none), got"):
        folder.digest()


def test_what_is_not_trained_yet_says_how_far_it_is(tmp_path, folder):
    with pytest.raises(InputError, match="expected a trained stage, got none; train it by `viton train`"):
        StageFolder(tmp_path / "nothing").digest()
    with pytest.raises(InputError, match="got one at step 0 of 5"):
        folder.digest()
    folder.save_state({"step": 3})
    with pytest.raises(InputError, match="got one at step 3 of 5; the same `viton train` goes on from there"):
        folder.digest()


@pytest.mark.parametrize("share", [0.0, 0.05, 0.5, 0.99])
def test_truncated_weights_are_told_in_one_line(folder, share):
    folder.finish(_network(), SETTINGS)
    whole = folder.weights.read_bytes()
    folder.weights.write_bytes(whole[: int(share * len(whole))])
    with pytest.raises(InputError, match="expected whole weights in the safetensors format") as caught:
        load_weights(folder.weights, _network())
    _one_line(caught)


def test_weights_that_are_missing_are_told(tmp_path):
    with pytest.raises(InputError, match="expected weights, got no such file"):
        load_weights(tmp_path / "weights.safetensors", _network())


def test_weights_of_another_width_method_or_network_are_told_by_name(folder):
    folder.finish(_network(), SETTINGS)
    with pytest.raises(InputError, match=r"expected coarse\.0\.weight of the shape \(4, 2, 1, 1\), got \(3, 2, 1, 1\)"):
        load_weights(folder.weights, _network(4))
    with pytest.raises(InputError, match=r"expected the weights of generator, got none of generator\.0\.bias"):
        load_weights(folder.weights, {"generator": _network()["coarse"]})
    with pytest.raises(InputError, match=r"expected the weights of coarse, got coarse\.1\.bias besides"):
        load_weights(folder.weights, {"coarse": nn.Sequential(nn.Conv2d(2, 3, 1))})


def test_weights_that_do_not_fit_leave_the_network_as_it_was(folder):
    folder.finish(_network(), SETTINGS)
    networks = _network(4)
    before = {name: value.clone() for name, value in networks["coarse"].state_dict().items()}
    with pytest.raises(InputError):
        load_weights(folder.weights, networks)
    assert all(torch.equal(value, before[name]) for name, value in networks["coarse"].state_dict().items())


def test_the_header_says_what_the_weights_are(folder):
    folder.finish(_network(), SETTINGS)
    with safetensors.safe_open(folder.weights, "pt") as weights:
        header = yaml.safe_load(weights.metadata()["viton"])
    assert header["stage"] == "coarse"
    assert header["format"] == str(FORMAT)
    assert header.items() <= read_json(folder.done).items()


def test_a_folder_in_use_is_refused_at_once_and_free_when_its_holder_is_killed(tmp_path):
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["tests.toy_stage"])
    process = context.Process(target=hold, args=(tmp_path / "stage", tmp_path / "ready", 60.0), daemon=True)
    process.start()
    end = time.monotonic() + 60
    while not (tmp_path / "ready").exists():
        assert process.is_alive()
        assert time.monotonic() < end
        time.sleep(0.005)
    began = time.monotonic()
    folder = StageFolder(tmp_path / "stage")
    with pytest.raises(InputError, match="expected a run that is free, got one in use by another process"):
        folder.in_use().__enter__()
    assert time.monotonic() - began < 1
    process.kill()
    process.join()
    with folder.in_use():
        pass


def test_a_folder_is_free_again_after_an_error(tmp_path):
    folder = StageFolder(tmp_path)
    with pytest.raises(RuntimeError), folder.in_use():
        raise RuntimeError
    with folder.in_use():
        pass
