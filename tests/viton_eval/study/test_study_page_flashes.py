"""Flashes in a real browser: for as long as asked, once, on whatever page or device."""

import pytest

from tests.viton_eval.study.study_page import DESIGN, answers_of, drawn, expect_stored, open_rater, server, tiny  # noqa: F401

pytestmark = pytest.mark.browser


def test_flashes_are_shown_as_long_as_asked_once_and_never_again(open_rater, tiny):  # noqa: F811
    rater = open_rater()
    while (trial := rater.trial())[0] == "choice":
        rater.vote("left", "key")
    assert rater.page.locator("#flash img").is_hidden()  # it was on show, and is over
    rater.page.reload()
    assert rater.trial() == trial  # at once, without another look
    rater.vote("fake")
    while rater.trial():
        rater.vote("real")
    shown = [float(answer.shown_ms) for answer in answers_of(tiny, rater) if answer.answer in ("real", "fake")]
    assert len(shown) == 2
    assert all(100 <= ms <= 300 for ms in shown)  # 120 ms, as frames have it; a busy machine is late with some


def test_a_flash_is_not_seen_again_in_another_window_or_after_the_first_was_closed(open_rater, tiny):  # noqa: F811
    rater = open_rater()
    while (trial := rater.trial())[0] == "choice":
        rater.vote("left", "key")
    for close_first in (False, True):
        before, rater.page = rater.page, rater.context.new_page()
        if close_first:
            before.close()
        rater.page.goto(rater.server)
        assert rater.shown() == "flash"  # the question at once, and no "ready" before another look
        assert rater.trial() == trial
        assert rater.page.locator("#flash img").is_hidden()
    rater.vote("fake")
    assert rater.trial() != trial  # it is stored
    assert float(answers_of(tiny, rater)[-1].shown_ms) >= 100  # of the one time it was on show


def test_another_device_of_the_same_participant_does_not_show_a_flash_again(open_rater, tiny):  # noqa: F811
    query = "?PROLIFIC_PID=two-devices"
    rater = open_rater(query=query)
    while (trial := rater.trial())[0] == "choice":
        rater.vote("left", "key")
    asked = []
    other = open_rater()
    other.page.on("response", lambda response: asked.append((response.status, response.url)))
    other.page.goto(f"{other.server}/{query}")
    assert other.shown() == "flash"  # the question at once
    assert other.trial() == trial
    assert other.page.locator("#flash img").is_hidden()
    other.vote("fake")
    following = other.trial()
    assert following != trial
    pictures = [status for status, url in asked if "/picture/" in url]
    assert pictures == [200]  # of the following flash alone
    stored = {answer.trial: answer for answer in answers_of(tiny, other)}
    assert (stored[trial[1]].answer, stored[trial[1]].shown_ms) == ("fake", "")


def to_the_cross(rater):
    """On to the moment before the first flash."""
    while (section := rater.shown()) != "flashes":
        rater.vote("left", "key") if section == "choice" else rater.go_on()
    rater.go_on()
    rater.until("document.getElementById('cross').classList.contains('on')")


def test_who_withdraws_while_the_cross_is_on_has_withdrawn(open_rater):  # noqa: F811
    rater = open_rater()
    to_the_cross(rater)
    rater.page.evaluate("document.querySelector('footer button').click()")
    rater.page.evaluate("document.querySelector('[data-do=withdraw]').click()")
    rater.page.wait_for_timeout(1500)  # the cross, the flash, and some
    assert rater.shown() == "withdrawn"
    assert rater.page.evaluate("localStorage.length") == 0


def test_a_flash_behind_the_question_whether_to_withdraw_is_not_told_as_shown(open_rater, tiny):  # noqa: F811
    rater = open_rater()
    to_the_cross(rater)
    rater.page.evaluate("document.querySelector('footer button').click()")
    rater.page.wait_for_timeout(1200)
    rater.page.locator("[data-do=stay]").click()
    rater.vote("real")
    rater.trial()
    assert [one.shown_ms for one in answers_of(tiny, rater) if one.answer == "real"] == [""]
