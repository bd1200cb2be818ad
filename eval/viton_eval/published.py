"""The folder of a report: files are written when they have changed, and what is no longer part of it goes."""

from __future__ import annotations

import os
import shutil
import stat
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from viton.digests import Digests
from viton.errors import InputError
from viton.files import read_json, sha256_of, write_bytes, write_json, write_text, written_whole
from viton.provenance import PACKAGE

FRAMERS = ("images.py", "data/framing.py")  # of the library: what decides how a photograph looks at the working size
MEMORY = ".made.json"  # what each picture was made from
IMAGES, THUMBNAILS = "images/", "thumbnails/"
TALLEST = 256  # px; pictures no taller are shown in the grid as they are, others by a thumbnail of this height


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
        found = _stat(source)
        if found is None or not stat.S_ISREG(found.st_mode):
            return None
        self._wanted.add(name)
        path = self.root / name
        there = _stat(path)
        if there is not None and (os.path.samestat(there, found) or _stamp(there) == _stamp(found)):
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

        Returns `name` with the suffix that the copy got: lossless while it is small. Nothing is read again while the
        file is the same.
        """
        if not source.is_file():
            return None
        suffix = ".png" if size[0] <= TALLEST else ".jpg"
        made_from = f"{self._digests.of(source)} {size[0]}x{size[1]} {self._how}"
        return self.made(f"{name}{suffix}", made_from, lambda: _framed(source, size, suffix))

    def thumbnails(self, names: Iterable[str], size: tuple[int, int]) -> set[str]:
        """Small copies, no larger than (h, w), of pictures of the report; returns the names of those not readable.

        One lies under thumbnails/ where its picture lies under images/, with .jpg behind its name.
        """
        with ThreadPoolExecutor(os.cpu_count()) as pool:  # decoding leaves Python free for another
            made = pool.map(lambda name: (name, self._thumbnail(name, size)), names)
            return {name for name, link in made if link is None}

    def _thumbnail(self, name: str, size: tuple[int, int]) -> str | None:
        path = self.root / name
        made_from = "{} {} {}x{} {}".format(*_stamp(path.stat()), *size, self._how)
        small = f"{THUMBNAILS}{name.removeprefix(IMAGES)}.jpg"
        return self.made(small, made_from, lambda: _framed(path, size, ".jpg"))

    def made(self, name: str, made_from: str, make: Callable[[], bytes | None]) -> str | None:
        """A file made of what `made_from` names, and again only when that changes; None where `make` says so."""
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
        wanted = {str(self.root / name) for name in (*self._wanted, MEMORY)}
        for folder, _, files in os.walk(self.root, topdown=False):
            for file in files:
                path = os.path.join(folder, file)
                if path not in wanted:
                    os.unlink(path)
            if Path(folder) != self.root and not any(Path(folder).iterdir()):
                Path(folder).rmdir()

    def _remembered(self) -> dict[str, str]:
        path = self.root / MEMORY
        content = read_json(path) if path.is_file() else {}
        return {str(name): str(made) for name, made in content.items()} if isinstance(content, dict) else {}


def _stat(path: Path) -> os.stat_result | None:
    """None where there is no such file, or one whose name no disk can hold."""
    try:
        return path.stat()
    except (OSError, ValueError):
        return None


def _stamp(found: os.stat_result) -> tuple[int, int]:
    return found.st_size, found.st_mtime_ns


def _framed(source: Path, size: tuple[int, int], suffix: str) -> bytes | None:
    """Bytes of a photograph at (H, W), read and framed by the library; None when it cannot be read."""
    from viton.data.framing import fit_photo  # here, so that an unchanged report does not wait for torch
    from viton.images import encode, load_rgb

    try:
        return encode(fit_photo(load_rgb(source), size), suffix)
    except InputError:  # the check of the data says why
        return None
