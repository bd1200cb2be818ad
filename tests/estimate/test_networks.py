"""The networks of others: their own code with random weights, and the choice made of what they say."""

import sys

import numpy as np
import pytest
import torch
from torch import nn
from torchvision.models.detection import keypointrcnn_resnet50_fpn

from viton.errors import InputError
from viton.estimate.pose import KeypointRcnn, confidence, load_pose
from viton.estimate.segformer import label_table, load_segformer
from viton.parsing import ATR, CIHP

PHOTO = np.random.default_rng(0).integers(0, 255, (96, 72, 3), np.uint8)
CLOTHES = [name.replace("_", "-").capitalize() for name in ATR.labels]  # as mattmdjaga/segformer_b2_clothes has them


class Seen(nn.Module):
    """Says that people of given boxes and scores are there, their joints in the corner of their box."""

    def __init__(self, *people: tuple[tuple[float, ...], float], joint: float = 5.0) -> None:
        super().__init__()
        self.people, self.joint = people, joint

    def forward(self, pictures):
        assert pictures[0].shape == (3, 96, 72)
        assert 0 <= pictures[0].min() < pictures[0].max() <= 1
        boxes = torch.tensor([box for box, _ in self.people]).reshape(-1, 4)
        joints = boxes[:, None, :2].expand(-1, 17, -1)
        return [{
            "boxes": boxes, "scores": torch.tensor([score for _, score in self.people]),
            "keypoints": torch.cat([joints, torch.ones(len(boxes), 17, 1)], dim=2),
            "keypoints_scores": torch.full((len(boxes), 17), self.joint),
        }]  # fmt: skip


def test_of_those_who_are_sure_the_largest_is_taken():
    network = Seen(((5, 5, 20, 20), 0.99), ((30, 31, 70, 90), 0.8), ((0, 0, 72, 96), 0.4))
    found = KeypointRcnn(network, {}).joints("me", PHOTO)
    assert found.people == 2
    assert found.joints[:, :2].tolist() == [[30, 31]] * 18
    np.testing.assert_allclose(found.joints[:, 2], 0.5)


@pytest.mark.parametrize("network", [Seen(), Seen(((5, 5, 20, 20), 0.3)), Seen(((5, 5, 20, 20), 0.9), joint=-1.0)])
def test_nobody_is_refused_by_name(network):
    with pytest.raises(InputError, match=r"^me: expected a person"):
        KeypointRcnn(network, {}).joints("me", PHOTO)


def test_confidence_rises_from_the_least_score():
    assert confidence(np.array([-3, 1.9, 2.0, 5.0, 99.0])).tolist() == [0, 0, 0.2, 0.5, 1]


def test_weights_of_a_file_are_loaded_and_run(tmp_path):
    torch.manual_seed(0)
    state = keypointrcnn_resnet50_fpn(weights=None, weights_backbone=None).state_dict()
    torch.save({name: value.half() if value.is_floating_point() else value for name, value in state.items()},
               tmp_path / "pose.pth")  # fmt: skip
    estimator = load_pose(tmp_path / "pose.pth")
    assert len(str(estimator.source["sha256"])) == 64
    estimator.network.transform.min_size = (96,)  # 800 px take half a minute
    with pytest.raises(InputError, match="me: expected a person"):  # an untrained network is sure of nobody
        estimator.joints("me", PHOTO)


def test_other_files_than_weights_are_refused(tmp_path):
    (tmp_path / "text.pth").write_text("weights")
    torch.save({"other": torch.zeros(1)}, tmp_path / "other.pth")
    for name, wanted in (("text", "a damaged file"), ("other", "another network's"), ("none", "no such file")):
        with pytest.raises(InputError, match=wanted):
            load_pose(tmp_path / f"{name}.pth")


def test_a_download_that_fails_says_what_can_be_done(monkeypatch):
    def fail(*arguments, **named):
        raise OSError("no network")

    monkeypatch.setattr("torch.hub.load_state_dict_from_url", fail)
    monkeypatch.setattr("torchvision.models._api.load_state_dict_from_url", fail)
    with pytest.raises(InputError, match=r"--approximate.*no network"):
        load_pose(None)


def test_labels_go_by_name():
    table = label_table(dict(enumerate(CLOTHES)), "model")
    assert [CIHP.labels[number] for number in table] == [
        {"belt": "pants", "bag": "background"}.get(name, name) for name in ATR.labels
    ]


@pytest.mark.parametrize(
    ("names", "got"),
    [
        ([*CLOTHES[:-1], "Sky"], "'sky'"),
        (["Background", "Upper-clothes"], "none called face"),
        ([f"LABEL_{number}" for number in range(18)], "'label'"),
    ],
)
def test_a_model_of_other_labels_is_refused(names, got):
    with pytest.raises(InputError, match=f"model: expected a parser of people and clothes.*got {got}"):
        label_table(dict(enumerate(names)), "model")


@pytest.fixture
def segformer(tmp_path):
    transformers = pytest.importorskip(
        "transformers", reason="NOT CHECKED: the parser; transformers is not installed (pip install 'viton[prepare]')"
    )

    def save(names=CLOTHES):
        torch.manual_seed(0)
        config = transformers.SegformerConfig(
            hidden_sizes=[8, 8, 8, 8], depths=[1] * 4, num_attention_heads=[1] * 4, decoder_hidden_size=8,
            id2label=dict(enumerate(names)), label2id={name: number for number, name in enumerate(names)},
        )  # fmt: skip
        transformers.SegformerForSemanticSegmentation(config).save_pretrained(tmp_path / "model")
        return str(tmp_path / "model")

    return save


def test_a_saved_segformer_labels_a_photo(segformer):
    parser = load_segformer(segformer())
    labels = parser.labels("me", PHOTO)
    assert labels.shape == PHOTO.shape[:2]
    assert set(np.unique(labels)) <= set(parser.table.tolist())
    assert len(str(parser.source["weights"])) == 64
    assert parser.source["model"] == "model"


def test_a_segformer_of_streets_and_a_folder_of_none_are_refused(segformer, tmp_path):
    with pytest.raises(InputError, match="got 'road'"):
        load_segformer(segformer(["road", "sky"]))
    (tmp_path / "empty").mkdir()
    with pytest.raises(InputError, match="--approximate"):
        load_segformer(str(tmp_path / "empty"))


def test_without_transformers_the_error_says_what_to_do(monkeypatch):
    monkeypatch.setitem(sys.modules, "transformers", None)
    with pytest.raises(InputError, match=r"viton\[prepare\].*--approximate"):
        load_segformer()
