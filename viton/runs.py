"""From a request to a folder of results: what `viton warp` and `viton try-on` do."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import NamedTuple

import torch

from viton.config import TryOnConfig
from viton.console import say
from viton.data.dataset import PICTURES, data_digest
from viton.data.layouts import open_dataset
from viton.data.loader import load_clothing, load_person
from viton.data.sample import Pair, Sample
from viton.data.viton_hd import FOLDERS
from viton.errors import InputError, UsageError
from viton.files import sha256_of, write_bytes
from viton.images import encode, to_mask_pixels, to_pixels
from viton.methods import Method, package_of
from viton.parsing import CIHP, LabelMap
from viton.provenance import code_digest
from viton.results import Folder, Outcome, Row, TryOnMany, failed, pairs_digest, shard_of
from viton.shape_context import MatchError
from viton.trained import TrainedRun
from viton.warp import Warped
from viton.warp_targets import warps_for

Progress = Callable[[int, int], None]


class Request(NamedTuple):
    """Which pairs, and how."""

    data: Path
    split: str
    pairs: str
    config: TryOnConfig
    limit: int | None
    device: str
    overwrite: bool
    shard: tuple[int, int] = (1, 1)
    run: Path | None = None  # where the method's trained stages are; their seed is that of `config`
    batch: int = 1  # pairs at a time
    folders: Mapping[str, str] | None = None  # of the run's stages, where they are not called as the stages are
    layout: str | None = None  # of the data; None: told by its folders


class Files(NamedTuple):
    """One person and one garment as files; what is None is looked for where a viton-hd folder has it."""

    person: Path
    clothing: Path
    parsing: Path | None
    keypoints: Path | None
    clothing_mask: Path | None


def run_try_on(method: Method, request: Request, out: Path, progress: Progress) -> list[Row]:
    """Dress every pair; rows of the manifest."""
    return _run(method, request, Folder(out), progress)


def run_warps(request: Request, out: Path, progress: Progress) -> list[Row]:
    """Warp every pair's clothing onto the parsed garment, with a run onto the predicted mask; rows of warps.jsonl."""
    return _run(WARP, request, Folder(out, "warps.jsonl"), progress)


def _run(method: Method, request: Request, folder: Folder, progress: Progress) -> list[Row]:
    device = checked_device(request.device)
    data = open_dataset(request.data, request.split, request.layout)
    pairs = data.pairs(request.pairs)[: request.limit]
    index, count = request.shard
    run, stages = opened(method, request.run, request.config, request.folders)
    own = [Pair(pair.person, pair.person) for pair in pairs if method.wants_own and pair.person in data.clothings]
    package = package_of(method.name)
    settings: Row = {
        "made": method.name,
        "config": request.config.model_dump(mode="json"),
        "split": request.split,
        "pairs": pairs_digest(pairs),
        **({"shard": f"{index}/{count}"} if count > 1 else {}),
        **({"stages": stages} if stages else {}),
        **({"package": package} if package else {}),
        **({"approximate": True} if data.approximate else {}),
        "data": data_digest(data, pairs + own),
        "code": code_digest(),
    }
    if data.approximate:
        say(f"APPROXIMATE: labels or joints of {request.data} are guesses")
    try_on = method.prepare(request.config, data.label_map, device, run)

    def produce(chosen: list[Pair]) -> list[Outcome]:
        return _dressed(chosen, lambda pair: data.sample(pair, request.config.size, method.wants_own), try_on, request)

    return folder.make(
        shard_of(pairs, index, count),
        settings,
        produce,
        batch=request.batch,
        overwrite=request.overwrite,
        progress=progress,
    )


def opened(
    method: Method, run: Path | None, config: TryOnConfig, folders: Mapping[str, str] | None = None
) -> tuple[TrainedRun | None, dict[str, str]]:
    """The trained stages that a method will use, and their weights' sha256.

    Raises UsageError when a run is missing or useless, InputError when a stage is not trained.
    """
    if run is None:
        if method.stages:
            raise UsageError(f"{method.name}: expected --run RUN with its trained stages: {', '.join(method.stages)}")
        return None, {}
    used = method.stages or method.optional_stages
    if config.warp.collar and method.warps:
        used = (*used, "collar")
    if not used:
        raise UsageError(f"--run: {method.name} has no trained stages")
    trained = TrainedRun(run, config.seed, folders)
    return trained, {stage: trained.stage(stage).digest() for stage in used}


def _dressed(pairs: list[Pair], load: Callable[[Pair], Sample], try_on: TryOnMany, request: Request) -> list[Outcome]:
    """What became of a batch; a pair whose files are bad fails alone."""
    bad: dict[Pair, Outcome] = {}
    samples: list[Sample] = []
    for pair in pairs:
        try:
            samples.append(load(pair))
        except InputError as error:
            bad[pair] = failed("bad_input", str(error).replace(f"{request.data}/", ""))
    made = iter(try_on(samples) if samples else [])
    return [bad[pair] if pair in bad else next(made) for pair in pairs]


def prepare_warps(config: TryOnConfig, label_map: LabelMap, device: str, run: TrainedRun | None) -> TryOnMany:
    """Get ready to do what `viton warp` does: no try-on, the clothing alone."""
    warps = warps_for(config, label_map, device, run)
    return lambda samples: [warp_only(warped) for warped in warps(samples)]


def warp_only(warped: Warped | MatchError) -> Outcome:
    """The warped clothing, its mask, and the warp's measurements."""
    if isinstance(warped, MatchError):
        return failed(f"warp_failed:{warped.code}", str(warped))
    pictures = {".png": to_pixels(warped.image), ".mask.png": to_mask_pixels(warped.mask)}
    report = {name: round(value, 6) for name, value in warped.reports[0]._asdict().items()}
    return Outcome("ok", pictures, report)


WARP = Method("warp", (), "the warped clothing alone", prepare_warps, optional_stages=("coarse",), warps=True)


def try_on_files(
    method: Method,
    files: Files,
    config: TryOnConfig,
    device: str,
    out: Path,
    overwrite: bool,
    run: Path | None = None,
    folders: Mapping[str, str] | None = None,
) -> Row:
    """Dress one photo and write one picture; raises InputError when `out` is there already or a file is bad."""
    if out.suffix.lower() != ".png":
        raise UsageError(f"--out: expected a .png file, got '{out}'")
    if out.exists() and not overwrite:
        raise InputError(out, "no file yet (or --overwrite)", "one that is there already")
    sample = load_files(files, config)
    trained, _ = opened(method, run, config, folders)
    (outcome,) = method.prepare(config, CIHP, checked_device(device), trained)([sample])
    row: Row = {"person": sample.person.id, "clothing": sample.clothing.id, "status": outcome.status} | outcome.details
    if outcome.status == "ok":
        write_bytes(out, encode(outcome.pictures[".png"], ".png"))
        row |= {"file": out.name, "sha256": sha256_of(out)}
    return row


def load_files(files: Files, config: TryOnConfig) -> Sample:
    """Read one person and one garment, finding what was not named beside them."""
    parsing = files.parsing or _beside(files.person, "parsing", PICTURES[::-1], "--parsing")  # PNG comes first
    keypoints = files.keypoints or _beside(files.person, "keypoints", ("_keypoints.json",), "--keypoints")
    mask = files.clothing_mask or _beside(files.clothing, "clothing_mask", PICTURES, "--clothing-mask")
    person = load_person(files.person.stem, files.person, parsing, keypoints, CIHP, config.size)
    return Sample(person, load_clothing(files.clothing.stem, files.clothing, mask, config.size))


def _beside(picture: Path, role: str, endings: tuple[str, ...], option: str) -> Path:
    """Where a viton-hd folder keeps this file of a picture; raises InputError naming the option that gives it."""
    if not picture.is_file():
        raise InputError(picture, "a picture", "no such file")
    folders = [picture.parent.parent / folder for folder in FOLDERS[role]]
    places = [folder / f"{picture.stem}{ending}" for folder in folders for ending in endings]
    for place in places:
        if place.is_file():
            return place
    raise InputError(picture, f"{option} FILE, or {places[0]}", "neither")


def checked_device(name: str) -> str:
    """Raises UsageError when this machine has no such device."""
    try:
        torch.empty(1, device=name)
    except (RuntimeError, AssertionError) as error:
        raise UsageError(f"--device {name}: {str(error).splitlines()[0]}") from error
    return name
