"""What a check has found so far, in memory that does not grow with the dataset."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from types import MappingProxyType
from typing import NamedTuple

from viton.data.traps import Problem

MOST = 1000  # problems of one kind that are listed; the others are counted


class Report(NamedTuple):
    """What a check found."""

    people: int
    clothings: int
    pairs: int
    problems: list[Problem]
    unlisted: Mapping[str, int] = MappingProxyType({})  # how many more of each kind there are, by `severity kind`

    @property
    def errors(self) -> int:
        return self._number("error")

    @property
    def warnings(self) -> int:
        return self._number("warning")

    def _number(self, severity: str) -> int:
        more = sum(count for kind, count in self.unlisted.items() if kind.startswith(f"{severity} "))
        return more + sum(problem.severity == severity for problem in self.problems)


class Findings:
    """Problems as they come, each once; of one kind at most MOST are kept."""

    def __init__(self) -> None:
        self._kept: dict[str, set[Problem]] = {}
        self._unlisted: Counter[str] = Counter()
        self.people = self.clothings = self.pairs = 0

    def add(self, problems: Iterable[Problem]) -> None:
        for problem in problems:
            kind = f"{problem.severity} {problem.trap or 'without a name'}"
            kept = self._kept.setdefault(kind, set())
            if problem in kept:
                continue
            if len(kept) < MOST:
                kept.add(problem)
            else:
                self._unlisted[kind] += 1

    def report(self) -> Report:
        problems = sorted(problem for kept in self._kept.values() for problem in kept)
        return Report(self.people, self.clothings, self.pairs, problems, dict(sorted(self._unlisted.items())))
