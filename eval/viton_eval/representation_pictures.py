"""What of each person the networks may see, as a picture; drawn anew only when the data or the way has changed."""

from __future__ import annotations

from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from viton.digests import Digests
from viton.errors import InputError
from viton.files import digest_of, sha256_of
from viton.provenance import PACKAGE
from viton_eval.commands import Run
from viton_eval.published import FRAMERS, TALLEST, Published

if TYPE_CHECKING:
    from viton.data.dataset import Dataset

DRAWN_BY = (
    *(*FRAMERS, "data/dataset.py", "data/layouts.py", "data/viton_hd.py", "data/loader.py", "coordinates.py"),
    *("keypoints.py", "parsing.py", "person.py", "try_on_figures.py"),
)
# As viton.data.viton_hd has them, which cannot be imported without torch; a test sees that they are the same.
FOLDERS = ("image", "image-parse-v3", "image-parse", "openpose_json", "openpose-json")


class Representations:
    """The person representation of an experiment's people, drawn into a report."""

    def __init__(self, run: Run, out: Published, digests: Digests) -> None:
        self.run, self.out, self.digests = run, out, digests
        shown = run.config.representation.model_dump(mode="json")
        code = [sha256_of(PACKAGE / name) for name in DRAWN_BY]
        self._size = _drawn_at(run.config.size)
        self._how = digest_of({"size": self._size, "representation": shown, "code": code})[:16]
        self._files: dict[str, list[Path]] = {}  # of each person: photo, parsing, joints
        for folder in (run.data_root / run.config.split / name for name in FOLDERS):
            for path in sorted(folder.iterdir()) if folder.is_dir() else ():
                self._files.setdefault(path.stem.removesuffix("_keypoints"), []).append(path)

    def of(self, person: str) -> str | None:
        """The picture's place in the report; None where the person's files cannot be read, or a part is left out."""
        files = [[path.parent.name, path.name, self.digests.of(path)] for path in self._files.get(person, ())]
        of_all = self.run.data_digest if not self._files else ""  # another layout: a change anywhere draws anew
        made_from = f"{digest_of([files, of_all] if of_all else files)[:32]} {self._how}"
        return self.out.made(f"images/representation/{person}.png", made_from, lambda: self._drawn(person))

    @cached_property
    def _data(self) -> Dataset:
        from viton.data.layouts import open_dataset  # here, so that an unchanged report does not wait for torch

        return open_dataset(self.run.data_root, self.run.config.split, self.run.layout)

    def _drawn(self, person_id: str) -> bytes | None:
        try:
            person = self._data.person(person_id, self._size)
        except InputError:  # the check of the data says why
            return None
        from viton.images import encode
        from viton.person import represent_people
        from viton.try_on_figures import WHOLE, representation_picture

        channels = represent_people([person], self.run.config.representation, self._data.label_map)[0]
        return encode(representation_picture(channels), ".png") if len(channels) == WHOLE else None


def _drawn_at(size: tuple[int, int]) -> tuple[int, int]:
    """A large one is drawn smaller: all its parts grow with the picture, and only take longer."""
    whole = size[0] > TALLEST and size[0] % TALLEST == 0 and size[1] * TALLEST % size[0] == 0
    return (TALLEST, size[1] * TALLEST // size[0]) if whole else size
