"""The human study in an experiment: made by a step, kept once it is used; people's column, empty until they answer."""

import json
import shutil
import sys
from pathlib import Path
from types import ModuleType, SimpleNamespace

import numpy as np
import pandas as pd
import pytest
import yaml

from viton.config import PATTERN
from viton.data.viton_hd import VitonHd
from viton.errors import InputError
from viton.images import encode, load_rgb
from viton_eval import agreement, human_study, quantities
from viton_eval.commands import open_run
from viton_eval.experiment import Experiment
from viton_eval.people import NO_ANSWERS, NONE_LEFT, RATES, People, answers_of, cell_of, people_of, standing
from viton_eval.plan import plan
from viton_eval.study.answers import Answer, write_answers
from viton_eval.study.export import EXPORTED, export_study
from viton_eval.study.make import Source, is_current, make_study, remake_study
from viton_eval.study.request import settings_of, source_of
from viton_eval.study.settings import StudySettings
from viton_eval.study.simulate import simulated_answers
from viton_eval.study.used import used_by
from viton_eval.study.votes_needed import Wanted
from viton_eval.workflow import _refresh

METHODS = ("non-parametric", "one", "two")
SETTINGS = StudySettings(votes=2, per_rater=8, gold=1, repeats=1, flashes=2)
SIZE = (64, 48)


@pytest.fixture
def results(scored_world, tmp_path):
    """Made-up pictures of three methods, as a run has them, with manifests."""
    data, folders = VitonHd(scored_world, "test"), {}
    for number, method in enumerate(METHODS):
        folder = folders[method] = tmp_path / "runs/tiny/results" / method / "0"
        folder.mkdir(parents=True)
        rows = []
        for place, pair in enumerate(data.pairs("test_pairs.txt")):
            noise = np.random.default_rng([number, place]).integers(0, 255, (*SIZE, 3), np.uint8)
            (folder / f"{pair.name}.png").write_bytes(encode(noise, ".png"))
            rows.append({**pair._asdict(), "file": f"{pair.name}.png", "status": "ok"})
        (folder / "manifest.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    return folders


@pytest.fixture
def source(results, scored_world):
    data = VitonHd(scored_world, "test")
    return Source(results, data, data.pairs("test_pairs.txt"))


@pytest.fixture
def run(results, scored_world, tmp_path, monkeypatch):
    """An experiment that asks for a study, in an empty working directory."""
    monkeypatch.chdir(tmp_path)
    content = {
        "name": "tiny",
        "purpose": "To test.",
        "data": {"kind": "folder", "root": str(scored_world)},
        "height": 64,
        "width": 48,
        "methods": ["non-parametric"],
        "study": {"pairs": 4, "set": ["per_rater=8", "gold=1"]},
        "notebooks": ["human_study_sheets", "human_study_results", "quantitative", "agreement", "warp"],
    }
    Path("tiny.yaml").write_text(yaml.safe_dump(content))
    return open_run(Path("tiny.yaml"))


@pytest.fixture
def two(run, trained):
    """The same with two methods, of which one is trained."""
    content = yaml.safe_load(Path("tiny.yaml").read_text()) | trained | {"methods": ["non-parametric", "cagan"]}
    Path("tiny.yaml").write_text(yaml.safe_dump(content))
    return open_run(Path("tiny.yaml"))


def others(run, **more):
    return run.__class__(**{**vars(run), "config": run.config.model_copy(update=more)})


def by_people(study, answers):
    """The same answers, as if people had given them to the study's server."""
    return [one._replace(source="server", rater=one.rater.replace("simulated", "person")) for one in answers]


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
def study(source, run):
    return make_study(run.study, source, SETTINGS, 4)


@pytest.fixture
def analysis(monkeypatch):
    """A stand-in for the analysis that counts votes and remembers what it was given."""
    asked = []

    def analyse(study, answers, **_):
        asked.append(answers)
        said, rows = {one.trial: one.answer for one in answers}, []
        for method in study.methods:
            mine = [one for one in study.trials if one.kind == "main" and method in (one.left, one.right)]
            wins = [getattr(one, said[one.trial]) == method for one in mine if one.trial in said]
            rows.append((method, float(np.mean(wins)), 0.1, 0.9, len(wins)))
        return SimpleNamespace(win_rates=pd.DataFrame(rows, columns=RATES))

    module = ModuleType("viton_eval.study.analyse")
    module.analyse = analyse
    monkeypatch.setitem(sys.modules, module.__name__, module)
    return asked


SURE = {"non-parametric": 40.0, "one": 0.0, "two": -40.0}


def test_before_anybody_answers_there_are_no_numbers_of_people(run, analysis, source):
    assert people_of(run).told == NO_ANSWERS, "no study"
    study = make_study(run.study, source, SETTINGS, 4)
    assert people_of(run).rates.empty, "no answers"
    write_answers(run.study / "answers.csv", [])
    assert people_of(run).told == NO_ANSWERS
    write_answers(run.study / "answers.csv", simulated_answers(study, SURE))
    assert answers_of(run) is None, "simulated raters are nobody"
    assert people_of(run).told == NO_ANSWERS
    assert analysis == [], "they are not even analysed"


def test_peoples_answers_are_counted_and_simulated_ones_beside_them_are_not(run, study, analysis):
    made = simulated_answers(study, SURE)
    people, rest = by_people(study, made[:-10]), made[-10:]
    write_answers(run.study / "answers.csv", [*people, *rest])
    found = people_of(run)
    assert sorted(analysis[0]) == sorted(people)
    assert not any(one.source == "simulated" for one in analysis[0])
    rates = found.rates.set_index("method")["value"]
    assert rates["non-parametric"] == 1.0
    assert rates["two"] == 0.0
    assert f"study {study.id}: {len(people)} answers of " in found.told
    assert "(server)" in found.told


@pytest.mark.parametrize("kinds", [{"gold"}, {"real", "fake"}, {"repeat"}, {"gold", "repeat", "real", "fake"}])
def test_answers_to_no_comparison_are_no_answers_yet(run, study, kinds):
    made = by_people(study, simulated_answers(study, SURE))
    some = [one for one in made if study.by_name[one.trial].kind in kinds]
    assert some
    write_answers(run.study / "answers.csv", some)
    assert answers_of(run) is None
    assert people_of(run).told == NO_ANSWERS
    vote = next(one for one in made if study.by_name[one.trial].kind == "main")
    write_answers(run.study / "answers.csv", [*some, vote])
    assert answers_of(run)[1] == sorted([*some, vote])
    assert len(people_of(run).rates) == 3


def test_where_the_rules_leave_everybody_out_no_number_is_shown(run, study):
    """By the analysis itself: everybody answers in a tenth of a second."""
    hasty = [one._replace(response_ms="100") for one in by_people(study, simulated_answers(study, SURE))]
    write_answers(run.study / "answers.csv", hasty)
    found = people_of(run)
    assert found.rates.empty
    assert found.told.endswith(f"{NONE_LEFT}: the rules fixed beforehand leave all of them out")
    assert cell_of(found, "one") == NONE_LEFT
    some = People(pd.DataFrame([("one", np.nan, np.nan, np.nan, 0), ("two", 0.4, 0.3, 0.5, 3)], columns=RATES), "told")
    assert [cell_of(some, name) for name in ("one", "two")] == ["-", "40.0% [30.0, 50.0]"]


def test_beside_new_results_peoples_column_says_that_they_saw_earlier_ones(two, results):
    """As the notebook on the study says it; of a study that the configuration does not ask for as well."""
    shutil.copytree(results["two"], two.results("cagan"))
    given = source_of((), "", "", "test", PATTERN, Path("tiny.yaml"), Path("runs"))
    study = make_study(two.study, given, settings_of(None, two.config.study.set, two.config.seed), 4)
    made = simulated_answers(study, {"non-parametric": 1.0, "cagan": 0.0})
    write_answers(two.study / "answers.csv", by_people(study, made))
    alone = others(two, study=None)
    for run in (two, alone):
        assert people_of(run).told.endswith("; made of the results that are there now")
    picture = two.results("cagan") / f"{study.pairs[0].name}.png"
    picture.write_bytes(encode(np.zeros((*SIZE, 3), np.uint8), ".png"))
    for run in (two, alone):
        found = people_of(run)
        assert "; of EARLIER results or settings, kept because its folder holds answers.csv: " in found.told
        assert len(found.rates) == 2, "they are shown, and it is said"
    assert standing(two, study) in people_of(two).told


def test_answers_to_another_study_are_refused(run, study, analysis):
    one = study.trials[0]
    write_answers(run.study / "answers.csv", [Answer("0" * 16, "person-1", one.trial, "left", "server")])
    with pytest.raises(InputError, match="answers to study"):
        people_of(run)


PEOPLE = People(
    pd.DataFrame([("viton", 0.772, 0.71, 0.83, 90), ("crn", 0.4, np.nan, np.nan, 3)], columns=RATES), "told"
)


def test_the_people_column_holds_win_rates_once_there_are_some(monkeypatch):
    experiment = SimpleNamespace(config=SimpleNamespace(methods=("viton", "crn", "prgan")))
    monkeypatch.setattr(quantities, "failed_of", lambda *_: "0/4")
    sets = pd.DataFrame(columns=["set", "measure", "protocol", "beside", "extractor", "value", "low", "high", "note"])
    table = quantities.table_one(experiment, sets, pd.DataFrame(), PEOPLE)["people"]
    assert table["viton"] == "77.2% [71.0, 83.0]"
    assert table["crn"] == "40.0% (no interval)"
    assert table["prgan"] == "not in the study"
    assert set(quantities.table_one(experiment, sets, pd.DataFrame())["people"]) == {NO_ANSWERS, "-"}
    data = quantities.table_one_data(experiment, sets, pd.DataFrame(), PEOPLE)
    rows = data[data["measure"] == "people"].set_index("method")
    assert rows["value"].to_dict() == {"viton": 0.772, "crn": 0.4}
    assert rows["note"].tolist() == ["told", "told"]
    assert quantities.table_one_data(experiment, sets, pd.DataFrame()).empty


def metric(*values):
    return agreement.Metric(agreement.TOLD, np.array(values, float), None, 9)


def test_metrics_are_ranked_against_people_over_methods_that_both_have():
    rates = pd.DataFrame([(name, rate, 0, 1, 9) for name, rate in zip("dcba", (0.7, 0.6, 0.5, 0.2), strict=True)])
    rates.columns = RATES
    metrics = {"like": metric(1, 2, 3, 4, -9), "unlike": metric(4, 3, 2, 1, 9), "swapped": metric(2, 1, 3, 4, 0)}
    found = agreement.with_people(metrics, list("abcdx"), rates).set_index("metric")
    assert found["value"].to_dict() == pytest.approx({"like": 1.0, "unlike": -1.0, "swapped": 0.8})
    assert set(found["n"]) == {4}, "x is not in the study"
    assert found["low"].isna().all()
    assert "people's win rate" in agreement.readable(found.reset_index()).columns
    assert agreement.with_people(metrics, list("abcdx"), rates[:2]).empty, "two methods have no order to speak of"
    assert agreement.with_people(metrics, list("abcdx"), rates[:0]).empty


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
