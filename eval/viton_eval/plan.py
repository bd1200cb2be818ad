"""The steps of an experiment: what each runs, what it needs, and the key of what decides what it makes."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import NamedTuple

from viton.config import ExperimentConfig, WorldData
from viton.errors import InputError
from viton.files import digest_of, sha256_of
from viton_eval.commands import Run, page_name, page_title, source_of
from viton_eval.shards import merge_command, shard_commands, shards_of
from viton_eval.sources import measured_with
from viton_eval.trainings import TryOn, first_try_ons, label_of, seeds_of, try_ons

PER_METHOD = ("method",)  # notebooks that are run once for each method
OF_VITON = ("stages", "failures")  # notebooks that read of all methods the results of VITON alone
WITHOUT_SCORES = ("photographs", "failures", "qualitative", "in_the_wild")  # notebooks that read results, and no scores
OF_METRICS = ("quantitative", "inception_score", "agreement", "protocols")  # on what metrics say of all methods
SCORING = (*PER_METHOD, "stages", "comparison", "ablation", "neck", *OF_METRICS)  # notebooks that read scores
READS = {"photographs": ("configs/vitonhd_sample_sleeves.csv",)}  # files beside the run's own that a notebook reads
FEW = 10  # steps: a training of no more is over in the time of its imports, and waits for no other
COMPARING = ("dataset",)  # notebooks that read the configuration's reference
ROBUSTNESS = "robustness"  # the step, and the notebook that reads nothing else but the data
STUDY = "study"  # the step, which the notebooks on people need
OF_PEOPLE = ("human_study_sheets", "human_study_results")
WITH_ANSWERS = ("human_study_results", "quantitative", "agreement")  # notebooks that read people's answers
OF_DATA = ("dataset", "person_representation")  # notebooks that read nothing but the data
KNOBS = {"training": {"precision", "mirror"}}  # of these settings only what is named decides what comes out


class Step(NamedTuple):
    """One command of an experiment."""

    name: str
    title: str
    command: tuple[str, ...]
    needs: tuple[str, ...]  # steps that come before
    key: str  # digest of the settings and data that decide what it makes
    stdout: str = ""  # file in the folder of the steps that takes what the command prints
    reads: tuple[str, ...] = ()  # files of the checkout that it reads: the notebook that it runs, and what that reads
    alone: bool = False  # on all cores, with no other step beside it
    folder: Path | None = None  # that holds all it makes
    made: tuple[str, ...] = ()  # files in that folder whose contents say what was made


def plan(run: Run) -> dict[str, Step]:
    """Every step of the experiment by its name, each after those that it needs."""
    steps = _data_steps(run)
    before = ("data",) if steps[0].name == "data" else ()
    steps += _training_steps(run, before)
    steps += _try_on_steps(run, before)
    steps += _score_steps(run, before)
    steps += _robustness_steps(run, before)
    steps += _study_steps(run, before)
    steps += _notebook_steps(run, before)
    found = {step.name: step for step in steps}
    if len(found) < len(steps):
        raise InputError(run.config_path, "methods, variants and seeds that make no two steps of one name", "others")
    return found


def _data_steps(run: Run) -> list[Step]:
    """The world, where the experiment makes one, its check, and the warps, which need nothing trained."""
    steps, before, key = list[Step](), tuple[str, ...](), _key(run)
    if isinstance(run.config.data, WorldData):
        decided = digest_of(run.config.data.model_dump(mode="json"))[:16]
        made_up = Step("data", "Make the made-up world", run.synth_command(), (), decided)
        steps.append(made_up._replace(folder=run.data_root, made=("world.json",)))
        before = ("data",)
    steps.append(Step("check", "Check the data", run.check_command(), before, key, stdout="check.json"))
    warps = Step("warps", "Warp the garments", run.warp_command(), before, key)
    return [*steps, warps._replace(folder=run.warps, made=("settings.json", "warps.jsonl"))]


def _training_steps(run: Run, before: tuple[str, ...]) -> list[Step]:
    """What is trained: nothing where another run's stages are tried on."""
    steps = list[Step]()
    for training in run.trainings.values() if run.config.trained is None else ():
        title = f"Train: {training.folder}" + (f", seed {training.seed}" if training.has_seeds else "")
        folder, command = run.stage_folder(training), run.train_command(training)
        step = Step(training.name, title, command, (*before, *training.needs), training.key, folder=folder)
        steps.append(step._replace(made=("done.json",), alone=training.steps > FEW))
    return steps


def _here(run: Run, trainings: Iterable[str]) -> tuple[str, ...]:
    """Those of the trainings that are steps of this experiment."""
    return () if run.config.trained else tuple(trainings)


def _try_on_steps(run: Run, before: tuple[str, ...]) -> list[Step]:
    trained, steps = run.trainings, list[Step]()
    for one in try_ons(run.config):
        stages = {name: trained[name].key for name in one.needs}
        variant = run.config.variant(one.variant).warp.model_dump(mode="json") if one.variant else None
        key = _key(run, {"stages": stages, "variant": variant}) if stages or variant else _key(run)
        if one.imported:
            key = _key(run, {"import": run.config.imported[one.method][one.seed].model_dump(mode="json")})
        title = f"{'Import' if one.imported else 'Try on'}: {one.label}" + (
            f", seed {one.seed}" if len(seeds_of(run.config, one.method)) > 1 else ""
        )
        folder, made = run.results_of(one), ("settings.json", "manifest.jsonl")
        needs = (*before, *_here(run, one.needs))
        whole = Step(one.name, title, run.try_on_command(one), needs, key, folder=folder, made=made)
        steps += _in_parts(run, one, whole)
    return steps


def _in_parts(run: Run, one: TryOn, whole: Step) -> list[Step]:
    """A try-on made in parts that need not know of each other, and their joining; itself where there is one part."""
    folders = shards_of(run, one)
    parts = [
        whole._replace(
            name=f"{whole.name.replace('results-', 'shard-', 1)}-{folder.name}",
            title=f"{whole.title}, part {index} of {len(folders)}",
            command=command,
            folder=folder,
        )
        for index, (folder, command) in enumerate(zip(folders, shard_commands(run, one), strict=True), 1)
    ]
    if not parts:
        return [whole]
    return [*parts, whole._replace(command=merge_command(run, one), needs=tuple(part.name for part in parts))]


def _score_steps(run: Run, before: tuple[str, ...]) -> list[Step]:
    """The scores of each try-on, where notebooks read them, so that those that run side by side find them made."""
    if not (run.may_know_truth and {*run.config.notebooks} & {*SCORING}):
        return []
    judge, steps = run.judge, list[Step]()
    key = _key(run, {"judge": judge.key if judge else "none", "measured with": measured_with()})
    needs = _here(run, [judge.name] if judge else [])
    for one in try_ons(run.config):
        title = f"Score: {one.label}" + (f", seed {one.seed}" if len(seeds_of(run.config, one.method)) > 1 else "")
        steps.append(Step(one.scoring, title, run.score_command(one), (*before, one.name, *needs), key))
    command, needs = run.compare_command(), tuple(step.name for step in steps)
    key = _key(run, {"methods": run.config.methods, "scores": [step.name for step in steps], "labels": _labels(run)})
    beside = Step("comparison", "Put the scores beside each other", command, (*before, *needs), key)
    return [*steps, beside._replace(folder=run.comparison, made=("provenance.json",))]


def _robustness_steps(run: Run, before: tuple[str, ...]) -> list[Step]:
    """Every method with noise in pose and parsing, where the configuration asks for it and truths may be known."""
    if run.config.robustness is None or not run.may_know_truth:
        return []
    tried, judge = first_try_ons(run.config), run.judge
    stages = {one.method: {name: run.trainings[name].key for name in one.needs} for one in tried}
    more = _robustness(run) | {"stages": stages, "judge": judge.key if judge else "none"}
    key = _key(run, more | {"measured with": measured_with()})
    trained = dict.fromkeys([*(name for one in tried for name in one.needs), *([judge.name] if judge else [])])
    needs = (*before, *_here(run, trained))
    step = Step(ROBUSTNESS, "Try on with noise in pose and parsing", run.robustness_command(), needs, key)
    return [step._replace(folder=run.robustness, made=("robustness.csv", "settings.json"))]


def _study_steps(run: Run, before: tuple[str, ...]) -> list[Step]:
    """A human study of all methods, where the configuration asks for one and there are two to compare."""
    if run.config.study is None or len(run.config.methods) < 2:
        return []
    needs = tuple(one.name for one in first_try_ons(run.config))
    imported = tuple(one.name for one in try_ons(run.config) if one.imported)
    key = _key(run, {"study": run.config.study.model_dump(mode="json"), "labels": _labels(run)})
    needs = tuple(dict.fromkeys((*before, *needs, *imported)))
    made = Step(STUDY, "Make a human study", run.study_command(), needs, key)
    return [made._replace(folder=run.study, made=("design.json",))]


def _answers(run: Run) -> dict[str, object]:
    """Digests of what people have answered; nothing before they have."""
    paths = [run.study / name for name in ("design.json", "answers.csv")]
    return {"answers": [sha256_of(path) for path in paths]} if all(path.is_file() for path in paths) else {}


def _robustness(run: Run) -> dict[str, object]:
    """What an experiment asks to be known of noise."""
    return {"robustness": run.config.model_dump(mode="json", include={"robustness"})["robustness"]}


def _labels(run: Run) -> dict[str, str]:
    return {method: label_of(run.config, method) for method in run.config.methods}


def _imports(run: Run, method: str) -> dict[str, object]:
    """What decides imported pictures, of one method or, where none is given, of all; nothing where none are."""
    given = run.config.model_dump(mode="json", include={"imported"})["imported"]
    shown = {name: one for name, one in given.items() if method in ("", name)}
    return {"imported": shown} if shown else {}


def _networks(config: ExperimentConfig) -> dict[str, object]:
    """The digests of the networks that notebooks on metrics measure with, beside the experiment's own."""
    given = {name: Path(path) for name, path in config.evaluation.model_dump().items() if path}
    return {name: sha256_of(path) if path.is_file() else "missing" for name, path in given.items()}


def _notebook_steps(run: Run, before: tuple[str, ...]) -> list[Step]:
    config, steps = run.config, list[Step]()
    untrained: dict[str, object] = {"representation": config.representation.model_dump(mode="json")}
    left_out = {"purpose", "methods", "notebooks", "reference", "imported", "evaluation", "robustness", "study"}
    shown = {
        "all": config.model_dump(mode="json", exclude=left_out | {"shards", *KNOBS}),
        "knobs": config.model_dump(include=KNOBS),
    }
    if config.trained is not None:
        shown["trained"] = {name: one.key for name, one in run.trainings.items()}
        shown["labels"] = _labels(run)
    for page, notebook, method in pages(config):
        if notebook in (*OF_DATA, "warp"):
            more = untrained | (_reference(run) if notebook in COMPARING else {})
        else:
            more = shown | ({} if method else {"methods": config.methods}) | _imports(run, method)
            more |= _networks(config) if notebook in OF_METRICS else {}
            more |= _robustness(run) if notebook == ROBUSTNESS else {}
            more |= _answers(run) if notebook in WITH_ANSWERS else {}
        title = f"Notebook: {page_title(notebook, method)}"
        command, needs = run.notebook_command(notebook, method), (*before, *_read_by(run, notebook, method))
        reads = (source_of(notebook), *READS.get(notebook, ()))
        steps.append(Step(f"notebook-{page}", title, command, needs, _key(run, more), reads=reads))
    return steps


def _read_by(run: Run, notebook: str, method: str) -> tuple[str, ...]:
    """The steps, but for the data's, whose files a notebook reads; one that is not known here may read everything."""
    if notebook in OF_DATA:
        return ()
    if notebook == "warp":
        return ("warps",)
    if notebook == ROBUSTNESS:
        return tuple(step.name for step in _robustness_steps(run, ()))
    if notebook in OF_PEOPLE:
        return tuple(step.name for step in _study_steps(run, ()))
    found = try_ons(run.config)
    if notebook in (*PER_METHOD, *OF_VITON):
        shown = method or "viton"
        found = [one for one in found if one.method == shown and not one.variant] or found
        others = _here(run, [run.judge.name] if run.judge else [])
    else:
        others = ("warps", *_here(run, run.trainings))
    results = tuple(one.name for one in found)
    if notebook in WITHOUT_SCORES:
        return results
    scores = tuple(one.scoring for one in found) if _score_steps(run, ()) else ()
    return (*others, *results, *scores)


def _key(run: Run, more: dict[str, object] | None = None) -> str:
    """Digest of the data and of the settings of a try-on, and of what else decides what a step makes."""
    config = run.config
    deciding = {"data", "split", "pairs", "height", "width", "seed", "warp"}
    decides: dict[str, object] = {"settings": config.model_dump(mode="json", include=deciding), "data": run.data_digest}
    return digest_of(decides | (more or {}))[:16]


def _reference(run: Run) -> dict[str, object]:
    """What the reference adds to a step's key: nothing where there is none."""
    given = run.config.reference
    return {"reference": given.model_dump(mode="json"), "photographs": run.reference_digest} if given else {}


def pages(config: ExperimentConfig) -> list[tuple[str, str, str]]:
    """(page, notebook, method or "") of each notebook that is run, in the order of the configuration."""
    found = []
    for notebook in config.notebooks:
        for method in config.methods if notebook in PER_METHOD else ("",):
            found.append((page_name(notebook, method), notebook, method))
    return found
