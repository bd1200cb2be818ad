"""A small study before a real server, and raters who open it in a real browser."""

import pytest

from benchmarks.soak import served
from tests.viton_eval.study.browser_rater import Rater
from viton_eval.study.store import VOTES, Store

DESIGN = {"per_rater": 6, "gold": 1, "repeats": 1, "flashes": 2, "block_trials": 3, "ties": True, "flash_ms": 120}


@pytest.fixture(scope="module")
def tiny(make, tmp_path_factory):
    """Forty raters of 6 comparisons, a gold trial, a repeat and 2 flashes; blocks of 3; ties."""
    return make(tmp_path_factory.mktemp("page") / "study", limit=2, votes=40, seed=1, **DESIGN)


@pytest.fixture(scope="module")
def server(tiny):
    """Where a server of it listens; each test takes places of its own."""
    with served(tiny.folder) as (_, port):
        yield f"http://127.0.0.1:{port}"


@pytest.fixture
def open_rater(chromium, server):
    """Open the study as another rater; at the end no script may have failed."""
    opened = []

    def opened_rater(at=server, **options):
        rater = Rater(chromium, at, **options)
        opened.append(rater)
        return rater

    yield opened_rater
    for rater in opened:
        rater.context.close()
        assert [line for line in rater.wrong if not any(word in line for word in rater.mishaps)] == []


def drawn(rng, task):
    return rng.choice(["left", "right", "tie"] if task == "choice" else ["real", "fake"])


def answers_of(study, *raters):
    """What is stored for the places of these raters."""
    store = Store(study.folder / VOTES)
    found = store.answers(study)
    store.close()
    places = {rater.place for rater in raters}
    return [answer for answer in found if answer.trial.split("-")[0] in places]


def expect_stored(study, *raters):
    found = answers_of(study, *raters)
    given = {trial: answer for rater in raters for trial, answer in rater.given.items()}
    assert len(found) == sum(len(rater.given) for rater in raters)
    assert {answer.trial: answer.answer for answer in found} == given
