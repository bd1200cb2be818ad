"""A rater cannot learn which method is where from anything but the pixels.

Two studies are served that differ only in that: in the second one the sides of all comparisons are exchanged, or the
methods' pictures go round. A rater goes through both, and everything that the page gets is compared.
"""

import re

import pytest
from PIL import Image

from tests.viton_eval.study.visitor import Served

NAME = re.compile(r"[0-9a-f]{20}\.png")


def exchanged(study):
    """The same study with left and right exchanged in every comparison."""
    return with_trials(
        study,
        lambda trial: {
            "left": trial.right,
            "left_picture": trial.right_picture,
            "right": trial.left,
            "right_picture": trial.left_picture,
            "expected": {"left": "right", "right": "left"}.get(trial.expected, trial.expected),
        },
    )


def gone_round(study):
    """The same study with other pictures for the same trials: each comparison and flash shows the next one's."""
    others = {}
    for task in ("choice", "flash"):
        own = [trial for trial in study.trials if trial.task == task]
        others |= {trial.trial: other for trial, other in zip(own, [*own[1:], own[0]], strict=True)}
    names = ("left", "right", "left_picture", "right_picture", "shown", "shown_picture", "kind", "expected")
    return with_trials(study, lambda trial: {name: getattr(others[trial.trial], name) for name in names})


def with_trials(study, changes):
    trials = tuple(trial._replace(**changes(trial)) for trial in study.trials)
    return study._replace(trials=trials, by_name={trial.trial: trial for trial in trials})


def heard(study, folder, fault=None):
    """All that a rater's page gets over a whole session, with the pictures' names and pixels taken out."""
    served = Served(study, folder)
    visitor, answers = served.visitor(), {"choice": "left", "flash": "real"}
    visitor.get("/")
    screen, told = visitor.to_trial(), []
    while screen["page"] != "thanks":
        for name in [*screen["pictures"].values(), *screen["preload"]]:
            visitor.get(f"/picture/{name}")
        screen = visitor.past_pauses(visitor.answer(screen, answers[screen["page"]]).json())
    for response in visitor.heard:
        if fault:
            fault(served, response)
        picture = response.headers["content-type"] == "image/png"
        body = len(response.content) if picture else NAME.sub("NAME", response.text)
        headers = [(name, re.sub(r"=[\w-]{43};", "=COOKIE;", value)) for name, value in response.headers.multi_items()]
        told.append((response.status_code, NAME.sub("NAME", str(response.request.url)), headers, body))
    return told


@pytest.fixture
def plain(study, tmp_path):
    return heard(study, tmp_path / "plain")


@pytest.mark.parametrize("change", [exchanged, gone_round])
def test_everything_but_names_and_pixels_is_the_same_whichever_method_is_where(study, plain, tmp_path, change):
    other = change(study)
    assert other.trials != study.trials
    again = heard(other, tmp_path / "other")
    assert len(plain) == len(again) > 80
    for one, two in zip(plain, again, strict=True):
        assert one == two


def test_names_of_pictures_say_nothing_that_another_session_or_trial_could_use(study, tmp_path):
    served = Served(study, tmp_path)
    names = []
    for _ in range(3):
        visitor = served.visitor()
        screen = visitor.to_trial()
        while screen["page"] != "thanks":
            names += screen["pictures"].values()
            screen = visitor.past_pauses(visitor.answer(screen).json())
    assert all(map(NAME.fullmatch, names))
    assert len(names) == len(set(names))
    assert not set(names) & {path.name for path in study.pictures.iterdir()}


def test_no_response_names_a_method_or_a_kind_of_trial(study, tmp_path):
    served = Served(study, tmp_path)
    visitor = served.visitor()
    visitor.get("/")
    visitor.walk()
    words = [
        *study.methods,
        "gold",
        "repeats",
        "shuffled",
        "expected",
        "kind",
        *study.by_name["1-1"].comparison.split("__"),
    ]
    for response in visitor.heard:
        text = response.text + str(response.headers)
        assert not [word for word in words if re.search(rf"\b{word}\b", text)]


def test_pictures_are_of_one_size_in_pixels_and_bytes_and_without_text_in_them(study):
    files = list(study.pictures.iterdir())
    assert len({path.stat().st_size for path in files}) == 1
    assert {Image.open(path).size for path in files} == {study.size[::-1]}
    assert {Image.open(path).mode for path in files} == {"RGB"}
    assert all(not Image.open(path).info for path in files)


def leak_kind(served, response):
    """As if the server told in the header what a trial is for."""
    trial = served.study.by_name.get(
        (response.json() if "json" in response.headers["content-type"] else {}).get("trial")
    )
    if trial:
        response.headers["x-trial"] = trial.left


def leak_length(served, response):
    """As if pictures were not filled up to one length."""
    if response.headers["content-type"] == "image/png":
        response.headers["content-length"] = str(hash(response.content) % 1000)


@pytest.mark.parametrize("fault", [leak_kind, leak_length])
def test_a_leak_is_found_out(study, tmp_path, fault):
    one = heard(study, tmp_path / "one", fault)
    assert one != heard(exchanged(study), tmp_path / "two", fault)
