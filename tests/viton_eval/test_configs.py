"""What is in configs/: plans that can be made, schedules that are the paper's or equal, worlds that share nobody."""

from pathlib import Path

import pytest

from viton.config import FolderData, WorldData, load_config
from viton.errors import InputError
from viton.stage_config import ExtractorConfig
from viton_eval.commands import open_run
from viton_eval.plan import OF_METRICS, plan
from viton_eval.workflow import Request, report

CONFIGS = Path(__file__).resolve().parents[2] / "configs"
NOTEBOOKS = {path.stem for path in (CONFIGS.parent / "notebooks").glob("*.ipynb")}
SIX = {"non-parametric", "encoder-decoder", "crn", "prgan", "cagan", "viton"}
TRAINED = ("trained=runs/elsewhere",)
COMPARED = ("coarse", "crn", "prgan", "cagan")  # what the four compared networks are trained as


@pytest.mark.parametrize("path", sorted(CONFIGS.glob("*.yaml")), ids=lambda path: path.stem)
def test_every_configuration_can_be_planned(path):
    steps = plan(open_run(path))
    assert {name for name in steps if name.startswith("results-")}
    assert steps.keys() >= {need for step in steps.values() for need in step.needs}


@pytest.mark.parametrize("path", sorted(CONFIGS.glob("*.yaml")), ids=lambda path: path.stem)
def test_every_notebook_that_is_named_is_there(path):
    assert set(load_config(path).notebooks) <= NOTEBOOKS


def test_the_smoke_test_runs_every_notebook():
    assert set(load_config(CONFIGS / "smoke.yaml").notebooks) == NOTEBOOKS


CONTROLS = {"float32"}  # variants that are no option of the paper: does a conclusion hang on the precision?
OPTIONS = {
    "no-pose": ("representation.pose", False, ("encoder-decoder",)),
    "no-body-shape": ("representation.body_shape", False, ("encoder-decoder",)),
    "trousers": ("representation.keep_trousers", True, ("encoder-decoder",)),
    "collar": ("warp.collar", True, ("viton",)),
}


@pytest.mark.parametrize(
    ("name", "wanted", "notebooks"),
    [
        ("demo", set(OPTIONS), {"ablation", "neck"}),
        ("benchmark", {"collar"}, {"neck"}),
        ("ablation", {*OPTIONS} - {"collar"}, {"ablation"}),
    ],
)
def test_each_option_of_the_paper_is_a_variant_at_the_same_steps(name, wanted, notebooks):
    config = load_config(CONFIGS / f"{name}.yaml")
    assert set(config.variants) - CONTROLS == wanted
    for variant in wanted:
        setting, value, methods = OPTIONS[variant]
        part, _, field = setting.partition(".")
        own, other = getattr(config.variant(variant), part), getattr(config, part)
        assert own == other.model_copy(update={field: value}) != other
        assert config.variant(variant).stages == config.stages
        assert config.variants[variant].methods == methods
    assert notebooks <= set(config.notebooks)


def test_the_ablation_is_of_the_benchmarks_world():
    ablation, benchmark = (load_config(CONFIGS / f"{name}.yaml") for name in ("ablation", "benchmark"))
    assert ablation.data == benchmark.data
    assert ablation.size == benchmark.size


def test_submissions_are_compared_on_the_benchmarks_pairs_at_its_size_and_nothing_is_trained():
    config, benchmark = (load_config(CONFIGS / f"{name}.yaml") for name in ("submission", "benchmark"))
    assert (config.data, config.split, config.pairs) == (benchmark.data, benchmark.split, benchmark.pairs)
    assert (config.size, config.trained) == (benchmark.size, Path("runs") / benchmark.name)
    assert not [name for name in plan(open_run(CONFIGS / "submission.yaml")) if name.startswith("train-")]


def test_on_photographs_all_six_are_tried_on_as_the_benchmark_trains_them():
    config, benchmark = (load_config(CONFIGS / f"{name}.yaml") for name in ("photographs", "benchmark"))
    assert config.trained == Path("runs") / benchmark.name
    assert set(config.methods) == SIX
    assert (config.size, config.warp, config.seed) == (benchmark.size, benchmark.warp, benchmark.seed)
    steps = plan(open_run(CONFIGS / "photographs.yaml", "2020"))
    assert not [name for name in steps if name.startswith(("train-", "scores-"))]
    read = {
        name.removesuffix("-0") for name in steps["notebook-photographs"].needs
    }  # with a seed where that is trained
    assert read == {f"results-{method}" for method in SIX}
    of_viton = [name for name in steps["notebook-failures"].needs if name.startswith("results-")]
    assert of_viton == ["results-viton-0"]


@pytest.mark.parametrize("name", ["smoke", "demo", "benchmark", "paper"])
def test_all_six_methods_are_trained_for_as_many_steps_of_as_many_samples(name):
    config = load_config(CONFIGS / f"{name}.yaml")
    assert set(config.methods) == SIX
    stages = [getattr(config.stages, stage) for stage in COMPARED]
    assert len({(stage.steps, stage.batch) for stage in stages}) == 1


@pytest.mark.parametrize("name", ["smoke", "demo", "benchmark", "ablation"])
def test_what_trains_and_what_scores_have_seen_other_worlds(name):
    config = load_config(CONFIGS / f"{name}.yaml")
    assert isinstance(config.data, WorldData)
    proxy, judge = config.stages.proxy, config.stages.judge
    assert isinstance(proxy, ExtractorConfig)
    assert isinstance(judge, ExtractorConfig)
    assert len({config.data.world.seed, proxy.world.seed, judge.world.seed}) == 3
    assert config.perceptual.weights == "proxy"


def test_the_schedule_of_the_paper_is_the_papers():
    config = load_config(CONFIGS / "paper.yaml")
    coarse, refine = config.stages.coarse, config.stages.refine
    assert coarse is not None
    assert refine is not None
    assert (coarse.steps, refine.steps) == (15000, 6000)  # section 4.2
    for stage in (coarse, refine):
        assert (stage.batch, stage.lr, stage.beta1, stage.beta2) == (16, 2e-4, 0.5, 0.999)
        assert (stage.fidelity, stage.width) == ("paper", 64)
    assert (refine.warp, refine.tv) == (0.1, 5e-6)
    assert config.size == (256, 192)
    assert config.perceptual.weights == "imagenet"
    assert config.representation == load_config(CONFIGS / "viton_hd.yaml").representation
    assert isinstance(config.data, FolderData)


def test_the_benchmark_is_the_frozen_world_at_the_papers_widths():
    config = load_config(CONFIGS / "benchmark.yaml")
    assert isinstance(config.data, WorldData)
    world = config.data.world
    page = (CONFIGS.parent / "docs" / "benchmark.md").read_text()
    size = f"{world.height}x{world.width}"
    line = f"--people {world.people} --garments {world.garments} --seed {world.seed} --size {size}"
    assert line in page, "the command of the frozen version"
    stages = config.stages
    assert [getattr(stages, name).width for name in ("coarse", "refine", "prgan", "cagan")] == [64] * 4
    assert stages.crn is not None
    assert stages.crn.width == 1024
    assert len(config.seeds["viton"]) >= 3


def test_what_needs_no_training_runs_on_a_folder_without_a_training_split(make_tiny_hd):
    without = open_run(CONFIGS / "viton_hd.yaml", str(make_tiny_hd("without").root))
    assert not [name for name in plan(without) if name.startswith("train-")]
    assert without.config.methods == ("non-parametric",)
    whole = open_run(CONFIGS / "viton_hd.yaml", str(make_tiny_hd("whole", split="train").root))
    assert set(whole.config.methods) == SIX
    assert {"train-coarse-0", "train-refine-0", "train-crn-0"} <= plan(whole).keys()


def test_the_paper_is_not_reproduced_without_a_training_split(make_tiny_hd, monkeypatch):
    monkeypatch.chdir(CONFIGS.parent)
    with pytest.raises(InputError, match=r"expected a training split, a folder 'train' .*, got none$"):
        report(Request(CONFIGS / "paper.yaml", str(make_tiny_hd("without").root), dry=True))


def test_a_training_split_is_looked_for_from_the_checkout_whatever_the_root(make_tiny_hd, monkeypatch, tmp_path):
    """Snakemake works in another folder, and has to plan the very same steps."""
    make_tiny_hd("whole", split="train")
    monkeypatch.chdir(tmp_path)
    assert "train-coarse-0" in plan(open_run(CONFIGS / "viton_hd.yaml", "whole"))
    lines = (CONFIGS.parent / "Snakefile").read_text().split("with chdir(ROOT)")[1].splitlines()[1:3]
    assert all(line.startswith("    ") for line in lines)
    assert "resolved_run(" in lines[0]


def test_nothing_is_left_out_where_nothing_is_trained(make_tiny_hd):
    run = open_run(CONFIGS / "viton_hd.yaml", str(make_tiny_hd("without").root), "runs", (*TRAINED, "stages={}"))
    assert set(run.config.methods) == SIX


def test_a_networks_weights_are_known_by_what_they_hold_and_move_notebooks_on_metrics_alone(tmp_path):
    def keys(*overrides):
        return {name: step.key for name, step in plan(open_run(CONFIGS / "smoke.yaml", overrides=overrides)).items()}

    weights = tmp_path / "inception.pth"
    named = f"evaluation.inception_tf={weights}"
    plain, missing = keys(), keys(named)
    weights.write_bytes(b"one")
    one = keys(named)
    weights.write_bytes(b"two")
    two = keys(named)
    moved = {f"notebook-{name}" for name in OF_METRICS}
    for before, after in ((plain, missing), (missing, one), (one, two)):
        assert {name for name in before if before[name] != after[name]} == moved
