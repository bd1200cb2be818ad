"""What people and services send back, made up for tests; and the command that takes it in."""

import csv
import io
import shutil
from types import SimpleNamespace

import pytest

from tests.viton_eval.study.visitor import Served
from viton_eval.study.answers import Answer
from viton_eval.study.export import EXPORTED
from viton_eval.study.frozen import read_study
from viton_eval.study.mturk import batch_text
from viton_eval.study.sheet_csv import SHEET, sheet_text
from viton_eval.study.sheets_pdf import printed

URL = "https://example.org/p/"


def table(rows, delimiter=","):
    """CSV as services and spreadsheets write it, every cell in quotes."""
    stream = io.StringIO()
    writer = csv.DictWriter(stream, list(rows[0]), delimiter=delimiter, quoting=csv.QUOTE_ALL)
    writer.writeheader()
    writer.writerows(rows)
    return stream.getvalue()


def filled(study, rater, side):
    """A rater's blank sheet with answers typed in.   side: trial -> what is typed."""
    rows = list(csv.DictReader(io.StringIO(sheet_text(study, printed(study, rater)))))
    for row in rows:
        row["answer"] = side(row["trial"].removeprefix("#"))
    assert tuple(rows[0]) == SHEET
    return rows


def results(study, side, worker=lambda number: f"A{number:013d}", **changes):
    """Rows of MTurk's results of the whole study's batch, a worker a HIT."""
    rows = []
    for number, given in enumerate(csv.DictReader(io.StringIO(batch_text(study, study.trials, URL)))):
        row = {
            "HITId": f"H{number}",
            "Title": "=HYPERLINK(1)",
            "AssignmentId": f"S{number}",
            "WorkerId": worker(number),
        }
        row |= {
            "AssignmentStatus": "Submitted",
            "SubmitTime": "Tue Nov 24 01:30:00 PST 2026",
            "WorkTimeInSeconds": "90",
        }
        row |= {f"Input.{name}": value for name, value in given.items()}
        for k in range(1, study.settings.block_trials + 1):
            name = given[f"trial_{k}"]
            row |= {f"Answer.answer_{k}": side(name) if name else "", f"Answer.ms_{k}": "1500" if name else ""}
        rows.append(row | {"Answer.comment": "'; DROP TABLE answers; --", "Approve": "", "Reject": ""} | changes)
    return rows


def alternate(trial):
    return "left" if int(trial.split("-")[1]) % 2 else "right"


@pytest.fixture
def verb(command):
    """Run `viton-eval study` as a shell does; a failure is one short line and no traceback."""

    def run(*words):
        code, out, err = command(*words)
        if code:
            assert err.count("\n") == 1
            assert "Traceback" not in err
            assert len(err) < 1000
        return SimpleNamespace(code=code, out=out, err=err)

    return run


@pytest.fixture
def own(study, tmp_path):
    """A copy of the study that may be written to."""
    return read_study(shutil.copytree(study.folder, tmp_path / "study", ignore=shutil.ignore_patterns(EXPORTED)))


@pytest.fixture
def write(tmp_path):
    def written(name, text):
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(text)
        return path

    return written


@pytest.fixture
def serve(tmp_path):
    """Serve the study from a database of its own."""
    served = []

    def serving(study, name="server"):
        served.append(Served(study, tmp_path / name))
        return served[-1]

    yield serving
    for one in served:
        one.store.close()


def by_trial(answers):
    return {(one.rater, one.trial): one.answer for one in answers}


def text_of(study):
    return (study.folder / "answers.csv").read_bytes()


def of_server(study, rater, name, answer="left"):
    return [
        Answer(study.id, name, trial.trial, answer if trial.task == "choice" else "fake", "server", "900", late="0")
        for trial in study.of_rater(rater)
    ]
