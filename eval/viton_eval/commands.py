"""Where an experiment's files lie and which commands make them: said once, for the workflow, notebooks and report.

    runs/EXPERIMENT/config.yaml      the resolved configuration
                    data/            the made-up world, when the experiment has one
                    warps/           the warped garments
                    stages/STAGE/SEED/    what is trained; STAGE.VARIANT where a variant's weights are other ones
                    results/METHOD/SEED/  or METHOD.VARIANT; shards/METHOD/SEED/I-of-N/ where it is made in parts
                    scores/METHOD/SEED.csv
                    imported.json    which methods' pictures `viton-eval import` has brought in, and how
                    comparison/      all of them beside each other
                    features/        what networks say of whole sets of pictures
                    robustness/      the same methods with noise in pose and parsing, scored
                    study/           a human study of the methods, and its answers
                    notebooks/       executed notebooks and their pages
                    tables/          tables of notebooks, to take away
                    steps/           what became of each step

All paths are relative to the folder that a command is started in: the checkout.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from dataclasses import dataclass, replace
from pathlib import Path

from viton.config import ExperimentConfig, FolderData, WorldData, load_config
from viton.errors import InputError
from viton.files import digest_of
from viton.layout_names import LayoutName, has_split, pairs_file
from viton.stage_config import StagesConfig
from viton.stage_plan import METHOD_STAGES, stages_of
from viton_eval.elsewhere import find, stage_in
from viton_eval.imported import imports_path, with_imports
from viton_eval.trainings import Training, TryOn, trainings, try_ons

NAME = re.compile(r"[a-z0-9][a-z0-9_-]*")
TRUTHS = "image-truth"  # as viton.data.viton_hd has it, which cannot be imported without torch; a test compares
NO_TRAINING = "what needs training: the data have no training split"
DRAWERS = 2  # processes that draw a world; its bytes do not depend on it


@dataclass(frozen=True)
class Run:
    """An experiment's folder under `runs`."""

    config: ExperimentConfig
    config_path: Path
    runs: Path
    data: str = ""  # the dataset's root as given by the user; "" when the configuration says it
    data_digest: str = ""  # of the files of a dataset that is there already
    training_digest: str = ""  # of its splits that are trained on
    reference_digest: str = ""  # of the photographs that the data are compared with

    @property
    def folder(self) -> Path:
        return self.runs / self.config.name

    @property
    def data_root(self) -> Path:
        source = self.config.data
        return source.root if isinstance(source, FolderData) else self.folder / "data"

    @property
    def pairs_path(self) -> Path:
        return pairs_file(self.data_root, self.config.pairs)

    @property
    def layout(self) -> LayoutName | None:
        """Of the data; None: told by its folders."""
        return self.config.data.layout if isinstance(self.config.data, FolderData) else None

    @property
    def warps(self) -> Path:
        return self.folder / "warps"

    @property
    def steps(self) -> Path:
        return self.folder / "steps"

    @property
    def notebooks(self) -> Path:
        return self.folder / "notebooks"

    @property
    def tables(self) -> Path:
        return self.folder / "tables"

    @property
    def comparison(self) -> Path:
        return self.folder / "comparison"

    @property
    def robustness(self) -> Path:
        return self.folder / "robustness"

    @property
    def study(self) -> Path:
        return self.folder / "study"

    @property
    def data_key(self) -> str:
        """Digest of what the stages are trained on, or of what makes it."""
        source = self.config.data
        return self.training_digest if isinstance(source, FolderData) else digest_of(source.model_dump(mode="json"))

    @property
    def trained_in(self) -> Path:
        """The folder of the run whose stages are tried on: this one's own, or another's."""
        return self.config.trained or self.folder

    @property
    def trainings(self) -> dict[str, Training]:
        return trainings(self.config, self.data_key)

    @property
    def judge(self) -> Training | None:
        return next((one for one in self.trainings.values() if one.stage == "judge"), None)

    @property
    def may_know_truth(self) -> bool:
        """Whether true try-ons are known: of a made-up world, whoever has made it; perhaps not of these pairs."""
        return isinstance(self.config.data, WorldData) or (self.data_root / self.config.split / TRUTHS).is_dir()

    def try_on(self, method: str, seed: int | None = None, variant: str = "") -> TryOn:
        """A method with one of its seeds, the first by default; raises InputError when the experiment has no such."""
        found = [one for one in try_ons(self.config) if (one.method, one.variant) == (method, variant)]
        for one in found:
            if seed is None or one.seed == seed:
                return one
        known = ", ".join(dict.fromkeys(one.label for one in try_ons(self.config)))
        wanted = (
            f"one of the methods {known}" if not found else f"one of the seeds {', '.join(str(o.seed) for o in found)}"
        )
        got = str(seed) if found else (f"{method}.{variant}" if variant else method)
        raise InputError(f"{self.config_path}: methods", wanted, got)

    def results(self, method: str, seed: int | None = None, variant: str = "") -> Path:
        return self.results_of(self.try_on(method, seed, variant))

    def results_of(self, one: TryOn) -> Path:
        return self.folder / "results" / one.label / str(one.seed)

    def scores_of(self, one: TryOn) -> Path:
        return self.folder / "scores" / one.label / f"{one.seed}.csv"

    def stage_folder(self, training: Training) -> Path:
        return stage_in(self.trained_in, training.folder, training.seed)

    def expect_trained(self, names: Iterable[str]) -> None:
        """Raises InputError naming the first of these stages that another run has not trained, and how far it is."""
        used = self.trainings if self.config.trained else {}
        for folder in (self.stage_folder(used[name]) for name in names if name in used):
            if lacks := find(folder).lacks:
                raise InputError(folder, "a trained stage", lacks)

    def synth_command(self) -> tuple[str, ...]:
        if not isinstance(self.config.data, WorldData):
            raise InputError(self.config_path, "data of kind world", self.config.data.kind)
        world = self.config.data.world
        size = f"{world.height}x{world.width}"
        counts = ("--people", str(world.people), "--garments", str(world.garments), "--seed", str(world.seed))
        more = ("--size", size, "--noise", str(world.noise), "--workers", str(DRAWERS))
        return ("viton", "data", "synth", str(self.data_root), *counts, *more)

    def check_command(self) -> tuple[str, ...]:
        return ("viton", "data", "check", str(self.data_root), "--split", self.config.split, *self._layout(), "--json")

    def warp_command(self) -> tuple[str, ...]:
        size = f"{self.config.height}x{self.config.width}"
        return ("viton", "warp", *self._data_options(), "--target", "parsed", "--size", size, *self._out(self.warps))

    def train_command(self, training: Training) -> tuple[str, ...]:
        """Train a stage: one that was stopped goes on, one that was trained otherwise is replaced."""
        given = ("--data", self.data) if self.data else ()
        options = ("--config", str(self.config_path), *given, *self._of_run(training.seed, training.variant))
        return ("viton", "train", training.stage, *options, "--overwrite")

    def try_on_command(self, one: TryOn, out: Path | None = None) -> tuple[str, ...]:
        """Try on with a method, or bring in what another program has tried on.   out: another folder than its own."""
        if one.imported:
            return ("viton-eval", "imported", one.method, *self._of_experiment(one), "--overwrite")
        trained = self._of_run(one.seed, one.variant) if one.needs else ()
        return ("viton", "try-on", one.method, *trained, *self._data_options(), *self._out(out or self.results_of(one)))

    def score_command(self, one: TryOn) -> tuple[str, ...]:
        """Score a method's results, where the truth is known."""
        variant = ("--variant", one.variant) if one.variant else ()
        return ("viton-eval", "scores", one.method, *self._of_experiment(one), *variant)

    def _of_experiment(self, one: TryOn) -> tuple[str, ...]:
        data, runs = (("--data", self.data) if self.data else ()), ("--runs", str(self.runs))
        return ("--config", str(self.config_path), *data, *runs, "--seed", str(one.seed))

    def compare_command(self) -> tuple[str, ...]:
        """Put all scores beside each other."""
        return ("viton-eval", "compare", *self._of_all(self.comparison))

    def robustness_command(self) -> tuple[str, ...]:
        """Try all methods with noise in pose and parsing, and score them."""
        return ("viton-eval", "robustness", *self._of_all(self.robustness))

    def study_command(self) -> tuple[str, ...]:
        """Make a human study of all methods, never in place of one that somebody has seen."""
        if (asked := self.config.study) is None:
            raise InputError(self.config_path, "a study, such as `study: {pairs: 12}`", "none")
        given = ("--config", str(self.config_path), *(("--data", self.data) if self.data else ()))
        drawn = ("--limit", str(asked.pairs), "--seed", str(self.config.seed), *(f"--set={one}" for one in asked.set))
        return ("viton-eval", "study", "make", str(self.study), *given, "--runs", str(self.runs), *drawn, "--replace")

    def _of_all(self, out: Path) -> tuple[str, ...]:
        data, runs = (("--data", self.data) if self.data else ()), ("--runs", str(self.runs))
        return ("--config", str(self.config_path), *data, *runs, "--out", str(out))

    def _of_run(self, seed: int, variant: str) -> tuple[str, ...]:
        return ("--run", str(self.trained_in), "--seed", str(seed), *(("--variant", variant) if variant else ()))

    def _data_options(self) -> tuple[str, ...]:
        data = ("--data", str(self.data_root), "--split", self.config.split, *self._layout())
        return (*data, "--pairs", str(self.pairs_path))

    def _layout(self) -> tuple[str, ...]:
        return ("--layout", self.layout) if self.layout else ()

    def _out(self, folder: Path) -> tuple[str, ...]:
        return ("--config", str(self.config_path), "--out", str(folder), "--failures-ok", "--overwrite")

    def notebook_command(self, notebook: str, method: str = "") -> tuple[str, ...]:
        """Run one notebook; parameters are written as JSON, so that YAML reads back the very same strings."""
        stem = self.notebooks / page_name(notebook, method)
        values = {"config": str(self.config_path), "data": self.data, "runs": str(self.runs)}
        values |= {"method": method} if method else {}
        parameters = [part for name, value in values.items() for part in ("-p", f"{name}={json.dumps(value)}")]
        pages = ("--html", f"{stem}.html", "--title", page_title(notebook, method), "--back", "../index.html")
        return ("viton-eval", "nb", "run", source_of(notebook), f"{stem}.ipynb", *parameters, *pages)


def source_of(notebook: str) -> str:
    return f"notebooks/{notebook}.ipynb"


def page_name(notebook: str, method: str = "") -> str:
    return f"{notebook}-{method}" if method else notebook


def page_title(notebook: str, method: str = "") -> str:
    words = notebook.replace("_", " ").replace("-", " ")
    return f"{words.capitalize()}: {method}" if method else words.capitalize()


def with_data(config: ExperimentConfig, data: str) -> ExperimentConfig:
    """The experiment on another dataset folder; `data` is "" for the configuration's own."""
    return config.model_copy(update={"data": FolderData(kind="folder", root=Path(data))}) if data else config


def lacks_training(config: ExperimentConfig) -> bool:
    """Whether something is to be trained and the data have no training split."""
    source = config.data
    if config.trained is not None or not isinstance(source, FolderData) or has_split(source.root, "train"):
        return False
    return config.stages != StagesConfig() or config.without_training == "leave out"


def _of_what_needs_no_training(config: ExperimentConfig) -> ExperimentConfig:
    kept = tuple(method for method in config.methods if not stages_of(config, method))
    return config.model_copy(update={"methods": kept, "stages": StagesConfig(), "variants": {}, "seeds": {}})


def open_run(config_path: Path, data: str = "", runs: str | Path = "runs", overrides: tuple[str, ...] = ()) -> Run:
    """Read a configuration; raises InputError for names that cannot be part of a file's name."""
    config = with_data(load_config(config_path, overrides), data)
    config = with_imports(config, imports_path(Path(runs), config.name))
    if config.without_training == "leave out" and lacks_training(config):
        config = _of_what_needs_no_training(config)
    named = (*config.methods, *(name for given in config.variants.values() for name in given.methods))
    for kind, names in (("method", named), ("notebook", config.notebooks)):
        for name in names:
            if not NAME.fullmatch(name):
                raise InputError(f"{config_path}: {kind}s", "names of lower-case letters, digits, _ and -", repr(name))
    for kind, names in (("method", config.methods), ("notebook", config.notebooks)):
        if len(set(names)) < len(names):
            raise InputError(f"{config_path}: {kind}s", f"every {kind} once", ", ".join(names))
    for method, seeds in config.seeds.items():
        if method not in (*named, *METHOD_STAGES):
            raise InputError(f"{config_path}: seeds", f"methods, such as {', '.join(METHOD_STAGES)}", repr(method))
        if not seeds or len(set(seeds)) < len(seeds):
            raise InputError(f"{config_path}: seeds.{method}", "at least one seed, every one once", str(list(seeds)))
    return Run(config, config_path, Path(runs), data)


def resolved_run(
    resolved: Path, data: str, runs: str | Path, data_digest: str, reference_digest: str = "", training_digest: str = ""
) -> Run:
    """The run of a resolved configuration: its commands name the copy in the run's folder, wherever it was read."""
    run = open_run(resolved, runs=runs)
    run = replace(run, config_path=run.folder / "config.yaml", data=data, data_digest=data_digest)
    return replace(run, reference_digest=reference_digest, training_digest=training_digest)
