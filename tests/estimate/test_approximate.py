"""The estimator that is trained on made-up people: reproducible, kept, taken up, and sharp where the photo is."""

import json
import shutil

import numpy as np
import pytest
import torch

from viton.checkpoint import StageFolder
from viton.errors import InputError
from viton.estimate.approximate import cache_folder, is_trained, load_estimator, train_estimator
from viton.estimate.network import BodyReader
from viton.estimate.outline import cut_out, one_kind_below, sharpened
from viton.estimate.reading import Reading, read, working
from viton.estimate.settings import HEIGHT, WIDTH, estimator_config
from viton.estimate.stage import located
from viton.images import load_rgb
from viton.parsing import CIHP


def _config(steps):
    return estimator_config(steps, 8, 0).model_copy(update={"width": 4, "batch": 4})


@pytest.fixture
def train(tiny_estimator, tmp_path):
    """Train a little in a folder, on a copy of the one world: people are slow to make."""

    def run(name=".", steps=4, tell=lambda message: None):
        folder = tmp_path / name
        if not (folder / "world").exists():
            shutil.copytree(tiny_estimator / "world", folder / "world")
        train_estimator(folder, _config(steps), 0, tell)

    return run


def test_a_seed_fixes_the_weights(train, tmp_path):
    for name in ("one", "other"):
        train(name)
    digests = [StageFolder(tmp_path / name / "stage").digest() for name in ("one", "other")]
    assert digests[0] == digests[1]


def test_a_trained_estimator_is_used_as_it_is(train, tmp_path):
    train()
    before = (tmp_path / "stage" / "weights.safetensors").stat().st_mtime_ns
    train(steps=9)
    assert (tmp_path / "stage" / "weights.safetensors").stat().st_mtime_ns == before
    assert load_estimator(tmp_path).source["steps"] == 4


def test_an_unfinished_training_is_no_estimator_and_goes_on(train, tmp_path):
    def stop(message):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        train(tell=stop)
    assert not is_trained(tmp_path)
    with pytest.raises(InputError, match="a trained estimator"):
        load_estimator(tmp_path)
    with pytest.raises(InputError, match="steps 4, now 3"):
        train(steps=3)
    train()
    assert is_trained(tmp_path)


def test_changed_weights_are_refused(train, tmp_path):
    train()
    with (tmp_path / "stage" / "weights.safetensors").open("ab") as stream:
        stream.write(b"\0")
    with pytest.raises(InputError, match="sha256"):
        load_estimator(tmp_path)


def test_what_it_is_says_that_it_is_approximate(tiny_estimator):
    source = load_estimator(tiny_estimator).source
    assert source["approximate"] is True
    assert source["weights"] == json.loads((tiny_estimator / "stage" / "done.json").read_text())["weights"]
    assert (source["steps"], source["people"]) == (3, 8)


def test_it_lies_in_the_cache(monkeypatch, tmp_path):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    assert cache_folder() == tmp_path / "viton" / "estimator"
    monkeypatch.setenv("XDG_CACHE_HOME", "relative")  # the specification says that such a one is to be ignored
    assert cache_folder().is_absolute()


class Fixed(BodyReader):
    """Says of every picture: the left half is the left arm, and one joint lies at a place."""

    def __init__(self, joint: int, x: int, y: int) -> None:
        super().__init__(4)
        self.joint, self.x, self.y = joint, x, y

    def forward(self, image):
        found = super().forward(image)
        labels, joints = torch.full_like(found.labels, -20), torch.full_like(found.joints, -20)
        labels[:, CIHP.labels.index("left_arm"), :, : WIDTH // 2] = 20
        labels[:, CIHP.labels.index("face"), :, WIDTH // 2 :] = 20
        joints[..., -1] = 20
        joints[:, self.joint, -1], joints[:, self.joint, self.y * WIDTH // 2 + self.x] = -20, 20
        return found._replace(labels=labels, joints=joints)


def test_places_come_back_in_pixels_of_the_picture(monkeypatch):
    monkeypatch.setattr("viton.estimate.reading.LOOKS", (1.0,))
    found = read(Fixed(0, 10, 20).eval(), np.full((2 * HEIGHT, 2 * WIDTH, 3), 99, np.uint8))
    assert isinstance(found, Reading)
    looks = np.array([2 * 10 + 0.5, WIDTH - 1 - (2 * 10 + 0.5)])  # as seen, and in the mirror
    np.testing.assert_allclose(found.joints[0, :2], [2 * looks.mean() + 0.5, 2 * (2 * 20 + 0.5) + 0.5], atol=0.05)
    assert found.joints[0, 2] > 0.99
    assert not found.joints[1:].any()
    np.testing.assert_allclose(found.chances.sum(axis=0), 1, atol=1e-4)
    # What is the left arm in a mirror is the right one on the other side.
    assert found.chances[CIHP.labels.index("left_arm"), 5, 5] == pytest.approx(0.5, abs=0.01)
    assert found.chances[CIHP.labels.index("right_arm"), 5, -5] == pytest.approx(0.5, abs=0.01)


def test_a_wide_photo_is_read_whole():
    found = read(BodyReader(4).eval(), np.full((60, 300, 3), 200, np.uint8))
    assert found.chances.shape == (20, 60, 300)


def test_a_joint_is_the_mean_about_its_likeliest_place():
    chances = torch.zeros(1, 1, 64, 48)
    chances[0, 0, 30, 20], chances[0, 0, 30, 21], chances[0, 0, 5, 5] = 0.4, 0.4, 0.2
    x, y, seen = located(chances)[0, 0].tolist()
    assert (x, y) == pytest.approx((2 * 20.5 + 0.5, 2 * 30 + 0.5))
    assert seen == pytest.approx(1)


def test_a_large_photo_is_reduced_and_a_small_one_left():
    assert working(np.zeros((2000, 1500, 3), np.uint8)).shape == (512, 384, 3)
    assert working(np.zeros((100, 80, 3), np.uint8)).shape == (100, 80, 3)


def _disc(size=(256, 192), radius=50):
    rows, columns = np.indices(size)
    return np.hypot(rows - size[0] / 2, columns - size[1] / 2) < radius


def test_the_outline_moves_to_the_edge_of_the_photo():
    rng = np.random.default_rng(0)
    true = _disc()
    picture = np.where(true[..., None], (180, 40, 50), (220, 220, 215)) + rng.integers(-6, 7, (256, 192, 3))
    found = cut_out(picture.clip(0, 255).astype(np.uint8), _disc(radius=47))
    assert (found & true).sum() / (found | true).sum() > 0.98
    assert (_disc(radius=47) & true).sum() / true.sum() < 0.9


def test_without_any_inside_or_outside_the_outline_stays():
    picture = np.full((64, 48, 3), 200, np.uint8)
    for person in (np.zeros((64, 48), bool), np.ones((64, 48), bool)):
        assert np.array_equal(cut_out(picture, person), person)


def test_a_blurred_border_becomes_as_sharp_as_the_photo():
    picture = np.zeros((128, 96, 3), np.uint8)
    picture[:, 48:] = 255
    ramp = np.clip((np.arange(96) - 46) / 6, 0, 1).astype(np.float32) * np.ones((128, 1), np.float32)
    found = sharpened(picture, np.stack([1 - ramp, ramp]))
    assert found[1, 64, 48] - found[1, 64, 47] > 2 * (ramp[64, 48] - ramp[64, 47])


def test_nobody_wears_both_trousers_and_a_skirt():
    chances = np.zeros((20, 4, 4), np.float32)
    pants, skirt = CIHP.labels.index("pants"), CIHP.labels.index("skirt")
    chances[pants, 1:], chances[skirt, 1:], chances[skirt, 1, :2] = 0.6, 0.3, 0.9
    found = one_kind_below(chances)
    assert not found[skirt].any()
    np.testing.assert_allclose(found.sum(axis=0), chances.sum(axis=0))


def test_a_photo_without_anybody_is_refused_or_read_by_its_name(tiny_estimator):
    estimator = load_estimator(tiny_estimator)
    estimator.network = Fixed(0, 10, 20).eval()  # one joint only
    with pytest.raises(InputError, match="wall: expected a person, for the approximate estimator, got 1 joints"):
        estimator.joints("wall", np.full((128, 96, 3), 200, np.uint8))


def test_one_photo_is_read_once_for_joints_and_labels(tiny_estimator, monkeypatch):
    estimator = load_estimator(tiny_estimator)
    photo = load_rgb(next((tiny_estimator / "world" / "val" / "image").glob("*.jpg")))
    calls = []
    monkeypatch.setattr("viton.estimate.approximate.read", lambda *a: calls.append(1) or read(*a))
    assert estimator.joints("p", photo).joints.shape == (18, 3)
    assert estimator.labels("p", photo).shape == photo.shape[:2]
    assert len(calls) == 1
