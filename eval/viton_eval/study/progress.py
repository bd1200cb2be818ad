"""How far each place of a study is, and which raters the design's rules would leave out by now."""

from __future__ import annotations

import sqlite3
from collections import Counter
from collections.abc import Mapping, Sequence
from statistics import median
from typing import NamedTuple

from viton_eval.study.design import Trial
from viton_eval.study.frozen import Study
from viton_eval.study.quality import quality, reasons
from viton_eval.study.store import Store, answer_of
from viton_eval.study.votes import votes_of


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
        answers: dict[int, list[sqlite3.Row]] = {row["session"]: [] for row in rows}
        given = db.execute("SELECT * FROM answers JOIN sessions USING (session) ORDER BY answers.rowid").fetchall()
    for answer in given:
        answers[answer["session"]].append(answer)
    checked = quality(votes_of(study, [answer_of(row, study) for row in given]))
    left_out = reasons(checked, study.settings.exclusions)
    held, trials = {row["rater"] for row in rows if row["holds"]}, Counter(trial.rater for trial in study.trials)
    places = [_place(study, row, answers[row["session"]], trials[row["rater"]], left_out) for row in rows]
    nothing = ((0, 0), (0, 0), (0, 0), None, 0, "", ())
    places += [Place(rater, "", "free", 0, of, *nothing) for rater, of in trials.items() if rater not in held]
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
    study: Study, row: sqlite3.Row, answers: Sequence[sqlite3.Row], of: int, left_out: Mapping[str, list[str]]
) -> Place:
    given = {answer["trial"]: answer for answer in answers}
    choices = [answer for answer in answers if study.by_name[answer["trial"]].task == "choice"]
    times = [answer["response_ms"] for answer in choices if answer["response_ms"] is not None]
    sides = Counter(answer["answer"] for answer in choices)
    state = "finished" if len(answers) == of else "answering" if row["holds"] else "released"
    return Place(
        rater=row["rater"],
        name=row["name"],
        state=state,
        done=len(answers),
        of=of,
        gold=_gold(study, given),
        repeats=_repeats(study, given),
        left=(sides["left"], sides["left"] + sides["right"]),
        median_ms=median(times) if times else None,
        late=sum(answer["late"] for answer in answers),
        last=row["last"] or "",
        excluded=tuple(left_out.get(row["name"], ())),
    )


def _gold(study: Study, given: Mapping[str, sqlite3.Row]) -> tuple[int, int]:
    golds = [study.by_name[name] for name in given if study.by_name[name].kind == "gold"]
    return sum(given[trial.trial]["answer"] == trial.expected for trial in golds), len(golds)


def _repeats(study: Study, given: Mapping[str, sqlite3.Row]) -> tuple[int, int]:
    repeats = [study.by_name[name] for name in given if study.by_name[name].repeats in given]
    chosen = [(_chosen(trial, given), _chosen(study.by_name[trial.repeats], given)) for trial in repeats]
    return sum(first == again for first, again in chosen), len(repeats)


def _chosen(trial: Trial, given: Mapping[str, sqlite3.Row]) -> str:
    """The method, or tie."""
    return {"left": trial.left, "right": trial.right}.get(given[trial.trial]["answer"], "tie")
