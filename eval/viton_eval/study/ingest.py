"""Answers in: from the study's server, Mechanical Turk, typed sheets and tables into the one table of answers.

Every row is checked and nothing is written unless all are good. The same files give the same bytes, in any order.
"""

from __future__ import annotations

import os
import secrets
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import closing
from pathlib import Path
from typing import NamedTuple

from viton.errors import InputError, UsageError
from viton_eval.matching import some
from viton_eval.study.answers import (
    ANSWERS,
    FURTHER,
    SIMULATED,
    SOURCES,
    Answer,
    checked,
    checked_all,
    first_votes,
    read_answers,
    write_answers,
)
from viton_eval.study.found import Found
from viton_eval.study.frozen import Study
from viton_eval.study.places import doubled, unanswered
from viton_eval.study.store import VOTES, Store, hashed

SALT = "worker_salt"  # beside the answers and for nobody: with it a worker's id can be looked for in them
SALT_BYTES = 32
WITHDRAWN = "of raters who have withdrawn from the server"

Named = tuple[str, Answer]  # where it stands, and what it says


class Sources(NamedTuple):
    """Files of answers; of each kind any number."""

    server: Sequence[Path] = ()
    mturk: Sequence[Path] = ()
    sheet: Sequence[Path] = ()
    csv: Sequence[Path] = ()


class Ingested(NamedTuple):
    """What became of some files of answers."""

    answers: list[Answer]
    added: int  # of them that were not in answers.csv
    unanswered: Counter[str]  # questions to those who answered that they did not, by source
    left_out: Counter[str]  # answers, by why
    doubled: dict[int, list[str]]  # places that several raters have answers to
    blank: list[str]  # files without an answer


def ingest(study: Study, sources: Sources, anew: bool = False, simulated_ok: bool = False) -> Ingested:
    """Merge files of answers into STUDY/answers.csv.

    anew: what the table holds already is dropped.   Raises InputError naming the row for whatever is no answer to this
    study, for two answers of a rater to one trial, for files without any answer, and for simulated answers, alone
    unless `simulated_ok`, beside people's always; UsageError for no files.
    """
    if not any(sources):
        raise UsageError("study ingest: expected --server, --mturk, --sheet or --csv, got none")
    path = study.folder / ANSWERS
    before = _before(path, study, anew)
    salt = _salt(study, before) if sources.mturk else b""
    found = Found.joined(list(_read(study, sources, salt)))
    _expect_some(found)
    kept, fresh = _standing(before, found), _standing(found.answers, found)
    new = _merged(fresh)
    found.left_out["told once more in the same words"] += len(fresh) - len(new)
    merged = _merged([*kept, *new])
    _expect_of_a_kind(merged, simulated_ok)
    answers, further = first_votes(checked_all(merged, study), study)
    found.left_out[FURTHER] += len(further)
    if salt:
        _keep_salt(study, salt)
    write_answers(path, answers)
    known = {_key(one) for _, one in before}
    added = sum(_key(one) not in known for one in answers)
    left = unanswered(study, answers)
    return Ingested(answers, added, left, found.left_out, doubled(study, answers), found.blank)


def _expect_some(found: Found) -> None:
    """Raises InputError where all files are blank; who has withdrawn or was rejected is to go all the same."""
    if not (found.answers or found.withdrawn or found.rejected):
        where = found.blank[0] + (f" and {len(found.blank) - 1} more" if len(found.blank) > 1 else "")
        blank = found.unanswered.total()
        got = f"{blank} questions, none of them answered" if blank else "none"
        raise InputError(where, "at least one answer (nothing was written)", got)


def _before(path: Path, study: Study, anew: bool) -> list[Named]:
    """What answers.csv holds already; InputError where it is another study's."""
    if anew or not path.exists():
        return []
    return [(f"{path}:{row}", one) for row, one in enumerate(read_answers(path, study), 2)]


def _read(study: Study, sources: Sources, salt: bytes) -> Iterator[Found]:
    from viton_eval.study.mturk import read_results
    from viton_eval.study.sheet_csv import read_csv, read_sheet

    for path in sources.server:
        yield _of_server(path, study)
    for path in sources.mturk:
        yield read_results(path, study, salt)
    for path in sources.sheet:
        yield read_sheet(path, study)
    for path in sources.csv:
        yield read_csv(path, study)


def _of_server(path: Path, study: Study) -> Found:
    if not path.is_file():
        hint = f" (did you mean {path / VOTES}?)" if (path / VOTES).is_file() else ""
        got = f"a folder{hint}" if path.is_dir() else "no such file"
        raise InputError(path, f"the database of a study's server, {VOTES}", got)
    found = Found.nothing()
    with closing(Store(path)) as store:
        found.withdrawn.update(store.withdrawn(study))
        for number, answer in enumerate(store.answers(study), 1):
            where = f"{path}: answer {number}"
            found.answers.append((where, checked(answer, study, where)))
    return found if found.withdrawn else found.of(path)


def _key(answer: Answer) -> tuple[str, str]:
    return answer.rater, answer.trial


def _standing(named: Sequence[Named], found: Found) -> list[Named]:
    """What stands of some answers: none that was rejected, or whose rater has withdrawn from the server.

    That a database lacks an answer says nothing: it may be another server's, or an older copy.
    """
    kept = []
    for where, one in named:
        if one.source == "server" and found.withdrawn and hashed(one.rater) in found.withdrawn:
            found.left_out[WITHDRAWN] += 1
        elif one.source != "mturk" or _key(one) not in found.rejected:
            kept.append((where, one))
    return kept


def _merged(named: Sequence[Named]) -> list[Named]:
    """One answer of a rater to a trial, of several equal ones the one that tells most; InputError for unequal ones."""
    chosen = dict[tuple[str, str], Named]()
    for where, one in named:
        first, other = chosen.setdefault(_key(one), (where, one))
        if other.answer != one.answer:
            expected = f"one answer of rater {one.rater} to trial {one.trial}: {other.answer}, as {first} says"
            raise InputError(where, f"{expected} (correct one of them; --anew drops {ANSWERS})", one.answer)
        if _told(one) > _told(other):
            chosen[_key(one)] = (where, one)
    return list(chosen.values())


def _told(answer: Answer) -> tuple[int, Answer]:
    return sum(map(bool, answer)), answer


def _expect_of_a_kind(named: Sequence[Named], simulated_ok: bool) -> None:
    simulated = [where for where, one in named if one.source == SIMULATED]
    if simulated and not simulated_ok:
        raise InputError(simulated[0], "answers of people (--simulated-ok takes simulated ones)", "a simulated one")
    if 0 < len(simulated) < len(named):
        raise InputError(simulated[0], "simulated answers alone, or people's alone", "a simulated one beside people's")


def _salt(study: Study, before: Sequence[Named]) -> bytes:
    """What workers' ids are hashed with: kept beside the answers, drawn the first time."""
    path = study.folder / SALT
    if path.is_file():
        salt = path.read_bytes()
        if len(salt) != SALT_BYTES:
            raise InputError(path, f"{SALT_BYTES} bytes", str(len(salt)))
        return salt
    if any(one.source == "mturk" for _, one in before):
        raise InputError(path, f"what the workers of {ANSWERS} were named with (or --anew)", "no such file")
    return secrets.token_bytes(SALT_BYTES)


def _keep_salt(study: Study, salt: bytes) -> None:
    path = study.folder / SALT
    if not path.is_file():
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(handle, "wb") as stream:
            stream.write(salt)


def ingested(study: Study) -> Path:
    """Where the study's answers lie; InputError that says how they come there where there are none yet."""
    path, votes = study.folder / ANSWERS, study.folder / VOTES
    if not path.is_file():
        how = f"--server {votes}" if votes.is_file() else "--server, --mturk, --sheet or --csv"
        expected = f"the study's answers (run `viton-eval study ingest {study.folder} {how}` first)"
        raise InputError(path, expected, "no such file")
    return path


def summary(study: Study, done: Ingested) -> list[str]:
    """What came in, a line each."""
    by_source = Counter(one.source for one in done.answers)
    told = ", ".join(f"{source} {by_source[source]}" for source in SOURCES if by_source[source])
    raters = {source: {one.rater for one in done.answers if one.source == source} for source in SOURCES}
    lines = [
        f"study {study.id}: {len(done.answers)} answers ({told or 'none'}), {done.added} of them new",
        f"raters: {', '.join(f'{source} {len(raters[source])}' for source in SOURCES if raters[source]) or 'none'}",
        f"not answered: {', '.join(f'{source} {n}' for source, n in sorted(done.unanswered.items())) or 'none'}",
        f"left out: {', '.join(f'{n} {why}' for why, n in sorted(done.left_out.items()) if n) or 'none'}",
    ]
    if done.blank:
        lines.append(f"blank: {some(done.blank)}")
    lines += [
        f"place {place} was answered by {len(raters)} raters: {', '.join(raters)}; all of their answers count, so that "
        "its comparisons have more votes than others"
        for place, raters in done.doubled.items()
    ]
    return lines
