"""What this machine can run."""

from __future__ import annotations

import importlib
import os
import platform
import shutil
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

from viton.provenance import installed

PACKAGES = (
    "torch", "torchvision", "torchmetrics", "numpy", "scipy", "opencv-python", "pandas", "matplotlib", "jupyterlab",
    "papermill", "snakemake",
)  # fmt: skip


class Finding(NamedTuple):
    """One thing looked at; `needed` ones must be ok for `make report`."""

    what: str
    ok: bool
    needed: bool
    found: str


def examine() -> list[Finding]:
    """Look at interpreter, packages, device, browser and disk, and warp one made-up garment."""
    return [
        Finding("python", sys.version_info >= (3, 11), True, f"{platform.python_version()} at {sys.prefix}"),
        *_packages(),
        _importing("device", _device),
        _browser(),
        _disk(),
        _importing("shape-context match", _warp),
    ]


def _importing(what: str, probe: Callable[[], Finding]) -> Finding:
    """The probe's finding, or what it could not import."""
    try:
        return probe()
    except ImportError as error:
        return Finding(what, False, True, f"cannot be tried: {error}")


def _packages() -> Iterator[Finding]:
    for name in PACKAGES:
        found = installed(name)
        yield Finding(name, found != "not installed", True, found)
    try:
        importlib.import_module("cv2")
    except ImportError as error:
        hint = "Debian and Ubuntu: apt-get install libgl1 libglib2.0-0"
        yield Finding("OpenCV's system libraries", False, True, f"{error}; {hint}")


def _device() -> Finding:
    import torch

    if torch.cuda.is_available():
        return Finding("device", True, False, torch.cuda.get_device_name())
    return Finding(
        "device", True, False, f"no GPU; {os.cpu_count()} CPU cores, {torch.get_num_threads()} used by torch"
    )


def _browser() -> Finding:
    names = (os.environ.get("VITON_CHROMIUM", ""), "chromium", "chromium-browser", "google-chrome")
    found = next((path for name in names if name and (path := shutil.which(name))), None)
    hint = "none: browser tests are skipped (Debian: apt-get install chromium, or set VITON_CHROMIUM)"
    return Finding("browser for tests", found is not None, False, found or hint)


def _disk() -> Finding:
    free = shutil.disk_usage(Path.cwd()).free / 2**30
    return Finding("free disk here", free > 1, True, f"{free:.0f} GiB")


def _warp() -> Finding:
    """Warp a square onto a trapezoid: the whole numeric path, timed."""
    import numpy as np

    from viton.config import WarpConfig
    from viton.warp import fit_warp

    square, trapezoid = np.zeros((128, 96)), np.zeros((128, 96))
    square[30:100, 20:76] = 1
    for row in range(40, 90):
        trapezoid[row, 40 - row // 5 : 56 + row // 5] = 1
    fit_warp(square, trapezoid, WarpConfig(), np.random.default_rng(0))
    started = time.perf_counter()
    fit = fit_warp(square, trapezoid, WarpConfig(), np.random.default_rng(0))
    took = 1000 * (time.perf_counter() - started)
    return Finding("shape-context match", len(fit.match.steps[-1].source) > 50, True, f"{took:.0f} ms")
