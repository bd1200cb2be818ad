"""The report in a real browser, opened from disk."""

import pytest

pytestmark = pytest.mark.browser


def focused(page, row, column):
    """Wait until the closed viewer gave a cell the focus: a browser says "close" a moment after it closed."""
    page.wait_for_function(
        "at => at[0] === document.activeElement.dataset.row && at[1] === document.activeElement.dataset.column",
        arg=[row, column],
    )


def pairs(count):
    return [(f"p{n:02}", f"c{n:02}") for n in range(count)]


def test_the_pictures_of_a_page_load(finished, open_page):
    page = open_page(finished(pairs(3)).site())
    assert page.locator(".row").count() == 3
    for image in page.locator(".cell img").all():
        image.scroll_into_view_if_needed()
    page.wait_for_function("[...document.querySelectorAll('.cell img')].every(i => i.complete && i.naturalWidth)")
    assert page.locator(".cell img").count() == 15
    assert all(image.get_attribute("alt") for image in page.locator(".cell img").all())


def test_the_viewer_works_by_keyboard_and_gives_the_focus_back(finished, open_page):
    page = open_page(finished(pairs(2)).site())
    page.locator('[data-row="0"][data-column="0"]').focus()
    page.keyboard.press("Enter")
    title = page.locator("#viewer-title")
    assert title.text_content() == "Person p00"
    page.keyboard.press("ArrowRight")
    assert title.text_content() == "Garment c00"
    page.keyboard.press("ArrowDown")
    assert title.text_content() == "Garment c01"
    page.keyboard.press("ArrowLeft")
    page.keyboard.press("ArrowLeft")
    assert title.text_content() == "True picture of person p00 in garment c00"
    page.keyboard.press("Escape")
    assert not page.locator("#viewer").is_visible()
    focused(page, "0", "4")


def test_the_slider_lays_the_photograph_over_the_result(finished, open_page):
    page = open_page(finished(pairs(1)).site())
    page.locator('[data-row="0"][data-column="1"]').click()
    assert not page.locator("#slider").is_visible(), "a garment is not compared with a person"
    page.keyboard.press("Escape")
    page.locator('[data-row="0"][data-column="3"]').click()
    covered = "getComputedStyle(document.getElementById('under')).clipPath"
    assert page.locator("#range").input_value() == "50"
    assert page.evaluate(covered) == "inset(0px 50% 0px 0px)"
    page.locator("#range").focus()
    for _ in range(10):
        page.keyboard.press("ArrowRight")
    assert page.locator("#range").input_value() == "60"
    assert page.locator("#viewer-title").text_content() == "Person p00 in garment c00 by non-parametric"
    assert page.evaluate(covered) == "inset(0px 40% 0px 0px)"
    ends = page.locator("#slider span").all()
    ends.sort(key=lambda end: end.bounding_box()["x"])
    assert [end.text_content() for end in ends] == ["Only the result", "Only the photograph"]
    page.keyboard.press("Home")
    assert page.evaluate(covered) == "inset(0px 100% 0px 0px)", "at the left end nothing of the photograph"
    page.keyboard.press("End")
    assert page.evaluate(covered) in ("inset(0px)", "inset(0px 0% 0px 0px)"), "at the right end all of it"


def test_many_pairs_come_in_pages_and_can_be_searched(finished, open_page):
    run = finished(pairs(50))
    path = run.run.results("non-parametric") / "manifest.jsonl"
    rows = run.rows(path)
    rows[30] = rows[30] | {"status": "warp_failed:few_contour_points", "message": "3 points"}
    run.rows(path, rows)
    page = open_page(run.site())
    assert page.locator("#shown").text_content() == "Pairs 1 to 24 of 50"
    assert page.locator(".row").count() == 24
    page.locator("#next").click()
    assert page.locator(".row h3").first.text_content() == "p24"
    page.locator("#next-below").click()
    assert page.locator("#shown").text_content() == "Pairs 49 to 50 of 50"
    assert page.locator("#next").is_disabled()
    page.locator("#find").fill("P07")
    assert page.locator("#shown").text_content() == "1 of 50 pairs"
    page.locator("#find").fill("")
    page.locator("#only-failed").check()
    assert page.locator(".row h3").all_text_contents() == ["p30"]
    assert "warp failed: few contour points" in page.locator(".none").text_content()
    page.locator("#find").fill("nobody")
    assert page.locator(".empty").text_content() == "No pair that failed has that in its ids."
    assert page.locator("#shown").text_content() == "0 of 50 pairs"
    page.locator("#only-failed").uncheck()
    assert page.locator(".empty").text_content() == "No pair has that in its ids."
    page.locator("#find").fill("p")
    assert page.locator("#shown").text_content() == "Pairs 1 to 24 of 50"
    page.locator("#find").fill("p1")
    assert page.locator("#shown").text_content() == "10 of 50 pairs"


def test_where_no_pair_failed_the_filter_says_so(finished, open_page):
    page = open_page(finished(pairs(3)).site())
    assert page.locator("#shown").text_content() == "3 pairs"
    page.locator("#only-failed").check()
    assert page.locator(".empty").text_content() == "No pair failed."


def test_the_viewer_goes_on_over_the_end_of_a_page(finished, open_page):
    page = open_page(finished(pairs(25)).site())
    page.locator('[data-row="23"][data-column="0"]').click()
    page.keyboard.press("ArrowDown")
    assert page.locator("#viewer-title").text_content() == "Person p24"
    page.keyboard.press("Escape")
    focused(page, "24", "0")
    assert page.locator("#shown").text_content() == "Pair 25 of 25"


@pytest.mark.parametrize("width", [320, 390, 768])
def test_nothing_is_wider_than_a_small_screen(finished, open_page, width):
    run = finished([("a_person_with_a_very_long_name_" * 3, "c" * 90), ("p", "c")], ("non-parametric", "another"))
    run.step("warps", "failed", error="x" * 300)
    page = open_page(run.site(), width=width, height=800)
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    page.locator(".cell").first.click()
    box = page.locator("#viewer").bounding_box()
    assert box["x"] >= 0
    assert box["x"] + box["width"] <= width


@pytest.mark.parametrize("width", [320, 390])
def test_on_a_phone_nothing_lies_beside_the_screen(finished, open_page, width):
    run = finished(pairs(2))
    page = open_page(run.site(), width=width, height=800)
    for found in ("nav.top a", ".stack td", ".stack td a", ".row figure"):
        for item in page.locator(found).all():
            box = item.bounding_box()
            assert box["x"] >= 0, found
            assert box["x"] + box["width"] <= width, found
    assert page.locator(".stack th[scope=col]").first.bounding_box()["width"] <= width
    sides = {round(item.bounding_box()["x"]) for item in page.locator(".row figure").all()}
    assert len(sides) == 2, "two columns of pictures"


def test_hostile_names_and_errors_stay_text(finished, open_page):
    run = finished([("<img src=x onerror=document.title='taken'>", "c&amp;%41?#")])
    run.step("warps", "failed", error="<script>document.title='taken'</script>")
    page = open_page(run.site())
    assert page.title() == "tiny: virtual try-on report"
    assert page.locator(".row h3").text_content() == "<img src=x onerror=document.title='taken'>"
    page.wait_for_function("[...document.querySelectorAll('.cell img')].every(i => i.complete && i.naturalWidth)")


def test_two_thousand_pairs_open_in_two_seconds(finished, open_page):
    run = finished([("p1", "c1")])
    many = [(f"p{n}", f"c{n}") for n in range(2000)]
    (run.folder / "data/test_pairs.txt").write_text("".join(f"{p} {c}\n" for p, c in many))
    page = open_page(run.site())
    loaded = page.evaluate("performance.timing.loadEventEnd - performance.timing.navigationStart")
    assert loaded < 2000
    assert page.locator("#page option").count() == 84
