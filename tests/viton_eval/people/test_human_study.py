"""The human study in an experiment: made by a step, kept once it is used; what its notebooks show."""

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from tests.viton_eval.people.asked import METHODS, SETTINGS, SIZE, by_people, others
from viton.data.viton_hd import VitonHd
from viton.errors import InputError
from viton.images import encode, load_rgb
from viton_eval import human_study
from viton_eval.experiment import Experiment
from viton_eval.plan import plan
from viton_eval.study.answers import write_answers
from viton_eval.study.export import EXPORTED, export_study
from viton_eval.study.make import is_current, make_study, remake_study
from viton_eval.study.used import used_by
from viton_eval.study.votes_needed import Wanted
from viton_eval.workflow import _refresh


def test_the_step_makes_the_study_of_all_methods_that_the_configuration_asks_for(run, two):
    assert "study" not in plan(run), "of one method there is nothing to compare"
    steps = plan(two)
    step = steps["study"]
    assert step.command == (
        *("viton-eval", "study", "make", "runs/tiny/study", "--config", "tiny.yaml", "--runs", "runs"),
        *("--limit", "4", "--seed", "0", "--set=per_rater=8", "--set=gold=1", "--replace"),
    )
    assert set(step.needs) == {"results-non-parametric-0", "results-cagan-0"}
    assert (step.folder, step.made) == (Path("runs/tiny/study"), ("design.json",))
    for name in ("human_study_sheets", "human_study_results"):
        assert steps[f"notebook-{name}"].needs == ("study",)
    assert "study" not in plan(others(two, study=None))
    more = others(two, study=run.config.study.model_copy(update={"pairs": 5}))
    assert plan(more)["study"].key != step.key
    names = {name for name in steps if steps[name].key != plan(more)[name].key}
    assert names == {"study"}, "what is asked for changes no other step but by what was made"


def test_answers_make_the_notebooks_on_them_run_again_and_no_others(run):
    run.study.mkdir(parents=True)
    before = plan(run)
    (run.study / "design.json").write_text("{}")
    assert {name: step.key for name, step in plan(run).items()} == {name: step.key for name, step in before.items()}
    changed = []
    for text in ("some", "others"):
        (run.study / "answers.csv").write_text(text)
        after = plan(run)
        changed.append({name: after[name].key for name in after if after[name].key != before[name].key})
    known = {"notebook-human_study_results", "notebook-quantitative", "notebook-agreement"}
    assert set(changed[0]) == set(changed[1]) == known
    assert all(changed[0][name] != changed[1][name] for name in known)


def test_to_make_the_study_anew_never_clears_answers(two):
    two.study.mkdir(parents=True)
    (two.study / "answers.csv").write_text("what people said")
    _refresh(two, "study")
    assert (two.study / "answers.csv").read_text() == "what people said"


def test_an_unused_study_makes_room_for_one_of_new_results_and_a_used_one_does_not(source, tmp_path):
    out = tmp_path / "study"
    first = remake_study(out, source, SETTINGS, 4)
    assert is_current(out, source, SETTINGS, 4)
    assert remake_study(out, source, SETTINGS, 4).id == first.id
    path = source.results["one"] / f"{first.pairs[0].name}.png"
    path.write_bytes(encode(np.full((*SIZE, 3), 90, np.uint8), ".png"))
    assert not is_current(out, source, SETTINGS, 4)
    with pytest.raises(InputError, match="another study"):
        make_study(out, source, SETTINGS, 4)
    second = remake_study(out, source, SETTINGS, 4)
    assert second.id != first.id
    assert is_current(out, source, SETTINGS, 4)
    assert used_by(out) == []
    for name in ("answers.csv", "votes.sqlite3"):
        (out / name).write_text("somebody was here")
        whole = {file: file.read_bytes() for file in out.rglob("*") if file.is_file()}
        kept = remake_study(out, source, SETTINGS.model_copy(update={"votes": 1}), 4)
        assert kept.id == second.id
        assert {file: file.read_bytes() for file in out.rglob("*") if file.is_file()} == whole
        assert used_by(out) == [name]
        (out / name).unlink()


def test_a_design_from_before_a_setting_came_into_being_is_still_current(source, tmp_path):
    out = tmp_path / "study"
    made = make_study(out, source, SETTINGS, 4)
    design = dict(made.design)
    for name in ("consent_paper", "consent_mturk"):
        del design["settings"]["texts"][name]
    (out / "design.json").write_text(json.dumps(design))
    assert is_current(out, source, SETTINGS, 4)
    design["settings"]["texts"]["consent_paper"] = "Another."
    (out / "design.json").write_text(json.dumps(design))
    assert not is_current(out, source, SETTINGS, 4)


def test_a_study_whose_sheets_are_out_keeps_its_key(source, tmp_path):
    first = remake_study(tmp_path / "study", source, SETTINGS, 4)
    for _ in range(2):
        export_study(first, "csv", tmp_path / "sheets", [1])
    assert (tmp_path / "study" / EXPORTED).read_text() == '{"as": "csv", "raters": [1]}\n'
    kept = remake_study(tmp_path / "study", source, SETTINGS.model_copy(update={"votes": 1}), 4)
    assert kept.id == first.id


@pytest.mark.parametrize("kind", ["people", "clothings"])
def test_a_study_of_other_photos_is_not_current(source, tmp_path, kind):
    made = make_study(tmp_path / "study", source, SETTINGS, 4)
    shown = getattr(made.pairs[0], {"people": "person", "clothings": "clothing"}[kind])
    path = getattr(source.data, kind)[shown]
    before = path.read_bytes()
    path.write_bytes(encode(255 - load_rgb(path), path.suffix))
    assert not is_current(tmp_path / "study", source, SETTINGS, 4)
    path.write_bytes(before)
    assert is_current(tmp_path / "study", source, SETTINGS, 4)


def test_power_is_of_the_studys_own_comparisons(source, tmp_path):
    wanted = Wanted(len(METHODS), difference=0.4, simulations=200).checked()
    small = make_study(tmp_path / "small", source, SETTINGS.model_copy(update={"votes": 1}), 1)
    large = make_study(tmp_path / "large", source, SETTINGS)
    powers = {name: human_study.own_power(study, wanted) for name, study in (("small", small), ("large", large))}
    assert powers["small"].asked == 3
    assert powers["small"].power == 0
    assert powers["large"].asked == sum(trial.kind == "main" for trial in large.trials)
    assert powers["large"].power > 0


def test_what_a_kill_leaves_while_a_study_makes_room_is_made_good(source, tmp_path):
    out = tmp_path / "study"
    remake_study(out, source, SETTINGS, 4)
    (out / "design.json").unlink()  # goes first
    next((out / "pictures").iterdir()).unlink()
    made = remake_study(out, source, SETTINGS.model_copy(update={"seed": 1}), 4)
    assert made.settings.seed == 1


@pytest.fixture
def experiment(run, scored_world):
    data = VitonHd(scored_world, "test")
    return Experiment(run.config, data, data.pairs("test_pairs.txt"), (Path("tiny.yaml"), "", "runs"), {})


def test_simulated_raters_are_marked_wherever_they_stand_in_for_people(experiment, study):
    shown = human_study.shown_answers(experiment, study)
    assert shown.simulated
    assert {one.source for one in shown.answers} == {"simulated"}
    assert shown.told.startswith("no answers yet")
    assert shown.name("win-rates") == "simulated-win-rates"
    assert "SIMULATED" in shown.caption("rates")
    assert shown.table(pd.DataFrame({"method": ["a"], "x": [1]})).index.name == "SIMULATED raters"
    assert sum(shown.strengths.values()) == pytest.approx(0)
    assert human_study.shown_answers(experiment, study).answers == shown.answers
    write_answers(study.folder / "answers.csv", by_people(study, shown.answers))
    told = human_study.shown_answers(experiment, study)
    assert not told.simulated
    assert {one.source for one in told.answers} == {"server"}
    assert (told.name("win-rates"), told.caption("rates"), told.strengths) == ("win-rates", "rates", {})
    assert told.table(pd.DataFrame({"method": ["a"], "x": [1]})).index.name == "method"


def test_the_balance_that_is_shown_is_counted_from_the_trials(study):
    counts = human_study.balance(study)
    mains = [one for one in study.trials if one.kind == "main"]
    assert list(counts.index) == ["non-parametric / one", "non-parametric / two", "one / two"]
    assert set(counts["comparisons"]) == {4}
    assert counts["votes"].sum() == len(mains) == 4 * 3 * 2
    assert (counts["first on the left"] + counts["on the right"] == counts["votes"]).all()
    moved = [one._replace(left=one.right, right=one.left) if one.left == "two" else one for one in study.trials]
    assert human_study.balance(study._replace(trials=tuple(moved))).loc["one / two", "on the right"] == 0
    loads = human_study.loads(study)
    assert loads["comparisons"].sum() == len(mains)
    assert loads["pairs of methods differ by"].max() <= 1
    assert loads["sides of a pair by"].max() <= 1
    assert human_study.loads(study._replace(trials=tuple(moved)))["sides of a pair by"].max() > 1


def test_what_a_rater_sees_comes_from_the_studys_pictures(study):
    trial, gold = human_study.first_of(study, "main"), human_study.first_of(study, "gold")
    assert [one.shape for one in human_study.seen(study, trial)] == [(*SIZE, 3)] * 4
    *_, left, right = human_study.seen(study, gold)
    assert np.array_equal(np.sort(left.reshape(-1, 3), axis=0), np.sort(right.reshape(-1, 3), axis=0)), "its own tiles"
    assert not np.array_equal(left, right)
    assert human_study.first_of(study._replace(trials=()), "main") is None
    assert human_study.left_out(study).empty
    assert "75% of gold trials right" in human_study.rules(study)
