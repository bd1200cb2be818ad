"""Cookies that nobody gave out, and how often raters, comers and all others may ask."""

import re
import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from tests.viton_eval.study.visitor import Served
from viton_eval.study import server
from viton_eval.study.guard import Limiter
from viton_eval.study.server import Limits
from viton_eval.study.sessions import DAY_S


@pytest.fixture
def served(study, tmp_path):
    return Served(study, tmp_path)


def test_who_asks_too_often_is_told_so_and_others_are_not(served):
    visitor, other = served.visitor(), served.visitor()
    visitor.join()
    statuses = [visitor.post("begin", block=1).status_code for _ in range(300)]
    assert set(statuses) == {200, 429}
    assert statuses.count(200) >= 150
    assert other.to_trial()["trial"] == "2-1"


def invented(number):
    return f"{number:043d}"


def test_an_invented_cookie_is_not_taken_over_and_takes_no_place(served):
    consent = served.visitor().arrive()["consent"]
    for number in range(3):
        response = served.visitor(cookie=invented(number)).post("agree", consent=consent)
        assert response.status_code == 401
        assert response.json() == {"error": "this browser has not arrived here: load the page again"}
    assert served.visitor().post("agree", consent=consent).json()["error"].startswith("no cookie came")
    assert served.rows("sessions") == []
    visitor = served.visitor(cookie=invented(0))
    visitor.arrive()
    given = re.match(rf"{visitor.name}=([^;]+)", visitor.heard[-1].headers["set-cookie"])[1]
    assert given != invented(0)
    assert served.visitor(cookie=given).join()["page"] == "instructions"
    assert served.visitor(cookie=invented(0)).arrive()["page"] == "consent"
    assert served.visitor(cookie=given).arrive()["page"] == "instructions"


def test_a_cookie_that_was_given_out_is_known_to_the_next_server_until_it_is_used_or_too_old(study, tmp_path):
    first = Served(study, tmp_path)
    early, late, gone = (first.visitor() for _ in range(3))
    for visitor in (early, late, gone):
        consent = visitor.arrive()["consent"]
    assert len({early.cookie, late.cookie, gone.cookie}) == len(first.rows("arrivals")) == 3
    assert early.cookie not in str(first.rows("arrivals"))
    first.store.close()
    second = Served(study, tmp_path, clock=first.clock)
    assert second.visitor(cookie=early.cookie).post("agree", consent=consent).json()["page"] == "instructions"
    assert len(second.rows("arrivals")) == 2
    second.visitor(cookie=early.cookie).post("withdraw")
    assert second.visitor(cookie=early.cookie).post("agree", consent=consent).status_code == 401
    first.clock.put_on(DAY_S + 1)
    assert second.visitor(cookie=late.cookie).post("agree", consent=consent).status_code == 401
    second.visitor().arrive()
    assert len(second.rows("arrivals")) == 1


def test_invented_cookies_have_no_share_of_requests_each(served):
    rater, stranger = served.visitor(), served.visitor()
    rater.join()
    statuses = []
    for number in range(300):
        headers = {"cookie": f"{stranger.name}={invented(number)}"}
        statuses.append(stranger.client.post("/api/begin", json={"block": 1}, headers=headers).status_code)
    assert set(statuses) == {401, 429}
    assert rater.post("begin", block=1).status_code == 200
    assert served.visitor().join()["page"] == "instructions"


def test_all_who_come_or_agree_share_one_limit_and_raters_go_on(served, monkeypatch):
    limits = Limits()
    limits.comers = Limiter(most=4, per_second=1, now=lambda: 0.0)
    monkeypatch.setattr(server, "Limits", lambda: limits)
    limited = Served(served.study, served.store.path.parent)
    first, second = limited.visitor(), limited.visitor()
    assert [one.join()["page"] for one in (first, second)] == ["instructions"] * 2  # two come, and two agree
    third = limited.visitor()
    assert third.arrive() == {"error": "too many are coming just now; try again"}
    assert third.heard[-1].status_code == 429
    assert third.post("agree", consent="").status_code == 429
    assert first.arrive()["page"] == "instructions"  # who comes back is no newcomer
    assert first.post("begin", block=1).status_code == 200


def test_a_limiter_lets_in_so_many_at_once_and_so_many_in_the_long_run():
    now = [0.0]
    limiter = Limiter(most=3, per_second=2, now=lambda: now[0])
    assert [limiter.allows("a") for _ in range(5)] == [True, True, True, False, False]
    assert limiter.allows("b")
    now[0] = 0.5
    assert [limiter.allows("a") for _ in range(2)] == [True, False]
    now[0] = 100
    assert [limiter.allows("a") for _ in range(4)] == [True, True, True, False]


def test_a_limiter_lets_no_more_in_when_many_threads_ask_at_once():
    limiter = Limiter(most=20, per_second=1, now=lambda: 0.0)
    limiter._left = SwitchingDict(limiter._left)
    with ThreadPoolExecutor(16) as pool:
        let_in = list(pool.map(lambda _: limiter.allows("a"), range(100)))
    assert let_in.count(True) == 20


class SwitchingDict(dict):
    """Gives other threads a turn after each look."""

    def get(self, *given):
        found = super().get(*given)
        time.sleep(0.0005)
        return found
