"""A rater's way through the server, by the server's clock, without a browser."""

import random

import pytest

from tests.viton_eval.study.visitor import Served
from viton_eval.study.answers import answers_text
from viton_eval.study.store import Store


@pytest.fixture
def served(study, tmp_path):
    return Served(study, tmp_path)


def test_a_rater_sees_the_trials_of_the_first_place_in_order_and_each_answer_is_stored(served, study):
    rng, visitor = random.Random(4), served.visitor()
    assert visitor.get("/").status_code == 200
    assert visitor.arrive()["page"] == "consent"
    given = visitor.walk(
        lambda screen: rng.choice(["left", "right"] if screen["page"] == "choice" else ["real", "fake"])
    )
    assert list(given) == [trial.trial for trial in study.of_rater(1)]
    assert visitor.screen["page"] == "thanks"
    stored = served.store.answers(study)
    assert {answer.trial: answer.answer for answer in stored} == given
    assert len(stored) == len(given)
    assert {(answer.source, answer.response_ms, answer.late) for answer in stored} == {("server", "900.0", "0")}
    assert {answer.answered_at for answer in stored} == {"2026-11-24T09:30:00.000Z"}
    assert len({answer.rater for answer in stored}) == 1


def test_blocks_begin_with_instructions_then_pauses_then_the_flashes(study, tmp_path):
    visitor, pages = Served(study, tmp_path).visitor(), []
    screen = visitor.join()
    while screen["page"] != "thanks":
        pages.append(screen["page"])
        if "trial" in screen:
            screen = visitor.answer(screen).json()
        else:
            screen = visitor.post("begin", block=screen["block"]).json()
    choices, flashes = ["choice"] * 5, ["flash"] * 4
    assert pages == ["instructions", *choices, "pause", *choices[:3], "flashes", *flashes]


def test_the_first_answer_stands_and_the_same_again_changes_nothing(served):
    visitor = served.visitor()
    screen = visitor.to_trial()
    first = visitor.answer(screen, "left", response_ms=1)
    again = visitor.answer(screen, "right", response_ms=2)
    assert first.json() == again.json()
    assert [(row["answer"], row["response_ms"]) for row in served.rows("answers")] == [("left", 1)]


def test_agreeing_again_gives_no_second_place(served):
    visitor = served.visitor()
    screen = visitor.join()
    consent = served.rows("sessions")[0]["consent"]
    assert visitor.post("agree", consent=consent).json() == screen
    assert len(served.rows("sessions")) == 1


def test_only_the_trial_that_is_on_can_be_answered(served, study):
    visitor = served.visitor()
    assert visitor.post("answer", trial="1-1", answer="left").status_code == 401
    visitor.join()
    assert visitor.post("answer", trial="1-1", answer="left").status_code == 409  # its block has not begun
    screen = visitor.to_trial()
    assert screen["trial"] == "1-1"
    refusals = {("1-2", "left"): 409, ("2-1", "left"): 404, ("9-9", "left"): 404, ("1-1", "tie"): 422}
    refusals |= {("1-1", "real"): 422, ("1-1", ""): 422, ("1-1", "LEFT"): 422}
    for (trial, answer), status in refusals.items():
        assert visitor.post("answer", trial=trial, answer=answer).status_code == status, (trial, answer)
    assert served.rows("answers") == []


def test_a_tie_may_be_answered_where_the_study_has_ties(make, tmp_path):
    study = make(tmp_path / "study", limit=2, ties=True, flashes=0, gold=0, repeats=0)
    served = Served(study, tmp_path)
    visitor = served.visitor()
    assert visitor.answer(visitor.to_trial(), "tie").status_code == 200
    assert served.store.answers(study)[0].answer == "tie"


def test_who_breaks_off_goes_on_at_the_first_trial_without_an_answer(served):
    visitor = served.visitor()
    visitor.walk(most=3)
    served.clock.put_on(60)
    back = served.visitor(cookie=visitor.cookie)
    screen = back.arrive()
    assert (screen["trial"], screen["done"], screen["seconds_left"]) == ("1-4", 3, 140)
    back.answer(screen)
    last = served.rows("answers")[-1]
    assert (last["served_at"][11:19], last["answered_at"][11:19]) == ("09:30:00", "09:31:00")


def test_the_database_outlives_the_server(study, tmp_path):
    first = Served(study, tmp_path)
    visitor = first.visitor()
    given = visitor.walk(most=4)
    first.store.close()
    second = Served(study, tmp_path)
    given |= second.visitor(cookie=visitor.cookie).walk()
    assert {answer.trial: answer.answer for answer in second.store.answers(study)} == given


def test_places_are_given_from_the_lowest_and_then_the_study_is_full(served, study):
    visitors = [served.visitor() for _ in range(study.raters)]
    assert [visitor.to_trial()["trial"] for visitor in visitors] == [f"{i + 1}-1" for i in range(study.raters)]
    late = served.visitor()
    told = late.arrive()
    assert told["page"] == "full"
    assert late.post("agree", consent=told["consent"]).json() == {"page": "full"}
    visitors[1].post("withdraw")
    assert served.visitor().to_trial()["trial"] == "2-1"


def test_an_answer_after_the_blocks_time_is_kept_and_marked(served, study):
    visitor = served.visitor()
    screen = visitor.to_trial()
    served.clock.put_on(200)
    screen = visitor.answer(screen).json()
    assert screen["seconds_left"] == 0
    served.clock.put_on(0.001)
    visitor.answer(screen)
    assert [row["late"] for row in served.rows("answers")] == [0, 1]
    visitor.walk()
    late = {answer.trial: answer.late for answer in served.store.answers(study)}
    assert [late[f"1-{i}"] for i in range(1, 7)] == ["0", "1", "1", "1", "1", "0"]  # the next block has its own time


def test_flashes_have_no_end_and_keep_how_long_they_were_shown(served, study):
    visitor = served.visitor()
    visitor.walk(most=8)
    screen = visitor.past_pauses(visitor.screen)
    assert (screen["page"], screen["seconds_left"]) == ("flash", None)
    served.clock.put_on(100_000)
    assert visitor.post("show", trial=screen["trial"], look="a look").json() == {"show": True}
    assert visitor.answer(screen, "fake", response_ms=812.3, shown_ms=250.1).status_code == 200
    last = served.store.answers(study)[-1]
    assert (last.answer, last.response_ms, last.shown_ms, last.late) == ("fake", "812.3", "250.1", "0")


QUERY = "?PROLIFIC_PID=participant-5f3a&STUDY_ID=their-study&SESSION_ID=their-session"


def test_the_same_participant_goes_on_on_another_device_and_the_first_one_is_out(served):
    first = served.visitor(QUERY)
    first.walk(most=2)
    second = served.visitor(QUERY)
    assert second.arrive()["trial"] == "1-3"
    assert second.cookie != first.cookie
    assert first.post("answer", trial="1-3", answer="left").status_code == 401
    assert len(served.rows("sessions")) == 1


def test_another_participant_at_the_same_browser_gets_a_session_of_his_own(served):
    first = served.visitor(QUERY)
    first.join()
    other = served.visitor(QUERY.replace("5f3a", "77"), cookie=first.cookie)
    assert other.arrive()["page"] == "consent"
    assert other.to_trial()["trial"] == "2-1"
    assert served.visitor(QUERY, cookie=first.cookie).to_trial()["trial"] == "1-1"


def test_the_names_in_the_address_may_be_others(study, tmp_path):
    served = Served(study, tmp_path, parameters=("worker", "hit", "assignment"))
    served.visitor("?worker=w1&hit=h1&assignment=a1&PROLIFIC_PID=no").join()
    row = served.rows("sessions")[0]
    assert [row[name] for name in ("participant", "recruiting_study", "recruiting_session")] == ["w1", "h1", "a1"]


def test_a_participants_number_is_in_no_answer(served, study):
    served.visitor(QUERY).walk()
    assert "5f3a" not in answers_text(served.store.answers(study))
    assert "their" not in answers_text(served.store.answers(study))


def test_withdrawal_leaves_nothing_of_the_rater_in_any_file(served, study, tmp_path):
    visitor, other = served.visitor(QUERY), served.visitor("?PROLIFIC_PID=somebody-else")
    visitor.walk()
    others = other.walk(most=3)
    name = served.rows("sessions")[0]["name"]
    marks = [b"participant-5f3a", b"their-session", name.encode()]
    files = [path for path in tmp_path.iterdir() if path.name.startswith("votes")]
    assert all(any(mark in path.read_bytes() for path in files) for mark in marks)  # else this test shows nothing
    assert visitor.post("withdraw").json() == {"page": "withdrawn"}
    assert not visitor.cookie
    assert not [mark for mark in marks for path in files if mark in path.read_bytes()]
    assert {answer.trial for answer in served.store.answers(study)} == set(others)
    assert {row["session"] for row in served.rows("events")} == {2}
    assert visitor.arrive()["page"] == "consent"


def test_a_withdrawal_whose_answer_was_lost_may_be_asked_for_again(served):
    visitor = served.visitor(QUERY)
    visitor.walk(most=1)
    again = served.visitor(QUERY, visitor.cookie)
    for page in (visitor, again):
        assert page.post("withdraw").json() == {"page": "withdrawn"}
    assert not served.rows("sessions")


def test_a_browser_whose_session_went_to_another_is_told_that_nothing_was_deleted(served, study):
    first, second = served.visitor(QUERY), served.visitor(QUERY)
    first.walk(most=2)
    second.arrive()
    refused = first.post("withdraw")
    assert refused.status_code == 409
    assert "nothing was deleted" in refused.text
    assert len(served.store.answers(study)) == 2
    assert second.post("withdraw").status_code == 200
    assert not served.store.answers(study)


def test_completion_is_told_at_the_end_and_not_before(study, tmp_path):
    served = Served(study, tmp_path, completion_code="C1A2B3", completion_url="https://example.org/done?cc=C1A2B3")
    visitor = served.visitor()
    visitor.walk()
    assert (visitor.screen["code"], visitor.screen["url"]) == ("C1A2B3", "https://example.org/done?cc=C1A2B3")
    assert [response.text.count("C1A2B3") for response in visitor.heard[:-1]] == [0] * (len(visitor.heard) - 1)


def test_in_a_lab_the_next_rater_starts_anew_and_elsewhere_nobody_can(study, tmp_path):
    served = Served(study, tmp_path / "lab", lab=True)
    visitor = served.visitor()
    visitor.walk()
    assert visitor.post("leave").status_code == 200
    assert visitor.to_trial()["trial"] == "2-1"
    outside = Served(study, tmp_path / "outside").visitor()
    outside.join()
    assert outside.post("leave").status_code == 404
    assert outside.cookie


def test_cookies_cannot_be_read_by_scripts_or_sent_by_other_sites(served):
    visitor = served.visitor()
    visitor.join()
    sent = visitor.heard[0].headers["set-cookie"].lower()
    assert "httponly" in sent
    assert "samesite=strict" in sent
    assert "secure" not in sent
    visitor.client.base_url = "https://testserver"
    visitor.client.headers["origin"] = "https://testserver"
    visitor.client.cookies.clear()
    visitor.arrive()
    assert "secure" in visitor.heard[-1].headers["set-cookie"].lower()


def test_no_token_is_in_the_database(served, tmp_path):
    visitor = served.visitor()
    visitor.walk(most=2)
    for path in tmp_path.iterdir():
        assert visitor.cookie.encode() not in path.read_bytes()


def test_a_store_that_was_not_started_reads_answers(served, study, tmp_path):
    given = served.visitor().walk(most=3)
    served.store.close()
    assert {answer.trial: answer.answer for answer in Store(tmp_path / "votes.sqlite3").answers(study)} == given
