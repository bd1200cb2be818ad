"""Nothing on a trial's page favours a side before its rater does."""

import pytest

from tests.viton_eval.study.study_page import open_rater, server, tiny  # noqa: F401

pytestmark = pytest.mark.browser
BORDERS = "[...document.querySelectorAll('#choice .pick')].map(one => getComputedStyle(one).borderColor)"


def test_a_pointer_that_rests_frames_no_picture_and_one_that_moves_does(open_rater):  # noqa: F811
    rater = open_rater()
    rater.trial()
    over = rater.page.locator("#choice .pick").first.bounding_box()
    rater.page.mouse.move(over["x"] + 40, over["y"] + 40)
    rater.page.mouse.move(over["x"] + 50, over["y"] + 50)
    left, right = rater.page.evaluate(BORDERS)
    assert left != right  # who points sees what is pointed at
    for answer in ("right", "left", "right"):
        rater.vote(answer, "key")
        if rater.trial()[0] != "choice":
            break
        left, right = rater.page.evaluate(BORDERS)
        assert left == right
