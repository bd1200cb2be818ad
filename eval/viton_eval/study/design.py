"""Which trials each rater sees: two-alternative comparisons, gold trials, repeats, and flashes (paper, section 4.5).

Every pair of methods is compared on equally many people in garments, and as often by each rater; each method of a pair
stands equally often on the left, over the study and to each rater: all to within one. Every comparison has the same
number of votes. A rater sees no comparison twice but for repeats.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from itertools import combinations
from typing import Literal, NamedTuple

import numpy as np

from viton.data.sample import Pair
from viton.errors import UsageError
from viton_eval.study.settings import StudySettings

Task = Literal["choice", "flash"]
Kind = Literal["main", "gold", "repeat", "real", "fake"]
Side = Literal["left", "right"]
SHUFFLED = "shuffled"  # the loser of a gold trial is called shuffled:METHOD
PHOTO = "photo"  # what a real flash shows

Couple = tuple[str, str]
Rng = np.random.Generator


class Trial(NamedTuple):
    """What one rater is asked once; a row of trials.csv."""

    rater: int  # of the design, from 1
    block: int  # of the rater, from 1
    position: int  # of the rater, from 1
    trial: str  # an opaque name of its own
    task: Task
    kind: Kind
    comparison: str  # the same for all raters that are asked it; "" of a flash
    person: str
    clothing: str  # "" of a real flash
    left: str  # method; "" of a flash
    right: str
    shown: str  # method of a flash, or "photo"; "" of a choice
    expected: str  # of gold: the side of the better one; of a flash: real or fake; else ""
    repeats: str  # of a repeat: the trial that it repeats; else ""
    person_picture: str = ""
    clothing_picture: str = ""
    left_picture: str = ""
    right_picture: str = ""
    shown_picture: str = ""


class _Item(NamedTuple):
    """A trial before it has a place."""

    kind: Kind
    pair: Pair
    left: str
    right: str
    expected: str = ""
    number: int = -1  # which of the rater's comparisons it is, or repeats


def make_trials(methods: Sequence[str], pairs: Sequence[Pair], settings: StudySettings) -> list[Trial]:
    """All trials of all raters, rater by rater in the order in which they are shown, without pictures.

    Raises UsageError for fewer than two methods, none or doubled pairs, and for more methods' pairs than there are.
    """
    couples = _expect_couples(methods, pairs, settings)
    rng = np.random.default_rng([settings.seed, 0])
    asked = _comparisons(couples, pairs, settings.per_pair or len(couples), rng)
    loads = list(_loads(asked, settings, rng))
    sided = _with_sides(loads, rng)
    flashes = _flashes(len(loads), methods, pairs, settings, np.random.default_rng([settings.seed, 1]))
    golds = _golds(len(loads), methods, pairs, settings.gold, np.random.default_rng([settings.seed, 2]))
    trials: list[Trial] = []
    for number, (mains, gold, flash) in enumerate(zip(sided, golds, flashes, strict=True), 1):
        own = np.random.default_rng([settings.seed, 3, number])
        trials += _of_rater(number, mains, gold, flash, settings, own)
    return trials


def _expect_couples(methods: Sequence[str], pairs: Sequence[Pair], settings: StudySettings) -> list[Couple]:
    if len(set(methods)) < 2 or len(set(methods)) < len(methods):
        raise UsageError(
            f"a study compares at least two methods of different names, got {', '.join(methods) or 'none'}"
        )
    if not pairs or len(set(pairs)) < len(pairs):
        raise UsageError(f"a study needs pairs, each once, got {len(pairs)}, {len(set(pairs))} of them different")
    couples = list(combinations(methods, 2))
    if settings.per_pair is not None and settings.per_pair > len(couples):
        expected = f"at most {len(couples)}, the pairs that {len(methods)} methods have"
        raise UsageError(f"per_pair: expected {expected}, got {settings.per_pair}")
    return couples


def _comparisons(couples: Sequence[Couple], pairs: Sequence[Pair], per_pair: int, rng: Rng) -> dict[Couple, list[Pair]]:
    """For each pair of methods the people in garments that it is shown on: counts differ by at most one."""
    order = [couples[i] for i in rng.permutation(len(couples))]
    shown: dict[Couple, list[Pair]] = {couple: [] for couple in order}
    place = 0
    for index in rng.permutation(len(pairs)):
        for _ in range(per_pair):
            shown[order[place % len(order)]].append(pairs[index])
            place += 1
    return shown


def _loads(asked: dict[Couple, list[Pair]], settings: StudySettings, rng: Rng) -> Iterator[list[tuple[Couple, Pair]]]:
    """What each rater compares.

    Once a vote, all comparisons are put in a row in which the pairs of methods take turns, always in one order: in any
    stretch of it their counts differ by at most one. The row is cut into raters.
    """
    for _ in range(settings.votes):
        mixed = {couple: [found[i] for i in rng.permutation(len(found))] for couple, found in asked.items()}
        turns = list(mixed)
        rng.shuffle(turns)
        turns.sort(key=lambda couple: -len(mixed[couple]))  # stable: who has one more comes first, in the last turn too
        most = len(mixed[turns[0]])
        row = [(couple, mixed[couple][i]) for i in range(most) for couple in turns if i < len(mixed[couple])]
        raters = -(-len(row) // settings.per_rater)
        yield from ([row[i] for i in part] for part in np.array_split(np.arange(len(row)), raters))


def _with_sides(loads: Sequence[Sequence[tuple[Couple, Pair]]], rng: Rng) -> list[list[_Item]]:
    """Who stands on the left: in each pair of methods by turns, from rater to rater."""
    seen, first = Counter[Couple](), dict[Couple, int]()
    sided = []
    for load in loads:
        items = list[_Item]()
        for couple, pair in load:
            swap = (seen[couple] + first.setdefault(couple, int(rng.integers(2)))) % 2
            seen[couple] += 1
            left, right = couple[::-1] if swap else couple
            items.append(_Item("main", pair, left, right, number=len(items)))
        sided.append(items)
    return sided


def _golds(raters: int, methods: Sequence[str], pairs: Sequence[Pair], count: int, rng: Rng) -> Iterator[list[_Item]]:
    """Trials with an obvious loser: a method's picture beside its own tiles, shuffled; sides by turns."""
    drawn = _drawn(pairs, rng)
    turn = int(rng.integers(2))
    for rater in range(raters):
        items = []
        for i in range(count):
            method = methods[(rater * count + i) % len(methods)]
            good_left = (turn + rater + i) % 2 == 0
            sides = (method, f"{SHUFFLED}:{method}")
            left, right = sides if good_left else sides[::-1]
            items.append(_Item("gold", next(drawn), left, right, "left" if good_left else "right"))
        yield items


def _flashes(
    raters: int, methods: Sequence[str], pairs: Sequence[Pair], settings: StudySettings, rng: Rng
) -> Iterator[list[_Item]]:
    """Single pictures, half of them photos, nobody's photo twice to a rater if there are people enough.

    An odd one is by turns a photo and a result. Results are of all methods, each as often over the study.
    """
    people = list(dict.fromkeys(Pair(pair.person, "") for pair in pairs))
    photos, results, made = _drawn(people, rng), _drawn(pairs, rng), 0
    for rater in range(raters):
        fakes = settings.flashes // 2 + (settings.flashes % 2) * (rater % 2)
        items = [_Item("real", next(photos), "", PHOTO, "real") for _ in range(settings.flashes - fakes)]
        for _ in range(fakes):
            items.append(_Item("fake", next(results), "", methods[made % len(methods)], "fake"))
            made += 1
        yield [items[i] for i in rng.permutation(len(items))]


def _drawn(pairs: Sequence[Pair], rng: Rng) -> Iterator[Pair]:
    """Pairs without end: all in one order, then all in another."""
    while True:
        yield from (pairs[i] for i in rng.permutation(len(pairs)))


def _of_rater(
    rater: int, mains: list[_Item], gold: list[_Item], flashes: list[_Item], settings: StudySettings, rng: Rng
) -> list[Trial]:
    choices, trials, named = _in_order(mains, gold, settings, rng), list[Trial](), dict[int, str]()
    last = -(-len(choices) // settings.block_trials) + 1  # the flashes' block, after those of choices
    for position, item in enumerate([*choices, *flashes], 1):
        name, pair, flash = f"{rater}-{position}", item.pair, item.kind in ("real", "fake")
        if item.kind == "main":
            named[item.number] = name
        trials.append(
            Trial(
                rater=rater,
                block=last if flash else (position - 1) // settings.block_trials + 1,
                position=position,
                trial=name,
                task="flash" if flash else "choice",
                kind=item.kind,
                comparison="" if flash else "__".join([pair.name, *sorted((item.left, item.right))]),
                person=pair.person,
                clothing=pair.clothing,
                left="" if flash else item.left,
                right="" if flash else item.right,
                shown=item.right if flash else "",
                expected=item.expected,
                repeats=named[item.number] if item.kind == "repeat" else "",
            )
        )
    return trials


def _in_order(mains: list[_Item], gold: list[_Item], settings: StudySettings, rng: Rng) -> list[_Item]:
    """Comparisons in random order, gold trials anywhere but first, repeats of early ones a block later or more."""
    order = [mains[i] for i in rng.permutation(len(mains))]
    for item in gold:
        order.insert(int(rng.integers(1, len(order) + 1)), item)
    early = [item for item in order[: max(1, len(order) - settings.block_trials)] if item.kind == "main"]
    for i in rng.permutation(len(early))[: settings.repeats]:
        item = early[i]
        first = min(order.index(item) + settings.block_trials + 1, len(order))
        again = item._replace(kind="repeat", left=item.right, right=item.left)
        order.insert(int(rng.integers(first, len(order) + 1)), again)
    return order
