"""From a request to a folder of results: what `viton warp` and `viton try-on` do."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import torch

from viton.config import TryOnConfig
from viton.data.loader import load_clothing, load_person
from viton.data.sample import Pair, Sample
from viton.data.viton_hd import FOLDERS, PICTURES, VitonHd, data_digest
from viton.errors import InputError, UsageError
from viton.files import sha256_of, write_bytes
from viton.images import encode, to_mask_pixels, to_pixels
from viton.methods import Method, TryOn
from viton.parsing import CIHP, LabelMap
from viton.provenance import code_digest
from viton.results import Folder, Outcome, Row, failed, pairs_digest, shard_of
from viton.shape_context import MatchError
from viton.warp import warp_sample

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


class Files(NamedTuple):
    """One person and one garment as files; what is None is looked for where a viton-hd folder has it."""

    person: Path
    clothing: Path
    parsing: Path | None
    keypoints: Path | None
    clothing_mask: Path | None


def run_try_on(method: Method, request: Request, out: Path, progress: Progress) -> list[Row]:
    """Dress every pair; rows of the manifest."""
    return _run(method.name, method.try_on, request, Folder(out), progress)


def run_warps(request: Request, out: Path, progress: Progress) -> list[Row]:
    """Warp every pair's clothing onto the parsed garment; rows of warps.jsonl."""
    return _run("warp", warp_only, request, Folder(out, "warps.jsonl"), progress)


def _run(name: str, make: TryOn, request: Request, folder: Folder, progress: Progress) -> list[Row]:
    device = checked_device(request.device)
    data = VitonHd(request.data, request.split)
    pairs = data.pairs(request.pairs)[: request.limit]
    index, count = request.shard
    settings: Row = {
        "made": name,
        "config": request.config.model_dump(mode="json"),
        "split": request.split,
        "pairs": pairs_digest(pairs),
        **({"shard": f"{index}/{count}"} if count > 1 else {}),
        "data": data_digest(data, pairs),
        "code": code_digest(),
    }

    def produce(pair: Pair) -> Outcome:
        try:
            sample = data.sample(pair, request.config.size)
        except InputError as error:
            return failed("bad_input", str(error).replace(f"{request.data}/", ""))
        return make(sample, request.config, data.label_map, device)

    chosen = shard_of(pairs, index, count)
    return folder.make(chosen, settings, produce, overwrite=request.overwrite, progress=progress)


def warp_only(sample: Sample, config: TryOnConfig, label_map: LabelMap, device: str = "cpu") -> Outcome:
    """The warped clothing, its mask, and the warp's measurements: what `viton warp` writes."""
    try:
        warped = warp_sample(sample, config.warp, label_map, config.seed, device)
    except MatchError as error:
        return failed(f"warp_failed:{error.code}", str(error))
    pictures = {".png": to_pixels(warped.image), ".mask.png": to_mask_pixels(warped.mask)}
    report = {name: round(value, 6) for name, value in warped.reports[0]._asdict().items()}
    return Outcome("ok", pictures, report)


def try_on_files(method: Method, files: Files, config: TryOnConfig, device: str, out: Path, overwrite: bool) -> Row:
    """Dress one photo and write one picture; raises InputError when `out` is there already or a file is bad."""
    if out.suffix.lower() != ".png":
        raise UsageError(f"--out: expected a .png file, got '{out}'")
    if out.exists() and not overwrite:
        raise InputError(out, "no file yet (or --overwrite)", "one that is there already")
    sample = load_files(files, config)
    outcome = method.try_on(sample, config, CIHP, checked_device(device))
    row: Row = {"person": sample.person.id, "clothing": sample.clothing.id, "status": outcome.status} | outcome.details
    if outcome.status == "ok":
        write_bytes(out, encode(outcome.pictures[".png"], ".png"))
        row |= {"file": out.name, "sha256": sha256_of(out)}
    return row


def load_files(files: Files, config: TryOnConfig) -> Sample:
    """Read one person and one garment, finding what was not named beside them."""
    parsing = files.parsing or _beside(files.person, "parsing", PICTURES, "--parsing")
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
