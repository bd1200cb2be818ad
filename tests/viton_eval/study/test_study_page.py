"""The study's page in a real browser, before a real server: whole studies by mouse, keyboard and touch, and mishaps."""

import random
import re
import time
from contextlib import contextmanager

import pytest

from benchmarks.soak import served
from tests.viton_eval.browser import FOCUS, PROBLEMS
from tests.viton_eval.study.browser_rater import KEYS
from tests.viton_eval.study.study_page import DESIGN, answers_of, drawn, expect_stored, open_rater, server, tiny  # noqa: F401

pytestmark = pytest.mark.browser
# Of what browser.py asks of a report: there is nowhere to navigate to, the scripts are this server's own, and the last
# page's link leads to the recruiting service.
ELSEWHERE = ("no labelled nav", "a network is asked")


def test_three_at_once_one_offline_one_reloading_one_going_back(open_rater, make, tmp_path):  # noqa: F811
    three = make(tmp_path / "study", limit=2, votes=3, seed=2, **DESIGN | {"flashes": 1})
    with served(three.folder) as (_, port):
        expect_three_to_answer(open_rater, f"http://127.0.0.1:{port}", three)


def expect_three_to_answer(open_rater, at, study):  # noqa: F811
    rng = random.Random(2)
    offline = open_rater(at, mishaps=["ERR_INTERNET_DISCONNECTED"])
    reloading = open_rater(at)
    back = open_rater(at, width=360, height=740)
    turns = {offline: "mouse", reloading: "key", back: "mouse"}
    left = set(turns)
    for turn in range(40):
        for rater, by in turns.items():
            trial = rater.trial() if rater in left else None
            if trial is None:
                left.discard(rater)
                continue
            if rater is offline and turn == 3:
                vote_offline(rater, drawn(rng, trial[0]))
                continue
            if rater is reloading:
                rater.page.reload()
                assert rater.trial() == trial
            if rater is back:
                rater.page.goto("about:blank")
                rater.page.go_back()
                assert rater.trial() == trial
            rater.vote(drawn(rng, trial[0]), by)
    assert [len(rater.given) for rater in turns] == [9, 9, 9]
    assert [rater.shown() for rater in turns] == ["thanks"] * 3
    expect_stored(study, *turns)
    assert len({answer.rater for answer in answers_of(study, *turns)}) == 3
    assert open_rater(at).shown() == "full"


def vote_offline(rater, answer):
    """Click without a connection, find that the page says so, and get the connection back."""
    rater.context.set_offline(True)
    rater.vote(answer)
    rater.until("!document.getElementById('notice').hidden")
    assert "Your answer is kept" in rater.page.locator("#notice").text_content()
    other = {"left": "right", "right": "left", "tie": "left", "real": "fake", "fake": "real"}[answer]
    rater.page.keyboard.press(KEYS[other])  # too late: it is answered
    time.sleep(0.7)
    rater.context.set_offline(False)
    rater.shown()
    rater.until("document.getElementById('notice').hidden")


def test_pictures_enter_and_touch_answer_too(open_rater, tiny):  # noqa: F811
    raters = [open_rater(), open_rater(), open_rater(width=360, height=740, has_touch=True)]
    for rater, by in zip(raters, ["picture", "enter", "touch"], strict=True):
        for answer in ("right", "left") if by == "picture" else ("tie", "right"):
            rater.vote(answer, by)
        rater.trial()
    expect_stored(tiny, *raters)


def test_an_answer_kept_offline_is_sent_after_the_page_was_closed(open_rater, tiny):  # noqa: F811
    rater = open_rater(mishaps=["ERR_INTERNET_DISCONNECTED"])
    rater.vote("left")
    assert rater.trial()[1] == f"{rater.place}-2"
    rater.context.set_offline(True)
    rater.vote("right")
    rater.until("!document.getElementById('notice').hidden")
    rater.page.close()
    rater.context.set_offline(False)
    rater.page = rater.context.new_page()
    rater.page.goto(rater.server)
    assert rater.trial()[1] == f"{rater.place}-3"
    expect_stored(tiny, rater)


def test_the_second_half_of_a_slow_double_click_does_not_answer_the_next_trial(open_rater, tiny):  # noqa: F811
    rater = open_rater()
    rater.trial()
    box, mouse = rater.page.locator("#choice [data-answer=left]").bounding_box(), rater.page.mouse
    mouse.move(box["x"] + 40, box["y"] + 40)
    for count in (1, 2):
        mouse.down(click_count=count)
        mouse.up(click_count=count)
        assert rater.trial()[1] == f"{rater.place}-2"
    assert len(answers_of(tiny, rater)) == 1
    mouse.down(click_count=1)
    mouse.up(click_count=1)
    assert rater.trial()[1] == f"{rater.place}-3"


def test_double_clicks_and_two_windows_give_one_answer_a_trial(open_rater, tiny):  # noqa: F811
    rater = open_rater()
    rater.trial()
    second = rater.context.new_page()
    second.goto(rater.server)
    second.wait_for_selector("#choice:not([hidden]) [data-answer=right][aria-disabled=false]")
    rater.page.locator("#choice [data-answer=left]").dblclick()
    rater.shown()
    second.locator("[data-answer=right]").click()  # of the same trial, answered already: only the first one counts
    second.wait_for_selector(f"#choice[data-trial='{rater.place}-2'] [data-answer=right][aria-disabled=false]")
    stored = answers_of(tiny, rater)
    assert (stored[0].trial, stored[0].answer) == (f"{rater.place}-1", "left")
    trials = [answer.trial for answer in stored]
    assert len(trials) == len(set(trials))


def test_held_keys_and_keys_with_others_answer_nothing(open_rater, tiny):  # noqa: F811
    rater = open_rater()
    rater.trial()
    for keys in ("Control+ArrowLeft", "Alt+ArrowDown", "Shift+ArrowLeft", "a", "Escape"):
        rater.page.keyboard.press(keys)
    rater.page.keyboard.down("ArrowRight")
    for _ in range(5):
        rater.page.keyboard.down("ArrowRight")  # repeats, as a held key does
        time.sleep(0.05)
    rater.page.keyboard.up("ArrowRight")
    assert rater.trial()[1] == f"{rater.place}-2"
    assert [answer.answer for answer in answers_of(tiny, rater)] == ["right"]


def test_withdrawing_asks_first_and_then_deletes(open_rater, tiny):  # noqa: F811
    rater = open_rater(query="?PROLIFIC_PID=somebody")
    rater.vote("left")
    rater.trial()
    assert "somebody" not in rater.page.url
    rater.page.get_by_role("button", name="Withdraw").click()
    rater.page.keyboard.press("ArrowLeft")  # meant for the question behind
    rater.page.get_by_role("button", name="No, stay").click()
    assert len(answers_of(tiny, rater)) == 1
    rater.page.get_by_role("button", name="Withdraw").click()
    rater.page.get_by_role("button", name="Yes, delete all").click()
    rater.page.wait_for_selector("#withdrawn:not([hidden])")
    assert answers_of(tiny, rater) == []
    assert rater.context.cookies() == []
    assert rater.page.evaluate("localStorage.length + sessionStorage.length") == 0
    rater.page.reload()
    assert rater.shown() == "consent"


def test_next_pictures_are_there_before_they_are_wanted(open_rater):  # noqa: F811
    rater = open_rater()
    asked = []
    rater.page.on("request", lambda request: asked.append(request.url) if "/picture/" in request.url else None)
    rater.trial()
    rater.until("performance.getEntriesByType('resource').filter(e => e.name.includes('/picture/')).length >= 8")
    before = list(asked)
    rater.vote("left")
    rater.trial()
    sources = rater.page.evaluate("[...document.querySelectorAll('#choice img')].map(image => image.src)")
    assert set(sources) <= set(before)
    assert len(asked) == len(set(asked))  # nothing twice


SIZES = [(1280, 800, "light"), (360, 740, "dark")]
SIZES += [pytest.param(*more, marks=pytest.mark.slow) for more in [(740, 360, "light"), (360, 740, "light")]]


@contextmanager
def nothing_wrong(page):
    yield
    assert [line for line in page.evaluate(PROBLEMS) if not line.startswith(ELSEWHERE)] == []


@pytest.mark.parametrize(("width", "height", "scheme"), SIZES)
def test_every_page_can_be_read_and_the_focus_is_seen(open_rater, server, width, height, scheme):  # noqa: F811
    rater = open_rater(width=width, height=height, color_scheme=scheme, mishaps=["403"])
    seen = set()
    while (section := rater.shown()) != "thanks":
        if section not in seen:
            seen.add(section)
            with nothing_wrong(rater.page):
                rater.page.keyboard.press("Tab")
                assert rater.page.evaluate(FOCUS)
        if section in ("choice", "flash"):
            rater.vote("left" if section == "choice" else "real", "key")
        else:
            rater.go_on()
    assert seen == {"consent", "instructions", "choice", "pause", "flashes", "flash"}
    with nothing_wrong(rater.page):
        rater.page.get_by_role("button", name="Withdraw").click()
    rater.page.goto(f"{server}/organiser")
    rater.page.wait_for_load_state()
    with nothing_wrong(rater.page):
        rater.page.get_by_label(re.compile("Token")).fill("made-up-token")
    rater.page.get_by_role("button", name="Enter").click()
    rater.page.wait_for_selector("table")
    rater.page.wait_for_load_state()
    with nothing_wrong(rater.page):
        assert "token" not in rater.page.url


def test_on_a_phone_all_four_pictures_and_both_buttons_are_seen_at_once(open_rater):  # noqa: F811
    rater = open_rater(width=360, height=740)
    rater.trial()
    inside = "[...document.querySelectorAll('#choice img, #choice button')].every(one => {"
    inside += "const box = one.getBoundingClientRect(); return box.top >= 0 && box.bottom <= innerHeight; })"
    assert rater.page.evaluate(inside)
    sizes = "new Set([...document.querySelectorAll('#choice img')].map(one => Math.round(one.clientWidth))).size"
    assert rater.page.evaluate(sizes) == 1
