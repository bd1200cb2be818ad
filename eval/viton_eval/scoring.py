"""The scores of one try-on, made before the notebooks that read them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from viton.data.layouts import open_dataset
from viton_eval.commands import Run
from viton_eval.elsewhere import find, stage_in
from viton_eval.trainings import TryOn

if TYPE_CHECKING:
    from viton_eval.judge import Judge
    from viton_eval.scores import Scores


def score_try_on(run: Run, one: TryOn) -> Scores | None:
    """The scores of a method's results, kept as runs/EXPERIMENT/scores/METHOD/SEED.csv; None where no truth is known.

    Raises InputError when the results, or some of their pairs, are not there.
    """
    data = open_dataset(run.data_root, run.config.split, run.layout)
    pairs = data.pairs(run.pairs_path)
    if not any(data.has_truth(pair) for pair in pairs):
        return None
    from viton_eval.scores import scores_kept

    return scores_kept(run.scores_of(one), run.results_of(one), data, pairs, run.config.size, judge_in(run))


def judge_in(run: Run) -> Judge | None:
    """The judge of a run; None where it has none, or none that is trained."""
    from viton.checkpoint import StageFolder
    from viton_eval.judge import Judge

    folder = run.stage_folder(run.judge) if run.judge else None
    return Judge.of_stage(folder) if folder and StageFolder(folder).is_done() else None


def no_judge(run: Run) -> str:
    """Why a judge that the configuration asks for does not score, a line; "" where it does, or none is asked for."""
    folder = run.stage_folder(run.judge) if run.judge else stage_in(run.trained_in, "judge", run.config.seed)
    asked = run.judge is not None or run.config.trained is not None
    if not asked or not (lacks := find(folder).lacks):
        return ""
    return (
        f"no judge: {folder}: expected a trained stage, got {lacks}; the columns of its distances are left out "
        "(`trained: runs/OTHER` in a configuration takes another run's judge: docs/methods.md, Weights of another run)"
    )
