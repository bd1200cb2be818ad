"""Whatever is wrong with answers is said in one line that names file and row, and nothing is written."""

import os
import shutil

import pytest

from tests.viton_eval.study.incoming import alternate, filled, results, table, verb  # noqa: F401
from viton_eval.study.export import EXPORTED
from viton_eval.study.frozen import read_study

EVIL = [
    "'; DROP TABLE answers; --",
    '" OR 1=1 --',
    "<script>alert(1)</script>",
    "=1+1",
    "'=1+1",
    "@SUM(A1)",
    "\x00",
    "\x1b[2J",
    "../../etc/passwd",
    "é" * 5000,
    "1-1\n1-2",
]


@pytest.fixture
def own(study, tmp_path):
    return read_study(shutil.copytree(study.folder, tmp_path / "study", ignore=shutil.ignore_patterns(EXPORTED)))


def state(folder):
    return {path: path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()}


@pytest.fixture
def refused(own, tmp_path, verb):  # noqa: F811
    """Ingest a good sheet, then `content` beside another good one: refused in a line, and all is as it was."""
    good, other = tmp_path / "good.csv", tmp_path / "other.csv"
    good.write_text(table(filled(own, 2, alternate)))
    other.write_text(table(filled(own, 3, alternate)))
    assert verb("ingest", own.folder, "--sheet", good).code == 0
    before = state(own.folder)

    def refuse(option, content, *words):
        path = tmp_path / "bad.csv"
        if isinstance(content, bytes):
            path.write_bytes(content)
        elif content is not None:
            path.write_text(content if isinstance(content, str) else table(content))
        done = verb("ingest", own.folder, option, path, "--sheet", other, *words)
        assert done.code == 1, done
        assert done.err.startswith("error: ")
        assert state(own.folder) == before
        return done.err

    return refuse


def answers(own, /, **changes):
    row = {"study": own.id, "rater": "p", "trial": "1-1", "answer": "left", "source": "csv", "response_ms": "900"}
    return [row | {"shown_ms": "", "answered_at": "", "late": ""} | changes]


def test_the_rows_that_are_made_bad_below_are_good(own, tmp_path, verb):  # noqa: F811
    for option, rows in [
        ("--csv", answers(own)),
        ("--sheet", filled(own, 1, alternate)),
        ("--mturk", results(own, alternate)),
    ]:
        (tmp_path / "a.csv").write_text(table(rows))
        assert verb("ingest", own.folder, option, tmp_path / "a.csv").code == 0


@pytest.mark.parametrize("evil", EVIL)
@pytest.mark.parametrize("column", ["study", "rater", "trial", "answer", "source", "response_ms", "shown_ms", "late"])
def test_nothing_evil_comes_in_through_any_cell_of_a_table(own, refused, column, evil):
    assert "bad.csv:" in refused("--csv", answers(own, **{column: evil}))


@pytest.mark.parametrize("evil", EVIL)
def test_nothing_evil_comes_in_through_a_sheet(own, refused, evil):
    for column in ("study", "trial", "answer"):
        rows = filled(own, 1, alternate)
        rows[0][column] = evil
        assert "bad.csv:" in refused("--sheet", rows)


@pytest.mark.parametrize("evil", EVIL)
def test_nothing_evil_comes_in_through_results(own, refused, evil):
    columns = ("WorkerId", "AssignmentStatus", "WorkTimeInSeconds", "SubmitTime", "Input.study", "Input.trial_1")
    for column in (*columns, "Answer.answer_1", "Answer.ms_1"):
        rows = results(own, alternate)
        rows[0][column] = evil
        assert "bad.csv:" in refused("--mturk", rows)


def test_comments_of_workers_may_say_anything_and_are_not_kept(own, tmp_path, verb):  # noqa: F811
    rows = results(own, alternate)
    for row, evil in zip(rows, EVIL, strict=False):
        row["Answer.comment"] = evil.replace("\x00", "") + " secretword"
    (tmp_path / "a.csv").write_text(table(rows))
    assert verb("ingest", own.folder, "--mturk", tmp_path / "a.csv").code == 0
    assert b"secretword" not in b"".join(state(own.folder).values())


def test_simulated_raters_do_not_pass_for_people_by_leaving_out_the_source(own, refused):
    assert "a person, got simulated-1, from source csv" in refused("--csv", answers(own, rater="simulated-1"))


@pytest.mark.parametrize("name", ["1-0", "99-1", "1-999", "1-01", " ", "#", "1–1"])  # noqa: RUF001
def test_unknown_trials_are_refused(own, refused, name):
    assert f"a trial of the study, such as 1-1, got {name.strip()!r}" in refused("--csv", answers(own, trial=name))


@pytest.mark.parametrize("name", ["Jan-01", "01-Jan", "1. Jan", "2026-01-17", "01/17/2026"])
def test_a_trial_that_a_spreadsheet_made_a_date_of_is_told(own, refused, name):
    rows = filled(own, 1, alternate)
    rows[0]["trial"] = name
    assert "of which a spreadsheet made a date" in refused("--sheet", rows)


def test_answers_to_another_study_are_refused_even_where_nothing_was_answered(own, refused):
    for option, rows in [("--csv", answers(own, answer="")), ("--sheet", filled(own, 1, lambda trial: ""))]:
        for row in rows:
            row["study"] = "0123456789abcdef"
        assert f"expected answers to study {own.id}, got study '0123456789abcdef'" in refused(option, rows)
    rows = results(own, lambda trial: "")
    rows[-1]["Input.study"] = "0123456789abcdef"
    assert f"bad.csv:{len(rows) + 1}: expected answers to study {own.id}" in refused("--mturk", rows)


def test_a_rejected_assignment_of_another_study_is_refused_too(own, refused):
    assert "expected answers to study" in refused(
        "--mturk", results(own, alternate, AssignmentStatus="Rejected", **{"Input.study": "x"})
    )


def test_double_votes_are_refused(own, refused):
    rows = answers(own) + answers(own, answer="right")
    assert "bad.csv:3: expected one answer of rater p to trial 1-1: left, as" in refused("--csv", rows)


def test_one_person_has_the_trials_of_one_rater(own, refused):
    rows = answers(own) + answers(own, trial="2-1")
    assert "bad.csv:3: expected trials of one rater of the design, got 2-1" in refused("--csv", rows)


def test_flashes_and_comparisons_have_answers_of_their_own(own, refused):
    flash = next(trial.trial for trial in own.trials if trial.task == "flash")
    assert "expected real or fake, got 'left'" in refused("--csv", answers(own, trial=flash))
    assert "expected left or right, got 'fake'" in refused("--csv", answers(own, answer="fake"))
    assert "expected left or right, got 'tie'" in refused("--csv", answers(own, answer="tie"))


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (b"", "a table with a row of columns, got an empty file"),
        (b"\xef\xbb\xbf\r\n \r\n", "a table with a row of columns, got an empty file"),
        (b"x" * 10_000_000, "expected CSV, got field larger than field limit"),
        (b"x," * 5_000_000, "expected the columns study"),
        (b"\xff\xfes\x00t\x00u\x00", "CSV in UTF-8 (a spreadsheet: save as 'CSV UTF-8')"),
        ("study,trial,answer\nä,1-1,A".encode("latin-1"), "save as 'CSV UTF-8'), got byte 0xe4 in line 2\n"),
        (b"%PDF-1.4\n\xe2\xe3\xcf\xd3", "expected a CSV file, got a PDF (what is ticked in a booklet is typed into"),
        (b"PK\x03\x04\x14\x00", "expected a CSV file, got a spreadsheet's own file (save it as 'CSV UTF-8')"),
        (b"SQLite format 3\x00", "expected a CSV file, got a database (--server takes a study's)"),
        (b"person,answer\n1,2\n", "expected the columns study"),
        (b"PK\x03\x04 a spreadsheet's own format", "a spreadsheet's own file"),
        (b'study,rater,trial,answer\n"a,b,c\n', "unexpected end of data"),
        (b"study,rater,trial,answer\na,b\n", "bad.csv:2: expected 4 cells, got 2"),
        (b"study,rater,trial,answer,answer\na,b,c,d,e\n", "each column once, got answer 2 times"),
        (None, "bad.csv: expected a CSV file, got no such file"),
    ],
)
def test_what_is_no_table_is_refused(refused, content, told):
    assert told in refused("--csv", content)


@pytest.mark.parametrize("option", ["--csv", "--mturk", "--server"])
def test_a_folder_where_a_file_is_expected_is_refused(refused, tmp_path, option):
    (tmp_path / "bad.csv").mkdir()
    assert "got a folder" in refused(option, None)


def test_a_folder_without_sheets_is_refused(refused, tmp_path):
    (tmp_path / "bad.csv").mkdir()
    assert "expected a folder of answer sheets, *.csv, got none" in refused("--sheet", None)


def test_a_design_that_was_changed_after_data_came_in_is_refused(own, tmp_path, verb):  # noqa: F811
    path = own.folder / "design.json"
    (tmp_path / "a.csv").write_text(table(answers(own)))
    assert verb("ingest", own.folder, "--csv", tmp_path / "a.csv").code == 0
    changed = path.read_bytes().replace(b'"gold_least": 0.75', b'"gold_least": 0.5')
    assert changed != path.read_bytes()
    path.write_bytes(changed)
    before = state(own.folder)
    done = verb("ingest", own.folder, "--csv", tmp_path / "a.csv")
    assert done.code == 1
    assert "a changed design is a new study" in done.err
    assert state(own.folder) == before


def test_answers_of_an_earlier_design_are_refused_by_the_new_one(make, own, tmp_path, verb):  # noqa: F811
    other = make(tmp_path / "other", votes=1, per_rater=6, gold=1, repeats=1, flashes=0, seed=9)
    (tmp_path / "a.csv").write_text(table(answers(own)))
    assert verb("ingest", own.folder, "--csv", tmp_path / "a.csv").code == 0
    shutil.copy(own.folder / "answers.csv", other.folder / "answers.csv")
    (tmp_path / "b.csv").write_text(table(answers(other)))
    before = state(other.folder)
    done = verb("ingest", other.folder, "--csv", tmp_path / "b.csv")
    assert done.code == 1
    assert f"answers.csv:2: expected answers to study {other.id}, got study '{own.id}'" in done.err
    assert state(other.folder) == before


@pytest.mark.parametrize("option", ["--csv", "--mturk"])
def test_a_study_that_cannot_be_written_to_is_said_in_a_line(own, tmp_path, verb, monkeypatch, option):  # noqa: F811
    (tmp_path / "a.csv").write_text(table(answers(own) if option == "--csv" else results(own, alternate)))
    before = state(own.folder)

    def refuse(*arguments, **named):
        raise PermissionError(13, "Permission denied", str(own.folder))

    real = os.open
    monkeypatch.setattr("tempfile.mkstemp", refuse)  # root may write anywhere, so that a mode would not stop it
    monkeypatch.setattr(os, "open", lambda path, *a, **n: refuse() if str(own.folder) in str(path) else real(path, *a))
    done = verb("ingest", own.folder, option, tmp_path / "a.csv")
    monkeypatch.undo()
    assert (done.code, done.err) == (1, f"error: {own.folder}: Permission denied\n")
    assert state(own.folder) == before


def test_no_files_at_all_is_wrong_usage(own, verb):  # noqa: F811
    done = verb("ingest", own.folder)
    assert (done.code, done.err) == (2, "error: study ingest: expected --server, --mturk, --sheet or --csv, got none\n")


def test_a_damaged_salt_is_named(own, tmp_path, verb):  # noqa: F811
    (tmp_path / "a.csv").write_text(table(results(own, alternate)))
    (own.folder / "worker_salt").write_bytes(b"short")
    assert "worker_salt: expected 32 bytes, got 5" in verb("ingest", own.folder, "--mturk", tmp_path / "a.csv").err
