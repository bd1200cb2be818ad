"""Plain tables: answer sheets to type paper's answers into, and trials and answers for any other program."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from viton.errors import InputError
from viton_eval.csv_cells import csv_line
from viton_eval.study.answers import SOURCES, Answer, checked
from viton_eval.study.design import Trial
from viton_eval.study.found import Found
from viton_eval.study.frozen import Study
from viton_eval.study.tables_in import Row, expect_study, expect_trial, read_table

SHEET = ("study", "trial", "answer")
MARK = "#"  # before names on an answer sheet: spreadsheets make dates of 1-17 and numbers of 12e4
QUESTIONS = (
    *("study", "rater", "block", "position", "trial", "task", "question"),
    *("person", "clothing", "left", "right", "shown", "shown_ms", "answers"),
)
LEFT, RIGHT, TIE = ("a", "l", "left"), ("b", "r", "right"), ("t", "tie", "no difference")


def sheet_text(study: Study, trials: Sequence[Trial]) -> str:
    """A blank answer sheet as CSV: study, trial, answer."""
    return csv_line(SHEET) + "".join(csv_line((f"{MARK}{study.id}", f"{MARK}{one.trial}", "")) for one in trials)


def questions_text(study: Study, trials: Sequence[Trial], url: str = "") -> str:
    """All that another program needs to ask the trials, as CSV; pictures are files, or URLs below `url`."""
    texts, rows = study.settings.texts, [csv_line(QUESTIONS)]
    for one in trials:
        flash = one.task == "flash"
        answers = "real fake" if flash else "left right tie" if study.settings.ties else "left right"
        files = (one.person_picture, one.clothing_picture, one.left_picture, one.right_picture, one.shown_picture)
        pictures = [f"{url}{file}" if file else "" for file in files]
        asked = texts.flash_question if flash else texts.question
        length = study.settings.flash_ms if flash else None
        where = (study.id, one.rater, one.block, one.position, one.trial, one.task, asked)
        rows.append(csv_line((*where, *pictures, length, answers)))
    return "".join(rows)


def template_text(study: Study, trials: Sequence[Trial]) -> str:
    """A table of answers with a row a trial, rater and answer to be filled in."""
    rows = [Answer(study.id, "", trial.trial, "", "csv") for trial in trials]
    return csv_line(Answer._fields) + "".join(csv_line(row) for row in rows)


def read_sheet(path: Path, study: Study) -> Found:
    """The answers of one filled sheet, or of a folder of them; the person with booklet 3 is called sheet-3.

    Raises InputError naming file and row for whatever is not an answer to a trial of this study.
    """
    if path.is_dir():
        files = sorted(path.glob("*.csv"))
        if not files:
            raise InputError(path, "a folder of answer sheets, *.csv", "none")
        return Found.joined([read_sheet(file, study) for file in files])
    found = Found.nothing()
    for row in read_table(path, SHEET):
        study_id, name = (row.cells[column].removeprefix(MARK) for column in ("study", "trial"))
        expect_study(row, study_id, study)
        trial = expect_trial(row, name, study)
        if not row.cells["answer"]:
            found.unanswered["sheet"] += 1
            continue
        side = _side(row, study)
        answer = Answer(study_id, f"sheet-{trial.rater}", name, side, "sheet")
        found.answers.append((row.where, checked(answer, study, row.where)))
    return found.of(path)


def _side(row: Row, study: Study) -> str:
    said = row.cells["answer"].casefold()
    meanings = {"left": LEFT, "right": RIGHT} | ({"tie": TIE} if study.settings.ties else {})
    for side, words in meanings.items():
        if said in words:
            return side
    known = "A, B, left, right, L, R" + (", tie" if study.settings.ties else "")
    raise InputError(f"{row.where}: answer", f"{known} or nothing", repr(row.cells["answer"]))


def read_csv(path: Path, study: Study) -> Found:
    """The answers of a table with the columns of answers.csv, of which source and those after it may be missing.

    A row without rater and answer is a question that nobody answered.   Raises InputError naming file and row.
    """
    found = Found.nothing()
    for row in read_table(path, Answer._fields[:4], Answer._fields[4:]):
        cells = {column: row.cells.get(column, "") for column in Answer._fields}
        cells["source"] = cells["source"] or "csv"
        expect_study(row, cells["study"], study)
        expect_trial(row, cells["trial"], study)
        if not cells["answer"]:
            found.unanswered[cells["source"] if cells["source"] in SOURCES else "csv"] += 1
            continue
        found.answers.append((row.where, checked(Answer(**cells), study, row.where)))
    return found.of(path)
