"""The benchmark of estimates: what is given, taken for an estimate, is found to be without a fault."""

import numpy as np
import pytest

from benchmarks.prepare import measure, table
from viton.estimate.estimates import PoseFound
from viton.estimate.figures import estimate_sheet
from viton.estimate.given import GivenParser, GivenPose


@pytest.fixture
def given(tiny_estimator):
    world = tiny_estimator / "world"
    pose = GivenPose(world / "test" / "openpose_json")
    return world, pose, GivenParser(world / "test" / "image-parse-v3", "cihp")


def _cells(text: str, name: str) -> list[str]:
    return next(line.split()[1:] for line in text.splitlines() if line.startswith(name))


def test_the_given_is_without_fault(given):
    world, pose, parser = given
    rows = measure(world, "test", pose, parser)
    text = table(rows)
    assert len(rows) == 4
    assert _cells(text, "all")[1:] == ["0", "0.0", "1.00"]
    assert _cells(text, "mean")[1] == "1.000"
    pictures = [image for axis in estimate_sheet(rows, "given").axes for image in axis.images]
    assert len(pictures) == 4 * 4


class Shifted:
    """Joints that lie 8 pixels to the left of the given ones, in a photo of 128."""

    source: dict[str, object]

    def __init__(self, pose: GivenPose) -> None:
        self.pose, self.source = pose, pose.source

    def joints(self, name: str, photo: np.ndarray) -> PoseFound:
        found = self.pose.joints(name, photo)
        return found._replace(joints=found.joints - np.float32([8, 0, 0]) * (found.joints[:, 2:] > 0))


def test_a_fault_is_measured(given):
    world, pose, parser = given
    rows = measure(world, "test", Shifted(pose), parser)
    error, found = _cells(table(rows), "all")[2:]
    assert (error, found) == ("16.0", "0.00")


def test_who_is_not_found_is_left_out_aloud(given, tmp_path, capsys):
    world, _, parser = given
    assert measure(world, "test", GivenPose(tmp_path), parser, limit=1) == []
    assert "not found" in capsys.readouterr().out
