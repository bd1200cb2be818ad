"""What a report's page tells of the methods: their stages, how those were trained, how long a try-on takes."""

from __future__ import annotations

import statistics
from typing import NamedTuple

from viton_eval.commands import Run
from viton_eval.elsewhere import find
from viton_eval.manifests import manifests, rows_by_pair, rows_or_none
from viton_eval.states import MISSING, OK, State, trained_by, up_to_date
from viton_eval.trainings import Training, label_of, seeds_of, used_stages

# The paper's seconds on a K40 GPU, the warp on its CPU (section 4.2), by the name of a part in `parts` of timing.jsonl.
PAPER_SECONDS = {"representation": None, "encoder-decoder": 0.027, "warp": 0.180, "refinement": 0.020}
TIMED = "viton"  # the method whose parts the paper times


class Trained(NamedTuple):
    """A training as the page shows it; numbers only when its step is up to date."""

    name: str  # of the stage, with its variant
    seed: int
    steps: int
    state: State
    commit: str = ""
    trained_for: str = ""
    rate: str = ""
    peak_mib: str = ""


class Method(NamedTuple):
    """A method's card."""

    name: str
    label: str  # "undertrained: N steps", what of it is, or "imported"; "" when it is neither
    stages: list[str]  # a sentence each
    states: list[State]  # of its steps that are not up to date


class Part(NamedTuple):
    """A line of the runtime table."""

    name: str
    paper: str
    here: str


def trained_stages(run: Run, found: list[State]) -> list[Trained]:
    """Every training of the experiment, in the order in which they are run."""
    states = {state.name: state for state in found}
    trainings = run.trainings.items()
    return [_trained(run, one, states[name] if name in states else _elsewhere(run, one)) for name, one in trainings]


def _elsewhere(run: Run, training: Training) -> State:
    """The state of a stage that another experiment's run has trained, or was to."""
    folder, title = run.stage_folder(training), f"Trained in {run.trained_in}: {training.folder}, seed {training.seed}"
    lacks, commit = find(folder).lacks, trained_by(folder)
    status, reason = (MISSING, f"trained elsewhere: {lacks}") if lacks else (OK, "")
    return State(training.name, title, status, reason, folder / "log.jsonl", None, None, commit, "", "")


def _trained(run: Run, training: Training, state: State) -> Trained:
    shown = Trained(training.folder, training.seed, training.steps, state)
    if state.status != OK:  # what lies there was trained otherwise, or not to its end
        return shown
    folder = run.stage_folder(training)
    losses = [row for row in rows_or_none(folder / "log.jsonl") if "loss" in row]
    last = losses[-1] if losses else {}
    peaks = [float(value) for row in losses if isinstance(value := row.get("peak_mib"), int | float)]
    return shown._replace(
        commit=state.commit,
        trained_for=_number(last.get("seconds"), "{:.0f} s"),
        rate=_number(last.get("images_per_second"), "{:.1f}"),
        peak_mib=f"{max(peaks):.0f}" if peaks else "",
    )


def _number(value: object, form: str) -> str:
    return form.format(value) if isinstance(value, int | float) else ""


def methods(run: Run, found: list[State]) -> list[Method]:
    """A card for each method of the comparison, in the configuration's order."""
    trained = {(one.name, one.seed): one for one in trained_stages(run, found)}
    cards = []
    for method in run.config.methods:
        seeds, wrong = seeds_of(run.config, method), list[State]()
        sentences = ["made by another program"] if method in run.config.imported else []
        for stage in used_stages(run.config, method):
            mine = [one for seed in seeds if (one := trained.get((stage, seed)))]
            wrong += [one.state for one in mine if one.state.status != OK]
            sentences.append(_sentence(stage, mine))
        cards.append(Method(method, label_of(run.config, method), sentences, wrong))
    return cards


def _sentence(stage: str, mine: list[Trained]) -> str:
    """How a stage was trained: `coarse: 600 steps, trained by commit 0123abc, seeds 0, 1, 2`."""
    commits = list(dict.fromkeys(one.commit for one in mine if one.commit))
    by = f", trained by commit {' and '.join(commits)}" if commits else ""
    several = f", seeds {', '.join(str(one.seed) for one in mine)}" if len(mine) > 1 else ""
    return f"{stage}: {mine[0].steps if mine else '?'} steps{by}{several}"


def runtime(run: Run, found: list[State]) -> list[Part]:
    """The paper's runtime table, measured here; nothing where no try-on says how long its parts took."""
    fresh = up_to_date(found)
    timed = [one for one in manifests(run) if one.method == TIMED and one.shown and one.step in fresh]
    rows = [row for one in timed for row in rows_by_pair(one.path.parent / "timing.jsonl").values()]
    measured: dict[str, list[float]] = {}
    for row in rows:
        parts = row.get("parts")
        for name, value in parts.items() if isinstance(parts, dict) else ():
            if isinstance(value, int | float):
                measured.setdefault(str(name), []).append(float(value))
    names = [*PAPER_SECONDS, *(name for name in measured if name not in PAPER_SECONDS)] if measured else []
    return [Part(name, _milliseconds(PAPER_SECONDS.get(name)), _median(measured.get(name, []))) for name in names]


def _milliseconds(seconds: float | None) -> str:
    return "" if seconds is None else f"{1000 * seconds:.0f} ms"


def _median(seconds: list[float]) -> str:
    return f"{1000 * statistics.median(seconds):.3g} ms (n = {len(seconds)})" if seconds else ""
