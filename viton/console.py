"""What both command lines share: one-line errors with exit codes, and progress with an estimate of what is left."""

from __future__ import annotations

import errno
import sys
import time
from collections.abc import Callable
from typing import NoReturn, TextIO

import typer

from viton.errors import InputError, UsageError

INTERRUPTED = 130  # as shells have it: 128 + SIGINT


def run(app: typer.Typer) -> NoReturn:
    """Run a command line: exit 0 done, 1 the input or a result is bad, 2 wrong usage. A user's error is one line."""
    try:
        app(standalone_mode=True)
    except UsageError as error:
        _fail(str(error), 2)
    except InputError as error:
        _fail(str(error), 1)
    except OSError as error:
        if error.errno == errno.EPIPE:  # the reader of our output has gone, as with `| head`
            sys.stderr.close()
            sys.exit(1)
        place = f"{error.filename}: " if error.filename else ""
        _fail(f"{place}{error.strerror or error}", 1)
    except SystemExit as error:  # typer turns an interrupt into this exit, without a word
        if error.code != INTERRUPTED:
            raise
        _fail("interrupted; what is done is kept, the same command goes on from there", INTERRUPTED)
    sys.exit(0)


def _fail(message: str, code: int) -> NoReturn:
    line = " ".join(message.split())  # and no sign in it that moves the cursor: names of files are other people's
    shown = "".join(sign if sign.isprintable() else ascii(sign)[1:-1] for sign in line)
    print(f"error: {shown}", file=sys.stderr)
    sys.exit(code)


def say(message: str) -> None:
    """A line for the person; results go to standard output, so this goes to standard error."""
    print(message, file=sys.stderr, flush=True)


def progress(label: str, stream: TextIO | None = None) -> Callable[[int, int], None]:
    """A function of (done, total) that shows progress and the time left.

    On a terminal one line that is rewritten; elsewhere a plain line at most every ten seconds, and one at the end.
    """
    out = stream or sys.stderr
    started = shown = time.monotonic()
    terminal = out.isatty()

    def show(done: int, total: int) -> None:
        nonlocal shown
        now = time.monotonic()
        last = done == total
        if not last and now - shown < (0.1 if terminal else 10):
            return
        shown = now
        left = "" if last or not done else f", {_duration((now - started) / done * (total - done))} left"
        text = f"{label}: {done}/{total} in {_duration(now - started)}{left}"
        out.write(f"\r\x1b[K{text}" + ("\n" if last else "") if terminal else text + "\n")
        out.flush()

    return show


def _duration(seconds: float) -> str:
    if seconds < 60:
        return f"{seconds:.1f} s"
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes} min {rest} s" if minutes < 60 else f"{minutes // 60} h {minutes % 60} min"
