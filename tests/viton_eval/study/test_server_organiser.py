"""The organiser's page: who may see it, what it counts, what it gives out."""

import csv
import io

import pytest

from tests.viton_eval.study.visitor import ORGANISER, Served
from viton_eval.study.answers import answers_text, read_answers
from viton_eval.study.progress import places_of, totals


@pytest.fixture
def served(study, tmp_path):
    return Served(study, tmp_path)


@pytest.fixture
def organiser(served):
    client = served.visitor().client
    response = client.post("/organiser", content=f"token={ORGANISER}", follow_redirects=False)
    assert response.status_code == 303
    return client


def test_nobody_without_the_token_sees_anything(served):
    served.visitor().walk(most=2)
    name = served.rows("sessions")[0]["name"]
    client = served.visitor().client
    for path in ("/organiser", "/organiser/answers.csv", "/organiser/payments.csv", "/organiser?token=wrong"):
        response = client.get(path)
        assert response.status_code == 403
        assert name not in response.text
    assert client.post("/organiser/release", content="rater=1").status_code == 403
    client.cookies.set("viton_organiser_" + served.study.id, "\u00e4".encode().hex())
    assert client.get("/organiser").status_code == 403


def test_the_token_comes_by_a_form_and_stays_neither_in_the_address_nor_in_the_cookie(served):
    client = served.visitor().client
    response = client.post("/organiser", content=f"token={ORGANISER}", follow_redirects=False)
    assert (response.status_code, response.headers["location"]) == (303, "/organiser")
    cookie = response.headers["set-cookie"]
    assert ORGANISER not in cookie
    assert all(word in cookie.lower() for word in ("httponly", "samesite=strict", "path=/organiser"))
    assert client.get("/organiser").status_code == 200


def test_a_token_in_the_address_opens_nothing_and_leaves_the_address(served):
    client = served.visitor().client
    response = client.get("/organiser", params={"token": ORGANISER}, follow_redirects=False)
    assert (response.status_code, response.headers["location"]) == (303, "/organiser")
    assert "set-cookie" not in response.headers
    assert client.get("/organiser", params={"token": ORGANISER}).status_code == 403


def test_scripts_send_the_token_in_a_header_and_get_no_cookie(served, study):
    served.visitor().walk(most=2)
    client = served.visitor().client
    response = client.get("/organiser/answers.csv", headers={"authorization": f"Bearer {ORGANISER}"})
    assert response.text == answers_text(served.store.answers(study))
    assert "set-cookie" not in response.headers
    for wrong in ("Bearer wrong", "Bearer", "Bearer \u00e4", f"Basic {ORGANISER}", ORGANISER):
        headers = {"authorization": wrong.encode("latin-1")}
        assert client.get("/organiser/answers.csv", headers=headers).status_code == 403
    guesses = [client.get("/organiser", headers={"authorization": f"Bearer {i}"}).status_code for i in range(40)]
    assert guesses.count(429) >= 15


def test_a_raters_cookie_opens_nothing_and_guessing_is_slow(served):
    visitor = served.visitor()
    visitor.join()
    assert visitor.get("/organiser").status_code == 403
    statuses = [visitor.client.post("/organiser", content=f"token=guess{i}").status_code for i in range(40)]
    assert statuses.count(429) >= 15


def test_exports_are_the_answers_and_whom_to_pay(served, organiser, study, tmp_path):
    served.visitor("?PROLIFIC_PID=pid-1&STUDY_ID=s&SESSION_ID=t").walk()
    served.visitor().walk(most=2)
    (tmp_path / "answers.csv").write_bytes(organiser.get("/organiser/answers.csv").content)
    assert answers_text(read_answers(tmp_path / "answers.csv", study)) == answers_text(served.store.answers(study))
    rows = list(csv.reader(io.StringIO(organiser.get("/organiser/payments.csv").text)))
    assert rows == [["participant", "study", "session", "answered", "of"], ["pid-1", "s", "t", "12", "12"]]


def test_a_database_that_is_away_or_no_database_is_told_as_one_that_cannot_be_read(served, organiser, tmp_path):
    served.visitor().walk(most=1)
    votes, away = tmp_path / "votes.sqlite3", tmp_path / "away"
    good = organiser.get("/organiser/answers.csv").content
    votes.rename(away)
    for _ in range(2):
        response = organiser.get("/organiser/answers.csv")
        expect_unread(response)
        assert str(tmp_path) not in response.text
        served.store.close()
        votes.write_text("no database " * 100)
    votes.unlink()
    away.rename(votes)
    assert organiser.get("/organiser/answers.csv").content == good


def expect_unread(response):
    assert (response.status_code, response.headers["retry-after"]) == (503, "1")
    assert response.json() == {"error": "could not be read; try again"}
    assert response.headers["cache-control"] == "no-store"
    assert "default-src 'none'" in response.headers["content-security-policy"]


def test_progress_counts_what_was_answered(served, study):
    def careless(screen):
        return "left" if screen["page"] == "choice" else "fake"

    def careful(screen):
        trial = study.by_name[screen["trial"]]
        if trial.task == "flash":
            return trial.expected
        return trial.expected or ("left" if trial.left < trial.right else "right")

    served.visitor().walk(careless, pace_s=1)
    served.visitor().walk(careful, pace_s=1)
    served.visitor().walk(careful, most=1, pace_s=1)
    first, second, third = places_of(study, served.store)[:3]
    gold = next(trial for trial in study.of_rater(1) if trial.kind == "gold")
    assert first.gold == (int(gold.expected == "left"), 1)
    assert (second.gold, third.gold) == ((1, 1), (0, 0))
    assert (first.repeats, second.repeats) == ((0, 1), (1, 1))  # sides are swapped: the same side is another method
    assert (first.left, first.state, third.state) == ((8, 8), "finished", "answering")
    assert (first.done, third.done, first.of) == (12, 1, 12)
    assert first.median_ms == 900, "as in answers.csv"
    counts = totals(places_of(study, served.store))
    assert (counts["finished"], counts["answering"], counts["free"]) == (2, 1, study.raters - 3)
    assert counts["answers"] == 25


def test_rules_of_exclusion_are_shown_as_the_design_has_them(make, tmp_path):
    study = make(
        tmp_path / "study", votes=1, per_rater=12, gold=2, repeats=2, exclusions={"repeat_least": 1, "gold_least": 1}
    )
    served = Served(study, tmp_path)
    served.visitor().walk(pace_s=1)
    assert places_of(study, served.store)[0].excluded == (
        "gold right below 1.0",
        "repeats alike below 1.0",
        "one side above 0.95",
    )
    with served.store.writing() as db:
        db.execute("UPDATE answers SET response_ms = 699")
    assert "median time below 700 ms" in places_of(study, served.store)[0].excluded


def test_a_released_place_is_given_again_and_its_answers_stay(served, organiser, study):
    gone = served.visitor()
    gone.walk(most=3)
    assert organiser.post("/organiser/release", content="rater=1", follow_redirects=False).status_code == 303
    assert places_of(study, served.store)[0].state == "free"
    assert served.visitor().to_trial()["trial"] == "1-1"
    assert gone.arrive() == {"page": "gone"}
    assert gone.post("answer", trial="1-4", answer="left").status_code == 409
    assert len(served.store.answers(study)) == 3
    assert gone.post("withdraw").status_code == 200
    assert served.store.answers(study) == []


def test_who_comes_back_before_somebody_else_came_has_the_place_again(served, organiser):
    gone = served.visitor()
    gone.walk(most=3)
    organiser.post("/organiser/release", content="rater=1")
    assert gone.arrive()["trial"] == "1-4"
    assert served.visitor().to_trial()["trial"] == "2-1"


def test_only_an_unfinished_place_can_be_released(served, organiser):
    served.visitor().walk()
    for rater, status in [("1", 409), ("2", 409), ("99", 409), ("", 422), ("x", 422), ("1" * 30, 422)]:
        assert organiser.post("/organiser/release", content=f"rater={rater}").status_code == status
