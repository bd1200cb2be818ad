"""The report's site, from experiments' folders written by hand."""

import json
import os
import re
import shlex
import time
from html import unescape
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote

import pytest
from PIL import Image

from viton_eval.commands import resolved_run
from viton_eval.facts import summaries
from viton_eval.grid import read_pairs_in_order
from viton_eval.plan import plan
from viton_eval.states import states
from viton_eval.training_facts import runtime

PAIRS = [("p1", "c1"), ("p2", "c2"), ("p3", "c1")]
NASTY = 'a\'b<i>&#38; "q" 100%?x=1#y</script>'


class Page(HTMLParser):
    """The links, loads, ids and inlined data of a page."""

    def __init__(self, path):
        super().__init__()
        self.path, self.tags, self.links, self.loads, self._in_data, self.json = path, [], [], [], False, ""
        self.feed(path.read_text())
        self.data = json.loads(self.json)

    def handle_starttag(self, tag, attrs):
        attributes = dict(attrs)
        self.tags.append(tag)
        self.links += [attributes["href"]] if tag == "a" else []
        loaded = attributes.get("src") or (attributes.get("href") if tag == "link" else None)
        self.loads += [loaded] if loaded else []
        self._in_data = attributes.get("id") == "data"

    def handle_endtag(self, tag):
        self._in_data = False

    def handle_data(self, data):
        self.json += data if self._in_data else ""

    def pictures(self):
        return [cell for row in self.data["rows"] for cell in row[3] if isinstance(cell, str)]


def there(page, link):
    return (page.path.parent / unquote(link)).is_file()


def test_the_site_shows_every_picture_of_every_pair_in_the_order_of_the_pairs_file(finished):
    page = Page(finished(PAIRS).site())
    assert [row[:3] for row in page.data["rows"]] == [["p1", "c1", 0.875], ["p2", "c2", 0.875], ["p3", "c1", 0.875]]
    labels = [column["label"] for column in page.data["columns"]]
    assert labels == ["Person", "Garment", "Warped garment", "non-parametric", "True try-on"]
    assert len(page.pictures()) == 15
    assert all(there(page, link) for link in page.pictures())
    with Image.open(page.path.parent / unquote(page.pictures()[0])) as image:
        assert image.size == (48, 64)
    links = [link for link in page.links if not link.startswith("#")]
    assert "notebooks/one.html" in links
    assert "downloads/non-parametric.csv" in links
    assert all(there(page, link) for link in links)


def test_the_site_loads_nothing_but_files_beside_it(finished):
    page = Page(finished(PAIRS).site())
    assert page.loads == []
    assert not re.findall(r"https?://|@import|url\(", page.path.read_text())


def test_the_columns_say_nothing_of_a_truth_that_is_not_known(finished):
    page = Page(finished(PAIRS, truth=False).site())
    assert [column["kind"] for column in page.data["columns"]] == ["person", "garment", "warp", "method"]


def test_names_are_shown_and_linked_whatever_is_in_them(finished):
    run = finished([(NASTY.replace("/", "_"), "c1"), ("-rf ..", "c2"), ("$(touch x)", "`c`")])
    page = Page(run.site())
    assert page.data["rows"][0][0] == NASTY.replace("/", "_")
    assert all(there(page, link) for link in page.pictures())
    assert page.tags.count("script") == 2
    assert "i" not in page.tags


def test_hostile_words_in_errors_and_purpose_do_not_become_markup(finished):
    run = finished(PAIRS)
    run.step("warps", "failed", error=f"<img src=x onerror=alert(1)> {NASTY}")
    page = Page(run.site())
    assert "img" in page.tags
    assert page.tags.count("img") == 2, "only the two of the viewer"
    assert "onerror=alert(1)&gt;" in page.path.read_text()


def test_a_manifest_cannot_reach_outside_its_folder(finished):
    run = finished(PAIRS)
    Path("secret.png").write_text("secret")
    path = run.run.results("non-parametric") / "manifest.jsonl"
    rows = run.rows(path)
    rows[0]["file"] = "../../../../../secret.png"
    run.rows(path, rows)
    page = Page(run.site())
    assert page.data["rows"][0][3][3] == ["missing", "the manifest names a file outside its folder"]
    assert not list(Path("reports").rglob("secret*"))


def test_a_failed_pair_has_its_reason_in_place_of_a_picture(finished):
    run = finished(PAIRS)
    path = run.run.results("non-parametric") / "manifest.jsonl"
    rows = run.rows(path)
    rows[1] = {"person": "p2", "clothing": "c2", "status": "warp_failed:few_contour_points", "message": "3 points"}
    run.rows(path, rows)
    page = Page(run.site())
    assert page.data["rows"][1][3][3] == ["warp_failed:few_contour_points", "3 points"]
    assert "p2 in c2" in page.path.read_text()


def test_a_picture_that_cannot_be_read_does_not_stop_the_others(finished):
    run = finished(PAIRS)
    (run.folder / "data/test/image/p1.jpg").write_bytes(b"\xff\xd8\xff not a picture")
    (run.folder / "data/test/cloth/c2.jpg").unlink()
    page = Page(run.site())
    assert page.data["rows"][0][3][0] == ["unreadable", "p1.jpg cannot be read"]
    assert page.data["rows"][1][3][1] == ["missing", "no such picture in the data"]
    assert len(page.pictures()) == 13


def test_a_step_that_never_ran_leaves_the_rest_of_the_site(finished):
    run = finished(PAIRS)
    for path in [*run.run.results("non-parametric").iterdir(), *run.run.steps.glob("results-*")]:
        path.unlink()
    page = Page(run.site())
    assert page.data["columns"][3]["note"] == "not run: has not been run"
    assert page.data["rows"][0][3][3] == ["not made", ""]
    assert "2 of 5 steps are not up to date" in page.path.read_text(), "it, and the notebook that may read it"


def test_nothing_at_all_still_makes_a_site(finished):
    run = finished([])
    for path in sorted(run.folder.rglob("*"), reverse=True):
        if path.name != "config.yaml":
            path.rmdir() if path.is_dir() else path.unlink()
    text = run.site().read_text()
    assert "There are no pairs to show yet." in text
    assert "5 of 5 steps are not up to date" in text


@pytest.mark.parametrize(
    ("more", "status", "reason"),
    [
        ({"status": "failed", "error": "no luck"}, "failed", "no luck"),
        ({"status": "running"}, "failed", "was killed before it ended"),
        ({"key": "other"}, "stale", "was made with other settings or data"),
        ({"command": ["viton", "other"]}, "stale", "was made with other settings or data"),
        ({"inputs": {"gone.py": "0"}}, "stale", "gone.py, which it was made from, is gone"),
        ({"inputs": {"code.py": "0"}}, "stale", "code.py has changed since"),
    ],
)
def test_a_step_is_judged_by_what_is_there_now(finished, more, status, reason):
    run = finished(PAIRS)
    Path("code.py").write_text("changed")
    run.step("warps", **more)
    found = {state.name: state for state in states(run.run)}
    assert (found["warps"].status, found["warps"].reason) == (status, reason)
    assert found["data"].status == "ok"
    page = Page(run.site())
    assert page.data["columns"][2]["note"] == f"made before; {status}: {reason}"
    assert reason in page.path.read_text()


def test_a_page_of_an_earlier_run_is_not_shown_as_the_failed_ones(finished):
    run = finished(PAIRS)
    run.step("notebook-one", "running", started="2999-01-01T00:00:00+00:00")
    page = Page(run.site())
    assert not [link for link in page.links if link.startswith("notebooks/")]
    run.step("notebook-one", "failed", error="cell 3", started="2020-01-01T00:00:00+00:00")
    page = Page(run.site())
    assert "notebooks/one.html" in page.links
    assert "The page ends at the error." in page.path.read_text()


def test_an_unchanged_site_is_not_written_again_and_a_changed_picture_is(finished):
    run = finished(PAIRS)
    run.site()
    before = {path: path.stat().st_mtime_ns for path in Path("reports").rglob("*") if path.is_file()}
    run.site()
    assert {path: path.stat().st_mtime_ns for path in Path("reports").rglob("*") if path.is_file()} == before
    person = run.folder / "data/test/image/p1.jpg"
    Image.new("RGB", (96, 128), "white").save(person)
    run.site()
    after = {path for path in before if path.stat().st_mtime_ns != before[path]}
    assert {path.name for path in after} == {"p1.png", ".made.json"}


def test_what_no_longer_belongs_to_the_report_goes(finished):
    run = finished(PAIRS)
    run.site()
    (run.folder / "data/test_pairs.txt").write_text("p1 c1\n")
    site = run.site().parent
    assert [path.name for path in (site / "images/person").iterdir()] == ["p1.png"]


def test_a_report_of_two_thousand_pairs_is_assembled_again_in_seconds(finished):
    run = finished([("p1", "c1")])
    rows = [(f"p{n}", f"c{n}") for n in range(2000)]
    (run.folder / "data/test_pairs.txt").write_text("".join(f"{p} {c}\n" for p, c in rows))
    one = run.rows(run.run.warps / "warps.jsonl")[0]
    shared = [one | {"person": p, "clothing": c} for p, c in rows]
    run.rows(run.run.warps / "warps.jsonl", shared)
    run.site()
    started = time.monotonic()
    page = run.site()
    assert time.monotonic() - started < 4
    assert page.stat().st_size < 2_000_000


def test_pairs_are_read_in_both_forms_and_in_their_order(tmp_path):
    text = tmp_path / "pairs.txt"
    text.write_bytes("\ufeffb.jpg x.jpg\r\na y\r\nb.jpg x.jpg\r\nlonely\r\n".encode())
    assert read_pairs_in_order(text) == [("b", "x"), ("a", "y")]
    text.write_text("clothing,person\nx.jpg,b.jpg\n")
    assert read_pairs_in_order(text) == [("b", "x")]
    assert read_pairs_in_order(tmp_path / "absent.txt") == []


@pytest.mark.parametrize(
    "name",
    ["steps/check.json", "steps/warps.status.json", "warps/warps.jsonl", "results/non-parametric/0/timing.jsonl"],
)
def test_a_damaged_record_is_told_and_does_not_stop_the_site(finished, name):
    run = finished(PAIRS)
    (run.folder / name).write_bytes(b'{"half": \xff')
    text = run.site().read_text()
    if "timing" not in name:
        assert Path(name).name in text


def test_the_median_time_is_of_the_pairs_that_are_done(finished):
    run = finished(PAIRS)
    folder = run.run.results("non-parametric")
    rows = run.rows(folder / "manifest.jsonl")
    rows[1] |= {"status": "warp_failed:few_contour_points", "message": "3 points"}
    run.rows(folder / "manifest.jsonl", rows)
    seconds = [2.0, 0.001, 4.0]
    times = [{"person": p, "clothing": c, "seconds": s} for (p, c), s in zip(PAIRS, seconds, strict=True)]
    run.rows(folder / "timing.jsonl", [*times, {"person": "p9", "clothing": "c9", "seconds": 99.0}])
    found = {line.name: line for line in summaries(run.run, states(run.run))}
    assert found["non-parametric"].seconds == "3 s (n = 2)"
    assert (found["non-parametric"].done, found["non-parametric"].failed) == (2, 1)


def test_the_commands_can_be_pasted(finished):
    run = finished(PAIRS)
    text = unescape(re.search(r'<pre id="commands">(.*?)</pre>', run.site().read_text(), re.DOTALL)[1])
    assert [tuple(shlex.split(line)) for line in text.splitlines()] == [s.command for s in plan(run.run).values()]


def with_method_notebook(run):
    """The run with the notebook of its method, and that notebook's step done."""
    path = run.folder / "config.yaml"
    path.write_text(path.read_text().replace("- one\n", "- one\n- method\n"))
    run.run = resolved_run(path, "", "runs", "")
    assert "method" in run.run.config.notebooks
    for suffix in (".html", ".ipynb"):
        (run.run.notebooks / f"method-non-parametric{suffix}").write_text("a notebook")
    for name in plan(run.run):
        run.step(name)
    return run


def test_a_method_is_measured_in_its_notebook_when_that_is_up_to_date(finished):
    run = with_method_notebook(finished(PAIRS))
    link = '<a href="notebooks/method-non-parametric.html">in the notebook<'
    assert run.site().read_text().count(link) == 1
    run.step("notebook-method-non-parametric", key="other")
    assert link not in run.site().read_text()


def test_each_method_tells_its_stages_and_that_they_are_undertrained(finished, trained):
    methods = ("non-parametric", "viton", "cagan")
    run = finished(PAIRS, methods, seeds={"viton": [0, 1]}, **trained)
    page = Page(run.site())
    text = unescape(page.path.read_text())
    cards = text.split('<h2 id="methods">')[1].split('<h3 id="trained"')[0].split('<li class="card method">')[1:]
    labels = [re.findall(r'<span class="badge stale">([^<]*undertrained: [^<]*)<', card) for card in cards]
    mask = "mask by coarse, undertrained: 20 steps"  # which is all that the non-parametric method takes of a training
    assert labels == [[mask], ["undertrained: 20 + 10 steps"], ["undertrained: 20 steps"]]
    assert "coarse: 20 steps, trained by commit of coarse, seeds 0, 1" in cards[1]
    assert "refine: 10 steps, trained by commit of refine" in cards[1]
    rows = re.findall(r'<tr><th scope="row">(\w+)</th><td class="number" data-label="Seed">(\d)</td>', text)
    assert rows[:3] == [("coarse", "0"), ("proxy", "0"), ("coarse", "0")] or rows[0] == ("proxy", "0")
    assert text.count('data-label="Images/s">14.2<') == len(run.run.trainings) == 7
    shown = [(column["label"], column["about"]) for column in page.data["columns"][3:6]]
    assert shown == list(zip(methods, [label[0] for label in labels], strict=True)), (
        "a column a method, the first seed's"
    )
    assert "downloads/viton-1.csv" in page.links
    assert "viton, seed 1" in text


def test_a_stage_that_is_not_up_to_date_has_no_numbers(finished, trained):
    run = finished(PAIRS, ("encoder-decoder",), **trained)
    run.step("train-coarse-0", key="other")
    text = unescape(run.site().read_text())
    assert text.count('data-label="Images/s">14.2<') == 2, "the extractors'"
    assert "trained by commit of coarse" not in text
    assert "undertrained: 20 steps" in text


def test_an_experiment_that_trains_nothing_has_no_table_of_trainings(finished):
    text = finished(PAIRS).site().read_text()
    assert 'id="trained"' not in text
    assert "undertrained:" not in text
    assert "nothing to train" in text


def test_the_papers_runtime_stands_beside_what_was_measured_here(finished, trained):
    run = finished(PAIRS, ("viton",), **trained)
    assert 'id="runtime"' not in run.site().read_text(), "nothing is made up where nothing was timed"
    parts = [{"encoder-decoder": s, "warp": 0.02} for s in (0.1, 0.2, 0.3)]
    times = [
        {"person": p, "clothing": c, "seconds": 1, "parts": part} for (p, c), part in zip(PAIRS, parts, strict=True)
    ]
    run.rows(run.run.results("viton") / "timing.jsonl", times)
    found = {part.name: part for part in runtime(run.run, states(run.run))}
    assert list(found) == ["representation", "encoder-decoder", "warp", "refinement"]
    assert found["encoder-decoder"][1:] == ("27 ms", "200 ms (n = 3)")
    assert found["warp"][1:] == ("180 ms", "20 ms (n = 3)")
    assert found["refinement"].here == ""
    assert 'id="runtime"' in run.site().read_text()


def test_a_notebook_file_is_said_to_be_for_jupyter(finished):
    assert "(open in Jupyter)" in finished(PAIRS).site().read_text()


def test_the_table_of_noise_is_a_download_with_what_decided_it(finished):
    run = finished([("p1", "c1")], robustness={"levels": [1], "pairs": 1})
    run.run.robustness.mkdir()
    (run.run.robustness / "robustness.csv").write_text("method,kind\n")
    (run.run.robustness / "settings.json").write_text("{}")
    page = Page(run.site())
    assert {"downloads/robustness.csv", "downloads/robustness.json"} <= set(page.links)
    assert Path("reports/tiny/downloads/robustness.csv").read_text() == "method,kind\n"
    assert "Noise in pose and parsing: every picture's scores (CSV)" in unescape(page.path.read_text())


def test_a_notebooks_tables_are_downloads_as_long_as_its_last_run_wrote_them(finished):
    run = finished([("p1", "c1")])
    folder = run.run.tables / "one"
    folder.mkdir(parents=True)
    for name in ("new.csv", "new.tex", "new.md", ".new.half.csv", "old.csv"):
        (folder / name).write_text(name)
    os.utime(folder / "old.csv", (1.7e9, 1.7e9))  # before the step began
    page = Page(run.site())
    offered = {link for link in page.links if link.startswith("downloads/one-")}
    assert offered == {f"downloads/one-new.{form}" for form in ("csv", "tex", "md")}
    assert "One: new (CSV), as LaTeX" in unescape(page.path.read_text())
