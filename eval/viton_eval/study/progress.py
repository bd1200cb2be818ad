"""How far each place of a study is, and which raters the design's rules would leave out by now."""

from __future__ import annotations

import sqlite3
from collections import Counter
from collections.abc import Hashable, Mapping, Sequence
from math import isnan
from typing import Any, NamedTuple

from viton_eval.study.frozen import Study
from viton_eval.study.quality import quality, reasons
from viton_eval.study.store import Store, answer_of
from viton_eval.study.votes import votes_of


class Checked(NamedTuple):
    """Of a rater's choices; shares are (of, out of)."""

    gold: tuple[int, int]
    repeats: tuple[int, int]
    left: tuple[int, int]
    median_ms: float | None
    late: int


NOTHING = Checked((0, 0), (0, 0), (0, 0), None, 0)


class Place(NamedTuple):
    """A place of the design, or a session that gave its place back; shares are (of, out of)."""

    rater: int
    name: str  # in answers.csv; "" of a free place
    state: str  # free, answering, finished or released
    done: int
    of: int
    gold: tuple[int, int]
    repeats: tuple[int, int]
    left: tuple[int, int]
    median_ms: float | None  # of choices
    late: int
    last: str  # when it was last heard of; UTC
    excluded: tuple[str, ...]  # rules that it breaks


def places_of(study: Study, store: Store) -> list[Place]:
    """A row of each place, with sessions that were released after it; raises sqlite3.Error."""
    with store.reading() as db:
        query = "SELECT *, (SELECT max(at) FROM events WHERE events.session = sessions.session) AS last FROM sessions"
        rows = db.execute(f"{query} ORDER BY rater, holds DESC, session").fetchall()
        given = db.execute("SELECT * FROM answers JOIN sessions USING (session) ORDER BY answers.rowid").fetchall()
    checked = quality(votes_of(study, [answer_of(row, study) for row in given]))
    known = {str(one["rater"]): one for one in checked.to_dict("records")}
    left_out = reasons(checked, study.settings.exclusions)
    done, trials = Counter(row["name"] for row in given), Counter(trial.rater for trial in study.trials)
    places = [_place(row, done[row["name"]], trials[row["rater"]], known, left_out) for row in rows]
    held = {row["rater"] for row in rows if row["holds"]}
    places += [Place(rater, "", "free", 0, of, *NOTHING, "", ()) for rater, of in trials.items() if rater not in held]
    return sorted(places, key=lambda place: (place.rater, place.state == "released"))


def totals(places: Sequence[Place]) -> Mapping[str, int]:
    """How many places are free, answering and finished, how many answers are there, and how many raters are out."""
    states = Counter(place.state for place in places)
    found = {state: states[state] for state in ("finished", "answering", "free", "released")}
    return found | {
        "answers": sum(place.done for place in places),
        "excluded": sum(bool(place.excluded) for place in places),
    }


def _place(
    row: sqlite3.Row, done: int, of: int, known: Mapping[str, Mapping[Hashable, Any]], left_out: Mapping[str, list[str]]
) -> Place:
    state = "finished" if done == of else "answering" if row["holds"] else "released"
    found = _checked(known[row["name"]]) if row["name"] in known else NOTHING
    broken = tuple(left_out.get(row["name"], ()))
    return Place(row["rater"], row["name"], state, done, of, *found, row["last"] or "", broken)


def _checked(told: Mapping[Hashable, Any]) -> Checked:
    """A row of quality, its shares as counts."""
    shares = [("gold_right", "gold"), ("repeats_alike", "repeats"), ("left", "sided")]
    gold, repeats, left = [(round(told[share] * told[of]) if told[of] else 0, int(told[of])) for share, of in shares]
    median = told["median_ms"]
    return Checked(gold, repeats, left, None if isnan(median) else float(median), int(told["late"]))
