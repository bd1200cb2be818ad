"""Printed sheets: a rater's trials as an A4 booklet of consent, instructions and boxes to tick.

Nothing on a sheet or in its file tells a method: pictures are pixels without names, and there are no bookmarks, notes
or dates. Flashes are left out: paper cannot be shown for a quarter of a second.
"""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator
from itertools import groupby
from pathlib import Path
from typing import Any, NamedTuple
from xml.sax.saxutils import escape

from matplotlib import get_data_path
from PIL import Image
from reportlab.lib.colors import Color, black
from reportlab.lib.pagesizes import A4
from reportlab.lib.styles import ParagraphStyle
from reportlab.lib.units import inch, mm
from reportlab.lib.utils import ImageReader
from reportlab.pdfbase import pdfmetrics
from reportlab.pdfbase.ttfonts import TTFont
from reportlab.platypus import BaseDocTemplate, Flowable, Frame, PageBreak, PageTemplate, Paragraph

from viton.errors import InputError
from viton_eval.study.design import Trial
from viton_eval.study.frozen import DESIGN, Study

FONT, BOLD = "DejaVuSans", "DejaVuSans-Bold"  # embedded; they come with matplotlib
GREY = Color(0.35, 0.35, 0.35)
PALE = Color(0.75, 0.75, 0.75)
BAND = Color(0.93, 0.93, 0.93)
MARGIN, TOP, FOOT = 15 * mm, 22 * mm, 14 * mm
HEAD = 15 * mm  # from the top of a page to its head
WIDTH, HEIGHT = A4[0] - 2 * MARGIN, A4[1] - TOP - FOOT
RESULT, REFERENCE = (46 * mm, 61.4 * mm), (33 * mm, 44 * mm)  # the largest that a picture gets: three trials a page
GAP, PARTING = 4 * mm, 14 * mm  # between pictures; between what is given and what is judged
HEADING, BOXES, BELOW = 7.5 * mm, 8 * mm, 3 * mm
TRIAL_HEIGHT = HEADING + RESULT[1] + BOXES + BELOW
TICK = 4.5 * mm  # the side of a box to tick
FEWEST_DPI, MOST_DPI = 150, 300  # of printed pictures: enlarged so that no printer shows squares, shrunk to what it can

TITLE = ParagraphStyle("title", fontName=BOLD, fontSize=18, leading=23, spaceAfter=4 * mm)
SECTION = ParagraphStyle("section", fontName=BOLD, fontSize=11, leading=15, spaceBefore=4 * mm, spaceAfter=1.5 * mm)
TEXT = ParagraphStyle("text", fontName=FONT, fontSize=9.5, leading=14, spaceAfter=2 * mm)

QUESTION = ParagraphStyle("question", fontName=BOLD, fontSize=9.5, leading=14)

Loader = Callable[[str, tuple[float, float]], Any]  # a picture's file name and printed size -> what reportlab draws


class _Place(NamedTuple):
    """Where a picture lies on the page, in points, and what stands below it."""

    file: str
    left: float
    width: float
    height: float
    caption: str  # "" where a box to tick says it


def printed(study: Study, rater: int) -> list[Trial]:
    """What a rater is asked on paper: all trials but flashes."""
    return [trial for trial in study.of_rater(rater) if trial.task == "choice"]


def booklet(study: Study, rater: int) -> bytes:
    """A rater's booklet as PDF, the same bytes for the same study.

    Raises InputError for texts with characters that the embedded font does not have.
    """
    _expect_glyphs(study)
    pages = _written(study, rater, 0, lambda file, size: None)[1]  # without pictures: to know how many pages there are
    return _written(study, rater, pages, lambda file, size: _picture(study.pictures / file, size))[0]


def _written(study: Study, rater: int, pages: int, load: Loader) -> tuple[bytes, int]:
    def furniture(canvas: Any, document: Any) -> None:
        _furniture(canvas, study, rater, pages)

    stream = io.BytesIO()
    document = BaseDocTemplate(stream, pagesize=A4, invariant=1, title=f"Study {study.id}, rater {rater}", author="")
    none = {f"{side}Padding": 0 for side in ("left", "bottom", "right", "top")}
    document.addPageTemplates(PageTemplate(frames=[Frame(MARGIN, FOOT, WIDTH, HEIGHT, **none)], onPage=furniture))
    document.build([*_cover(study, rater), *_pages(study, rater, load)])
    return stream.getvalue(), document.page


def _pages(study: Study, rater: int, load: Loader) -> Iterator[Flowable]:
    """All trials, block after block, as many on a page as it has room for; each page begins with the question."""
    blocks, room = [list(block) for _, block in groupby(printed(study, rater), lambda trial: trial.block)], 0.0
    for number, block in enumerate(blocks, 1):
        name = f"Block {number} of {len(blocks)}"
        for place, trial in enumerate(block):
            start = _BlockStart(name) if place == 0 else None
            if room < TRIAL_HEIGHT + (start.height if start else 0):
                heading = _heading(study, name if start else f"{name}, continued")
                room = HEIGHT - heading.height
                yield from (PageBreak(), heading)
            elif start:
                room -= start.height
                yield start
            room -= TRIAL_HEIGHT
            yield _TrialBox(study, trial, load)


def _heading(study: Study, name: str) -> _Heading:
    """The head of a page; raises InputError for a question that is too long."""
    heading = _Heading(study, name)
    if heading.height + TRIAL_HEIGHT > HEIGHT:
        got = f"{len(study.settings.texts.question)} signs"
        raise InputError(f"{study.folder / DESIGN}: texts.question", "a question that leaves room for a trial", got)
    return heading


def _cover(study: Study, rater: int) -> Iterator[Flowable]:
    """Consent, instructions, and how to answer; as many pages as the texts need."""
    texts, settings = study.settings.texts, study.settings
    yield Paragraph(escape(texts.title), TITLE)
    yield Paragraph("Before you begin", SECTION)
    yield from _paragraphs(texts.consent_on("paper"))
    if texts.contact:
        yield from _paragraphs(f"Questions: {texts.contact}")
    yield _Tick("I have read this and take part of my own will.")
    yield Paragraph("What you do", SECTION)
    yield from _paragraphs(texts.instructions)
    yield Paragraph("How you answer", SECTION)
    tie = " If you see no difference at all, tick that box." if settings.ties else ""
    number, blocks = len(printed(study, rater)), len({trial.block for trial in printed(study, rater)})
    yield from _paragraphs(
        f"This booklet has {number} trials in {blocks} blocks. In each, tick one box: A for the picture on the left, "
        f"B for the one on the right.{tie} If you tick a wrong box, strike it out and tick the other.\n\n"
        f"Answer in the order of the pages and do not go back. A block has up to {settings.block_trials} trials and "
        f"should take you no longer than {settings.block_seconds} seconds; between blocks you may rest.\n\n"
        "Please write no name and nothing else into this booklet."
    )


def _paragraphs(text: str) -> Iterator[Flowable]:
    """A setting's text: a blank line begins a paragraph, and nothing in it is markup."""
    for part in text.split("\n\n"):
        if part.strip():
            yield Paragraph(escape(part.strip()).replace("\n", "<br/>"), TEXT)


class _Tick(Flowable):
    """A box to tick with words beside it."""

    def __init__(self, words: str) -> None:
        super().__init__()
        self.words, self.width, self.height = words, WIDTH, TICK + 3 * mm

    def wrap(self, *available: float) -> tuple[float, float]:
        return self.width, self.height

    def draw(self) -> None:
        _tick(self.canv, 0, 1.5 * mm, self.words)


class _Heading(_Tick):
    """A block's heading with the question; a paragraph's height."""

    def __init__(self, study: Study, block: str) -> None:
        super().__init__(block)
        self.question = Paragraph(escape(study.settings.texts.question), QUESTION)
        self.height = self.question.wrap(WIDTH, A4[1])[1] + BELOW

    def draw(self) -> None:
        self.question.drawOn(self.canv, 0, BELOW)
        self.canv.setFont(FONT, 8)
        self.canv.setFillColor(GREY)
        self.canv.drawCentredString(WIDTH / 2, self.height + TOP - HEAD, self.words)  # in the line of the page's head
        self.canv.setFillColor(black)


class _BlockStart(_Tick):
    """Where a block begins further down on a page: its name on a band."""

    def __init__(self, block: str) -> None:
        super().__init__(block)
        self.height = 7.5 * mm

    def draw(self) -> None:
        self.canv.setFillColor(BAND)
        self.canv.rect(0, 2 * mm, WIDTH, 5 * mm, stroke=0, fill=1)
        self.canv.setFillColor(black)
        self.canv.setFont(FONT, 8)
        self.canv.drawCentredString(WIDTH / 2, 3.5 * mm, self.words)


class _TrialBox(Flowable):
    """One trial, whole: what is given, what is judged, boxes to tick."""

    def __init__(self, study: Study, trial: Trial, load: Loader) -> None:
        super().__init__()
        self.trial, self.ties, self.load, self.places = trial, study.settings.ties, load, _places(study, trial)

    def wrap(self, *available: float) -> tuple[float, float]:
        return WIDTH, TRIAL_HEIGHT

    def draw(self) -> None:
        canvas, top = self.canv, TRIAL_HEIGHT - HEADING
        canvas.setStrokeColor(PALE)
        canvas.setLineWidth(0.5)
        canvas.line(0, TRIAL_HEIGHT - 0.4 * mm, WIDTH, TRIAL_HEIGHT - 0.4 * mm)
        canvas.setFont(BOLD, 9.5)
        canvas.drawString(0, top + 2 * mm, f"Trial {self.trial.trial}")
        for place in self.places:
            self._picture(place, top - place.height)
        left, right = self.places[2], self.places[3]
        row = top - left.height - TICK - 2 * mm
        _tick(canvas, left.left, row, "A (left)")
        _tick(canvas, right.left + right.width - _tick_width("B (right)"), row, "B (right)")
        if self.ties:
            middle = (left.left + right.left + right.width) / 2
            _tick(canvas, middle - _tick_width("no difference") / 2, row, "no difference")

    def _picture(self, place: _Place, bottom: float) -> None:
        canvas = self.canv
        picture = self.load(place.file, (place.width, place.height))
        if picture is not None:
            canvas.drawImage(picture, place.left, bottom, place.width, place.height)
        canvas.rect(place.left, bottom, place.width, place.height)
        canvas.setFont(FONT, 8)
        canvas.setFillColor(GREY)
        canvas.drawCentredString(place.left + place.width / 2, bottom - 3.6 * mm, place.caption)
        canvas.setFillColor(black)


def _places(study: Study, trial: Trial) -> list[_Place]:
    """Where person, garment, left and right lie; the results larger, for they are what is judged."""
    ratio = study.size[0] / study.size[1]
    places, left = [], 0.0
    shown = [
        (trial.person_picture, REFERENCE, "person", GAP),
        (trial.clothing_picture, REFERENCE, "garment", PARTING),
        (trial.left_picture, RESULT, "", GAP),
        (trial.right_picture, RESULT, "", 0.0),
    ]
    for file, (most_width, most_height), caption, gap in shown:
        width = min(most_width, most_height / ratio)
        places.append(_Place(file, left + (most_width - width) / 2, width, width * ratio, caption))
        left += most_width + gap
    return places


def _tick(canvas: Any, left: float, bottom: float, words: str) -> None:
    canvas.setStrokeColor(black)
    canvas.setLineWidth(0.9)
    canvas.rect(left, bottom, TICK, TICK)
    canvas.setFont(FONT, 9.5)
    canvas.drawString(left + TICK + 1.8 * mm, bottom + 1.1 * mm, words)


def _tick_width(words: str) -> float:
    return TICK + 1.8 * mm + pdfmetrics.stringWidth(words, FONT, 9.5)


def _furniture(canvas: Any, study: Study, rater: int, pages: int) -> None:
    """What stands on every page: whose sheet it is, of which study, and which page."""
    canvas.saveState()
    canvas.setFont(BOLD, 11)
    canvas.drawString(MARGIN, A4[1] - HEAD, f"Rater {rater}")
    canvas.setFont(FONT, 8)
    canvas.setFillColor(GREY)
    canvas.drawRightString(A4[0] - MARGIN, A4[1] - HEAD, f"Study {study.id}")
    canvas.drawCentredString(A4[0] / 2, 9 * mm, f"page {canvas.getPageNumber()} of {pages}")
    canvas.setStrokeColor(PALE)
    canvas.line(MARGIN, A4[1] - 18 * mm, A4[0] - MARGIN, A4[1] - 18 * mm)
    canvas.restoreState()


def _picture(path: Path, size: tuple[float, float]) -> ImageReader:
    """A picture's pixels as they are printed: lossless, at 150 to 300 dots an inch."""
    with Image.open(path) as opened:
        picture = opened.convert("RGB")
    dpi = picture.width / (size[0] / inch)
    scale = max(FEWEST_DPI / dpi, 1) * min(MOST_DPI / dpi, 1)
    if scale != 1:
        pixels = round(picture.width * scale), round(picture.height * scale)
        picture = picture.resize(pixels, Image.Resampling.BICUBIC)
    return ImageReader(picture)


def _expect_glyphs(study: Study) -> None:
    fonts = Path(get_data_path()) / "fonts" / "ttf"
    for name in (FONT, BOLD):
        if name not in pdfmetrics.getRegisteredFontNames():
            pdfmetrics.registerFont(TTFont(name, fonts / f"{name}.ttf"))
    known = pdfmetrics.getFont(FONT).face.charToGlyph
    for field, text in study.settings.texts:
        strange = sorted({sign for sign in text if not sign.isspace() and ord(sign) not in known})
        if strange:
            expected = "signs that DejaVu Sans can print"
            raise InputError(f"{study.folder / DESIGN}: texts.{field}", expected, f"{strange[0]!r}")
