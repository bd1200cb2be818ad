"""What is handed out: by whose numbers, as tables for another program, and never the key or over typed answers."""

import csv
import io
import shutil

import pytest

from viton.errors import InputError, UsageError
from viton_eval.study.export import export_study, raters_of
from viton_eval.study.frozen import read_study
from viton_eval.study.sheet_csv import questions_text, sheet_text, template_text
from viton_eval.study.sheets_pdf import printed


def rows_of(text):
    return list(csv.DictReader(io.StringIO(text)))


def test_raters_are_numbers_and_spans(study):
    assert raters_of("", study) == list(range(1, study.raters + 1))
    assert raters_of("2", study) == [2]
    assert raters_of("3-3, 1-2", study) == [1, 2, 3]


@pytest.mark.parametrize("words", ["0", "99", "2-1", "1-99", "a", "1,,2", "-1", "1.5", "1-2-3", "'; DROP TABLE--"])
def test_other_words_for_raters_are_refused(study, words):
    with pytest.raises(UsageError, match=f"expected numbers from 1 to {study.raters}"):
        raters_of(words, study)


def test_a_booklet_comes_with_a_blank_sheet_that_no_spreadsheet_makes_dates_of(study, tmp_path):
    paths = export_study(study, "pdf", tmp_path, [2])
    assert (
        sorted(path.name for path in paths)
        == ["rater-2.csv", "rater-2.pdf"]
        == sorted(path.name for path in tmp_path.iterdir())
    )
    rows = rows_of((tmp_path / "rater-2.csv").read_text())
    assert [row["trial"] for row in rows] == [f"#{trial.trial}" for trial in printed(study, 2)]
    assert {row["study"] for row in rows} == {f"#{study.id}"}
    assert {row["answer"] for row in rows} == {""}


def test_a_second_export_writes_the_same_bytes(study, tmp_path):
    for form, url in [("pdf", ""), ("mturk", "https://example.org/p"), ("csv", "")]:
        first = {path: path.read_bytes() for path in export_study(study, form, tmp_path / form, [1, 2], url)}
        assert {path: path.read_bytes() for path in export_study(study, form, tmp_path / form, [1, 2], url)} == first


def test_typed_answers_are_never_written_over(study, tmp_path):
    for form, name in [("pdf", "rater-1.csv"), ("csv", "answers_template.csv")]:
        export_study(study, form, tmp_path, [1])
        typed = (tmp_path / name).read_text().replace(",\n", ",A\n", 1)
        (tmp_path / name).write_text(typed)
        with pytest.raises(InputError, match=f"{name}: expected no such file, or a blank one"):
            export_study(study, form, tmp_path, [1])
        assert (tmp_path / name).read_text() == typed


def test_the_key_is_never_beside_what_is_handed_out(study, tmp_path):
    folder = shutil.copytree(study.folder, tmp_path / "study")
    before = sorted(folder.rglob("*"))
    with pytest.raises(InputError, match="one with a study's key"):
        export_study(read_study(folder), "csv", folder, [1])
    assert sorted(folder.rglob("*")) == before


@pytest.mark.parametrize("words", [("analyse",), ("export", "--as", "csv")])
@pytest.mark.parametrize("place", ["pictures", "pictures/tables", "other/../pictures"])
def test_nothing_that_names_a_method_is_written_among_the_pictures(study, tmp_path, command, words, place):
    folder = shutil.copytree(study.folder, tmp_path / "study")
    before = sorted(folder.rglob("*"))
    code, _, error = command(words[0], folder, *words[1:], "--out", folder / place)
    assert code == 1
    assert "expected a folder outside the study's pictures" in error
    assert sorted(folder.rglob("*")) == before


def test_addresses_belong_to_forms_that_have_them(study, tmp_path):
    for form, url in [("pdf", "https://example.org"), ("mturk", ""), ("mturk", "http://example.org"), ("csv", "x y")]:
        with pytest.raises(UsageError, match="--pictures-url"):
            export_study(study, form, tmp_path / "out", [1], url)
    assert not (tmp_path / "out").exists()


def test_tables_for_another_program_have_every_trial_and_no_method(study):
    rows = rows_of(questions_text(study, study.trials, "https://example.org/p/"))
    assert [row["trial"] for row in rows] == [trial.trial for trial in study.trials]
    for row, trial in zip(rows, study.trials, strict=True):
        shown = {"left": trial.left_picture, "right": trial.right_picture, "shown": trial.shown_picture}
        assert {name: row[name] for name in shown} == {
            name: f"https://example.org/p/{file}" if file else "" for name, file in shown.items()
        }
        assert row["answers"] == ("real fake" if trial.task == "flash" else "left right")
        assert row["shown_ms"] == ("250" if trial.task == "flash" else "")
    told = questions_text(study, study.trials) + template_text(study, study.trials) + sheet_text(study, study.trials)
    secrets = {*study.methods, "gold", "repeat", "shuffled", *(trial.person for trial in study.trials)}
    assert [word for word in secrets if word in told] == []


def test_a_question_that_begins_like_a_formula_is_none_in_a_table(make, tmp_path):
    odd = make(tmp_path / "a", methods=("alpha", "beta"), limit=1, texts={"question": "=1+1"})
    assert {row["question"] for row in rows_of(questions_text(odd, odd.trials)) if row["task"] == "choice"} == {"'=1+1"}
