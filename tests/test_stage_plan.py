"""Which stages come before which, and where a variant keeps its own."""

import pytest

from viton.config import ExperimentConfig
from viton.errors import InputError, UsageError
from viton.methods import METHODS
from viton.settings import parse
from viton.stage_plan import METHOD_STAGES, folder_name, in_order, stage_config, stages_of, what_decides

WORLD = {"people": 16, "garments": 0, "seed": 1, "height": 64, "width": 48}
VARIANTS = {
    "no-pose": "representation.pose=false",
    "collar": "warp.collar=true",
    "exact": "training.precision=32-true",
    "imagenet": "perceptual.weights=imagenet",
    "longer": "stages.coarse.steps=20",
    "soft": "stages.refine.tv=0.001",
    "mirror": "training.mirror=true",
    "parsed": "stages.refine.target=parsed",
}


@pytest.fixture
def config():
    stages = {name: {"steps": 10} for name in ("coarse", "refine", "crn", "cagan", "collar")}
    content = {
        "name": "plan", "purpose": "tests", "data": {"kind": "world", "world": WORLD}, "height": 64, "width": 48,
        "perceptual": {"weights": "proxy"}, "training": {"precision": "bf16-mixed"},
        "stages": stages | {"proxy": {"steps": 5, "world": WORLD}},
        "variants": {name: {"set": [change], "methods": ["viton"]} for name, change in VARIANTS.items()},
    }  # fmt: skip
    return parse(ExperimentConfig, content, "plan")


def test_the_plan_and_the_methods_name_the_same_stages():
    assert {name: method.stages for name, method in METHODS.items()} == METHOD_STAGES


def test_a_stage_comes_after_those_that_it_needs(config):
    assert in_order(config, ("refine",)) == ["proxy", "coarse", "refine"]
    assert in_order(config, ("cagan", "crn")) == ["cagan", "proxy", "crn"]


def test_the_finder_of_collars_is_read_where_it_is_asked_for(config):
    assert stages_of(config, "viton") == ("coarse", "refine")
    assert stages_of(config.variant("collar"), "viton") == ("coarse", "refine", "collar")
    assert stages_of(config.variant("collar"), "crn") == ("crn",)


@pytest.mark.parametrize(
    ("variant", "own"),
    [
        ("no-pose", {"coarse", "refine", "crn"}),
        ("collar", set()),
        ("exact", {"proxy", "coarse", "refine", "crn", "cagan", "collar"}),
        ("imagenet", {"coarse", "refine", "crn"}),
        ("longer", {"coarse", "refine"}),
        ("soft", {"refine"}),
        ("mirror", {"coarse", "refine", "crn", "cagan"}),  # of people; not of products, nor of other worlds
        ("parsed", {"refine"}),
    ],
)
def test_a_variant_trains_anew_what_it_changes_and_what_stands_on_it(config, variant, own):
    stages = ("proxy", "coarse", "refine", "crn", "cagan", "collar")
    folders = {stage: folder_name(config, stage, variant) for stage in stages}
    assert {stage for stage, folder in folders.items() if folder == f"{stage}.{variant}"} == own
    assert all(folder in (stage, f"{stage}.{variant}") for stage, folder in folders.items())


def test_steps_do_not_decide_so_that_more_of_them_go_on(config):
    assert what_decides(config, "coarse") == what_decides(config.variant("longer"), "coarse")


def test_a_stage_without_settings_and_an_unknown_one_are_told_apart(config):
    with pytest.raises(InputError, match=r"stages\.prgan"):
        stage_config(config, "prgan")
    with pytest.raises(UsageError, match="expected one of coarse, refine"):
        stage_config(config, "magic")


def test_networks_want_a_size_that_halves_to_4x3(config):
    content = config.model_dump(mode="json") | {"height": 96, "width": 96}
    with pytest.raises(InputError, match="expected one of 64x48, 128x96"):
        parse(ExperimentConfig, content, "plan")
