"""Write what leaves the house: printed booklets, a Mechanical Turk batch, or plain tables; never the key."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from typing import Literal

from viton.errors import InputError, UsageError
from viton.files import jsonl, read_jsonl, write_bytes, write_text
from viton_eval.study.frozen import DESIGN, TRIALS, Study

Form = Literal["pdf", "mturk", "csv"]
EXPORTED = "exported.jsonl"  # in the study's folder: which sheets went out
SPAN = re.compile(r"([1-9]\d{0,5})(?:-([1-9]\d{0,5}))?")
TYPED = re.compile(r"rater-\d+\.csv|answers_template\.csv")  # files that people type into


def raters_of(text: str, study: Study) -> list[int]:
    """Numbers of raters, which are places of the design, from words such as 1-5 or 2,4; all for none.

    Raises UsageError for others.
    """
    if not text:
        return list(range(1, study.raters + 1))
    chosen = set[int]()
    for part in text.split(","):
        match = SPAN.fullmatch(part.strip())
        first, last = (int(match[1]), int(match[2] or match[1])) if match else (0, 0)
        if not 1 <= first <= last <= study.raters:
            raise UsageError(f"--raters: expected numbers from 1 to {study.raters}, such as 1-5 or 2,4, got {text!r}")
        chosen.update(range(first, last + 1))
    return sorted(chosen)


def export_study(
    study: Study,
    form: Form,
    out: Path,
    raters: list[int],
    url: str = "",
    progress: Callable[[int, int], None] | None = None,
) -> list[Path]:
    """Write the sheets of some raters into a folder and return the files.

    url: where the pictures lie on the web; needed by mturk.   Raises InputError where a table that somebody has typed
    answers into would be lost, and UsageError for a wrong address.
    """
    _expect_no_key(out)
    study.expect_apart(out)
    files = {"pdf": _booklets, "mturk": _batch, "csv": _tables}[form](study, raters, url)
    written = []
    for done, (name, content) in enumerate(files.items(), 1):
        path, data = out / name, content()
        if TYPED.fullmatch(name) and path.exists() and path.read_bytes() != data:
            raise InputError(path, "no such file, or a blank one (move it away: answers may be in it)", "another one")
        write_bytes(path, data)
        written.append(path)
        if progress:
            progress(done, len(files))
    _remember(study, form, raters)
    return written


def _remember(study: Study, form: Form, raters: list[int]) -> None:
    """Note in the study's folder that sheets are out: their answers need this very key, so it is not made anew."""
    path = study.folder / EXPORTED
    rows = read_jsonl(path) if path.is_file() else []
    row: dict[str, object] = {"as": form, "raters": raters}
    if row not in rows:
        write_text(path, jsonl([*rows, row]))


def _expect_no_key(out: Path) -> None:
    if (out / DESIGN).exists() or (out / TRIALS).exists():
        raise InputError(out, "a folder that can be handed out", "one with a study's key")


def _booklets(study: Study, raters: list[int], url: str) -> Mapping[str, Callable[[], bytes]]:
    from viton_eval.study.sheet_csv import sheet_text
    from viton_eval.study.sheets_pdf import booklet, printed

    if url:
        raise UsageError("--pictures-url: expected with --as mturk or csv; a booklet has its pictures in it")
    files: dict[str, Callable[[], bytes]] = {}
    for rater in raters:
        files[f"rater-{rater}.csv"] = partial(_encoded, sheet_text, study, printed(study, rater))
        files[f"rater-{rater}.pdf"] = partial(booklet, study, rater)
    return files


def _encoded(text: Callable[..., str], *arguments: object) -> bytes:
    return text(*arguments).encode()


def _batch(study: Study, raters: list[int], url: str) -> Mapping[str, Callable[[], bytes]]:
    from viton_eval.study.mturk import batch_text, hit_html, picture_url

    if not url:
        raise UsageError("--as mturk: expected --pictures-url https://..., where the folder pictures lies for workers")
    trials, address = [trial for trial in study.trials if trial.rater in raters], picture_url(url)
    return {
        "batch.csv": partial(_encoded, batch_text, study, trials, address),
        "hit.html": partial(_encoded, hit_html, study, trials),
    }


def _tables(study: Study, raters: list[int], url: str) -> Mapping[str, Callable[[], bytes]]:
    from viton_eval.study.mturk import picture_url
    from viton_eval.study.sheet_csv import questions_text, template_text

    trials, address = [trial for trial in study.trials if trial.rater in raters], picture_url(url) if url else ""
    return {
        "questions.csv": partial(_encoded, questions_text, study, trials, address),
        "answers_template.csv": partial(_encoded, template_text, study, trials),
    }


def summary(study: Study, form: Form, raters: list[int]) -> str:
    """What was written, in a line."""
    trials = [trial for trial in study.trials if trial.rater in raters]
    flashes = sum(trial.task == "flash" for trial in trials)
    asked = f"study {study.id}, {len(raters)} raters: {len(trials) - flashes} comparisons"
    if form == "csv":
        return f"{asked}, {flashes} flashes"
    why = "paper cannot be shown for a moment" if form == "pdf" else "when they were really shown is not known there"
    return f"{asked}; {flashes} flashes left out: {why}"
