"""What is known of any dataset's try-ons, and of what was trained on: all that the rules of failure may look at. H, W.

Nothing here reads a made-up world's truth or attributes.
"""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray

from viton.config import FolderData, WarpConfig, load_config
from viton.data.dataset import Dataset
from viton.data.framing import fit_labels
from viton.data.layouts import open_dataset
from viton.data.sample import Pair, Sample
from viton.files import read_jsonl
from viton.images import Pixels, load_rgb, to_tensor, to_unit
from viton.keypoints import COCO18, Keypoints
from viton.layout_names import has_split
from viton.parsing import CLOTHING, LabelMap
from viton.shape_context import MatchError
from viton.warp import WarpReport, predicted_target, warp_pairs
from viton_eval.experiment import Experiment
from viton_eval.garment_shapes import NECK, Mask, outline_of, torso, worn_shape
from viton_eval.measures import SOLID
from viton_eval.scores import PREDICTED_MASK, WARPED_MASK

Array = NDArray[np.float64]

UPPER = [
    COCO18.index(name)
    for name in (
        "nose",
        *(f"{side}_{joint}" for joint in ("shoulder", "elbow", "wrist", "hip") for side in ("right", "left")),
    )
]
HALF_SEEN = 0.5  # torsos: what a joint counts that only one of two poses shows
NEIGHBOURS = 15  # training products whose outlines are most like that of a product
USUAL = 0.95  # share of the training split that is not called unusual
PARTS = {"sleeve": (0,), "hem": (1,), "neckline": (0, 2)}  # what of an outline foretells each part of a Shape
SAME_IOU = 0.01  # how far the overlap of a warp that is made again may be off the manifest's


class Again(NamedTuple):
    """A method's warp, made again from the mask that it predicted."""

    report: WarpReport
    source_px: Array  # (H, W, 2) where on the product each pixel comes from


class Facts(NamedTuple):
    """All that a rule may know of a pair."""

    sample: Sample
    label_map: LabelMap
    made: Pixels  # (H, W, 3) the method's result
    mask: Mask | None  # (H, W) where the method expects the garment; None where it predicts none
    warp: Again | None  # None where the method has none, or it cannot be made again

    def seen(self, *names: str) -> Mask:
        """Where the photo's parsing has one of these labels, (H,W)."""
        labels = fit_labels(self.sample.person.parsing, (self.made.shape[0], self.made.shape[1]))
        return np.isin(labels, self.label_map.ids(names))

    @property
    def garment(self) -> Mask:
        """Where the garment is expected: the predicted mask, or else where the photo's parsing sees the worn one."""
        return self.seen(*CLOTHING["paper"]) if self.mask is None else self.mask


class Usual(NamedTuple):
    """What was trained on: N people, each in the own garment."""

    poses: Array  # (N, 9, 3), as `pose_of`
    shapes: Array  # (N, 3) how their garments are worn, as Shape
    outlines: Array  # (N, 3) of the same garments' products, as Outline
    pose_limit: float  # 95% of the poses have another one within this distance
    limits: dict[str, float]  # 95% of the training pairs' own mismatches lie below, by part


def pose_of(keypoints: Keypoints) -> Array:
    """Head and arms and hips (9,3) from the neck, in torsos, and whether each is seen; NaN without neck and hips."""
    joints = keypoints[UPPER].astype(np.float64)
    placed = (joints[:, :2] - keypoints[NECK, :2]) / torso(keypoints)
    return np.column_stack([placed, joints[:, 2] > 0])


def pose_distances(pose: Array, poses: Array) -> Array:
    """Root mean square distance of a pose (9,3) to each of several (N,9,3) over joints, in torsos.

    A joint that only one of two shows counts half a torso, one that neither shows nothing.
    """
    both, one = (poses[..., 2] * pose[:, 2]) > 0, poses[..., 2] != pose[:, 2]
    square = ((poses[..., :2] - pose[:, :2]) ** 2).sum(axis=2)
    return np.asarray(np.sqrt(np.where(both, square, one * HALF_SEEN**2).mean(axis=1)))


def expected_worn(outline: Array, outlines: Array, worn: Array, columns: tuple[int, ...]) -> float:
    """How a product is worn, the median of the 15 training products whose outlines are most like it.

    outline: (3,).  outlines: (N,3).  worn: (N,) one part of their shapes.  columns: of the outline, that count, each in
    its standard deviations.   NaN where nothing is known.
    """
    scale = np.nanstd(outlines, axis=0)
    apart = (((outlines - outline) / np.where(scale > 0, scale, 1))[:, columns] ** 2).sum(axis=1)
    known = np.flatnonzero(np.isfinite(apart) & np.isfinite(worn))
    nearest = known[np.argsort(apart[known], kind="stable")[:NEIGHBOURS]]
    return float(np.median(worn[nearest])) if len(nearest) else float("nan")


def usual_of(poses: Array, shapes: Array, outlines: Array) -> Usual:
    """Limits by leaving each of N out in turn; raises ValueError for fewer than two with neck and hips seen."""
    good = np.isfinite(poses).all(axis=(1, 2))
    if good.sum() < 2:
        raise ValueError(f"usual_of: expected at least 2 people with neck and hips, got {good.sum()}")
    kept = poses[good]
    nearest = [np.delete(pose_distances(pose, kept), place).min() for place, pose in enumerate(kept)]
    limits = {}
    for part, (name, columns) in enumerate(PARTS.items()):
        worn, apart = shapes[:, part], []
        for place in np.flatnonzero(np.isfinite(worn)):
            others = np.where(np.arange(len(worn)) == place, np.nan, worn)
            apart.append(abs(worn[place] - expected_worn(outlines[place], outlines, others, columns)))
        limits[name] = float(np.nanquantile(apart, USUAL)) if np.isfinite(apart).any() else float("nan")
    return Usual(kept, shapes, outlines, float(np.quantile(nearest, USUAL)), limits)


def training_split(experiment: Experiment) -> Dataset | None:
    """The split that the stages were trained on, by this run or the one that it names; None without one."""
    root, trained = experiment.data.root, experiment.config.trained
    layout: str | None = experiment.data.layout
    if trained is not None and (trained / "config.yaml").is_file():
        source = load_config(trained / "config.yaml").data
        root, layout = (source.root, source.layout) if isinstance(source, FolderData) else (trained / "data", None)
    return open_dataset(root, "train", layout) if has_split(root, "train") else None


def usual_in(experiment: Experiment) -> Usual | None:
    """What was trained on, from everybody of the training split whose own product is there; None without any."""
    split, size = training_split(experiment), experiment.config.size
    names = [name for name in split.people if name in split.clothings] if split else []
    if split is None or len(names) < 2:
        return None
    people = [split.person(name, size) for name in names]
    shapes = np.array([worn_shape(person, split.label_map) for person in people])
    outlines = np.array([outline_of(split.clothing(name, size)) for name in names])
    return usual_of(np.array([pose_of(person.keypoints) for person in people]), shapes, outlines)


def facts_of(experiment: Experiment, folder: Path, pairs: list[Pair]) -> dict[Pair, Facts]:
    """What is known of each pair that succeeded.   folder: a method's results."""
    rows = {Pair(str(row["person"]), str(row["clothing"])): row for row in read_jsonl(folder / "manifest.jsonl")}
    found = {}
    for pair in pairs:
        if pair in rows and rows[pair]["status"] == "ok":
            sample, made = experiment.sample(pair), load_rgb(folder / f"{pair.name}.png")
            mask = _unit(folder / f"{pair.name}{PREDICTED_MASK}")
            warp = None
            if mask is not None and (folder / f"{pair.name}{WARPED_MASK}").is_file():
                warp = warped_again(sample, mask, experiment.config.warp, experiment.config.seed)
                told = rows[pair].get("iou")
                warp = warp if warp and isinstance(told, float) and abs(told - warp.report.iou) <= SAME_IOU else None
            solid = None if mask is None else mask >= SOLID
            found[pair] = Facts(sample, experiment.data.label_map, made, solid, warp)
    return found


def warped_again(sample: Sample, mask: Array, config: WarpConfig, seed: int) -> Again | None:
    """The warp of a product onto a predicted mask (H,W) in [0,1], as VITON makes it; None where it fails."""
    clothing = to_tensor(sample.clothing.image)
    source, target = (torch.from_numpy(each).float()[None, None] for each in (to_unit(sample.clothing.mask), mask))
    made = warp_pairs([sample.pair.name], clothing, source, predicted_target(target), config, seed)[0]
    return None if isinstance(made, MatchError) else Again(made.reports[0], made.source_px[0].double().numpy())


def _unit(path: Path) -> Array | None:
    return to_unit(load_rgb(path)[..., 0]) if path.is_file() else None
