import json
import shutil

import numpy as np
import pytest
import torch
from safetensors.torch import load_file, save_file

from viton.attributes import (
    ATTRIBUTES,
    COLOURS,
    GARMENT,
    MIRRORED,
    PERSON,
    DescribedPeople,
    colour_of,
)
from viton.checkpoint import StageFolder
from viton.data.sample import Clothing
from viton.errors import InputError
from viton.extractors import DescribedBatch, JudgeStage, ProxyStage, attribute_losses, augmented
from viton.judge import JudgeFeatures, load_judge
from viton.perceptual import load_vgg
from viton.stage_config import ExtractorConfig
from viton.synthetic.config import WorldConfig
from viton.synthetic.dataset import write_world

SIZE = (64, 48)
CPU = torch.device("cpu")
KINDS = {"proxy": ProxyStage, "judge": JudgeStage}


@pytest.fixture(scope="module")
def config():
    world = WorldConfig(people=8, garments=0, seed=3, height=64, width=48)
    return ExtractorConfig(steps=1, batch=4, width=4, world=world)


@pytest.fixture(scope="module")
def world(config, tmp_path_factory):
    root = tmp_path_factory.mktemp("world")
    write_world(root, config.world)
    return root


@pytest.fixture(params=KINDS)
def stage(request, config, world):
    return KINDS[request.param](config, world, SIZE)


def train(stage, steps: int, lr: float = 3e-3) -> list[float]:
    """A few updates on the first four people; total losses and the trained networks."""
    torch.manual_seed(0)
    stage.built = stage.networks()
    (network,) = stage.built.values()
    adam = torch.optim.Adam(network.parameters(), lr=lr)
    batch, losses = stage.batch([stage.items()[i] for i in range(4)], CPU), []

    def apply(name, terms):
        adam.zero_grad()
        terms["total"].backward()
        adam.step()
        losses.append(float(terms["total"].detach()))

    for _ in range(steps):
        stage.update(stage.built, batch, apply)
    return losses


def test_loss_starts_where_every_class_is_as_likely_and_falls(stage):
    losses = train(stage, 30)
    sizes = [len(each.classes) for each in PERSON] + 2 * [len(each.classes) for each in GARMENT]
    assert losses[0] == pytest.approx(sum(np.log(size) for size in sizes), rel=1e-4)
    assert losses[-1] < 0.7 * losses[0]


def test_every_layer_of_the_features_learns(stage):
    train(stage, 2)
    (network,) = stage.built.values()
    torch.manual_seed(0)
    fresh = next(iter(stage.networks().values())).state_dict()
    still = [name for name, value in network.state_dict().items() if torch.equal(value, fresh[name])]
    assert still == []


def test_training_twice_from_one_seed_gives_the_same_weights(stage):
    train(stage, 2)
    first = {name: value.clone() for name, value in next(iter(stage.built.values())).state_dict().items()}
    train(stage, 2)
    for name, value in next(iter(stage.built.values())).state_dict().items():
        assert torch.equal(value, first[name])


def test_validation_people_are_not_trained_on(stage):
    training = {stage.items()[i].name for i in range(len(stage.items()))}
    validation = {stage.validation_items()[i].name for i in range(len(stage.validation_items()))}
    assert validation
    assert not training & validation
    assert len(training) + len(validation) == 8


def test_measure_is_the_share_of_right_answers(stage):
    batch = stage.batch([stage.items()[i] for i in range(4)], CPU)
    classes = {name: index for index, name in enumerate(each.name for each in ATTRIBUTES)}

    def oracle(images):  # says of all eight pictures what is true of the first person and garment
        truth = torch.cat([batch.person[0], batch.garment[0]])
        return torch.cat(
            [torch.eye(len(a.classes))[truth[classes[a.name]]].repeat(len(images), 1) for a in ATTRIBUTES], dim=1
        )

    figures = stage.measure({stage.name: oracle}, batch)
    for column, attribute in enumerate(PERSON):
        right = (batch.person[:, column] == batch.person[0, column]).float().mean()
        assert figures[attribute.name] == right
    for column, attribute in enumerate(GARMENT):
        right = (batch.garment[:, column] == batch.garment[0, column]).float().mean()
        assert figures[attribute.name] == figures[f"worn_{attribute.name}"] == right
    others = [float(value) for name, value in figures.items() if name != "accuracy"]
    assert float(figures["accuracy"]) == pytest.approx(np.mean(others))


def test_pictures_are_columns_of_the_batch(stage):
    batch = stage.batch([stage.items()[0]], CPU)
    assert [tuple(column.shape) for column in stage.pictures({}, batch)] == [(1, 3, 64, 48)] * 2


def test_a_finished_stage_is_read_back_by_its_users(config, world, tmp_path):
    for name, load in (("proxy", load_vgg), ("judge", load_judge)):
        stage = KINDS[name](config, world, SIZE)
        networks = stage.networks()
        folder = StageFolder(tmp_path / name)
        folder.finish(networks, {"stage": name, "steps": 1})
        image = stage.batch([stage.items()[0]], CPU).photo
        body = networks[name].body
        for ours, theirs in zip(load(folder.weights)(image), body(image), strict=True):
            torch.testing.assert_close(ours, theirs)


def test_labels_are_those_of_the_world(world):
    people = DescribedPeople(world, ("train",), SIZE)
    rows = [json.loads(line) for line in (world / "train" / "attributes.jsonl").read_text().splitlines()]
    person = next(row for row in rows if row["kind"] == "person" and row["id"] == people[1].name)
    garment = next(row for row in rows if row["kind"] == "garment" and row["id"] == people[1].name)
    said = dict(zip([each.name for each in PERSON], people[1].person, strict=True))
    said |= dict(zip([each.name for each in GARMENT], people[1].garment, strict=True))
    named = {each.name: each.classes[said[each.name]] for each in ATTRIBUTES}
    assert {key: named[key] for key in ("pose", "left_arm", "right_arm", "hair", "lower")} == {
        key: person[key] for key in ("pose", "left_arm", "right_arm", "hair", "lower")
    }
    assert {key: named[key] for key in ("type", "pattern", "sleeve", "neckline")} == {
        key: garment[key] for key in ("type", "pattern", "sleeve", "neckline")
    }
    assert named["logo"] == ("some" if garment["logo"] else "none")


def test_an_item_tells_how_much_memory_its_pictures_take(world):
    assert DescribedPeople(world, ("val",), SIZE)[0].nbytes == 2 * 64 * 48 * 3


def test_a_world_that_says_something_unknown_is_refused(world, tmp_path):
    root = tmp_path / "world"
    shutil.copytree(world, root)
    path = root / "train" / "attributes.jsonl"
    path.write_text(path.read_text().replace('"lower": "trousers"', '"lower": "kilt"').replace('"skirt"', '"kilt"'))
    people = DescribedPeople(root, ("train",), SIZE)
    with pytest.raises(InputError, match="lower of trousers, skirt, got 'kilt'"):
        people[0]
    path.write_text("")
    with pytest.raises(InputError, match="expected the person"):
        DescribedPeople(root, ("train",), SIZE)


@pytest.mark.parametrize(
    ("rgb", "name"),
    [
        ((20, 20, 25), "black"), ((128, 128, 128), "grey"), ((250, 250, 248), "white"), ((200, 30, 30), "red"),
        ((210, 200, 40), "yellow"), ((40, 160, 40), "green"), ((40, 200, 200), "cyan"), ((30, 60, 160), "blue"),
        ((200, 40, 190), "magenta"), ((200, 30, 60), "red"),
    ],
)  # fmt: skip
def test_colour_is_the_garments_and_not_the_walls(rgb, name):
    image, mask = np.full((8, 8, 3), 255, np.uint8), np.zeros((8, 8), np.uint8)
    image[3:5, 3:5], mask[3:5, 3:5] = rgb, 255
    assert colour_of(Clothing("c", image, mask)) == name
    assert name in COLOURS


def _batch(count: int = 64) -> DescribedBatch:
    """Pictures that are dark on the left, of people whose left arm does something that the right one does not."""
    images = torch.ones(count, 3, 32, 32) * 0.5
    images[..., :16] = -0.5
    person = torch.arange(len(PERSON)).repeat(count, 1) % 2
    return DescribedBatch(images, images.clone(), person, torch.zeros(count, len(GARMENT), dtype=torch.int64))


def test_mirrored_photos_swap_the_arms_and_only_the_arms():
    torch.manual_seed(0)
    batch = _batch()
    seen = augmented(batch)
    mirrored = seen.photo[:, 0, 16, 2] > 0
    assert 0.2 < float(mirrored.float().mean()) < 0.8
    for column, attribute in enumerate(PERSON):
        changed = seen.person[:, column] != batch.person[:, column]
        assert torch.equal(changed, mirrored if attribute.name in MIRRORED else torch.zeros_like(mirrored))
    assert torch.equal(seen.garment, batch.garment)


def test_augmentation_stays_in_range_and_follows_from_torchs_generator():
    batch = _batch(4)
    torch.manual_seed(1)
    one = augmented(batch)
    torch.manual_seed(1)
    same, other = augmented(batch), augmented(batch)
    assert torch.equal(one.photo, same.photo)
    assert not torch.equal(one.photo, other.photo)
    assert one.photo.abs().max() <= 1


def test_a_garments_attributes_are_asked_of_photo_and_product_a_persons_of_the_photo():
    batch = _batch(3)
    losses = attribute_losses(torch.zeros(6, sum(len(each.classes) for each in ATTRIBUTES)), batch)
    assert set(losses) == {each.name for each in ATTRIBUTES} | {f"worn_{each.name}" for each in GARMENT}


def test_judge_features_have_five_depths_of_half_the_size_each():
    shapes = [tuple(depth.shape) for depth in JudgeFeatures(4)(torch.zeros(2, 3, 32, 48))]
    assert shapes == [(2, 4, 32, 48), (2, 8, 16, 24), (2, 16, 8, 12), (2, 32, 4, 6), (2, 32, 2, 3)]


def test_weights_of_another_network_are_no_judge(tmp_path, config, world):
    path = tmp_path / "weights.safetensors"
    networks = JudgeStage(config, world, SIZE).networks()
    StageFolder(tmp_path).finish(networks, {"stage": "judge", "steps": 1})
    tensors = load_file(path)
    name = "judge.body.blocks.1.reduce.bias"
    for spoilt, message in (
        ({key: value for key, value in tensors.items() if key != name}, "got no such tensor"),
        ({**tensors, name: torch.zeros(3)}, r"in the shape \(16,\), got \(3,\)"),
        ({**tensors, name: torch.full((16,), torch.inf)}, "finite numbers"),
        ({**tensors, "judge.body.blocks.9.extra": torch.zeros(1)}, "no blocks.9.extra"),
        ({"proxy.body.features.0.weight": torch.zeros(4, 3, 3, 3)}, "weights of a trained judge"),
    ):
        save_file(spoilt, path)
        with pytest.raises(InputError, match=message):
            load_judge(path)
    path.write_bytes(path.read_bytes()[:-5])
    with pytest.raises(InputError, match="whole weights"):
        load_judge(path)
