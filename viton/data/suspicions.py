"""What single pictures suggest, and whether a whole folder bears it out."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from pathlib import Path

from viton.data.dataset import Dataset
from viton.data.person_check import Seen
from viton.data.traps import Problem, trapped

MOST_NAMED = 1000  # of a split that are kept by name
CIHP_MEND = "read the folder as viton-hd, whose maps are CIHP's, or convert it from there"
LIP_MEND = "read the folder as cp-vton, whose maps are LIP's, or convert it from there"


class Suspicions:
    """What single pictures suggest; said of the folder where most suggest it, else of each."""

    def __init__(self, data: Dataset) -> None:
        self.data = data
        self._kept: dict[tuple[str, str, str], list[Problem]] = {}
        self._count: Counter[tuple[str, str, str]] = Counter()
        self._people = 0
        self._body25: Counter[bool | None] = Counter()
        self._middle: Counter[str] = Counter()

    def add(self, seen: Seen) -> None:
        if seen.words is None:
            return
        self._body25[seen.is_body25] += 1
        self._middle[seen.middle] += 1
        for problem in seen.suspicions:
            key = (problem.trap, problem.got, problem.expected)
            self._count[key] += 1
            kept = self._kept.setdefault(key, [])
            if len(kept) < MOST_NAMED:
                kept.append(problem)

    def problems(self) -> Iterator[Problem]:
        people = len(self.data.people)
        for key, kept in self._kept.items():
            total = len(self.data.clothings) if key[0] == "no-clothing-mask" else people
            if total > 1 and self._count[key] * 2 > total and key[0] != "joints-off-the-person":
                first = Path(kept[0].file)
                got = f"{kept[0].got}: {self._count[key]} of {total}, such as {first.name}"
                yield kept[0]._replace(file=str(first.parent), got=got)
            else:
                yield from kept
        yield from self._body25_problems()
        if not any(key[0] == "other-label-map" and count * 2 > people for key, count in self._count.items()):
            yield from self._middle_problems(people)

    def _body25_problems(self) -> Iterator[Problem]:
        yes, no = self._body25[True], self._body25[False]
        if yes > no:
            where = _folder_of(self.data.keypoints_path(next(iter(self.data.people))))
            got = f"the first 18 of BODY_25, whose 8 lies between 9 and 12: {yes} of {yes + no}"
            yield trapped("body25-as-coco18", where, "18 joints in COCO-18's order", got)

    def _middle_problems(self, people: int) -> Iterator[Problem]:
        """Label 10 is the neck in CIHP, where nearly everybody has it, and jumpsuits in LIP, where few have."""
        if not people:
            return
        name, neck, suits = self.data.label_map.name, self._middle["neck"], self._middle["jumpsuits"]
        where = _folder_of(self.data.parsing_path(next(iter(self.data.people))))
        if name.startswith("LIP") and neck > suits and neck * 10 >= 3 * people:
            got = f"label 10 at the neck of {neck} of {people}, as CIHP has it"
            yield trapped("other-label-map", where, "label 10 to be jumpsuits (LIP)", got, CIHP_MEND)
        if name == "CIHP" and suits > neck:
            got = f"label 10 below the hips of {suits}, at the neck of {neck}, as LIP has it"
            yield trapped("other-label-map", where, "label 10 to be neck and torso (CIHP)", got, LIP_MEND)


def _folder_of(path: Path) -> Path:
    return path if path.suffix == ".pkl" else path.parent
