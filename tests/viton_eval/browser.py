"""Fixtures that open pages in a real browser, from disk, and what is asked of every page that a stranger reads."""

import os

import pytest

from benchmarks.chromium import ARGUMENTS, chromium_path, not_found

# Returns a line for each thing that keeps somebody from reading the page on show.
PROBLEMS = r"""() => {
    const found = [], start = element => element ? element.outerHTML.slice(0, 90) : "";
    const say = (what, element) => found.push(what + ": " + start(element));
    const all = (selector, inside) => [...(inside || document).querySelectorAll(selector)];
    const shown = element => element.checkVisibility({visibilityProperty: true});
    if (!document.documentElement.lang) say("no language");
    if (!document.title.trim()) say("no title");
    for (const [selector, count] of [["h1", 1], ["main", 1]])
        if (all(selector).filter(shown).length !== count) say("expected one " + selector);
    if (!all("nav[aria-label]").some(shown)) say("no labelled nav");
    let level = 0;
    for (const heading of all("h1,h2,h3,h4,h5,h6").filter(shown)) {
        const its = Number(heading.tagName[1]);
        if (its > level + 1) say("a heading after one of level " + level, heading);
        if (!heading.textContent.trim()) say("an empty heading", heading);
        level = its;
    }
    for (const image of all("img").filter(shown)) {
        if (!image.alt.trim()) say("no alternative text", image);
        if (!image.getAttribute("width") || !image.getAttribute("height")) say("no size", image);
    }
    for (const table of all("table").filter(shown)) {
        if (!table.caption || !table.caption.textContent.trim()) say("no caption", table);
        all("th", table).forEach(head => head.scope || say("no scope", head));
    }
    const named = element => (element.getAttribute("aria-label") || element.textContent
        || all("img", element).map(image => image.alt).join("")).trim();
    all("a[href], button").filter(shown).forEach(one => named(one) || say("no name", one));
    all("input, select").filter(shown).forEach(one =>
        one.labels.length || one.getAttribute("aria-label") || say("no label", one));
    for (const one of all("[aria-labelledby]"))
        if (!document.getElementById(one.getAttribute("aria-labelledby"))) say("a label that is not there", one);
    const ids = all("[id]").map(one => one.id);
    new Set(ids.filter((id, place) => ids.indexOf(id) !== place)).forEach(id => say("twice the id " + id));
    all("[tabindex]").filter(one => one.tabIndex > 0).forEach(one => say("an order of its own", one));
    all("a[href^='http'], link[href^='http'], script[src]").forEach(one => say("a network is asked", one));
    if (document.documentElement.scrollWidth > innerWidth) say("wider than the window");

    const parsed = text => { const p = text.match(/[\d.]+/g).map(Number); return p.length < 4 ? [...p, 1] : p; };
    const over = (top, below) => below.map((value, i) => i < 3 ? top[i] * top[3] + value * (1 - top[3]) : 1);
    const ground = element => {
        const layers = [], behind = one => getComputedStyle(one).backgroundColor;
        for (let one = element; one; one = one.parentElement) layers.push(parsed(behind(one)));
        return layers.reverse().reduce((below, top) => over(top, below), [255, 255, 255, 1]);
    };
    const light = colour => colour.slice(0, 3).map(value => value / 255)
        .map(value => value <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4)
        .reduce((sum, value, i) => sum + value * [0.2126, 0.7152, 0.0722][i], 0);
    const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT), poor = new Set();
    while (walker.nextNode()) {
        const element = walker.currentNode.parentElement;
        if (!walker.currentNode.data.trim() || !shown(element) || element.closest(".hidden, script, style")) continue;
        let opacity = 1;
        for (let one = element; one; one = one.parentElement) opacity *= getComputedStyle(one).opacity;
        const behind = ground(element), ink = parsed(getComputedStyle(element).color);
        const lights = [over([...ink.slice(0, 3), ink[3] * opacity], behind), behind].map(light).sort((a, b) => b - a);
        const ratio = (lights[0] + 0.05) / (lights[1] + 0.05);
        if (ratio < 4.5) poor.add("contrast " + ratio.toFixed(2) + ": " + start(element));
    }
    return [...found, ...poor];
}"""
LEFT = "net::ERR_ABORTED"  # what becomes of a lazy picture when somebody follows a link before it is there
# Whether the element that has the focus shows it.
FOCUS = """() => {
    const style = getComputedStyle(document.activeElement);
    return style.outlineStyle !== "none" && parseFloat(style.outlineWidth) >= 2;
}"""


@pytest.fixture(scope="module")
def chromium_there():
    """Where Chromium is; without one the tests are skipped, or fail where CI is set."""
    path = chromium_path()
    if path is None:
        message = f"NOT CHECKED: {not_found()}"
        pytest.fail(message) if os.environ.get("CI") else pytest.skip(message)
    return path


@pytest.fixture(scope="module")
def chromium(chromium_there):
    """A running Chromium, one at a time: playwright refuses a second in a process."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium_there, args=ARGUMENTS)
        yield browser
        browser.close()


@pytest.fixture
def open_page(chromium):
    """Open a file and return its page; at the end nothing may have gone wrong or been asked of a network."""
    opened = []

    def open_file(path, width=1400, height=900, scheme="light"):
        page = chromium.new_page(viewport={"width": width, "height": height}, color_scheme=scheme)
        wrong = []
        page.on("console", lambda message: wrong.append(message.text) if message.type != "log" else None)
        page.on("pageerror", lambda error: wrong.append(str(error)))
        page.on("requestfailed", lambda one: None if one.failure == LEFT else wrong.append(f"{one.failure}: {one.url}"))
        page.on("request", lambda one: None if one.url.startswith(("file:", "data:")) else wrong.append(one.url))
        page.on("dialog", lambda dialog: (wrong.append(f"dialog: {dialog.message}"), dialog.dismiss()))
        page.goto(path.resolve().as_uri())
        opened.append((page, wrong))
        return page

    yield open_file
    for page, wrong in opened:
        page.close()
        assert wrong == []
