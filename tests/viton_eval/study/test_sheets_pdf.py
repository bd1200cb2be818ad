"""Booklets: whole, in order, blind, and the same bytes for the same study."""

import io
import re
from collections import Counter

import numpy as np
import pytest
from PIL import Image
from pypdf import PdfReader

from viton.errors import InputError
from viton.images import load_rgb
from viton_eval.study.consent import PAPER
from viton_eval.study.sheets_pdf import MOST_DPI, _picture, booklet, printed

TRIAL = re.compile(r"Trial (\d+-\d+)\n")
HOSTILE = {"title": "A & B <b>bold</b>", "consent": "One.\n\nTwo & <font>.\n\n" + "Long. " * 3000, "contact": "é ß Ω Ж"}


@pytest.fixture(scope="module")
def pdf(study):
    return booklet(study, 2)


@pytest.fixture(scope="module")
def pages(pdf):
    return [page.extract_text() for page in PdfReader(io.BytesIO(pdf)).pages]


@pytest.fixture(scope="module")
def tied(make, tmp_path_factory):
    """A study with ties and texts that would be markup."""
    folder = tmp_path_factory.mktemp("tied") / "study"
    return make(folder, methods=("alpha", "beta"), limit=3, votes=1, gold=1, repeats=0, ties=True, texts=HOSTILE)


def test_every_comparison_of_the_rater_is_printed_once_and_in_order(study, pages):
    assert TRIAL.findall("\n".join(pages)) == [trial.trial for trial in printed(study, 2)]
    assert len(printed(study, 2)) == sum(trial.task == "choice" for trial in study.of_rater(2)) > 5


def test_flashes_are_left_out(study, pages):
    flashes = {trial.trial for trial in study.of_rater(2) if trial.task == "flash"}
    assert flashes
    assert not flashes & set(TRIAL.findall("\n".join(pages)))


def test_blocks_say_where_they_begin_and_where_they_go_on(study, pages):
    block = {trial.trial: trial.block for trial in study.trials}
    last, count = 0, max(trial.block for trial in printed(study, 2))
    for text in pages[1:]:
        shown = [block[name] for name in TRIAL.findall(text)]
        said = [
            (int(number), bool(more)) for number, more in re.findall(rf"Block (\d+) of {count}(, continued)?", text)
        ]
        assert said == [(number, number == last) for number in dict.fromkeys(shown)]
        last = shown[-1]
    assert last == count > 1


def test_no_page_but_the_last_has_room_for_another_trial(study, pages):
    counts = [len(TRIAL.findall(text)) for text in pages[1:]]
    assert set(counts[:-1]) == {3}
    assert len(counts) == -(-len(printed(study, 2)) // 3)


def test_a_trial_stands_on_one_page_with_its_pictures_and_boxes(pdf, pages):
    for page, text in zip(PdfReader(io.BytesIO(pdf)).pages[1:], pages[1:], strict=True):
        count = len(TRIAL.findall(text))
        assert 1 <= count <= 3
        assert page.get_contents().get_data().count(b" Do\n") == 4 * count  # drawn, however often one was used before
        assert text.count("A (left)") == text.count("B (right)") == text.count("garment\n") == count
        assert "no difference" not in text


def test_pages_are_numbered_and_name_rater_and_study_and_the_first_asks_for_consent(study, pages):
    for number, text in enumerate(pages, 1):
        assert f"page {number} of {len(pages)}" in text
        assert "Rater 2" in text
        assert f"Study {study.id}" in text
    assert "Taking part is voluntary" in pages[0]
    flat = " ".join(pages[0].split())
    assert all(part in flat for part in PAPER.split("\n\n"))
    assert "withdraw" not in flat
    assert "I have read this and take part of my own will." in pages[0]
    assert "more realistic and accurate" in pages[0]


def test_nothing_in_the_file_tells_a_method_a_kind_or_a_picture(study, pdf, pages):
    reader = PdfReader(io.BytesIO(pdf))
    drawn = [page.get_contents().get_data() for page in reader.pages]
    everything = b"\n".join([without_streams(pdf), *drawn, "\n".join(pages).encode()]).lower()
    words = {*study.methods, "shuffled", "gold", "repeat", "expected", "main", ".png", str(study.folder).lower()}
    for trial in study.trials:
        words |= {trial.person, trial.clothing, trial.left_picture[:8], trial.right_picture[:8]} - {""}
    found = [word for word in words if word.lower().encode() in everything]
    assert found == []
    assert set(reader.metadata) <= {"/Title", "/Author", "/Creator", "/Producer", "/Subject", "/Keywords"} | DATES
    assert reader.metadata["/Title"] == f"Study {study.id}, rater 2"
    assert reader.outline == []
    assert not any("/Annots" in page or "/StructTreeRoot" in page for page in reader.pages)


DATES = {"/CreationDate", "/ModDate", "/Trapped"}  # invariant: of the year 2000


def without_streams(data):
    """All but packed bytes, in which any letters may come by chance."""
    return re.sub(rb"stream\r?\n.*?endstream", b"", data, flags=re.DOTALL)


def test_pictures_stand_where_the_trial_says_and_none_is_another(study, pdf):
    reader = PdfReader(io.BytesIO(pdf))
    trials = iter(printed(study, 2))
    for page in list(reader.pages)[1:]:
        names = [name.decode() for name in re.findall(rb"/(\S+) Do", page.get_contents().get_data())]
        lefts = [float(x) for x in re.findall(rb"([\d.]+) [\d.]+ cm\s+/\S+ Do", page.get_contents().get_data())]
        for first in range(0, len(names), 4):
            files, found = files_of(next(trials)), names[first : first + 4]
            assert lefts[first : first + 4] == sorted(lefts[first : first + 4])
            for name, file in zip(found, files, strict=True):
                shown = shrunk(page["/Resources"]["/XObject"][f"/{name}"].decode_as_image(), study.size)
                off = {other: np.abs(load_rgb(study.pictures / other) - shown).mean() for other in files}
                assert min(off, key=off.get) == file
    assert next(trials, None) is None


def files_of(trial):
    return [trial.person_picture, trial.clothing_picture, trial.left_picture, trial.right_picture]


def shrunk(picture, size):
    return np.asarray(picture.convert("RGB").resize(size[::-1], Image.Resampling.BOX), float)


def test_the_same_study_gives_the_same_bytes_whatever_was_written_before(study, pdf):
    other = booklet(study, 1)
    assert booklet(study, 2) == pdf
    assert other != pdf


def test_ties_and_texts_are_printed_as_they_are(tied):
    pages = [page.extract_text() for page in PdfReader(io.BytesIO(booklet(tied, 1))).pages]
    whole = " ".join("\n".join(pages).split())
    assert "A & B <b>bold</b>" in whole
    assert "Two & <font>." in whole
    assert "Questions: é ß Ω Ж" in whole
    assert whole.count("no difference") == len(printed(tied, 1)) + 1  # the instructions name it too
    assert Counter(TRIAL.findall("\n".join(pages))) == Counter(trial.trial for trial in printed(tied, 1))
    assert f"page {len(pages)} of {len(pages)}" in pages[-1]
    assert "Trial" not in pages[1]  # the long consent runs over the first page


def test_fonts_are_embedded(pdf):
    fonts = {}
    for page in PdfReader(io.BytesIO(pdf)).pages:
        fonts |= {name: font.get_object() for name, font in page["/Resources"]["/Font"].items()}
    used = [font for font in fonts.values() if "DejaVu" in font["/BaseFont"]]
    assert len(used) >= 2
    assert all("/FontFile2" in font["/FontDescriptor"] for font in used)


def test_large_pictures_are_printed_at_what_a_printer_can_show(tmp_path):
    Image.new("RGB", (768, 1024)).save(tmp_path / "a.png")
    assert _picture(tmp_path / "a.png", (72.0, 96.0)).getSize() == (MOST_DPI, MOST_DPI * 4 // 3)


def test_signs_without_a_shape_and_questions_without_end_are_told(make, tmp_path):
    strange = make(tmp_path / "a", methods=("alpha", "beta"), limit=1, texts={"question": "哪个更好?"})
    with pytest.raises(InputError, match=r"texts.question: expected signs that DejaVu Sans can print, got '\u4e2a'"):
        booklet(strange, 1)
    long = make(tmp_path / "b", methods=("alpha", "beta"), limit=1, texts={"question": "Which? " * 2000})
    with pytest.raises(InputError, match=r"texts.question: expected a question that leaves room for a trial"):
        booklet(long, 1)
