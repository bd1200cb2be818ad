"""The warped clothing that stage 2 trains on (paper, section 3.3): made before the training, in parallel, once.

H, W. A warp is kept as one RGBA picture, its mask the fourth channel, under the sha256 of all that decides it: masks,
product picture, settings, seed. So whatever asks for the same warp finds it, and another mask M, as other weights of
stage 1 predict it, is another file. Pairs that cannot be warped are left out and named (row 23 of the authors' code).
"""

from __future__ import annotations

import hashlib
import io
import multiprocessing
import zlib
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

import cv2
import numpy as np
import torch
from PIL import Image

from viton.config import WarpConfig
from viton.data.sample import Clothing, Sample
from viton.errors import InputError
from viton.files import digest_of, locked, write_bytes, write_json
from viton.images import Pixels, to_mask_pixels, to_pixels, to_tensor, to_unit
from viton.shape_context import MatchError
from viton.stage_config import RefineConfig
from viton.trained import TrainedCoarse
from viton.training_data import Pairs, TryOnData, TryOnItem
from viton.warp import apply_warp, fit_warp, parsed_target, predicted_target

CHUNK = 128  # pairs whose pictures are held in memory at a time

Targets = Callable[[list[TryOnItem]], list[Pixels]]  # where the clothing goes, (H,W) in 0..255 each
Progress = Callable[[int, int], None]


class WarpSettings(NamedTuple):
    """How warps are made, and where they are kept."""

    config: WarpConfig
    seed: int
    cache: Path
    workers: int = 1  # processes; 1: this one


class RefineItem(NamedTuple):
    """A pair with its warped clothing, as loaded."""

    sample: Sample
    warped: Pixels  # (H, W, 3), white outside the mask
    mask: Pixels  # (H, W) in 0..255
    is_mirrored: bool = False

    @property
    def name(self) -> str:
        return TryOnItem(self.sample, self.is_mirrored).name

    @property
    def nbytes(self) -> int:
        return TryOnItem(self.sample).nbytes + self.warped.nbytes + self.mask.nbytes


class WarpedPairs(Sequence[RefineItem]):
    """The pairs that could be warped, each read when it is asked for."""

    def __init__(self, pairs: Pairs, made: list[tuple[int, Path]], failed: dict[str, str]) -> None:
        """made: places among `pairs`, and the files of their warps.   failed: why there is none, by the pair's name."""
        self.pairs, self.made, self.failed = pairs, made, failed

    def __len__(self) -> int:
        return len(self.made)

    def __getitem__(self, index: int) -> RefineItem:  # type: ignore[override]
        place, path = self.made[index]
        warped = load_warp(path, self.pairs.size)
        item = self.pairs[place]
        return RefineItem(item.sample, warped[..., :3], warped[..., 3], item.is_mirrored)


class StageWarps(NamedTuple):
    """What stage 2 trains on and is validated with."""

    training: WarpedPairs
    validation: WarpedPairs


class Job(NamedTuple):
    """One warp to be made."""

    clothing: Clothing
    target: Pixels  # (H, W) in 0..255
    config: WarpConfig
    key: str  # sha256 of the above and the seed
    path: Path


def make_stage_warps(
    data: TryOnData, targets: Targets, settings: WarpSettings, report: Path, progress: Progress | None = None
) -> StageWarps:
    """Warp the clothing of every training and validation pair, but for what is in the cache, whole, already.

    report: JSON of how many pairs of each split were warped, and why the others were not.  Raises InputError when
    none of the training pairs could be.
    """
    done, total = 0, len(data.training) + len(data.validation)

    def advance(count: int) -> None:
        nonlocal done
        done += count
        if progress:
            progress(done, total)

    with locked(settings.cache / ".lock"), _mapper(settings) as mapper:
        warps = StageWarps(
            *(_warp_pairs(pairs, targets, settings, mapper, advance) for pairs in (data.training, data.validation))
        )
    told = {
        split: {"pairs": len(warped.pairs), "warped": len(warped), "failed": warped.failed}
        for split, warped in warps._asdict().items()
    }
    write_json(report, told)
    if not len(warps.training):
        reason = next(iter(warps.training.failed.values()), "there are no pairs")
        raise InputError(report, "a training pair whose clothing can be warped", f"none; the first: {reason}")
    return warps


def stage_targets(config: RefineConfig, coarse: TrainedCoarse, data: TryOnData, device: str = "cpu") -> Targets:
    """The masks that stage 2 is trained with (row 18): what stage 1 predicts, or what the parser sees."""
    if config.trained_on == "parsed":
        return lambda items: [parsed_target(item.sample, data.label_map, config.fidelity) for item in items]

    @torch.inference_mode()
    def predict(items: list[TryOnItem]) -> list[Pixels]:
        made: list[Pixels] = []
        for start in range(0, len(items), coarse.config.batch):
            batch = data.batch(items[start : start + coarse.config.batch], torch.device(device), coarse.config.fidelity)
            masks = predicted_target(coarse(batch.generator_input).mask)
            made += [to_mask_pixels(mask) for mask in masks]
        return made

    return predict


Mapper = Callable[[list[Job]], Iterable[str]]


@contextmanager
def _mapper(settings: WarpSettings) -> Iterator[Mapper]:
    """What does jobs, here or in processes of their own; those start with the first job."""
    if settings.workers <= 1:
        yield lambda jobs: map(warp_and_keep, jobs)
        return
    spawn = multiprocessing.get_context("spawn")  # a fork of a process with threads may hang
    with ProcessPoolExecutor(settings.workers, mp_context=spawn, initializer=_one_thread) as pool:
        try:
            yield lambda jobs: pool.map(warp_and_keep, jobs, chunksize=4)
        except BrokenProcessPool as error:
            raise InputError(settings.cache, "workers that live on", "one that was killed: out of memory?") from error


def _one_thread() -> None:
    cv2.setNumThreads(1)
    torch.set_num_threads(1)


def _warp_pairs(
    pairs: Pairs, targets: Targets, settings: WarpSettings, mapper: Mapper, advance: Callable[[int], None]
) -> WarpedPairs:
    """Warp the pairs of a split, a chunk after another."""
    made: list[tuple[int, Path]] = []
    failed: dict[str, str] = {}
    for start in range(0, len(pairs), CHUNK):
        places = range(start, min(start + CHUNK, len(pairs)))
        items = [pairs[place] for place in places]
        jobs = [_job(item, target, settings) for item, target in zip(items, targets(items), strict=True)]
        missing = [job for job in jobs if not _is_whole(job)]
        advance(len(jobs) - len(missing))
        reasons: dict[str, str] = {}
        for job, reason in zip(missing, mapper(missing), strict=True):
            reasons[job.key] = reason
            advance(1)
        for place, item, job in zip(places, items, jobs, strict=True):
            if reasons.get(job.key):
                failed[item.name] = reasons[job.key]
            else:
                made.append((place, job.path))
    return WarpedPairs(pairs, made, failed)


def _job(item: TryOnItem, target: Pixels, settings: WarpSettings) -> Job:
    clothing = item.sample.clothing
    parts = {
        "config": settings.config.model_dump(mode="json", exclude={"collar"}),  # which is for try-ons
        "seed": settings.seed,
        "size": list(target.shape),
        **{
            name: hashlib.sha256(pixels.tobytes()).hexdigest()
            for name, pixels in (("clothing", clothing.image), ("mask", clothing.mask), ("target", target))
        },
    }
    key = digest_of(parts)
    return Job(clothing, target, settings.config, key, settings.cache / f"{key}.png")


def _is_whole(job: Job) -> bool:
    try:
        load_warp(job.path, (job.target.shape[0], job.target.shape[1]))
    except InputError:
        return False
    return True


def warp_and_keep(job: Job) -> str:
    """Make one warp and write its file; the reason when that cannot be done, else nothing."""
    rng = np.random.default_rng(int(job.key[:16], 16))  # what is found under a key must not depend on who asked first
    try:
        fit = fit_warp(to_unit(job.clothing.mask), to_unit(job.target), job.config, rng)
    except MatchError as error:
        return f"warp_failed:{error.code}: {error}"
    masks = (torch.from_numpy(mask).float()[None, None] / 255 for mask in (job.clothing.mask, job.target))
    warped = apply_warp([fit], to_tensor(job.clothing.image), *masks)
    stream = io.BytesIO()
    rgba = np.dstack([to_pixels(warped.image), to_mask_pixels(warped.mask)])
    Image.fromarray(rgba).save(stream, format="PNG", compress_level=1)
    write_bytes(job.path, stream.getvalue())
    return ""


def load_warp(path: Path, size: tuple[int, int]) -> Pixels:
    """A kept warp as (H,W,4); raises InputError when it is not whole, which another `viton train` mends."""
    try:
        with Image.open(path) as picture:
            rgba = np.asarray(picture)
    except (OSError, SyntaxError, ValueError, EOFError, zlib.error) as error:
        raise InputError(path, "a whole warp (`viton train` makes it again)", type(error).__name__) from error
    if rgba.shape != (*size, 4) or rgba.dtype != np.uint8:
        raise InputError(path, f"a warp of the shape {(*size, 4)} (`viton train` makes it again)", f"{rgba.shape}")
    return rgba
