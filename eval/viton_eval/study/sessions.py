"""A rater's way through a study, as the server has it: place, next trial, clocks, one answer a trial.

The next trial is the first of the rater's that has no answer. An answer counts once, and only to that trial; the first
one stands, and the same again is acknowledged without a change.
"""

from __future__ import annotations

import hashlib
import secrets
import sqlite3
from collections.abc import Callable, Collection, Mapping
from datetime import UTC, datetime, timedelta
from typing import NamedTuple

from viton_eval.study import screens
from viton_eval.study.answers import possible
from viton_eval.study.design import Trial
from viton_eval.study.frozen import Study
from viton_eval.study.screens import Screen
from viton_eval.study.store import Store, hashed

DAY_S = 24 * 3600  # within which who has come may agree; afterwards the page is to be loaded again
Clock = Callable[[], datetime]


class RefusedError(ValueError):
    """What a page asked for cannot be done, whoever asks again; `status` as in HTTP."""

    def __init__(self, status: int, why: str) -> None:
        super().__init__(why)
        self.status = status


class Recruited(NamedTuple):
    """Who sent the rater, for payment: what a recruiting service puts in the address."""

    participant: str = ""
    study: str = ""
    session: str = ""


class Vote(NamedTuple):
    """An answer as the page sends it; milliseconds by the rater's clock."""

    trial: str
    answer: str
    response_ms: float | None = None
    shown_ms: float | None = None


def flashed(trial: Trial) -> str:
    """What the log calls it that a flash was shown; the look that it was shown to stands beside it."""
    return f"flash {trial.trial}"


def utc_now() -> datetime:
    return datetime.now(UTC)


def stamp(moment: datetime) -> str:
    """As in answers.csv: UTC with milliseconds."""
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


class Sessions:
    """All raters of one study.

    completion: code and url of the last page.   places: of the design, that are given to who comes; all by default.
    Raises RefusedError, or sqlite3.Error where nothing could be stored.
    """

    def __init__(
        self,
        study: Study,
        store: Store,
        completion: Mapping[str, str],
        clock: Clock = utc_now,
        places: Collection[int] = (),
    ) -> None:
        self.study, self.store, self.completion, self.clock = study, store, completion, clock
        self.consent = hashlib.sha256(study.settings.texts.consent.encode()).hexdigest()
        self.trials: dict[int, list[Trial]] = {}
        for trial in study.trials:
            self.trials.setdefault(trial.rater, []).append(trial)
        self.places = sorted(places or self.trials)

    def arrive(self, token: str, recruited: Recruited) -> tuple[str, Screen]:
        """Resume, or ask for consent; returns the session's token, which may be a new one, and what to show.

        Who comes with a participant's number goes on in that participant's session, on whatever device.
        """
        with self.store.writing() as db:
            row = self._row(db, "token", hashed(token))
            if recruited.participant and (row is None or row["participant"] != recruited.participant):
                held, row = row, self._row(db, "participant", recruited.participant)
                if held or row:
                    token = secrets.token_urlsafe()
                if row:
                    db.execute("UPDATE sessions SET token = ? WHERE session = ?", (hashed(token), row["session"]))
                    row = self._row(db, "token", hashed(token))
            if row is None:
                page = "full" if self._free(db) is None else "consent"
                return self._issued(db, token), {"page": page, "consent": self.consent}
            self._log(db, row, "came", "")
            return token, self._screen(db, self._regained(db, row))

    def agree(self, token: str, recruited: Recruited, consent: str) -> Screen:
        """Store the consent and give the lowest free place; again, it changes nothing.

        RefusedError: also for a token that `arrive` has not given out, or longer ago than a day.
        """
        if consent != self.consent:
            raise RefusedError(409, "the consent is to another text: load the page again")
        with self.store.writing() as db:
            if row := self._row(db, "token", hashed(token)):
                return self._screen(db, row)
            if not self._is_issued(db, token):
                raise RefusedError(401, "this browser has not arrived here: load the page again")
            if recruited.participant and self._row(db, "participant", recruited.participant):
                raise RefusedError(409, "this participant has a session: load the page again")
            place = self._free(db)
            if place is None:
                return {"page": "full"}
            values = (hashed(token), place, secrets.token_hex(8), consent, *(text or None for text in recruited))
            columns = "token, rater, name, consent, participant, recruiting_study, recruiting_session, holds"
            db.execute(f"INSERT INTO sessions ({columns}) VALUES (?, ?, ?, ?, ?, ?, ?, 1)", values)
            db.execute("DELETE FROM arrivals WHERE token = ?", (hashed(token),))
            row = self._known(db, token)
            self._log(db, row, "agreed", "")
            return self._screen(db, row)

    def knows(self, token: str) -> bool:
        """Whether this server has given the token out."""
        with self.store.reading() as db:
            return self._row(db, "token", hashed(token)) is not None or self._is_issued(db, token)

    def begin(self, token: str, block: int) -> Screen:
        """Start the clock of the next trial's block; again, it runs on."""
        with self.store.writing() as db:
            row = self._known(db, token)
            trial = self._next(db, row)
            if trial and row["holds"] and trial.block == block:
                self._log(db, row, "block", str(block))
            return self._screen(db, row)

    def answer(self, token: str, vote: Vote) -> Screen:
        """Store an answer to the trial that is on; returns what to show next.

        RefusedError: a trial that is not the session's or not on, and what is no answer to it.
        """
        with self.store.writing() as db:
            row = self._known(db, token)
            own = self.study.by_name.get(vote.trial)
            if own is None or own.rater != row["rater"]:
                raise RefusedError(404, "no trial of this session")
            if vote.answer not in possible(own, self.study):
                raise RefusedError(422, "no answer to this trial")
            if not self._answered(db, row, vote.trial):
                self._insert(db, row, own, vote)
            return self._screen(db, row)

    def show(self, token: str, trial: str, look: str) -> bool:
        """Whether the flash that is on may be shown now: to one look alone, whatever device or page asks again.

        look: a random name, so that who did not hear the answer may ask again.   RefusedError: no flash, or not on.
        """
        with self.store.writing() as db:
            row = self._known(db, token)
            own = self._next(db, row)
            if own is None or own.trial != trial or own.task != "flash" or not row["holds"]:
                raise RefusedError(409, "this flash is not on")
            if (before := self._look(db, row, own)) is None:
                self._log(db, row, flashed(own), look)
            return before in (None, look)

    def _look(self, db: sqlite3.Connection, row: sqlite3.Row, trial: Trial) -> str | None:
        """Which look a flash was shown to; None while it was shown to none."""
        query = "SELECT detail FROM events WHERE session = ? AND what = ?"
        found = db.execute(query, (row["session"], flashed(trial))).fetchone()
        return str(found["detail"]) if found else None

    def _insert(self, db: sqlite3.Connection, row: sqlite3.Row, own: Trial, vote: Vote) -> None:
        served = self._when(db, row, "served", own.trial)
        if not row["holds"] or own != self._next(db, row) or served is None:
            raise RefusedError(409, "this trial is not on")
        now = self.clock()
        left = self._seconds_left(db, row, own, now)
        shown = vote.shown_ms if own.task == "flash" and self._look(db, row, own) is not None else None
        values = (row["session"], vote.trial, vote.answer, vote.response_ms, shown)
        late = int(left is not None and left < 0)
        db.execute("INSERT INTO answers VALUES (?, ?, ?, ?, ?, ?, ?, ?)", (*values, stamp(served), stamp(now), late))

    def withdraw(self, token: str) -> None:
        """Delete the session with all that belongs to it, and give its place free; again, it changes nothing.

        The hashes of its name and cookie stay, for its answers to be found where they were copied to, and for a page
        that did not hear of it and asks again.   RefusedError: a cookie of no session; then nothing is deleted.
        """
        gone = hashed(hashed(token))
        with self.store.writing() as db:
            row = self._row(db, "token", hashed(token))
            if row is None and not db.execute("SELECT 1 FROM withdrawn WHERE name = ?", (gone,)).fetchone():
                raise RefusedError(409, "nothing was deleted, for this browser holds no session: open your link again")
            if row:
                db.executemany("INSERT INTO withdrawn VALUES (?)", [(hashed(row["name"]),), (gone,)])
                db.execute("DELETE FROM sessions WHERE session = ?", (row["session"],))
        self.store.forget()

    def release(self, rater: int) -> None:
        """Give the place of an unfinished session free; its answers stay."""
        with self.store.writing() as db:
            row = db.execute("SELECT * FROM sessions WHERE rater = ? AND holds", (rater,)).fetchone()
            if row is None or self._next(db, row) is None:
                raise RefusedError(409, f"place {rater} is not held by an unfinished session")
            db.execute("UPDATE sessions SET holds = 0 WHERE session = ?", (row["session"],))
            self._log(db, row, "released", "")

    def picture(self, token: str, name: str) -> str | None:
        """The file of a picture of the trial that is on or the one after it; None for others, and flashes shown."""
        with self.store.reading() as db:
            row = self._known(db, token)
            done = self._done(db, row)
            on = self.trials[row["rater"]][done : done + 2]
            left = [trial for trial in on if trial.task != "flash" or self._look(db, row, trial) is None]
        return screens.files_of(left, row["token"]).get(name)

    def _screen(self, db: sqlite3.Connection, row: sqlite3.Row) -> Screen:
        trials, done, trial = self.trials[row["rater"]], self._done(db, row), self._next(db, row)
        if trial is None:
            return screens.thanks(trials, self.completion)
        if not row["holds"]:
            return {"page": "gone"}
        if self._when(db, row, "block", str(trial.block)) is None:
            return screens.before_block(trials, done, row["token"])
        self._log(db, row, "served", trial.trial)
        left = self._seconds_left(db, row, trial, self.clock())
        return screens.of_trial(trials, done, row["token"], left, self._look(db, row, trial) is not None)

    def _seconds_left(self, db: sqlite3.Connection, row: sqlite3.Row, trial: Trial, now: datetime) -> float | None:
        """Of the trial's block, negative after its end; flashes have no end."""
        begun = self._when(db, row, "block", str(trial.block))
        if begun is None or trial.task == "flash":
            return None
        return (begun + timedelta(seconds=self.study.settings.block_seconds) - now).total_seconds()

    def _issued(self, db: sqlite3.Connection, token: str) -> str:
        """The token if it was given out, or a new one, remembered for a day."""
        if self._is_issued(db, token):
            return token
        new, now = secrets.token_urlsafe(), self.clock()
        db.execute("DELETE FROM arrivals WHERE at < ?", (stamp(now - timedelta(seconds=DAY_S)),))
        db.execute("INSERT INTO arrivals VALUES (?, ?)", (hashed(new), stamp(now)))
        return new

    def _is_issued(self, db: sqlite3.Connection, token: str) -> bool:
        query = "SELECT 1 FROM arrivals WHERE token = ? AND at >= ?"
        since = stamp(self.clock() - timedelta(seconds=DAY_S))
        return db.execute(query, (hashed(token), since)).fetchone() is not None

    def _free(self, db: sqlite3.Connection) -> int | None:
        held = {row["rater"] for row in db.execute("SELECT rater FROM sessions WHERE holds")}
        return next((rater for rater in self.places if rater not in held), None)

    def _regained(self, db: sqlite3.Connection, row: sqlite3.Row) -> sqlite3.Row:
        """Who comes back to a place that was given free and that nobody took has it again."""
        if not row["holds"]:
            free = "NOT EXISTS (SELECT 1 FROM sessions AS other WHERE other.rater = sessions.rater AND other.holds)"
            db.execute(f"UPDATE sessions SET holds = 1 WHERE session = ? AND {free}", (row["session"],))
        return self._row(db, "token", row["token"]) or row

    def _known(self, db: sqlite3.Connection, token: str) -> sqlite3.Row:
        row = self._row(db, "token", hashed(token))
        if row is None:
            raise RefusedError(401, "no session of this study")
        return row

    def _row(self, db: sqlite3.Connection, column: str, value: str) -> sqlite3.Row | None:
        found: sqlite3.Row | None = db.execute(f"SELECT * FROM sessions WHERE {column} = ?", (value,)).fetchone()
        return found

    def _done(self, db: sqlite3.Connection, row: sqlite3.Row) -> int:
        return int(db.execute("SELECT count(*) FROM answers WHERE session = ?", (row["session"],)).fetchone()[0])

    def _next(self, db: sqlite3.Connection, row: sqlite3.Row) -> Trial | None:
        """The first trial without an answer: as answers come in order, as many are before it as there are answers."""
        return next(iter(self.trials[row["rater"]][self._done(db, row) :]), None)

    def _answered(self, db: sqlite3.Connection, row: sqlite3.Row, trial: str) -> bool:
        query = "SELECT 1 FROM answers WHERE session = ? AND trial = ?"
        return db.execute(query, (row["session"], trial)).fetchone() is not None

    def _when(self, db: sqlite3.Connection, row: sqlite3.Row, what: str, detail: str) -> datetime | None:
        query = "SELECT at FROM events WHERE session = ? AND what = ? AND detail = ?"
        found = db.execute(query, (row["session"], what, detail)).fetchone()
        return datetime.fromisoformat(found["at"]) if found else None

    def _log(self, db: sqlite3.Connection, row: sqlite3.Row, what: str, detail: str) -> None:
        values = (row["session"], what, detail, stamp(self.clock()))
        db.execute("INSERT OR IGNORE INTO events VALUES (?, ?, ?, ?)", values)
