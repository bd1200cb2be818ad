"""A batch and the page of its HITs: whole, blind, from nowhere else; and a browser that does a HIT."""

import csv
import io
import re
from collections import defaultdict
from html.parser import HTMLParser
from urllib.parse import parse_qsl

import pytest

from viton.errors import InputError, UsageError
from viton_eval.study.consent import MTURK
from viton_eval.study.mturk import batch_text, blocks_of, hit_html, picture_url

URL = "https://example.org/p/"
VARIABLE = re.compile(r"\$\{([^}]*)\}")
REFERENCES = ("src", "href", "action", "srcset", "data", "poster", "background", "style")


class Tags(HTMLParser):
    """All tags with their attributes, and the text between."""

    def __init__(self, html):
        super().__init__()
        self.found, self.text = [], ""
        self.feed(html)

    def handle_starttag(self, tag, attrs):
        self.found.append((tag, dict(attrs)))

    def handle_data(self, data):
        self.text += data

    def named(self, tag):
        return [attributes for name, attributes in self.found if name == tag]


@pytest.fixture(scope="module")
def batch(study):
    return list(csv.DictReader(io.StringIO(batch_text(study, study.trials, URL))))


@pytest.fixture(scope="module")
def html(study):
    return hit_html(study, study.trials)


def test_a_hit_is_a_block_of_comparisons_with_its_pictures(study, batch):
    blocks = defaultdict(list)
    for trial in study.trials:
        if trial.task == "choice":
            blocks[trial.rater, trial.block].append(trial)
    assert len(batch) == len(blocks)
    for row, trials in zip(batch, blocks.values(), strict=True):
        assert row["study"] == study.id
        names = [row[f"trial_{k}"] for k in range(1, study.settings.block_trials + 1)]
        assert names == [trial.trial for trial in trials] + [""] * (study.settings.block_trials - len(trials))
        for k, trial in enumerate(trials, 1):
            shown = [row[f"{what}_{k}"] for what in ("person", "clothing", "left", "right")]
            files = [trial.person_picture, trial.clothing_picture, trial.left_picture, trial.right_picture]
            assert shown == [URL + file for file in files]


def test_some_block_is_shorter_so_that_empty_cells_are_tested(study):
    assert {len(block) for block in blocks_of(study.trials)} > {study.settings.block_trials}


def test_variables_of_the_page_are_the_columns_of_the_batch(batch, html):
    assert set(VARIABLE.findall(html)) == set(batch[0])


def test_the_page_fetches_nothing_but_the_batch_s_pictures_and_posts_to_mturk(html):
    tags = Tags(html)
    for tag, attributes in tags.found:
        for name in REFERENCES:
            value = attributes.get(name)
            allowed = value is None or VARIABLE.fullmatch(value) or (tag, name) == ("form", "action")
            assert allowed, (tag, name, value)
    assert tags.named("link") == tags.named("iframe") == []
    assert all("src" not in script for script in tags.named("script"))
    assert [form["action"] for form in tags.named("form")] == ["https://www.mturk.com/mturk/externalSubmit"]
    assert re.findall(r"@import|url\(|fetch\(|XMLHttp|import\(", html) == []
    assert {one.get("name") for one in tags.named("input")} >= {"assignmentId", "answer_1", "ms_1"}


def test_the_time_limit_and_consent_are_on_the_page(study, html):
    assert (
        f"You have {study.settings.block_seconds} seconds for all of them</strong>, from when you press Begin" in html
    )
    assert "Taking part is voluntary" in html
    assert MTURK.split("\n\n")[0] in html
    assert "withdraw" not in html


def test_workers_cannot_read_a_method_or_kind_in_batch_or_page(study, html):
    told = batch_text(study, study.trials, URL) + html
    words = {
        *study.methods,
        "shuffled",
        "gold",
        "repeat",
        "expected",
        "kind",
        *(trial.person for trial in study.trials),
    }
    assert [word for word in words if word in told] == []


def test_texts_are_neither_markup_nor_variables(make, tmp_path):
    texts = {
        "title": "<script>alert(1)</script>",
        "question": "${left_1} ${none} costs $5?",
        "contact": '"><img src=x>',
    }
    odd = make(tmp_path / "a", methods=("alpha", "beta"), limit=1, ties=True, texts=texts)
    html = hit_html(odd, odd.trials)
    assert set(VARIABLE.findall(html)) == set(batch_text(odd, odd.trials, URL).splitlines()[0].split(","))
    tags = Tags(html)
    assert len(tags.named("script")) == 1
    assert [one for one in tags.named("img") if one.get("src") == "x"] == []
    assert "${left_1} ${none} costs $5?" in tags.text
    assert "no difference" in tags.text


def test_a_page_that_mturk_would_refuse_is_refused(make, tmp_path):
    long = make(tmp_path / "a", methods=("alpha", "beta"), limit=1, texts={"consent": "Long. " * 12_000})
    with pytest.raises(InputError, match="expected a HIT's page of at most 65535 bytes, got 8"):
        hit_html(long, long.trials)


def test_addresses_are_https_without_surprises():
    assert picture_url("https://example.org") == "https://example.org/"
    assert picture_url("https://example.org:8443/a/b~c/") == "https://example.org:8443/a/b~c/"
    for bad in ("http://a.org", "ftp://a.org", "https://", "https://a.org/?x=1", "https://a.org/a b", "a", '=1+"1'):
        with pytest.raises(UsageError, match="--pictures-url: expected https"):
            picture_url(bad)


@pytest.mark.browser
def test_a_worker_does_a_hit_and_the_form_says_what_was_clicked(chromium, study, batch, html):
    """Three trials of a short block by mouse and keyboard; in a preview nothing begins."""
    row = next(row for row in batch if not row[f"trial_{study.settings.block_trials}"])
    for name, value in row.items():
        html = html.replace("${%s}" % name, value)  # noqa: UP031
    asked, posted = [], []

    def answer(route):
        request = route.request
        if request.method == "POST":
            posted.append((request.url, dict(parse_qsl(request.post_data, keep_blank_values=True))))
            route.fulfill(body="done")
        elif request.url.startswith(URL):
            asked.append(request.url)
            route.fulfill(path=study.pictures / request.url.removeprefix(URL))
        else:
            route.fulfill(body=html, content_type="text/html")

    page, errors = chromium.new_page(), []
    page.on("pageerror", lambda error: errors.append(str(error)))
    page.route("**/*", answer)
    page.goto("https://hit.test/?assignmentId=ASSIGNMENT_ID_NOT_AVAILABLE")
    page.get_by_label("I have read this").check()
    assert page.get_by_role("button", name="Begin").is_disabled()
    page.goto("https://hit.test/?assignmentId=A1&turkSubmitTo=https%3A%2F%2Fworkersandbox.mturk.com")
    page.get_by_label("I have read this").check()
    assert page.get_by_text("seconds left").count() == 0  # not before Begin
    page.get_by_role("button", name="Begin").click()
    assert page.get_by_text(f"{study.settings.block_seconds} seconds left").is_visible()
    count = sum(bool(value) for name, value in row.items() if name.startswith("trial_"))
    expected = {"assignmentId": "A1"}
    for number in range(1, count + 1):
        assert page.locator(".trial:visible").count() == 1
        assert page.get_by_role("button", name="Next").is_disabled()
        if number == 2:
            page.keyboard.press("Tab")
            page.keyboard.press("ArrowRight")
        else:
            page.locator(".trial:visible").get_by_label("A (left)").check()
        expected[f"answer_{number}"] = "right" if number == 2 else "left"
        page.keyboard.press("Enter")  # ends nothing half-way
        page.get_by_role("button", name="Next").click()
    page.get_by_role("button", name="Submit").click()
    page.wait_for_url("**/externalSubmit")
    ((url, fields),) = posted
    times = {name: fields.pop(name) for name in [*fields] if name.startswith("ms_")}
    assert url == "https://workersandbox.mturk.com/mturk/externalSubmit"
    assert sum(map(int, times.values())) <= int(fields.pop("block_ms")) < 60_000
    assert fields == expected
    assert sorted(times) == [f"ms_{number}" for number in range(1, count + 1)]
    assert all(value.isdigit() for value in times.values())
    assert errors == []
    assert set(asked) == {value for value in row.values() if value.startswith(URL)}
    page.close()
