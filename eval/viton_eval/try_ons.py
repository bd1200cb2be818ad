"""What the notebooks on try-ons tell of an experiment: its scores, its judge, its training, pairs chosen by rule."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

import cv2
import numpy as np
import pandas as pd

from viton.data.sample import Pair
from viton.errors import InputError
from viton.files import read_jsonl
from viton.images import Pixels, load_rgb
from viton.person import represent_people
from viton.stage_config import StageConfig
from viton.stage_plan import EXTRACTORS
from viton.training_log import read_log
from viton.try_on_figures import WHOLE, Curve, representation_picture
from viton_eval.commands import Run, open_run
from viton_eval.experiment import Experiment
from viton_eval.judge import Judge
from viton_eval.measures import Mask
from viton_eval.regions import box_of
from viton_eval.scores import KEY, Known, Scores, known_of, scores_kept
from viton_eval.scoring import judge_in
from viton_eval.trainings import seeds_of

PARTS = {"coarse": ".coarse.png", "mask M": ".mask.png", "warped": ".warped.png", "alpha": ".alpha.png"}
PLAIN = ("solid", "gradient")  # patterns on which a logo is the only print
CHOSEN = ("fidelity", "equal", "batch", "lr", "decay", "mask_weight", "gan", "identity")  # settings that are told
CURVES = ("total", "l1", "cycle", "iou", "accuracy")  # validation measures that say how far a training has come
LOGO_MARGIN = 0.35  # around a logo, a share of its longer side


def run_of(experiment: Experiment) -> Run:
    """Where the experiment's files lie."""
    return open_run(*experiment.arguments)


def judge_of(experiment: Experiment) -> Judge | None:
    """The experiment's judge; None where it has none, or none that is trained."""
    return judge_in(run_of(experiment))


def scores_of(experiment: Experiment, method: str, judge: Judge | None) -> list[Scores]:
    """The scores of a method, one a seed that was tried on; the first seed's results are made where they are missing.

    They are kept as runs/EXPERIMENT/scores/METHOD/SEED.csv.
    """
    run, found = run_of(experiment), []
    first = experiment.results_folder(method)
    for seed in seeds_of(experiment.config, method):
        folder, path = first.parent / str(seed), run.scores_of(run.try_on(method, seed))
        if (folder / "manifest.jsonl").is_file():
            found.append(scores_kept(path, folder, experiment.data, experiment.pairs, experiment.config.size, judge))
    return found


def tables_of(scores: Mapping[str, Sequence[Scores]]) -> dict[str, list[pd.DataFrame]]:
    """The tables of scores, without those of methods none of whose pairs succeeded: absent, not zero."""
    found = {method: [each.table for each in seeds if len(each.table)] for method, seeds in scores.items()}
    return {method: tables for method, tables in found.items() if tables}


def failures(scores: Mapping[str, Sequence[Scores]]) -> pd.DataFrame:
    """How many pairs of each method failed, by reason, over its seeds; empty when none did."""
    rows = [
        (method, reason, count, each.settings["of"])
        for method, seeds in scores.items()
        for each in seeds
        for reason, count in dict(each.settings["failed"]).items()  # type: ignore[call-overload]
    ]
    table = pd.DataFrame(rows, columns=["method", "reason", "failed", "of"])
    return table.groupby(["method", "reason"], sort=False).sum()


def steps_trained(experiment: Experiment) -> dict[str, str]:
    """How each stage is trained for the experiment's own settings: steps, and what of it is a choice."""
    trainings = run_of(experiment).trainings.values()
    return {
        training.stage: f"{training.steps} ({', '.join(chosen(getattr(experiment.config.stages, training.stage)))})"
        for training in trainings
        if not training.variant and getattr(experiment.config.stages, training.stage, None)
    } or {training.stage: str(training.steps) for training in trainings if not training.variant}


def chosen(config: StageConfig) -> list[str]:
    """The settings of a stage that a reader has to know, "batch 4, fidelity paper, ..."."""
    shown = config.model_dump(mode="json", include=set(CHOSEN))
    return [f"{name} {shown[name]}" for name in CHOSEN if name in shown]


def stages_of_run(experiment: Experiment) -> list[str]:
    """Every stage that the experiment trains, by the name of its folder."""
    return list(dict.fromkeys(training.folder for training in run_of(experiment).trainings.values()))


def validation_curves(experiment: Experiment) -> dict[str, dict[str, list[Curve]]]:
    """Validation measures of every stage that has been trained, if only in part: a curve a seed, by stage and name.

    Of an extractor, which reads a dozen and a half attributes, the mean over them alone.
    """
    run, found = run_of(experiment), dict[str, dict[str, list[Curve]]]()
    for training in run.trainings.values():
        for name, curve in curves_of(run.stage_folder(training)).items():
            if training.stage in EXTRACTORS and name != "accuracy":
                continue
            found.setdefault(training.folder, {}).setdefault(name, []).append(curve)
    return found


def curves_of(folder: Path) -> dict[str, Curve]:
    """Validation measures of one training by name: its steps and values."""
    rows = [row for row in read_log(folder / "log.jsonl") if "validation" in row]
    found: dict[str, Curve] = {}
    for name in dict.fromkeys(name for row in rows for name in row["validation"]):
        told = [(row["step"], row["validation"][name]) for row in rows if name in row["validation"]]
        steps, values = zip(*told, strict=True)
        found[name] = (steps, values)
    return found


def last_change(curves: Mapping[str, Mapping[str, Sequence[Curve]]]) -> pd.DataFrame:
    """By what share a validation measure changed from the third to the last quarter of its curve, a stage a row.

    Of several seeds the largest change.  `without_change` names the stages that are left out.
    """
    rows = {}
    for stage, measures in curves.items():
        seeds = max(len(each) for each in measures.values())
        one = [{name: each[number] for name, each in measures.items() if number < len(each)} for number in range(seeds)]
        changes = [change for change in map(change_of, one) if change]
        if changes:
            measure, change = max(changes, key=lambda each: abs(each[1]))
            rows[stage] = (measure, f"{change:+.1%}")
    return pd.DataFrame.from_dict(rows, orient="index", columns=["measure", "change"])


def without_change(curves: Mapping[str, Mapping[str, Sequence[Curve]]], stages: Iterable[str]) -> list[str]:
    """The stages of which `last_change` has no row, and why, a line a reason.   stages: all that there are."""
    told, whose = set(last_change(curves).index), dict[str, list[str]]()
    for stage in dict.fromkeys(stages):
        if stage not in told:
            measure = next((name for name in CURVES if name in curves.get(stage, {})), None)
            values = max((len(each[1]) for each in curves[stage][measure]), default=0) if measure else 0
            few = f"{values} of the four validations that it takes to tell two quarters"
            whose.setdefault(few if values else f"no validation of {' or '.join(CURVES)}", []).append(stage)
    return [f"left out: {', '.join(names)}: {why}" for why, names in whose.items()]


def change_of(curves: Mapping[str, Curve]) -> tuple[str, float] | None:
    """The measure by which a training is told, the first of CURVES that it has, and its change over the last quarter.

    Means of the third and the last quarter are compared, as a share of the third's, so that the noise of one validation
    does not count.  Near 0 is a plateau where the rate is fixed; one that falls flattens every curve.  None for fewer
    than four values.
    """
    measure = next((name for name in CURVES if name in curves), None)
    if measure is None or (part := len(curves[measure][1]) // 4) == 0:
        return None
    values = curves[measure][1]
    before, last = np.mean(values[-2 * part : -part]), np.mean(values[-part:])
    return measure, float((last - before) / abs(before))


def stages_of_pair(experiment: Experiment, method: str, pair: Pair) -> dict[str, Pixels]:
    """All that a method left of a pair, from the person to the truth, under the names of `figures.STAGES`."""
    folder, sample = experiment.results_folder(method), experiment.sample(pair)
    channels = represent_people([sample.person], experiment.config.representation, experiment.data.label_map)
    whole = channels.shape[1] == WHOLE
    shown = {"person": sample.person.image}
    shown |= {"representation": representation_picture(channels[0])} if whole else {}
    shown |= {"product": sample.clothing.image}
    for name, suffix in PARTS.items():
        path = folder / f"{pair.name}{suffix}"
        if path.is_file():
            shown[name] = load_rgb(path)
    shown["try-on"] = load_rgb(folder / f"{pair.name}.png")
    return shown | ({"truth": experiment.truth(pair).image} if experiment.data.has_truth(pair) else {})


def result_of(experiment: Experiment, method: str, pair: Pair) -> Pixels | None:
    """A method's picture of a pair, None where it failed."""
    path = experiment.results_folder(method) / f"{pair.name}.png"
    return load_rgb(path) if path.is_file() else None


def rows_of(experiment: Experiment, method: str) -> pd.DataFrame:
    """The rows of a method's manifest, also of one whose pairs all failed."""
    return pd.DataFrame(read_jsonl(experiment.results_folder(method) / "manifest.jsonl"))


def done_pairs(experiment: Experiment, method: str) -> list[Pair]:
    """The pairs that succeeded, in the order of the pairs file."""
    rows = rows_of(experiment, method)
    good = {Pair(str(row.person), str(row.clothing)) for row in rows.itertuples() if row.status == "ok"}
    return [pair for pair in experiment.pairs if pair in good]


def first_garments(pairs: Sequence[Pair], number: int) -> list[Pair]:
    """The first pairs of a list, each garment once."""
    chosen: dict[str, Pair] = {}
    for pair in pairs:
        chosen.setdefault(pair.clothing, pair)
    return list(chosen.values())[:number]


def drawn_pairs(pairs: Sequence[Pair], number: int, seed: int) -> list[Pair]:
    """Pairs in an order drawn by the seed, each garment once, at most `number` of them."""
    order = np.random.default_rng(seed).permutation(len(pairs))
    return first_garments([pairs[place] for place in order], number)


def logo_pairs(experiment: Experiment) -> list[Pair]:
    """Pairs whose garment carries a logo and no other print, as the world says; none of photographs."""
    path = experiment.data.root / experiment.data.split / "attributes.jsonl"
    rows = read_jsonl(path) if path.is_file() else []
    plain = {row["id"] for row in rows if row.get("logo") and row.get("pattern") in PLAIN}
    return [pair for pair in experiment.pairs_with_truth if pair.clothing in plain]


def known(experiment: Experiment, pair: Pair) -> Known:
    """A pair's truth and its regions."""
    return known_of(experiment.data, pair, experiment.config.size)


def pair_named(pairs: Sequence[Pair], person: str, clothing: str) -> Pair:
    """The pair of a list with these ids; raises KeyError when there is none."""
    if Pair(person, clothing) not in pairs:
        raise KeyError(f"pairs: expected {person} and {clothing} among {len(pairs)}")
    return Pair(person, clothing)


def print_box(printed: Mask, margin: float = LOGO_MARGIN) -> tuple[slice, slice]:
    """Rows and columns around the largest piece of a region, in the picture's shape; pieces 4% apart are one.

    margin: a share of the piece's longer side.   Raises InputError for an empty region.
    """
    if not printed.any():
        raise InputError("print_box", "a region with pixels", "none")
    side = 2 * round(0.02 * printed.shape[0]) + 1
    joined = cv2.dilate(printed.astype(np.uint8), np.ones((side, side), np.uint8))
    number, pieces = cv2.connectedComponents(joined)
    sizes = [(printed & (pieces == piece)).sum() for piece in range(1, number)]
    return box_of(printed & (pieces == 1 + int(np.argmax(sizes))), margin, printed.shape)


def disagreements(one: pd.DataFrame, other: pd.DataFrame, judged: str = "judge_garment") -> pd.DataFrame:
    """Pairs of which the judge prefers `one` and SSIM inside the garment the `other`, the strongest first.

    Both differences in their own standard deviations over pairs; strength is the smaller of the two.
    """
    both = one.merge(other, on=KEY, suffixes=("", "_other"))
    apart = pd.DataFrame({
        "judge": both[f"{judged}_other"] - both[judged],  # > 0: the judge prefers `one`
        "ssim": both["ssim_inside_other"] - both["ssim_inside"],  # > 0: SSIM prefers the `other`
    })  # fmt: skip
    scaled = apart / apart.std(ddof=0).replace(0, 1)
    table = pd.concat([both[KEY], apart.add_suffix(" difference"), scaled.min(axis=1).rename("strength")], axis=1)
    return table[(apart > 0).all(axis=1)].sort_values("strength", ascending=False).reset_index(drop=True)


def most_printed(experiment: Experiment, pairs: Sequence[Pair]) -> Pair:
    """The pair of which most of the garment shows a print; the first of several."""
    shares = {pair: known(experiment, pair).regions for pair in pairs}
    return max(shares, key=lambda pair: shares[pair].print.sum() / max(1, shares[pair].garment.sum()))
