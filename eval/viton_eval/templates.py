"""The pages' templates, styles and script, kept in the folder site."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import quote

if TYPE_CHECKING:
    from jinja2 import Environment

SITE = Path(__file__).parent / "site"


def render(name: str, **values: object) -> str:
    """Fill a template; every value is escaped unless the template marks it safe."""
    return _environment().get_template(name).render(**values)


def style(name: str) -> str:
    """The text of a style sheet, or of a template as it is written."""
    return (SITE / name).read_text()


def url(path: str) -> str:
    """A relative path as it stands in a link, whatever is in its names."""
    return quote(path, safe="/")


def inlined_json(value: object) -> str:
    """JSON that may stand inside a <script> element: nothing in it can end the element or start a comment."""
    text = json.dumps(value, separators=(",", ":"), sort_keys=True)  # ASCII only
    return text.replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026")


@cache
def _environment() -> Environment:
    from jinja2 import Environment, FileSystemLoader, StrictUndefined
    from markupsafe import Markup

    environment = Environment(
        loader=FileSystemLoader(SITE), autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    environment.globals["file"] = lambda name: Markup((SITE / name).read_text())
    environment.filters["url"] = url
    return environment
