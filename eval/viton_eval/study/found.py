"""What was found in files of answers: answers with where each stands, and what is none."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from viton_eval.study.answers import Answer


class Found(NamedTuple):
    """What some files hold; made empty and filled by who reads them."""

    answers: list[tuple[str, Answer]]  # each with its file and row
    unanswered: Counter[str]  # questions without an answer, by source
    left_out: Counter[str]  # answers, by why they are left out
    rejected: set[tuple[str, str]]  # rater and trial of answers that were taken back
    withdrawn: set[str]  # hashed names of the server's raters who have withdrawn
    blank: list[str]  # files that ask and in which nothing is answered

    @classmethod
    def nothing(cls) -> Found:
        return cls([], Counter(), Counter(), set(), set(), [])

    @classmethod
    def joined(cls, parts: Sequence[Found]) -> Found:
        whole = cls.nothing()
        for part in parts:
            whole.answers.extend(part.answers)
            whole.unanswered.update(part.unanswered)
            whole.left_out.update(part.left_out)
            whole.rejected.update(part.rejected)
            whole.withdrawn.update(part.withdrawn)
            whole.blank.extend(part.blank)
        return whole

    def of(self, path: Path) -> Found:
        """The same, which is all that a file holds; it is named where that is nothing."""
        if not (self.answers or self.rejected):
            self.blank.append(str(path))
        return self
