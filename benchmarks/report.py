"""`make bench`, report: one of 2,000 pairs and six methods, assembled from nothing and again, and read in Chromium.

    python -m benchmarks.report [--pairs 2000] [--size 256x192] [--keep FOLDER] [--json]

The pictures are a few made-up ones under many names (benchmarks/large_run.py). Seconds are of this machine, on this
day, the files in the disk's cache. Exits 1 when a budget is missed; without a browser its part is said to be missing.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from statistics import median
from typing import Any, NamedTuple
from urllib.parse import unquote, urlsplit

from benchmarks.chromium import ARGUMENTS, chromium_path, not_found
from benchmarks.large_run import LargeRun

SIZE = (1400, 900)  # of the window, px
# In a process of its own, so that seconds and memory are those of a report alone.
ASSEMBLE = """
import json, resource, time
started = time.perf_counter()
from pathlib import Path
from viton_eval.assemble import assemble
from viton_eval.commands import resolved_run
assemble(resolved_run(Path("runs/large/config.yaml"), "", "runs", ""), Path("reports"))
peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
print(json.dumps([time.perf_counter() - started, time.process_time(), peak]))
"""
WATCH = """
window.tasks = [];
new PerformanceObserver(list => list.getEntries().forEach(task => window.tasks.push(task.duration)))
    .observe({type: "longtask", buffered: true});
"""
LOADED = """() => ({
    interactive: performance.getEntriesByType("navigation")[0].domContentLoadedEventEnd,
    loaded: performance.getEntriesByType("navigation")[0].loadEventEnd,
    painted: performance.getEntriesByName("first-contentful-paint")[0].startTime,
})"""
# Turns over every page and waits until it is on the screen; milliseconds of each.
TURN = """async () => {
    const drawn = () => new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done)));
    const next = document.getElementById("next"), taken = [];
    while (next.getAttribute("aria-disabled") !== "true") {
        const started = performance.now();
        next.click();
        await drawn();
        taken.push(performance.now() - started);
    }
    return taken;
}"""
FIND = """async text => {
    const find = document.getElementById("find"), started = performance.now();
    find.value = text;
    find.dispatchEvent(new Event("input"));
    await new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done)));
    return performance.now() - started;
}"""


class Measured(NamedTuple):
    """One thing measured."""

    what: str
    value: float
    unit: str
    budget: float | None = None

    @property
    def missed(self) -> bool:
        return self.budget is not None and self.value > self.budget


def assembled(folder: Path) -> tuple[float, float, float]:
    """Seconds, seconds of processor, and peak memory in MiB of a report made in `folder`, imports and all."""
    path = os.pathsep.join(os.path.abspath(each or ".") for each in sys.path)
    command = [sys.executable, "-c", ASSEMBLE]
    done = subprocess.run(command, cwd=folder, env=os.environ | {"PYTHONPATH": path}, capture_output=True, text=True)
    if done.returncode:
        sys.exit(f"error: the report could not be made\n{done.stderr}")
    seconds, processor, peak = json.loads(done.stdout)
    return seconds, processor, peak


def files(root: Path) -> tuple[int, float, float]:
    """How many files a report has, their MiB, and the MiB of them that no run holds as well."""
    found = [path.stat() for path in root.rglob("*") if path.is_file()]
    own = sum(each.st_size for each in found if each.st_nlink == 1)
    return len(found), sum(each.st_size for each in found) / 2**20, own / 2**20


def made(folder: Path) -> list[Measured]:
    """Assemble twice, and see what is there."""
    (first, first_processor, peak), (again, again_processor, _) = assembled(folder), assembled(folder)
    root = folder / "reports/large"
    count, whole, own = files(root)
    return [
        Measured("assembled from nothing", first, "s", 180),
        Measured("of which on a processor", first_processor, "s"),
        Measured("peak memory of that", peak, "MiB", 2048),
        Measured("assembled again, nothing changed", again, "s", 5),
        Measured("of which on a processor", again_processor, "s"),
        Measured("files", count, ""),
        Measured("size of all files", whole, "MiB"),
        Measured("of these not shared with the run", own, "MiB"),
        Measured("index.html", (root / "index.html").stat().st_size / 1e6, "MB", 5),
    ]


def read(index: Path, path: str) -> list[Measured]:
    """Open the report in the browser at `path`, turn all its pages, search it, and open a pair's page."""
    with _browser(path) as browser:
        page = browser.new_page(viewport={"width": SIZE[0], "height": SIZE[1]})
        page.add_init_script(WATCH)
        page.goto(index.resolve().as_uri())
        page.wait_for_timeout(500)  # what is loaded lazily, at the page's top
        opened, at_first, first_tasks = _opened(page), _memory(browser), page.evaluate("window.tasks")
        page.locator("#pictures").scroll_into_view_if_needed()
        turned = page.evaluate(TURN)
        searched = max(page.evaluate(FIND, text) for text in ("0", "00", "00042", ""))
        page.wait_for_timeout(500)
        tasks, memory = page.evaluate("window.tasks")[len(first_tasks) :], _memory(browser)
        fetched = _fetched(page)
        page.goto(next(index.parent.glob("pairs/*.html")).resolve().as_uri())
        of_pair = _opened(page)
    return [
        Measured("opens: first paint", opened["painted"], "ms", 2000),
        Measured("opens: DOMContentLoaded", opened["interactive"], "ms", 2000),
        Measured("opens: loaded", opened["loaded"], "ms", 2000),
        Measured("opens: longest task", max(first_tasks, default=0), "ms"),
        Measured(f"turns a page (median of {len(turned)})", median(turned or [0]), "ms", 500),
        Measured("turns a page (the longest)", max(turned, default=0), "ms"),
        Measured("turns and searches: longest task", max(tasks, default=0), "ms", 500),
        Measured("searches (the longest of 4)", searched, "ms", 500),
        Measured("memory of the page, opened", at_first, "MiB"),
        Measured("memory of the page, all turned", memory, "MiB", 1024),
        Measured("pictures that a page of the grid loads, scrolled to its end", fetched[0], ""),
        Measured("their files", fetched[1], "MiB", 40),
        Measured("a pair's page: loaded", of_pair["loaded"], "ms", 1000),
    ]


@contextmanager
def _browser(path: str) -> Iterator[Any]:
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=ARGUMENTS)
        yield browser
        browser.close()


def _opened(page: Any) -> dict[str, float]:
    """Milliseconds from the start until each event of a page's loading, once it is painted."""
    page.wait_for_function("() => performance.getEntriesByName('first-contentful-paint').length")
    found: dict[str, float] = page.evaluate(LOADED)
    return found


def _memory(browser: Any) -> float:
    """MiB of the largest of the browser's pages, as the system counts them."""
    found = browser.new_browser_cdp_session().send("SystemInfo.getProcessInfo")["processInfo"]
    pages = [Path(f"/proc/{each['id']}/status").read_text() for each in found if each["type"] == "renderer"]
    return max(int(text.split("VmRSS:")[1].split()[0]) for text in pages) / 1024


def _fetched(page: Any) -> tuple[int, float]:
    """Pictures of the grid's page on show, scrolled to its end, and the MiB of their files."""
    sources = page.evaluate("[...document.querySelectorAll('.cell img')].map(image => image.src)")
    return len(sources), sum(Path(unquote(urlsplit(each).path)).stat().st_size for each in sources) / 2**20


def measure(folder: Path, num_pairs: int, size: tuple[int, int]) -> list[Measured]:
    """All of it, in an empty folder."""
    before = Path.cwd()
    os.chdir(folder)  # a run's paths are relative to where its commands are started
    try:
        LargeRun(num_pairs, size)
    finally:
        os.chdir(before)
    found, path = made(folder), chromium_path()
    if path is None:
        print(f"NOT MEASURED: how the report is read: {not_found()}", file=sys.stderr)
        return found
    return found + read(folder / "reports/large/index.html", path)


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.report", description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--pairs", type=int, default=2000)
    parser.add_argument("--size", default="256x192")
    parser.add_argument("--keep", type=Path, help="an empty folder that keeps the report, to look at it")
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    height, _, width = options.size.partition("x")
    with tempfile.TemporaryDirectory() as temporary:
        folder = options.keep or Path(temporary)
        folder.mkdir(parents=True, exist_ok=True)
        rows = measure(folder, options.pairs, (int(height), int(width)))
    if options.json:
        print(json.dumps([row._asdict() for row in rows], indent=1))
        return int(any(row.missed for row in rows))
    print(f"a report of {options.pairs} pairs and six methods, pictures {options.size}\n")
    for row in rows:
        budget = "" if row.budget is None else f"  budget {row.budget:g}: {'NOT MET' if row.missed else 'met'}"
        print(f"{row.value:10.1f} {row.unit:4} {row.what}{budget}")
    return int(any(row.missed for row in rows))


if __name__ == "__main__":
    sys.exit(main())
