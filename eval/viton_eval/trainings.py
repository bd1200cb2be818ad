"""What an experiment trains and tries on: each method with each of its seeds, and the stages that they come from.

A training's key is made of what decides its weights: its own settings, the data, the keys of the stages below. Neither
the code nor devices are part of it, so that nothing is trained again silently; `--refresh train-coarse-0` does that.
Where another run's stages are tried on (`trained`), nothing is trained, and the key is the weights' digest.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import NamedTuple

from viton.config import ExperimentConfig
from viton.files import digest_of
from viton.stage_plan import (
    EXTRACTORS,
    folder_name,
    in_order,
    needs,
    stage_config,
    stages_of,
    what_decides,
)
from viton_eval import elsewhere

OPTIONAL_STAGES = {"non-parametric": ("coarse",)}  # read where the experiment has them; a test compares with METHODS


class Training(NamedTuple):
    """A stage trained with one seed, here or elsewhere."""

    stage: str
    folder: str  # under stages/ of the run that trains it: the stage, and `.VARIANT` where its weights are other ones
    seed: int
    variant: str  # whose settings it is trained with; "" for the experiment's own
    steps: int
    key: str
    needs: tuple[str, ...]  # trainings that come before, by the names of their steps

    @property
    def name(self) -> str:
        """Of its step; an extractor has one seed, the experiment's."""
        return f"train-{self.folder}" + (f"-{self.seed}" if self.has_seeds else "")

    @property
    def has_seeds(self) -> bool:
        return self.stage not in EXTRACTORS


class TryOn(NamedTuple):
    """A method tried on with one seed; where nothing that it reads is trained, the experiment's."""

    method: str
    seed: int
    variant: str
    needs: tuple[str, ...]  # the trainings that it reads, by the names of their steps
    imported: bool = False  # its pictures are brought in from a folder; the seed is what whoever made them says

    @property
    def label(self) -> str:
        """Method and variant, as the folder of its results is called."""
        return f"{self.method}.{self.variant}" if self.variant else self.method

    @property
    def name(self) -> str:
        """Of its step: `results-METHOD-SEED`, without a seed where nothing is trained here and nothing imported."""
        return f"results-{self.label}" + (f"-{self.seed}" if self.needs or self.imported else "")

    @property
    def scoring(self) -> str:
        """The name of the step that scores it."""
        return self.name.replace("results-", "scores-", 1)


def seeds_of(config: ExperimentConfig, method: str) -> tuple[int, ...]:
    """The seeds that a method's stages are trained with; the first is the one whose pictures are shown."""
    if method in config.imported:
        return tuple(sorted(config.imported[method]))
    return config.seeds.get(method, (config.seed,)) if used_stages(config, method) else (config.seed,)


def used_stages(config: ExperimentConfig, method: str) -> tuple[str, ...]:
    """The stages that a method's try-on reads in this experiment."""
    optional = (stage for stage in OPTIONAL_STAGES.get(method, ()) if _has(config, stage))
    return tuple(dict.fromkeys((*optional, *stages_of(config, method))))


def _has(config: ExperimentConfig, stage: str) -> bool:
    """Whether an experiment has a stage that a method can do without."""
    if config.trained is not None:
        return (config.trained / "stages" / stage).is_dir()
    return getattr(config.stages, stage) is not None


def trainings(config: ExperimentConfig, data_key: str) -> dict[str, Training]:
    """Every training by the name of its step, each after those that it needs; raises InputError for missing settings.

    data_key: digest of what the stages are trained on.   Of stages trained elsewhere those that are tried on, whether
    they are trained by now or not, and a trained judge.
    """
    if config.trained is not None:
        return _elsewhere(config, config.trained)
    found: dict[str, Training] = {}
    for method, variant, seed in _asked(config):
        own = _own(config, variant)
        for stage in in_order(own, used_stages(own, method)):
            _add(found, config, stage, variant, seed, data_key)
    if config.stages.judge is not None:
        _add(found, config, "judge", "", config.seed, data_key)
    return found


def try_ons(config: ExperimentConfig) -> list[TryOn]:
    """Every method with each of its seeds, then each variant's methods with their first."""
    found = []
    for method, variant, seed in _asked(config):
        stages = used_stages(_own(config, variant), method)
        names = tuple(_name(config, stage, variant, seed) for stage in stages)
        found.append(TryOn(method, seed, variant, names, method in config.imported))
    return found


def first_try_ons(config: ExperimentConfig) -> list[TryOn]:
    """Each method with its first seed, but for variants and for pictures that are brought in and cannot be remade."""
    found: dict[str, TryOn] = {}
    for one in try_ons(config):
        if not one.variant and not one.imported:
            found.setdefault(one.method, one)
    return list(found.values())


def label_of(config: ExperimentConfig, method: str) -> str:
    """What has to be said wherever a method's pictures are shown: that they are imported, or undertrained; else ""."""
    if method not in config.imported:
        return undertrained(config, method)
    filters = sorted({one.resize for one in config.imported[method].values()} - {"none"})
    return "imported" + (f", other sizes resized by {' and '.join(filters)}" if filters else "")


def undertrained(config: ExperimentConfig, method: str) -> str:
    """The label of what was not trained until its validation curve lay flat; "" where nothing is trained.

    Of a method that trains nothing itself it says what it takes from a trained stage: a mask of its target.
    """
    if not (stages := used_stages(config, method)):
        return ""
    borrowed = "" if stages_of(config, method) else f"mask by {' and '.join(stages)}, "
    if (run := config.trained) is not None:
        seed, flat = seeds_of(config, method)[0], elsewhere.lies_flat(run)
        lie = [elsewhere.find(elsewhere.stage_in(run, stage, seed)) for stage in stages]
        if any(one.lacks for one in lie):
            return f"{borrowed}not trained yet"
        steps = [one.steps for one in lie]
    else:
        steps, flat = [stage_config(config, stage).steps for stage in stages], config.plateau
    return "" if flat else f"{borrowed}undertrained: {' + '.join(map(str, steps))} steps"


def labels_told(labels: Mapping[str, str]) -> str:
    """The labels of methods in a line, each said once with the methods that it is of; "" where none has one."""
    whose: dict[str, list[str]] = {}
    for method, label in labels.items():
        whose.setdefault(label, []).append(method)
    told = {label: "every method" if names == list(labels) else ", ".join(names) for label, names in whose.items()}
    return "; ".join(f"{label} ({names})" for label, names in told.items() if label)


def _asked(config: ExperimentConfig) -> Iterator[tuple[str, str, int]]:
    """(method, variant, seed); for a variant the first seed is enough."""
    for method in config.methods:
        yield from ((method, "", seed) for seed in seeds_of(config, method))
    for variant, given in config.variants.items():
        own = _own(config, variant)
        yield from ((method, variant, seeds_of(own, method)[0]) for method in given.methods)


def _elsewhere(config: ExperimentConfig, run: Path) -> dict[str, Training]:
    """What another experiment's run has trained of what is tried on here; its extractors have its own seed."""
    wanted = [(stage, seed) for method, _, seed in _asked(config) for stage in used_stages(config, method)]
    judged = sorted((run / "stages" / "judge").glob("*/done.json"))
    wanted += [("judge", int(path.parent.name)) for path in judged[:1] if path.parent.name.isdecimal()]
    found = {}
    for stage, seed in wanted:
        lies = elsewhere.find(elsewhere.stage_in(run, stage, seed))
        one = Training(stage, stage, seed, "", lies.steps, lies.weights[:16], ())
        found[one.name] = one
    return found


def _own(config: ExperimentConfig, variant: str) -> ExperimentConfig:
    return config.variant(variant) if variant else config


def _name(config: ExperimentConfig, stage: str, variant: str, seed: int) -> str:
    return Training(stage, folder_name(config, stage, variant), seed, variant, 0, "", ()).name


def _add(
    found: dict[str, Training], config: ExperimentConfig, stage: str, variant: str, seed: int, data_key: str
) -> None:
    """Add a training whose needs are there already, unless it is there itself."""
    seed = config.seed if stage in EXTRACTORS else seed
    name, own = _name(config, stage, variant, seed), _own(config, variant)
    if name in found:
        return
    before = {below: _name(config, below, variant, seed) for below in needs(own, stage)}
    steps = stage_config(own, stage).steps
    decides = what_decides(own, stage) | {"steps": steps, "seed": seed}
    decides |= {} if stage in EXTRACTORS else {"data": data_key}
    decides |= {"below": {below: found[step].key for below, step in before.items()}}
    folder = folder_name(config, stage, variant)
    named = variant if folder != stage else ""
    found[name] = Training(stage, folder, seed, named, steps, digest_of(decides)[:16], tuple(before.values()))
