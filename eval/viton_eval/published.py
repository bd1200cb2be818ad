"""The folder of a report: files are written when they have changed, and what is no longer part of it goes."""

from __future__ import annotations

import io
import os
import shutil
from pathlib import Path

from viton.files import read_json, write_bytes, write_json, write_text, written_whole
from viton_eval.digests import Digests

JPEG_QUALITY = 93
SMALL = 128  # pixels of height; below, JPEG's blocks would be as big as what the picture shows, and PNG is small anyway
MEMORY = ".made.json"  # what each picture was made from


class Published:
    """Collects what belongs into `root`; `finish` removes the rest."""

    def __init__(self, root: Path, digests: Digests) -> None:
        self.root, self._digests = root, digests
        self._wanted: set[str] = set()
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
        """A copy at (H, W), padded with white and never squeezed; None when there is no readable picture.

        Returns `name` with the suffix that the copy got.
        """
        if not source.is_file():
            return None
        name += ".png" if size[0] <= SMALL else ".jpg"
        made_from = f"{self._digests.of(source)} {size[0]}x{size[1]}"
        path = self.root / name
        if self._made_from.get(name) != made_from or not path.is_file():
            data = _resized(source, size)
            if data is None:
                return None
            write_bytes(path, data)
            self._made_from[name] = made_from
        self._wanted.add(name)
        return name

    def finish(self) -> None:
        """Remove what does not belong to the report any more, and remember what pictures were made from."""
        kept = {name: made for name, made in self._made_from.items() if name in self._wanted}
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


def _resized(source: Path, size: tuple[int, int]) -> bytes | None:
    """PNG or JPEG bytes of a picture at (H, W); None when it cannot be read: the check of the data says why."""
    from PIL import Image, ImageOps

    height, width = size
    try:
        with Image.open(source) as image:
            image.draft("RGB", (2 * width, 2 * height))
            fitted = ImageOps.pad(image.convert("RGB"), (width, height), Image.Resampling.LANCZOS, color="white")
    except (OSError, ValueError, SyntaxError, Image.DecompressionBombError):
        return None
    stream = io.BytesIO()
    if height <= SMALL:
        fitted.save(stream, "PNG")
    else:
        fitted.save(stream, "JPEG", quality=JPEG_QUALITY, subsampling=0)
    return stream.getvalue()
