"""How near a method's pictures come to the true ones: a row a pair, in a CSV with what decided it beside it.

Each picture is decoded once and goes through the judge once. A pair that failed has no row and is counted; what a
method does not make (a mask, alpha) and what a pair does not show (occluders, a print) is NaN there.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pandas as pd
import torch

from viton.coordinates import Size
from viton.data.dataset import Dataset
from viton.data.sample import Pair, Truth
from viton.errors import InputError
from viton.files import locked, read_json, read_jsonl, write_json, write_text
from viton.images import Pixels, load_rgb, to_tensor, to_unit
from viton.parsing import CLOTHING
from viton.warp_map import read_map
from viton_eval.judge import Judge
from viton_eval.measures import SOLID, Map, Mask, gradient_map, l1_map, mask_iou, mean_in, psnr, size_error, ssim_map
from viton_eval.regions import Regions, labels_at, regions_of
from viton_eval.scores_settings import SCHEMA, results_digest, settings_of
from viton_eval.table_texts import csv_text, read_csv_text
from viton_eval.truth import end_point_error_px

PREDICTED_MASK, WARPED_MASK, ALPHA = ".mask.png", ".warped-mask.png", ".alpha.png"  # grey, beside a result
WARPED_MAP = ".warped-map.png"  # where on the product the warped clothing comes from
KEY = ["person", "clothing"]
JUDGED = ("garment", "garment_inside", "occluders", "print", "face_hair", "neck", "lower", "whole")  # of Regions
L1_IN = ("garment", "occluders", "neck", "lower")
BATCH = 8  # pictures that go through the judge at a time
COLUMNS = (
    *(f"judge_{name}" for name in JUDGED),
    "judge_garment_alone",  # as judge_garment, all else being the truth's: what is painted beside it has no say
    "ssim_inside", "ssim", "psnr", "l1_garment", "l1_occluders", "l1_neck", "l1_lower", "gradient",
    "mask_iou", "mask_size_error", "warp_iou", "end_point_px",
    "alpha_print", "alpha_garment", "alpha_occluders", "alpha_outside", "alpha_warp",
    "alpha_all_occluders",
)  # fmt: skip


class Scores(NamedTuple):
    """The scores of one method, trained with one seed."""

    table: pd.DataFrame  # person, clothing, COLUMNS; a row a pair that succeeded
    settings: dict[str, object]  # what decided them, how many pairs there were and how many failed, by reason


class Known(NamedTuple):
    """All that is known of a pair whose truth the world holds."""

    truth: Truth
    regions: Regions
    clothing_region: Mask  # (H, W) where the true parsing sees the garment


def known_of(data: Dataset, pair: Pair, size: Size) -> Known:
    """A pair's truth, decoded once; raises InputError when the world does not hold it."""
    truth = data.truth(pair, size)
    parsing = labels_at(data.truth_path(pair, "parse"), size)
    regions = regions_of(truth, parsing, data.clothing(pair.clothing, size), data.label_map)
    return Known(truth, regions, np.isin(parsing, data.label_map.ids(CLOTHING["paper"])))


def score(
    folder: Path, data: Dataset, pairs: Sequence[Pair], size: Size, judge: Judge | None, device: str = "cpu"
) -> Scores:
    """Score the results in a folder against the truth of every pair that has one.

    judge: None where none is trained; its columns are NaN then.  Raises InputError for results of another size, of
    pairs that are missing in the manifest, or when no pair has a truth.
    """
    with_truth = [pair for pair in pairs if data.has_truth(pair)]
    if not with_truth:
        raise InputError(data.root, "pairs whose true try-on is known", "none")
    status = _statuses(folder, with_truth)
    done = [pair for pair in with_truth if status[pair] == "ok"]
    table = score_pictures(
        done,
        lambda pair: known_of(data, pair, size),
        lambda pair: _picture(folder, pair, size),
        judge,
        device,
        parts=lambda pair, known: _of_parts(folder, pair, known),
    )
    failures = pd.Series([reason for reason in status.values() if reason != "ok"], dtype=object).value_counts()
    settings = settings_of(results_digest(folder), data, with_truth, size, judge)
    return Scores(table, settings | {"n": len(table), "failed": failures.to_dict()})


def score_pictures(
    pairs: Sequence[Pair],
    known_of: Callable[[Pair], Known],
    picture_of: Callable[[Pair], Pixels],
    judge: Judge | None,
    device: str = "cpu",
    parts: Callable[[Pair, Known], dict[str, float]] = lambda pair, known: {},
) -> pd.DataFrame:
    """A row a pair: person, clothing, COLUMNS.   parts: scores of what a method left beside its picture."""
    rows: list[dict[str, object]] = []
    energies: list[float] = []  # of the truths of these rows: a ratio of means, since a plain garment has next to none
    for start in range(0, len(pairs), BATCH):
        batch = [(pair, known_of(pair), picture_of(pair)) for pair in pairs[start : start + BATCH]]
        energies += [mean_in(gradient_map(known.truth.image), known.regions.garment) for _, known, _ in batch]
        maps = judgements(judge, [(known, made) for _, known, made in batch], device)
        for (pair, known, made), judged in zip(batch, maps, strict=True):
            rows.append(pair._asdict() | score_picture(made, known, judged) | parts(pair, known))
    table = pd.DataFrame(rows, columns=[*KEY, *COLUMNS])
    table["gradient"] /= np.nanmean(energies) if rows else 1
    return table


class Judged(NamedTuple):
    """The judge's distance to the truth at each pixel, (H,W)."""

    whole: Map  # of the picture as it is
    alone: Map  # of its garment in the true picture


def judgements(
    judge: Judge | None, pictures: Sequence[tuple[Known, Pixels]], device: str = "cpu"
) -> list[Judged] | list[None]:
    """What the judge says of each picture, beside what is known of its pair; None for each where there is no judge."""
    if judge is None or not pictures:
        return [None] * len(pictures)
    truths = [known.truth.image for known, _ in pictures]
    alone = [np.where(known.regions.garment[..., None], made, known.truth.image) for known, made in pictures]
    parts = [_distances(judge, shown, truths, device) for shown in ([made for _, made in pictures], alone)]
    return [Judged(*maps) for maps in zip(*parts, strict=True)]


def score_picture(made: Pixels, known: Known, judged: Judged | None = None) -> dict[str, float]:
    """Every measure of a picture alone; NaNs for the judge's without one.

    `gradient` is not yet divided by that of the truths.
    """
    truth, regions = known.truth.image, known.regions
    found = {f"judge_{name}": mean_in(judged.whole, getattr(regions, name)) if judged else np.nan for name in JUDGED}
    found |= {"judge_garment_alone": mean_in(judged.alone, regions.garment) if judged else np.nan}
    similar, apart = ssim_map(made, truth), l1_map(made, truth)
    found |= {"ssim_inside": mean_in(similar, regions.garment_inside), "ssim": float(similar.mean())}
    found |= {"psnr": psnr(made, truth)}
    found |= {f"l1_{name}": mean_in(apart, getattr(regions, name)) for name in L1_IN}
    return found | {"gradient": mean_in(gradient_map(made), regions.garment)}


def alpha_means(alpha: Map, warp: Mask, regions: Regions) -> dict[str, float]:
    """Means of a composition mask (H,W) in [0,1] within the warped clothing, (H,W), by what truly is there.

    `alpha_warp` is over all of the warped clothing; `alpha_all_occluders` over all that arms and hair hide of the
    garment, whether clothing was warped there or not.
    """
    places = {
        "print": regions.print,
        "garment": regions.garment,
        "occluders": regions.occluders,
        "outside": regions.outside,
        "warp": regions.whole,
    }
    found = {f"alpha_{name}": mean_in(alpha, region & warp) for name, region in places.items()}
    return found | {"alpha_all_occluders": mean_in(alpha, regions.occluders)}


def write_scores(path: Path, scores: Scores) -> None:
    """Write a CSV, and its settings beside it last: where they are, the CSV is whole."""
    beside = path.with_suffix(".json")
    beside.unlink(missing_ok=True)
    write_text(path, csv_text(scores.table))
    write_json(beside, scores.settings)


def read_scores(path: Path) -> Scores:
    """Scores as written; raises InputError when they are missing or not ours."""
    settings = read_json(path.with_suffix(".json"))
    if not isinstance(settings, dict) or settings.get("schema") != SCHEMA:
        raise InputError(path.with_suffix(".json"), f"settings of scores, schema {SCHEMA}", "others")
    table = read_csv_text(path, KEY)
    if list(table.columns) != [*KEY, *COLUMNS] or len(table) != settings.get("n"):
        raise InputError(path, f"{settings.get('n')} rows of scores", f"{len(table)} rows, or other columns")
    return Scores(table, settings)


def scores_kept(
    path: Path, folder: Path, data: Dataset, pairs: Sequence[Pair], size: Size, judge: Judge | None, device: str = "cpu"
) -> Scores:
    """The scores at `path` if they are of these very results, made anew and written there if not."""
    with_truth = [pair for pair in pairs if data.has_truth(pair)]
    wanted = settings_of(results_digest(folder), data, with_truth, size, judge)
    return kept(path, wanted, lambda: score(folder, data, pairs, size, judge, device))


def kept(path: Path, wanted: dict[str, object], make: Callable[[], Scores]) -> Scores:
    """The scores at `path` if they were decided by `wanted`, made anew and written there if not."""
    with locked(path.with_suffix(".lock")):  # notebooks that run side by side ask for the same
        if path.with_suffix(".json").is_file():
            found = read_json(path.with_suffix(".json"))
            if isinstance(found, dict) and {key: found.get(key) for key in wanted} == wanted:
                return read_scores(path)
        write_scores(path, make())
        return read_scores(path)  # as everybody will read them, so that the first to ask gets the same digits


def _statuses(folder: Path, pairs: Sequence[Pair]) -> dict[Pair, str]:
    """What became of each pair; raises InputError for one that the manifest does not know."""
    manifest = folder / "manifest.jsonl"
    rows = {
        Pair(str(row.get("person")), str(row.get("clothing"))): str(row.get("status")) for row in read_jsonl(manifest)
    }
    if missing := [pair.name for pair in pairs if pair not in rows]:
        raise InputError(manifest, f"a row for each of {len(pairs)} pairs", f"none for {missing[0]}")
    return {pair: rows[pair] for pair in pairs}


def _picture(folder: Path, pair: Pair, size: Size, suffix: str = ".png") -> Pixels:
    """One of the pictures of a pair, (H,W,3)."""
    path = folder / f"{pair.name}{suffix}"
    picture = load_rgb(path)
    if picture.shape[:2] != size:
        raise InputError(path, f"a picture of {size[0]}x{size[1]}", f"{picture.shape[0]}x{picture.shape[1]}")
    return picture


def _distances(judge: Judge, made: list[Pixels], truths: list[Pixels], device: str) -> list[Map]:
    """The judge's distance at each pixel of each picture, (H,W)."""
    tensors = [torch.cat([to_tensor(picture) for picture in pictures]).to(device) for pictures in (made, truths)]
    return list(judge.to(device).distance_maps(*tensors)[:, 0].double().cpu().numpy())


def _of_parts(folder: Path, pair: Pair, known: Known) -> dict[str, float]:
    """Scores of the predicted mask, the warped clothing and alpha, where the method has left them."""
    size, found = known.truth.image.shape[:2], {}
    if (folder / f"{pair.name}{PREDICTED_MASK}").is_file():
        mask = _picture(folder, pair, size, PREDICTED_MASK)[..., 0]
        found = {
            "mask_iou": mask_iou(mask, known.clothing_region),
            "mask_size_error": size_error(mask, known.clothing_region),
        }
    if (folder / f"{pair.name}{WARPED_MASK}").is_file():
        found |= _of_warp(folder, pair, known)
    return found


def _of_warp(folder: Path, pair: Pair, known: Known) -> dict[str, float]:
    """Scores of the warped clothing, and of alpha in it where a method has one."""
    size = known.truth.image.shape[:2]
    mask = _picture(folder, pair, size, WARPED_MASK)[..., 0]
    found = {"warp_iou": mask_iou(mask, known.clothing_region)}
    if (folder / f"{pair.name}{WARPED_MAP}").is_file():
        source_px = read_map(folder / f"{pair.name}{WARPED_MAP}", size)
        found["end_point_px"] = end_point_error_px(source_px, np.isfinite(source_px[..., 0]), known.truth)
    if (folder / f"{pair.name}{ALPHA}").is_file():
        alpha = to_unit(_picture(folder, pair, size, ALPHA)[..., 0])
        found |= alpha_means(alpha, to_unit(mask) >= SOLID, known.regions)
    return found
