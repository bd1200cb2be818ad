"""A headless Chromium for what is measured or tested in a browser, and the pages that it opens from disk."""

from __future__ import annotations

import os
import shutil

ARGUMENTS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking"]
NAMES = ("chromium", "chromium-browser", "google-chrome")


def chromium_path() -> str | None:
    """The browser that VITON_CHROMIUM names, else the first of NAMES on the path; None where there is none."""
    return os.environ.get("VITON_CHROMIUM") or next(filter(None, map(shutil.which, NAMES)), None)


def not_found() -> str:
    """What to say where there is none."""
    return f"no browser; looked for VITON_CHROMIUM, {', '.join(NAMES)}"
