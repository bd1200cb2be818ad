"""What is agreed to is true of where it is read; what somebody has written is used where nothing else is given."""

import pytest

from viton_eval.study.consent import MTURK, PAGE, PAPER
from viton_eval.study.settings import Texts


@pytest.mark.parametrize(
    ("given", "page", "paper", "mturk"),
    [
        ({}, PAGE, PAPER, MTURK),
        ({"consent": "Ours."}, "Ours.", "Ours.", "Ours."),
        ({"consent": "Ours.", "consent_paper": "On paper."}, "Ours.", "On paper.", "Ours."),
        ({"consent_mturk": "On MTurk."}, PAGE, PAPER, "On MTurk."),
    ],
)
def test_each_channel_has_its_own_consent(given, page, paper, mturk):
    texts = Texts(**given)
    assert [texts.consent_on(channel) for channel in ("page", "paper", "mturk")] == [page, paper, mturk]


def test_no_default_promises_what_its_channel_cannot_keep():
    assert "withdraw" in PAGE
    for text in (PAPER, MTURK):
        assert "withdraw" not in text  # a button that only the page has
        assert "network address" not in text
    assert "how long each took" in PAGE
    assert "how long each took" in MTURK
    assert "how long each took" not in PAPER
    assert "recruiting" not in PAPER
