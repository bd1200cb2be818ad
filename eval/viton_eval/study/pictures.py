"""What raters see: every picture under an opaque name, as a PNG of one size and one length in bytes.

A blurred result is a shorter file than a sharp one, so every file is filled up to the longest with a chunk that no
program shows. What the pixels themselves give away (a blur, a paste) is what the study asks about.
"""

from __future__ import annotations

import hashlib
import os
import struct
import zlib
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from viton.coordinates import Size
from viton.data.dataset import Dataset
from viton.data.framing import fit_photo
from viton.data.sample import Pair
from viton.errors import InputError
from viton.files import write_bytes
from viton.images import Pixels, encode, load_rgb
from viton_eval.foreign import expect_plain
from viton_eval.study.design import PHOTO, SHUFFLED, Trial

TILES = 8  # a side, of a gold trial's loser
WRITTEN = 1_000_000_000  # seconds since 1970: the time of every picture
CHUNK = 12  # bytes of an empty PNG chunk: length, name, checksum
FILLER = b"viFi"  # ancillary, private, safe to copy
END = b"\x00\x00\x00\x00IEND\xaeB`\x82"


class Sight(NamedTuple):
    """One picture that is shown: whose, and made by whom."""

    what: str  # person, clothing, photo, a method, or shuffled:METHOD
    person: str
    clothing: str


class Pictures:
    """Reads each picture of a study at its size.

    results: of each method: the file of each pair.   Raises InputError for pictures of unlike sizes.
    """

    def __init__(self, data: Dataset, results: Mapping[str, Mapping[Pair, Path]], size: Size, seed: int) -> None:
        self.data, self.results, self.size, self.seed = data, results, size, seed

    def pixels(self, sight: Sight) -> Pixels:
        """uint8 (H,W,3)."""
        pair = Pair(sight.person, sight.clothing)
        if sight.what in ("person", PHOTO):
            return fit_photo(self.data.photo(sight.person), self.size)
        if sight.what == "clothing":
            return fit_photo(load_rgb(self.data.clothings[sight.clothing]), self.size)
        method = sight.what.removeprefix(f"{SHUFFLED}:")
        pixels = self._result(self.results[method][pair])
        if method == sight.what:
            return pixels
        return shuffled(pixels, np.random.default_rng([self.seed, zlib.crc32(pair.name.encode())]))

    def _result(self, path: Path) -> Pixels:
        expect_plain(path)
        pixels = load_rgb(path)
        if pixels.shape[:2] != self.size:
            expected = "a picture of {}x{}, as the others".format(*self.size)
            raise InputError(path, f"{expected} (`viton-eval import --resize` brings all to one size)", told(pixels))
        return pixels


def told(pixels: Pixels) -> str:
    return "{}x{}".format(*pixels.shape[:2])


def shuffled(pixels: Pixels, rng: np.random.Generator) -> Pixels:
    """A picture (H,W,3) cut into 8x8 tiles, all of them elsewhere; the rest of H / 8 and W / 8 stays where it is."""
    height, width = (side // TILES for side in pixels.shape[:2])
    if not height or not width:
        raise ValueError(f"shuffled: expected a picture of at least {TILES}x{TILES}, got {told(pixels)}")
    inner = pixels[: height * TILES, : width * TILES].reshape(TILES, height, TILES, width, 3).swapaxes(1, 2)
    tiles = inner.reshape(TILES * TILES, height, width, 3)
    circle = rng.permutation(len(tiles))  # each tile goes where the next one was: none stays
    moved = np.empty_like(tiles)
    moved[circle] = tiles[np.roll(circle, 1)]
    whole = pixels.copy()
    grid = moved.reshape(TILES, TILES, height, width, 3).swapaxes(1, 2)
    whole[: height * TILES, : width * TILES] = grid.reshape(height * TILES, width * TILES, 3)
    return whole


def sights_of(trial: Trial) -> dict[str, Sight]:
    """What a trial shows, by the column of Trial that takes its file's name."""
    if trial.task == "flash":
        return {"shown_picture": Sight(trial.shown, trial.person, trial.clothing)}
    return {
        "person_picture": Sight("person", trial.person, ""),
        "clothing_picture": Sight("clothing", "", trial.clothing),
        "left_picture": Sight(trial.left, trial.person, trial.clothing),
        "right_picture": Sight(trial.right, trial.person, trial.clothing),
    }


def write_pictures(
    folder: Path,
    trials: Iterable[Trial],
    pictures: Pictures,
    secret: str,
    progress: Callable[[int, int], None] | None = None,
) -> list[Trial]:
    """Write what the trials show, each once, and return them with the files' names.

    secret: what names are made with: who does not know it cannot tell which name is which picture's.
    """
    trials, show = list(trials), progress or (lambda done, total: None)
    sights = sorted({sight for trial in trials for sight in sights_of(trial).values()})
    lengths = []
    for done, sight in enumerate(sights, 1):  # twice over: all in memory would be gigabytes at 1024x768
        data = encode(pictures.pixels(sight), ".png")
        write_bytes(folder / _name(sight, secret), data)
        lengths.append(len(data))
        show(done, len(sights))
    for path in sorted(folder / _name(sight, secret) for sight in sights):  # in an order that says nothing
        write_bytes(path, filled(path.read_bytes(), max(lengths) + CHUNK))
        os.utime(path, (WRITTEN, WRITTEN))  # times travel with copies, and web servers show them
    return [_with_names(trial, secret) for trial in trials]


def _with_names(trial: Trial, secret: str) -> Trial:
    names: dict[str, Any] = {column: _name(sight, secret) for column, sight in sights_of(trial).items()}
    return trial._replace(**names)


def _name(sight: Sight, secret: str) -> str:
    return hashlib.sha256("\n".join([secret, *sight]).encode()).hexdigest()[:20] + ".png"


def filled(png: bytes, length: int) -> bytes:
    """The same picture in exactly `length` bytes; ValueError where an empty chunk has no room any more."""
    room = length - len(png) - CHUNK
    if room < 0 or not png.endswith(END):
        raise ValueError(f"filled: expected a PNG of at most {length - CHUNK} bytes, got {len(png)}")
    body = FILLER + bytes(room)
    chunk = struct.pack(">I", room) + body + struct.pack(">I", zlib.crc32(body))
    return png[: -len(END)] + chunk + END
