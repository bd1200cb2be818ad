"""What of each person the networks may see, as a picture; drawn anew only when the data or the way has changed."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING

from viton.errors import InputError
from viton.files import digest_of, sha256_of
from viton.provenance import PACKAGE
from viton_eval.commands import Run
from viton_eval.plan import plan
from viton_eval.published import FRAMERS, Published

if TYPE_CHECKING:
    from viton.data.viton_hd import VitonHd

DRAWN_BY = (*FRAMERS, "person.py", "try_on_figures.py", "parsing.py", "keypoints.py")


class Representations:
    """The person representation of an experiment's people, drawn into a report."""

    def __init__(self, run: Run, out: Published) -> None:
        self.run, self.out = run, out
        shown = run.config.representation.model_dump(mode="json")
        code = [sha256_of(PACKAGE / name) for name in DRAWN_BY]
        self._how = digest_of({"data": plan(run)["check"].key, "representation": shown, "code": code})[:16]

    def of(self, person: str) -> str | None:
        """The picture's place in the report; None where the person's files cannot be read, or a part is left out."""
        return self.out.made(
            f"images/representation/{person}.png", f"{person} {self._how}", lambda: self._drawn(person)
        )

    @cached_property
    def _data(self) -> VitonHd:
        from viton.data.viton_hd import VitonHd  # here, so that an unchanged report does not wait for torch

        return VitonHd(self.run.data_root, self.run.config.split)

    def _drawn(self, person_id: str) -> bytes | None:
        try:
            person = self._data.person(person_id, self.run.config.size)
        except InputError:  # the check of the data says why
            return None
        from viton.images import encode
        from viton.person import represent_people
        from viton.try_on_figures import WHOLE, representation_picture

        channels = represent_people([person], self.run.config.representation, self._data.label_map)[0]
        return encode(representation_picture(channels), ".png") if len(channels) == WHOLE else None
