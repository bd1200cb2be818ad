"""Cells of CSV that no spreadsheet takes for a formula, and the way back; light on purpose: the report's pages need it.

Names of methods, people and garments come from files of others. Text that begins like a formula gets an apostrophe in
front; so does text that begins with apostrophes and then like one, so that taking one off again gives every text back.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from numbers import Number

FORMULA = re.compile(r"'*[=+\-@\t\r\n\uff1d\uff0b\uff0d\uff20]")  # begins what spreadsheets compute (OWASP)
QUOTED = re.compile(r'[",\r\n]')  # text that has to stand in quotes (RFC 4180)


def csv_line(values: Iterable[object], digits: str = "%r") -> str:
    """A line of CSV with its end; None and NaN are empty cells.   digits: how floats are written."""
    return ",".join(_cell(value, digits) for value in values) + "\n"


def guarded(text: str) -> str:
    """Text as it stands in a cell, before quotes."""
    return f"'{text}" if FORMULA.match(text) else text


def plain(text: str) -> str:
    """What `guarded` was given."""
    return text[1:] if text.startswith("'") and FORMULA.match(text) else text


def _cell(value: object, digits: str) -> str:
    if value is None or value != value:  # NaN alone is not itself
        return ""
    if isinstance(value, float):  # NumPy's float64 too
        return digits % float(value)
    text = str(value) if isinstance(value, Number) else guarded(str(value))
    return '"' + text.replace('"', '""') + '"' if QUOTED.search(text) else text
