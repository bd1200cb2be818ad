"""What the site says of steps that are not up to date, of failed pairs, and how it shows the data's photographs."""

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from viton.data import dataset, viton_hd
from viton.data.framing import fit_photo
from viton.images import load_rgb
from viton_eval import grid

PAIRS = [("p1", "c1"), ("p2", "c2"), ("p3", "c1")]
UNCHANGED = """
import sys
from pathlib import Path
from viton_eval.assemble import assemble
from viton_eval.commands import resolved_run
assemble(resolved_run(Path("runs/tiny/config.yaml"), "", "runs", ""), Path("reports"))
assert "torch" not in sys.modules
"""


def section(text, name):
    """The part of a page under a heading."""
    return text.split(f'<h2 id="{name}">')[1].split("</section>")[0]


def data_of(text):
    return json.loads(text.split('id="data">')[1].split("</script>")[0])


@pytest.mark.parametrize("more", [{"status": "failed", "error": "no luck"}, {"key": "other"}])
def test_no_old_number_stands_under_a_new_header(finished, more):
    run = finished(PAIRS)
    rows = run.rows(run.run.warps / "warps.jsonl")
    rows[0] = {"person": "p1", "clothing": "c1", "status": "warp_failed:x", "message": "of old"}
    run.rows(run.run.warps / "warps.jsonl", rows)
    assert "0.875" in run.site().read_text()
    run.step("warps", **more)
    run.step("notebook-one", key="other", commit="of old")
    text = run.site().read_text()
    status = more.get("status", "stale")
    warped, method = section(text, "glance").split("<tbody>")[1].split("</tr>")[:2]
    assert "0.875" not in text
    assert f'<span class="badge {status}">{status}</span>' in warped
    assert 'class="number"' not in warped
    assert ">3</td>" in method
    assert "of old" not in section(text, "failures")
    assert "of old" not in text.split('<dl class="facts">')[1].split("</dl>")[0]
    downloads = section(text, "provenance")
    assert downloads.count(f"made before: {status}") == 2, "the warp's manifest and its table, and no other file"
    shown = data_of(text)
    assert shown["columns"][2]["note"].startswith(f"made before; {status}: ")
    assert shown["columns"][3]["note"] == ""
    assert [row[2] for row in shown["rows"]] == [None] * 3
    assert shown["rows"][0][3][2] == ["not made", ""], "an old failure says nothing of today"


def test_photographs_of_an_old_world_are_marked(finished):
    run = finished(PAIRS)
    run.step("data", key="other")
    notes = [column["note"] for column in data_of(run.site().read_text())["columns"]]
    made_before = "made before; stale: was made with other settings or data"
    assert notes[0] == notes[1] == notes[4] == made_before


def test_problems_of_an_old_check_are_not_told_as_todays(finished):
    run = finished(PAIRS)
    problem = {"severity": "error", "file": "old.jpg", "expected": "a picture", "got": "text"}
    (run.run.steps / "check.json").write_text(json.dumps({"problems": [problem]}))
    run.step("check", "failed", error="1 error")
    assert "old.jpg" in section(run.site().read_text(), "failures")
    run.step("check", "running", started="2999-01-01T00:00:00+00:00")
    assert "old.jpg" not in run.site().read_text()


@pytest.mark.parametrize("status", ["bad_input", "warp_failed:few_contour_points"])
def test_an_experiment_in_which_every_pair_failed_says_why(finished, status):
    run = finished(PAIRS, truth=False)
    rows = [{"person": p, "clothing": c, "status": status, "message": "masks are blank"} for p, c in PAIRS]
    for path in (run.run.warps / "warps.jsonl", run.run.results("non-parametric") / "manifest.jsonl"):
        run.rows(path, rows)
        (path.parent / "timing.jsonl").unlink()
    text = run.site().read_text()
    assert section(text, "glance").count(f"failed: 3 {status}") == 2
    assert section(text, "failures").count("masks are blank") == 6
    assert [row[3][2:] for row in data_of(text)["rows"]] == [[[status, "masks are blank"]] * 2] * 3


def test_a_photograph_is_shown_as_a_method_sees_it(finished):
    run = finished([("turned", "clear"), ("wide", "clear")], truth=False)
    folder = run.folder / "data/test"
    noise = np.random.default_rng(0).integers(0, 255, (128, 96, 3), np.uint8)
    turned = Image.fromarray(noise)
    exif = turned.getexif()
    exif[0x0112] = 6  # to be turned by a quarter
    turned.save(folder / "image/turned.jpg", exif=exif)
    Image.fromarray(noise[:40]).save(folder / "image/wide.jpg")
    (folder / "cloth/clear.jpg").unlink()
    Image.fromarray(np.dstack([noise, noise[..., 0]])).save(folder / "cloth/clear.png")
    site = run.site().parent
    for source, shown in [
        ("image/turned.jpg", "person/turned"),
        ("image/wide.jpg", "person/wide"),
        ("cloth/clear.png", "garment/clear"),
    ]:
        seen = fit_photo(load_rgb(folder / source), (64, 48))
        assert np.array_equal(np.array(Image.open(site / f"images/{shown}.png")), seen), source


def test_an_unchanged_report_needs_no_torch_even_with_an_unreadable_picture(finished):
    run = finished(PAIRS)
    (run.folder / "data/test/image/p1.jpg").write_bytes(b"\xff\xd8\xff not a picture")
    run.site()
    done = subprocess.run([sys.executable, "-c", UNCHANGED], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    (run.folder / "data/test/image/p1.jpg").write_bytes((run.folder / "data/test/image/p2.jpg").read_bytes())
    run.site()
    assert Path("reports/tiny/images/person/p1.png").is_file()


def test_files_that_a_killed_writer_or_a_mac_left_are_no_pictures(finished):
    run = finished(PAIRS)
    for name in ("._p1.jpg", ".p2.1234.jpg"):
        (run.folder / "data/test/image" / name).write_bytes(b"left behind")
    assert sorted(grid._pictures(run.folder / "data/test/image")) == ["p1", "p2", "p3"]


def test_the_grid_knows_the_folders_of_the_layout():
    assert viton_hd.FOLDERS["image"] == (grid.PEOPLE,)
    assert viton_hd.FOLDERS["clothing"] == (grid.GARMENTS,)
    assert grid.PICTURES == dataset.PICTURES
