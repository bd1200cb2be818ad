"""The whole analysis: thin answers, what is refused, and the files that the command writes."""

import json

import numpy as np
import pytest

from tests.viton_eval.study.made_up import answered, said, study_of
from viton.errors import InputError
from viton_eval.study.analyse import MARK, analyse
from viton_eval.study.answers import write_answers
from viton_eval.study.flashes import flash_rates
from viton_eval.study.simulate import simulated_answers
from viton_eval.study.votes import flashes_of

METHODS = ("alpha", "beta", "gamma")


def test_flashes():
    study = study_of(METHODS, pairs=20, votes=2, flashes=6)
    answers = [
        said(study, trial, "real" if trial.shown in ("photo", "alpha") else "fake", shown_ms="258.3")
        for trial in study.trials
        if trial.task == "flash"
    ]
    rates = flash_rates(flashes_of(study, answers)).set_index("shown")
    mixed = rates.loc["alpha", "n"] / rates.loc["all results", "n"]
    assert rates["called_real"].to_dict() == pytest.approx(
        {
            "alpha": 1,
            "beta": 0,
            "gamma": 0,
            "all results": mixed,
            "photo": 1,
        }
    )
    assert rates["shown_ms"].unique().tolist() == [258.3]
    assert rates.loc["photo", "low"] < 1


@pytest.mark.parametrize(
    ("name", "answers_of"),
    [
        ("one rater", lambda study: [a for a in answered(study, lambda t: t.left) if a.rater == "r1"]),
        ("one answer", lambda study: answered(study, lambda t: t.left)[:1]),
        ("all ties", lambda study: answered(study, lambda t: "")),
        ("one wins all", lambda study: answered(study, lambda t: min(t.left, t.right))),
        (
            "unlinked",
            lambda study: [
                a
                for a in answered(study, lambda t: t.left)
                if "gamma" not in study.by_name[a.trial].left + study.by_name[a.trial].right
            ],
        ),
    ],
)
def test_thin_answers_are_analysed_and_what_cannot_be_said_is_absent(name, answers_of):
    study = study_of(METHODS, pairs=9, votes=2, per_rater=20, gold=1, ties=True)
    answers = [answer for answer in answers_of(study) if study.by_name[answer.trial].kind != "gold"]
    found = analyse(study, answers, draws=100)
    rates = found.win_rates.set_index("method")["value"]
    assert ((rates >= 0) & (rates <= 1) | rates.isna()).all()
    notes = set(found.bradley_terry["note"])
    if name == "unlinked":
        assert notes == {"no votes link all methods"}
        assert found.bradley_terry["value"].isna().all()
    if name == "one wins all":
        assert notes == {"a ridge alone keeps it finite"}
        assert np.isfinite(found.bradley_terry["value"]).all()
    if name == "one rater":
        assert found.win_rates["low"].isna().all()


def test_no_answers_and_mixed_ones_are_refused():
    study = study_of(METHODS)
    with pytest.raises(InputError, match="at least one answer to a comparison, got none"):
        analyse(study, [])
    people = answered(study, lambda trial: trial.left)
    simulated = people[:1] + [answer._replace(source="simulated") for answer in people[1:]]
    with pytest.raises(InputError, match="got both"):
        analyse(study, simulated)


def test_from_the_command_line_every_file_of_simulated_raters_says_so(command, study, tmp_path):
    answers = simulated_answers(study, dict(zip(study.methods, [0.5, 0.0, -0.5], strict=True)), seed=1)
    write_answers(tmp_path / "simulated.csv", answers)
    words = ("analyse", study.folder, "--answers", tmp_path / "simulated.csv", "--out", tmp_path / "out")
    code, out, error = command(*words, "--draws", 200)
    assert code == 0, error
    assert out.startswith(MARK)
    assert max(map(len, out.splitlines()[:6])) <= 100
    files = sorted((tmp_path / "out").iterdir())
    assert len(files) == 37
    assert all(path.name.startswith("simulated-") for path in files)
    assert all("SIMULATED" in path.read_text() for path in files if path.suffix in (".csv", ".md", ".tex"))
    assert json.loads((tmp_path / "out" / "simulated-analysis.json").read_text())["simulated"] is True
    before = {path: path.read_bytes() for path in files}
    assert command(*words, "--draws", 200)[0] == 0
    assert before == {path: path.read_bytes() for path in files}


def test_people_are_not_called_simulated(command, study, tmp_path):
    write_answers(tmp_path / "answers.csv", answered(study, lambda trial: min(trial.left, trial.right)))
    words = ("analyse", study.folder, "--answers", tmp_path / "answers.csv", "--out", tmp_path / "out", "--json")
    code, out, error = command(*words)
    assert code == 0, error
    assert json.loads(out)["simulated"] is False
    assert not [path for path in (tmp_path / "out").iterdir() if "imulated" in path.name]
    assert "SIMULATED" not in (tmp_path / "out" / "win-rates.md").read_text()


def test_a_design_that_was_changed_after_the_answers_came_is_refused(command, study, tmp_path):
    other = study._replace(digest="7" * 64)
    write_answers(tmp_path / "answers.csv", answered(other, lambda trial: trial.left))
    code, _, error = command("analyse", study.folder, "--answers", tmp_path / "answers.csv")
    assert code == 1
    assert f"answers to study {study.id}" in error
    assert len(error.strip().splitlines()) == 1


def test_one_person_in_three_places_is_one_vote_and_agrees_with_nobody():
    study = study_of(("a", "b"), pairs=10, votes=3, per_rater=10, gold=0, repeats=0, flashes=0)
    alone = answered(study, lambda trial: "a", rater="mturk-1", source="mturk")
    found = analyse(study, alone)
    assert len(alone) == 30
    row = found.agreement.set_index("answers").loc["kept"]
    assert (row["comparisons"], row["votes"]) == (0, 0)  # nothing to compare
    assert np.isnan(row["raw_agreement"])
    assert "In 10 two-alternative votes of 1 rater on 10 comparisons" in found.sentence
    assert found.protocol[-1].startswith("20 further votes of a rater on a comparison")
    assert not any("further" in line for line in analyse(study, answered(study, lambda trial: "a")).protocol)
