"""An executed notebook as one HTML file that opens from disk and loads nothing."""

from __future__ import annotations

import re
from pathlib import Path

from viton.files import write_text
from viton_eval.templates import render

PIECES = r"<h[1-6][^>]*>(?P<heading>.*?)</h[1-6]>|<table(?P<how>[^>]*)>(?P<rows>.*?)</table>"
HEAD = r"<th(?=[ >])"
NO_ALT = "No description has been provided for this image"


def write_page(notebook: Path, html: Path, title: str, back: str = "") -> None:
    """Write `notebook` as a page with images and styles inside.

    back: where its link to the report leads, "" for no link.
    """
    from nbconvert.exporters import HTMLExporter
    from pygments.formatters import HtmlFormatter  # type: ignore[import-untyped]

    exporter = HTMLExporter(
        template_name="basic",
        exclude_input_prompt=True,
        exclude_output_prompt=True,
        exclude_anchor_links=True,
        embed_images=True,
    )
    body, _ = exporter.from_filename(str(notebook))
    body = told_tables(body.replace(NO_ALT, f"Figure of the notebook: {_attribute(title)}"))
    colours = HtmlFormatter(style="default").get_style_defs(".highlight")
    page = render("notebook.html.j2", title=title, back=back, body=body, colours=colours, source=f"{notebook.name}")
    write_text(html, page)


def told_tables(body: str) -> str:
    """The page with what a screen reader says of a table: the heading that it stands under, and whose head each is."""
    under = ""

    def told(found: re.Match[str]) -> str:
        nonlocal under
        if found["heading"] is not None:
            under = re.sub(r"<[^>]+>", "", found["heading"]).strip()
            return found[0]
        head, end, rows = found["rows"].rpartition("</thead>")
        head, rows = re.sub(HEAD, '<th scope="col"', head), re.sub(HEAD, '<th scope="row"', rows)
        told_already = "<caption" in found["rows"] or not under
        caption = "" if told_already else f'<caption class="hidden">Table: {under}</caption>'
        return f"<table{found['how']}>{caption}{head}{end}{rows}</table>"

    return re.sub(PIECES, told, body, flags=re.DOTALL)


def _attribute(text: str) -> str:
    from markupsafe import escape

    return str(escape(text))
