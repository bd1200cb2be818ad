"""Everything that can be set, as frozen models: what a YAML file in configs/ may say.

Light on purpose (no torch), so that the workflow can read a configuration in no time.
"""

from __future__ import annotations

import re
from itertools import pairwise
from pathlib import Path, PurePosixPath
from typing import Annotated, Literal

from pydantic import (
    AfterValidator,
    Field,
    NonNegativeFloat,
    NonNegativeInt,
    PositiveFloat,
    PositiveInt,
    ValidationInfo,
    field_validator,
    model_validator,
)
from pydantic_core import PydanticCustomError

from viton.errors import UsageError
from viton.layout_names import LayoutName
from viton.settings import Model, overridden, parse, read_keys
from viton.stage_config import Fidelity, PerceptualConfig, StagesConfig, TrainingConfig
from viton.synthetic.config import WorldConfig

Split = Literal["train", "val", "test"]
NAME = r"^[a-z0-9][a-z0-9_-]*$"  # of an experiment or a variant: part of file names
NETWORK_SIZES = tuple((4 * 2**n, 3 * 2**n) for n in range(4, 9))  # 64x48, 128x96, 256x192 (the paper's), ...
PICTURE_SUFFIXES = (".jpg", ".jpeg", ".png", ".webp")  # of pictures that are imported
PATTERN = "{person}__{clothing}.png"  # names of pictures, unless told otherwise: those of our own results
# Names that no imported method may have: our methods (a test compares with METHODS), and what tables call the rest.
TAKEN = (
    *("viton", "encoder-decoder", "crn", "prgan", "cagan", "non-parametric"),
    *("person", "garment", "product", "truth", "warp", "warps"),
)
PictureSide = Annotated[int, Field(ge=32, multiple_of=16)]  # px; 16, because the body shape is that much coarser


class RepresentationConfig(Model):
    """Clothing-agnostic person representation (paper, section 3.1)."""

    fidelity: Fidelity = "paper"  # docs/methods.md has what each means
    pose: bool = True  # 18 channels; the paper's ablation (Fig. 7) drops them
    body_shape: bool = True  # 1 channel; dropped in the same ablation
    face_hair: bool = True  # 3 channels
    keep_trousers: bool = False  # show trousers and skirt too, so that they survive (paper, section 4.4)

    @model_validator(mode="after")
    def _something_is_left(self) -> RepresentationConfig:
        if not (self.pose or self.body_shape or self.face_hair):
            raise ValueError("representation: expected at least one of pose, body_shape, face_hair")
        return self


class ShapeContextConfig(Model):
    """Shape-context matching; defaults are those of the authors' code except `height` (docs/methods.md)."""

    height: PositiveInt = 128  # of the masks while matching; the authors test at 64, train at 128
    points: Annotated[int, Field(ge=10)] = 100  # on each outline
    iterations: PositiveInt = 6
    angular_bins: PositiveInt = 12
    radial_bins: PositiveInt = 5
    inner_radius: PositiveFloat = 0.125  # in mean distances between points
    outer_radius: PositiveFloat = 2.0
    dummy_fraction: NonNegativeFloat = 0.25  # points that may stay unmatched, as a share of `points`
    dummy_cost: NonNegativeFloat = 0.25  # price of leaving one unmatched
    orientation_weight: Annotated[float, Field(ge=0, le=1)] = 0.1  # of the tangents' disagreement in the cost
    first_smoothing: PositiveFloat = 1000.0  # of the first spline, so stiff that it is almost affine
    smoothing: PositiveFloat = 1.0  # of the later ones; both times the squared mean distance
    min_outline_px: PositiveFloat = 12.0  # a shorter outline says nothing about a garment's shape

    @model_validator(mode="after")
    def _radii_grow(self) -> ShapeContextConfig:
        if self.inner_radius >= self.outer_radius:
            raise ValueError(f"inner_radius: expected less than outer_radius {self.outer_radius}")
        return self


class WarpConfig(Model):
    """Warp of the clothing onto a target mask (paper, section 3.3)."""

    fidelity: Fidelity = "paper"  # which labels are the target mask (docs/methods.md)
    collar: bool = False  # take neck tag and inner collar off the product first (paper, supplement)
    match: ShapeContextConfig = ShapeContextConfig()
    smoothing: NonNegativeFloat = 0.05  # of the map used on pixels, target to source; times the squared mean distance


class TryOnConfig(Model):
    """What decides a try-on, whatever the method."""

    height: PictureSide = 256
    width: PictureSide = 192
    seed: NonNegativeInt = 0
    warp: WarpConfig = WarpConfig()

    @property
    def size(self) -> tuple[int, int]:
        return self.height, self.width


class WorldData(Model):
    """Data made by the experiment itself."""

    kind: Literal["world"]
    world: WorldConfig


class FolderData(Model):
    """Data that is there already; `--data` names another folder."""

    kind: Literal["folder"]
    root: Path
    layout: LayoutName | None = None  # None: told by its folders


class ReferenceConfig(Model):
    """Photographs that the notebook *dataset* shows and measures beside the experiment's own data."""

    root: Path
    split: Split = "test"
    layout: LayoutName | None = None  # None: told by its folders


class VariantConfig(Model):
    """The experiment with a few settings changed: an ablation (paper, Fig. 7), or an option of the paper."""

    set: tuple[str, ...]  # a.b=value, as on the command line
    methods: tuple[str, ...]  # that are tried on with it


def _free(name: str) -> str:
    if name in TAKEN:
        raise PydanticCustomError("taken", "a name of its own, none of {taken}", {"taken": ", ".join(TAKEN)})
    return name


ImportName = Annotated[str, Field(pattern=NAME, max_length=64), AfterValidator(_free)]


class ImportedConfig(Model):
    """Pictures that another program has made of the experiment's pairs, and how they come in."""

    folder: Path
    pattern: str = PATTERN  # a path under the folder; without a suffix any of PICTURE_SUFFIXES
    resize: Literal["none", "lanczos", "bilinear", "box"] = "none"  # what brings other sizes to this one; none: refused
    missing_ok: bool = False  # pairs without a picture count as failures; else they are refused
    digest: str = ""  # of the very pictures that were imported; "": of those that lie there when the step runs

    @field_validator("pattern")
    @classmethod
    def _names_pairs_inside(cls, pattern: str) -> str:
        path, fields = PurePosixPath(pattern), re.findall(r"\{.*?\}|[{}]", pattern)
        inside = not path.is_absolute() and ".." not in path.parts and "\\" not in pattern and pattern.isprintable()
        if not inside or "{person}" not in fields or not {*fields} <= {"{person}", "{clothing}"}:
            expected = "a path inside the folder with {person}, {clothing} and no other braces"
            raise PydanticCustomError("pattern", expected)
        return pattern


class EvaluationConfig(Model):
    """Others' networks that an experiment is measured with, files of the user's; without a file nothing is measured."""

    inception_tf: Path | None = None  # TensorFlow's of 2015, as torch-fidelity publishes its port
    inception_torchvision: Path | None = None  # other weights, another number


class StudyConfig(Model):
    """A human study of the experiment's methods (docs/study.md)."""

    pairs: PositiveInt  # people in garments, drawn by the experiment's seed
    set: tuple[str, ...] = ()  # `name=value` for each setting that is to be another


class RobustnessConfig(Model):
    """Methods tried with a made-up estimator's errors in pose and parsing (docs/scoring.md)."""

    # of noise, beside 0, which is always there; 1 is as bad as a poor parser, and beyond 10 nothing is left of a pose
    levels: Annotated[tuple[Annotated[float, Field(gt=0, le=10)], ...], Field(min_length=1)] = (0.5, 1.0, 2.0)
    pairs: PositiveInt  # the first of the pairs file whose true try-on is known

    @field_validator("levels")
    @classmethod
    def _rise(cls, levels: tuple[float, ...]) -> tuple[float, ...]:
        if any(after <= before for before, after in pairwise(levels)):
            raise PydanticCustomError("levels", "levels each above the one before it")
        return levels


class ExperimentConfig(Model):
    """One report: which data, which methods, which notebooks."""

    name: Annotated[str, Field(pattern=NAME)]
    purpose: str  # one sentence, shown on top of the report
    data: Annotated[WorldData | FolderData, Field(discriminator="kind")]
    split: Split = "test"
    pairs: str = "test_pairs.txt"  # a file under the data's root
    height: PictureSide = 256
    width: PictureSide = 192
    seed: NonNegativeInt = 0
    shards: Annotated[int, Field(ge=1, le=512)] = 1  # parts that a method's pairs are tried on in; changes no result
    methods: tuple[str, ...] = ("non-parametric",)
    representation: RepresentationConfig = RepresentationConfig()
    warp: WarpConfig = WarpConfig()
    stages: StagesConfig = StagesConfig()
    perceptual: PerceptualConfig = PerceptualConfig()
    training: TrainingConfig = TrainingConfig()
    plateau: bool = False  # the validation curves lie flat; else the report says "undertrained: N steps"
    seeds: dict[str, tuple[NonNegativeInt, ...]] = Field(
        default_factory=dict
    )  # of a method's training; `seed` alone where it is not named
    variants: dict[Annotated[str, Field(pattern=NAME)], VariantConfig] = Field(default_factory=dict)
    # Methods whose pictures are imported, by name and seed; `viton-eval import` says the same in runs/EXPERIMENT.
    imported: dict[ImportName, Annotated[dict[NonNegativeInt, ImportedConfig], Field(min_length=1)]] = Field(
        default_factory=dict
    )
    trained: Path | None = None  # a run's folder whose trained stages are tried on; nothing is trained here then
    notebooks: tuple[str, ...] = ("dataset", "person_representation", "warp", "method")
    without_training: Literal["refuse", "leave out"] = "refuse"  # methods, where there is no training split
    evaluation: EvaluationConfig = EvaluationConfig()  # beside the experiment's own judge
    reference: ReferenceConfig | None = None  # none: the data are compared with nothing; `--set reference.root=PATH`
    robustness: RobustnessConfig | None = None  # none: not measured
    study: StudyConfig | None = None  # none: no study is made

    @field_validator("imported")
    @classmethod
    def _are_methods_without_settings(
        cls, imported: dict[str, dict[int, ImportedConfig]], info: ValidationInfo
    ) -> dict[str, dict[int, ImportedConfig]]:
        varied = {name for variant in info.data.get("variants", {}).values() for name in variant.methods}
        for name in imported:
            if name not in info.data.get("methods", (name,)):
                raise PydanticCustomError("imported", "methods that `methods` names")
            if name in varied or name in info.data.get("seeds", {}):
                raise PydanticCustomError("imported", "methods that neither `variants` nor `seeds` name")
        return imported

    @field_validator("trained")
    @classmethod
    def _trains_nothing(cls, trained: Path | None, info: ValidationInfo) -> Path | None:
        for name, empty in (("stages", StagesConfig()), ("variants", {})):
            if trained is not None and info.data.get(name, empty) != empty:
                raise PydanticCustomError("trained", f"none beside `{name}`, with which stages are trained here")
        return trained

    @model_validator(mode="after")
    def _networks_fit(self) -> ExperimentConfig:
        """Encoder-decoder and CRN halve the picture down to 4x3."""
        stages = self.stages
        if any((stages.coarse, stages.crn, stages.prgan, stages.cagan)) and self.size not in NETWORK_SIZES:
            known = ", ".join(f"{height}x{width}" for height, width in NETWORK_SIZES)
            raise ValueError(f"height, width: expected one of {known} for networks, got {self.height}x{self.width}")
        return self

    @property
    def size(self) -> tuple[int, int]:
        return self.height, self.width

    def variant(self, name: str) -> ExperimentConfig:
        """This experiment with a variant's settings; raises UsageError listing the known variants."""
        if name not in self.variants:
            raise UsageError(f"variant: expected one of {', '.join(self.variants) or 'none'}, got '{name}'")
        content = overridden(self.model_dump(mode="json"), self.variants[name].set)
        return parse(ExperimentConfig, content, f"variants.{name}")

    @property
    def try_on(self) -> TryOnConfig:
        return TryOnConfig(height=self.height, width=self.width, seed=self.seed, warp=self.warp)


def load_config(path: Path, overrides: tuple[str, ...] = ()) -> ExperimentConfig:
    """Read a YAML file and apply `a.b=value` overrides; raises InputError or UsageError naming what is wrong."""
    return parse(ExperimentConfig, overridden(read_keys(path), overrides), str(path))


def with_data(config: ExperimentConfig, data: Path | None, layout: LayoutName | None = None) -> ExperimentConfig:
    """The experiment on another dataset folder; None is the configuration's own."""
    return config.model_copy(update={"data": FolderData(kind="folder", root=data, layout=layout)}) if data else config
