"""Where an artefact comes from: commit, versions, machine, command."""

from __future__ import annotations

import hashlib
import platform
import subprocess
import sys
from functools import cache
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

import viton

PACKAGE = Path(viton.__file__).parent


@cache
def code_digest(package: Path = PACKAGE) -> str:
    """sha256 over the source of a package, so that a result says which code made it even in a dirty checkout."""
    digest = hashlib.sha256()
    for path in sorted(package.rglob("*.py")):
        digest.update(str(path.relative_to(package)).encode() + b"\0" + path.read_bytes() + b"\0")
    return digest.hexdigest()


@cache
def commit() -> str:
    """The checkout's commit, with `+changes` when files differ from it, or `no checkout`."""

    def git(*arguments: str) -> str:
        done = subprocess.run(
            ["git", "-C", str(PACKAGE), *arguments], capture_output=True, text=True, check=True, timeout=30
        )
        return done.stdout.strip()

    try:
        if Path(git("rev-parse", "--show-toplevel")) != PACKAGE.parent.resolve():
            return "no checkout"  # installed into an environment that lies inside some other repository
        changes = git("status", "--porcelain", "--untracked-files=no")
        return git("rev-parse", "--short=12", "HEAD") + ("+changes" if changes else "")
    except (OSError, subprocess.SubprocessError):
        return "no checkout"


def provenance() -> dict[str, str]:
    """What a `provenance.json` beside an artefact holds; nothing in it is hashed into results."""
    return {
        "viton": viton.__version__,
        "commit": commit(),
        "code": code_digest()[:12],
        "python": platform.python_version(),
        "platform": f"{platform.system()} {platform.machine()}",
        "command": " ".join([program(Path(sys.argv[0])), *sys.argv[1:]]),
        **{package: installed(package) for package in ("torch", "torchvision", "numpy", "scipy", "opencv-python")},
    }


def program(started: Path) -> str:
    """What was typed to start a file: its name, or `python -m PACKAGE` for a package's `__main__.py`."""
    return f"python -m {started.parent.name}" if started.name == "__main__.py" else started.name


def installed(package: str) -> str:
    """A package's version without importing it."""
    try:
        return version(package)
    except PackageNotFoundError:
        return "not installed"
