"""What a user can cause, said in one line."""

from __future__ import annotations

from pathlib import Path


class InputError(ValueError):
    """A file, folder or value that the user gave is not what was expected; the command line exits 1."""

    def __init__(self, where: str | Path, expected: str, got: str) -> None:
        super().__init__(f"{where}: expected {expected}, got {got}")
        self.where, self.expected, self.got = str(where), expected, got


class UsageError(ValueError):
    """A wrong name or option in an otherwise sound command; the command line exits 2."""
