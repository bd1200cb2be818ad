"""A study in a lab: plain HTTP from another machine, where browsers tell less of where a request is from."""

import pytest

from benchmarks.chromium import ARGUMENTS
from benchmarks.soak import served
from tests.viton_eval.study.browser_rater import Rater

pytestmark = pytest.mark.browser
NAME = "study.lab"  # not a loopback's name: the browser sends no Sec-Fetch-Site there


@pytest.fixture(scope="module")
def browser(chromium_there):
    from playwright.sync_api import sync_playwright

    there = f"--host-resolver-rules=MAP {NAME} 127.0.0.1"
    with sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path=chromium_there, args=[*ARGUMENTS, there])
        yield started
        started.close()


def test_an_organiser_and_a_rater_come_from_another_machine_by_plain_http(browser, make, tmp_path):
    study = make(tmp_path / "study", votes=1, per_rater=2, gold=0, repeats=0, flashes=0)
    with served(study.folder, more=("--public-host", NAME)) as (_, port):
        rater = Rater(browser, f"http://{NAME}:{port}")
        rater.vote("left", "key")
        page, sent = browser.new_page(), []
        page.on("request", lambda request: sent.append(request.all_headers()) if request.method == "POST" else None)
        page.goto(f"http://{NAME}:{port}/organiser")
        page.fill("#token", "made-up-token")
        page.click("button")
        page.wait_for_selector("table")
        assert "sec-fetch-site" not in sent[0]  # else this test shows nothing
        page.locator("form[action$=release] button").first.click()
        page.wait_for_selector("table")
        assert page.locator("form[action$=release] button").count() == 0
        assert len(sent) == 2
        rater.context.close()
