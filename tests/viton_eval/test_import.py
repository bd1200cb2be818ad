"""Other people's pictures as one more method: what comes in scores as it should, and what is wrong is told by name."""

from __future__ import annotations

import json
import shutil
import struct
import subprocess
import sys
import time
import zlib
from pathlib import Path

import cv2
import numpy as np
import pandas as pd
import pytest
import yaml
from PIL import Image
from typer.testing import CliRunner

from viton.config import PATTERN, TAKEN
from viton.data.framing import fit_photo
from viton.data.sample import Pair
from viton.data.viton_hd import VitonHd
from viton.errors import InputError
from viton.images import load_rgb
from viton.methods import METHODS
from viton.results import Folder, Outcome
from viton.synthetic.config import WorldConfig
from viton.synthetic.dataset import write_world
from viton_eval.cli import app
from viton_eval.commands import open_run
from viton_eval.foreign import load_result
from viton_eval.matching import match
from viton_eval.plan import plan
from viton_eval.scores import read_scores
from viton_eval.scoring import score_try_on
from viton_eval.trainings import label_of, try_ons

SIZE = (64, 48)
CONFIG = Path("t.yaml")
PAIRS = [Pair("00891_00", "01430_00"), Pair("00891_00", "02"), Pair("p", "c.1")]


@pytest.fixture(scope="module")
def world(tmp_path_factory):
    root = tmp_path_factory.mktemp("world")
    write_world(root, WorldConfig(people=20, garments=0, seed=3, height=SIZE[0], width=SIZE[1]))
    return root


@pytest.fixture
def pairs(world, tmp_path, monkeypatch):
    """The pairs of an experiment whose one method leaves every photo as it is; `theirs` holds blurred truths."""
    monkeypatch.chdir(tmp_path)
    content = {"name": "t", "purpose": "x", "data": {"kind": "folder", "root": str(world)}, "height": 64, "width": 48}
    CONFIG.write_text(yaml.safe_dump(content))
    data = VitonHd(world, "test")
    pairs = data.pairs("test_pairs.txt")

    def unchanged(batch):
        return [Outcome("ok", {".png": data.sample(pair, SIZE).person.image}, {}) for pair in batch]

    Folder(open_run(CONFIG).results("non-parametric")).make(pairs, {"made": "x"}, unchanged)
    Path("theirs").mkdir()
    for pair in pairs:
        save(Path("theirs") / f"{pair.name}.png", cv2.blur(data.truth(pair, SIZE).image, (3, 3)))
    return pairs


def save(path, pixels):
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(pixels).save(path)


def brought(*options, folder="theirs", method="cp-vton"):
    return CliRunner().invoke(app, ["import", method, str(folder), "--config", str(CONFIG), *options])


def refused(*options, **more):
    """The message of an import that is refused and has written nothing."""
    before = everything()
    done = brought(*options, **more)
    assert done.exit_code != 0, done.output
    assert everything() == before
    assert "\n" not in str(done.exception)
    return str(done.exception)


def everything():
    """The contents of all that a run keeps, but for locks."""
    files = sorted(path for path in Path("runs").rglob("*") if path.is_file() and not path.name.endswith(".lock"))
    return {str(path): path.read_bytes() for path in files}


def picture(pair, folder="theirs"):
    return Path(folder) / f"{pair.name}.png"


def test_results_of_one_of_our_methods_score_the_same_under_another_name(pairs):
    run = open_run(CONFIG)
    ours = score_try_on(run, run.try_on("non-parametric"))
    done = brought(folder=run.results("non-parametric"))
    assert done.exit_code == 0, done.output
    theirs = read_scores(Path("runs/t/scores/cp-vton/0.csv"))
    pd.testing.assert_frame_equal(theirs.table, ours.table)
    assert (theirs.settings["n"], theirs.settings["failed"]) == (len(pairs), {})
    for pair in pairs:
        mine, other = (run.folder / "results" / name / "0" / f"{pair.name}.png" for name in run.config.methods * 2)
        assert mine.read_bytes() == other.read_bytes()


def test_one_command_leads_from_a_folder_of_pictures_to_a_row(pairs):
    done = brought("--json")
    told = json.loads(done.stdout)
    assert (told["pairs"], told["missing"], told["extra"]) == (len(pairs), 0, 0)
    table = read_scores(Path("runs/t/scores/cp-vton/0.csv")).table
    assert float(told["scores"]["SSIM"]["mean"]) == pytest.approx(table["ssim"].mean(), abs=1e-3)
    assert told["scores"]["SSIM"]["pairs"] == len(pairs)
    assert "L1 garment" in brought().stdout


def test_the_comparison_shows_the_row_and_that_it_is_imported(pairs):
    brought()
    done = CliRunner().invoke(app, ["compare", "--config", str(CONFIG), "--out", "out"])
    assert done.exit_code == 0, done.output
    rows = pd.read_csv("out/comparison.csv").query("metric == 'l1_garment'").set_index("method")
    assert rows.loc["cp-vton", "n"] == len(pairs)
    assert rows.loc["cp-vton", "mean"] < rows.loc["non-parametric", "mean"]
    told = json.loads(Path("out/provenance.json").read_text())
    assert told["labels"] == {"non-parametric": "", "cp-vton": "imported"}
    digest = json.loads(Path("runs/t/imported.json").read_text())["cp-vton"]["0"]["digest"]
    assert told["imported"]["cp-vton/0"]["digest"] == digest
    assert digest in Path("out/README.md").read_text().split("## Imported, not made here")[1]


def test_the_comparison_refuses_pictures_that_are_not_the_imported_ones(pairs):
    brought()
    path = Path("runs/t/imported.json")
    path.write_text(path.read_text().replace('"none"', '"box"'))
    done = CliRunner().invoke(app, ["compare", "--config", str(CONFIG), "--out", "out"])
    assert "expected pictures imported as the experiment says" in str(done.exception)


def test_imports_of_several_seeds_are_one_method(pairs):
    brought("--seed", "7")
    shutil.copytree("theirs", "again")
    for pair in pairs:
        save(picture(pair, "again"), 255 - load_rgb(picture(pair)))
    assert brought("--seed", "3", folder="again").exit_code == 0
    CliRunner().invoke(app, ["compare", "--config", str(CONFIG), "--out", "out"])
    rows = pd.read_csv("out/comparison.csv").query("metric == 'ssim' and method == 'cp-vton'")
    assert rows["seeds"].tolist() == [2]
    assert rows["seed_sd"].item() > 0.1
    assert {"results-cp-vton-3", "results-cp-vton-7"} <= plan(open_run(CONFIG)).keys()


def test_the_report_marks_the_method_as_imported_and_tells_no_training_and_no_time(finished):
    imported = {"cp-vton": {0: {"folder": "theirs", "resize": "box"}}}
    here = finished([("p1", "c1"), ("p2", "c2")], methods=["non-parametric", "cp-vton"], imported=imported)
    for one in try_ons(here.run.config):
        times = [{"person": person, "clothing": clothing, "seconds": 0.5} for person, clothing in here.pairs]
        here.rows(here.run.results_of(one) / "timing.jsonl", times)
    page = here.site().read_text()
    card = next(card for card in page.split('<li class="card method">') if "<h3>cp-vton" in card).split("</li>")[0]
    assert "imported, other sizes resized by box" in card
    assert "made by another program" in card
    assert not [word for word in ("undertrained", "nothing to train", "steps") if word in card]
    row = next(row for row in page.split("<tr>") if "cp-vton, imported" in row)
    assert "0.5 s" not in row
    assert "0.5 s" in next(row for row in page.split("<tr>") if 'scope="row">non-parametric' in row)
    assert "how it was trained" in page
    assert "cp-vton (imported, other sizes" in Path("reports/tiny/pairs/p1__c1.html").read_text()


def test_what_a_configuration_imports_is_a_step_that_brings_it_in(pairs):
    content = yaml.safe_load(CONFIG.read_text())
    imported = {"cp-vton": {0: {"folder": "theirs"}}}
    CONFIG.write_text(yaml.safe_dump(content | {"methods": ["cp-vton"], "imported": imported}))
    run = open_run(CONFIG)
    step = plan(run)["results-cp-vton-0"]
    assert step.title == "Import: cp-vton"
    done = CliRunner().invoke(app, list(step.command[1:]))
    assert done.exit_code == 0, done.output
    assert all((run.results("cp-vton") / f"{pair.name}.png").is_file() for pair in pairs)
    more = content | {"methods": ["cp-vton"], "imported": {"cp-vton": {0: {"folder": "theirs", "resize": "box"}}}}
    CONFIG.write_text(yaml.safe_dump(more))
    assert plan(open_run(CONFIG))["results-cp-vton-0"].key != step.key


def test_what_was_imported_stays_when_its_folder_goes(pairs):
    brought()
    shutil.rmtree("theirs")
    before = everything()
    done = CliRunner().invoke(app, list(plan(open_run(CONFIG))["results-cp-vton-0"].command[1:]))
    assert done.exit_code == 0, done.output
    assert everything() == before
    (Path("runs/t/results/cp-vton/0") / f"{pairs[0].name}.png").unlink()
    done = CliRunner().invoke(app, list(plan(open_run(CONFIG))["results-cp-vton-0"].command[1:]))
    assert "theirs: expected a folder of pictures, got no such folder" in str(done.exception)


def test_the_workflow_never_takes_other_pictures_for_the_imported_ones(pairs):
    brought()
    save(picture(pairs[0]), np.zeros((*SIZE, 3), np.uint8))
    shutil.rmtree("runs/t/results/cp-vton")
    done = CliRunner().invoke(app, list(plan(open_run(CONFIG))["results-cp-vton-0"].command[1:]))
    assert "expected the pictures that were imported, digest" in str(done.exception)


def test_the_same_import_again_makes_nothing_and_another_one_needs_overwrite(pairs):
    brought()
    before, stamp = everything(), Path("runs/t/results/cp-vton/0/manifest.jsonl").stat().st_mtime_ns
    assert brought().exit_code == 0
    assert everything() == before
    assert Path("runs/t/results/cp-vton/0/manifest.jsonl").stat().st_mtime_ns == stamp
    save(picture(pairs[0]), np.zeros((*SIZE, 3), np.uint8))
    assert "(or --overwrite), got others: import.digest" in refused()
    assert brought("--overwrite").exit_code == 0
    assert load_rgb(Path("runs/t/results/cp-vton/0") / f"{pairs[0].name}.png").max() == 0
    assert everything()["runs/t/imported.json"] != before["runs/t/imported.json"]


SLOW = """
import sys, time
import viton_eval.importing as importing
from viton_eval.cli import app
real, seen = importing.load_result, []
def slowly(path, *options):
    seen.append(path)
    time.sleep(60 if seen.count(path) == 2 and len(set(seen)) < len(seen) - 1 else 0)
    return real(path, *options)
importing.load_result = slowly
app(sys.argv[1:])
"""


def test_a_kill_in_the_middle_leaves_no_method_and_the_same_command_goes_on(pairs, kill):
    command = ["import", "cp-vton", "theirs", "--config", str(CONFIG)]
    process = subprocess.Popen([sys.executable, "-c", SLOW, *command], stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    folder, deadline = Path("runs/t/results/cp-vton/0"), time.monotonic() + 60
    while not list(folder.glob("*__*.png")) and time.monotonic() < deadline:
        assert process.poll() is None, process.communicate()
        time.sleep(0.05)
    kill(process)
    assert 0 < len(list(folder.glob("*__*.png"))) < len(pairs)
    assert not (folder / "manifest.jsonl").exists()
    assert open_run(CONFIG).config.methods == ("non-parametric",)
    first = next(folder.glob("*__*.png")).stat().st_mtime_ns
    assert brought().exit_code == 0
    assert min(path.stat().st_mtime_ns for path in folder.glob("*__*.png")) == first, "what was done is kept"
    assert brought(method="whole").exit_code == 0
    assert (folder / "manifest.jsonl").read_bytes() == Path("runs/t/results/whole/0/manifest.jsonl").read_bytes()
    assert not (folder / "journal.jsonl").exists()


def test_missing_pairs_are_named_and_refused(pairs):
    for pair in pairs[:2]:
        picture(pair).unlink()
    message = refused()
    assert f"one picture {PATTERN} for each of {len(pairs)} pairs" in message
    assert f"none for 2: {pairs[0].person} in {pairs[0].clothing}, {pairs[1].person} in" in message


def test_pairs_that_may_be_missing_count_as_failures_and_are_not_left_out(pairs):
    picture(pairs[0]).unlink()
    done = brought("--missing-ok", "--json")
    assert json.loads(done.stdout)["missing"] == 1
    scores = read_scores(Path("runs/t/scores/cp-vton/0.csv"))
    assert (scores.settings["of"], scores.settings["n"]) == (len(pairs), len(pairs) - 1)
    assert scores.settings["failed"] == {"missing": 1}
    CliRunner().invoke(app, ["compare", "--config", str(CONFIG), "--out", "out"])
    assert json.loads(Path("out/provenance.json").read_text())["failed"][0]["reason"] == "missing"


def test_a_folder_without_any_of_the_pictures_is_refused_whatever_may_be_missing(pairs):
    message = refused("--missing-ok", "--pattern", "{clothing}__{person}.png")
    assert f"none for {len(pairs)}: " in message
    assert f"pictures of no pair {len(pairs)}: {picture(sorted(pairs)[0]).name}" in message


def test_files_that_another_pattern_finds_are_named_with_it(pairs):
    for pair in pairs:
        picture(pair).rename(f"theirs/{pair.person}_{pair.clothing}.JPG")
    first = f"{pairs[0].person}_{pairs[0].clothing}.JPG"
    suggested = "{person}_{clothing}.JPG"
    assert refused().endswith(f"; found files like {first}: try --pattern '{suggested}'")
    assert brought("--pattern", suggested).exit_code == 0
    assert "try --pattern" not in refused(folder="empty", method="other")


@pytest.mark.parametrize(
    ("names", "told"),
    [
        (["p.png"], "p.png: try --pattern '{person}.png'"),
        (["c.1-p.webp"], "c.1-p.webp: try --pattern '{clothing}-{person}.webp'"),
        (["c.1/p.jpg", "p.png", "x_y.png"], "p.png: try --pattern '{person}.png'"),
        (["p_c.1.jpg", "q_c.1.png"], "p_c.1.jpg: try --pattern '{person}_{clothing}'"),
        (["p_c.1.jpg", "c.1/p.png", "c.1/q.png"], "c.1/p.png: try --pattern '{clothing}/{person}.png'"),
        (["x_y.png", "c.1.png"], ""),
        (["p__c.1.png", "q_c.1.png"], ""),
    ],
)
def test_the_pattern_that_is_suggested_finds_most_pairs_and_none_is_where_the_given_one_finds_some(
    tmp_path, names, told
):
    for name in names:
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).touch()
    with pytest.raises(InputError) as error:
        match(tmp_path, PATTERN, [Pair("p", "c.1"), Pair("q", "c.1")])
    assert str(error.value).endswith(told)
    assert ("try --pattern" in str(error.value)) == bool(told)


def test_the_person_alone_is_not_suggested_where_somebody_has_two_pairs(tmp_path):
    (tmp_path / "00891_00.png").touch()
    with pytest.raises(InputError) as error:
        match(tmp_path, PATTERN, PAIRS)
    assert "try" not in str(error.value)


def test_pictures_of_no_pair_are_counted_and_named_and_left_out(pairs):
    for name in ("x__y.png", "=cmd__1.png", "\x1b[31m__red.png", "notes.txt", "._hidden__one.png", "loss__curve.gif"):
        (Path("theirs") / name).write_bytes(picture(pairs[0]).read_bytes())
    done = brought("--json")
    assert done.exit_code == 0, done.output
    assert json.loads(done.stdout)["extra"] == 3
    assert "pictures of no pair: 3: " in done.stderr
    assert "=cmd__1.png" in done.stderr
    assert "\x1b" not in done.stderr
    manifest = Path("runs/t/results/cp-vton/0/manifest.jsonl").read_text()
    assert len(manifest.splitlines()) == len(pairs)
    assert "cmd" not in manifest


def test_two_pictures_of_one_pair_are_refused(pairs):
    shutil.copy(picture(pairs[0]), picture(pairs[0]).with_suffix(".PNG"))
    assert f"two or more for 1: {picture(pairs[0]).stem}" in refused()
    picture(pairs[0]).with_suffix(".PNG").unlink()
    shutil.copy(picture(pairs[0]), picture(pairs[0]).with_suffix(".webp"))
    assert brought().exit_code == 0
    assert "two or more for 1" in refused("--pattern", "{person}__{clothing}", method="any")


@pytest.mark.parametrize(
    ("pattern", "names"),
    [
        ("{person}_{clothing}.png", ["00891_00_01430_00.png", "00891_00_02.PNG", "p_c.1.png"]),
        ("{clothing}/{person}.jpg", ["01430_00/00891_00.jpg", "02/00891_00.jpg", "c.1/p.jpg"]),
        ("a/[{person}]-{clothing}", ["a/[00891_00]-01430_00.jpeg", "a/[00891_00]-02.webp", "a/[p]-c.1.png"]),
    ],
)
def test_ids_with_underscores_digits_and_dots_are_found_by_the_pairs_that_there_are(tmp_path, pattern, names):
    for name in names:
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).touch()
    found = match(tmp_path, pattern, PAIRS)
    assert [found.files[pair] for pair in PAIRS] == [tmp_path / name for name in names]
    assert (found.missing, found.extra) == ([], [])


def test_the_person_alone_will_do_where_nobody_has_two_pairs(tmp_path):
    (tmp_path / "p.png").touch()
    assert match(tmp_path, "{person}.png", PAIRS[2:]).files == {PAIRS[2]: tmp_path / "p.png"}
    with pytest.raises(InputError, match="'00891_00' for both 00891_00 in 01430_00 and 00891_00 in 02"):
        match(tmp_path, "{person}.png", PAIRS)


def test_a_pattern_by_which_two_pairs_share_a_name_is_refused(tmp_path):
    with pytest.raises(InputError, match="expected a name of its own for each pair, got 'a_b_c'"):
        match(tmp_path, "{person}_{clothing}.png", [Pair("a_b", "c"), Pair("a", "b_c")])


@pytest.mark.parametrize(
    "pattern",
    ["../{person}.png", "/{person}.png", "{clothing}.png", "{person}_{garment}.png", "{person}}.png", "a\n{person}"],
)
def test_a_pattern_that_leaves_the_folder_or_names_no_person_is_refused(pairs, pattern):
    assert "pattern: expected a path inside the folder with {person}, {clothing}" in refused("--pattern", pattern)


@pytest.mark.parametrize(
    "name", ["../up", "<script>", "a b", "=cmd", "a'b", 'a"b', "", "a\n", "Upper", "viton", "non-parametric", "truth"]
)
def test_a_hostile_name_or_one_of_ours_is_refused(pairs, name):
    done = brought(method=name)
    assert done.exit_code != 0
    assert "imported." in str(done.exception)
    assert not Path("runs/t/imported.json").exists()
    assert sorted(path.name for path in Path("runs/t/results").iterdir()) == ["non-parametric"]


def test_a_configuration_cannot_smuggle_in_what_the_command_refuses(pairs):
    Path("runs/t/imported.json").write_text('{"../up": {"0": {"folder": "theirs"}}}')
    with pytest.raises(InputError, match="imported"):
        open_run(CONFIG)


def test_names_that_are_taken_are_those_of_all_our_methods():
    assert METHODS.keys() <= {*TAKEN}


def bomb(path):
    """A PNG whose header promises more pixels than anything could hold."""
    header = b"IHDR" + struct.pack(">IIBBBBB", 60000, 45000, 8, 2, 0, 0, 0)
    chunk = struct.pack(">I", 13) + header + struct.pack(">I", zlib.crc32(header))
    path.write_bytes(
        b"\x89PNG\r\n\x1a\n" + chunk + struct.pack(">I", 0) + b"IDAT" + struct.pack(">I", zlib.crc32(b"IDAT"))
    )


def animation(path):
    frames = [Image.new("RGB", SIZE[::-1], colour) for colour in ("red", "blue")]
    frames[0].save(path, save_all=True, append_images=frames[1:])


def drawn(mode, kind):
    return lambda path: Image.new(mode, SIZE[::-1]).save(path, kind)


def of_16_bits(*shape):
    return lambda path: cv2.imwrite(str(path), np.zeros(shape, np.uint16))


def of_size(*size):
    return lambda path: save(path, np.zeros((*size, 3), np.uint8))


BAD = {
    "no picture": (lambda path: path.write_text("a note"), "expected a picture, got a file that is not one"),
    "empty": (lambda path: path.write_bytes(b""), "expected a picture"),
    "truncated": (lambda path: path.write_bytes(path.read_bytes()[:-200]), "expected a whole picture"),
    "CMYK": (drawn("CMYK", "JPEG"), "expected a picture in RGB or grey, got CMYK"),
    "16 bit grey": (of_16_bits(*SIZE), "expected a picture of 8 bits a channel, got mode I;16"),
    "16 bit colours": (of_16_bits(*SIZE, 3), "expected a picture of 8 bits a channel, got 16 bits"),
    "GIF": (drawn("RGB", "GIF"), "expected a picture as PNG, JPEG, WEBP, got GIF"),
    "animation": (animation, "expected a single picture, got an animation"),
    "bomb": (bomb, "decompression bomb"),
    "other size": (of_size(128, 96), "expected a picture of 64x48 (or --resize lanczos, bilinear, box), got 128x96"),
    "other aspect ratio": (of_size(64, 64), "expected a picture of the aspect ratio of 64x48, got 64x64"),
}


@pytest.mark.parametrize("name", BAD)
def test_a_picture_that_cannot_be_taken_is_refused_by_name_and_nothing_is_written(pairs, name):
    assert brought().exit_code == 0
    spoil, expected = BAD[name]
    spoil(picture(pairs[-1]))
    for options in ((), ("--overwrite",)):
        message = refused(*options)
        assert str(picture(pairs[-1])) in message
        assert expected in message
    assert "imported" in label_of(open_run(CONFIG).config, "cp-vton")


def test_an_aspect_ratio_is_refused_whatever_the_filter(pairs):
    save(picture(pairs[0]), np.zeros((128, 100, 3), np.uint8))
    assert "aspect ratio" in refused("--resize", "lanczos")


@pytest.mark.parametrize(
    ("picture", "colour"),
    [
        (Image.new("L", (48, 64), 77), (77, 77, 77)),
        (Image.new("LA", (48, 64), (0, 0)), (255, 255, 255)),
        (Image.new("RGBA", (48, 64), (200, 0, 0, 0)), (255, 255, 255)),
        (Image.new("RGBA", (48, 64), (200, 0, 0, 255)), (200, 0, 0)),
        (Image.new("RGB", (48, 64), (9, 8, 7)).quantize(4), (9, 8, 7)),
        (Image.new("1", (48, 64), 1), (255, 255, 255)),
    ],
    ids=["grey", "grey, transparent", "transparent", "opaque", "palette", "black and white"],
)
def test_what_is_no_plain_rgb_is_converted_by_the_stated_rule(tmp_path, picture, colour):
    picture.save(tmp_path / "x.png")
    pixels, size = load_result(tmp_path / "x.png", SIZE, "none")
    assert size == SIZE
    assert (pixels == colour).all()


def test_a_picture_is_turned_upright_before_its_size_is_judged(tmp_path):
    lying = np.zeros((48, 64, 3), np.uint8)
    lying[:, :8] = 255  # left, which the flag says is at the top
    exif = Image.Exif()
    exif[0x0112] = 6  # to be turned by a quarter, clockwise
    Image.fromarray(lying).save(tmp_path / "x.webp", lossless=True, exif=exif)
    pixels, _ = load_result(tmp_path / "x.webp", SIZE, "none")
    assert pixels[:8].min() == 255
    assert pixels[8:].max() == 0


def test_each_filter_is_what_it_is_called(tmp_path):
    large = np.random.default_rng(0).integers(0, 256, (128, 96, 3), np.uint8)
    save(tmp_path / "x.png", large)
    box, bilinear, _ = (load_result(tmp_path / "x.png", SIZE, name)[0] for name in ("box", "bilinear", "lanczos"))
    assert np.abs(box - large.reshape(64, 2, 48, 2, 3).mean(axis=(1, 3))).max() <= 0.5
    assert (box == fit_photo(large, SIZE)).all(), "as the truths are"
    weights = np.array([1, 3, 3, 1]) / 8  # a triangle as wide as four of the large pixels
    inside = np.einsum("i,j,ijc->c", weights, weights, large[3:7, 3:7].astype(float))
    assert np.abs(bilinear[2, 2] - inside).max() <= 1


def test_lanczos_overshoots_at_an_edge_and_the_others_do_not(tmp_path):
    edge = np.full((128, 96, 3), 100, np.uint8)
    edge[:, 49:] = 150
    save(tmp_path / "x.png", edge)
    found = {name: load_result(tmp_path / "x.png", SIZE, name)[0].max() for name in ("box", "bilinear", "lanczos")}
    assert found["box"] == found["bilinear"] == 150 < found["lanczos"]


def test_other_sizes_come_in_by_the_filter_and_their_size_is_written_down(pairs):
    for pair in pairs:
        save(picture(pair), load_rgb(picture(pair)).repeat(2, axis=0).repeat(2, axis=1))
    assert brought("--resize", "box").exit_code == 0
    folder = Path("runs/t/results/cp-vton/0")
    rows = [json.loads(line) for line in (folder / "manifest.jsonl").read_text().splitlines()]
    assert {row["imported_size"] for row in rows} == {"128x96"}
    small = load_rgb(picture(pairs[0]))[::2, ::2]
    assert (load_rgb(folder / f"{pairs[0].name}.png") == small).all()
    assert json.loads((folder / "settings.json").read_text())["import"]["resize"] == "box"
    assert "import.resize" in refused("--resize", "lanczos")


def test_results_are_not_imported_over_themselves(pairs):
    brought()
    for folder, place in (("runs/t/results/cp-vton/0", ""), ("runs", "t/results/cp-vton/0/")):
        options = ("--overwrite", "--pattern", place + "{person}__{clothing}.png")
        assert "pictures from another folder than runs/t/results/cp-vton/0" in refused(*options, folder=folder)


def test_a_filter_that_there_is_not_is_refused(pairs):
    assert "import: resize: expected 'none', 'lanczos', 'bilinear' or 'box'" in refused("--resize", "nearest")


def test_a_method_that_another_package_has_is_not_imported_over(pairs, monkeypatch):
    monkeypatch.setattr("viton_eval.importing.method_names", lambda: ["cp-vton"])
    assert "expected a name that no installed package gives a method" in refused()


def test_pictures_that_are_not_imported_are_not_brought_in(pairs):
    done = CliRunner().invoke(app, ["imported", "non-parametric", "--config", str(CONFIG)])
    assert "t.yaml: imported: expected one of none, got 'non-parametric'" in str(done.exception)
