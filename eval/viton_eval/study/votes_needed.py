"""How many votes find a difference in preference: studies are simulated, and tested as the analysis tests.

Of N methods the first is better. Question `pair`: than the last, the others half-way between; is that found among all
pairs of methods? Question `pool`: than each of the others, which are alike; does its win rate come out above one half,
among all methods? Found: its share is above one half and its p-value, adjusted by Holm, below alpha.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from itertools import combinations
from typing import Literal, NamedTuple, cast, get_args

import numpy as np
from numpy.typing import NDArray
from scipy.stats import binomtest, norm

from viton.data.sample import Pair
from viton.errors import UsageError
from viton_eval.holm import holm_by_row
from viton_eval.study.clustered import Array, clustered
from viton_eval.study.design import make_trials
from viton_eval.study.raters import LEFT, TIE, Asked, Tastes, drawn_choices, places_of, strength_for
from viton_eval.study.settings import StudySettings

Question = Literal["pair", "pool"]
AT_ONCE = 2_000_000  # votes that are drawn at a time: some 100 MiB
MOST_ASKED, MOST_VOTES = 60_000, 100  # of a study, and on a comparison; where these are not enough, none are
STEP, CLOSE = 1.4, 1.12  # from one size to the next; how far apart the last that fails and the first that does may lie
LEAST = 2  # pairs


class Wanted(NamedTuple):
    """What is to be found, and what is given. None: to be found out, or as it comes."""

    methods: int
    difference: float = 0.1  # of a share from one half: 0.1 is 60% against 40%
    power: float = 0.8
    alpha: float = 0.05
    question: Question = "pair"
    pairs: int | None = None  # people in garments
    votes: int | None = None  # on each comparison
    raters: int | None = None
    per_rater: int = StudySettings().per_rater
    tastes: Tastes = Tastes()
    simulations: int = 2000
    seed: int = 0

    def checked(self) -> Wanted:
        """Itself, in order; raises UsageError naming the first that is out of its range."""
        asks: dict[str, tuple[bool, str, object]] = {
            "methods": (2 <= self.methods <= 50, "2 to 50", self.methods),
            "difference": (0 < self.difference < 0.5, "more than 0 and less than 0.5", self.difference),
            "power": (0 < self.power < 1, "more than 0 and less than 1", self.power),
            "alpha": (0 < self.alpha < 1, "more than 0 and less than 1", self.alpha),
            "pairs": (self.pairs is None or self.pairs >= LEAST, f"at least {LEAST}", self.pairs),
            "votes": (self.votes is None or self.votes >= 1, "at least 1", self.votes),
            "raters": (self.raters is None or self.raters >= 2, "at least 2", self.raters),
            "per-rater": (self.per_rater >= 1, "at least 1", self.per_rater),
            "simulations": (self.simulations >= 10, "at least 10", self.simulations),
            "seed": (self.seed >= 0, "at least 0", self.seed),
        }
        for name, (good, expected, got) in asks.items():
            if not good:
                raise UsageError(f"--{name}: expected {expected}, got {got}")
        self.tastes.checked()
        return self._replace(question="pair") if self.methods == 2 else self  # of two methods both are one question

    @property
    def couples(self) -> int:
        return self.methods * (self.methods - 1) // 2


class Size(NamedTuple):
    """A study, and how often it finds the difference."""

    pairs: int
    votes: int
    per_rater: int
    raters: int
    asked: int  # votes in all
    power: float
    low: float  # 95% Monte Carlo interval of the power (Wilson)
    high: float


class Needed(NamedTuple):
    """What was simulated, in order of size; the smallest that has the power, None where none has."""

    sizes: list[Size]
    smallest: Size | None


def votes_needed(wanted: Wanted, progress: Callable[[int], None] | None = None) -> Needed:
    """Simulate studies of one size after another until one finds the difference often enough.

    Pairs grow, or where they are given the votes on each comparison; where both are, one size is tried.
    """
    wanted = wanted.checked()
    tried: dict[int, Size] = {}
    for number in _ladder(wanted, tried):
        tried[number] = power_of(wanted, *_shape(wanted, number))
        if progress:
            progress(len(tried))
    sizes = [tried[number] for number in sorted(tried)]
    return Needed(sizes, next((size for size in sizes if size.power >= wanted.power), None))


def question_named(name: str) -> Question:
    """Raises UsageError for a question that is not asked here."""
    if name not in get_args(Question):
        raise UsageError(f"--of: expected {' or '.join(get_args(Question))}, got {name!r}")
    return cast(Question, name)


def _shape(wanted: Wanted, number: int) -> tuple[int, int]:
    """Pairs and votes where `number` is what is looked for."""
    if wanted.pairs is not None:
        return wanted.pairs, number
    return number, wanted.votes or StudySettings().votes


def _ladder(wanted: Wanted, tried: dict[int, Size]) -> Iterator[int]:
    """Which sizes to try next, seeing what became of those before."""
    if wanted.pairs is not None and wanted.votes is not None:
        yield wanted.votes
        return
    other = wanted.pairs or wanted.votes or StudySettings().votes
    most = max(LEAST, MOST_ASKED // (wanted.couples * other))
    if wanted.pairs is not None:
        most = max(1, min(most, MOST_VOTES, wanted.raters or MOST_VOTES))  # a rater sees no comparison twice
    fewest = 1 if wanted.pairs is not None else LEAST
    number = max(fewest, min(most, round(in_all(wanted, binomial_votes(wanted)) / (wanted.couples * other))))
    while number > fewest:  # one that does not find it, for the table
        yield number
        if tried[number].power < wanted.power:
            break
        number = max(fewest, int(number / STEP))
    if number == fewest:
        yield number
    while tried[number].power < wanted.power and number < most:
        number = min(most, max(number + 1, int(number * STEP)))
        yield number
    yield from _between(wanted, tried)


def _between(wanted: Wanted, tried: dict[int, Size]) -> Iterator[int]:
    while any(size.power >= wanted.power for size in tried.values()):
        high = min(number for number, size in tried.items() if size.power >= wanted.power)
        low = max((number for number in tried if number < high), default=high)
        if high - low <= 1 or high <= low * CLOSE:
            return
        yield (low + high) // 2


def binomial_votes(wanted: Wanted, corrected: bool = True) -> int:
    """Votes on one pair of methods (`pool`: of one method) that plain binomial planning asks for.

    Normal approximation, every vote independent.   corrected: for as many tests as there are (Bonferroni).
    """
    tests = (wanted.couples if wanted.question == "pair" else wanted.methods) if corrected else 1
    share = 0.5 + wanted.difference
    reach = norm.isf(wanted.alpha / tests / 2) * 0.5 + norm.ppf(wanted.power) * np.sqrt(share * (1 - share))
    return int(np.ceil((max(reach, 0.0) / wanted.difference) ** 2)) or 1


def in_all(wanted: Wanted, votes: int) -> int:
    """Votes of a whole study that has so many on one pair of methods, or of one method."""
    return votes * wanted.couples if wanted.question == "pair" else -(-votes * wanted.methods // 2)


def power_of(wanted: Wanted, pairs: int, votes: int) -> Size:
    """Simulate studies of one size.   Raises UsageError for fewer raters than votes on a comparison."""
    asked = wanted.couples * pairs * votes
    per_rater = min(wanted.per_rater, asked // votes)
    if wanted.raters is not None:
        if wanted.raters < votes:
            raise UsageError(
                f"--raters: expected at least {votes}, one for each vote on a comparison, got {wanted.raters}"
            )
        per_rater = -(-wanted.couples * pairs // (wanted.raters // votes))
    design = _design(wanted, pairs, votes, per_rater)
    raters, interval = int(design.rater.max()) + 1, power_on(wanted, design, pairs, votes)
    return Size(pairs, votes, per_rater, raters, asked, *interval)


def power_on(wanted: Wanted, design: Asked, *draw: int) -> tuple[float, float, float]:
    """How often the difference is found on the comparisons of a design, with its 95% Monte Carlo interval (Wilson).

    draw: numbers that, with the seed, decide what is drawn.
    """
    raters, found = int(design.rater.max()) + 1, 0
    chunk = max(1, AT_ONCE // len(design.rater))
    for start in range(0, wanted.simulations if raters > 1 else 0, chunk):  # one rater says nothing of others
        rng = np.random.default_rng([wanted.seed, 6, *draw, start])
        studies = min(chunk, wanted.simulations - start)
        found += int(
            _found(wanted, design, drawn_choices(strengths(wanted), design, wanted.tastes, studies, rng)).sum()
        )
    interval = binomtest(found, wanted.simulations).proportion_ci(method="wilson")
    return found / wanted.simulations, float(interval.low), float(interval.high)


def _design(wanted: Wanted, pairs: int, votes: int, per_rater: int) -> Asked:
    """The very design of `study make`, its comparisons alone."""
    settings = StudySettings(votes=votes, per_rater=per_rater, gold=0, repeats=0, flashes=0, seed=wanted.seed)
    names = [f"{number:02d}" for number in range(wanted.methods)]
    people = [Pair(f"{number}", f"{number}") for number in range(pairs)]
    return places_of(make_trials(names, people, settings), names)


def strengths(wanted: Wanted) -> Array:
    """By which the first method is preferred as wanted, (M,)."""
    apart = strength_for(0.5 + wanted.difference, wanted.tastes)
    found = np.zeros(wanted.methods)
    found[0], found[-1] = (apart / 2, -apart / 2) if wanted.question == "pair" else (apart, 0.0)
    return found


def _found(wanted: Wanted, design: Asked, answers: NDArray[np.int8]) -> NDArray[np.bool_]:
    """In which studies (S,) the first method is found to be better."""
    tests = list(combinations(range(wanted.methods), 2)) if wanted.question == "pair" else range(wanted.methods)
    told = [_test(design, answers, one if isinstance(one, tuple) else (one,)) for one in tests]
    shares, p_values = (np.stack(parts, axis=1) for parts in zip(*told, strict=True))
    place = wanted.methods - 2 if wanted.question == "pair" else 0  # of (first, last) among the couples
    return np.asarray((holm_by_row(p_values)[:, place] < wanted.alpha) & (shares[:, place] > 0.5))


def _test(design: Asked, answers: NDArray[np.int8], of: Sequence[int]) -> tuple[Array, Array]:
    """Share and p-value of a method against another, or against all, each of whom counts as much."""
    sides = [np.isin(side, of) for side in (design.left, design.right)]
    mine = sides[0] & sides[1] if len(of) > 1 else sides[0] | sides[1]
    said, on_left = answers[:, mine], design.left[mine] == of[0]
    wins = np.where(said == TIE, 0.5, (said == LEFT) == on_left)
    against = np.where(on_left, design.right[mine], design.left[mine])
    found = clustered(wins, design.rater[mine], design.pair[mine], against)
    return found.share, found.p_values()
