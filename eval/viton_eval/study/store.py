"""Where the server keeps sessions and answers: SQLite, and nothing is acknowledged that is not on the disk.

    study      one row: which study the database belongs to
    sessions   a rater: which place of the design, under which opaque name, whom to pay
    answers    one a session and trial
    events     when each trial was first handed out, each block begun, each session agreed to, resumed, released
    arrivals   cookies that were given out to who has not agreed yet
    withdrawn  whose answers are to go from every table: of their names only a hash

WAL lets the organiser read while raters write; synchronous=FULL brings every commit to the disk before it is
acknowledged. After an error of SQLite the connection is closed and opened anew, so that nothing half done stays; what a
rater is refused is rolled back.
"""

from __future__ import annotations

import hashlib
import sqlite3
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import quote

from viton.console import say
from viton.errors import InputError
from viton_eval.study.answers import Answer, checked_all
from viton_eval.study.frozen import Study

VOTES = "votes.sqlite3"
SCHEMA = 2
TABLES = """
CREATE TABLE study (one INTEGER PRIMARY KEY CHECK (one = 1), schema INTEGER, digest TEXT NOT NULL, started_at TEXT);
CREATE TABLE sessions (
    session INTEGER PRIMARY KEY AUTOINCREMENT,
    token TEXT NOT NULL UNIQUE,      -- SHA-256 of the cookie: who reads this file cannot answer in a rater's name
    rater INTEGER NOT NULL,          -- of the design
    holds INTEGER NOT NULL,          -- 0: the organiser has given the place free
    name TEXT NOT NULL UNIQUE,       -- the rater's in answers.csv
    consent TEXT NOT NULL,           -- SHA-256 of the text that was agreed to
    participant TEXT UNIQUE,         -- of a recruiting service, to pay them: none of these is in answers
    recruiting_study TEXT,
    recruiting_session TEXT
);
CREATE UNIQUE INDEX holder ON sessions (rater) WHERE holds;
CREATE TABLE answers (
    session INTEGER NOT NULL REFERENCES sessions ON DELETE CASCADE,
    trial TEXT NOT NULL,
    answer TEXT NOT NULL,
    response_ms REAL,
    shown_ms REAL,
    served_at TEXT NOT NULL,
    answered_at TEXT NOT NULL,
    late INTEGER NOT NULL,
    UNIQUE (session, trial)
);
CREATE TABLE events (
    session INTEGER NOT NULL REFERENCES sessions ON DELETE CASCADE,
    what TEXT NOT NULL,
    detail TEXT NOT NULL,
    at TEXT NOT NULL
);
CREATE UNIQUE INDEX first_time ON events (session, what, detail) WHERE what IN ('served', 'block');
CREATE INDEX of_session ON events (session);
CREATE TABLE arrivals (token TEXT PRIMARY KEY, at TEXT NOT NULL);  -- SHA-256 of the cookie
CREATE TABLE withdrawn (name TEXT PRIMARY KEY);  -- SHA-256 of the rater's in answers.csv, and of the cookie's SHA-256
"""


def hashed(text: str) -> str:
    """What is kept of a cookie, and of the name of who has withdrawn."""
    return hashlib.sha256(text.encode()).hexdigest()


class Store:
    """The database of one study's server; may be used by many threads.

    wait_s: how long to wait for a lock, ours or another program's, before sqlite3.OperationalError.
    """

    def __init__(self, path: Path, wait_s: float = 2.0) -> None:
        self.path, self.wait_s = path, wait_s
        self._locks = {"ro": threading.Lock(), "rw": threading.Lock()}
        self._open: dict[str, sqlite3.Connection] = {}
        self._inode = 0
        self._log_is_owed = False  # whether it is still to be emptied of what was withdrawn

    def start(self, study: Study, now: str) -> None:
        """Make the tables for this study, or see that they are its own; raises InputError if they are another's."""
        try:
            self._make(study, now)
        except sqlite3.Error as error:
            raise InputError(self.path, "a database that can be read and written", str(error)) from error
        self.expect(study)
        self._inode = self.path.stat().st_ino
        with self._connection("rw") as db:  # a server that was killed may not have come to it
            self._log_is_owed = not _emptied_log(db)

    def _make(self, study: Study, now: str) -> None:
        made = sqlite3.connect(self.path, timeout=self.wait_s, isolation_level=None)
        try:
            made.execute("PRAGMA journal_mode = WAL")
            made.execute("BEGIN IMMEDIATE")
            if not made.execute("SELECT count(*) FROM sqlite_master").fetchone()[0]:
                for statement in filter(str.strip, TABLES.split(";")):
                    made.execute(statement)
                made.execute("INSERT INTO study VALUES (1, ?, ?, ?)", (SCHEMA, study.digest, now))
            made.execute("COMMIT")
        finally:
            made.close()

    def expect(self, study: Study) -> None:
        """Raises InputError unless there is a database, and it holds answers to this very study."""
        if not self.path.is_file():
            raise InputError(self.path, "the database of a study's server", "no such file")
        try:
            with self.reading() as db:
                row = db.execute("SELECT schema, digest FROM study").fetchone()
        except sqlite3.Error as error:
            raise InputError(self.path, "the database of a study's server", str(error)) from error
        if row is None or tuple(row) != (SCHEMA, study.digest):
            got = f"of study {str(row['digest'])[:16]}, schema {row['schema']}" if row else "of none"
            expected = f"answers to study {study.id}, schema {SCHEMA} (a changed design is a new study)"
            raise InputError(self.path, expected, got)

    @contextmanager
    def reading(self) -> Iterator[sqlite3.Connection]:
        """One view of all tables; raises sqlite3.Error."""
        with self._connection("ro") as db:
            db.execute("BEGIN")
            yield db
            db.execute("COMMIT")

    @contextmanager
    def writing(self) -> Iterator[sqlite3.Connection]:
        """All or nothing, and on the disk when the block is left; raises sqlite3.Error, and then nothing is written."""
        with self._connection("rw") as db:
            if self._inode and (not self.path.exists() or self.path.stat().st_ino != self._inode):
                raise sqlite3.OperationalError("the database was moved or removed")
            db.execute("BEGIN IMMEDIATE")
            yield db
            db.execute("COMMIT")
            if self._log_is_owed:
                self._log_is_owed = not _emptied_log(db, wait_s=0, usual_s=self.wait_s)

    @contextmanager
    def _connection(self, mode: str) -> Iterator[sqlite3.Connection]:
        if not self._locks[mode].acquire(timeout=self.wait_s):
            raise sqlite3.OperationalError("database is busy")
        try:
            yield self._opened(mode)
        except sqlite3.Error:
            self._drop(mode)  # closing rolls back what is not committed
            raise
        except Exception:  # of who asked, such as a refusal: SQLite is none the worse for it
            self._undo(mode)
            raise
        except BaseException:
            self._drop(mode)
            raise
        finally:
            self._locks[mode].release()

    def _opened(self, mode: str) -> sqlite3.Connection:
        if mode not in self._open:
            address = f"file:{quote(str(self.path.absolute()))}?mode={mode}"
            db = sqlite3.connect(address, uri=True, timeout=self.wait_s, isolation_level=None, check_same_thread=False)
            db.row_factory = sqlite3.Row
            self._open[mode] = db
            for pragma in ("synchronous = FULL", "foreign_keys = ON", "secure_delete = ON"):
                db.execute(f"PRAGMA {pragma}")
        return self._open[mode]

    def _drop(self, mode: str) -> None:
        if db := self._open.pop(mode, None):
            db.close()

    def _undo(self, mode: str) -> None:
        db = self._open.get(mode)
        try:
            if db and db.in_transaction:
                db.execute("ROLLBACK")
        except sqlite3.Error:
            self._drop(mode)

    def forget(self) -> None:
        """Empty the log beside the database of what deleted rows leave there.

        Raises sqlite3.OperationalError where another program reads an earlier state for longer than `wait_s`: then it
        is said, and every later write tries again until the log is empty, as does the next start.
        """
        was_owed = self._log_is_owed
        with self._connection("rw") as db:
            self._log_is_owed = not _emptied_log(db)
        if self._log_is_owed:
            told = f"what was withdrawn is still in {self.path.name}-wal: another program is reading {self.path.name}"
            if not was_owed:
                say(f"{told}; the log is emptied once it has done")
            raise sqlite3.OperationalError(told)

    def close(self) -> None:
        for mode, lock in self._locks.items():
            with lock:
                self._drop(mode)

    def answers(self, study: Study) -> list[Answer]:
        """All answers, in the order given; raises InputError for a database that is missing, damaged or another's."""
        self.expect(study)
        with self.reading() as db:
            rows = db.execute("SELECT * FROM answers JOIN sessions USING (session) ORDER BY answers.rowid").fetchall()
        return checked_all([(str(self.path), answer_of(row, study)) for row in rows], study)

    def withdrawn(self, study: Study) -> set[str]:
        """Hashed names of those who withdrew here; raises InputError as `answers` does."""
        self.expect(study)
        with self.reading() as db:
            return {row["name"] for row in db.execute("SELECT name FROM withdrawn")}


def _emptied_log(db: sqlite3.Connection, wait_s: float | None = None, usual_s: float = 0.0) -> bool:
    """Whether all of the log was written back and the log cut to nothing; not while an earlier state is being read.

    wait_s: how long to wait for readers, then `usual_s` again; as the connection does, where it is not given.
    """
    if wait_s is not None:
        db.execute(f"PRAGMA busy_timeout = {round(1000 * wait_s)}")
    try:
        return not db.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()[0]
    except sqlite3.OperationalError:  # such as a full disk: what was committed before stays
        return False
    finally:
        if wait_s is not None:
            db.execute(f"PRAGMA busy_timeout = {round(1000 * usual_s)}")


def answer_of(row: sqlite3.Row, study: Study) -> Answer:
    """A row of answers, joined with its session."""
    return Answer(
        study=study.id,
        rater=row["name"],
        trial=row["trial"],
        answer=row["answer"],
        source="server",
        response_ms="" if row["response_ms"] is None else f"{row['response_ms']:.1f}",
        shown_ms="" if row["shown_ms"] is None else f"{row['shown_ms']:.1f}",
        answered_at=row["answered_at"],
        late=str(row["late"]),
        served_at=row["served_at"],
    )
