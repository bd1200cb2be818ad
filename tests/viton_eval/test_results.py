"""The commands of an experiment, and what notebooks call to have them run."""

import json
import shutil
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest
from typer.testing import CliRunner

from viton.errors import InputError
from viton.stage_plan import METHOD_STAGES
from viton_eval import results
from viton_eval.commands import open_run
from viton_eval.plan import plan
from viton_eval.results import data_of, results_of, robustness_of, stage_of, warps_of
from viton_eval.states import is_done
from viton_eval.trainings import OPTIONAL_STAGES

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def inside(checkout, monkeypatch):
    monkeypatch.chdir(checkout.folder)
    return checkout


def test_results_are_made_with_the_world_they_need_and_then_kept(inside):
    config = inside.config()
    folder = results_of("non-parametric", config)
    assert folder == Path("runs/tiny/results/non-parametric/0")
    assert (folder / "manifest.jsonl").is_file()
    assert inside.calls() == ["synth", "try-on"]
    assert data_of(config) == Path("runs/tiny/data")
    assert inside.calls() == []
    assert (warps_of(config) / "warps.jsonl").is_file()
    assert inside.calls() == ["warp"]


def test_what_the_workflow_has_just_made_is_not_made_again_by_its_notebooks(inside):
    assert inside.report(inside.config()).returncode == 0
    inside.calls()
    results_of("non-parametric", "runs/tiny/config.yaml", "", "runs")
    warps_of("runs/tiny/config.yaml", "", "runs")
    assert inside.calls() == []
    (inside.folder / "viton/warp.py").write_text("# version 2\n")
    warps_of("runs/tiny/config.yaml", "", "runs")
    assert inside.calls() == ["warp"]


def test_a_notebook_run_alone_does_not_take_results_of_data_that_have_changed(inside):
    config = inside.config()
    shutil.copytree(data_of(config), "2020")
    assert inside.report(config, "--data", "2020").returncode == 0
    inside.calls()
    arguments = ("runs/tiny/config.yaml", "2020", "runs")
    results_of("non-parametric", *arguments)
    assert inside.calls() == []
    Path("2020/test/image/p1.jpg").write_bytes(Path("2020/test/cloth/c1.jpg").read_bytes())
    results_of("non-parametric", *arguments)
    warps_of(*arguments)
    assert inside.calls() == ["try-on", "warp"]


def test_a_world_that_is_there_is_not_taken_for_another(inside):
    data_of(inside.config())
    inside.calls()
    world = {"people": 4, "garments": 0, "seed": 0, "height": 64, "width": 48}
    data_of(inside.config(data={"kind": "world", "world": world}))
    assert inside.calls() == ["synth"], "the command sees that it is another world"


def test_a_step_is_done_only_with_its_very_settings(finished):
    run = finished([("p1", "c1")])
    assert is_done(run.run, "warps")
    run.step("warps", key="of other data")
    assert not is_done(run.run, "warps")
    (run.run.steps / "warps.status.json").write_bytes(b'{"half')
    assert not is_done(run.run, "warps")


def test_a_failed_command_is_told_in_one_line(inside):
    (inside.folder / "fail").write_text("try-on")
    with pytest.raises(InputError, match=r"^viton try-on non-parametric: expected exit 0, got world: expected a quiet"):
        results_of("non-parametric", inside.config())


def test_data_that_is_there_is_taken_where_it_is(inside):
    config = inside.config()
    shutil.copytree(data_of(config), "elsewhere")
    assert data_of(config, "elsewhere") == Path("elsewhere")
    assert str(open_run(Path(config), "elsewhere").pairs_path) == "elsewhere/test_pairs.txt"


def test_each_step_comes_after_those_it_needs(inside):
    names = [f"notebook-{page}" for page in ("dataset", "warp", "method-non-parametric")]
    steps = plan(open_run(Path(inside.config(notebooks=["dataset", "warp", "method"]))))
    before = ["data", "check", "warps", "results-non-parametric", "scores-non-parametric", "comparison"]
    assert list(steps) == [*before, *names]
    assert steps["notebook-method-non-parametric"].needs == ("data", "results-non-parametric", "scores-non-parametric")
    assert steps["notebook-warp"].needs == ("data", "warps")
    for number, step in enumerate(steps.values()):
        assert set(step.needs) <= set(list(steps)[:number])


def test_a_change_of_settings_changes_the_steps_it_decides_and_no_other(inside):
    config = Path(inside.config())
    before = plan(open_run(config))

    def changed(override):
        after = plan(open_run(config, overrides=(override,)))
        return [name for name, step in after.items() if step != before[name]]

    assert changed("purpose=another") == []
    assert changed("warp.smoothing=2") == ["check", "warps", "results-non-parametric"]
    assert changed("data.world.people=5") == list(before)


def test_what_a_method_reads_is_trained_once_for_each_seed_before_it_is_tried_on(inside, trained):
    seeds = {"viton": [0, 3], "encoder-decoder": [0]}
    methods = ["viton", "encoder-decoder", "non-parametric", "cagan"]
    steps = plan(open_run(Path(inside.config(methods=methods, seeds=seeds, notebooks=["method"], **trained))))
    training = ["proxy", "coarse-0", "refine-0", "coarse-3", "refine-3", "cagan-0", "judge"]
    results = ["viton-0", "viton-3", "encoder-decoder-0", "non-parametric-0", "cagan-0"]
    assert [name for name in steps if name.startswith("train-")] == [f"train-{name}" for name in training]
    assert [name for name in steps if name.startswith("results-")] == [f"results-{name}" for name in results]
    assert steps["train-proxy"].needs == ("data",)
    assert steps["train-refine-3"].needs == ("data", "train-proxy", "train-coarse-3")
    assert steps["train-cagan-0"].needs == ("data",), "no loss of its compares features"
    assert steps["results-viton-3"].needs == ("data", "train-coarse-3", "train-refine-3")
    assert steps["results-non-parametric-0"].needs == ("data", "train-coarse-0"), "its target mask is the predicted one"
    both = ("results-viton-0", "results-viton-3", "scores-viton-0", "scores-viton-3")
    assert steps["notebook-method-viton"].needs == ("data", "train-judge", *both)
    assert steps["scores-viton-3"].needs == ("data", "results-viton-3", "train-judge")
    assert steps["train-refine-3"].folder == Path("runs/tiny/stages/refine/3")
    assert steps["results-viton-3"].folder == Path("runs/tiny/results/viton/3")
    assert steps["train-coarse-3"].command == (
        *("viton", "train", "coarse", "--config", "configs/tiny.yaml", "--run", "runs/tiny", "--seed", "3"),
        "--overwrite",
    )
    for number, step in enumerate(steps.values()):
        assert set(step.needs) <= set(list(steps)[:number])


def test_a_training_runs_again_only_for_what_decides_its_weights(inside, trained):
    config = Path(inside.config(methods=["viton", "cagan"], **trained))
    before = plan(open_run(config))

    def changed(override):
        after = plan(open_run(config, overrides=(override,)))
        assert list(after) == list(before)
        return [name for name, step in after.items() if step != before[name]]

    of_viton, of_cagan = ["train-refine-0", "results-viton-0"], ["train-cagan-0", "results-cagan-0"]
    assert changed("stages.refine.steps=11") == of_viton
    assert changed("stages.cagan.width=32") == of_cagan
    assert changed("stages.coarse.lr=1e-3") == ["train-coarse-0", *of_viton]
    assert changed("stages.proxy.steps=6") == ["train-proxy", "train-coarse-0", *of_viton]
    assert changed("stages.judge.steps=6") == ["train-judge"]
    assert changed("representation.pose=false") == ["train-coarse-0", *of_viton]
    everything_trained = ["train-proxy", "train-coarse-0", "train-refine-0", "train-cagan-0", "train-judge"]
    assert [name for name in changed("training.precision=bf16-mixed") if "train" in name] == everything_trained
    of_data = [name for name in changed("data.world.people=5") if "train" in name]
    assert of_data == ["train-coarse-0", "train-refine-0", "train-cagan-0"], "the extractors have worlds of their own"
    for knob in ("devices=2", "workers=3", "log_every=1", "save_every=1", "validate_every=7", "cache_mib=0"):
        assert changed(f"training.{knob}") == []


def test_files_that_are_trained_on_decide_the_training_and_those_that_are_tried_on_do_not(inside, trained):
    run = open_run(Path(inside.config(methods=["viton"], **trained)), "2020")
    before = plan(run)
    tried, learnt = (plan(replace(run, **{f"{name}_digest": "of others"})) for name in ("data", "training"))
    assert [name for name in before if tried[name].key != before[name].key] == ["check", "warps", "results-viton-0"]
    again = [name for name in before if learnt[name].key != before[name].key]
    assert again == ["train-coarse-0", "train-refine-0", "results-viton-0"]
    assert "--data" in before["train-coarse-0"].command


def test_a_variant_trains_what_it_changes_and_takes_the_rest(inside, trained):
    variants = {"no-pose": {"set": ["representation.pose=false"], "methods": ["encoder-decoder"]}}
    variants["again"] = {"set": ["stages.refine.tv=1"], "methods": ["viton"]}
    run = open_run(Path(inside.config(methods=["viton"], seeds={"viton": [4, 5]}, variants=variants, **trained)))
    steps = plan(run)
    trainings = [name for name in steps if name.startswith("train-")]
    own = ["train-refine.again-4", "train-coarse.no-pose-0"]
    assert trainings == [
        "train-proxy",
        *(f"train-{s}-{n}" for n in (4, 5) for s in ("coarse", "refine")),
        *own,
        "train-judge",
    ]
    assert steps["train-coarse.no-pose-0"].command[-3:] == ("--variant", "no-pose", "--overwrite")
    assert steps["train-refine.again-4"].needs == ("data", "train-proxy", "train-coarse-4")
    assert steps["results-viton.again-4"].needs == ("data", "train-coarse-4", "train-refine.again-4")
    assert steps["results-encoder-decoder.no-pose-0"].folder == Path("runs/tiny/results/encoder-decoder.no-pose/0")


def test_results_are_scored_once_for_the_notebooks_that_read_scores_and_else_not_at_all(inside, trained):
    variants = {"again": {"set": ["stages.refine.tv=1"], "methods": ["viton"]}}
    more = {"methods": ["viton", "cagan"], "variants": variants, **trained}

    def scoring(*notebooks, data=""):
        steps = plan(open_run(Path(inside.config(notebooks=notebooks, **more)), data))
        return steps, [name for name in steps if name.startswith("scores-")]

    steps, names = scoring("comparison", "stages", "warp")
    assert names == ["scores-viton-0", "scores-cagan-0", "scores-viton.again-0"]
    assert set(names) < set(steps["notebook-comparison"].needs)
    assert steps["notebook-stages"].needs == ("data", "train-judge", "results-viton-0", "scores-viton-0")
    assert steps["scores-viton.again-0"].command[1:3] == ("scores", "viton")
    assert steps["scores-viton.again-0"].command[-2:] == ("--variant", "again")
    assert scoring("dataset", "warp", "photographs")[1] == []
    assert scoring("comparison", data="2020")[1] == [], "of photographs the truth is not known"
    (inside.folder / "2020/test/image-truth").mkdir(parents=True)
    assert scoring("comparison", data="2020")[1] == names


def test_noise_is_tried_where_it_is_asked_for_and_truths_may_be_known(inside, trained):
    asked = {"levels": [1, 2], "pairs": 4}
    variants = {"again": {"set": ["stages.refine.tv=1"], "methods": ["viton"]}}
    more = {"methods": ["viton", "cagan"], "seeds": {"viton": [3, 4]}, "variants": variants, **trained}

    def steps_of(data="", **given):
        return plan(open_run(Path(inside.config(notebooks=["warp", "robustness"], **more, **given)), data))

    steps = steps_of(robustness=asked)
    step = steps["robustness"]
    trainings = ("train-coarse-3", "train-refine-3", "train-cagan-0", "train-judge")
    assert step.needs == ("data", *trainings), "of a method's seeds the first, and no variant"
    assert step.command == (
        *("viton-eval", "robustness", "--config", "configs/tiny.yaml", "--runs", "runs"),
        *("--out", "runs/tiny/robustness"),
    )
    assert (step.folder, step.made) == (Path("runs/tiny/robustness"), ("robustness.csv", "settings.json"))
    assert steps["notebook-robustness"].needs == ("data", "robustness")
    for number, one in enumerate(steps.values()):
        assert set(one.needs) <= set(list(steps)[:number])
    assert "robustness" not in steps_of()
    assert steps_of()["notebook-robustness"].needs == ("data",)
    assert "robustness" not in steps_of("2020", robustness=asked), "of photographs the truth is not known"
    (inside.folder / "2020/test/image-truth").mkdir(parents=True)
    assert "robustness" in steps_of("2020", robustness=asked)


def test_a_notebook_has_the_noise_tried_that_it_shows(inside, trained, monkeypatch):
    ran = []
    monkeypatch.setattr("viton_eval.results._execute", lambda command: ran.append(command[:3]))
    more = {"methods": ["cagan"], "notebooks": ["robustness"], **trained}
    assert robustness_of(inside.config(**more)) is None
    assert [command[1] for command in ran] == ["data"], "nothing is tried"
    ran.clear()
    asked = {"levels": [1], "pairs": 2}
    assert robustness_of(inside.config(**more, robustness=asked)) == Path("runs/tiny/robustness")
    assert [command[1:3] for command in ran][-3:] == [
        ("train", "cagan"),
        ("train", "judge"),
        ("robustness", "--config"),
    ]


def test_what_decides_noise_runs_it_again_and_nothing_else(inside, trained):
    asked, notebooks = {"levels": [1, 2], "pairs": 4}, ["comparison", "robustness"]
    config = Path(inside.config(methods=["viton", "cagan"], notebooks=notebooks, robustness=asked, **trained))
    before = plan(open_run(config))

    def changed(override):
        after = plan(open_run(config, overrides=(override,)))
        return [name for name in after if name not in before or after[name].key != before[name].key]

    both = ["robustness", "notebook-robustness"]
    assert changed("robustness.levels=[1,3]") == both
    assert changed("robustness.pairs=5") == both
    assert "robustness" in changed("stages.cagan.width=32")
    assert "robustness" in changed("stages.judge.steps=6")
    assert changed("purpose=another") == []
    assert changed("notebooks=[robustness]") == []


def test_another_judge_scores_anew_and_tries_nothing_on(inside, trained):
    config = Path(inside.config(methods=["viton"], notebooks=["comparison"], **trained))
    before, after = plan(open_run(config)), plan(open_run(config, overrides=("stages.judge.steps=6",)))
    changed = [name for name, step in after.items() if step.key != before[name].key]
    assert changed == ["train-judge", "scores-viton-0", "notebook-comparison"]


def test_the_list_of_sleeves_that_a_notebook_reads_is_an_input_of_its_step():
    steps = plan(open_run(ROOT / "configs/photographs.yaml", "2020"))
    assert steps["notebook-photographs"].reads == (
        "notebooks/photographs.ipynb",
        "configs/vitonhd_sample_sleeves.csv",
    )
    assert steps["notebook-dataset"].reads == ("notebooks/dataset.ipynb",)
    cells = json.loads((ROOT / "notebooks/photographs.ipynb").read_text())["cells"]
    (parameters,) = ["".join(cell["source"]) for cell in cells if "parameters" in cell["metadata"].get("tags", [])]
    assert 'sleeves = "configs/vitonhd_sample_sleeves.csv"' in parameters
    assert (ROOT / "configs/vitonhd_sample_sleeves.csv").is_file()


@pytest.mark.parametrize(
    ("more", "message"),
    [
        ({"methods": ["crn"]}, "tiny: stages.crn: expected its settings, at least `steps`, got none"),
        ({"seeds": {"vitom": [0]}}, "seeds: expected methods, such as viton, .*, got 'vitom'"),
        ({"seeds": {"viton": []}}, "seeds.viton: expected at least one seed, every one once, got []"),
        ({"seeds": {"viton": [1, 1]}}, "seeds.viton: expected at least one seed, every one once"),
        ({"methods": ["a-0", "a-0"]}, "methods: expected every method once"),
    ],
)
def test_what_cannot_be_trained_is_said_before_anything_runs(inside, more, message, trained):
    with pytest.raises(InputError, match=message.replace("[", r"\[")):
        plan(open_run(Path(inside.config(**({"methods": ["viton"]} | trained | more)))))


def test_results_of_a_notebook_alone_are_trained_for_first(inside, trained):
    config = inside.config(methods=["encoder-decoder"], seeds={"encoder-decoder": [1]}, **trained)
    assert results_of("encoder-decoder", config) == Path("runs/tiny/results/encoder-decoder/1")
    assert inside.calls() == ["synth", "train-coarse-1", "train-proxy-0", "try-on"]
    assert stage_of("judge", config) == Path("runs/tiny/stages/judge/0")
    assert inside.calls() == ["train-judge-0"]
    with pytest.raises(InputError, match="methods: expected one of the seeds 1, got 2"):
        results_of("encoder-decoder", config, seed=2)
    with pytest.raises(InputError, match="methods: expected one of the methods encoder-decoder, got viton"):
        results_of("viton", config)
    with pytest.raises(InputError, match=r"one of the experiment's trained stages .*coarse-1.*, got refine"):
        stage_of("refine", config)


def test_a_notebook_run_alone_does_not_replace_a_stage_that_was_trained_otherwise(inside, trained, monkeypatch):
    config = inside.config(methods=["encoder-decoder"], **trained)
    commands = []
    monkeypatch.setattr(results, "_execute", commands.append)
    stage_of("coarse", config)
    asked = [command for command in commands if command[1] == "train"]
    assert [command[2] for command in asked] == ["proxy", "coarse"]
    assert not any("--overwrite" in command for command in asked)  # `viton train` then refuses, naming what differs
    reported = plan(open_run(Path(config)))["train-coarse-0"].command
    assert "--overwrite" in reported  # a report replaces what its settings have changed


def test_the_stages_that_are_planned_are_those_that_the_methods_name():
    from viton.methods import METHODS

    assert {name: method.stages for name, method in METHODS.items()} == METHOD_STAGES
    optional = {name: method.optional_stages for name, method in METHODS.items() if method.optional_stages}
    assert optional == OPTIONAL_STAGES


def test_planning_needs_no_torch(inside, trained):
    config = inside.config(methods=["viton"], **trained)
    code = (
        f"import sys; from pathlib import Path; from viton_eval.commands import open_run\n"
        f"from viton_eval.plan import plan; plan(open_run(Path({config!r}))); assert 'torch' not in sys.modules"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


def test_a_reference_decides_only_the_notebook_that_shows_it(inside):
    config = Path(inside.config(notebooks=["dataset", "warp"]))
    run = open_run(config)
    named = open_run(config, overrides=("reference.root=photos",))
    other_photographs = replace(named, reference_digest="of others")

    def keys(run):
        return {name: step.key for name, step in plan(run).items()}

    def differing(a, b):
        return [name for name, key in keys(a).items() if key != keys(b)[name]]

    assert differing(run, named) == ["notebook-dataset"]
    assert differing(named, other_photographs) == ["notebook-dataset"]
    assert differing(run, replace(run, reference_digest="of others")) == []


def test_the_commands_are_ones_that_the_library_understands(inside, trained):
    """Every command of an experiment is parsed by the real command line, which then only misses the data."""
    from viton.cli import app

    run = open_run(Path(inside.config(methods=["non-parametric", "viton", "cagan"], **trained)), "nowhere")
    alone = open_run(Path(inside.config("alone")), "nowhere")
    commands = [run.warp_command(), run.check_command(), alone.try_on_command(alone.try_on("non-parametric"))]
    for command in [*commands, *(run.train_command(one) for one in run.trainings.values() if one.stage == "cagan")]:
        done = CliRunner().invoke(app, list(command[1:]))
        assert isinstance(done.exception, InputError), (command, done.output, done.exception)
        assert "no such" in str(done.exception)
    for one in (run.try_on("non-parametric"), run.try_on("viton")):
        done = CliRunner().invoke(app, list(run.try_on_command(one)[1:]))
        assert isinstance(done.exception, InputError), (one, done.output, done.exception)
    world = open_run(Path(inside.config()))
    done = CliRunner().invoke(app, [*world.synth_command()[1:], "--workers", "0"])
    assert done.exit_code == 2
    assert "--workers" in done.output
