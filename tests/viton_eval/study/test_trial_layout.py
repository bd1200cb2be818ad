"""How a trial is laid out in a real browser: the results large, the window used, nothing to scroll for."""

import pytest

from benchmarks.soak import served
from tests.viton_eval.study.browser_rater import Rater

pytestmark = [pytest.mark.browser, pytest.mark.slow]
BOXES = """[...document.querySelectorAll('#choice img, #choice button')].map(one => {
    const box = one.getBoundingClientRect();
    return [one.tagName, box.left, box.top, box.width, box.height];
})"""


@pytest.fixture(scope="module", params=[False, True], ids=["forced", "ties"])
def server(request, make, tmp_path_factory):
    design = {"votes": 1, "per_rater": 1, "gold": 0, "repeats": 0, "flashes": 0, "ties": request.param}
    made = make(tmp_path_factory.mktemp("laid") / "study", methods=("alpha", "beta"), **design)
    with served(made.folder) as (_, port):
        yield f"http://127.0.0.1:{port}"


@pytest.mark.parametrize(("width", "height"), [(1280, 800), (1366, 640), (1920, 1080), (390, 844)])
def test_all_is_seen_at_once_and_the_results_are_the_largest(chromium, server, width, height):
    rater = Rater(chromium, server, width, height)
    rater.trial()
    boxes = rater.page.evaluate(BOXES)
    pictures = [box[1:] for box in boxes if box[0] == "IMG"]
    assert len(pictures) == 4
    assert all(top >= 0 and top + high <= height and left + wide <= width for _, left, top, wide, high in boxes)
    (*_, person, person_high), (*_, garment, _), (left, top, wide, high), (right, other, *same) = pictures
    assert person == pytest.approx(garment, abs=1)
    assert (other, same) == (top, pytest.approx([wide, high], abs=1))
    assert right > left + wide
    assert wide / high == pytest.approx(48 / 64, abs=0.01)  # no empty stripes beside a picture, and none stretched
    if width > 700:
        assert high >= 0.5 * height
        assert high >= 2 * person_high
    else:
        assert wide >= 0.42 * width
    assert rater.wrong == []
    rater.context.close()
