"""Links from a report's notebook to the pages of pairs."""

from __future__ import annotations

from collections.abc import Sequence

from viton_eval.page_names import Key, page_name
from viton_eval.table_texts import markdown_cell
from viton_eval.templates import url


def links_of(pairs: Sequence[Key]) -> str:
    """Pairs as Markdown, each a link to its own page; a pair whose ids lead out of the report's folder is left out."""
    pages = [(person, clothing, page_name(person, clothing)) for person, clothing in pairs]
    named = [(markdown_cell(f"{person} in {clothing}"), url(page)) for person, clothing, page in pages if page]
    return ", ".join(f"[{name}](../{page})" for name, page in named)
