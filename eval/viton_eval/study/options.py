"""How a study is served, as asked for on the command line."""

from __future__ import annotations

import secrets
from typing import NamedTuple
from urllib.parse import urlsplit

from viton.errors import UsageError

PARAMETERS = ("PROLIFIC_PID", "STUDY_ID", "SESSION_ID")
TOKEN_LEAST = 12  # signs of an organiser's token


class Options(NamedTuple):
    """How a study is served."""

    organiser_token: str
    completion_code: str = ""
    completion_url: str = ""
    parameters: tuple[str, ...] = PARAMETERS  # of the address: participant, study and session of a recruiting service
    lab: bool = False  # several raters, one after another, at one browser
    hosts: tuple[str, ...] = ()  # names under which it may be asked for; none: any name
    places: tuple[int, ...] = ()  # of the design, that are given to who comes; none: all


def options_of(token: str, code: str, url: str, parameters: str, lab: bool) -> Options:
    """As asked, with a token of the organiser's if there is none; raises UsageError for what cannot be."""
    if token and len(token) < TOKEN_LEAST:
        raise UsageError(f"--organiser-token: expected at least {TOKEN_LEAST} signs, got {len(token)}")
    if url and urlsplit(url).scheme not in ("https", "http"):
        raise UsageError(f"--completion-url: expected an address of https or http, got {url!r}")
    names = tuple(parameters.split(","))
    if len(names) != 3 or len(set(names)) < 3 or not all(names):
        raise UsageError(f"--parameters: expected three names, such as PID,STUDY,SESSION, got {parameters!r}")
    return Options(token or secrets.token_urlsafe(24), code, url, names, lab)
