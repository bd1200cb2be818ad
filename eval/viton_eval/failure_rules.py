"""Rules that tell a failed try-on, each by what is known of any dataset: a severity, a threshold, and a reason. H, W.

Rules on poses and shapes take their thresholds from the training split of the run: 95% of it stays below. The others'
were chosen on the frozen world's validation split with VITON's results, and never on a test pair.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from typing import NamedTuple

import cv2
import numpy as np
import pandas as pd

from viton.data.sample import Pair
from viton.images import Pixels
from viton.keypoints import COCO18
from viton.parsing import CLOTHING, FACE_AND_HAIR
from viton_eval.failure_facts import PARTS, Facts, Usual, expected_worn, pose_distances, pose_of
from viton_eval.garment_shapes import Mask, outline_of, worn_shape
from viton_eval.measures import Map, gradient_map, l1_map, mean_in
from viton_eval.regions import OCCLUDING, in_front, inside, printed
from viton_eval.scores import KEY

NAN = float("nan")
LEAST_IOU, MOST_BENDING, MOST_FOLDS = 0.75, 400.0, 0.01  # about the worst tenth of validation, each
NOTICED = 20.0  # CIE76: skin of another colour, not skin in another light
NECK_SHARE = 0.25
IN_FRONT, FOREARM = 0.02, 0.5  # shares of the garment, and of a forearm
PRINTED = 0.1  # of a product that shows a print, below which there is no detail to lose
LOST = 0.15
CHANGED = 0.04  # of [0,1]
INSET = 0.85  # of the trunk: an arm along its edge hangs beside it


class Said(NamedTuple):
    """What a rule says of a pair."""

    severity: float  # NaN where it cannot be said
    why: str = ""  # the reason then


class Rule(NamedTuple):
    """A rule: it fires where the severity is above the threshold."""

    name: str
    says: str  # what fires it, a sentence
    threshold: float  # NaN where it would come from a training split that is not there
    severity: Callable[[Facts], Said]


def rules(usual: Usual | None) -> tuple[Rule, ...]:
    """All rules, in the order in which they are told; usual: None where nothing is known of what was trained on."""
    pose = usual.pose_limit if usual else NAN
    of_shape = [
        Rule(f"{part} mismatch", SHAPES[part].format(limit), limit, partial(mismatch, usual=usual, part=part))
        for part, limit in ((part, usual.limits[part] if usual else NAN) for part in PARTS)
    ]
    warp = (
        f"the warp covers its target by less than {LEAST_IOU}, bends by more than {MOST_BENDING:g} or folds over more"
    )
    return (
        Rule("rare pose", POSE.format(pose), pose, partial(rare_pose, usual=usual)),
        *of_shape,
        Rule(
            "warp failure",
            f"{warp} than {MOST_FOLDS:.0%} of itself (severity: the worst, in its limit)",
            1,
            warp_failure,
        ),
        Rule("neck artefact", NECK_SAYS, NECK_SHARE, neck_artefact),
        Rule("occlusion", OCCLUSION, 1, occlusion),
        Rule("lost texture", LOST_SAYS, LOST, lost_texture),
        Rule(
            "changed identity", f"face and hair change by more than {CHANGED:g} on average (0 to 1)", CHANGED, identity
        ),
    )


POSE = "the nearest training pose is further than {:.3f} torsos (root mean square over head, arms, hips)"
SHAPES = {
    "sleeve": "the worn sleeves cover {:.2f} of the arm more or less than those of products with such an outline",
    "hem": "the worn garment ends {:.2f} torsos higher or lower than products with such an outline",
    "neckline": "the worn neckline lies {:.2f} torsos higher or lower than that of products with such an outline",
}
NECK_SAYS = (
    f"more than {NECK_SHARE:.0%} of the photo's neck, where no garment is expected, has a colour further than "
    f"{NOTICED:g} (CIE76) from the photo's"
)
OCCLUSION = (
    f"arms or hair cover more than {IN_FRONT:.0%} of the worn garment, or more than {FOREARM:.0%} of a forearm lies on "
    "the trunk (severity: the worse, in its limit)"
)
LOST_SAYS = (
    f"the result has more than {LOST:.0%} less detail (gradient energy) than the printed product shrunk to its size"
)


def rare_pose(facts: Facts, usual: Usual | None) -> Said:
    """How far the nearest training pose is, in torsos."""
    if usual is None:
        return Said(NAN, "no training split")
    pose = pose_of(facts.sample.person.keypoints)
    return (
        Said(float(pose_distances(pose, usual.poses).min()))
        if np.isfinite(pose).all()
        else Said(NAN, "no neck or hips")
    )


def mismatch(facts: Facts, usual: Usual | None, part: str) -> Said:
    """How far one part of the worn garment's shape is from how products with the target's outline are worn."""
    if usual is None:
        return Said(NAN, "no training split")
    place = list(PARTS).index(part)
    worn = worn_shape(facts.sample.person, facts.label_map)[place]
    if not np.isfinite(worn):
        return Said(NAN, f"worn {part} not seen")
    outline = np.array(outline_of(facts.sample.clothing))
    expected = expected_worn(outline, usual.outlines, usual.shapes[:, place], PARTS[part])
    return Said(abs(worn - expected)) if np.isfinite(expected) else Said(NAN, "no outline of the product")


def warp_failure(facts: Facts) -> Said:
    """The worst of overlap, bending energy and folds, each in its limit."""
    if facts.warp is None:
        return Said(NAN, "no warp known")
    report = facts.warp.report
    parts = (1 - report.iou) / (1 - LEAST_IOU), report.bending_energy / MOST_BENDING, report.folds / MOST_FOLDS
    return Said(max(parts))


def free_neck(facts: Facts) -> Mask:
    """Skin of the photo's neck where no garment is expected, (H,W)."""
    return facts.seen("neck") & ~facts.garment


def colour_change(one: Pixels, other: Pixels) -> Map:
    """CIE76 difference at each pixel (H,W) of two pictures, >= 0."""
    labs = [cv2.cvtColor((picture / 255).astype(np.float32), cv2.COLOR_RGB2LAB) for picture in (one, other)]
    return np.linalg.norm(labs[0].astype(np.float64) - labs[1], axis=2)


def neck_artefact(facts: Facts) -> Said:
    """The share of the free neck that does not look like the photo's any more."""
    changed = colour_change(facts.made, facts.sample.person.image) > NOTICED
    share = mean_in(changed.astype(np.float64), free_neck(facts))
    return Said(share, "" if np.isfinite(share) else "no free neck")


def occluders(facts: Facts) -> Mask:
    """Arms and hair in front of the worn garment by the photo's parsing, (H,W)."""
    return in_front(facts.seen(*CLOTHING["paper"]), facts.seen(*OCCLUDING))


def occlusion(facts: Facts) -> Said:
    """What covers the worn garment, and how much of a forearm lies on the trunk, the worse in its limit.

    Parsings call a sleeve clothing, so that an arm in a long sleeve is known by its joints alone.
    """
    worn, front = facts.seen(*CLOTHING["paper"]), occluders(facts)
    if not worn.any():
        return Said(NAN, "no worn garment seen")
    return Said(max(front.sum() / (worn | front).sum() / IN_FRONT, forearm_on_trunk(facts) / FOREARM))


def forearm_on_trunk(facts: Facts) -> float:
    """The share of a forearm, elbow to wrist, inside shoulders and hips, the larger of both; 0 where not seen."""
    joints = facts.sample.person.keypoints
    corners = joints[[COCO18.index(name) for name in ("right_shoulder", "left_shoulder", "left_hip", "right_hip")]]
    shares = [0.0]
    middle = corners[:, :2].mean(axis=0)
    trunk = (middle + INSET * (corners[:, :2] - middle)).astype(np.float32)[:, None]
    for side in ("right", "left"):
        elbow, wrist = (joints[COCO18.index(f"{side}_{name}")] for name in ("elbow", "wrist"))
        if (corners[:, 2] > 0).all() and elbow[2] > 0 and wrist[2] > 0:
            places = elbow[:2] + (wrist[:2] - elbow[:2]) * np.linspace(0, 1, 25)[:, None]
            shares.append(
                float(np.mean([cv2.pointPolygonTest(trunk, (float(x), float(y)), False) >= 0 for x, y in places]))
            )
    return max(shares)


def lost_texture(facts: Facts) -> Said:
    """The share of the product's detail that the result lacks, by mean gradient energy; below 0 where it has more."""
    clothing, solid = facts.sample.clothing, facts.sample.clothing.mask >= 128
    if not solid.any() or printed(clothing).sum() < PRINTED * solid.sum():
        return Said(NAN, "plain product")
    if not facts.garment.any():
        return Said(NAN, "no garment expected")
    shrink = float(np.sqrt(facts.garment.sum() / solid.sum()))  # as large as it is worn, or its detail is coarser
    size = tuple(max(8, round(shrink * side)) for side in solid.shape[::-1])
    picture, mask = (cv2.resize(each, size, interpolation=cv2.INTER_AREA) for each in (clothing.image, clothing.mask))
    had = mean_in(gradient_map(np.asarray(picture, np.uint8)), inside(np.asarray(mask) >= 250, 1))
    has = mean_in(gradient_map(facts.made), inside(facts.garment, 1))
    lost = 1 - has / had if had > 0 else NAN
    return Said(lost, "" if np.isfinite(lost) else "too small to tell")


def identity(facts: Facts) -> Said:
    """Mean absolute change of face and hair, in [0,1]."""
    change = mean_in(l1_map(facts.made, facts.sample.person.image), facts.seen(*FACE_AND_HAIR["paper"]))
    return Said(change, "" if np.isfinite(change) else "no face or hair seen")


def severities(facts: Mapping[Pair, Facts], asked: tuple[Rule, ...]) -> pd.DataFrame:
    """A row a pair and rule: KEY, rule, severity, why, fires (None where nothing can be said)."""
    rows = []
    for pair, known in facts.items():
        for rule in asked:
            said = rule.severity(known)
            fires = bool(said.severity > rule.threshold) if np.isfinite(said.severity) else None
            rows.append((*pair, rule.name, said.severity, said.why, fires))
    return pd.DataFrame(rows, columns=[*KEY, "rule", "severity", "why", "fires"])
