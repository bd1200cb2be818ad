"""An executed notebook as one HTML file that opens from disk and loads nothing."""

from __future__ import annotations

from pathlib import Path

from viton.files import write_text
from viton_eval.templates import render

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
    body = body.replace(NO_ALT, f"Figure of the notebook: {_attribute(title)}")
    colours = HtmlFormatter(style="default").get_style_defs(".highlight")
    page = render("notebook.html.j2", title=title, back=back, body=body, colours=colours, source=f"{notebook.name}")
    write_text(html, page)


def _attribute(text: str) -> str:
    from markupsafe import escape

    return str(escape(text))
