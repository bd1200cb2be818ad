"""A study is made by one command, frozen, and refused where anybody has changed it."""

import json
import os
import shutil

import pytest

from viton.data.viton_hd import VitonHd
from viton.errors import InputError
from viton_eval.study.frozen import DESIGN, TRIALS, read_study


def options(study_world, study_results):
    folders = [word for name, path in study_results.items() for word in ("--results", f"{name}={path}")]
    return [*folders, "--data", study_world, "--pairs", "test_pairs.txt"]


@pytest.fixture
def copy(study, tmp_path):
    """The frozen study, to be spoilt."""
    return shutil.copytree(study.folder, tmp_path / "study")


def test_from_the_command_line(command, study_world, study_results, tmp_path):
    words = [*options(study_world, study_results), "--set", "votes=1", "--set", "per_rater=10", "--seed", "4"]
    code, out, said = command("make", tmp_path / "study", *words)
    assert code == 0, said
    made = read_study(tmp_path / "study")
    assert made.methods == ("alpha", "beta", "gamma")
    assert f"study {made.id}: 3 methods, {len(made.pairs)} unpaired pairs at 64x48" in out
    assert f"{made.raters} raters" in out
    assert made.settings.seed == 4
    before = {path: path.stat().st_mtime_ns for path in (tmp_path / "study").rglob("*")}
    assert command("make", tmp_path / "study", *words)[:2] == (0, out)
    assert before == {path: path.stat().st_mtime_ns for path in (tmp_path / "study").rglob("*")}


def test_the_same_call_elsewhere_writes_the_same_bytes(make, tmp_path):
    made = [make(tmp_path / name, limit=3, salt="the same", seed=2) for name in "ab"]
    first, second = ({p.name: p.read_bytes() for p in one.folder.rglob("*") if p.is_file()} for one in made)
    assert first == second


def test_another_seed_draws_other_pairs_and_another_study(make, tmp_path):
    first, second = (make(tmp_path / str(seed), limit=3, seed=seed) for seed in (0, 1))
    assert len(first.pairs) == len(second.pairs) == 3
    assert first.pairs != second.pairs
    assert first.id != second.id


def test_another_study_in_its_place_is_refused_and_the_first_one_kept(make, tmp_path):
    first = make(tmp_path / "study", limit=3)
    with pytest.raises(InputError, match="another study"):
        make(tmp_path / "study", limit=4)
    assert read_study(first.folder).id == first.id


def test_a_killed_make_is_taken_up_again(make, tmp_path):
    whole = make(tmp_path / "whole", limit=3, salt="the same")
    begun = shutil.copytree(whole.folder, tmp_path / "begun")
    (begun / DESIGN).unlink()
    (begun / "pictures" / "left_behind.png").write_bytes(b"half")
    assert make(begun, limit=3, salt="the same").id == whole.id
    assert not (begun / "pictures" / "left_behind.png").exists()


def test_a_folder_with_something_else_is_left_alone(make, tmp_path):
    (tmp_path / "thesis.tex").write_text("all of it")
    with pytest.raises(InputError, match=r"an empty folder, or none, got a folder with thesis\.tex"):
        make(tmp_path)
    assert os.listdir(tmp_path) == ["thesis.tex"]


def test_pairs_that_a_method_failed_on_are_left_out_and_named(command, study_world, study_results, tmp_path):
    folders = {name: shutil.copytree(path, tmp_path / name) for name, path in study_results.items()}
    lost = sorted(folders["beta"].iterdir())[0]
    rows = [
        {"person": p, "clothing": c, "file": path.name, "status": "ok" if path != lost else "warp_failed:few"}
        for path in sorted(folders["beta"].iterdir())
        for p, c in [path.stem.split("__")]
    ]
    (folders["beta"] / "manifest.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    code, out, said = command("make", tmp_path / "study", *options(study_world, folders))
    assert code == 0, said
    assert "left out 1 that a method failed on" in out
    study = read_study(tmp_path / "study")
    assert [(one["person"], one["methods"], one["why"]) for one in study.design["left_out"]] == [
        (lost.stem.split("__")[0], ["beta"], ["warp_failed:few"])
    ]
    assert lost.stem not in {pair.name for pair in study.pairs}


def without(study_results, tmp_path, method, count):
    """Copies of the results, in which a method lacks the pictures of the first pairs; and the names that are lost."""
    folders = {name: shutil.copytree(path, tmp_path / name) for name, path in study_results.items()}
    lost = sorted(folders[method].iterdir())[:count]
    for path in lost:
        path.unlink()
    return folders, [path.name for path in lost]


def test_missing_pictures_are_refused_with_their_number_the_first_and_how_to_go_on(
    command, study_world, study_results, tmp_path
):
    folders, lost = without(study_results, tmp_path, "beta", 2)
    (folders["beta"] / "stray__stray.png").write_bytes(b"of nobody")
    words = options(study_world, folders)
    code, _, said = command("make", tmp_path / "study", *words)
    assert code == 1
    first = next(pair for pair in VitonHd(study_world, "test").pairs("test_pairs.txt") if f"{pair.name}.png" in lost)
    assert f"2 without one, the first {first.name}.png; pictures of no pair: 1: stray__stray.png" in said
    assert "--skip-missing leaves a pair out of all methods" in said
    assert not (tmp_path / "study").exists()


def test_skipped_pairs_are_in_no_method_and_written_down(command, study_world, study_results, tmp_path):
    folders, lost = without(study_results, tmp_path, "beta", 2)
    words = [*options(study_world, folders), "--skip-missing"]
    code, out, said = command("make", tmp_path / "study", *words)
    assert code == 0, said
    assert "left out 2 of which a method has no picture" in out
    study = read_study(tmp_path / "study")
    told = {f"{one['person']}__{one['clothing']}.png": (one["methods"], one["why"]) for one in study.design["left_out"]}
    assert told == dict.fromkeys(lost, (["beta"], ["missing"]))
    shown = {f"{trial.person}__{trial.clothing}.png" for trial in study.trials if trial.clothing}
    assert not shown & set(lost)
    assert len(study.pairs) == study.design["pairs_given"] - 2
    assert command("make", tmp_path / "study", *words)[:2] == (0, out)


def test_what_a_manifest_does_not_say_or_says_wrongly_is_missing_too(command, study_world, study_results, tmp_path):
    folders = {name: shutil.copytree(path, tmp_path / name) for name, path in study_results.items()}
    files = sorted(folders["beta"].iterdir())
    rows = [{**dict(zip(("person", "clothing"), f.stem.split("__"), strict=True)), "file": f.name} for f in files[1:]]
    text = "".join(json.dumps(row | {"status": "ok"}) + "\n" for row in rows)
    (folders["beta"] / "manifest.jsonl").write_text(text)
    files[1].unlink()
    words = options(study_world, folders)
    code, _, said = command("make", tmp_path / "study", *words)
    assert (code, "2 without one" in said) == (1, True)
    assert command("make", tmp_path / "study", *words, "--skip-missing")[0] == 0
    left_out = read_study(tmp_path / "study").design["left_out"]
    assert {f"{one['person']}__{one['clothing']}" for one in left_out} == {file.stem for file in files[:2]}


def test_a_folder_above_the_pictures_is_told_by_the_folder_that_was_meant(
    command, study_world, study_results, tmp_path
):
    for name in ("alpha", "beta"):
        shutil.copytree(study_results[name], tmp_path / "above" / name / "0")
    for given, said in (("above/alpha", f"did you mean {tmp_path}/above/alpha/0?"), ("above", "alpha/0, beta/0")):
        folders = study_results | {"alpha": tmp_path / given}
        code, _, error = command("make", tmp_path / "study", *options(study_world, folders))
        assert code == 1
        assert said in error


def test_trials_read_back_as_they_were_written(make, tmp_path, study):
    assert read_study(study.folder).trials == study.trials
    assert {type(trial.rater) for trial in study.trials} == {int}


def edit_design(folder):
    design = json.loads((folder / DESIGN).read_text())
    design["settings"]["exclusions"]["gold_least"] = 0.1
    (folder / DESIGN).write_text(json.dumps(design))


def edit_trials(folder):
    path = folder / TRIALS
    path.write_text(path.read_text().replace("alpha,beta", "beta,alpha", 1))


def swap_pictures(folder):
    first, second = sorted((folder / "pictures").iterdir())[:2]
    kept = first.read_bytes()
    first.write_bytes(second.read_bytes())
    second.write_bytes(kept)


@pytest.mark.parametrize("change", [edit_design, edit_trials, swap_pictures])
def test_a_study_that_was_changed_is_refused(copy, change):
    change(copy)
    with pytest.raises(InputError, match="what the study was frozen with"):
        read_study(copy)


@pytest.mark.parametrize(
    "names", [[DESIGN], [TRIALS], ["pictures"], [DESIGN, TRIALS], [DESIGN, TRIALS, "pictures"]], ids=" ".join
)
def test_what_is_no_study_is_said_with_all_that_is_missing(copy, names):
    for path in (copy / name for name in names):
        shutil.rmtree(path) if path.is_dir() else path.unlink()
    with pytest.raises(InputError, match="a study's folder, .*, got one without " + ", ".join(names) + "$"):
        read_study(copy)


@pytest.mark.parametrize("verb", [["analyse"], ["ingest", "--sheet", "x"], ["serve"], ["export", "--as", "pdf"]])
def test_a_wrong_folder_is_no_study_to_any_verb(command, tmp_path, verb):
    more = ["--out", tmp_path / "out"] if verb[0] == "export" else []
    for folder, said in [
        (tmp_path, "one without design.json, trials.csv, pictures"),
        (tmp_path / "x", "no such folder"),
    ]:
        code, out, error = command(verb[0], folder, *verb[1:], *more)
        assert (code, out) == (1, "")
        assert error.count("\n") == 1
        assert f"{folder}: expected a study's folder, as `viton-eval study make` writes it, got {said}" in error


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        ([], 2, "expected --results, --data and --pairs, or --config"),
        (["--config", "configs/smoke.yaml", "--pairs", "x"], 2, "--config brings its own"),
        (["--results", "a=nowhere", "--results", "b=nowhere"], 1, "nowhere"),
        (["--results", "nonsense"], 2, "NAME=VALUE"),
        (["--set", "votes=0"], 1, "--set: votes: expected greater than or equal to 1, got 0\n"),
        (["--set", "votes=many"], 1, "--set: votes: expected a valid integer, got 'many'\n"),
        (["--set", "ties=perhaps"], 1, "--set: ties: expected a valid boolean, got 'perhaps'\n"),
        (["--set", "raters=9"], 1, "one of the keys"),
        (["--settings", "missing.yaml"], 1, "a configuration file"),
    ],
)
def test_what_a_user_gets_wrong_is_said_in_a_line(command, study_world, study_results, tmp_path, words, code, said):
    given = options(study_world, study_results) if words and words[0] not in ("--config", "--results") else []
    given = given or (["--data", study_world, "--pairs", "test_pairs.txt"] if "--results" in words else [])
    got, _, error = command("make", tmp_path / "study", *given, *words)
    assert got == code
    assert said in error
    assert len(error.strip().splitlines()) == 1
    assert not (tmp_path / "study").exists()


def test_one_method_alone_is_no_study(command, study_world, study_results, tmp_path):
    words = options(study_world, {"alpha": study_results["alpha"]})
    code, _, error = command("make", tmp_path / "study", *words)
    assert code == 2
    assert "at least two methods" in error
