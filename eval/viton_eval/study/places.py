"""Places of a design: which are out on sheets, who answered which, and what of them is not answered.

A place is one rater's trials: a booklet, or what the server gives to one person. Workers of Mechanical Turk share one.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence

from viton.files import read_jsonl
from viton_eval.study.answers import Answer
from viton_eval.study.design import Trial
from viton_eval.study.export import EXPORTED
from viton_eval.study.frozen import Study

WORKERS = "workers of mturk"


def spans(numbers: Iterable[int]) -> str:
    """Numbers in words that --raters takes: 1-3,7."""
    runs = list[list[int]]()
    for number in sorted(set(numbers)):
        if runs and runs[-1][1] == number - 1:
            runs[-1][1] = number
        else:
            runs.append([number, number])
    return ",".join(str(first) if first == last else f"{first}-{last}" for first, last in runs)


def on_sheets(study: Study) -> set[int]:
    """Places of which sheets, batches or tables were written, as the study's folder remembers."""
    path = study.folder / EXPORTED
    found = set[int]()
    for row in read_jsonl(path) if path.is_file() else []:
        raters = row.get("raters")
        found.update(raters if isinstance(raters, list) else ())
    return found


def doubled(study: Study, answers: Sequence[Answer]) -> dict[int, list[str]]:
    """Places that several raters have answers to, each with these; workers of Mechanical Turk count as one."""
    found: dict[int, set[str]] = defaultdict(set)
    for one in answers:
        found[study.by_name[one.trial].rater].add(WORKERS if one.source == "mturk" else f"{one.rater} ({one.source})")
    return {place: sorted(raters) for place, raters in sorted(found.items()) if len(raters) > 1}


def unanswered(study: Study, answers: Sequence[Answer]) -> Counter[str]:
    """How many questions those who answered were asked and left, by source.

    Flashes were asked of who was asked one; of a worker of Mechanical Turk, the blocks that he has an answer to.
    """
    given: dict[tuple[str, str, int], set[str]] = defaultdict(set)
    compared: dict[str, set[str]] = defaultdict(set)  # of a worker's votes on one comparison only the first counts
    for one in answers:
        trial = study.by_name[one.trial]
        given[one.source, one.rater, trial.rater].add(one.trial)
        if trial.kind == "main":
            compared[one.rater].add(trial.comparison)
    of_place: dict[int, list[Trial]] = defaultdict(list)
    for trial in study.trials:
        of_place[trial.rater].append(trial)
    found = Counter[str]()
    for (source, rater, place), names in given.items():
        asked = _asked(of_place[place], source, [study.by_name[name] for name in names])
        left = [one for one in asked if one.trial not in names]
        found[source] += sum(one.kind != "main" or one.comparison not in compared[rater] for one in left)
    return +found


def _asked(trials: Sequence[Trial], source: str, answered: Sequence[Trial]) -> list[Trial]:
    """What of a place's trials somebody was asked who answered some of them."""
    blocks, tasks = {one.block for one in answered}, {"choice", *(one.task for one in answered)}
    if source == "server":
        return list(trials)
    return [one for one in trials if one.task in tasks and (source != "mturk" or one.block in blocks)]
