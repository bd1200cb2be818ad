"""The folder of a report: files are written when they have changed, and what is no longer part of it goes."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from pathlib import Path

from viton.digests import Digests
from viton.errors import InputError
from viton.files import read_json, sha256_of, write_bytes, write_json, write_text, written_whole
from viton.provenance import PACKAGE

FRAMERS = ("images.py", "data/framing.py")  # of the library: what decides how a photograph looks at the working size
MEMORY = ".made.json"  # what each picture was made from


class Published:
    """Collects what belongs into `root`; `finish` removes the rest."""

    def __init__(self, root: Path, digests: Digests) -> None:
        self.root, self._digests = root, digests
        self._wanted: set[str] = set()
        self._unreadable: set[str] = set()
        self._how = " ".join(sha256_of(PACKAGE / name)[:16] for name in FRAMERS)
        self._made_from = self._remembered()

    def text(self, name: str, text: str) -> str:
        """Write a page; returns its name."""
        self._wanted.add(name)
        path = self.root / name
        if not path.is_file() or path.read_bytes() != text.encode():
            write_text(path, text)
        return name

    def link(self, source: Path, name: str) -> str | None:
        """Take a file over, without a second copy where the disk can; returns its name, None if it is not there."""
        if not source.is_file():
            return None
        self._wanted.add(name)
        path = self.root / name
        if path.exists() and (path.samefile(source) or _same_stamp(path, source)):
            return name
        path.parent.mkdir(parents=True, exist_ok=True)
        with written_whole(path) as temporary:
            temporary.unlink()
            try:
                os.link(source, temporary)
            except OSError:  # another disk, or one that has no links
                shutil.copy2(source, temporary)
        return name

    def picture(self, source: Path, name: str, size: tuple[int, int]) -> str | None:
        """A photograph at (H, W), just as a method sees it; None when there is no readable picture.

        Returns `name` with the suffix that the copy got. Nothing is read again while the file is the same.
        """
        if not source.is_file():
            return None
        made_from = f"{self._digests.of(source)} {size[0]}x{size[1]} {self._how}"
        return self.made(f"{name}.png", made_from, lambda: _framed(source, size))

    def made(self, name: str, made_from: str, make: Callable[[], bytes | None]) -> str | None:
        """A picture made of what `made_from` names, and again only when that changes; None where `make` says so."""
        unreadable, path = f"unreadable: {made_from}", self.root / name
        before = self._made_from.get(name)
        if before != unreadable and not (before == made_from and path.is_file()):
            data = make()
            before = self._made_from[name] = unreadable if data is None else made_from
            if data is not None:
                write_bytes(path, data)
        (self._unreadable if before == unreadable else self._wanted).add(name)
        return None if before == unreadable else name

    def finish(self) -> None:
        """Remove what does not belong to the report any more, and remember what pictures were made from."""
        seen = self._wanted | self._unreadable
        kept = {name: made for name, made in self._made_from.items() if name in seen}
        if kept != self._remembered():
            write_json(self.root / MEMORY, kept)
        for folder, _, files in os.walk(self.root, topdown=False):
            for file in files:
                path = Path(folder) / file
                if path.relative_to(self.root).as_posix() not in self._wanted | {MEMORY}:
                    path.unlink()
            if Path(folder) != self.root and not any(Path(folder).iterdir()):
                Path(folder).rmdir()

    def _remembered(self) -> dict[str, str]:
        path = self.root / MEMORY
        content = read_json(path) if path.is_file() else {}
        return {str(name): str(made) for name, made in content.items()} if isinstance(content, dict) else {}


def _same_stamp(path: Path, source: Path) -> bool:
    one, other = path.stat(), source.stat()
    return (one.st_size, one.st_mtime_ns) == (other.st_size, other.st_mtime_ns)


def _framed(source: Path, size: tuple[int, int]) -> bytes | None:
    """PNG bytes of a photograph at (H, W), read and framed by the library; None when it cannot be read."""
    from viton.data.framing import fit_photo  # here, so that an unchanged report does not wait for torch
    from viton.images import encode, load_rgb

    try:
        return encode(fit_photo(load_rgb(source), size), ".png")
    except InputError:  # the check of the data says why
        return None
