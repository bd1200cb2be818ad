"""The one table of answers: whatever they come from, this is what is analysed.

A row is what one rater said to one trial. `source` is where it comes from: server, mturk, sheet, csv, or simulated.
Simulated answers are marked in every row, and nothing mixes them with people's.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterable, Sequence
from datetime import datetime
from pathlib import Path
from typing import NamedTuple

from viton.errors import InputError
from viton.files import write_text
from viton_eval.csv_cells import csv_line, plain
from viton_eval.study.design import Trial
from viton_eval.study.frozen import Study

SOURCES = ("server", "mturk", "sheet", "csv", "simulated")
SIMULATED = "simulated"
RATER = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")
NUMBER = re.compile(r"\d{1,9}(\.\d{1,6})?")
TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,6})?Z")
ANSWERS = "answers.csv"
SINCE_FIRST = ("served_at",)  # columns that earlier tables lack
FURTHER = "further votes of a rater on a comparison, of which the first counts"


class Answer(NamedTuple):
    """What one rater said to one trial; a row of answers.csv."""

    study: str  # of the frozen design
    rater: str  # an opaque name of a person: no worker's or recruiting service's
    trial: str
    answer: str  # left, right or, where the study has ties, tie; of a flash: real or fake
    source: str
    response_ms: str = ""  # from when the pictures were shown to the answer, by the rater's clock
    shown_ms: str = ""  # how long a flash was really shown
    answered_at: str = ""  # UTC, as 2026-11-24T09:30:00.123Z
    late: str = ""  # 1: after the block's time, by the server's clock; 0: within; "": not known
    served_at: str = ""  # when it was first handed out, by the server's clock as answered_at is; UTC


def possible(trial: Trial, study: Study) -> tuple[str, ...]:
    """What may be answered to a trial."""
    if trial.task == "flash":
        return "real", "fake"
    return ("left", "right", "tie") if study.settings.ties else ("left", "right")


def checked(answer: Answer, study: Study, where: str) -> Answer:
    """The answer; raises InputError, naming the row, for what is no answer to a trial of this study."""
    if answer.study != study.id:
        raise InputError(where, f"answers to study {study.id}", f"study {answer.study!r}")
    if answer.trial not in study.by_name:
        raise InputError(where, "a trial of the study, such as 1-1", repr(answer.trial))
    known = possible(study.by_name[answer.trial], study)
    expected = {
        "answer": (answer.answer in known, " or ".join(known)),
        "source": (answer.source in SOURCES, " or ".join(SOURCES)),
        "rater": (RATER.fullmatch(answer.rater), "up to 64 letters, digits, '.', '_' and '-'"),
        "response_ms": (not answer.response_ms or NUMBER.fullmatch(answer.response_ms), "milliseconds or nothing"),
        "shown_ms": (not answer.shown_ms or NUMBER.fullmatch(answer.shown_ms), "milliseconds or nothing"),
        "answered_at": (not answer.answered_at or _is_time(answer.answered_at), "UTC or nothing"),
        "served_at": (not answer.served_at or _is_time(answer.served_at), "UTC or nothing"),
        "late": (answer.late in ("", "0", "1"), "0, 1 or nothing"),
    }
    for column, (good, what) in expected.items():
        if not good:
            raise InputError(f"{where}: {column}", what, repr(getattr(answer, column)))
    if answer.rater.startswith(f"{SIMULATED}-") and answer.source != SIMULATED:  # a table without the column source
        raise InputError(f"{where}: rater", "a person", f"{answer.rater}, from source {answer.source}")
    return answer


def _is_time(text: str) -> bool:
    try:
        return bool(TIME.fullmatch(text) and datetime.fromisoformat(text))
    except ValueError:  # such as a thirteenth month
        return False


def checked_all(answers: Sequence[tuple[str, Answer]], study: Study) -> list[Answer]:
    """All answers with where each stands; raises InputError for the first that is wrong, or a trial's second one.

    Of one rater a trial has one answer, and one rater has the trials of one rater of the design, unless they come by
    blocks (mturk), where a worker may take several.
    """
    seen, places = dict[tuple[str, str], str](), dict[str, int]()
    for where, answer in answers:
        checked(answer, study, where)
        if first := seen.get((answer.rater, answer.trial)):
            raise InputError(where, "one answer of a rater to a trial", f"a second one, after {first}")
        seen[answer.rater, answer.trial] = where
        place = study.by_name[answer.trial].rater
        if answer.source != "mturk" and places.setdefault(answer.rater, place) != place:
            got = f"{answer.trial} after trials of rater {places[answer.rater]}"
            raise InputError(where, "trials of one rater of the design", got)
    return [answer for _, answer in answers]


def first_votes(answers: Sequence[Answer], study: Study) -> tuple[list[Answer], list[Answer]]:
    """What counts, and the further votes of a rater on a comparison, which do not: votes are to be of several people.

    The first is the one answered first, or of several at one time the one that the design has first.
    """
    order = {trial.trial: number for number, trial in enumerate(study.trials)}
    first = dict[tuple[str, str], Answer]()
    for answer in sorted(answers, key=lambda one: (one.answered_at, order[one.trial])):
        trial = study.by_name[answer.trial]
        if trial.kind == "main":
            first.setdefault((answer.rater, trial.comparison), answer)
    counted = set(first.values())
    kept, further = list[Answer](), list[Answer]()
    for answer in answers:
        is_further = study.by_name[answer.trial].kind == "main" and answer not in counted
        (further if is_further else kept).append(answer)
    return kept, further


def answers_text(answers: Iterable[Answer]) -> str:
    """As CSV, sorted, so that equal answers are equal bytes."""
    return csv_line(Answer._fields) + "".join(csv_line(answer) for answer in sorted(answers))


def write_answers(path: Path, answers: Iterable[Answer]) -> None:
    write_text(path, answers_text(answers))


def read_answers(path: Path, study: Study) -> list[Answer]:
    """Read and check, also a table of before `served_at`; raises InputError naming file and row for what is wrong."""
    if not path.is_file():
        raise InputError(path, "a table of answers", "no such file")
    try:
        rows = list(csv.reader(io.StringIO(path.read_bytes().decode("utf-8-sig"), newline=""), strict=True))
    except (csv.Error, UnicodeDecodeError) as error:
        raise InputError(path, "CSV in UTF-8", str(error)) from error
    columns = list(Answer._fields)
    earlier = [name for name in columns if name not in SINCE_FIRST]
    if not rows or rows[0] not in (columns, earlier):
        got = ", ".join(rows[0])[:120] if rows else "an empty file"
        raise InputError(path, f"the columns {', '.join(columns)}", got)
    named = []
    for number, row in enumerate(rows[1:], 2):
        if len(row) != len(rows[0]):
            raise InputError(f"{path}:{number}", f"{len(rows[0])} cells", str(len(row)))
        named.append((f"{path}:{number}", Answer(**dict(zip(rows[0], map(plain, row), strict=True)))))
    return checked_all(named, study)
