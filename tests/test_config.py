"""Configurations: what is in configs/ loads, and whatever is wrong is said in one line with the names that exist."""

from pathlib import Path

import pytest

from viton.config import ExperimentConfig, ShapeContextConfig, TryOnConfig, load_config
from viton.errors import InputError, UsageError
from viton.settings import overridden, parse

CONFIGS = sorted((Path(__file__).resolve().parent.parent / "configs").glob("*.yaml"))
SOUND = """
name: tiny
purpose: To be spoilt.
data:
  kind: world
  world: {people: 12, garments: 4, seed: 0, height: 64, width: 48}
"""


@pytest.fixture
def load(tmp_path):
    def load_text(text: str | bytes, *overrides: str) -> ExperimentConfig:
        path = tmp_path / "c.yaml"
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
        return load_config(path, overrides)

    return load_text


def test_there_are_configurations():
    assert {"smoke", "demo", "viton_hd"} <= {path.stem for path in CONFIGS}


@pytest.mark.parametrize("path", CONFIGS, ids=lambda path: path.stem)
def test_every_file_in_configs_loads_and_has_its_files_name(path):
    config = load_config(path)
    assert config.name == path.stem
    assert config.try_on.size == (config.height, config.width)


@pytest.mark.parametrize(
    ("text", "unknown", "known"),
    [
        (SOUND + "sed: 1\n", "sed", "seed"),
        (SOUND + "warp: {smothing: 1}\n", "warp.smothing", "smoothing"),
        (SOUND + "warp: {match: {hight: 3}}\n", "warp.match.hight", "height"),
        (SOUND + "representation: {hair: true}\n", "representation.hair", "face_hair"),
        (SOUND.replace("garments", "garment"), "data.world.garment", "garments"),
        (SOUND.replace("kind: world", "kind: world\n  rot: x"), "data.rot", "world"),
        ("name: a\npurpose: b\ndata: {kind: folder, rot: x}\n", "data.rot", "root"),
    ],
)
def test_an_unknown_key_at_any_depth_names_the_known_ones(load, text, unknown, known):
    with pytest.raises(InputError) as caught:
        load(text)
    message = str(caught.value)
    assert f"got the unknown key '{unknown}'" in message
    assert known in message.split("one of the keys ")[1].split(", got ")[0].split(", ")
    assert "c.yaml: " in message
    assert "\n" not in message


@pytest.mark.parametrize(
    ("text", "place"),
    [
        (SOUND + "height: banana\n", "height"),
        (SOUND + "robustness: {}\n", "robustness.pairs"),
        (SOUND + "robustness: {pairs: 0}\n", "robustness.pairs"),
        (SOUND + "robustness: {pairs: 3, levels: []}\n", "robustness.levels"),
        (SOUND + "robustness: {pairs: 3, levels: [0, 1]}\n", "robustness.levels.0"),
        (SOUND + "robustness: {pairs: 3, levels: [1, .inf]}\n", "robustness.levels.1"),
        (SOUND + "robustness: {pairs: 3, levels: [1, 1]}\n", "robustness.levels"),
        (SOUND + "robustness: {pairs: 3, levels: [2, 1]}\n", "robustness.levels"),
        (SOUND + "height: -3\n", "height"),
        (SOUND + "height: 1.5\n", "height"),
        (SOUND + "warp: 3\n", "warp"),
        (SOUND + "warp:\n", "warp"),
        (SOUND + "warp: {smoothing: .nan}\n", "warp.smoothing"),
        (SOUND + "warp: {smoothing: .inf}\n", "warp.smoothing"),
        (SOUND + "warp: {fidelity: papr}\n", "warp.fidelity"),
        (SOUND + "warp: {match: {points: 3}}\n", "warp.match.points"),
        (SOUND + "warp: {match: {inner_radius: 5}}\n", "warp.match"),
        (SOUND + "methods: non-parametric\n", "methods"),
        (SOUND.replace("people: 12", "people: many"), "data.world.people"),
        (SOUND.replace("width: 48", "width: 50"), "data.world"),
        (SOUND.replace("name: tiny", "name: ../tiny"), "name"),
        (SOUND.replace("name: tiny", ""), "name"),
        (SOUND.replace("kind: world", "kind: wrld"), "data"),
        (SOUND.replace("kind: world", ""), "data"),
        (SOUND + "1: 2\n", "1"),
    ],
)
def test_a_wrong_value_is_named_by_its_place(load, text, place):
    with pytest.raises(InputError) as caught:
        load(text)
    assert f"c.yaml: {place}: expected " in str(caught.value)
    assert ", got " in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(("text", "got"), [("- a\n- b\n", "list"), ("3", "int"), ("", "NoneType"), ("word", "str")])
def test_yaml_that_is_not_keys_and_values_is_refused(load, text, got):
    with pytest.raises(InputError, match=f"expected keys and values, got {got}"):
        load(text)


@pytest.mark.parametrize(
    "text",
    [
        SOUND + "x: [1,\n",
        SOUND + "\tx: 1\n",
        SOUND + "warp: !!python/object:os.system {}\n",
        SOUND + "[1, 2]: 3\n",
        SOUND + "x: *nobody\n",
        SOUND + "seed: 2024-13-45\n",
        SOUND + f"seed: {'9' * 5000}\n",
        SOUND + "x: " + "[" * 5000,
        b"a: \0",
        b"a: \xff\xfe\xfa",
    ],
    ids=["cut", "tab", "code", "list key", "no anchor", "no date", "5000 digits", "nested", "nul", "no utf-8"],
)
def test_broken_yaml_is_refused_in_one_line(load, text):
    with pytest.raises(InputError, match=r"c\.yaml: expected YAML, got ") as caught:
        load(text)
    assert "\n" not in str(caught.value)


def test_yaml_that_contains_itself_is_refused(load):
    with pytest.raises(InputError):
        load(SOUND + "warp: &a {match: *a}\n")


def test_a_file_that_is_not_there_is_refused(tmp_path):
    for path in (tmp_path / "absent.yaml", tmp_path):
        with pytest.raises(InputError, match="expected a configuration file, got no such file"):
            load_config(path)


def test_overrides_set_values_at_any_depth(load):
    config = load(SOUND, "seed=7", "warp.match.height=64", "warp.fidelity=authors", "methods=[a, b]", "seed=8")
    assert (config.seed, config.warp.match.height, config.warp.fidelity, config.methods) == (
        8,
        64,
        "authors",
        ("a", "b"),
    )
    assert config.try_on.warp == config.warp


def test_a_reference_is_named_by_an_override_also_where_a_resolved_configuration_has_none(load):
    assert load(SOUND).reference is None
    for text in (SOUND, SOUND + "reference: null\n"):
        config = load(text, "reference.root=photos/2020", "reference.split=val")
        assert config.reference is not None
        assert (str(config.reference.root), config.reference.split) == ("photos/2020", "val")
    with pytest.raises(InputError, match=r"one of the keys layout, root, split, got the unknown key 'reference.rot'"):
        load(SOUND, "reference.root=x", "reference.rot=x")
    with pytest.raises(InputError, match=r"reference\.root: expected .*, got nothing"):
        load(SOUND, "reference.split=val")


def test_overrides_leave_their_input_as_it_is():
    content = {"warp": {"smoothing": 1}}
    assert overridden(content, ("warp.smoothing=2",)) == {"warp": {"smoothing": 2}}
    assert content == {"warp": {"smoothing": 1}}


@pytest.mark.parametrize(
    ("override", "known"), [("sed=1", "seed"), ("warp.match.hight=3", "height"), ("a.b.c=1", "warp"), ("..=1", "seed")]
)
def test_an_override_of_a_wrong_name_lists_the_known_ones(load, override, known):
    with pytest.raises(InputError, match=f"one of the keys .*{known}.* got the unknown key"):
        load(SOUND, override)


@pytest.mark.parametrize(
    "override", ["seed", "=3", "", "name.x=1", "seed=[", "seed=!!x 3", "seed=2024-99-99", "seed={"]
)
def test_an_override_that_cannot_be_read_is_wrong_usage(load, override):
    with pytest.raises(UsageError, match="--set") as caught:
        load(SOUND, override)
    assert override in str(caught.value)


def test_models_are_frozen():
    config = TryOnConfig()
    with pytest.raises(ValueError, match="frozen"):
        config.height = 3


def test_the_defaults_are_those_of_the_authors_but_for_the_matching_height():
    # docs/methods.md, the warp
    assert ShapeContextConfig() == ShapeContextConfig(
        height=128, points=100, iterations=6, angular_bins=12, radial_bins=5, inner_radius=1 / 8, outer_radius=2,
        dummy_fraction=0.25, dummy_cost=0.25, orientation_weight=0.1, first_smoothing=1000, smoothing=1,
    )  # fmt: skip


def test_parsing_names_everything_when_nothing_is_keys():
    with pytest.raises(InputError, match="settings: all of it: expected"):
        parse(TryOnConfig, [], "settings")
