"""A process that must not outlive the one that started it."""

from __future__ import annotations

import ctypes
import signal
import sys

PR_SET_PDEATHSIG = 1  # <sys/prctl.h>


def dies_with_parent() -> None:
    """Ask Linux to kill this process when its parent dies, so that a killed report leaves nothing running.

    Elsewhere nothing happens: what goes on writes whole files under locks of its own, and finishes.
    """
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
