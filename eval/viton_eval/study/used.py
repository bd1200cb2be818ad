"""Whether a study's folder may be made anew: not when it holds more than what made it. Light: the workflow asks it."""

from __future__ import annotations

from pathlib import Path

MADE = ("design.json", "trials.csv", "pictures")  # by viton_eval/study/make.py


def used_by(folder: Path) -> list[str]:
    """What in a study's folder `study make` has not made, such as answers.csv or a server's votes; [] of no folder."""
    inside = sorted(path.name for path in folder.iterdir()) if folder.is_dir() else []
    return [name for name in inside if name not in MADE and not name.startswith(".")]
