"""The table of channels in viton/person.py, row by row, and that nothing of the garment gets through."""

import numpy as np
import pytest
import torch

from viton.config import RepresentationConfig
from viton.data.sample import Person
from viton.parsing import CIHP, LIP
from viton.person import body_shape, face_and_hair, groups, pose_maps, represent, represent_people

SIZE = (256, 192)
FIDELITIES = ["paper", "authors"]


def _people(labels_of_a_person, size=SIZE, scale: int = 1, batch: int = 2, seed: int = 0):
    """Photos of noise, the parsings of standing people at `scale` times the size, and joints anywhere, some unseen."""
    rng = np.random.default_rng(seed)
    image = torch.from_numpy(rng.uniform(-1, 1, (batch, 3, *size))).float()
    native = (size[0] * scale, size[1] * scale)
    parsing = torch.from_numpy(np.stack([labels_of_a_person(native, number) for number in range(batch)]))
    keypoints = torch.from_numpy(rng.uniform(0, 1, (batch, 18, 3)) * [size[1], size[0], 1]).float()
    keypoints[:, ::5] = 0
    return image, parsing, keypoints


@pytest.fixture
def people(labels_of_a_person):
    return _people(labels_of_a_person)


def _of(name: str, channels: torch.Tensor, config: RepresentationConfig) -> torch.Tensor:
    parts = channels.split([group.channels for group in groups(config)], dim=1)
    return dict(zip([group.name for group in groups(config)], parts, strict=True))[name]


@pytest.mark.parametrize("fidelity", FIDELITIES)
@pytest.mark.parametrize("size", [(256, 192), (128, 96), (64, 48)])
@pytest.mark.parametrize("seed", [0, 1])
def test_every_channel_keeps_to_the_table(labels_of_a_person, fidelity, size, seed):
    config = RepresentationConfig(fidelity=fidelity)
    image, parsing, keypoints = _people(labels_of_a_person, size, seed=seed)
    channels = represent(image, parsing, keypoints, config, CIHP)
    assert channels.shape == (2, 22, *size)
    assert channels.dtype == torch.float32
    assert [(group.name, group.channels) for group in groups(config)] == [
        ("pose", 18), ("body shape", 1), ("face and hair", 3),
    ]  # fmt: skip
    for group in groups(config):
        part = _of(group.name, channels, config)
        assert part.min() >= group.low
        assert part.max() <= group.high
    pose, shape = channels[:, :18], channels[:, 18:19]
    assert set(pose.unique().tolist()) == {0, 1}
    if fidelity == "paper":
        assert set(shape.unique().tolist()) == {0, 1}
    face = torch.isin(parsing, torch.tensor([2, 13]))[:, None].expand_as(image)
    assert torch.equal(channels[:, 19:][face], image[face])
    assert (channels[:, 19:][~face] == 0).all()
    corner = channels[:, 18:, :2, :2]  # nobody reaches into it
    assert (corner == 0).all()


def test_a_pose_box_is_eleven_by_eleven_at_256_and_lies_around_its_joint():
    keypoints = torch.zeros(1, 18, 3)
    keypoints[0, 3] = torch.tensor([100.0, 60.0, 0.8])
    maps = pose_maps(keypoints, SIZE)
    rows, columns = torch.nonzero(maps[0, 3], as_tuple=True)
    assert (rows.min(), rows.max(), columns.min(), columns.max()) == (55, 65, 95, 105)
    assert maps[0, 3].sum() == 121
    assert maps.sum() == 121


@pytest.mark.parametrize(("x", "y", "count"), [(0, 0, 36), (191, 255, 36), (96, 0, 66), (-3, 100, 33), (500, 100, 0)])
def test_a_pose_box_is_clipped_at_the_pictures_edge(x, y, count):
    keypoints = torch.zeros(1, 18, 3)
    keypoints[0, 0] = torch.tensor([x, y, 1.0])
    assert pose_maps(keypoints, SIZE).sum() == count


@pytest.mark.parametrize(("height", "side"), [(256, 11), (128, 5), (64, 3), (512, 21)])
def test_the_pose_box_is_in_proportion_to_the_height(height, side):
    keypoints = torch.zeros(1, 18, 3)
    keypoints[0, 0] = torch.tensor([height / 3, height / 3, 1.0])
    assert pose_maps(keypoints, (height, height * 3 // 4)).sum() == side**2


def test_half_pixels_go_to_the_next_pixel_on_both_sides_of_an_even_one():
    keypoints = torch.zeros(1, 18, 3)
    keypoints[0, 0], keypoints[0, 1] = torch.tensor([20.5, 21.5, 1.0]), torch.tensor([21.5, 20.5, 1.0])
    maps = pose_maps(keypoints, SIZE)[0]
    assert torch.nonzero(maps[0]).float().mean(0).tolist() == [22, 21]
    assert torch.nonzero(maps[1]).float().mean(0).tolist() == [21, 22]


def test_the_map_of_an_unseen_joint_is_all_zero_wherever_it_is_said_to_be():
    keypoints = torch.full((1, 18, 3), 50.0)
    keypoints[..., 2] = 0
    assert pose_maps(keypoints, SIZE).sum() == 0


@pytest.mark.parametrize("fidelity", FIDELITIES)
@pytest.mark.parametrize("dropped", ["pose", "body_shape", "face_hair"])
def test_an_ablation_deletes_a_groups_channels_and_leaves_the_others(people, fidelity, dropped):
    full = RepresentationConfig(fidelity=fidelity)
    config = RepresentationConfig(fidelity=fidelity, **{dropped: False})
    channels, whole = represent(*people, config, CIHP), represent(*people, full, CIHP)
    for group in groups(config):
        assert torch.equal(_of(group.name, channels, config), _of(group.name, whole, full))
    gone = {"pose": 18, "body_shape": 1, "face_hair": 3}[dropped]
    assert channels.shape[1] == 22 - gone


def test_no_group_at_all_is_refused():
    with pytest.raises(ValueError, match="at least one of pose, body_shape, face_hair"):
        RepresentationConfig(pose=False, body_shape=False, face_hair=False)


def test_kept_trousers_are_shown_and_otherwise_not(people):
    image, parsing, _ = people
    trousers = (parsing == 9)[:, None].expand_as(image)
    keeping = face_and_hair(image, parsing, RepresentationConfig(keep_trousers=True), CIHP)
    without = face_and_hair(image, parsing, RepresentationConfig(), CIHP)
    assert torch.equal(keeping[trousers], image[trousers])
    assert (without[trousers] == 0).all()
    assert torch.equal(keeping[~trousers], without[~trousers])
    skirt = torch.where(parsing == 9, 12, parsing)
    assert torch.equal(face_and_hair(image, skirt, RepresentationConfig(keep_trousers=True), CIHP), keeping)


def test_hats_and_sunglasses_are_shown_by_the_authors_only(people):
    image, parsing, _ = people
    for label in (1, 4):
        worn = torch.where(parsing == 2, label, parsing)
        place = (worn == label)[:, None].expand_as(image)
        assert (face_and_hair(image, worn, RepresentationConfig(), CIHP)[place] == 0).all()
        authors = face_and_hair(image, worn, RepresentationConfig(fidelity="authors"), CIHP)
        assert torch.equal(authors[place], image[place])


@pytest.mark.parametrize("fidelity", FIDELITIES)
@pytest.mark.parametrize("garment", [6, 7, 10, 11])
def test_the_body_shape_does_not_tell_which_garment_is_worn(people, fidelity, garment):
    config = RepresentationConfig(fidelity=fidelity)
    other = torch.where(people[1] == 5, garment, people[1])
    assert torch.equal(body_shape(people[1], SIZE, config, CIHP), body_shape(other, SIZE, config, CIHP))


@pytest.mark.parametrize("fidelity", FIDELITIES)
@pytest.mark.parametrize("label", [2, 13])
def test_the_body_shape_leaves_out_face_and_hair(fidelity, label):
    parsing = torch.full((1, *SIZE), label, dtype=torch.uint8)
    assert body_shape(parsing, SIZE, RepresentationConfig(fidelity=fidelity), CIHP).sum() == 0
    everything_else = torch.full((1, *SIZE), 5, dtype=torch.uint8)
    assert (body_shape(everything_else, SIZE, RepresentationConfig(fidelity=fidelity), CIHP) == 1).all()


def test_the_body_shape_is_sixteen_by_twelve_blocks_at_256(people):
    shape = body_shape(people[1], SIZE, RepresentationConfig(), CIHP)
    blocks = shape.reshape(2, 16, 16, 12, 16)
    assert torch.equal(blocks.amin((2, 4)), blocks.amax((2, 4)))
    assert 0.1 < shape.mean() < 0.9


@pytest.mark.parametrize("covered", [127, 128])
def test_a_block_is_body_when_at_least_half_of_it_is(covered):
    parsing = torch.zeros(1, *SIZE, dtype=torch.uint8)
    parsing[0, :16, :16] = (torch.arange(256) < covered).reshape(16, 16) * 5
    shape = body_shape(parsing, SIZE, RepresentationConfig(), CIHP)
    assert shape.sum() == (256 if covered == 128 else 0)


def test_the_authors_body_shape_is_soft(people):
    shape = body_shape(people[1], SIZE, RepresentationConfig(fidelity="authors"), CIHP)
    assert ((shape > 0.05) & (shape < 0.95)).float().mean() > 0.02


@pytest.mark.parametrize("config", [RepresentationConfig(), RepresentationConfig(keep_trousers=True)])
@pytest.mark.parametrize("scale", [1, 4])
def test_no_channel_reveals_the_colour_of_the_garment(labels_of_a_person, config, scale):
    image, parsing, keypoints = _people(labels_of_a_person, (64, 48), scale)
    painted = image.clone()
    at_size = parsing[:, scale // 2 :: scale, scale // 2 :: scale]
    garment = torch.isin(at_size, torch.tensor([5, 6, 7]))[:, None].expand_as(image)
    painted[garment] = -painted[garment]
    assert garment.float().mean() > 0.1
    assert torch.equal(
        represent(image, parsing, keypoints, config, CIHP), represent(painted, parsing, keypoints, config, CIHP)
    )


def test_nor_do_the_authors_channels_at_the_parsings_own_scale(people):
    image, parsing, keypoints = people
    config = RepresentationConfig(fidelity="authors")
    painted = torch.where((parsing == 5)[:, None], -image, image)
    assert torch.equal(
        represent(image, parsing, keypoints, config, CIHP), represent(painted, parsing, keypoints, config, CIHP)
    )


@pytest.mark.parametrize("fidelity", FIDELITIES)
def test_a_batch_is_represented_as_one_by_one(people, fidelity):
    config = RepresentationConfig(fidelity=fidelity)
    together = represent(*people, config, CIHP)
    for i in range(2):
        alone = represent(*(part[i : i + 1] for part in people), config, CIHP)
        assert torch.equal(together[i], alone[0])


@pytest.mark.parametrize("fidelity", FIDELITIES)
def test_a_parsing_at_its_own_scale_says_the_same_as_one_at_the_working_size(labels_of_a_person, fidelity):
    config = RepresentationConfig(fidelity=fidelity)
    image, native, keypoints = _people(labels_of_a_person, (128, 96), 8)
    small = native[:, 4::8, 4::8].contiguous()
    differing = (
        represent(image, native, keypoints, config, CIHP) - represent(image, small, keypoints, config, CIHP)
    ).abs()
    assert (differing > 0.25).float().mean() < 0.02


def test_gradients_reach_the_pixels_that_are_shown_and_no_others(people):
    image, parsing, _ = people
    image.requires_grad_()
    shown = face_and_hair(image, parsing, RepresentationConfig(), CIHP)
    shown.sum().backward()
    assert torch.equal(image.grad[:, 0] > 0, torch.isin(parsing, torch.tensor([2, 13])))


@pytest.mark.parametrize("dtype", [torch.uint8, torch.int64])
def test_labels_of_any_integer_type_do(people, dtype):
    image, parsing, keypoints = people
    found = represent(image, parsing.to(dtype), keypoints, RepresentationConfig(), CIHP)
    assert torch.equal(found, represent(*people, RepresentationConfig(), CIHP))
    assert found.device == image.device


def test_the_inputs_are_left_as_they_are(people):
    before = [part.clone() for part in people]
    represent(*people, RepresentationConfig(), CIHP)
    assert all(torch.equal(*both) for both in zip(before, people, strict=True))


def test_lip_and_cihp_agree_but_for_the_neck_that_is_no_garment(people):
    config = RepresentationConfig()
    assert torch.equal(represent(*people, config, CIHP), represent(*people, config, LIP))


def _spoilt(people, **changed):
    named = dict(zip(("image", "parsing", "keypoints"), people, strict=True))
    return {**named, **changed}


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"image": torch.zeros(2, 3, 250, 192)}, "multiples of 16, got 250x192"),
        ({"image": torch.zeros(2, 3, 256, 190)}, "multiples of 16, got 256x190"),
        ({"keypoints": torch.zeros(2, 25, 3)}, r"keypoints: expected \(2, 18, 3\), got \(2, 25, 3\)"),
        ({"keypoints": torch.zeros(1, 18, 3)}, "keypoints"),
        ({"keypoints": torch.zeros(2, 18, 2)}, "keypoints"),
        ({"parsing": torch.zeros(1, 256, 192, dtype=torch.uint8)}, "parsing"),
        ({"parsing": torch.zeros(256, 192, dtype=torch.uint8)}, "parsing"),
    ],
)
def test_inputs_of_a_wrong_size_are_refused(people, changed, message):
    with pytest.raises(ValueError, match=message):
        represent(**_spoilt(people, **changed), config=RepresentationConfig(), label_map=CIHP)


def test_people_whose_label_maps_differ_in_size_are_represented_together():
    rng = np.random.default_rng(0)
    labels = np.kron(rng.integers(0, 20, (16, 12)), np.ones((8, 8), int)).astype(np.uint8)  # (128, 96)
    image, joints = rng.integers(0, 256, (64, 48, 3), np.uint8), np.ones((18, 3), np.float32)
    people = [Person("a", image, labels, joints), Person("b", image, labels[::2, ::2], joints)]
    both = represent_people(people, RepresentationConfig(), CIHP)
    alone = represent_people(people[1:], RepresentationConfig(), CIHP)
    assert torch.equal(both[1], alone[0])
    assert torch.equal(both[0, 19:], both[1, 19:])
