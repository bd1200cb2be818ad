"""Every page of a report as a stranger reads it: by keyboard, by screen reader, on a phone, in the dark; and no page
that a hostile name could take over."""

from pathlib import Path
from urllib.parse import unquote

import nbformat
import pandas as pd
import pytest

from benchmarks.large_run import METHODS, LargeRun
from tests.viton_eval.browser import FOCUS, PROBLEMS
from viton_eval.assemble import assemble
from viton_eval.measure_labels import MEASURES
from viton_eval.notebook_page import write_page

pytestmark = pytest.mark.browser
TABS = 400  # more than any page here has places for the focus
HOSTILE = [
    "<script>alert(1)<script>",
    "a'b<i>&#38;",
    '"><img src=x onerror=alert(2)>',
    "100%41?x=1#y",
    "é日本 \U0001f455",
    "x\\..\\y",
]


@pytest.fixture(scope="module")
def report(tmp_path_factory):
    """The report of 60 pairs and six methods, with all that a pair's page can have."""
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(tmp_path_factory.mktemp("large"))
        return assemble(LargeRun(60, (64, 48), distinct=16).run, Path("reports").resolve())


def page_of(report, number):
    return sorted((report.parent / "pairs").glob("*.html"))[number]


def tab_to(page, selector):
    """Press Tab until an element has the focus; every place on the way there has to show it."""
    for _ in range(TABS):
        page.keyboard.press("Tab")
        assert page.evaluate(FOCUS), page.evaluate("document.activeElement.outerHTML.slice(0, 200)")
        if page.evaluate("selector => document.activeElement.matches(selector)", selector):
            return
    pytest.fail(f"{selector} cannot be reached by Tab")


SCROLL = """async () => {
    for (let y = 0; y < document.documentElement.scrollHeight; y += innerHeight / 2) {
        scrollTo(0, y);
        await new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done)));
    }
}"""


def loaded(page):
    page.evaluate(SCROLL)
    page.wait_for_function("() => [...document.querySelectorAll('main img')].every(i => i.complete && i.naturalWidth)")


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [360, 1400])
def test_whoever_reads_a_page_can(report, open_page, width, scheme):
    for path in (report, page_of(report, 0), page_of(report, 3)):
        page = open_page(path, width=width, scheme=scheme)
        assert page.evaluate(PROBLEMS) == []


@pytest.mark.parametrize("width", [360, 1400])
def test_a_page_full_of_failures_can_be_read_too(finished, open_page, width):
    run = finished([("p1", "c1"), ("p2", "c2")])
    run.step("warps", "failed", error="no <luck>")
    run.step("notebook-one", "running")
    path = run.run.results("non-parametric") / "manifest.jsonl"
    run.rows(
        path, [row | {"status": "warp_failed:few_contour_points", "message": "3 points"} for row in run.rows(path)]
    )
    site = run.site()
    for path in (site, site.parent / "pairs/p1__c1.html"):
        assert open_page(path, width=width).evaluate(PROBLEMS) == []


@pytest.mark.parametrize(
    ("width", "columns", "cut"), [(1300, 8, False), (1300, 40, True), (360, 8, True), (1300, 2, False)]
)
def test_a_wide_table_takes_the_windows_width_and_scrolls_by_itself_beyond(tmp_path, open_page, width, columns, cut):
    cells = "".join(f"<td>{'0' * 12}</td>" for _ in range(columns))
    table = nbformat.v4.new_output("display_data", {"text/html": f"<table><tbody><tr>{cells}</tr></tbody></table>"})
    made = nbformat.v4.new_notebook()
    made.cells = [nbformat.v4.new_markdown_cell("# Which?"), nbformat.v4.new_code_cell("1", outputs=[table])]
    nbformat.write(made, tmp_path / "essay.ipynb")
    write_page(tmp_path / "essay.ipynb", tmp_path / "essay.html", "Which?")
    page = open_page(tmp_path / "essay.html", width=width)
    area, scrolled, last_end = page.evaluate("""() => {
        const area = document.querySelector(".output_area"), {left, right} = area.getBoundingClientRect();
        area.scrollLeft = 1e6;
        const last = area.querySelector("td:last-child").getBoundingClientRect();
        return [[left, right], area.scrollLeft, last.right];
    }""")
    assert (scrolled > 0) is cut, "it scrolls where it is cut, and only there"
    assert last_end <= area[1] + 1, "the last column can be brought into view"
    assert area[0] >= 0
    assert area[1] <= width
    assert page.evaluate("document.documentElement.scrollWidth") <= width


@pytest.mark.parametrize("width", [360, 1400])
def test_a_notebooks_page_can_be_read_with_its_tables(tmp_path, open_page, width):
    table = pd.DataFrame({"IoU": [0.5], "a <b>": ["c" * 200]}, index=["viton"])
    output = nbformat.v4.new_output("display_data", {"text/html": table.to_html()})
    cells = [
        nbformat.v4.new_markdown_cell("# Which is *best*?\n\n## Side & side\n\n| x | y |\n|---|---|\n| 1 | 2 |"),
        nbformat.v4.new_code_cell("table", outputs=[output]),
    ]
    nbformat.write(nbformat.v4.new_notebook(cells=cells), tmp_path / "essay.ipynb")
    write_page(tmp_path / "essay.ipynb", tmp_path / "essay.html", "Essay", "")
    page = open_page(tmp_path / "essay.html", width=width)
    assert page.evaluate(PROBLEMS) == []
    assert page.locator("caption").all_text_contents() == ["Table: Side & side"] * 2
    assert [head.get_attribute("scope") for head in page.locator("th").all()] == ["col"] * 5 + ["row"]
    assert page.locator("tbody th").all_text_contents() == ["viton"]


FAULTS = {
    "no language": "document.documentElement.lang = ''",
    "expected one h1": "document.body.append(document.createElement('h1'))",
    "a heading after one of level": "document.querySelector('h2').outerHTML = '<h4>x</h4>'",
    "no alternative text": "document.querySelector('main img').alt = ''",
    "no size": "document.querySelector('main img').removeAttribute('width')",
    "no caption": "document.querySelector('caption').remove()",
    "no scope": "document.querySelector('th').removeAttribute('scope')",
    "no name": "document.querySelector('a.brand').textContent = ''",
    "twice the id": "document.querySelector('main').id = document.querySelector('h2').id",
    "wider than the window": "document.querySelector('main').style.minWidth = '3000px'",
    "contrast": "document.querySelector('h1').style.color = '#888'",
    "a network is asked": "document.querySelector('a').href = 'https://example.org'",
}


@pytest.mark.parametrize("fault", FAULTS)
def test_the_checks_of_a_page_find_what_is_wrong(report, open_page, fault):
    page = open_page(page_of(report, 0))
    page.evaluate(f"() => {{ {FAULTS[fault]}; }}")
    assert [line for line in page.evaluate(PROBLEMS) if line.startswith(fault)]


def test_by_keyboard_alone_one_comes_to_the_last_page_and_to_a_pair_and_back(report, open_page):
    page = open_page(report)
    tab_to(page, "#next")
    while page.locator("#next").get_attribute("aria-disabled") != "true":
        page.keyboard.press("Enter")
    assert page.locator("#shown").text_content() == "Pairs 49 to 60 of 60"
    assert page.evaluate("document.activeElement.id") == "next", "the focus is not lost at the end"
    page.keyboard.press("Enter")
    assert page.locator("#shown").text_content() == "Pairs 49 to 60 of 60"
    tab_to(page, "#pair-50 a.more")
    page.keyboard.press("Enter")
    page.wait_for_url("**/pairs/*.html")
    title = page.locator("h1").text_content()
    assert title == "00049_00 in 00046_00"
    tab_to(page, "nav a[rel=next]")
    page.keyboard.press("Enter")
    page.wait_for_function("title => document.querySelector('h1').textContent !== title", arg=title)
    tab_to(page, "nav a[rel=prev]")
    page.keyboard.press("Enter")
    page.wait_for_function("title => document.querySelector('h1').textContent === title", arg=title)
    tab_to(page, "a.brand")
    page.keyboard.press("Enter")
    page.wait_for_url("**/index.html#pair-50")
    page.wait_for_function("() => document.activeElement.id === 'pair-50'")
    assert page.evaluate("document.activeElement.getBoundingClientRect().top") > 0
    assert page.locator("#shown").text_content() == "Pairs 49 to 60 of 60"


def test_a_pairs_page_has_all_that_is_known_of_it(report, open_page):
    page = open_page(page_of(report, 3))
    loaded(page)
    captions = page.locator("figcaption").all_text_contents()
    for method in METHODS:
        assert [label for label in captions if label.startswith(method)], method
    for label in ("Person", "Garment", "Representation", "Warped garment", "True try-on", "composition mask alpha"):
        assert label in captions
    heads = page.locator("thead th").all_text_contents()
    assert heads == ["Measure", *METHODS]
    assert page.locator("tbody tr").count() == len(MEASURES)
    assert page.locator("tbody strong").count() == sum(1 for measure in MEASURES.values() if measure.better)


def test_a_pair_that_failed_says_so_on_its_page(report, open_page):
    page = open_page(page_of(report, 0))
    assert "warp_failed:few_contour_points: 3 points" in page.locator(".none.failure").text_content()


def test_an_address_names_a_page_of_pairs(report, open_page):
    page = open_page(report)
    page.evaluate("location.hash = '#pair-26'")
    page.wait_for_function("() => document.activeElement.id === 'pair-26'")
    assert page.locator("#shown").text_content() == "Pairs 25 to 48 of 60"
    page.locator("#find").fill("00059")
    page.evaluate("location.hash = '#pair-1'")
    page.wait_for_function("() => document.activeElement.id === 'pair-1'")
    assert page.locator("#find").input_value() == ""
    for nonsense in ("#pair-61", "#pair-0", "#pair-x", "#<i>"):
        page.evaluate("hash => { location.hash = hash; }", nonsense)
        assert page.locator("#shown").text_content() == "Pairs 1 to 24 of 60"


def test_on_a_phone_a_page_has_fewer_pairs_and_the_scores_fit(report, open_page):
    page = open_page(report, width=360, height=740)
    assert page.locator(".row").count() == 8
    pager = page.locator("#top-pager button").all()
    assert all(box["x"] + box["width"] <= 360 for box in (button.bounding_box() for button in pager))
    page = open_page(page_of(report, 3), width=360, height=740)
    for cell in page.locator("tbody td").all()[:12]:
        box = cell.bounding_box()
        assert box["x"] >= 0
        assert box["x"] + box["width"] <= 360


def test_nothing_moves_when_pictures_come(report, open_page):
    page = open_page(report)
    page.evaluate("""() => { window.moved = 0; new PerformanceObserver(list => list.getEntries().forEach(
        entry => { window.moved += entry.value; })).observe({type: "layout-shift", buffered: true}); }""")
    loaded(page)
    assert page.evaluate("window.moved") == 0
    assert page.locator("main img:not([loading=lazy])").count() == 0


def test_hostile_names_lead_to_their_own_pages_and_stay_text(finished, open_page):
    pairs = [(name, f"c{number}") for number, name in enumerate(HOSTILE)] + [("p", name) for name in HOSTILE]
    page = open_page(finished(pairs).site())
    assert page.locator(".row").count() == 12
    loaded(page)
    for number, (person, clothing) in enumerate(pairs):
        page.locator("a.more").nth(number).click()
        page.wait_for_url("**/pairs/**")
        assert page.locator("h1").text_content() == f"{person} in {clothing}"
        assert page.evaluate(PROBLEMS) == []
        loaded(page)
        assert unquote(page.locator("figure a").first.get_attribute("href")).endswith(f"/{person}.png")
        page.locator("a.brand").click()
        page.wait_for_url("**/index.html*")
    page.locator("#find").fill("ALERT(1)")
    assert page.locator(".row h3").first.text_content() == HOSTILE[0]
    assert page.locator("script").count() == 2


def test_names_that_lead_out_of_their_folder_have_no_page_and_no_picture(finished, open_page):
    run = finished([("../x", "c1"), ("p2", "</script><script>alert(1)</script>")])
    page = open_page(run.site())
    assert page.locator(".row h3").all_text_contents() == ["../x", "p2"]
    assert page.locator("a.more").count() == 0
    assert page.locator("#pair-2 p").first.text_content() == "in </script><script>alert(1)</script>"
    assert not list(run.folder.parent.parent.glob("reports/tiny/pairs/*.html"))
    assert {path.parts[2] for path in Path("reports/tiny").rglob("*.png")} == {"images"}
