"""Mechanical Turk: a batch with one HIT a block of trials, the page of a HIT, and the results of a batch.

Workers can read a HIT's input variables in its source, so a batch holds opaque names and URLs only. Flashes are left
out: when a picture was really shown is not known there.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Sequence
from datetime import datetime, timedelta
from itertools import groupby
from pathlib import Path

from viton.errors import InputError, UsageError
from viton_eval.csv_cells import csv_line
from viton_eval.study.answers import NUMBER, Answer, checked
from viton_eval.study.design import Trial
from viton_eval.study.found import Found
from viton_eval.study.frozen import DESIGN, Study
from viton_eval.study.tables_in import Row, expect_study, expect_trial, read_table
from viton_eval.templates import render

URL = re.compile(r"https://[A-Za-z0-9.-]+(:\d+)?(/[A-Za-z0-9._~%-]+)*/?")
MOST_BYTES = 65_535  # of a HIT's page (MTurk's HTMLQuestion)
SHOWN = ("trial", "person", "clothing", "left", "right")  # of each trial: columns of a batch
NEEDED = ("HITId", "WorkerId", "AssignmentStatus", "WorkTimeInSeconds", "Input.study", "Input.trial_1")
SPENT = "Answer.block_ms"  # from Begin to the end, by the worker's clock; batches of other pages lack it
READ = r"Input\.trial_\d{1,3}|Answer\.(answer|ms)_\d{1,3}|Answer\.block_ms"
WORKER = re.compile(r"[A-Za-z0-9]{1,64}")
STATES = ("Submitted", "Approved", "Rejected")
HOURS = {"UTC": 0, "GMT": 0, "PST": 8, "PDT": 7}  # to add for UTC; MTurk's tables tell Pacific time


def picture_url(given: str) -> str:
    """The address below which pictures lie, with one slash at its end; UsageError for what MTurk cannot show."""
    if not URL.fullmatch(given):
        raise UsageError(f"--pictures-url: expected https://HOST/FOLDER without spaces or '?', got {given!r}")
    return given.rstrip("/") + "/"


def blocks_of(trials: Sequence[Trial]) -> list[list[Trial]]:
    """The comparisons of each block of each rater, in order."""
    choices = (trial for trial in trials if trial.task == "choice")
    return [list(block) for _, block in groupby(choices, lambda trial: (trial.rater, trial.block))]


def batch_columns(most: int) -> list[str]:
    """Of a batch of HITs of up to `most` trials: the variables of its page."""
    return ["study", *(f"{name}_{number}" for number in range(1, most + 1) for name in SHOWN)]


def batch_text(study: Study, trials: Sequence[Trial], url: str) -> str:
    """The batch as CSV, a HIT a row; a shorter block has empty cells at its end.   url: of the pictures' folder."""
    blocks = blocks_of(trials)
    most = max(map(len, blocks))
    rows = [csv_line(batch_columns(most))]
    for block in blocks:
        cells = [study.id]
        for trial in block:
            files = (trial.person_picture, trial.clothing_picture, trial.left_picture, trial.right_picture)
            cells += [trial.trial, *(url + file for file in files)]
        rows.append(csv_line(cells + [""] * (1 + most * len(SHOWN) - len(cells))))
    return "".join(rows)


def hit_html(study: Study, trials: Sequence[Trial]) -> str:
    """The page of a HIT with a variable for each column of the batch; InputError where MTurk would find it too long."""
    told = {**dict(study.settings.texts), "consent": study.settings.texts.consent_on("mturk")}
    texts = {name: _without_variables(text) for name, text in told.items()}
    most = max(map(len, blocks_of(trials)))
    html = render("mturk.html.j2", texts=texts, settings=study.settings, most=most, size=study.size)
    html = html.replace(DOLLAR, "&#36;")
    if len(html.encode()) > MOST_BYTES:
        got = f"{len(html.encode())} (shorten its texts, or block_trials)"
        raise InputError(study.folder / DESIGN, f"a HIT's page of at most {MOST_BYTES} bytes", got)
    return html


DOLLAR = "\ue000"  # stands for a text's own $ until the page is filled: MTurk would take ${...} for a variable


def _without_variables(text: str) -> str:
    return text.replace("$", DOLLAR)


def read_results(path: Path, study: Study, salt: bytes) -> Found:
    """The answers of a batch's results as MTurk gives them; rejected assignments are left out and counted.

    Workers get names of their own: what can be told from them is only that two answers are of one worker.
    Raises InputError naming file and row for whatever is not a result of this study.
    """
    found = Found.nothing()
    for row in read_table(path, NEEDED, ("SubmitTime",), READ):
        expect_study(row, row.cells["Input.study"], study)
        state, worker, took = (row.cells[name] for name in ("AssignmentStatus", "WorkerId", "WorkTimeInSeconds"))
        _expect(row, "AssignmentStatus", state in STATES, " or ".join(STATES))
        _expect(row, "WorkerId", WORKER.fullmatch(worker), "letters and digits")
        _expect(row, "WorkTimeInSeconds", NUMBER.fullmatch(took), "seconds")
        rater = f"mturk-{hashlib.sha256(salt + worker.encode()).hexdigest()[:16]}"
        spent = row.cells.get(SPENT, "")
        _expect(row, SPENT, not spent or NUMBER.fullmatch(spent), "milliseconds or nothing")
        seconds = float(spent) / 1000 if spent else float(took)  # those since accepting have the reading in them
        late = str(int(seconds > study.settings.block_seconds))
        _add(found, row, study, Answer(study.id, rater, "", "", "mturk", "", "", _utc(row), late), state == "Rejected")
    return found.of(path)


def _add(found: Found, row: Row, study: Study, blank: Answer, rejected: bool) -> None:
    """Add the answers of one assignment."""
    for column, name in row.cells.items():
        if not column.startswith("Input.trial_") or not name:
            continue
        number = column.removeprefix("Input.trial_")
        trial = expect_trial(row, name, study)
        said = row.cells.get(f"Answer.answer_{number}", "")
        if rejected:
            found.rejected.add((blank.rater, name))
            found.left_out["of rejected assignments"] += bool(said)
        elif not said:
            found.unanswered["mturk"] += 1
        else:
            took = row.cells.get(f"Answer.ms_{number}", "")
            answer = blank._replace(trial=trial.trial, answer=said, response_ms=took)
            found.answers.append((row.where, checked(answer, study, row.where)))


def _expect(row: Row, column: str, good: object, expected: str) -> None:
    if not good:
        raise InputError(f"{row.where}: {column}", expected, repr(row.cells[column]))


def _utc(row: Row) -> str:
    """When an assignment was submitted, of `Tue Nov 24 01:30:00 PST 2026`; nothing where the table does not tell."""
    told = row.cells.get("SubmitTime", "")
    if not told:
        return ""
    words = told.split()
    try:
        zone = HOURS[words.pop(4)]
        local = datetime.strptime(" ".join(words), "%a %b %d %H:%M:%S %Y")
    except (KeyError, IndexError, ValueError):
        expected = f"a time such as Tue Nov 24 01:30:00 PST 2026 ({', '.join(HOURS)})"
        raise InputError(f"{row.where}: SubmitTime", expected, repr(told)) from None
    return (local + timedelta(hours=zone)).strftime("%Y-%m-%dT%H:%M:%SZ")
