"""The commands of an experiment, and what notebooks call to have them run."""

import shutil
from dataclasses import replace
from pathlib import Path

import pytest
from typer.testing import CliRunner

from viton.errors import InputError
from viton_eval.commands import open_run, plan
from viton_eval.results import data_of, results_of, warps_of
from viton_eval.states import is_done


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
    assert list(steps) == ["data", "check", "warps", "results-non-parametric", *names]
    assert steps["notebook-method-non-parametric"].needs == ("data", "results-non-parametric")
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


def test_the_commands_are_ones_that_the_library_understands(inside):
    """Every command of an experiment is parsed by the real command line, which then only misses the data."""
    from viton.cli import app

    run = open_run(Path(inside.config()))
    for command in [run.warp_command(), run.try_on_command("non-parametric"), run.check_command()]:
        done = CliRunner().invoke(app, list(command[1:]))
        assert isinstance(done.exception, InputError), (command, done.output, done.exception)
        assert "no such" in str(done.exception)
    done = CliRunner().invoke(app, [*run.synth_command()[1:], "--workers", "0"])
    assert done.exit_code == 2
    assert "--workers" in done.output
