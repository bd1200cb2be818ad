"""Everything that can be set, as frozen models: what a YAML file in configs/ may say.

Light on purpose (no torch), so that the workflow can read a configuration in no time.
"""

from __future__ import annotations

from copy import deepcopy
from pathlib import Path
from typing import Annotated, Any, Literal, TypeVar, get_args

import yaml
from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    NonNegativeFloat,
    NonNegativeInt,
    PositiveFloat,
    PositiveInt,
    ValidationError,
    model_validator,
)

from viton.errors import InputError, UsageError

Fidelity = Literal["paper", "authors"]
Split = Literal["train", "val", "test"]
PictureSide = Annotated[int, Field(ge=32, multiple_of=16)]  # px; 16, because the body shape is that much coarser
M = TypeVar("M", bound=BaseModel)


class Model(BaseModel):
    """Frozen; a key that it does not have is an error."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)


class RepresentationConfig(Model):
    """Clothing-agnostic person representation (paper, section 3.1)."""

    fidelity: Fidelity = "paper"  # docs/methods.md has what each means
    pose: bool = True  # 18 channels; the paper's ablation (Fig. 7) drops them
    body_shape: bool = True  # 1 channel; dropped in the same ablation
    face_hair: bool = True  # 3 channels
    keep_trousers: bool = False  # show trousers and skirt too, so that they survive (paper, section 4.4)


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
    match: ShapeContextConfig = ShapeContextConfig()
    smoothing: NonNegativeFloat = 0.05  # of the map used on pixels, target to source; times the squared mean distance


class WorldConfig(Model):
    """The made-up world (docs/data.md)."""

    people: PositiveInt  # over all splits
    garments: NonNegativeInt  # product pictures beyond everyone's own
    seed: NonNegativeInt
    height: Annotated[int, Field(ge=32)]  # px
    width: PositiveInt  # px, three quarters of the height
    noise: NonNegativeFloat = 0.0  # of the made-up estimators: 0 is exact, 1 as bad as a poor parser

    @model_validator(mode="after")
    def _three_by_four(self) -> WorldConfig:
        if self.width * 4 != self.height * 3:
            raise ValueError(f"width: expected three quarters of the height {self.height}, got {self.width}")
        if self.people + self.garments < 2:
            raise ValueError("garments: expected a second garment, or there is nothing to try on")
        return self


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
    layout: Literal["viton-hd"] = "viton-hd"


class ReferenceConfig(Model):
    """Photographs that the notebook *dataset* shows and measures beside the experiment's own data."""

    root: Path
    split: Split = "test"
    layout: Literal["viton-hd"] = "viton-hd"


class ExperimentConfig(Model):
    """One report: which data, which methods, which notebooks."""

    name: Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9_-]*$")]
    purpose: str  # one sentence, shown on top of the report
    data: Annotated[WorldData | FolderData, Field(discriminator="kind")]
    split: Split = "test"
    pairs: str = "test_pairs.txt"  # a file under the data's root
    height: PictureSide = 256
    width: PictureSide = 192
    seed: NonNegativeInt = 0
    methods: tuple[str, ...] = ("non-parametric",)
    representation: RepresentationConfig = RepresentationConfig()
    warp: WarpConfig = WarpConfig()
    notebooks: tuple[str, ...] = ("dataset", "person_representation", "warp", "method")
    reference: ReferenceConfig | None = None  # none: the data are compared with nothing; `--set reference.root=PATH`

    @property
    def size(self) -> tuple[int, int]:
        return self.height, self.width

    @property
    def try_on(self) -> TryOnConfig:
        return TryOnConfig(height=self.height, width=self.width, seed=self.seed, warp=self.warp)


def load_config(path: Path, overrides: tuple[str, ...] = ()) -> ExperimentConfig:
    """Read a YAML file and apply `a.b=value` overrides; raises InputError or UsageError naming what is wrong."""
    if not path.is_file():
        raise InputError(path, "a configuration file", "no such file")
    try:
        content = yaml.safe_load(path.read_text())
    except (yaml.YAMLError, ValueError, RecursionError) as error:  # ValueError: no UTF-8, or the 99th of a month
        raise InputError(path, "YAML", " ".join(str(error).split())) from error
    if not isinstance(content, dict):
        raise InputError(path, "keys and values", type(content).__name__)
    return parse(ExperimentConfig, overridden(content, overrides), str(path))


def parse(model: type[M], content: dict[str, Any], where: str) -> M:
    """Validate `content`; raises InputError with the first thing wrong, and for an unknown key the known ones."""
    try:
        return model.model_validate(content)
    except ValidationError as error:
        errors = error.errors()  # a misspelt key that must be there is unknown and missing: show what is written
        first = next((each for each in errors if each["type"] == "extra_forbidden"), errors[0])
        place, known = _walk(model, first["loc"])
        if first["type"] == "extra_forbidden":
            raise InputError(where, f"one of the keys {', '.join(known)}", f"the unknown key '{place}'") from error
        got = "nothing" if first["type"] == "missing" else repr(first["input"])
        raise InputError(f"{where}: {place or 'all of it'}", first["msg"], got) from error


def _walk(model: type[BaseModel], loc: tuple[int | str, ...]) -> tuple[str, list[str]]:
    """The dotted name of pydantic's `loc` without the tags of unions, and the keys known beside its last part."""
    names: list[str] = []
    branches, known = [model], sorted(model.model_fields)
    for part in loc:
        tagged = [branch for branch in branches if len(branches) > 1 and _tag(branch) == part]
        if tagged:
            branches, known = tagged, sorted(tagged[0].model_fields)
            continue
        names.append(str(part))
        if branches:
            known = sorted(branches[0].model_fields)
            field = branches[0].model_fields.get(str(part))
            branches = [] if field is None else _models_in(field.annotation)
    return ".".join(names), known


def _tag(model: type[BaseModel]) -> object:
    """The value of the field `kind` that picks this branch of a union."""
    kind = model.model_fields.get("kind")
    return get_args(kind.annotation)[0] if kind else None


def _models_in(annotation: object) -> list[type[BaseModel]]:
    return [
        each for each in (annotation, *get_args(annotation)) if isinstance(each, type) and issubclass(each, BaseModel)
    ]


def overridden(content: dict[str, Any], overrides: tuple[str, ...]) -> dict[str, Any]:
    """A copy of `content` with `a.b=value` overrides applied."""
    copied = deepcopy(content)
    for override in overrides:
        _apply(copied, override)
    return copied


def _apply(content: dict[str, Any], override: str) -> None:
    """Set `a.b=value` in nested keys; the value is read as YAML."""
    name, equals, value = override.partition("=")
    if not equals or not name:
        raise UsageError(f"--set {override}: expected a.b=value")
    *parents, last = name.split(".")
    for parent in parents:
        if content.get(parent) is None:  # as in a resolved configuration without a reference
            content[parent] = {}
        content = content[parent]
        if not isinstance(content, dict):
            raise UsageError(f"--set {override}: {parent} holds a value, not keys")
    try:
        content[last] = yaml.safe_load(value)
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        raise UsageError(f"--set {override}: expected a value in YAML, got {value!r}") from error
