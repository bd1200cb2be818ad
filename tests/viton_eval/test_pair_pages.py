"""The page of a pair: all that goes in and comes out, whatever is missing or in its names."""

import csv
import math
from html.parser import HTMLParser
from urllib.parse import unquote

import pytest
import yaml
from PIL import Image
from scipy.io import loadmat, savemat

from tests.viton_eval.conftest import TRAINED
from viton.data import viton_hd
from viton.data.convert import Order, convert
from viton.data.layouts import open_dataset
from viton.digests import Digests
from viton.synthetic.config import WorldConfig
from viton.synthetic.dataset import write_world
from viton_eval import pair_pages, representation_pictures
from viton_eval.commands import open_run
from viton_eval.digests import with_digests
from viton_eval.measure_labels import MEASURES
from viton_eval.page_names import page_name, page_names
from viton_eval.pair_pages import scores_of_pair
from viton_eval.published import Published
from viton_eval.representation_pictures import Representations
from viton_eval.trainings import try_ons

PAIRS = [("p1", "c1"), ("p2", "c2"), ("p3", "c1")]
NASTY = 'a\'b<i>&#38; "q" 100%'


class Links(HTMLParser):
    def __init__(self, text):
        super().__init__()
        self.found, self.tags, self.text = [], [], ""
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)
        self.found += [value for name, value in attrs if name in ("href", "src") and not value.startswith("#")]

    def handle_data(self, data):
        self.text += data


def page_of(site, person, clothing):
    return site.parent / page_name(person, clothing)


def score(run, method, rows):
    """Write scores as their step would: a row a pair, in the columns given."""
    one = run.run.try_on(method)
    path = run.run.scores_of(one)
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w", newline="") as stream:
        writer = csv.DictWriter(stream, ["person", "clothing", *MEASURES])
        writer.writeheader()
        writer.writerows(rows)
    return one


def test_every_pair_has_a_page_whose_links_all_lead_somewhere(finished):
    site = finished(PAIRS).site()
    for person, clothing in PAIRS:
        page = page_of(site, person, clothing)
        links = Links(page.read_text()).found
        assert len(links) > 8
        for link in links:
            assert (page.parent / unquote(link.partition("#")[0])).is_file(), link


def test_the_page_before_and_after_are_those_of_the_list(finished):
    site = finished(PAIRS).site()
    first, middle, last = (page_of(site, *pair).read_text() for pair in PAIRS)
    assert 'href="p2__c2.html" rel="next"' in first
    assert 'rel="prev"' not in first
    assert 'href="p1__c1.html" rel="prev"' in middle
    assert 'href="p3__c1.html" rel="next"' in middle
    assert 'rel="next"' not in last


def test_what_lies_beside_a_result_is_shown_as_the_paper_calls_it(finished):
    run = finished(PAIRS)
    (one,) = try_ons(run.run.config)
    source = run.run.results_of(one) / "p1__c1.png"
    for suffix in (".coarse.png", ".alpha.png"):
        source.with_name(f"p1__c1{suffix}").write_bytes(source.read_bytes())
    site = run.site()
    page = page_of(site, "p1", "c1").read_text()
    assert "coarse result" in page
    assert "composition mask alpha" in page
    assert "clothing mask M" not in page
    assert "On the way there" not in page_of(site, "p2", "c2").read_text()


def test_a_pair_that_failed_says_why_and_shows_no_picture(finished):
    run = finished(PAIRS)
    (one,) = try_ons(run.run.config)
    manifest = run.run.results_of(one) / "manifest.jsonl"
    rows = run.rows(manifest)
    rows[0] |= {"status": "warp_failed:too_few", "message": "three points <b>", "file": None}
    run.rows(manifest, rows)
    page = page_of(run.site(), "p1", "c1").read_text()
    assert "warp_failed:too_few: three points &lt;b&gt;" in page
    assert "method-non-parametric/p1__c1.png" not in page


def test_scores_are_shown_when_their_step_is_up_to_date_and_else_not(finished):
    run = finished(PAIRS, notebooks=["one", "comparison"])
    one = score(run, "non-parametric", [{"person": "p1", "clothing": "c1", "ssim": 0.71828, "l1_neck": ""}])
    site = run.site()
    assert "0.718" in page_of(site, "p1", "c1").read_text()
    assert "not scored" in page_of(site, "p2", "c2").read_text()
    run.step(one.scoring, status="failed")
    assert "0.718" not in page_of(run.site(), "p1", "c1").read_text()


def test_the_best_of_several_is_marked_by_the_direction_of_its_measure():
    rows = scores_of_pair([{"ssim": 0.5, "l1_garment": 0.1, "gradient": 1.0}, {"ssim": 0.6, "l1_garment": math.nan}])
    found = {row.label.split(" (")[0]: row for row in rows}
    assert found["SSIM"].best == (False, True)
    assert found["L1 garment"].cells == ("0.1000", "-")
    assert found["L1 garment"].best == (False, False)  # alone it is not the best of anything
    assert found["gradient energy / truth's"].best == (False, False)
    assert len(rows) == 3


def test_hostile_names_stay_text_and_lead_nowhere(finished):
    site = finished([(NASTY, "c1"), ("p2", "c2")]).site()
    page = page_of(site, NASTY, "c1")
    read = Links(page.read_text())
    assert f"{NASTY} in c1" in read.text
    assert "i" not in read.tags
    assert all((page.parent / unquote(link.partition("#")[0])).is_file() for link in read.found)


@pytest.mark.parametrize("person", ["../p1", "a/b", ".."])
def test_ids_that_would_lead_out_of_the_folder_have_no_page(person):
    assert page_name("p1", "c1") == "pairs/p1__c1.html"
    assert (page_name(person, "c1") is None) == ("/" in person)


def test_an_unchanged_page_is_not_written_again(finished):
    run = finished(PAIRS)
    page = page_of(run.site(), "p1", "c1")
    stamp = page.stat().st_mtime_ns
    run.site()
    assert page.stat().st_mtime_ns == stamp


@pytest.fixture(scope="module")
def world(tmp_path_factory):
    root = tmp_path_factory.mktemp("world")
    write_world(root, WorldConfig(people=8, garments=0, seed=3, height=64, width=48))
    return root


def representations(world, folder, **more):
    """The pictures of a world's people, in a report's folder."""
    content = {"name": "t", "purpose": "x", "data": {"kind": "folder", "root": str(world)}, "height": 64, "width": 48}
    path = folder / "t.yaml"
    path.write_text(yaml.safe_dump(content | more))
    out = Published(folder / "report", Digests(folder / "digests.json"))
    return Representations(open_run(path, "", folder / "runs"), out, Digests(folder / "digests.json"))


def test_the_representation_of_a_person_is_drawn_once(world, tmp_path, monkeypatch):
    person = next((world / "test/image").iterdir()).stem
    found = representations(world, tmp_path)
    link = found.of(person)
    with Image.open(tmp_path / "report" / link) as image:
        assert image.size == (48, 64)
        assert len(image.convert("RGB").getcolors(64 * 48)) > 18  # a shade a joint, face and hair
    found.out.finish()
    monkeypatch.setattr(Representations, "_drawn", None)  # would raise
    again = representations(world, tmp_path)
    assert again.of(person) == link


def test_a_changed_file_of_the_person_draws_the_representation_anew(tmp_path):
    root = tmp_path / "world"
    write_world(root, WorldConfig(people=8, garments=0, seed=3, height=64, width=48))
    person = next((root / "test/image").iterdir()).stem
    parsing = next((root / "test").glob(f"image-parse*/{person}.png"))
    content = parsing.read_bytes()
    parsing.unlink()
    found = representations(root, tmp_path)
    assert found.of(person) is None
    found.out.finish()
    parsing.write_bytes(content)
    again = representations(root, tmp_path)
    whole = (tmp_path / "report" / again.of(person)).read_bytes()
    again.out.finish()
    with Image.open(parsing) as image:
        blank = Image.new(image.mode, image.size)
        blank.putpalette(image.getpalette()) if image.mode == "P" else None
    blank.save(parsing)
    third = representations(root, tmp_path)
    assert (tmp_path / "report" / third.of(person)).read_bytes() != whole


def test_a_changed_file_draws_the_representation_anew_in_another_layout_too(tmp_path):
    write_world(tmp_path / "world", WorldConfig(people=8, garments=0, seed=3, height=64, width=48))
    root = tmp_path / "viton"
    convert(Order(tmp_path / "world", root, "viton"))
    person = min(open_dataset(root, "test").people)

    def drawn():
        found = representations(root, tmp_path)
        found.run = with_digests(found.run, found.digests)
        link = found.of(person)
        found.out.finish()
        return link and (tmp_path / "report" / link).read_bytes()

    whole = drawn()
    pose = root / "pose" / f"{person}_0.mat"
    joints = loadmat(pose)
    joints["candidate"][:, :2] = 5
    savemat(pose, {name: joints[name] for name in ("candidate", "subset")})
    assert drawn() not in (None, whole)


def test_the_folders_of_a_persons_files_are_those_that_the_reader_knows():
    read = {name for role in ("image", "parsing", "keypoints") for name in viton_hd.FOLDERS[role]}
    assert set(representation_pictures.FOLDERS) == read


def test_pairs_whose_names_run_together_have_pages_of_their_own():
    names = page_names([("a__b", "c"), ("a", "b__c"), ("a__b", "c"), ("../x", "c")])
    assert names == ["pairs/a__b__c.html", "pairs/a__b__c-2.html", "pairs/a__b__c.html", None]


def test_the_truth_is_no_input(finished):
    page = page_of(finished(PAIRS).site(), "p1", "c1").read_text()
    given, made = page.split('<h2 id="results">')
    assert "True try-on" in made
    assert "True try-on" not in given


def test_a_method_whose_scores_are_old_is_named_and_not_ranked(finished):
    run = finished(PAIRS, methods=["non-parametric", "viton"], notebooks=["one", "comparison"], **TRAINED)
    rows = [{"person": "p1", "clothing": "c1", "ssim": 0.25}]
    score(run, "non-parametric", rows)
    old = score(run, "viton", [rows[0] | {"ssim": 0.99}])
    run.step(old.scoring, status="failed")
    page = page_of(run.site(), "p1", "c1").read_text()
    assert "0.250" in page
    assert "0.990" not in page
    assert "with what lies there now: viton." in page


def test_where_no_whole_representation_can_be_drawn_there_is_none(world, tmp_path):
    person = next((world / "test/image").iterdir()).stem
    assert representations(world, tmp_path).of("nobody") is None
    assert representations(world, tmp_path, representation={"pose": False}).of(person) is None


def test_a_name_that_fits_no_disk_is_no_page_and_stops_nothing(finished):
    run = finished(PAIRS)
    (run.folder / "data/test_pairs.txt").write_text(f"{'p' * 150} {'c' * 150}\np1 c1\n")
    site = run.site()
    assert page_of(site, "p1", "c1").is_file()
    assert [path.name for path in (site.parent / "pairs").glob("*.html")] == ["p1__c1.html"]
    assert page_name("é" * 120, "c") is None


def test_a_page_changes_with_what_stands_on_it_and_its_template_alone(finished, monkeypatch):
    run = finished(PAIRS)
    site = run.site()
    page = page_of(site, "p1", "c1")
    with monkeypatch.context() as patch:
        patch.setattr(pair_pages, "render", None)  # would raise
        run.site()
    path = run.run.warps / "warps.jsonl"
    run.rows(path, [row | {"iou": 0.125} for row in run.rows(path)])
    run.site()
    assert "0.125" in page.read_text()
    monkeypatch.setattr(pair_pages, "style", lambda name: "another template")
    monkeypatch.setattr(pair_pages, "render", lambda *_, **__: "written anew")
    run.site()
    assert page.read_text() == "written anew"
