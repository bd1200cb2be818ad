"""Small copies of large pictures, for the grid: made once, and of nothing that cannot be read."""

import os
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from tests.viton_eval.conftest import draw
from viton.digests import Digests
from viton_eval import published
from viton_eval.published import TALLEST, Published
from viton_eval.representation_pictures import _drawn_at

LARGE = {"height": 512, "width": 384}
PAIRS = [("p1", "c1"), ("p2", "c2")]


def site_of(folder):
    return Published(folder / "report", Digests(folder / "digests.json"))


@pytest.fixture
def large(tmp_path):
    """A report's folder with one picture of 512x384: red above, blue below."""
    pixels = np.zeros((512, 384, 3), np.uint8)
    pixels[:256, :, 0] = pixels[256:, :, 2] = 255
    (tmp_path / "report/images").mkdir(parents=True)
    Image.fromarray(pixels).save(tmp_path / "report/images/a.png")
    return tmp_path


def test_a_thumbnail_is_the_picture_made_smaller(large):
    out = site_of(large)
    assert out.thumbnails(["images/a.png"], (256, 192)) == set()
    with Image.open(large / "report/thumbnails/a.png.jpg") as image:
        small = np.asarray(image.convert("RGB"), int)
    assert small.shape == (256, 192, 3)
    assert np.abs(small[:120].mean(axis=(0, 1)) - (255, 0, 0)).max() < 3
    assert np.abs(small[136:].mean(axis=(0, 1)) - (0, 0, 255)).max() < 3


def test_it_is_made_again_only_when_the_picture_changes(large, monkeypatch):
    def again():
        out = site_of(large)
        out.link(large / "report/images/a.png", "images/a.png")
        out.thumbnails(["images/a.png"], (256, 192))
        out.finish()

    again()
    monkeypatch.setattr(published, "_framed", None)  # would raise
    again()
    monkeypatch.undo()
    Image.new("RGB", (384, 512), "white").save(large / "report/images/a.png")
    again()
    with Image.open(large / "report/thumbnails/a.png.jpg") as image:
        assert image.getpixel((96, 40)) == (255, 255, 255)


def test_a_picture_that_cannot_be_read_has_none_and_is_named(large):
    (large / "report/images/b.png").write_bytes(b"\x89PNG not whole")
    assert site_of(large).thumbnails(["images/a.png", "images/b.png"], (256, 192)) == {"images/b.png"}
    assert os.listdir(large / "report/thumbnails") == ["a.png.jpg"]


def test_small_pictures_need_none(finished):
    finished(PAIRS).site()
    assert not Path("reports/tiny/thumbnails").exists()


def test_what_cannot_be_read_is_said_in_its_place_and_does_not_stop_the_others(finished):
    run = finished(PAIRS, **LARGE)
    (run.run.results("non-parametric") / "p1__c1.png").write_bytes(b"torn")
    text = run.site().read_text()
    assert '["unreadable","p1__c1.png cannot be read"]' in text
    small = sorted(path.name for path in Path("reports/tiny/thumbnails/method-non-parametric").iterdir())
    assert small == ["p2__c2.png.jpg"]
    draw(run.run.results("non-parametric") / "p1__c1.png", "teal", (384, 512))
    assert "unreadable" not in run.site().read_text()


@pytest.mark.browser
def test_the_grid_loads_thumbnails_and_the_viewer_the_picture(finished, open_page):
    run = finished([("a'b 100%", "c?#"), *PAIRS], **LARGE)
    page = open_page(run.site())
    page.wait_for_function("() => [...document.querySelectorAll('.cell img')].every(i => i.complete && i.naturalWidth)")
    shown = page.evaluate("[...document.querySelectorAll('.cell img')].map(i => [i.naturalWidth, i.naturalHeight])")
    assert shown == [[192, TALLEST]] * 15
    page.locator(".cell").first.click()
    page.wait_for_function("() => document.getElementById('over').naturalWidth === 384")


@pytest.mark.parametrize(
    ("size", "drawn"),
    [((128, 96), (128, 96)), ((1024, 768), (256, 192)), ((512, 400), (256, 200)), ((300, 225), (300, 225))],
)
def test_a_representation_is_drawn_no_larger_than_it_has_to_be(size, drawn):
    assert _drawn_at(size) == drawn
