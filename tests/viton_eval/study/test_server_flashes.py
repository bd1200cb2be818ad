"""A flash is shown once: the server gives it to one look, and no page or device gets its picture afterwards."""

import pytest

from tests.viton_eval.study.visitor import Served
from viton_eval.study.sessions import flashed

PID = "?PROLIFIC_PID=pid-1"


@pytest.fixture
def served(study, tmp_path):
    return Served(study, tmp_path)


@pytest.fixture
def before(served):
    """A visitor at the first flash."""
    visitor = served.visitor(PID)
    screen = visitor.to_trial()
    while screen["page"] == "choice":
        screen = visitor.past_pauses(visitor.answer(screen).json())
    return visitor, screen


def picture(visitor, screen):
    return visitor.get(f"/picture/{screen['pictures']['shown']}").status_code


def show(visitor, screen, look="a look"):
    return visitor.post("show", trial=screen["trial"], look=look)


def test_before_it_is_shown_its_picture_comes_as_often_as_a_page_is_loaded(before):
    visitor, screen = before
    assert screen["seen"] is False
    assert [picture(visitor, screen) for _ in range(3)] == [200] * 3
    assert visitor.arrive() == screen


def test_it_is_shown_to_one_look_alone_and_its_picture_comes_no_more(before):
    visitor, screen = before
    assert show(visitor, screen).json() == {"show": True}
    assert show(visitor, screen).json() == {"show": True}  # the answer was lost on the way
    assert show(visitor, screen, "another").json() == {"show": False}
    assert picture(visitor, screen) == 404
    assert visitor.arrive() == screen | {"seen": True}


def test_another_device_does_not_get_to_see_it_and_its_answer_counts(before, served):
    visitor, screen = before
    show(visitor, screen)
    other = served.visitor(PID)
    again = other.arrive()
    assert (again["trial"], again["seen"]) == (screen["trial"], True)
    assert picture(other, again) == 404
    assert show(other, again, "the other's").json() == {"show": False}
    following = other.answer(again, "real").json()
    assert following["seen"] is False
    assert picture(other, following) == 200
    stored = {row["trial"]: row for row in served.rows("answers")}
    assert (stored[screen["trial"]]["answer"], stored[screen["trial"]]["shown_ms"]) == ("real", None)


def test_when_it_was_shown_is_on_the_record_and_goes_with_a_withdrawal(before, served, study):
    visitor, screen = before
    served.clock.put_on(3)
    show(visitor, screen)
    served.clock.put_on(3)
    show(visitor, screen, "later")
    named = flashed(study.by_name[screen["trial"]])
    (event,) = [row for row in served.rows("events") if row["what"] == named]
    assert (event["at"], event["detail"]) == ("2026-11-24T09:30:03.000Z", "a look")
    visitor.post("withdraw")
    assert served.rows("events") == []


def test_only_the_flash_that_is_on_is_shown(before, served, study):
    visitor, screen = before
    names = [trial.trial for trial in study.of_rater(1)]
    on = names.index(screen["trial"])
    for name in (names[0], names[on - 1], names[on + 1], "2-1", "nonsense"):
        assert visitor.post("show", trial=name, look="x").status_code == 409
    assert served.visitor().post("show", trial=screen["trial"], look="x").status_code == 401
    for bad in ("x" * 65, "\n", 3, None):
        assert visitor.post("show", trial=screen["trial"], look=bad).status_code == 422
    assert picture(visitor, screen) == 200


def test_nothing_of_it_tells_of_other_sessions(before, served):
    visitor, screen = before
    show(visitor, screen)
    other = served.visitor()
    following = other.to_trial()
    while following["page"] == "choice":
        following = other.past_pauses(other.answer(following).json())
    assert following["seen"] is False
    assert picture(other, following) == 200


def test_a_showing_that_nobody_was_given_leave_for_is_not_believed(before, served):
    visitor, screen = before
    assert visitor.answer(screen, "real", response_ms=3, shown_ms=250).status_code == 200
    (stored,) = [row for row in served.rows("answers") if row["trial"] == screen["trial"]]
    assert (stored["answer"], stored["shown_ms"]) == ("real", None)
