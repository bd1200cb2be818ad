"""Writes a made-up world in the `viton-hd` layout, with its truth beside it."""

from __future__ import annotations

import hashlib
import io
import json
import multiprocessing
import zipfile
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor, as_completed
from pathlib import Path

import cv2
import numpy as np

from viton.errors import InputError
from viton.files import jsonl, locked, read_json, sha256_of, write_bytes, write_json, write_text
from viton.images import encode, encode_labels
from viton.keypoints import Keypoints, body25_content
from viton.parsing import PALETTE
from viton.synthetic import plan
from viton.synthetic.body import Person, sample_person
from viton.synthetic.config import WorldConfig
from viton.synthetic.develop import Picture
from viton.synthetic.garment import Garment, Product, draw_product, sample_garment
from viton.synthetic.noise import noisy_keypoints, noisy_labels
from viton.synthetic.plan import GENERATOR_VERSION, Job, name_of
from viton.synthetic.render import dress
from viton.synthetic.shapes import Floats
from viton.synthetic.skull import TURN
from viton.synthetic.wear import Fit, sample_fit

LISTS = ("_pairs.txt", "/attributes.jsonl")
ROOT_FILES = ("world", "world-config", *(f"{split}_pairs" for split in plan.SPLITS))


def write_world(
    root: Path, config: WorldConfig, *, workers: int = 1, progress: Callable[[int, int], None] | None = None
) -> None:
    """Write the world of `config` under `root`, going on where a killed run stopped; `world.json` comes last.

    progress: called with (done, total) samples.   Raises InputError when `root` holds another world or other files.
    """
    root = Path(root)
    with locked(root / ".lock"):
        _check_root(root, config)
        if (root / "world.json").is_file():
            return
        if (root / "world-config.json").is_file():
            _sweep(root)
        write_json(root / "world-config.json", _identity(config))
        jobs = plan.jobs_of(config)
        for done in _write_all(root, config, jobs, workers):
            if progress:
                progress(done, len(jobs))
        lists = _write_lists(root, config)
        names = _names(lists, jobs)
        labels = [name for name in names if "parse" in name or "pairs" in name]
        counts = {
            name: {"people": len(s.people), "garments": len(s.garments)} for name, s in plan.split_world(config).items()
        }
        write_json(
            root / "world.json",
            {**_identity(config), "counts": counts, "digest": _digest(root, names), "labels": _digest(root, labels)},
        )


def _names(lists: list[str], jobs: list[Job]) -> list[str]:
    """Every file of a world but `world.json`, relative to its root."""
    return sorted(lists + ["world-config.json"] + [name for job in jobs for name in files_of(job)])


def damage_of(root: Path) -> tuple[Path, str, str] | None:
    """(file, expected, got) of a made-up world that is unfinished or no longer has its digest; else None.

    Raises InputError when `world.json` is no summary of a world.
    """
    if not (root / "world.json").is_file():
        if (root / "world-config.json").is_file():
            return root, "a finished made-up world (the same `viton data synth` goes on)", "one without world.json"
        return None
    summary = read_json(root / "world.json")
    try:
        config, digest = WorldConfig(**summary["config"]), summary["digest"]  # type: ignore[index]
    except (TypeError, KeyError, ValueError) as error:
        raise InputError(root / "world.json", "the summary of a made-up world", "something else") from error
    lists = [f"{name}{end}" for name, split in plan.split_world(config).items() if split.people for end in LISTS]
    names = _names(lists, plan.jobs_of(config))
    missing = next((name for name in names if not (root / name).is_file()), None)
    if missing:
        return root / missing, "a file of the made-up world", "no such file"
    found = _digest(root, names)
    return None if found == digest else (root, f"files with the digest {digest} of world.json", f"digest {found}")


def _digest(root: Path, names: list[str]) -> str:
    """sha256 over the names and the sha256 of files, in the order given."""
    return hashlib.sha256("".join(f"{name} {sha256_of(root / name)}\n" for name in names).encode()).hexdigest()


def _sweep(root: Path) -> None:
    """Remove the half-written files of a killed run, named as `files.written_whole` names them, and nothing else."""
    left = [path for split in plan.SPLITS for path in (root / split).rglob(".*_00*.*")]
    left += [path for name in ROOT_FILES for path in root.glob(f".{name}.*")]
    for path in left:
        if path.is_file():
            path.unlink()


def _identity(config: WorldConfig) -> dict[str, object]:
    return {"generator_version": GENERATOR_VERSION, "config": config.model_dump()}


def _check_root(root: Path, config: WorldConfig) -> None:
    """Refuse a folder that holds something else: another world, or files that no world has written."""
    for name in ("world.json", "world-config.json"):
        if (root / name).is_file():
            found = read_json(root / name)
            there = {key: found.get(key) for key in _identity(config)} if isinstance(found, dict) else {}
            if there != _identity(config):
                raise InputError(root / name, f"a world of {_identity(config)}", f"one of {there}")
            return
    if root.is_dir() and any(not entry.name.startswith(".") for entry in root.iterdir()):
        raise InputError(root, "an empty folder or a made-up world", "a folder with other files")


def _write_all(root: Path, config: WorldConfig, jobs: list[Job], workers: int) -> Iterator[int]:
    """Do every job, yielding how many are done."""
    if workers <= 1:
        for done, job in enumerate(jobs, 1):
            write_sample(root, config, job)
            yield done
        return
    size = max(1, min(16, len(jobs) // (4 * workers)))
    chunks = [jobs[start : start + size] for start in range(0, len(jobs), size)]
    spawn = multiprocessing.get_context("spawn")
    done = 0
    with ProcessPoolExecutor(workers, mp_context=spawn, initializer=cv2.setNumThreads, initargs=(1,)) as pool:
        for future in as_completed([pool.submit(_write_chunk, root, config, chunk) for chunk in chunks]):
            done += future.result()
            yield done


def _write_chunk(root: Path, config: WorldConfig, jobs: list[Job]) -> int:
    for job in jobs:
        write_sample(root, config, job)
    return len(jobs)


def files_of(job: Job) -> list[str]:
    """The files that a job writes, relative to the root."""
    name, folder = name_of(job.number), job.split
    files = [f"{folder}/cloth/{name}.jpg", f"{folder}/cloth-mask/{name}.jpg", f"{folder}/collar-mask/{name}.png"]
    if not job.is_person:
        return files
    files += [
        f"{folder}/image/{name}.jpg",
        f"{folder}/image-parse-v3/{name}.png",
        f"{folder}/openpose_json/{name}_keypoints.json",
    ]
    files.append(f"{folder}/map-truth/{name}__{name}.npz")
    for other in job.wears:
        pair = f"{name}__{name_of(other)}"
        files += [
            f"{folder}/{kind}"
            for kind in (f"map-truth/{pair}.npz", f"image-truth/{pair}.png", f"parse-truth/{pair}.png")
        ]
    return files


def write_sample(root: Path, config: WorldConfig, job: Job) -> None:
    """Draw and write the files of one job, unless all are there."""
    if all((root / name).is_file() for name in files_of(job)):
        return
    folder, name = root / job.split, name_of(job.number)
    garment = garment_of(config, job.number)
    product = picture_product(config, job.number, garment)
    write_bytes(folder / f"cloth/{name}.jpg", encode(product.image, ".jpg"))
    write_bytes(folder / f"cloth-mask/{name}.jpg", encode(product.mask * 255, ".jpg"))
    write_bytes(folder / f"collar-mask/{name}.png", encode(product.collar * 255, ".png"))
    if job.is_person:
        _write_person(folder, config, job, garment, product)


def _write_person(folder: Path, config: WorldConfig, job: Job, garment: Garment, own: Product) -> None:
    name, rng = name_of(job.number), np.random.default_rng([config.seed, job.number, plan.NOISE])
    person = person_of(config, job.number)
    picture = dress(person, garment, own, fit_of(config, job.number, job.number))
    keypoints, labels = keypoints_of(person, config.height, config.width), picture.labels
    if config.noise:
        keypoints = noisy_keypoints(keypoints, config.height, config.noise, rng)
        labels = noisy_labels(labels, config.noise, rng)
    write_bytes(folder / f"image/{name}.jpg", encode(picture.image, ".jpg"))
    write_bytes(folder / f"image-parse-v3/{name}.png", encode_labels(labels, PALETTE))
    write_json(folder / f"openpose_json/{name}_keypoints.json", body25_content(keypoints))
    write_bytes(folder / f"map-truth/{name}__{name}.npz", encode_map(picture.map))
    for other in job.wears:
        pair = f"{name}__{name_of(other)}"
        worn = try_on(config, job.number, other)
        write_bytes(folder / f"map-truth/{pair}.npz", encode_map(worn.map))
        write_bytes(folder / f"image-truth/{pair}.png", encode(worn.image, ".png"))
        write_bytes(folder / f"parse-truth/{pair}.png", encode_labels(worn.labels, PALETTE))


def person_of(config: WorldConfig, index: int) -> Person:
    return sample_person(np.random.default_rng([config.seed, index, plan.BODY]))


def garment_of(config: WorldConfig, index: int) -> Garment:
    return sample_garment(np.random.default_rng([config.seed, index, plan.CLOTHES]), index)


def product_of(config: WorldConfig, index: int) -> Product:
    return picture_product(config, index, garment_of(config, index))


def picture_product(config: WorldConfig, index: int, garment: Garment) -> Product:
    """The product picture of garment `index`, when its garment is at hand."""
    rng = np.random.default_rng([config.seed, index, plan.PICTURE])
    return draw_product(garment, (config.height, config.width), rng)


def fit_of(config: WorldConfig, person: int, garment: int) -> Fit:
    return sample_fit(np.random.default_rng([config.seed, person, garment, plan.FIT]))


def try_on(config: WorldConfig, person: int, garment: int) -> Picture:
    """The true picture of a person of this world in one of its garments."""
    chosen = garment_of(config, garment)
    product = picture_product(config, garment, chosen)
    return dress(person_of(config, person), chosen, product, fit_of(config, person, garment))


def keypoints_of(person: Person, height: int, width: int) -> Keypoints:
    """(18,3) in pixels; joints outside the picture, behind the back or on a head's far side are unseen."""
    keypoints = np.concatenate([person.joints * height - 0.5, np.ones((18, 1))], axis=1).astype(np.float32)
    x, y = keypoints[:, 0], keypoints[:, 1]
    keypoints[(x < 0) | (y < 0) | (x > width - 1) | (y > height - 1) | ~person.visible] = 0
    return keypoints


def encode_map(values: Floats) -> bytes:
    """float32 (H,W,2) -> the bytes of an .npz with key "map"; no time stamp, so that equal maps are equal bytes.

    Places are rounded to 1/64 pixel, since processors differ far behind the point.
    """
    array, archive = io.BytesIO(), io.BytesIO()
    np.lib.format.write_array(array, np.round(np.asarray(values, np.float32) * 64) / np.float32(64))
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED) as stream:
        stream.writestr(zipfile.ZipInfo("map.npy"), array.getvalue(), zipfile.ZIP_DEFLATED)
    return archive.getvalue()


def _write_lists(root: Path, config: WorldConfig) -> list[str]:
    """Write the pair lists and the attributes of every split; returns their names."""
    written, pairs = [], plan.pairs_of(config)
    for name, split in plan.split_world(config).items():
        if not split.people:
            continue
        lines = [f"{name_of(person)}.jpg {name_of(garment)}.jpg\n" for person, garment in pairs[name]]
        write_text(root / f"{name}_pairs.txt", "".join(lines))
        rows = [_person_row(config, index) for index in split.people] + [
            _garment_row(config, index) for index in split.garments
        ]
        write_text(root / name / "attributes.jsonl", jsonl(rows))
        written += [name + end for end in LISTS]
    return written


def _person_row(config: WorldConfig, index: int) -> dict[str, object]:
    person, fit = person_of(config, index), fit_of(config, index, index)
    lengths = {key: round(value, 5) for key, value in person.build._asdict().items()}
    degrees = {"yaw": person.yaw, "head_roll": person.head.roll, "head_turn": person.head.turn * TURN}
    return {
        "kind": "person", "id": name_of(index), "pose": person.pose,
        **{key: round(float(np.degrees(value)), 2) for key, value in degrees.items()},
        "left_arm": person.arms[1].kind, "right_arm": person.arms[-1].kind,
        "hair": person.hair.style, "hair_in_front": list(person.hair.in_front),
        "skin": [round(channel) for channel in person.skin], "lower": person.lower.kind,
        "lower_style": person.lower.style, "lower_cloth": person.lower.cloth, "tucked": person.lower.tucks,
        **lengths, "worn_length": round(fit.stretch, 4), "looseness": round(fit.looseness, 4),
    }  # fmt: skip


def _garment_row(config: WorldConfig, index: int) -> dict[str, object]:
    garment = garment_of(config, index)
    fabric, cut = garment.fabric, garment.cut
    look = hashlib.sha256(json.dumps([fabric.pattern, fabric.base, fabric.accent, fabric.period]).encode())
    look.update(fabric.tile.tobytes())
    return {
        "kind": "garment", "id": name_of(index), "type": garment.kind, "pattern": fabric.pattern, "sleeve": cut.sleeve,
        "neckline": cut.neckline.kind, "length": garment.length(), "logo": garment.logo, "print": look.hexdigest()[:16],
    }  # fmt: skip
